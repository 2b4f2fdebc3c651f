"""What the bank does about each cause of complaints, by its own table."""

import pandas as pd

from analysis.errors import UserError
from analysis.finding import Column, Exhibit
from analysis.study.complaint_stakes import Stakes, absent_exhibit
from analysis.wording import Label, say


def measures_exhibit(found: Stakes | None, actions: pd.DataFrame | None) -> Exhibit:
    """The bank's measure for each cause, with its owner and day, as its table states them (`Book.complaint_actions`). UserError: a
    category that stands twice."""
    heading = say("What the bank does about it")
    if found is None:
        return absent_exhibit("measures", heading)
    if actions is None:
        reason = say("The bank states no measures: write them in complaint_actions.csv beside its bank.yaml, with the columns category, action, action_zh, owner, owner_zh, due.")  # fmt: skip
        return Exhibit("measures", heading, absent=reason)
    _refuse_twice(actions)
    rows = [_measure(row, actions) for _, row in found.table.iterrows()]
    stated = sum(row["owner"] is not None for row in rows)
    return Exhibit(
        name="measures",
        title=say("The bank states a measure with its owner for {stated:count} of {all:count} categories", stated=stated, all=len(rows)),
        subtitle=say("From the bank's table complaint_actions.csv, commonest category first. A plan of the bank, no result of the figures"),
        frame=pd.DataFrame(rows, columns=["label", "action", "owner", "due"]),
        columns=(Column("label", say("Category")), Column("action", say("What the bank does")), Column("owner", say("Owner")), Column("due", say("Due"))),
    )  # fmt: skip


def _measure(row: pd.Series, actions: pd.DataFrame) -> dict:
    fits = actions[actions["category"].isin([row["cause"], ""])]
    if fits.empty:
        return {"label": row["label"], "action": say("the bank's table has no row for it"), "owner": None, "due": None}
    first = fits.iloc[0]
    return {
        "label": row["label"],
        "action": Label(first["action"], others={"zh": first["action_zh"]}),
        "owner": Label(first["owner"], others={"zh": first["owner_zh"]}) if first["owner"] else None,
        "due": say("{day:date}", day=first["due"]) if first["due"] else None,
    }


def _refuse_twice(actions: pd.DataFrame) -> None:
    again = actions[actions["category"].duplicated()]
    if len(again):
        row = again.iloc[0]
        raise UserError(f"{row['place']}: the category '{row['category']}' stands twice; take one of the two out.")
