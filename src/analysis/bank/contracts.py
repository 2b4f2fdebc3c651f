"""The canonical tables: their columns, types, allowed values, units and meanings. `docs/data.md` is written from here.

Times are local to the bank, amounts in its currency. A fact that becomes known after its row was first dated (an account's
closing, a complaint's resolution) names in `known` the column that dates it: the view of an earlier day does not see it.
"""

from dataclasses import dataclass

TYPES = {
    "text": "string",
    "int": "int64",
    "number": "float64",
    "date": "date",
    "timestamp": "timestamp",
    "bool": "boolean",
}


@dataclass(frozen=True)
class Column:
    """One column: `type` is a key of TYPES; `low` and `high` are inclusive; `refers` is `table.column`;
    `sensitive` values are masked wherever they would be shown; `known` dates the day the value became known."""

    name: str
    type: str
    meaning: str
    required: bool = False
    unit: str | None = None
    allowed: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    refers: str | None = None
    sensitive: bool = False
    known: str | None = None


@dataclass(frozen=True)
class Table:
    """One canonical table. `dated` is the column that says on which day a row became known (None: it always was, or with
    the row of the table it `follows`)."""

    name: str
    meaning: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    dated: str | None = None
    follows: str | None = None

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


C = Column
CHANNELS = ("branch", "atm", "pos", "phone", "web", "app")
CONTACT_CHANNELS = ("branch", "phone", "web", "app", "mail")
PRODUCTS = ("demand", "term", "wealth", "fund", "insurance", "card", "loan", "mortgage", "standing_order")
LEVELS = ("county", "city", "province", "head_office")


def _customer(required: bool = True, refers: str | None = "customers.customer_id") -> Column:
    return C("customer_id", "text", "the customer", required, refers=refers, sensitive=True)


def _month(meaning: str) -> Column:
    return C("month", "date", f"{meaning}: the month's last day", True)


def _person() -> tuple[Column, ...]:
    return (
        C("kind", "text", "a person or a company", allowed=("personal", "corporate")),
        C("name", "text", "name as the bank holds it", sensitive=True),
        C("sex", "text", "as registered", allowed=("female", "male")),
        C("birth_date", "date", "date of birth", sensitive=True),
        C("id_number", "text", "identity number, or unified social credit code of a company", sensitive=True),
        C("phone", "text", "main telephone number", sensitive=True),
        C("address", "text", "postal address", sensitive=True),
        C("branch_id", "text", "the branch that keeps the customer", refers="branches.branch_id"),
        C("industry", "text", "industry of a company"),
        C("size", "text", "size class of a company", allowed=("micro", "small", "medium", "large")),
        C("risk_grade", "text", "the bank's own risk grade"),
        C("opened_date", "date", "start of the relation"),
        C("closed_date", "date", "end of the relation", known="closed_date"),
        C("exit_reason", "text", "why it ended, as recorded", known="closed_date"),
    )


def _amount(name: str, meaning: str, low: float | None = None) -> Column:
    return C(name, "number", meaning, unit="currency", low=low)


_TABLES = (
    Table("customers", "One row a customer: a person or a company.", ("customer_id",),
          (_customer(refers=None), *_person()), dated="opened_date"),
    Table("parties", "One row a department's record of a customer; identity turns parties into customers.", ("source", "source_id"),
          (C("source", "text", "the department", True), C("source_id", "text", "its number for the customer", True, sensitive=True),
           C("core_number", "text", "the core department's number for the customer, where this department holds it", sensitive=True), *_person()),
          dated="opened_date"),
    Table("branches", "One row a branch.", ("branch_id",), (
        C("branch_id", "text", "the branch", True), C("name", "text", "its name"), C("city", "text", "city or district"),
        C("province", "text", "province or region"), C("level", "text", "level of management", allowed=LEVELS))),
    Table("holdings", "One row a product held by a customer.", ("holding_id",), (
        C("holding_id", "text", "the contract or account", True, sensitive=True), _customer(),
        C("product", "text", "kind of product", True, allowed=PRODUCTS), C("opened_date", "date", "start", True),
        C("matures_date", "date", "agreed end"), C("closed_date", "date", "actual end", known="closed_date")), dated="opened_date"),
    Table("balances", "One row a customer, month and basis.", ("customer_id", "month", "basis"), (
        _customer(), _month("month of the balance"),
        C("basis", "text", "average over the days of the month, or at its end", True, allowed=("average", "end")),
        _amount("deposits", "deposits"), _amount("wealth", "wealth products, funds, insurance values"), _amount("loans", "loans drawn")), dated="month"),
    Table("contributions", "One row a customer and month: contribution by component.", ("customer_id", "month"), (
        _customer(), _month("month earned"), _amount("ftp_interest", "interest after funds transfer pricing"), _amount("fees", "fees earned"),
        _amount("expected_loss", "expected credit loss"), _amount("cost", "operating cost"), _amount("capital_charge", "charge for capital")), dated="month"),
    Table("transactions", "One row a booking.", ("transaction_id",), (
        C("transaction_id", "text", "the booking", True, sensitive=True), _customer(), C("booked_at", "timestamp", "time of booking", True),
        C("channel", "text", "where it was made", allowed=CHANNELS),
        C("initiated_by", "text", "made by the customer, or by the bank (interest, fees); empty counts as the customer", allowed=("customer", "bank")),
        C("amount", "number", "signed: money in is positive", True, unit="currency"), C("category", "text", "purpose"),
        C("counterparty", "text", "the other side", sensitive=True)), dated="booked_at"),
    Table("contacts", "One row a contact of a customer with the bank.", ("contact_id",), (
        C("contact_id", "text", "the contact", True), _customer(), C("started_at", "timestamp", "when it began", True),
        C("channel", "text", "where", allowed=CONTACT_CHANNELS), C("branch_id", "text", "the branch", refers="branches.branch_id"),
        C("purpose", "text", "what for; 'login' (an attempt to log in) is not counted as a contact"),
        C("wait_minutes", "number", "time waited", unit="minutes", low=0, high=1440),
        C("handled_minutes", "number", "time served", unit="minutes", low=0, high=1440), C("abandoned", "bool", "left before being served"),
        C("staff_id", "text", "who served", sensitive=True), C("outcome", "text", "how it ended")), dated="started_at"),
    Table("complaints", "One row a complaint.", ("complaint_id",), (
        C("complaint_id", "text", "the complaint", True), _customer(), C("received_at", "timestamp", "when it was received", True),
        C("channel", "text", "where it was received"), C("branch_id", "text", "the branch", refers="branches.branch_id"),
        C("product", "text", "the product it is about; empty: none", allowed=PRODUCTS),
        C("text", "text", "what the customer said", sensitive=True), C("category", "text", "cause, by the industry's classification"),
        C("severity", "int", "1 slight … 5 grave", low=1, high=5), C("first_handler", "text", "who received it", sensitive=True),
        C("handler", "text", "who answers for it now", sensitive=True), C("handoffs", "int", "how often it was handed on", low=0),
        C("escalated_at", "timestamp", "when it was escalated", known="escalated_at"),
        C("resolved_at", "timestamp", "when it was resolved", known="resolved_at"),
        C("reopened_at", "timestamp", "when it was reopened", known="reopened_at"),
        C("revisited_at", "timestamp", "when the customer was asked again", known="revisited_at"),
        C("extension_approved_at", "timestamp", "when more time was approved", known="extension_approved_at"),
        C("extended_until", "date", "the new limit, once approved", known="extension_approved_at"),
        C("referred_by_regulator", "bool", "came through the regulator")), dated="received_at"),
    Table("invitations", "One row an invitation to a survey.", ("invitation_id",), (
        C("invitation_id", "text", "the invitation", True), _customer(), C("sent_date", "date", "when it was sent", True),
        C("channel", "text", "how"), C("trigger", "text", "what led to it"), C("contact_id", "text", "the contact it is about", refers="contacts.contact_id"),
        C("response_id", "text", "the answer; null: none")), dated="sent_date"),
    Table("surveys", "One row a response to a survey.", ("response_id",), (
        C("response_id", "text", "the response", True), _customer(required=False), C("answered_date", "date", "when"),
        C("branch_id", "text", "the branch it is about", refers="branches.branch_id"), C("channel", "text", "how it was asked"),
        C("overall", "number", "overall satisfaction", unit="1-10 (0 where the survey's scale has it)", low=0, high=10),
        C("recommend", "number", "would recommend the bank", unit="0-10", low=0, high=10),
        C("effort", "number", "how easy the bank made it: 1 very hard … 7 very easy", unit="1-7", low=1, high=7)), dated="answered_date"),
    Table("answers", "One row an answered item of a response; items are named in bank.yaml.", ("response_id", "item"), (
        C("response_id", "text", "the response", True, refers="surveys.response_id"), C("item", "text", "the item", True),
        C("value", "number", "the mark given", True, unit="1-10 (0 where the survey's scale has it)", low=0, high=10)), follows="surveys"),
    Table("assignments", "One row a period in which a manager looked after a customer.", ("customer_id", "from_date"), (
        _customer(), C("from_date", "date", "from", True), C("manager_id", "text", "the manager", True, sensitive=True),
        C("until_date", "date", "until", known="until_date"), C("reason", "text", "why it ended", known="until_date")), dated="from_date"),
    Table("incidents", "One row a disruption of service.", ("incident_id",), (
        C("incident_id", "text", "the incident", True), C("scope", "text", "how far it reached", True, allowed=("branch", "channel", "all")),
        C("channel", "text", "the channel"), C("branch_id", "text", "the branch", refers="branches.branch_id"),
        C("started_at", "timestamp", "began", True), C("ended_at", "timestamp", "ended", known="ended_at"), C("kind", "text", "what it was")), dated="started_at"),
    Table("tariffs", "One row a change of a fee.", ("product", "branch_id", "effective_date"), (
        C("product", "text", "the product", True), C("branch_id", "text", "the branch, or 'all'", True), C("effective_date", "date", "in force from", True),
        C("announced_date", "date", "announced on"), _amount("old_fee", "fee before", 0), _amount("new_fee", "fee after", 0)), dated="announced_date"),
    Table("market_rates", "One row an area, month and product: own and competitor's rate.", ("area", "month", "product"), (
        C("area", "text", "the area", True), _month("month of the rate"), C("product", "text", "the product", True),
        C("own_rate", "number", "own rate", unit="share a year"), C("competitor_rate", "number", "best competitor's rate", unit="share a year")), dated="month"),
    Table("campaigns", "One row a campaign and customer.", ("campaign_id", "customer_id"), (
        C("campaign_id", "text", "the campaign", True), _customer(), C("offered_date", "date", "when", True),
        C("arm", "text", "offered, or held out by lot", allowed=("treated", "held_out")), C("product", "text", "what was offered"),
        _amount("cost", "cost of the offer", 0), C("responded", "bool", "took the offer"), _amount("revenue", "revenue that came of it")), dated="offered_date"),
    Table("prospects", "One row a prospect.", ("prospect_id",), (
        C("prospect_id", "text", "the prospect", True, sensitive=True), C("source", "text", "where the prospect came from"),
        C("first_seen_date", "date", "first seen", True), C("birth_year", "int", "year of birth"), C("city", "text", "city"), C("industry", "text", "industry"),
        C("converted_date", "date", "became a customer", known="converted_date"),
        C("converted_customer_id", "text", "as which customer", refers="customers.customer_id", sensitive=True, known="converted_date")), dated="first_seen_date"),
    Table("exposures", "One row a customer, lender and reporting day.", ("customer_id", "lender", "reported_date"), (
        _customer(), C("lender", "text", "this bank or another", True), C("reported_date", "date", "reported on", True),
        _amount("credit_line", "line granted", 0), _amount("drawn", "amount drawn", 0), _amount("collateral", "collateral's value", 0)), dated="reported_date"),
    Table("ownership", "One row a tie between two companies.", ("parent_id", "child_id", "kind"), (
        C("parent_id", "text", "owner, guarantor, executive, or head of a group in the bank's register", True, sensitive=True), C("child_id", "text", "the company owned, guaranteed, run or registered", True, sensitive=True),
        C("kind", "text", "kind of tie", True, allowed=("equity", "guarantee", "executive", "registered")), C("share", "number", "share held", unit="0-1", low=0, high=1),
        C("since_date", "date", "since"), C("until_date", "date", "until", known="until_date")), dated="since_date"),
    Table("alerts", "One row an alert raised for a customer.", ("alert_id",), (
        C("alert_id", "text", "the alert", True), _customer(), C("raised_date", "date", "when", True), C("owner", "text", "who acts", sensitive=True),
        C("reason", "text", "why"), C("action", "text", "what was suggested"), C("held_out", "bool", "held out by lot"),
        C("outcome", "text", "what came of it", known="outcome_date"), C("outcome_date", "date", "when it was known", known="outcome_date")), dated="raised_date"),
    Table("consents", "One row a customer and purpose.", ("customer_id", "purpose"), (
        _customer(), C("purpose", "text", "what for", True), C("given_date", "date", "given"),
        C("withdrawn_date", "date", "withdrawn", known="withdrawn_date")), dated="given_date"),
)  # fmt: skip

TABLES = {table.name: table for table in _TABLES}
