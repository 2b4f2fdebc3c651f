"""Groups of customers by relation: prospect, new, established, returned, lost. Dated, exclusive, exhaustive."""

import datetime as dt
from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.calendar import months_before
from analysis.errors import UserError
from analysis.study.churn import ESTABLISHED_MONTHS, INVOLUNTARY_REASONS, SMALLEST_ASSETS, ChurnRule
from analysis.wording import say

History = Mapping[dt.date, pd.DataFrame]

RETURN_MONTHS = 12
NEW, ESTABLISHED, RETURNED, LOST = CUSTOMER_GROUPS = ("new", "established", "returned", "lost")
PROSPECT, OUTSIDE, BOTH = "prospect", "outside", "established_and_returned"
GROUP_NAMES = {
    PROSPECT: say("Prospects"), NEW: say("New"), ESTABLISHED: say("Established"), RETURNED: say("Returned"), LOST: say("Lost"),
    BOTH: say("Established and returned"), OUTSIDE: say("Not yet known"),
}  # fmt: skip
CLOSED, DORMANT, INVOLUNTARY = WAYS_OF_LOSS = ("closed", "dormant", "involuntary")
WAY_NAMES = {CLOSED: say("Lost: closed"), DORMANT: say("Lost: dormant"), INVOLUNTARY: say("Lost: involuntary exits")}


def relation(history: History, day: dt.date, rule: ChurnRule, new_months: int = ESTABLISHED_MONTHS) -> pd.Series:
    """Features by landmark → the group of each customer known at the landmark `day`, by customer_id. Of CUSTOMER_GROUPS the
    first that applies:

    - lost: closed by the day, or dormant (last transaction of its own `rule.dormant_days` or more before it); in a bank
      without transactions emptied (held SMALLEST_ASSETS at some landmark, holds less and no loan now);
    - returned: lost at an earlier landmark that lies at most RETURN_MONTHS before the day;
    - new: opened less than `new_months` before the day;
    - established: all others, those without an opening date among them.

    Landmarks after the day are not read. A loss that began and ended between two landmarks is not seen. Who has never
    made a transaction is not dormant. The run-off of `rule` is no loss here: the relation goes on."""
    lost = way_of_loss(history, day, rule).notna()
    since = months_before(day, RETURN_MONTHS)
    earlier = [way_of_loss(history, landmark, rule).dropna().index for landmark in history if since <= landmark < day]
    was_lost = np.zeros(len(lost), dtype=bool)
    for customers in earlier:
        at = lost.index.get_indexer(customers)
        was_lost[at[at >= 0]] = True
    tenure = history[day]["tenure_months"].to_numpy(dtype=float)
    groups = np.select([lost, was_lost, tenure < new_months], [LOST, RETURNED, NEW], ESTABLISHED)
    return pd.Series(groups, lost.index, name="relation")


def together(groups: pd.Series) -> pd.Series:
    """The groups with established and returned customers as one, BOTH: for where the returned are too few to be told."""
    return groups.replace({ESTABLISHED: BOTH, RETURNED: BOTH})


def way_of_loss(history: History, day: dt.date, rule: ChurnRule) -> pd.Series:
    """In which way each customer is lost at the day (WAYS_OF_LOSS), by customer_id; missing for those who are not. Involuntary
    are closings by INVOLUNTARY_REASONS; emptied relations of a bank without transactions count as dormant."""
    if day not in history:
        raise UserError(f"{day} is no landmark of the history; its landmarks are {_listed(history)}.")
    features = history[day].set_index("customer_id")
    ended = features["closed_date"].notna()
    silent = features["recency_days"].ge(rule.dormant_days) if "recency_days" in features else _emptied(history, day)
    unwilling = ended & features["exit_reason"].isin(INVOLUNTARY_REASONS)
    way = np.full(len(features), None, dtype=object)
    for name, applies in ((DORMANT, silent), (CLOSED, ended), (INVOLUNTARY, unwilling)):
        way[applies.to_numpy()] = name
    return pd.Series(way, features.index)


def _emptied(history: History, day: dt.date) -> pd.Series:
    features = history[day].set_index("customer_id")
    if "assets_3m" not in features:
        return pd.Series(False, features.index)
    held = [frame.loc[frame["assets_3m"].ge(SMALLEST_ASSETS), "customer_id"] for at, frame in history.items() if at <= day]
    empty = features["assets_3m"].fillna(0).lt(SMALLEST_ASSETS)
    borrows = features["loans"].fillna(0).gt(0) if "loans" in features else False
    return empty & ~borrows & features.index.isin(pd.concat(held))


def _listed(history: History) -> str:
    return ", ".join(str(day) for day in sorted(history))


def prospects_at(prospects: pd.DataFrame, day: dt.date) -> pd.DataFrame:
    """Rows of the table `prospects` who were prospects at the end of the day: first seen by it, not converted by it."""
    limit = pd.Timestamp(day) + pd.Timedelta(days=1)
    seen, converted = pd.to_datetime(prospects["first_seen_date"]), pd.to_datetime(prospects["converted_date"])
    return prospects[(seen < limit) & ~(converted < limit)]


def holdings_of(features: pd.DataFrame, measure: str) -> pd.Series:
    """What each customer holds or brings, by customer_id: the column `measure`, what is missing being nothing. A closed
    customer holds no balance, whatever the average of its last months; its contribution of the past months stays."""
    held = features.set_index("customer_id")
    values = held[measure].astype(float).fillna(0)
    return values if measure.startswith("contribution") else values.mask(held["closed_date"].notna(), 0.0)


def compared_with(history: History, as_of: dt.date, months: int = 12) -> dt.date | None:
    """The landmark `months` before `as_of`, or the earliest where the history does not reach that far; None where there is no
    earlier one."""
    earlier = [day for day in history if months_before(as_of, months) <= day < as_of]
    return min(earlier, default=None)
