"""Would a quantity that nobody recorded explain what a lever seems to do? How strong it would have to be, beside one that was recorded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.stats.attributable import FEWEST_EVENTS
from analysis.stats.did import fit_penalised
from analysis.stats.hidden import Hidden, hidden_band, strength_to_vanish
from analysis.study.lever_fee_panel import traits_of
from analysis.wording import Message, say

if TYPE_CHECKING:
    from analysis.bank.levers import Struck
    from analysis.stats.attributable import LeverShare

WEAK_PRIOR = 0.1
TRAIT_NAMES = {
    "tenure_months": say("time with the bank"),
    "assets_3m": say("assets"),
    "products_held": say("products held"),
    "digital_share": say("digital use"),
    "age_years": say("age"),
}


def trait_strengths(struck: Struck) -> pd.DataFrame:
    """How strongly each recorded trait goes with leaving and with being struck, all traits at once: lever, trait, on_outcome, on_exposure (log
    odds a standard deviation). Leaving: among customers; being struck: among opportunities, months held equal."""
    people = struck.people
    traits = traits_of(people)
    on_outcome = _slopes(traits, people["left"].to_numpy(dtype=float)) if people["left"].nunique() > 1 else None
    indexed = traits.set_index(people["customer_id"].to_numpy())
    rows = []
    for lever, frame in struck.levers.items():
        if frame["struck"].nunique() < 2 or on_outcome is None or traits.empty:
            continue
        values = indexed.reindex(frame["customer_id"]).reset_index(drop=True).fillna(0.0)
        months = pd.get_dummies(frame["month"].reset_index(drop=True), dtype=float).iloc[:, 1:]
        on_exposure = _slopes(values, frame["struck"].to_numpy(dtype=float), months)
        rows += [
            {"lever": lever, "trait": name, "on_outcome": on_outcome[name], "on_exposure": on_exposure[name]} for name in traits
        ]
    return pd.DataFrame(rows, columns=["lever", "trait", "on_outcome", "on_exposure"])


def hidden_bands(
    struck: Struck, shares: Mapping[str, LeverShare], stated: Mapping[str, tuple[float, float]] | None = None
) -> pd.DataFrame:
    """A row a lever that has a share with an interval: lever, value, low, high, trait (the recorded one that goes most with both sides),
    on_outcome, on_exposure (its strengths, or those `stated`: lever → both), times (as strong as that it must be for the interval to
    reach 0: 0 it does already, infinite), band_low, band_high (the interval widened by a hidden quantity just as strong)."""
    strengths = trait_strengths(struck)
    rows = []
    for lever, share in shares.items():
        found = share.estimate
        own = strengths[strengths["lever"] == lever]
        if found.value is None or found.low is None or own.empty or not share.leavers:
            continue
        strongest = own.loc[(own["on_outcome"] * own["on_exposure"]).abs().idxmax()]
        sides = (stated or {}).get(lever, (strongest["on_outcome"], strongest["on_exposure"]))
        hidden = Hidden(*map(float, sides), exposed=_exposed(struck, lever), risk=float(struck.people["left"].mean()))
        among = max(share.leavers_struck, FEWEST_EVENTS) / share.leavers
        low, high = hidden_band(found, among, hidden)
        rows.append(
            {
                "lever": lever, **found._asdict(), "trait": strongest["trait"], "on_outcome": hidden.on_outcome,
                "on_exposure": hidden.on_exposure, "times": strength_to_vanish(found, among, hidden), "band_low": low, "band_high": high,
            }
        )  # fmt: skip
    names = ["lever", "value", "low", "high", "base", "trait", "on_outcome", "on_exposure", "times", "band_low", "band_high"]
    return pd.DataFrame(rows, columns=names)


def in_words(times: float, trait: str) -> Message:
    """What it takes for the interval to reach 0."""
    name = TRAIT_NAMES.get(trait, say("{name}", name=trait))
    if times == 0:
        return say("nothing: the interval holds 0 as it is")
    if not np.isfinite(times):
        return say("a quantity more than ten times as strong as {trait}, on both sides", trait=name)
    return say("a quantity {times:number.1} times as strong as {trait}, on leaving and on being struck", times=times, trait=name)


def _exposed(struck: Struck, lever: str) -> float:
    return float(struck.levers[lever]["struck"].mean())


def _slopes(traits: pd.DataFrame, outcome: np.ndarray, others: pd.DataFrame | None = None) -> pd.Series:
    """Log odds a standard deviation of each trait, drawn to 0 a little."""
    parts = [np.ones((len(traits), 1)), traits.to_numpy(dtype=float)] + ([] if others is None else [others.to_numpy(dtype=float)])
    x = np.column_stack(parts)
    penalty = np.full(x.shape[1], WEAK_PRIOR)
    return pd.Series(fit_penalised(x, outcome, penalty)[1 : 1 + traits.shape[1]], traits.columns)
