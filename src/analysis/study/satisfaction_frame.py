"""Who was asked about satisfaction, who answered, and what the bank knows of all of them."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.calendar import months_before
from analysis.stats.logistic import NotEstimable
from analysis.stats.weights import propensity_weights
from analysis.study.survey import last_answers, windows
from analysis.study.tiers import is_active, tier_of
from analysis.wording import say

BY_LOT, AFTER_CONTACT, BY_STAFF = "random", "contact", "staff"
TRIGGERS = {BY_LOT: say("By lot"), AFTER_CONTACT: say("After a contact"), BY_STAFF: say("Handed out by staff")}
DAYS_TO_ANSWER = 21
MARKS = ("overall", "recommend")
AGES = {0: say("Under 30"), 30: say("30 to 44"), 45: say("45 to 59"), 60: say("60 and over")}
YEARS_WITH_BANK = (2, 5)
DIGITAL_SHARES = (1 / 3, 2 / 3)
UNKNOWN = "unknown"
LEAST_ASSETS = 100.0
ANSWERS_PER_CLASS = 10
LEAST_OF_ITS_OWN = 1e-6  # share of a trait's variance
READ = (
    "customer_id", "kind", "closed_date", "age_years", "tenure_months", "recency_days", "app_share", "web_share", "assets_3m",
    "products_held", "contacts_365d", "complaints_365d", "wait_minutes_365d",
)  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """`rows`: one row each that was asked (an invitation by lot, or, where `is_by_lot` is False, a customer): customer_id, overall,
    recommend (NaN: no answer); `traits` (numbers) and `classes` (labels) of the rows; `margins`: column of `classes` → active customers
    by class, each in every quarter in which it was active."""

    rows: pd.DataFrame
    traits: pd.DataFrame
    classes: pd.DataFrame
    margins: Mapping[str, pd.Series]
    is_by_lot: bool


def asked_rows(invitations: pd.DataFrame, surveys: pd.DataFrame, as_of: dt.date, months: int) -> pd.DataFrame:
    """Invitations sent in the `months` up to `as_of`, but for those of the last DAYS_TO_ANSWER days, which may yet be answered,
    with is_answered and the answers' overall and recommend (NaN: none)."""
    end = pd.Timestamp(as_of) + pd.Timedelta(days=1)
    sent = pd.to_datetime(invitations["sent_date"])
    rows = invitations[(sent >= end - pd.DateOffset(months=months)) & (sent < end - pd.Timedelta(days=DAYS_TO_ANSWER))]
    given = surveys.drop_duplicates("response_id").set_index("response_id")
    marks = {name: rows["response_id"].map(given[name]).astype(float) for name in MARKS if name in given}
    return rows.assign(sent_date=sent[rows.index], is_answered=rows["response_id"].isin(given.index), **marks).reset_index(
        drop=True
    )


def age_groups(features: pd.DataFrame) -> pd.Series:
    """Each customer's age group (a categorical of Messages, youngest first) by customer_id; missing where no birth is known."""
    known = features.set_index("customer_id")["age_years"]
    return pd.cut(known, [*AGES, np.inf], right=False, labels=False).map(dict(enumerate(AGES.values()))).astype(
        pd.CategoricalDtype(list(AGES.values()))
    )  # fmt: skip


def sample(
    invitations: pd.DataFrame | None,
    surveys: pd.DataFrame,
    history: Mapping[dt.date, pd.DataFrame],
    tiers: Mapping[str, float],
    as_of: dt.date,
    months: int,
) -> Sample:
    """The invitations by lot of the window, with what was known of the customer at the landmark before; where none are recorded,
    all active customers with their last answer. `history` holds features by landmark."""
    start = months_before(as_of, months)
    known = _known(history, start)
    window = _active(known, start, as_of)
    lot = None if invitations is None else asked_rows(invitations, surveys, as_of, months).query("trigger == @BY_LOT")
    is_by_lot = lot is not None and len(lot) > 0
    rows = _with_features(lot, known) if is_by_lot else _all_customers(window, surveys, invitations, as_of, months)
    margins = {name: labels.value_counts().astype(float) for name, labels in classes(window, tiers).items()}
    return Sample(rows, traits(rows), classes(rows, tiers), margins, is_by_lot)


def _known(history: Mapping[dt.date, pd.DataFrame], start: dt.date) -> pd.DataFrame:
    """What is read of the features, of the landmarks from the last one before `start` on, in order of time."""
    first = max((day for day in history if day <= start), default=min(history))
    parts = [
        frame[[name for name in READ if name in frame]].assign(landmark=pd.Timestamp(day))
        for day, frame in sorted(history.items())
        if day >= first
    ]
    return pd.concat(parts, ignore_index=True)


def _active(known: pd.DataFrame, start: dt.date, as_of: dt.date) -> pd.DataFrame:
    """Active customers at each landmark with which a quarter of the window begins (at the last one, where there is none)."""
    days = known["landmark"]
    inside = (days >= pd.Timestamp(start)) & (days < pd.Timestamp(as_of))
    rows = known[inside if inside.any() else days == days.max()]
    rows = rows[rows["closed_date"].isna()]
    return rows[is_active(rows)] if "recency_days" in rows else rows


def _with_features(asked: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """The latest features from before each invitation; of customers who came after, the first."""
    order = asked.assign(sent_date=asked["sent_date"].astype(known["landmark"].dtype)).sort_values("sent_date", kind="stable")
    extra = [name for name in known if name == "customer_id" or name not in order]
    keys = {"left_on": "sent_date", "right_on": "landmark", "by": "customer_id"}
    before, after = (pd.merge_asof(order, known[extra], direction=way, **keys) for way in ("backward", "forward"))
    return before.where(before["landmark"].notna(), after).reset_index(drop=True)


def _all_customers(window, surveys, invitations, as_of: dt.date, months: int) -> pd.DataFrame:
    """Each active customer once, with its last answer of the window; answers that staff asked for are left out."""
    if invitations is not None:
        by_staff = invitations.loc[invitations["trigger"] == BY_STAFF, "response_id"].dropna()
        surveys = surveys[~surveys["response_id"].isin(by_staff)]
    given = last_answers(windows(surveys, as_of, months)[0].dropna(subset=["customer_id"])).set_index("customer_id")
    rows = window.drop_duplicates("customer_id", keep="last").reset_index(drop=True)
    return rows.assign(**{name: rows["customer_id"].map(given[name]).astype(float) for name in MARKS if name in given})


def traits(rows: pd.DataFrame) -> pd.DataFrame:
    """Features → numbers that may go with answering, whichever the bank brings: age, years with the bank, assets (log), digital share,
    whether the app is used, products, contacts and complaints of a year, minutes waited; what is not known stands at the middle, with
    a column that says so."""
    made = {
        "age": rows.get("age_years"),
        "digital": digital_share(rows),
        "assets": _log(rows, "assets_3m", LEAST_ASSETS),
        "years": _log(rows, "tenure_months", 12.0),
        "contacts": _log(rows, "contacts_365d"),
        "complaints": _log(rows, "complaints_365d"),
        "products": rows.get("products_held"),
        "waited": _log(rows, "wait_minutes_365d"),
        "app": rows["app_share"].gt(0) if "app_share" in rows else None,
        "company": rows["kind"].eq("corporate") if "kind" in rows else None,
    }
    columns = {}
    for name, values in made.items():
        if values is not None and values.notna().any():
            number = values.astype(float)
            columns |= {name: number.fillna(number.median()), f"{name}_{UNKNOWN}": number.isna().astype(float)}
    return pd.DataFrame(columns, index=rows.index)


def digital_share(rows: pd.DataFrame) -> pd.Series | None:
    """Share of a year's own transactions made in the app or on the web."""
    known = [rows[name] for name in ("app_share", "web_share") if name in rows]
    return sum(known[1:], known[0]) if known else None


def _log(rows: pd.DataFrame, name: str, unit: float = 1.0) -> pd.Series | None:
    return np.log1p(rows[name].astype(float).clip(lower=0) / unit) if name in rows else None


def independent(columns: pd.DataFrame) -> pd.DataFrame:
    """The columns that neither are constant nor follow from those before them."""
    varying = columns.loc[:, columns.std(ddof=0) > 0]
    correlation, kept = varying.corr().to_numpy(), []
    for place in range(varying.shape[1]):
        own = correlation[kept, place]
        if 1 - own @ np.linalg.solve(correlation[np.ix_(kept, kept)], own) > LEAST_OF_ITS_OWN:
            kept.append(place)
    return varying.iloc[:, kept]


def classes(rows: pd.DataFrame, tiers: Mapping[str, float]) -> pd.DataFrame:
    """Features → classes whose sizes among active customers are known: age, tier, years with the bank, digital share (numbered from 0,
    `unknown`)."""
    made = {}
    if "age_years" in rows:
        made["age"] = _cut(rows["age_years"], list(AGES)[1:])
    if tiers and "assets_3m" in rows:
        made["tier"] = tier_of(rows["assets_3m"], tiers).cat.codes.astype(str)
    if "tenure_months" in rows:
        made["years"] = _cut(rows["tenure_months"] / 12, YEARS_WITH_BANK)
    if (digital := digital_share(rows)) is not None:
        made["digital"] = _cut(digital, DIGITAL_SHARES)
    return pd.DataFrame(made, index=rows.index)


def _cut(values: pd.Series, edges) -> pd.Series:
    number = values.astype(float)
    codes = pd.Series(np.digitize(number.fillna(0), list(edges)).astype(str), index=values.index)
    return codes.where(number.notna(), UNKNOWN)


def usable(known: pd.DataFrame, answered: np.ndarray) -> pd.DataFrame:
    """The traits on which answers can be weighted: as many, first ones first, as have ANSWERS_PER_CLASS answers each and let
    weights be found, without flags that fewer of those who answered bear or do not bear."""
    inside = known[answered]
    is_rare = [
        known[name].isin([0, 1]).all() and min(inside[name].sum(), (1 - inside[name]).sum()) < ANSWERS_PER_CLASS for name in known
    ]
    names = list(independent(inside.loc[:, ~np.array(is_rare, dtype=bool)]))[: len(inside) // ANSWERS_PER_CLASS]
    while names and not _lets_weight(known[names], answered):
        names.pop()
    return known[names]


def _lets_weight(known: pd.DataFrame, answered: np.ndarray) -> bool:
    try:
        propensity_weights(known.to_numpy(dtype=float), answered)
    except NotEstimable:
        return False
    return True


def joined(labels: pd.DataFrame, margins: Mapping[str, pd.Series]) -> tuple[pd.DataFrame, dict[str, pd.Series]]:
    """Classes of those who answered and their margins, classes with fewer than ANSWERS_PER_CLASS answers, or that no active customer
    is in, joined with the one before (the first with the one after); margins of one class are left out."""
    rows, totals = {}, {}
    for name, margin in margins.items():
        new = _joined(labels[name].value_counts(), margin)
        if len(set(new.values())) > 1:
            rows[name], totals[name] = labels[name].map(new), margin.groupby(new).sum()
    return pd.DataFrame(rows, index=labels.index), totals


def _joined(answers: pd.Series, margin: pd.Series) -> dict[str, str]:
    """Class → the class it is counted with."""
    groups: list[list[str]] = []
    for label in sorted({*answers.index, *margin.index}):
        if groups and (_is_small(groups[-1], answers, margin) or _is_small([label], answers, margin)):
            groups[-1].append(label)
        else:
            groups.append([label])
    return {label: group[0] for group in groups for label in group}


def _is_small(group: list[str], answers: pd.Series, margin: pd.Series) -> bool:
    return answers.reindex(group).sum() < ANSWERS_PER_CLASS or not margin.reindex(group).sum()
