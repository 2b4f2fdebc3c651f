"""Groups of companies as the data form them: what they are grouped by, whether they are stable, what they hold."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.finding import DISCLOSURE_THRESHOLD, Column, Exhibit, Finding
from analysis.stats.cluster_choice import STABLE, Clustering, choose_clusters
from analysis.stats.clusters import robust_scale
from analysis.study.company_disclosed import shown_sums
from analysis.study.company_matrix import AMOUNTS, amount_columns
from analysis.study.disclosed import hidden, is_tellable
from analysis.study.segment_exhibits import WEAK_SEPARATION, separation_of
from analysis.wording import Message, listed, say

TRAITS = {
    "deposits": (say("large deposits"), say("small deposits")),
    "wealth": (say("invests"), say("no wealth products")),
    "loans": (say("borrows"), say("no loans")),
    "margin": (say("high margin"), say("low margin")),
    "transactions": (say("busy"), say("quiet")),
    "products": (say("many products"), say("few products")),
    "credit_use": (say("uses its line"), say("leaves its line unused")),
}
TRAIT_NAMES = {
    "deposits": say("Deposits"), "wealth": say("Wealth"), "loans": say("Loans"), "margin": say("Margin"),
    "transactions": say("Transactions, 365 days"), "products": say("Products held"), "credit_use": say("Use of the credit line"),
}  # fmt: skip
NAMED_TRAITS = 2
GROUPS_NEED = 100
UNGROUPED = -1


@dataclass(frozen=True)
class CompanyGroups:
    """`clustering` of the scaled `traits` (company × trait); `names` and `keys` by label; `labels` of the companies that are told
    of: those whose margin is known, unless the others are so few that their number may not be told."""

    clustering: Clustering
    traits: pd.DataFrame
    names: dict[int, Message]
    keys: dict[int, str]
    labels: pd.Series

    def labels_of(self, rows: pd.DataFrame) -> pd.Series:
        """The label of every company, UNGROUPED for those that are not told of."""
        return self.labels.reindex(rows.index, fill_value=UNGROUPED)


def find_groups(rows: pd.DataFrame, k_max: int, bootstraps: int, seed: int) -> CompanyGroups | None:
    """Groups of company rows by k-means; one of all where none are stable; None for fewer companies than GROUPS_NEED."""
    traits = company_traits(rows)
    if len(traits) < GROUPS_NEED or traits.shape[1] < 2:
        return None
    found = choose_clusters(traits, range(2, k_max + 1), bootstraps=bootstraps, seed=seed)
    new = rows["margin"].isna() if "margin" in rows else pd.Series(False, rows.index)
    labels = found.labels[~new] if is_tellable(new.sum()) else found.labels
    if found.k == 1:
        return CompanyGroups(found, traits, {0: say("All companies")}, {0: "all"}, labels)
    keys = _keys(traits.groupby(found.labels).mean() - traits.mean())
    return CompanyGroups(
        found,
        traits,
        {label: _name(key) for label, key in keys.items()},
        {k: "_".join(map("_".join, key)) for k, key in keys.items()},
        labels,
    )


def company_traits(rows: pd.DataFrame) -> pd.DataFrame:
    """Company rows → scaled traits, indexed by customer_id; amounts and counts on a log scale; a margin not known yet is the
    median. What the bank's data cannot tell is left out."""
    raw = {
        "transactions": np.log1p(rows["transactions_365d"]) if "transactions_365d" in rows else 0.0,
        "products": rows["products_held"].fillna(0) if "products_held" in rows else 0.0,
        "margin": rows["margin"].fillna(rows["margin"].median()) if "margin" in rows else 0.0,
        "credit_use": (rows["drawn"] / rows["line"].where(rows["line"] > 0)).fillna(0) if "line" in rows else 0.0,
    }
    for name in ("deposits", "wealth", "loans"):
        raw[name] = np.log1p(rows[name].fillna(0).clip(lower=0)) if name in rows else 0.0
    return robust_scale(pd.DataFrame(raw, rows.index)[list(TRAITS)].astype(float))


def _keys(profile: pd.DataFrame) -> dict[int, tuple]:
    """Each group's strongest traits with their side, two or as many as tell it from the groups before."""
    keys = {}
    for label, row in profile.iterrows():
        strongest = row.abs().sort_values(ascending=False, kind="stable").index
        for count in range(min(NAMED_TRAITS, len(strongest)), len(strongest) + 1):
            key = tuple((trait, "high" if row[trait] > 0 else "low") for trait in strongest[:count])
            if key not in keys.values():
                break
        keys[label] = key
    return keys


def _name(key: tuple) -> Message:
    return say("{name:capital}", name=listed(TRAITS[trait][0 if side == "high" else 1] for trait, side in key))


def group_findings(found: CompanyGroups | None) -> list[Finding]:
    """How many stable groups the companies form."""
    if found is None:
        return []
    base, k = len(found.traits), found.clustering.k
    if k == 1:
        text = say(
            "The companies form **no stable groups**: no grouping both comes back when they are drawn anew and lies further apart than groups in data without structure."
        )
    else:
        text = say(
            "The companies form **{k:count} {kind}**; the least stable has a stability of {weakest:number}, where {needed:number} is needed and 1 is perfect.",
            k=k, weakest=float(found.clustering.stability.min()), needed=STABLE,
            kind=say("stable, but weakly separated groups") if separation_of(found) <= WEAK_SEPARATION else say("stable groups"),
        )  # fmt: skip
    return [Finding("companies.groups.k", text, k, base, "count", exhibit="groups")]


def group_exhibit(rows: pd.DataFrame, found: CompanyGroups | None, currency: str) -> Exhibit:
    """Size, money and stability of each group."""
    title = say("Groups of companies by the data")
    if absent := groups_absent(found):
        return Exhibit("groups", title, absent=absent)
    table = _group_table(rows, found)
    if table.empty:
        return Exhibit("groups", title, absent=say("All but one of the groups hold few companies."))
    columns = [
        Column("label", say("Group")), Column("companies", say("Companies"), "count", say("in number")),
        Column("share", say("Share"), "share"), *amount_columns(currency),
        Column("margin", say("Median margin"), "share.2", say("% a year")), Column("stability", say("Stability"), "number", say("0 to 1")),
    ]  # fmt: skip
    most = table.iloc[0]
    return Exhibit(
        name="groups",
        title=say("Largest group: {name}, {share:share} of the companies", name=most["label"], share=most["share"]),
        subtitle=say(
            "k-means on deposits, wealth, loans, margin, transactions, products and use of the credit line, as far as the data hold them, scaled robustly, with distances in the spread within groups; companies too new to have a margin are grouped with the median margin, and told of only where they are fewer than {needed:count}. Names come from the traits by which a group differs most. A dash: few companies, or two that hold almost all",
            needed=DISCLOSURE_THRESHOLD,
        ),
        frame=table,
        columns=tuple(column for column in columns if column.name in table),
    )  # fmt: skip


def groups_absent(found: CompanyGroups | None) -> Message | None:
    """Why nothing can be said of groups by the data; None where there are some."""
    if found is None:
        return say("Too few companies for groups by the data; {needed:count} are needed.", needed=GROUPS_NEED)
    return say("The companies form no stable groups that could be described.") if found.clustering.k == 1 else None


def _group_table(rows: pd.DataFrame, found: CompanyGroups) -> pd.DataFrame:
    """One row a group, largest first: group, label, companies, share, assets, loans, contribution, margin (the median),
    stability; numbers of few are missing."""
    counts = found.labels.value_counts().sort_index()
    out = hidden(counts)
    labels = found.labels_of(rows)
    sums = {name: shown_sums(rows[name], labels, counts.index[out]).reindex(counts.index) for name in AMOUNTS if name in rows}
    more = {"margin": rows.groupby(labels)["margin"].median().reindex(counts.index)} if "margin" in rows else {}
    table = pd.DataFrame(
        {"companies": counts, "share": counts / len(rows), **sums, **more, "stability": found.clustering.stability}
    )
    told = table[~out].rename_axis("group").reset_index()
    return told.assign(label=told["group"].map(found.names)).sort_values("companies", ascending=False, ignore_index=True)
