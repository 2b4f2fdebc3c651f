"""What is told of low marks and leaving."""

from analysis.finding import Exhibit, Finding
from analysis.study.disclosed import told
from analysis.study.satisfaction_churn import LEAVERS_NEEDED, ChurnByMark
from analysis.wording import Message, listed, say

WORDS = {
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
        "low": say("Of customers who gave a mark of 6 or less **{value:share}** left within {months:count} months (interval {low:share} to {high:share}); of those who gave a 9 or a 10 {other:share}.", months=months, other=high["value"], **numbers_of(low)),
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


def _ratio_findings(found: ChurnByMark, rest: dict) -> list[Finding]:
    crude, adjusted = found.crude, found.adjusted
    words = say("One point of the mark lower goes with **{value:ratio}** times the odds of leaving (interval {low:ratio} to {high:ratio}), nothing held equal.", **numbers_of(crude._asdict()))  # fmt: skip
    made = [Finding("churn_by_mark.ratio_crude", words, crude.value, crude.base, "ratio", "association", crude.low, crude.high, is_headline=False, **rest)]  # fmt: skip
    if adjusted is None:
        return made
    template = (
        say("One point of the mark lower goes with **{value:ratio}** times the odds of leaving (interval {low:ratio} to {high:ratio}), customers held equal in what was known before the answer ({known}): an association.")
        if adjusted.low > 1 or adjusted.high < 1
        else say("Mark and leaving go together **no more than chance would have it**, customers held equal in what was known before the answer ({known}): {value:ratio} times the odds, one point lower (interval {low:ratio} to {high:ratio}).")
    )  # fmt: skip
    text = template.filled(known=listed(WORDS[name] for name in found.known), **numbers_of(adjusted._asdict()))
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
    ratio = found.adjusted or found.crude
    shares = found.shares.set_index("name")
    title = say(
        "After marks of 6 or less {low:share} left, after 9 or 10 {high:share}: {verdict}",
        low=shares.loc["low", "value"], high=shares.loc["high", "value"],
        verdict=say("the trend over marks is beyond noise") if ratio.low > 1 or ratio.high < 1 else say("the trend over marks is within noise"),
    )  # fmt: skip
    subtitle = say(
        "Share of customers who left within {months:count} months, by the overall mark they gave in the three months before, in %; lines, 95% intervals (Wilson, robust to customers who recur); answers whose {months:count} months have ended",
        months=found.rule.horizon_months,
    )  # fmt: skip
    frame = found.told[["label", "value", "low", "high", "base"]]
    return Exhibit("churn_by_mark", title, subtitle, frame, options={"value_label": say("% left")})


def absent_reason(found: ChurnByMark | None) -> Message | None:
    """Why leaving by mark is not shown; None where it is."""
    if found is None:
        return say("No dated answers of known customers lie long enough ago to see who left after them.")
    if found.is_enough:
        return None
    if found.leavers < LEAVERS_NEEDED:
        return say("Customers who answered and then left: {events}; needed: {needed:count}.", events=told(found.leavers), needed=LEAVERS_NEEDED)  # fmt: skip
    return say("Too few customers left after low or after high marks to be shown.")
