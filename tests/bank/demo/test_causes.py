"""What each lever accounts for: the quick way against the plain one, Shapley's axioms, and a simulation with coin tosses."""

from dataclasses import dataclass, replace
from itertools import permutations
from types import MappingProxyType

import numpy as np
import pytest

from analysis.bank.demo import causes, making
from analysis.bank.demo.calendar import NEVER
from analysis.bank.demo.causes import CODES, SETS, attributable, churn_by_set, within_reach
from analysis.bank.demo.history import (
    CLOSED,
    DORMANT,
    RUN_OFF,
    STAYS,
    History,
    involuntary_hazard,
    kind_shares,
    live,
)
from analysis.bank.demo.life import advance
from analysis.bank.demo.outcomes import WAYS, Horizon, expected, settled
from analysis.bank.demo.people import Traits
from analysis.bank.demo.state import Held, draw
from analysis.bank.demo.surroundings import Surroundings
from analysis.bank.demo.worlds import HIDDEN_STRENGTH, LEVERS, World, make_world

HORIZON = Horizon(23, 12)
NONE, ALL = frozenset(), frozenset(LEVERS)
AT = {off: number for number, off in enumerate(SETS)}
DEFAULT = make_world()
WORLDS = {
    "default": DEFAULT,
    "hidden": replace(DEFAULT, name="hidden", hidden=HIDDEN_STRENGTH),
    "form": make_world("form", 9),
    "other seed": make_world("default", 58),
    "nothing vexes": replace(DEFAULT, grieved=MappingProxyType({})),
}


@dataclass(frozen=True)
class Bank:
    """Customers and what became of them."""

    traits: Traits
    held: Held
    stage: Surroundings
    world: World
    history: History

    @property
    def at(self):
        return self.history.snapshots[HORIZON.landmark]

    def there(self, up_to=None):
        """The same with the customers only who are there at the landmark."""
        rows = np.flatnonzero(self.at.present)[:up_to]
        snapshot = {HORIZON.landmark: self.at.take(rows)}
        return replace(
            self, traits=self.traits.take(rows), held=self.held.take(rows), history=replace(self.history, snapshots=snapshot)
        )

    def free(self):
        """Rows of those who have not made up their minds."""
        return np.flatnonzero((self.at.status == STAYS) & (self.at.leaves == NEVER))

    def by_set(self, seed):
        rng = np.random.default_rng(seed)
        return churn_by_set(rng, HORIZON, self.traits, self.held, self.stage, self.world, self.at)


def make_bank(customers, world, seed=41):
    """A bank as it is made, departments' lists left out."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(making.lists, "make_lists", lambda *_: None)
        cast = making._cast(making._streams(seed, making.STREAMS), world, customers)
    here = (cast.traits, cast.held, cast.stage, world)
    return Bank(*here, live(np.random.default_rng(seed), *here))


@pytest.fixture(scope="module", params=WORLDS)
def bank(request):
    return make_bank(900, WORLDS[request.param]).there()


@pytest.fixture(scope="module")
def crowd():
    return make_bank(40_000, DEFAULT).there()


def off_of(chosen, customers):
    """Levers × customers: true where a lever of the set is off."""
    return np.repeat([[lever in chosen] for lever in LEVERS], customers, axis=1)


# --- every set of levers


def test_there_are_all_64_sets_each_once():
    assert len(set(SETS)) == len(SETS) == 64
    assert {NONE, ALL} <= set(SETS)
    assert sorted(CODES) == list(range(64))


def test_the_quick_way_is_the_plain_one(bank, monkeypatch):
    """Each set of levers switched off for all customers, and everybody lived anew with the same draws."""
    monkeypatch.setattr(causes, "REPLICATES", 2)
    quick = bank.by_set(42)
    free = bank.free()
    assert 0.5 * len(bank.traits) < len(free) < len(bank.traits)
    fixed = settled(HORIZON, bank.traits, bank.at).sum(axis=1)
    rng = np.random.default_rng(42)
    traits, held, state = bank.traits.take(free), bank.held.take(free), bank.at.state.take(free)
    for replicate in range(2):
        chance = [draw(rng, len(free)) for _ in HORIZON.inside]
        for number, chosen in enumerate(SETS):
            off = off_of(chosen, len(free))
            ways = expected(HORIZON, traits, held, bank.stage, bank.world, state, chance, off).sum(axis=1) + fixed
            assert quick[replicate, number] == pytest.approx(ways, rel=1e-9)
    assert len({tuple(row) for row in quick[0].round(9)}) > 32


def test_a_lever_strikes_only_within_reach(bank):
    """Every set of levers off, and customers' own sets drawn by lot; of customers much less satisfied than usual."""
    free = bank.free()
    rng = np.random.default_rng(43)
    traits, held = bank.traits.take(free), bank.held.take(free)
    traits = replace(traits, satisfaction_base=traits.satisfaction_base - 2.0)
    chance = [draw(rng, len(free)) for _ in HORIZON.inside]
    reach = within_reach(HORIZON, traits, held, bank.stage, bank.world, bank.at.state.take(free), chance)
    hit = np.zeros_like(reach)
    offs = [*(off_of(chosen, len(free)) for chosen in SETS), *(rng.random(reach.shape) < 0.5 for _ in range(20))]
    for off in offs:
        state = bank.at.state.take(free)
        for number, month in enumerate(HORIZON.inside):
            state, lived = advance(month, traits, held, bank.stage, bank.world, state, chance[number], off)
            hit |= lived.struck
    assert not (hit & ~reach).any()
    assert hit.any(axis=1).all()
    outside = [LEVERS.index(lever) for lever in ("fee_rise", "manager_left", "app_outage", "competitor_rate")]
    assert np.array_equal(reach[outside], hit[outside])  # what customers do has no part in these
    assert (reach.mean(axis=1) < 0.7).all()


def test_out_of_reach_a_lever_makes_no_difference(bank, monkeypatch):
    """If reach were everybody the sums would be the same."""
    monkeypatch.setattr(causes, "REPLICATES", 1)
    few = bank.there(300)
    quick = few.by_set(44)
    everybody = np.ones((len(LEVERS), len(few.free())), bool)
    monkeypatch.setattr(causes, "within_reach", lambda *_: everybody)
    assert few.by_set(44) == pytest.approx(quick, rel=1e-12)


def test_replicates_differ_and_the_same_seed_gives_the_same(bank):
    few = bank.there(200)
    first, again = few.by_set(45), few.by_set(45)
    assert first.shape == (causes.REPLICATES, 64, len(WAYS))
    assert np.array_equal(first, again)
    assert first[:, 0, 0].std() > 0
    assert not np.array_equal(first, few.by_set(46))


# --- shares


@pytest.fixture(scope="module")
def default_shares(crowd):
    return attributable(crowd.there(5000).by_set(47)[:, :, :3].sum(axis=2))


def test_the_parts_add_up_to_the_joint_share(default_shares):
    parts = sum(default_shares[f"cause.{lever}"] for lever in LEVERS)
    assert parts == pytest.approx(default_shares["cause_joint"], abs=1e-12)
    random = attributable(np.random.default_rng(48).uniform(5, 10, (7, 64)))
    assert sum(random[f"cause.{lever}"] for lever in LEVERS) == pytest.approx(random["cause_joint"], abs=1e-12)


def test_in_the_default_world_every_lever_has_its_share(default_shares):
    assert set(default_shares) == {"cause_joint", *(f"cause{kind}.{lever}" for kind in ("", "_alone") for lever in LEVERS)}
    for lever in LEVERS:
        assert (default_shares[f"cause.{lever}"] > 0).all()
        assert (default_shares[f"cause_alone.{lever}"] > 0).all()
    alone = sum(default_shares[f"cause_alone.{lever}"] for lever in LEVERS)
    assert (default_shares["cause_joint"] < alone).all()  # on one customer several levers may act
    assert 0.1 < default_shares["cause_joint"].mean() < 0.4


def test_a_lever_without_effect_has_no_share():
    def without(effects):
        return MappingProxyType({lever: 0.0 if lever == "long_wait" else effect for lever, effect in effects.items()})

    world = replace(DEFAULT, direct=without(DEFAULT.direct), felt=without(DEFAULT.felt), grieved=without(DEFAULT.grieved))
    shares = attributable(make_bank(1500, world).there().by_set(49)[:, :, :3].sum(axis=2))
    assert shares["cause.long_wait"] == pytest.approx(0, abs=1e-12)
    assert shares["cause_alone.long_wait"] == pytest.approx(0, abs=1e-12)
    assert (shares["cause.app_outage"] > 0.01).all()


def test_in_null_nothing_has_a_share_and_with_effects_below_zero_some_are_negative():
    null = attributable(make_bank(1000, make_world("null")).there().by_set(50)[:, :, :3].sum(axis=2))
    assert all(values == pytest.approx(0, abs=1e-12) for values in null.values())
    world = replace(DEFAULT, direct=MappingProxyType({**DEFAULT.direct, "app_outage": -0.5}))
    other = attributable(make_bank(1500, world).there().by_set(50)[:, :, :3].sum(axis=2))
    assert (other["cause.app_outage"] < 0).all()
    assert (other["cause.fee_rise"] > 0).all()


def left_over(off):
    """A toy: 100 would leave; three levers, two of which do part of the same."""
    spared = {"long_wait": 10, "fee_rise": 20, "app_outage": 30}
    fewer = sum(count for lever, count in spared.items() if lever in off)
    return 100 - fewer + 8 * ({"long_wait", "fee_rise"} <= off) + 3 * (set(spared) <= off)


def test_shares_are_the_average_over_all_orders_of_switching_off():
    toy = attributable(np.array([[left_over(off) for off in SETS]]))
    levers = ("long_wait", "fee_rise", "app_outage")
    parts = {lever: [] for lever in levers}
    for order in permutations(levers):
        for place, lever in enumerate(order):
            before = frozenset(order[:place])
            parts[lever].append((left_over(before) - left_over(before | {lever})) / 100)
    for lever in levers:
        assert toy[f"cause.{lever}"] == pytest.approx(np.mean(parts[lever]), abs=1e-12)
    assert toy["cause_joint"] == pytest.approx((60 - 8 - 3) / 100)
    assert [toy[f"cause_alone.{lever}"][0] for lever in levers] == pytest.approx([0.10, 0.20, 0.30])
    assert toy["cause.long_wait"] == pytest.approx((10 - 4 - 1) / 100)
    for lever in set(LEVERS) - set(levers):
        assert toy[f"cause.{lever}"] == pytest.approx(0, abs=1e-15)


def test_shares_agree_with_all_720_orders_of_six_levers():
    churn = np.random.default_rng(51).uniform(50, 100, (2, 64))
    shares = attributable(churn)
    parts = {lever: np.zeros(2) for lever in LEVERS}
    for order in permutations(LEVERS):
        for place, lever in enumerate(order):
            before, after = AT[frozenset(order[:place])], AT[frozenset(order[: place + 1])]
            parts[lever] += (churn[:, before] - churn[:, after]) / churn[:, AT[NONE]] / 720
    for lever in LEVERS:
        assert shares[f"cause.{lever}"] == pytest.approx(parts[lever], abs=1e-12)


def test_levers_that_do_the_same_have_the_same_share():
    churn = np.array([[100 - 5 * len(off) + (len(off) == 6) for off in SETS]])
    shares = attributable(churn)
    assert len({round(float(shares[f"cause.{lever}"][0]), 12) for lever in LEVERS}) == 1


# --- coin tosses


def tossed(rng, bank, off):
    """Customers (who have not made up their minds) × levers off or not: whether they left within the horizon by closing, six
    months of silence, or assets that ran off. The same tosses with and without the levers; a plain simulation."""
    free = bank.free()
    traits, held = bank.traits.take(free), bank.held.take(free)
    chance = [draw(rng, len(free)) for _ in HORIZON.inside]
    toss = rng.random((len(HORIZON.inside), 3, len(free)))
    lead = rng.choice([1, 2, 3], len(free), p=[0.40, 0.35, 0.25])
    kind = np.array([CLOSED, DORMANT, RUN_OFF])[(rng.random(len(free)) > np.cumsum(kind_shares(traits), axis=1).T).sum(axis=0)]
    unwilling = involuntary_hazard(traits)
    left = []
    for spared in (np.zeros_like(off), off):
        state = bank.at.state.take(free)
        there, decided, closed, gone = np.ones(len(free), bool), *np.full((3, len(free)), NEVER)
        for number, month in enumerate(HORIZON.inside):
            gone = np.where(decided != NEVER, decided + lead, NEVER)
            is_emptied = (kind == RUN_OFF) & (month - gone > 2) & (toss[number, 1] < 0.03)
            closed = np.where((closed == NEVER) & there & (((kind == CLOSED) & (gone == month)) | is_emptied), month, closed)
            there &= ~((gone > month) & (toss[number, 0] < unwilling))
            state, lived = advance(month, traits, held, bank.stage, bank.world, state, chance[number], spared)
            decides = there & (decided == NEVER) & (toss[number, 2] < lived.hazard)
            decided = np.where(decides, month, decided)
        gone = np.where(decided != NEVER, decided + lead, NEVER)
        silent = (kind == DORMANT) & (gone <= HORIZON.end - 5)
        emptied = (kind == RUN_OFF) & (gone <= HORIZON.end - 2)
        left.append(there & ((closed <= HORIZON.end) | silent | emptied))
    return np.array(left)


@pytest.mark.parametrize("chosen", [{"app_outage"}, {"fee_rise"}, ALL], ids=["app_outage", "fee_rise", "all"])
def test_shares_agree_with_lives_simulated_by_the_toss_of_a_coin(chosen, crowd):
    """Who leaves with the levers, and who without: 1 − the ratio, those included who had decided before."""
    free = crowd.free()
    some = crowd.traits.take(free), crowd.held.take(free), crowd.stage, crowd.world, crowd.at.state.take(free)
    rng, off = np.random.default_rng(52), off_of(chosen, len(free))
    fixed = settled(HORIZON, crowd.traits, crowd.at)[:3].sum()
    chance = [draw(rng, len(free)) for _ in HORIZON.inside]
    usual, spared = (expected(HORIZON, *some, chance, which)[:3].sum() + fixed for which in (np.zeros_like(off), off))
    share = 1 - spared / usual
    lives = np.concatenate([tossed(rng, crowd, off).astype(int) for _ in range(3)], axis=1)
    times = 3
    base = lives[0].sum() + times * fixed
    found = (lives[0] - lives[1]).sum() / base
    error = np.sqrt(((lives[0] - lives[1] - found * lives[0]) ** 2).sum()) / base
    assert found == pytest.approx(share, abs=4 * error)
    assert share > 8 * error  # the comparison has something to see
