"""Customers as the lifetime model sees them, the model fitted, and what it expects of them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.stats.lifetime import expected_purchases, fit_bg_nbd, probability_alive, probability_of_purchase
from analysis.stats.likelihood import LikelihoodFit
from analysis.stats.logistic import NotEstimable
from analysis.stats.spending import expected_amount, fit_gamma_gamma
from analysis.study.disclosed import told
from analysis.study.tiers import tier_of
from analysis.wording import Message, say

DAYS_PER_WEEK = 7.0
PAYERS_NEEDED = 200
HORIZON_MONTHS = 12
DORMANT_DAYS = 180
LOW_ALIVE = 0.5
BANDS = {
    "under_30": (0, 30, say("up to 29 days")),
    "under_90": (30, 90, say("30 to 89 days")),
    "under_180": (90, DORMANT_DAYS, say("90 to 179 days")),
    "silent": (DORMANT_DAYS, np.inf, say("180 days and more")),
}


@dataclass(frozen=True)
class LifetimeModel:
    """BG/NBD of the payment days, and Gamma-Gamma of the amount paid on such a day."""

    purchases: LikelihoodFit
    amounts: LikelihoodFit


def payers(features: pd.DataFrame, tiers: Mapping[str, float]) -> pd.DataFrame:
    """Feature rows of a landmark → one row a customer who ever paid, by customer_id: frequency (payment days after the first),
    recency and age (weeks, see `stats.lifetime`), purchases (payment days), mean (amount a payment day), paid (amount, of all
    time), silent_days, band (of BANDS), is_open, tier (missing where the bank states no edges), contribution (of twelve months;
    missing where it is not brought)."""
    known = features[features["payment_days"].gt(0) & features["payments_total"].gt(0)].set_index("customer_id")
    days, first, last, paid = (
        known[name].astype(float) for name in ("payment_days", "first_payment_days", "last_payment_days", "payments_total")
    )
    edges = [start for start, *_ in BANDS.values()]
    has_tiers = bool(tiers) and "assets_3m" in known
    return pd.DataFrame(
        {
            "frequency": days - 1, "recency": (first - last) / DAYS_PER_WEEK, "age": first / DAYS_PER_WEEK,
            "purchases": days, "mean": paid / days, "paid": paid, "silent_days": last,
            "band": pd.cut(last, [*edges, np.inf], labels=list(BANDS), right=False),
            "is_open": known["closed_date"].isna(),
            "tier": tier_of(known["assets_3m"], tiers).astype(str) if has_tiers else None,
            "contribution": known["contribution_12m"].astype(float) if "contribution_12m" in known else np.nan,
        },
        index=known.index,
    )  # fmt: skip


def why_no_model(features: pd.DataFrame) -> Message | None:
    """Why the bank's data do not allow the model, if they do not."""
    if "payment_days" not in features:
        return say("The bank brings no transactions.")
    repeating = int(features["payment_days"].gt(1).sum())
    if repeating < PAYERS_NEEDED:
        return say(
            "Customers who paid on two days or more: {n}; a lifetime model needs {needed:count}.",
            n=told(repeating), needed=PAYERS_NEEDED,
        )  # fmt: skip
    return None


def fit_model(customers: pd.DataFrame) -> LifetimeModel | Message:
    """`payers`, closed ones too (their silence tells how customers stop) → the model, or why there is none."""
    try:
        return LifetimeModel(fit_bg_nbd(customers), fit_gamma_gamma(customers))
    except NotEstimable:
        return say(
            "The payments do not allow a lifetime model: too few customers fall silent, or their silence cannot be told from a slow pace."
        )


def expectations(model: LifetimeModel, customers: pd.DataFrame, weeks: float) -> pd.DataFrame:
    """Of each of the `payers`, for the `weeks` after the landmark: alive (probability), expected_again (probability of a payment),
    expected_days (payment days), expected_paid (amount)."""
    parameters = model.purchases.parameters
    days = expected_purchases(parameters, customers, weeks)
    columns = {
        "alive": probability_alive(parameters, customers),
        "expected_again": probability_of_purchase(parameters, customers, weeks),
        "expected_days": days,
        "expected_paid": days * expected_amount(model.amounts.parameters, customers),
    }
    return pd.DataFrame(columns, index=customers.index)


def ranges(table: pd.DataFrame) -> list[Message | None]:
    """The intervals (low, high: shares) in words, None where there is none."""
    known = table[["low", "high"]].to_numpy()
    return [say("{low:share} to {high:share}", low=low, high=high) if np.isfinite(low) else None for low, high in known]
