"""Whether two ways to share out R², Shapley's and Johnson's, agree on what goes with satisfaction."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from analysis.finding import Column, Exhibit, Finding
from analysis.study.drivers import METHODS, Drivers, Labels
from analysis.wording import Message, say


@dataclass(frozen=True)
class Agreement:
    """`table`: item, rank, share, johnson_rank, johnson, gap (Shapley less Johnson) with low, high (95 % for all items at once), first the
    greatest share; pairs of items in opposite order, `turned` (first the one that Shapley puts first), those of them that both
    methods tell apart with all `pairs` compared at once (`beyond`); and the `base`."""

    table: pd.DataFrame
    turned: list[tuple[str, str]]
    beyond: list[tuple[str, str]]
    pairs: int
    base: int


def agreement(found: Drivers | None) -> Agreement | None:
    """Where the two methods disagree; None where there is nothing to share out."""
    if found is None or not found.is_told:
        return None
    table = _table(found)
    johnson = table.set_index("item")["johnson"]
    pairs = list(combinations(table["item"], 2))
    turned = [(first, second) for first, second in pairs if johnson[first] < johnson[second]]
    beyond = [pair for pair in turned if all(found.is_apart(way, *pair, len(pairs)) for way in METHODS)]
    return Agreement(table, turned, beyond, len(pairs), found.explained.base)


def _table(found: Drivers) -> pd.DataFrame:
    both = found.importance
    share, johnson = (both.whole.shares(way)[0] for way in METHODS)
    drawn = both.drawn.shares("lmg") - both.drawn.shares("johnson")
    low, high = both.differences(share - johnson, drawn, len(both.items))
    frame = pd.DataFrame(
        {"item": both.items, "share": share, "johnson": johnson, "gap": share - johnson, "low": low, "high": high}
    ).sort_values("share", ascending=False, kind="stable", ignore_index=True)
    ranks = {
        "rank": np.arange(1, len(frame) + 1),
        "johnson_rank": frame["johnson"].rank(ascending=False, method="first").astype(int),
    }
    return frame.assign(**ranks)


def agreement_findings(agreed: Agreement | None) -> list[Finding]:
    """How many pairs of attributes the methods put in opposite order."""
    if agreed is None:
        return []
    numbers = {
        "n": len(agreed.turned), "all": agreed.pairs, "beyond": len(agreed.beyond), "most": 100 * agreed.table["gap"].abs().max(),
    }  # fmt: skip
    text = (
        say(
            "Pairs of attributes that Shapley's and Johnson's methods put in opposite order: **{n:count}** of {all:count}, told apart by both: {beyond:count}; an attribute's two shares differ by at most {most:number.1} points.",
            **numbers,
        )
        if agreed.turned
        else say(
            "Shapley's and Johnson's methods put all {all:count} pairs of attributes in the **same** order; an attribute's two shares differ by at most {most:number.1} points.",
            **numbers,
        )
    )  # fmt: skip
    return [
        Finding(
            "drivers.turned", text, len(agreed.turned), agreed.base, "count", evidence="association", exhibit="driver_methods",
            base_of="answers", is_headline=False,
        )
    ]  # fmt: skip


def agreement_exhibit(agreed: Agreement | None, labels: Labels) -> Exhibit:
    """Rank and share of each attribute by both methods, and whether they differ beyond noise."""
    if agreed is None:
        absent = say("There are no shares of R² to compare.")
        return Exhibit("driver_methods", say("Do the two methods agree?"), absent=absent)
    table = agreed.table
    return Exhibit(
        name="driver_methods",
        title=_title(agreed, labels),
        subtitle=say("Rank and share of R² by each method; the difference with its interval, 95% for all attributes at once"),
        frame=table.assign(
            label=[labels.get(item, item) for item in table["item"]],
            verdict=[_verdict(low, high) for low, high in zip(table["low"], table["high"], strict=True)],
        ),
        columns=(
            Column("label", say("Item")),
            Column("rank", say("Rank"), "count", say("Shapley")),
            Column("johnson_rank", say("Rank"), "count", say("Johnson")),
            Column("share", say("Share of R²"), "share", say("Shapley")),
            Column("johnson", say("Share of R²"), "share", say("Johnson")),
            Column("gap", say("Difference"), "points", say("points")),
            Column("low", say("From"), "points", say("points")),
            Column("high", say("To"), "points", say("points")),
            Column("verdict", say("The two shares")),
        ),
    )


def _verdict(low: float, high: float) -> Message:
    return say("differ beyond noise") if low > 0 or high < 0 else say("agree within noise")


def _title(agreed: Agreement, labels: Labels) -> Message:
    if not agreed.turned:
        return say("Both methods put all attributes in the same order")
    if not agreed.beyond:
        return say(
            "The two methods put {n:count} of {all:count} pairs in opposite order, none of them told apart by both",
            n=len(agreed.turned), all=agreed.pairs,
        )  # fmt: skip
    first, second = (labels.get(item, item) for item in agreed.beyond[0])
    return say(
        "The methods disagree beyond noise: {first} lies before {second} by Shapley, after it by Johnson",
        first=first,
        second=second,
    )
