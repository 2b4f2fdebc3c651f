"""The open prospects of today: how many are likely to become customers, and what they would bring."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.stats.intervals import Estimate, percentile_interval
from analysis.study.prospect_facts import is_mature
from analysis.study.prospect_model import ProspectModel, chances_of, expected_value, months_left, propensity, ridge, values_of
from analysis.study.prospect_policy import chosen

DRAWS = 250


@dataclass(frozen=True)
class Outlook:
    """`open`: prospects who have not converted and whose horizon has not ended: prospect_id, the factors, propensity, value,
    expected (propensity × value), is_best (among the `capacity` highest expected; a part where they tie). Estimates with 95 %
    prediction intervals for the best and for all."""

    open: pd.DataFrame
    conversions: dict[str, Estimate]
    contribution: dict[str, Estimate]


def outlook(model: ProspectModel, facts: pd.DataFrame, as_of: dt.date, capacity: int, seed: int) -> Outlook:
    """What is expected of the prospects open at `as_of` within their horizon (conversions) and in the first year of those who
    convert (contribution, currency).

    The intervals hold for the sums that will be seen, not for their means: coefficients are drawn from their normal
    approximation, the converted behind the value model anew, who converts by chance, and what each brings as the residuals
    scatter. The best are those of the model as it stands."""
    pool = facts[facts["days"].isna() & ~is_mature(facts, as_of, model.horizon_months)].reset_index(drop=True)
    chance, value = propensity(model, pool, as_of), expected_value(model, pool)
    pool = pool.assign(propensity=chance, value=value, expected=chance * value)
    pool = pool.assign(is_best=chosen(pool["expected"].to_numpy(), capacity))
    weights = {"best": pool["is_best"].to_numpy(), "all": np.ones(len(pool))}
    conversions, contribution = _drawn(model, pool, as_of, weights, seed)
    return Outlook(
        pool,
        {who: percentile_interval(weights[who] @ chance, drawn, round(weights[who].sum())) for who, drawn in conversions.items()},
        {
            who: percentile_interval(weights[who] @ pool["expected"], drawn, round(weights[who].sum()))
            for who, drawn in contribution.items()
        },
    )


def _drawn(model: ProspectModel, pool: pd.DataFrame, as_of: dt.date, weights: dict[str, np.ndarray], seed: int) -> tuple:
    random, names, worth = np.random.default_rng(seed), model.coefficients.index, model.worth
    beta = random.multivariate_normal(model.coefficients, model.hazard.covariance.loc[names, names], DRAWS)
    design, rows = model.levels.design(pool), model.levels.design(pool, with_reference=True).to_numpy()
    behind, amount, weight = model.design.to_numpy(), *worth[["contribution", "weight"]].to_numpy().T
    left, (scatter, likely) = months_left(pool, as_of, model.horizon_months), _scatter(model)
    totals = np.zeros((2, len(weights), DRAWS))
    for draw in range(DRAWS):
        converts = random.random(len(pool)) < chances_of(pd.Series(beta[draw], index=names), design, left)
        counts = np.bincount(random.integers(len(worth), size=len(worth)), minlength=len(worth))
        value = ridge(behind, amount, weight * counts, model.penalty)
        brought = values_of(value, rows) * random.choice(scatter, len(pool), p=likely) * converts
        for place, whom in enumerate(weights.values()):
            totals[:, place, draw] = whom @ converts, whom @ brought
    return tuple(dict(zip(weights, part, strict=True)) for part in totals)


def _scatter(model: ProspectModel) -> tuple[np.ndarray, np.ndarray]:
    """What converted prospects brought ÷ what the model expects of them, and how likely each is drawn; their mean is 1."""
    fitted, amount = values_of(model.value.to_numpy(), model.design.to_numpy()), model.worth["contribution"].to_numpy()
    likely = fitted * model.worth["weight"].to_numpy()
    likely = likely / likely.sum() if likely.sum() > 0 else np.full(len(fitted), 1 / len(fitted))
    return np.divide(amount, fitted, out=np.zeros_like(amount), where=fitted > 0), likely
