"""What the customers of a group would say on average, and in which groups the low predictions gather."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.stats.intervals import Estimate, mean_by_group, mean_t
from analysis.stats.pooling import between_share, grouped
from analysis.study.disclosed import hidden
from analysis.study.satisfaction_frame import BY_STAFF, DIGITAL_SHARES, age_groups, digital_share
from analysis.study.satisfaction_unasked import Unasked, branch_codes, expected, predict, scaled, triggers
from analysis.study.survey import windows
from analysis.wording import Message, say

LOW_SHARE = 0.1
GROUPS_NEEDED = 2
DIGITAL = (say("Seldom digital"), say("Partly digital"), say("Mostly digital"))

Groups = Mapping[Message, pd.Series]


@dataclass(frozen=True)
class UnaskedGroups:
    """Mean mark that all customers would give (`whole`), by group (`means`, see `group_means`), of those who `answered` in the period,
    and where the lowest predictions gather (`low`, see `low_shares`)."""

    whole: Estimate
    answered: Estimate
    means: pd.DataFrame
    low: pd.DataFrame


def unasked_by_group(
    found: Unasked | None,
    groups: Groups,
    surveys: pd.DataFrame,
    invitations: pd.DataFrame | None,
    as_of: dt.date,
    months: int = 12,
    seed: int = 7,
) -> UnaskedGroups | None:
    """The model's groups beside those who answered in the `months` up to `as_of` (each customer's last answer, those that staff asked
    for left out); None where the model is not better than the mean alone beyond doubt. `groups`: heading → label by customer_id."""
    if found is None or not found.predicts:
        return None
    kept = surveys[triggers(surveys, invitations) != BY_STAFF]
    recent = windows(kept, as_of, months)[0].dropna(subset=["customer_id", "overall"])
    means = group_means(found, groups, recent, seed)
    return UnaskedGroups(whole_mean(found, seed), mean_t(recent["overall"]), means, low_shares(found, groups))


def unasked_groups(features: pd.DataFrame, branches: pd.DataFrame | None = None) -> dict[Message, pd.Series]:
    """Features of one landmark → further ways to divide customers (see `groups.customer_groups`): age, use of channels (share of a
    year's own transactions by app and web: up to a third, up to two thirds, more), region (city of the branch, of the canonical
    `branches`)."""
    held, ways = features.set_index("customer_id"), {}
    if "age_years" in held:
        ways[say("Age")] = age_groups(features)
    share = digital_share(held)
    if share is not None:
        place = pd.Series(np.digitize(share.fillna(0), DIGITAL_SHARES, right=True), held.index).where(share.notna())
        ways[say("Use of channels")] = place.map(dict(enumerate(DIGITAL))).astype(pd.CategoricalDtype(list(DIGITAL)))
    if branches is not None and "branch_id" in held and "city" in branches:
        city = held["branch_id"].map(branches.set_index("branch_id")["city"]).dropna()
        named = {name: say("{name}", name=name) for name in sorted(city.unique())}
        ways[say("Region")] = city.map(named).astype(pd.CategoricalDtype(list(named.values())))
    return {heading: labels for heading, labels in ways.items() if labels.nunique() >= GROUPS_NEEDED}


def whole_mean(found: Unasked, seed: int = 7) -> Estimate:
    """Mean mark that all customers would give, were all asked: the model's mean with its prediction interval."""
    return _estimate(*_mean_draws(found, np.ones((1, len(found.customers))), np.zeros(1), seed))[0]


def group_means(found: Unasked, groups: Groups, recent: pd.DataFrame, seed: int = 7) -> pd.DataFrame:
    """Predicted mean mark of each group's customers, were all asked: label, group, value, low, high, base (customers), answered,
    answered_low, answered_high, answers (of `recent`, one row a customer who answered: customer_id, overall).

    The prediction interval holds the model's error, how far groups of the kind depart from the model beyond it, and the chance of
    single customers. Groups of few customers are left out, answered means of few answers too."""
    rows = []
    for number, (heading, labels) in enumerate(groups.items()):
        names, member = _membership(labels, found.customers.index)
        if len(names) < GROUPS_NEEDED:
            continue
        apart = np.full(len(names), departure(found, labels))
        made = _estimate(*_mean_draws(found, member, apart, seed + number))
        said = mean_by_group(recent["customer_id"].map(labels.astype(str)), recent["overall"])
        said = (
            said[~hidden(said["base"])]
            .set_index("label")
            .set_axis(["answered", "answered_low", "answered_high", "answers"], axis=1)
        )
        table = pd.DataFrame(made).assign(label=names, group=heading, name=[str(name) for name in names])
        rows.append(table.join(said, on="name")[~hidden(table["base"])])
    columns = ["label", "group", "value", "low", "high", "base", "answered", "answered_low", "answered_high", "answers"]
    return pd.concat(rows, ignore_index=True)[columns] if rows else pd.DataFrame(columns=columns)


def departure(found: Unasked, labels: pd.Series) -> float:
    """Standard deviation (marks) between groups' true means and what the model expects of them, from the residuals of those who
    answered (see `stats.pooling`); 0 with fewer than three groups."""
    residuals = pd.Series(found.model.fit.residuals)
    of = grouped(found.answers["customer_id"].map(labels.astype(str)), residuals)
    if of is None:
        return 0.0
    share = between_share(of).value
    return float(np.sqrt(of.within * share / (1 - share)))


def low_shares(found: Unasked, groups: Groups) -> pd.DataFrame:
    """Of each group's customers the share among the LOW_SHARE of all with the lowest predictions: label, group, value, low, high, base
    (customers), customer_share (of all customers), low_share (of all low predictions).

    Averaged over what the model's coefficients may be, so that a doubtful order is not read as sure; groups with few of them hidden."""
    ways = {heading: _membership(labels, found.customers.index) for heading, labels in groups.items()}
    ways = {heading: (names, member) for heading, (names, member) in ways.items() if len(names) >= GROUPS_NEEDED}
    if not ways:
        return pd.DataFrame(columns=["label", "group", "value", "low", "high", "base", "customer_share", "low_share"])
    counts = np.array([_low_counts(found, ways, draw) for draw in found.model.draws])
    rows, start = [], 0
    for heading, (names, member) in ways.items():
        own, sizes = counts[:, start : start + len(names)], member.sum(axis=1)
        start += len(names)
        low, high = np.quantile(own / sizes, [0.025, 0.975], axis=0)
        inside = {"customer_share": sizes / len(found.customers), "low_share": own.mean(axis=0) / low_count(found)}
        value = own.mean(axis=0) / sizes
        table = pd.DataFrame(
            {"label": names, "group": heading, "value": value, "low": low, "high": high, "base": sizes, **inside}
        )
        rows.append(table[~hidden(np.round(own.mean(axis=0)))])
    return pd.concat(rows, ignore_index=True).astype({"base": int})


def low_count(found: Unasked) -> int:
    """How many customers are the LOW_SHARE with the lowest predictions."""
    return max(round(LOW_SHARE * len(found.customers)), 1)


def _low_counts(found: Unasked, ways: dict, draw: np.ndarray) -> np.ndarray:
    marks = expected(found.model, *_places(found), draw)
    count = low_count(found)
    is_low = np.zeros(len(marks))
    is_low[np.argpartition(marks, count - 1)[:count]] = 1.0
    return np.concatenate([member @ is_low for _, member in ways.values()])


def _places(found: Unasked) -> tuple[np.ndarray, np.ndarray]:
    return scaled(found.model, found.customers), branch_codes(found.model, found.customers)


def _membership(labels: pd.Series, customers: pd.Index) -> tuple[list[Message], np.ndarray]:
    """Labels in their order and, groups × customers, who is in which; empty groups are left out."""
    own = labels.reindex(customers)
    order = (
        list(labels.cat.categories)
        if isinstance(labels.dtype, pd.CategoricalDtype)
        else sorted(labels.dropna().unique(), key=str)
    )
    text = own.astype(str).to_numpy()
    names = [name for name in order if (text == str(name)).any()]
    return names, np.array([text == str(name) for name in names], dtype=float).reshape(len(names), len(customers))


def _mean_draws(found: Unasked, member: np.ndarray, apart: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each group's predicted mean, draws of what it may be (draws × groups), and sizes."""
    random, sizes = np.random.default_rng(seed), member.sum(axis=1)
    columns, codes = _places(found)
    places = len(found.model.branches)
    by_branch = np.array([np.bincount(codes[codes >= 0], own[codes >= 0], places) for own in member])
    rows = np.column_stack([member @ columns, by_branch]) / sizes[:, None]
    single = np.sqrt(found.model.fit.residual / sizes + apart**2)
    noise = single * random.standard_normal((len(found.model.draws), len(sizes)))
    return member @ predict(found.model, found.customers) / sizes, found.model.draws @ rows.T + noise, sizes


def _estimate(value: np.ndarray, draws: np.ndarray, sizes: np.ndarray) -> list[Estimate]:
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    return [Estimate(*map(float, row[:3]), int(row[3])) for row in zip(value, low, high, sizes, strict=True)]
