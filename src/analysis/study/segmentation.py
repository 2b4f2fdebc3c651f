"""Who the customers are and what they are worth: tiers, RFM, data-driven segments."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.errors import NotProduced
from analysis.finding import DISCLOSURE_THRESHOLD, Column, Exhibit, Finding
from analysis.study.segments import TRAIT_NAMES, Segments, find_segments
from analysis.study.tiers import is_active, open_customers, pyramid, tier_exhibit, tier_table
from analysis.wording import say

CUSTOMERS_NEEDED = 300
RFM_SCORES = 5
BEST_FROM = 4


@dataclass(frozen=True)
class Segmentation:
    """What the report shows."""

    findings: list[Finding]
    pyramid: Exhibit
    tiers: Exhibit
    rfm: Exhibit
    choice: Exhibit
    profile: Exhibit
    segments: Exhibit


def segmentation(features: pd.DataFrame, tiers: Mapping[str, float], currency: str, k_max: int = 7, bootstraps: int = 25, seed: int = 7) -> Segmentation:
    """`features` of one landmark (see `bank.features`) → the report. `tiers` are the bank's edges in its currency.
    Needs balances, transactions and at least CUSTOMERS_NEEDED active customers."""
    customers = open_customers(features)
    active = customers[is_active(customers)]
    if len(active) < CUSTOMERS_NEEDED:
        raise NotProduced(
            say("Only {n:count} customers are active; segments need {needed:count}.", n=len(active), needed=CUSTOMERS_NEEDED)
        )
    scores = rfm_scores(active)
    found = find_segments(active, k_max, seed, bootstraps)
    table = segment_table(active, found)
    pyramid_table = tier_table(customers, tiers) if tiers else None
    return Segmentation(
        findings=_findings(customers, active, pyramid_table, scores, found, table),
        pyramid=pyramid(pyramid_table, currency, tiers) if tiers else _without_tiers("pyramid"),
        tiers=tier_exhibit(pyramid_table, currency) if tiers else _without_tiers("tiers"),
        rfm=_rfm_exhibit(scores),
        choice=_choice_exhibit(found),
        profile=_profile_exhibit(found),
        segments=_segment_exhibit(table, found, currency),
    )


def rfm_scores(active: pd.DataFrame) -> pd.DataFrame:
    """Feature rows of active customers → customer_id, recency, frequency, monetary (scores 1-5 by quintile of ranks, 5 best:
    last own transaction, transactions and outflow of 365 days), assets (currency)."""
    measures = {"recency": -active["recency_days"], "frequency": active["transactions_365d"], "monetary": active["outflow_365d"]}
    scores = {name: _quintile(values) for name, values in measures.items()}
    assets = active["assets_3m"].fillna(0) if "assets_3m" in active else 0.0
    return pd.DataFrame({"customer_id": active["customer_id"], **scores, "assets": assets}).reset_index(drop=True)


def _quintile(values: pd.Series) -> pd.Series:
    share = values.rank(method="average", pct=True)
    return (share * RFM_SCORES).clip(upper=RFM_SCORES - 1e-9).astype(int).clip(0, RFM_SCORES - 1) + 1


def segment_table(active: pd.DataFrame, found: Segments) -> pd.DataFrame:
    """One row a segment, largest first: segment, label, customers, share, assets_mean, contribution_mean, transactions_mean,
    digital_share, stability. Segments below the disclosure threshold are left out."""
    held = active.set_index("customer_id").assign(digital=lambda frame: frame["app_share"].fillna(0) + frame["web_share"].fillna(0))
    measures = {
        "customers": ("kind", "size"), "assets_mean": ("assets_3m", "mean"), "transactions_mean": ("transactions_90d", "mean"),
        "digital_share": ("digital", "mean"), "products_mean": ("products_held", "mean"), "contribution_mean": ("contribution_12m", "mean"),
    }  # fmt: skip
    known = {name: how for name, how in measures.items() if how[0] in held}
    table = held.groupby(found.labels).agg(**known).reset_index()
    table = table.assign(
        label=table["segment"].map(found.names),
        share=table["customers"] / table["customers"].sum(),
        stability=table["segment"].map(found.clustering.stability),
    )
    shown = table[table["customers"] >= DISCLOSURE_THRESHOLD]
    return shown.sort_values("customers", ascending=False, kind="stable", ignore_index=True)


def _findings(customers, active, tiers, scores, found: Segments, table: pd.DataFrame) -> list[Finding]:
    share = len(active) / len(customers)
    told = [
        Finding(
            "active_customers",
            say("**{share:share}** of {all:count} open customers are active: they made a transaction of their own in 90 days.", share=share, all=len(customers)),
            share, len(customers), "share",
        )
    ]  # fmt: skip
    if tiers is not None:
        told.append(_tier_finding(tiers))
    best = scores[(scores[["recency", "frequency", "monetary"]] >= BEST_FROM).all(axis=1)]
    best_share = len(best) / len(scores)
    told.append(
        Finding(
            "rfm.best.share",
            say(
                "**{share:share}** of active customers are recent, frequent and large payers at once (scores 4 and 5); they hold {assets:share} of assets.",
                share=best_share, assets=best["assets"].sum() / scores["assets"].sum() if scores["assets"].sum() else 0.0,
            ),
            best_share, len(scores), "share", exhibit="rfm",
        )
    )  # fmt: skip
    return told + _segment_findings(found, table, len(active))


def _tier_finding(tiers: pd.DataFrame) -> Finding:
    measure = "contribution_share" if "contribution_share" in tiers else "assets_share"
    top = tiers.iloc[:-1]
    value, customers = float(top[measure].sum()), float(top["customer_share"].sum())
    text = {
        "contribution_share": say("The tiers above mass are {customers:share} of customers and bring **{value:share}** of contribution.", customers=customers, value=value),
        "assets_share": say("The tiers above mass are {customers:share} of customers and hold **{value:share}** of assets.", customers=customers, value=value),
    }[measure]  # fmt: skip
    return Finding(
        f"tier.above_mass.{measure}", text, value, int(tiers["customers"].sum()), "share", compare_to=customers, exhibit="tiers" if measure == "contribution_share" else "pyramid"
    )


def _segment_findings(found: Segments, table: pd.DataFrame, base: int) -> list[Finding]:
    if found.clustering.k == 1:
        best = found.clustering.table["min_stability"].max()
        return [
            Finding("segments.k", say("There are **no stable segments**: no grouping of {n:count} active customers comes back when they are drawn anew.", n=base), 1, base, "count", exhibit="choice"),
            Finding("segments.stability", say("The least stable group of the best attempt reaches a stability of **{best:number}**; .75 is needed.", best=best), best, base, "number", compare_to=0.75, exhibit="choice"),
        ]  # fmt: skip
    weakest = float(found.clustering.stability.min())
    largest = table.iloc[0]
    richest = table.loc[table["assets_mean"].idxmax()]
    return [
        Finding(
            "segments.k",
            say("The active customers form **{k:count} stable segments**; the least stable comes back with {weakest:number} of 1 when customers are drawn anew.", k=found.clustering.k, weakest=weakest),
            found.clustering.k, base, "count", exhibit="choice",
        ),
        Finding("segments.stability", say("Least stable segment: stability **{weakest:number}**, where .75 is needed.", weakest=weakest), weakest, base, "number", compare_to=0.75, exhibit="choice", is_headline=False),
        Finding(
            f"segment.{found.keys[largest['segment']]}.share",
            say("The largest segment ({name}) holds **{share:share}** of active customers.", name=largest["label"], share=largest["share"]),
            float(largest["share"]), base, "share", exhibit="segments", is_headline=False,
        ),
        Finding(
            f"segment.{found.keys[richest['segment']]}.assets_ratio",
            say("Customers of the richest segment ({name}) hold on average **{ratio:ratio.1} times** the assets of the average active customer.", name=richest["label"], ratio=_assets_ratio(table, richest)),
            _assets_ratio(table, richest), int(richest["customers"]), "ratio", compare_to=1.0, exhibit="profile",
        ),
    ]  # fmt: skip


def _assets_ratio(table: pd.DataFrame, segment: pd.Series) -> float:
    return float(segment["assets_mean"] / (table["assets_mean"] * table["customers"]).sum() * table["customers"].sum())


def _without_tiers(name: str) -> Exhibit:
    return Exhibit(name, say("Tiers"), absent=say("The bank's bank.yaml states no edges of tiers."))


def _rfm_exhibit(scores: pd.DataFrame) -> Exhibit:
    cells = scores.groupby(["recency", "frequency"]).agg(customers=("assets", "size"), assets=("assets", "mean")).reset_index()
    shown = cells[cells["customers"] >= DISCLOSURE_THRESHOLD]
    average = scores["assets"].mean()
    best = shown.loc[shown["assets"].idxmax()] if len(shown) else None
    ratio = shown["assets"] / average - 1
    return Exhibit(
        name="rfm",
        title=say("Assets are largest at recency {recency:count} and frequency {frequency:count}: {ratio:ratio.1} times the average", recency=best["recency"], frequency=best["frequency"], ratio=best["assets"] / average),
        subtitle=say("Active customers by recency and frequency score (5 best). Colour: mean assets against the average; printed: customers, in % of all active"),
        frame=pd.DataFrame({
            "row": [say("Recency {score:count}", score=score) for score in shown["recency"]],
            "column": [say("Frequency {score:count}", score=score) for score in shown["frequency"]],
            "value": ratio,
            "text": [say("{share:share}", share=count / len(scores)) for count in shown["customers"]],
        }).iloc[::-1].reset_index(drop=True),
    )  # fmt: skip


def _choice_exhibit(found: Segments) -> Exhibit:
    table = found.clustering.table
    title = (
        say("No number of segments is both stable and better separated than data without structure")
        if found.clustering.k == 1
        else say("{k:count} segments are stable and better separated than data without structure", k=found.clustering.k)
    )
    verdict = {True: say("yes"), False: say("no")}
    return Exhibit(
        name="choice",
        title=title,
        subtitle=say("k-means with each number of segments; stability: mean bootstrap Jaccard agreement of the least stable segment; separation: mean silhouette"),
        frame=table.assign(verdict=table["is_acceptable"].map(verdict), is_total=table["k"].eq(found.clustering.k)),
        columns=(
            Column("k", say("Segments"), "count", say("number")),
            Column("min_stability", say("Least stable"), "number", say("0 to 1")),
            Column("mean_stability", say("Mean stability"), "number", say("0 to 1")),
            Column("separation", say("Separation"), "number", say("silhouette")),
            Column("reference", say("Without structure"), "number", say("silhouette")),
            Column("verdict", say("Acceptable")),
        ),
    )  # fmt: skip


def _profile_exhibit(found: Segments) -> Exhibit:
    if found.clustering.k == 1:
        return Exhibit("profile", say("Profile of the segments"), absent=say("There are no stable segments to describe."))
    profile = found.traits.groupby(found.labels).mean() - found.traits.mean()
    order = found.labels.value_counts().index
    cells = [
        {"row": found.names[label], "column": TRAIT_NAMES[trait], "value": profile.loc[label, trait], "text": say("{value:number.1}", value=profile.loc[label, trait])}
        for label in order for trait in profile
    ]  # fmt: skip
    strongest = profile.abs().max().idxmax()
    return Exhibit(
        name="profile",
        title=say("What sets the segments apart most: {trait}", trait=TRAIT_NAMES[strongest]),
        subtitle=say("Mean of each trait against all active customers, in robust standard deviations"),
        frame=pd.DataFrame(cells),
    )


def _segment_exhibit(table: pd.DataFrame, found: Segments, currency: str) -> Exhibit:
    columns = [
        Column("label", say("Segment")),
        Column("customers", say("Customers"), "count", say("number")),
        Column("share", say("Share"), "share"),
        Column("assets_mean", say("Mean assets"), "amount", say("{currency}", currency=currency)),
        Column("contribution_mean", say("Mean contribution"), "amount", say("{currency} a year", currency=currency)),
        Column("transactions_mean", say("Transactions"), "number.1", say("in 90 days")),
        Column("digital_share", say("Digital"), "share"),
        Column("stability", say("Stability"), "number", say("0 to 1")),
    ]
    return Exhibit(
        name="segments",
        title=say("{k:count} segments of {n:count} active customers", k=len(table), n=int(table["customers"].sum()))
        if found.clustering.k > 1
        else say("All active customers as one group"),
        subtitle=say("Size and means of each segment; names come from its two strongest traits"),
        frame=table,
        columns=tuple(column for column in columns if column.name in table),
    )
