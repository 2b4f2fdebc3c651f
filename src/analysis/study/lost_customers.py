"""Lost customers: what they gave as reason, what went with them, and who may be won back."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.calendar import months_before
from analysis.finding import Column, Exhibit, Finding
from analysis.stats.disclosure import dominates
from analysis.stats.intervals import Estimate, wilson
from analysis.study.churn import MAIN_RULE, PARTS, RULES, SMALLEST_ASSETS, ChurnRule, outcomes
from analysis.study.disclosed import hidden, is_tellable
from analysis.study.warning_list import consenting
from analysis.study.warning_policy import at_stake
from analysis.wording import Message, say

MONTHS = 12
OTHER, UNKNOWN = "other", "not_recorded"
REASON_WORDS = {
    "service": say("Dissatisfied with service"), "competitor": say("Another bank"), "fees": say("The bank's fees"), "no_longer_needed": say("No longer needed"),
    OTHER: say("Other reasons"), UNKNOWN: say("No reason recorded"),
}  # fmt: skip

History = Mapping[dt.date, pd.DataFrame]


@dataclass(frozen=True)
class LostFound:
    """`rows`: customer_id, way (closed, dormant, run_off), reason (of closings), contribution (at stake a year, see `warning_policy`), assets,
    may_call (consent stands; nobody's where the bank brings no consents, so that it `is_known` for none), of those lost in the MONTHS
    to `as_of`; `base`: those at risk at their beginning. `returned`: by way, those lost in the MONTHS before who were back by `as_of`."""

    rows: pd.DataFrame
    base: int
    returned: dict[str, Estimate]
    is_known: bool = True


def lost_customers(history: History, as_of: dt.date, rule: ChurnRule, consents: pd.DataFrame | None) -> LostFound | None:
    """None where the features of a year before are missing, or nobody left since."""
    start, year = months_before(as_of, MONTHS), replace(rule, horizon_months=MONTHS)
    if start not in history or as_of not in history:
        return None
    result = outcomes(history[start], history[as_of], year)
    lost = result[result[MAIN_RULE]]
    if lost.empty:
        return None
    before = history[start].set_index("customer_id").reindex(lost["customer_id"])
    reason = history[as_of].set_index("customer_id")["exit_reason"].reindex(lost["customer_id"])
    nothing = pd.Series(np.nan, before.index)
    rows = pd.DataFrame(
        {
            "customer_id": lost["customer_id"].to_numpy(),
            "way": lost[list(PARTS)].idxmax(axis=1).to_numpy(),
            "reason": reason.to_numpy(),
            "contribution": (at_stake(before).to_numpy() if "contribution_12m" in before else nothing.to_numpy()),
            "assets": before.get("assets_3m", nothing).to_numpy(),
        }
    )
    rows = rows.assign(may_call=rows["customer_id"].isin(consenting(consents, as_of)))
    return LostFound(rows, len(result), _returned(history, start, as_of, year), consents is not None)


def _returned(history: History, start: dt.date, as_of: dt.date, rule: ChurnRule) -> dict[str, Estimate]:
    first = months_before(start, MONTHS)
    if first not in history:
        return {}
    result = outcomes(history[first], history[start], rule)
    before, now = (history[day].set_index("customer_id") for day in (first, as_of))
    made = {}
    for way in PARTS:
        ids = result.loc[result[way], "customer_id"]
        if len(ids):
            made[way] = wilson(int(came_back(way, now.reindex(ids), before.reindex(ids), rule).sum()), len(ids))
    return made


def came_back(way: str, now: pd.DataFrame, before: pd.DataFrame, rule: ChurnRule) -> pd.Series:
    """Whether lost customers are back by the features of now: an open relation, with transactions of their own within `dormant_days`
    (dormant) or assets above the limit by which they had run off."""
    is_open = now["closed_date"].isna() & now["kind"].notna()
    if way == "dormant" and "recency_days" in now:
        return is_open & now["recency_days"].lt(rule.dormant_days)
    if way == "run_off" and "assets_3m" in now:
        return is_open & now["assets_3m"].gt((1 - rule.run_off_share) * before["assets_3m"].clip(lower=SMALLEST_ASSETS))
    return is_open


def reason_table(found: LostFound) -> pd.DataFrame:
    """Reasons of those who closed: reason, label, value (share), low, high (Wilson's, for customers like these), base, customers; most
    frequent first, those of few customers together as other, at the end with those not recorded."""
    closed = found.rows[found.rows["way"].eq("closed")]
    reason = closed["reason"].fillna(UNKNOWN)
    counts = reason.value_counts()
    small = hidden(counts, (counts.index == OTHER) & bool(hidden(counts).any()))
    told = counts[~small]
    if counts[small].sum():
        told = pd.concat([told, pd.Series({OTHER: counts[small].sum()})])
    last = [name for name in (OTHER, UNKNOWN) if name in told]
    told = told.reindex([*[name for name in told.index if name not in last], *last])
    rows = [{"reason": name, "label": reason_label(name), **wilson(int(count), len(closed))._asdict(), "customers": int(count)}
            for name, count in told.items()]  # fmt: skip
    return pd.DataFrame(rows, columns=["reason", "label", *Estimate._fields, "customers"])


def reason_label(reason: str) -> Message | str:
    """The reason in words; a bank's own reason as the bank writes it."""
    return REASON_WORDS.get(reason, reason)


def winback_table(found: LostFound) -> pd.DataFrame:
    """One row a way of leaving, of closings a row a reason: way, label, lost, may_call (counts), contribution and assets of those who
    may be called (currency; NaN where few make them up), returned with low and high (share of the year before's, by way). Rows
    of few customers are together with the closings of other reasons, or left out."""
    told, ways = list(reason_table(found)["reason"]), found.rows["way"]
    reason = found.rows["reason"].fillna(UNKNOWN)
    reason = reason.where(reason.isin(told), OTHER)
    groups = [("closed", name, ways.eq("closed") & reason.eq(name)) for name in dict.fromkeys([*told, OTHER])]
    groups += [(way, None, ways.eq(way)) for way in PARTS if way != "closed"]
    table = pd.DataFrame([_winback_row(way, name, found.rows[own], found) for way, name, own in groups if own.any()])
    counts = (table["lost"], table["may_call"], table["lost"] - table["may_call"])
    told_rows = np.logical_and.reduce([count.map(is_tellable) for count in counts]) & ~table["way"].isin(_few_ways(found))
    return table[told_rows].reset_index(drop=True)


def _few_ways(found: LostFound) -> list[str]:
    """Ways of few customers, and those that would give them away: all lost are told, and so are the closings, by reason, if not few."""
    counts = found.rows["way"].value_counts().reindex(PARTS, fill_value=0)
    known = counts.drop("closed") if is_tellable(counts["closed"]) else counts
    return list(known.index[hidden(known)])


def _winback_row(way: str, reason: str | None, own: pd.DataFrame, found: LostFound) -> dict:
    label = RULES[way] if reason is None else say("Closed: {reason}", reason=reason_label(reason))
    may_call, back = own[own["may_call"]], found.returned.get(way)
    share = back[:3] if way in told_returns(found) else (np.nan,) * 3
    return {
        "way": way, "label": label, "lost": len(own), "may_call": len(may_call), "contribution": _amount(may_call["contribution"]),
        "assets": _amount(may_call["assets"]), **dict(zip(("returned", "low", "high"), share, strict=True)),
    }  # fmt: skip


def told_returns(found: LostFound) -> list[str]:
    """The ways whose returns may be told, their sum being told too."""
    back = {way: round(one.value * one.base) for way, one in found.returned.items()}
    stayed = [one.base - back[way] for way, one in found.returned.items()]
    few = hidden(list(back.values())) | hidden(stayed)
    return [way for way, small in zip(back, few, strict=True) if not small]


def _amount(values: pd.Series) -> float:
    return float(values.sum()) if len(values) and values.notna().all() and not dominates(values) else np.nan


def lost_findings(found: LostFound | None, currency: str) -> list[Finding]:
    """The most frequent recorded reason, what went with the lost, and how many of the year before came back."""
    if found is None or not is_tellable(len(found.rows)):
        return []
    made, table = [], reason_table(found)
    recorded = table[~table["reason"].isin([OTHER, UNKNOWN])]
    if len(recorded):
        first = recorded.iloc[0]
        text = say(
            "Of customers who closed within a year **{share:share}** gave as reason: {reason}, the most frequent one (interval for customers like these {low:share} to {high:share}).",
            share=first["value"], reason=first["label"], low=first["low"], high=first["high"],
        )  # fmt: skip
        made.append(
            Finding(f"lost.reason.{first['reason']}", text, first["value"], int(first["base"]), "share", low=first["low"],
                    high=first["high"], exhibit="lost_reasons", base_of="lost", is_headline=False)
        )  # fmt: skip
    went, closed = _amount(found.rows["contribution"]), int(found.rows["way"].eq("closed").sum())
    if not np.isnan(went) and is_tellable(len(found.rows) - closed):
        text = say(
            "With all {lost:count} customers lost within a year, those who may not be called among them, went **{currency} {value:amount}** of contribution a year.",
            lost=len(found.rows), value=went, currency=currency,
        )  # fmt: skip
        made.append(Finding("lost.contribution", text, went, len(found.rows), "amount", exhibit="winback", base_of="lost"))
    return [*made, *_returned_finding(found)]


def _returned_finding(found: LostFound) -> list[Finding]:
    base = sum(back.base for back in found.returned.values())
    back = sum(round(one.value * one.base) for one in found.returned.values())
    if not base or not is_tellable(back) or not is_tellable(base):
        return []
    share = wilson(back, base)
    text = say(
        "Of customers lost in the year before, **{share:share}** had come back a year later (interval for customers like these {low:share} to {high:share}).",
        share=share.value, low=share.low, high=share.high,
    )  # fmt: skip
    return [
        Finding("lost.returned", text, share.value, base, "share", low=share.low, high=share.high, exhibit="winback",
                base_of="lost", is_headline=False)
    ]  # fmt: skip


def lost_reasons_exhibit(found: LostFound | None) -> Exhibit:
    """Recorded reasons of closings, as dots with intervals."""
    heading = say("Reasons given by those who closed")
    table = reason_table(found) if found is not None and found.rows["reason"].notna().any() else None
    if table is None:
        return Exhibit("lost_reasons", heading, absent=say("No reasons of closings within the year are recorded."))
    if table.empty or not is_tellable(int(table["base"].iloc[0])) or table["reason"].isin([OTHER, UNKNOWN]).all():
        return Exhibit("lost_reasons", heading, absent=say("Each reason was given by too few customers to be shown."))
    first = table.iloc[0]
    return Exhibit(
        name="lost_reasons",
        title=say("Most frequent reason given: {reason}, {share:share}", reason=first["label"], share=first["value"]),
        subtitle=say(
            "Customers who closed within {months:count} months, by the reason recorded, in %; lines, 95% intervals for customers like these (Wilson), each by itself; involuntary exits are not among them; reasons of few customers are counted together",
            months=MONTHS,
        ),
        frame=table,
    )  # fmt: skip


def winback_exhibit(found: LostFound | None, currency: str) -> Exhibit:
    """Lost customers by way: how many, what went, who may be called, who came back before."""
    heading = say("Who may be won back")
    table = winback_table(found) if found is not None else pd.DataFrame()
    if table.empty:
        return Exhibit("winback", heading, absent=say("Too few customers were lost within the year, or a year is not yet seen."))
    return Exhibit(
        name="winback",
        title=_winback_title(found, int(table["may_call"].sum()), int(table["lost"].sum())),
        subtitle=say(
            "Customers lost within {months:count} months, by the way in which they left and the reason given; may be called: consent stands; contribution a year and assets: those of customers who may be called, before they left; came back: share of those lost that way in the year before who were back a year later under the same number, 95% intervals for customers like these (Wilson); a dash: too few to be shown, or not known",
            months=MONTHS,
        ),
        frame=table,
        columns=(
            Column("label", say("Way")),
            Column("lost", say("Lost"), "count", say("number of customers")),
            Column("may_call", say("May be called"), "count", say("number of customers")),
            Column("contribution", say("Contribution before"), "amount", say("{currency} a year", currency=currency)),
            Column("assets", say("Assets before"), "amount", say("{currency}", currency=currency)),
            Column("returned", say("Came back"), "share", say("% of the year before's")),
            Column("low", say("From"), "share"),
            Column("high", say("To"), "share"),
        ),
    )  # fmt: skip


def _winback_title(found: LostFound, may_call: int, lost: int) -> Message:
    if not found.is_known:
        return say("Of {lost:count} lost customers none may be called before the bank brings consents", lost=lost)
    return say("Lost customers who may be called: {may_call:count} of {lost:count}", may_call=may_call, lost=lost)
