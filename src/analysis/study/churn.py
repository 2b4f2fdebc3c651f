"""What leaves, by which rule: outcomes in the horizon after a landmark."""

import datetime as dt
from dataclasses import dataclass

import pandas as pd

from analysis.calendar import months_before
from analysis.finding import DISCLOSURE_THRESHOLD
from analysis.stats.intervals import Estimate, wilson
from analysis.wording import say

INVOLUNTARY_REASONS = ("relocation", "death", "loan_repaid", "cleared")
ESTABLISHED_MONTHS = 6
SMALLEST_ASSETS = 100
RULES = {"any": say("Any of the three"), "closed": say("Closed"), "dormant": say("Dormant"), "run_off": say("Run-off")}
MAIN_RULE = "any"


@dataclass(frozen=True)
class ChurnRule:
    """The parameters of churn. A customer at risk has churned within `horizon_months` of the landmark if it closed
    (involuntary exits apart), went dormant (no transaction of its own for `dormant_days`, begun after the landmark) or ran off
    (assets of three months down by `run_off_share` or more)."""

    horizon_months: int = 6
    dormant_days: int = 180
    run_off_share: float = 0.8

    def end(self, landmark: dt.date) -> dt.date:
        """The last day of the horizon."""
        return months_before(landmark, -self.horizon_months)


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
    any, involuntary (booleans). A rule that the data cannot tell is False throughout; see `observable`."""
    risk = at_risk(before, rule).set_index("customer_id")
    later = after.set_index("customer_id").reindex(risk.index)
    ended = later["closed_date"].notna()
    involuntary = ended & later["exit_reason"].isin(INVOLUNTARY_REASONS)
    false = pd.Series(False, risk.index)
    dormant = ~ended & later["recency_days"].ge(rule.dormant_days) if "recency_days" in later else false
    limit = (1 - rule.run_off_share) * risk["assets_3m"] if "assets_3m" in risk else None
    run_off = ~ended & later["assets_3m"].fillna(0).le(limit) if limit is not None else false
    closed = ended & ~involuntary
    table = pd.DataFrame({"closed": closed, "dormant": dormant, "run_off": run_off, "involuntary": involuntary})
    return table.assign(any=closed | dormant | run_off).reset_index()


def observable(history: dict[dt.date, pd.DataFrame]) -> dict[str, bool]:
    """Which rules the data can tell: closings need a closed_date somewhere, dormancy transactions, run-off balances."""
    latest = history[max(history)]
    return {
        "closed": bool(latest["closed_date"].notna().any()),
        "dormant": "recency_days" in latest,
        "run_off": "assets_3m" in latest,
    }


def is_tellable(events: int) -> bool:
    """Whether a rate may be stated: none left, or at least as many as the disclosure threshold."""
    return events == 0 or events >= DISCLOSURE_THRESHOLD


def rates(outcome: pd.DataFrame) -> pd.DataFrame:
    """Outcomes → one row a rule, and involuntary exits: rule, value, low, high, base, events."""
    rows = []
    for rule in (*RULES, "involuntary"):
        share: Estimate = wilson(int(outcome[rule].sum()), len(outcome))
        rows.append({"rule": rule, **share._asdict(), "events": int(outcome[rule].sum())})
    return pd.DataFrame(rows)
