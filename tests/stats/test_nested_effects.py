"""The effect on the struck: recovered where the struck differ and where strikes recur; nothing found where there is nothing."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.special import expit

from analysis.stats.did import jackknife_influence
from analysis.stats.nested_effects import (
    HIGHEST_PROPENSITY,
    Effect,
    Trials,
    effect_on_struck,
    foretold,
    ridge_logistic,
    total_of,
    without_each,
)

PERIODS = 6


def lives(subjects: int = 6000, excess: float = 0.0, seed: int = 1, follows: float = 0.0) -> tuple[Trials, float]:
    """Trials of subjects with a trait that makes strikes likelier and events rarer; a strike adds `excess` to the chance of the event in each
    later period; `follows` is added to the log odds of a strike by one before. And the events that came by strikes."""
    rng = np.random.default_rng(seed)
    trait, event = rng.standard_normal(subjects), np.full(subjects, PERIODS + 1)
    free, struck = event.copy(), np.zeros((subjects, PERIODS), bool)
    for period in range(PERIODS):
        before = struck[:, period - 1] if period else np.zeros(subjects, bool)
        struck[:, period] = rng.random(subjects) < expit(-1.5 + trait + follows * before)
        chance, base = rng.random(subjects), 0.04 * np.exp(-trait)
        hit = struck[:, : period + 1].sum(axis=1)
        event = np.where((event > PERIODS) & (chance < base + excess * hit), period + 1, event)
        free = np.where((free > PERIODS) & (chance < base), period + 1, free)
    who, period = np.nonzero((np.arange(PERIODS) < event[:, None]) & (np.arange(PERIODS) >= 0))
    is_struck = struck[who, period]
    before = np.where(period > 0, struck[who, period - 1], False)
    earlier = (np.cumsum(struck, axis=1) - struck)[who, period]
    design = pd.DataFrame(
        {"trait": trait[who], "before": before.astype(float), "earlier": earlier, "period": period.astype(float)}
    )
    risk = np.column_stack([-trait[who], np.log(PERIODS - period)])
    outcome = (event[who] <= PERIODS).astype(float)
    return Trials(who, period, is_struck, outcome, who, design, risk), float((event <= PERIODS).sum() - (free <= PERIODS).sum())


def error_of(found: Effect, trials: Trials) -> float:
    return np.sqrt((jackknife_influence(without_each(found.terms, pd.factorize(trials.subject)[0])) ** 2).sum())


def test_struck_who_are_less_at_risk_do_not_hide_the_effect():
    trials, truth = lives(excess=0.012)
    found = effect_on_struck(trials)
    crude = trials.outcome[trials.struck].mean() - trials.outcome[~trials.struck].mean()
    error = error_of(found, trials)
    assert crude < 0 < found.total
    assert found.total == pytest.approx(truth, abs=2 * error)
    assert error < truth / 3


def test_nothing_is_found_where_there_is_nothing():
    errors = []
    for seed in range(2, 6):
        trials, _ = lives(subjects=2500, seed=seed)
        found = effect_on_struck(trials)
        errors.append(found.total / error_of(found, trials))
    assert np.abs(errors).max() < 3
    assert abs(np.mean(errors)) < 1.5


def test_later_strikes_of_the_spared_do_not_make_the_effect_too_small():
    """Each is struck once in six periods, of which four are seen: who is spared now is struck later."""
    rng = np.random.default_rng(9)
    subjects, seen = 20000, 4
    when, event, free = rng.integers(6, size=subjects), np.full(subjects, 99), np.full(subjects, 99)
    for period in range(seen):
        chance = rng.random(subjects)
        event = np.where((event > seen) & (chance < 0.03 + 0.05 * (when <= period)), period + 1, event)
        free = np.where((free > seen) & (chance < 0.03), period + 1, free)
    who, period = np.nonzero(np.arange(seen) < event[:, None])
    design = pd.get_dummies(pd.DataFrame({"before": when[who] < period, "period": period.astype(str)}), dtype=float)
    outcome = (event[who] <= seen).astype(float)
    trials = Trials(who, period, when[who] == period, outcome, who, design, np.log(seen - period)[:, None].astype(float))
    truth = (event <= seen).sum() - (free <= seen).sum()
    assert effect_on_struck(trials).total == pytest.approx(truth, rel=0.1)


def test_the_struck_without_their_like_are_set_aside_and_told():
    trials, _ = lives(subjects=800)
    sure = trials.design["trait"].to_numpy() > 0
    planted = Trials(
        trials.subject, trials.period, sure, trials.outcome, trials.unit, trials.design.assign(sure=sure * 9.0), trials.risk
    )
    found = effect_on_struck(planted)
    assert found.overlap < 0.2
    assert (found.propensity[sure] > HIGHEST_PROPENSITY).mean() > 0.8


def test_in_a_small_cell_where_all_were_struck_there_is_no_like():
    trials, _ = lives(subjects=800)
    few = np.arange(len(trials.struck)) % 40 == 0
    struck = trials.struck | few
    found = effect_on_struck(replace(trials, struck=struck, cell=few.astype(int)))
    assert found.overlap == pytest.approx(1 - few.sum() / struck.sum(), abs=0.02)


def test_of_the_struck_without_their_like_the_same_share_goes_back_to_it():
    like, alone = [6.0, 0.0, 4.0, 0.0, 0.0], [0.0, 0.0, 0.0, 25.0, 0.0]
    assert total_of(like) == pytest.approx(6.0)
    assert total_of(np.add(like, alone)) == pytest.approx(6.0 + 25.0 * 1.5 / 2.5)


def test_the_jackknife_leaves_out_one_group_at_a_time():
    terms = np.random.default_rng(3).random((30, 5))
    groups = np.arange(30) % 7
    assert without_each(terms, groups)[4] == pytest.approx(float(total_of(terms[groups != 4].sum(axis=0))))


def test_weighting_makes_the_spared_like_the_struck():
    trials, _ = lives(subjects=3000)
    balance = effect_on_struck(trials).balance.set_index("term")
    assert abs(balance.loc["trait", "crude"]) > 0.5
    assert balance["weighted"].abs().max() < 0.1


def test_what_is_foretold_of_a_subject_does_not_know_its_outcome():
    rng = np.random.default_rng(0)
    traits = pd.DataFrame(rng.standard_normal((400, 5)))
    outcome = rng.random(400) < 0.3
    told = foretold(traits, outcome)
    assert abs(np.corrcoef(told, outcome)[0, 1]) < 0.2


def test_the_penalised_fit_is_the_maximum_of_the_penalised_likelihood():
    rng = np.random.default_rng(1)
    x = rng.standard_normal((300, 3))
    y = rng.random(300) < expit(x @ [1.0, -0.5, 0.0] - 0.4)

    def loss(beta):
        odds = beta[0] + x @ beta[1:]
        return np.logaddexp(0, odds).sum() - odds[y].sum() + (beta[1:] ** 2).sum() / 2

    best = minimize(loss, np.zeros(4), tol=1e-12).x
    assert ridge_logistic(x, y, x) == pytest.approx(expit(best[0] + x @ best[1:]), abs=1e-5)
