"""Rules about contacts, complaints, surveys, disruptions and alerts."""

from analysis.bank.rules.rule import Rule, after_closing, before, before_opening, hostile, in_future
from analysis.wording import say

LONGEST_MINUTES = 480
STEPS = ("escalated_at", "resolved_at", "reopened_at", "revisited_at", "extension_approved_at")


def _too_long(column: str) -> Rule:
    words = say("{column} is above {minutes:count} minutes", column=column, minutes=LONGEST_MINUTES)
    return Rule(f"contacts.{column}.long", "contacts", column, "plausibility", words, f"{column} > {LONGEST_MINUTES}", f"{column} IS NOT NULL")  # fmt: skip


def _known(table: str, column: str) -> list[Rule]:
    return [before_opening(table, column), after_closing(table, column), in_future(table, column)]


CONTACTS = (
    _too_long("wait_minutes"),
    _too_long("handled_minutes"),
    Rule("contacts.handled_minutes.abandoned", "contacts", "handled_minutes", "consistency", say("served, though the customer had left before"),
         "handled_minutes > 0", "abandoned AND handled_minutes IS NOT NULL"),
    *_known("contacts", "started_at"),
)  # fmt: skip

COMPLAINTS = (
    *(before("complaints", step, "received_at") for step in STEPS),
    before("complaints", "reopened_at", "resolved_at", day="resolved_at"),
    before("complaints", "revisited_at", "resolved_at", day="resolved_at"),
    Rule("complaints.resolved_at.reopened_only", "complaints", "resolved_at", "consistency", say("reopened, but never resolved"),
         "resolved_at IS NULL", "reopened_at IS NOT NULL", "reopened_at"),
    Rule("complaints.extended_until.too_early", "complaints", "extended_until", "consistency", say("more time until before more time was approved"),
         "extended_until < CAST(extension_approved_at AS DATE)", "extended_until IS NOT NULL AND extension_approved_at IS NOT NULL", "extension_approved_at"),
    Rule("complaints.handoffs.too_few", "complaints", "handoffs", "consistency", say("another handler than at first, but never handed on"),
         "handler <> first_handler", "handoffs = 0 AND handler IS NOT NULL AND first_handler IS NOT NULL"),
    hostile("complaints", "text"),
    before_opening("complaints", "received_at"),
    in_future("complaints", "received_at"),
)  # fmt: skip

SURVEYS = (
    *_known("invitations", "sent_date"),
    Rule("invitations.response_id.unknown", "invitations", "response_id", "consistency", say("{column} names no response", column="response_id"),
         "known_response_id IS NULL", "response_id IS NOT NULL"),
    Rule("invitations.sent_date.after_answer", "invitations", "sent_date", "consistency", say("answered before the invitation was sent"),
         "answered_date < sent_date", "answered_date IS NOT NULL"),
    Rule("invitations.response_id.of_another", "invitations", "response_id", "consistency", say("the response is another customer's"),
         "response_customer_id <> customer_id", "response_customer_id IS NOT NULL"),
    Rule("invitations.sent_date.before_contact", "invitations", "sent_date", "consistency", say("sent before the contact that it is about"),
         "sent_date < CAST(contact_started_at AS DATE)", "contact_started_at IS NOT NULL", "greatest(sent_date, CAST(contact_started_at AS DATE))"),
    Rule("invitations.contact_id.of_another", "invitations", "contact_id", "consistency", say("the contact is another customer's"),
         "contact_customer_id <> customer_id", "contact_customer_id IS NOT NULL"),
    in_future("surveys", "answered_date"),
    before_opening("surveys", "answered_date"),
)  # fmt: skip

OTHERS = (
    before("incidents", "ended_at", "started_at"),
    in_future("incidents", "started_at"),
    before("alerts", "outcome_date", "raised_date"),
    *_known("alerts", "raised_date"),
    Rule("alerts.action.held_out", "alerts", "action", "consistency", say("action for a customer who was held out"), "action IS NOT NULL", "held_out"),
)  # fmt: skip

SERVICE: tuple[Rule, ...] = (*CONTACTS, *COMPLAINTS, *SURVEYS, *OTHERS)
