"""How sound the rows of each table are: by table and dimension, department, branch and month."""

from collections.abc import Mapping

import pandas as pd

from analysis.finding import Column, Exhibit, Finding
from analysis.stats.intervals import Estimate, funnel_limits, simultaneous, wilson
from analysis.wording import Message, say

ROWS = "rows"
DIMENSIONS = {
    "completeness": say("Completeness"), "validity": say("Validity"), "uniqueness": say("Uniqueness"),
    "consistency": say("Consistency"), "timeliness": say("Timeliness"), "plausibility": say("Plausibility"),
}  # fmt: skip
TABLE_NAMES = {
    "customers": say("customers"), "parties": say("departments' records"), "branches": say("branches"), "holdings": say("holdings"),
    "balances": say("balances"), "contributions": say("contributions"), "transactions": say("transactions"),
    "contacts": say("contacts"), "complaints": say("complaints"), "invitations": say("survey invitations"), "surveys": say("surveys"),
    "answers": say("survey answers"), "assignments": say("assignments of managers"), "incidents": say("incidents"),
    "tariffs": say("changes of fees"), "market_rates": say("market rates"), "campaigns": say("campaigns"), "prospects": say("prospects"),
    "exposures": say("exposures"), "ownership": say("ties between companies"), "alerts": say("alerts"), "consents": say("consents"),
}  # fmt: skip
ROWS_NEEDED = 10
BRANCHES_NEEDED = 5
MONTHS_SHOWN = 24
SERIES_SHOWN = 4


def score(checked: float, failed: float) -> Estimate:
    """The share of rows without a defect, Wilson's interval."""
    return wilson(checked - failed, checked)


def by_table(quality: pd.DataFrame) -> pd.DataFrame:
    """Counters (see `bank.quality`) → table, value, low, high, base (rows), failed, and each of DIMENSIONS: the share of its checks
    passed; worst table first."""
    rows = quality[quality["dimension"].eq(ROWS)].groupby("table", as_index=False)[["checked", "failed"]].sum()
    checks = quality[quality["dimension"].isin(DIMENSIONS)].groupby(["table", "dimension"])[["checked", "failed"]].sum()
    passed = (1 - checks["failed"] / checks["checked"]).unstack().reindex(columns=list(DIMENSIONS))
    scores = _scored(rows).merge(passed.reset_index(), on="table", how="left")
    return scores.sort_values(["value", "table"], ignore_index=True)


def _scored(counts: pd.DataFrame) -> pd.DataFrame:
    known = counts[counts["checked"].gt(0)].reset_index(drop=True)
    found = pd.DataFrame([score(row.checked, row.failed) for row in known.itertuples()], columns=list(Estimate._fields))
    return pd.concat([known, found], axis=1)


def table_findings(scores: pd.DataFrame) -> list[Finding]:
    """quality.<table> of every table; the one with the fewest sound rows is a headline."""
    return [_table(row, TABLE_NAMES[row["table"]], is_headline=place == 0) for place, row in scores.iterrows()]


def _table(row: pd.Series, label: Message, is_headline: bool) -> Finding:
    lead = say("Least sound: {label}. ", label=label) if is_headline else say("{label:capital}: ", label=label)
    text = say(
        "{lead}**{value:share}** of the rows show no defect (interval {low:share} to {high:share}).",
        lead=lead, value=row["value"], low=row["low"], high=row["high"],
    )  # fmt: skip
    return Finding(
        f"quality.{row['table']}", text, row["value"], int(row["base"]), "share", low=row["low"], high=row["high"],
        exhibit="tables", base_of="rows", is_headline=is_headline,
    )  # fmt: skip


def tables_exhibit(scores: pd.DataFrame) -> Exhibit:
    """Each table's score, and the share of checks passed in each dimension."""
    worst = scores.iloc[0]
    interval = [say("{low:share} to {high:share}", low=row.low, high=row.high) for row in scores.itertuples()]
    return Exhibit(
        name="tables",
        title=say("Fewest sound rows: {label}, {value:share}", label=TABLE_NAMES[worst["table"]], value=worst["value"]),
        subtitle=say(
            "Share of rows in which no rule finds a defect, with 95% interval (Wilson); then the share of checks passed in each dimension, where the rules ask any"
        ),
        frame=scores.assign(
            label=[say("{label:capital}", label=TABLE_NAMES[name]) for name in scores["table"]], interval=interval
        ),
        columns=(
            Column("label", say("Table")),
            Column("base", say("Rows"), "count", say("number")),
            Column("value", say("Without defect"), "share"),
            Column("interval", say("Interval")),
            *(Column(name, label, "share") for name, label in DIMENSIONS.items()),
        ),
    )


def departments_exhibit(quality: pd.DataFrame) -> Exhibit:
    """Each department's records without a defect."""
    title = say("Departments")
    rows = quality[quality["dimension"].eq(ROWS) & quality["table"].eq("parties")]
    scores = _scored(rows.groupby("source", as_index=False)[["checked", "failed"]].sum()).rename(columns={"source": "label"})
    scores = scores[scores["base"].ge(ROWS_NEEDED)]
    if len(scores) < 2:
        return Exhibit("departments", title, absent=say("The bank brings no records of several departments."))
    whole = score(rows["checked"].sum(), rows["failed"].sum()).value
    at_once = simultaneous(scores)
    scores = scores.assign(is_noise=(at_once["low"] <= whole) & (whole <= at_once["high"])).sort_values("value")
    worst = scores.iloc[0]
    return Exhibit(
        name="departments",
        title=say("Fewest sound records: {label}, {value:share}", label=worst["label"], value=worst["value"]),
        subtitle=say("Share of a department's records of customers without a defect; lines, 95% intervals; base: records. Each is asked only for what it holds"),
        frame=scores[["label", "value", "low", "high", "base", "is_noise"]],
        reference=whole,
        reference_label=say("All"),
    )  # fmt: skip


def branches_exhibit(quality: pd.DataFrame, names: Mapping[str, str]) -> Exhibit:
    """Funnel plot of the branches: records of customers without a defect."""
    title = say("Branches")
    rows = quality[quality["dimension"].eq(ROWS) & quality["table"].isin(["parties", "customers"])]
    table = "parties" if rows["table"].eq("parties").any() else "customers"
    rows = rows[rows["table"].eq(table)]
    scores = _scored(rows.groupby("branch_id", as_index=False)[["checked", "failed"]].sum())
    shown = scores[scores["checked"].ge(ROWS_NEEDED)].reset_index(drop=True) if len(scores) else scores
    if len(shown) < BRANCHES_NEEDED:
        return Exhibit("branches", title, absent=say("Fewer than five branches keep ten customers or more."))
    centre = float(1 - shown["failed"].sum() / shown["checked"].sum())
    own = funnel_limits(centre, shown["checked"])
    outside = (
        pd.Series("", shown.index).mask(shown["value"] > own["high998"], "above").mask(shown["value"] < own["low998"], "below")
    )
    below = int(outside.eq("below").sum())
    units = pd.DataFrame(
        {"part": "unit", "label": [names.get(branch, branch) for branch in shown["branch_id"]], "size": shown["checked"],
         "value": shown["value"], "outside": outside}
    )  # fmt: skip
    sizes = pd.Series(sorted({int(size) for size in shown["checked"]}))
    limits = funnel_limits(centre, sizes).assign(part="limit", value=centre, label="", outside="")
    return Exhibit(
        name="branches",
        title=say("Branches with fewer sound records than chance explains: {below:count} of {all:count}", below=below, all=len(shown))
        if below
        else say("No branch of {all:count} has fewer sound records than chance explains", all=len(shown)),
        subtitle=say("Funnel plot: share of the records of a branch's customers without a defect, in %, by number of records; each dot is a branch"),
        frame=pd.concat([units, limits], ignore_index=True),
        x_label=say("Records"),
        x_unit="count",
        options={"worse": "below"},
    )  # fmt: skip


def months_exhibit(quality: pd.DataFrame) -> Exhibit:
    """The share of rows without a defect month by month, of the tables with the most defects."""
    dated = quality[quality["dimension"].eq(ROWS) & quality["month"].notna()]
    latest = pd.to_datetime(dated["month"])
    recent = dated[latest > latest.max() - pd.DateOffset(months=MONTHS_SHOWN)]
    worst = recent.groupby("table")["failed"].sum().sort_values(ascending=False)
    chosen = worst[worst.gt(0)].index[:SERIES_SHOWN]
    if not len(chosen):
        return Exhibit("months", say("Month by month"), absent=say("No dated row shows a defect."))
    scores = _scored(
        recent[recent["table"].isin(chosen)].groupby(["table", "month"], as_index=False)[["checked", "failed"]].sum()
    )
    scores = scores[scores["base"].ge(ROWS_NEEDED)]
    frame = scores.assign(
        series=[say("{label:capital}", label=TABLE_NAMES[name]) for name in scores["table"]],
        x=pd.to_datetime(scores["month"]).dt.date,
    )
    return Exhibit(
        name="months",
        title=say("Rows without a defect, month by month"),
        subtitle=say("Share of the month's rows without a defect, in %, of the tables with the most defects; bands, 95% intervals (Wilson); last {months:count} months", months=MONTHS_SHOWN),
        frame=frame[["series", "x", "value", "low", "high"]],
        x_unit="month",
    )  # fmt: skip
