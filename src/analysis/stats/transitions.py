"""Moves between exclusive states: transition matrix with standard errors, tests of the Markov property, forecast of a book."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import chdtrc
from scipy.stats import chi2_contingency

from analysis.stats.intervals import Z95

REPLICATES = 2000


class ChiSquare(NamedTuple):
    """A test's chi-square `statistic`, its `degrees` of freedom, and its probability `p` if the null hypothesis holds."""

    statistic: float
    degrees: int
    p: float


@dataclass(frozen=True)
class Forecast:
    """`expected` (group × state) and `draws` (replicate, group, state) of how many subjects are in each state at the end; the
    last group are the arrivals."""

    expected: pd.DataFrame
    draws: np.ndarray


def transition_matrix(before, after, states: Sequence, subject=None) -> pd.DataFrame:
    """Pairs of states, a pair a row (as pooled over periods) → one row a pair of `states`: from, to, count, base (rows that
    were in `from`), value (their share that is in `to` later: Anderson and Goodman 1957), se, low, high.

    `se` is the multinomial one; where the rows' `subject` is given, subjects recurring, that of a ratio of sums over subjects
    (linearised: Cochran 1977, 6.4), right for chains that differ between subjects. Intervals are Wilson's, at n ÷ design effect
    (Korn and Graubard 1998), never narrower than without recurring. Rows with a missing state are left out; a state that
    nobody was in has no shares (NaN)."""
    pairs = _known(states, before=before, after=after)
    rows = np.arange(len(pairs)) if subject is None else pd.factorize(np.asarray(subject)[pairs.index])[0]
    size = len(states)
    count = _counted(pairs["before"], pairs["after"], size)
    base = np.broadcast_to(count.sum(axis=1, keepdims=True), count.shape).astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = count / base
        multinomial = value * (1 - value) / base
        variance = multinomial if subject is None else _clustered(pairs, rows, count, value)
        effect = np.fmax(variance / np.where(multinomial > 0, multinomial, np.nan), 1.0)
        low, high = _wilson(value, base / effect)
    names = pd.MultiIndex.from_product([states, states], names=["from", "to"])
    columns = {"count": count, "base": base.astype(int), "value": value, "se": np.sqrt(variance), "low": low, "high": high}
    return pd.DataFrame({name: numbers.ravel() for name, numbers in columns.items()}, index=names).reset_index()


def order_test(first, second, third, states: Sequence) -> ChiSquare:
    """Does the state two periods ago say anything beyond the last one? Chi-square test of a first-order against a second-order
    chain (Anderson and Goodman 1957, section 3.3): independence of first and third state within each second one."""
    triples = _known(states, first=first, second=second, third=third)
    return _summed(
        [_independence(_counted(own["first"], own["third"], len(states))) for _, own in triples.groupby("second", sort=True)]
    )


def homogeneity(before, after, period, states: Sequence) -> pd.DataFrame:
    """Are the shares alike in all periods? One row a state: from, statistic, degrees, base (mean number in the state a period),
    dispersion (statistic ÷ degrees; 1 is chance alone, 1 where nothing can be compared). Anderson and Goodman 1957, 3.2."""
    pairs = _known(states, before=before, after=after)
    when = pd.factorize(np.asarray(period)[pairs.index], sort=True)[0]
    size, rows = len(states), []
    for code, state in enumerate(states):
        own = (pairs["before"] == code).to_numpy()
        table = np.zeros((when.max(initial=0) + 1, size), dtype=int)
        np.add.at(table, (when[own], pairs["after"].to_numpy()[own]), 1)
        test = _independence(table)
        dispersion = test.statistic / test.degrees if test.degrees else 1.0
        rows.append((state, test.statistic, test.degrees, table.sum() / len(table), dispersion))
    return pd.DataFrame(rows, columns=["from", "statistic", "degrees", "base", "dispersion"])


def homogeneity_test(table: pd.DataFrame) -> ChiSquare:
    """The test of all states at once, of a `homogeneity` table."""
    return _summed([ChiSquare(row["statistic"], row["degrees"], 1.0) for _, row in table.iterrows()])


def as_array(matrix: pd.DataFrame, states: Sequence, column: str = "value") -> np.ndarray:
    """A `transition_matrix` → its `column`, from × to; a state that nobody was in is kept by whoever is."""
    wide = (
        matrix.pivot(index="from", columns="to", values=column).reindex(index=states, columns=states).to_numpy(float, copy=True)
    )
    empty = np.isnan(wide).any(axis=1)
    wide[empty] = np.eye(len(states))[empty] if column == "value" else 0.0
    return wide


def forecast(
    now: pd.DataFrame,
    matrix: pd.DataFrame,
    arrivals: pd.DataFrame,
    steps: int = 1,
    between: pd.DataFrame | None = None,
    replicates: int = REPLICATES,
    seed: int = 7,
) -> Forecast:
    """How many subjects of each group are in each state `steps` periods on. `now` has a row a group and a column a state;
    `arrivals` a row an observed period and a column a state (how many newcomers were in it at the period's end).

    Drawn are: the shares of `matrix` (Dirichlet at its counts ÷ design effect), their change from period to period where
    `between` (a `homogeneity` table) shows more than chance (Dirichlet-multinomial: Mosimann 1962), each subject's move
    (multinomial), and newcomers (Poisson, at the mean of the periods seen, itself uncertain; overdispersed if the periods
    are). Subjects move on by the last state alone."""
    random, states = np.random.default_rng(seed), list(now.columns)
    share = as_array(matrix, states)
    wobble = np.ones(len(states)) if between is None else between.set_index("from")["dispersion"].reindex(states).to_numpy(float)
    wobble = np.fmax(wobble, 1.0)
    shares = _dirichlet(random, np.repeat(_weights(matrix, states, wobble)[None], replicates, axis=0))
    firm = _firmness(between, states, wobble)
    rate = _rates(random, arrivals[states], replicates)
    stock = np.repeat(np.vstack([now.to_numpy(), np.zeros((1, len(states)))])[None], replicates, axis=0).astype(np.int64)
    mean = np.vstack([now.to_numpy(), np.zeros((1, len(states)))]).astype(float)
    for _ in range(steps):
        moving = _of_period(random, shares, firm)
        stock = random.multinomial(stock, moving[:, None]).sum(axis=2)
        stock[:, -1] += random.poisson(rate())
        mean = mean @ share
        mean[-1] += arrivals[states].mean().to_numpy()
    return Forecast(pd.DataFrame(mean, index=[*now.index, "arrivals"], columns=states), stock)


def _known(states: Sequence, **columns) -> pd.DataFrame:
    """Codes of states, by position; rows with a state missing or unknown left out."""
    codes = {
        name: pd.Categorical(np.asarray(values, dtype=object), categories=list(states)).codes for name, values in columns.items()
    }
    frame = pd.DataFrame(codes)
    return frame[(frame >= 0).all(axis=1)].astype(int)


def _counted(row: pd.Series, column: pd.Series, size: int) -> np.ndarray:
    return np.bincount(row.to_numpy() * size + column.to_numpy(), minlength=size * size).reshape(size, size)


def _clustered(pairs: pd.DataFrame, subject: np.ndarray, count: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Variance of each share: sum over subjects of (own count − share × own base)², ÷ base², from the sums of its three terms."""
    size = len(count)
    cell = subject.astype(np.int64) * size * size + pairs["before"].to_numpy() * size + pairs["after"].to_numpy()
    cells, own = np.unique(cell, return_counts=True)
    rows, place = np.unique(cells // size, return_inverse=True)
    own_base = np.bincount(place, weights=own)
    flat, state = cells % (size * size), rows % size
    squared = np.bincount(flat, weights=own.astype(float) ** 2, minlength=size * size).reshape(size, size)
    mixed = np.bincount(flat, weights=own * own_base[place], minlength=size * size).reshape(size, size)
    bases = np.bincount(state, weights=own_base**2, minlength=size)[:, None]
    subjects = np.bincount(state, minlength=size)[:, None].astype(float)
    deviation = squared - 2 * value * mixed + value**2 * bases
    return np.fmax(deviation, 0.0) / count.sum(axis=1, keepdims=True).astype(float) ** 2 * subjects / (subjects - 1)


def _wilson(value: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    centre = (value * n + Z95**2 / 2) / (n + Z95**2)
    half = Z95 / (n + Z95**2) * np.sqrt(value * (1 - value) * n + Z95**2 / 4)
    return np.where(value == 0, 0.0, centre - half), np.where(value == 1, 1.0, centre + half)


def _independence(table: np.ndarray) -> ChiSquare:
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    if min(table.shape) < 2:
        return ChiSquare(0.0, 0, 1.0)
    return ChiSquare(*_plain(chi2_contingency(table, correction=False)))


def _plain(test) -> tuple[float, int, float]:
    return float(test.statistic), int(test.dof), float(test.pvalue)


def _summed(tests: Sequence[ChiSquare]) -> ChiSquare:
    statistic, degrees = sum(test.statistic for test in tests), int(sum(test.degrees for test in tests))
    return ChiSquare(float(statistic), degrees, float(chdtrc(degrees, statistic)) if degrees else 1.0)


def _weights(matrix: pd.DataFrame, states: list, wobble: np.ndarray) -> np.ndarray:
    """Dirichlet weights of each state's shares: counts ÷ (design effect of the row + dispersion − 1), and one subject spread over
    the states that somebody moved to."""
    count, value, se = (as_array(matrix, states, column) for column in ("count", "value", "se"))
    base = count.sum(axis=1)
    chance = (value * (1 - value)).sum(axis=1) / np.fmax(base, 1)
    effect = np.fmax(np.divide((se**2).sum(axis=1), chance, out=np.ones(len(states)), where=chance > 0), 1.0)
    seen = (value > 0) / np.fmax((value > 0).sum(axis=1, keepdims=True), 1)
    return count / (effect + wobble - 1)[:, None] + seen


def _dirichlet(random: np.random.Generator, weights: np.ndarray) -> np.ndarray:
    drawn = random.standard_gamma(weights)
    whole = drawn.sum(axis=-1, keepdims=True)
    return np.where(whole > 0, drawn / np.where(whole > 0, whole, 1), weights / weights.sum(axis=-1, keepdims=True))


def _firmness(between: pd.DataFrame | None, states: list, wobble: np.ndarray) -> np.ndarray:
    """Dirichlet weight of a period's shares about their mean, by state: infinite where periods differ by chance alone."""
    if between is None:
        return np.full(len(states), np.inf)
    base = between.set_index("from")["base"].reindex(states).to_numpy(float)
    return np.where(wobble > 1, np.fmax((base - 1) / np.where(wobble > 1, wobble - 1, 1) - 1, 1.0), np.inf)


def _of_period(random: np.random.Generator, shares: np.ndarray, firm: np.ndarray) -> np.ndarray:
    changing = np.isfinite(firm)
    moved = shares.copy()
    if changing.any():
        moved[:, changing] = _dirichlet(random, shares[:, changing] * firm[changing][:, None])
    return moved


def _rates(random: np.random.Generator, arrivals: pd.DataFrame, replicates: int):
    """A function that draws each state's mean number of newcomers for one more period."""
    periods, total = len(arrivals), arrivals.sum(axis=1)
    mean = total.mean()
    wobble = max(1.0, total.var(ddof=1) / mean) if periods > 1 and mean > 0 else 1.0
    shape = max(total.sum() / wobble, 1e-9)
    level = random.gamma(shape, wobble / periods, size=(replicates, 1))
    split = _dirichlet(random, np.repeat(arrivals.sum().to_numpy(float)[None] + 1e-9, replicates, axis=0))

    def of_period() -> np.ndarray:
        if wobble == 1:
            return level * split
        spread = mean / (wobble - 1)
        return level * random.gamma(spread, 1 / spread, size=(replicates, 1)) * split

    return of_period
