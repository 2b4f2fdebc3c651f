import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from analysis.stats.did import aggregate, fit_penalised, impute, jackknife_influence, moves

FREE = 1e-9


def test_two_groups_and_two_periods_move_in_parallel_on_the_log_odds():
    # events of 1000 rows a cell, by group and period; what the exposed cell would have had follows by hand
    cells = pd.DataFrame({"group": [0, 0, 1, 1], "period": [0, 1, 0, 1], "events": [100, 150, 200, 400]})
    rows = cells.loc[cells.index.repeat(1000)].reset_index(drop=True)
    event = rows.groupby(["group", "period"]).cumcount() < rows["events"]
    design = np.column_stack([np.ones(len(rows)), rows["group"], rows["period"]])
    exposed = ((rows["group"] == 1) & (rows["period"] == 1)).to_numpy()
    found = impute(design, event.to_numpy(), ~exposed, np.full(3, FREE))
    assert found.chance[exposed] == pytest.approx(expit(logit(0.2) + logit(0.15) - logit(0.1)), abs=1e-7)
    assert found.score[exposed] == pytest.approx(0)


def test_group_time_effects_add_up_to_the_published_aggregates():
    # County teen employment, R package did, vignette: group-time effects without covariates, and aggte's simple, dynamic and group
    effects = pd.DataFrame(
        {
            "cohort": [2004] * 4 + [2006] * 4 + [2007] * 4,
            "period": [2004, 2005, 2006, 2007] * 3,
            "value": [-0.0105, -0.0704, -0.1373, -0.1008, 0.0065, -0.0028, -0.0046, -0.0412, 0.0305, -0.0027, -0.0311, -0.0261],
            "size": [20] * 4 + [40] * 4 + [131] * 4,
        }
    )
    found = aggregate(effects)
    assert found["simple"] == pytest.approx(-0.0400, abs=6e-5)
    assert found["by_time"]["value"].tolist() == pytest.approx([-0.0199, -0.0510, -0.1373, -0.1008], abs=1.1e-4)
    assert found["by_cohort"]["value"].tolist() == pytest.approx([-0.0797, -0.0229, -0.0261], abs=6e-5)


def test_leaving_a_cluster_out_in_one_step_is_close_to_fitting_anew():
    random = np.random.default_rng(1)
    x = np.column_stack([np.ones(4000), random.standard_normal(4000)])
    y = random.random(4000) < expit(-2 + 0.7 * x[:, 1])
    cluster = np.arange(4000) % 20
    penalty = np.array([FREE, 4.0])
    found = impute(x, y, np.ones(4000, bool), penalty)
    anew = [fit_penalised(x[cluster != g], y[cluster != g].astype(float), penalty) - found.coefficients for g in range(20)]
    assert moves(x, found, cluster) == pytest.approx(np.array(anew), abs=2e-3)
    assert np.abs(anew).max() > 0.02


def test_the_jackknife_of_a_mean_has_its_classical_variance():
    values = np.array([1.0, 4.0, 2.0, 7.0, 6.0])
    without = (values.sum() - values) / 4
    influence = jackknife_influence(without)
    assert influence.sum() == pytest.approx(0)
    assert (influence**2).sum() * 5 / 4 == pytest.approx(values.var(ddof=1) / 5)


def test_without_an_event_among_the_free_there_is_nothing_to_compare_with():
    with pytest.raises(ValueError, match="nothing to compare with"):
        impute(np.ones((4, 1)), np.array([1, 0, 0, 0]), np.array([False, True, True, True]), np.array([FREE]))
