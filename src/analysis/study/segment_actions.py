"""What the bank does differently for each segment: its own table, led to the segments by their traits."""

import pandas as pd

from analysis.errors import UserError
from analysis.finding import Column, Exhibit
from analysis.study.segments import TRAIT_NAMES, TRAITS, Segments
from analysis.wording import Label, Message, listed, say

NOTABLE = 0.25  # robust standard deviations from the mean of all active customers
SIDES = {"high": 1, "low": -1}
JOIN = "+"


def action_exhibit(found: Segments, table: pd.DataFrame, actions: pd.DataFrame | None) -> Exhibit:
    """Segment, the row's condition in words, action and owner of each segment of `table` (see `segment_table`), as the bank's
    table states them (`Book.segment_actions`: when, action, action_zh, owner, owner_zh, place). UserError: a condition that
    names no trait."""
    if actions is None:
        return _absent(say("The bank states no actions: write them in segment_actions.csv beside its bank.yaml, with the columns when, action, action_zh, owner, owner_zh."))  # fmt: skip
    _refuse_unknown(actions)
    if found.clustering.k == 1:
        return _absent(say("There are no stable segments to treat differently."))
    chosen = {label: action_of(found, label, actions) for label in table["segment"]}
    rows = [_row(found.names[label], action) for label, action in chosen.items()]
    stated = sum(action is not None for action in chosen.values())
    return Exhibit(
        name="segment_actions",
        title=say("The bank states what to do differently for {stated:count} of {all:count} segments", stated=stated, all=len(rows)),
        subtitle=say(
            "From the bank's table segment_actions.csv: the first row whose traits all fit applies; a trait fits where the segment's mean lies at least {notable:number} robust standard deviations from that of all active personal customers. A plan of the bank, no result of the figures",
            notable=NOTABLE,
        ),
        frame=pd.DataFrame(rows, columns=["label", "when", "action", "owner"]),
        columns=(
            Column("label", say("Segment")),
            Column("when", say("Fits by")),
            Column("action", say("What to do differently")),
            Column("owner", say("Owner")),
        ),
    )  # fmt: skip


def action_of(found: Segments, label: int, actions: pd.DataFrame) -> pd.Series | None:
    """The first row of `actions` whose conditions all hold for the segment; None where none does."""
    profile = (found.traits[found.labels.eq(label)].mean() - found.traits.mean()).to_dict()
    for _, row in actions.iterrows():
        if all(SIDES[side] * profile.get(trait, 0.0) >= NOTABLE for trait, side in _conditions(row["when"])):
            return row
    return None


def _conditions(when: str) -> list[tuple[str, str]]:
    """`digital_high+assets_low` → pairs of trait and side."""
    return [tuple(part.strip().rpartition("_")[::2]) for part in when.split(JOIN)] if when.strip() else []


def _refuse_unknown(actions: pd.DataFrame) -> None:
    for _, row in actions.iterrows():
        for trait, side in _conditions(row["when"]):
            if trait not in TRAITS or side not in SIDES:
                raise UserError(
                    f"{row['place']}: '{f'{trait}_{side}'.strip('_')}' is no trait of a segment; write one of {', '.join(TRAITS)}, each "
                    f"followed by _high or _low, several of them joined by {JOIN}."
                )


def _row(name: Message, action: pd.Series | None) -> dict:
    if action is None:
        none = say("the bank's table has no row for it")
        return {"label": name, "when": None, "action": none, "owner": None}
    return {
        "label": name,
        "when": _words(_conditions(action["when"])),
        "action": Label(action["action"], others={"zh": action["action_zh"]}),
        "owner": Label(action["owner"], others={"zh": action["owner_zh"]}) if action["owner"] else None,
    }


def _words(conditions: list[tuple[str, str]]) -> Message:
    if not conditions:
        return say("any segment")
    sides = {"high": say("{trait}: high"), "low": say("{trait}: low")}
    return listed((sides[side].filled(trait=TRAIT_NAMES[trait]) for trait, side in conditions), say("{first}; {second}"))


def _absent(reason: Message) -> Exhibit:
    return Exhibit("segment_actions", say("What to do differently"), absent=reason)
