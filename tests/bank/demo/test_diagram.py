"""The causal diagram: what identifies each lever, proved from the arrows, and the arrows held against the code."""

from dataclasses import dataclass, replace
from itertools import combinations

import networkx as nx
import numpy as np
import pytest

from analysis.bank.demo import diagram, making
from analysis.bank.demo.diagram import ADJUSTMENT, AT_RISK, OUTCOME, exposure, is_latent
from analysis.bank.demo.history import kind_shares
from analysis.bank.demo.life import advance, log_odds
from analysis.bank.demo.people import Traits
from analysis.bank.demo.state import Held, State, beginning, draw
from analysis.bank.demo.surroundings import Surroundings
from analysis.bank.demo.worlds import HIDDEN_STRENGTH, LEVERS, make_world

CONFOUNDED = ("unresolved_complaint", "long_wait")
NEGATIVE_CONTROL = "lost_card_now"
CUSTOMERS = 8000
MONTH = 26  # an outage, a cohort of the fee rise, alerts
WORLDS = {"default": make_world(), "hidden": replace(make_world(), name="hidden", hidden=HIDDEN_STRENGTH)}

DECIDES = "decides_now"
OUTPUTS = {
    "activity": "activity_now", "visits": "visits_now", "grievance": "grievance_now", "complaint": "complaint_now",
    "severity": "severity_now", "unresolved": "bound_now", "alert": "alert_now", "satisfaction": "satisfaction_now", "hazard": DECIDES,
}  # fmt: skip
TRAITS = {
    "digital": "digital", "wealth": "wealth", "price_sensitivity": "price", "service_sensitivity": "service",
    "satisfaction_base": "satisfaction_base", "burden": "burden", "habit": "habit", "opened": "tenure", "place": "managed",
    "age": "age", "bookings": None,
}  # fmt: skip
HOLDINGS = {"products": "products", "card": "card", "matures": "maturing_now", "loan": None}
BEFORE = {
    "mood": "satisfaction_before", "lull": "activity_before", "alerts": "alert_before",
    **{f"until.{lever}": f"{lever}_before" for lever in LEVERS},
}  # fmt: skip
# what hangs on the branch or its area or on more than one quantity before, and the one through which each acts
STAGE = {
    "pending": "unresolved_complaint_now",
    "recording": "complaint_now", "long_share": "crowding_now", "fee_month": "fee_rise_now", "load": "load_now",
    "gap": "competitor_rate_now", "economy": "economy_now", "departing": "manager_left_now", "hours_out": "incident_now",
}  # fmt: skip
QUANTITIES = (*TRAITS, *HOLDINGS, *BEFORE, *STAGE, "quality")
HELD = {
    *filter(None, (*TRAITS.values(), *HOLDINGS.values())),
    *BEFORE.values(),
    "decides_before",
    "branch",
    "quality",
    "calendar",
}


def graph(is_hidden=False):
    return nx.DiGraph(diagram.edges(is_hidden))


def without_effects(arrows, lever):
    """The diagram with the arrows out of the exposure removed: what is left connects by confounding alone."""
    cut = arrows.copy()
    cut.remove_edges_from(list(arrows.out_edges(exposure(lever))))
    return cut


def is_identified(arrows, lever, given):
    return nx.is_d_separator(without_effects(arrows, lever), {exposure(lever)}, {OUTCOME}, set(given))


def observed_before_exposure(arrows, lever):
    after = {*nx.descendants(arrows, exposure(lever)), exposure(lever), OUTCOME}
    return {node for node in arrows if node not in after and not is_latent(node)}


# --- identification


@pytest.mark.parametrize("is_hidden", [False, True])
def test_no_arrow_leads_back(is_hidden):
    assert nx.is_directed_acyclic_graph(graph(is_hidden))
    assert {exposure(lever) for lever in LEVERS} | {AT_RISK, OUTCOME} <= set(graph(is_hidden))


@pytest.mark.parametrize("lever", LEVERS)
def test_each_lever_acts_on_leaving_and_is_confounded(lever):
    arrows = graph()
    assert nx.has_path(arrows, exposure(lever), OUTCOME)
    assert not is_identified(arrows, lever, [])
    assert not is_identified(arrows, lever, [AT_RISK])


@pytest.mark.parametrize("lever", LEVERS)
def test_the_stated_adjustment_set_identifies_the_lever_and_none_of_it_can_be_spared(lever):
    arrows, stated = graph(), ADJUSTMENT[lever]
    assert is_identified(arrows, lever, {AT_RISK, *stated})
    assert {AT_RISK, *stated} <= observed_before_exposure(arrows, lever)
    for size in range(len(stated)):
        for fewer in combinations(stated, size):
            assert not is_identified(arrows, lever, {AT_RISK, *fewer})


@pytest.mark.parametrize("lever", [lever for lever in LEVERS if lever not in CONFOUNDED])
def test_the_hidden_burden_leaves_the_other_levers_identified(lever):
    arrows = graph(is_hidden=True)
    assert is_identified(arrows, lever, {AT_RISK, *ADJUSTMENT[lever]})


@pytest.mark.parametrize("lever", CONFOUNDED)
def test_the_hidden_burden_leaves_nothing_observed_that_identifies_the_two_levers(lever):
    arrows = graph(is_hidden=True)
    observed = observed_before_exposure(arrows, lever)
    assert len(observed) > 30
    stated = {AT_RISK, *ADJUSTMENT[lever]}
    assert not is_identified(arrows, lever, observed)
    others = sorted(observed - stated)
    for more in [(), *combinations(others, 1), *combinations(others, 2)]:
        assert not is_identified(arrows, lever, {*stated, *more})
    # of all sets within `observed`: if any separates, so does a least one, and there is none (van der Zander et al. 2014)
    assert nx.find_minimal_d_separator(without_effects(arrows, lever), exposure(lever), OUTCOME, restricted=observed) is None


@pytest.mark.parametrize("lever", CONFOUNDED)
def test_who_saw_the_burden_could_adjust_for_it(lever):
    assert is_identified(graph(is_hidden=True), lever, {AT_RISK, *ADJUSTMENT[lever], "burden"})


def test_a_lost_card_is_a_negative_control():
    arrows = graph(is_hidden=True)
    assert not nx.has_path(arrows, NEGATIVE_CONTROL, OUTCOME)
    assert not any(nx.has_path(arrows, exposure(lever), NEGATIVE_CONTROL) for lever in CONFOUNDED)
    assert {"burden"} <= set(arrows.predecessors(NEGATIVE_CONTROL))
    for lever in CONFOUNDED:
        stated = {AT_RISK, *ADJUSTMENT[lever]}
        assert not nx.is_d_separator(arrows, {NEGATIVE_CONTROL}, {exposure(lever)}, stated)
        assert not nx.is_d_separator(arrows, {NEGATIVE_CONTROL}, {OUTCOME}, {*stated, exposure(lever)})
        assert nx.is_d_separator(arrows, {NEGATIVE_CONTROL}, {exposure(lever)}, {*stated, "burden"})
    assert "burden" not in graph()


def test_the_drawing_shows_each_lever_and_each_arrow_of_the_month():
    drawn = diagram.mermaid()
    for lever in LEVERS:
        assert f'{exposure(lever)}[["{lever.replace("_", " ")}"]]' in drawn
    for cause, effect in diagram.edges():
        if not any(node.endswith(("_earlier", "_before", "_later")) for node in (cause, effect)):
            assert f"  {cause} --> {effect}\n" in drawn


# --- the diagram against the code


@dataclass(frozen=True)
class Scene:
    """All that a month starts from."""

    traits: Traits
    held: Held
    stage: Surroundings
    state: State


@pytest.fixture(scope="module")
def scene():
    rng, world = np.random.default_rng(11), WORLDS["default"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(making.lists, "make_lists", lambda *_: None)
        cast = making._cast(making._streams(11, making.STREAMS), world, CUSTOMERS)
    traits, held, stage, state = cast.traits, cast.held, cast.stage, beginning(rng, CUSTOMERS)
    stage = replace(stage, gap=np.where(rng.random(stage.gap.shape) < 0.5, 0.0050, 0.0010))
    for month in range(MONTH):
        state, _ = advance(month, traits, held, stage, world, state, draw(rng, CUSTOMERS))
    return Scene(traits, held, stage, state)


@pytest.fixture(scope="module")
def chance():
    """A month of much trouble, so that what is rare would show a change too."""
    uniform, normal = draw(np.random.default_rng(12), CUSTOMERS)
    often = ("grievance", "recorded", "delay", "alert")
    return {name: drawn * (0.2 if name in often else 1.0) for name, drawn in uniform.items()}, normal


def changed(scene, quantity):
    """The same month with one quantity other than it was, for every customer."""
    if quantity in TRAITS:
        return replace(scene, traits=_with_trait(scene.traits, quantity))
    if quantity in HOLDINGS:
        was = getattr(scene.held, quantity)
        return replace(scene, held=replace(scene.held, **{quantity: was + 2 if quantity == "products" else ~was}))
    if quantity in (*BEFORE, "pending"):
        return replace(scene, state=_with_past(scene.state, quantity))
    return replace(scene, stage=_with_stage(scene.stage, quantity))


def _with_trait(traits, name):
    was = getattr(traits, name)
    other = {
        "digital": lambda: 0.9 * was + 0.1 * (was < 0.5),
        "satisfaction_base": lambda: was - 1.5,
        "habit": lambda: 1 - was,
        "opened": lambda: was - np.timedelta64(900, "D"),
        "place": lambda: (was + 2) % 132,
        "age": lambda: was + 10,
    }
    return replace(traits, **{name: other.get(name, lambda: was + 2.0)()})


def _with_past(state, name):
    if name.startswith("until."):
        until = state.until.copy()
        row = LEVERS.index(name.removeprefix("until."))
        until[row] = np.where(until[row] > MONTH, 0, MONTH + 2)
        return replace(state, until=until)
    if name == "pending":
        return replace(state, pending=~state.pending)
    if name == "alerts":
        acts = state.alerted_until > MONTH
        recently = MONTH - state.last_alert < 6
        return replace(
            state,
            alerted_until=np.where(acts, 0, MONTH + 2).astype(np.int16),
            last_alert=np.where(recently, -999, MONTH - 1).astype(np.int16),
        )
    return replace(state, **{name: getattr(state, name) + {"mood": -1.5, "lull": -0.8}[name]})


def _with_stage(stage, name):
    if name in ("recording", "quality"):
        return replace(stage, branches=stage.branches.assign(**{name: stage.branches[name] + 2.0}))
    was = getattr(stage, name)
    other = {
        "long_share": lambda: np.minimum(was + 0.3, 0.9),
        "fee_month": lambda: np.where(was == MONTH, 99, MONTH),
        "load": lambda: was + 2.0,
        "gap": lambda: 0.006 - was,
        "economy": lambda: was + 0.5,
        "departing": lambda: ~was,
        "hours_out": lambda: was + 20,
    }
    return replace(stage, **{name: other[name]()})


def outputs_of(scene, world, chance):
    after, month = advance(MONTH, scene.traits, scene.held, scene.stage, world, scene.state, chance)
    found = {node: getattr(month, name) for name, node in OUTPUTS.items()}
    return {**found, **{exposure(lever): month.struck[row] for row, lever in enumerate(LEVERS)}}, after


def with_bound(arrows):
    """The diagram and which complaint is bound to stay unresolved: this month it is bound, in the next the lever strikes."""
    more = arrows.copy()
    more.remove_edges_from(list(arrows.in_edges("unresolved_complaint_now")))
    for cause in arrows.predecessors("unresolved_complaint_now"):
        more.add_edge(f"{cause.removesuffix('_before')}_now" if cause.endswith("_before") else cause, "bound_now")
    return more


def reached(arrows, quantity):
    """Outputs that follow from the quantity by the diagram where every other one that a month starts from is held."""
    arrows = with_bound(arrows)
    if quantity in STAGE:
        sources = {STAGE[quantity]}
    else:
        node = {**TRAITS, **HOLDINGS, **BEFORE, "quality": "quality"}[quantity]
        sources = {node} & set(arrows)
        if quantity == "satisfaction_base":  # satisfaction is base + mood: with the mood as it was, it moves with the base
            assert arrows.has_edge("satisfaction_base", "satisfaction_before")
            sources.add("satisfaction_before")
    free = arrows.subgraph(set(arrows) - HELD | sources)
    found = set().union(*({source, *nx.descendants(free, source)} for source in sources))
    return found & {*OUTPUTS.values(), *map(exposure, LEVERS)}


@pytest.mark.parametrize("name", WORLDS)
@pytest.mark.parametrize("quantity", QUANTITIES)
def test_a_month_changes_where_the_diagram_says_and_nowhere_else(quantity, name, scene, chance):
    usual, _ = outputs_of(scene, WORLDS[name], chance)
    other, _ = outputs_of(changed(scene, quantity), WORLDS[name], chance)
    differ = {node for node, values in usual.items() if not np.array_equal(values, other[node])}
    assert differ == reached(graph(is_hidden=name == "hidden"), quantity)


@pytest.mark.parametrize("name", WORLDS)
def test_what_acts_on_leaving_itself_is_what_has_an_arrow_to_it(name, scene, chance):
    """Each quantity changed with the state and satisfaction at the month's end as they were."""
    world, arrows = WORLDS[name], graph(is_hidden=name == "hidden")
    usual, after = outputs_of(scene, world, chance)
    satisfaction = usual["satisfaction_now"]
    odds = log_odds(MONTH, scene.traits, scene.held, scene.stage, world, after, satisfaction)
    direct = set()
    of_customers = [name for name in TRAITS if name != "place"]  # whose manager left how is part of the exposure
    for quantity in (*of_customers, *HOLDINGS, *STAGE, "quality"):
        now = changed(scene, quantity)
        if not np.array_equal(odds, log_odds(MONTH, now.traits, now.held, now.stage, world, after, satisfaction)):
            direct.add(quantity)
    for quantity in (*BEFORE, "pending"):
        state = _with_past(after, quantity)
        if not np.array_equal(odds, log_odds(MONTH, scene.traits, scene.held, scene.stage, world, state, satisfaction)):
            direct.add(quantity)
    stated = set(arrows.predecessors(DECIDES))
    node_of = {**TRAITS, **HOLDINGS, **BEFORE, "quality": "quality", "economy": "economy_now"}
    known = stated & {node_of[quantity] for quantity in (*TRAITS, *HOLDINGS, *BEFORE, "quality", "economy") if node_of[quantity]}
    assert {node_of.get(quantity, quantity) for quantity in direct} == known
    at_peace = replace(after, until=np.zeros_like(after.until))  # sensitivities act through levers only
    odds_at_peace = log_odds(MONTH, scene.traits, scene.held, scene.stage, world, at_peace, satisfaction)
    moving = {
        TRAITS[trait]
        for trait in TRAITS
        if not np.array_equal(
            odds_at_peace,
            log_odds(MONTH, _with_trait(scene.traits, trait), scene.held, scene.stage, world, at_peace, satisfaction),
        )
    }
    assert moving == stated & set(TRAITS.values()) - {"service"}
    assert "satisfaction_now" in stated
    assert not np.array_equal(odds, log_odds(MONTH, scene.traits, scene.held, scene.stage, world, after, satisfaction + 1))


def test_every_arrow_out_of_the_branch_is_among_those_held_against_the_code():
    of_month = {node for node in graph().successors("branch") if not node.endswith(("_earlier", "_before"))}
    through_push = {"push_now", "economy_now", "competitor_rate_now"}
    assert of_month <= {*STAGE.values(), *through_push, "quality", "satisfaction_base"}


def test_the_same_chance_brings_the_same_month(scene, chance):
    first, _ = outputs_of(scene, WORLDS["hidden"], chance)
    again, _ = outputs_of(scene, WORLDS["hidden"], chance)
    assert all(np.array_equal(first[node], again[node]) for node in first)
    assert all(values.any() and np.unique(values).size > 1 for values in first.values())


def test_how_somebody_leaves_hangs_on_digital_and_wealth_alone(scene):
    usual = kind_shares(scene.traits)
    assert usual.sum(axis=1) == pytest.approx(1)
    moving = {name for name in TRAITS if not np.array_equal(usual, kind_shares(_with_trait(scene.traits, name)))}
    assert moving == {"digital", "wealth"}
