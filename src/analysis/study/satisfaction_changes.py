"""Which groups changed since the period before, all comparisons read at once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.finding import Column, Exhibit, Finding
from analysis.stats.intervals import Estimate
from analysis.stats.multiple import DISCOVERY_RATE, discoveries
from analysis.stats.overlap import Change
from analysis.study.opinions import Groups, by_response, named
from analysis.study.satisfaction_measures import COMPARED, VALUES, Measure, read
from analysis.study.satisfaction_scores import VERDICTS
from analysis.study.survey import ANSWERS_NEEDED
from analysis.wording import Message, say

BRANCH = say("Branch")
NEAREST_SHOWN = 5
ABSENT = say(
    "No group has thirty answers in this period and thirty in the one before, so that changes of groups cannot be tested."
)
STRONGEST = {
    "mark": say("; the clearest: {label}, {measure}, {verdict} from {before:mark} to {now:mark}"),
    "score": say("; the clearest: {label}, {measure}, {verdict} from {before:score} to {now:score} points"),
    "share": say("; the clearest: {label}, {measure}, {verdict} from {before:share} to {now:share}"),
}


@dataclass(frozen=True)
class ChangesFound:
    """`table`, a row each comparison of a group and a score, clearest first: label, measure, before, now, change, low, high
    (of `level`, see stats.multiple), p, adjusted, is_found. `rate` is the share of false ones allowed among those told; `base`
    how many customers answered in this period."""

    table: pd.DataFrame
    rate: float
    base: int

    @property
    def found(self) -> pd.DataFrame:
        """The comparisons told as changed."""
        return self.table[self.table["is_found"]]


def changes(
    recent: pd.DataFrame,
    before: pd.DataFrame,
    groups: Groups,
    branch_names: Mapping[str, str],
    rate: float = DISCOVERY_RATE,
) -> ChangesFound | None:
    """Every group (of customers, by channel, by branch) × score (NPS, mean, top-two-box, ease) with ANSWERS_NEEDED answers in
    both periods, `recent` and `before` each holding a customer's last answer. None where there is none."""
    rows = list(_comparisons(recent, before, groups, branch_names))
    if not rows:
        return None
    table = pd.DataFrame(rows)
    told = discoveries(table["p"], rate)
    limits = [change.estimate(told.level) for change in table["test"]]
    table = table.assign(
        low=[limit.low for limit in limits], high=[limit.high for limit in limits],
        adjusted=told.adjusted, is_found=told.is_found,
    )  # fmt: skip
    return ChangesFound(table.sort_values(["adjusted", "p"], kind="stable", ignore_index=True), rate, len(recent))


def _comparisons(recent, before, groups: Groups, branch_names: Mapping[str, str]) -> Iterator[dict[str, object]]:
    ways = [_ways(period, groups, branch_names) for period in (recent, before)]
    for measure in COMPARED:
        asked = [period[measure.answers(period).notna()] for period in (recent, before)]
        values = [measure.by_customer(period) for period in asked]
        for way in [way for way in ways[0] if way in ways[1]]:
            (now, labels), (then, _) = (named(each[way].loc[period.index]) for each, period in zip(ways, asked, strict=True))
            rows, earlier = now.groupby(now).indices, then.groupby(then).indices
            for name in [name for name in labels if name in rows and name in earlier]:
                samples = values[0].iloc[rows[name]], values[1].iloc[earlier[name]]
                if min(map(len, samples)) >= ANSWERS_NEEDED:
                    yield _tested(say("{way}: {label}", way=way, label=labels[name]), measure, measure.change(*samples))


def _tested(label: Message, measure: Measure, test: Change) -> dict[str, object]:
    return {
        "label": label, "measure": measure, "test": test, "before": test.before, "now": test.now, "change": test.value, "p": test.p,
    }  # fmt: skip


def _ways(responses: pd.DataFrame, groups: Groups, names: Mapping[str, str]) -> dict[Message, pd.Series]:
    ways = by_response(responses, groups)
    if "branch_id" in responses and responses["branch_id"].nunique() > 1:
        often = pd.Series(names).value_counts()
        own = {branch: name if often[name] == 1 else f"{name} ({branch})" for branch, name in names.items()}
        ways[BRANCH] = responses["branch_id"].map(lambda branch: own.get(branch, branch), na_action="ignore")
    return ways


def changes_findings(found: ChangesFound | None) -> list[Finding]:
    """How many of the comparisons changed beyond noise, and which is the clearest."""
    if found is None:
        return []
    told, tested = len(found.found), len(found.table)
    text = (
        say(
            "Changed beyond noise since the period before: **{found:count}** of {all:count} comparisons of groups and scores{clearest}. Of those told, at most {rate:share.0} are expected to be chance.",
            found=told, all=tested, clearest=_clearest(found.table.iloc[0]), rate=found.rate,
        )
        if told
        else say("**None** of {all:count} comparisons of groups and scores changed beyond noise since the period before.", all=tested)
    )  # fmt: skip
    return [
        Finding(
            "changes.found", text, told, found.base, "count",
            compare_to=tested, exhibit="changes", base_of="answers", is_headline=told > 0,
        )
    ]  # fmt: skip


def _verdict(row: pd.Series) -> Message:
    return VERDICTS[(1 if row["change"] > 0 else -1) if row["is_found"] else 0]


def _clearest(row: pd.Series) -> Message:
    measure: Measure = row["measure"]
    numbers = {"before": row["before"], "now": row["now"], "verdict": _verdict(row)}
    return STRONGEST[measure.unit].filled(label=row["label"], measure=measure.label, **numbers)


def changes_exhibit(found: ChangesFound | None) -> Exhibit:
    """The changes told, else the nearest to being told, in grey."""
    if found is None:
        return Exhibit("changes", say("Changes by group"), absent=ABSENT)
    columns = (
        Column("label", say("Group")), Column("score", say("Which score")), Column("then", say("Period before"), "number"),
        Column("now", say("This period"), "number"), Column("change", say("Change"), "number"), Column("verdict", say("Beyond noise?")),
        Column("adjusted", say("Adjusted p"), "number.3"),
    )  # fmt: skip
    subtitle = say(
        "Groups with thirty answers or more in both periods; intervals in brackets and p are adjusted for {all:count} comparisons (at most {rate:share.0} of those told are expected to be chance); in grey, the nearest that are within noise",
        all=len(found.table), rate=found.rate,
    )  # fmt: skip
    shown = found.table.head(max(len(found.found), NEAREST_SHOWN))
    frame = pd.DataFrame([_row(row) for _, row in shown.iterrows()])
    return Exhibit("changes", _title(found), subtitle, frame, columns=columns)


def _title(found: ChangesFound) -> Message:
    told = found.found
    if told.empty:
        return say("No group changed beyond noise since the period before, {all:count} comparisons at once", all=len(found.table))
    rose = int((told["change"] > 0).sum())
    return say(
        "Beyond noise since the period before: {rose:count} of {all:count} comparisons rose, {fell:count} fell",
        rose=rose, fell=len(told) - rose, all=len(found.table),
    )  # fmt: skip


def _row(row: pd.Series) -> dict[str, object]:
    measure: Measure = row["measure"]
    change = Estimate(row["change"], row["low"], row["high"], 0)
    return {
        "label": row["label"], "score": measure.label, "then": VALUES[measure.unit].filled(value=row["before"]),
        "now": VALUES[measure.unit].filled(value=row["now"]), "change": read(change, measure.change_unit),
        "verdict": _verdict(row), "adjusted": row["adjusted"], "is_noise": not row["is_found"],
    }  # fmt: skip
