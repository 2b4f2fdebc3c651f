"""What the groups kept, raised, lost and won, as the report tells it."""

import datetime as dt

import pandas as pd

from analysis.finding import Column, Exhibit, Finding
from analysis.study.relation_value import KINDS, LEAVERS, LOWERED, NEWCOMERS, PART_NAMES, PARTS, RAISED
from analysis.study.relations import GROUP_NAMES, OUTSIDE
from analysis.wording import Message, listed, say

ROW_NAMES = {
    **GROUP_NAMES, OUTSIDE: say("Customers since"), "all": say("All"),
}  # fmt: skip


def value_findings(parts: pd.DataFrame, before: dt.date, now: dt.date) -> list[Finding]:
    """The change of assets, and each part of it, as shares of the assets at first: the parts add up to the whole."""
    whole, customers = float(parts["before"].sum()), int(parts["customers"].sum())
    total = float(parts["change"].sum()) / whole
    text = say(
        "Assets {moved} **{change:share}** from {before:date} to {now:date}{parts}.",
        moved=say("rose by") if total >= 0 else say("fell by"), change=abs(total), before=before, now=now,
        parts=_gains_and_losses(parts, whole),
    )  # fmt: skip
    each = [
        Finding(
            f"groups.assets_change.{row['part']}",
            say("{part}: **{change:points}** points of the change in assets.", part=PART_NAMES[row["part"]], change=row["change"] / whole),
            row["change"] / whole, int(row["customers"]), "points", exhibit="value_change", is_headline=False,
        )
        for row in parts.to_dict("records")
    ]  # fmt: skip
    return [Finding("groups.assets_change.total", text, total, customers, "points", exhibit="value_change"), *each]


def _gains_and_losses(parts: pd.DataFrame, whole: float) -> Message | str:
    change = parts.set_index("part")["change"] / whole
    if not {NEWCOMERS, LEAVERS, RAISED, LOWERED} <= set(change.index):
        return ""
    return say(
        ": {new:points} points lie with who became a customer since, {lost:points} with who is lost since, {stayed:points} with who stayed ({raised:points} and {lowered:points})",
        new=change[NEWCOMERS], lost=change[LEAVERS], stayed=change[RAISED] + change[LOWERED], raised=change[RAISED],
        lowered=change[LOWERED],
    )  # fmt: skip


def value_exhibit(parts: pd.DataFrame, before: dt.date, now: dt.date) -> Exhibit:
    """The change of assets as bars that add up."""
    whole = float(parts["before"].sum())
    rows = pd.DataFrame(
        {
            "label": [PART_NAMES[part] for part in parts["part"]],
            "value": parts["change"] / whole, "base": parts["customers"], "kind": "part",
        }
    )  # fmt: skip
    total = {
        "label": say("All together"),
        "value": parts["change"].sum() / whole,
        "base": parts["customers"].sum(),
        "kind": "total",
    }
    return Exhibit(
        name="value_change",
        title=_value_title(float(total["value"]), before, now),
        subtitle=say(
            "Change of assets from {before:date} to {now:date}, in percentage points of the assets at first; the parts add up to the whole; the book is counted whole",
            before=before, now=now,
        ),
        frame=pd.concat([rows, pd.DataFrame([total])], ignore_index=True),
        unit="points",
    )  # fmt: skip


def _value_title(total: float, before: dt.date, now: dt.date) -> Message:
    words = say("Assets rose by {change:share} from {before:date} to {now:date}: where it came from") if total >= 0 else say(
        "Assets fell by {change:share} from {before:date} to {now:date}: where it went"
    )  # fmt: skip
    return words.filled(change=abs(total), before=before, now=now)


def value_groups_exhibit(table: pd.DataFrame, before: dt.date, now: dt.date, currency: str) -> Exhibit:
    """For each group at first: what it held, raised, lowered, and what left with those lost since."""
    money = say("{currency}", currency=currency)
    return Exhibit(
        name="value_groups",
        title=say("What each group of {before:date} kept, raised and lost of its assets", before=before),
        subtitle=say(
            "Assets, average of three months; in each row the first three columns of money and what went with the lost add up to the assets on {now:date}; – where few customers would be given away",
            now=now,
        ),
        frame=table.assign(label=table["left"].map(ROW_NAMES), is_total=table["left"].eq("all")),
        columns=(
            Column("label", say("Group on {day:date}", day=before)),
            Column("customers", say("Customers"), "count", say("in number")),
            Column("before", say("Assets then"), "amount", money),
            Column(RAISED, say("Raised"), "amount", money),
            Column(LOWERED, say("Lowered"), "amount", money),
            Column(LEAVERS, say("Went with those lost since"), "amount", money),
            Column("now", say("Assets now"), "amount", money),
        ),
    )  # fmt: skip


def value_kinds_exhibit(table: pd.DataFrame, before: dt.date, now: dt.date, currency: str) -> Exhibit:
    """The same parts for deposits, wealth, loans and contribution."""
    shown = [part for part in PARTS if table[part].fillna(1).ne(0).any()]
    rows = ["before", *shown, "now"]
    labels = {"before": say("On {day:date}", day=before), **PART_NAMES, "now": say("On {day:date}", day=now)}
    turned = table.set_index("kind")[rows].T.rename_axis("part").reset_index()
    return Exhibit(
        name="value_kinds",
        title=_kinds_title(table),
        subtitle=say(
            "Assets: average of three months; deposits, wealth, loans: the last month; contribution: twelve months; each column adds up; rises and falls go by the column's own measure; – where few customers would be given away{absent}",
            absent="" if table["kind"].eq("contribution_12m").any() else say("; the bank brings no contributions"),
        ),
        frame=turned.assign(label=turned["part"].map(labels), is_total=turned["part"].isin(("before", "now"))),
        columns=(
            Column("label", say("Part")),
            *(Column(kind, KINDS[kind], "amount", say("{currency}", currency=currency)) for kind in table["kind"]),
        ),
    )  # fmt: skip


def _kinds_title(table: pd.DataFrame) -> Message:
    changes = [
        say("{kind} {change:points}", kind=KINDS[row["kind"]], change=row["change"] / row["before"])
        for row in table[table["before"].gt(0)].to_dict("records")
    ]
    return say("Change in per cent: {changes}", changes=listed(changes) or "")


def split_exhibit(table: pd.DataFrame, currency: str, before: dt.date, now: dt.date) -> Exhibit:
    """How much of a group's change lies in the number of its customers, how much in what each holds."""
    money = say("{currency}", currency=currency)
    return Exhibit(
        name="split",
        title=_split_title(table),
        subtitle=say(
            "Assets of each group on {before:date} and on {now:date}; a group's change = what the number of its customers adds + what the assets of each add (Kitagawa); who moved between groups counts in both; all: the sum of the groups",
            before=before, now=now,
        ),
        frame=table.assign(label=table["group"].map(ROW_NAMES), is_total=table["group"].eq("all")),
        columns=(
            Column("label", say("Group")),
            Column("customers_before", say("Customers then"), "count", say("in number")),
            Column("customers_now", say("Customers now"), "count", say("in number")),
            Column("mean_before", say("Assets of each, then"), "amount", money),
            Column("mean_now", say("Assets of each, now"), "amount", money),
            Column("change", say("Change"), "amount", money),
            Column("of_number", say("from the number of customers"), "amount", money),
            Column("of_mean", say("from the assets of each"), "amount", money),
        ),
    )  # fmt: skip


def _split_title(table: pd.DataFrame) -> Message:
    whole = table.set_index("group").loc["all"]
    held = whole["mean_before"] * whole["customers_before"]
    return say(
        "Of the change in assets, what each customer holds makes {mean:points} points, the number of customers in each group {number:points}",
        mean=whole["of_mean"] / held, number=whole["of_number"] / held,
    )  # fmt: skip
