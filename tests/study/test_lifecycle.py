import datetime as dt

import numpy as np
import pandas as pd
import pytest

from analysis.calendar import months_before
from analysis.errors import NotProduced, UserError
from analysis.finding import Exhibit
from analysis.study import lifecycle_backtest
from analysis.study.churn import ChurnRule
from analysis.study.disclosed import hidden_cells
from analysis.study.lifecycle import lifecycle
from analysis.study.lifecycle_backtest import (
    backtest,
    backtest_exhibit,
    backtest_findings,
    latest_number,
    seen_shares,
)
from analysis.study.lifecycle_flow import flow_exhibit
from analysis.study.lifecycle_moves import memory, moves_exhibit, pairs, quarterly
from analysis.study.lifecycle_outlook import forecast_findings
from analysis.study.lifecycle_projection import CUSTOMERS, aged, arrivals, project
from analysis.study.lifecycle_stages import (
    LOST,
    STAGES,
    WITH_THE_BANK,
    LifecycleRule,
    few_returned_as_mature,
    looks,
    reversals,
    stage_history,
)
from analysis.study.lifecycle_time import curves, spells

AS_OF = dt.date(2025, 6, 30)
DAYS = [months_before(AS_OF, 3 * step) for step in range(8, -1, -1)]
ORDINARY = {
    "closed_date": pd.NaT, "exit_reason": None, "tenure_months": 60.0, "recency_days": 5.0, "assets_slope": 0.0, "assets_12m": 1200.0,
    "assets_3m": 1200.0, "transactions_90d": 25, "transactions_365d": 100, "products_held": 2,
}  # fmt: skip
CHURN, RULE = ChurnRule(), LifecycleRule()


def history(rows: dict[str, list[dict]], days=DAYS[:3]):
    """Landmark → features; `rows` gives for each customer what is not ordinary at each landmark, None where it is not known yet."""
    made = {}
    for place, day in enumerate(days):
        known = [{"customer_id": name, **ORDINARY, **row[place]} for name, row in rows.items() if row[place] is not None]
        made[day] = pd.DataFrame(known).assign(closed_date=lambda frame: pd.to_datetime(frame["closed_date"]))
    return made


def stages_of(rows, days=DAYS[:3], rule=RULE):
    return stage_history(looks(history({**{f"usual{n}": [{}] * len(days) for n in range(20)}, **rows}, days), CHURN), rule)


def by_slope(*growth):
    """A customer whose assets change by so much of their mean a year."""
    return [{"assets_slope": share * 1200 / 12} for share in growth]


@pytest.fixture(scope="module")
def bank():
    """Features of 700 customers, 25 more a quarter, who change stage and close at random."""
    random = np.random.default_rng(5)
    born = np.concatenate([np.full(700, -20), np.repeat(np.arange(9), 25)])
    growth = random.normal(0, 0.25, len(born))
    gone = np.where(born < 0, 0, born) + random.geometric(0.03, len(born))
    made = {}
    for place, day in enumerate(DAYS):
        growth = 0.8 * growth + random.normal(0, 0.15, len(born))
        frame = pd.DataFrame([ORDINARY] * len(born)).assign(
            customer_id=[f"C{number:05}" for number in range(len(born))], tenure_months=3.0 * (place - born) + 1.0,
            assets_slope=100 * growth, closed_date=[day if place >= end else pd.NaT for end in gone],
        )  # fmt: skip
        made[day] = frame[born <= place].assign(closed_date=lambda known: pd.to_datetime(known["closed_date"]))
    return made


@pytest.fixture(scope="module")
def report(bank):
    return lifecycle(bank, AS_OF)


def test_each_stage_has_its_customers():
    stages = stages_of(
        {
            "new": [None, {"tenure_months": 2.0}, {"tenure_months": 5.9}],
            "grows": by_slope(0, 0, 0.25),
            "falls": by_slope(0, 0, -0.25),
            "steady": by_slope(0, 0, 0.249),
            "silent": [{}, {}, {"recency_days": 180.0}],
            "back": [{"recency_days": 200.0}, {"recency_days": 290.0}, {"recency_days": 3.0}],
            "quiet": [{}, {}, {"transactions_90d": 8}],
            "quiet by chance": [{}, {}, {"transactions_90d": 0, "transactions_365d": 5}],
            "poor": [{}, {}, {"assets_12m": 99.0, "assets_slope": 50.0}],
        }
    )[DAYS[2]]
    assert stages.drop([f"usual{n}" for n in range(20)]).to_dict() == {
        "new": "acquired", "grows": "growing", "falls": "declining", "steady": "mature", "silent": "lost", "back": "returned",
        "quiet": "declining", "quiet by chance": "mature", "poor": "mature",
    }  # fmt: skip


def test_who_is_in_a_stage_stays_until_the_change_is_half_of_what_lets_in():
    rows = {"lingers": by_slope(0.3, 0.13, 0.12), "turns": by_slope(-0.3, 0.2, 0.3)}
    assert stages_of(rows).loc[["lingers", "turns"]].to_numpy().tolist() == [["growing", "mature"], ["mature", "growing"]]
    without = stages_of(rows, rule=LifecycleRule(stay_share=1.0))
    assert without.loc["lingers"].tolist() == ["mature", "mature"]


def test_a_later_landmark_changes_no_earlier_stage(bank):
    short = {day: bank[day] for day in DAYS[:6]}
    both = stage_history(looks(short, CHURN), RULE), stage_history(looks(bank, CHURN), RULE)
    known = both[0].index
    pd.testing.assert_frame_equal(both[0], both[1].loc[known, both[0].columns])


def test_stages_are_exhaustive_and_missing_only_before_a_customer_came(bank):
    stages = stage_history(looks(bank, CHURN), RULE)
    for day in DAYS[1:]:
        assert set(stages[day].dropna()) <= set(STAGES)
        assert set(stages.index[stages[day].notna()]) == set(bank[day]["customer_id"])


def test_moves_undone_are_those_taken_back_at_once():
    stages = pd.DataFrame([list("gmg"), list("gmm"), list("ggg")]).replace({"g": "growing", "m": "mature"})
    assert reversals(stages) == (1, 2)


def test_spells_begin_within_the_history_and_end_at_a_move():
    stages = pd.DataFrame([list("gmmg"), list("mmmd"), [None, "a", "a", "g"]], index=["x", "y", "z"])
    table = spells(stages)
    assert table[["customer_id", "stage", "quarters", "ended"]].to_numpy().tolist() == [["x", "m", 2, True], ["z", "a", 2, True]]


def test_time_in_a_stage_is_kaplan_meier_of_the_spells():
    made = pd.DataFrame({"stage": "growing", "quarters": [1] * 20 + [2] * 20, "ended": [True] * 10 + [False] * 10 + [True] * 20})
    assert curves(made)["growing"]["survival"].tolist() == pytest.approx([0.75, 0.0])
    assert curves(made.head(29)) == {}


def test_stages_that_end_by_rule_are_told_apart_by_quarters():
    stages = pd.DataFrame([["acquired", "acquired", "mature"], [None, "acquired", "acquired"], ["lost", "returned", "returned"]])
    told = aged(stages).astype(object).where(lambda frame: frame.notna(), None).to_numpy().tolist()
    assert told == [[None, "acquired 2", "mature"], [None, "acquired 1", "acquired 2"], ["lost", "returned 1", "returned 2"]]
    assert arrivals(stages, aged(stages))["acquired 1"].tolist() == [1, 0]


def test_the_quarterly_matrix_pools_all_quarters_and_hides_few(bank):
    moves = pairs(stage_history(looks(bank, CHURN), RULE))
    matrix = quarterly(moves)
    own = moves[moves["before"].eq("mature")]
    shown = matrix[matrix["from"].eq("mature") & matrix["to"].eq("lost")].iloc[0]
    assert shown["value"] == pytest.approx(own["after"].eq("lost").mean())
    few = matrix["count"].between(1, 9)
    assert matrix.loc[few, "secret"].all()
    alone = matrix[matrix["secret"]].groupby("from")["count"]
    assert (alone.sum().ge(10) | matrix.groupby("from")["count"].sum().lt(10).reindex(alone.sum().index)).all()


def test_no_difference_of_a_row_or_column_gives_a_few_away():
    counts = np.array([[50, 3, 40], [30, 60, 20], [80, 25, 90]])
    secret = hidden_cells(counts)
    assert secret[0, 1]
    for lines, hides in ((counts, secret), (counts.T, secret.T)):
        assert all(not out.any() or (out.sum() >= 2 and line[out].sum() >= 10) for line, out in zip(lines, hides, strict=True))


def test_memory_compares_who_came_with_who_was_there():
    stages = pd.DataFrame([["growing", "mature", "mature"]] * 30 + [["mature", "mature", "growing"]] * 20).rename_axis(
        "customer_id"
    )
    table, test = memory(stages)
    stay = table[table["now"].eq("mature")].set_index("before")["value"]
    assert stay[["growing", "mature"]].tolist() == [1.0, 0.0]
    assert test.statistic == pytest.approx(50)


def test_the_book_in_a_year_adds_up(bank):
    stages = stage_history(looks(bank, CHURN), RULE)
    table = project(stages, [4], seed=1)[0].set_index("row")
    own = table.loc[list(WITH_THE_BANK)]
    assert own["value"].sum() == pytest.approx(table.loc[CUSTOMERS, "value"])
    assert own["share"].sum() == pytest.approx(1)
    assert own["now"].sum() == stages[AS_OF].isin(WITH_THE_BANK).sum()
    assert (table["low"] <= table["value"]).all()
    assert (table["value"] <= table["high"]).all()
    assert table.loc[LOST, "share"] == pytest.approx(1 - 0.97**4, abs=0.03)


def test_a_backtest_looks_at_nothing_later_than_its_start(bank):
    stages = stage_history(looks(bank, CHURN), RULE)
    made = backtest(stages, seed=1, replicates=500)
    start = made["start"].max()
    assert start == DAYS[4]
    alone = project(stages[DAYS[1:5]].dropna(how="all"), [4], 1, 500)[0]
    latest = made[made["start"].eq(start)].reset_index(drop=True)
    pd.testing.assert_frame_equal(latest[alone.columns.tolist()], alone)
    came = seen_shares(stages, start, AS_OF).set_index("row")
    assert came.loc["mature", "count"] == stages[AS_OF].eq("mature").sum()
    assert made["inside"].mean() >= 0.7


def test_a_missed_number_of_customers_counts_and_is_told_with_the_forecast(bank):
    stages = stage_history(looks(bank, CHURN), RULE)
    made = backtest(stages, seed=1, replicates=200)
    whole = made["row"].eq(CUSTOMERS)
    assert made.loc[whole, "inside"].tolist() == made["count"].between(made["low"], made["high"])[whole].tolist()
    ahead, missed = project(stages, [4], 1, 200)[0], made.assign(inside=~whole)
    coverage = backtest_findings(missed)[0]
    assert coverage.value == pytest.approx(1 - made["start"].nunique() / len(lifecycle_backtest.tested_rows(missed)))
    assert "that of the number of customers did not" in backtest_exhibit(missed).title.render()
    row = latest_number(missed)
    assert row["start"] == DAYS[4]
    told = f"{row['low']:,.0f} to {row['high']:,.0f}, {row['count']:,} came"
    assert f"was missed: {told}" in forecast_findings(ahead, row)[0].text.render()
    assert f"held: {told}" in forecast_findings(ahead, latest_number(made.assign(inside=True)))[0].text.render()


def test_the_least_certain_move_has_the_widest_interval():
    matrix = pd.DataFrame(
        {"from": "mature", "to": ["growing", "lost"], "count": 50, "base": 100, "value": 0.5, "se": [0.05, 0.01],
         "low": [0.45, 0.2], "high": [0.55, 0.8], "secret": False}
    )  # fmt: skip
    assert "from Mature to Lost" in moves_exhibit(matrix, 4).title.render()


def test_the_flow_and_the_returned_together_tell_no_few():
    kinds = {("lost", "returned"): 22, ("lost", "lost"): 658, ("mature", "returned"): 9, ("mature", "mature"): 800,
             ("mature", "lost"): 170, (None, "mature"): 71, (None, "lost"): 28, (None, "growing"): 31}  # fmt: skip
    stages = pd.DataFrame([pair for pair, count in kinds.items() for _ in range(count)], columns=DAYS[:2])
    frame = flow_exhibit(stages, *DAYS[:2]).frame
    bands = {(left.render(), right.render()): value for left, right, value in frame.itertuples(index=False)}
    assert bands[("Lost", "Mature, returned or lost")] == 680
    assert bands[("Not yet a customer", "Mature, returned or lost")] == 99
    assert not {("Lost", "Mature or returned"), ("Lost", "Lost"), ("Not yet a customer", "Lost")} & set(bands)
    stages.loc[stages[DAYS[1]].eq("returned") & stages[DAYS[0]].eq("mature"), DAYS[1]] = "mature"
    assert 22 in flow_exhibit(stages, *DAYS[:2]).frame["value"].tolist()


def test_few_returned_are_mature_wherever_stages_are_counted(bank, report):
    back = bank[DAYS[8]].loc[bank[DAYS[8]]["closed_date"].isna() & (bank[DAYS[8]]["tenure_months"] > 12), "customer_id"].head(8)
    silent = bank[DAYS[7]].assign(recency_days=np.where(bank[DAYS[7]]["customer_id"].isin(back), 200.0, 5.0))
    made = lifecycle({**{day: bank[day] for day in DAYS[-5:]}, DAYS[7]: silent}, AS_OF)
    own = looks({**bank, DAYS[7]: silent}, CHURN)[AS_OF]["relation"]
    assert own.eq("returned").sum() == 8
    table = made.stages.frame.set_index("stage")
    assert table["count"].sum() == table["base"].iloc[0] == own.ne("lost").sum()
    assert table.loc["acquired", "count"] == own.eq("new").sum()
    assert made.rules.frame["mature"].iloc[0] == pytest.approx(table.loc["mature", "share"])
    assert "returned" not in set(made.forecast.frame["row"])
    assert "the few returned are counted as mature" in made.stages.subtitle.render()
    assert "the few returned" not in report.stages.subtitle.render()
    counts = pd.Series({"mature": 50, "returned": 9, "growing": 20})
    assert few_returned_as_mature(counts).dropna().to_dict() == {"mature": 59, "growing": 20}
    assert few_returned_as_mature(counts + 1).equals(counts + 1)


def test_other_rules_of_loss_are_tried_and_the_earlier_date_is_named(report):
    labels = [label.render() for label in report.rules.frame["label"]]
    assert labels[-3:] == ["Lost after 90 days of silence", "Lost after 270 days of silence", "Lost by closing alone"]
    growing = next(found for found in report.findings if found.id == "stage.growing.share")
    assert "on 30 June 2024" in growing.text.render()


def test_findings_have_bases_intervals_and_exhibits(report):
    ids = [found.id for found in report.findings]
    assert len(ids) == len(set(ids))
    for name in (
        "stage.declining.share",
        "stage.lost.share",
        "forecast.customers",
        "forecast.lost.share",
        "lifecycle.markov",
        "backtest.error",
    ):
        assert name in ids
    for found in report.findings:
        assert found.base >= 10
        assert getattr(report, found.exhibit).name == found.exhibit
        if found.id.startswith("forecast."):
            assert found.low <= found.value <= found.high


def test_every_exhibit_has_a_frame_and_no_sentence_stumbles(report):
    exhibits = [value for value in vars(report).values() if isinstance(value, Exhibit)]
    assert len(exhibits) == 10
    for exhibit in exhibits:
        assert exhibit.absent is None, exhibit.name
        assert len(exhibit.frame)
    texts = [found.text.render() for found in report.findings] + [one.title.render() + one.subtitle.render() for one in exhibits]
    assert not [text for text in texts if "nan" in text or "None" in text or "{" in text]


def test_a_short_history_without_losses_has_no_backtest_and_is_told_no_size(bank):
    made = lifecycle({day: bank[day].assign(closed_date=pd.NaT) for day in DAYS[-5:]}, AS_OF)
    ids = {found.id for found in made.findings}
    assert not ids & {"forecast.customers", "forecast.lost.share", "stage.lost.share", "backtest.error"}
    assert "forecast.mature.share" in ids
    assert "no loss" in made.forecast.title.render()
    assert made.rules.frame["change"].isna().all()
    assert made.backtest.absent is not None
    assert "lost" not in made.rules.title.render()
    assert not {"declining_lost", "change"} & {column.name for column in made.rules.columns}
    assert "below" not in next(found.text.render() for found in made.findings if found.id == "lifecycle.markov")


def test_a_history_too_short_or_without_balances_makes_no_report(bank):
    with pytest.raises(NotProduced, match="3 quarters' ends"):
        lifecycle({day: bank[day] for day in DAYS[-3:]}, AS_OF)
    with pytest.raises(NotProduced, match="no balances"):
        lifecycle({day: frame.drop(columns="assets_slope") for day, frame in bank.items()}, AS_OF)
    with pytest.raises(NotProduced, match="need 100"):
        lifecycle({day: frame.head(99) for day, frame in bank.items()}, AS_OF)


def test_a_rule_outside_its_range_is_refused_in_one_sentence():
    with pytest.raises(UserError, match="growth_share is 0;"):
        LifecycleRule(growth_share=0)
