"""Do the rule and the data sort companies alike, and where do they not?"""

import pandas as pd

from analysis.finding import Column, Exhibit, Finding
from analysis.stats.agreement import cramers_v, standing_out
from analysis.study.company_axes import AXES, CLASSES, RISKY
from analysis.study.company_disclosed import hidden_in_table, shown_sums
from analysis.study.company_groups import CompanyGroups, groups_absent
from analysis.study.company_matrix import AMOUNTS, CELL_NEEDED, FULL_COLOUR, against_independence, amount_columns, lacking
from analysis.study.disclosed import is_tellable, told_base
from analysis.wording import Message, say

RULE = say("Class of the rule")
JOINED = {"risky": RISKY, "other": ("grow", "keep")}
ALL_FEW = say("The combinations of groups and classes hold few companies, or would give few away.")
LABELS = {**CLASSES, "other": say("grow or keep"), "risky": say("watch, reduce or exit")}


def agreement_table(rows: pd.DataFrame, found: CompanyGroups) -> pd.DataFrame:
    """Cramér's V of the groups with the rule's class and with each axis: name, label, value, low, high, base (unless it tells of few);
    the intervals hold for all rows at once."""
    names = {name: label for name, label in {"rule": RULE, **AXES}.items() if name in rows}
    made = [
        {"name": name, "label": label, **cramers_v(pd.crosstab(rows[name], found.labels), len(names))._asdict()}
        for name, label in names.items()
    ]
    table = pd.DataFrame(made)
    few = [told_base(base, len(rows)) is None for base in table["base"]]
    return table.drop(columns="base") if any(few) else table


def agreement_exhibit(rows: pd.DataFrame, found: CompanyGroups | None) -> Exhibit:
    """Which of the axes the groups of the data go with."""
    title = say("The matrix and the groups of the data")
    if absent := groups_absent(found) or lacking(rows, "risk", "profit", "rule"):
        return Exhibit("agreement", title, absent=absent)
    table = agreement_table(rows, found)
    beyond, axes = table[table["low"].gt(0)], table[table["name"].ne("rule")]
    strongest = axes.loc[axes["value"].idxmax()]
    return Exhibit(
        name="agreement",
        title=say("Of the four axes the groups go most with: {axis}", axis=strongest["label"])
        if strongest["name"] in set(beyond["name"])
        else say("The groups go with none of the axes beyond chance"),
        subtitle=say(
            "Cramér's V with the groups of the data, corrected for chance: 0 nothing in common, 1 one tells the other; intervals hold for all rows at once (95 %), for companies like these and groups taken as found. Margin and loans enter the groups: profitability is not independent of them"
        ),
        frame=table,
        unit="number",
        reference=0.0,
    )


def told_classes(rows: pd.DataFrame, found: CompanyGroups) -> pd.Series:
    """The rule's class of each company; two classes are joined where a group holds few companies of one of them: those of high
    risk, the others."""
    rule = rows["rule"].astype(object)
    counts = pd.crosstab(found.labels, rule)
    for name, pair in JOINED.items():
        if not counts[counts.columns.intersection(pair)].map(is_tellable).all(axis=None):
            rule = rule.mask(rule.isin(pair), name)
    return pd.Series(pd.Categorical(rule, list(LABELS), ordered=True), rows.index, name="rule")


def cross_table(rows: pd.DataFrame, found: CompanyGroups) -> pd.DataFrame:
    """Companies by group (row) and class of the rule (column), as `told_classes` joins them."""
    return pd.crosstab(found.labels.rename("group"), told_classes(rows, found))


def _secret_cells(rows: pd.DataFrame, found: CompanyGroups) -> pd.DataFrame:
    """Which cells of the `cross_table` may not be shown, the groups' sizes being known and so those of each that have no class."""
    classes = told_classes(rows, found)
    whole = pd.crosstab(found.labels, classes.cat.add_categories("none").fillna("none"))
    return hidden_in_table(whole).drop(columns="none", errors="ignore")


def cross_exhibit(rows: pd.DataFrame, found: CompanyGroups | None) -> Exhibit:
    """Group × class of the rule: how many companies, against what independence would put there."""
    title = say("Groups of the data by class of the rule")
    if absent := groups_absent(found) or lacking(rows, "risk", "profit", "rule"):
        return Exhibit("cross", title, absent=absent)
    counts = cross_table(rows, found)
    typical, secret = typical_classes(counts), _secret_cells(rows, found)
    if secret.all(axis=None):
        return Exhibit("cross", title, absent=ALL_FEW)
    return Exhibit(
        name="cross",
        title=say("{typical:count} of {k:count} groups hold one class of the rule more often than chance would", typical=len(typical), k=len(counts)),
        subtitle=say(
            "Companies by group and class; printed: companies; colour: more (blue) or fewer (ochre) than if the two had nothing to do with each other. Classes of the same side, high risk or not, are joined where a group holds few companies of one. A dash: few companies, or a cell that would give few away"
        ),
        frame=against_independence(counts, counts.mask(secret), found.names, LABELS),
        options={"limit": FULL_COLOUR},
    )  # fmt: skip


def typical_classes(counts: pd.DataFrame) -> dict[int, str]:
    """Group → the class that it holds most clearly more often than chance would; groups without one are left out."""
    residual = pd.DataFrame(standing_out(counts), counts.index, counts.columns)
    return {group: row.idxmax() for group, row in residual.iterrows() if row.max() > 0}


def disagreements(rows: pd.DataFrame, found: CompanyGroups) -> pd.DataFrame:
    """Combinations in which a company's class is not the one typical of its group: group, rule, typical, companies, share (of
    companies in groups with a typical class), assets, loans, contribution, margin (the median), differs (the axis that decides),
    is_hidden; most companies first."""
    counts = cross_table(rows, found)
    typical, out, classes = typical_classes(counts), _secret_cells(rows, found), told_classes(rows, found)
    combined = found.labels_of(rows).astype(str) + "/" + classes.astype(object).fillna("none")
    secret = [f"{group}/{name}" for group in counts.index for name in counts.columns if out.loc[group, name]]
    sums = {name: shown_sums(rows[name], combined, secret) for name in AMOUNTS if name in rows}
    margins = rows["margin"].groupby([found.labels_of(rows), classes], observed=True).median()
    base = counts.loc[list(typical)].to_numpy().sum()
    made = [
        {"group": group, "rule": name, "typical": usual, "companies": count, "share": count / base,
         **{measure: total[f"{group}/{name}"] for measure, total in sums.items()},
         "margin": margins.get((group, name)), "differs": _differs(name, usual), "is_hidden": bool(out.loc[group, name])}
        for group, usual in typical.items()
        for name, count in counts.loc[group].items()
        if name != usual and count
    ]  # fmt: skip
    table = pd.DataFrame(
        made, columns=["group", "rule", "typical", "companies", "share", *sums, "margin", "differs", "is_hidden"]
    )
    return table.sort_values("companies", ascending=False, kind="stable", ignore_index=True)


def disagreement_exhibit(rows: pd.DataFrame, found: CompanyGroups | None, currency: str) -> Exhibit:
    """The list: what the rule says, what the data say, how many companies and how much money."""
    title = say("Where the rule and the data disagree")
    if absent := groups_absent(found) or lacking(rows, "risk", "profit", "rule"):
        return Exhibit("disagreement", title, absent=absent)
    table = disagreements(rows, found)
    told = table[~table["is_hidden"].astype(bool)]
    if told.empty:
        return Exhibit(
            "disagreement",
            title,
            absent=ALL_FEW
            if len(table)
            else say(
                "In no combination of {needed:count} companies or more do the rule and the data disagree.", needed=CELL_NEEDED
            ),
        )
    first, left_out = told.iloc[0], len(table) - len(told)
    columns = [
        Column("rule_label", say("The rule says")), Column("group_label", say("The data say")),
        Column("typical_label", say("Typical of that group")), Column("companies", say("Companies"), "count", say("in number")),
        *amount_columns(currency)[:2], Column("margin", say("Median margin"), "share.2", say("% a year")),
        Column("differs", say("They differ in")),
    ]  # fmt: skip
    return Exhibit(
        name="disagreement",
        title=say("Most frequent disagreement: the rule says {rule}, the group is one of {typical}", rule=LABELS[first["rule"]], typical=LABELS[first["typical"]]),
        subtitle=say(
            "Companies whose class is not the one typical of their group (the class that the group holds more often than chance would; groups without one are left out){left_out}. Last column: the axis by which the rule comes to another class. A dash: few companies, or two that hold almost all",
            left_out=say("; combinations of few companies, or that would give few away, are left out: {n:count} of {all:count}", n=left_out, all=len(table)) if left_out else "",
        ),
        frame=told.assign(
            rule_label=told["rule"].map(LABELS), group_label=told["group"].map(found.names), typical_label=told["typical"].map(LABELS),
        ),
        columns=tuple(column for column in columns if column.name not in AMOUNTS or column.name in told),
    )  # fmt: skip


def _differs(rule: str, typical: str) -> Message:
    if {rule, typical} == {"grow", "exit"}:
        return say("risk and margin")
    risky = (*RISKY, "risky")
    return say("margin") if (rule in risky) == (typical in risky) else say("risk")


def agreement_findings(rows: pd.DataFrame, found: CompanyGroups | None) -> list[Finding]:
    """How far the rule and the data agree, and how many companies stand where they do not."""
    if groups_absent(found) or "rule" not in rows:
        return []
    agreed = agreement_table(rows, found).set_index("name").loc["rule"]
    text = say(
        "The rule's classes and the groups of the data agree **{how}**: Cramér's V {value:number} (interval {low:number} to {high:number}; 0 not at all, 1 wholly). Both use the margin, so that some agreement is by construction.",
        how=say("not beyond chance") if not agreed["low"] > 0 else say("in part") if agreed["high"] < 1 else say("wholly"),
        value=agreed["value"], low=agreed["low"], high=agreed["high"],
    )  # fmt: skip
    agreement = Finding("companies.agreement", text, agreed["value"], told_base(int(agreed["base"]), len(rows)), "number", "association", agreed["low"], agreed["high"], exhibit="agreement")  # fmt: skip
    return [agreement, *_disagreement_finding(rows, found)]


def _disagreement_finding(rows: pd.DataFrame, found: CompanyGroups) -> list[Finding]:
    counts = cross_table(rows, found)
    typical = typical_classes(counts)
    base, apart = int(counts.loc[list(typical)].to_numpy().sum()), int(disagreements(rows, found)["companies"].sum())
    if not typical or not is_tellable(apart) or not is_tellable(base - apart):
        return []
    text = say(
        "**{share:share}** of the companies in groups with a typical class have another class by the rule: they are to be looked at one by one.",
        share=apart / base,
    )  # fmt: skip
    return [Finding("companies.disagreement", text, apart / base, told_base(base, len(rows)), "share", exhibit="disagreement")]
