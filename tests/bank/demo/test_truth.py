"""What is written down as true: identities, published figures, brute force, and how exactly it is known."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from analysis.bank.demo import making, opinions
from analysis.bank.demo.calendar import AS_OF_MONTH, NEVER
from analysis.bank.demo.history import INVOLUNTARY, live
from analysis.bank.demo.life import SATISFACTION
from analysis.bank.demo.making import make_demo_bank
from analysis.bank.demo.opinions import WINDOW, Opinions, shares_of_r_squared
from analysis.bank.demo.people import make_people, traits_of
from analysis.bank.demo.risks import crude_share, expected_auc
from analysis.bank.demo.surroundings import make_surroundings
from analysis.bank.demo.surveys import ITEMS
from analysis.bank.demo.truth import RULES, Truth, _fact
from analysis.bank.demo.worlds import LEVERS, MONTHS_OF_EFFECT, make_world
from analysis.stats.importance import shapley_r2

SWISS = Path(__file__).parents[2] / "stats" / "swiss.csv"
RELAIMPO = {
    "Agriculture": 0.05709122,
    "Examination": 0.17117303,
    "Education": 0.26013468,
    "Catholic": 0.10557015,
    "Infant.Mortality": 0.11276592,
}
TENTH = 0.1
SHARE_POINT = 0.01
PUBLISHED = {
    "active_customers": "share",
    "tier.mass.contribution_share": "share",
    "tier.affluent.contribution_share": "share",
    "tier.private_banking.contribution_share": "share",
    "tier.above_mass.contribution_share": "share",
    "segments.k": "count",
    "overall_mean": "mark",
    "top_two_box": "share",
    "nps": "score",
    "drivers.r_squared": "share",
    **{f"driver.{item}": "share" for item in ITEMS},
    **{f"churn_rate.{rule}": "share" for rule in ("any", "closed", "dormant", "run_off")},
    "auc": "number",
}
DESIGNED = {
    **{f"change.{part}": "points" for part in ("total", "mix", "rate")},
    "cause_joint": "share",
    **{f"cause{kind}.{lever}": "share" for kind in ("", "_alone") for lever in LEVERS},
}


@dataclass
class Made:
    """The default bank: its folder, and its truth before it was written."""

    folder: Path
    truth: Truth

    @property
    def facts(self):
        return json.loads((self.folder / "truth" / "truth.json").read_text(encoding="utf-8"))

    @property
    def risks(self):
        return pd.read_parquet(self.folder / "truth" / "risks.parquet")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder, kept = tmp_path_factory.mktemp("default") / "bank", []
    write = Truth.write
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Truth, "write", lambda self, place: (kept.append(self), write(self, place)))
        make_demo_bank(folder)
    return Made(folder, kept[0])


def a_tenth(made, name, standard_error):
    """The Monte Carlo error of a truth is known to a tenth of what an estimate could be."""
    error = made.facts[name]["mc_error"]
    assert 0 < error <= TENTH * standard_error, (name, error, standard_error)


# --- what is written


def test_each_truth_has_the_name_and_unit_of_a_finding_and_says_of_whom_and_when(made):
    assert {name: fact["unit"] for name, fact in made.facts.items()} == PUBLISHED | DESIGNED
    for name, fact in made.facts.items():
        assert set(fact) >= {"value", "unit", "population", "as_of", "mc_error"}, name
        assert isinstance(fact["value"], float), name
        assert np.isfinite(fact["value"]), name
        assert fact["mc_error"] >= 0, name
        assert fact["as_of"] == "2025-06-30", name
        assert len(fact["population"]) > 20, name
        if fact["unit"] == "share" and not name.startswith("cause"):
            assert 0 <= fact["value"] <= 1, name


def test_truths_of_the_whole_book_are_counted_without_error(made):
    for name in ("active_customers", "segments.k", *(name for name in PUBLISHED if name.startswith("tier."))):
        assert made.facts[name]["mc_error"] == 0
    tiers = [made.facts[f"tier.{name}.contribution_share"]["value"] for name in ("mass", "affluent", "private_banking")]
    assert sum(tiers) == pytest.approx(1, abs=1e-12)
    assert made.facts["tier.above_mass.contribution_share"]["value"] == pytest.approx(sum(tiers[1:]), abs=1e-12)
    assert made.facts["segments.k"]["value"] == 5


def test_changes_name_their_grouping_and_causes_their_rules_and_crude_figures(made):
    for part in ("total", "mix", "rate"):
        assert "years with the bank" in made.facts[f"change.{part}"]["grouping"]
    for lever in LEVERS:
        for name in (f"cause.{lever}", f"cause_alone.{lever}"):
            assert set(made.facts[name]["by_rule"]) == set(RULES)
            assert isinstance(made.facts[name]["naive"], float)
    assert "naive" not in made.facts["cause_joint"]
    assert set(made.facts["cause_joint"]["by_rule"]) == set(RULES)


def test_the_written_truth_is_the_one_that_was_summed(made):
    assert made.facts == json.loads(json.dumps(made.truth.facts()))


# --- rates and risks


def test_risks_of_each_customer_average_to_the_published_rate(made):
    last = made.risks[made.risks["landmark"] == pd.Timestamp("2024-12-31")]
    assert len(last) == made.truth.at_risk > 3000
    for rule in ("any", "closed", "dormant", "run_off"):
        assert last[rule].mean() == pytest.approx(made.facts[f"churn_rate.{rule}"]["value"], rel=1e-9)


def test_risks_are_chances_one_a_customer_and_landmark(made):
    risks = made.risks
    assert not risks.duplicated(["customer_id", "landmark"]).any()
    days = sorted(str(day.date()) for day in risks["landmark"].unique())
    assert days == ["2023-06-30", "2023-09-30", "2023-12-31", "2024-03-31", "2024-06-30", "2024-09-30", "2024-12-31"]
    ways = risks[["closed", "dormant", "run_off", "involuntary"]]
    assert ways.to_numpy().min() >= 0
    assert ways.sum(axis=1).max() <= 1 + 1e-9
    assert risks["any"].to_numpy() == pytest.approx(risks[["closed", "dormant", "run_off"]].sum(axis=1).to_numpy(), abs=1e-12)


def test_the_auc_is_that_of_the_known_hazards_over_the_last_three_landmarks(made):
    """A score from half of the replicates judged by the other half, both ways."""
    risks = made.risks
    last = risks[risks["landmark"].isin(sorted(risks["landmark"].unique())[-3:])]
    first, first_risk, second, second_risk = np.concatenate(made.truth.scores, axis=1)
    assert len(first) == len(last)
    assert (first_risk + second_risk) / 2 == pytest.approx(last["any"].to_numpy(), abs=1e-12)
    both = expected_auc(first, second_risk), expected_auc(second, first_risk)
    assert made.facts["auc"]["value"] == pytest.approx(np.mean(both), abs=1e-12)
    chance = last["any"].to_numpy()
    assert made.facts["auc"]["value"] < expected_auc(chance, chance)  # who knew the plans too would do better
    leavers = chance.sum()
    a_tenth(made, "auc", np.sqrt(0.85 * 0.15 / leavers) / 2)  # Hanley and McNeil's error is larger


def test_expected_auc_is_the_average_over_all_outcomes():
    rng = np.random.default_rng(61)
    score, chance = rng.integers(0, 12, 300) / 12, rng.uniform(0.01, 0.6, 300)
    won = (score[:, None] > score) + (score[:, None] == score) / 2
    pairs = chance[:, None] * (1 - chance)
    np.fill_diagonal(pairs, 0.0)
    by_pairs = (won * pairs).sum() / pairs.sum()
    found = expected_auc(score, chance)
    assert found == pytest.approx(by_pairs, abs=1 / 300)
    drawn = []
    for _ in range(400):
        left = rng.random(300) < chance
        drawn.append(won[np.ix_(left, ~left)].mean())
    assert found == pytest.approx(np.mean(drawn), abs=4 * np.std(drawn) / 20 + 1 / 300)


def test_expected_auc_of_certain_outcomes_is_the_usual_one():
    score = np.array([0.1, 0.2, 0.2, 0.7, 0.8])
    assert expected_auc(score, np.array([0.0, 0.0, 1.0, 0.0, 1.0])) == pytest.approx((1.5 + 3) / 6)
    assert expected_auc(score, np.array([0, 0, 0, 1, 1])) == 1.0
    assert expected_auc(-score, np.array([0, 0, 0, 1, 1])) == 0.0
    assert expected_auc(np.zeros(4), np.full(4, 0.3)) == 0.5
    assert expected_auc(score, np.zeros(5)) is None


# --- the change between two years


def change(made, years, sizes):
    """change.* of a bank with these expected leavers (years × tenure bands) and customers."""
    rates = np.asarray(years, dtype=float)[:, None, :]
    return {
        name: fact["value"]
        for name, fact in replace(made.truth, years=rates, sizes=np.asarray(sizes)).facts().items()
        if name.startswith("change.")
    }


def test_mix_and_rate_add_up_to_the_change(made):
    total, mix, rate = (made.facts[f"change.{part}"]["value"] for part in ("total", "mix", "rate"))
    assert mix + rate == pytest.approx(total, abs=1e-12)
    year_before, year = made.truth.years.sum(axis=2).mean(axis=1) / made.truth.sizes.sum(axis=1)
    assert total == pytest.approx(year - year_before, abs=1e-12)
    assert total > 0.005
    assert mix > 0  # the surge brought young and digital customers


def test_kitagawas_split_of_a_literal_example(made):
    """80 % of the customers leave at 5 % and 20 % at 10 %; then half at 6 % and half at 12 % (Kitagawa 1955)."""
    found = change(made, [[40, 20, 0, 0], [30, 60, 0, 0]], [[800, 200, 0, 0], [500, 500, 0, 0]])
    assert found["change.total"] == pytest.approx(0.09 - 0.06, abs=1e-15)
    assert found["change.mix"] == pytest.approx(-0.3 * 0.055 + 0.3 * 0.11, abs=1e-15)
    assert found["change.rate"] == pytest.approx(0.01 * 0.65 + 0.02 * 0.35, abs=1e-15)


def test_where_only_mix_or_only_rates_change_the_other_part_is_nil(made):
    mix = change(made, [[40, 20, 3, 2], [20, 40, 6, 1]], [[800, 200, 100, 50], [400, 400, 200, 25]])
    assert mix["change.rate"] == pytest.approx(0, abs=1e-15)
    assert mix["change.mix"] == pytest.approx(mix["change.total"], abs=1e-15)
    rate = change(made, [[40, 20, 3, 2], [60, 10, 3, 5]], [[800, 200, 100, 50]] * 2)
    assert rate["change.mix"] == pytest.approx(0, abs=1e-15)
    assert rate["change.total"] == pytest.approx((78 - 65) / 1150, abs=1e-15)


# --- drivers


def test_shares_reproduce_relaimpos_lmg_of_rs_swiss():
    frame = pd.read_csv(SWISS, index_col="province")
    frame = frame[[*RELAIMPO, "Fertility"]]
    shares, r_squared = shares_of_r_squared(np.cov(frame.to_numpy(dtype=float).T))
    assert r_squared == pytest.approx(0.706735, abs=5e-7)
    assert dict(zip(RELAIMPO, shares * r_squared, strict=True)) == pytest.approx(RELAIMPO, abs=1e-8)
    assert shares.sum() == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_shares_agree_with_the_methods_own_on_random_data(seed):
    rng = np.random.default_rng(seed)
    x = pd.DataFrame(rng.normal(size=(80, 6)) @ rng.normal(size=(6, 6)), columns=list("abcdef"))
    y = pd.Series(x.to_numpy() @ rng.normal(size=6) + 3 * rng.normal(size=80))
    shares, r_squared = shares_of_r_squared(np.cov(np.column_stack([x, y]).T))
    assert (shares * r_squared).tolist() == pytest.approx(shapley_r2(x, y).tolist(), abs=1e-10)


def test_drivers_truth_is_the_share_over_all_customers_answers_with_the_app(made):
    found = made.truth.opinions
    moments = found.moments[0]
    assert moments.shape == (len(ITEMS) + 2,) * 2
    assert 0.5 * found.count < moments[0, 0] < found.count
    by_hand = moments[1:, 1:] / moments[0, 0] - np.outer(moments[0, 1:], moments[0, 1:]) / moments[0, 0] ** 2
    shares, _ = shares_of_r_squared(by_hand)
    assert dict(zip(ITEMS, shares, strict=True)) == pytest.approx(
        {item: found.truths()[f"driver.{item}"][0][0] for item in ITEMS}, abs=1e-9
    )
    assert sum(made.facts[f"driver.{item}"]["value"] for item in ITEMS) == pytest.approx(1, abs=1e-9)


def test_opinions_count_marks_of_all_who_were_active(monkeypatch):
    """Three customers, one of them away in the year: everybody gives the same answers each month."""
    marks = {"overall": [9, 8], "recommend": [9, 6], **{item: [7, 8] for item in ITEMS}}
    history = SimpleNamespace(activity=np.ones((3, 48)), satisfaction=np.zeros((3, 48)))
    history.activity[2, WINDOW[0] :] = 0
    traits = traits_of(make_people(np.random.default_rng(1), 3, make_surroundings(np.random.default_rng(1)), make_world()))

    def answer(rng, some, *_):
        who = np.repeat([0, 1], len(WINDOW))
        return {name: np.array(given, dtype=float)[who] for name, given in marks.items()}

    monkeypatch.setattr(opinions, "answer", answer)
    for recommend, score in (([9, 6], 0.0), ([9, 7], 50.0), ([8, 7], 0.0), ([8, 6], -50.0), ([10, 9], 100.0)):
        marks["recommend"] = recommend
        found = Opinions()
        found.add(None, replace(traits, uses_app=np.array([True, False, True])), None, history, np.zeros((6, 3, 48)))
        assert (found.count, found.moments[0, 0, 0]) == (24, 12)
        assert (found.overall[0] / 24, found.top[0] / 24, 100 * found.balance[0] / 24) == (8.5, 0.5, score)


def test_opinions_are_means_over_answers_of_all():
    """Four answers: recommend 10, 9, 7, 2 and overall 10, 9, 8, 3."""
    answers = np.column_stack([np.ones(40), np.random.default_rng(1).normal(size=(40, len(ITEMS) + 1))])
    moments = np.array([answers.T @ answers] * 6)
    some = Opinions(4, np.full(6, 30.0), np.full(6, 2.0), np.full(6, 1.0), moments)
    found = some.truths()
    assert {name: values[0] for name, (values, _) in found.items() if "driver" not in name} == {
        "overall_mean": 7.5, "top_two_box": 0.5, "nps": 25.0
    }  # fmt: skip


# --- Monte Carlo errors


@pytest.fixture(scope="module")
def answers(made):
    """How many questionnaires of the year to as_of came back: the most on which an estimate can rest."""
    sent = pd.read_csv(made.folder / "survey" / "invitations.csv", dtype=str, keep_default_na=False)
    inside = sent["sent"].between("2024-07-01", "2025-06-30")
    return int((inside & (sent["response_no"] != "")).sum())


def test_rates_are_known_to_a_tenth_of_an_estimates_error(made):
    for rule in ("any", "closed", "dormant", "run_off"):
        rate = made.facts[f"churn_rate.{rule}"]["value"]
        a_tenth(made, f"churn_rate.{rule}", np.sqrt(rate * (1 - rate) / made.truth.at_risk))


def test_opinions_are_known_to_a_tenth_of_an_estimates_error(made, answers):
    assert 500 < answers < 5000
    facts, found = made.facts, made.truth.opinions
    top = facts["top_two_box"]["value"]
    a_tenth(made, "top_two_box", np.sqrt(top * (1 - top) / answers))
    of_app = found.moments[0] / found.moments[0, 0, 0]
    spread = np.sqrt(of_app[-1, -1] - of_app[0, -1] ** 2)  # of overall, among those with the app
    a_tenth(made, "overall_mean", spread / np.sqrt(answers))
    book = pd.read_excel(made.folder / "survey" / "满意度调查-2025.xlsx", engine="calamine")
    recommend = pd.to_numeric(book["推荐意愿"], errors="coerce").dropna()
    promoters, detractors = (recommend >= 9).mean(), (recommend <= 6).mean()
    a_tenth(made, "nps", 100 * np.sqrt((promoters + detractors - (promoters - detractors) ** 2) / answers))


def test_drivers_are_known_to_a_tenth_of_an_estimates_error(made, answers):
    """Against the spread of shares over samples of as many normal answers with the same covariance: taken together, for the
    error of one item from six replicates is itself known to a half only."""
    moments = made.truth.opinions.moments[0] / made.truth.opinions.moments[0, 0, 0]
    mean = moments[0, 1:]
    covariance = moments[1:, 1:] - np.outer(mean, mean)
    rng = np.random.default_rng(62)
    drawn = []
    for _ in range(80):
        shares, r_squared = shares_of_r_squared(np.cov(rng.multivariate_normal(mean, covariance, answers).T))
        drawn.append([*shares, r_squared])
    spread = dict(zip([*(f"driver.{item}" for item in ITEMS), "drivers.r_squared"], np.std(drawn, axis=0), strict=True))
    ratio = np.array([made.facts[name]["mc_error"] / error for name, error in spread.items()])
    assert np.sqrt((ratio**2).mean()) <= TENTH
    assert (ratio > 0).all()
    assert (ratio <= 1.7 * TENTH).all()


def test_the_change_is_known_to_a_tenth_of_an_estimates_error(made):
    """Against samples: customers fall into bands of tenure and leave by lot in each year."""
    rng, sizes = np.random.default_rng(63), made.truth.sizes
    rate = made.truth.years.mean(axis=1) / sizes
    drawn = []
    for _ in range(2000):
        some = np.array([rng.multinomial(year.sum(), year / year.sum()) for year in sizes])
        found = rng.binomial(some, rate) / np.maximum(some, 1)
        weight = some / some.sum(axis=1, keepdims=True)
        mix = (weight[1] - weight[0]) @ (found[0] + found[1]) / 2
        own = (found[1] - found[0]) @ (weight[0] + weight[1]) / 2
        drawn.append([mix + own, mix, own])
    for name, error in zip(("total", "mix", "rate"), np.std(drawn, axis=0), strict=True):
        a_tenth(made, f"change.{name}", error)


def test_causes_are_known_to_a_tenth_of_a_share_point(made):
    """No study estimates a share of a cause from 5,000 customers to better than one point of a hundred: there are some 400
    leavers, and had each of them told whether the lever made the difference, √(0.05 · 0.95 ÷ 400) would be that."""
    for name in ("cause_joint", *(f"{kind}.{lever}" for kind in ("cause", "cause_alone") for lever in LEVERS)):
        a_tenth(made, name, SHARE_POINT)
    leavers = made.truth.by_set[:, 0, :3].sum(axis=1).mean()
    assert 300 < leavers < 600


def test_more_replicates_make_an_error_smaller_as_their_root():
    fact = _fact([1.0, 2.0, 3.0, 4.0], "share", "a population")
    assert fact["value"] == 2.5
    assert fact["mc_error"] == pytest.approx(np.std([1, 2, 3, 4], ddof=1) / 2)
    assert _fact(0.3, "share", "a population")["mc_error"] == 0.0


# --- what is crude is wrong


def test_the_crude_share_of_a_cause_has_the_wrong_sign(made):
    cause = made.facts["cause.unresolved_complaint"]
    assert cause["value"] > 4 * cause["mc_error"]
    assert made.facts["cause_alone.unresolved_complaint"]["value"] > 0
    assert cause["naive"] < 0
    assert {np.sign(made.facts[f"cause.{lever}"]["value"]) for lever in LEVERS} == {1.0}


def test_the_crude_share_compares_the_spared_with_all():
    # of 80 spared 4 left, of all 100 10: 1 − 0.05 ÷ 0.10
    assert crude_share(np.array([80, 4, 100, 10])) == pytest.approx(0.5)
    assert crude_share(np.array([80, 12, 100, 10])) == pytest.approx(-0.5)
    assert crude_share(np.array([0, 0, 100, 10])) is None
    assert crude_share(np.array([80, 4, 100, 0])) is None


def left_soon(world, customers, seed):
    """Of customer-months from the thirteenth to as_of with an unresolved complaint that acts, and of those without: how many
    left within three months of their own will, and how many there were."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(making.lists, "make_lists", lambda *_: None)
        cast = making._cast(making._streams(seed, making.STREAMS), world, customers)
    history = live(np.random.default_rng(seed), cast.traits, cast.held, cast.stage, world)
    acts = np.zeros(history.is_open.shape, bool)
    for later in range(MONTHS_OF_EFFECT["unresolved_complaint"]):
        acts[:, later:] |= history.struck[LEVERS.index("unresolved_complaint")][:, : acts.shape[1] - later]
    gone, counts = np.where(history.churn_kind == INVOLUNTARY, NEVER, history.churn_month), np.zeros((2, 2))
    for month in range(12, AS_OF_MONTH + 1):
        there = history.is_open[:, month] & (history.churn_month > month)
        for number, some in enumerate((there & acts[:, month], there & ~acts[:, month])):
            counts[number] += (gone[some] <= month + 3).sum(), some.sum()
    return counts


def test_while_an_unresolved_complaint_acts_fewer_leave_though_it_drives_them_away():
    """160,000 customers on four stages: those on whom it acts leave less often, for they are wealthy. Yet it raises the odds."""
    world = make_world()
    (hit_left, hit), (others_left, others) = sum(left_soon(world, 40_000, seed) for seed in (64, 65, 66, 67))
    ratio = (hit_left / hit) / (others_left / others)
    error = np.sqrt(3 / hit_left)  # a decision is seen in up to three months
    assert np.log(ratio) < -2 * error
    odds_ratio = np.exp(world.direct["unresolved_complaint"] - SATISFACTION * world.felt["unresolved_complaint"])
    assert odds_ratio > 2


def test_the_window_of_opinions_is_the_year_to_as_of():
    assert (WINDOW[0], WINDOW[-1], len(WINDOW)) == (24, 35, 12)
