"""Expected outcomes against outcomes that happened, and against a plain simulation of the stated rules."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from analysis.bank.demo import making, outcomes
from analysis.bank.demo.calendar import NEVER, first_day, last_day
from analysis.bank.demo.history import (
    CLOSED,
    DORMANT,
    INVOLUNTARY,
    INVOLUNTARY_REASONS,
    KINDS,
    RUN_OFF,
    STAYS,
    VOLUNTARY_REASONS,
    History,
    Snapshot,
    live,
)
from analysis.bank.demo.outcomes import WAYS, Horizon, expected, settled
from analysis.bank.demo.people import Traits
from analysis.bank.demo.state import Held, Month, beginning, draw
from analysis.bank.demo.surroundings import Surroundings
from analysis.bank.demo.worlds import World, make_world

CUSTOMERS = 80_000
HORIZONS = (Horizon(29, 6), Horizon(11, 12), Horizon(23, 12))
ERRORS = 4


@dataclass(frozen=True)
class Bank:
    """Customers and what became of them."""

    traits: Traits
    held: Held
    stage: Surroundings
    world: World
    history: History


def make_cast(world, customers, seed):
    """The stage, the people and what they hold, as a bank is made of them; departments' lists are left out."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(making.lists, "make_lists", lambda *_: None)
        return making._cast(making._streams(seed, making.STREAMS), world, customers)


@pytest.fixture(scope="module")
def bank():
    world = make_world()
    cast = make_cast(world, CUSTOMERS, 31)
    here = (cast.traits, cast.held, cast.stage, world)
    return Bank(*here, live(np.random.default_rng(31), *here))


def could_leave(bank, landmark):
    """Rows of established customers who are there and not silent for half a year."""
    at = bank.history.snapshots[landmark]
    established = (last_day(landmark) - bank.traits.opened).astype(int) > 183
    silent = (at.status == DORMANT) & (at.since <= landmark - 5)
    return np.flatnonzero(at.present & established & ~silent & (at.status != INVOLUNTARY))


def chances_of(bank, horizon, rows, rng):
    """WAYS × customers."""
    at = bank.history.snapshots[horizon.landmark].take(rows)
    ways = settled(horizon, bank.traits.take(rows), at)
    free = np.flatnonzero((at.status == STAYS) & (at.leaves == NEVER))
    those = rows[free]
    chance = [draw(rng, len(free)) for _ in horizon.inside]
    ways[:, free] += expected(
        horizon, bank.traits.take(those), bank.held.take(those), bank.stage, bank.world, at.state.take(free), chance
    )
    return ways


def happened(bank, horizon, rows, rng):
    """WAYS × customers, of what the history says: closed in the horizon and why; else no booking in its last 180 days; else
    assets of three months down to a fifth."""
    history, end = bank.history, last_day(horizon.end)
    gone = history.closed[rows] <= end
    closed, unwilling = (
        gone & np.isin(history.exit_reason[rows], reasons) for reasons in (VOLUNTARY_REASONS, INVOLUNTARY_REASONS)
    )
    silence_begins = end - np.timedelta64(179, "D")
    bookings = np.zeros(len(rows))
    for month in range(horizon.end - 6, horizon.end + 1):
        days = (last_day(month) - first_day(month)).astype(int) + 1
        inside = np.clip((last_day(month) - silence_begins).astype(int) + 1, 0, days)
        bookings += bank.traits.bookings[rows] * history.activity[rows, month] * inside / days
    dormant = ~gone & (rng.poisson(bookings) == 0)

    def assets(month):
        level = history.level[rows, month - 2 : month + 1]
        return level.sum(axis=1) / np.maximum((level > 0).sum(axis=1), 1)

    emptied = assets(horizon.end) <= 0.2 * assets(horizon.landmark)
    return np.array([closed, dormant, ~gone & ~dormant & emptied, unwilling])


def distance(count, chances):
    """In standard errors, from a count to the sum of the chances of what was counted; up to a fiftieth of the sum is not
    counted, for emptied relations that are silent by chance and who comes back within the horizon are left out of it."""
    apart = count - chances.sum()
    return max(abs(apart) - 0.02 * chances.sum(), 0) / np.sqrt((chances * (1 - chances)).sum())


@pytest.mark.parametrize("horizon", HORIZONS, ids=lambda one: f"{one.landmark}+{one.months}")
def test_as_many_leave_in_each_way_as_expected(horizon, bank):
    rng = np.random.default_rng(32)
    rows = could_leave(bank, horizon.landmark)
    chances, seen = chances_of(bank, horizon, rows, rng), happened(bank, horizon, rows, rng)
    assert len(rows) > 50_000
    for way, kind in enumerate(WAYS):
        assert seen[way].sum() > 200, KINDS[kind]
        assert distance(seen[way].sum(), chances[way]) < ERRORS, KINDS[kind]
    assert distance(seen[:3].sum(), chances[:3].sum(axis=0)) < ERRORS


@pytest.mark.parametrize("horizon", HORIZONS[:1], ids=["29+6"])
def test_chances_are_right_for_the_undecided_the_decided_and_the_emptied_alone(horizon, bank):
    rng = np.random.default_rng(33)
    rows = could_leave(bank, horizon.landmark)
    at = bank.history.snapshots[horizon.landmark].take(rows)
    chances, seen = chances_of(bank, horizon, rows, rng), happened(bank, horizon, rows, rng)
    free = (at.status == STAYS) & (at.leaves == NEVER)
    parts = {"undecided": free, "decided": (at.status == STAYS) & ~free, "emptied": at.status == RUN_OFF}
    for name, part in parts.items():
        for way in (0, 2):
            assert distance(seen[way, part].sum(), chances[way, part]) < ERRORS, (name, KINDS[WAYS[way]])
    assert distance(seen[1, parts["decided"]].sum(), chances[1, parts["decided"]]) < ERRORS


@pytest.mark.parametrize("horizon", HORIZONS[:2], ids=["29+6", "11+12"])
def test_those_with_higher_chances_leave_more_often(horizon, bank):
    """Tenths by expected chance, of those who have not decided: in each as many left as expected."""
    rng = np.random.default_rng(34)
    at = bank.history.snapshots[horizon.landmark]
    rows = could_leave(bank, horizon.landmark)
    rows = rows[(at.status[rows] == STAYS) & (at.leaves[rows] == NEVER)]
    chances = np.mean([chances_of(bank, horizon, rows, rng)[:3].sum(axis=0) for _ in range(3)], axis=0)
    seen = happened(bank, horizon, rows, rng)[:3].any(axis=0)
    tenth = np.digitize(chances, np.quantile(chances, np.arange(1, 10) / 10))
    shares = [seen[tenth == number].mean() for number in range(10)]
    assert shares[9] > 5 * shares[0]
    for number in range(10):
        assert distance(seen[tenth == number].sum(), chances[tenth == number]) < ERRORS


def test_chances_lie_between_zero_and_one_and_so_does_their_sum(bank):
    for horizon in HORIZONS:
        rows = could_leave(bank, horizon.landmark)[::4]
        ways = chances_of(bank, horizon, rows, np.random.default_rng(35))
        assert ways.shape == (len(WAYS), len(rows))
        assert ways.min() >= 0
        assert ways.sum(axis=0).max() <= 1 + 1e-12
        assert (ways.sum(axis=0) > 0).all()


def test_a_longer_horizon_sees_more_closed(bank):
    rows = could_leave(bank, 23)[::4]
    closed = [chances_of(bank, Horizon(23, months), rows, np.random.default_rng(36))[0].sum() for months in (3, 6, 9, 12)]
    assert closed == sorted(closed)
    assert closed[3] > 1.5 * closed[1]


def test_levers_off_lower_the_chances_of_the_undecided(bank):
    horizon, at = Horizon(23, 12), bank.history.snapshots[23]
    rows = np.flatnonzero(at.present & (at.status == STAYS) & (at.leaves == NEVER))[::8]
    rng = np.random.default_rng(37)
    chance = [draw(rng, len(rows)) for _ in horizon.inside]
    here = (horizon, bank.traits.take(rows), bank.held.take(rows), bank.stage, bank.world, at.state.take(rows), chance)
    usual, spared = expected(*here), expected(*here, off=True)
    assert spared[:3].sum() < 0.95 * usual[:3].sum()
    assert np.array_equal(expected(*here, off=np.zeros((6, len(rows)), bool)), usual)
    assert np.array_equal(expected(*here), usual)


# --- a plain simulation of the rules, with a hazard that stays the same


@dataclass(frozen=True)
class Rules:
    """What a simulated customer is like: monthly chance of deciding, own bookings a month, age, digital, wealth."""

    hazard: float
    bookings: float
    age: float = 85.0
    digital: float = 0.7
    wealth: float = 0.5

    @property
    def unwilling(self):
        return 0.0008 * np.exp(0.04 * max(self.age - 60, 0))

    @property
    def kinds(self):
        odds = np.exp([0.0, -0.8 + (self.digital - 0.5), -0.8 + 0.30 * self.wealth])
        return odds / odds.sum()


def simulated(rng, rules, months, times, status=STAYS, since=0, leaves=NEVER, kind=0):
    """Shares of `times` lives that end in each of WAYS. Month 0 is the landmark. Each month: who had planned it is gone, some
    exits against their will, emptied relations close, own bookings, then some decide."""
    status, since, leaves, kind = (np.full(times, value) for value in (status, since, leaves, kind))
    silent = rng.random(times) < 0.1
    closed, unwilling = np.zeros((2, times), bool)
    booked = np.zeros(times, int)
    part = (180 - 181 + 31) / 31  # of the first month, if the horizon's last six are January to June
    for month in range(1, months + 1):
        leaving = ~closed & ~unwilling & (status == STAYS) & (leaves == month)
        status[leaving], since[leaving] = kind[leaving], month
        unwilling |= ~closed & (status == STAYS) & (rng.random(times) < rules.unwilling)
        closed |= leaving & (kind == CLOSED)
        closed |= (status == RUN_OFF) & (month - since > 2) & (rng.random(times) < 0.03)
        ahead = leaves - month
        thin = np.select([silent, ahead == 1, ahead == 2, ahead == 3], [1.0, 0.35, 0.60, 0.80], 1.0)
        activity = np.select([status == DORMANT, status == RUN_OFF], [0.0, 0.4], thin)
        if month > months - 6:
            booked += rng.poisson(rules.bookings * activity * (part if month == months - 5 else 1.0))
        decides = (status == STAYS) & (leaves == NEVER) & (rng.random(times) < rules.hazard)
        size = int(decides.sum())
        leaves[decides] = month + rng.choice([1, 2, 3], size, p=[0.40, 0.35, 0.25])
        kind[decides] = 1 + rng.choice(3, size, p=rules.kinds)
    there = ~closed & ~unwilling
    dormant = there & (booked == 0)
    emptied = there & ~dormant & (status == RUN_OFF) & (months - since >= 2)
    return np.array([closed, dormant, emptied, unwilling]).mean(axis=1)


def alike(rules, size=1):
    """Customers who are all the same, and what they hold."""
    values = {"digital": rules.digital, "wealth": rules.wealth, "bookings": rules.bookings, "age": rules.age}
    zero = {name: np.zeros(size, int) for name in Traits.__annotations__}
    traits = Traits(**{**zero, **{name: np.full(size, float(value)) for name, value in values.items()}})
    return replace(traits, opened=np.full(size, np.datetime64("2015-01-01")), uses_app=np.ones(size, bool))


def steady(rules):
    """Stands in for `advance`: every month the same hazard, activity as usual."""

    def advance(month, traits, held, stage, world, state, chance, off=False):
        nothing = np.zeros(len(traits))
        usual = dict.fromkeys(Month.__annotations__, nothing)
        return state, Month(**{**usual, "activity": nothing + 1, "hazard": nothing + rules.hazard})

    return advance


@pytest.mark.parametrize(
    "rules", [Rules(0.03, 30.0), Rules(0.10, 30.0, digital=0.1, wealth=3.0), Rules(0.02, 1.3, age=40.0)], ids=str
)
@pytest.mark.parametrize("months", [6, 9])
def test_expected_chances_are_those_of_a_plain_simulation(rules, months, monkeypatch):
    """Within four standard errors, and what the expectation leaves out: emptied relations that happen to be silent (of those
    who book least), exits against their will of those who had decided."""
    left_out = {DORMANT: 0.15, RUN_OFF: 0.05} if rules.bookings < 2 else {}
    left_out |= {INVOLUNTARY: rules.hazard}
    times = 400_000
    seen = simulated(np.random.default_rng(38), rules, months, times)
    monkeypatch.setattr(outcomes, "advance", steady(rules))
    horizon = Horizon(35 - months, months)
    ways = expected(horizon, alike(rules), None, None, None, beginning(np.random.default_rng(0), 1), [None] * months)[:, 0]
    for way, kind in enumerate(WAYS):
        error = ERRORS * np.sqrt(ways[way] * (1 - ways[way]) / times) + left_out.get(kind, 0.0) * ways[way]
        assert seen[way] == pytest.approx(ways[way], abs=error), KINDS[kind]


@pytest.mark.parametrize("kind", [CLOSED, DORMANT, RUN_OFF])
@pytest.mark.parametrize("gone", [1, 2, 3])
def test_who_had_decided_leaves_as_planned(kind, gone):
    rules, times, months = Rules(0.0, 3.0), 200_000, 6
    seen = simulated(np.random.default_rng(39), rules, months, times, leaves=gone, kind=kind)
    ways = settled(Horizon(29, months), alike(rules), _at(status=STAYS, leaves=29 + gone, kind=kind))[:, 0]
    for way in range(3):
        assert seen[way] == pytest.approx(ways[way], abs=0.004 if way else 0.006), KINDS[WAYS[way]]


@pytest.mark.parametrize("since", [0, -1, -2, -5, -12])
def test_whose_assets_have_gone_closes_in_the_end_and_is_seen_to_empty_only_if_lately(since):
    rules, times, months = Rules(0.0, 30.0), 200_000, 6
    seen = simulated(np.random.default_rng(40), rules, months, times, status=RUN_OFF, since=since)
    ways = settled(Horizon(29, months), alike(rules), _at(status=RUN_OFF, since=29 + since))[:, 0]
    assert seen[0] == pytest.approx(ways[0], abs=ERRORS * np.sqrt(0.15 / times))
    # assets at the landmark itself are low if they went two months before or earlier: nothing is lost any more
    assert ways[2] == pytest.approx(1 - ways[0] if since > -2 else 0.0)


def test_the_silent_stay_silent_unless_they_come_back():
    at = [_at(status=DORMANT, since=29 - months) for months in (0, 3, 5, 20)]
    dormant = [settled(Horizon(29, 6), alike(Rules(0.0, 3.0)), one)[1, 0] for one in at]
    # who went silent n months ago may come back from the sixth month on: (6 - 5 + n, at most 6) months of the six
    assert dormant == pytest.approx([(1 - 0.012) ** months for months in (1, 4, 6, 6)])


def test_a_horizon_counts_the_months_after_the_landmark():
    horizon = Horizon(29, 6)
    assert (horizon.end, list(horizon.inside)) == (35, [30, 31, 32, 33, 34, 35])


def _at(status, since=NEVER, leaves=NEVER, kind=0):
    numbers = {"status": status, "since": since, "leaves": leaves, "kind": kind}
    arrays = {name: np.array([value]) for name, value in numbers.items()}
    return Snapshot(state=beginning(np.random.default_rng(0), 1), present=np.array([True]), **arrays)
