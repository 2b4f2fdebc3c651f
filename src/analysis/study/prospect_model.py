"""The chance that a prospect becomes a customer, and what it would bring: two models on what is known at first sight."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit

from analysis.stats.logistic import INTERCEPT, LogisticFit, fit_logistic
from analysis.study.prospect_facts import DAYS_PER_MONTH, UNKNOWN, VALUE_MONTHS, first_year

CONVERSIONS_NEEDED = 50
LEVEL_CONVERSIONS = 10
OTHER = "other"
FLOOR = 0.05
PENALTIES = np.logspace(-1, 4, 16)


@dataclass(frozen=True)
class Levels:
    """The levels of each factor that have a term of their own, and the one each is held against. The rest go with the latter."""

    own: dict[str, list[str]]
    reference: dict[str, str]

    def design(self, facts: pd.DataFrame, with_reference: bool = False) -> pd.DataFrame:
        """0/1 columns named factor:level, of every level that has a term of its own, and on demand of the reference too."""
        chosen = {name: [*own, *([self.reference[name]] if with_reference else [])] for name, own in self.own.items()}
        columns = {f"{name}:{level}": facts[name].eq(level) for name, levels in chosen.items() for level in levels}
        columns = {name: values for name, values in columns.items() if not name.endswith(f":{OTHER}")}
        return pd.DataFrame(columns, index=facts.index).astype(float)


@dataclass(frozen=True)
class ProspectModel:
    """`hazard`: log odds of converting in a month, given not before (terms: `levels` and the month's number); `coefficients`:
    the same, drawn in for prediction. `value`: log of the expected contribution of the first year by term, `intercept` first;
    `worth`: the converted behind it (contribution a year, currency; weight), and their `design`. `day`: nothing later was
    seen."""

    day: dt.date
    horizon_months: int
    levels: Levels
    hazard: LogisticFit
    coefficients: pd.Series
    value: pd.Series
    penalty: float
    design: pd.DataFrame
    worth: pd.DataFrame


def prospect_months(facts: pd.DataFrame, day: dt.date, horizon_months: int) -> pd.DataFrame:
    """One row a prospect and month since first seen that had ended by `day` and began before conversion: row (of `facts`),
    month (0 to horizon − 1), converted (0/1). A prospect whose horizon has not ended counts for the months it has lived
    through (Singer and Willett 1993)."""
    lived = np.floor((pd.Timestamp(day) - facts["seen"]).dt.days / DAYS_PER_MONTH).clip(0, horizon_months)
    last = np.floor(facts["days"] / DAYS_PER_MONTH).fillna(np.inf)
    at_risk = np.minimum(lived, last + 1).clip(lower=0).astype(int).to_numpy()
    row = np.repeat(np.arange(len(facts)), at_risk)
    month = np.arange(len(row)) - np.repeat(np.cumsum(at_risk) - at_risk, at_risk)
    return pd.DataFrame({"row": row, "month": month, "converted": (month == last.to_numpy()[row]).astype(float)})


def fit_prospects(
    facts: pd.DataFrame, monthly: pd.DataFrame, day: dt.date, horizon_months: int, factors: list[str]
) -> ProspectModel | None:
    """Both models on what was known at the end of `day`; None with fewer than CONVERSIONS_NEEDED conversions, or where the
    customers they became have no contribution yet. NotEstimable where the attributes allow no single answer."""
    known = facts[facts["seen"] <= pd.Timestamp(day)].reset_index(drop=True)
    months = prospect_months(known, day, horizon_months)
    events = months.loc[months["converted"] == 1, "row"]
    worth = first_year(known, monthly, day)
    worth = worth[worth["months"] > 0]
    if len(events) < CONVERSIONS_NEEDED or len(worth) < LEVEL_CONVERSIONS:
        return None
    levels = _levels(known, known.index.isin(events), factors)
    rows = levels.design(known).iloc[months["row"]].reset_index(drop=True).assign(**_time(months["month"], horizon_months))
    hazard = fit_logistic(rows, months["converted"])
    design = levels.design(known.loc[worth.index], with_reference=True)
    yearly = worth.assign(weight=worth["months"] / VALUE_MONTHS)
    yearly["contribution"] = yearly["contribution"] / yearly["weight"]
    penalty, value = fit_value(design, yearly)
    return ProspectModel(day, horizon_months, levels, hazard, drawn_in(hazard), value, penalty, design, yearly)


def drawn_in(fit: LogisticFit) -> pd.Series:
    """Coefficients for prediction: those of the attributes are multiplied by 1 − their number ÷ their joint Wald statistic (0 at
    least), as fitted ones are too large for others than those they were fitted on (van Houwelingen and le Cessie 1990); the
    intercept so that as many conversions are expected as there were."""
    terms = [name for name in fit.coefficients.index if ":" in name]
    if not terms:
        return fit.coefficients
    size = fit.coefficients[terms].to_numpy()
    wald = size @ np.linalg.solve(fit.covariance.loc[terms, terms].to_numpy(), size)
    made = fit.coefficients.copy()
    made[terms] = size * max(1 - len(terms) / wald, 0.0)
    rest = fit.design.to_numpy() @ made[fit.design.columns].to_numpy()
    made[INTERCEPT] = brentq(lambda level: expit(level + rest).sum() - fit.events, -50, 50)
    return made


def _levels(facts: pd.DataFrame, converted: np.ndarray, factors: list[str]) -> Levels:
    """A level stands by itself from LEVEL_CONVERSIONS conversions on, and as many who did not convert. It is held against the
    other levels together, or, where these are too few for that, against the largest (which they then go with)."""
    own, reference = {}, {}
    for name in factors:
        asked = facts["kind"].eq("company") if name == "industry" else pd.Series(True, facts.index)
        counts = facts.assign(converted=converted)[asked].groupby(name)["converted"].agg(["sum", "size"])
        enough = np.minimum(counts["sum"], counts["size"] - counts["sum"]) >= LEVEL_CONVERSIONS
        kept = list(counts[enough & (counts.index != UNKNOWN)].sort_values("size", ascending=False, kind="stable").index)
        is_rest = counts["sum"].sum() - counts.loc[kept, "sum"].sum() >= LEVEL_CONVERSIONS
        reference[name] = OTHER if is_rest or not kept else kept[0]
        own[name] = sorted(level for level in kept if level != reference[name])
    return Levels(own, reference)


def _time(month: pd.Series | np.ndarray, horizon_months: int) -> dict[str, np.ndarray]:
    terms = {"month": np.asarray(month, dtype=float), "month_squared": np.asarray(month, dtype=float) ** 2}
    return dict(list(terms.items())[: max(min(horizon_months - 1, 2), 0)])


def fit_value(design: pd.DataFrame, worth: pd.DataFrame) -> tuple[float, pd.Series]:
    """Ridge regression of the logarithm of contribution, which draws every level towards the mean, the more the fewer have it;
    the penalty by leaving each one out in turn (Golub, Heath and Wahba 1979). The intercept is such that the
    expected sum is the observed one (as Duan's smearing, 1983). Amounts below FLOOR × the median count as that on the log
    scale; without a median above 0, or a level, all are expected to bring the mean. Returns penalty and weights."""
    from sklearn.linear_model import RidgeCV

    rows, amount, weight = design.to_numpy(), worth["contribution"].to_numpy(), worth["weight"].to_numpy()
    if not rows.shape[1] or np.median(amount) <= 0 or amount @ weight <= 0:
        return np.inf, pd.Series({INTERCEPT: max(amount @ weight / weight.sum(), 0.0)})
    target = np.log(np.maximum(amount, FLOOR * np.median(amount)))
    penalty = RidgeCV(alphas=PENALTIES).fit(rows, target, sample_weight=weight).alpha_
    return float(penalty), pd.Series(ridge(rows, amount, weight, penalty), index=[INTERCEPT, *design.columns])


def ridge(rows: np.ndarray, amount: np.ndarray, weight: np.ndarray, penalty: float) -> np.ndarray:
    """The weights that `fit_value` gives at a `penalty`, intercept first; at a penalty of infinity the mean alone. Where nothing
    is brought, nothing is expected (an intercept of minus infinity)."""
    total, floor = amount @ weight, FLOOR * np.median(amount[weight > 0])
    if not np.isfinite(penalty):
        return np.array([max(total / weight.sum(), 0.0)])
    if total <= 0 or floor <= 0:
        return np.r_[-np.inf, np.zeros(rows.shape[1])]
    target, centred = np.log(np.maximum(amount, floor)), rows - weight @ rows / weight.sum()
    weighted = centred.T * weight
    slope = np.linalg.solve(weighted @ centred + penalty * np.eye(rows.shape[1]), weighted @ target)
    return np.r_[np.log(total / (np.exp(rows @ slope) @ weight)), slope]


def expected_value(model: ProspectModel, facts: pd.DataFrame) -> np.ndarray:
    """Expected contribution of the first year of each prospect, should it convert (currency)."""
    return values_of(model.value.to_numpy(), model.levels.design(facts, with_reference=True).to_numpy())


def values_of(weights: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The same for `rows` of the design and `weights`, whose first is the intercept."""
    return np.exp(weights[0] + rows @ weights[1:]) if len(weights) > 1 else np.full(len(rows), weights[0])


def propensity(model: ProspectModel, facts: pd.DataFrame, day: dt.date) -> np.ndarray:
    """Chance that a prospect who has not converted by the end of `day` does so within its horizon (which begins when first
    seen). Within a month the chance is spread evenly over its days (a constant hazard)."""
    return chances_of(model.coefficients, model.levels.design(facts), months_left(facts, day, model.horizon_months))


def months_left(facts: pd.DataFrame, day: dt.date, horizon_months: int) -> np.ndarray:
    """Prospects × months since first seen: how much of each month is still to come after `day` (0-1)."""
    age = ((pd.Timestamp(day) - facts["seen"]).dt.days / DAYS_PER_MONTH).to_numpy()
    return 1 - np.clip(age[:, None] - np.arange(horizon_months), 0, 1)


def chances_of(coefficients: pd.Series, design: pd.DataFrame, left: np.ndarray) -> np.ndarray:
    """Chance of converting in the months `left`, for rows of the design."""
    beta, horizon_months = coefficients, left.shape[1]
    base = beta[INTERCEPT] + design.to_numpy() @ beta[design.columns].to_numpy()
    time = _time(np.arange(horizon_months), horizon_months)
    shift = sum((beta[name] * values for name, values in time.items()), np.zeros(horizon_months))
    return -np.expm1((left * np.log1p(-expit(base[:, None] + shift))).sum(axis=1))
