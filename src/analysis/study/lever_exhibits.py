"""The levers' shares as a figure by evidence and a table by rule, and what they rest on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.finding import Column, Exhibit
from analysis.stats.intervals import Estimate
from analysis.study.churn import PARTS, RULES
from analysis.study.disclosed import is_tellable
from analysis.study.lever_effects import OVERLAP_NEEDED
from analysis.study.lever_findings import BY_RULE, EXHIBIT, UNLIKE, evidence_of
from analysis.study.lever_shares import ALL_RULES, LeversFound, why_none
from analysis.study.lever_words import ADJUSTED, ASSOCIATION, ASSUMED, EVIDENCE_WORDS, LEVER_WORDS
from analysis.wording import Message, listed, say

if TYPE_CHECKING:
    from analysis.stats.attributable import LeverShare
    from analysis.study.lever_controls import Doubt
    from analysis.study.lever_words import Ceiling

NO_LEVER = say("The bank's data tell of none of the six levers.")
NO_CELL = say("–")
NO_NUMBER = say("No lever has a number: {reason}.")
BASIS = "lever_basis"
WOULD_HAVE_STAYED = say("who would have stayed had the lever not struck")
LEFT_MORE_OFTEN = say(
    "beyond those to be expected from like customers who were spared; not of every lever is it shown that it made them leave"
)


def lever_shares_exhibit(
    found: LeversFound | None, ceilings: Mapping[str, Ceiling] | None = None, doubts: Mapping[str, Doubt] | None = None
) -> Exhibit:
    """Intervals: the levers' shares, each alone, grouped by their evidence, the greatest first; then those without a number; last the
    joint share. In words of cause only where every lever told bears the badge of it."""
    heading = say("How much of the leaving each lever accounts for")
    if absent := why_absent(found):
        return Exhibit(EXHIBIT, heading, absent=absent)
    badges = {lever: evidence_of(lever, ceilings or {}, doubts or {}, share) for lever, share in found.told.items()}
    is_cause = set(badges.values()) == {ASSUMED}
    return Exhibit(
        EXHIBIT,
        _title(found, is_cause),
        say(
            "Share of the customers who left in the {months:count} months after {day:date} {what}. Each lever stands by itself; who was struck by two counts once in the last row. Lines, 95% intervals by the unit that decides whom a lever strikes, or in which customers are taken together; hollow: within noise, all levers and rules read at once",
            months=found.months, day=found.opened, what=WOULD_HAVE_STAYED if is_cause else LEFT_MORE_OFTEN,
        ),
        pd.DataFrame([*_told_rows(found, badges), *_untold_rows(found), _total(found)]),
        reference=0.0,
        reference_label=say("Nothing"),
        options={"value_label": say("Share")},
    )  # fmt: skip


def lever_by_rule_exhibit(
    found: LeversFound | None, ceilings: Mapping[str, Ceiling] | None = None, doubts: Mapping[str, Doubt] | None = None
) -> Exhibit:
    """Table: each lever's share of all who left, and of those who left by each rule; which of them are no more than adjusted."""
    heading = say("The same under each rule of leaving")
    if absent := why_absent(found):
        return Exhibit(BY_RULE, heading, absent=absent)
    rows = [
        {
            "lever": LEVER_WORDS[lever].label,
            ALL_RULES: share_cell(share.estimate, (lever, ALL_RULES) in found.beyond),
            **{rule: _rule_cell(found, lever, rule) for rule in PARTS},
        }
        for lever, share in found.told.items()
    ]
    tested = len(found.told) + len(found.by_rule)
    short = [lever for lever, share in found.told.items() if evidence_of(lever, ceilings or {}, doubts or {}, share) != ASSUMED]
    return Exhibit(
        BY_RULE,
        say(
            "Of {all:count} shares by lever and rule, all read at once, {n:count} are beyond noise",
            n=len(found.beyond), all=tested,
        ),
        say("Share with its 95% interval; bold: beyond noise, all read at once (Benjamini and Hochberg, false discovery rate 10%); a dash: too few left by that rule, or fewer than ten of those struck did{short}",
            short=say("; no more than adjusted: {levers}", levers=listed(LEVER_WORDS[lever].label for lever in short)) if short else ""),
        pd.DataFrame(rows),
        columns=(
            Column("lever", say("Lever")),
            Column(ALL_RULES, RULES["any"]),
            *(Column(rule, RULES[rule]) for rule in PARTS),
        ),
    )  # fmt: skip


def lever_basis_exhibit(
    found: LeversFound | None, ceilings: Mapping[str, Ceiling] | None = None, doubts: Mapping[str, Doubt] | None = None
) -> Exhibit:
    """Table: by lever units, customers struck, how many of these left, overlap, greatest imbalance before and after, and the badge."""
    heading = say("What each share rests on")
    if found is None or not found.shares:
        return Exhibit(BASIS, heading, absent=NO_LEVER)
    rows = [_basis(lever, share, ceilings or {}, doubts or {}) for lever, share in found.shares.items()]
    return Exhibit(
        BASIS,
        _basis_title(found),
        say("Overlap: share of strikes with like cases that were spared; imbalance: the greatest difference between struck and spared in anything held equal, in standard deviations (0.1 counts as alike; above {unlike:number.2} a lever is Adjusted at most); a dash: fewer than ten customers, or not defined (the fee rise is compared by branches, month by month)", unlike=UNLIKE),
        pd.DataFrame(rows),
        columns=(
            Column("lever", say("Lever")),
            Column("units", say("Decided by")),
            Column("struck", say("Struck"), "count", say("number of customers")),
            Column("left", say("Of these left"), "count", say("number of customers")),
            Column("overlap", say("Overlap"), "share.0"),
            Column("crude", say("Imbalance before"), "number"),
            Column("weighted", say("after"), "number"),
            Column("evidence", say("Evidence")),
        ),
    )  # fmt: skip


def _basis_title(found: LeversFound) -> Message:
    if not found.told:
        return say("For no lever are there enough customers, or their like, for a number")
    unlike = [lever for lever, share in found.shares.items() if share.value is None or share.overlap < OVERLAP_NEEDED]
    numbers = {"n": len(found.shares) - len(unlike), "all": len(found.shares)}
    if not unlike:
        return say("All {all:count} levers have their like to be compared with", **numbers)
    return say(
        "{n:count} of {all:count} levers have their like to be compared with; not, or not for all strikes: {short}",
        short=listed(LEVER_WORDS[lever].label for lever in unlike), **numbers,
    )  # fmt: skip


def why_absent(found: LeversFound | None) -> Message | None:
    """Why no lever has a share to show; None where one has."""
    if found is None or not found.shares:
        return NO_LEVER
    if found.joint is None:
        return NO_NUMBER.filled(reason=why_none(next(iter(found.shares.values()))))
    return None


def _title(found: LeversFound, is_cause: bool) -> Message:
    joint = found.joint.joint
    numbers = {"n": len(found.told), "value": joint.value, "beyond": _beyond_words(found)}
    if joint.low is not None and joint.low > 0 and not is_cause:
        return say(
            "Customers struck by any of {n:count} levers left more often than their like, by {value:share} of all who left; {beyond}",
            **numbers,
        )
    if joint.low is not None and joint.low > 0:
        return say("All {n:count} levers together account for {value:share} of those who left; {beyond}", **numbers)
    return say("What the {n:count} levers account for together is within noise", n=len(found.told))


def _beyond_words(found: LeversFound) -> Message:
    beyond = [LEVER_WORDS[lever].label for lever in found.told if (lever, ALL_RULES) in found.beyond]
    if not beyond:
        return say("by itself none is beyond noise")
    return say("by itself beyond noise: {levers}", levers=listed(beyond))


def _told_rows(found: LeversFound, badges: Mapping[str, str]) -> list[dict]:
    rows = []
    for evidence in (ASSUMED, ADJUSTED, ASSOCIATION):
        own = [lever for lever, badge in badges.items() if badge == evidence]
        for lever in sorted(own, key=lambda name: -found.shares[name].value):
            is_noise = (lever, ALL_RULES) not in found.beyond
            rows.append(_row(EVIDENCE_WORDS[evidence], LEVER_WORDS[lever].label, found.shares[lever].estimate, is_noise))
    return rows


def _untold_rows(found: LeversFound) -> list[dict]:
    return [
        {"group": say("No number"), "label": LEVER_WORDS[lever].label, "value": np.nan, "note": why_none(share)}
        for lever, share in found.shares.items()
        if share.value is None
    ]


def _row(group: Message, label: Message, one: Estimate, is_noise: bool) -> dict:
    numbers = {name: np.nan if getattr(one, name) is None else getattr(one, name) for name in ("value", "low", "high")}
    return {"group": group, "label": label, **numbers, "base": one.base, "is_noise": is_noise, "note": None}


def _holds_zero(one: Estimate) -> bool:
    return one.low is None or one.low <= 0 <= one.high


def _total(found: LeversFound) -> dict:
    joint = found.joint.joint
    total = _row(say("All together"), say("All levers that have a number"), joint, _holds_zero(joint))
    return {**total, "kind": "total"}


def _rule_cell(found: LeversFound, lever: str, rule: str) -> Message:
    share = found.by_rule.get((lever, rule))
    return NO_CELL if share is None else share_cell(share.estimate, (lever, rule) in found.beyond)


def share_cell(one: Estimate, is_beyond: bool) -> Message:
    if one.low is None:
        return say("{value:share}", value=one.value)
    text = (
        say("**{value:share}** ({low:share} to {high:share})")
        if is_beyond
        else say("{value:share} ({low:share} to {high:share})")
    )
    return text.filled(value=one.value, low=one.low, high=one.high)


def _basis(lever: str, share: LeverShare, ceilings: Mapping[str, Ceiling], doubts: Mapping[str, Doubt]) -> dict:
    words, balance = LEVER_WORDS[lever], share.balance
    known = balance is not None and balance[["crude", "weighted"]].notna().any().all()
    worst = {name: float(balance[name].abs().max()) if known else np.nan for name in ("crude", "weighted")}
    told = share.value is not None
    return {
        "lever": words.label,
        "units": words.units.filled(n=share.clusters) if told else say("–"),
        "struck": float(share.struck) if is_tellable(share.struck) else None,
        "left": float(share.leavers_struck) if is_tellable(share.leavers_struck) else None,
        "overlap": share.overlap if told or share.failure == "overlap" else None,
        **worst,
        "evidence": EVIDENCE_WORDS[evidence_of(lever, ceilings, doubts, share)]
        if told
        else say("No number: {reason}", reason=why_none(share)),
    }
