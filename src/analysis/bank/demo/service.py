"""Who looked after whom, and what the bank's own warnings came to: assignments and alerts of the demo bank."""

import numpy as np
import pandas as pd

from analysis.bank.demo.calendar import MONTHS, NEVER, first_day, last_day
from analysis.bank.demo.history import INVOLUNTARY
from analysis.bank.demo.people import Traits
from analysis.bank.demo.surroundings import Surroundings

ALERT_DAY = 2
WATCHED_MONTHS = 3
REASONS = ("fewer_transactions", "falling_balance")
ACTIONS = ("call", "visit", "offer")


def make_assignments(traits: Traits, stage: Surroundings, history) -> pd.DataFrame:
    """One row a period in which a manager looked after a customer, from its opening (or the first day of the 48 months):
    customer, manager_id, from, until (date; NaT) and reason (retired, transferred, poached; '' while it lasts)."""
    managed = np.flatnonzero(traits.place >= 0)
    start = np.maximum(traits.opened[managed], first_day(0))
    departures = stage.departures.sort_values(["place", "left"], ignore_index=True)
    departures = departures.assign(number=departures.groupby("place").cumcount())
    own = pd.DataFrame({"customer": managed, "place": traits.place[managed], "opened": start, "closed": history.closed[managed]})
    ended = own.merge(departures[["place", "left", "reason", "number"]], on="place")
    before = ended.groupby("customer")["left"].shift()
    ended = ended.assign(begin=before.add(pd.Timedelta(days=1)), until=ended["left"])
    last = departures.groupby("place").agg(number=("number", "max"), left=("left", "max"))
    current = own.merge(last, left_on="place", right_index=True, how="left")
    current = current.assign(
        begin=current["left"] + pd.Timedelta(days=1), number=current["number"].fillna(-1) + 1, reason="", until=pd.NaT
    )
    both = pd.concat([ended, current], ignore_index=True)
    begin = np.fmax(both["begin"].to_numpy().astype("datetime64[D]"), both["opened"].to_numpy().astype("datetime64[D]"))
    both = both.assign(begin=begin, number=both["number"].astype(int))
    kept = both[(both["until"].isna() | (both["until"] >= both["begin"])) & ~(both["closed"] < both["begin"])]
    manager = [f"M{place:04d}{number}" for place, number in zip(kept["place"], kept["number"], strict=True)]
    frame = kept.assign(manager_id=manager).rename(columns={"begin": "from"})
    return frame[["customer", "manager_id", "from", "until", "reason"]].sort_values(["customer", "from"], ignore_index=True)


def make_alerts(rng: np.random.Generator, traits: Traits, history) -> pd.DataFrame:
    """One row an alert: customer, raised (date), owner, reason, action, held_out (by lot), outcome (left, stayed) and
    outcome_date, WATCHED_MONTHS later; '' and NaT where the data end before."""
    customer, month = np.nonzero(history.alert)
    size = len(customer)
    later = np.minimum(month + WATCHED_MONTHS, MONTHS - 1)
    known = month + WATCHED_MONTHS <= MONTHS - 1
    gone = history.churn_month[customer]
    left = (gone != NEVER) & (gone > month) & (gone <= later) & (history.churn_kind[customer] != INVOLUNTARY)
    place = np.where(traits.place[customer] >= 0, traits.place[customer], 3 * traits.branch[customer])
    frame = pd.DataFrame(
        {
            "customer": customer,
            "raised": np.maximum(first_day(month) + np.timedelta64(ALERT_DAY - 1, "D"), traits.opened[customer]),
            "owner": np.array([f"M{number:04d}" for number in range(int(place.max(initial=0)) + 1)], dtype=object)[place],
            "reason": np.array(REASONS, dtype=object)[rng.integers(0, len(REASONS), size)],
            "action": np.array(ACTIONS, dtype=object)[rng.integers(0, len(ACTIONS), size)],
            "held_out": history.alert[customer, month] == 2,
            "outcome": np.where(known, np.where(left, "left", "stayed"), ""),
            "outcome_date": np.where(known, last_day(later), np.datetime64("NaT")),
        }
    )
    return frame.sort_values(["raised", "customer"], ignore_index=True)
