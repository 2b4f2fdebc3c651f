"""The monthly report: the front page of a release, made from its `results.json` alone."""

import html
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, Template

from analysis.report.evidence import ladder
from analysis.report.monthly_figures import judged, revised, since_reasons, since_rows, targets, tiles
from analysis.report.monthly_findings import conclusions, decisions
from analysis.report.monthly_status import STATES, data_facts, is_reserved, lead, report_facts, state
from analysis.report.page import Setting, language_tag, stylesheet_hash
from analysis.report.stylesheet import stylesheet
from analysis.wording import NO_VALUE, Message, format_value, say

TEMPLATES = Path(__file__).parent / "template"
FIGURES_REPORT = "key_figures"
WORDS = {
    "title": say("Monthly customer report"), "status": say("Data and report status"), "data": say("Data"), "reports": say("Reports"),
    "figures": say("Key figures"), "findings": say("Main findings"), "since": say("Since last time"),
    "decisions": say("Decisions needed"), "reports_caption": say("Reports and their status"), "report": say("Report"),
    "question": say("The question it answers"), "state": say("Status"), "periods": say("Earlier periods"),
    "definitions": say("Definitions"), "absent": say("Not shown: "), "figure": say("Figure"), "unit": say("Unit"), "then": say("Then"),
    "now": say("Now"), "beyond": say("More than noise?"), "of_which": say("Of the change"), "revision": say("Data revised"),
    "definition": say("Definition"), "population": say("Population changed"), "rate": say("Rate changed"),
    "since_note": say("Of the change: what the data revised since would give for last time, what the change in who is counted would give "
                      "with rates as they were, and what is left to the rates; what a changed definition gives stands beside it. In percentage points where the unit is %."),
    "since_quiet": say("Whatever is not named here lies within noise, by the same definition and, but for a few customers at most, from the same data."),
    "no_decision": say("No measure has an owner, a number of customers and a date."), "no_measure": say("No measure was put forward."),
    "incomplete": say("Incomplete, so not put forward: "),
    "spark_note": say("Grey band: the normal range, foretold from the months before; dotted: target; hollow: last December. Line ending in "
                      "a square: beyond noise, worse; in a full dot: beyond noise, better."),
}  # fmt: skip


def site_index(results: dict, setting: Setting, earlier: Mapping[str, str], pdf: str | None = None) -> str:
    """The index page of one release in one language. `results` is its results.json, which may lack figures, `conclusions` and
    `decisions`; `earlier`: the days of earlier releases of the bank, latest first, and the link to each; `pdf`: the name of the
    printed report beside it, if there is one."""
    language, reports = setting.language, results["reports"]
    title = WORDS["title"].render(language)
    marking = " · ".join(filter(None, (setting.says()["internal"], setting.notice)))
    style = stylesheet(language, f"{setting.bank} · {title} · {setting.month}", marking, setting.edition)
    figures = reports.get(FIGURES_REPORT, {}).get("figures") or []
    cautions = revised(figures, language)
    page = {
        "title": title, "setting": setting, "says": setting.says(), "language_tag": language_tag(language), "pdf": pdf,
        "style": style, "style_hash": stylesheet_hash(style),
        "words": {name: text.html(language) for name, text in WORDS.items()},
        "lead": lead(reports, len(cautions)).html(language),
        "data_facts": [_shown(fact, language) for fact in data_facts(results["provenance"]["tables"], cautions)],
        "report_facts": [_shown(fact, language) for fact in report_facts(reports)],
        "figures": _figures(figures, language) if figures else None,
        "findings": conclusions(results["conclusions"], language) if results.get("conclusions") else None,
        "since": _since(figures, results.get("as_of"), language),
        "decisions": decisions(results["decisions"], language) if results.get("decisions") is not None else None,
        "rows": [_row(entry, language) for entry in reports.values()],
        "periods": [{"day": format_value(day, "date", language), "link": link} for day, link in earlier.items()],
        "definitions": _definitions(figures, language),
    }  # fmt: skip
    return _template().render(page=page)


@cache
def _template() -> Template:
    return Environment(loader=FileSystemLoader(TEMPLATES), autoescape=False, trim_blocks=True).get_template("site.html.j2")


def _shown(fact: dict, language: str) -> dict:
    return {name: text.html(language) if isinstance(text, Message) else text for name, text in fact.items()}


def _figures(figures: Sequence[dict], language: str) -> dict:
    return {"tiles": tiles(figures, language), "judged": judged(figures).html(language), "targets": targets(figures, language)}


def _since(figures: Sequence[dict], as_of: str | None, language: str) -> dict | None:
    if not figures:
        return None
    rows = since_rows(figures, language)
    days = sorted({figure["since"]["as_of"] for figure in figures if figure.get("since")})
    if not rows:
        return {"rows": [], "none": say("No earlier release shows these figures.").html(language)}
    caption = _against(days[-1], as_of).html(language)
    is_judged = all(
        figure["since"]["is_beyond"] is not None for figure in figures if not figure.get("absent") and figure.get("since")
    )
    return {"rows": rows, "caption": caption, "reasons": since_reasons(figures), "is_judged": is_judged}


def _against(day: str, as_of: str | None) -> Message:
    """Which release is compared, and how far back it lies where that is more than a month."""
    (year, month), (now, its_month) = ([int(part) for part in text.split("-")[:2]] for text in (day, as_of or day))
    months = 12 * (now - year) + its_month - month
    if months > 1:
        return say("This release against that of {day:date}, {n:count} months before", day=day, n=months)
    return say("This release against that of {day:date}", day=day)


def _row(entry: dict, language: str) -> dict:
    shown, its_state = entry["page"], state(entry)
    words = STATES[its_state].html(language)
    reserved = words + say(", with reservation").html(language) if is_reserved(entry) else ""
    is_bad = its_state in ("failed", "stale")
    is_old = its_state == "failed" and shown
    return {
        "title": html.escape(entry["title"]),
        "question": html.escape(entry["question"]),
        "bad": reserved or (words if is_bad else ""),
        "state": ("" if is_bad or reserved else words) + (say(", the last one is shown").html(language) if is_old else ""),
        "link": shown,
        "day": format_value(entry["page_as_of"], "date", language) if shown else NO_VALUE,
    }


def _definitions(figures: Sequence[dict], language: str) -> list[tuple[str, str]]:
    told = [
        (say("95% interval"), say("The range that holds the true value in 95 of 100 such analyses. A count of the whole book is a census and has none.").html(language)),
        (say("Evidence"), say("From weak to strong; the first three do not say why.").html(language) + f'<span class="ladder">{ladder(language)}</span>'),
        (say("Confidentiality"), say("Figures for fewer than ten customers are not shown; nothing on these pages identifies a customer.").html(language)),
    ]  # fmt: skip
    return [(term.html(language), meaning) for term, meaning in [*_of_figures(figures, language), *told]]


def _of_figures(figures: Sequence[dict], language: str) -> list[tuple[Message, str]]:
    if not figures:
        return []
    noise = say(
        "Inside the range that the months before lead one to expect for this month; it is set so that in 95 of 100 ordinary months all figures lie inside. A change within it is not interpreted. A steady rise or fall continues inside it: the change on the year tells of that."
    )
    found = [(say("Within noise"), noise.html(language))]
    changes = next((figure["changes"] for figure in figures if figure.get("changes") and all(figure["changes"].values())), None)
    if changes:
        days = {name: changes[name]["from"] for name in ("month", "year_start", "year")}
        compared = say(
            "With {month:date}, {year_start:date} and {year:date}. Differences of rates are in percentage points.", **days
        )
        found.append((say("On month, since December, on year"), compared.html(language)))
    return found
