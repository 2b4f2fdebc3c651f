"""A month of life: what levers do and do not do, and in which ways the worlds depart."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy.special import expit, logit

from analysis.bank.demo import life, making
from analysis.bank.demo.calendar import AS_OF_MONTH, MONTHS, NEVER
from analysis.bank.demo.history import STAYS, History, live
from analysis.bank.demo.life import advance, hazard_of, log_odds, sensitivity
from analysis.bank.demo.outcomes import Horizon
from analysis.bank.demo.people import Traits
from analysis.bank.demo.risks import chances, tenure_years
from analysis.bank.demo.state import Held, State, beginning, draw
from analysis.bank.demo.surroundings import Surroundings
from analysis.bank.demo.visits import make_contacts
from analysis.bank.demo.worlds import FRAILTY_SPREAD, HIDDEN_STRENGTH, LEVERS, MONTHS_OF_EFFECT, WORLDS, make_world

DEFAULT = make_world()
HIDDEN = replace(DEFAULT, name="hidden", hidden=HIDDEN_STRENGTH)
ROW = {lever: row for row, lever in enumerate(LEVERS)}
UPSTREAM = ("activity", "visits", "severity", "alert", "alert_held_out")  # of this month's strikes, in the same month


@dataclass(frozen=True)
class Cast:
    """Customers, what they hold, and the stage."""

    traits: Traits
    held: Held
    stage: Surroundings

    def __len__(self):
        return len(self.traits)

    def lived(self, world, chance, off=False, months=range(MONTHS)):
        """Each month's state and what it brought, nobody leaving."""
        state, result = beginning(np.random.default_rng(0), len(self)), []
        for month in months:
            state, brought = advance(month, self.traits, self.held, self.stage, world, state, chance[month], off)
            result.append((state, brought))
        return result


def make_cast(customers, world=DEFAULT, seed=21):
    """As a bank is made, departments' lists left out."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(making.lists, "make_lists", lambda *_: None)
        made = making._cast(making._streams(seed, making.STREAMS), world, customers)
    return Cast(made.traits, made.held, made.stage)


@pytest.fixture(scope="module")
def cast():
    return make_cast(3000)


@pytest.fixture(scope="module")
def chance(cast):
    rng = np.random.default_rng(22)
    return [draw(rng, len(cast)) for _ in range(MONTHS)]


@pytest.fixture(scope="module")
def usual(cast, chance):
    return cast.lived(DEFAULT, chance)


@pytest.fixture(scope="module")
def crowd():
    """20,000 customers, and their histories in the default world, in `null` and with the hidden burden."""
    many = make_cast(20_000, seed=23)
    worlds = {"default": DEFAULT, "null": make_world("null"), "hidden": HIDDEN}
    lives: dict[str, History] = {}
    for name, world in worlds.items():
        lives[name] = live(np.random.default_rng(24), many.traits, many.held, many.stage, world)
    return many, lives


def struck_in(lived, lever):
    return np.array([brought.struck[ROW[lever]] for _, brought in lived])


def hazards(lived):
    return np.array([brought.hazard for _, brought in lived])


# --- sensitivities


def test_no_lever_acts_against_its_sign_or_more_than_twice():
    extremes = Traits(**{name: np.array([-9.0, -0.5, 0.0, 0.5, 9.0]) for name in Traits.__annotations__})
    for lever in LEVERS:
        how_much = np.broadcast_to(sensitivity(extremes, lever), 5)
        assert how_much.min() >= 0
        assert how_much.max() <= 2
        assert how_much[2] == 1
    for lever, (_, slope) in life.SENSITIVITY.items():
        assert slope > 0.25
        assert sensitivity(extremes, lever).tolist() == pytest.approx([0, 1 - slope / 2, 1, 1 + slope / 2, 2])


def test_who_is_sensitive_falls_further_and_leaves_sooner(cast, chance, usual):
    """A fee rise, felt by the price-sensitive: against the same month without it."""
    spared = np.zeros((len(LEVERS), 1), bool)
    spared[ROW["fee_rise"]] = True
    state = usual[25][0]
    month = 26
    here = (cast.traits, cast.held, cast.stage, DEFAULT, state, chance[month])
    _, with_rise = advance(month, *here)
    _, without = advance(month, *here, off=spared)
    hit = with_rise.struck[ROW["fee_rise"]] & (with_rise.grievance == without.grievance)  # without new grievances
    assert hit.sum() > 100
    felt, slope = DEFAULT.felt["fee_rise"], life.SENSITIVITY["fee_rise"][1]
    how_much = np.clip(1 + slope * cast.traits.price_sensitivity[hit], 0, 2)
    fall = (without.satisfaction - with_rise.satisfaction)[hit]
    assert fall == pytest.approx(felt * how_much, abs=1e-12)
    newly = hit & (state.until[ROW["fee_rise"]] <= month)
    rise = logit(with_rise.hazard[newly]) - logit(without.hazard[newly])
    how_much = np.clip(1 + slope * cast.traits.price_sensitivity[newly], 0, 2)
    assert rise == pytest.approx((DEFAULT.direct["fee_rise"] - life.SATISFACTION * felt) * how_much, abs=1e-9)


# --- levers


@pytest.mark.parametrize("lever", LEVERS)
def test_a_lever_acts_for_its_months_and_no_longer(lever, cast, usual):
    """Log odds with and without `until` of the lever, the rest of the state as it was."""
    months = MONTHS_OF_EFFECT[lever]
    nobody = np.zeros_like(usual[25][0].until)
    struck_at_20 = nobody.copy()
    struck_at_20[ROW[lever]] = 20 + months
    for month in range(20, 30):
        state = usual[month][0]
        here = (month, cast.traits, cast.held, cast.stage, DEFAULT)
        satisfaction = usual[month][1].satisfaction
        with_it = log_odds(*here, replace(state, until=struck_at_20), satisfaction)
        without = log_odds(*here, replace(state, until=nobody), satisfaction)
        more = with_it - without
        if month < 20 + months:
            strength = np.broadcast_to(DEFAULT.direct[lever] * sensitivity(cast.traits, lever), len(cast))
            if lever == "manager_left":
                strength = strength * np.where(cast.stage.takes_along[cast.traits.place, month], life.POACHED_FACTOR, 1.0)
            assert more == pytest.approx(strength, abs=1e-12)
        else:
            assert not more.any()


@pytest.mark.parametrize("lever", LEVERS)
def test_from_when_it_strikes_a_lever_acts_until_its_months_are_over(lever, usual):
    row, before = ROW[lever], np.zeros_like(usual[0][0].until[0])
    for month, (state, brought) in enumerate(usual):
        until = np.where(brought.struck[row], month + MONTHS_OF_EFFECT[lever], before)
        assert np.array_equal(state.until[row], until)
        before = until


@pytest.mark.parametrize("lever", LEVERS)
def test_a_lever_that_is_off_never_strikes_and_leaves_what_comes_before_it_alone(lever, cast, chance, usual):
    off = np.zeros((len(LEVERS), len(cast)), bool)
    off[ROW[lever]] = True
    spared = cast.lived(DEFAULT, chance, off)
    assert struck_in(usual, lever).any()
    assert not struck_in(spared, lever).any()
    first = int(struck_in(usual, lever).any(axis=1).argmax())
    for month in range(first):
        for name, values in vars(usual[month][1]).items():
            assert np.array_equal(values, getattr(spared[month][1], name)), name
    now, then = usual[first][1], spared[first][1]
    hit = now.struck[ROW[lever]]
    for name in UPSTREAM:
        assert np.array_equal(getattr(now, name), getattr(then, name)), name
    others = [row for other, row in ROW.items() if other not in (lever, "unresolved_complaint")]
    assert np.array_equal(now.struck[others], then.struck[others])
    assert np.array_equal(now.hazard[~hit], then.hazard[~hit])
    assert (now.hazard[hit] >= then.hazard[hit]).all()
    sensitive = np.broadcast_to(sensitivity(cast.traits, lever), hit.shape) > 0
    assert (now.hazard > then.hazard)[hit & sensitive].any()
    assert (now.grievance >= then.grievance).all()
    assert (now.grievance != then.grievance).any() == (lever in ("long_wait", "fee_rise", "app_outage"))


@pytest.mark.parametrize("lever", ["fee_rise", "manager_left", "app_outage", "competitor_rate"])
def test_exposures_from_outside_strike_alike_whatever_else_is_off(lever, cast, chance, usual):
    off = np.ones((len(LEVERS), len(cast)), bool)
    off[ROW[lever]] = False
    assert np.array_equal(struck_in(cast.lived(DEFAULT, chance, off), lever), struck_in(usual, lever))


def test_whom_no_lever_strikes_any_more_is_happier_and_complains_less(cast, chance, usual):
    """Descendants evolve anew: satisfaction, and with it grievances, of which some were complaints."""
    spared = cast.lived(DEFAULT, chance, True)
    assert not any(brought.struck.any() for _, brought in spared)
    happier = np.mean([brought.satisfaction for _, brought in spared]) - np.mean([brought.satisfaction for _, brought in usual])
    assert happier > 0.05
    fewer = sum(brought.grievance.sum() for _, brought in usual) - sum(brought.grievance.sum() for _, brought in spared)
    assert fewer > 0
    assert hazards(spared).mean() < hazards(usual).mean()


def test_a_lever_can_be_off_for_some_customers_only(cast, chance, usual):
    off = np.zeros((len(LEVERS), len(cast)), bool)
    off[:, ::2] = True
    half, spared = cast.lived(DEFAULT, chance, off), cast.lived(DEFAULT, chance, True)
    assert np.array_equal(hazards(half)[:, ::2], hazards(spared)[:, ::2])
    assert np.array_equal(hazards(half)[:, 1::2], hazards(usual)[:, 1::2])


# --- worlds


def test_in_null_no_lever_moves_a_hazard(cast, chance):
    world = make_world("null")
    with_all, without = cast.lived(world, chance), cast.lived(world, chance, True)
    assert sum(brought.struck.sum() for _, brought in with_all) > 1000
    assert np.array_equal(hazards(with_all), hazards(without))
    assert not np.array_equal(hazards(cast.lived(DEFAULT, chance)), hazards(cast.lived(DEFAULT, chance, True)))


def acting(history, lever):
    """customers × 48: whether the lever acts in the month."""
    result = np.zeros(history.is_open.shape, bool)
    for later in range(MONTHS_OF_EFFECT[lever]):
        result[:, later:] |= history.struck[ROW[lever]][:, : MONTHS - later]
    return result


def crude_log_ratio(many, world, history, lever):
    """Log of the mean chance to leave within half a year of those on whom the lever acts at 2024-12-31 ÷ that of the others,
    and its standard error; of customers who have not made up their minds."""
    at = history.snapshots[29]
    rows = np.flatnonzero(at.present & (at.status == STAYS) & (at.leaves == NEVER))
    here = (many.traits, many.held, many.stage, world, history)
    hazard = chances(np.random.default_rng(3), Horizon(29, 6), rows, *here)[1].mean(axis=0)
    hit = acting(history, lever)[rows, 29]
    error = np.sqrt(sum(hazard[some].var() / some.sum() / hazard[some].mean() ** 2 for some in (hit, ~hit)))
    return np.log(hazard[hit].mean() / hazard[~hit].mean()), error


@pytest.mark.parametrize(("lever", "sign"), [("unresolved_complaint", -1), ("app_outage", 1)])
def test_in_null_exposure_and_confounding_remain(lever, sign, crowd):
    """Who complains is wealthy, who meets an outage digital: they leave at other rates, without any effect of the lever."""
    many, lives = crowd
    ratio, error = crude_log_ratio(many, make_world("null"), lives["null"], lever)
    assert sign * ratio > 3 * error


def test_in_null_who_waits_long_differs_in_what_makes_people_leave(crowd):
    """Less digital, in worse branches: these act in opposite directions on leaving."""
    many, lives = crowd
    often = lives["null"].struck[ROW["long_wait"]].sum(axis=1) >= 2
    quality = many.stage.branches["quality"].to_numpy()[many.traits.branch]
    for values in (many.traits.digital, quality):
        error = values.std() / np.sqrt(often.sum())
        assert values[often].mean() < values[~often].mean() - 4 * error


def test_the_hidden_burden_raises_both_exposure_and_leaving(crowd):
    many, lives = crowd
    heavy = many.traits.burden > 1
    light = many.traits.burden < -1
    for lever in ("long_wait", "unresolved_complaint"):
        often = {name: history.struck[ROW[lever]].sum(axis=1) for name, history in lives.items()}
        assert often["hidden"][heavy].mean() > 1.5 * often["hidden"][light].mean()
        spread = often["default"].std() / np.sqrt(light.sum())
        assert abs(often["default"][heavy].mean() - often["default"][light].mean()) < 6 * spread
    left = {name: (history.churn_kind > 0) & (history.churn_kind < 4) for name, history in lives.items()}
    assert left["hidden"][heavy].mean() > 2 * left["hidden"][light].mean()
    assert left["default"][heavy].mean() == pytest.approx(left["default"][light].mean(), rel=0.15)


def test_the_hidden_burden_is_worth_its_stated_log_odds(cast, usual):
    state, brought = usual[20]
    heavier = replace(cast.traits, burden=cast.traits.burden + 1)
    for world, worth in ((HIDDEN, 0.8), (DEFAULT, 0.0), (replace(DEFAULT, frailty=0.6), 0.6)):
        odds = [
            log_odds(20, traits, cast.held, cast.stage, world, state, brought.satisfaction) for traits in (cast.traits, heavier)
        ]
        assert odds[1] - odds[0] == pytest.approx(worth, abs=1e-12)


def test_lost_cards_share_the_burden_and_nothing_follows_from_them(crowd):
    many, lives = crowd
    slope = {}
    for name, world in (("default", DEFAULT), ("hidden", HIDDEN)):
        contacts = make_contacts(np.random.default_rng(5), many.traits, many.stage, world, lives[name])
        lost = contacts["customer"][contacts["purpose"] == "card_lost"].to_numpy()
        months = (lives[name].activity > 0).sum(axis=1)
        rate = [np.isin(lost, np.flatnonzero(some)).sum() / months[some].sum() for some in _thirds(many.traits.burden)]
        slope[name] = rate[2] / rate[0]
    assert slope["hidden"] > 2
    assert slope["default"] == pytest.approx(1, abs=0.1)


def _thirds(values):
    low, high = np.quantile(values, [1 / 3, 2 / 3])
    return values < low, (values >= low) & (values <= high), values > high


def test_form_has_another_link_and_a_threshold(cast, usual):
    form = replace(DEFAULT, name="form", is_other_form=True, frailty=FRAILTY_SPREAD)
    odds = np.array([-6.0, -3.0, 0.0, 1.0])
    assert hazard_of(form, odds) == pytest.approx(1 - np.exp(-np.exp(odds)), abs=1e-15)
    assert hazard_of(DEFAULT, odds) == pytest.approx(expit(odds), abs=1e-15)
    state, _ = usual[20]
    everybody_waited = state.until.copy()
    everybody_waited[ROW["long_wait"]] = 23

    def at(satisfaction, world, until=None):
        here = replace(state, until=state.until * 0 if until is None else until)
        return log_odds(20, cast.traits, cast.held, cast.stage, world, here, np.full(len(cast), satisfaction))

    above, below = 0.31, 0.29
    assert np.array_equal(at(0.31, form), at(2.0, form))
    assert at(-1.0, form) - at(0.0, form) == pytest.approx(-life.FORM_SATISFACTION, abs=1e-12)
    assert at(-1.0, DEFAULT) - at(0.0, DEFAULT) == pytest.approx(-life.SATISFACTION, abs=1e-12)
    assert at(0.31, DEFAULT) - at(2.0, DEFAULT) == pytest.approx(-life.SATISFACTION * 1.69, abs=1e-12)
    of_wait = np.broadcast_to(DEFAULT.direct["long_wait"] * sensitivity(cast.traits, "long_wait"), len(cast))
    alone = np.zeros_like(everybody_waited)
    alone[ROW["long_wait"]] = 23
    assert at(below, form, alone) - at(below, form) == pytest.approx(of_wait, abs=1e-12)
    assert not (at(above, form, alone) - at(above, form)).any()
    assert at(above, DEFAULT, alone) - at(above, DEFAULT) == pytest.approx(of_wait, abs=1e-12)


def test_relations_drift_after_as_of_and_not_before(cast, chance, usual):
    drift = replace(DEFAULT, name="drift", drifts=True)
    for month in (AS_OF_MONTH - 1, AS_OF_MONTH, AS_OF_MONTH + 1, MONTHS - 1):
        state, brought = usual[month]
        here = (state, brought.satisfaction)
        before = log_odds(month, cast.traits, cast.held, cast.stage, DEFAULT, *here)
        more = log_odds(month, cast.traits, cast.held, cast.stage, drift, *here) - before
        if month <= AS_OF_MONTH:
            assert not more.any()
        else:
            less = life.SATISFACTION * (life.DRIFTED_SATISFACTION - 1) * brought.satisfaction
            other = (life.DRIFTED_DIGITAL - life.DIGITAL) * (cast.traits.digital - 0.55)
            assert more == pytest.approx(life.DRIFTED_BASE + less + other, abs=1e-12)
            assert np.abs(more).mean() > 0.2
    lived = cast.lived(drift, chance)
    same = [np.array_equal(hazards([one]), hazards([other])) for one, other in zip(lived, usual, strict=True)]
    assert same == [month <= AS_OF_MONTH for month in range(MONTHS)]


def test_in_rare_about_25_of_5000_leave_in_a_year():
    """Expected closings, silences and run-offs within twelve months of established customers, averaged over seeds, whose
    effects are drawn anew."""
    yearly = []
    for seed in range(6):
        world = make_world("rare", seed)
        few = make_cast(5000, world, seed)
        history = live(np.random.default_rng(seed), few.traits, few.held, few.stage, world)
        at = history.snapshots[23]
        rows = np.flatnonzero(at.present & (at.status == STAYS) & (tenure_years(23, few.traits) > 0.5))
        ways, _ = chances(np.random.default_rng(1), Horizon(23, 12), rows, few.traits, few.held, few.stage, world, history)
        yearly.append(ways[:, :3].sum(axis=(1, 2)).mean())
    assert 18 <= np.mean(yearly) <= 32
    assert min(yearly) > 10
    assert max(yearly) < 45


def test_no_hazard_is_outside_zero_and_one_in_any_world(cast, chance):
    for name in WORLDS:
        found = hazards(cast.lived(make_world(name, 4), chance, months=range(38)))
        assert found.min() > 0
        assert found.max() < 1


# --- one month's rules


def test_nobody_is_struck_without_what_it_takes(cast, usual):
    for month, (_, brought) in enumerate(usual):
        assert not (brought.struck[ROW["fee_rise"]] & ~cast.held.card[:, month]).any()
        assert not (brought.struck[ROW["competitor_rate"]] & ~cast.held.matures[:, month]).any()
        assert not (brought.struck[ROW["manager_left"]] & (cast.traits.place < 0)).any()
        assert not (brought.struck[ROW["app_outage"]] & ~cast.traits.uses_app).any()
        assert not (brought.unresolved & ~brought.complaint).any()
        before = usual[month - 1][1].unresolved if month else np.zeros(len(cast), bool)
        assert np.array_equal(brought.struck[ROW["unresolved_complaint"]], before)
        assert not (brought.complaint & ~brought.grievance).any()
        assert not (brought.alert_held_out & ~brought.alert).any()
        assert set(np.unique(brought.severity)) <= {1, 2, 3, 4, 5}
    outage = struck_in(usual, "app_outage").any(axis=1)
    assert np.flatnonzero(outage).tolist() == np.flatnonzero(cast.stage.hours_out).tolist()


def test_grievances_follow_their_stated_log_odds(cast):
    """Shares over many draws against 1 ÷ (1 + e^−x), for the four kinds of months a customer may have."""
    rng, times = np.random.default_rng(8), 200
    before = np.full(len(cast), 0.5)
    for levers in [(), ("long_wait",), ("fee_rise", "app_outage"), ("manager_left",)]:
        more = sum(DEFAULT.grieved.get(lever, 0.0) for lever in levers)
        assert (more > 0) == bool(set(levers) - {"manager_left"})
        struck = np.zeros((len(LEVERS), len(cast)), bool)
        struck[[ROW[lever] for lever in levers]] = True
        seen = sum(
            life.grievances(20, cast.traits, cast.stage, DEFAULT, struck, before, draw(rng, len(cast))[0])["grievance"].mean()
            for _ in range(times)
        )
        chance = expit(life.GRIEVANCE_LOG_ODDS + 0.5 * life.GRIEVANCE_BY_SATISFACTION + more)
        assert seen / times == pytest.approx(chance, abs=4 * np.sqrt(chance * (1 - chance) / (times * len(cast))))


def test_recorded_complaints_are_fewer_than_grievances_and_unevenly_so(crowd):
    many, lives = crowd
    history = lives["default"]
    wealthy = many.traits.wealth > np.quantile(many.traits.wealth, 0.8)
    poor = many.traits.wealth < np.quantile(many.traits.wealth, 0.2)
    share = [history.complaint[some].sum() / history.grievance[some].sum() for some in (wealthy, poor)]
    assert history.complaint.sum() < 0.6 * history.grievance.sum()
    assert share[0] > 4 * share[1]


def test_alerts_begin_in_their_month_pause_and_hold_some_out(usual):
    alert = np.array([brought.alert for _, brought in usual])
    held_out = np.array([brought.alert_held_out for _, brought in usual])
    assert not alert[: life.ALERTS_FROM_MONTH].any()
    assert alert[life.ALERTS_FROM_MONTH :].any(axis=1).all()
    customer, month = np.nonzero(alert.T)
    gaps = np.diff(month)[np.diff(customer) == 0]
    assert gaps.min() == life.ALERT_PAUSE_MONTHS
    count = alert.sum()
    share = life.ALERT_HELD_OUT
    assert held_out.sum() / count == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / count))


def test_an_alert_lowers_the_odds_for_its_months_unless_held_out(cast, usual):
    month = 30
    state, brought = usual[month]
    treated = brought.alert & ~brought.alert_held_out
    months = life.ALERT_MONTHS
    assert (state.alerted_until[treated] == month + months).all()
    nobody = replace(state, alerted_until=np.zeros(len(cast), np.int16))
    for later in range(month, month + months + 2):
        here = (later, cast.traits, cast.held, cast.stage, DEFAULT)
        less = log_odds(*here, state, brought.satisfaction) - log_odds(*here, nobody, brought.satisfaction)
        assert less[treated] == pytest.approx(life.ALERT_EFFECT if later < month + months else 0.0, abs=1e-12)


def test_a_state_can_be_taken_by_rows(usual):
    state: State = usual[30][0]
    rows = np.array([5, 2, 2])
    some = state.take(rows)
    assert np.array_equal(some.until, state.until[:, rows])
    assert np.array_equal(some.mood, state.mood[rows])
