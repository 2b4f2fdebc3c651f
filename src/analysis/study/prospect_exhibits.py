"""Who becomes a customer: conversion by source and over time, what goes with it, and whether the predictions hold."""

import datetime as dt

import numpy as np
import pandas as pd
from scipy.stats import chi2_contingency

from analysis.finding import Exhibit
from analysis.stats.intervals import share_by_group, simultaneous
from analysis.stats.prediction import calibration_slope, calibration_table, observed_share
from analysis.study.disclosed import hidden, is_tellable, told
from analysis.study.model_exhibits import within_noise
from analysis.study.prospect_facts import FACTORS, KINDS, UNKNOWN, is_converted, is_mature
from analysis.study.prospect_model import OTHER, ProspectModel
from analysis.wording import Message, listed, say

SOURCES = {
    "event": say("Event"), "referral": say("Referral"), "website": say("Website"), "partner": say("Partner"),
    "payroll_list": say("Payroll list"), "purchased_list": say("Purchased list"), UNKNOWN: say("Not recorded"),
}  # fmt: skip
CERTAIN = 0.05
MOST_BINS, FEWEST_BINS = 10, 3


def level_name(factor: str, level: str) -> Message | str:
    """What a manager reads for a level; a bank's own word where there is no other."""
    return {"source": SOURCES, "kind": {**KINDS, UNKNOWN: say("Not recorded")}}.get(factor, {}).get(level, level)


def conversion_table(groups: pd.Series, converted: pd.Series) -> pd.DataFrame:
    """Share converted by group with Wilson's intervals: label, value, low, high, base; without groups whose numbers of
    converted or not converted may not be told."""
    table = share_by_group(groups, converted)
    converts = (table["value"] * table["base"]).round()
    return table[~(hidden(converts) | hidden(table["base"] - converts))].reset_index(drop=True)


def source_exhibit(facts: pd.DataFrame, as_of: dt.date, horizon_months: int) -> Exhibit:
    """Conversion by source, against all."""
    mature = facts[is_mature(facts, as_of, horizon_months)]
    converted = is_converted(mature, horizon_months)
    table = conversion_table(mature["source"], converted)
    if table.empty:
        return Exhibit("sources", say("Conversion by source"), absent=say("Too few prospects of every source became customers."))
    overall, at_once = float(converted.mean()), simultaneous(table)
    apart = (at_once["low"] > overall) | (at_once["high"] < overall)
    table = table.assign(is_noise=~apart, label=[level_name("source", source) for source in table["label"]])
    table = table.sort_values("value", ascending=False, ignore_index=True)
    return Exhibit(
        name="sources",
        title=_source_title(table, overall),
        subtitle=say(
            "Share of prospects who became customers within {months:count} months of being first seen, by source, in %; lines, 95% intervals, each by itself; hollow: within noise of all, the sources compared at once (Bonferroni). Only prospects whose {months:count} months have ended ({base:count})",
            months=horizon_months, base=len(mature),
        ),
        frame=table, reference=overall, reference_label=say("All prospects"), options={"value_label": say("Converted")},
    )  # fmt: skip


def _source_title(table: pd.DataFrame, overall: float) -> Message:
    apart = table[~table["is_noise"]]
    if apart.empty:
        return say("No source differs from all prospects beyond noise: {share:share} became customers", share=overall)
    row = apart.loc[(apart["value"] - overall).abs().idxmax()]
    return say(
        "{share:share} of prospects became customers; furthest from that, beyond noise: {source} with {value:share}",
        share=overall, source=row["label"], value=row["value"],
    )  # fmt: skip


def trend_exhibit(facts: pd.DataFrame, as_of: dt.date, horizon_months: int) -> Exhibit:
    """Conversion by quarter of first sight; quarters in which some horizon has not ended are left out."""
    quarter = facts["seen"].dt.to_period("Q").dt.to_timestamp()
    whole = ~quarter.isin(quarter[~is_mature(facts, as_of, horizon_months)])
    table = conversion_table(quarter[whole], is_converted(facts[whole], horizon_months))
    heading = say("Conversion over time")
    if len(table) < 2:
        return Exhibit("trend", heading, absent=say("Fewer than two quarters have enough prospects whose time has ended."))
    counts = np.array([table["value"] * table["base"], (1 - table["value"]) * table["base"]]).round()
    numbers = {"low": table["value"].min(), "high": table["value"].max()}
    differ = chi2_contingency(counts).pvalue < CERTAIN
    return Exhibit(
        name="trend",
        title=say("Conversion differed between quarters beyond noise: from {low:share} to {high:share}", **numbers)
        if differ
        else say("No quarter's conversion differs beyond noise: all lie between {low:share} and {high:share}", **numbers),
        subtitle=say(
            "Share of prospects who became customers within {months:count} months, by quarter of first sight, in %; band, 95% interval; chi-squared test of all quarters at once; not shown: prospects first seen in quarters whose {months:count} months have not all ended ({open})",
            months=horizon_months, open=told(int((~whole).sum())),
        ),
        frame=table.rename(columns={"label": "x"}).assign(series=say("Converted")).drop(columns="base"),
        x_unit="month", x_label=say("Quarter of first sight"),
    )  # fmt: skip


def model_exhibit(model: ProspectModel, left_out: list[str]) -> Exhibit:
    """Odds ratio of each attribute."""
    ratios = model.hazard.odds_ratios()
    ratios = ratios[ratios["term"].str.contains(":")].reset_index(drop=True)
    if ratios.empty:
        return Exhibit("model", say("Odds ratios"), absent=say("No attribute is known of enough prospects who became customers."))
    factor = ratios["term"].str.split(":", n=1)
    ratios = ratios.assign(
        is_noise=within_noise(ratios.assign(**np.log(ratios[["value", "low", "high"]]))),
        label=[level_name(*parts) for parts in factor],
        group=[say("{factor}, against: {level}", factor=FACTORS[name], level=_reference(model, name)) for name, _ in factor],
    )
    return Exhibit(
        name="model",
        title=say(
            "Attributes that go with conversion beyond noise, all compared at once: {apart:count} of {all:count}",
            apart=int((~ratios["is_noise"]).sum()), all=len(ratios),
        ),
        subtitle=say(
            "Odds ratio of becoming a customer in a month, given not before, each attribute with the others held equal; lines, 95% intervals, each by itself; hollow: within noise, all compared at once (Bonferroni). Known at first sight only; a prospect whose time has not ended counts for the months that have{left_out}",
            left_out=_left_out(left_out),
        ),
        frame=ratios, unit="ratio", reference=1.0, reference_label=say("No difference"),
        options={"log": True, "value_label": say("Odds ratio")},
    )  # fmt: skip


def _reference(model: ProspectModel, factor: str) -> Message | str:
    level = model.levels.reference[factor]
    return say("all others") if level == OTHER else level_name(factor, level)


def _left_out(names: list[str]) -> Message | str:
    if not names:
        return ""
    return say(
        ". Left out, since recorded more or less often once a prospect has converted, and so not known at first sight: {names}",
        names=listed(FACTORS[name] for name in names),
    )


def calibration_exhibit(rows: pd.DataFrame) -> Exhibit:
    """Observed against predicted conversion of later prospects, in as many groups as leave ten converted in each."""
    heading = say("Calibration")
    bins = None if rows.empty else _bins(rows)
    if bins is None:
        return Exhibit("calibration", heading, absent=say("Too few later prospects became customers to compare groups by score."))
    slope, seen = calibration_slope(rows["propensity"], rows["converted"]), observed_share(rows["converted"])
    predicted = float(rows["propensity"].mean())
    numbers = {
        "seen": seen.value, "predicted": predicted, "value": slope.value, "low": slope.low, "high": slope.high,
    }  # fmt: skip
    holds = slope.low <= 1 <= slope.high and seen.low <= predicted <= seen.high
    return Exhibit(
        "calibration",
        say("Predictions hold: {seen:share} converted, {predicted:share} predicted; slope {value:number} (interval {low:number} to {high:number})", **numbers)
        if holds
        else say("Predictions are off: {seen:share} converted, {predicted:share} predicted; slope {value:number} (interval {low:number} to {high:number}), where 1 is right", **numbers),
        say(
            "Observed against predicted share who became customers after the month's end, in {bins:count} equal groups by score, in %; band, 95% interval; the straight line is perfect. {base:count} prospects of {months:count} months, each scored by a model that knew nothing later than the month's end",
            bins=len(bins), base=len(rows), months=rows["day"].nunique(),
        ),
        bins.rename(columns={"predicted": "x", "observed": "value"}).assign(series=say("Later prospects")),
        x_label=say("Predicted conversion"), x_unit="share", options={"diagonal": True},
    )  # fmt: skip


def _bins(rows: pd.DataFrame) -> pd.DataFrame | None:
    for bins in range(MOST_BINS, FEWEST_BINS - 1, -1):
        table = calibration_table(rows["propensity"], rows["converted"], bins)
        if (table["observed"] * table["base"]).round().map(is_tellable).all():
            return table
    return None
