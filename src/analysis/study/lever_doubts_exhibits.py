"""What speaks against reading a lever's share as a cause: how strong a hidden quantity would have to be, and controls that must show nothing."""

from collections.abc import Collection

import numpy as np
import pandas as pd

from analysis.finding import Column, Exhibit, Finding
from analysis.stats.hidden import STRONGEST
from analysis.study.disclosed import is_tellable
from analysis.study.lever_controls import LEVEL, Control
from analysis.study.lever_sensitivity import TRAIT_NAMES, in_words
from analysis.study.lever_words import LEVER_WORDS
from analysis.wording import Message, say

EVIDENCE = "adjusted"
OF_THE_METHOD = ("permuted",)
LEAVING = "leaving"
KINDS = {"lost_card": LEAVING, "leads": LEAVING, "past_assets": "past_assets", "permuted": "permuted"}
ODDS = say("{value:ratio} ({low:ratio} to {high:ratio})")
SHOWN = {
    "lost_card": ODDS,
    "leads": ODDS,
    "past_assets": say("{value:number.2} ({low:number.2} to {high:number.2})"),
    "permuted": say("{value:points.1} ({low:points.1} to {high:points.1})"),
}


def sensitivity_exhibit(bands: pd.DataFrame, beyond: Collection[str] | None = None) -> Exhibit:
    """Bands (see `lever_sensitivity.hidden_bands`) → a row a lever: interval, how strong a hidden quantity would have to be for it to reach
    0, in multiples of the recorded one, and the interval widened by one just as strong. `beyond`: the levers beyond noise, of which the
    title speaks; None: those whose interval does not hold 0."""
    name, heading = "lever_sensitivity", say("Would a hidden quantity explain it?")
    if bands.empty:
        return Exhibit(name, heading, absent=say("No lever has a share with an interval."))
    rows = [
        {
            "lever": LEVER_WORDS[row.lever].label,
            "interval": say("{low:share} to {high:share}", low=row.low, high=row.high),
            "vanishes": _strength(row.times),
            "benchmark": TRAIT_NAMES.get(row.trait, say("{name}", name=row.trait)),
            "band": say("{low:share} to {high:share}", low=row.band_low, high=row.band_high),
        }
        for row in bands.itertuples()
    ]
    told = bands[bands["times"] > 0 if beyond is None else bands["lever"].isin(beyond)]
    return Exhibit(
        name,
        _standing_title(int((told["times"] > 1).sum()), len(told)),
        say(
            "The 95% interval of each share; how strong a quantity that nobody recorded would have to be, on leaving and on being struck, for the interval to reach 0; the yardstick: the recorded trait that goes most with both; the interval if something hidden were just as strong"
        ),
        pd.DataFrame(rows),
        columns=(
            Column("lever", say("Lever")),
            Column("interval", say("Interval")),
            Column("vanishes", say("It would take")),
            Column("benchmark", say("The yardstick")),
            Column("band", say("With one as strong")),
        ),
    )  # fmt: skip


def controls_exhibit(controls: list[Control]) -> Exhibit:
    """A row a lever: what its controls show, a column a kind, and whether all are silent, one rings or none can be tested."""
    name, heading = "lever_controls", say("Controls that must show nothing")
    if not controls:
        return Exhibit(name, heading, absent=say("The bank's data tell of none of the six levers."))
    rows = [_control_row(lever, [one for one in controls if one.lever == lever]) for lever in LEVER_WORDS]
    return Exhibit(
        name,
        _controls_title(controls),
        say(
            "95% intervals, each by itself; by lot: the range of 95% of deals; bold: rings, where chance alone would ring any control in at most {level:share.0} of banks (Holm); a dash: the lever has no such control, or too few customers or units for it",
            level=LEVEL,
        ),
        pd.DataFrame([row for row in rows if row]),
        columns=(
            Column("lever", say("Lever")),
            Column(LEAVING, say("Leaving where nothing can act"), unit_label=say("times the odds; should be 1")),
            Column("past_assets", say("Earlier change of assets"), unit_label=say("standard deviations; should be 0")),
            Column("permuted", say("Dealt out by lot"), unit_label=say("points; should be 0")),
            Column("verdict", say("Verdict")),
        ),
    )  # fmt: skip


def _control_row(lever: str, own: list[Control]) -> dict:
    """What the controls of a lever show; nothing where it has none."""
    if not own:
        return {}
    cells = {KINDS[control.control]: _shown(control) for control in own}
    nothing = dict.fromkeys(KINDS.values(), say("–"))
    return {"lever": LEVER_WORDS[lever].label, **nothing, **cells, "verdict": _verdict(own)}


def doubt_findings(controls: list[Control], bands: pd.DataFrame) -> list[Finding]:
    """How many levers a control rings for; what lost cards and the months before the rise show; by lever, how strong a hidden quantity
    must be."""
    tested = list(filter(_is_tested, controls))
    return [*_alarms(tested), *_ratios(tested), *[_hidden(row) for row in bands.itertuples()]]


def _alarms(tested: list[Control]) -> list[Finding]:
    if not tested:
        return []
    seen = {control.lever for control in tested if control.control not in OF_THE_METHOD}
    levers = seen | {control.lever for control in tested if control.rings}
    if not levers:
        return []
    ringing = {control.lever for control in tested if control.rings}
    text = (
        say("How sure: of {all:count} levers that have a control which could show a hidden difference, it rings for **{n:count}**; their badge is adjusted, no more.")
        if ringing
        else say("How sure: of {tests:count} controls that must show nothing **none** rings; {all:count} levers have one that could show a hidden difference.")
    ).filled(n=len(ringing), all=len(levers), tests=len(tested))  # fmt: skip
    base = max(control.base for control in tested)
    return [Finding("lever_controls.alarms", text, len(ringing), base, "count", evidence=EVIDENCE, exhibit="lever_controls")]


def _ratios(tested: list[Control]) -> list[Finding]:
    texts = {
        "lost_card": say("The odds that a call is about a lost card were **{value:ratio}** times as high for callers who left later as for the others (interval {low:ratio} to {high:ratio}); 1 if nothing hidden is at work."),
        "leads": say("In the three months up to the rise of the fee the odds of leaving of its holders were **{value:ratio}** times those expected (interval {low:ratio} to {high:ratio}); 1 if branches moved alike."),
    }  # fmt: skip
    found = {}
    for control in tested:
        if control.control in texts:
            numbers = {"value": float(control.value), "low": float(control.low), "high": float(control.high)}
            found[control.control] = Finding(
                f"lever_control.{control.control}", texts[control.control].filled(**numbers), numbers["value"], control.base, "ratio",
                evidence=EVIDENCE, low=numbers["low"], high=numbers["high"], compare_to=1.0, exhibit="lever_controls", is_headline=False,
                is_row=True,
            )  # fmt: skip
    return list(found.values())


def _hidden(row) -> Finding:
    value = float(min(row.times, STRONGEST))
    text = say(
        "{lever}: for the interval of its share to reach 0 it takes {words}.",
        lever=LEVER_WORDS[row.lever].label, words=in_words(row.times, row.trait),
    )  # fmt: skip
    return Finding(
        f"hidden_strength.{row.lever}", text, value, int(row.base), "ratio", evidence=EVIDENCE, compare_to=1.0,
        exhibit="lever_sensitivity", is_headline=False, is_row=True,
    )  # fmt: skip


def _strength(times: float) -> Message:
    if times == 0:
        return say("nothing: it holds 0")
    if not np.isfinite(times):
        return say("over 10 times the yardstick")
    return say("{times:number.1} times the yardstick", times=times)


def _shown(control: Control) -> Message:
    if not _is_tested(control):
        return say("–")
    text = SHOWN[control.control].filled(value=float(control.value), low=float(control.low), high=float(control.high))
    return say("**{shown}**", shown=text) if control.rings else text


def _is_tested(control: Control) -> bool:
    return control.reason is None and is_tellable(control.base)


def _verdict(own: list[Control]) -> Message:
    if not any(map(_is_tested, own)):
        return say("Cannot be tested")
    return say("**Rings**") if any(control.rings for control in own) else say("Silent")


def _standing_title(standing: int, known: int) -> Message:
    if not known:
        return say("No share is beyond noise, so that nothing hidden is needed to explain it")
    if not standing:
        return say(
            "None of {known:count} shares beyond noise would withstand a hidden quantity as strong as the strongest recorded one",
            known=known,
        )
    return say(
        "{n:count} of {known:count} shares beyond noise would withstand a hidden quantity as strong as the strongest recorded one",
        n=standing, known=known,
    )  # fmt: skip


def _controls_title(controls: list[Control]) -> Message:
    ringing = {control.lever for control in controls if control.rings}
    tested = sum(control.reason is None for control in controls)
    if not tested:
        return say("No control could be tested")
    if ringing:
        return say("Levers for which a control rings: {n:count}; their badge is adjusted, no more", n=len(ringing))
    return say("No control rings; tested: {n:count}", n=tested)
