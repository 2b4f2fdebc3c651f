"""What the classes of the plain rule hold: grow, keep, watch, reduce or exit."""

import pandas as pd

from analysis.finding import Column, Exhibit, Finding
from analysis.study.company_axes import CLASSES, RISKY
from analysis.study.company_disclosed import shown_sums
from analysis.study.company_matrix import AMOUNTS, amount_columns, lacking
from analysis.study.disclosed import hidden
from analysis.wording import Message, say

UNCLASSED = say("not classed")


def class_table(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a class of the rule: label, companies, share, assets, loans, contribution, margin (the median); companies that
    cannot be classed last. Numbers of few are missing."""
    rule = rows["rule"].cat.add_categories("none").fillna("none")
    counts = rule.value_counts(sort=False)
    counts = counts[counts > 0]
    out = pd.Series(hidden(counts), counts.index)
    sums = {name: shown_sums(rows[name], rule, out.index[out]).reindex(counts.index) for name in AMOUNTS if name in rows}
    table = pd.DataFrame(
        {"companies": counts, "share": counts / len(rows), **sums, "margin": rows.groupby(rule, observed=True)["margin"].median()}
    )
    table.loc[out[out].index, ["companies", "share", "margin"]] = float("nan")
    labels = [CLASSES.get(name, UNCLASSED) for name in table.index]
    return table.rename_axis("rule").reset_index().assign(label=labels)


def class_exhibit(rows: pd.DataFrame, currency: str) -> Exhibit:
    """The classes of the rule as a table."""
    if absent := lacking(rows, "risk", "profit", "rule"):
        return Exhibit("classes", say("Classes of the rule"), absent=absent)
    table = class_table(rows)
    columns = [
        Column("label", say("Class")), Column("companies", say("Companies"), "count", say("in number")),
        Column("share", say("Share"), "share"), *amount_columns(currency),
        Column("margin", say("Median margin"), "share.2", say("% a year")),
    ]  # fmt: skip
    return Exhibit(
        name="classes",
        title=_class_title(table),
        subtitle=say(
            "Risk high and margin in the lowest third of its size class: reduce or exit; risk high otherwise: watch; risk not high and margin in the highest third: grow; all others: keep. Not classed: no risk grade, or too short a history. A dash: few companies, or two that hold almost all"
        ),
        frame=table,
        columns=tuple(column for column in columns if column.name in table),
    )


def _class_title(table: pd.DataFrame) -> Message:
    told = table[table["companies"].notna() & table["rule"].ne("none")]
    if told.empty:
        return say("Classes of the rule")
    most = told.loc[told["companies"].idxmax()]
    return say("Largest class of the rule: {label}, {share:share} of the companies", label=most["label"], share=most["share"])


def class_findings(rows: pd.DataFrame) -> list[Finding]:
    """What the companies of high risk hold, and how large each class is."""
    return [*_risky_finding(rows), *_share_findings(rows)] if "rule" in rows else []


def _risky_finding(rows: pd.DataFrame) -> list[Finding]:
    table = class_table(rows)
    risky = table[table["rule"].isin(RISKY)]
    if "loans" not in table or risky[["companies", "loans"]].isna().any(axis=None) or not rows["loans"].sum() > 0:
        return []
    share, customers = float(risky["loans"].sum() / rows["loans"].sum()), float(risky["share"].sum())
    text = say(
        "Companies of high risk are {customers:share} of the companies and hold **{share:share}** of company loans.",
        customers=customers, share=share,
    )  # fmt: skip
    return [Finding("companies.high_risk.loans_share", text, share, len(rows), "share", compare_to=customers, exhibit="classes")]


def _share_findings(rows: pd.DataFrame) -> list[Finding]:
    table = class_table(rows)
    told = table[table["companies"].notna() & table["rule"].ne("none")]
    return [
        Finding(
            f"companies.rule.{row['rule']}.share",
            say("By the rule: {label}, **{share:share}** of the companies.", label=row["label"], share=row["share"]),
            float(row["share"]), len(rows), "share", exhibit="classes", is_headline=False,
        )
        for _, row in told.iterrows()
    ]  # fmt: skip
