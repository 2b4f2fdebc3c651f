"""Do groups of customers leave alike? Kinds of customer, tiers and opening cohorts, held against each other."""

from collections.abc import Mapping, Sequence, Set

import numpy as np
import pandas as pd

from analysis.finding import Exhibit, Finding
from analysis.stats.competing import aalen_johansen, gray, incidence_at
from analysis.stats.intervals import Estimate
from analysis.stats.nested import holm
from analysis.stats.survival import kaplan_meier, log_rank, survival_at
from analysis.study.churn_curves import CHECKED_MONTHS, CUSTOMERS_FOR_CURVE, monthly, told_ways
from analysis.study.churn_lives import WAY_NAMES, WAYS
from analysis.study.disclosed import hidden, hidden_cells, is_tellable
from analysis.study.tiers import TIERS, TIERS_SHOWN, tier_of
from analysis.wording import Message, listed, say

KINDS = {"personal": say("Personal customers"), "corporate": say("Corporate customers")}
COHORT_YEARS = {"up_to_1y": 1, "1_to_5y": 5, "5_to_10y": 10, "over_10y": np.inf}
COHORTS = {
    "up_to_1y": say("With the bank for up to 1 year"), "1_to_5y": say("For 1 to 5 years"), "5_to_10y": say("For 5 to 10 years"),
    "over_10y": say("For more than 10 years"),
}  # fmt: skip
BY_KIND, BY_TIER, BY_COHORT = GROUPINGS = ("kind", "tier", "cohort")
GROUPING_NAMES = {BY_KIND: say("kinds of customer"), BY_TIER: say("tiers"), BY_COHORT: say("opening cohorts")}
NAMES = {BY_KIND: KINDS, BY_TIER: TIERS, BY_COHORT: COHORTS}
ORDER = {BY_KIND: tuple(KINDS), BY_TIER: TIERS_SHOWN, BY_COHORT: tuple(COHORTS)}
CERTAIN = 0.05
YEAR = 12
ANY, UNKNOWN, JOINT = "any", "unknown", "_and_"


def grouped(cohort: pd.DataFrame, tiers: Mapping[str, float]) -> pd.DataFrame:
    """`churn_curves.first_day` → with the groups on that day: kind, tier, cohort (years with the bank); neighbouring groups are taken
    together (`a_and_b`) until each has CUSTOMERS_FOR_CURVE customers of whom neither those who left nor those who stayed are few, so
    that none follows from the others. A grouping that the bank's data do not know, or that leaves one group, is missing."""
    years = cohort["tenure_months"].astype(float) / 12
    made = {BY_KIND: cohort["kind"], BY_COHORT: pd.cut(years, [-np.inf, *COHORT_YEARS.values()], labels=list(COHORT_YEARS))}
    if tiers and "assets_3m" in cohort:
        made[BY_TIER] = tier_of(cohort["assets_3m"], tiers)
    table = cohort.drop(columns=BY_KIND)
    for grouping, values in made.items():
        named = values.astype(object).where(values.notna(), UNKNOWN)
        together = _together(named, cohort["way"].notna(), ORDER[grouping])
        if len(set(together.values())) > 1:
            table[grouping] = named.map(together)
    return table


def _together(groups: pd.Series, left: pd.Series, order: Sequence[str]) -> dict[str, str]:
    """Each group's name → the name of those it is told with."""
    counts = left.groupby(groups).agg(["sum", "size"]).reindex([*order, UNKNOWN]).dropna()
    sets, pending = [], []
    for name in counts.index:
        pending = [*pending, name]
        gone, size = counts.loc[pending].sum()
        if size >= CUSTOMERS_FOR_CURVE and is_tellable(gone) and is_tellable(size - gone):
            sets, pending = [*sets, pending], []
    if pending and sets:
        sets[-1] = [*sets[-1], *pending]
    return {name: JOINT.join(own) for own in sets for name in own}


def group_name(grouping: str, name: str) -> Message:
    """What a group, or several taken together, is called."""
    names = {**NAMES[grouping], UNKNOWN: say("Not known")}
    return listed((names[part] for part in name.split(JOINT)), say("{first} and {second}"))


def shown_groups(cohort: pd.DataFrame, grouping: str) -> list[str]:
    """Groups of a grouping, in their order; none where it is missing."""
    if grouping not in cohort:
        return []
    return sorted(cohort[grouping].unique(), key=lambda name: [*ORDER[grouping], UNKNOWN].index(name.split(JOINT)[0]))


def comparisons(cohort: pd.DataFrame) -> pd.DataFrame:
    """Tests of each grouping of which two groups can be shown, a row each for leaving in any way (log-rank) and in each (Gray
    1988): grouping, way, statistic, p, adjusted (Holm, all tests at once)."""
    rows = []
    for grouping in GROUPINGS:
        if grouping in cohort and cohort["way"].notna().any():
            any_way = log_rank(cohort["months"], cohort["way"].notna(), cohort[grouping])
            rows.append({"grouping": grouping, "way": ANY, **any_way._asdict()})
            for way in told_ways(cohort):
                test = gray(cohort["months"], cohort["way"], way, cohort[grouping], cohort["months"].max())
                rows.append({"grouping": grouping, "way": way, **test._asdict()})
    table = pd.DataFrame(rows, columns=["grouping", "way", "statistic", "p"])
    return table.assign(adjusted=holm(table["p"].to_numpy()))


def kept_curves(cohort: pd.DataFrame, grouping: str) -> dict[str, pd.DataFrame]:
    """Group → Kaplan-Meier curve of those who had left in no way."""
    return {
        name: kaplan_meier(own["months"], own["way"].notna())
        for name in shown_groups(cohort, grouping)
        for own in (cohort[cohort[grouping].eq(name)],)
    }


def kept_exhibit(cohort: pd.DataFrame, grouping: str, tests: pd.DataFrame) -> Exhibit:
    """Curves of those who had left in no way, by group."""
    name, curves = f"kept_by_{grouping}", kept_curves(cohort, grouping)
    if not curves:
        absent = say(
            "There are no two groups of {needed:count} customers on the first day of whom enough left to be told, or the bank's data do not tell the groups.",
            needed=CUSTOMERS_FOR_CURVE,
        )  # fmt: skip
        return Exhibit(name, say("How many stay: {groups}", groups=GROUPING_NAMES[grouping]), absent=absent)
    start, last = cohort["entered"].iloc[0].date(), float(cohort["months"].max())
    shown = {group: curve.rename(columns={"survival": "value"}) for group, curve in curves.items()}
    frame = pd.concat(
        [monthly(curve, last, 1.0).assign(series=group_name(grouping, group)) for group, curve in shown.items()],
        ignore_index=True,
    )
    subtitle = say(
        "Share of the established customers of {start:date} who had left in no way, by group on that day (Kaplan-Meier), in %; {least:count} customers in the smallest group; bands, 95% intervals, for customers like these; the axis need not start at 0",
        start=start, least=int(cohort[grouping].value_counts().min()),
    )  # fmt: skip
    return Exhibit(
        name,
        _title(curves, grouping, tests),
        subtitle,
        frame,
        x_label=say("Months since {start:date}", start=start),
        x_unit="months",
    )


def _title(curves: Mapping[str, pd.DataFrame], grouping: str, tests: pd.DataFrame) -> Message:
    kept = {name: float(curve["survival"].iloc[-1]) for name, curve in curves.items()}
    least, most = min(kept, key=kept.get), max(kept, key=kept.get)
    own = tests[tests["grouping"].eq(grouping) & tests["way"].eq(ANY)]
    if own.empty or own["adjusted"].iloc[0] >= CERTAIN:
        return say("The {groups} do not differ beyond noise in how many stay", groups=GROUPING_NAMES[grouping])
    return say(
        "The {groups} differ beyond noise (log-rank test): from {low:share} ({least}) to {high:share} ({most}) stayed",
        groups=GROUPING_NAMES[grouping], low=kept[least], least=group_name(grouping, least), high=kept[most], most=group_name(grouping, most),
    )  # fmt: skip


def kept_findings(cohort: pd.DataFrame) -> list[Finding]:
    """Share of each group who had left in no way after a year."""
    findings = []
    for grouping in GROUPINGS:
        curves = kept_curves(cohort, grouping)
        gone = [cohort.loc[cohort[grouping].eq(name) & cohort["way"].notna(), "months"] for name in curves]
        left = [int(months.le(YEAR).sum()) for months in gone]
        small = [not is_tellable(int(months.gt(YEAR).sum())) for months in gone]
        for (name, curve), hides in zip(curves.items(), hidden(left, np.array(small, dtype=bool)), strict=True):
            found = survival_at(curve, YEAR)
            if found.low is not None and not hides:
                findings.append(_kept(name, grouping, found, int(cohort[grouping].eq(name).sum())))
    return findings


def _kept(name: str, grouping: str, found: Estimate, base: int) -> Finding:
    text = say(
        "{group}: after a year **{value:share}** had left in no way (interval {low:share} to {high:share}).",
        group=group_name(grouping, name), value=found.value, low=found.low, high=found.high,
    )  # fmt: skip
    ident = f"retention.{name}.12m"
    return Finding(ident, text, found.value, base, "share", low=found.low, high=found.high, exhibit=f"kept_by_{grouping}", is_headline=False)  # fmt: skip


def groups_exhibit(cohort: pd.DataFrame, tests: pd.DataFrame) -> Exhibit:
    """Share that left in each way, by group; a way in which the groups of a grouping do not differ beyond noise (all tests at once)
    is hollow."""
    seen = [months for months in CHECKED_MONTHS if len(cohort) and months <= cohort["months"].max()]
    rows = [row for grouping in GROUPINGS for row in _rows(cohort, grouping, tests, seen[-1])] if seen else []
    if all(row["value"] is None for row in rows):
        absent = say("No group has enough customers who left in one way within a year.")
        return Exhibit("groups", say("Who leaves in which way?"), absent=absent)
    subtitle = say(
        "Share of the established customers of {start:date} who left so first, within {months:count} months, in % (Aalen-Johansen); intervals 95%, for customers like these; hollow: the groups do not differ beyond noise in this way (Gray's test, all groups and ways at once)",
        start=cohort["entered"].iloc[0].date(), months=seen[-1],
    )  # fmt: skip
    return Exhibit("groups", _groups_title(tests, {row["group"].render() for row in rows}), subtitle, pd.DataFrame(rows))


def _rows(cohort: pd.DataFrame, grouping: str, tests: pd.DataFrame, months: int) -> list[dict]:
    names = shown_groups(cohort, grouping)
    if not names:
        return []
    way = cohort["way"].where(cohort["months"].le(months), None).fillna("stayed")
    counts = pd.crosstab(cohort[grouping], way).reindex(index=names, columns=[*WAYS, "stayed"], fill_value=0)
    hides = pd.DataFrame(hidden_cells(counts), counts.index, counts.columns)
    curves = {name: aalen_johansen(own["months"], own["way"]) for name, own in cohort.groupby(grouping)}
    differ = tests[tests["grouping"].eq(grouping) & tests["adjusted"].lt(CERTAIN)]["way"].tolist()
    return [
        {
            "label": group_name(grouping, name),
            **_share(curves[name].get(way), months, int(counts.loc[name].sum()), hides.loc[name, way]),
            "is_noise": way not in differ, "group": _heading(way, grouping),
        }
        for way in WAYS if not hides[way].all()
        for name in names
    ]  # fmt: skip


def _share(curve: pd.DataFrame | None, months: int, base: int, hides: bool) -> dict:
    if hides:
        return {**Estimate(None, None, None, base)._asdict(), "note": say("too few customers to tell")}
    found = Estimate(0.0, None, None, base) if curve is None else incidence_at(curve, months)
    return {**found._asdict(), "base": base, "note": None}


def _heading(way: str, grouping: str) -> Message:
    return say("{way}, {groups}", way=WAY_NAMES[way], groups=GROUPING_NAMES[grouping])


def _groups_title(tests: pd.DataFrame, drawn: Set[str]) -> Message:
    """`drawn`: headings of the rows; what differs where no row can be shown is not named."""
    found = tests[tests["way"].ne(ANY) & tests["adjusted"].lt(CERTAIN)]
    if found.empty:
        return say("No way of leaving differs between the groups beyond noise")
    words = listed(
        say("{way} ({groups})", way=WAY_NAMES[row["way"]], groups=GROUPING_NAMES[row["grouping"]])
        for row in found.sort_values("p").to_dict("records")
        if _heading(row["way"], row["grouping"]).render() in drawn
    )
    return say("Who leaves in which way?") if words is None else say("Beyond noise, groups differ in: {ways}", ways=words)
