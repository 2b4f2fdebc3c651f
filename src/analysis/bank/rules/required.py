"""Completeness: every optional column of the contracts, but for those whose emptiness has a meaning of its own."""

from analysis.bank.contracts import TABLES
from analysis.bank.rules.rule import Rule, empty

PERSON = "coalesce(kind, 'personal') = 'personal'"
COMPANY = "kind = 'corporate'"
SERVED = "purpose IS DISTINCT FROM 'login'"
QUEUED = f"channel IN ('branch', 'phone') AND {SERVED}"
MAY_BE_EMPTY = {
    "customers": ("closed_date",),
    "parties": ("kind", "branch_id", "industry", "size", "risk_grade", "closed_date", "exit_reason"),
    "holdings": ("closed_date",),
    "transactions": ("initiated_by", "counterparty"),
    "complaints": ("branch_id", "product", "escalated_at", "resolved_at", "reopened_at", "revisited_at", "extension_approved_at"),
    "invitations": ("response_id",),
    "surveys": ("customer_id", "branch_id", "effort"),
    "assignments": ("until_date",),
    "incidents": ("ended_at",),
    "prospects": ("industry", "converted_date", "converted_customer_id"),
    "ownership": ("until_date",),
    "alerts": ("outcome",),
    "consents": ("withdrawn_date",),
}
WHERE = {
    "customers.sex": PERSON,
    "customers.birth_date": PERSON,
    "customers.industry": COMPANY,
    "customers.size": COMPANY,
    "customers.risk_grade": COMPANY,
    "customers.exit_reason": "closed_date IS NOT NULL",
    "parties.core_number": "holds_core_number",
    "parties.name": "holds_name",
    "parties.sex": "holds_sex AND coalesce(customer_kind, 'personal') = 'personal'",
    "parties.birth_date": "holds_birth_date AND coalesce(customer_kind, 'personal') = 'personal'",
    "parties.id_number": "holds_id_number",
    "parties.phone": "holds_phone",
    "parties.address": "holds_address",
    "parties.opened_date": "holds_opened_date",
    "holdings.matures_date": "product IN ('term', 'mortgage')",
    "transactions.channel": "coalesce(initiated_by, 'customer') = 'customer'",
    "contacts.branch_id": "channel = 'branch'",
    "contacts.wait_minutes": QUEUED,
    "contacts.handled_minutes": f"{QUEUED} AND NOT abandoned",
    "contacts.abandoned": SERVED,
    "contacts.staff_id": SERVED,
    "contacts.outcome": "NOT coalesce(abandoned, FALSE)",
    "complaints.extended_until": "extension_approved_at IS NOT NULL",
    "invitations.contact_id": "trigger = 'contact'",
    "assignments.reason": "until_date IS NOT NULL",
    "incidents.channel": "scope = 'channel'",
    "incidents.branch_id": "scope = 'branch'",
    "campaigns.revenue": "responded",
    "prospects.birth_year": "industry IS NULL",
    "ownership.share": "kind = 'equity'",
    "alerts.action": "NOT coalesce(held_out, FALSE)",
    "alerts.outcome_date": "outcome IS NOT NULL",
}
SEEN = {
    "complaints.extended_until": "extension_approved_at",
    "customers.exit_reason": "closed_date",
    "assignments.reason": "until_date",
}

REQUIRED: tuple[Rule, ...] = tuple(
    empty(table, column.name, WHERE.get(f"{table}.{column.name}", ""), SEEN.get(f"{table}.{column.name}", ""))
    for table, contract in TABLES.items()
    for column in contract.columns
    if not column.required and column.name not in (*contract.key, *MAY_BE_EMPTY.get(table, ()))
)
