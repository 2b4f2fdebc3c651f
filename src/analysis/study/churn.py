"""What leaves, by which rule: outcomes in the horizon after a landmark."""

import datetime as dt
from dataclasses import dataclass

import pandas as pd

from analysis.calendar import LANDMARK_STEP_MONTHS, months_before
from analysis.errors import NotProduced, UserError
from analysis.stats.intervals import wilson
from analysis.study.disclosed import told
from analysis.wording import Message, say

INVOLUNTARY_REASONS = ("relocation", "death", "loan_repaid", "cleared")
ESTABLISHED_MONTHS = 6
SMALLEST_ASSETS = 100
CUSTOMERS_NEEDED = 30
SHORTEST_MONTH_OF_A_HORIZON = 30
PARTS = ("closed", "dormant", "run_off")
MAIN_RULE = "any"
RULES = {"any": say("Any rule"), "closed": say("Closed"), "dormant": say("Dormant"), "run_off": say("Run-off")}


@dataclass(frozen=True)
class ChurnRule:
    """The parameters of churn. A customer at risk has left within `horizon_months` of the landmark if it closed
    (involuntary exits apart), else if it went dormant (no transaction of its own for `dormant_days`, all of them after
    the landmark), else if it ran off (assets of three months down by `run_off_share` or more)."""

    horizon_months: int = 6
    dormant_days: int = 180
    run_off_share: float = 0.8

    def __post_init__(self) -> None:
        if self.horizon_months < LANDMARK_STEP_MONTHS or self.horizon_months % LANDMARK_STEP_MONTHS:
            raise UserError(f"horizon_months is {self.horizon_months}; it must be a multiple of 3, such as 6.")
        if not 0 < self.dormant_days <= SHORTEST_MONTH_OF_A_HORIZON * self.horizon_months:
            raise UserError(
                f"dormant_days is {self.dormant_days}; with a horizon of {self.horizon_months} months it must lie between 1 "
                f"and {SHORTEST_MONTH_OF_A_HORIZON * self.horizon_months}, so that the silence falls after the landmark."
            )
        if not 0 < self.run_off_share <= 1:
            raise UserError(f"run_off_share is {self.run_off_share}; it must lie above 0 and at most at 1, such as 0.8.")

    def end(self, landmark: dt.date) -> dt.date:
        """The last day of the horizon."""
        return months_before(landmark, -self.horizon_months)

    def before(self, landmark: dt.date) -> dt.date:
        """The landmark whose horizon ends at this one."""
        return months_before(landmark, self.horizon_months)


def matured(landmarks: list[dt.date], as_of: dt.date, rule: ChurnRule) -> list[dt.date]:
    """Landmarks whose horizon has ended and whose end is a landmark too, earliest first."""
    return sorted(day for day in landmarks if rule.end(day) <= as_of and rule.end(day) in landmarks)


def at_risk(features: pd.DataFrame, rule: ChurnRule) -> pd.DataFrame:
    """Feature rows of established customers who could leave: open, known for ESTABLISHED_MONTHS, active within
    `dormant_days`, with assets."""
    kept = features["closed_date"].isna() & (features["tenure_months"] >= ESTABLISHED_MONTHS)
    if "recency_days" in features:
        kept &= features["recency_days"].lt(rule.dormant_days)
    if "assets_3m" in features:
        kept &= features["assets_3m"].ge(SMALLEST_ASSETS)
    return features[kept]


def outcomes(before: pd.DataFrame, after: pd.DataFrame, rule: ChurnRule) -> pd.DataFrame:
    """Features at a landmark and at its horizon's end → one row a customer at risk: customer_id, closed, dormant, run_off,
    involuntary (exclusive booleans) and any (one of the first three). A rule that the data cannot tell is False
    throughout; see `unseen`."""
    risk = at_risk(before, rule).set_index("customer_id")
    later = after.set_index("customer_id").reindex(risk.index)
    ended = later["closed_date"].notna()
    involuntary = ended & later["exit_reason"].isin(INVOLUNTARY_REASONS)
    closed = ended & ~involuntary
    false = pd.Series(False, risk.index)
    dormant = ~ended & later["recency_days"].ge(rule.dormant_days) if "recency_days" in later else false
    limit = round(1 - rule.run_off_share, 12) * risk["assets_3m"] if "assets_3m" in risk else None
    run_off = ~ended & ~dormant & later["assets_3m"].fillna(0).le(limit) if limit is not None else false
    table = pd.DataFrame({"closed": closed, "dormant": dormant, "run_off": run_off, "involuntary": involuntary})
    return table.assign(any=closed | dormant | run_off).reset_index()


def outcomes_by_landmark(history: dict[dt.date, pd.DataFrame], as_of: dt.date, rule: ChurnRule) -> dict[dt.date, pd.DataFrame]:
    """Landmark → its outcomes, for every landmark whose horizon has ended by `as_of`; NotProduced without any, or where
    the latest has too few customers at risk."""
    days = matured(list(history), as_of, rule)
    if not days:
        raise NotProduced(
            say(
                "No landmark's horizon of {months:count} months has ended by {day:date}: the data begin too late.",
                months=rule.horizon_months, day=as_of,
            )
        )  # fmt: skip
    by_day = {day: outcomes(history[day], history[rule.end(day)], rule) for day in days}
    if len(by_day[days[-1]]) < CUSTOMERS_NEEDED:
        raise NotProduced(
            say(
                "Established, active customers on {day:date}: {n}; needed: {needed:count}.",
                day=days[-1], n=told(len(by_day[days[-1]])), needed=CUSTOMERS_NEEDED,
            )
        )  # fmt: skip
    return by_day


def unseen(history: dict[dt.date, pd.DataFrame], rule: ChurnRule) -> dict[str, Message]:
    """The rules that the data cannot tell, each with its reason: closings need a closed_date somewhere, dormancy
    transactions and a customer who once was silent for that long, run-off balances."""
    latest = history[max(history)]
    reasons = {}
    if not latest["closed_date"].notna().any():
        reasons["closed"] = say("closings are not recorded")
    if "recency_days" not in latest:
        reasons["dormant"] = say("the bank brings no transactions")
    elif not any(features["recency_days"].ge(rule.dormant_days).any() for features in history.values()):
        reasons["dormant"] = say("nobody in the data is ever silent for {days:count} days", days=rule.dormant_days)
    if "assets_3m" not in latest:
        reasons["run_off"] = say("the bank brings no balances")
    return reasons


def rates(outcome: pd.DataFrame) -> pd.DataFrame:
    """Outcomes → one row a rule, and involuntary exits: rule, value, low, high, base, events."""
    rows = []
    for rule in (*RULES, "involuntary"):
        events = int(outcome[rule].sum())
        rows.append({"rule": rule, **wilson(events, len(outcome))._asdict(), "events": events})
    return pd.DataFrame(rows)
