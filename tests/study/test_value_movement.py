import datetime as dt

import pandas as pd
import pytest

from analysis.study.value_movement import (
    Movement,
    find_movement,
    flow_exhibit,
    movement_exhibit,
    movement_findings,
    moves,
    rises_among_moves,
)

EDGES = {"affluent": 100.0, "private_banking": 1000.0}
START, END = dt.date(2024, 6, 30), dt.date(2025, 6, 30)


def history(**paths):
    """Counts by path, such as `mass_affluent=30`; 'none' is not a customer, 'lost' has closed."""
    levels = {"mass": 50.0, "near": 90.0, "affluent": 200.0, "private": 2000.0, "lost": 0.0}
    rows = {START: [], END: []}
    for number, (path, count) in enumerate(paths.items()):
        for day, state in zip((START, END), path.split("_"), strict=True):
            if state != "none":
                closed = pd.Timestamp("2025-01-15") if state == "lost" else pd.NaT
                names = [f"C{number}-{place}" for place in range(count)]
                rows[day] += [{"customer_id": name, "assets_3m": levels[state], "closed_date": closed} for name in names]
    return {day: pd.DataFrame(part) for day, part in rows.items()}


WHOLE = {"mass_mass": 60, "mass_affluent": 20, "mass_lost": 12, "affluent_mass": 10, "affluent_affluent": 40, "none_mass": 15}


def test_each_customer_has_one_move_and_what_is_missing_at_a_date_came_or_went():
    moved = moves(*history(near_affluent=1, affluent_mass=1, mass_private=1, mass_lost=1, none_mass=1).values(), EDGES)
    told = {tuple(row) for row in moved[["before", "after", "step"]].fillna(99).to_numpy()}
    assert told == {
        ("mass", "affluent", 1),
        ("affluent", "mass", -1),
        ("mass", "private_banking", 2),
        ("mass", "lost", 99),
        ("outside", "mass", 99),
    }
    assert moved.loc[0, "reach"] == pytest.approx(0.9)


def test_a_customer_who_returned_comes_from_outside():
    before, after = history(lost_mass=1, mass_mass=1).values()
    assert sorted(moves(before, after, EDGES)["before"]) == ["mass", "outside"]


def test_shares_are_of_those_who_came_from_the_same_tier():
    found = find_movement(history(**WHOLE, private_private=30), EDGES)
    row = found.table.set_index(["before", "after"]).loc[("mass", "affluent")]
    assert (row["customers"], row["base"]) == (20, 92)
    assert row["value"] == pytest.approx(20 / 92)
    assert row["low"] < row["value"] < row["high"]
    assert found.merged is None
    assert found.table.groupby("before")["value"].sum().tolist() == pytest.approx([1] * 4)


def test_tiers_are_counted_together_rather_than_a_few_customers_told():
    found = find_movement(history(**WHOLE, affluent_private=6, private_affluent=9, private_private=30), EDGES)
    assert [found.labels[name].render() for name in found.table["before"].unique()[:2]] == [
        "Private banking and Affluent",
        "Mass",
    ]
    promoted, demoted = movement_findings(found)
    assert (promoted.id, promoted.base) == ("tier.promoted", 60 + 20 + 10 + 40 + 6 + 9 + 30)
    assert promoted.value * promoted.base == pytest.approx(20)
    assert demoted.value * demoted.base == pytest.approx(10)
    assert promoted.text.render().endswith("; Private banking and Affluent count as one tier here.")
    assert found.table["customers"].min() >= 10


def test_who_came_and_went_is_left_out_where_only_they_are_few():
    found = find_movement(history(**WHOLE, affluent_lost=3), {"affluent": 100.0})
    assert set(found.table["after"]) == {"affluent", "mass"}
    assert "too few in a tier" in movement_exhibit(found).subtitle.render()
    assert flow_exhibit(found).frame["value"].sum() == 130
    assert flow_exhibit(found).title.render() == "Customers' tiers at two dates"


def test_the_flow_counts_who_left_of_those_open_then_and_who_came_of_those_open_now():
    found = find_movement(history(**WHOLE, private_private=30), EDGES)
    assert flow_exhibit(found).title.render() == (
        "12 of the customers open on 30 June 2024 had ended the relation by 30 June 2025; "
        "15 of those open on 30 June 2025 were not customers on 30 June 2024"
    )


def test_what_is_too_few_even_so_or_has_no_year_is_said():
    few = find_movement(history(mass_mass=60, mass_affluent=4, affluent_affluent=30), EDGES)
    assert "Too few customers changed" in movement_exhibit(few).absent.render()
    assert flow_exhibit(few).absent is not None
    assert movement_findings(few) == []
    short = find_movement({END: history(mass_mass=60)[END]}, EDGES)
    assert "12 months" in short.render()
    assert "no edges" in find_movement(history(mass_mass=60), {}).render()


@pytest.mark.parametrize(("up", "down", "words"), [(60, 20, "more rose"), (20, 60, "more fell"), (30, 25, "no difference")])
def test_more_rise_only_beyond_noise(up, down, words):
    found = find_movement(history(mass_affluent=up, affluent_mass=down, mass_mass=100, affluent_affluent=50), EDGES)
    assert isinstance(found, Movement)
    assert words in movement_exhibit(found).title.render()
    assert rises_among_moves(found.moved).value == pytest.approx(up / (up + down))


def test_how_many_of_those_who_rose_stood_near_the_edge():
    found = find_movement(history(mass_affluent=30, near_affluent=20, mass_mass=100, affluent_mass=10), {"affluent": 100.0})
    assert "40.0% of those who rose already stood within 20% of the edge" in movement_findings(found)[0].text.render()
    few = find_movement(history(mass_affluent=30, near_affluent=9, mass_mass=100, affluent_mass=10), {"affluent": 100.0})
    assert "already stood" not in movement_findings(few)[0].text.render()
