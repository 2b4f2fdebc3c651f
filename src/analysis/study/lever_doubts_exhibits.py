"""What speaks against reading a lever's share as a cause: how strong a hidden quantity would have to be, and controls that must show nothing."""

import pandas as pd

from analysis.finding import Column, Exhibit, Finding
from analysis.stats.hidden import STRONGEST
from analysis.study.disclosed import is_tellable
from analysis.study.lever_controls import CONTROL_EXPECTS, CONTROL_NAMES, LEVEL, Control
from analysis.study.lever_sensitivity import TRAIT_NAMES, in_words
from analysis.study.lever_words import LEVER_WORDS
from analysis.wording import Message, say

EVIDENCE = "adjusted"
OF_THE_METHOD = ("permuted",)


def sensitivity_exhibit(bands: pd.DataFrame) -> Exhibit:
    """Bands (see `lever_sensitivity.hidden_bands`) → a row a lever: share, interval, what it takes for the interval to reach 0, and the interval
    widened by a hidden quantity as strong as the recorded one."""
    name, heading = "lever_sensitivity", say("Would a hidden quantity explain it?")
    if bands.empty:
        return Exhibit(name, heading, absent=say("No lever has a share with an interval."))
    rows = [
        {
            "lever": LEVER_WORDS[row.lever].label,
            "share": _with_interval(row.value, row.low, row.high),
            "vanishes": in_words(row.times, row.trait),
            "benchmark": TRAIT_NAMES.get(row.trait, say("{name}", name=row.trait)),
            "band": say("{low:share} to {high:share}", low=row.band_low, high=row.band_high),
        }
        for row in bands.itertuples()
    ]
    standing = bands[bands["times"] > 1]
    return Exhibit(
        name,
        _standing_title(len(standing), len(bands)),
        say(
            "Share of those who left, with its 95% interval; what a quantity that nobody recorded would have to be for the interval to reach 0; the recorded trait that goes most with leaving and with being struck; the interval if something hidden were just as strong"
        ),
        pd.DataFrame(rows),
        columns=(
            Column("lever", say("Lever")),
            Column("share", say("Share")),
            Column("vanishes", say("Would vanish by")),
            Column("benchmark", say("Recorded yardstick")),
            Column("band", say("With as strong a hidden one")),
        ),
    )  # fmt: skip


def controls_exhibit(controls: list[Control]) -> Exhibit:
    """A row a control: what it should show, what it shows, and whether it is silent, rings or cannot be tested."""
    name, heading = "lever_controls", say("Controls that must show nothing")
    if not controls:
        return Exhibit(name, heading, absent=say("The bank's data tell of none of the six levers."))
    ordered = sorted(controls, key=lambda control: list(LEVER_WORDS).index(control.lever))
    rows = [
        {
            "lever": LEVER_WORDS[control.lever].label,
            "control": CONTROL_NAMES[control.control],
            "expects": CONTROL_EXPECTS[control.control],
            "shows": _shown(control),
            "verdict": _verdict(control),
        }
        for control in ordered
    ]
    return Exhibit(
        name,
        _controls_title(controls),
        say(
            "95% intervals, each by itself; a control rings where chance alone would ring any of them in at most {level:share.0} of banks (Holm)",
            level=LEVEL,
        ),
        pd.DataFrame(rows),
        columns=(
            Column("lever", say("Lever")),
            Column("control", say("Control")),
            Column("expects", say("Should show")),
            Column("shows", say("Shows")),
            Column("verdict", say("Verdict")),
        ),
    )


def doubt_findings(controls: list[Control], bands: pd.DataFrame) -> list[Finding]:
    """How many levers a control rings for; what lost cards and the months before the rise show; by lever, how strong a hidden quantity
    must be."""
    tested = [control for control in controls if control.reason is None and is_tellable(control.base)]
    return [*_alarms(tested), *_ratios(tested), *[_hidden(row) for row in bands.itertuples()]]


def _alarms(tested: list[Control]) -> list[Finding]:
    if not tested:
        return []
    seen = {control.lever for control in tested if control.control not in OF_THE_METHOD}
    levers = seen | {control.lever for control in tested if control.rings}
    if not levers:
        return []
    ringing = {control.lever for control in tested if control.rings}
    text = say(
        "{all:count} levers have a control that must show nothing and could show a hidden difference; levers for which it rings: **{n:count}**{then}.",
        n=len(ringing), all=len(levers), then=say("; their badge is adjusted, no more") if ringing else "",
    )  # fmt: skip
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
        exhibit="lever_sensitivity", is_headline=False,
    )  # fmt: skip


def _with_interval(value: float, low: float, high: float) -> Message:
    return say("{value:share} ({low:share} to {high:share})", value=value, low=low, high=high)


def _shown(control: Control) -> Message:
    if control.reason is not None:
        return control.reason
    if not is_tellable(control.base):
        return say("too few customers to tell")
    numbers = {"value": float(control.value), "low": float(control.low), "high": float(control.high)}
    words = {
        "lost_card": say("{value:ratio} times the odds ({low:ratio} to {high:ratio})"),
        "leads": say("{value:ratio} times the odds ({low:ratio} to {high:ratio})"),
        "past_assets": say("{value:number.2} standard deviations ({low:number.2} to {high:number.2})"),
        "permuted": say("{value:points.1} points on average ({low:points.1} to {high:points.1} by lot)"),
    }
    return words[control.control].filled(**numbers)


def _verdict(control: Control) -> Message:
    if control.reason is not None:
        return say("Cannot be tested")
    return say("**Rings**") if control.rings else say("Silent")


def _standing_title(standing: int, known: int) -> Message:
    if not standing:
        return say(
            "None of {known:count} shares would withstand a hidden quantity as strong as the strongest recorded one", known=known
        )
    return say(
        "{n:count} of {known:count} shares would withstand a hidden quantity as strong as the strongest recorded one",
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
