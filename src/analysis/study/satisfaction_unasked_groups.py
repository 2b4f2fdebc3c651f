"""What the customers of a group would say on average, and in which groups low marks would gather."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.stats.intervals import Estimate, mean_by_group, mean_t
from analysis.stats.pooling import between_share, grouped
from analysis.study.disclosed import hidden, told_base
from analysis.study.satisfaction_frame import BY_STAFF, DIGITAL_SHARES, age_groups, digital_share
from analysis.study.satisfaction_unasked import Unasked, branch_codes, expected, predict, scaled, triggers
from analysis.study.survey import windows
from analysis.wording import Message, say

LOW_BELOW = 6.5
LOW_COLUMNS = ["label", "group", "value", "low", "high", "base", "gap", "gap_low", "gap_high", "customer_share", "low_share"]
GROUPS_NEEDED = 2
DIGITAL = (say("Seldom digital"), say("Partly digital"), say("Mostly digital"))

Groups = Mapping[Message, pd.Series]


@dataclass(frozen=True)
class UnaskedGroups:
    """Mean mark that all customers would give (`whole`), by group (`means`, see `group_means`), of those who `answered` in the period,
    and the share of low marks of all (`all_low`) and by group (`low`), see `low_shares`."""

    whole: Estimate
    answered: Estimate
    means: pd.DataFrame
    all_low: Estimate
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
    return UnaskedGroups(whole_mean(found, seed), mean_t(recent["overall"]), means, *low_shares(found, groups, seed))


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
    rows, ways = [], _ways(found, groups)
    for number, (heading, labels) in enumerate(groups.items()):
        if heading not in ways:
            continue
        names, member = ways[heading]
        apart = np.full(len(names), departure(found, labels))
        made = _estimate(*_mean_draws(found, member, apart, seed + number))
        said = mean_by_group(recent["customer_id"].map(labels.astype(str)), recent["overall"])
        said = (
            said[~hidden(said["base"])]
            .set_index("label")
            .set_axis(["answered", "answered_low", "answered_high", "answers"], axis=1)
        )
        table = pd.DataFrame(made).assign(label=names, group=heading, name=[str(name) for name in names])
        rows.append(table.join(said, on="name")[~_is_hidden(heading, ways)])
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


def low_shares(found: Unasked, groups: Groups, seed: int = 7) -> tuple[Estimate, pd.DataFrame]:
    """Share of marks of 6 or less expected of all customers, were all asked; and of each group's: label, group, value, low, high, base
    (customers), gap, gap_low, gap_high (share less that of all), customer_share (of all customers), low_share (of all low marks).

    A customer's share is that of the answers' residuals that, with the prediction, lie below LOW_BELOW: predictions alone vary far less
    than marks. The interval holds the model's error, the draw of the residuals and how far groups of the kind depart from the model;
    not the chance of single customers. Groups of which few low marks are expected are hidden."""
    ways = _ways(found, groups)
    apart = [departure(found, groups[heading]) for heading in ways]
    members = [member for _, member in ways.values()]
    draws = _low_draws(found, members, apart, seed)
    residuals, marks = np.sort(found.model.fit.residuals), predict(found.model, found.customers)
    whole, *values = _low_by_group(marks, residuals, members, [0.0 * own[:, 0] for own in members])
    all_low = _estimate(whole, draws[0], np.array([len(marks)]))[0]
    rows = [pd.DataFrame(columns=LOW_COLUMNS)]
    for (heading, (names, member)), value, drawn in zip(ways.items(), values, draws[1:], strict=True):
        sizes = member.sum(axis=1)
        table = pd.DataFrame(_estimate(value, drawn, sizes)).assign(label=names, group=heading)
        table["gap"] = value - whole
        table["gap_low"], table["gap_high"] = np.quantile(drawn - draws[0], [0.025, 0.975], axis=0)
        table["customer_share"], table["low_share"] = sizes / len(marks), value * sizes / (whole * len(marks))
        rows.append(table.loc[~hidden(np.round(value * sizes)) & ~_is_hidden(heading, ways), LOW_COLUMNS])
    return all_low, pd.concat(rows[1:] or rows, ignore_index=True)


def _low_draws(found: Unasked, members: list[np.ndarray], apart: list[float], seed: int) -> list[np.ndarray]:
    """What the share of low marks may be of all (draws × 1) and of the groups of each way (draws × groups)."""
    random, places, residuals = np.random.default_rng(seed), _places(found), found.model.fit.residuals
    codes = pd.factorize(found.answers["customer_id"])[0]
    made = []
    for draw in found.model.draws:
        picked = np.bincount(random.integers(codes.max() + 1, size=codes.max() + 1), minlength=codes.max() + 1)
        again = np.sort(np.repeat(residuals, picked[codes]))
        moves = [spread * random.standard_normal(len(own)) for spread, own in zip(apart, members, strict=True)]
        made.append(_low_by_group(expected(found.model, *places, draw), again - again.mean(), members, moves))
    return [np.array(own) for own in zip(*made, strict=True)]


def _low_by_group(
    marks: np.ndarray, residuals: np.ndarray, members: list[np.ndarray], moves: list[np.ndarray]
) -> list[np.ndarray]:
    """Mean share of low marks of all, and of each way's groups, their marks moved by `moves`; `residuals` in order."""
    made = [np.array([low_chance(marks, residuals).mean()])]
    for member, move in zip(members, moves, strict=True):
        made.append(member @ low_chance(marks + move @ member, residuals) / member.sum(axis=1))
    return made


def low_chance(marks: np.ndarray, residuals: np.ndarray) -> np.ndarray:
    """Share of the `residuals`, in order, with which each expected mark comes to a mark of 6 or less."""
    return np.searchsorted(residuals, LOW_BELOW - marks, side="left") / len(residuals)


def _ways(found: Unasked, groups: Groups) -> dict[Message, tuple[list[Message], np.ndarray]]:
    """The `_membership` of each way that divides the customers at all."""
    ways = {heading: _membership(labels, found.customers.index) for heading, labels in groups.items()}
    return {heading: (names, member) for heading, (names, member) in ways.items() if len(names) >= GROUPS_NEEDED}


def _is_hidden(heading: Message, ways: Mapping[Message, tuple[list[Message], np.ndarray]]) -> np.ndarray:
    """Which groups of a way are of few customers, or would give few away: where the groups of one way add up to a little less than those
    of another, or than all (a few customers of unknown age, say), the smallest is hidden."""
    sizes = ways[heading][1].sum(axis=1)
    is_hidden = hidden(sizes)
    wholes = [ways[heading][1].shape[1], *(member.sum() for _, member in ways.values())]
    if not is_hidden.any() and told_base(sizes.sum(), *wholes) is None:
        is_hidden[sizes.argmin()] = True
    return is_hidden


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
