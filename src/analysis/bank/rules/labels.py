"""What a page calls the columns that the rules speak of."""

from analysis.wording import Message, say

COLUMNS = {
    "customer_id": say("customer number"), "core_number": say("core number"), "source_id": say("department's number"),
    "kind": say("kind of customer"), "name": say("name"), "sex": say("sex"), "birth_date": say("date of birth"),
    "id_number": say("identity number"), "phone": say("telephone number"), "address": say("address"), "branch_id": say("branch"),
    "industry": say("industry"), "size": say("size class"), "risk_grade": say("risk grade"), "opened_date": say("opening date"),
    "closed_date": say("closing date"), "exit_reason": say("reason for leaving"), "product": say("product"),
    "matures_date": say("date of maturity"), "holding_id": say("contract number"), "month": say("month"), "deposits": say("deposits"),
    "wealth": say("wealth products"), "loans": say("loans"), "ftp_interest": say("interest contribution"), "fees": say("fees"),
    "expected_loss": say("expected loss"), "cost": say("cost"), "capital_charge": say("capital charge"),
    "transaction_id": say("booking number"), "booked_at": say("time of booking"), "channel": say("channel"),
    "initiated_by": say("who made the booking"), "amount": say("amount"), "category": say("category"),
    "counterparty": say("counterparty"), "contact_id": say("contact number"), "started_at": say("start"), "purpose": say("purpose"),
    "wait_minutes": say("waiting time"), "handled_minutes": say("handling time"), "abandoned": say("abandonment"),
    "outcome": say("outcome"), "complaint_id": say("complaint number"), "received_at": say("time of receipt"),
    "text": say("text of the complaint"), "severity": say("severity"), "handler": say("handler"),
    "resolved_at": say("time of resolution"), "escalated_at": say("time of escalation"), "reopened_at": say("time of reopening"),
    "revisited_at": say("time of the call back"), "invitation_id": say("invitation number"), "sent_date": say("date of sending"),
    "response_id": say("response number"), "answered_date": say("date of the answer"), "overall": say("overall satisfaction"),
    "effort": say("ease"), "extension_approved_at": say("time of approval of more time"), "extended_until": say("extended limit"),
    "recommend": say("willingness to recommend"), "item": say("survey item"), "value": say("mark"), "manager_id": say("customer manager"),
    "from_date": say("first day"), "until_date": say("last day"), "ended_at": say("end"), "drawn": say("amount drawn"),
    "credit_line": say("credit line"), "collateral": say("collateral"), "share": say("share held"), "first_seen_date": say("first seen"),
    "city": say("city"), "province": say("province"), "owner": say("who acts"), "staff_id": say("who served"),
    "first_handler": say("who received it"), "referred_by_regulator": say("referral by the regulator"),
    "held_out": say("held out by lot"), "outcome_date": say("date of the outcome"), "raised_date": say("date of the alert"),
    "offered_date": say("date of the offer"), "reported_date": say("reporting date"), "since_date": say("since"),
    "effective_date": say("in force from"), "announced_date": say("date of announcement"), "old_fee": say("fee before"),
    "new_fee": say("fee after"), "birth_year": say("year of birth"), "converted_customer_id": say("customer it became"),
    "parent_id": say("upper company"), "child_id": say("lower company"), "responded": say("response"), "revenue": say("revenue"),
    "arm": say("offered or held out"), "source": say("department"), "handoffs": say("times handed on"), "basis": say("basis of the balance"),
    "action": say("action"), "reason": say("reason"), "trigger": say("occasion"), "scope": say("scope"), "level": say("level"),
    "own_rate": say("own rate"), "competitor_rate": say("competitor's rate"),
    "converted_date": say("date of conversion"), "given_date": say("date given"), "withdrawn_date": say("date withdrawn"),
}  # fmt: skip


def labelled(words: Message) -> Message:
    """The words with the names of columns in them as a page calls them."""
    known = {name: COLUMNS[value] for name, value in words.values.items() if isinstance(value, str) and value in COLUMNS}
    return words.filled(**known)


def column_label(name: str) -> Message | str:
    """What a page calls a column; its own name where nobody has named it."""
    return COLUMNS.get(name, name)
