"""Branches read together: how far they differ at all, and what each one's mean may be once chance is taken off."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.finding import DISCLOSURE_THRESHOLD, Column, Exhibit, Finding
from analysis.stats.intervals import Estimate
from analysis.stats.multiple import Z95_LEVEL, quantile
from analysis.stats.pooling import between_share, grouped, lowest_chance, pooled_draws, rank_ranges
from analysis.study.opinions import BRANCHES_NEEDED
from analysis.study.satisfaction_measures import read
from analysis.wording import Message, say

LOWEST = 0.2
INTERVAL = (0.025, 0.975)


@dataclass(frozen=True)
class PooledBranches:
    """`spread`: share of the marks' variance between branches. `table`, a row each branch with ten answers or more: label, base,
    value (as answered), value_low, value_high, pooled, low, high (95 %), lowest_chance (to be in the lowest fifth), first, last (possible ranks, 1 the
    lowest) and is_apart (its true mean differs from that of all)."""

    spread: Estimate
    table: pd.DataFrame


def pooled_branches(recent: pd.DataFrame, names: Mapping[str, str], seed: int = 7) -> PooledBranches | None:
    """Mean overall satisfaction of each branch, drawn towards the whole the more the fewer its answers. None where fewer than five
    branches have ten answers. Branches with fewer answers help to tell the spread and are not shown or ranked."""
    of = grouped(recent["branch_id"], recent["overall"]) if "branch_id" in recent else None
    if of is None or (of.sizes >= DISCLOSURE_THRESHOLD).sum() < BRANCHES_NEEDED:
        return None
    is_shown = of.sizes >= DISCLOSURE_THRESHOLD
    draws = pooled_draws(of.means, of.variances, seed=seed)
    from_all = draws - (draws @ of.sizes / of.sizes.sum())[:, None]
    shown = of._replace(labels=of.labels[is_shown], sizes=of.sizes[is_shown], means=of.means[is_shown])
    low, high = np.quantile(draws, INTERVAL, axis=0)
    below, above = np.quantile(from_all, INTERVAL, axis=0)
    half = quantile(Z95_LEVEL, of.degrees) * np.sqrt(shown.variances)
    table = pd.DataFrame(
        {
            "label": [names.get(branch, branch) for branch in shown.labels],
            "base": shown.sizes.astype(int), "value": shown.means,
            "value_low": shown.means - half, "value_high": shown.means + half,
            "pooled": draws.mean(axis=0)[is_shown], "low": low[is_shown], "high": high[is_shown],
            "lowest_chance": lowest_chance(draws[:, is_shown], LOWEST),
            "is_apart": ((below > 0) | (above < 0))[is_shown],
        }
    )  # fmt: skip
    return PooledBranches(between_share(of), table.join(rank_ranges(shown).reset_index(drop=True)))


def pooled_findings(found: PooledBranches | None) -> list[Finding]:
    """How much of the marks' variance lies between branches."""
    if found is None:
        return []
    value, low, high, base = found.spread
    text = (
        say(
            "Of what sets customers' marks apart, **{value:share}** lies between branches (interval {low:share} to {high:share}): differences between branches may be chance.",
            value=value, low=low, high=high,
        )
        if low == 0
        else say(
            "Of what sets customers' marks apart, **{value:share}** lies between branches (interval {low:share} to {high:share}), the rest within them.",
            value=value, low=low, high=high,
        )
    )  # fmt: skip
    return [
        Finding(
            "branches.spread", text, value, base, "share",
            low=low, high=high, exhibit="pooled", base_of="answers", is_headline=False,
        )
    ]  # fmt: skip


def pooled_exhibit(found: PooledBranches | None) -> Exhibit:
    """The branches that can be told apart from all, each as answered and pooled, and one row for the others."""
    if found is None:
        absent = say("The survey names no branches, or fewer than five with ten answers or more.")
        return Exhibit("pooled", say("Branches read together"), absent=absent)
    columns = (
        Column("label", say("Branch")), Column("base", say("Answers"), "count"), Column("raw", say("As answered"), "mark"),
        Column("drawn", say("Pooled"), "mark"), Column("lowest_chance", say("Chance to be in the lowest fifth"), "share"),
        Column("ranks", say("Possible ranks, 1 is the lowest"), "count"),
    )  # fmt: skip
    subtitle = say(
        "Mean overall satisfaction, 1 to 10: as answered, and pooled with the other branches, each with its 95% interval in brackets; possible ranks hold for all branches at once in 95%"
    )
    return Exhibit("pooled", _title(found.table), subtitle, _rows(found.table), columns=columns)


def _title(table: pd.DataFrame) -> Message:
    apart = table[table["is_apart"]]
    if apart.empty:
        return say("Chance taken off, none of {all:count} branches can be told apart from all", all=len(table))
    below = int((apart["pooled"] < _whole(table)).sum())
    return say(
        "Chance taken off, {apart:count} of {all:count} branches can be told apart from all (above: {above:count}, below: {below:count})",
        apart=len(apart), all=len(table), above=len(apart) - below, below=below,
    )  # fmt: skip


def _whole(table: pd.DataFrame) -> float:
    return float(np.average(table["value"], weights=table["base"]))


def _rows(table: pd.DataFrame) -> pd.DataFrame:
    named, others = table[table["is_apart"]].sort_values("pooled"), table[~table["is_apart"]]
    rows = [_alone(row) for row in named.to_dict("records")]
    return pd.DataFrame([*rows, *([_together(others)] if len(others) else [])])


def _alone(row: Mapping[str, object]) -> dict[str, object]:
    return {
        "label": row["label"], "base": row["base"], "lowest_chance": row["lowest_chance"], "is_noise": False,
        "raw": read((row["value"], row["value_low"], row["value_high"]), "mark"),
        "drawn": read((row["pooled"], row["low"], row["high"]), "mark"),
        "ranks": say("{first:count} to {last:count}", first=row["first"], last=row["last"]),
    }  # fmt: skip


def _together(others: pd.DataFrame) -> dict[str, object]:
    """One row for the branches that are not told apart: the least and the greatest of them."""
    least, most = others.min(numeric_only=True), others.max(numeric_only=True)
    return {
        "label": say("Others, not told apart: {all:count}", all=len(others)), "base": int(others["base"].sum()), "is_noise": True,
        "raw": say("{low:mark} to {high:mark}", low=least["value"], high=most["value"]),
        "drawn": say("{low:mark} to {high:mark}", low=least["pooled"], high=most["pooled"]),
        "lowest_chance": say("{low:share} to {high:share}", low=least["lowest_chance"], high=most["lowest_chance"]),
        "ranks": say("{first:count} to {last:count}", first=least["first"], last=most["last"]),
    }  # fmt: skip
