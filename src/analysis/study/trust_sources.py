"""Which fields (`table.column`) stand behind the features and terms that studies use."""

from analysis.wording import Message, say

SEGMENTS, SATISFACTION, CHURN = say("Customer segments"), say("Customer satisfaction"), say("Churn attribution")
LINKING = say("Linking of records")

_OWN = ("transactions.booked_at", "transactions.initiated_by")
_ASSETS = ("balances.basis", "balances.deposits", "balances.month", "balances.wealth")
_OPEN = ("complaints.reopened_at", "complaints.resolved_at")
FEATURE_SOURCES = {
    "kind": ("customers.kind",),
    "sex": ("customers.sex",),
    "closed_date": ("customers.closed_date",),
    "exit_reason": ("customers.exit_reason",),
    "tenure_months": ("customers.opened_date",),
    "recency_days": _OWN,
    "transactions_30d": _OWN,
    "transactions_90d": _OWN,
    "transactions_365d": _OWN,
    "outflow_90d": ("transactions.amount", *_OWN),
    "outflow_365d": ("transactions.amount", *_OWN),
    "branch_share": (*_OWN, "transactions.channel"),
    "web_share": (*_OWN, "transactions.channel"),
    "app_share": (*_OWN, "transactions.channel"),
    "wealth": ("balances.basis", "balances.month", "balances.wealth"),
    "loans": ("balances.basis", "balances.loans", "balances.month"),
    "assets": _ASSETS,
    "assets_3m": _ASSETS,
    "assets_trend": _ASSETS,
    "products_held": ("holdings.closed_date", "holdings.product"),
    "complaints_365d": ("complaints.received_at",),
    "open_complaints": _OPEN,
    "wait_minutes_90d": ("contacts.purpose", "contacts.started_at", "contacts.wait_minutes"),
    "contribution_12m": (
        "contributions.capital_charge", "contributions.cost", "contributions.expected_loss", "contributions.fees",
        "contributions.ftp_interest", "contributions.month",
    ),
}  # fmt: skip
_TRAITS = (
    "transactions_90d", "outflow_90d", "wealth", "assets", "loans", "app_share", "web_share", "branch_share", "products_held",
    "assets_3m", "recency_days", "closed_date",
)  # fmt: skip
FEATURES_USED = {
    SEGMENTS: (*_TRAITS, "transactions_365d", "outflow_365d", "contribution_12m"),
    SATISFACTION: (*_TRAITS, "kind", "sex"),
    CHURN: (
        "kind", "closed_date", "exit_reason", "tenure_months", "recency_days", "transactions_30d", "transactions_90d",
        "transactions_365d", "app_share", "web_share", "assets_3m", "assets_trend", "products_held", "complaints_365d",
        "open_complaints", "wait_minutes_90d",
    ),
}  # fmt: skip
FIELDS_READ = {
    SATISFACTION: (
        "surveys.answered_date", "surveys.branch_id", "surveys.customer_id", "surveys.overall", "surveys.recommend",
        "answers.item", "answers.value",
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
