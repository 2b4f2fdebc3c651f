"""The levers' shares in words, each with its intervention, its base, its interval and the evidence that it bears."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from analysis.finding import EVIDENCE, Finding
from analysis.stats.attributable import LeverShare
from analysis.stats.intervals import Estimate
from analysis.study.lever_effects import OVERLAP_NEEDED
from analysis.study.lever_shares import ALL_RULES, LeversFound
from analysis.study.lever_words import ADJUSTED, ASSOCIATION, ASSUMED, LEVER_WORDS
from analysis.wording import Message, listed, say

if TYPE_CHECKING:
    from analysis.study.lever_controls import Doubt
    from analysis.study.lever_words import Ceiling

EXHIBIT, COMPARED, BY_RULE = "lever_shares", "lever_compared", "lever_by_rule"
BY_WAY = {"closed": say("who closed"), "dormant": say("who fell silent"), "run_off": say("who drew off their assets")}
UNLIKE = 0.25
NOISE = say("; all levers and rules read at once, that is within noise")


def evidence_of(lever: str, ceilings: Mapping[str, Ceiling], doubts: Mapping[str, Doubt], share: LeverShare | None = None) -> str:
    """The badge of a lever: what the data allow at most (`ceilings`; assumed-causal where none is given), at most adjusted where a control
    rings (`doubts`), where more than a few strikes of its `share` have no like and are represented by the others, or where these differ by
    more than UNLIKE (Rubin 2001)."""
    ceiling = ceilings[lever].evidence or ASSOCIATION if lever in ceilings else ASSUMED
    rings = lever in doubts and doubts[lever].alarm
    is_unlike = share is not None and (share.overlap < OVERLAP_NEEDED or share.imbalance > UNLIKE)
    return min(ceiling, ADJUSTED if rings or is_unlike else ASSUMED, key=EVIDENCE.index)


def lever_findings(
    found: LeversFound | None, ceilings: Mapping[str, Ceiling] | None = None, doubts: Mapping[str, Doubt] | None = None
) -> list[Finding]:
    """`cause_joint`, `cause_alone.<lever>`, `cause.<lever>` and `cause_alone.<lever>.<rule>` of the levers that have a number."""
    if found is None or found.joint is None:
        return []
    badge = _badges(found, ceilings, doubts)
    return [
        _joint(found, badge, _shortfalls(found, ceilings or {}, doubts or {}, badge)),
        *(_alone(found, lever, badge[lever]) for lever in found.told),
        *(_split(found, lever, badge[lever]) for lever in found.told),
        *(_by_rule(found, lever, rule, share, badge[lever]) for (lever, rule), share in found.by_rule.items() if lever in badge),
    ]


def advice_findings(
    found: LeversFound | None, ceilings: Mapping[str, Ceiling] | None = None, doubts: Mapping[str, Doubt] | None = None
) -> list[Finding]:
    """`lever_advice`: on how many levers the evidence is enough to act: assumed-causal, told from nothing, and customers lost by them."""
    if found is None or found.joint is None:
        return []
    badge = _badges(found, ceilings, doubts)
    enough = [
        lever for lever, evidence in badge.items()
        if evidence == ASSUMED and (lever, ALL_RULES) in found.beyond and found.shares[lever].value > 0
    ]  # fmt: skip
    numbers = {"n": len(enough), "all": len(badge)}
    if enough:
        text = say(
            "What to do: the evidence is enough to act on **{n:count}** of {all:count} levers: {levers}; try measures against the others on customers drawn by lot first.",
            levers=listed(LEVER_WORDS[lever].label for lever in enough), **numbers,
        )  # fmt: skip
    else:
        text = say("What to do: the evidence is enough to act on **{n:count}** of {all:count} levers; try measures against any of them on customers drawn by lot first.", **numbers)  # fmt: skip
    return [
        Finding("lever_advice", text, len(enough), found.base, "count", evidence=ASSUMED if enough else ADJUSTED, exhibit=EXHIBIT)
    ]


def _badges(found: LeversFound, ceilings: Mapping[str, Ceiling] | None, doubts: Mapping[str, Doubt] | None) -> dict[str, str]:
    return {lever: evidence_of(lever, ceilings or {}, doubts or {}, share) for lever, share in found.told.items()}


def _shortfalls(
    found: LeversFound, ceilings: Mapping[str, Ceiling], doubts: Mapping[str, Doubt], badge: Mapping[str, str]
) -> list[Message]:
    """Of each lever below assumed-causal, why it is."""
    short = []
    for lever, share in found.told.items():
        numbers = {"lever": LEVER_WORDS[lever].label, "overlap": share.overlap, "unlike": share.imbalance}
        if badge[lever] == ASSUMED:
            continue
        if lever in doubts and doubts[lever].alarm:
            text = say("{lever} (a control rings)")
        elif lever in ceilings and ceilings[lever].evidence != ASSUMED:
            text = say("{lever} (the bank's data allow no more)")
        elif share.overlap < OVERLAP_NEEDED:
            text = say("{lever} (like customers for {overlap:share.0} of its strikes only)")
        else:
            text = say("{lever} (struck and spared still {unlike:number} standard deviations apart)")
        short.append(text.filled(**numbers))
    return short


def _joint(found: LeversFound, badge: dict[str, str], shortfalls: list[Message]) -> Finding:
    estimate, evidence = found.joint.joint, min(badge.values(), key=EVIDENCE.index)
    if evidence == ASSUMED:
        text = say(
            "If none of these {n:count} levers had struck, **{value:share}** of those who left within {months:count} months would have stayed (interval {low:share} to {high:share})."
        )
    else:
        text = say(
            "Customers struck by any of {n:count} levers left more often than their like, by **{value:share}** of all who left within {months:count} months (interval {low:share} to {high:share}). That the levers made them leave is not shown; the comparison falls short for: {short}.",
            short=listed(shortfalls),
        )
    return _finding("cause_joint", text, estimate, evidence, found, n=len(badge), is_headline=True)


def _alone(found: LeversFound, lever: str, evidence: str) -> Finding:
    share, is_beyond = found.shares[lever], (lever, ALL_RULES) in found.beyond
    same, all_of = found.holding(lever)
    under = say("; the sign is the same under {same:count} of {all:count} rules", same=same, all=all_of) if all_of > 1 else ""
    return _finding(
        f"cause_alone.{lever}",
        _alone_text(lever, share, evidence),
        share.estimate,
        evidence,
        found,
        units=LEVER_WORDS[lever].units.filled(n=share.clusters),
        noise="" if is_beyond else NOISE,
        under=under,
        is_headline=is_beyond,
        is_row=not is_beyond,
    )


def _alone_text(lever: str, share: LeverShare, evidence: str) -> Message:
    words = LEVER_WORDS[lever]
    if evidence != ASSUMED:
        return say(
            "{lever:capital}: customers struck left more often than like customers who were spared, by **{value:share}** of all who left within {months:count} months (interval {low:share} to {high:share}; {units}){under}{noise}.",
            lever=words.label,
        )
    if share.value < 0:
        return say(
            "If {intervention}: no fewer customers would have left within {months:count} months; the share is **{value:share}** (interval {low:share} to {high:share}; {units}){under}{noise}.",
            intervention=words.intervention,
        )
    return say(
        "If {intervention}, **{value:share}** of those who left within {months:count} months would have stayed (interval {low:share} to {high:share}; {units}){under}{noise}.",
        intervention=words.intervention,
    )


def _split(found: LeversFound, lever: str, evidence: str) -> Finding:
    text = say(
        "Of the {joint:share} of all {n:count} levers together, **{value:share}** falls to this one: {lever} (interval {low:share} to {high:share}).",
        joint=found.joint.joint.value, n=len(found.told), lever=LEVER_WORDS[lever].label,
    )  # fmt: skip
    return _finding(f"cause.{lever}", text, found.joint.split[lever], evidence, found, exhibit=COMPARED, is_row=True)


def _by_rule(found: LeversFound, lever: str, rule: str, share: LeverShare, evidence: str) -> Finding:
    text = say(
        "{lever:capital}, of those {way}: **{value:share}** (interval {low:share} to {high:share}){noise}.",
        lever=LEVER_WORDS[lever].label, way=BY_WAY[rule], noise="" if (lever, rule) in found.beyond else NOISE,
    )  # fmt: skip
    return _finding(f"cause_alone.{lever}.{rule}", text, share.estimate, evidence, found, exhibit=BY_RULE, is_row=True)


def _finding(
    name: str, text: Message, estimate: Estimate, evidence: str, found: LeversFound, exhibit: str = EXHIBIT, is_headline: bool = False,
    is_row: bool = False, **words: object,
) -> Finding:  # fmt: skip
    numbers = {"value": estimate.value, "low": estimate.low, "high": estimate.high}
    return Finding(
        name, text.filled(**numbers, months=found.months, **words), estimate.value, found.base, "share", evidence=evidence,
        low=estimate.low, high=estimate.high, compare_to=0.0, exhibit=exhibit, is_headline=is_headline, is_row=is_row,
    )  # fmt: skip
