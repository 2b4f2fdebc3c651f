"""Whether contribution goes with payments: what customers who probably no longer pay kept of theirs in the year held out."""

import datetime as dt

import numpy as np
import pandas as pd

from analysis.finding import Column, Exhibit, Finding
from analysis.study.disclosed import hidden
from analysis.study.lifetime_holdout import relative_error
from analysis.study.lifetime_model import LOW_ALIVE, ranges
from analysis.wording import Message, say

ALIVE_GROUPS = {
    "low": (0.0, LOW_ALIVE, say("below 50%")),
    "middle": (LOW_ALIVE, 0.9, say("50% to below 90%")),
    "high": (0.9, np.inf, say("90% and more")),
}
FEW = say("Too few customers with a low probability of still paying to see whether contribution goes with it")


def contribution_table(checked: pd.DataFrame) -> pd.DataFrame:
    """One row a group by the probability of still paying at the landmark: label, customers, before (mean contribution of the year
    before, currency), value, low, high (contribution of the year after ÷ that before, totals), followed (what it would be if
    contribution went with that probability). Groups of few customers, or without contribution, are left out."""
    parts = {name: checked[checked["alive"].ge(low) & checked["alive"].lt(high)] for name, (low, high, _) in ALIVE_GROUPS.items()}
    secret = hidden([len(part) for part in parts.values()])
    shown = [(name, part) for (name, part), is_secret in zip(parts.items(), secret, strict=True) if not is_secret]
    rows = [_kept(name, part) for name, part in shown if part["contribution"].sum() > 0]
    return pd.DataFrame(rows)


def _kept(name: str, part: pd.DataFrame) -> dict:
    before = part["contribution"].fillna(0)
    kept = relative_error(part["contribution_after"], before)
    shares = {end: getattr(kept, end) + 1 for end in ("value", "low", "high")}
    followed = float((before * part["alive"]).sum() / before.sum())
    label = ALIVE_GROUPS[name][2]
    return {"group": name, "label": label, "customers": len(part), "before": before.mean(), **shares, "followed": followed}


def contribution_exhibit(checked: pd.DataFrame, as_of: dt.date, currency: str) -> Exhibit:
    """Whether contribution goes with the probability of still paying."""
    table = contribution_table(checked)
    if table.empty:
        reason = (
            FEW if checked["contribution"].sum() > 0 else say("The bank brings no contributions, or they are not above zero.")
        )
        return Exhibit("contribution", say("Does contribution go with payments?"), absent=reason)
    return Exhibit(
        name="contribution",
        title=_contribution_title(table),
        subtitle=say(
            "Open customers by the probability of still paying a year before {as_of:date}; contribution of the year to {as_of:date} against that of the year before, totals; 95% intervals for customers like these",
            as_of=as_of,
        ),
        frame=table.assign(range=ranges(table)),
        columns=(
            Column("label", say("Probability of still paying")),
            Column("customers", say("Customers"), "count", say("in number")),
            Column("before", say("Mean contribution before"), "amount", say("{currency} a year", currency=currency)),
            Column("followed", say("Would remain"), "share", say("if it went with payments")),
            Column("value", say("Remained"), "share"),
            Column("range", say("Interval")),
        ),
    )  # fmt: skip


def _contribution_title(table: pd.DataFrame) -> Message:
    low = table[table["group"].eq("low")]
    if low.empty:
        return FEW
    row = low.iloc[0]
    numbers = {"kept": row["value"], "followed": row["followed"]}
    if row["low"] <= row["followed"] <= row["high"]:
        return say(
            "Customers who probably no longer pay kept {kept:share} of their contribution, as expected within noise ({followed:share})",
            **numbers,
        )
    return say(
        "Contribution does not go with payments: customers who probably no longer pay kept {kept:share} of it, not {followed:share}",
        **numbers,
    )


def contribution_findings(checked: pd.DataFrame) -> list[Finding]:
    """The share of contribution that the customers with a low probability of still paying kept."""
    table = contribution_table(checked)
    low = table[table["group"].eq("low")] if len(table) else table
    if low.empty:
        return []
    row = low.iloc[0]
    text = say(
        "Customers who a year before had a probability below 50% of still paying kept **{kept:share}** of their contribution (interval {low:share} to {high:share}); {followed:share} would remain if contribution went with payments. No contribution is derived from the lifetime model.",
        kept=row["value"], low=row["low"], high=row["high"], followed=row["followed"],
    )  # fmt: skip
    if row["low"] <= row["followed"] <= row["high"]:
        text = say(
            "Customers who a year before had a probability below 50% of still paying kept **{kept:share}** of their contribution (interval {low:share} to {high:share}); within noise that is what would remain if contribution went with payments ({followed:share}).",
            kept=row["value"], low=row["low"], high=row["high"], followed=row["followed"],
        )  # fmt: skip
    return [
        Finding(
            "lifetime.contribution_kept", text, float(row["value"]), int(row["customers"]), "share", low=float(row["low"]),
            high=float(row["high"]), compare_to=float(row["followed"]), exhibit="contribution", is_headline=False,
        )
    ]  # fmt: skip
