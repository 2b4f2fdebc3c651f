from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from analysis.stats.decomposition import cluster_counts, clusters_of
from analysis.stats.logistic import fit_logistic
from analysis.stats.oaxaca import model_split, one_steps, parts_of_means, reference_of, row_parts, twofold

WAGES = Path(__file__).parents[3] / "shared/data/wages/chicago.csv"
COLUMNS = ["age", "female", "LTHS", "some.college", "college", "advanced.degree"]


def ones(rows):
    return np.column_stack([np.ones(len(rows)), rows])


@pytest.fixture(scope="module")
def wages():
    if not WAGES.exists():
        pytest.skip("../shared/data/wages is not there")
    rows = pd.read_csv(WAGES).dropna()
    parts = [rows[rows["foreign.born"] == value] for value in (1, 0)]
    return [(part[COLUMNS].to_numpy(float), np.exp(part["ln.real.wage"].to_numpy(float))) for part in parts]


def ols(x, y):
    return np.linalg.lstsq(ones(x), y, rcond=None)[0]


def test_chicago_wages_as_in_the_vignette_of_r_oaxaca(wages):
    """Hlavac, R package oaxaca: Neumark explained 1.3557222, Cotton .9984559."""
    (foreign, foreign_wage), (native, native_wage) = wages
    means = ones(foreign).mean(axis=0), ones(native).mean(axis=0)
    own = ols(foreign, foreign_wage), ols(native, native_wage)
    pooled = ols(np.concatenate([foreign, native]), np.concatenate([foreign_wage, native_wage]))
    share = len(native) / (len(native) + len(foreign))
    explained, rest = twofold(means, own, pooled)
    assert explained == pytest.approx(1.3557222, abs=1e-6)
    assert explained + rest == pytest.approx(3.015574, abs=1e-6)
    assert twofold(means, own, share * own[1] + (1 - share) * own[0])[0] == pytest.approx(0.9984559, abs=1e-6)


def test_without_a_link_the_parts_are_those_of_the_linear_split(wages):
    rows, own = [x for x, _ in wages], tuple(ols(*part) for part in wages)
    reference = reference_of(tuple(rows), [[0], [1], [2, 3, 4, 5]])
    parts = parts_of_means(*(row_parts(x, own, reference, lambda index: index).mean(axis=0) for x in rows))
    moved = (rows[1].mean(axis=0) - rows[0].mean(axis=0)) * (own[0] + own[1])[1:] / 2
    assert parts[:3] == pytest.approx([moved[0], moved[1], moved[2:].sum()], abs=1e-9)
    even = (own[0] + own[1]) / 2
    assert parts[:3].sum() == pytest.approx(twofold(tuple(ones(x).mean(axis=0) for x in rows), own, even)[0], abs=1e-9)


def periods(seed=1, rows=1500, rise=0.4, branches=40):
    """Two periods whose second has more of the kind that leaves more, and a level that is higher."""
    random = np.random.default_rng(seed)
    made = []
    for now in (0, 1):
        kind = random.choice(3, rows, p=[0.5, 0.3, 0.2] if not now else [0.3, 0.3, 0.4])
        x = pd.DataFrame({"b": kind == 1, "c": kind == 2, "size": random.normal(10 + 0.3 * now, 1, rows)}).astype(float)
        y = random.random(rows) < expit(-2 + 0.8 * x["c"] - 0.4 * (x["size"] - 10) + rise * now)
        made.append((x, y.astype(float), random.integers(branches, size=rows)))
    return made


GROUPS = {"kind": ["b", "c"], "size": ["size"]}


def split(made, groups=GROUPS, draws=200):
    codes = tuple(part[2] for part in made)
    clusters = clusters_of(np.concatenate(codes))
    return model_split((made[0][0], made[1][0]), (made[0][1], made[1][1]), groups, codes, clusters, draws)


def test_the_parts_add_up_in_the_data_and_in_every_draw():
    found = split(periods())
    assert abs(found.parts["value"].sum() - found.change) < 1e-9
    assert abs(found.residual) < 1e-9
    assert np.abs(found.replicates.sum(axis=1) - found.change_replicates).max() < 1e-9


def test_nothing_hangs_on_the_category_left_out_nor_on_the_zero_of_a_scale():
    made = periods()
    other = [(x.assign(a=1 - x["b"] - x["c"], size=3 * x["size"] - 7)[["a", "c", "size"]], y, codes) for x, y, codes in made]
    here, there = split(made), split(other, {"kind": ["a", "c"], "size": ["size"]})
    assert there.parts["value"].tolist() == pytest.approx(here.parts["value"].tolist(), abs=1e-7)


def test_the_order_of_the_groups_plays_no_role():
    here, there = split(periods()), split(periods(), dict(reversed(GROUPS.items())))
    of = [found.parts.set_index(["block", "group"])["value"] for found in (here, there)]
    assert of[1].reindex(of[0].index).tolist() == pytest.approx(of[0].tolist(), abs=1e-6)


def test_a_period_exchanged_for_the_other_turns_every_sign():
    here, there = split(periods()), split(periods()[::-1])
    assert there.parts["value"].tolist() == pytest.approx((-here.parts["value"]).tolist(), abs=1e-6)


def test_large_samples_show_what_was_planted():
    found = split(periods(rows=60_000), draws=2).parts.set_index(["block", "group"])["value"]
    random = np.random.default_rng(9)
    size, kind = random.normal(10.15, 1, 400_000), random.choice(3, 400_000, p=[0.4, 0.3, 0.3])
    chance = {now: expit(-2 + 0.8 * (kind == 2) - 0.4 * (size - 10) + 0.4 * now) for now in (0, 1)}
    assert found["mix", "kind"] > 0.015
    assert found["mix", "size"] < -0.008
    assert found["unexplained", "unexplained"] == pytest.approx((chance[1] - chance[0]).mean(), abs=0.006)
    assert found["rate"].abs().max() < 0.004


def test_a_step_leads_close_to_the_full_fit_of_a_draw():
    x, y, codes = periods()[0]
    fit = fit_logistic(x, y).coefficients.to_numpy()
    counts = cluster_counts(40, 5, seed=2)
    steps = one_steps(x.to_numpy(), y.to_numpy(), fit, codes, counts)
    for step, count in zip(steps, counts, strict=True):
        drawn = np.repeat(np.arange(len(x)), count[codes].astype(int))
        full = fit_logistic(x.iloc[drawn].reset_index(drop=True), y.iloc[drawn].reset_index(drop=True)).coefficients
        assert np.abs(fit + step - full).max() < 0.15 * max(np.abs(full - fit).max(), 0.02)
