"""The family of which the demo bank draws its persons (docs/demo-bank.md, section 4), as a likelihood: fitted by EM for any number of
archetypes, and as the model states it. For studies and tests alone: it knows what no bank can."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import logit, logsumexp
from scipy.stats import gamma, norm

from analysis.bank.demo.calendar import AS_OF_MONTH, last_day
from analysis.bank.demo.people import ARCHETYPES, YOUNGEST

DIGITAL_SPREAD, WEALTH_SPREAD, AGE_SPREAD = 0.9, 0.12, 7.0
LEAST_WEALTH, MOST_WEALTH = 0.03, 0.9
SHAPE, LEAST_BOOKINGS = 4.0, 1.3
YEARS_LATER = 3.0
PARAMETERS = 7
OWNS, CHANCES = "owns_", (0.003, 0.997)
STEPS, ENOUGH = 300, 1e-7


@dataclass(frozen=True)
class Archetypes:
    """One entry an archetype: share, digital (mean log odds), assets (mean log), spread (of log assets), wealth (mean share before it is cut
    to its range), bookings (mean a month), age (mean); owns: archetype × product, the chance of holding it."""

    share: np.ndarray
    digital: np.ndarray
    assets: np.ndarray
    spread: np.ndarray
    wealth: np.ndarray
    bookings: np.ndarray
    age: np.ndarray
    owns: np.ndarray


def stated(names: pd.Index, shares: np.ndarray, owns: np.ndarray) -> Archetypes:
    """The archetypes of that name as the model states them; shares and chances of holding products as given."""
    table = ARCHETYPES.loc[names]
    return Archetypes(
        shares, table["digital_logit"].to_numpy(), np.log(table["assets"].to_numpy()),
        *(table[name].to_numpy() for name in ("assets_spread", "wealth_share", "bookings", "age")), owns,
    )  # fmt: skip


def true_features(people: pd.DataFrame) -> pd.DataFrame:
    """What the model draws of a person: digital (log odds), assets (log), wealth (share), bookings (a month), age (years, as the table of
    archetypes counts them), tenure (years), owns_<product> (0 or 1; from the columns of that name)."""
    day = last_day(AS_OF_MONTH)
    born, opened = (people[name].to_numpy().astype("datetime64[D]") for name in ("birth_date", "opened"))
    return pd.DataFrame(
        {
            "digital": logit(people["digital"].to_numpy()), "assets": np.log(people["assets"].to_numpy()),
            "wealth": people["wealth_share"].to_numpy(), "bookings": people["bookings"].to_numpy(),
            "age": (day - born).astype(float) / 365.25 - YEARS_LATER, "tenure": (day - opened).astype(float) / 365.25,
        }
        | {name: people[name].to_numpy(dtype=float) for name in people if name.startswith(OWNS)}
    )  # fmt: skip


def log_density(rows: pd.DataFrame, family: Archetypes) -> np.ndarray:
    """Person × archetype: log of share times density; what is cut to a range counts with the chance of lying beyond it, and who was grown
    when the relation began is as old as the older of the two ages drawn."""
    x, owned = _columns(rows)
    return (
        np.log(family.share)
        + norm.logpdf(x["digital"], family.digital, DIGITAL_SPREAD)
        + norm.logpdf(x["assets"], family.assets, family.spread)
        + _cut(x["wealth"], family.wealth)
        + _busy(x["bookings"], family.bookings)
        + np.log(sum(_ages(x["age"], x["tenure"], family.age)) + 1e-300)
        + owned @ logit(family.owns).T
        + np.log1p(-family.owns).sum(axis=1)
    )


def _columns(rows: pd.DataFrame) -> tuple[dict[str, np.ndarray], np.ndarray]:
    owns = [name for name in rows if name.startswith(OWNS)]
    return {name: rows[name].to_numpy()[:, None] for name in rows if name not in owns}, rows[owns].to_numpy(dtype=float)


def _cut(wealth: np.ndarray, mean: np.ndarray) -> np.ndarray:
    inside = norm.logpdf(wealth, mean, WEALTH_SPREAD)
    low, high = norm.logcdf(LEAST_WEALTH, mean, WEALTH_SPREAD), norm.logsf(MOST_WEALTH, mean, WEALTH_SPREAD)
    return np.where(wealth <= LEAST_WEALTH, low, np.where(wealth >= MOST_WEALTH, high, inside))


def _busy(bookings: np.ndarray, mean: np.ndarray) -> np.ndarray:
    scale = mean / SHAPE
    low = gamma.logcdf(LEAST_BOOKINGS, SHAPE, scale=scale)
    return np.where(bookings <= LEAST_BOOKINGS, low, gamma.logpdf(bookings, SHAPE, scale=scale))


def _ages(age: np.ndarray, tenure: np.ndarray, mean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Density by the way an age came about: that of the archetype, or that of being grown when the relation began."""
    since = age + YEARS_LATER - YOUNGEST - tenure
    grown, grown_by = gamma.pdf(since, 1.5, scale=2.0), gamma.cdf(since, 1.5, scale=2.0)
    is_young = age <= YOUNGEST + 0.01
    own = np.where(is_young, norm.cdf(YOUNGEST, mean, AGE_SPREAD), norm.pdf(age, mean, AGE_SPREAD)) * grown_by
    return own, np.where(is_young, 0.0, norm.cdf(age, mean, AGE_SPREAD) * grown)


def fit(rows: pd.DataFrame, k: int, seed: int) -> tuple[float, Archetypes]:
    """Log-likelihood and archetypes after EM from k persons drawn at random."""
    random = np.random.default_rng(seed)
    start = rows.iloc[random.choice(len(rows), k, replace=False)]
    family = Archetypes(
        np.full(k, 1 / k), *(start[name].to_numpy() for name in ("digital", "assets")), np.full(k, rows["assets"].std()),
        *(start[name].to_numpy() for name in ("wealth", "bookings", "age")),
        np.tile(_columns(rows)[1].mean(axis=0).clip(*CHANCES), (k, 1)),
    )  # fmt: skip
    before = -np.inf
    for _ in range(STEPS):
        density = log_density(rows, family)
        whole = logsumexp(density, axis=1)
        likelihood = float(whole.sum())
        if likelihood - before < ENOUGH * abs(likelihood):
            break
        before, family = likelihood, _refitted(rows, np.exp(density - whole[:, None]), family)
    return likelihood, family


def _refitted(rows: pd.DataFrame, member: np.ndarray, family: Archetypes) -> Archetypes:
    x, owned = _columns(rows)
    size = member.sum(axis=0) + 1e-9

    def mean(expected):
        return (member * expected).sum(axis=0) / size

    assets = mean(x["assets"])
    own, grown = _ages(x["age"], x["tenure"], family.age)
    ages = np.where(x["age"] <= YOUNGEST + 0.01, _below(YOUNGEST, family.age, AGE_SPREAD), x["age"])
    ages = (own * ages + grown * _below(x["age"], family.age, AGE_SPREAD)) / (own + grown + 1e-300)
    scale = family.bookings / SHAPE
    few = SHAPE * scale * gamma.cdf(LEAST_BOOKINGS, SHAPE + 1, scale=scale) / gamma.cdf(LEAST_BOOKINGS, SHAPE, scale=scale)
    wealth = np.where(x["wealth"] <= LEAST_WEALTH, _below(LEAST_WEALTH, family.wealth, WEALTH_SPREAD), x["wealth"])
    return Archetypes(
        size / size.sum(), mean(x["digital"]), assets, np.sqrt(mean((x["assets"] - assets) ** 2)).clip(0.2), mean(wealth),
        mean(np.where(x["bookings"] <= LEAST_BOOKINGS, few, x["bookings"])), mean(ages),
        (member.T @ owned / size[:, None]).clip(*CHANCES),
    )  # fmt: skip


def _below(limit, mean, spread):
    """The mean of a normal variable, given that it lies below the limit."""
    z = (limit - mean) / spread
    return mean - spread * np.exp(norm.logpdf(z) - norm.logcdf(z))


def oracle_k(rows: pd.DataFrame, ks=range(2, 9), starts: int = 4) -> int:
    """The number of archetypes by which BIC tells the true features best."""
    best = {k: max(fit(rows, k, seed)[0] for seed in range(starts)) for k in ks}
    parameters = PARAMETERS + _columns(rows)[1].shape[1]
    return min(ks, key=lambda k: -2 * best[k] + (parameters * k - 1) * np.log(len(rows)))


def bayes(people: pd.DataFrame) -> np.ndarray:
    """The most probable archetype of each person, given its true features and the model; shares of archetypes and chances of
    holding products as among these people."""
    rows, shares = true_features(people), people["archetype"].value_counts(normalize=True)
    owns = people.groupby("archetype")[[name for name in people if name.startswith(OWNS)]].mean().loc[shares.index]
    model = stated(shares.index, shares.to_numpy(), owns.to_numpy(dtype=float).clip(*CHANCES))
    return shares.index.to_numpy(dtype=str)[log_density(rows, model).argmax(axis=1)]
