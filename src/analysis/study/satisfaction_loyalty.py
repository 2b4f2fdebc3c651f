"""Who is satisfied, and who would recommend the bank."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from analysis.finding import DISCLOSURE_THRESHOLD, Column, Exhibit, Finding
from analysis.stats.intervals import PROMOTER_FROM, Z95, Estimate, mean_by_group, share_by_group
from analysis.study.disclosed import hidden
from analysis.study.survey import ANSWERS_NEEDED
from analysis.wording import Message, say

LOW_MARK = 4


@dataclass(frozen=True)
class Loyalty:
    """Rank `correlation` of the overall mark and the answer to the 0-10 question; `marks`: by overall mark (label), mean of that answer
    (value, low, high), share of promoters (promoters, promoters_low, promoters_high) and base; the
    lowest marks together, as many as hold enough answers."""

    correlation: Estimate
    marks: pd.DataFrame


def loyalty(recent: pd.DataFrame) -> Loyalty | None:
    """Responses, one a customer (overall, recommend) → what goes with the overall mark; None where fewer than ANSWERS_NEEDED answered
    both, or one does not vary."""
    if "recommend" not in recent:
        return None
    known = recent[["overall", "recommend"]].astype(float).dropna()
    if len(known) < ANSWERS_NEEDED or (known.nunique() < 2).any():
        return None
    marks = known["overall"].round()
    floor = max(LOW_MARK, float(np.sort(marks)[DISCLOSURE_THRESHOLD - 1]))
    group = marks.clip(lower=floor)
    mean = mean_by_group(group, known["recommend"])
    share = share_by_group(group, known["recommend"] >= PROMOTER_FROM).set_index("label")
    promoters = {
        f"promoters{part}": mean["label"].map(share[name]) for part, name in (("", "value"), ("_low", "low"), ("_high", "high"))
    }
    table = mean.assign(**promoters, mark=mean["label"], label=[_label(mark, floor) for mark in mean["label"]])
    return Loyalty(rank_correlation(known["overall"], known["recommend"]), table[~hidden(table["base"])].reset_index(drop=True))


def _label(mark: float, floor: float) -> Message:
    return say("{mark:count} or less", mark=mark) if mark == floor else say("{mark:count}", mark=mark)


def rank_correlation(one: pd.Series, other: pd.Series) -> Estimate:
    """Spearman's rank correlation, ties at their mean rank; interval on Fisher's scale with variance (1 + r²/2) ÷ (n − 3) (Bonett and
    Wright 2000, Psychometrika 65)."""
    value = float(np.corrcoef(rankdata(one), rankdata(other))[0, 1])
    half = Z95 * np.sqrt((1 + value**2 / 2) / (len(one) - 3))
    centre = np.arctanh(np.clip(value, -1 + 1e-12, 1 - 1e-12))
    return Estimate(value, float(np.tanh(centre - half)), float(np.tanh(centre + half)), len(one))


def loyalty_findings(found: Loyalty | None) -> list[Finding]:
    """How closely mark and recommendation go together."""
    if found is None:
        return []
    value = found.correlation
    text = say(
        "Who is more satisfied would rather recommend the bank: rank correlation **{value:number}** (interval {low:number} to {high:number}) in the same questionnaire.",
        value=value.value, low=value.low, high=value.high,
    )  # fmt: skip
    if value.low <= 0 <= value.high:
        text = say(
            "Overall mark and recommendation **do not go together** beyond noise: rank correlation {value:number} (interval {low:number} to {high:number}).",
            value=value.value, low=value.low, high=value.high,
        )  # fmt: skip
    return [
        Finding(
            "loyalty.correlation", text, value.value, value.base, "number", "association", value.low, value.high,
            exhibit="loyalty", base_of="answers",
        )
    ]  # fmt: skip


def loyalty_exhibit(found: Loyalty | None) -> Exhibit:
    """Recommendation by overall mark."""
    heading = say("Satisfaction and recommendation")
    if found is None:
        return Exhibit("loyalty", heading, absent=say("The survey did not ask both questions, or too few answered both."))
    table = found.marks
    if len(table) < 2:
        return Exhibit("loyalty", heading, absent=say("Too few answers at each mark to be shown."))
    first, last = table.iloc[0], table.iloc[-1]
    return Exhibit(
        name="loyalty",
        title=say(
            "Promoters: {last:share} of those who gave a {high:count}, {first:share} at the lowest marks",
            last=last["promoters"], high=last["mark"], first=first["promoters"],
        ),
        subtitle=say("Mean answer to the 0 to 10 question and share of promoters (9 and 10), by the overall mark of the same questionnaire; 95% intervals"),
        frame=table,
        columns=(
            Column("label", say("Overall mark")),
            Column("value", say("Would recommend"), "mark", say("mean, 0 to 10")),
            Column("low", say("From"), "mark", say("95% interval")),
            Column("high", say("To"), "mark", say("95% interval")),
            Column("promoters", say("Promoters"), "share"),
            Column("promoters_low", say("From"), "share", say("95% interval")),
            Column("promoters_high", say("To"), "share", say("95% interval")),
            Column("base", say("Base"), "count", say("answers")),
        ),
    )  # fmt: skip
