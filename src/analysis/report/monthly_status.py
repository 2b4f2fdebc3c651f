"""Whether the data can be relied on, and which reports failed, are stale, or were not produced: in words, before any number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.report.gate import SHORT, TRUST_REPORT, summary
from analysis.report.provenance import table_label
from analysis.wording import Message, listed, say

STATES = {"published": say("Published"), "not produced": say("Not produced"), "failed": say("Failed"), "stale": say("Stale")}
STALE_REASON = say("Made before the data or the code changed")
ENDINGS = ("?", "？", "!", "！", ".", "。")
GROUPED = 3  # reports that were not produced for one and the same reason stand in one line from here on


def state(entry: Mapping) -> str:
    """published, stale (its page was made from other data or code than this release holds), not produced, or failed."""
    return "stale" if entry["status"] == "published" and entry.get("is_stale") else entry["status"]


def is_reserved(entry: Mapping) -> bool:
    """Whether a published report's data fall short of a floor that it sets."""
    return entry["status"] == "published" and bool(entry.get("gate"))


def lead(reports: Mapping[str, dict], cautions: int) -> Message:
    """Can the data be relied on, and how many reports stand: two sentences."""
    trust, counted = _trust(reports, cautions), _counted(reports)
    return counted if trust is None else say("{trust} {counted}", trust=trust, counted=counted)


def _trust(reports: Mapping[str, dict], cautions: int) -> Message | None:
    reserved = sum(map(is_reserved, reports.values()))
    if not any(state(entry) == "published" for entry in reports.values()):
        return None
    if TRUST_REPORT not in reports or state(reports[TRUST_REPORT]) != "published":
        unchecked = say("This month's data were not checked: no report on their quality was made from them.")
        also = say("Reports with reservation: **{n:count}**.", n=reserved)
        return say("{trust} {counted}", trust=unchecked, counted=also) if reserved else unchecked
    if reserved:
        return say(
            "The data can be relied on except for **{n:count} reports with reservation**: they fall short of a floor.", n=reserved
        )
    if cautions == 1:
        return say("This month's data can be relied on, with one caution.")
    if cautions:
        return say("This month's data can be relied on, with {n:count} cautions.", n=cautions)
    return say("This month's data can be relied on: they reach every floor that a report sets.")


def _counted(reports: Mapping[str, dict]) -> Message:
    count = {name: sum(state(entry) == name for entry in reports.values()) for name in STATES}
    if count["published"] == len(reports):
        return say("All {all:count} reports are published.", all=len(reports))
    words = {
        "failed": say("**{n:count} failed**"), "stale": say("**{n:count} stale**"), "not produced": say("{n:count} not produced"),
    }  # fmt: skip
    others = listed((words[name].filled(n=count[name]) for name in words if count[name]), say("{first}, {second}"))
    return say(
        "{published:count} of {all:count} reports published, {others}.",
        published=count["published"],
        all=len(reports),
        others=others,
    )


def data_facts(tables: Mapping[str, dict], cautions: Sequence[Message]) -> list[dict]:
    """What is known of the data: deliveries, rejections, and in red what of the last release was revised since."""
    facts = [_fact(text) for text in _deliveries(tables)]
    return facts + [_fact(caution, say("Caution: "), is_bad=True) for caution in cautions]


def _deliveries(tables: Mapping[str, dict]) -> list[Message]:
    delivered = sum(counts["delivered"] for counts in tables.values())
    rejected = sum(counts["rejected"] for counts in tables.values())
    facts = [say("Tables delivered: {tables:count}, with {rows:count} rows in all", tables=len(tables), rows=delivered)]
    if not rejected:
        return [*facts, say("No row was rejected")]
    shares = {name: counts["rejected"] / counts["delivered"] for name, counts in tables.items() if counts["delivered"]}
    worst = max(shares, key=shares.__getitem__)
    share = rejected / delivered
    return [
        *facts,
        say("Rows rejected: {rows:count}, {share:share.2}; each is kept with its reason", share=share, rows=rejected),
        say("Most of them in proportion: {table}, {share:share.2}", table=table_label(worst), share=shares[worst]),
    ]


def report_facts(reports: Mapping[str, dict]) -> list[dict]:
    """In red what failed, is stale or stands with reservation, each with its reason; then what was not produced."""
    entries = list(reports.values())
    failed = [(entry["title"], entry["reason"] or "") for entry in entries if entry["status"] == "failed"]
    stale = [(entry["title"], STALE_REASON) for entry in entries if state(entry) == "stale"]
    missing = [(entry["title"], entry["reason"] or "") for entry in entries if entry["status"] == "not produced"]
    reserved = [(entry["title"], summary(entry["gate"])) for entry in entries if is_reserved(entry)]
    facts = [
        *_grouped(failed, _word("failed"), True),
        *_grouped(stale, _word("stale"), True),
        *(
            _fact(say("{title}: {shortfall}", title=title, shortfall=why), say("{state}: ", state=SHORT), True)
            for title, why in reserved
        ),
        *_grouped(missing, _word("not produced"), False),
    ]
    return facts or [_fact(say("Every report of the list was produced"))]


def _grouped(told: Sequence[tuple[str, Message | str]], word: Message, is_bad: bool) -> list[dict]:
    """Each with its reason; where several share one, it is said once, and titles that are no alarm are folded away."""
    reasons: dict[Message | str, list[str]] = {}
    for title, reason in told:
        reasons.setdefault(reason, []).append(title)
    facts = []
    for reason, titles in reasons.items():
        if len(titles) < GROUPED:
            facts += [_fact(_with_reason(title, reason), word, is_bad) for title in titles]
        elif is_bad:
            facts.append(_fact(_with_reason(listed(titles), reason), word, True))
        else:
            many = say("{n:count} reports. {reason}", n=len(titles), reason=reason)
            facts.append(_fact(many, word) | {"folded": listed(titles), "more": say("Which")})
    return facts


def _with_reason(title: Message | str, reason: Message | str) -> Message:
    template = say("{title} {reason}") if str(title).endswith(ENDINGS) else say("{title}. {reason}")
    return template.filled(title=title, reason=reason)


def _word(name: str) -> Message:
    return say("{state}: ", state=STATES[name])


def _fact(text: Message, word: Message | None = None, is_bad: bool = False) -> dict:
    return {"bad": is_bad, "word": word, "text": text, "folded": None}
