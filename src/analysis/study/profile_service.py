"""One customer's contacts, complaints, opinions and warning score, as exhibits of its profile."""

import datetime as dt
from collections.abc import Mapping

import pandas as pd

from analysis.finding import Column, Exhibit
from analysis.study.churn import PARTS, ChurnRule, at_risk, matured, unseen
from analysis.study.profile_words import CATEGORIES, CHANNELS, OUTCOMES, PURPOSES, word
from analysis.study.warning_model import TERMS, reason_codes, reason_words, warning_model
from analysis.wording import Message, say

MOST_ROWS = 20
MOST_RESPONSES = 3
MOST_REASONS = 5
LOGIN = "login"
LAST_ROWS = say("Rows shown: {rows:count}, the latest first; no text and no name of an employee")


def contacts(rows: pd.DataFrame | None) -> Exhibit:
    """The last contacts: day, channel, purpose, outcome, minutes waited. Attempts to log in are no contacts."""
    if rows is None:
        return Exhibit("contacts", say("Contacts"), absent=say("The bank brings no contacts."))
    met = rows[rows["purpose"].fillna("").ne(LOGIN)].sort_values("started_at", ascending=False, kind="stable")
    if met.empty:
        return Exhibit("contacts", say("Contacts"), absent=say("No contact of this customer is recorded."))
    shown = met.head(MOST_ROWS)
    outcomes = [
        say("Left before being served") if left else word(code, OUTCOMES)
        for code, left in zip(shown["outcome"], shown["abandoned"].fillna(False), strict=True)
    ]
    return Exhibit(
        name="contacts",
        title=say("Contacts: {count:count}, the last on {day:date}", count=len(met), day=met["started_at"].iloc[0]),
        subtitle=LAST_ROWS.filled(rows=len(shown)),
        frame=shown.assign(
            day=[_day_words(moment) for moment in shown["started_at"]],
            channel=[word(code, CHANNELS) for code in shown["channel"]],
            purpose=[word(code, PURPOSES) for code in shown["purpose"]],
            outcome=outcomes,
        ),
        columns=(
            Column("day", say("Day")), Column("channel", say("Channel")), Column("purpose", say("Purpose")),
            Column("outcome", say("Outcome")), Column("wait_minutes", say("Waited"), "number.0", say("minutes")),
        ),
    )  # fmt: skip


def complaints(rows: pd.DataFrame | None) -> Exhibit:
    """The last complaints: day, channel, category, severity, days to resolve, hand-offs, state; never their text."""
    if rows is None:
        return Exhibit("complaints", say("Complaints"), absent=say("The bank brings no complaints."))
    if rows.empty:
        return Exhibit("complaints", say("Complaints"), absent=say("No complaint of this customer is recorded."))
    made = rows.sort_values("received_at", ascending=False, kind="stable")
    is_open = made["resolved_at"].isna() | (made["reopened_at"] > made["resolved_at"])
    shown = made.head(MOST_ROWS)
    return Exhibit(
        name="complaints",
        title=say("Complaints: {count:count}, of them open: {open:count}", count=len(made), open=is_open.sum()),
        subtitle=LAST_ROWS.filled(rows=len(shown)),
        frame=shown.assign(
            day=[_day_words(moment) for moment in shown["received_at"]],
            channel=[word(code, CHANNELS) for code in shown["channel"]],
            category=[word(code, CATEGORIES) for code in shown["category"]],
            days=(shown["resolved_at"] - shown["received_at"]).dt.total_seconds() / 86400,
            state=[_complaint_state(row) for row in shown.to_dict("records")],
        ),
        columns=(
            Column("day", say("Received")), Column("channel", say("Channel")), Column("category", say("Category")),
            Column("severity", say("Severity"), "count", say("1 to 5")), Column("handoffs", say("Hand-offs"), "count"),
            Column("days", say("To resolve"), "number.1", say("days")), Column("state", say("State")),
        ),
    )  # fmt: skip


def _complaint_state(row: Mapping[str, object]) -> Message:
    if pd.isna(row["resolved_at"]):
        return say("open")
    if pd.notna(row["reopened_at"]):
        return say("reopened, still open") if row["reopened_at"] > row["resolved_at"] else say("resolved after reopening")
    return say("resolved")


def opinions(surveys: pd.DataFrame | None, answers: pd.DataFrame | None, items: Mapping[str, Message]) -> Exhibit:
    """The marks of the last responses, a row each question, a column each response, the latest first."""
    if surveys is None:
        return Exhibit("opinions", say("Opinions"), absent=say("The bank brings no surveys."))
    last = surveys.sort_values("answered_date", ascending=False, kind="stable", na_position="last").head(MOST_RESPONSES)
    if last.empty:
        return Exhibit("opinions", say("Opinions"), absent=say("This customer answered no survey."))
    given = pd.DataFrame(columns=["response_id", "item", "value"]) if answers is None else answers
    marks = given.pivot_table(index="item", columns="response_id", values="value", aggfunc="first")
    asked = [name for name in dict.fromkeys([*items, *marks.index]) if name in marks.index]
    table = {"label": [say("Overall satisfaction"), say("Would recommend (0 to 10)"), *(items.get(name, name) for name in asked)]}
    columns = [Column("label", say("Question"))]
    for number, row in enumerate(last.to_dict("records")):
        of_items = marks[row["response_id"]].reindex(asked) if row["response_id"] in marks else [None] * len(asked)
        table[f"response_{number}"] = [row["overall"], row["recommend"], *of_items]
        columns.append(Column(f"response_{number}", _day_words(row["answered_date"]), "number.0"))
    return Exhibit(
        name="opinions",
        title=_opinion_words(last["overall"].iloc[0], len(surveys)),
        subtitle=say("Marks from 1 to 10, the latest response first; a dash: not answered"),
        frame=pd.DataFrame(table),
        columns=tuple(columns),
    )


def _opinion_words(overall: float, responses: int) -> Message:
    if pd.isna(overall):
        return say("Responses: {responses:count}", responses=responses)
    return say(
        "Responses: {responses:count}; overall satisfaction in the latest: {mark:number.0}", responses=responses, mark=overall
    )


def _day_words(day: object) -> Message:
    return say("Not dated") if pd.isna(day) else say("{day:date}", day=day)


def warning(history: dict[dt.date, pd.DataFrame], features: pd.DataFrame, as_of: dt.date, rule: ChurnRule) -> Exhibit:
    """The warning score of the customer (`features`, one row) by the churn report's model, and its first reason codes, each with
    its part of the log odds against the average customer of the model."""
    heading = say("Early warning")
    if reason := _not_scored(history, features, as_of, rule):
        return Exhibit("warning", heading, absent=reason)
    fit = warning_model(history, as_of, rule).fit
    own = reason_codes(fit, features) if fit else pd.DataFrame()
    if own.empty:
        return Exhibit(
            "warning", heading, absent=say("The data do not bear a model of leaving, or lack an attribute of this customer.")
        )
    others = reason_codes(fit, at_risk(history[as_of], rule))["score"]
    parts = own[[term for term in TERMS if term in own]].iloc[0].sort_values(ascending=False, kind="stable")
    first = parts[parts > 0].head(MOST_REASONS)
    return Exhibit(
        name="warning",
        title=say("Warning score **{score:share}**, higher than those of {below:share} of customers at risk", score=own["score"].iloc[0],
                  below=(others < own["score"].iloc[0]).mean()),
        subtitle=say("Probability of leaving within {months:count} months of {day:date}, and what raises it above the average customer's",
                     months=rule.horizon_months, day=as_of),
        frame=pd.DataFrame({"label": [reason_words(fit, term) for term in first.index] or [say("Nothing raises it")],
                            "part": [*first] or [None]}),
        columns=(Column("label", say("Reason code")), Column("part", say("Part of the score"), "number", say("log odds"))),
    )  # fmt: skip


def _not_scored(history: dict, features: pd.DataFrame, as_of: dt.date, rule: ChurnRule) -> Message | None:
    if not history:
        return say("The bank is too large for one score to be learnt beside a profile; the churn report has the model.")
    if set(unseen(history, rule)) >= set(PARTS) or not matured(list(history), as_of, rule):
        return say("The bank's data cannot tell who left, or begin too late for it.")
    if at_risk(features, rule).empty:
        return say("Scores are for open, established and active customers with assets; this customer is none of them.")
    return None
