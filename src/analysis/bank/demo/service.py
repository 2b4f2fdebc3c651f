"""Who looked after whom, and what the bank's own warnings came to: assignments and alerts of the demo bank."""

import numpy as np
import pandas as pd

from analysis.bank.demo.calendar import MONTHS, NEVER, first_day, last_day
from analysis.bank.demo.history import INVOLUNTARY
from analysis.bank.demo.people import Traits
from analysis.bank.demo.surroundings import Surroundings

ALERT_DAY = 2
WATCHED_MONTHS = 6
REASON = "fewer_transactions"
LEFT_BANK = "customer_left"
ACTIONS = ("call", "visit", "offer")


def make_assignments(traits: Traits, stage: Surroundings, history) -> pd.DataFrame:
    """One row a period in which a manager looked after a customer, from its opening (or the first day of the 48 months):
    customer, manager_id, from, until (date; NaT) and reason (retired, transferred, poached, customer_left; '' while it lasts)."""
    managed = np.flatnonzero(traits.place >= 0)
    start = np.maximum(traits.opened[managed], first_day(0))
    departures = _departures(stage)
    own = pd.DataFrame({"customer": managed, "place": traits.place[managed], "opened": start, "closed": history.closed[managed]})
    ended = own.merge(departures, on="place").rename(columns={"left": "until"})
    ended = ended.assign(begin=ended.groupby("customer")["until"].shift() + pd.Timedelta(days=1))
    last = departures.groupby("place").agg(number=("number", "max"), begin=("left", "max"))
    current = own.merge(last, left_on="place", right_index=True, how="left")
    current = current.assign(
        begin=current["begin"] + pd.Timedelta(days=1), number=current["number"].fillna(-1) + 1, until=pd.NaT, reason=""
    )
    both = pd.concat([ended, current], ignore_index=True)
    begin = np.fmax(*(both[name].to_numpy().astype("datetime64[D]") for name in ("begin", "opened")))
    until, closed = (both[name].to_numpy().astype("datetime64[D]") for name in ("until", "closed"))
    went = closed < np.where(np.isnat(until), np.datetime64("9999-12-31"), until)
    both = both.assign(until=np.where(went, closed, until), reason=np.where(went, LEFT_BANK, both["reason"]))
    both = both.assign(manager_id=manager_ids(both["place"], both["number"].astype(int)), **{"from": begin})
    kept = both[both["until"].isna() | (both["until"] >= both["from"])]
    return kept[["customer", "manager_id", "from", "until", "reason"]].sort_values(["customer", "from"], ignore_index=True)


def manager_ids(place, number) -> list[str]:
    """The manager who is the `number`-th at a place."""
    return [f"M{one:04d}{count}" for one, count in zip(place, number, strict=True)]


def _departures(stage: Surroundings) -> pd.DataFrame:
    """place, left (date), reason and the number of those who left the place before, in order of time."""
    departures = stage.departures.sort_values(["place", "left"], ignore_index=True)
    return departures.assign(number=departures.groupby("place").cumcount())[["place", "left", "reason", "number"]]


def make_alerts(rng: np.random.Generator, traits: Traits, stage: Surroundings, history) -> pd.DataFrame:
    """One row an alert: customer, raised (date), owner (the manager on that day; the branch where there is none), reason, action
    ('' where held out by lot), held_out, outcome (left, stayed) and outcome_date, WATCHED_MONTHS later; '' and NaT where the data
    end before."""
    customer, month = np.nonzero(history.alert)
    later = np.minimum(month + WATCHED_MONTHS, MONTHS - 1)
    known = month + WATCHED_MONTHS <= MONTHS - 1
    gone, is_held_out = history.churn_month[customer], history.alert[customer, month] == 2
    left = (gone != NEVER) & (gone > month) & (gone <= later) & (history.churn_kind[customer] != INVOLUNTARY)
    raised = np.maximum(first_day(month) + np.timedelta64(ALERT_DAY - 1, "D"), traits.opened[customer])
    actions = np.array(ACTIONS, dtype=object)[rng.integers(0, len(ACTIONS), len(customer))]
    frame = pd.DataFrame(
        {
            "customer": customer,
            "raised": raised,
            "owner": _owners(traits, stage, customer, raised),
            "reason": REASON,
            "action": np.where(is_held_out, "", actions),
            "held_out": is_held_out,
            "outcome": np.where(known, np.where(left, "left", "stayed"), ""),
            "outcome_date": np.where(known, last_day(later), np.datetime64("NaT")),
        }
    )
    return frame.sort_values(["raised", "customer"], ignore_index=True)


def _owners(traits: Traits, stage: Surroundings, customer: np.ndarray, day: np.ndarray) -> np.ndarray:
    place, departures = traits.place[customer], _departures(stage)
    earlier = (departures["place"].to_numpy()[:, None] == place) & (
        departures["left"].to_numpy().astype("datetime64[D]")[:, None] < day
    )
    branch = stage.branches["branch_id"].to_numpy(dtype=object)[traits.branch[customer]]
    return np.where(place >= 0, np.array(manager_ids(np.maximum(place, 0), earlier.sum(axis=0)), dtype=object), branch)
