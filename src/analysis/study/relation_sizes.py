"""How large the groups are, what they hold and bring, and how their sizes went."""

import datetime as dt

import numpy as np
import pandas as pd

from analysis.calendar import months_before
from analysis.finding import Column, Exhibit, Finding
from analysis.stats.dominance import hidden_amounts
from analysis.study.churn import ChurnRule, unseen
from analysis.study.disclosed import hidden, is_tellable
from analysis.study.relations import (
    BOTH,
    CUSTOMER_GROUPS,
    ESTABLISHED,
    GROUP_NAMES,
    LOST,
    NEW,
    PROSPECT,
    RETURN_MONTHS,
    RETURNED,
    WAY_NAMES,
    History,
    holdings_of,
    prospects_at,
    relation,
    together,
    way_of_loss,
)
from analysis.wording import Message, say

MEASURES = {"assets": "assets_3m", "contribution": "contribution_12m"}


def loss_unseen(history: History, rule: ChurnRule) -> dict[str, Message]:
    """The ways of loss that the data cannot tell, with the reason: closed, dormant (see `churn.unseen`). Where both are missing
    nobody is known to be lost, or returned."""
    reasons = {name: reason for name, reason in unseen(dict(history), rule).items() if name in ("closed", "dormant")}
    latest = history[max(history)]
    if "recency_days" not in latest and "assets_3m" in latest:
        reasons.pop("dormant", None)
    return reasons


def size_table(
    history: History, prospects: pd.DataFrame | None, day: dt.date, rule: ChurnRule, is_apart: bool = True
) -> pd.DataFrame:
    """One row a group (established and returned customers as one unless `is_apart`), the ways of loss after it, the prospects first: group, label, customers, share (of all who ever were
    customers), assets, assets_share, contribution (12 months); what may not be shown is missing. Last the row "all"."""
    groups, ways = _groups(history, day, rule, is_apart), way_of_loss(history, day, rule)
    measures = {name: holdings_of(history[day], column) for name, column in MEASURES.items() if column in history[day]}
    held = pd.DataFrame({"customers": pd.Series(1.0, groups.index), **measures})
    by_group = _masked(held.groupby(groups).sum().reindex(_names(is_apart), fill_value=0.0))
    by_group = _without_dominated(by_group, held, groups)
    by_way = _masked(held.groupby(ways).sum().reindex(list(WAY_NAMES), fill_value=0.0), by_group["customers"].isna()[LOST])
    by_way = _without_dominated(by_way, held, ways, by_group.loc[LOST].isna())
    whole = held.sum().to_frame("all").T
    table = pd.concat([by_group, by_way[by_way["customers"].ne(0)], whole]).rename_axis("group").reset_index()
    table["share"] = table["customers"] / len(groups)
    if "assets" in table and whole["assets"].iloc[0] > 0:
        table["assets_share"] = table["assets"] / whole["assets"].iloc[0]
    labels = {**GROUP_NAMES, **WAY_NAMES, "all": say("All who ever were customers")}
    return _prospect_row(prospects, day, table).assign(label=lambda rows: rows["group"].map(labels))


def _groups(history: History, day: dt.date, rule: ChurnRule, is_apart: bool) -> pd.Series:
    groups = relation(history, day, rule)
    return groups if is_apart else together(groups)


def _names(is_apart: bool) -> tuple[str, ...]:
    return CUSTOMER_GROUPS if is_apart else (NEW, BOTH, LOST)


def _masked(table: pd.DataFrame, already: bool = False) -> pd.DataFrame:
    counts = table["customers"].to_numpy()
    return table[~hidden(counts, already & (counts > 0))].reindex(table.index)


def _without_dominated(
    table: pd.DataFrame, held: pd.DataFrame, groups: pd.Series, of_hidden: pd.Series | None = None
) -> pd.DataFrame:
    """Amounts that tell what one customer has, and others that would give these away, are missing; all, where they add up to one that
    is hidden itself."""
    for name in (name for name in table if name != "customers"):
        already = set(table.index if of_hidden is not None and of_hidden[name] else table.index[table[name].isna()])
        out = hidden_amounts(held[name].fillna(0), groups, already)
        table = table.assign(**{name: table[name].mask(table.index.isin(out | already))})
    return table


def _prospect_row(prospects: pd.DataFrame | None, day: dt.date, table: pd.DataFrame) -> pd.DataFrame:
    if prospects is None:
        return table
    count = len(prospects_at(prospects, day))
    row = {"group": PROSPECT, "customers": float(count) if is_tellable(count) else np.nan}
    return pd.concat([pd.DataFrame([row]), table], ignore_index=True)


def size_findings(table: pd.DataFrame, missing: dict[str, Message]) -> list[Finding]:
    """Each group's share of all who ever were customers; the prospects, who are none, as a number."""
    rows = table.set_index("group")
    base = int(rows.loc["all", "customers"])
    untold = (RETURNED, LOST) if len(missing) == 2 else ()
    told = [name for name in (NEW, ESTABLISHED, RETURNED, BOTH, LOST) if name in rows.index and name not in untold]
    found = [_share_finding(name, rows.loc[name], base) for name in told if not np.isnan(rows.loc[name, "customers"])]
    if PROSPECT in rows.index and not np.isnan(rows.loc[PROSPECT, "customers"]):
        count = int(rows.loc[PROSPECT, "customers"])
        text = say("Prospects: **{count:count}**, first seen, however long ago, and not yet customers.", count=count)
        found.append(
            Finding("group.prospect.count", text, count, count, "count", exhibit="groups", base_of="records", is_headline=False)
        )
    return found


def _share_finding(name: str, row: pd.Series, base: int) -> Finding:
    holds = "assets_share" in row and not np.isnan(row["assets_share"])
    text = say(
        "{group}: **{share:share}** of all who ever were customers{assets}.", group=GROUP_NAMES[name], share=row["share"],
        assets=say("; they hold {share:share} of assets", share=row["assets_share"]) if holds else "",
    )  # fmt: skip
    return Finding(f"group.{name}.share", text, float(row["share"]), base, "share", exhibit="groups", is_headline=False)


def groups_exhibit(table: pd.DataFrame, day: dt.date, currency: str, missing: dict[str, Message], rule: ChurnRule) -> Exhibit:
    """Size, assets and contribution of each group."""
    columns = [
        Column("label", say("Group")),
        Column("customers", say("Customers"), "count", say("in number")),
        Column("share", say("Share"), "share", say("% of all who ever were customers")),
        Column("assets", say("Assets"), "amount", say("{currency}", currency=currency)),
        Column("assets_share", say("Share of assets"), "share"),
        Column("contribution", say("Contribution, 12 months"), "amount", say("{currency}", currency=currency)),
    ]
    frame = table if len(missing) < 2 else table[~table["group"].isin((RETURNED, LOST))]
    return Exhibit(
        name="groups",
        title=_groups_title(table),
        subtitle=say(
            "On {day:date}; lost: closed, or no transaction of their own for {days:count} days; returned: lost within the {months:count} months before, and no longer; prospects: however long ago first seen, and they hold nothing here{missing}{absent}",
            day=day, days=rule.dormant_days, months=RETURN_MONTHS, missing=not_told(missing),
            absent=_absent_words(table),
        ),
        frame=frame.assign(is_total=frame["group"].eq("all")).reset_index(drop=True),
        columns=tuple(column for column in columns if column.name in table),
    )  # fmt: skip


def not_told(missing: dict[str, Message]) -> Message | str:
    """What of loss the data cannot tell, to be added to a sentence."""
    words: Message | str = ""
    for reason in missing.values():
        words = say("{words}; {reason}", words=words, reason=reason)
    return say("{words}: so nobody is known to be lost or returned", words=words) if len(missing) == 2 else words


def _absent_words(table: pd.DataFrame) -> Message | str:
    words: Message | str = "" if PROSPECT in set(table["group"]) else say("; the bank brings no prospects")
    if "assets" not in table:
        words = say("{words}; the bank brings no balances", words=words)
    return words if "contribution" in table else say("{words}; the bank brings no contributions", words=words)


def _groups_title(table: pd.DataFrame) -> Message:
    rows = table.set_index("group")
    name = ESTABLISHED if ESTABLISHED in rows.index else BOTH
    shares = {"established": rows.loc[name, "share"], "new": rows.loc[NEW, "share"], "lost": rows.loc[LOST, "share"]}
    if np.isnan(list(shares.values())).any():
        return say("The groups, their size and what they hold")
    if not shares["lost"]:
        return say("{established:share} of all who ever were customers are established, {new:share} new", **shares)
    return say("Of all who ever were customers {established:share} are established, {new:share} new, {lost:share} lost", **shares)


def group_sizes(history: History, prospects: pd.DataFrame | None, rule: ChurnRule, is_apart: bool = True) -> pd.DataFrame:
    """Landmark and group → its size: x (landmark), group, value (number; missing where it may not be shown). Where the history
    does not reach RETURN_MONTHS before the landmark, the returned who are seen stand with the established."""
    rows = []
    for day in sorted(history):
        groups = _groups(history, day, rule, is_apart)
        is_seen = min(history) <= months_before(day, RETURN_MONTHS)
        groups = groups if is_seen else groups.replace(RETURNED, ESTABLISHED)
        value = groups.value_counts().reindex(_names(is_apart), fill_value=0).astype(float)
        value = value.mask(hidden(value))
        if is_apart and not is_seen:
            value[RETURNED] = np.nan
        if prospects is not None:
            count = len(prospects_at(prospects, day))
            value[PROSPECT] = count if is_tellable(count) else np.nan
        rows.append(pd.DataFrame({"x": day, "group": value.index, "value": value.to_numpy()}))
    return pd.concat(rows, ignore_index=True)


def trend_exhibit(sizes: pd.DataFrame, missing: dict[str, Message]) -> Exhibit:
    """Sizes of the groups over the landmarks."""
    told = sizes if len(missing) < 2 else sizes[~sizes["group"].isin((RETURNED, LOST))]
    seen = told.groupby("group")["value"].transform(lambda value: value.notna().any() and value.max() > 0)
    order = {name: place for place, name in enumerate((ESTABLISHED, BOTH, LOST, PROSPECT, NEW, RETURNED))}
    shown = told[seen].sort_values("group", key=lambda names: names.map(order), kind="stable")
    return Exhibit(
        name="trend",
        title=_trend_title(sizes),
        subtitle=say(
            "Number in each group at the end of every third month; returned: from where the data reach {months:count} months back; a line breaks where few customers would be given away",
            months=RETURN_MONTHS,
        ),
        frame=shown.assign(series=shown["group"].map(GROUP_NAMES)).reset_index(drop=True),
        unit="count",
        x_unit="month",
    )  # fmt: skip


def _trend_title(sizes: pd.DataFrame) -> Message:
    line = sizes[sizes["group"].isin((ESTABLISHED, BOTH))].dropna(subset=["value"])
    if len(line) < 2:
        return say("Sizes of the groups")
    first, last = line.iloc[0], line.iloc[-1]
    numbers = {"was": first["value"], "now": last["value"], "first": first["x"], "last": last["x"]}
    if last["value"] == first["value"]:
        return say("Established customers: {now:count} in {last:month}, as many as in {first:month}", **numbers)
    if last["value"] > first["value"]:
        return say("Established customers rose from {was:count} in {first:month} to {now:count} in {last:month}", **numbers)
    return say("Established customers fell from {was:count} in {first:month} to {now:count} in {last:month}", **numbers)
