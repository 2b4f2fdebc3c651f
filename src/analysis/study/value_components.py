"""What a customer of each tier holds and brings: balances, products, and contribution from its components."""

from collections.abc import Mapping

import pandas as pd

from analysis.finding import Column, Exhibit
from analysis.study.tiers import TIERS_SHOWN, tier_of, told_tiers
from analysis.wording import Message, say

GAINS = {"ftp_interest": say("Interest after funds transfer pricing"), "fees": say("Fees")}
CHARGES = {"expected_loss": say("Expected loss"), "cost": say("Cost"), "capital_charge": say("Charge for capital")}
COMPONENTS = {**GAINS, **CHARGES}
HELD = {"deposits": say("Deposits"), "wealth": say("Wealth"), "loans": say("Loans"), "products_held": say("Products held")}
CONTRIBUTION = "contribution_12m"
MEASURES = (*HELD, *(f"{name}_12m" for name in COMPONENTS), CONTRIBUTION)


def known_components(customers: pd.DataFrame) -> list[str]:
    """Names of the components of contribution that the feature rows hold."""
    return [name for name in COMPONENTS if f"{name}_12m" in customers]


def signed_components(customers: pd.DataFrame) -> pd.DataFrame:
    """Feature rows → each component by customer_id, charges below zero: they add up to contribution_12m. Customers without
    a contribution are left out."""
    held = customers[customers[CONTRIBUTION].notna()].set_index("customer_id")
    signs = {name: -1.0 if name in CHARGES else 1.0 for name in known_components(customers)}
    return pd.DataFrame({name: sign * held[f"{name}_12m"].fillna(0.0) for name, sign in signs.items()})


def component_table(customers: pd.DataFrame, edges: Mapping[str, float]) -> pd.DataFrame:
    """Open customers' features → a row each tier, highest first, and one for all: label, customers, is_total and the means
    a customer of what HELD and COMPONENTS name (charges below zero) and contribution; what is not recorded counts as 0."""
    measures = customers.set_index("customer_id")[[name for name in HELD if name in customers]].fillna(0.0).astype(float)
    if CONTRIBUTION in customers:
        parts = signed_components(customers).reindex(measures.index).fillna(0.0)
        measures = measures.join(parts).assign(contribution=parts.sum(axis=1))
    tier = tier_of(customers.set_index("customer_id")["assets_3m"], edges).astype(str)
    names, labels = told_tiers(tier.value_counts().reindex([name for name in TIERS_SHOWN if name in {"mass", *edges}]).fillna(0))
    by_tier = measures.groupby(tier.map(names))
    table = by_tier.mean().assign(customers=by_tier.size()).reindex(labels).dropna().rename_axis("tier").reset_index()
    table = table.assign(label=table["tier"].map(labels), is_total=False)
    whole = {"tier": "all", "label": say("All customers"), "is_total": True, "customers": len(measures), **measures.mean()}
    return pd.concat([table, pd.DataFrame([whole])], ignore_index=True)


def balance_exhibit(table: pd.DataFrame, currency: str) -> Exhibit:
    """What a customer of each tier holds, with the highest tier against the average in its title."""
    a_customer = say("{currency} a customer", currency=currency)
    columns = [
        Column("label", say("Tier")),
        Column("customers", say("Customers"), "count", say("in number")),
        *[Column(name, HELD[name], "amount", a_customer) for name in ("deposits", "wealth", "loans")],
        Column("products_held", HELD["products_held"], "number.1", say("kinds a customer")),
    ]
    return Exhibit(
        name="balances",
        title=_title(table, "deposits"),
        subtitle=say("Means of open customers; balances are monthly averages of the latest month; no balance counts as nothing"),
        frame=table,
        columns=tuple(column for column in columns if column.name in table),
    )


def component_exhibit(table: pd.DataFrame, currency: str) -> Exhibit:
    """What a customer of each tier brings, component by component."""
    if "contribution" not in table:
        return Exhibit("components", say("Contribution"), absent=say("The bank's data hold no contribution."))
    a_year = say("{currency} a customer and year", currency=currency)
    parts = [Column(name, label, "amount", a_year) for name, label in COMPONENTS.items()]
    columns = [Column("label", say("Tier")), *parts, Column("contribution", say("Contribution"), "amount", a_year)]
    return Exhibit(
        name="components",
        title=_title(table, "contribution"),
        subtitle=say(
            "Means of open customers over twelve months; charges stand below zero: the components add up to contribution"
        ),
        frame=table,
        columns=tuple(column for column in columns if column.name in table),
    )


def _title(table: pd.DataFrame, measure: str) -> Message:
    top, whole = table.iloc[0], table.iloc[-1]
    if whole[measure] <= 0 or len(table) == 1:
        return say("What a customer of each tier holds and brings")
    numbers = {"tier": top["label"], "ratio": top[measure] / whole[measure]}
    if measure == "deposits":
        return say("{tier}: {ratio:ratio.1} times the deposits of the average customer", **numbers)
    return say("{tier}: {ratio:ratio.1} times the contribution of the average customer", **numbers)
