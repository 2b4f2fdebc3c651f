"""Movements between the groups as the report tells them."""

import datetime as dt

import numpy as np
import pandas as pd

from analysis.finding import Column, Exhibit, Finding
from analysis.stats.intervals import Estimate, difference_of_shares, wilson
from analysis.study.disclosed import is_tellable
from analysis.study.relation_movement import GROUPS, NEVER_LOST
from analysis.study.relations import BOTH, ESTABLISHED, GROUP_NAMES, LOST, NEW, OUTSIDE, PROSPECT
from analysis.wording import Message, say


def movement_findings(table: pd.DataFrame, before: dt.date, now: dt.date) -> list[Finding]:
    """Of each group at first, the share who are lost at the later landmark (of the new: against the established); of the
    prospects, who became customers. Those that may not be shown are left out."""
    rows = table[table["right"].eq(LOST) & table["left"].isin(NEVER_LOST)]
    found = [_lost_finding(row, before, now) for row in rows.to_dict("records") if row["left"] != NEW]
    return [*_new_lost(rows, before, now), *found, *_converted(table, before, now)]


def _lost_finding(row: dict, before: dt.date, now: dt.date) -> Finding:
    text = say(
        "{group}, of {before:date}: **{value:share}** are lost by {now:date} (interval {low:share} to {high:share}).",
        group=GROUP_NAMES[row["left"]], before=before, now=now, value=row["value"], low=row["low"], high=row["high"],
    )  # fmt: skip
    return _share_of_group(row, text)


def _share_of_group(row: dict, text: Message, **more: object) -> Finding:
    options = {"is_headline": False, **more}
    return Finding(
        f"movement.{row['left']}.lost", text, row["value"], int(row["base"]), "share", low=row["low"], high=row["high"],
        exhibit="movement", **options,
    )  # fmt: skip


def _new_lost(rows: pd.DataFrame, before: dt.date, now: dt.date) -> list[Finding]:
    new, old = _pair(rows)
    if new is None or old is None:
        return [] if new is None else [_lost_finding(new, before, now)]
    apart = _difference(new, old)
    is_noise = apart.low <= 0 <= apart.high
    text = say(
        "**{value:share}** of the new customers of {before:date} are lost by {now:date}, of the {others} {old:share}: {change:points} points (interval {low:points} to {high:points}){noise}.",
        value=new["value"], before=before, now=now, others=_who(old), old=old["value"], change=apart.value, low=apart.low, high=apart.high,
        noise=say(", within noise") if is_noise else "",
    )  # fmt: skip
    return [_share_of_group(new, text, compare_to=old["value"], is_headline=not is_noise)]


def _pair(rows: pd.DataFrame) -> tuple[dict | None, dict | None]:
    """The rows of the new and of the established customers (returned ones among them where they are one group)."""
    by_group = {row["left"]: row for row in rows.to_dict("records") if row["right"] == LOST}
    return by_group.get(NEW), by_group.get(ESTABLISHED, by_group.get(BOTH))


def _who(row) -> Message:
    return say("established and returned") if row["left"] == BOTH else say("established")


def _difference(one: dict, other: dict) -> Estimate:
    return difference_of_shares(one["count"], one["base"], other["count"], other["base"])


def _converted(table: pd.DataFrame, before: dt.date, now: dt.date) -> list[Finding]:
    rows = table[table["left"].eq(PROSPECT)]
    waiting = rows.loc[rows["right"].eq(PROSPECT), "count"]
    if waiting.empty or not is_tellable(base := int(rows["base"].iloc[0])) or base == waiting.iloc[0]:
        return []
    share = wilson(base - int(waiting.iloc[0]), base)
    text = say(
        "**{value:share}** of the prospects of {before:date} had become customers by {now:date} (interval {low:share} to {high:share}).",
        value=share.value, before=before, now=now, low=share.low, high=share.high,
    )  # fmt: skip
    return [
        Finding(
            "movement.prospect.converted", text, share.value, base, "share", low=share.low, high=share.high,
            exhibit="moves", base_of="records", is_headline=False,
        )
    ]  # fmt: skip


def movement_exhibit(table: pd.DataFrame, before: dt.date, now: dt.date, is_loss_seen: bool = True) -> Exhibit:
    """The transition matrix of customers as a heat map: a row a group at first, a column a group at the later landmark."""
    if not is_loss_seen:
        reason = say("The data cannot tell who is lost: customers only grow older in them.")
        return Exhibit("movement", say("Who moved from which group to which"), absent=reason)
    told = table[~table["left"].isin((PROSPECT, OUTSIDE)) & table["base"].map(is_tellable)]
    columns = [name for name in GROUPS if name in set(told["right"])]
    grid = told.pivot(index="left", columns="right", values="value").reindex(columns=columns)
    grid = grid.reindex([name for name in GROUPS if name in grid.index])
    unsure = {left for left, right in zip(told["left"], told["right"], strict=True) if "+" in right}
    frame = grid.mask(grid.isna() & ~grid.index.isin(unsure)[:, None].repeat(len(columns), 1), 0.0).stack(future_stack=True)
    frame = frame.rename("value").reset_index()
    subtitle = say(
        "Customers; rows: the group on {before:date}; columns: the group on {now:date}; in % of the row; – where few customers would be given away",
        before=before, now=now,
    )  # fmt: skip
    shown = frame.assign(
        row=frame["left"].map(GROUP_NAMES),
        column=frame["right"].map(GROUP_NAMES),
        text=[None if np.isnan(value) else say("{share:share}", share=value) for value in frame["value"]],
    )
    return Exhibit("movement", _movement_title(table, before), subtitle, shown, options={"limit": 1.0})


def _movement_title(table: pd.DataFrame, before: dt.date) -> Message:
    """Whether new customers are lost more often than established ones: one comparison, chosen beforehand."""
    new, old = _pair(table)
    if new is None or old is None:
        return say("Who stayed in the group of {before:date}, and who moved", before=before)
    apart = _difference(new, old)
    is_noise = apart.low <= 0 <= apart.high
    return say(
        "{new:share} of the new and {old:share} of the {others} customers of {before:date} are lost since: {verdict}",
        new=new["value"], old=old["value"], others=_who(old), before=before,
        verdict=say("no difference beyond noise") if is_noise else say("a difference beyond noise"),
    )  # fmt: skip


def group_label(groups: str) -> Message:
    """The name of a group, or of several joined by "+"."""
    first, *others = groups.split("+")
    label = GROUP_NAMES[first]
    for other in others:
        label = say("{first}, or {second}", first=label, second=GROUP_NAMES[other])
    return label


def moves_exhibit(table: pd.DataFrame, before: dt.date, now: dt.date, is_loss_seen: bool = True) -> Exhibit:
    """The same as a table, prospects and newcomers too, with numbers and intervals; numbers alone where no loss can be seen."""
    numbers = say(
        "The whole book is counted; the 95% interval of each share (Wilson) is for customers like these. Movements that would give few customers away stand together. Who was not yet known has no share"
    )
    bare = say(
        "The whole book is counted; no shares, since the data cannot tell who is lost. Movements that would give few customers away stand together"
    )
    shares = (
        Column("value", say("Share of the group"), "share"),
        Column("low", say("From"), "share", say("95% interval")),
        Column("high", say("To"), "share", say("95% interval")),
    )  # fmt: skip
    return Exhibit(
        name="moves",
        title=say("Movements from {before:date} to {now:date}, in numbers", before=before, now=now),
        subtitle=numbers if is_loss_seen else bare,
        frame=table.assign(left=table["left"].map(GROUP_NAMES), right=table["right"].map(group_label)),
        columns=(
            Column("left", say("From group")),
            Column("right", say("To group")),
            Column("count", say("Customers"), "count", say("in number")),
            *(shares if is_loss_seen else ()),
        ),
    )


def flow_exhibit(table: pd.DataFrame, before: dt.date, now: dt.date, is_loss_seen: bool = True) -> Exhibit:
    """The movements of who is, or ever was, a customer at the later landmark, as bands."""
    rows = table[table["right"].ne(PROSPECT)]
    frame = pd.DataFrame({"left": rows["left"].map(GROUP_NAMES), "right": rows["right"].map(group_label), "value": rows["count"]})
    return Exhibit(
        name="flow",
        title=_flow_title(rows if is_loss_seen else rows.iloc[:0], before),
        subtitle=say(
            "Who is, or ever was, a customer on {now:date}, by group on both dates; grey: the same group; blue: another. Movements that would give few customers away stand together",
            now=now,
        ),
        frame=frame.reset_index(drop=True),
        options={"left_label": say("{day:date}", day=before), "right_label": say("{day:date}", day=now)},
    )  # fmt: skip


def _flow_title(rows: pd.DataFrame, before: dt.date) -> Message:
    kept = rows[rows["left"].isin((ESTABLISHED, BOTH))]
    if kept.empty or kept["right"].map(lambda groups: "+" in groups and LOST in groups).any():
        return say("Who stayed in the group of {before:date}, and who moved", before=before)
    return say(
        "{share:share} of the {who} customers of {before:date} are customers still",
        share=1 - kept.loc[kept["right"].eq(LOST), "value"].sum(), who=_who(kept.iloc[0]), before=before,
    )  # fmt: skip
