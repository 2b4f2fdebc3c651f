"""Rules about customers, departments' records of them, prospects and companies' ties."""

from analysis.bank.rules.rule import Rule, after_closing, before, before_opening, hostile, in_future
from analysis.wording import say

SHARED_BY = 3
OLDEST_YEARS = 110
FAULTS = {
    "name": {
        "hostile": say("{column} bears markup, a formula or control characters", column="name"),
        "looks_like_address": say("{column} is an address", column="name"),
        "holds_digits": say("{column} holds digits", column="name"),
        "spaced": say("{column} has blanks within", column="name"),
        "full_width": say("{column} is written in full-width characters", column="name"),
    },
    "phone": {
        "id_in_phone": say("{column} is an identity number", column="phone"),
        "not_a_phone": say("{column} is no telephone number", column="phone"),
        "spaced": say("{column} has blanks within", column="phone"),
        "full_width": say("{column} is written in full-width characters", column="phone"),
    },
    "id_number": {
        "phone_in_id": say("{column} is a telephone number", column="id_number"),
        "form": say("{column} has not the form of an identity number", column="id_number"),
        "old_form": say("{column} has the old form of fifteen places", column="id_number"),
        "check_digit": say("{column} has a wrong check digit", column="id_number"),
        "birth": say("{column} has an impossible day of birth", column="id_number"),
        "spaced": say("{column} has blanks within", column="id_number"),
        "full_width": say("{column} is written in full-width characters", column="id_number"),
    },
}
COMPARED = ("name", "sex", "birth_date", "id_number", "phone", "address")


def _faults(table: str) -> list[Rule]:
    return [
        Rule(
            f"{table}.{column}.{fault}", table, column, "validity", words,
            f"{'id' if column == 'id_number' else column}_fault = '{fault}'", f"{column} IS NOT NULL",
        )
        for column, faults in FAULTS.items()
        for fault, words in faults.items()
    ]  # fmt: skip


def _disagrees(column: str) -> Rule:
    """A department's value against the one that most departments hold; where as many hold another, against the core's."""
    words = say("{column} differs from what the other departments hold", column=column)
    return Rule(
        f"parties.{column}.disagrees", "parties", column, "consistency", words,
        f"compared_{column} <> agreed_{column}", f"compared_{column} IS NOT NULL AND agreed_{column} IS NOT NULL",
        f"greatest(opened_date, seen_{column})",
    )  # fmt: skip


def _against_number(table: str) -> list[Rule]:
    words = say("{column} is another than in the identity number", column="birth_date")
    other = say("{column} is another than in the identity number", column="sex")
    both = "{0} IS NOT NULL AND {1} IS NOT NULL"
    return [
        Rule(f"{table}.birth_date.not_in_id", table, "birth_date", "consistency", words, "birth_date <> birth_of_number",
             both.format("birth_date", "birth_of_number")),
        Rule(f"{table}.sex.not_in_id", table, "sex", "consistency", other, "sex <> sex_of_number",
             both.format("sex", "sex_of_number")),
    ]  # fmt: skip


def _shared(table: str, column: str) -> Rule:
    words = say("{column} is borne by more than {customers:count} customers", column=column, customers=SHARED_BY)
    return Rule(f"{table}.{column}.shared", table, column, "uniqueness", words,
                f"{column}_customers > {SHARED_BY}", f"{column}_customers IS NOT NULL", f"greatest(opened_date, {column}_seen)")  # fmt: skip


def _age(table: str) -> Rule:
    words = say("age at the start of the relation is not 0 to {years:count}", years=OLDEST_YEARS)
    fails = f"birth_date > opened_date OR birth_date < opened_date - INTERVAL {OLDEST_YEARS} YEAR"
    both = "birth_date IS NOT NULL AND opened_date IS NOT NULL"
    return Rule(f"{table}.birth_date.age", table, "birth_date", "plausibility", words, fails, both)


PARTIES = (
    *_faults("parties"),
    *(_disagrees(column) for column in COMPARED),
    *_against_number("parties"),
    _age("parties"),
    _shared("parties", "phone"),
    Rule("parties.source_id.repeated", "parties", "source_id", "uniqueness",
         say("the department holds the customer more than once"), "record_of_customer > 1", "NOT is_core"),
    Rule("parties.core_number.second", "parties", "core_number", "uniqueness",
         say("the customer has more than one core number"), "record_of_customer > 1", "is_core"),
    before("parties", "closed_date", "opened_date"),
    in_future("parties", "opened_date"),
)  # fmt: skip

CUSTOMERS = (
    *_faults("customers"),
    *_against_number("customers"),
    _age("customers"),
    _shared("customers", "phone"),
    Rule("customers.id_number.shared", "customers", "id_number", "uniqueness", say("another customer has the same {column}", column="id_number"),
         "id_number_customers > 1", "id_number_customers IS NOT NULL", "greatest(opened_date, id_number_seen)"),
    before("customers", "closed_date", "opened_date"),
    Rule("customers.closed_date.only_reason", "customers", "closed_date", "consistency", say("a reason for leaving is given, but no closing date"),
         "closed_date IS NULL", "exit_reason IS NOT NULL"),
    Rule("customers.customer_id.without_balance", "customers", "customer_id", "consistency", say("the customer has no balance in any month"),
         "balance_months IS NULL", "opened_date <= balances_until AND (ended_date IS NULL OR ended_date >= balances_from)"),
    Rule("customers.customer_id.without_transactions", "customers", "customer_id", "consistency", say("the customer has balances, but never a transaction"),
         "transactions_count IS NULL", "balance_months >= 12"),
    in_future("customers", "opened_date"),
    in_future("customers", "closed_date"),
)  # fmt: skip

OTHERS = (
    hostile("branches", "name"),
    Rule("prospects.birth_year.implausible", "prospects", "birth_year", "plausibility", say("{column} is implausible", column="birth_year"),
         f"birth_year > year(first_seen_date) OR birth_year < year(first_seen_date) - {OLDEST_YEARS}", "birth_year IS NOT NULL"),
    before("prospects", "converted_date", "first_seen_date"),
    Rule("prospects.converted_customer_id.half", "prospects", "converted_customer_id", "consistency",
         say("a conversion without its day or without its customer"), "(converted_date IS NULL) <> (converted_customer_id IS NULL)",
         "converted_date IS NOT NULL OR converted_customer_id IS NOT NULL", "coalesce(converted_date, first_seen_date)"),
    in_future("prospects", "first_seen_date"),
    Rule("ownership.child_id.itself", "ownership", "child_id", "consistency", say("a company is tied to itself"), "parent_id = child_id"),
    before("ownership", "until_date", "since_date"),
    Rule("ownership.share.above_one", "ownership", "share", "plausibility", say("the shares in a company add up to more than 100%"),
         "running_shares > 1.0001", "running_shares IS NOT NULL"),
    before("assignments", "until_date", "from_date"),
    before_opening("assignments", "from_date"),
    after_closing("assignments", "from_date"),
    Rule("assignments.from_date.overlaps", "assignments", "from_date", "consistency", say("the manager before still looks after the customer"),
         "coalesce(previous_until_date, DATE '9999-12-31') > from_date", "previous_from_date IS NOT NULL"),
    before("consents", "withdrawn_date", "given_date"),
    before_opening("consents", "given_date"),
    after_closing("consents", "given_date"),
    in_future("consents", "given_date"),
)  # fmt: skip

PEOPLE: tuple[Rule, ...] = (*PARTIES, *CUSTOMERS, *OTHERS)
