"""Whether the items of a construct measure one thing, and two constructs different things."""

from collections.abc import Mapping

import pandas as pd

from analysis.finding import Column, Exhibit, Finding
from analysis.stats.intervals import simultaneous
from analysis.stats.reliability import (
    FLOOR_CEILING_MARK,
    alpha_bootstrap,
    alpha_without,
    composite_reliability,
    first_component,
    floor_and_ceiling,
    htmt,
)  # fmt: skip
from analysis.study.satisfaction_path import PATH_ANSWERS_NEEDED, PathFound, marks_by_item, usable_blocks
from analysis.study.survey import ANSWERS_NEEDED, Questionnaire
from analysis.wording import Message, listed, say

RELIABLE_FROM = 0.7
STRICT_LIMIT, USUAL_LIMIT = 0.85, 0.90
LOWEST, LOWEST_OF_RECOMMEND, HIGHEST = 1.0, 0.0, 10.0


def reliability(
    wide: pd.DataFrame,
    recent: pd.DataFrame,
    asked: Questionnaire,
    found: PathFound | None = None,
    replicates: int = 500,
    seed: int = 7,
) -> pd.DataFrame | None:
    """Of each declared construct whose items at least 30 customers all answered: construct, items (how many), value (Cronbach's
    alpha of standardised items) with low and high (bootstrap), without (the highest alpha with one item left out), rho
    (Dillon-Goldstein, first component), ave (of the path model `found`), floor, ceiling (shares), base, and reaches (True
    where the interval, all constructs read at once, lies at 0.7 or above, False below, else None). One item alone has
    neither alpha nor rho. None where there is no such construct."""
    marks = marks_by_item(wide, recent)
    blocks = usable_blocks(marks, asked, list(asked.constructs))
    parts = {name: marks[items].dropna() for name, items in blocks.items() if items}
    rows = [_measured(name, part, replicates, seed) for name, part in parts.items() if len(part) >= ANSWERS_NEEDED]
    if not rows:
        return None
    table = pd.DataFrame(rows)
    extracted = {} if found is None else found.model.constructs.set_index("construct")["communality"].to_dict()
    ave = table["construct"].map(extracted).where(table["items"] > 1)
    return table.assign(ave=ave.astype(float), reaches=_reaches(table))


def _measured(name: str, part: pd.DataFrame, replicates: int, seed: int) -> dict:
    lowest = [LOWEST_OF_RECOMMEND if item == "recommend" else LOWEST for item in part]
    floor, ceiling = floor_and_ceiling(part, lowest, [HIGHEST] * part.shape[1])
    row = {"construct": name, "items": part.shape[1], "floor": floor.value, "ceiling": ceiling.value, "base": len(part)}
    if part.shape[1] < 2 or (part.nunique() < 2).any():
        return row | dict.fromkeys(("value", "low", "high", "without", "rho"), float("nan"))
    alpha = alpha_bootstrap(part, True, replicates, seed)
    rho = composite_reliability(first_component(part))
    return row | alpha._asdict() | {"without": alpha_without(part, True).max(), "rho": rho}


def _reaches(table: pd.DataFrame) -> list[bool | None]:
    known = simultaneous(table[table["value"].notna()])
    sure = {
        index: True if row["low"] >= RELIABLE_FROM else False if row["high"] < RELIABLE_FROM else None
        for index, row in known.iterrows()
    }
    return [sure.get(index) for index in table.index]


def reliability_findings(table: pd.DataFrame | None, labels: Mapping[str, Message]) -> list[Finding]:
    """Cronbach's alpha of each construct of two or more items."""
    if table is None:
        return []
    return [
        Finding(
            f"reliability.{row['construct']}", _alpha_text(row, labels), row["value"], int(row["base"]), "number", low=row["low"],
            high=row["high"], compare_to=RELIABLE_FROM, exhibit="reliability", base_of="answers", is_headline=row["reaches"] is False,
        )
        for _, row in table[table["value"].notna()].iterrows()
    ]  # fmt: skip


def _alpha_text(row: pd.Series, labels: Mapping[str, Message]) -> Message:
    numbers = {name: row[name] for name in ("value", "low", "high", "items")} | {
        "label": labels[row["construct"]],
        "mark": RELIABLE_FROM,
    }
    if row["reaches"] is True:
        return say(
            "{label}: Cronbach's alpha of its {items:count} items is **{value:number}** (interval {low:number} to {high:number}), above the usual mark of {mark:number.1}.",
            **numbers,
        )
    if row["reaches"] is False:
        return say(
            "{label}: Cronbach's alpha of its {items:count} items is **{value:number}** (interval {low:number} to {high:number}), below the usual mark of {mark:number.1}: the items are better read one by one.",
            **numbers,
        )
    return say("{label}: Cronbach's alpha of its {items:count} items is **{value:number}** (interval {low:number} to {high:number}); whether it reaches the usual mark of {mark:number.1} is open.", **numbers)  # fmt: skip


def reliability_exhibit(table: pd.DataFrame | None, labels: Mapping[str, Message]) -> Exhibit:
    """Alpha, composite reliability, variance extracted, floor and ceiling of each construct."""
    if table is None:
        absent = say(
            "The bank declares no constructs of its survey, or fewer than {needed:count} customers answered all items of one.",
            needed=ANSWERS_NEEDED,
        )
        return Exhibit("reliability", say("Reliability"), absent=absent)
    subtitle = say("Cronbach's alpha with its 95% interval; the highest alpha with one item left out; composite reliability; average variance extracted; shares of customers who give the lowest and the highest mark to all items (from {mark:share.0} a floor or ceiling); one item alone has no alpha", mark=FLOOR_CEILING_MARK)  # fmt: skip
    interval = say("95% interval")
    return Exhibit(
        name="reliability",
        title=_reliability_title(table, labels),
        subtitle=subtitle,
        frame=table.assign(label=[labels[name] for name in table["construct"]]),
        columns=(
            Column("label", say("Construct")),
            Column("items", say("Items"), "count"),
            Column("value", say("Alpha"), "number"),
            Column("low", say("From"), "number", interval),
            Column("high", say("To"), "number", interval),
            Column("without", say("One item less"), "number", say("alpha, at most")),
            Column("rho", say("Composite reliability"), "number"),
            Column("ave", say("Variance extracted"), "number"),
            Column("floor", say("Floor"), "share"),
            Column("ceiling", say("Ceiling"), "share"),
            Column("base", say("Base"), "count", say("answers")),
        ),
    )


def _reliability_title(table: pd.DataFrame, labels: Mapping[str, Message]) -> Message:
    judged = table[table["value"].notna()]
    high = listed(labels[name] for name in table.loc[table["ceiling"] >= FLOOR_CEILING_MARK, "construct"])
    ceiling = "" if high is None else say("; at the ceiling: {labels}", labels=high)
    if judged.empty:
        return say("No construct has two items or more, so that none has an alpha{ceiling}", ceiling=ceiling)
    sure = sum(reaches is True for reaches in judged["reaches"])
    return say("Constructs that reach the usual mark of 0.7, beyond noise: {sure:count} of {all:count}{ceiling}", sure=sure, all=len(judged), ceiling=ceiling)  # fmt: skip


def validity(
    wide: pd.DataFrame, recent: pd.DataFrame, asked: Questionnaire, replicates: int = 500, seed: int = 7
) -> tuple[pd.DataFrame, int] | None:
    """Heterotrait-monotrait ratio (HTMT) of each pair of constructs of two or more items: first, second, value, low, high (95 %
    for all pairs at once), worst first; and the base, customers who answered all items. None where fewer than two constructs
    can be compared or fewer than 100 customers answered."""
    marks = marks_by_item(wide, recent)
    blocks = {name: items for name, items in usable_blocks(marks, asked, list(asked.constructs)).items() if len(items) > 1}
    rows = marks[list(dict.fromkeys(item for items in blocks.values() for item in items))].dropna()
    if len(blocks) < 2 or len(rows) < PATH_ANSWERS_NEEDED or (rows.nunique() < 2).any():
        return None
    table = simultaneous(htmt(rows, blocks, replicates, seed).dropna(subset="value"))
    if table.empty:
        return None
    table = table.assign(low=table["low"].clip(lower=0.0))
    return table.sort_values("value", ascending=False, kind="stable", ignore_index=True), len(rows)


def validity_findings(found: tuple[pd.DataFrame, int] | None, labels: Mapping[str, Message]) -> list[Finding]:
    """How many pairs of constructs are told apart; the pair least told apart."""
    if found is None:
        return []
    table, base = found
    worst = table.iloc[0]
    numbers = {"apart": _apart(table), "all": len(table), "first": labels[worst["first"]], "second": labels[worst["second"]]}
    numbers |= {"value": worst["value"], "low": worst["low"], "high": worst["high"]}
    text = say(
        "The survey tells **{apart:count} of {all:count}** pairs of constructs apart; the highest ratio is that of {first} and {second}: {value:number} (interval, all pairs at once, {low:number} to {high:number}).",
        **numbers,
    )  # fmt: skip
    about = {"compare_to": len(table), "exhibit": "validity", "base_of": "answers", "is_headline": False}
    return [Finding("validity.apart", text, _apart(table), base, "count", **about)]


def _apart(table: pd.DataFrame) -> int:
    return int((table["high"] < USUAL_LIMIT).sum())


def validity_exhibit(found: tuple[pd.DataFrame, int] | None, labels: Mapping[str, Message]) -> Exhibit:
    """Which constructs the survey tells apart."""
    if found is None:
        absent = say("Two constructs of two or more items each, answered by at least {needed:count} customers, are needed to hold one against the other.", needed=PATH_ANSWERS_NEEDED)  # fmt: skip
        return Exhibit("validity", say("Are the constructs different things?"), absent=absent)
    table, base = found
    pairs = [say("{first} and {second}", first=labels[row["first"]], second=labels[row["second"]]) for _, row in table.iterrows()]
    interval = say("95% interval")
    return Exhibit(
        name="validity",
        title=say("Pairs of constructs that the survey tells apart: {apart:count} of {all:count}", apart=_apart(table), all=len(table)),
        subtitle=say("Heterotrait-monotrait ratio: correlation of items across two constructs against that within them, 1 where they measure the same; 95% intervals for all pairs at once; told apart where the upper limit lies below {usual:number}, clearly below {strict:number}; base: {base:count} customers who answered all items", usual=USUAL_LIMIT, strict=STRICT_LIMIT, base=base),
        frame=table.assign(label=pairs, verdict=[_verdict(row) for _, row in table.iterrows()]),
        columns=(
            Column("label", say("Pair")),
            Column("value", say("Ratio"), "number"),
            Column("low", say("From"), "number", interval),
            Column("high", say("To"), "number", interval),
            Column("verdict", say("Told apart")),
        ),
    )  # fmt: skip


def _verdict(row: pd.Series) -> Message:
    if row["high"] < USUAL_LIMIT:
        return say("clearly") if row["high"] < STRICT_LIMIT else say("yes")
    return say("no") if row["low"] >= USUAL_LIMIT else say("not surely")
