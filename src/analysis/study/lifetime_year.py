"""What the lifetime model expects of the next twelve months, by tier."""

import datetime as dt
from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.finding import Column, Exhibit, Finding
from analysis.stats.lifetime import expected_purchases, probability_alive, simulate_purchases
from analysis.stats.likelihood import delta_method
from analysis.stats.spending import expected_amount, simulate_spending
from analysis.study.disclosed import hidden, is_tellable
from analysis.study.lifetime_holdout import relative_error
from analysis.study.lifetime_model import DORMANT_DAYS, LifetimeModel
from analysis.study.tiers import TIERS_SHOWN, tier_of, told_tiers
from analysis.wording import Message, say

DRAWS = 200


def next_year(model: LifetimeModel, customers: pd.DataFrame, weeks: float, random: np.random.Generator) -> pd.DataFrame:
    """One row a tier, highest first (small ones with the one below), and one of all: tier, label, customers, alive, days (payment days
    a customer), paid (amount a customer), each with <name>_low and <name>_high (of the expectation: the parameters'
    uncertainty), and for days and paid with <name>_least and <name>_most (of the outcome: 2.5 and 97.5 percentiles of drawn years)."""
    groups, labels = _groups(customers["tier"])
    shares = groups / groups.sum(axis=1, keepdims=True)
    purchases, amounts = model.purchases, model.amounts

    def days(at: pd.Series) -> np.ndarray:
        return expected_purchases(at, customers, weeks)

    parts = {
        "alive": delta_method(lambda at: shares @ probability_alive(at, customers), purchases, scale="share"),
        "days": delta_method(lambda at: shares @ days(at), purchases, scale="positive"),
        "paid": delta_method(
            lambda at, spent: shares @ (days(at) * expected_amount(spent, customers)), purchases, amounts, scale="positive"
        ),
    }
    drawn = {"days": [], "paid": []}
    for came in simulate_purchases(purchases, customers, weeks, DRAWS, random):
        drawn["days"].append(shares @ came)
        drawn["paid"].append(shares @ simulate_spending(amounts, customers, came, random))
    table = pd.DataFrame({"tier": list(labels), "label": list(labels.values()), "customers": groups.sum(axis=1).astype(int)})
    for name, part in parts.items():
        table[[name, f"{name}_low", f"{name}_high"]] = part.to_numpy()
    for name, draws in drawn.items():
        table[f"{name}_least"], table[f"{name}_most"] = np.quantile(draws, [0.025, 0.975], axis=0, method="weibull")
    return table


def _groups(tier: pd.Series) -> tuple[np.ndarray, dict[str, Message]]:
    """Rows of 0 and 1: who belongs to each tier told, and to all; and their labels."""
    everybody = {"all": say("All customers")}
    if tier.isna().all():
        return np.ones((1, len(tier))), everybody
    names, labels = _told(tier)
    told = tier.map(names)
    rows = [told.eq(name) for name in labels]
    return np.array([*rows, told.notna()], dtype=float), labels | everybody


def _told(tier: pd.Series) -> tuple[dict[str, str], dict[str, Message]]:
    return told_tiers(tier.value_counts().reindex(TIERS_SHOWN).dropna())


def with_bases(table: pd.DataFrame, customers: pd.DataFrame, opened: pd.DataFrame, tiers: Mapping[str, float]) -> pd.DataFrame:
    """`next_year` of the open payers with base: its customers, missing where they lie so close below the open customers of the tier,
    told elsewhere, that the few who never paid could be counted; `opened` are the features of all open customers."""
    counts = {"all": len(opened)}
    if len(table) > 1:
        names = _told(customers["tier"])[0]
        counts |= tier_of(opened["assets_3m"], tiers).astype(str).map(names).value_counts().to_dict()
    unpaid = table["tier"].map(counts) - table["customers"]
    secret = np.array([*hidden(unpaid.iloc[:-1]), not is_tellable(unpaid.iloc[-1])], dtype=bool)
    return table.assign(base=table["customers"].astype(float).mask(secret))


def with_errors(table: pd.DataFrame, customers: pd.DataFrame, checked: pd.DataFrame) -> pd.DataFrame:
    """`next_year` of the open payers with error: each tier's relative error of payment days in the year held out, by the tier of its
    landmark; missing where few belonged to it then."""
    groups = {"all": pd.Series(True, checked.index)}
    if customers["tier"].notna().any():
        then = checked["tier"].map(_told(customers["tier"])[0])
        groups |= {name: then.eq(name) for name in then.dropna().unique()}
    parts = {name: checked[is_in] for name, is_in in groups.items() if is_tellable(int(is_in.sum()))}
    errors = {name: relative_error(part["expected_days"], part["days"]).value for name, part in parts.items()}
    return table.assign(error=table["tier"].map(errors).astype(float))


def lifetime_findings(
    customers: pd.DataFrame, table: pd.DataFrame, currency: str, checked: pd.DataFrame | None = None
) -> list[Finding]:
    """How many still pay, and what is expected in twelve months, of all and by tier; with what such an expectation came to in the
    year held out (`checked`)."""
    whole = table.iloc[-1]
    alive = say(
        "If the lifetime model holds, **{alive:share}** of open customers who ever paid are still paying (mean probability; interval {low:share} to {high:share}){silent}{then}.",
        alive=whole["alive"], low=whole["alive_low"], high=whole["alive_high"], silent=_silent(customers), then=_then(checked),
    )  # fmt: skip
    paid = say(
        "**{value:amount}** {currency} a customer are expected to be paid in the next twelve months (if the model holds: interval of the expectation {low:amount} to {high:amount}, of the outcome {least:amount} to {most:amount}).",
        currency=currency, value=whole["paid"], **_ends(whole, "paid"),
    )  # fmt: skip
    return [
        _finding("lifetime.alive_share", alive, whole, "alive", "share", exhibit="alive"),
        _finding("lifetime.payments_next_year", _days_text(whole), whole, "days", "number"),
        _finding("lifetime.volume_next_year", paid, whole, "paid", "amount", is_headline=False),
        *[_tier_finding(row) for _, row in table.iloc[:-1].iterrows()],
    ]


def _tier_finding(row: pd.Series) -> Finding:
    name = f"lifetime.{row['tier']}.payments_next_year"
    return _finding(name, _days_text(row), row, "days", "number", is_headline=False)


def _ends(row: pd.Series, name: str) -> dict[str, float]:
    return {end: float(row[f"{name}_{end}"]) for end in ("low", "high", "least", "most")}


def _days_text(row: pd.Series) -> Message:
    error = row.get("error", np.nan)
    then = "" if pd.isna(error) else say("; its error a year ago, expected ÷ came less 1: {error:share}", error=error)
    return say(
        "{tier}: **{value:number.1}** payment days a customer are expected in the next twelve months (if the model holds: interval of the expectation {low:number.1} to {high:number.1}, of the outcome {least:number.1} to {most:number.1}{then}).",
        tier=row["label"], value=row["days"], then=then, **_ends(row, "days"),
    )  # fmt: skip


def _silent(customers: pd.DataFrame) -> Message | str:
    """What the model says of those whom the rule of dormancy counts as silent."""
    silent = customers[customers["band"].eq("silent")]
    if not is_tellable(len(silent)) or silent.empty:
        return ""
    return say("; of those silent for {days:count} days or more, {alive:share}", days=DORMANT_DAYS, alive=silent["alive"].mean())


def _then(checked: pd.DataFrame | None) -> Message | str:
    """What the model of a year ago expected of who would pay again, and what came."""
    if checked is None:
        return ""
    again = int(checked["again"].sum())
    if not (is_tellable(again) and is_tellable(len(checked) - again)):
        return ""
    return say(
        "; a year ago {expected:share} were expected to pay again within twelve months, and {again:share} did",
        expected=checked["expected_again"].mean(), again=again / len(checked),
    )  # fmt: skip


def _finding(name: str, text: Message, row: pd.Series, what: str, unit: str, exhibit="lifetime", **rest) -> Finding:
    base = None if pd.isna(row["base"]) else int(row["base"])
    ends = {end: float(row[f"{what}_{end}"]) for end in ("low", "high")}
    return Finding(name, text, float(row[what]), base, unit, exhibit=exhibit, **ends, **rest)


def lifetime_exhibit(table: pd.DataFrame, currency: str, as_of: dt.date) -> Exhibit:
    """Probability of still paying, payment days and amounts of the next twelve months by tier."""
    outcome = say("if the model holds, 95%")
    columns = (
        Column("label", say("Tier")),
        Column("customers", say("Customers"), "count", say("in number")),
        Column("alive", say("Still paying"), "share", say("mean probability, %")),
        Column("days", say("Payment days"), "number.1", say("a customer")),
        Column("days_range", say("Range of outcome"), None, outcome),
        Column("paid", say("Amount paid"), "amount", say("{currency} a customer", currency=currency)),
        Column("paid_range", say("Range of outcome"), None, outcome),
        Column("error", say("Payment days a year ago"), "share", say("expected ÷ came, less 1")),
    )
    ranges = {
        "days_range": [say("{low:number.1} to {high:number.1}", low=low, high=high) for low, high in _outcomes(table, "days")],
        "paid_range": [say("{low:amount} to {high:amount}", low=low, high=high) for low, high in _outcomes(table, "paid")],
    }
    frame = table.drop(columns="base").assign(customers=table["base"], **ranges, is_total=table["tier"].eq("all"))
    whole = frame.iloc[-1]
    return Exhibit(
        name="lifetime",
        title=say(
            "If the model holds, {alive:share} still pay, and in twelve months {days:number.1} payment days a customer are expected",
            alive=whole["alive"], days=whole["days"],
        ),
        subtitle=say(
            "Open customers who ever paid, by tier; expected in the twelve months after {as_of:date}, if they behave as the model supposes; payments are what customers pay out, not what the bank earns{few}",
            as_of=as_of, few=say("; –: not told, so that the few who never paid cannot be counted") if table["base"].isna().any() else "",
        ),
        frame=frame,
        columns=tuple(column for column in columns if column.name in frame),
    )  # fmt: skip


def _outcomes(table: pd.DataFrame, name: str) -> np.ndarray:
    return table[[f"{name}_least", f"{name}_most"]].to_numpy()
