"""How much of the leaving each lever accounts for: alone, all together, and by rule of churn."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.stats import poisson

from analysis.finding import DISCLOSURE_THRESHOLD
from analysis.stats.attributable import Joint, LeverShare, joint_share
from analysis.stats.intervals import Estimate
from analysis.stats.multiple import discoveries
from analysis.study.churn import PARTS
from analysis.study.lever_crude import crude_share
from analysis.study.lever_effects import LEAVERS_NEEDED, OVERLAP_NEEDED, STRUCK_NEEDED, lever_effect
from analysis.study.lever_one_shot import one_shot_shares
from analysis.wording import Message, say

FEE = "fee_rise"
ALL_RULES = "left"
FAILURES = {
    "events": say(
        "fewer than {leavers:count} customers left, or fewer than {struck:count} were struck or spared",
        leavers=LEAVERS_NEEDED, struck=STRUCK_NEEDED,
    ),
    "overlap": say("for more than {rest:share.0} of the strikes there is no like case that was spared", rest=1 - OVERLAP_NEEDED),
    "clusters": say("too few units decided whom it struck"),
    "beyond": say("too few like customers were spared for a share"),
    "exposed": say("it struck too few customers"),
    "central": say("the fee rose everywhere at once"),
}  # fmt: skip


@dataclass(frozen=True)
class LeversFound:
    """The window of `months` after `opened`; `base` customers at risk at its opening, of whom `leavers` left. `shares` of each lever that the
    bank tells of, those without a number among them (`LeverShare.failure`); `crude` and `one_shot`: what two comparisons say that are not to be
    trusted; `joint` of the levers that have a number, None without any; `by_rule`: (lever, rule) → share of those who left by that rule, where
    there is a number and DISCLOSURE_THRESHOLD of those struck left by it; `beyond`: pairs (lever, rule; rule "left": any) told from none, all read at once."""

    opened: dt.date
    months: int
    base: int
    leavers: int
    shares: dict[str, LeverShare]
    crude: dict[str, Estimate | None]
    one_shot: dict[str, Estimate]
    joint: Joint | None
    by_rule: dict[tuple[str, str], LeverShare]
    beyond: frozenset[tuple[str, str]]

    @property
    def told(self) -> dict[str, LeverShare]:
        """The shares that have a number."""
        return {lever: share for lever, share in self.shares.items() if share.value is not None}

    def holding(self, lever: str) -> tuple[int, int]:
        """Under how many of the rules that have a number the share, in tenths of a percent, has the sign of the whole, and how many these
        are."""
        parts = [share.value for (name, _), share in self.by_rule.items() if name == lever]
        return sum(_sign(part) == _sign(self.shares[lever].value) for part in parts), len(parts)


def lever_shares(
    struck, fee: LeverShare | None = None, fee_by_rule: Mapping[str, LeverShare] | None = None
) -> LeversFound | None:
    """`struck`: what `bank.levers.Struck` holds (opened, months, people, levers). `fee`: the share of the fee rise, which is found by cohorts (see `lever_fee`), and by rule of leaving. None where the bank tells of no lever."""
    if not struck.levers:
        return None
    people, levers = struck.people, {name: rows for name, rows in struck.levers.items() if name != FEE}
    shares = {name: lever_effect(people, name, rows, months=struck.months) for name, rows in levers.items()}
    shares |= {FEE: fee} if fee is not None else {}
    told = [share for share in shares.values() if share.value is not None]
    by_rule = {
        (name, rule): lever_effect(people, name, rows, rule, struck.months)
        for rule in PARTS
        if people[rule].sum() >= LEAVERS_NEEDED
        for name, rows in levers.items()
    }
    by_rule |= {(FEE, rule): share for rule, share in (fee_by_rule or {}).items()}
    by_rule = {key: one for key, one in by_rule.items() if one.value is not None and one.leavers_struck >= DISCLOSURE_THRESHOLD}
    return LeversFound(
        opened=struck.opened,
        months=struck.months,
        base=len(people),
        leavers=int(people["left"].sum()),
        shares=shares,
        crude={name: crude_share(struck, name) for name in shares},
        one_shot=one_shot_shares(people, struck.levers) if people["left"].sum() >= LEAVERS_NEEDED else {},
        joint=joint_share(told) if told else None,
        by_rule=by_rule,
        beyond=_beyond({**{(share.lever, ALL_RULES): share for share in told}, **by_rule}),
    )


def _sign(share: float) -> int:
    return int(np.sign(round(share, 3)))


def why_none(share: LeverShare) -> Message:
    """Why a lever has no number."""
    return FAILURES.get(share.failure, FAILURES["events"])


def _p_of_count(share: LeverShare) -> float:
    """Two-sided exact p that so many of the struck left (Poisson) where the rest of them would have left anyway: of few events the
    normal p of the score promises too much, and of none it is 0. Of shares that are no count: 0."""
    if not share.is_count:
        return 0.0
    expected = max(share.leavers_struck - share.value * share.leavers, 0.0)
    more, fewer = poisson.sf(share.leavers_struck - 1, expected), poisson.cdf(share.leavers_struck, expected)
    return float(min(2 * min(more, fewer), 1.0))


def _beyond(shares: dict[tuple[str, str], LeverShare]) -> frozenset[tuple[str, str]]:
    """Which of all levers and rules are told from none at a false discovery rate of .10 (Benjamini and Hochberg 1995)."""
    tested = {key: max(share.p, _p_of_count(share)) for key, share in shares.items() if np.isfinite(share.p)}
    found = discoveries(np.array(list(tested.values()))).is_found
    return frozenset(key for key, is_found in zip(tested, found, strict=True) if is_found)
