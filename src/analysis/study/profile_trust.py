"""What one customer's profile rests on: departments' records, defects of the data, consents."""

import pandas as pd

from analysis.finding import Column, Exhibit
from analysis.study.profile_words import FIELDS, PURPOSES, STATES, word
from analysis.wording import Message, listed, say


def departments(parties: pd.DataFrame | None) -> Exhibit:
    """Departments' records (source, probability and the state of each of FIELDS: same, other, only, unfit, none) as words."""
    heading = say("Departments' records")
    if parties is None:
        return Exhibit(
            "departments", heading, absent=say("The departments' own lists (table parties) are not there, or not yet joined.")
        )
    if parties.empty:
        return Exhibit("departments", heading, absent=say("No department's list holds this customer."))
    shown = [name for name in FIELDS if name in parties and parties[name].ne("none").any()]
    words = {name: [STATES[state] for state in parties[name]] for name in shown}
    return Exhibit(
        name="departments",
        title=departments_words(parties),
        subtitle=say("Each record against the value that most records hold, in standard spelling; no value is shown"),
        frame=parties.assign(**words),
        columns=(
            Column("source", say("Department")), *(Column(name, FIELDS[name]) for name in shown),
            Column("probability", say("Link probability"), "number.4"),
        ),
    )  # fmt: skip


def departments_words(parties: pd.DataFrame) -> Message:
    """How many records and departments, and the fields on which they differ."""
    differing = [label for name, label in FIELDS.items() if name in parties and parties[name].isin(["other", "unfit"]).any()]
    values = {"departments": parties["source"].nunique(), "records": len(parties)}
    if not any(parties[name].isin(["same", "other"]).any() for name in FIELDS if name in parties):
        return say("Departments: {departments:count}; records: {records:count}; no field is held by two of them", **values)
    if not differing:
        return say("Departments: {departments:count}; records: {records:count}; what they hold agrees", **values)
    return say(
        "Departments: {departments:count}; records: {records:count}; fields on which they differ: {fields}",
        fields=listed(differing), **values,
    )  # fmt: skip


def quality(found: pd.DataFrame | None) -> Exhibit:
    """Rules that rows of this customer fail (rule, words, month, failed), summed over months: how many rows, since which month."""
    heading = say("Defects of the data")
    if found is None:
        return Exhibit("quality", heading, absent=say("The quality of this bank's data was not measured by customer."))
    if found.empty:
        return Exhibit("quality", heading, absent=say("No row of this customer fails a quality rule."))
    rules = found.groupby("rule", as_index=False).agg(words=("words", "first"), failed=("failed", "sum"), month=("month", "min"))
    rules = rules.assign(table=rules["rule"].str.partition(".")[0])
    rules = rules.sort_values(["failed", "rule"], ascending=[False, True], kind="stable")
    return Exhibit(
        name="quality",
        title=say("Quality rules failed: {rules:count}; failures: {failures:count}", rules=len(rules), failures=rules["failed"].sum()),
        subtitle=say("Rules that rows of this customer fail; a row may fail several; the month is the first in which one fails"),
        frame=rules,
        columns=(
            Column("table", say("Table")), Column("words", say("What is wrong")), Column("failed", say("Rows"), "count"), Column("month", say("First month"), "month"),
        ),
    )  # fmt: skip


def consents(rows: pd.DataFrame | None) -> Exhibit:
    """Each consent: purpose, given, withdrawn."""
    if rows is None:
        return Exhibit("consents", say("Consents"), absent=say("The bank brings no consents."))
    if rows.empty:
        return Exhibit(
            "consents", say("Consents"), absent=say("No consent of this customer is recorded: ask before you approach it.")
        )
    stands = rows["given_date"].notna() & rows["withdrawn_date"].isna()
    return Exhibit(
        name="consents",
        title=say("Consents in force: {standing:count} of {all:count}", standing=stands.sum(), all=len(rows)),
        subtitle=say("A consent withdrawn counts for nothing, from the day it was withdrawn"),
        frame=rows.assign(label=[word(code, PURPOSES) for code in rows["purpose"]]),
        columns=(
            Column("label", say("Purpose")), Column("given_date", say("Given"), "date"),
            Column("withdrawn_date", say("Withdrawn"), "date"),
        ),
    )  # fmt: skip
