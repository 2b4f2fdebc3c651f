"""Which conclusions about the stages hold under other rules."""

from dataclasses import replace

import numpy as np
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
    RETURNED,
    WITH_THE_BANK,
    LifecycleRule,
    Looks,
    looks,
    reversals,
    stage_history,
)
from analysis.study.relation_rules import never_silent, silent_after
from analysis.study.relations import History
from analysis.wording import Message, say

OTHER_CHANGES = (0.15, 0.4)
OTHER_DORMANT_DAYS = (90, 180, 270)
REPLICATES_OF_A_RULE = 400
_LOSS_COLUMNS = (
    Column("declining_lost", say("Declining, lost"), "share"),
    Column("mature_lost", say("Mature, lost"), "share"),
    Column("change", say("Change"), "points", say("points")),
    Column("change_low", say("from"), "points", say("95% interval")),
    Column("change_high", say("to"), "points", say("95% interval")),
)


def rule_table(
    history: History, looked: Looks, churn: ChurnRule, rule: LifecycleRule, seed: int, are_few: bool = False
) -> pd.DataFrame:
    """The report's rule first (`looked`: see `looks`), then others (`are_few`: the returned count as mature) → label, growing, mature, declining (share of customers with the bank today), undone (share
    of moves between these undone within a quarter), declining_lost, mature_lost (share lost within a quarter), change, change_low,
    change_high (customers in twelve months ÷ today − 1)."""
    rows = []
    for label, seen_in, other, own in _variants(history, churn, rule):
        seen = looked if seen_in is history and other == churn else looks(seen_in, other)
        stages = stage_history(seen, own)
        rows.append({"label": label, **_of_rule(stages.replace({RETURNED: MATURE}) if are_few else stages, seed)})
    return pd.DataFrame(rows)


def _variants(history: History, churn: ChurnRule, rule: LifecycleRule) -> list[tuple]:
    made = [
        (say("As in this report"), history, churn, rule),
        (say("Without staying on"), history, churn, replace(rule, stay_share=1.0)),
    ]
    made += [
        (
            say("Growing and declining from {share:share.0}", share=share),
            history,
            churn,
            replace(rule, growth_share=share, decline_share=share),
        )
        for share in OTHER_CHANGES
    ]
    if "recency_days" in history[max(history)]:
        made += [
            (say("Lost after {days:count} days of silence", days=days), history, silent_after(churn, days), rule)
            for days in OTHER_DORMANT_DAYS
            if days != churn.dormant_days
        ]
        if history[max(history)]["closed_date"].notna().any():
            made.append((say("Lost by closing alone"), never_silent(history), churn, rule))
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
        shown[stage] = _apart(shown[stage], today)
    of_loss = () if table["change"].isna().all() else _LOSS_COLUMNS
    return Exhibit(
        name="rules",
        title=_title(table.assign(**{name: table[name].astype(float) for name in names})),
        subtitle=say(
            "Shares of customers with the bank today; moves undone: of those between growing, mature and declining, the share that is taken back within a quarter{lost}; – where few customers would be given away",
            lost=say("; lost: within a quarter; change: customers in twelve months against today, interval 95%")
            if of_loss
            else "",
        ),
        frame=shown.assign(is_total=shown.index == 0),
        columns=(
            Column("label", say("Rule")),
            Column(GROWING, say("Growing"), "share"),
            Column(MATURE, say("Mature"), "share"),
            Column(DECLINING, say("Declining"), "share"),
            Column("undone", say("Moves undone"), "share"),
            *of_loss,
        ),
    )


def _apart(shares: pd.Series, today: int) -> pd.Series:
    """The shares, without those that differ from one before by few customers."""
    told: list[float] = []
    for share in shares:
        few = any(0.5 <= abs(share - other) * today <= DISCLOSURE_THRESHOLD - 0.5 for other in told)
        told.append(np.nan if few else share)
    return pd.Series(told, shares.index)


def _title(table: pd.DataFrame) -> Message:
    if table["change"].isna().all():
        return say(
            "Of {tried:count} rules: under {larger:count} more customers grow than decline",
            tried=len(table), larger=int((table[GROWING] > table[DECLINING]).sum()),
        )  # fmt: skip
    known = table.dropna(subset=["declining_lost", "mature_lost"])
    return say(
        "Of {tried:count} rules: under {more:count} the declining are lost more often than the mature, beyond noise; under {larger:count} more customers grow than decline; under {shrinks:count} the book shrinks, under {grows:count} it grows beyond noise",
        tried=len(table), more=int(known["gap"].sum()), larger=int((table[GROWING] > table[DECLINING]).sum()),
        shrinks=int((table["change_high"] < 0).sum()), grows=int((table["change_low"] > 0).sum()),
    )  # fmt: skip
