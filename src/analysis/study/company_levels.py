"""On which level of the bank companies are managed, and whether that fits their size and exposure."""

import pandas as pd

from analysis.bank.contracts import LEVELS
from analysis.finding import Column, Exhibit, Finding
from analysis.study.company_axes import CompanyRules
from analysis.study.company_disclosed import shown_sums
from analysis.study.company_matrix import AMOUNTS, amount_columns, lacking
from analysis.study.disclosed import hidden, told_base
from analysis.wording import Message, say

LEVEL_NAMES = {
    "county": say("county level"), "city": say("city level"), "province": say("province level"), "head_office": say("head office"),
}  # fmt: skip
LEVEL_OF_SIZE = {"micro": "county", "small": "county", "medium": "city", "large": "province"}
UNKNOWN = say("not known")


def level_exhibit(rows: pd.DataFrame, currency: str) -> Exhibit:
    """Companies, money and shares of each level."""
    title = say("Companies by level of management")
    if absent := lacking(rows, "level"):
        return Exhibit("levels", title, absent=absent)
    table = level_table(rows)
    columns = [
        Column("label", say("Level")), Column("companies", say("Companies"), "count", say("in number")), Column("share", say("Share"), "share"),
        *amount_columns(currency), Column("loans_share", say("Share of loans"), "share"),
        Column("contribution_share", say("Share of contribution"), "share"),
    ]  # fmt: skip
    told = table[table["share"].notna()]
    most = told.loc[told["share"].idxmax()] if len(told) else None
    return Exhibit(
        name="levels",
        title=title
        if most is None
        else say("Level that manages most companies: {level}, {share:share} of them", level=most["label"], share=most["share"]),
        subtitle=say(
            "Open companies by the level of the branch that keeps them; loans and assets of the last month, contribution of twelve months. A dash: few companies, or two that hold almost all"
        ),
        frame=table,
        columns=tuple(column for column in columns if column.name in table),
    )


def level_table(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a level that keeps companies, lowest first: level, label, companies, share, assets, loans, contribution,
    loans_share, contribution_share; companies whose level is not known last. Numbers of few are missing."""
    level = rows["level"].cat.add_categories("unknown").fillna("unknown")
    counts = level.value_counts(sort=False)
    counts = counts[counts > 0]
    out = pd.Series(hidden(counts), counts.index)
    sums = {name: shown_sums(rows[name], level, out.index[out]).reindex(counts.index) for name in AMOUNTS if name in rows}
    totals = {name: rows[name].fillna(0).sum() for name in sums}
    shares = {f"{name}_share": sums[name] / totals[name] for name in ("loans", "contribution") if totals.get(name, 0) > 0}
    table = pd.DataFrame({"companies": counts, "share": counts / len(rows), **sums, **shares})
    table.loc[out[out].index, ["companies", "share"]] = float("nan")
    labels = [LEVEL_NAMES.get(name, UNKNOWN) for name in table.index]
    return table.rename_axis("level").reset_index().assign(label=labels)


def due_level(rows: pd.DataFrame, rules: CompanyRules) -> pd.Series:
    """The level at which a company is due by its size class or its exposure, whichever is higher, raised to the next level on
    which the bank keeps companies; missing where neither is known."""
    held = [name for name in LEVELS if rows["level"].eq(name).any()]
    by_size = rows["size"].map(LEVEL_OF_SIZE) if "size" in rows else pd.Series(None, rows.index, dtype=object)
    rank = by_size.map(LEVELS.index, na_action="ignore").astype(float)
    if "exposure" in rows:
        of_exposure = (rows["exposure"] >= rules.city_from).astype(float) + (rows["exposure"] >= rules.province_from)
        rank = pd.concat([rank, of_exposure], axis=1).max(axis=1)
    next_held = {place: next((name for name in held if LEVELS.index(name) >= place), held[-1]) for place in range(len(LEVELS))}
    return pd.Series(pd.Categorical(rank.map(next_held), LEVELS, ordered=True), rows.index)


def placement(rows: pd.DataFrame, rules: CompanyRules) -> pd.DataFrame:
    """Companies whose level and due level are known, indexed by customer_id: due, level, place (below, fits, above)."""
    due = due_level(rows, rules)
    known = due.notna() & rows["level"].notna()
    difference = rows.loc[known, "level"].cat.codes - due[known].cat.codes
    place = pd.Series("fits", difference.index).mask(difference < 0, "below").mask(difference > 0, "above")
    return pd.DataFrame({"due": due[known], "level": rows.loc[known, "level"], "place": place})


def misplaced_exhibit(rows: pd.DataFrame, rules: CompanyRules, currency: str) -> Exhibit:
    """Companies and money managed below (by due level), as and above their size; those that fit in grey."""
    title = say("Companies managed below or above their size")
    if absent := lacking(rows, "level") or (None if {"size", "exposure"} & set(rows) else lacking(rows, "size")):
        return Exhibit("misplaced", title, absent=absent)
    placed = placement(rows, rules)
    table = misplaced_table(rows, placed)
    columns = [
        Column("label", say("Managed")), Column("companies", say("Companies"), "count", say("in number")),
        Column("share", say("Share"), "share"), *amount_columns(currency),
    ]  # fmt: skip
    return Exhibit(
        name="misplaced",
        title=_misplaced_title(table, title),
        subtitle=say(
            "Due by size class (micro and small: county; medium: city; large: province) or by exposure (from {currency} {city:amount}: city; from {currency} {province:amount}: province), whichever is higher, and on the next level that keeps companies; exposure: the larger of credit line and loans. A dash: few companies, or two that hold almost all",
            city=rules.city_from, province=rules.province_from, currency=currency,
        ),
        frame=table,
        columns=tuple(column for column in columns if column.name in table),
    )  # fmt: skip


def misplaced_table(rows: pd.DataFrame, placed: pd.DataFrame) -> pd.DataFrame:
    """One row for the companies below their size by due level, then those that fit and those above: label, companies, share,
    assets, loans, contribution, is_noise (they fit). Numbers of few are missing."""
    labels = {
        **{f"below {due}": say("below its size: due for {level}", level=LEVEL_NAMES[due]) for due in LEVELS},
        "fits": say("as due"), "above": say("above its size"),
    }  # fmt: skip
    verdict = placed["place"].where(placed["place"].ne("below"), "below " + placed["due"].astype(str))
    verdict = pd.Series(pd.Categorical(verdict, list(labels)), placed.index)
    counts = verdict.value_counts(sort=False)
    counts = counts[counts > 0]
    out = pd.Series(hidden(counts), counts.index)
    held = rows.loc[placed.index]
    sums = {name: shown_sums(held[name], verdict, out.index[out]).reindex(counts.index) for name in AMOUNTS if name in held}
    table = pd.DataFrame({"companies": counts, "share": counts / len(placed), **sums})
    table.loc[out[out].index, ["companies", "share"]] = float("nan")
    table = table.rename_axis("verdict").reset_index().astype({"verdict": str})
    return table.assign(label=table["verdict"].map(labels), is_noise=table["verdict"].eq("fits"))


def _misplaced_title(table: pd.DataFrame, otherwise: Message) -> Message:
    below = table["verdict"].str.startswith("below")
    if table["share"].isna().any():
        return otherwise
    return say(
        "{below:share} of the companies are managed below their size, {above:share} above it",
        below=table.loc[below, "share"].sum(), above=table.loc[table["verdict"].eq("above"), "share"].sum(),
    )  # fmt: skip


def level_findings(rows: pd.DataFrame, rules: CompanyRules) -> list[Finding]:
    """What share of the companies is managed below its size, and with what loans."""
    if "level" not in rows or not {"size", "exposure"} & set(rows):
        return []
    placed = placement(rows, rules)
    table = misplaced_table(rows, placed)
    below, base = table[table["verdict"].str.startswith("below")], told_base(len(placed), len(rows))
    if table.empty or below["share"].isna().any() or base is None:
        return []
    share, lent = float(below["share"].sum()), rows.loc[placed.index, "loans"].sum() if "loans" in table else 0.0
    is_told = lent > 0 and not below.empty and below["loans"].notna().all()
    text = say(
        "**{share:share}** of the companies are managed on a lower level than their size or exposure asks for{loans}.",
        share=share, loans=say("; they hold {loans:share} of company loans", loans=below["loans"].sum() / lent) if is_told else "",
    )  # fmt: skip
    return [Finding("companies.misplaced", text, share, base, "share", exhibit="misplaced")]
