"""The worlds of the demo bank: stated effects in the default one, drawn anew in the others."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from analysis.bank.demo.making import make_demo_bank
from analysis.bank.demo.worlds import (
    CAMPAIGNS,
    DEFAULT_SEED,
    LEVERS,
    MONTHS_OF_EFFECT,
    NEGATIVE_RANGE,
    POSITIVE_RANGE,
    STATED_DIRECT,
    STATED_FELT,
    STATED_GRIEVED,
    WORLDS,
    customers_of,
    make_world,
)
from analysis.errors import UserError

DRAWN = [name for name in WORLDS if name not in ("default", "null", "clean")]
SEEDS = range(100, 160)
# direct (log odds), felt (fall of satisfaction), months of effect: as docs/demo-bank.md states them
STATED = {
    "unresolved_complaint": (0.65, 0.35, 4),
    "long_wait": (0.50, 0.30, 3),
    "fee_rise": (0.50, 0.25, 6),
    "manager_left": (0.80, 0.25, 6),
    "app_outage": (0.50, 0.20, 3),
    "competitor_rate": (0.90, 0.15, 2),
}


def factors(world):
    """By how much each effect of the world is the stated one."""
    return np.array([*(world.direct[lever] / STATED_DIRECT[lever] for lever in LEVERS), *world.campaign.values()])


def test_the_default_world_has_the_stated_effects():
    world = make_world()
    assert (world.name, world.seed, world.is_stated) == ("default", DEFAULT_SEED, True)
    found = {lever: (world.direct[lever], world.felt[lever], MONTHS_OF_EFFECT[lever]) for lever in LEVERS}
    assert found == STATED
    assert dict(world.grieved) == {"long_wait": 1.0, "fee_rise": 0.6, "app_outage": 0.8}
    assert dict(world.campaign) == dict.fromkeys(CAMPAIGNS, 1.0)


def test_the_default_world_departs_in_nothing():
    world = make_world()
    assert (world.hidden, world.frailty, world.shift) == (0.0, 0.0, 0.0)
    assert not any((world.is_other_form, world.drifts, world.is_flat, world.is_response_observed))


def test_the_null_world_has_no_effect_whatever_the_seed():
    for seed in (DEFAULT_SEED, 1, 2):
        world = make_world("null", seed)
        assert not factors(world).any()
        assert not any((*world.felt.values(), *world.grieved.values()))


@pytest.mark.parametrize("name", ["default", *DRAWN])
def test_other_seeds_draw_effects_anew_zero_and_negative_ones_among_them(name):
    drawn = np.array([factors(make_world(name, seed)) for seed in SEEDS])
    assert len({tuple(row) for row in drawn}) == len(SEEDS)
    for of_one in drawn.T:
        assert (of_one == 0).any()
        assert (of_one < 0).any()
        assert (of_one > 1).any()
        assert (of_one > 0).mean() > 0.4
    assert drawn.min() >= NEGATIVE_RANGE[0]
    assert drawn.max() <= POSITIVE_RANGE[1]
    small = np.abs(drawn[drawn != 0])
    assert small.min() >= min(POSITIVE_RANGE[0], -NEGATIVE_RANGE[1])
    shares = (drawn == 0).mean(), (drawn < 0).mean()
    assert shares == (pytest.approx(0.20, abs=0.07), pytest.approx(0.15, abs=0.07))  # 540 draws, four standard errors


def test_a_lever_is_felt_and_grieved_as_much_as_it_acts():
    for seed in SEEDS:
        world = make_world("default", seed)
        factor = dict(zip(LEVERS, factors(world), strict=False))
        assert dict(world.felt) == pytest.approx({lever: STATED_FELT[lever] * factor[lever] for lever in LEVERS})
        assert dict(world.grieved) == pytest.approx({lever: more * factor[lever] for lever, more in STATED_GRIEVED.items()})


def test_effects_are_drawn_for_each_lever_on_its_own():
    drawn = np.array([factors(make_world("default", seed)) for seed in range(1000, 1400)])
    between = np.corrcoef(drawn.T)[np.triu_indices(drawn.shape[1], 1)]
    assert np.abs(between).max() < 4 / np.sqrt(len(drawn))


def test_the_same_seed_draws_the_same_and_each_world_its_own():
    assert make_world("form", 5) == make_world("form", 5)
    assert len({tuple(factors(make_world(name, 5))) for name in ("default", *DRAWN)}) == len(DRAWN) + 1
    assert not make_world("default", 5).is_stated
    assert not make_world("hidden", DEFAULT_SEED).is_stated


def test_nobody_can_change_a_world():
    world = make_world()
    with pytest.raises(TypeError):
        world.direct["long_wait"] = 0.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        world.hidden = 1.0


def test_each_world_departs_in_what_it_is_for():
    usual = make_world("default", 5)
    ways = {one.name for one in dataclasses.fields(usual)} - {"direct", "felt", "grieved", "campaign", "name", "seed"}
    found = {}
    for name in ("default", *DRAWN):
        world = make_world(name, 5)
        found[name] = {way for way in ways if getattr(world, way) != getattr(usual, way)}
    assert found == {
        "default": set(),
        "hidden": {"hidden"},
        "form": {"frailty", "is_other_form"},
        "drift": {"drifts"},
        "rare": {"shift"},
        "small": set(),
        "flat": {"is_flat"},
        "observed_response": {"is_response_observed"},
    }


@pytest.mark.parametrize(("wrong", "meant"), [("defualt", "default"), ("hiden", "hidden"), ("rares", "rare"), ("nul", "null")])
def test_a_misspelt_world_is_refused_with_the_one_that_was_meant(wrong, meant, told):
    with pytest.raises(UserError, match=f"There is no world '{wrong}'") as refused:
        make_world(wrong)
    text = str(refused.value)
    assert f"did you mean '{meant}'?" in text.lower()
    assert all(name in text for name in WORLDS)
    told(refused.value)


def test_a_world_like_no_other_is_refused_without_a_guess(told):
    with pytest.raises(UserError) as refused:
        make_world("xyz")
    assert "did you mean" not in str(refused.value).lower()
    told(refused.value)


def test_the_small_world_has_300_customers_unless_told():
    assert customers_of("small", None) == 300
    assert customers_of("small", 400) == 400
    assert {customers_of(name, None) for name in WORLDS if name != "small"} == {5000}
    assert customers_of("default", 0) == 0


def test_a_bank_of_the_small_world_is_made_with_them(tmp_path):
    make_demo_bank(tmp_path / "bank", world="small", seed=3)
    about = json.loads((tmp_path / "bank" / "truth" / "world.json").read_text(encoding="utf-8"))
    assert (about["world"], about["seed"], about["customers"]) == ("small", 3, 300)
    world = make_world("small", 3)
    assert about["levers"] == {lever: {"direct": world.direct[lever], "felt": world.felt[lever]} for lever in LEVERS}
    assert about["campaigns"] == dict(world.campaign)
    assert len(pd.read_parquet(tmp_path / "bank" / "truth" / "customers.parquet")) == 300


def test_an_unknown_world_writes_nothing(tmp_path):
    with pytest.raises(UserError, match="There is no world"):
        make_demo_bank(tmp_path / "bank", world="unknown")
    assert not (tmp_path / "bank").exists()
