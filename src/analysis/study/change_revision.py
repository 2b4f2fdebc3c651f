"""Whether a rate differs from last report's since customers left at another rate, since the data were revised, or since churn is
defined otherwise."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.finding import DISCLOSURE_THRESHOLD, Exhibit, Finding
from analysis.study.churn import MAIN_RULE, ChurnRule, outcomes
from analysis.study.disclosed import is_tellable
from analysis.wording import Message, say

RATE_ID = f"churn_rate.{MAIN_RULE}"
REPORT = "churn_attribution"
RULE_PARAMETERS = ("horizon_months", "dormant_days", "run_off_share")
HEADING = say("What has changed since the last report")


@dataclass(frozen=True)
class Reported:
    """What the report of the day `told` stated: the churn rate `value` of the `base` customers of `day` by `rule`, from data whose
    definition (the SELECTs of bank.yaml) has the digest `definitions`."""

    value: float
    base: int
    told: dt.date
    day: dt.date
    rule: ChurnRule
    definitions: str | None


@dataclass(frozen=True)
class Counted:
    """A rate of today's data: `left` of `base`."""

    left: int
    base: int

    @property
    def value(self) -> float:
        return self.left / self.base


@dataclass(frozen=True)
class Revision:
    """`reported`: what the report said; `revised`: the same customers and rule in today's data; `redefined`: the same by today's rule;
    `now`: the customers of `day` by it. `is_same_source`: bank.yaml reads the tables as it did."""

    reported: Reported
    day: dt.date
    revised: Counted
    redefined: Counted
    now: Counted
    is_same_source: bool

    @property
    def parts(self) -> dict[str, float | None]:
        """Data revised, definition changed, and what is left: another rate; they add up to now − reported. A part in which the numbers of
        customers differ by few is None, and its amount in the next."""
        before, value, made = (
            Counted(round(self.reported.value * self.reported.base), self.reported.base),
            self.reported.value,
            {},
        )
        for name, after in (("data", self.revised), ("definition", self.redefined)):
            is_told = is_tellable(abs(after.left - before.left)) and is_tellable(abs(after.base - before.base))
            made[name] = after.value - value if is_told else None
            before, value = after, after.value if is_told else value
        return {**made, "rate": self.now.value - value}


def reported_rate(results: Mapping, report: str = REPORT) -> Reported | None:
    """An earlier report's results.json → its churn rate; None where it published none, or not by which rule."""
    entry, record = results.get("reports", {}).get(report, {}), results.get("provenance", {})
    stated = next((one for one in entry.get("findings", []) if one["id"] == RATE_ID and one["value"] is not None), None)
    parameters = record.get("parameters", {}).get(report, {})
    if entry.get("status") != "published" or stated is None or any(name not in parameters for name in RULE_PARAMETERS):
        return None
    rule = ChurnRule(*(parameters[name] for name in RULE_PARAMETERS))
    told = dt.date.fromisoformat(results["as_of"])
    return Reported(float(stated["value"]), int(stated["base"]), told, rule.before(told), rule, record.get("definitions"))


def features_then(
    book, history: Mapping[dt.date, pd.DataFrame], reported: Reported | None, rule: ChurnRule
) -> dict[dt.date, pd.DataFrame]:
    """Features of the days that are no landmarks today but are needed to count the last report's customers anew, by its rule and by
    today's, as far as the data of the `book` reach."""
    if reported is None:
        return {}
    days = {reported.day, reported.rule.end(reported.day), rule.end(reported.day)} - set(history)
    return {day: book.features(day) for day in sorted(days) if min(history) <= day <= book.as_of}


def find_revision(
    reported: Reported | None, history: Mapping[dt.date, pd.DataFrame], day: dt.date, rule: ChurnRule, definitions: str | None
) -> Revision | Message:
    """Today's features (with `features_then`) and rule against the last report; `day`, the landmark whose rate is told today. Else the
    reason why not."""
    if reported is None:
        return say("There is no earlier report to compare with.")
    if reported.day == day and reported.rule == rule and reported.definitions == definitions:
        return say("The last report is of the same period, by the same definition.")
    revised, redefined = (_counted(history, reported.day, own) for own in (reported.rule, rule))
    now = _counted(history, day, rule)
    if revised is None or redefined is None or now is None:
        return say(
            "The customers of {day:date}, of whom the report of {told:date} told, cannot be counted anew: today's data do not reach from that day to the end of the months within which customers leave.",
            day=reported.day, told=reported.told,
        )  # fmt: skip
    if not all(is_tellable(one.left) for one in (revised, redefined, now)):
        return say("Too few customers left for a comparison with the last report.")
    return Revision(reported, day, revised, redefined, now, reported.definitions == definitions)


def revision_findings(found: Revision | Message) -> list[Finding]:
    """`change.revision.data`, `change.revision.definition`, `change.revision.rate`."""
    if isinstance(found, Message):
        return []
    rest = {"exhibit": "change_revision", "is_headline": False, "is_row": True}
    return [
        Finding(f"change.revision.{name}", text, found.parts[name], found.now.base, "points", **rest)
        for name, text in _texts(found).items()
    ]


def revision_exhibit(found: Revision | Message) -> Exhibit:
    """From the rate as reported to the rate of today. For `charts.waterfall`."""
    if isinstance(found, Message):
        return Exhibit("change_revision", HEADING, absent=found)
    labels = {"data": say("Data revised"), "definition": say("Definition changed"), "rate": say("Another rate or mix")}
    rows = [
        {"kind": "total", "label": say("As reported"), "value": found.reported.value},
        *({"kind": "alone", "label": labels[name], "value": value} for name, value in found.parts.items() if value is not None),
        {"kind": "total", "label": say("This report"), "value": found.now.value},
    ]
    return Exhibit("change_revision", _title(found), _subtitle(found), pd.DataFrame(rows).assign(is_noise=False), unit="share.2")


def _counted(history: Mapping[dt.date, pd.DataFrame], day: dt.date, rule: ChurnRule) -> Counted | None:
    """None where the landmark or its horizon's end is not there, or nobody is at risk."""
    if day not in history or rule.end(day) not in history:
        return None
    left = outcomes(history[day], history[rule.end(day)], rule)[MAIN_RULE]
    return Counted(int(left.sum()), len(left)) if len(left) else None


def _texts(found: Revision) -> dict[str, Message]:
    parts = found.parts
    few = say(
        "the numbers of customers differ by fewer than {count:count}, which is in the next part", count=DISCLOSURE_THRESHOLD
    )

    def differs(name: str) -> Message:
        return few if parts[name] is None else say("**{value:points.2} points**", value=parts[name])

    source = "" if found.is_same_source else say(" The bank.yaml that reads the data is another than then.")
    return {
        "data": say(
            "Data revised: the customers of {day:date} by the definition of the report of {told:date} on today's data, against the {share:share.2} reported then: {differs}.{source}",
            day=found.reported.day, told=found.reported.told, share=found.reported.value, differs=differs("data"), source=source,
        ),
        "definition": say("Definition changed: the same customers by today's definition of churn: {differs}.", differs=differs("definition")),
        "rate": say(
            "Another rate or mix of customers: {now:share.2} of the customers of {day:date} left, by today's data and definition: {differs} beside the last report's customers.",
            now=found.now.value, day=found.day, differs=differs("rate"),
        ),
    }  # fmt: skip


def _title(found: Revision) -> Message:
    return say(
        "The report of {told:date} said {then:share.2}, this one {now:share.2}: {rate:points.2} points are another rate or mix",
        told=found.reported.told, then=found.reported.value, now=found.now.value, rate=found.parts["rate"],
    )  # fmt: skip


def _subtitle(found: Revision) -> Message:
    return say(
        "Churn rate in %, parts in percentage points: customers of {first:date} as reported, then on today's data, then by today's definition; at the end customers of {second:date}. Counts of all customers, no interval",
        first=found.reported.day, second=found.day,
    )  # fmt: skip
