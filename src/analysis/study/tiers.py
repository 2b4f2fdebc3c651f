"""The value pyramid: which tier a customer's assets put it in, and which customers are counted."""

from collections.abc import Mapping

import pandas as pd

from analysis.finding import Column, Exhibit, Finding
from analysis.study.disclosed import is_tellable
from analysis.wording import Message, listed, say

TIERS = {"mass": say("Mass"), "affluent": say("Affluent"), "private_banking": say("Private banking")}
TIERS_SHOWN = tuple(reversed(TIERS))
ACTIVE_DAYS = 90
LOWEST = "mass"


def open_customers(features: pd.DataFrame) -> pd.DataFrame:
    """Those of the feature rows whose relation has not ended."""
    return features[features["closed_date"].isna()]


def is_active(features: pd.DataFrame) -> pd.Series:
    """Whether the customer made a transaction of its own within ACTIVE_DAYS."""
    return features["recency_days"].lt(ACTIVE_DAYS)


def tier_of(assets: pd.Series, edges: Mapping[str, float]) -> pd.Series:
    """The tier of each customer by its assets (currency; missing counts as nothing). `edges` are the lower edges of the
    tiers above mass. A categorical of TIERS' keys, lowest first."""
    names = [LOWEST, *sorted(edges, key=edges.get)]
    limits = [-float("inf"), *sorted(edges.values()), float("inf")]
    return pd.cut(assets.fillna(0), limits, labels=names, right=False)


def tier_table(customers: pd.DataFrame, edges: Mapping[str, float]) -> pd.DataFrame:
    """Open customers' features → one row a tier, highest first: tier, label, customers, customer_share, assets,
    assets_share, and contribution_share where contributions are known and no tier's is negative. Tiers of few customers
    are counted together with the one below."""
    measures = {"customers": ("customer_id", "size"), "assets": ("assets_3m", "sum")}
    if "contribution_12m" in customers:
        measures["contribution"] = ("contribution_12m", "sum")
    tier = tier_of(customers["assets_3m"], edges).rename("tier")
    whole = customers.groupby(tier, observed=False).agg(**measures).iloc[::-1]
    names, labels = told_tiers(whole["customers"])
    table = whole.groupby(names, sort=False).sum().rename_axis("tier").reset_index()
    known = [name for name in measures if table[name].ge(0).all() and table[name].sum() > 0]
    shares = {name.replace("customers", "customer") + "_share": table[name] / table[name].sum() for name in known}
    return table.assign(label=table["tier"].map(labels), **shares)


def told_tiers(counts: pd.Series) -> tuple[dict[str, str], dict[str, Message]]:
    """Numbers of customers by tier, highest first → the tier that each is told with (itself, or the one below where it has
    few), and the labels of those told, highest first."""
    together = _told_together(counts)
    return {name: group[-1] for group in together for name in group}, {group[-1]: joined_label(group) for group in together}


def _told_together(counts: pd.Series) -> list[list[str]]:
    """Names of tiers, highest first, in groups whose number of customers may be told."""
    groups, pending = [], []
    for name in counts.index:
        pending = [*pending, name]
        if is_tellable(counts[pending].sum()):
            groups, pending = [*groups, pending], []
    filled = [group for group in groups if counts[group].sum() > 0]
    if pending and filled:
        groups[groups.index(filled[-1])] = [*filled[-1], *pending]
    return groups if not pending or filled else [*groups, pending]


def joined_label(group: list[str]) -> Message:
    """One name for tiers that are counted together, highest first."""
    return listed((TIERS[name] for name in group), say("{first} and {second}"))


def tier_findings(table: pd.DataFrame) -> list[Finding]:
    """What the tiers above mass hold, or bring where contributions are known; then each tier. The book is counted whole."""
    measure = "contribution_share" if "contribution_share" in table else "assets_share"
    exhibit = "tiers" if measure == "contribution_share" else "pyramid"
    top, base = table[table["tier"] != LOWEST], int(table["customers"].sum())
    value, customers = float(top[measure].sum()), float(top["customer_share"].sum())
    text = {
        "contribution_share": say(
            "The tiers above mass are {customers:share} of customers and bring **{value:share}** of contribution.",
            customers=customers, value=value,
        ),
        "assets_share": say(
            "The tiers above mass are {customers:share} of customers and hold **{value:share}** of assets.",
            customers=customers, value=value,
        ),
    }[measure]  # fmt: skip
    above = Finding(f"tier.above_mass.{measure}", text, value, base, "share", compare_to=customers, exhibit=exhibit)
    each = [
        Finding(
            f"tier.{row['tier']}.{measure}",
            say("{tier}: {customers:share} of customers, **{value:share}** of {what}.", tier=row["label"],
                customers=row["customer_share"], value=row[measure], what=_what(measure)),
            float(row[measure]), base, "share", compare_to=float(row["customer_share"]), exhibit=exhibit,
            is_headline=False,
        )
        for _, row in table[table["customers"] > 0].iterrows()
    ]  # fmt: skip
    return [above, *each]


def _what(measure: str) -> Message:
    return say("contribution") if measure == "contribution_share" else say("assets")


def pyramid(table: pd.DataFrame, customers: pd.DataFrame, edges: Mapping[str, float], currency: str) -> Exhibit:
    """The pyramid: share of customers beside share of assets. `edges` are those that made the table."""
    subtitle = say(
        "Share of open customers and of assets by tier, in %; assets are {what}, average of three months, in {currency}; {edges}; who has less, or no balance, counts as mass",
        currency=currency, what=_assets_words(customers), edges=_edges_words(edges),
    )  # fmt: skip
    return Exhibit(
        name="pyramid",
        title=_assets_title(table),
        subtitle=subtitle,
        frame=table.rename(columns={"customer_share": "left", "assets_share": "right"})[["label", "left", "right"]],
        options={"left_label": say("Customers"), "right_label": say("Assets")},
    )


def _edges_words(edges: Mapping[str, float]) -> Message:
    return listed(say("{tier} from {edge:amount}", tier=TIERS[name], edge=edges[name]) for name in TIERS_SHOWN if name in edges)


def _assets_words(customers: pd.DataFrame) -> Message:
    has_wealth = "wealth" in customers and customers["wealth"].fillna(0).ne(0).any()
    return say("deposits and wealth") if has_wealth else say("deposits (the bank's data hold no wealth)")


def _assets_title(table: pd.DataFrame) -> Message:
    top = table[table["tier"] != LOWEST]
    return say(
        "Above mass, {customers:share} of customers hold {assets:share} of assets",
        customers=top["customer_share"].sum(), assets=top["assets_share"].sum(),
    )  # fmt: skip


def tier_exhibit(table: pd.DataFrame, currency: str) -> Exhibit:
    """The same as a table, with contribution where it is known."""
    columns = [
        Column("label", say("Tier")),
        Column("customers", say("Customers"), "count", say("in number")),
        Column("customer_share", say("Share of customers"), "share"),
        Column("assets", say("Assets"), "amount", say("{currency}", currency=currency)),
        Column("assets_share", say("Share of assets"), "share"),
        Column("contribution_share", say("Share of contribution"), "share"),
    ]
    has_contribution = "contribution_share" in table
    return Exhibit(
        name="tiers",
        title=_contribution_title(table) if has_contribution else _assets_title(table),
        subtitle=say("Tiers of open customers; contribution is that of twelve months")
        if has_contribution
        else say("Tiers of open customers; the bank's data hold no contribution that could be shared out"),
        frame=table,
        columns=tuple(column for column in columns if column.name in table),
    )


def _contribution_title(table: pd.DataFrame) -> Message:
    most = table.loc[table["contribution_share"].idxmax()]
    return say(
        "{label}: {contribution:share} of contribution with {customers:share} of customers, the largest part",
        label=most["label"], contribution=most["contribution_share"], customers=most["customer_share"],
    )  # fmt: skip
