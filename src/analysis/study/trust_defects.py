"""The worst defects in words, whom they touch, and what got worse."""

from collections.abc import Callable, Mapping

import pandas as pd

from analysis.finding import Column, Exhibit, Finding
from analysis.stats.intervals import difference_of_shares, simultaneous, wilson
from analysis.study.disclosed import is_tellable
from analysis.study.trust_scores import ROWS, TABLE_NAMES
from analysis.wording import Message, say

WORST_SHOWN = 10
PERIOD_MONTHS = 3
FAILURES_NEEDED = 10
Words = Mapping[str, Message]


def _named(row, words: Words) -> Message:
    return say("{label:capital}: {words}", label=TABLE_NAMES[row.table], words=words[row.rule])


def defects(quality: pd.DataFrame, touched: pd.DataFrame, customers: pd.DataFrame) -> pd.DataFrame:
    """rule, table, checked, failed (rows), share, low, high, customers, customers_share, assets_share (of the open customers' assets;
    missing where few are touched or assets are not brought), base (open customers), few_rows (customers' rows too few to be told),
    most touched assets first, then customers.

    quality: counters; touched: rule, customer_id; customers: customer_id[, assets_3m], the open ones."""
    rules = quality[~quality["dimension"].eq(ROWS)].groupby(["rule", "table"], as_index=False)[["checked", "failed"]].sum()
    rules = rules[rules["failed"].gt(0)].reset_index(drop=True)
    intervals = pd.DataFrame(
        [wilson(row.failed, row.checked)[:3] for row in rules.itertuples()], columns=["share", "low", "high"]
    )
    whom = touched.merge(customers, on="customer_id")
    by_rule = whom.groupby("rule").agg(
        customers=("customer_id", "nunique"), **({"assets": ("assets_3m", "sum")} if "assets_3m" in whom else {})
    )
    table = pd.concat([rules, intervals], axis=1).merge(by_rule.reset_index(), on="rule", how="left")
    table["customers"] = table["customers"].fillna(0).astype(int)
    is_told = table["customers"].map(is_tellable)
    table["customers_share"] = (table["customers"] / max(len(customers), 1)).where(is_told)
    assets = customers["assets_3m"].sum() if "assets_3m" in customers else 0
    table["assets_share"] = (table["assets"] / assets if assets else pd.Series(float("nan"), table.index)).where(is_told)
    table["base"] = len(customers)
    table["few_rows"] = table["rule"].isin(touched["rule"]) & ~table["failed"].map(is_tellable)
    return table.sort_values(
        ["assets_share", "customers", "failed", "rule"], ascending=[False, False, False, True], ignore_index=True
    )


def worst_finding(table: pd.DataFrame, words: Words) -> list[Finding]:
    """quality.worst: the defect that touches the most assets."""
    known = table[table["customers_share"].gt(0)]
    if known.empty:
        return []
    row = known.iloc[0]
    assets = say(", {assets:share} of assets", assets=row["assets_share"]) if pd.notna(row["assets_share"]) else ""
    text = say(
        "The defect that touches most is in {label}: **{words}**; {share:share} of customers{assets}.",
        label=TABLE_NAMES[row["table"]], words=words[row["rule"]], share=row["customers_share"], assets=assets,
    )  # fmt: skip
    return [Finding("quality.worst", text, row["customers_share"], int(row["base"]), "share", exhibit="worst")]


def worst_exhibit(table: pd.DataFrame, words: Words, example: Callable[[str], str | None] = lambda rule: None) -> Exhibit:
    """The ten defects that touch the most assets."""
    title = say("Defects")
    if table.empty:
        return Exhibit("worst", title, absent=say("No rule finds a defect."))
    shown = table.head(WORST_SHOWN)
    few = say("few")
    return Exhibit(
        name="worst",
        title=say("{n:count} kinds of defects are found; these touch the most", n=len(table)),
        subtitle=say("By share of the open customers' assets that belong to customers with such a row, then by customers; a customer may be touched by several. Fewer than ten customers: few"),
        frame=shown.assign(
            label=[_named(row, words) for row in shown.itertuples()],
            failed=shown["failed"].mask(shown["few_rows"]),
            share=shown["share"].mask(shown["few_rows"]),
            example=[example(row.rule) if is_tellable(row.customers) and not row.few_rows else None for row in shown.itertuples()],
            touched=[say("{n:count}", n=row.customers) if is_tellable(row.customers) else few for row in shown.itertuples()],
        ),
        columns=(
            Column("label", say("Defect")),
            Column("example", say("Example, masked")),
            Column("failed", say("Rows"), "count", say("number")),
            Column("share", say("Of the rows asked"), "share.2", say("%")),
            Column("touched", say("Customers")),
            Column("customers_share", say("Of customers"), "share"),
            Column("assets_share", say("Of assets"), "share"),
        ),
    )  # fmt: skip


def changes(quality: pd.DataFrame) -> pd.DataFrame:
    """rule, table, before and now (share of failing rows in PERIOD_MONTHS months), value (the difference), low, high (all rules at
    once, Bonferroni), base (rows now), by greatest rise: rules with FAILURES_NEEDED failing rows in either period."""
    dated = quality[quality["month"].notna() & ~quality["dimension"].eq(ROWS)]
    if dated.empty:
        return pd.DataFrame(columns=["rule", "table", "before", "now", "value", "low", "high", "base"])
    month = pd.to_datetime(dated["month"])
    age = (month.max().year - month.dt.year) * 12 + month.max().month - month.dt.month
    period = age // PERIOD_MONTHS
    counts = dated.assign(period=period)[period.lt(2)].pivot_table(
        index=["rule", "table"], columns="period", values=["checked", "failed"], aggfunc="sum", fill_value=0
    )
    rows = []
    for (rule, table), row in counts.reindex(
        columns=pd.MultiIndex.from_product([["checked", "failed"], [0, 1]]), fill_value=0
    ).iterrows():
        if min(row["checked"]) > 0 and max(row["failed"]) >= FAILURES_NEEDED:
            change = difference_of_shares(row["failed", 0], row["checked", 0], row["failed", 1], row["checked", 1])
            shares = {"before": row["failed", 1] / row["checked", 1], "now": row["failed", 0] / row["checked", 0]}
            rows.append({"rule": rule, "table": table, **shares, **change._asdict(), "base": int(row["checked", 0])})
    found = pd.DataFrame(rows, columns=["rule", "table", "before", "now", "value", "low", "high", "base"])
    return simultaneous(found).sort_values("value", ascending=False, ignore_index=True) if len(found) else found


def change_finding(found: pd.DataFrame, words: Words) -> list[Finding]:
    """quality.worse: how many defects are more frequent than in the period before, beyond noise, and which the most."""
    if found.empty:
        return []
    worse = found[found["low"].gt(0)]
    base = int(found["base"].max())
    if worse.empty:
        text = say(
            "**No defect** of {all:count} compared is more frequent than in the three months before, beyond noise.",
            all=len(found),
        )
        return [Finding("quality.worse", text, 0, base, "count", exhibit="worse", base_of="rows")]
    row = worse.iloc[0]
    text = say(
        "**{n:count} of {all:count} defects** became more frequent than in the three months before, beyond noise; most: {label}, {words}, {now:share.2} after {before:share.2}.",
        n=len(worse), all=len(found), label=TABLE_NAMES[row["table"]], words=words[row["rule"]], now=row["now"], before=row["before"],
    )  # fmt: skip
    return [Finding("quality.worse", text, len(worse), base, "count", exhibit="worse", base_of="rows")]


def worse_exhibit(found: pd.DataFrame, words: Words) -> Exhibit:
    """The difference of each defect's share to the three months before."""
    title = say("What got worse")
    if found.empty:
        return Exhibit("worse", title, absent=say("Too few defects in the last six months to compare."))
    shown = pd.concat([found.head(6), found.tail(2)]).drop_duplicates("rule")
    worse = int(found["low"].gt(0).sum())
    return Exhibit(
        name="worse",
        title=say("More frequent than in the three months before, beyond noise: {n:count} of {all:count} defects", n=worse, all=len(found)),
        subtitle=say("Difference of the share of failing rows, last three months less the three before, in points; lines, 95% intervals for all defects at once; the greatest rises and falls"),
        frame=shown.assign(label=[_named(row, words) for row in shown.itertuples()]),
        unit="points",
        reference=0.0,
        reference_label=say("No change"),
    )  # fmt: skip
