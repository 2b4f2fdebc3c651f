import datetime as dt

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.calendar import months_before
from analysis.errors import NotProduced, UserError
from analysis.stats.intervals import wilson
from analysis.study.churn import ChurnRule
from analysis.study.relation_groups import TITLES, relation_groups
from analysis.study.relation_movement import lost_share, movement_cells, movement_table, moves
from analysis.study.relation_rules import rule_table
from analysis.study.relation_sizes import group_sizes, loss_unseen, size_findings, size_table
from analysis.study.relation_value import PARTS, number_and_mean, value_by_group, value_by_kind, value_moves, value_parts
from analysis.study.relations import CUSTOMER_GROUPS, compared_with, prospects_at, relation, way_of_loss

AS_OF = dt.date(2025, 6, 30)
DAYS = [months_before(AS_OF, 3 * step) for step in range(9)]
BEFORE = DAYS[4]
RULE = ChurnRule()


def history_of(customers, **rows):
    """Each customer's rows by landmark, latest first; a customer is known from the last one that is given."""
    given_days = {day: {name: row[step] for name, row in rows.items() if step < len(row)} for step, day in enumerate(DAYS)}
    return {day: customers(**known) for day, known in given_days.items() if known}


SILENT, HERE = {"recency_days": 180.0}, {}


def test_the_first_rule_that_applies_gives_the_group(customers):
    history = history_of(
        customers,
        stays=[HERE] * 9,
        just_not_silent=[{"recency_days": 179.0}] * 9,
        silent=[SILENT] + [HERE] * 8,
        never_active=[{"recency_days": None}] * 9,
        closed_by_himself=[{"closed_date": "2025-05-01", "exit_reason": "fees"}] + [HERE] * 8,
        moved_away=[{"closed_date": "2025-05-01", "exit_reason": "relocation"}] + [HERE] * 8,
        fresh=[{"tenure_months": 5.9}],
        fresh_and_silent=[{"tenure_months": 5.9, **SILENT}],
        no_longer_fresh=[{"tenure_months": 6.0}, HERE],
        without_opening_date=[{"tenure_months": None}] * 9,
        back=[HERE, SILENT] + [HERE] * 7,
        back_a_year_ago=[HERE] * 4 + [SILENT] + [HERE] * 4,
        back_longer_ago=[HERE] * 5 + [SILENT] + [HERE] * 3,
        back_and_silent_again=[SILENT, HERE, SILENT] + [HERE] * 6,
    )
    assert relation(history, AS_OF, RULE).to_dict() == {
        "stays": "established", "just_not_silent": "established", "silent": "lost", "never_active": "established",
        "closed_by_himself": "lost", "moved_away": "lost", "fresh": "new", "fresh_and_silent": "lost",
        "no_longer_fresh": "established", "without_opening_date": "established", "back": "returned",
        "back_a_year_ago": "returned", "back_longer_ago": "established", "back_and_silent_again": "lost",
    }  # fmt: skip
    ways = way_of_loss(history, AS_OF, RULE).dropna().to_dict()
    assert ways == {
        "silent": "dormant", "closed_by_himself": "closed", "moved_away": "involuntary", "fresh_and_silent": "dormant",
        "back_and_silent_again": "dormant",
    }  # fmt: skip


def test_a_bank_without_transactions_loses_whom_it_emptied(customers):
    history = history_of(
        customers,
        emptied=[{"assets_3m": 99.0}, HERE],
        borrower=[{"assets_3m": 0.0, "loans": 5000.0}, HERE],
        never_held=[{"assets_3m": None}, {"assets_3m": None}],
        stays=[{"assets_3m": 100.0}, HERE],
        holds_later=[HERE, {"assets_3m": 0.0}],
    )
    bare = {day: frame.drop(columns="recency_days") for day, frame in history.items()}
    assert way_of_loss(bare, AS_OF, RULE).dropna().to_dict() == {"emptied": "dormant"}
    assert way_of_loss(bare, DAYS[1], RULE).isna().all()
    assert way_of_loss({AS_OF: bare[AS_OF].drop(columns="assets_3m")}, AS_OF, RULE).isna().all()


def test_a_day_that_is_no_landmark_is_refused(customers):
    with pytest.raises(UserError, match="2025-05-31 is no landmark of the history; its landmarks are 2025-06-30"):
        relation({AS_OF: customers(a={})}, dt.date(2025, 5, 31), RULE)


STATES = st.sampled_from(
    [{}, SILENT, {"recency_days": None}, {"closed_date": "2023-01-01"}, {"tenure_months": 3.0}, {"tenure_months": None}]
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lives=st.lists(st.lists(STATES, min_size=1, max_size=9), min_size=1, max_size=4), at=st.integers(0, 8))
def test_everybody_has_one_group_and_nothing_later_enters(customers, lives, at):
    history = history_of(customers, **{f"c{number}": life for number, life in enumerate(lives)})
    at = min(at, len(history) - 1)
    day = DAYS[at]
    groups = relation(history, day, RULE)
    assert groups.index.tolist() == history[day]["customer_id"].tolist()
    assert groups.isin(CUSTOMER_GROUPS).all()
    assert groups.eq("lost").equals(way_of_loss(history, day, RULE).notna())
    changed = {at: frame if at <= day else frame.assign(recency_days=999.0, tenure_months=0.0) for at, frame in history.items()}
    assert relation(changed, day, RULE).equals(groups)


PROSPECTS = pd.DataFrame(
    {
        "prospect_id": ["waits", "converts", "converted_before", "seen_later", "unseen"],
        "first_seen_date": pd.to_datetime(["2024-01-01", "2024-06-30", "2023-01-01", "2025-06-30", "2025-07-01"]),
        "converted_date": pd.to_datetime([None, "2024-07-01", "2024-06-30", None, None]),
        "converted_customer_id": [None, "came", "stays", None, None],
    }
)


def test_prospects_are_seen_by_the_day_and_not_converted_by_it():
    assert prospects_at(PROSPECTS, BEFORE)["prospect_id"].tolist() == ["waits", "converts"]
    assert prospects_at(PROSPECTS, AS_OF)["prospect_id"].tolist() == ["waits", "seen_later"]


def test_moves_join_prospects_and_newcomers(customers):
    history = history_of(customers, stays=[HERE] * 9, came=[{"tenure_months": 3.0}], walked_in=[{"tenure_months": 3.0}])
    assert moves(history, PROSPECTS, BEFORE, AS_OF, RULE).T.to_dict("list") == {
        "stays": ["established", "established"], "came": ["prospect", "new"], "walked_in": ["outside", "new"],
        "waits": ["prospect", "prospect"], "seen_later": ["outside", "prospect"],
    }  # fmt: skip
    assert moves(history, None, BEFORE, AS_OF, RULE)["left"].to_dict() == {
        "stays": "established", "came": "outside", "walked_in": "outside",
    }  # fmt: skip


def people(**counts):
    pairs = [pair.split("__") for pair, count in counts.items() for _ in range(count)]
    return pd.DataFrame(pairs, columns=["left", "right"])


def rows_of(table):
    return {f"{row['left']} {row['right']}": row["count"] for row in table.to_dict("records")}


def test_movements_have_wilsons_interval():
    """Newcombe 1998, table I: 81 of 263 by method 3 gives .2553 to .3662."""
    told = people(established__lost=81, established__established=182, outside__new=30)
    table = movement_table(movement_cells(told)).set_index(["left", "right"])
    assert table.loc[("established", "lost"), ["low", "high"]].tolist() == pytest.approx([0.2553, 0.3662], abs=5e-5)
    assert table.loc["outside", "value"].isna().all()
    assert lost_share(told) == wilson(81, 263)


def test_small_movements_are_told_with_others_so_that_none_follows():
    shown = people(new__established=194, new__lost=58, established__established=3081, established__returned=15,
                   established__lost=375, returned__established=12, returned__lost=16, lost__returned=22, lost__lost=658)  # fmt: skip
    assert not movement_cells(shown)["secret"].any()
    few = people(new__established=194, new__lost=58, established__established=3081, established__returned=9,
                 established__lost=375, returned__established=12, returned__lost=6, lost__returned=22, lost__lost=658,
                 prospect__established=14, prospect__lost=8, prospect__prospect=2060)  # fmt: skip
    table = movement_table(movement_cells(few))
    assert rows_of(table) == {
        "new established_and_returned": 194, "new lost": 58, "established_and_returned established_and_returned": 3102,
        "established_and_returned lost": 381, "lost established_and_returned+lost": 680, "prospect prospect": 2060,
        "prospect established_and_returned+lost": 22,
    }  # fmt: skip
    assert table["count"].sum() == len(few)


def test_prospects_and_those_not_yet_known_hide_the_same():
    """Their sum is told by the lifecycle: with one of them the other would follow."""
    told = people(established__established=3000, established__lost=375, established__returned=9, lost__returned=22, lost__lost=658,
                  prospect__established=14, prospect__lost=8, prospect__prospect=2060, outside__new=150, outside__established=121,
                  outside__lost=20, outside__prospect=636)  # fmt: skip
    rows = rows_of(movement_table(movement_cells(told)))
    assert rows["prospect established_and_returned+lost"] == 22
    assert rows["outside established_and_returned+lost"] == 141
    assert "outside lost" not in rows
    swapped = told.assign(left=told["left"].replace({"prospect": "outside", "outside": "prospect"}))
    assert "prospect lost" not in rows_of(movement_table(movement_cells(swapped)))


def _secret_is_safe(cells):
    """No line of the grid, whose sum is known, hides one cell alone or fewer than ten customers."""
    for side in ("left", "right"):
        for _, line in cells.groupby(side):
            few = line[line["secret"] & line["count"].gt(0)]
            assert few.empty or (len(few) > 1 and few["count"].sum() >= 10) or len(few) == line["count"].gt(0).sum()
    assert cells.loc[cells["count"].between(1, 9), "secret"].all()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=16, max_size=16))
def test_no_hidden_movement_follows_from_the_sums(counts):
    names = ("new", "established", "returned", "lost")
    pairs = [(left, right) for left in names for right in names]
    rows = [pair for pair, count in zip(pairs, counts, strict=True) for _ in range(count)]
    if rows:
        _secret_is_safe(movement_cells(pd.DataFrame(rows, columns=["left", "right"])))


@pytest.fixture(scope="module")
def lived(simulate_history):
    """A simulated bank, a tenth of whose customers open within the year, some coming back."""
    history = simulate_history(size=800, seed=4)
    ids = sorted(history[AS_OF]["customer_id"])
    late, back = set(ids[::10]), set(ids[5::10])
    made = {}
    for day, frame in history.items():
        frame = frame[~frame["customer_id"].isin(late)] if day < DAYS[2] else frame
        frame = frame.assign(tenure_months=frame["tenure_months"].mask(frame["customer_id"].isin(late), 5.0))
        silent = frame["customer_id"].isin(back) & (day == BEFORE) & frame["closed_date"].isna()
        made[day] = frame.assign(recency_days=frame["recency_days"].mask(silent, 200.0))
    return made


def value_of(history, **options):
    return value_moves(moves(history, None, BEFORE, AS_OF, RULE), history[BEFORE], history[AS_OF], **options)


def test_the_parts_add_up_to_the_change_of_assets(lived):
    then, now = (frame[frame["closed_date"].isna()]["assets_3m"].sum() for frame in (lived[BEFORE], lived[AS_OF]))
    moved = value_of(lived)
    parts = value_parts(moved)
    assert set(parts["part"]) >= {"raised", "leavers", "returned", "newcomers"}
    assert parts["customers"].sum() == len(moved)
    assert parts["before"].sum() == pytest.approx(then, rel=1e-12)
    assert parts["now"].sum() == pytest.approx(now, rel=1e-12)
    assert parts["change"].sum() == pytest.approx(now - then, rel=1e-9)
    split = number_and_mean(moved).set_index("group")
    assert (split["of_number"] + split["of_mean"]).to_numpy() == pytest.approx(split["change"].to_numpy())
    assert split.loc["all", "change"] == pytest.approx(now - then, rel=1e-9)


def test_each_group_and_each_measure_adds_up(lived):
    by_group = value_by_group(value_of(lived)).set_index("left")
    sums = by_group["before"] + by_group[["raised", "lowered", "leavers"]].sum(axis=1, skipna=False)
    told = by_group[["raised", "lowered", "leavers"]].notna().all(axis=1)
    assert told["all"]
    assert sums[told].to_numpy() == pytest.approx(by_group.loc[told, "now"].to_numpy())
    by_kind = value_by_kind(moves(lived, None, BEFORE, AS_OF, RULE), lived[BEFORE], lived[AS_OF]).set_index("kind")
    assert set(by_kind.index) == {"assets_3m", "deposits", "contribution_12m"}
    told = by_kind[list(PARTS)].notna().all(axis=1)
    assert by_kind.loc[told, list(PARTS)].sum(axis=1).to_numpy() == pytest.approx(by_kind.loc[told, "change"].to_numpy())


def test_number_and_mean_by_hand():
    """Means 10 and 12, numbers 2 and 3: the change of 16 is 1 × 11 of number and 2.5 × 2 of mean (Kitagawa 1955)."""
    frame = pd.DataFrame(
        {"left": ["new"] * 20 + ["outside"] * 10, "right": ["new"] * 30, "before": [10.0] * 20 + [0.0] * 10, "now": 12.0}
    )
    row = number_and_mean(frame).set_index("group").loc["new"]
    assert row[["change", "of_number", "of_mean"]].tolist() == pytest.approx([160, 110, 50])


def test_a_closed_customer_holds_nothing_and_few_are_counted_with_others(customers):
    gone = {"closed_date": "2025-06-20", "exit_reason": "fees", "assets_3m": 5000.0}
    lives = {f"gone{number}": [gone] + [HERE] * 8 for number in range(9)}
    lives |= {f"less{number}": [{"assets_3m": 1.0}] + [HERE] * 8 for number in range(12)}
    lives |= {f"more{number}": [{"assets_3m": 20000.0}] + [HERE] * 8 for number in range(30)}
    moved = value_of(history_of(customers, **lives))
    assert moved.loc[moved["part"].eq("leavers"), "change"].tolist() == [-10000.0] * 9
    parts = value_parts(moved).set_index("part")
    assert parts["customers"].to_dict() == {"raised": 30, "others": 21}
    assert parts.loc["others", "change"] == pytest.approx(9 * -10000 + 12 * -9999)


def test_sizes_tell_no_few(customers):
    lives = {f"stays{number}": [HERE] * 9 for number in range(40)}
    lives |= {f"silent{number}": [SILENT] + [HERE] * 8 for number in range(11)}
    lives |= {f"gone{number}": [{"closed_date": "2025-01-01", "exit_reason": "fees"}] + [HERE] * 8 for number in range(3)}
    sizes = size_table(history_of(customers, **lives), PROSPECTS, AS_OF, RULE).set_index("group")["customers"]
    table = size_table(history_of(customers, **lives), pd.concat([PROSPECTS] * 6), AS_OF, RULE)
    assert "12, first seen, however long ago" in size_findings(table, {})[-1].text.render()
    assert sizes.dropna().to_dict() == {"new": 0, "established": 40, "returned": 0, "lost": 14, "all": 54}


def test_returned_are_told_only_where_the_history_reaches_back_far_enough(lived):
    sizes = group_sizes(lived, None, RULE).pivot(index="x", columns="group", values="value")
    assert sizes["returned"].isna().tolist() == [True] * 4 + [False] * 5
    known = [len(lived[day]) for day in sorted(lived)]
    assert sizes.fillna(0).sum(axis=1).tolist() == known


def test_the_report_is_whole_on_a_simulated_bank(lived):
    result = relation_groups(lived, None, RULE, "CNY", AS_OF)
    found = {finding.id: finding for finding in result.findings}
    parts = [finding.value for name, finding in found.items() if name.startswith("groups.assets_change.")]
    assert sum(parts) == pytest.approx(2 * found["groups.assets_change.total"].value)
    lost = found["movement.all.lost"]
    assert lost.low < lost.value < lost.high
    assert all(finding.is_disclosable for finding in found.values())
    assert all(getattr(result, name).absent is None for name in TITLES)
    later = {**lived, dt.date(2025, 9, 30): lived[AS_OF].assign(recency_days=999.0)}
    again = relation_groups(later, None, RULE, "CNY", AS_OF)
    pd.testing.assert_frame_equal(again.trend.frame, result.trend.frame)
    assert [finding.to_json() for finding in again.findings] == [finding.to_json() for finding in result.findings]


def test_without_closings_and_silence_nobody_is_lost_and_it_is_said(customers):
    lives = {f"c{number}": [HERE] * 3 for number in range(90)} | {f"n{number}": [{"tenure_months": 2.0}] for number in range(12)}
    history = history_of(customers, **lives)
    assert set(loss_unseen(history, RULE)) == {"closed", "dormant"}
    result = relation_groups(history, None, RULE, "CZK", AS_OF)
    assert {finding.id for finding in result.findings if finding.id.startswith("group.")} == {
        "group.new.share",
        "group.established.share",
    }
    assert "nobody is known to be lost or returned" in result.groups.subtitle.render()
    assert result.rules.absent is not None
    assert result.movement.absent is not None
    assert not {"value", "low", "high"} & {column.name for column in result.moves.columns}
    assert "%" not in result.flow.title.render()
    assert compared_with(history, AS_OF) == DAYS[2]
    alone = relation_groups({AS_OF: history[AS_OF]}, None, RULE, "CZK", AS_OF)
    assert alone.movement.absent is not None
    assert alone.groups.absent is None


def test_other_rules_lose_more_and_fewer(customers):
    closed = {"closed_date": "2025-01-01", "exit_reason": "fees"}
    kinds = {"stays": (HERE, 40), "closed": (closed, 15)}
    kinds |= {f"silent{days}": ({"recency_days": days}, size) for days, size in ((100.0, 12), (200.0, 13), (300.0, 14))}
    lives = {f"{kind}{number}": [now] + [HERE] * 8 for kind, (now, size) in kinds.items() for number in range(size)}
    table = rule_table(history_of(customers, **lives), BEFORE, AS_OF, RULE)
    assert dict(zip([label.render() for label in table["label"]], table["lost"], strict=True)) == {
        "As in this report": 42, "Dormant after 90 days": 54, "Dormant after 270 days": 29,
        "Lost by closing alone": 15, "New for 12 months": 42,
    }  # fmt: skip
    assert table[["value", "low", "high"]].iloc[0].tolist() == pytest.approx(wilson(42, 94)[:3])
    assert table["assets_share"].tolist() == pytest.approx((table["lost"] / 94).tolist())


def test_a_handful_of_customers_makes_no_report(simulate_history):
    few = {day: features.head(99) for day, features in simulate_history(600).items()}
    with pytest.raises(NotProduced, match="Customers: 99; needed: 100"):
        relation_groups(few, None, RULE, "CNY", AS_OF)
