"""What the key figures are called, what each counts in one line, and how a value is written in a sentence."""

from collections.abc import Mapping
from dataclasses import dataclass

from analysis.study.churn import ESTABLISHED_MONTHS, INVOLUNTARY_REASONS, SMALLEST_ASSETS
from analysis.study.key_figures_frame import Brought
from analysis.study.tiers import ACTIVE_DAYS
from analysis.wording import Message, say

VALUES = {
    "count": say("{value:count}"), "money": say("{currency} {value:money.2}"), "share": say("{value:share}"),
    "score": say("{value:score} points"),
}  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """A key figure: its id, title, unit, which way is good, what its base consists of, and whether it is counted within the month."""

    id: str
    title: Message
    unit: str
    better: str
    base_of: str = "customers"


KINDS = (
    Kind("active_customers", say("Active customers"), "count", "up"),
    Kind("average_aum", say("Average assets under management"), "money", "up"),
    Kind("churn_rate", say("Churn rate"), "share", "down"),
    Kind("assets_lost", say("Assets lost"), "money", "down"),
    Kind("nps", say("Net promoter score"), "score", "up", "answers"),
    Kind("resolved_in_time", say("Complaints resolved in time"), "share", "up", "complaints"),
)


def titles_in_words(brought: Brought) -> dict[str, Message]:
    """Figure → its title, with the horizon where it has one."""
    months = brought.rules.churn.horizon_months
    return {kind.id: kind.title for kind in KINDS} | {
        "churn_rate": say("Churn rate, {months:count} months", months=months),
        "assets_lost": say("Assets lost, {months:count} months", months=months),
    }


def value_in_words(value: float | None, unit: str, currency: str) -> Message:
    """The value as a sentence says it."""
    return VALUES[unit].filled(value=value, currency=currency)


def limit_in_words(value: float, unit: str, currency: str) -> Message:
    """A limit of its interval, which need not say the points again."""
    return say("{value:score}", value=value) if unit == "score" else value_in_words(value, unit, currency)


def rules_in_words(brought: Brought) -> dict[str, Message]:
    """Figure → what it counts."""
    rules, churn = brought.rules, brought.rules.churn
    due = (
        say("complaints whose limit ended in the month")
        if rules.complaint_months == 1
        else say("complaints whose limit ended in the last {months:count} months", months=rules.complaint_months)
    )
    return {
        "active_customers": say("open, with a transaction of their own within {days:count} days", days=ACTIVE_DAYS),
        "average_aum": say("deposits and wealth of open customers, average of the month")
        if brought.ends.basis != "end"
        else say("deposits and wealth of open customers, at the month's end"),
        "churn_rate": say(
            "established, active customers of {months:count} months before who left since",
            months=churn.horizon_months,
        ),
        "assets_lost": say("assets {months:count} months before of those who left, less what they still hold", months=churn.horizon_months),
        "nps": say("each customer's last answer of {months:count} months", months=rules.window_months),
        "resolved_in_time": due,
    }  # fmt: skip


def definitions(brought: Brought) -> dict[str, str]:
    """Figure → its rule with all parameters, the same wherever the figure means the same."""
    rules, churn = brought.rules, brought.rules.churn
    leaving = (
        f"horizon {churn.horizon_months} months; dormant {churn.dormant_days} days; run-off {churn.run_off_share}; at risk from "
        f"{ESTABLISHED_MONTHS} months and {SMALLEST_ASSETS}; involuntary {_joined(INVOLUNTARY_REASONS)}; not seen {_joined(brought.unseen)}"
    )
    limits = _joined(f"{limit.effective} {'/'.join(map(str, limit.days))}" for limit in brought.limits)
    return {
        "active_customers": f"open; own transaction within {ACTIVE_DAYS} days",
        "average_aum": f"open; deposits and wealth; basis {brought.ends.basis}",
        "churn_rate": leaving,
        "assets_lost": f"{leaving}; mean of three months",
        "nps": f"last answers of {rules.window_months} months",
        "resolved_in_time": f"limits {limits}; {rules.complaint_months} months",
    }


def is_flow(kind: Kind, brought: Brought) -> bool:
    """Whether the figure is counted within one month, so that the Spring Festival moves it."""
    months: Mapping[str, int] = {
        "nps": brought.rules.window_months,
        "resolved_in_time": brought.rules.complaint_months,
    }
    return months.get(kind.id) == 1


def _joined(words) -> str:
    return ", ".join(sorted(map(str, words))) or "none"
