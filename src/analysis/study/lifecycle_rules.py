"""Which conclusions about the stages hold under other rules."""

from dataclasses import replace

import pandas as pd

from analysis.finding import DISCLOSURE_THRESHOLD, Column, Exhibit
from analysis.study.churn import ChurnRule
from analysis.study.disclosed import is_tellable
from analysis.study.lifecycle_moves import pairs, quarterly
from analysis.study.lifecycle_projection import CUSTOMERS, YEAR, is_lossless, project
from analysis.study.lifecycle_stages import (
    DECLINING,
    GROWING,
    LOST,
    MATURE,
    WITH_THE_BANK,
    LifecycleRule,
    Looks,
    looks,
    reversals,
    stage_history,
)
from analysis.study.relations import History
from analysis.wording import Message, say

OTHER_CHANGES = (0.15, 0.4)
OTHER_DORMANT_DAYS = (90,)
REPLICATES_OF_A_RULE = 400


def rule_table(history: History, looked: Looks, churn: ChurnRule, rule: LifecycleRule, seed: int) -> pd.DataFrame:
    """The report's rule first (`looked`: see `looks`), then others → label, growing, mature, declining (share of customers with the bank today), undone (share
    of moves between these undone within a quarter), declining_lost, mature_lost (share lost within a quarter), change, change_low,
    change_high (customers in twelve months ÷ today − 1)."""
    rows = []
    for label, other, own in _variants(history, churn, rule):
        seen = looked if other == churn else looks(history, other)
        rows.append({"label": label, **_of_rule(stage_history(seen, own), seed)})
    return pd.DataFrame(rows)


def _variants(history: History, churn: ChurnRule, rule: LifecycleRule) -> list[tuple]:
    made = [(say("As in this report"), churn, rule), (say("Without staying on"), churn, replace(rule, stay_share=1.0))]
    made += [
        (
            say("Growing and declining from {share:share.0}", share=share),
            churn,
            replace(rule, growth_share=share, decline_share=share),
        )
        for share in OTHER_CHANGES
    ]
    if "recency_days" in history[max(history)]:
        made += [
            (say("Lost after {days:count} days of silence", days=days), replace(churn, dormant_days=days), rule)
            for days in OTHER_DORMANT_DAYS
            if days != churn.dormant_days
        ]
    return made


def _of_rule(stages: pd.DataFrame, seed: int) -> dict:
    counts = stages.iloc[:, -1].value_counts().reindex(list(WITH_THE_BANK), fill_value=0)
    undone, moved = reversals(stages)
    matrix = quarterly(pairs(stages)).set_index(["from", "to"])
    lost = matrix["value"].mask(matrix["secret"])
    projected = project(stages, [YEAR], seed, REPLICATES_OF_A_RULE)[0]
    ahead = projected.set_index("row").loc[CUSTOMERS]
    ends = [("change", "value"), ("change_low", "low"), ("change_high", "high")]
    shares = {
        stage: counts[stage] / counts.sum() if is_tellable(counts[stage]) else None for stage in (GROWING, MATURE, DECLINING)
    }
    return {
        **shares, "undone": undone / moved if moved and is_tellable(undone) else None,
        "declining_lost": lost[(DECLINING, LOST)], "mature_lost": lost[(MATURE, LOST)],
        "gap": matrix.loc[(DECLINING, LOST), "low"] > matrix.loc[(MATURE, LOST), "high"],
        **{name: None if is_lossless(projected) else ahead[end] / ahead["now"] - 1 for name, end in ends},
    }  # fmt: skip


def rules_exhibit(table: pd.DataFrame, today: int) -> Exhibit:
    """The conclusions under each rule; the title says under how many they hold."""
    names = [name for name in table if name not in ("label", "gap")]
    shown = table.assign(**{name: table[name].astype(float) for name in names})
    for stage in (GROWING, MATURE, DECLINING):
        apart = (shown[stage] - shown[stage].iloc[0]).abs() * today
        shown[stage] = shown[stage].mask(apart.between(0.5, DISCLOSURE_THRESHOLD - 0.5))
    return Exhibit(
        name="rules",
        title=_title(table.assign(**{name: table[name].astype(float) for name in names})),
        subtitle=say(
            "Shares of customers with the bank today; moves undone: of those between growing, mature and declining, the share that is taken back within a quarter; lost: within a quarter; change: customers in twelve months against today, interval 95%; – where few customers would be given away"
        ),
        frame=shown.assign(is_total=shown.index == 0),
        columns=(
            Column("label", say("Rule")),
            Column(GROWING, say("Growing"), "share"),
            Column(MATURE, say("Mature"), "share"),
            Column(DECLINING, say("Declining"), "share"),
            Column("undone", say("Moves undone"), "share"),
            Column("declining_lost", say("Declining, lost"), "share"),
            Column("mature_lost", say("Mature, lost"), "share"),
            Column("change", say("Change"), "points", say("points")),
            Column("change_low", say("from"), "points", say("95% interval")),
            Column("change_high", say("to"), "points", say("95% interval")),
        ),
    )  # fmt: skip


def _title(table: pd.DataFrame) -> Message:
    known = table.dropna(subset=["declining_lost", "mature_lost"])
    return say(
        "Of {tried:count} rules: under {more:count} the declining are lost more often than the mature, beyond noise; under {larger:count} more customers grow than decline; under {shrinks:count} the book shrinks, under {grows:count} it grows beyond noise",
        tried=len(table), more=int(known["gap"].sum()), larger=int((table[GROWING] > table[DECLINING]).sum()),
        shrinks=int((table["change_high"] < 0).sum()), grows=int((table["change_low"] > 0).sum()),
    )  # fmt: skip
