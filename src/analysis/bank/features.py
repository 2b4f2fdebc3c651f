"""One row a customer at a landmark: what was known of it by then. Ibis expressions, so that any engine computes them."""

import datetime as dt

import ibis
import ibis.expr.types as ir

from analysis.bank.contracts import CHANNELS, PRODUCTS

WINDOWS_DAYS = (30, 90, 365)
DAYS_PER_MONTH = 30.4375
LOGIN = "login"
AGES = ("recency_days", "first_payment_days", "last_payment_days")
GAINS = ("ftp_interest", "fees")
CHARGES = ("expected_loss", "cost", "capital_charge")
DESCRIPTIVE = ("kind", "sex", "branch_id", "industry", "size", "risk_grade", "opened_date", "closed_date", "exit_reason")


def features(tables: dict[str, ir.Table], landmark: dt.date) -> ir.Table:
    """`tables` as known at the landmark (see `asof`) → one row a customer, sorted by customer_id.

    Descriptive columns of `customers`; age_years, tenure_months; of the customer's own transactions recency_days,
    transactions_<30|90|365>d, inflow_…d, outflow_…d (currency), active_days_90d and <channel>_share (of 365 days); of its payments
    (own transactions that take money out, of all time) payment_days (days with one), first_payment_days and last_payment_days
    (days since), payments_total (currency);
    balances: deposits, wealth, loans (latest month), assets (deposits + wealth), assets_3m, assets_12m (means),
    assets_prior_3m (mean of the 3 before those of assets_3m), assets_slope (currency a month over 12 months),
    assets_volatility (standard deviation ÷ mean), assets_trend (assets_3m ÷ assets_prior_3m − 1), assets_peak_12m,
    months_seen; products_held, holds_<product>; complaints_365d, open_complaints (those reopened too),
    open_complaint_hours (of the one received first); contacts_365d, wait_minutes_90d and wait_minutes_365d (means),
    abandoned_365d (attempts to log in, of purpose 'login', are no contacts); contribution_12m and its parts ftp_interest_12m,
    fees_12m, expected_loss_12m, cost_12m, capital_charge_12m (the last three lower it). A table that the bank does not bring yields
    no columns.
    """
    rows = _customers(tables["customers"], landmark)
    for name, build in _BUILDERS.items():
        if name in tables:
            part = build(tables[name], landmark)
            rows = rows.left_join(part, "customer_id").drop("customer_id_right").mutate(**_zero_counts(part))
    return rows.order_by("customer_id")


def _zero_counts(part: ir.Table) -> dict:
    counts = [name for name in part.columns if name != "customer_id" and (part[name].type().is_integer() or "flow_" in name)]
    return {name: ibis._[name].fill_null(0) for name in counts if name not in AGES}


def _days(later: dt.date, earlier: ir.DateValue) -> ir.IntegerValue:
    return ibis.date(later).delta(earlier.cast("date"), unit="day")


def _months(later: dt.date, month: ir.DateValue) -> ir.IntegerValue:
    whole = later + dt.timedelta(days=1)
    return (whole.year * 12 + whole.month - 1) - (month.year() * 12 + month.month())


def _customers(customers: ir.Table, landmark: dt.date) -> ir.Table:
    return customers.select(
        "customer_id",
        *DESCRIPTIVE,
        age_years=_days(landmark, customers.birth_date) * (1 / 365.25),
        tenure_months=_days(landmark, customers.opened_date) * (1 / DAYS_PER_MONTH),
    )


def _transactions(transactions: ir.Table, landmark: dt.date) -> ir.Table:
    own = transactions.filter(transactions.initiated_by.fill_null("customer") == "customer")
    own = own.select("customer_id", "channel", "amount", age_days=_days(landmark, own.booked_at))
    windows = {}
    for days in WINDOWS_DAYS:
        recent = own.age_days < days
        windows[f"transactions_{days}d"] = recent.cast("int64").sum()
        windows[f"inflow_{days}d"] = ibis.ifelse(recent & (own.amount > 0), own.amount, 0.0).sum()
        windows[f"outflow_{days}d"] = ibis.ifelse(recent & (own.amount < 0), -own.amount, 0.0).sum()
    year = own.age_days < 365
    channels = {
        f"{channel}_share": (year & (own.channel == channel)).cast("float64").sum() / year.cast("float64").sum().nullif(0.0)
        for channel in CHANNELS
    }
    out = own.amount < 0
    payments = {
        "first_payment_days": own.age_days.max(where=out),
        "last_payment_days": own.age_days.min(where=out),
        "payments_total": ibis.ifelse(out, -own.amount, 0.0).sum(),
    }
    whole = own.group_by("customer_id").agg(recency_days=own.age_days.min(), **windows, **channels, **payments)
    days = own.group_by("customer_id", "age_days").agg(with_payment=out.cast("int64").max())
    days = days.group_by("customer_id").agg(
        active_days_90d=(days.age_days < 90).cast("int64").sum(), payment_days=days.age_days.count(where=days.with_payment > 0)
    )
    order = ("customer_id", "recency_days", "active_days_90d", *windows, *channels, "payment_days", *payments)
    return whole.join(days, "customer_id").select(*order)


def _balances(balances: ir.Table, landmark: dt.date) -> ir.Table:
    bases = balances.aggregate(averages=(balances.basis == "average").sum())
    chosen = balances.cross_join(bases)
    chosen = chosen.filter(ibis.ifelse(chosen.averages > 0, chosen.basis == "average", chosen.basis == "end"))
    months = chosen.select(
        "customer_id",
        "month",
        *[chosen[name].fill_null(0.0).name(name) for name in ("deposits", "wealth", "loans")],
        assets=chosen.deposits.fill_null(0.0) + chosen.wealth.fill_null(0.0),
        age_months=_months(landmark, chosen.month).cast("int64"),
    )
    months = months.filter(months.age_months < 12)
    age = months.age_months
    latest = {name: months[name].sum(where=age == 0) for name in ("deposits", "wealth", "loans", "assets")}
    wide = months.group_by("customer_id").agg(
        **latest,
        assets_3m=months.assets.mean(where=age < 3),
        assets_prior_3m=months.assets.mean(where=(age >= 3) & (age < 6)),
        assets_12m=months.assets.mean(),
        assets_peak_12m=months.assets.max(),
        months_seen=months.month.nunique(),
        covariance=(-age.cast("float64")).cov(months.assets, how="pop"),
        spread=age.cast("float64").var(how="pop"),
        deviation=months.assets.std(how="pop"),
    )
    return wide.mutate(
        assets_slope=wide.covariance / wide.spread.nullif(0.0),
        assets_volatility=wide.deviation / wide.assets_12m.nullif(0.0),
        assets_trend=wide.assets_3m / wide.assets_prior_3m.nullif(0.0) - 1.0,
    ).drop("covariance", "spread", "deviation")


def _holdings(holdings: ir.Table, landmark: dt.date) -> ir.Table:
    held = holdings.filter(holdings.closed_date.isnull() | (holdings.closed_date > ibis.date(landmark)))
    flags = {f"holds_{product}": (held["product"] == product).cast("int64").max() for product in PRODUCTS}
    return held.group_by("customer_id").agg(products_held=held["product"].nunique(), **flags)


def _complaints(complaints: ir.Table, landmark: dt.date) -> ir.Table:
    is_open = complaints.resolved_at.isnull() | (complaints.reopened_at > complaints.resolved_at).fill_null(False)
    age_hours = (ibis.timestamp(f"{landmark} 23:59:59").epoch_seconds() - complaints.received_at.epoch_seconds()) * (1 / 3600)
    return complaints.group_by("customer_id").agg(
        complaints_365d=(_days(landmark, complaints.received_at) < 365).cast("int64").sum(),
        open_complaints=is_open.cast("int64").sum(),
        open_complaint_hours=age_hours.max(where=is_open),
    )


def _contacts(contacts: ir.Table, landmark: dt.date) -> ir.Table:
    contacts = contacts.filter(contacts.purpose.fill_null("") != LOGIN)
    age = _days(landmark, contacts.started_at)
    return contacts.group_by("customer_id").agg(
        contacts_365d=(age < 365).cast("int64").sum(),
        wait_minutes_90d=contacts.wait_minutes.mean(where=age < 90),
        wait_minutes_365d=contacts.wait_minutes.mean(where=age < 365),
        abandoned_365d=(contacts.abandoned.fill_null(False) & (age < 365)).cast("int64").sum(),
    )


def _contributions(contributions: ir.Table, landmark: dt.date) -> ir.Table:
    recent = contributions.filter(_days(landmark, contributions.month) < 365)
    parts = {f"{name}_12m": recent[name].fill_null(0.0).sum() for name in (*GAINS, *CHARGES)}
    summed = recent.group_by("customer_id").agg(**parts)
    gained = sum((summed[f"{name}_12m"] for name in GAINS[1:]), summed[f"{GAINS[0]}_12m"])
    charged = sum((summed[f"{name}_12m"] for name in CHARGES[1:]), summed[f"{CHARGES[0]}_12m"])
    return summed.mutate(contribution_12m=gained - charged)


_BUILDERS = {
    "transactions": _transactions,
    "balances": _balances,
    "holdings": _holdings,
    "complaints": _complaints,
    "contacts": _contacts,
    "contributions": _contributions,
}
