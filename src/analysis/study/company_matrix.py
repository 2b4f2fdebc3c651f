"""The matrix of companies, two axes at a time, what each axis needs of the data."""

from collections.abc import Mapping

import pandas as pd

from analysis.finding import Column, Exhibit, Finding
from analysis.stats.agreement import cramers_v
from analysis.stats.disclosure import dominates
from analysis.study.company_axes import AXES, PROFITS, SIZES
from analysis.study.company_disclosed import hidden_in_table, may_tell_sum
from analysis.study.disclosed import is_tellable, told_base
from analysis.wording import Message, say

CELL_NEEDED = 10
FULL_COLOUR = 1.0
AMOUNTS = {"assets": say("Assets"), "loans": say("Loans"), "contribution": say("Contribution")}


def matrix_exhibit(rows: pd.DataFrame) -> Exhibit:
    """Industry × size: how many companies, coloured by what one of them contributes against the average company."""
    title = say("Companies by industry and size")
    if absent := lacking(rows, "industry", "size", "contribution"):
        return Exhibit("matrix", title, absent=absent)
    sizes = _told_sizes(rows)
    counts = pd.crosstab(rows["industry"], sizes)
    held = rows["contribution"].fillna(0).groupby([rows["industry"], sizes])
    mean = held.mean().mask(held.agg(dominates).astype(bool)).unstack()
    shown, average = counts.mask(hidden_in_table(counts)), rows["contribution"].mean()
    if shown.isna().all(axis=None):
        return Exhibit("matrix", title, absent=say("Every cell holds fewer than {needed:count} companies.", needed=CELL_NEEDED))
    labels = _size_labels(sizes)
    return Exhibit(
        name="matrix",
        title=_matrix_title(rows, sizes, counts, labels),
        subtitle=say(
            "Open companies by industry and size class; printed: companies; colour: mean contribution of twelve months against the average company, full at twice the average or at nothing. A dash: few companies, or a cell that would give few away; no colour beside a number: two companies hold almost all of it"
        ),
        frame=heat_frame(
            shown, mean / average - 1 if average > 0 else mean * float("nan"), {name: name for name in counts.index}, labels
        ),
        options={"limit": FULL_COLOUR},
    )


def _told_sizes(rows: pd.DataFrame) -> pd.Series:
    """Size classes, the larger told together with the next smaller where its cells would hold too few on average."""
    known = [size for size in SIZES if rows["size"].eq(size).any()]
    needed = CELL_NEEDED * rows["industry"].nunique()
    together, sizes = {}, rows["size"].copy()
    for size, smaller in zip(known[:0:-1], known[-2::-1], strict=True):
        if sizes.eq(together.get(size, size)).sum() < needed:
            sizes = sizes.replace(together.get(size, size), f"{smaller}+")
            together[smaller] = f"{smaller}+"
            sizes = sizes.replace(smaller, f"{smaller}+")
    return sizes


def _size_labels(sizes: pd.Series) -> dict[str, Message]:
    return {
        name: say("{size} and larger", size=SIZES[name[:-1]]) if name.endswith("+") else SIZES[name]
        for name in sorted(sizes.dropna().unique(), key=lambda name: list(SIZES).index(name.rstrip("+")))
    }


def _matrix_title(rows: pd.DataFrame, sizes: pd.Series, counts: pd.DataFrame, labels: dict[str, Message]) -> Message:
    top = list(labels)[-1]
    amounts = rows["contribution"].where(sizes.eq(top))
    total = rows["contribution"].sum()
    if total <= 0 or not may_tell_sum(amounts) or not is_tellable(counts[top].sum()):
        return say("Companies by industry and size")
    return say(
        "{size:capital} companies: {companies:share} of the companies, {contribution:share} of the contribution",
        size=labels[top], companies=counts[top].sum() / len(rows), contribution=amounts.sum() / total,
    )  # fmt: skip


def profit_risk_exhibit(rows: pd.DataFrame) -> Exhibit:
    """Risk grade × profitability: how many companies, coloured by how far from what independence would put there."""
    title = say("Companies by risk and profitability")
    if absent := lacking(rows, "risk", "profit"):
        return Exhibit("profit_risk", title, absent=absent)
    counts = grade_counts(rows)
    if counts is None:
        return Exhibit(
            "profit_risk",
            title,
            absent=say(
                "Even with risk grades joined, a cell would hold or give away fewer than {needed:count} companies.",
                needed=CELL_NEEDED,
            ),
        )
    return Exhibit(
        name="profit_risk",
        title=_profit_risk_title(pd.crosstab(rows["risk"], rows["profit"])),
        subtitle=say(
            "Open companies by the bank's risk grade and by third of the margin within the size class; margin: contribution a year ÷ mean assets and loans; printed: companies; colour: more (blue) or fewer (ochre) than if grade and margin had nothing to do with each other, full at twice as many or none. Neighbouring grades of the same side, high risk or not, are joined where one holds few companies in a cell"
        ),
        frame=against_independence(counts, counts, {grade: grade for grade in counts.index}, PROFITS),
        options={"limit": FULL_COLOUR},
    )


def grade_counts(rows: pd.DataFrame) -> pd.DataFrame | None:
    """Companies by risk grade and third of the margin, neighbouring grades joined until no cell holds few. The classes of the rule
    are sums of these cells and told elsewhere, so that grades of high risk and others are joined each by themselves. None
    where a cell still holds few, or where the difference from a class or from the whole would."""
    known = rows.dropna(subset=["risk", "profit"])
    counts = pd.crosstab(known["risk"], known["profit"])
    risky = known["is_risky"].astype(bool) if "is_risky" in known else pd.Series(False, known.index)
    high = risky.groupby(known["risk"]).all()
    names = {}
    for _, side in counts.groupby(high):
        names.update(_joined(side))
    joined = counts.groupby(counts.index.map(names), sort=False).sum()
    watched = known.loc[risky & ~known["risk"].map(high), "profit"].value_counts()
    told = [*joined.to_numpy().ravel(), *watched, len(rows) - len(known)]
    return joined if all(is_tellable(number) for number in told) else None


def _joined(counts: pd.DataFrame) -> dict[str, str]:
    """Row → the name of the run of neighbouring rows, as short as can be, none of whose cells holds few if that can be had."""

    def is_short(run: list[str]) -> bool:
        return not counts.loc[run].sum().map(is_tellable).all()

    runs: list[list[str]] = []
    for row in counts.index:
        if runs and is_short(runs[-1]):
            runs[-1].append(row)
        else:
            runs.append([row])
    if len(runs) > 1 and is_short(runs[-1]):
        runs[-2:] = [runs[-2] + runs[-1]]
    return {row: ", ".join(run) for run in runs for row in run}


def against_independence(counts: pd.DataFrame, shown: pd.DataFrame, rows: Mapping, columns: Mapping) -> pd.DataFrame:
    """A table of counts, and those of them that are shown → the frame of a heat map: value is the count against what independence
    of rows and columns would put there, less 1; `rows` and `columns` name the table's."""
    shares = counts.sum(axis=1).to_numpy()[:, None] * counts.sum().to_numpy() / counts.to_numpy().sum()
    return heat_frame(shown, counts / shares - 1, rows, columns)


def heat_frame(counts: pd.DataFrame, values: pd.DataFrame, rows: Mapping, columns: Mapping) -> pd.DataFrame:
    """Counts and what colours them → the frame of a heat map, every cell in its order; without text or colour where the count is
    missing."""
    cells = [
        {"row": rows[row], "column": columns[column], **_cell(counts.loc[row, column], values.loc[row, column])}
        for row in rows
        for column in columns
        if column in counts
    ]
    return pd.DataFrame(cells, columns=["row", "column", "value", "text"])


def _cell(count: float, value: float) -> dict:
    return {"value": None, "text": None} if pd.isna(count) else {"value": value, "text": say("{count:count}", count=count)}


def _profit_risk_title(counts: pd.DataFrame) -> Message:
    found = cramers_v(counts)
    if not found.low:
        return say("Risk grade and profitability: no relation beyond chance among the companies")
    return say(
        "Risk grade and profitability go together (Cramér's V {value:number}; interval {low:number} to {high:number})",
        value=found.value, low=found.low, high=found.high,
    )  # fmt: skip


def amount_columns(currency: str) -> list[Column]:
    """Assets, loans and contribution, in money."""
    return [Column(name, label, "amount", say("{currency}", currency=currency)) for name, label in AMOUNTS.items()]


def matrix_findings(rows: pd.DataFrame) -> list[Finding]:
    """How finely the four axes cut the book, and whether risk and profitability go together."""
    axes = [name for name in AXES if name in rows]
    if len(axes) < len(AXES):
        return []
    return [*_cells_finding(rows, axes), _risk_profit_finding(rows)]


def _cells_finding(rows: pd.DataFrame, axes: list[str]) -> list[Finding]:
    known = rows[axes].dropna()
    base = told_base(len(known), len(rows))
    if base is None:
        return []
    held = known.groupby(axes, observed=True).size()
    cells = 1
    for name in axes:
        cells *= known[name].nunique()
    full = int((held >= CELL_NEEDED).sum())
    text = say(
        "The four axes make {cells:count} cells. {companies:count} companies stand in {held:count} of them; **{full:count}** hold {needed:count} companies or more. The matrix is shown two axes at a time, and summed up by a rule.",
        cells=cells, companies=base, held=len(held), full=full, needed=CELL_NEEDED,
    )  # fmt: skip
    return [Finding("companies.cells", text, full, base, "count", exhibit="matrix", is_headline=False)]


def _risk_profit_finding(rows: pd.DataFrame) -> Finding:
    found = cramers_v(pd.crosstab(rows["risk"], rows["profit"]))
    numbers = {"value": found.value, "low": found.low, "high": found.high}
    related = say(
        "Risk grade and margin **go together**: Cramér's V {value:number} (interval {low:number} to {high:number}; 0 not at all, 1 wholly).",
        **numbers,
    )
    alone = say(
        "Risk grade and margin show **no relation beyond chance**: Cramér's V {value:number} (interval {low:number} to {high:number}; 0 not at all, 1 wholly). The margin counts expected loss and capital already.",
        **numbers,
    )  # fmt: skip
    return Finding(
        "companies.risk_profit", related if found.low else alone, found.value, told_base(found.base, len(rows)), "number", "association", found.low, found.high,
        exhibit="profit_risk",
    )  # fmt: skip


def lacking(rows: pd.DataFrame, *names: str) -> Message | None:
    """Why an exhibit cannot be made of these columns; None where they are all there."""
    words = {
        "industry": say("The bank's data hold no industry of companies."), "size": say("The bank's data hold no size class."),
        "contribution": say("The bank's data hold no contributions."), "risk": say("The bank's data hold no risk grade."),
        "profit": say("The bank's data hold no contributions, or too short a history of them."),
        "level": say("The bank's data do not say on which level its branches stand."), "loans": say("The bank's data hold no loans."),
        "exposure": say("The bank's data hold no loans."),
        "rule": say("No company has one of the risk grades listed as high (parameter high_risk_grades)."),
    }  # fmt: skip
    return next((words[name] for name in names if name not in rows), None)
