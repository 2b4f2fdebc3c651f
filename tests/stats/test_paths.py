from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.stats.paths import SCHEMES, Design, path_model, path_model_bootstrap, path_model_of_covariance

SURVEY = Path(__file__).parents[3] / "shared" / "data" / "satisfaction"
PREFIXES = {"IMAG": "imag", "EXPE": "expe", "QUAL": "qual", "VAL": "val", "SAT": "sat", "LOY": "loy"}
ARROWS = (
    ("IMAG", "EXPE"), ("IMAG", "SAT"), ("IMAG", "LOY"), ("EXPE", "QUAL"), ("EXPE", "VAL"), ("EXPE", "SAT"), ("QUAL", "VAL"),
    ("QUAL", "SAT"), ("VAL", "SAT"), ("SAT", "LOY"),
)  # fmt: skip
CHAIN = {"a": ["a1", "a2"], "b": ["b1", "b2"], "c": ["c1", "c2"]}
TRIANGLE = (("a", "b"), ("b", "c"), ("a", "c"))


@pytest.fixture(scope="module")
def survey():
    if not SURVEY.is_dir():
        pytest.skip("the Spanish survey (../shared/data/satisfaction) is not here")
    data = pd.read_csv(SURVEY / "satisfaction.csv")
    blocks = {name: [item for item in data if item.startswith(prefix)] for name, prefix in PREFIXES.items()}
    return data, Design(blocks, ARROWS, scaled=False)


def reference(name):
    return pd.read_csv(SURVEY / "reference" / name, index_col=0)


def chain(rows=400, seed=1, noise=1.0):
    """a → b → c and a → c, two items each."""
    random = np.random.default_rng(seed)
    a = random.standard_normal(rows)
    b = 0.7 * a + random.standard_normal(rows)
    c = 0.5 * b - 0.4 * a + random.standard_normal(rows)
    columns = {f"{name}{number}": value + noise * random.standard_normal(rows) for name, value in zip("abc", (a, b, c), strict=True)
               for number in (1, 2)}  # fmt: skip
    return pd.DataFrame(columns)


def test_the_spanish_survey_reproduces_r_plspm(survey):
    """R plspm, ../shared/data/satisfaction/reference (Mode A, centroid, items not scaled); TRUTH.md."""
    model = path_model(*survey)
    effects = reference("satisfaction.effects.csv").set_index(["from", "to"])
    found = model.effects.set_index(["from", "to"]).rename(columns={"value": "total"})
    pd.testing.assert_frame_equal(found[["direct", "indirect", "total"]], effects, atol=1e-4, rtol=0)
    paths = model.paths.set_index(["from", "to"])["value"]
    assert paths.to_dict() == pytest.approx(effects.loc[paths.index, "direct"].to_dict(), abs=1e-4)
    outer = reference("satisfaction.outer-model.csv").rename(columns={"name": "item", "block": "construct"})
    for column in ("weight", "loading", "communality", "redundancy"):
        assert model.outer[column].tolist() == pytest.approx(outer[column].tolist(), abs=1e-4)
    summary = reference("satisfaction.inner-summary.csv")
    constructs = model.constructs.set_index("construct")
    assert constructs["r_squared"].fillna(0).to_dict() == pytest.approx(summary["r_squared"].to_dict(), abs=1e-4)
    assert constructs["communality"].to_dict() == pytest.approx(summary["ave"].to_dict(), abs=1e-4)
    assert constructs["redundancy"].to_dict() == pytest.approx(summary["mean_redundancy"].to_dict(), abs=1e-4)
    assert constructs["r_squared"].isna().tolist() == [True] + [False] * 5


def test_bootstrap_intervals_agree_with_plspms_to_the_noise_of_a_bootstrap(survey):
    model = path_model_bootstrap(*survey, replicates=500, seed=7)
    assert model.replicates == 500
    found = model.paths.set_index(model.paths["from"] + " -> " + model.paths["to"])
    for file, frame in (("paths", found), ("rsquared", model.constructs.dropna().set_index("construct"))):
        theirs = reference(f"satisfaction_boot_{file}.csv")
        ours = frame.loc[theirs.index]
        assert ((ours["low"] - theirs["perc.025"]).abs() < 0.75 * theirs["std.error"]).all()
        assert ((ours["high"] - theirs["perc.975"]).abs() < 0.75 * theirs["std.error"]).all()
        assert ((ours["high"] - ours["low"]) / 3.92 / theirs["std.error"]).between(0.7, 1.4).all()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_single_items_are_plain_regressions_under_every_scheme(scheme):
    data = chain()[["a1", "b1", "c1"]].set_axis(list("abc"), axis=1)
    model = path_model(data, Design({name: [name] for name in "abc"}, TRIANGLE, scheme))
    z = (data - data.mean()) / data.std(ddof=0)
    slopes = np.linalg.lstsq(z[["a", "b"]], z["c"])[0]
    expected = {("a", "b"): np.corrcoef(data["a"], data["b"])[0, 1], ("a", "c"): slopes[0], ("b", "c"): slopes[1]}
    assert model.paths.set_index(["from", "to"])["value"].to_dict() == pytest.approx(expected, abs=1e-10)
    total = model.effects.set_index(["from", "to"]).loc[("a", "c")]
    assert total["indirect"] == pytest.approx(expected["a", "b"] * expected["b", "c"], abs=1e-10)
    assert total["value"] == pytest.approx(total["direct"] + total["indirect"], abs=1e-12)
    assert model.outer["loading"].tolist() == pytest.approx([1, 1, 1])


@pytest.mark.parametrize("scheme", SCHEMES)
def test_at_rest_weights_go_as_the_items_covariances_with_the_neighbours(scheme):
    """The fixed point of Mode A, from scores and not from matrices."""
    data = chain()
    model = path_model(data, Design(CHAIN, TRIANGLE, scheme))
    z = (data - data.mean()) / data.std(ddof=0)
    weight = model.outer.set_index("item")["weight"]
    score = pd.DataFrame({name: z[items] @ weight[items] for name, items in CHAIN.items()})
    assert score.std(ddof=0).tolist() == pytest.approx([1, 1, 1])
    r = score.corr()
    path = {"b": r.loc["a", "b"], "c": r.loc["c", "b"]}
    slopes = np.linalg.lstsq(score[["a", "b"]], score["c"])[0]
    inner = {
        "centroid": [np.sign(r.loc["a", "b"]), np.sign(r.loc["b", "c"])],
        "factorial": [r.loc["a", "b"], r.loc["b", "c"]],
        "path": [path["b"], path["c"]],
    }[scheme]
    proxy = score["a"] * inner[0] + score["c"] * inner[1]
    wanted = z[CHAIN["b"]].T @ proxy
    assert (weight[CHAIN["b"]] / wanted).std() == pytest.approx(0, abs=1e-8)
    if scheme == "path":
        proxy = score["a"] * slopes[0] + score["b"] * slopes[1]
        assert (weight[CHAIN["c"]] / (z[CHAIN["c"]].T @ proxy)).std() == pytest.approx(0, abs=1e-8)


def test_a_bootstrap_sample_is_the_model_of_the_resampled_rows(survey):
    data, design = survey
    rows = np.random.default_rng(5).integers(len(data), size=len(data))
    refitted = path_model(data.iloc[rows], design)
    found = path_model_bootstrap(data, design, replicates=1, seed=5)
    assert found.paths["low"].tolist() == pytest.approx(refitted.paths["value"].tolist(), abs=1e-7)
    assert found.effects["low"].tolist() == pytest.approx(refitted.effects["value"].tolist(), abs=1e-7)
    assert found.constructs["high"].tolist() == pytest.approx(refitted.constructs["r_squared"].tolist(), abs=1e-7, nan_ok=True)


def test_a_construct_keeps_its_sign_from_sample_to_sample():
    """Two items that run against each other: which end is up is a toss in each sample, unless it is held to the whole's."""
    random = np.random.default_rng(3)
    factor = random.standard_normal(200)
    data = pd.DataFrame({"up": factor, "down": -factor, "y": factor})
    data = data + 0.7 * random.standard_normal(data.shape)
    model = path_model_bootstrap(data, Design({"x": ["up", "down"], "y": ["y"]}, [("x", "y")]), 200, 1)
    (row,) = model.paths.to_dict("records")
    assert row["low"] * row["high"] > 0.25
    assert row["high"] - row["low"] < 0.3


def test_scaled_items_make_units_irrelevant_and_unscaled_ones_do_not():
    data = chain()
    stretched = data.assign(a2=data["a2"] * 10)
    scaled, raw = (
        [path_model(frame, Design(CHAIN, TRIANGLE, scaled=scaled)).paths["value"].iloc[0] for frame in (data, stretched)]
        for scaled in (True, False)
    )
    assert scaled[0] == pytest.approx(scaled[1], abs=1e-9)
    assert abs(raw[0] - raw[1]) > 0.02


def test_a_populations_value_follows_from_its_covariance():
    data, design = chain(), Design(CHAIN, TRIANGLE)
    population = path_model_of_covariance(data.cov(ddof=0).loc[::-1, ::-1], design)
    pd.testing.assert_frame_equal(population.paths, path_model(data, design).paths)


def test_intervals_hold_the_populations_value_about_as_often_as_they_say():
    """40 surveys; 200 in tests/long/paths.py."""
    design = Design(CHAIN, TRIANGLE)
    truth = path_model(chain(400_000, seed=0), design)
    held = []
    for seed in range(1, 41):
        model = path_model_bootstrap(chain(250, seed), design, 150, seed)
        held += [model.paths["low"].le(truth.paths["value"]) & model.paths["high"].ge(truth.paths["value"])]
    assert 0.88 <= np.mean(held) <= 0.99


def test_constructs_stand_in_the_order_of_the_arrows():
    data = chain()[["a1", "b1", "c1"]].set_axis(list("abc"), axis=1)
    design = Design({name: [name] for name in "cba"}, TRIANGLE)
    assert design.names == ("a", "b", "c")
    model = path_model(data, design)
    assert list(zip(model.paths["from"], model.paths["to"], strict=True)) == [("a", "b"), ("a", "c"), ("b", "c")]
    assert model.constructs["r_squared"].isna().tolist() == [True, False, False]


def test_what_cannot_be_computed_is_refused_in_a_sentence():
    data = chain(60)
    with pytest.raises(ValueError, match="the arrows form a circle among a, b, c"):
        Design(CHAIN, (*TRIANGLE, ("c", "a")))
    with pytest.raises(ValueError, match="arrows name unknown constructs: d"):
        Design(CHAIN, (*TRIANGLE, ("a", "d")))
    with pytest.raises(ValueError, match="constructs without items or arrows: c"):
        Design(CHAIN | {"c": []}, TRIANGLE)
    with pytest.raises(ValueError, match="constructs without items or arrows: c"):
        Design(CHAIN, [("a", "b")])
    with pytest.raises(ValueError, match="scheme 'mean' is none of centroid, factorial, path"):
        Design(CHAIN, TRIANGLE, "mean")
    with pytest.raises(ValueError, match="items that do not vary: b2"):
        path_model(data.assign(b2=4), Design(CHAIN, TRIANGLE))
    with pytest.raises(ValueError, match="1 rows have missing values"):
        path_model(data.assign(b2=data["b2"].where(data.index > 0)), Design(CHAIN, TRIANGLE))
    even = pd.DataFrame({"a": [1, 1, 2, 2], "b": [1, 2, 1, 2]})
    with pytest.raises(ValueError, match="does not converge"):
        path_model(even, Design({"a": ["a"], "b": ["b"]}, [("a", "b")]))
