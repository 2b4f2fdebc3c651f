"""The value pyramid: which tier a customer's assets put it in, and which customers are counted."""

from collections.abc import Mapping

import pandas as pd

from analysis.finding import Column, Exhibit
from analysis.wording import Message, say

TIERS = {"mass": say("Mass"), "affluent": say("Affluent"), "private_banking": say("Private banking")}
ACTIVE_DAYS = 90


def open_customers(features: pd.DataFrame) -> pd.DataFrame:
    """Those of the feature rows whose relation has not ended."""
    return features[features["closed_date"].isna()]


def is_active(features: pd.DataFrame) -> pd.Series:
    """Whether the customer made a transaction of its own within ACTIVE_DAYS."""
    return features["recency_days"].lt(ACTIVE_DAYS)


def tier_of(assets: pd.Series, edges: Mapping[str, float]) -> pd.Series:
    """The tier of each customer by its assets (currency; missing counts as nothing). `edges` are the lower edges of the
    tiers above mass. A categorical of TIERS' keys, lowest first."""
    names = ["mass", *sorted(edges, key=edges.get)]
    limits = [-float("inf"), *sorted(edges.values()), float("inf")]
    return pd.cut(assets.fillna(0), limits, labels=names, right=False)


def tier_table(customers: pd.DataFrame, edges: Mapping[str, float]) -> pd.DataFrame:
    """Open customers' features → one row a tier, highest first: tier, label, customers, customer_share, assets,
    assets_share, and contribution_share where contributions are known."""
    measures = {"customers": ("customer_id", "size"), "assets": ("assets_3m", "sum")}
    if "contribution_12m" in customers:
        measures["contribution"] = ("contribution_12m", "sum")
    tier = tier_of(customers["assets_3m"], edges).rename("tier")
    table = customers.groupby(tier, observed=False).agg(**measures).reset_index().iloc[::-1]
    shares = {name.replace("customers", "customer") + "_share": table[name] / table[name].sum() for name in measures}
    return table.assign(label=[TIERS[name] for name in table["tier"]], **shares).reset_index(drop=True)


def pyramid(table: pd.DataFrame, currency: str, edges: Mapping[str, float]) -> Exhibit:
    """The pyramid: share of customers beside share of assets."""
    top = table.iloc[:-1]
    return Exhibit(
        name="pyramid",
        title=say(
            "{customers:share} of customers hold {assets:share} of assets",
            customers=top["customer_share"].sum(), assets=top["assets_share"].sum(),
        ),
        subtitle=say("Share of open customers and of assets by tier, in %; assets are deposits and wealth, average of three months, in {currency}", currency=currency),
        frame=table.rename(columns={"customer_share": "left", "assets_share": "right"})[["label", "left", "right"]],
        options={"left_label": say("Customers"), "right_label": say("Assets")},
    )  # fmt: skip


def tier_exhibit(table: pd.DataFrame, currency: str) -> Exhibit:
    """The same as a table, with contribution where it is known."""
    columns = [
        Column("label", say("Tier")),
        Column("customers", say("Customers"), "count", say("number")),
        Column("customer_share", say("Share of customers"), "share"),
        Column("assets", say("Assets"), "amount", say("{currency}", currency=currency)),
        Column("assets_share", say("Share of assets"), "share"),
    ]
    if "contribution_share" in table:
        columns.append(Column("contribution_share", say("Share of contribution"), "share"))
    richest = table.iloc[0]
    return Exhibit(
        name="tiers",
        title=_contribution_title(table) if "contribution_share" in table else say(
            "{label}: {assets:share} of assets with {customers:share} of customers",
            label=richest["label"], assets=richest["assets_share"], customers=richest["customer_share"],
        ),
        subtitle=say("Tiers of open customers; contribution is that of twelve months"),
        frame=table,
        columns=tuple(columns),
    )  # fmt: skip


def _contribution_title(table: pd.DataFrame) -> Message:
    most = table.loc[table["contribution_share"].idxmax()]
    return say(
        "{label} customers bring {contribution:share} of contribution with {customers:share} of customers",
        label=most["label"], contribution=most["contribution_share"], customers=most["customer_share"],
    )  # fmt: skip
