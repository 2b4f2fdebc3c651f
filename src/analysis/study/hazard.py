"""In which month customers leave: a discrete-time hazard model on the panel of customers and months."""

import contextlib
import datetime as dt
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import chi2

from analysis.stats.intervals import Z95
from analysis.stats.logistic import INTERCEPT, LogisticFit, NotEstimable, fit_logistic
from analysis.stats.splines import knots_of, natural_curves
from analysis.study.churn import MAIN_RULE, ChurnRule
from analysis.study.hazard_panel import calendar_quarter, person_months
from analysis.study.warning_model import EVENTS_PER_TERM, TERMS, _varied

CURVED = ("days_silent", "transactions", "assets", "assets_lately", "assets_year", "tenure", "digital")
SEASON = "season"
QUARTERS = (2, 3, 4)
TEST_LEVEL = 0.05


@dataclass(frozen=True)
class HazardFit:
    """`fit`: log odds to leave in a month, of one who has not left before it. Its columns: `after <month>` (1 in months later
    than it since the landmark), the terms, `<term>~<n>` (what bends a term's line, see `stats.splines`) and `season <quarter>`.
    `knots` by curved term; `tested` (term, statistic, degrees, p, is_kept): which curves, and the season, were asked for."""

    fit: LogisticFit
    horizon: int
    knots: dict[str, np.ndarray] = field(default_factory=dict)
    tested: pd.DataFrame | None = None

    @property
    def terms(self) -> list[str]:
        """The model's terms."""
        return [name for name in self.fit.design.columns if name in TERMS]

    @property
    def coefficients(self) -> pd.Series:
        """By term, the slope of its contribution over the rows of the fit: where it bends, in which direction it goes on the whole."""
        design = self.fit.design[self.terms]
        centred = design - design.mean()
        return (centred * self.contributions(design)).sum() / (centred**2).sum()

    def hazards(self, rows: pd.DataFrame) -> np.ndarray:
        """Rows of terms (and `landmark`, else a model with a season takes its average) × month since the landmark: probability to leave in it of
        who has not left before."""
        bent = _bent(rows, self.knots)
        return np.column_stack([self._hazard(rows, bent, month) for month in range(1, self.horizon + 1)])

    def predict(self, rows: pd.DataFrame) -> pd.Series:
        """Probability to leave within the horizon: 1 − the product of (1 − hazard)."""
        return pd.Series(1 - np.prod(1 - self.hazards(rows), axis=1), index=rows.index, name="probability")

    def contributions(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Each term's part in a row's log odds of leaving in a month, against the average row of the fit, its bends included:
        they add up to the row's log odds less the average's, whatever the month."""
        fit = self.fit
        parts = _bent(rows, self.knots)[self._of_terms()]
        parts = (parts - fit.design[parts.columns].mean()) * fit.coefficients[parts.columns]
        owner = [name.split("~")[0] for name in parts]
        return parts.T.groupby(owner, sort=False).sum().T[self.terms]

    def _of_terms(self) -> list[str]:
        return [name for name in self.fit.design.columns if name.split("~")[0] in TERMS]

    def _hazard(self, rows: pd.DataFrame, bent: pd.DataFrame, month: int) -> pd.Series:
        whole = bent.assign(**_steps(self.fit.design.columns, month))
        seasons = [name for name in self.fit.design.columns if name.startswith(SEASON)]
        if seasons and "landmark" in rows:
            whole = whole.assign(**_seasons(calendar_quarter(rows["landmark"], month)))
        elif seasons:
            whole = whole.assign(**self.fit.design[seasons].mean())
        return self.fit.predict(whole)


def hazard_model(
    history: dict[dt.date, pd.DataFrame], landmarks: list[dt.date], rule: ChurnRule, outcome: str = MAIN_RULE
) -> HazardFit | None:
    """The model on these landmarks, whose horizons have ended; None where leavers are too few for it. Curves and the season are
    kept where they differ from none beyond noise, all asked at once (Wald's test, robust to customers who recur, Bonferroni)."""
    return fit_hazard(person_months(history, landmarks, rule, outcome), rule.horizon_months)


def fit_hazard(rows: pd.DataFrame, horizon: int) -> HazardFit | None:
    """The same on rows of `person_months`."""
    terms, later = _varied(rows), _later_months(rows, horizon)
    if not terms:
        return None
    knots = {name: at for name in CURVED if name in terms and len(at := knots_of(rows[name]))}
    first = _estimated(rows, _whole(rows, terms, knots, later, with_season=True))
    if first is None:
        plain = _estimated(rows, _whole(rows, terms, {}, later, with_season=False))
        return plain and HazardFit(plain, horizon)
    tested = _tested(first)
    kept = set(tested.loc[tested["is_kept"], "term"])
    knots = {name: at for name, at in knots.items() if name in kept}
    final = _estimated(rows, _whole(rows, terms, knots, later, with_season=SEASON in kept))
    return final and HazardFit(final, horizon, knots, tested)


def _estimated(rows: pd.DataFrame, whole: pd.DataFrame) -> LogisticFit | None:
    """None where leavers are too few for so many columns, or allow no single answer."""
    if rows["outcome"].sum() >= EVENTS_PER_TERM * whole.shape[1]:
        with contextlib.suppress(NotEstimable):
            return fit_logistic(whole, rows["outcome"], clusters=rows["customer_id"])
    return None


def baseline(model: HazardFit) -> pd.DataFrame:
    """Month since the landmark → hazard of a customer of average terms: x (month), value, low, high (95 %, robust)."""
    fit, rows = model.fit, []
    average = fit.design.mean()
    for month in range(1, model.horizon + 1):
        row = pd.Series({INTERCEPT: 1.0, **average, **_steps(fit.design.columns, month)})[fit.coefficients.index]
        odds, half = row @ fit.coefficients, Z95 * np.sqrt(row @ fit.covariance @ row)
        rows.append((month, *expit([odds, odds - half, odds + half])))
    return pd.DataFrame(rows, columns=["x", "value", "low", "high"])


def _tested(fit: LogisticFit) -> pd.DataFrame:
    groups: dict[str, list[str]] = {}
    for name in fit.design.columns:
        if "~" in name or name.startswith(SEASON):
            groups.setdefault(name.split("~")[0].split(" ")[0], []).append(name)
    rows = []
    for name, columns in groups.items():
        value = fit.coefficients[columns].to_numpy()
        statistic = float(value @ np.linalg.solve(fit.covariance.loc[columns, columns].to_numpy(), value))
        rows.append((name, statistic, len(columns), float(chi2.sf(statistic, len(columns)))))
    table = pd.DataFrame(rows, columns=["term", "statistic", "degrees", "p"])
    return table.assign(is_kept=table["p"] < TEST_LEVEL / max(len(table), 1))


def _whole(rows: pd.DataFrame, terms: list[str], knots, later: list[int], with_season: bool) -> pd.DataFrame:
    steps = {f"after {month}": (rows["month"] > month).astype(float) for month in later}
    bent = _bent(rows[terms], knots)
    whole = pd.concat([pd.DataFrame(steps, index=rows.index), bent], axis=1)
    if not with_season:
        return whole
    seasons = pd.DataFrame(_seasons(rows["quarter"]), index=rows.index)
    return pd.concat([whole, seasons.loc[:, seasons.nunique() > 1]], axis=1)


def _later_months(rows: pd.DataFrame, horizon: int) -> list[int]:
    """Months after which the hazard has a level of its own: as many as leave enough leavers between two of them."""
    events = rows.loc[rows["outcome"] == 1, "month"].value_counts()
    later, since = [], 0
    for month in range(1, horizon):
        since += events.get(month, 0)
        rest = events[events.index > month].sum()
        if since >= EVENTS_PER_TERM and rest >= EVENTS_PER_TERM:
            later, since = [*later, month], 0
    return later


def _bent(rows: pd.DataFrame, knots: dict[str, np.ndarray]) -> pd.DataFrame:
    """The terms, each followed by what bends it."""
    columns = {}
    for name in (term for term in TERMS if term in rows):
        columns[name] = rows[name].to_numpy(dtype=float)
        if name in knots:
            bends = natural_curves(rows[name], knots[name])
            columns |= {f"{name}~{number + 1}": bends[:, number] for number in range(bends.shape[1])}
    return pd.DataFrame(columns, index=rows.index)


def _steps(columns: pd.Index, month: int) -> dict[str, float]:
    return {name: float(month > int(name.split()[1])) for name in columns if name.startswith("after ")}


def _seasons(quarter: pd.Series) -> dict[str, pd.Series]:
    return {f"{SEASON} {number}": (quarter == number).astype(float) for number in QUARTERS}
