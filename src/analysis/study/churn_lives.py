"""When each customer left, and in which way first: what curves over time are drawn from."""

import datetime as dt
from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.study.churn import INVOLUNTARY_REASONS, RULES, SMALLEST_ASSETS, ChurnRule, at_risk
from analysis.wording import Message, say

History = Mapping[dt.date, pd.DataFrame]

WAYS = ("closed", "dormant", "run_off", "involuntary")
WAY_NAMES = {
    "closed": say("Closed"),
    "dormant": say("Dormant"),
    "run_off": say("Run-off"),
    "involuntary": say("Involuntary exit"),
}


def lives(history: History, as_of: dt.date, rule: ChurnRule) -> pd.DataFrame:
    """One row a customer who was at risk at some landmark before `as_of`: customer_id, kind, assets_3m and tenure_months
    (at entry), entered (that landmark, the first such), left_on (date; `as_of` where not left), way (one of WAYS,
    the first that applied after the entry; missing: none).

    Closings have their date. Dormant is who has been silent for `dormant_days`, from that day on; a silence that ended before
    the next landmark is not seen. Run-off is seen at landmarks only: assets of three months against those of the
    landmark a horizon earlier, or at the entry where that is later."""
    people = entries(history, as_of, rule)
    seen = [_closings(people, history[max(history)])]
    for day in sorted(history):
        if day > min(history):
            seen += [_silences(people, history[day], day, rule), _run_offs(people, history, day, rule)]
    first = pd.concat(seen).sort_values(["left_on", "order"]).drop_duplicates("customer_id")
    table = people.merge(first[["customer_id", "left_on", "way"]], on="customer_id", how="left")
    way = table["way"].astype(object)
    return table.assign(left_on=table["left_on"].fillna(pd.Timestamp(as_of)), way=way.where(way.notna(), None))


def entries(history: History, as_of: dt.date, rule: ChurnRule) -> pd.DataFrame:
    """Each customer at the first landmark before `as_of` at which it was at risk."""
    wanted = ["customer_id", "kind", "assets_3m", "tenure_months"]
    rows = []
    for day in sorted(history):
        if day < as_of:
            risk = at_risk(history[day], rule)
            rows.append(risk[[name for name in wanted if name in risk]].assign(entered=pd.Timestamp(day)))
    return pd.concat(rows, ignore_index=True).drop_duplicates("customer_id").sort_values("customer_id", ignore_index=True)


def months_between(start: pd.Series, end: pd.Series) -> pd.Series:
    """Calendar months from one day to another: a month's end to another's is a whole number, days in between are parts of their
    month."""
    return _month_number(end) - _month_number(start)


def _month_number(day: pd.Series) -> pd.Series:
    day = pd.to_datetime(day)
    return day.dt.year * 12 + day.dt.month + day.dt.day / day.dt.days_in_month


def not_counted(unseen: Mapping[str, Message]) -> Message | str:
    """Which rules the data cannot tell (see `churn.unseen`), for the end of a sentence."""
    words: Message | str = ""
    for name, reason in unseen.items():
        words = say("{words}; not counted: {rule} ({reason})", words=words, rule=RULES[name], reason=reason)
    return words


def _closings(people: pd.DataFrame, latest: pd.DataFrame) -> pd.DataFrame:
    ended = latest[latest["closed_date"].notna() & latest["customer_id"].isin(people["customer_id"])]
    way = np.where(ended["exit_reason"].isin(INVOLUNTARY_REASONS), "involuntary", "closed")
    return _events(ended["customer_id"], pd.to_datetime(ended["closed_date"]), way, 0)


def _silences(people: pd.DataFrame, features: pd.DataFrame, day: dt.date, rule: ChurnRule) -> pd.DataFrame:
    if "recency_days" not in features:
        return _events([], [], [], 1)
    silent = features[features["closed_date"].isna() & features["recency_days"].ge(rule.dormant_days)]
    silent = silent.merge(people[["customer_id", "entered"]], on="customer_id")
    since = pd.Timestamp(day) - pd.to_timedelta(silent["recency_days"] - rule.dormant_days, unit="D")
    after = since > silent["entered"]
    return _events(silent["customer_id"][after], since[after], "dormant", 1)


def _run_offs(people: pd.DataFrame, history: History, day: dt.date, rule: ChurnRule) -> pd.DataFrame:
    now = history[day]
    if "assets_3m" not in now:
        return _events([], [], [], 2)
    here = people[people["entered"] < pd.Timestamp(day)].set_index("customer_id")
    now = now[now["closed_date"].isna() & now["customer_id"].isin(here.index)].set_index("customer_id")
    here = here.loc[now.index]
    base = here["assets_3m"]
    earlier = rule.before(day)
    if earlier in history:
        then = history[earlier].set_index("customer_id")["assets_3m"].reindex(now.index)
        base = base.where(here["entered"] >= pd.Timestamp(earlier), then)
    fallen = base.ge(SMALLEST_ASSETS) & now["assets_3m"].fillna(0).le(round(1 - rule.run_off_share, 12) * base)
    return _events(now.index[fallen], pd.Timestamp(day), "run_off", 2)


def _events(customers, left_on, way, order: int) -> pd.DataFrame:
    days = np.asarray(left_on, dtype="datetime64[ns]")
    frame = pd.DataFrame({"customer_id": np.asarray(customers, dtype=object), "left_on": days})
    return frame.assign(way=way, order=order)
