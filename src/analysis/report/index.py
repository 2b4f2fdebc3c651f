"""The front page of a release, made from `results.json` files alone."""

import html
from collections.abc import Mapping
from pathlib import Path

import nh3
from jinja2 import Environment, FileSystemLoader

from analysis.finding import BASES
from analysis.report.evidence import badge, ladder
from analysis.report.gate import SHORT, summary
from analysis.report.page import Setting, language_tag, stylesheet_hash
from analysis.report.provenance import table_label
from analysis.report.stylesheet import stylesheet
from analysis.wording import NO_VALUE, Message, format_value, say

TEMPLATES = Path(__file__).parent / "template"
FINDINGS_PER_REPORT = 2
WORDS = {
    "title": say("Monthly customer report"), "status": say("Data and report status"), "data": say("Data"), "reports": say("Reports"),
    "findings": say("Main findings"), "findings_note": say("The first findings of each report, as published on its page."),
    "reports_caption": say("Reports and their status"), "report": say("Report"), "question": say("The question it answers"),
    "state": say("Status"), "periods": say("Earlier periods"), "definitions": say("Definitions"),
}  # fmt: skip
STATES = {"published": say("Published"), "not produced": say("Not produced"), "failed": say("Failed")}


def site_index(results: dict, setting: Setting, earlier: Mapping[str, str]) -> str:
    """The index page of one release in one language. `results` is its results.json; `earlier`: the days of
    earlier releases of the bank, latest first, and the link to each."""
    language = setting.language
    title = WORDS["title"].render(language)
    style = stylesheet(language, f"{setting.bank} · {title}", _classification(setting), setting.edition)
    page = {
        "title": title, "setting": setting, "says": setting.says(), "language_tag": language_tag(language),
        "style": style, "style_hash": stylesheet_hash(style),
        "words": {name: text.html(language) for name, text in WORDS.items()},
        "lead": _lead(results["reports"]).html(language),
        "data_facts": [fact.html(language) for fact in _data_facts(results["provenance"]["tables"])],
        "report_facts": _report_facts(results["reports"], language),
        "findings": _findings(results["reports"], language),
        "rows": [_row(entry, language) for entry in results["reports"].values()],
        "periods": [{"day": format_value(day, "date", language), "link": link} for day, link in earlier.items()],
        "definitions": _definitions(language),
    }  # fmt: skip
    return (
        Environment(loader=FileSystemLoader(TEMPLATES), autoescape=False, trim_blocks=True)
        .get_template("site.html.j2")
        .render(page=page)
    )


def _classification(setting: Setting) -> str:
    return " · ".join(filter(None, (setting.says()["internal"], setting.notice)))


def _lead(reports: dict) -> Message:
    lead, reserved = _counted(reports), sum(_is_reserved(entry) for entry in reports.values())
    if not reserved:
        return lead
    return say(
        "{lead} Of these, {reserved:count} **with reservation**: their data fall short of a floor.", lead=lead, reserved=reserved
    )


def _is_reserved(entry: dict) -> bool:
    return entry["status"] == "published" and bool(entry.get("gate"))


def _counted(reports: dict) -> Message:
    count = {state: sum(entry["status"] == state for entry in reports.values()) for state in STATES}
    numbers = {"all": len(reports), "published": count["published"], "missing": count["not produced"], "failed": count["failed"]}
    if count["failed"] and count["not produced"]:
        return say(
            "{published:count} of {all:count} reports published, {missing:count} not produced, **{failed:count} failed**.",
            **numbers,
        )
    if count["failed"]:
        return say("{published:count} of {all:count} reports published, **{failed:count} failed**.", **numbers)
    if count["not produced"]:
        return say("{published:count} of {all:count} reports published, {missing:count} not produced.", **numbers)
    return say("All reports are published.")


def _data_facts(tables: dict) -> list[Message]:
    delivered = sum(counts["delivered"] for counts in tables.values())
    rejected = sum(counts["rejected"] for counts in tables.values())
    facts = [say("Tables delivered: {tables:count}, with {rows:count} rows in all", tables=len(tables), rows=delivered)]
    if not rejected:
        return [*facts, say("No row was rejected")]
    shares = {name: counts["rejected"] / counts["delivered"] for name, counts in tables.items() if counts["delivered"]}
    worst = max(shares, key=shares.__getitem__)
    return [
        *facts,
        say(
            "Rows rejected: {rows:count}, {share:share.2}; each is kept with its reason",
            share=rejected / delivered,
            rows=rejected,
        ),
        say("Most of them in proportion: {table}, {share:share.2}", table=table_label(worst), share=shares[worst]),
    ]


def _report_facts(reports: dict, language: str) -> list[dict]:
    facts = []
    for entry in reports.values():
        if _is_reserved(entry):
            word = say("{state}: ", state=SHORT).html(language)
            short = say("{title}: {shortfall}", title=entry["title"], shortfall=summary(entry["gate"])).html(language)
            facts.append({"bad": True, "word": word, "text": short})
        if entry["status"] != "published":
            bad = entry["status"] == "failed"
            word = say("{state}: ", state=STATES[entry["status"]]).html(language)
            reason = say("{title}. {reason}", title=entry["title"], reason=entry["reason"] or "").html(language)
            facts.append({"bad": bad, "word": word, "text": reason})
    return facts or [{"bad": False, "word": "", "text": say("Every report of the list was produced").html(language)}]


def _findings(reports: dict, language: str) -> list[dict]:
    return [
        {
            "html": nh3.clean(finding.get("html") or html.escape(finding["text"]), tags={"b", "q"}, attributes={"q": {"lang"}}),
            "badge": badge(finding["evidence"], language),
            "based_on": _based_on(finding, language),
            "reserved": SHORT.html(language) if _is_reserved(entry) else "",
            **_source(entry, finding.get("exhibit"), language),
        }
        for entry in reports.values()
        if entry["status"] == "published"
        for finding in [finding for finding in entry["findings"] if finding["is_headline"]][:FINDINGS_PER_REPORT]
    ]


def _source(entry: dict, exhibit: dict | None, language: str) -> dict[str, str]:
    if exhibit is None:
        return {"link": entry["page"], "report": html.escape(entry["title"])}
    place = say("{report}, {number}", report=entry["title"], number=exhibit["number"])
    return {"link": f"{entry['page']}#{exhibit['anchor']}", "report": place.html(language)}


def _based_on(finding: dict, language: str) -> str:
    return "" if finding["base"] is None else BASES[finding["base_of"]].filled(base=finding["base"]).html(language)


def _row(entry: dict, language: str) -> dict:
    shown = entry["page"]
    is_bare = entry["status"] == "published" or not shown
    return {
        "title": html.escape(entry["title"]),
        "question": html.escape(entry["question"]),
        "state": STATES[entry["status"]].html(language)
        + ("" if is_bare else say(", the last one is shown").html(language))
        + (say(", with reservation").html(language) if _is_reserved(entry) else ""),
        "bad": entry["status"] == "failed" or _is_reserved(entry),
        "link": shown,
        "day": format_value(entry["page_as_of"], "date", language) if shown else NO_VALUE,
    }


def _definitions(language: str) -> list[tuple[str, str]]:
    return [
        (say("95% interval").html(language), say("The range that holds the true value in 95 of 100 such analyses. A count of the whole book is a census and has none.").html(language)),
        (say("Evidence").html(language), say("From weak to strong; the first three do not say why.").html(language) + f'<span class="ladder">{ladder(language)}</span>'),
        (say("Confidentiality").html(language), say("Figures for fewer than ten customers are not shown; nothing on these pages identifies a customer.").html(language)),
    ]  # fmt: skip
