"""The levers' shares beside what simpler comparisons say, which mislead."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from analysis.finding import Column, Exhibit
from analysis.stats.intervals import Estimate
from analysis.study.lever_exhibits import NO_CELL, share_cell, why_absent
from analysis.study.lever_findings import COMPARED
from analysis.study.lever_shares import ALL_RULES, LeversFound
from analysis.study.lever_words import LEVER_WORDS
from analysis.wording import Message, listed, say


def lever_compared_exhibit(found: LeversFound | None) -> Exhibit:
    """Table: each lever's share, its part of the joint share, and what two comparisons say that are not to be trusted."""
    heading = say("What simpler comparisons would have said")
    if absent := why_absent(found):
        return Exhibit(COMPARED, heading, absent=absent)
    rows = [
        {
            "lever": LEVER_WORDS[lever].label,
            "alone": share_cell(share.estimate, (lever, ALL_RULES) in found.beyond),
            "part": share_cell(found.joint.split[lever], False),
            "crude": _naive_cell(found.crude.get(lever)),
            "regression": _naive_cell(found.one_shot.get(lever)),
            "is_total": False,
        }
        for lever, share in found.told.items()
    ]
    nothing = dict.fromkeys(("alone", "crude", "regression"), NO_CELL)
    total = {"lever": say("All together"), **nothing, "part": share_cell(found.joint.joint, False), "is_total": True}
    return Exhibit(
        COMPARED,
        _compared_title(found),
        say("Share of those who left, with its 95% interval. Crude: months after a strike against all months. One regression: the year's counts of strikes at once. Both mislead and stand here for comparison; bold: beyond noise, all levers and rules read at once"),
        pd.DataFrame([*rows, total]),
        columns=(
            Column("lever", say("Lever")),
            Column("alone", say("Against their like")),
            Column("part", say("Part of all together")),
            Column("crude", say("Crude")),
            Column("regression", say("One regression")),
        ),
    )  # fmt: skip


def _compared_title(found: LeversFound) -> Message:
    turned = _turned(found, found.one_shot)
    numbers = {"n": len(turned), "all": sum(lever in found.told for lever in found.one_shot)}
    if crude := _turned(found, found.crude):
        return say(
            "The crude comparison has the opposite sign for: {crude}; one regression of the year for {n:count} of {all:count} levers",
            crude=listed(LEVER_WORDS[lever].label for lever in crude), **numbers,
        )  # fmt: skip
    if turned:
        return say("In one regression of the year {n:count} of {all:count} levers would seem to keep customers", **numbers)
    return say("What two simpler comparisons would have said")


def _turned(found: LeversFound, others: Mapping[str, Estimate | None]) -> list[str]:
    """The levers whose share is above 0 and another comparison of them below."""
    return [
        lever
        for lever, other in others.items()
        if other is not None and lever in found.told and found.shares[lever].value > 0 > other.value
    ]


def _naive_cell(one: Estimate | None) -> Message:
    return NO_CELL if one is None else share_cell(one, False)
