from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from analysis.stats.reliability import (
    alpha_bootstrap,
    alpha_without,
    average_variance_extracted,
    composite_reliability,
    cronbach_alpha,
    first_component,
    floor_and_ceiling,
    htmt,
)

SURVEY = Path(__file__).parents[3] / "shared" / "data" / "satisfaction"
PREFIXES = {"IMAG": "imag", "EXPE": "expe", "QUAL": "qual", "VAL": "val", "SAT": "sat", "LOY": "loy"}
ALPHA = {"IMAG": 0.830227, "EXPE": 0.846584, "QUAL": 0.871325, "VAL": 0.835723, "SAT": 0.894011, "LOY": 0.819422}


@pytest.fixture(scope="module")
def blocks():
    if not SURVEY.is_dir():
        pytest.skip("the Spanish survey (../shared/data/satisfaction) is not here")
    data = pd.read_csv(SURVEY / "satisfaction.csv")
    return {name: data[[item for item in data if item.startswith(prefix)]] for name, prefix in PREFIXES.items()}


def exact(correlation, rows=200, seed=0):
    """Data whose sample correlation matrix is exactly this."""
    random = np.random.default_rng(seed).standard_normal((rows, len(correlation)))
    white = np.linalg.solve(np.linalg.cholesky(np.cov(random, rowvar=False)), (random - random.mean(axis=0)).T).T
    return white @ np.linalg.cholesky(correlation).T


def test_alpha_of_the_spanish_survey(blocks):
    """R plspm's unidim, TRUTH.md: of standardised items."""
    assert {name: cronbach_alpha(part, True).value for name, part in blocks.items()} == pytest.approx(ALPHA, abs=1e-6)


def test_composite_reliability_of_the_spanish_survey(blocks):
    """R plspm's unidim and inner summary, ../shared/data/satisfaction/reference."""
    theirs = pd.read_csv(SURVEY / "reference" / "satisfaction_unidim.csv", index_col=0)
    rho = {name: composite_reliability(first_component(part)) for name, part in blocks.items()}
    assert rho == pytest.approx(theirs["dillon_goldstein_rho"].to_dict(), abs=1e-6)
    first = {name: len(part.columns) * average_variance_extracted(first_component(part)) for name, part in blocks.items()}
    assert first == pytest.approx(theirs["eig_1st"].to_dict(), abs=1e-6)


def test_alpha_by_hand():
    """Variances 1 and 4, covariance 1.5: 2 · (1 − 5 / 8); standardised, r = .75: 2r / (1 + r) (Spearman and Brown)."""
    data = pd.DataFrame(exact(np.array([[1, 0.75], [0.75, 1]])) * [1, 2], columns=["a", "b"])
    assert cronbach_alpha(data).value == pytest.approx(0.75)
    assert cronbach_alpha(data, standardised=True).value == pytest.approx(1.5 / 1.75)
    assert alpha_bootstrap(data, True, 50, 1).value == pytest.approx(1.5 / 1.75)


def test_without_an_item_alpha_is_that_of_the_others():
    data = pd.DataFrame(np.random.default_rng(2).standard_normal((80, 4)).cumsum(axis=1), columns=list("abcd"))
    without = alpha_without(data, standardised=True)
    for item in data:
        assert without[item] == pytest.approx(cronbach_alpha(data.drop(columns=item), True).value)
    assert alpha_without(data[["a", "b"]]).isna().all()


def parallel(rows, random, correlation=0.5, items=4):
    return pd.DataFrame(
        np.sqrt(correlation) * random.standard_normal((rows, 1))
        + np.sqrt(1 - correlation) * random.standard_normal((rows, items))
    )


def test_feldts_interval_holds_where_its_assumptions_do():
    """400 samples of 40 rows of four normal parallel items: alpha = 4 r / (1 + 3 r) (Spearman and Brown)."""
    truth, held = 4 * 0.5 / 2.5, 0
    for seed in range(1, 401):
        found = cronbach_alpha(parallel(40, np.random.default_rng(seed)))
        held += found.low <= truth <= found.high
    assert binomtest(held, 400, 0.95).pvalue > 0.01


def test_the_bootstraps_interval_is_feldts_where_his_assumptions_hold_and_wider_for_heavy_tails():
    random = np.random.default_rng(1)
    calm = parallel(1000, random)
    wild = calm.mul(np.sqrt(5 / random.chisquare(5, len(calm))), axis=0)
    widths = {}
    for name, data in (("calm", calm), ("wild", wild)):
        feldt, drawn = cronbach_alpha(data), alpha_bootstrap(data, replicates=400, seed=3)
        widths[name] = (drawn.high - drawn.low) / (feldt.high - feldt.low)
    assert widths["calm"] == pytest.approx(1, abs=0.15)
    assert widths["wild"] > 1.25


def test_htmt_is_the_correlation_of_the_factors_where_items_are_equally_good():
    """Loadings .8 and .6, factors correlated .5 (Henseler, Ringle, Sarstedt 2015, equation 6)."""
    loading = np.zeros((5, 2))
    loading[:3, 0], loading[3:, 1] = 0.8, -0.6
    correlation = loading @ np.array([[1, 0.5], [0.5, 1]]) @ loading.T
    np.fill_diagonal(correlation, 1)
    data = pd.DataFrame(exact(correlation, 500), columns=list("abcde"))
    (row,) = htmt(data, {"one": list("abc"), "other": list("de"), "single": ["a"]}, 200, 1).to_dict("records")
    assert (row["first"], row["second"]) == ("one", "other")
    assert row["value"] == pytest.approx(0.5, abs=1e-9)
    assert 0.2 < row["low"] < 0.5 < row["high"] < 0.8


def test_htmt_by_hand_of_unequal_items():
    correlation = np.array([[1, 0.6, 0.3, 0.1], [0.6, 1, 0.4, 0.2], [0.3, 0.4, 1, 0.5], [0.1, 0.2, 0.5, 1]])
    data = pd.DataFrame(exact(correlation), columns=list("abcd"))
    (value,) = htmt(data, {"one": ["a", "b"], "other": ["c", "d"]}, 2)["value"]
    assert value == pytest.approx(0.25 / np.sqrt(0.6 * 0.5))


def test_htmt_has_no_value_where_items_of_a_block_run_against_each_other():
    correlation = np.array([[1, -0.4, 0.1, 0.1], [-0.4, 1, 0.1, 0.1], [0.1, 0.1, 1, 0.5], [0.1, 0.1, 0.5, 1]])
    data = pd.DataFrame(exact(correlation), columns=list("abcd"))
    (row,) = htmt(data, {"one": ["a", "b"], "other": ["c", "d"]}, 20).to_dict("records")
    assert np.isnan([row["value"], row["low"], row["high"]]).all()
    assert htmt(data, {"one": ["a", "b"]}).empty


def test_floor_and_ceiling_count_who_gives_the_same_end_to_all_items():
    data = pd.DataFrame({"a": [1, 1, 10, 10, 10], "recommend": [0, 1, 10, 10, 9]})
    floor, ceiling = floor_and_ceiling(data, [1, 0], [10, 10])
    assert (floor.value, ceiling.value, ceiling.base) == (0.2, 0.4, 5)


def test_what_has_no_reliability_is_refused_in_a_sentence():
    data = pd.DataFrame({"a": [1.0, 2, 3], "b": [2.0, 2, 2], "c": [1.0, np.nan, 2]})
    with pytest.raises(ValueError, match="one item alone has no reliability"):
        cronbach_alpha(data[["a"]])
    with pytest.raises(ValueError, match="items that do not vary: b"):
        cronbach_alpha(data[["a", "b"]])
    with pytest.raises(ValueError, match="1 rows have missing values"):
        alpha_bootstrap(data[["a", "c"]])


def test_htmt_has_no_interval_where_many_samples_have_no_ratio():
    correlation = np.array([[1, 0.05, 0.1, 0.1], [0.05, 1, 0.1, 0.1], [0.1, 0.1, 1, 0.5], [0.1, 0.1, 0.5, 1]])
    data = pd.DataFrame(exact(correlation, 60), columns=list("abcd"))
    (row,) = htmt(data, {"one": ["a", "b"], "other": ["c", "d"]}, 100).to_dict("records")
    assert row["value"] == pytest.approx(0.1 / np.sqrt(0.05 * 0.5))
    assert np.isnan([row["low"], row["high"]]).all()
