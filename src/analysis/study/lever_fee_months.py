"""The months before and after a branch's fee rose: leaving of its card holders against what holders without a rise did."""

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from analysis.finding import Exhibit
from analysis.stats.attributable import FEWEST_CLUSTERS, p_value
from analysis.stats.did import aggregate, impute, jackknife_influence, moves
from analysis.stats.intervals import simultaneous
from analysis.study.lever_fee import FeeFound
from analysis.study.lever_fee_panel import FREE
from analysis.wording import Message, say

LEAD_MONTHS, LEAD_EVENTS = 3, 5
EVENTS_NEEDED = 10
LEADS = ((-5, -3), (-2, 0))
LAGS = ((1, 3), (4, 6), (7, 9))


def lead_effect(fee: FeeFound, months: tuple[int, int] = (1 - LEAD_MONTHS, 0), fewest: int = LEAD_EVENTS) -> dict | None:
    """How many times the odds of leaving of holders in these `months` from their branch's rise (0: its month) were those of other holders: value,
    low, high, p (by branch), base (customers). Trends apart before the rise would show here. None where too few left then."""
    if fee.panel is None or fee.imputed is None:
        return None
    rows = fee.panel.rows
    lead = _since(rows).between(*months).to_numpy() & rows["card"].to_numpy()
    free = (~rows["is_exposed"] & rows["is_at_risk"]).to_numpy()
    branch, names = pd.factorize(rows["branch_id"].astype(str))
    if int(rows["gone"].to_numpy()[lead & free].sum()) < fewest or len(names) < FEWEST_CLUSTERS:
        return None
    x = np.column_stack([fee.panel.design, lead.astype(float)])
    found = impute(x, rows["gone"].to_numpy(), free, np.append(fee.panel.penalty, FREE), np.append(fee.imputed.coefficients, 0.0))
    value = float(found.coefficients[-1])
    base = int(rows.loc[lead & free, "customer_id"].nunique())
    return _ratio(value, value + moves(x, found, branch)[:, -1], base)


def lag_effect(fee: FeeFound, months: tuple[int, int], moved: np.ndarray, fewest: int = EVENTS_NEEDED) -> dict | None:
    """How many times as many of the holders struck left in these `months` after the rise as were to be expected without it: as `lead_effect`.
    `moved`: by how much the fit moves without each branch (see `branch_moves`)."""
    if fee.panel is None or fee.imputed is None:
        return None
    rows = fee.panel.rows
    own = _since(rows).between(*months).to_numpy() & (rows["is_exposed"] & rows["is_at_risk"]).to_numpy()
    branch, names = pd.factorize(rows["branch_id"].astype(str))
    observed = np.bincount(branch[own], rows["gone"].to_numpy()[own], len(names))
    if observed.sum() < fewest or len(names) < FEWEST_CLUSTERS:
        return None
    chance = fee.imputed.chance[own]
    expected = np.bincount(branch[own], chance, len(names))
    slope = np.zeros((len(names), fee.panel.design.shape[1]))
    np.add.at(slope, branch[own], fee.panel.design[own] * (chance * (1 - chance))[:, None])
    shift = ((slope.sum(axis=0) - slope) * moved).sum(axis=1)
    without = np.log((observed.sum() - observed) / np.maximum(expected.sum() - expected + shift, 1e-9))
    if not np.isfinite(without).all():
        return None
    return _ratio(float(np.log(observed.sum() / expected.sum())), without, int(rows.loc[own, "customer_id"].nunique()))


def branch_moves(fee: FeeFound) -> np.ndarray:
    """Branches (in order of their first row) × terms: by how much the fit moves without each."""
    return moves(fee.panel.design, fee.imputed, pd.factorize(fee.panel.rows["branch_id"].astype(str))[0])


def fee_months(fee: FeeFound) -> pd.DataFrame:
    """The event study: x (months from the rise, the middle of three), value, low, high (ratios; intervals that hold for all rows at once), p,
    base, is_lead. Periods in which too few left are not in it."""
    if fee.panel is None or fee.imputed is None:
        return pd.DataFrame(columns=["x", "value", "low", "high", "p", "base", "is_lead"])
    moved = branch_moves(fee)
    leads = [(months, lead_effect(fee, months), True) for months in LEADS]
    lags = [(months, lag_effect(fee, months, moved), False) for months in LAGS]
    rows = [
        {"x": sum(months) / 2, **found, "is_lead": is_lead} for months, found, is_lead in [*leads, *lags] if found is not None
    ]
    table = pd.DataFrame(rows, columns=["x", "value", "low", "high", "p", "base", "is_lead"])
    if table.empty:
        return table
    at_once = simultaneous(np.log(table[["value", "low", "high"]].astype(float)))
    return table.assign(**np.exp(at_once))


def fee_cohorts(fee: FeeFound) -> dict[str, pd.DataFrame | float]:
    """How many more of the holders struck left in a month than were to be expected without the rise, a share of those there: `simple`, `by_time`
    and `by_cohort` (the month of the rise) as `did.aggregate` puts effects by cohort and month together."""
    rows = fee.panel.rows.assign(excess=fee.panel.rows["gone"] - fee.imputed.chance)
    own = rows[rows["is_exposed"] & rows["is_at_risk"]].rename(columns={"time": "period"})
    cells = own.groupby(["cohort", "period"])["excess"].agg(value="mean", size="size").reset_index()
    return aggregate(cells)


def fee_months_exhibit(fee: FeeFound | None) -> Exhibit:
    """Leaving by months from the rise, 1 being as expected without it."""
    name, heading = "fee_months", say("Leaving before and after the fee rose")
    reason = why_no_share(fee)
    table = fee_months(fee) if reason is None else pd.DataFrame()
    if reason is None and (table.empty or not table["is_lead"].any() or table["is_lead"].all()):
        reason = say("Too few left in the months before or after the rise to show both.")
    if reason is not None:
        return Exhibit(name, heading, absent=reason)
    leads, lags = table[table["is_lead"]], table[~table["is_lead"]]
    apart = bool(((leads["low"] > 1) | (leads["high"] < 1)).any())
    moved = bool(((lags["low"] > 1) | (lags["high"] < 1)).any())
    return Exhibit(
        name,
        _title(apart, moved),
        say(
            "Card holders whose branch raised its fee: how many times as many left as was to be expected without the rise, by months from it (middle of three; 0 and below: before it could show); band, 95% for all points at once, by branch; 1: as expected"
        ),
        table.assign(series=say("Left against expected"))[["series", "x", "value", "low", "high"]],
        unit="ratio",
        x_label=say("Months from the rise"),
        x_unit="months",
        reference=1.0,
    )  # fmt: skip


def why_no_share(fee: FeeFound | None) -> Message | None:
    """Why there is no share for the fee rise; None where there is one."""
    if fee is None:
        return say("The bank's data tell of no rises of card fees.")
    return {
        "": None,
        "exposed": say("No customer's card fee rose in the window."),
        "central": say("The fee rose on one date for all branches, so that none is left to compare with."),
        "events": say("Too few card holders left after the rise, or too few others, to tell."),
        "clusters": say("Too few branches to tell what differed between them by chance."),
    }[fee.reason]


def _title(apart: bool, moved: bool) -> Message:
    if apart:
        return say("Branches that raised the fee differed before it rose: what came after proves little")
    if moved:
        return say("Before the fee rose leaving was as expected within noise; after it, it was not")
    return say("Before the fee rose leaving was as expected within noise, and after it as well")


def _since(rows: pd.DataFrame) -> pd.Series:
    """Months from the branch's rise (0: its month; NaN: none in the window)."""
    return (rows["time"] - rows["cohort"]).astype(float).where(rows["cohort"] > 0)


def _ratio(value: float, without: np.ndarray, base: int) -> dict:
    influence = jackknife_influence(without)
    size = len(influence)
    spread = float(np.sqrt((influence**2).sum() * size / (size - 1)))
    half = float(stdtrit(size - 1, 0.975)) * spread
    ends = {"value": value, "low": value - half, "high": value + half}
    return {name: float(np.exp(end)) for name, end in ends.items()} | {"p": p_value(value, spread**2, size - 1.0), "base": base}
