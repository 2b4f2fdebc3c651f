"""What the ranking of customers by contribution hangs on: each component of contribution varied by a stated share."""

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from analysis.errors import UserError
from analysis.finding import Column, Exhibit, Finding
from analysis.study.disclosed import is_tellable, told, told_base
from analysis.study.value_components import CHARGES, COMPONENTS, CONTRIBUTION, signed_components
from analysis.wording import Message, say

SPREAD = 0.25
TENTHS = 10
TOP = 1 / TENTHS
CUSTOMERS_NEEDED = 100
TOGETHER = "together"
LABELS = {**COMPONENTS, TOGETHER: say("All charges together")}
NEEDED = say("A ranking needs {needed:count} customers with contribution in two components or more.", needed=CUSTOMERS_NEEDED)


def rankings(customers: pd.DataFrame, spread: float = SPREAD) -> pd.DataFrame:
    """Feature rows → one row each component (and all charges together): component, label, value (share of contribution of
    the top tenth as it is), low and high (the same with the component `spread` lower and higher), moved_share (customers
    whose tenth changes), left_share (of the top tenth, who no longer belong to it), correlation (Spearman's rank
    correlation with the ranking as it is); of the last three the worse of lower and higher. What moves most comes first."""
    if not 0 < spread < 1:
        raise UserError(f"spread is {spread}; it must lie between 0 and 1, such as 0.25.")
    parts = signed_components(customers)
    whole = parts.sum(axis=1).to_numpy()
    rows = []
    for name, part in _varied(parts).items():
        trials = [_compared(whole, whole + step * part.to_numpy()) for step in (-spread, spread)]
        worst = {
            "moved_share": max(trial["moved_share"] for trial in trials),
            "left_share": max(trial["left_share"] for trial in trials),
            "correlation": min(trial["correlation"] for trial in trials),
        }
        ends = {end: trial["top_share"] for end, trial in zip(("low", "high"), trials, strict=True)}
        rows.append({"component": name, "label": LABELS[name], "value": _top_share(whole), **ends, **worst})
    return pd.DataFrame(rows).sort_values("moved_share", ascending=False, kind="stable", ignore_index=True)


def can_rank(customers: pd.DataFrame) -> bool:
    """Whether the feature rows hold a contribution of at least two components, for enough customers, with a total above zero."""
    if CONTRIBUTION not in customers or customers[CONTRIBUTION].notna().sum() < CUSTOMERS_NEEDED:
        return False
    parts = signed_components(customers)
    return parts.ne(0).any().sum() > 1 and float(parts.sum().sum()) > 0


def _varied(parts: pd.DataFrame) -> pd.DataFrame:
    moving = parts.loc[:, parts.ne(0).any()]
    charges = [name for name in moving if name in CHARGES]
    return moving.assign(**{TOGETHER: moving[charges].sum(axis=1)}) if len(charges) > 1 else moving


def _compared(before: np.ndarray, after: np.ndarray) -> dict[str, float]:
    earlier, later = _tenth(before), _tenth(after)
    top = earlier == TENTHS
    return {
        "top_share": _top_share(after),
        "moved_share": float((earlier != later).mean()),
        "left_share": float((later[top] != TENTHS).mean()),
        "correlation": float(np.corrcoef(rankdata(before), rankdata(after))[0, 1]),
    }


def _tenth(amounts: np.ndarray) -> np.ndarray:
    rank = rankdata(amounts, method="ordinal")
    return np.ceil(rank * TENTHS / len(amounts)).astype(int)


def _top_share(amounts: np.ndarray) -> float:
    return float(amounts[_tenth(amounts) == TENTHS].sum() / amounts.sum())


def tornado_exhibit(table: pd.DataFrame, spread: float) -> Exhibit:
    """The share of the top tenth as each component moves, widest first."""
    width = (table["high"] - table["low"]).abs()
    frame = table.assign(width=width).sort_values("width", ascending=False, kind="stable", ignore_index=True)
    widest = frame.iloc[0]
    return Exhibit(
        name="tornado",
        title=say(
            "The top tenth's share of contribution stays between {low:share} and {high:share}, whichever component is {spread:share.0} lower or higher",
            low=frame[["low", "high"]].min(axis=None), high=frame[["low", "high"]].max(axis=None), spread=spread,
        ),
        subtitle=say(
            "Share of contribution of the tenth of customers who bring most, ranked anew each time, as each component is {spread:share.0} lower (grey) and higher (blue) for everybody; the range is assumed, not estimated",
            spread=spread,
        ),
        frame=frame[["label", "low", "high", "value"]],
        reference=float(widest["value"]),
    )  # fmt: skip


def ranking_exhibit(table: pd.DataFrame, spread: float, base: int) -> Exhibit:
    """How many customers change their tenth."""
    shown = table.assign(
        moved=[_told_share(share, base) for share in table["moved_share"]],
        left=[_told_share(share, _top_size(base)) for share in table["left_share"]],
    )
    return Exhibit(
        name="ranking",
        title=_ranking_title(table.iloc[0], spread, base),
        subtitle=say(
            "Customers ranked by contribution and cut into tenths, each component {spread:share.0} lower or higher, whichever moves more; rank correlation is Spearman's, 1 being the same order",
            spread=spread,
        ),
        frame=shown,
        columns=(
            Column("label", say("Component")),
            Column("moved", say("Change their tenth"), None, say("% of customers")),
            Column("left", say("Leave the top tenth"), None, say("% of the top tenth")),
            Column("correlation", say("Rank correlation"), "number.3", say("0 to 1")),
            Column("low", say("Top tenth, component lower"), "share", say("% of contribution")),
            Column("high", say("Top tenth, component higher"), "share", say("% of contribution")),
        ),
    )  # fmt: skip


def ranking_findings(table: pd.DataFrame, spread: float, base: int, customers: int = 0) -> list[Finding]:
    """The share of customers who change their tenth, component by component; the first is the one that moves most. The base is not
    told where it lies close below the number of all `customers`."""
    return [
        Finding(
            f"value.ranking.{row['component']}",
            say(
                "{component}, {spread:share.0} lower or higher: up to **{moved:share}** of customers change their tenth by contribution, and {left} of the top tenth leave it.",
                component=row["label"], spread=spread, moved=row["moved_share"], left=_told_share(row["left_share"], _top_size(base)),
            ),
            float(row["moved_share"]), told_base(base, customers), "share", exhibit="ranking", is_headline=place == 0,
        )
        for place, (_, row) in enumerate(table.iterrows()) if is_tellable(round(row["moved_share"] * base))
    ]  # fmt: skip


def _top_size(base: int) -> int:
    return base - int(np.floor(base * (TENTHS - 1) / TENTHS))


def _told_share(share: float, base: int) -> Message:
    count = round(share * base)
    return say("{share:share}", share=share) if is_tellable(count) else told(count)


def _ranking_title(row: pd.Series, spread: float, base: int) -> Message:
    if not is_tellable(round(row["moved_share"] * base)):
        return say("Hardly a customer changes its tenth, whichever component moves")
    return say(
        "{component}, {spread:share.0} lower or higher: up to {moved:share} of customers change their tenth, more than with any other component",
        component=row["label"], spread=spread, moved=row["moved_share"],
    )  # fmt: skip
