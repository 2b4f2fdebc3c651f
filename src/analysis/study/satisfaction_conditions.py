"""What would have to be true for the mark to bear on leaving, and what the data say of it."""

from dataclasses import replace
from itertools import pairwise

import pandas as pd

from analysis.finding import Column, Exhibit
from analysis.stats.intervals import Estimate, difference_of_shares
from analysis.stats.sensitivity import e_value, e_value_of_limit, risk_ratio_of
from analysis.study.churn import PARTS, RULES
from analysis.study.disclosed import is_tellable
from analysis.study.satisfaction_churn import LEAVERS_NEEDED, ChurnByMark, early_signs, mark_group, odds_ratio
from analysis.study.satisfaction_churn_exhibits import WORDS, absent_reason, is_beyond, numbers_of
from analysis.wording import Message, listed, say

HOLDS, NOT_REFUTED, DOUBTFUL = say("holds"), say("not refuted"), say("doubtful")
UNTESTABLE = say("cannot be tested")
Condition = tuple[Message, Message, Message]


def conditions_exhibit(found: ChurnByMark | None) -> Exhibit:
    """What would have to be true for the ratio to be an effect, and what the data say of it."""
    heading = say("What would have to be true")
    if absent_reason(found) is not None:
        return Exhibit("causal_conditions", heading, absent=say("Leaving by mark is not shown, for the reason given above."))
    rows = [
        _order(found),
        _under_way(found),
        _dose(found),
        _by_rule(found),
        _common_cause(found),
        _who_answers(found),
        *_untested(),
    ]
    table = pd.DataFrame(rows, columns=["condition", "said", "verdict"])
    counts = {name: sum(row[2] == word for row in rows) for name, word in (("holds", HOLDS), ("open", NOT_REFUTED), ("doubtful", DOUBTFUL), ("untested", UNTESTABLE))}  # fmt: skip
    return Exhibit(
        name="causal_conditions",
        title=say(
            "Of {all:count} conditions for reading it as an effect, held: {holds:count}, not refuted: {open:count}, doubtful: {doubtful:count}, not to be tested: {untested:count}",
            all=len(rows), **counts,
        ),
        subtitle=say(
            "What would have to be true for the mark to bear on leaving, and what the data say; odds ratios for one point of the mark lower, 95% intervals; not refuted: nothing seen against it, which proves nothing"
        ),
        frame=table,
        columns=(
            Column("condition", say("Condition")),
            Column("said", say("What the data say")),
            Column("verdict", say("Verdict")),
        ),
    )  # fmt: skip


def _order(found: ChurnByMark) -> Condition:
    said = say("Who left is counted after the quarter's end that follows the answer: {base:count} answers.", base=len(found.rows))
    return say("The mark came before the leaving."), said, HOLDS


def _under_way(found: ChurnByMark) -> Condition:
    """A placebo: what lies before the answer cannot follow from it."""
    condition = say("Leaving was not already under way when the mark was given.")
    sign = early_signs(found.rows)
    known = tuple(name for name in found.known if name in ("tenure", "assets"))
    ratio = None if sign is None else odds_ratio(found.rows.assign(sign=sign), known, "sign")
    if ratio is None:
        return condition, say("Activity and assets before the answer are not known."), UNTESTABLE
    said = say(
        "Activity or assets already falling before the answer: {value:ratio} times the odds, one point lower (interval {low:ratio} to {high:ratio}). Who told nobody of leaving cannot be seen.",
        **numbers_of(ratio._asdict()),
    )  # fmt: skip
    return condition, said, DOUBTFUL if ratio.low > 1 else NOT_REFUTED


def _dose(found: ChurnByMark) -> Condition:
    """The lower the mark, the more leave: a trend beyond noise, as counted too, and no step against it beyond noise."""
    shares = found.shares
    words = listed(say("{label}: {value:share}", label=row["label"], value=row["value"]) for _, row in shares.iterrows())
    cells = [(row["events"], row["base"]) for _, row in shares.iterrows()]
    against = any(difference_of_shares(*lower, *higher).high < 0 for lower, higher in pairwise(cells))
    trend = found.adjusted or found.crude
    numbers = {
        "shares": words,
        **numbers_of(trend._asdict()),
        "crude": found.crude.value,
        "least": found.crude.low,
        "most": found.crude.high,
    }
    said = (
        say(
            "Left, by mark: {shares}. Trend: {crude:ratio} times the odds, one point lower (interval {least:ratio} to {most:ratio}).",
            **numbers,
        )
        if found.adjusted is None
        else say(
            "Left, by mark: {shares}. Trend: {crude:ratio} times the odds, one point lower (interval {least:ratio} to {most:ratio}); what was known before held equal {value:ratio} (interval {low:ratio} to {high:ratio}).",
            **numbers,
        )
    )
    verdict = HOLDS if is_beyond(found.crude) else NOT_REFUTED
    return say("The lower the mark, the more leave."), said, verdict if trend.low > 1 and not against else DOUBTFUL


def _by_rule(found: ChurnByMark) -> Condition:
    """The ratio by each way of leaving of which there are enough."""
    known, said, ratios = found.known, [], []
    for name in PARTS:
        events = int(found.rows[name].sum())
        ratio = odds_ratio(found.rows, known, name) if events >= LEAVERS_NEEDED else None
        if ratio is not None:
            ratios.append(ratio)
            said.append(say("{rule}: {value:ratio} times the odds (interval {low:ratio} to {high:ratio})", rule=RULES[name], **numbers_of(ratio._asdict())))  # fmt: skip
    condition = say("It holds whichever way of leaving is counted.")
    if not ratios:
        return condition, say("Too few left in any one way."), UNTESTABLE
    verdict = HOLDS if all(ratio.low > 1 for ratio in ratios) and len(ratios) == len(PARTS) else NOT_REFUTED
    words = say("{shares}; of other ways too few.", shares=listed(said)) if len(ratios) < len(PARTS) else listed(said)
    return condition, words, DOUBTFUL if any(ratio.value <= 1 for ratio in ratios) else verdict


def _common_cause(found: ChurnByMark) -> Condition:
    condition = say("Nothing unrecorded stands behind both low marks and leaving.")
    if found.adjusted is None:
        return condition, say("Too few left to hold anything equal."), DOUBTFUL
    contrast = _contrast(found)
    strongest = benchmark(found)
    said = say(
        "Holding equal what is known moves the ratio from {crude:ratio} to {value:ratio}. Low against high marks, {contrast:ratio} times the risk: to explain it away, something hidden would have to go with both by {needed:ratio} times, its interval by {limit:ratio}.",
        crude=found.crude.value, value=found.adjusted.value, contrast=contrast.value,
        needed=e_value(contrast.value), limit=e_value_of_limit(*contrast[:3]),
    )  # fmt: skip
    if strongest is not None:
        name, factor = strongest
        said = say(
            "{said} Leaving out the one thing known that counts most ({known}) would move it by {factor:ratio} times.",
            said=said, known=WORDS[name], factor=factor,
        )  # fmt: skip
    return condition, said, UNTESTABLE if found.adjusted.low > 1 else DOUBTFUL


def _contrast(found: ChurnByMark) -> Estimate:
    """Risk ratio of low against high marks that the adjusted trend comes to."""
    group = mark_group(found.rows["mark"])
    apart = found.rows.loc[group == "high", "mark"].mean() - found.rows.loc[group == "low", "mark"].mean()
    share = float(found.rows["left"].mean())
    return Estimate(*(risk_ratio_of(limit**apart, share) for limit in found.adjusted[:3]), found.adjusted.base)


def benchmark(found: ChurnByMark) -> tuple[str, float] | None:
    """Of what is known before the answer, what moves the risk ratio of low against high marks most where it alone is left out, and by
    how many times (of a ratio below 1 its inverse)."""
    moved = {}
    for name in found.known:
        without = odds_ratio(found.rows, tuple(other for other in found.known if other != name))
        if without is not None:
            factor = _contrast(found).value / _contrast(replace(found, adjusted=without)).value
            moved[name] = max(factor, 1 / factor)
    return max(moved.items(), key=lambda item: item[1]) if moved else None


def _who_answers(found: ChurnByMark) -> Condition:
    condition = say("Those who answer are as those who do not.")
    unknown = say("Who was asked and did not answer is not recorded.")
    if found.invited.empty:
        return condition, unknown, UNTESTABLE
    counts = found.invited.groupby("answered")["left"].agg(["sum", "size"])
    if len(counts) < 2 or not counts["sum"].map(is_tellable).all() or not counts["size"].map(is_tellable).all():
        return condition, say("Too few of those invited left to compare."), UNTESTABLE
    gap = difference_of_shares(*counts.loc[False], *counts.loc[True])
    said = say(
        "Invited by lot and silent: {silent:share} left, answered: {answered:share}; difference {value:points} points (interval {low:points} to {high:points}). The marks of the silent are not known.",
        silent=counts.loc[False, "sum"] / counts.loc[False, "size"], answered=counts.loc[True, "sum"] / counts.loc[True, "size"],
        **numbers_of(gap._asdict()),
    )  # fmt: skip
    return condition, said, DOUBTFUL if gap.low > 0 or gap.high < 0 else UNTESTABLE


def _untested() -> list[Condition]:
    return [
        (
            say("The mark measures satisfaction itself."),
            say("One mark, once given, holds chance and mood; chance alone draws the ratio towards 1."),
            UNTESTABLE,
        ),
        (
            say("There is a measure that raises marks and acts on leaving in no other way."),
            say("No measure was tried on customers drawn by lot. A trial would answer."),
            UNTESTABLE,
        ),
    ]
