"""How the course of complaints is told: findings and exhibits of first contact, hand-offs, escalation and revisits."""

import pandas as pd

from analysis.finding import Column, Exhibit, Finding
from analysis.study.complaint_frame import Process, is_told, then_before, thinned
from analysis.study.complaint_process import HANDOFFS, STEPS_DAYS, Course, value_at
from analysis.wording import say


def course_findings(found: Course | None, process: Process, complaints: int) -> list[Finding]:
    """First contact, escalation, revisits; `complaints` received in the window are the base of the latter two."""
    return [] if found is None else [*_contact_findings(found), *_step_findings(found, process, complaints)]


def _contact_findings(found: Course) -> list[Finding]:
    made = []
    own = found.first_contact
    if is_told(own):
        text = say(
            "**{value:share} of complaints** were resolved at first contact: within {days:count} days, by who received them, not handed on and not reopened (interval {low:share} to {high:share}){then}.",
            days=found.days, value=own.value, low=own.low, high=own.high, then=then_before(own, found.before),
        )  # fmt: skip
        made.append(
            Finding("complaints.first_contact_share", text, own.value, own.base, "share", low=own.low, high=own.high,
                    compare_to=found.before.value, exhibit="contact", base_of="complaints")
        )  # fmt: skip
    return made


def _step_findings(found: Course, process: Process, complaints: int) -> list[Finding]:
    made = []
    shares = (
        ("complaints.escalated_share", value_at(found.escalated, STEPS_DAYS), STEPS_DAYS,
         say("**{value:share} of complaints** are escalated within {days:count} days of receipt (interval {low:share} to {high:share})."), complaints),
        ("complaints.revisited_share", value_at(found.revisited, process.revisit_days), process.revisit_days,
         say("After **{value:share} of resolutions** the customer is asked again within {days:count} days (interval {low:share} to {high:share})."), found.resolved),
    )  # fmt: skip
    for name, estimate, days, text, base in shares:
        if is_told(estimate):
            text = text.filled(days=days, value=estimate.value, low=estimate.low, high=estimate.high)
            made.append(Finding(name, text, estimate.value, base, "share", low=estimate.low, high=estimate.high, exhibit="steps", base_of="complaints", is_headline=False))  # fmt: skip
    medians = (
        ("complaints.escalation_days", found.escalation, say("Half of the complaints that were escalated were so within **{value:number.1} days** of receipt (interval {low:number.1} to {high:number.1}).")),
        ("complaints.revisit_days", found.revisit, say("Half of the customers who were asked again were so within **{value:number.1} days** of the resolution (interval {low:number.1} to {high:number.1}).")),
    )  # fmt: skip
    for name, estimate, text in medians:
        if is_told(estimate):
            text = text.filled(value=estimate.value, low=estimate.low, high=estimate.high)
            made.append(
                Finding(name, text, estimate.value, estimate.base, "days", low=estimate.low, high=estimate.high, exhibit="steps",
                        base_of="complaints", is_headline=False)
            )  # fmt: skip
    return made


def contact_exhibit(found: Course | None) -> Exhibit:
    """Table of complaints by number of hand-offs."""
    heading = say("First contact and hand-offs")
    if found is None or found.handoffs.empty:
        absent = say("The bank brings no hand-offs of complaints, or too few complaints.")
        return Exhibit("contact", heading, absent=absent)
    title = (
        heading
        if not is_told(found.first_contact)
        else say("{share:share} of complaints were resolved at first contact", share=found.first_contact.value)
    )
    return Exhibit(
        name="contact",
        title=title,
        subtitle=say("Complaints of the last period by hand-offs; median days until resolved for good (Kaplan-Meier) with 95% intervals; share of resolved ones that were reopened"),
        frame=found.handoffs.assign(label=[HANDOFFS[number] for number in found.handoffs["number"]]),
        columns=(
            Column("label", say("Hand-offs")), Column("complaints", say("Complaints"), "count"), Column("share", say("Share"), "share"),
            Column("median", say("Median"), "number.1", say("days")), Column("low", say("From"), "number.1"),
            Column("high", say("To"), "number.1"), Column("reopened", say("Reopened"), "share"),
        ),
    )  # fmt: skip


def steps_exhibit(found: Course | None) -> Exhibit:
    """Cumulative shares escalated and asked again, by days."""
    heading = say("Escalation and revisits")
    curves = (
        ()
        if found is None
        else ((say("Asked again after resolution"), found.revisited), (say("Escalated after receipt"), found.escalated))
    )
    known = [_steps(curve).assign(series=series) for series, curve in curves if curve is not None]
    if not known:
        absent = say("The bank brings neither escalations nor revisits of complaints, or too few.")
        return Exhibit("steps", heading, absent=absent)
    shares = [value_at(curve, STEPS_DAYS).value for _, curve in curves]
    title = (
        say("Within {days:count} days {escalated:share} of complaints are escalated; after {revisited:share} of resolutions the customer is asked again",
            days=STEPS_DAYS, revisited=shares[0], escalated=shares[1])
        if None not in shares
        else heading
    )  # fmt: skip
    subtitle = say(
        "Cumulative share by days since receipt (escalated; a resolution may come first) or since the resolution (asked again); bands, 95% intervals"
    )
    return Exhibit("steps", title, subtitle, pd.concat(known, ignore_index=True), x_label=say("Days"), x_unit="count")


def _steps(curve: pd.DataFrame) -> pd.DataFrame:
    shown = thinned(curve[(curve["time"] <= STEPS_DAYS) & curve["value"].diff().fillna(1).ne(0)])
    start = pd.DataFrame({"time": [0.0], "value": [0.0]})
    end = shown.tail(1).assign(time=float(STEPS_DAYS))
    return pd.concat([start, shown, end], ignore_index=True)[["time", "value", "low", "high"]]
