"""Data-driven segments as the report tells them: are there any, what sets them apart, what are they worth."""

import numpy as np
import pandas as pd

from analysis.finding import Column, Exhibit, Finding
from analysis.stats.cluster_choice import LEAST_MARGIN, REFERENCE_DEVIATIONS, STABLE
from analysis.stats.disclosure import dominates
from analysis.study.disclosed import hidden
from analysis.study.segments import TRAIT_NAMES, Segments
from analysis.wording import Message, say

WEAK_SEPARATION = 0.25  # Kaufman and Rousseeuw 1990: no substantial structure
MEASURES = {
    "customers": ("kind", "size"),
    "assets_mean": ("assets_3m", "mean"),
    "transactions_mean": ("transactions_90d", "mean"),
    "digital_share": ("digital", "mean"),
    "products_mean": ("products_held", "mean"),
    "contribution_mean": ("contribution_12m", "mean"),
}


def segment_table(active: pd.DataFrame, found: Segments) -> pd.DataFrame:
    """One row a segment, largest first: segment, label, customers, share (of all active), assets_mean, assets_ratio (to the
    average active customer), contribution_mean, contribution_share (of all active, where no segment's is negative),
    transactions_mean, digital_share, products_mean, stability. Segments of few customers, and another that would give them
    away, are left out; so are measures that the data do not hold, and a mean or shares that few customers make up."""
    held = active.set_index("customer_id").assign(
        digital=lambda frame: frame["app_share"].fillna(0) + frame["web_share"].fillna(0)
    )
    held = held.drop(columns="digital") if held["digital"].eq(0).all() else held
    known = {name: how for name, how in MEASURES.items() if how[0] in held}
    table = held.groupby(found.labels).agg(**known).reset_index()
    table = _without_dominated(table, held, found).assign(
        label=table["segment"].map(found.names),
        share=table["customers"] / table["customers"].sum(),
        assets_ratio=lambda means: means["assets_mean"] / held["assets_3m"].mean() if "assets_mean" in means else np.nan,
        stability=table["segment"].map(found.clustering.stability),
    )
    return table[~hidden(table["customers"])].sort_values("customers", ascending=False, kind="stable", ignore_index=True)


def _without_dominated(table: pd.DataFrame, held: pd.DataFrame, found: Segments) -> pd.DataFrame:
    """The means that few customers make up are left out, and the shares of contribution where one would tell of them."""
    for mean, measure in (("assets_mean", "assets_3m"), ("contribution_mean", "contribution_12m")):
        if mean not in table:
            continue
        amounts = held[measure].fillna(0).groupby(found.labels)
        few = amounts.apply(dominates).reindex(table["segment"]).to_numpy(dtype=bool)
        table = table.assign(**{mean: table[mean].mask(few)})
        sums = amounts.sum().reindex(table["segment"]).to_numpy()
        if measure == "contribution_12m" and not few.any() and (sums >= 0).all() and sums.sum() > 0:
            table = table.assign(contribution_share=sums / sums.sum())
    return table


def segment_findings(found: Segments, table: pd.DataFrame, base: int) -> list[Finding]:
    """How many stable segments there are, each one's share, and how far the richest stands from the average."""
    if found.clustering.k == 1:
        return _no_segments(found, base)
    weakest = float(found.clustering.stability.min())
    text = _number_text(found, weakest)
    stability = say(
        "Least stable segment: stability **{weakest:number}**, where {needed:number} is needed.", weakest=weakest, needed=STABLE
    )
    rest = {"base": base, "exhibit": "choice"}
    return [
        Finding("segments.k", text, found.clustering.k, unit="count", **rest),
        Finding("segments.stability", stability, weakest, unit="number", compare_to=STABLE, is_headline=False, **rest),
        *_richest(found, table),
        *[_share(found.keys[row["segment"]], row, base) for _, row in table.iterrows()],
    ]


def separation_of(found: Segments) -> float:
    """Mean silhouette of the grouping taken, to the two decimals that are shown."""
    table = found.clustering.table
    return round(float(table.loc[table["k"].eq(found.clustering.k), "silhouette"].iloc[0]), 2)


def _number_text(found: Segments, weakest: float) -> Message:
    numbers = {"k": found.clustering.k, "weakest": weakest, "needed": STABLE}
    if (separation := separation_of(found)) <= WEAK_SEPARATION:
        return say(
            "The active personal customers form **{k:count} stable, but weakly separated segments**: they shade into one another (separation {separation:number}; {weak:number} or less is weak); the least stable has a stability of {weakest:number}, where {needed:number} is needed and 1 is perfect.",
            separation=separation, weak=WEAK_SEPARATION, **numbers,
        )  # fmt: skip
    return say(
        "The active personal customers form **{k:count} stable segments**: the least stable has a stability of {weakest:number}, where {needed:number} is needed and 1 is perfect.",
        **numbers,
    )


def _no_segments(found: Segments, base: int) -> list[Finding]:
    best = float(found.clustering.table["min_stability"].max())
    text = say(
        "There are **no stable segments**: no grouping of the active personal customers both comes back when they are drawn anew and parts them better than it would data without structure."
    )
    stability = say(
        "The most stable grouping tried reaches **{best:number}** in its least stable group, where {needed:number} is needed beside separation.",
        best=best, needed=STABLE,
    )  # fmt: skip
    rest = {"base": base, "exhibit": "choice"}
    return [
        Finding("segments.k", text, 1, unit="count", **rest),
        Finding("segments.stability", stability, best, unit="number", compare_to=STABLE, is_headline=False, **rest),
    ]


def _richest(found: Segments, table: pd.DataFrame) -> list[Finding]:
    if table["assets_ratio"].notna().sum() < 2:
        return []
    row = table.loc[table["assets_ratio"].idxmax()]
    text = say(
        "The richest segment ({name}) holds on average **{ratio:ratio.1} times** the assets of the average active personal customer.",
        name=row["label"], ratio=row["assets_ratio"],
    )  # fmt: skip
    return [
        Finding(
            f"segment.{found.keys[row['segment']]}.assets_ratio", text, float(row["assets_ratio"]), int(row["customers"]), "ratio",
            compare_to=1.0, exhibit="segments",
        )
    ]  # fmt: skip


def _share(key: str, row: pd.Series, base: int) -> Finding:
    text = say("{name}: **{share:share}** of active personal customers.", name=row["label"], share=row["share"])
    return Finding(f"segment.{key}.share", text, float(row["share"]), base, "share", exhibit="segments", is_headline=False)


def choice_exhibit(found: Segments) -> Exhibit:
    """Every number of segments that was tried, with what was asked of it."""
    table = found.clustering.table
    verdict = {True: say("yes"), False: say("no")}
    return Exhibit(
        name="choice",
        title=_choice_title(found),
        subtitle=say(
            "k-means with each number of segments. Acceptable: each segment's stability (mean bootstrap Jaccard agreement) is {stable:number} or more, and the gain (log-likelihood a customer over one group) exceeds that in data without structure by {least:number} and by {deviations:count} of its standard deviations; of those that exceed it within {least:number} of the most, the number is taken whose least stable segment is the most stable. A separation (mean silhouette) of {weak:number} or less is weak",
            stable=STABLE, deviations=REFERENCE_DEVIATIONS, weak=WEAK_SEPARATION, least=LEAST_MARGIN,
        ),
        frame=table.assign(verdict=table["is_acceptable"].map(verdict), is_total=table["k"].eq(found.clustering.k)),
        columns=(
            Column("k", say("Segments"), "count", say("number")),
            Column("min_stability", say("Least stable"), "number.3", say("0 to 1")),
            Column("mean_stability", say("Mean stability"), "number.3", say("0 to 1")),
            Column("separation", say("Gain"), "number", say("log-likelihood")),
            Column("reference", say("Without structure"), "number", say("log-likelihood")),
            Column("silhouette", say("Separation"), "number", say("silhouette")),
            Column("verdict", say("Acceptable")),
        ),
    )  # fmt: skip


def _choice_title(found: Segments) -> Message:
    k = found.clustering.k
    if k == 1:
        return say("No number of segments is both stable and beyond data without structure")
    if (separation := separation_of(found)) <= WEAK_SEPARATION:
        return say(
            "{k:count} segments are stable and beyond data without structure, yet weakly separated: they shade into one another (separation {separation:number})",
            k=k, separation=separation,
        )  # fmt: skip
    return say("{k:count} segments are stable and beyond data without structure", k=k)


def profile_exhibit(found: Segments, table: pd.DataFrame) -> Exhibit:
    """Each shown segment's mean of each trait against all active personal customers."""
    if found.clustering.k == 1:
        return Exhibit("profile", say("Profile of the segments"), absent=say("There are no stable segments to describe."))
    profile = found.traits.groupby(found.labels).mean() - found.traits.mean()
    shown = profile.loc[table["segment"]]
    cells = [
        {"row": found.names[segment], "column": TRAIT_NAMES[trait], "value": value, "text": say("{value:number.1}", value=value)}
        for segment, means in shown.iterrows()
        for trait, value in means.items()
    ]
    widest = (shown.max() - shown.min()).idxmax() if len(shown) else profile.columns[0]
    return Exhibit(
        name="profile",
        title=say("The segments lie furthest apart in: {trait}", trait=TRAIT_NAMES[widest]),
        subtitle=say(
            "Mean of each trait against all active personal customers, in robust standard deviations; segments are made to differ in age, assets, digital share and products, so that these differences are no test"
        ),
        frame=pd.DataFrame(cells),
    )


def segment_exhibit(table: pd.DataFrame, found: Segments, currency: str) -> Exhibit:
    """Size, means and stability of each segment."""
    columns = [
        Column("label", say("Segment")),
        Column("customers", say("Customers"), "count", say("in number")),
        Column("share", say("Share"), "share"),
        Column("assets_mean", say("Mean assets"), "amount", say("{currency}", currency=currency)),
        Column("contribution_mean", say("Mean contribution"), "amount", say("{currency} a year", currency=currency)),
        Column("contribution_share", say("Share of contribution"), "share"),
        Column("transactions_mean", say("Transactions"), "number.1", say("in 90 days")),
        Column("digital_share", say("Digital"), "share", say("% of transactions")),
        Column("stability", say("Stability"), "number", say("0 to 1")),
    ]
    return Exhibit(
        name="segments",
        title=_segments_title(table, found),
        subtitle=say(
            "Size and means of each segment; names come from the traits by which it clearly differs, two at most; segments of few customers are left out"
        ),
        frame=table,
        columns=tuple(column for column in columns if column.name in table),
    )


def _segments_title(table: pd.DataFrame, found: Segments) -> Message:
    if found.clustering.k == 1:
        return say("All active personal customers as one group")
    largest = table.iloc[0]
    return say(
        "Largest segment: {name}, {share:share} of active personal customers", name=largest["label"], share=largest["share"]
    )
