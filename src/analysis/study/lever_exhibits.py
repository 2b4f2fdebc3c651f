"""The levers' shares as figures and tables: alone and split, beside what naive comparisons say; by rule; and what they rest on."""

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
from analysis.study.lever_findings import BY_RULE, EXHIBIT, evidence_of
from analysis.study.lever_shares import ALL_RULES, LeversFound, why_none
from analysis.study.lever_words import ASSUMED, EVIDENCE_WORDS, LEVER_WORDS
from analysis.wording import Message, say

if TYPE_CHECKING:
    from analysis.stats.attributable import LeverShare
    from analysis.study.lever_controls import Doubt
    from analysis.study.lever_words import Ceiling

NO_LEVER = say("The bank's data tell of none of the six levers.")
NO_NUMBER = say("No lever has a number: {reason}.")
BASIS = "lever_basis"
WOULD_HAVE_STAYED = say("who would have stayed had the lever not struck")
LEFT_MORE_OFTEN = say(
    "beyond those to be expected from like customers who were spared; not of every lever is it shown that it made them leave"
)


def lever_shares_exhibit(
    found: LeversFound | None, ceilings: Mapping[str, Ceiling] | None = None, doubts: Mapping[str, Doubt] | None = None
) -> Exhibit:
    """Intervals: by lever its share alone, its part of the joint share, and the two comparisons that are not to be trusted; last the joint
    share. In words of cause only where every lever told bears the badge of it."""
    heading = say("How much of the leaving each lever accounts for")
    if absent := _absent(found):
        return Exhibit(EXHIBIT, heading, absent=absent)
    rows = [row for lever in found.shares for row in _rows(found, lever)]
    is_cause = all(evidence_of(lever, ceilings or {}, doubts or {}, share) == ASSUMED for lever, share in found.told.items())
    return Exhibit(
        EXHIBIT,
        _title(found, is_cause),
        say(
            "Share of the customers who left in the {months:count} months after {day:date} {what}; lines, 95% intervals by the unit that decides whom it strikes, or in which customers are taken together; hollow: within noise, all levers and rules read at once. Crude: months after a strike against all months. One regression: the year's counts of strikes at once. Both mislead and stand here for comparison",
            months=found.months, day=found.opened, what=WOULD_HAVE_STAYED if is_cause else LEFT_MORE_OFTEN,
        ),
        pd.DataFrame([*rows, _total(found)]),
        reference=0.0,
        reference_label=say("Nothing"),
        options={"value_label": say("Share")},
    )  # fmt: skip


def lever_by_rule_exhibit(found: LeversFound | None) -> Exhibit:
    """Table: each lever's share of all who left, and of those who left by each rule."""
    heading = say("The same under each rule of leaving")
    if absent := _absent(found):
        return Exhibit(BY_RULE, heading, absent=absent)
    rows = [
        {
            "lever": LEVER_WORDS[lever].label,
            ALL_RULES: _cell(share.estimate, (lever, ALL_RULES) in found.beyond),
            **{rule: _rule_cell(found, lever, rule) for rule in PARTS},
        }
        for lever, share in found.told.items()
    ]
    tested = len(found.told) + len(found.by_rule)
    return Exhibit(
        BY_RULE,
        say(
            "Read at once, {n:count} of {all:count} shares by lever and rule are told from nothing",
            n=len(found.beyond), all=tested,
        ),
        say("Share with its 95% interval; bold: told from nothing (Benjamini and Hochberg, false discovery rate 10%); a dash: too few left by that rule, or the lever is not told by rule"),
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
        say("Overlap: share of strikes with like cases that were spared; imbalance: the greatest difference between struck and spared in anything held equal, in standard deviations (0.1 counts as alike); a dash: fewer than ten customers, or not defined"),
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
    alike = sum(share.overlap >= OVERLAP_NEEDED for share in found.told.values())
    return say("{n:count} of {all:count} levers have their like to be compared with", n=alike, all=len(found.shares))


def _absent(found: LeversFound | None) -> Message | None:
    if found is None or not found.shares:
        return NO_LEVER
    if found.joint is None:
        return NO_NUMBER.filled(reason=why_none(next(iter(found.shares.values()))))
    return None


def _title(found: LeversFound, is_cause: bool) -> Message:
    beyond = [lever for lever in found.told if (lever, ALL_RULES) in found.beyond]
    joint = found.joint.joint
    if joint.low is not None and joint.low > 0 and not is_cause:
        return say(
            "Customers struck by any of {n:count} levers left more often than their like, by {value:share} of all who left; levers beyond noise by themselves: {beyond:count}",
            n=len(found.told), value=joint.value, beyond=len(beyond),
        )  # fmt: skip
    if joint.low is not None and joint.low > 0:
        return say(
            "All {n:count} levers together account for {value:share} of those who left; levers beyond noise by themselves: {beyond:count}",
            n=len(found.told), value=joint.value, beyond=len(beyond),
        )  # fmt: skip
    return say("What the {n:count} levers account for together is within noise", n=len(found.told))


def _rows(found: LeversFound, lever: str) -> list[dict]:
    label, share = LEVER_WORDS[lever].label, found.shares[lever]
    if share.value is None:
        return [{"group": label, "label": say("Alone"), "value": np.nan, "note": why_none(share)}]
    shown = {say("Alone"): share.estimate, say("Its part of all together"): found.joint.split[lever]}
    naive = {say("Crude"): found.crude.get(lever), say("One regression"): found.one_shot.get(lever)}
    is_noise = (lever, ALL_RULES) not in found.beyond
    rows = [_row(label, name, one, is_noise) for name, one in shown.items()]
    return rows + [_row(label, name, one, _holds_zero(one)) for name, one in naive.items() if one is not None]


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
    return say("–") if share is None else _cell(share.estimate, (lever, rule) in found.beyond)


def _cell(one: Estimate, is_beyond: bool) -> Message:
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
