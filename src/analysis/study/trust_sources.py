"""Which fields (`table.column`) stand behind the features and terms that studies use."""

from analysis.wording import Message, say

SEGMENTS, SATISFACTION, CHURN = say("Customer segments"), say("Customer satisfaction"), say("Churn attribution")
RELATIONS, VALUE, LIFETIME = say("Groups by relation"), say("What customers are worth"), say("Customer lifetime")
LIFECYCLE, COMPANIES, PROSPECTS = say("Customer lifecycle"), say("Companies"), say("Prospects")
DRIVERS, COMPLAINTS = say("What goes with satisfaction"), say("Customer complaints")
LINKING = say("Linking of records")

_OWN = ("transactions.booked_at", "transactions.initiated_by")
_ASSETS = ("balances.basis", "balances.deposits", "balances.month", "balances.wealth")
_HELD = ("holdings.closed_date", "holdings.product")
_PAID = ("transactions.amount", *_OWN)
_OPEN = ("complaints.reopened_at", "complaints.resolved_at")
FEATURE_SOURCES = {
    "kind": ("customers.kind",),
    "sex": ("customers.sex",),
    "age_years": ("customers.birth_date",),
    "branch_id": ("customers.branch_id",),
    "industry": ("customers.industry",),
    "risk_grade": ("customers.risk_grade",),
    "closed_date": ("customers.closed_date",),
    "exit_reason": ("customers.exit_reason",),
    "tenure_months": ("customers.opened_date",),
    "recency_days": _OWN,
    "transactions_30d": _OWN,
    "transactions_90d": _OWN,
    "transactions_365d": _OWN,
    "outflow_365d": _PAID,
    "payment_days": _PAID,
    "first_payment_days": _PAID,
    "last_payment_days": _PAID,
    "payments_total": ("transactions.amount", "transactions.initiated_by"),
    "branch_share": (*_OWN, "transactions.channel"),
    "web_share": (*_OWN, "transactions.channel"),
    "app_share": (*_OWN, "transactions.channel"),
    "deposits": ("balances.basis", "balances.deposits", "balances.month"),
    "wealth": ("balances.basis", "balances.month", "balances.wealth"),
    "loans": ("balances.basis", "balances.loans", "balances.month"),
    "assets": _ASSETS,
    "assets_3m": _ASSETS,
    "assets_12m": _ASSETS,
    "assets_slope": _ASSETS,
    "assets_trend": _ASSETS,
    "assets_volatility": _ASSETS,
    "months_seen": ("balances.basis", "balances.month"),
    "products_held": _HELD,
    "holds_card": _HELD,
    "holds_fund": _HELD,
    "holds_insurance": _HELD,
    "holds_wealth": _HELD,
    "complaints_365d": ("complaints.received_at",),
    "open_complaints": _OPEN,
    "wait_minutes_90d": ("contacts.purpose", "contacts.started_at", "contacts.wait_minutes"),
    "contribution_12m": (
        "contributions.capital_charge", "contributions.cost", "contributions.expected_loss", "contributions.fees",
        "contributions.ftp_interest", "contributions.month",
    ),
}  # fmt: skip
_TRAITS = (
    "age_years", "transactions_365d", "outflow_365d", "wealth", "assets", "loans", "app_share", "web_share", "branch_share",
    "products_held", "assets_3m", "recency_days", "closed_date", "kind", "tenure_months",
)  # fmt: skip
_ENDS = ("closed_date", "exit_reason", "recency_days", "tenure_months")
FEATURES_USED = {
    SEGMENTS: (*_TRAITS, "transactions_90d", "contribution_12m", "exit_reason"),
    SATISFACTION: (*_TRAITS, "sex"),
    RELATIONS: (*_ENDS, "assets_3m", "deposits", "wealth", "loans", "contribution_12m"),
    VALUE: (
        *_ENDS, "kind", "assets", "assets_3m", "assets_12m", "assets_trend", "assets_volatility", "deposits", "wealth", "loans",
        "products_held", "holds_fund", "holds_insurance", "holds_wealth", "transactions_90d", "app_share", "web_share",
        "complaints_365d", "contribution_12m",
    ),
    LIFETIME: (
        "closed_date", "payment_days", "first_payment_days", "last_payment_days", "payments_total", "assets_3m", "contribution_12m",
    ),
    LIFECYCLE: (
        *_ENDS, "assets_3m", "assets_12m", "assets_slope", "loans", "products_held", "transactions_90d", "transactions_365d",
    ),
    COMPANIES: (
        "kind", "closed_date", "branch_id", "industry", "risk_grade", "deposits", "wealth", "loans", "assets_12m", "months_seen",
        "products_held", "transactions_365d", "contribution_12m",
    ),
    CHURN: (
        "age_years", "app_share", "assets", "assets_12m", "assets_3m", "assets_trend", "branch_id", "closed_date",
        "complaints_365d", "contribution_12m", "exit_reason", "holds_card", "kind", "open_complaints", "products_held",
        "recency_days", "tenure_months", "transactions_30d", "transactions_365d", "transactions_90d",
        "wait_minutes_90d", "web_share",
    ),
}  # fmt: skip
FIELDS_READ = {
    SATISFACTION: (
        "surveys.answered_date", "surveys.branch_id", "surveys.channel", "surveys.customer_id", "surveys.effort", "surveys.overall",
        "surveys.recommend",
    ),
    DRIVERS: (
        "answers.item", "answers.value", "contacts.wait_minutes", "contacts.purpose", "contacts.channel", "invitations.contact_id",
    ),
    COMPLAINTS: (
        "complaints.branch_id", "complaints.category", "complaints.channel", "complaints.customer_id", "complaints.escalated_at",
        "complaints.extended_until", "complaints.extension_approved_at", "complaints.first_handler", "complaints.handler",
        "complaints.handoffs", "complaints.product", "complaints.received_at", "complaints.referred_by_regulator",
        "complaints.reopened_at", "complaints.resolved_at", "complaints.revisited_at", "complaints.severity",
    ),
    COMPANIES: (
        "customers.size", "branches.level", "exposures.credit_line", "exposures.drawn", "exposures.lender", "exposures.reported_date",
    ),
    PROSPECTS: (
        "prospects.source", "prospects.first_seen_date", "prospects.birth_year", "prospects.city", "prospects.industry",
        "prospects.converted_date", "prospects.converted_customer_id", "contributions.month", "contributions.ftp_interest",
        "contributions.fees", "contributions.expected_loss", "contributions.cost", "contributions.capital_charge",
    ),
    LINKING: (
        "parties.core_number", "parties.id_number", "parties.phone", "parties.name", "parties.birth_date", "parties.address",
        "parties.sex", "parties.kind",
    ),
}  # fmt: skip
TERM_FEATURES = {
    "days_silent": ("recency_days",),
    "transactions": ("transactions_90d",),
    "slowing": ("transactions_30d", "transactions_365d"),
    "assets": ("assets_3m",),
    "assets_falling": ("assets_trend",),
    "assets_lately": ("assets", "assets_3m"),
    "assets_year": ("assets_3m", "assets_12m"),
    "products": ("products_held",),
    "tenure": ("tenure_months",),
    "digital": ("app_share", "web_share"),
    "open_complaint": ("open_complaints",),
    "complaint": ("complaints_365d",),
    "long_wait": ("wait_minutes_90d",),
    "corporate": ("kind",),
}


def used_by() -> dict[str, tuple[Message, ...]]:
    """Field → the reports that use it, itself or a feature made of it."""
    fields = {name: {field for feature in used for field in FEATURE_SOURCES[feature]} for name, used in FEATURES_USED.items()}
    names = dict.fromkeys([*FEATURES_USED, *FIELDS_READ])
    every = {name: fields.get(name, set()) | set(FIELDS_READ.get(name, ())) for name in names}
    return {field: tuple(name for name in names if field in every[name]) for field in sorted(set().union(*every.values()))}


def terms_of() -> dict[str, tuple[str, ...]]:
    """Field → the terms of the warning model that cannot be had without it."""
    behind = {term: {field for name in names for field in FEATURE_SOURCES[name]} for term, names in TERM_FEATURES.items()}
    return {field: tuple(term for term in behind if field in behind[term]) for field in sorted(set().union(*behind.values()))}
