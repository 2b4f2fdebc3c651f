"""The comparison of complaints handed on or answered late with those that were not, in words, figures and a table of overlap."""

import numpy as np
import pandas as pd

from analysis.finding import Column, Exhibit, Finding
from analysis.stats.effects import TRIMMED_BELOW
from analysis.stats.intervals import Estimate, simultaneous
from analysis.study.complaint_effects import ANSWER_WITHIN_DAYS, EXPOSURES, OUTCOMES, SLOW_DAYS, Effect
from analysis.study.disclosed import hidden_cells
from analysis.wording import Message, say

UNITS = {"satisfaction": "mark", "churn": "points"}
ALL = 0.9995  # told as 100.0%
BANDS = (0, 0.1, 0.3, 0.5, 0.7, 0.9, 1)
NAMES = {"slow": say("Open after 15 days"), "handed_on": say("Handed on")}


def effect_findings(effects: list[Effect]) -> list[Finding]:
    """One finding an exposure and outcome that could be compared; whether it is beyond chance is read over all of them at once."""
    known = [effect for effect in effects if effect.reason is None]
    beyond = _beyond_chance([effect.found.adjusted for effect in known])
    return [_finding(effect, is_beyond) for effect, is_beyond in zip(known, beyond, strict=True)]


def effect_exhibit(effects: list[Effect], outcome: str) -> Exhibit:
    """Crude and adjusted differences of one outcome (a key of OUTCOMES), those of each exposure together."""
    name = f"complaint_{outcome}"
    own = [effect for effect in effects if effect.outcome == outcome]
    known = [effect for effect in own if effect.reason is None]
    heading = {"satisfaction": say("Later mark"), "churn": say("Who left later")}[outcome]
    if not known:
        return Exhibit(name, heading, absent=say("The comparison cannot be made: {reason}.", reason=own[0].reason))
    beyond = _all_beyond(effects, known)
    rows = [row for effect in known for row in _rows(effect, effect in beyond)]
    return Exhibit(
        name=name,
        title=_title(known, beyond, outcome),
        subtitle=_subtitle(outcome),
        frame=pd.DataFrame(rows),
        unit=UNITS[outcome],
        reference=0.0,
        reference_label=say("No difference"),
        options={"value_label": say("Difference of marks") if outcome == "satisfaction" else say("points")},
    )


def overlap_exhibit(effects: list[Effect]) -> Exhibit:
    """How the chance of each exposure is spread among complaints with it and without: are like compared with like?"""
    shown = [effect for effect in effects if effect.found is not None and effect.outcome == _widest(effects)]
    heading = say("Whether like is compared with like")
    if not shown:
        return Exhibit("complaint_overlap", heading, absent=say("No comparison was made."))
    rows = [row for effect in shown for row in _overlap(effect)]
    kept = min(effect.found.overlap for effect in shown)
    worst = max(float(effect.found.balance["weighted"].abs().max()) for effect in shown)
    return Exhibit(
        name="complaint_overlap",
        title=_overlap_title(kept),
        subtitle=say(
            "Complaints by the chance, foretold from what was known when they came in, that this would happen to them; those outside {low:share.0} to {high:share.0} are set aside. After weighting the two sides differ by at most {worst:number} standard deviations in any trait (0.1 counts as alike)",
            low=TRIMMED_BELOW, high=1 - TRIMMED_BELOW, worst=worst,
        ),
        frame=pd.DataFrame(rows),
        columns=(
            Column("group", say("What happened")),
            Column("band", say("Chance of it")),
            Column("exposed", say("It happened"), "count", say("complaints")),
            Column("others", say("It did not"), "count", say("complaints")),
        ),
    )  # fmt: skip


def _overlap_title(kept: float) -> Message:
    if kept >= ALL:
        return say("All complaints have their like on the other side")
    return say("At least {kept:share} of the complaints have their like on the other side", kept=kept)


def _finding(effect: Effect, is_beyond: bool) -> Finding:
    adjusted, numbers = effect.found.adjusted, effect.found.adjusted._asdict()
    texts = {
        ("slow", "satisfaction"): say("Complaints open after {days:count} days: the customer's later mark differs by **{value:mark}** from that of like complaints (interval {low:mark} to {high:mark}){noise}."),
        ("handed_on", "satisfaction"): say("Complaints handed on: the customer's later mark differs by **{value:mark}** from that of like complaints (interval {low:mark} to {high:mark}){noise}."),
        ("slow", "churn"): say("Complaints open after {days:count} days: the share of customers who left later differs by **{value:points} points** from that of like complaints (interval {low:points} to {high:points}){noise}."),
        ("handed_on", "churn"): say("Complaints handed on: the share of customers who left later differs by **{value:points} points** from that of like complaints (interval {low:points} to {high:points}){noise}."),
    }  # fmt: skip
    noise = "" if is_beyond else say("; all comparisons read at once, that is within noise")
    numbers = {name: float(number) for name, number in numbers.items()}
    text = texts[effect.exposure, effect.outcome].filled(**numbers, days=SLOW_DAYS, noise=noise)
    return Finding(
        f"complaint_effect.{effect.exposure}.{effect.outcome}", text, float(adjusted.value), adjusted.base, UNITS[effect.outcome],
        evidence="adjusted", low=float(adjusted.low), high=float(adjusted.high), compare_to=0.0,
        exhibit=f"complaint_{effect.outcome}", base_of="complaints", is_headline=is_beyond,
    )  # fmt: skip


def _beyond_chance(estimates: list[Estimate]) -> list[bool]:
    if not estimates:
        return []
    at_once = simultaneous(pd.DataFrame([estimate._asdict() for estimate in estimates]))
    return (~((at_once["low"] <= 0) & (at_once["high"] >= 0))).tolist()


def _all_beyond(effects: list[Effect], known: list[Effect]) -> list[Effect]:
    every = [effect for effect in effects if effect.reason is None]
    beyond = _beyond_chance([effect.found.adjusted for effect in every])
    return [effect for effect, is_beyond in zip(every, beyond, strict=True) if is_beyond and effect in known]


def _title(known: list[Effect], beyond: list[Effect], outcome: str) -> Message:
    if not beyond:
        return {
            "satisfaction": say("Customers with like complaints later gave marks alike, within noise"),
            "churn": say("Of customers with like complaints as many left, within noise"),
        }[outcome]
    most = max(beyond, key=lambda effect: abs(effect.found.adjusted.value))
    value = float(most.found.adjusted.value)
    if outcome == "satisfaction":
        return say(
            "{what}: the later mark differs by {value:mark} from that of like complaints", what=NAMES[most.exposure], value=value
        )
    return say(
        "{what}: the share that left differs by {value:points} points from that of like complaints",
        what=NAMES[most.exposure],
        value=value,
    )


def _subtitle(outcome: str) -> Message:
    if outcome == "satisfaction":
        return say(
            "Difference of the mean mark (1 to 10) of the first answer within {days:count} days after the exposure is known, answers that staff asked for left out; lines, 95% intervals by branch, each by itself; hollow: within noise, all comparisons read at once; adjusted for severity, category, channel, earlier complaints and the customer as far as numbers allow",
            days=ANSWER_WITHIN_DAYS,
        )  # fmt: skip
    return say(
        "Difference, in percentage points, of the share that left within the horizon after the next landmark; lines, 95% intervals by branch, each by itself; hollow: within noise, all comparisons read at once; adjusted for severity, category, channel, earlier complaints and the customer as far as numbers allow"
    )


def _rows(effect: Effect, is_beyond: bool) -> list[dict]:
    """Where the comparison as a whole lies within noise, so does each of its rows, whatever its own interval leaves out."""
    shown = {say("Nothing held equal"): effect.found.crude, say("Like complaints"): effect.found.adjusted}
    if effect.mutual is not None and effect.mutual.adjusted is not None:
        other = next(words for name, words in EXPOSURES.items() if name != effect.exposure)
        shown[say("Like complaints, also in: {other}", other=other)] = effect.mutual.adjusted
    return [
        {
            "label": label,
            **{name: float(number) for name, number in found._asdict().items()},
            "group": NAMES[effect.exposure],
            "is_noise": not is_beyond or found.low <= 0 <= found.high,
        }
        for label, found in shown.items()
    ]


def _widest(effects: list[Effect]) -> str:
    known = [effect for effect in effects if effect.found is not None]
    return max(known, key=lambda effect: effect.base).outcome if known else next(iter(OUTCOMES))


def _overlap(effect: Effect) -> list[dict]:
    band = pd.cut(effect.found.propensity, BANDS, include_lowest=True, labels=False)
    exposed = effect.found.is_exposed
    cells = [[own & (band == place) for own in (exposed, ~exposed)] for place in range(len(BANDS) - 1)]
    counts = np.array([[int(own.sum()) for own in row] for row in cells])
    secret = hidden_cells([[effect.customers[own].nunique() for own in row] for row in cells])
    return [
        {
            "group": NAMES[effect.exposure],
            "band": say("{low:share.0} to {high:share.0}", low=BANDS[place], high=BANDS[place + 1]),
            "exposed": None if secret[place, 0] else float(counts[place, 0]),
            "others": None if secret[place, 1] else float(counts[place, 1]),
        }
        for place in range(len(BANDS) - 1)
        if counts[place].sum()
    ]
