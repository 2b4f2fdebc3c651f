"""What the groups kept, raised, lost and won of assets and contribution between two landmarks: parts that add up exactly."""

import numpy as np
import pandas as pd

from analysis.stats.dominance import hidden_amounts
from analysis.study.disclosed import hidden, is_tellable
from analysis.study.relation_movement import secret_cells
from analysis.study.relations import BOTH, ESTABLISHED, LOST, NEW, OUTSIDE, PROSPECT, RETURNED, holdings_of, together
from analysis.wording import say

RAISED, LOWERED, LEAVERS, RETURNERS, STILL_LOST, LOST_BEFORE, NEWCOMERS = PARTS = (
    "raised", "lowered", "leavers", "returned", "still_lost", "lost_before", "newcomers",
)  # fmt: skip
OTHERS = "others"
ORDER = (NEW, ESTABLISHED, RETURNED, BOTH, LOST, OUTSIDE)
PART_NAMES = {
    RAISED: say("Stayed, holding as much or more"), LOWERED: say("Stayed, holding less"), LEAVERS: say("Lost since"),
    RETURNERS: say("Returned since"), STILL_LOST: say("Lost before and still"),
    LOST_BEFORE: say("Lost before: returned, or lost still"), NEWCOMERS: say("Became customers since"),
    OTHERS: say("Others, few in number, counted together"),
}  # fmt: skip
KINDS = {
    "assets_3m": say("Assets"), "deposits": say("Deposits"), "wealth": say("Wealth"), "loans": say("Loans"),
    "contribution_12m": say("Contribution"),
}  # fmt: skip


def value_moves(
    customers: pd.DataFrame, before: pd.DataFrame, now: pd.DataFrame, measure: str = "assets_3m", is_return_told: bool = True
) -> pd.DataFrame:
    """Moves of customers (see `relation_movement.moves`) and the features of both dates → left, right, before and now (`measure`, see
    `relations.holdings_of`; currency), change, part (one of PARTS), by customer_id. Unless `is_return_told`, who was lost before is
    one part, returned or not."""
    then = holdings_of(before, measure).reindex(customers.index).fillna(0.0)
    today = holdings_of(now, measure).reindex(customers.index)
    left, right, change = customers["left"], customers["right"], today - then
    was_lost = np.where(right == LOST, STILL_LOST, RETURNERS) if is_return_told else LOST_BEFORE
    conditions = [left.isin((OUTSIDE, PROSPECT)), left == LOST, right == LOST, change >= 0]
    part = np.select(conditions, [NEWCOMERS, was_lost, LEAVERS, RAISED], LOWERED)
    return customers.assign(before=then, now=today, change=change, part=part)


def value_parts(people: pd.DataFrame) -> pd.DataFrame:
    """Value moves → one row a part: part, customers, before, now, change (currency). Parts of few customers, and others that would
    give them away, are one row, OTHERS. The changes add up to the whole change."""
    counts = people["part"].value_counts().reindex(list(PARTS), fill_value=0)
    few = set(counts.index[hidden(counts)])
    part = people["part"].where(~people["part"].isin(few), OTHERS)
    table = people.groupby(part).agg(
        customers=("change", "size"), before=("before", "sum"), now=("now", "sum"), change=("change", "sum")
    )
    return table.reindex([name for name in (*PARTS, OTHERS) if name in table.index]).rename_axis("part").reset_index()


def value_by_group(people: pd.DataFrame) -> pd.DataFrame:
    """Value moves → one row a group at the first landmark, OUTSIDE for the newcomers, "all" last: left, customers, before, raised,
    lowered, leavers (changes), now, change. In each row before + raised + lowered + leavers = now. Of who was lost before, and of
    newcomers, rises and falls stand under raised and lowered. Where few of the returned went one way, they stand with the
    established in the row BOTH. What may not be shown is missing."""
    kind = pd.Series(np.select([people["part"].eq(LEAVERS), people["change"].ge(0)], [LEAVERS, RAISED], LOWERED), people.index)
    left = people["left"].replace(PROSPECT, OUTSIDE)
    few = not kind[left.eq(RETURNED)].value_counts().map(is_tellable).all()
    people = people.assign(left=together(left) if few else left, kind=kind)
    cells = _cells(people)
    rows = people.groupby("left").agg(customers=("now", "size"), before=("before", "sum"), now=("now", "sum"))
    rows = rows.reindex(cells.index)
    rows = rows[~hidden(rows["customers"])].reindex(cells.index)
    for name in ("before", "now"):
        rows[name] = rows[name].mask(rows.index.isin(hidden_amounts(people[name], people["left"], rows.index[rows[name].isna()])))
    whole = {"customers": len(people), "before": people["before"].sum(), "now": people["now"].sum()}
    whole |= people.groupby("kind")["change"].sum().reindex(cells.columns, fill_value=0.0).to_dict()
    table = pd.concat([rows.join(cells), pd.DataFrame(whole, index=["all"])]).rename_axis("left").reset_index()
    return table.assign(change=table["now"] - table["before"])


def _cells(people: pd.DataFrame) -> pd.DataFrame:
    """Sum of changes by left and kind, those that may not be shown missing."""
    lefts = [name for name in ORDER if people["left"].eq(name).any()]
    pairs = pd.MultiIndex.from_product([lefts, [RAISED, LOWERED, LEAVERS]], names=["left", "kind"])
    cells = people.groupby(["left", "kind"])["change"].agg(["size", "sum"]).reindex(pairs, fill_value=0)
    cells = cells.rename(columns={"size": "count"}).reset_index()
    cells["sum"] = cells["sum"].astype(float).mask(secret_cells(cells, ("left", "kind")))
    return cells.pivot(index="left", columns="kind", values="sum").reindex(lefts)


def value_by_kind(customers: pd.DataFrame, before: pd.DataFrame, now: pd.DataFrame, is_return_told: bool = True) -> pd.DataFrame:
    """Moves of customers and the features of both dates → one row a measure of KINDS that both hold: kind, before, each of PARTS
    (change), now, change (currency). Raised and lowered go by the measure itself. A part to which few customers add, and others
    that would give it away, is missing."""
    rows = []
    for kind in (name for name in KINDS if name in before and name in now and now[name].fillna(0).any()):
        people = value_moves(customers, before, now, kind, is_return_told)
        by_part = people.groupby("part")["change"]
        adding = people["change"].ne(0).groupby(people["part"]).sum().reindex(list(PARTS), fill_value=0)
        sums = by_part.sum().reindex(list(PARTS), fill_value=0.0).mask(hidden(adding))
        rows.append({"kind": kind, "before": people["before"].sum(), **sums.to_dict(), "now": people["now"].sum()})
    table = pd.DataFrame(rows, columns=["kind", "before", *PARTS, "now"])
    return table.assign(change=table["now"] - table["before"])


def number_and_mean(people: pd.DataFrame) -> pd.DataFrame:
    """Value moves → one row a group, "all" last: group, customers_before, customers_now, mean_before, mean_now, change, of_number, of_mean
    (currency): the change of the group's holdings = what the number of customers adds at the mean of both means + what the mean
    adds at the mean of both numbers (Kitagawa 1955). "all" is the sum of its groups. What may not be shown is missing."""
    rows = {}
    for group in (name for name in ORDER if people[["left", "right"]].eq(name).any(axis=None) and name != OUTSIDE):
        was, is_now = people.loc[people["left"].eq(group), "before"], people.loc[people["right"].eq(group), "now"]
        rows[group] = _split(len(was), len(is_now), was.sum(), is_now.sum())
    table = pd.DataFrame(rows).T.rename_axis("group")
    whole = table[["customers_before", "customers_now", "change", "of_number", "of_mean"]].sum()
    whole["mean_before"] = people["before"].sum() / whole["customers_before"] if whole["customers_before"] else np.nan
    whole["mean_now"] = people["now"].sum() / whole["customers_now"]
    secret = hidden(table["customers_before"]) | hidden(table["customers_now"])
    secret = hidden(table["customers_before"], secret) | hidden(table["customers_now"], secret)
    table = table[~secret].reindex(table.index)
    few = hidden_amounts(people["before"], people["left"]) | hidden_amounts(people["now"], people["right"])
    table.loc[table.index.isin(few), ["mean_before", "mean_now", "change", "of_number", "of_mean"]] = np.nan
    return pd.concat([table, whole.to_frame("all").T]).rename_axis("group").reset_index()


def _split(number: int, number_now: int, total: float, total_now: float) -> dict[str, float]:
    mean = total / number if number else np.nan
    mean_now = total_now / number_now if number_now else np.nan
    both = np.nanmean([mean, mean_now]) if number or number_now else 0.0
    change = total_now - total
    of_number = (number_now - number) * both if number and number_now else change
    return {
        "customers_before": float(number), "customers_now": float(number_now), "mean_before": mean, "mean_now": mean_now,
        "change": change, "of_number": of_number, "of_mean": change - of_number,
    }  # fmt: skip
