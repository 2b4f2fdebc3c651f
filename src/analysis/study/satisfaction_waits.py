"""Which answers follow which contact, how long the customer had waited, and what was known before."""

import datetime as dt
from collections.abc import Mapping

import pandas as pd

from analysis.study.satisfaction_frame import independent, traits

LAST_CONTACT_DAYS = 90
ROWS_A_TERM = 10
CONTACT = ["contact_id", "customer_id", "started_at", "channel", "branch_id", "purpose", "wait_minutes"]


def answers_given(surveys: pd.DataFrame, as_of: dt.date, months: int) -> pd.DataFrame:
    """Answers of known customers of the `months` up to `as_of`: response_id, customer_id, answered_date, overall."""
    end = pd.Timestamp(as_of) + pd.Timedelta(days=1)
    day = pd.to_datetime(surveys["answered_date"])
    inside = (day >= end - pd.DateOffset(months=months)) & (day < end)
    known = surveys.assign(answered_date=day)[inside].dropna(subset=["overall", "customer_id"])
    return known[["response_id", "customer_id", "answered_date", "overall"]]


def _contacts(contacts: pd.DataFrame) -> pd.DataFrame:
    known = contacts.reindex(columns=CONTACT).dropna(subset=["wait_minutes", "started_at"])
    return known.assign(started_at=pd.to_datetime(known["started_at"]).astype("datetime64[ns]"))


def after_contact(given: pd.DataFrame, invitations: pd.DataFrame | None, contacts: pd.DataFrame) -> pd.DataFrame:
    """The answers that are about a contact whose wait is known, with CONTACT; contacts after the answer, or
    of another customer, are errors and left out."""
    if invitations is None or "contact_id" not in invitations:
        return given.iloc[0:0]
    asked = invitations.dropna(subset=["response_id", "contact_id"]).drop_duplicates("response_id")[["response_id", "contact_id"]]
    rows = given.merge(asked, on="response_id").merge(_contacts(contacts), on=["contact_id", "customer_id"])
    return rows[rows["started_at"] < rows["answered_date"] + pd.Timedelta(days=1)].reset_index(drop=True)


def after_last_contact(given: pd.DataFrame, contacts: pd.DataFrame) -> pd.DataFrame:
    """The answers with CONTACT of the customer's last contact before the day of the answer, where one lies in the 90 days before it."""
    left = given.assign(answered_date=given["answered_date"].astype("datetime64[ns]")).sort_values("answered_date", kind="stable")
    rows = pd.merge_asof(
        left, _contacts(contacts).sort_values("started_at", kind="stable"), by="customer_id",
        left_on="answered_date", right_on="started_at", tolerance=pd.Timedelta(days=LAST_CONTACT_DAYS), allow_exact_matches=False,
    )  # fmt: skip
    return rows.dropna(subset=["wait_minutes"]).reset_index(drop=True)


def with_features(rows: pd.DataFrame, history: Mapping[dt.date, pd.DataFrame]) -> pd.DataFrame:
    """The features of the last landmark before the day of the contact; the branch is the contact's, else the customer's."""
    known = pd.concat([frame.assign(landmark=pd.Timestamp(day)) for day, frame in sorted(history.items())], ignore_index=True)
    known = known.assign(landmark=known["landmark"].astype("datetime64[ns]")).rename(columns={"branch_id": "home_branch_id"})
    dated = rows.assign(day=rows["started_at"].dt.normalize(), place=range(len(rows))).sort_values("day", kind="stable")
    found = pd.merge_asof(
        dated, known, by="customer_id", left_on="day", right_on="landmark", allow_exact_matches=False, suffixes=("", "_known")
    )
    found = found.sort_values("place").reset_index(drop=True)
    return found.assign(branch_id=found["branch_id"].fillna(found["home_branch_id"]))


def controls(rows: pd.DataFrame) -> tuple[pd.DataFrame, bool]:
    """Channel and purpose of the contact, traits of the customer and, where each term still has ten rows, the branch."""
    part = pd.concat([_dummies(rows, "channel"), _dummies(rows, "purpose"), traits(rows)], axis=1)
    branches = _dummies(rows, "branch_id")
    has_branch = branches.shape[1] > 0 and ROWS_A_TERM * (part.shape[1] + branches.shape[1] + 2) <= len(rows)
    kept = independent(pd.concat([part, branches], axis=1) if has_branch else part)
    return kept.iloc[:, : max(len(rows) // ROWS_A_TERM - 2, 0)], has_branch


def _dummies(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """A 0/1 column for each class of ten rows or more, but for the most frequent."""
    counts = rows[name].value_counts()
    kept = counts.index[counts >= ROWS_A_TERM][1:]
    return pd.DataFrame({f"{name}_{label}": rows[name].eq(label).astype(float) for label in kept}, index=rows.index)
