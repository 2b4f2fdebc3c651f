"""What is told of low marks and leaving."""

from analysis.finding import Exhibit, Finding
from analysis.stats.intervals import Estimate, difference
from analysis.study.disclosed import told
from analysis.study.satisfaction_churn import LEAVERS_NEEDED, ChurnByMark
from analysis.wording import Message, listed, say

WORDS = {
    "after_contact": say("whether asked after a contact"),
    "tenure": say("years with the bank"), "assets": say("assets"), "transactions": say("transactions"), "complaint": say("complaints"),
    "digital": say("digital share"), "products": say("products"), "days_silent": say("days without a transaction"), "corporate": say("kind of customer"),
}  # fmt: skip


def churn_findings(found: ChurnByMark | None) -> list[Finding]:
    """Leaving after low and high marks, and the odds ratio."""
    if found is None or not found.is_enough:
        return []
    shares = found.shares.set_index("name")
    low, high = shares.loc["low"], shares.loc["high"]
    rest = {"base_of": "answers", "exhibit": "churn_by_mark"}
    months = found.rule.horizon_months
    texts = {
        "low": say("Of customers who gave a mark of 6 or less **{value:share}** left within {months:count} months (interval {low:share} to {high:share}); of those who gave a 9 or a 10 {other:share}: {apart}.", months=months, other=high["value"], apart=_apart(low, high), **numbers_of(low)),
        "high": say("Of customers who gave a 9 or a 10 **{value:share}** left within {months:count} months (interval {low:share} to {high:share}).", months=months, **numbers_of(high)),
    }  # fmt: skip
    made = [
        Finding(
            f"churn_by_mark.{name}", text, row["value"], int(row["base"]), "share", "association",
            row["low"], row["high"], high["value"] if name == "low" else None, is_headline=name == "low", **rest,
        )
        for name, text, row in (("low", texts["low"], low), ("high", texts["high"], high))
    ]  # fmt: skip
    return [*made, *_ratio_findings(found, rest)]


def _apart(low, high) -> Message:
    """Whether the shares after low and after high marks differ by more than chance."""
    gap = difference(*(Estimate(row["value"], row["low"], row["high"], int(row["base"])) for row in (low, high)))
    template = (
        say("the difference, {value:points} points, is beyond noise (interval {low:points} to {high:points})")
        if is_beyond(gap, 0)
        else say("the difference, {value:points} points, is within noise (interval {low:points} to {high:points})")
    )
    return template.filled(**numbers_of(gap._asdict()))


def is_beyond(estimate: Estimate, none: float = 1) -> bool:
    """Whether the interval leaves out `none`: no ratio, no difference."""
    return estimate.low > none or estimate.high < none


def _ratio_findings(found: ChurnByMark, rest: dict) -> list[Finding]:
    crude, adjusted = found.crude, found.adjusted
    template = (
        say("One point of the mark lower goes with **{value:ratio}** times the odds of leaving (interval {low:ratio} to {high:ratio}), nothing held equal.")
        if is_beyond(crude)
        else say("One point of the mark lower goes with **{value:ratio}** times the odds of leaving, nothing held equal: within noise (interval {low:ratio} to {high:ratio}).")
    )  # fmt: skip
    words = template.filled(**numbers_of(crude._asdict()))
    made = [Finding("churn_by_mark.ratio_crude", words, crude.value, crude.base, "ratio", "association", crude.low, crude.high, is_headline=False, **rest)]  # fmt: skip
    if adjusted is None:
        return made
    template = (
        say("One point of the mark lower goes with **{value:ratio}** times the odds of leaving (interval {low:ratio} to {high:ratio}), customers held equal in what was known before the answer ({known}): an association{alone}.")
        if is_beyond(adjusted)
        else say("Mark and leaving go together **no more than chance would have it**, customers held equal in what was known before the answer ({known}): {value:ratio} times the odds, one point lower (interval {low:ratio} to {high:ratio}).")
    )  # fmt: skip
    alone = "" if is_beyond(crude) else say(", and within noise where nothing is held equal ({crude:ratio})", crude=crude.value)
    text = template.filled(known=listed(WORDS[name] for name in found.known), alone=alone, **numbers_of(adjusted._asdict()))
    ratio = Finding("churn_by_mark.ratio", text, adjusted.value, adjusted.base, "ratio", "adjusted", adjusted.low, adjusted.high, crude.value, **rest)  # fmt: skip
    return [ratio, *made]


def numbers_of(row) -> dict:
    """value, low and high."""
    return {name: row[name] for name in ("value", "low", "high")}


def churn_exhibit(found: ChurnByMark | None) -> Exhibit:
    """Share who left by group of marks."""
    heading = say("Leaving by mark")
    if absent := absent_reason(found):
        return Exhibit("churn_by_mark", heading, absent=absent)
    shares = found.shares.set_index("name")
    title = say(
        "After marks of 6 or less {low:share} left, after 9 or 10 {high:share}: {verdict}",
        low=shares.loc["low", "value"], high=shares.loc["high", "value"],
        verdict=_trend(found),
    )  # fmt: skip
    subtitle = say(
        "Share of customers who left within {months:count} months, by the overall mark they gave in the three months before, in %; lines, 95% intervals (Wilson, robust to customers who recur); answers whose {months:count} months have ended",
        months=found.rule.horizon_months,
    )  # fmt: skip
    frame = found.told[["label", "value", "low", "high", "base"]]
    return Exhibit("churn_by_mark", title, subtitle, frame, options={"value_label": say("% left")})


def _trend(found: ChurnByMark) -> Message:
    """Whether the odds ratio is beyond noise, and whether that hangs on what is held equal."""
    is_crude, is_held = is_beyond(found.crude), is_beyond(found.adjusted or found.crude)
    if is_held == is_crude:
        return say("the trend over marks is beyond noise") if is_crude else say("the trend over marks is within noise")
    if is_held:
        return say("the trend over marks is beyond noise only where customers are held equal in what was known before")
    return say("the trend over marks is within noise where customers are held equal in what was known before")


def absent_reason(found: ChurnByMark | None) -> Message | None:
    """Why leaving by mark is not shown; None where it is."""
    if found is None:
        return say("No dated answers of known customers lie long enough ago to see who left after them.")
    if found.is_enough:
        return None
    if found.leavers < LEAVERS_NEEDED:
        return say("Customers who answered and then left: {events}; needed: {needed:count}.", events=told(found.leavers), needed=LEAVERS_NEEDED)  # fmt: skip
    return say("Too few customers left after low or after high marks to be shown.")
