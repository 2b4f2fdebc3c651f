"""The worlds of the demo bank: what acts on what by how much, and in which ways a world departs from the default one."""

from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from analysis.errors import UserError
from analysis.project import suggestion
from analysis.wording import say

DEFAULT_SEED = 7
WORLDS = ("default", "null", "hidden", "form", "drift", "rare", "small", "flat", "observed_response", "clean")
LEVERS = ("unresolved_complaint", "long_wait", "fee_rise", "manager_left", "app_outage", "competitor_rate")
STATED_DIRECT = dict(zip(LEVERS, (0.65, 0.50, 0.50, 0.80, 0.50, 0.90), strict=True))
STATED_FELT = dict(zip(LEVERS, (0.35, 0.30, 0.25, 0.25, 0.20, 0.15), strict=True))
STATED_GRIEVED = {"long_wait": 1.0, "fee_rise": 0.6, "app_outage": 0.8}
MONTHS_OF_EFFECT = dict(zip(LEVERS, (4, 3, 6, 6, 3, 2), strict=True))
CAMPAIGNS = ("wealth_autumn", "term_spring", "best_customers")
NONE_SHARE, NEGATIVE_SHARE = 0.20, 0.15
POSITIVE_RANGE, NEGATIVE_RANGE = (0.4, 1.5), (-0.6, -0.2)
SMALL_CUSTOMERS = 300
USUAL_CUSTOMERS = 5000
HIDDEN_STRENGTH = 0.8
RARE_SHIFT = -2.9
FRAILTY_SPREAD = 0.6


@dataclass(frozen=True)
class World:
    """`direct`: log odds of deciding to leave while a lever acts; `felt`: fall of satisfaction when it strikes; `grieved`:
    log odds of a grievance in that month; `campaign`:
    multipliers of the campaigns' effects; `hidden`: effect of the unobserved burden on leaving (log odds per standard
    deviation) and, through longer delays and later hours, on exposure; `frailty`: the same without an effect on exposure; `shift`
    of the base log odds; `is_clean`: nothing is wrong in the files."""

    name: str
    seed: int
    direct: MappingProxyType
    felt: MappingProxyType
    grieved: MappingProxyType
    campaign: MappingProxyType = field(default_factory=lambda: MappingProxyType(dict.fromkeys(CAMPAIGNS, 1.0)))
    hidden: float = 0.0
    frailty: float = 0.0
    is_other_form: bool = False
    drifts: bool = False
    shift: float = 0.0
    is_flat: bool = False
    is_response_observed: bool = False
    is_clean: bool = False

    @property
    def is_stated(self) -> bool:
        """Whether the effects are those that docs/demo-bank.md states."""
        return self.name == "default" and self.seed == DEFAULT_SEED


def make_world(name: str = "default", seed: int = DEFAULT_SEED) -> World:
    """The world of that name. The default world at the default seed has the stated effects, `null` has none; any other draws
    them anew from its seed, zero and negative ones among them. UserError: an unknown name."""
    if name not in WORLDS:
        raise UserError(
            say(
                "There is no world '{name}'{hint} Worlds: {worlds}.",
                name=name, hint=suggestion(name, list(WORLDS)), worlds=", ".join(WORLDS),
            )
        )  # fmt: skip
    return World(
        name=name,
        seed=seed,
        **_effects(name, seed),
        hidden=HIDDEN_STRENGTH if name == "hidden" else 0.0,
        frailty=FRAILTY_SPREAD if name == "form" else 0.0,
        is_other_form=name == "form",
        drifts=name == "drift",
        shift=RARE_SHIFT if name == "rare" else 0.0,
        is_flat=name == "flat",
        is_response_observed=name == "observed_response",
        is_clean=name == "clean",
    )


def customers_of(name: str, asked: int | None) -> int:
    """How many customers a world has where nobody says."""
    return asked if asked is not None else SMALL_CUSTOMERS if name == "small" else USUAL_CUSTOMERS


def _effects(name: str, seed: int) -> dict[str, MappingProxyType]:
    factor = dict.fromkeys((*LEVERS, *CAMPAIGNS), 1.0)
    if name == "null":
        factor = dict.fromkeys(factor, 0.0)
    elif name not in ("default", "clean") or seed != DEFAULT_SEED:
        rng = np.random.default_rng([seed, WORLDS.index(name)])
        factor = {key: _draw_factor(rng) for key in factor}
    return {
        "direct": MappingProxyType({lever: STATED_DIRECT[lever] * factor[lever] for lever in LEVERS}),
        "felt": MappingProxyType({lever: STATED_FELT[lever] * factor[lever] for lever in LEVERS}),
        "grieved": MappingProxyType({lever: effect * factor[lever] for lever, effect in STATED_GRIEVED.items()}),
        "campaign": MappingProxyType({campaign: factor[campaign] for campaign in CAMPAIGNS}),
    }


def _draw_factor(rng: np.random.Generator) -> float:
    kind, low_to_high = rng.random(2)
    if kind < NONE_SHARE:
        return 0.0
    low, high = NEGATIVE_RANGE if kind < NONE_SHARE + NEGATIVE_SHARE else POSITIVE_RANGE
    return float(low + (high - low) * low_to_high)
