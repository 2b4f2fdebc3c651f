"""Complaints by branch against chance, and whether few complaints mean contented customers."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.finding import DISCLOSURE_THRESHOLD, Column, Exhibit, Finding
from analysis.stats.control import Chart, funnel_of_rates, rate_by_subject, rate_limits
from analysis.stats.intervals import Estimate, difference, mean_by_group, mean_t
from analysis.study.complaint_frame import window
from analysis.study.complaint_volume import by_customer, exposure, months_known, per_month
from analysis.study.disclosed import hidden
from analysis.study.survey import windows
from analysis.wording import Message, say

PER = 10_000
BRANCH_MONTHS = 24
BRANCHES_NEEDED = 6
LIMITS = ("low95", "high95", "low998", "high998")
NONE = Estimate(None, None, None, None)
THIRDS = (say("Fewest complaints"), say("Middle"), say("Most complaints"))


@dataclass(frozen=True)
class Branches:
    """`table`, a row a branch: branch_id, label, complaints, complainers, size (customers, mean of the months), exposure
    (customer months), value (complaints per 10,000 customers and month), outside ("", "above", "below": of 99.8 %), is_quiet
    (below the 95 % limit), is_shown, direct (complaints that did not come through the regulator), referred, mark, mark_low,
    mark_high, answers; `chart` its limits; `mark` the mean of all; `customers`, a row each: branch_id, exposure, direct,
    referred."""

    table: pd.DataFrame
    chart: Chart
    months: int
    mark: float | None
    answers: pd.DataFrame
    customers: pd.DataFrame


def complaint_branches(
    rows: pd.DataFrame,
    customers: pd.DataFrame,
    surveys: pd.DataFrame | None,
    names: Mapping[str, str],
    as_of: dt.date,
    months: int = BRANCH_MONTHS,
) -> Branches | None:
    """A customer's complaints count for the branch that keeps the customer. Marks are of each customer's last answer in the same
    months, at most those known. None where fewer than BRANCHES_NEEDED branches keep enough customers."""
    if "branch_id" not in customers or customers["branch_id"].dropna().nunique() < BRANCHES_NEEDED:
        return None
    months = min(months, months_known(rows, as_of))
    if months < 1:
        return None
    known = _by_customer(rows, customers, as_of, months)
    table = known.groupby("branch_id").agg(
        complaints=("complaints", "sum"), complainers=("complaints", lambda count: int((count > 0).sum())),
        exposure=("exposure", "sum"), direct=("direct", "sum"), referred=("referred", "sum"),
    )  # fmt: skip
    table = table[table["exposure"] / months >= DISCLOSURE_THRESHOLD].reset_index()
    if len(table) < BRANCHES_NEEDED or not table["complaints"].sum():
        return None
    chart = funnel_of_rates(table["complaints"], table["exposure"])
    value, limits = table["complaints"] / table["exposure"], chart.limits
    answers = _answers(surveys, customers, as_of, months)
    table = table.assign(
        label=[names.get(branch, branch) for branch in table["branch_id"]],
        size=table["exposure"] / months,
        value=PER * value,
        outside=np.select([value > limits["high998"], value < limits["low998"]], ["above", "below"], ""),
        is_quiet=value < limits["low95"],
        is_shown=~hidden(table["complainers"].to_numpy()),
    ).merge(_marks(answers), on="branch_id", how="left")
    return Branches(table, chart, months, mean_t(answers["overall"]).value, answers, known)


def _by_customer(rows: pd.DataFrame, customers: pd.DataFrame, as_of: dt.date, months: int) -> pd.DataFrame:
    known, inside = exposure(customers, as_of, months), window(rows, as_of, months)
    is_referred = inside["referred_by_regulator"].fillna(False).astype(bool)
    counts = {
        name: by_customer(part, known) for name, part in (("direct", inside[~is_referred]), ("referred", inside[is_referred]))
    }
    return pd.DataFrame(
        {"branch_id": customers["branch_id"].to_numpy(), "exposure": counts["direct"][1],
         **{name: count for name, (count, _) in counts.items()}, "complaints": counts["direct"][0] + counts["referred"][0]}
    )  # fmt: skip


def _answers(surveys: pd.DataFrame | None, customers: pd.DataFrame, as_of: dt.date, months: int) -> pd.DataFrame:
    if surveys is None or "overall" not in surveys:
        return pd.DataFrame({"branch_id": [], "overall": []})
    recent = windows(surveys, as_of, months)[0]
    branch = recent["customer_id"].map(customers.set_index("customer_id")["branch_id"])
    return recent[["overall"]].astype(float).assign(branch_id=branch).dropna()


def _marks(answers: pd.DataFrame) -> pd.DataFrame:
    table = mean_by_group(answers["branch_id"], answers["overall"])
    table = table[table["base"] >= DISCLOSURE_THRESHOLD]
    return table.rename(
        columns={"label": "branch_id", "value": "mark", "low": "mark_low", "high": "mark_high", "base": "answers"}
    )


def branch_findings(found: Branches | None) -> list[Finding]:
    """How many branches lie outside the limits of chance, and how many quiet ones are not quiet for being contented."""
    if found is None:
        return []
    above, below = (int(found.table["outside"].eq(side).sum()) for side in ("above", "below"))
    base = int(found.table["complaints"].sum())
    text = (
        say(
            "Branches whose volume of complaints lies outside the limits of chance (99.8%{wide}): **{outside:count}** of {all:count} (above: {above:count}, below: {below:count}).",
            outside=above + below, all=len(found.table), above=above, below=below, wide=_wide(found.chart),
        )
        if above + below
        else say("**None** of {all:count} branches has a volume of complaints outside the limits of chance (99.8%{wide}).", all=len(found.table), wide=_wide(found.chart))
    )  # fmt: skip
    made = [Finding("complaints.branches_outside", text, above + below, base, "count", exhibit="branches", base_of="complaints", is_headline=above + below > 0)]  # fmt: skip
    if found.mark is None:
        return made
    quiet = found.table[found.table["is_quiet"]]
    silent = int(_is_doubtful(quiet, found).sum())
    text = (
        say(
            "Branches with fewer complaints than 95% of chance allows: {quiet:count} of {all:count}; of these **{value:count}** have less satisfied customers than the bank, or more complaints through the regulator, beyond noise.",
            quiet=len(quiet), all=len(found.table), value=silent,
        )
        if len(quiet)
        else say("**None** of {all:count} branches has fewer complaints than 95% of chance allows.", all=len(found.table))
    )  # fmt: skip
    numbers = {"exhibit": "silence", "base_of": "complaints", "is_headline": silent > 0}
    return [*made, Finding("complaints.silent_branches", text, silent, base, "count", **numbers)]


def _is_doubtful(quiet: pd.DataFrame, found: Branches) -> pd.Series:
    """Less satisfied than all, or referred more often than 95 % of chance allows."""
    if quiet.empty:
        return pd.Series(dtype=bool)
    rate = found.table["referred"].sum() / found.table["exposure"].sum()
    most = rate_limits(rate, quiet["exposure"])["high95"].to_numpy()
    return (quiet["mark_high"] < found.mark) | (quiet["referred"] / quiet["exposure"] > most)


def branches_exhibit(found: Branches | None) -> Exhibit:
    """Funnel plot of branches' volume; branches of few complainers are left out."""
    heading = say("Complaints by branch")
    if found is None or found.table["is_shown"].sum() < BRANCHES_NEEDED:
        absent = say("The bank names no branches, or fewer than six have complaints enough to be shown.")
        return Exhibit("branches", heading, absent=absent)
    shown, left = found.table[found.table["is_shown"]], int((~found.table["is_shown"]).sum())
    outside = int(shown["outside"].ne("").sum())
    title = (
        say("{outside:count} of {all:count} branches shown stand apart in their volume of complaints", outside=outside, all=len(shown))
        if outside
        else say("Branches differ by more than chance, but none of the {all:count} shown stands apart", all=len(shown))
        if found.chart.spread > 1
        else say("All {all:count} branches shown have as many complaints as chance explains", all=len(shown))
    )  # fmt: skip
    sizes = np.linspace(shown["size"].min(), shown["size"].max(), 60)
    limits = rate_limits(found.chart.centre, sizes * found.months, found.chart.spread)
    limits = (PER * limits[list(LIMITS)]).assign(size=sizes, part="limit", value=PER * found.chart.centre, label="", outside="")
    units = shown.assign(part="unit")[["part", "label", "size", "value", "outside"]]
    return Exhibit(
        name="branches",
        title=title,
        subtitle=say(
            "Funnel plot: complaints per 10,000 customers and month of the last {months:count} months, by number of customers; each dot is a branch; {left:count} branches with few complainers are not shown{wide}",
            months=found.months, left=left, wide=_wide(found.chart),
        ),
        frame=pd.concat([units, limits], ignore_index=True),
        unit="number.1",
        x_label=say("Customers"),
        x_unit="count",
        options={"worse": "above"},
    )  # fmt: skip


def _wide(chart: Chart) -> Message | str:
    if chart.spread <= 1:
        return ""
    return say("; limits {spread:ratio} times as wide as if complaints came singly, since branches differ more than that", spread=chart.spread)  # fmt: skip


def silence_table(found: Branches | None) -> pd.DataFrame | None:
    """Branches in thirds by their volume of complaints that did not come through the regulator → label, branches, value (these
    per 10,000 customers and month), mark, mark_low, mark_high, answers, referred, referred_low, referred_high, each empty where few
    customers stand behind it; None without marks. Marks and referrals are not what the thirds are made of."""
    if found is None or found.mark is None or len(found.answers) < 3 * DISCLOSURE_THRESHOLD:
        return None
    rate = found.table.set_index("branch_id").eval("direct / exposure")
    third = pd.qcut(rate.rank(method="first"), 3, labels=False)
    place_of, answered_at = (frame["branch_id"].map(third) for frame in (found.customers, found.answers))
    behind = {name: found.customers[name].gt(0).groupby(place_of).sum() for name in ("direct", "referred")}
    behind["mark"] = found.answers.groupby(answered_at).size()
    is_told = {name: ~hidden(count.reindex(range(3), fill_value=0).to_numpy()) for name, count in behind.items()}
    rows = []
    for place, label in enumerate(THIRDS):
        branches = third.index[third == place]
        own = found.customers[found.customers["branch_id"].isin(branches)]
        mark = mean_t(found.answers.loc[found.answers["branch_id"].isin(branches), "overall"]) if is_told["mark"][place] else NONE
        referred = per_month(rate_by_subject(own["referred"], own["exposure"])) if is_told["referred"][place] else NONE
        value = PER * own["direct"].sum() / own["exposure"].sum() if is_told["direct"][place] else None
        rows.append(
            {"label": label, "branches": len(branches), "value": value, "mark": mark.value, "mark_low": mark.low, "mark_high": mark.high,
             "answers": mark.base, "referred": referred.value, "referred_low": referred.low, "referred_high": referred.high}
        )  # fmt: skip
    return pd.DataFrame(rows)


def silence_exhibit(found: Branches | None) -> Exhibit:
    """Whether branches with few complaints have more satisfied customers, and fewer complaints through the regulator."""
    table = silence_table(found)
    heading = say("Few complaints, contented customers?")
    if table is None:
        absent = say("The bank brings no marks of satisfaction by branch to hold the number of complaints against.")
        return Exhibit("silence", heading, absent=absent)
    low, high = say("From"), say("To")
    return Exhibit(
        name="silence",
        title=_silence_title(table, heading),
        subtitle=say("Branches in thirds by complaints received by the bank itself, per 10,000 customers and month; overall satisfaction, 1 to 10, and complaints through the regulator, with 95% intervals; last {months:count} months", months=found.months),
        frame=table,
        columns=(
            Column("label", say("Branches")), Column("branches", say("Number"), "count"), Column("value", say("Complaints"), "number.1"),
            Column("mark", say("Satisfaction"), "mark"), Column("mark_low", low, "mark"), Column("mark_high", high, "mark"),
            Column("answers", say("Answers"), "count"), Column("referred", say("Regulator"), "number.1"),
            Column("referred_low", low, "number.1"), Column("referred_high", high, "number.1"),
        ),
    )  # fmt: skip


def _silence_title(table: pd.DataFrame, heading: Message) -> Message:
    first, last = (
        Estimate(*(None if pd.isna(row[name]) else row[name] for name in ("mark", "mark_low", "mark_high")), row["answers"])
        for row in (table.iloc[0], table.iloc[-1])
    )
    gap = difference(first, last)
    if gap.low is None:
        return heading
    numbers = {"first": first.value, "last": last.value}
    if gap.low > 0:
        return say(
            "Where fewest complaints are recorded, customers are more satisfied: {first:mark} against {last:mark}", **numbers
        )
    if gap.high < 0:
        return say("Where fewest complaints are recorded, customers are less satisfied ({first:mark} against {last:mark}): complaints may go unrecorded", **numbers)  # fmt: skip
    return say("Where fewest complaints are recorded, customers are not more satisfied beyond noise ({first:mark} against {last:mark}): few complaints prove no contentment", **numbers)  # fmt: skip
