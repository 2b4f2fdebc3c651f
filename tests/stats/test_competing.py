"""Figures: R cmprsk / Stata stcompet as quoted in statsmodels' own tests (test_survfunc.py, test_incidence); the vignette "compete" of R
survival for mgus2."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtri
from scipy.stats import binomtest
from statsmodels.duration.survfunc import CumIncidenceRight

from analysis.stats.competing import aalen_johansen, gray, incidence_at, one_minus_survival
from analysis.stats.survival import kaplan_meier, log_rank

TIMES = [1, 1, 2, 4, 4, 4, 6, 6, 7, 8, 9, 9, 9, 1, 2, 2, 4, 4]
KINDS = ["a", "a", "a", "b", "b", "b", "c", "c", "c", *[None] * 9]
MGUS2 = Path(__file__).parents[3] / "shared" / "data" / "mgus2" / "mgus2.csv"


@pytest.fixture
def late():
    random = np.random.default_rng(3)
    entry = random.uniform(0, 8, 400) * (random.random(400) < 0.8)
    time = random.exponential(5, 400)
    kind = random.choice(["a", "b", "c"], 400, p=[0.5, 0.3, 0.2]).astype(object)
    seen = time > entry
    time, kind, entry = time[seen], kind[seen], entry[seen]
    kind[time > entry + 3] = None
    return np.minimum(time, entry + 3), kind, entry


def error_of(curve: pd.DataFrame) -> np.ndarray:
    """The standard error that the log-log limits were made of."""
    value = curve["value"]
    return np.log(np.log(curve["low"]) / np.log(value)) / ndtri(0.975) * value * np.abs(np.log(value))


def test_shares_are_those_of_cmprsk_and_errors_those_of_stata_stcompet():
    curves = aalen_johansen(TIMES, KINDS)
    last = {name: curve.iloc[-1]["value"] for name, curve in curves.items()}
    assert last == pytest.approx({"a": 0.17037037, "b": 0.20740741, "c": 0.26666667}, abs=1e-8)
    errors = [error_of(curves[name][curves[name]["value"] > 0]).iloc[[0, -1]] for name in "abc"]
    expected = [[0.07407407, 0.08976251], [0.10610391, 0.10610391], [0.11196147, 0.12787781]]
    assert np.array(errors) == pytest.approx(np.array(expected), abs=1e-8)


def test_without_late_entry_it_is_statsmodels(late):
    time, kind, _ = late
    theirs = CumIncidenceRight(time, pd.Series(kind).map({"a": 1, "b": 2, "c": 3}).fillna(0).astype(int).to_numpy())
    for name, value in zip("abc", theirs.cinc, strict=True):
        assert aalen_johansen(time, kind)[name]["value"].to_numpy() == pytest.approx(value, abs=1e-12)


def test_the_kinds_and_those_left_add_up_to_one_with_late_entry_too(late):
    time, kind, entry = late
    curves = aalen_johansen(time, kind, entry)
    kept = kaplan_meier(time, ~pd.isna(kind), entry)["survival"].to_numpy()
    assert sum(curve["value"].to_numpy() for curve in curves.values()) + kept == pytest.approx(1, abs=1e-12)
    assert curves["a"]["at_risk"].iloc[0] < len(time)


def test_one_kind_alone_is_one_minus_kaplan_meier_with_greenwoods_error(late):
    time, kind, entry = late
    only = np.where(pd.isna(kind), None, "a")
    ours, theirs = aalen_johansen(time, only, entry)["a"], kaplan_meier(time, ~pd.isna(kind), entry)
    assert ours["value"].to_numpy() == pytest.approx(1 - theirs["survival"].to_numpy(), abs=1e-12)
    spread = np.log(np.log(theirs["low"]) / np.log(theirs["survival"])) / ndtri(0.975)
    greenwood = spread * np.abs(np.log(theirs["survival"])) * theirs["survival"]
    shown = ours["value"].between(1e-9, 1 - 1e-9)
    assert error_of(ours[shown]).to_numpy() == pytest.approx(greenwood[shown].to_numpy(), rel=1e-8)


def test_one_minus_kaplan_meier_says_too_much_and_its_kinds_add_up_to_more(late):
    time, kind, entry = late
    curves = aalen_johansen(time, kind, entry)
    alone = {name: one_minus_survival(time, kind, name, entry)["value"].to_numpy() for name in curves}
    for name, curve in curves.items():
        assert (alone[name] >= curve["value"].to_numpy() - 1e-12).all()
    assert sum(value[-1] for value in alone.values()) > sum(curve["value"].iloc[-1] for curve in curves.values()) + 0.1


def test_a_share_is_unknown_after_the_last_one_seen_and_nothing_before_the_first_event():
    curve = aalen_johansen(TIMES, KINDS)["b"]
    assert incidence_at(curve, 10).value is None
    assert incidence_at(curve, 3) == (0.0, None, None, 18)
    assert incidence_at(curve, 5).value == pytest.approx(0.20740741, abs=1e-8)


def test_intervals_cover_with_late_entry():
    hits, told, runs, truth = 0, 0, 200, 0.5 * (1 - np.exp(-0.8))
    for seed in range(runs):
        random = np.random.default_rng(seed)
        entry, time = random.uniform(0, 6, 600) * (random.random(600) < 0.8), random.exponential(5, 600)
        kind = random.choice(["a", "b"], 600).astype(object)
        kind[time > entry + 2] = None
        seen = time > entry
        found = incidence_at(aalen_johansen(np.minimum(time, entry + 2)[seen], kind[seen], entry[seen])["a"], 4.0)
        hits += found.low <= truth <= found.high
        told += 1
    assert binomtest(hits, told, 0.95).pvalue > 0.01


def test_grays_test_keeps_its_level_where_the_other_event_differs_as_the_cause_specific_one_cannot():
    """Both groups have the same share with event a by every time; in the second the other event comes early, so that its hazard of
    a among those left is higher."""
    found, specific, runs = 0, 0, 300
    for seed in range(runs):
        random = np.random.default_rng(seed)
        group = np.repeat([0, 1], 150)
        is_a = random.random(300) < 0.3
        other = np.where(group == 0, random.uniform(0.8, 1, 300), random.uniform(0, 0.2, 300))
        time = np.where(is_a, random.uniform(0, 1, 300), other)
        kind = np.where(is_a, "a", "b").astype(object)
        found += gray(time, kind, "a", group, 1.0).p < 0.05
        specific += log_rank(time, kind == "a", group).p < 0.05
    assert binomtest(found, runs, 0.05).pvalue > 0.01
    assert specific > runs / 2


@pytest.mark.skipif(not MGUS2.exists(), reason="mgus2 of R survival is not in ../shared/data")
def test_months_in_state_of_mgus2_are_those_of_the_vignette_compete_of_r_survival():
    table = pd.read_csv(MGUS2)
    progressed = table["pstat"].eq(1)
    time = table["ptime"].where(progressed, table["futime"]).astype(float)
    kind = np.where(progressed, "pcm", np.where(table["death"].eq(1), "death", None))
    expected = {"F": {"pcm": 1.323284, "death": 8.823108}, "M": {"pcm": 1.064693, "death": 10.260294}}
    for sex, states in expected.items():
        own = table["sex"].eq(sex).to_numpy()
        for name, years in states.items():
            curve = aalen_johansen(time[own], kind[own])[name]
            curve = curve[curve["time"] <= 240]
            lasted = np.diff(np.append(curve["time"], 240))
            assert (curve["value"] * lasted).sum() / 12 == pytest.approx(years, abs=1e-6)
