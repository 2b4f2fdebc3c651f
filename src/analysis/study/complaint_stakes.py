"""What is at stake in each cause of complaints: how many, what they hold, and who leaves."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.calendar import LANDMARK_STEP_MONTHS
from analysis.finding import DISCLOSURE_THRESHOLD, Column, Exhibit, Finding
from analysis.stats.disclosure import dominates
from analysis.stats.intervals import simultaneous, wilson
from analysis.stats.prediction import observed_share
from analysis.study.churn import MAIN_RULE, ChurnRule, matured, outcomes
from analysis.study.complaint_frame import id_of
from analysis.study.disclosed import hidden, is_tellable
from analysis.study.profile_words import CATEGORIES
from analysis.wording import Message, say

WINDOW_MONTHS = 12
MOST_OF_ALL = 0.8
COMPLAINTS_NEEDED = 30
ALL = ""


@dataclass(frozen=True)
class Stakes:
    """`table`, a row a cause, commonest first: cause, label, complaints, share, low, high (of all causes at once), cumulative,
    customers, assets (their sum, currency), assets_share (of all complainers'); `left`, a row a cause (and ALL):
    cause, left (share that left of those who had complained), left_low, left_high, left_base; where few stand behind it there
    is none. `left_everybody`: of all customers at risk at the same landmarks; `complaints` in all."""

    table: pd.DataFrame
    left: pd.DataFrame
    complaints: int
    left_everybody: float | None
    rule: ChurnRule


def complaint_stakes(
    complaints: pd.DataFrame, history: Mapping[dt.date, pd.DataFrame], as_of: dt.date, rule: ChurnRule
) -> Stakes | None:
    """Complaints of the last WINDOW_MONTHS by `category`, those without one as `other`; customers' assets at `as_of`, and who left
    of those who complained shortly before a landmark. Causes of few customers are left out; None where none is left, or below
    COMPLAINTS_NEEDED."""
    recent = _window(complaints, as_of)
    if len(recent) < COMPLAINTS_NEEDED:
        return None
    counts = recent["cause"].value_counts()
    shown = counts[~hidden(recent.groupby("cause")["subject"].nunique().reindex(counts.index).to_numpy())]
    if shown.empty:
        return None
    table = pd.DataFrame([{"cause": cause, **_counted(recent, cause, history.get(as_of))} for cause in shown.index])
    limits = simultaneous(table.rename(columns={"share": "value"}))
    table = table.assign(low=limits["low"].clip(lower=0), high=limits["high"], cumulative=table["share"].cumsum())
    left, everybody = _left(complaints, history, as_of, rule)
    return Stakes(
        table.assign(label=[CATEGORIES.get(cause, cause) for cause in table["cause"]]), left, len(recent), everybody, rule
    )


def _window(complaints: pd.DataFrame, day: dt.date, months: int = WINDOW_MONTHS) -> pd.DataFrame:
    end = pd.Timestamp(day) + pd.Timedelta(days=1)
    inside = (complaints["received_at"] >= end - pd.DateOffset(months=months)) & (complaints["received_at"] < end)
    cause = complaints["category"] if "category" in complaints else pd.Series(None, complaints.index, dtype=object)
    is_stated = cause.notna() & cause.astype(str).str.strip().ne("")
    subject = complaints["customer_id"].where(complaints["customer_id"].notna(), complaints["complaint_id"])
    return complaints.assign(cause=cause.where(is_stated, "other"), subject=subject)[inside]


def _counted(recent: pd.DataFrame, cause: str, features: pd.DataFrame | None) -> dict:
    own = recent[recent["cause"].eq(cause)]
    share = wilson(len(own), len(recent))
    known = {"complaints": len(own), "share": share.value, "low": share.low, "high": share.high, "base": share.base}
    customers = own["customer_id"].dropna().unique()
    if features is None or "assets_3m" not in features:
        return {**known, "customers": len(customers), "assets": np.nan, "assets_share": np.nan}
    held = features.set_index("customer_id")["assets_3m"].fillna(0)
    mine, all_of = (held.reindex(ids).dropna() for ids in (customers, recent["customer_id"].dropna().unique()))
    is_told = len(mine) >= DISCLOSURE_THRESHOLD and not dominates(mine) and mine.sum() > 0
    assets = float(mine.sum()) if is_told else np.nan
    return {**known, "customers": len(customers), "assets": assets, "assets_share": assets / all_of.sum() if is_told else np.nan}


def _left(complaints: pd.DataFrame, history, as_of: dt.date, rule: ChurnRule) -> tuple[pd.DataFrame, float | None]:
    """Share of those who had complained in the LANDMARK_STEP_MONTHS before a landmark and left within its horizon, by cause and of
    all (ALL), over all landmarks whose horizon has ended; and the share of all customers at risk then."""
    days = matured(list(history), as_of, rule)
    parts, everybody = [], []
    for day in days:
        gone = outcomes(history[day], history[rule.end(day)], rule).set_index("customer_id")[MAIN_RULE]
        before = _window(complaints, day, LANDMARK_STEP_MONTHS).drop_duplicates(["customer_id", "cause"])
        parts.append(before.assign(gone=before["customer_id"].map(gone), landmark=day).dropna(subset=["gone"]))
        everybody.append(gone)
    known = pd.concat(parts) if parts else pd.DataFrame(columns=["customer_id", "cause", "gone", "landmark"])
    return _shares_left(known), float(pd.concat(everybody).mean()) if everybody else None


def _shares_left(known: pd.DataFrame) -> pd.DataFrame:
    known = known.assign(gone=known["gone"].astype(bool))
    behind = (
        known.groupby(["cause", "gone"])["customer_id"]
        .nunique()
        .unstack(fill_value=0)
        .reindex(columns=[False, True], fill_value=0)
    )
    secret = hidden(behind[True].to_numpy(), hidden(behind[False].to_numpy()))
    groups = {cause: known[known["cause"].eq(cause)] for cause in behind.index[~secret]}
    of_all = known.groupby("gone")["customer_id"].nunique()
    if len(known) and of_all.map(is_tellable).all():
        groups[ALL] = known.drop_duplicates(["customer_id", "landmark"])
    rows = [(cause, *observed_share(own["gone"].astype(float), own["customer_id"])) for cause, own in groups.items()]
    return pd.DataFrame(rows, columns=["cause", "left", "left_low", "left_high", "left_base"])


def stakes_findings(found: Stakes | None) -> list[Finding]:
    """How few causes make up most complaints, and each cause's share."""
    if found is None:
        return []
    table = found.table
    few = int((table["cumulative"] < MOST_OF_ALL).sum()) + 1
    rest = {"base": found.complaints, "unit": "share", "base_of": "complaints", "exhibit": "pareto"}
    most = table.iloc[min(few, len(table)) - 1]
    headline = say(
        "Of {all:count} categories the **{few:count}** commonest make up {share:share} of the complaints of the last {months:count} months; {first} comes first.",
        all=len(table), few=min(few, len(table)), share=most["cumulative"], months=WINDOW_MONTHS, first=table["label"].iloc[0],
    )  # fmt: skip
    return [
        Finding("complaint_causes.most", headline, float(most["cumulative"]), **rest),
        *[_share(row, rest) for _, row in table.iterrows()],
    ]


def _share(row: pd.Series, rest: dict) -> Finding:
    text = say(
        "{category}: **{value:share}** of complaints (interval, all categories at once, {low:share} to {high:share}).",
        category=row["label"], value=row["share"], low=row["low"], high=row["high"],
    )  # fmt: skip
    numbers = {"low": float(row["low"]), "high": float(row["high"])}
    return Finding(
        f"complaint_causes.{id_of(row['cause'])}.share", text, float(row["share"]), **rest, **numbers, is_headline=False
    )


def pareto_exhibit(found: Stakes | None) -> Exhibit:
    """Share of each cause, commonest first."""
    if found is None:
        return absent_exhibit("pareto", say("Categories"))
    table = found.table
    order = say("{first} comes first", first=table["label"].iloc[0])
    is_clear = len(table) > 1 and table["low"].iloc[0] > table["high"].iloc[1]
    title = order if is_clear else say("{first} comes first; others may be as common", first=table["label"].iloc[0])
    frame = table[["label", "share", "low", "high", "complaints"]].rename(columns={"share": "value", "complaints": "base"})
    subtitle = say(
        "Share of complaints by category, last {months:count} months; lines, 95% intervals for all categories at once; base: complaints",
        months=WINDOW_MONTHS,
    )  # fmt: skip
    return Exhibit("pareto", title, subtitle, frame)


def stakes_exhibit(found: Stakes | None) -> Exhibit:
    """What complainers of each cause hold, and how many of those who complained left."""
    if found is None:
        return absent_exhibit("stakes", say("What is at stake"))
    total = {"cause": ALL, "label": say("All categories"), "complaints": found.complaints}
    table = pd.concat([found.table, pd.DataFrame([total])], ignore_index=True).merge(found.left, on="cause", how="left")
    return Exhibit(
        name="stakes",
        title=_stakes_title(found.table),
        subtitle=_stakes_subtitle(found),
        frame=table,
        columns=(
            Column("label", say("Category")),
            Column("complaints", say("Complaints"), "count"),
            Column("cumulative", say("Cumulative"), "share"),
            Column("assets_share", say("Assets held"), "share", say("% of all complainers'")),
            Column("left", say("Left"), "share"),
            Column("left_low", say("From"), "share", say("95% interval")),
            Column("left_high", say("To"), "share", say("95% interval")),
            Column("left_base", say("Base"), "count", say("customers × landmarks")),
        ),
    )


def _stakes_title(table: pd.DataFrame) -> Message:
    if table["assets_share"].isna().all():
        return say("What is at stake by category")
    row = table.loc[table["assets_share"].idxmax()]
    return say(
        "{category}: its complainers hold {share:share} of all complainers' assets",
        category=row["label"],
        share=row["assets_share"],
    )


def _stakes_subtitle(found: Stakes) -> Message:
    numbers = {
        "months": WINDOW_MONTHS,
        "step": LANDMARK_STEP_MONTHS,
        "horizon": found.rule.horizon_months,
        "all": found.left_everybody,
    }
    if found.left_everybody is None:
        return say(
            "Complaints of the last {months:count} months. Assets: of the customers who complained, who may stand under several categories",
            **numbers,
        )
    return say(
        "Complaints of the last {months:count} months. Assets: of the customers who complained, who may stand under several categories. Left: of those at risk at a landmark who had complained in the {step:count} months before it, within {horizon:count} months, any rule; of all customers {all:share}. A dash: few stand behind it",
        **numbers,
    )  # fmt: skip


def absent_exhibit(name: str, heading: Message) -> Exhibit:
    """Why there is nothing by cause."""
    absent = say("Fewer than {needed:count} complaints in the period, or too few customers behind every category.", needed=COMPLAINTS_NEEDED)  # fmt: skip
    return Exhibit(name, heading, absent=absent)
