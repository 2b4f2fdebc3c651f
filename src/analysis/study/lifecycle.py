"""In which stage of their life with the bank customers are, how they move, and where the book will stand in twelve months."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.errors import NotProduced
from analysis.finding import Column, Exhibit, Finding
from analysis.stats.intervals import wilson
from analysis.study.churn import ChurnRule, unseen
from analysis.study.disclosed import hidden, is_tellable, told
from analysis.study.lifecycle_backtest import backtest, backtest_exhibit, backtest_findings, latest_number
from analysis.study.lifecycle_flow import flow_exhibit
from analysis.study.lifecycle_moves import (
    markov_findings,
    matrix_exhibit,
    memory,
    memory_exhibit,
    moves_exhibit,
    pairs,
    quarterly,
)
from analysis.study.lifecycle_outlook import forecast_exhibit, forecast_findings, outlook_exhibit
from analysis.study.lifecycle_projection import CUSTOMERS, YEAR, project
from analysis.study.lifecycle_rules import rule_table, rules_exhibit
from analysis.study.lifecycle_stages import (
    DECLINING,
    LOST,
    MATURE,
    RETURNED,
    STAGE_NAMES,
    WITH_THE_BANK,
    LifecycleRule,
    looks,
    returned_are_few,
    reversals,
    stage_history,
)
from analysis.study.lifecycle_time import curves, duration_findings, durations_exhibit, spells
from analysis.wording import Message, listed, say

LANDMARKS_NEEDED = 4
CUSTOMERS_NEEDED = 100


@dataclass(frozen=True)
class Lifecycle:
    """What the report shows."""

    findings: list[Finding]
    stages: Exhibit
    flow: Exhibit
    matrix: Exhibit
    moves: Exhibit
    memory: Exhibit
    durations: Exhibit
    outlook: Exhibit
    forecast: Exhibit
    backtest: Exhibit
    rules: Exhibit


def lifecycle(
    history: Mapping[dt.date, pd.DataFrame],
    as_of: dt.date,
    churn: ChurnRule = ChurnRule(),  # noqa: B008
    rule: LifecycleRule = LifecycleRule(),  # noqa: B008
    seed: int = 7,
) -> Lifecycle:
    """Features by landmark (see `bank.features`), of which `as_of` is the last → the report. Needs balances, LANDMARKS_NEEDED
    landmarks and CUSTOMERS_NEEDED customers with the bank."""
    _check(history, as_of)
    looked = looks(history, churn)
    stages = stage_history(looked, rule)
    _check_size(stages[as_of])
    before = stages.columns[max(0, len(stages.columns) - 1 - YEAR)]
    are_few = returned_are_few(stages, before, as_of)
    stages = stages.replace({RETURNED: MATURE}) if are_few else stages
    moves = pairs(stages)
    matrix, quarters = quarterly(moves), len(stages.columns) - 1
    remembered, test = memory(stages)
    by_stage, ahead, tested = curves(spells(stages)), project(stages, range(1, YEAR + 1), seed), backtest(stages, seed)
    table, rules = stage_table(stages, history[as_of], before, as_of), rule_table(history, looked, churn, rule, seed, are_few)
    return Lifecycle(
        findings=[
            *_stage_findings(table, before),
            *_lost_findings(stages, before, as_of),
            *forecast_findings(ahead[-1], latest_number(tested)),
            *_reversal_findings(stages, rules),
            *duration_findings(by_stage),
            *markov_findings(moves, test, not tested.empty),
            *backtest_findings(tested),
        ],
        stages=stages_exhibit(table, before, as_of, rule, are_few, list(unseen(history, churn).values())),
        flow=flow_exhibit(stages, before, as_of),
        matrix=matrix_exhibit(matrix, quarters),
        moves=moves_exhibit(matrix, quarters),
        memory=memory_exhibit(remembered, test),
        durations=durations_exhibit(by_stage),
        outlook=outlook_exhibit(stages, ahead),
        forecast=forecast_exhibit(ahead[-1], as_of, quarters),
        backtest=backtest_exhibit(tested),
        rules=rules_exhibit(rules, int(ahead[-1].set_index("row").loc[CUSTOMERS, "now"])),
    )


def _check(history: Mapping[dt.date, pd.DataFrame], as_of: dt.date) -> None:
    if "assets_slope" not in history[as_of]:
        raise NotProduced(say("The bank brings no balances, so that it cannot be told who grows and who declines."))
    if len(history) < LANDMARKS_NEEDED:
        raise NotProduced(
            say(
                "The data reach back over {n:count} quarters' ends; stages need {needed:count}.",
                n=len(history),
                needed=LANDMARKS_NEEDED,
            )
        )


def _check_size(now: pd.Series) -> None:
    if (size := int(now.isin(WITH_THE_BANK).sum())) < CUSTOMERS_NEEDED:
        raise NotProduced(say("Customers with the bank: {n}; stages need {needed:count}.", n=told(size), needed=CUSTOMERS_NEEDED))


def stage_table(stages: pd.DataFrame, features: pd.DataFrame, before: dt.date, now: dt.date) -> pd.DataFrame:
    """One row a stage with the bank that has customers: stage, label, count, share, then (share at `before`), assets_share,
    assets_mean, transactions_mean, products_mean; stages of few customers, and one more that would tell them, left out."""
    held = features.set_index("customer_id").reindex(stages.index)
    known = {"assets_mean": "assets_3m", "transactions_mean": "transactions_90d", "products_mean": "products_held"}
    own = held[[column for column in known.values() if column in held]].fillna(0).groupby(stages[now])
    means = own.mean().rename(columns={column: name for name, column in known.items()})
    counts = {day: stages[day].value_counts().reindex(list(WITH_THE_BANK), fill_value=0) for day in (before, now)}
    earlier = (counts[before] / counts[before].sum()).mask(hidden(counts[before]))
    assets = own["assets_3m"].sum().reindex(list(WITH_THE_BANK)).fillna(0)
    table = means.reindex(list(WITH_THE_BANK)).assign(
        count=counts[now], share=counts[now] / counts[now].sum(), then=earlier, assets_share=assets / assets.sum(),
        base=int(counts[now].sum()),
    )  # fmt: skip
    table = table[~hidden(counts[now]) & counts[now].gt(0)].rename_axis("stage").reset_index()
    return table.assign(label=table["stage"].map(STAGE_NAMES))


def _stage_findings(table: pd.DataFrame, before: dt.date) -> list[Finding]:
    made = []
    for row in table.to_dict("records"):
        then = None if pd.isna(row["then"]) else row["then"]
        was = "" if then is None else say(", {then:share} on {before:date}", then=then, before=before)
        text = say("{stage}: **{share:share}** of customers with the bank{was}.", stage=row["label"], share=row["share"], was=was)
        is_headline = row["stage"] == DECLINING
        made.append(
            Finding(
                f"stage.{row['stage']}.share", text, row["share"], row["base"], "share", compare_to=then, exhibit="stages",
                is_headline=is_headline,
            )
        )  # fmt: skip
    return made


def _lost_findings(stages: pd.DataFrame, before: dt.date, now: dt.date) -> list[Finding]:
    stayed = stages[before].isin(WITH_THE_BANK)
    lost = wilson(int((stayed & stages[now].eq(LOST)).sum()), int(stayed.sum()))
    count = round(lost.value * lost.base)
    if count == 0 or not is_tellable(count):
        return []
    text = say(
        "Of the customers of {before:date} **{share:share}** are lost today.", before=before, share=lost.value
    )  # fmt: skip
    return [Finding("stage.lost.share", text, lost.value, lost.base, "share", low=lost.low, high=lost.high, exhibit="flow")]


def _reversal_findings(stages: pd.DataFrame, rules: pd.DataFrame) -> list[Finding]:
    undone, moved = reversals(stages)
    without = None if pd.isna(rules["undone"].iloc[1]) else float(rules["undone"].iloc[1])
    if not is_tellable(moved) or not is_tellable(undone) or not moved:
        return []
    share = undone / moved
    told = "" if without is None else say("; without the rule of staying on it would be {without:share}", without=without)
    text = say(
        "Of the moves between growing, mature and declining **{share:share}** are undone at the very next quarter's end{told}.",
        share=share, told=told,
    )  # fmt: skip
    return [
        Finding(
            "lifecycle.reversals",
            text,
            share,
            moved,
            "share",
            compare_to=without,
            exhibit="rules",
            base_of="observations",
            is_headline=False,
        )
    ]


def stages_exhibit(
    table: pd.DataFrame, before: dt.date, now: dt.date, rule: LifecycleRule, are_few: bool, reasons: list[Message]
) -> Exhibit:
    """The stages today: how many, how they were, what they hold and do."""
    columns = (
        Column("label", say("Stage")),
        Column("count", say("Customers"), "count", say("in number")),
        Column("share", say("Share today"), "share"),
        Column("then", say("Share on {before:date}", before=before), "share"),
        Column("assets_share", say("Share of assets"), "share"),
        Column("transactions_mean", say("Transactions, 90 days"), "number", say("mean")),
        Column("products_mean", say("Products held"), "number", say("mean")),
    )  # fmt: skip
    return Exhibit(
        name="stages",
        title=_stages_title(table),
        subtitle=say(
            "Customers with the bank on {now:date}, by stage; growing from {rise:share.0} more assets a year, declining from {fall:share.0} less or transactions at {quiet:share.0} of the usual or less{few}{unknown}",
            now=now, rise=rule.growth_share, fall=rule.decline_share, quiet=rule.activity_share,
            few=say("; the few returned are counted as mature, here and in all that follows") if are_few else "",
            unknown=say("; of losses: {reason}", reason=listed(reasons, say("{first}; {second}"))) if reasons else "",
        ),
        frame=table.reset_index(drop=True),
        columns=tuple(column for column in columns if column.name in table),
    )  # fmt: skip


def _stages_title(table: pd.DataFrame) -> Message:
    if table.empty:
        return say("The stages of customers")
    row = table.loc[table["share"].idxmax()]
    return say(
        "{stage}: {share:share} of customers, {assets:share} of assets",
        stage=row["label"],
        share=row["share"],
        assets=row["assets_share"],
    )
