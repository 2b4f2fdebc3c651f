"""One customer's standing, value and activity, as exhibits of its profile."""

import datetime as dt
from collections.abc import Mapping

import pandas as pd

from analysis.calendar import month_end, months_before
from analysis.finding import Column, Exhibit
from analysis.study.churn import ESTABLISHED_MONTHS, INVOLUNTARY_REASONS
from analysis.study.profile_words import CHANNELS, EXITS, PERSON_KINDS, PERSON_SEXES, PRODUCTS, SIZES, age_band, word
from analysis.study.tiers import ACTIVE_DAYS, TIERS, tier_of
from analysis.wording import Message, say

SHOWN_MONTHS = 24
MOST_CHANNELS = 5
HELD = {"deposits": say("Deposits"), "wealth": say("Wealth"), "loans": say("Loans")}
GAINS = {"ftp_interest": say("Interest after funds transfer pricing"), "fees": say("Fees")}
CHARGES = {"expected_loss": say("Expected loss"), "cost": say("Cost"), "capital_charge": say("Charge for capital")}


def standing(customer: pd.Series, tiers: Mapping[str, float], branch_names: Mapping[str, str]) -> Exhibit:
    """Who it is, masked: kind, age band, sex, industry and size, since when, branch, tier, group, status."""
    is_company = customer.get("kind") == "corporate"
    rows = {
        say("Customer type"): word(customer.get("kind"), PERSON_KINDS),
        say("Age"): None if is_company else age_band(customer.get("age_years")),
        say("Sex"): word(customer.get("sex"), PERSON_SEXES),
        say("Industry"): word(customer.get("industry"), {}),
        say("Size"): word(customer.get("size"), SIZES),
        say("Customer since"): _month_words(customer.get("opened_date")),
        say("Branch"): word(customer.get("branch_id"), dict(branch_names)),
        say("Tier"): tier_words(customer, tiers),
        say("Customer group"): group_words(customer),
        say("Status"): status_words(customer),
        say("Risk grade"): word(customer.get("risk_grade"), {}),
    }
    known = [(label, value) for label, value in rows.items() if value is not None]
    return Exhibit(
        name="standing",
        title=say("{kind}: {status}", kind=word(customer.get("kind"), PERSON_KINDS) or say("Customer"), status=status_words(customer)),
        subtitle=say("As registered by the bank; a line that is not registered is left out"),
        frame=pd.DataFrame(known, columns=["label", "value"]),
        columns=(Column("label", say("Item")), Column("value", say("Content"))),
    )  # fmt: skip


def tier_words(customer: pd.Series, tiers: Mapping[str, float]) -> Message | None:
    """The tier of a customer whose relation stands; None where the bank has no tiers or no balances."""
    if not tiers or "assets_3m" not in customer or pd.notna(customer.get("closed_date")):
        return None
    return TIERS[tier_of(pd.Series([customer["assets_3m"]]), tiers).iloc[0]]


def group_words(customer: pd.Series) -> Message | None:
    """New (below ESTABLISHED_MONTHS), established, lost, or left involuntarily."""
    if pd.notna(customer.get("closed_date")):
        return say("Left involuntarily") if customer.get("exit_reason") in INVOLUNTARY_REASONS else say("Lost customer")
    if pd.isna(customer.get("tenure_months")):
        return None
    return say("New customer") if customer["tenure_months"] < ESTABLISHED_MONTHS else say("Established customer")


def status_words(customer: pd.Series) -> Message:
    """Open, and whether active; or when and why it closed."""
    if pd.notna(closed := customer.get("closed_date")):
        reason = word(customer.get("exit_reason"), EXITS)
        return (
            say("closed in {month:month}, {reason}", month=closed, reason=reason)
            if reason
            else say("closed in {month:month}", month=closed)
        )
    if pd.isna(silent := customer.get("recency_days")):
        return say("open")
    if silent < ACTIVE_DAYS:
        return say("open and active")
    return say("open, without a transaction of its own for {days:count} days", days=silent)


def assets(balances: pd.DataFrame | None, customer: pd.Series, as_of: dt.date, currency: str) -> Exhibit:
    """Deposits, wealth and loans by month; averages where the bank has them, else month ends."""
    heading = say("Assets and loans")
    if balances is None:
        return Exhibit("assets", heading, absent=say("The bank brings no balances."))
    is_average = balances["basis"].eq("average")
    chosen = balances[is_average] if is_average.any() else balances
    chosen = chosen[pd.to_datetime(chosen["month"]) > pd.Timestamp(months_before(month_end(as_of), SHOWN_MONTHS))]
    if chosen["month"].nunique() < 2:
        return Exhibit("assets", heading, absent=say("Balances of this customer are known for fewer than two months."))
    held = [name for name in HELD if chosen[name].fillna(0).ne(0).any()] or ["deposits"]
    parts = [pd.DataFrame({"series": HELD[name], "x": chosen["month"], "value": chosen[name].fillna(0)}) for name in held]
    return Exhibit(
        name="assets",
        title=assets_words(customer, currency) or heading,
        subtitle=say("Balance in {currency} by month, {basis}", currency=currency,
                     basis=say("averages of the month") if is_average.any() else say("at the end of the month")),
        frame=pd.concat(parts, ignore_index=True),
        unit="money",
        x_unit="month",
    )  # fmt: skip


def assets_words(customer: pd.Series, currency: str) -> Message | None:
    """Assets, and how they changed; None where they are not known."""
    if pd.isna(now := customer.get("assets_3m")):
        return None
    trend = customer.get("assets_trend")
    values = {"assets": now, "currency": currency}
    if pd.isna(trend) or round(abs(trend), 3) == 0:
        return say("Assets of **{assets:amount}** {currency}, average of three months", **values)
    template = {
        True: say("Assets of **{assets:amount}** {currency}, average of three months, {change:share} more than in the three months before"),
        False: say("Assets of **{assets:amount}** {currency}, average of three months, {change:share} less than in the three months before"),
    }[trend > 0]  # fmt: skip
    return template.filled(**values, change=abs(trend))


def products(holdings: pd.DataFrame | None, as_of: dt.date) -> Exhibit:
    """The products held at `as_of`, the oldest first."""
    if holdings is None:
        return Exhibit("products", say("Products held"), absent=say("The bank brings no products."))
    held = holdings[holdings["closed_date"].isna() | (pd.to_datetime(holdings["closed_date"]) > pd.Timestamp(as_of))]
    held = held.sort_values(["opened_date", "product"], kind="stable")
    return Exhibit(
        name="products",
        title=say("Products held: {kinds:count}; contracts: {count:count}", kinds=held["product"].nunique(), count=len(held)),
        subtitle=say("Contracts open on {day:date}", day=as_of),
        frame=held.assign(label=[word(code, PRODUCTS) for code in held["product"]]),
        columns=(Column("label", say("Product")), Column("opened_date", say("Since"), "month"), Column("matures_date", say("Agreed end"), "month")),
    )  # fmt: skip


def contribution(contributions: pd.DataFrame | None, as_of: dt.date, currency: str) -> Exhibit:
    """Contribution of twelve months by component; charges are negative, so that the rows add up."""
    heading = say("Contribution")
    if contributions is None:
        return Exhibit("contribution", heading, absent=say("The bank brings no contributions."))
    recent = contributions[pd.to_datetime(contributions["month"]) > pd.Timestamp(months_before(month_end(as_of), 12))]
    if recent.empty:
        return Exhibit("contribution", heading, absent=say("No contribution of this customer is known for the twelve months."))
    rows = [{"label": label, "amount": recent[name].sum(), "is_total": False} for name, label in GAINS.items()]
    rows += [{"label": label, "amount": -recent[name].sum(), "is_total": False} for name, label in CHARGES.items()]
    total = sum(row["amount"] for row in rows)
    return Exhibit(
        name="contribution",
        title=say("Contribution of twelve months: **{total:amount}** {currency}", total=total, currency=currency),
        subtitle=say("Sums of twelve months up to {day:date}; charges are negative", day=as_of),
        frame=pd.DataFrame([*rows, {"label": say("Contribution"), "amount": total, "is_total": True}]),
        columns=(Column("label", say("Part")), Column("amount", say("Amount"), "amount", say("{currency}", currency=currency))),
    )


def activity(transactions: pd.DataFrame | None, as_of: dt.date) -> Exhibit:
    """The customer's own transactions by month and channel; channels beyond MOST_CHANNELS are counted together."""
    heading = say("Own transactions")
    if transactions is None:
        return Exhibit("activity", heading, absent=say("The bank brings no transactions."))
    months = [month_end(months_before(as_of.replace(day=1), step)) for step in reversed(range(SHOWN_MONTHS))]
    own = transactions[transactions["initiated_by"].fillna("customer").eq("customer")]
    own = own.assign(month=[month_end(moment.date()) for moment in pd.to_datetime(own["booked_at"])])
    own = own[own["month"].isin(months)]
    if own.empty:
        return Exhibit(
            "activity",
            heading,
            absent=say("This customer made no transaction of its own in {months:count} months.", months=SHOWN_MONTHS),
        )
    counts = own["channel"].fillna("").value_counts()
    kept = [name for name in counts.index[:MOST_CHANNELS] if name]
    named = own["channel"].where(own["channel"].isin(kept), "")
    grid = own.groupby(["month", named]).size().unstack(fill_value=0).reindex(months, fill_value=0)
    names = [*kept, *(name for name in grid if name == "")]
    parts = [
        pd.DataFrame({"series": CHANNELS.get(name, name) or say("Other or not recorded"), "x": months, "value": grid[name]})
        for name in names
    ]
    return Exhibit(
        name="activity",
        title=say("Own transactions in {months:count} months: {count:count}; most frequent channel: {channel}", months=SHOWN_MONTHS, count=len(own),
                  channel=word(counts.index[0], CHANNELS) or say("not recorded")),
        subtitle=say("Own transactions a month, by channel; bookings that the bank makes are left out"),
        frame=pd.concat(parts, ignore_index=True),
        unit="count",
        x_unit="month",
    )  # fmt: skip


def _month_words(day: object) -> Message | None:
    return None if pd.isna(day) else say("{month:month}", month=day)
