"""Moves between stages from quarter to quarter, and how much the quarter before matters."""

import numpy as np
import pandas as pd

from analysis.finding import Column, Exhibit, Finding
from analysis.stats.transitions import ChiSquare, homogeneity, homogeneity_test, order_test, transition_matrix
from analysis.study.disclosed import hidden, is_tellable
from analysis.study.lifecycle_stages import DECLINING, GROWING, LOST, MATURE, STAGE_NAMES, STAGES
from analysis.wording import Message, say

MOVING = (GROWING, MATURE, DECLINING)
CERTAIN = 0.05


def pairs(stages: pd.DataFrame) -> pd.DataFrame:
    """Stages by landmark → one row a customer and quarter in which it was known at both ends: customer_id, quarter (its number),
    before, after."""
    days = list(stages.columns)
    made = [
        pd.DataFrame({"quarter": place, "before": stages[day], "after": stages[days[place + 1]]})
        for place, day in enumerate(days[:-1])
    ]
    return pd.concat(made).dropna(subset=["before", "after"]).reset_index()


def quarterly(moves: pd.DataFrame) -> pd.DataFrame:
    """`pairs` → the transition matrix of a quarter (see `stats.transitions`), standard errors by customer, and secret: which
    cells may not be shown."""
    matrix = transition_matrix(moves["before"], moves["after"], STAGES, moves["customer_id"])
    secret = np.concatenate([hidden(counts) for _, counts in matrix.groupby("from", sort=False)["count"]])
    few = matrix.groupby("from")["count"].transform(lambda counts: not is_tellable(counts.sum()))
    return matrix.assign(secret=secret | few.astype(bool))


def matrix_exhibit(matrix: pd.DataFrame, quarters: int) -> Exhibit:
    """The matrix as a heat map: from row to column within a quarter."""
    shown = matrix[matrix["base"].gt(0) & ~matrix["secret"]]
    if shown.empty:
        return Exhibit("matrix", say("Who moves where in a quarter"), absent=say("Every movement is one of few customers."))
    frame = pd.DataFrame(
        {
            "row": shown["from"].map(STAGE_NAMES), "column": shown["to"].map(STAGE_NAMES), "value": shown["value"],
            "text": [say("{share:share}", share=share) for share in shown["value"]],
        }
    )  # fmt: skip
    return Exhibit(
        name="matrix",
        title=_matrix_title(matrix),
        subtitle=say(
            "Of the customers in the row's stage at the end of a quarter, the share in the column's stage a quarter later, in %; {quarters:count} quarters together; moves of few customers are left out",
            quarters=quarters,
        ),
        frame=frame.reset_index(drop=True),
        options={"limit": 1.0},
    )  # fmt: skip


def _matrix_title(matrix: pd.DataFrame) -> Message:
    cells = matrix[~matrix["secret"]].set_index(["from", "to"])["value"].dropna()
    if (DECLINING, LOST) in cells and (MATURE, LOST) in cells and cells[(MATURE, LOST)] > 0:
        return say(
            "Of declining customers {declining:share} are lost within a quarter, of mature ones {mature:share}",
            declining=cells[(DECLINING, LOST)], mature=cells[(MATURE, LOST)],
        )  # fmt: skip
    stay = {stage: cells[(stage, stage)] for stage in MOVING if (stage, stage) in cells}
    if not stay:
        return say("Too few customers moved to tell who moves where")
    most = max(stay, key=stay.get)
    return say("{stage}: {share:share} are in the same stage a quarter later", stage=STAGE_NAMES[most], share=stay[most])


def moves_exhibit(matrix: pd.DataFrame, quarters: int) -> Exhibit:
    """The same numbers with their precision."""
    shown = matrix[matrix["count"].gt(0) & ~matrix["secret"]].reset_index(drop=True)
    frame = shown.assign(left=shown["from"].map(STAGE_NAMES), right=shown["to"].map(STAGE_NAMES), error=100 * shown["se"])
    return Exhibit(
        name="moves",
        title=_precision_title(shown),
        subtitle=say(
            "Share of the first stage's customers that are in the second a quarter later; {quarters:count} quarters together; standard errors allow for customers who recur; intervals 95%, for customers like these, some wider than the standard error says: none is narrower than if nobody recurred",
            quarters=quarters,
        ),
        frame=frame,
        columns=(
            Column("left", say("Stage")),
            Column("right", say("A quarter later")),
            Column("base", say("Customers × quarters"), "count", say("number")),
            Column("value", say("Share"), "share"),
            Column("error", say("Standard error"), "number", say("points")),
            Column("low", say("from"), "share", say("95% interval, %")),
            Column("high", say("to"), "share", say("95% interval, %")),
        ),
    )  # fmt: skip


def _precision_title(shown: pd.DataFrame) -> Message:
    if shown.empty:
        return say("Too few customers moved to tell who moves where")
    worst = shown.loc[(shown["high"] - shown["low"]).idxmax()]
    return say(
        "Least certain is the move from {left} to {right}: {value:share}, within {low:share} to {high:share}",
        left=STAGE_NAMES[worst["from"]], right=STAGE_NAMES[worst["to"]], value=worst["value"], low=worst["low"], high=worst["high"],
    )  # fmt: skip


def memory(stages: pd.DataFrame) -> tuple[pd.DataFrame, ChiSquare]:
    """Does the stage before the last say more? One row a pair of growing, mature, declining: before, now, value (share that stays
    in `now` a quarter later), low, high, base; and the test of all (the three stages alone: the others last a time by rule)."""
    days = list(stages.columns)
    trios = [
        pd.DataFrame(dict(zip(("first", "second", "third"), (stages[day] for day in three), strict=True)))
        for three in zip(days, days[1:], days[2:], strict=False)
    ]
    rows = pd.concat(trios).dropna().reset_index()
    own = rows[rows["first"].isin(MOVING) & rows["second"].isin(MOVING)]
    tables = []
    for stage in MOVING:
        part = own[own["second"].eq(stage)]
        table = transition_matrix(part["first"], part["third"], STAGES, part["customer_id"])
        tables.append(table[table["from"].isin(MOVING) & table["to"].eq(stage)].rename(columns={"from": "before", "to": "now"}))
    return pd.concat(tables, ignore_index=True), order_test(own["first"], own["second"], own["third"], MOVING)


def memory_exhibit(table: pd.DataFrame, test: ChiSquare) -> Exhibit:
    """Who stays in a stage, by the stage a quarter before."""
    told = [is_tellable(count) and is_tellable(base - count) for count, base in zip(table["count"], table["base"], strict=True)]
    shown = table[np.array(told, dtype=bool) & table["base"].gt(0)]
    if shown.empty:
        return Exhibit("memory", say("Does the stage before the last matter?"), absent=say("Too few customers moved twice."))
    frame = pd.DataFrame(
        {
            "label": [say("{stage} before", stage=STAGE_NAMES[stage]) for stage in shown["before"]],
            "group": [say("{stage} now", stage=STAGE_NAMES[stage]) for stage in shown["now"]],
            **{name: shown[name] for name in ("value", "low", "high", "base")},
        }
    )
    title = _memory_title(shown.set_index(["before", "now"])["value"], test)
    subtitle = say(
        "Share still in the same stage a quarter later, by the stage a quarter before, in %; intervals 95%, for customers like these"
    )
    return Exhibit("memory", title, subtitle, frame.reset_index(drop=True))


def _memory_title(stay: pd.Series, test: ChiSquare) -> Message:
    if test.p >= CERTAIN:
        return say("Beyond the stage of today, the stage a quarter before tells nothing that exceeds noise")
    if (MATURE, DECLINING) in stay and (DECLINING, DECLINING) in stay:
        return say(
            "Who has just come into decline stays a further quarter in {fresh:share} of cases, who was in it before in {old:share}",
            fresh=stay[(MATURE, DECLINING)], old=stay[(DECLINING, DECLINING)],
        )  # fmt: skip
    return say("The stage a quarter before matters beyond the stage of today")


def markov_findings(moves: pd.DataFrame, test: ChiSquare, is_tested: bool) -> list[Finding]:
    """Is it a Markov chain, and does one matrix serve all quarters? Values: chi-square ÷ degrees of freedom, 1 by chance.
    `is_tested`: a back-test of the book's shares is shown."""
    alike = homogeneity_test(homogeneity(moves["before"], moves["after"], moves["quarter"], STAGES))
    rest = {"base": len(moves), "unit": "ratio", "compare_to": 1.0, "base_of": "observations", "is_headline": False}
    made = []
    if test.degrees:
        made.append(
            Finding("lifecycle.markov", _order_text(test, is_tested), test.statistic / test.degrees, exhibit="memory", **rest)
        )
    if alike.degrees:
        made.append(
            Finding("lifecycle.homogeneity", _alike_text(alike), alike.statistic / alike.degrees, exhibit="matrix", **rest)
        )
    return made


def _order_text(test: ChiSquare, is_tested: bool) -> Message:
    ratio = test.statistic / test.degrees
    if test.p < CERTAIN:
        return say(
            "Stages are **no first-order Markov chain**: where a customer was a quarter before matters beyond its stage of today (chi-square ÷ degrees of freedom {ratio:ratio}, where chance gives 1). The paths of single customers and times in a stage must not be computed from the matrix{tested}.",
            ratio=ratio,
            tested=say("; shares of the whole book are held against what came, below") if is_tested else "",
        )  # fmt: skip
    return say(
        "That stages are a first-order Markov chain **is not refuted** (chi-square ÷ degrees of freedom {ratio:ratio}, where chance gives 1).",
        ratio=ratio,
    )


def _alike_text(test: ChiSquare) -> Message:
    ratio = test.statistic / test.degrees
    if test.p < CERTAIN:
        return say(
            "Quarters **differ beyond noise** in how customers move (chi-square ÷ degrees of freedom {ratio:ratio}, where chance gives 1); the forecast's intervals are widened by as much as they did so far.",
            ratio=ratio,
        )  # fmt: skip
    return say(
        "Quarters do **not differ beyond noise** in how customers move (chi-square ÷ degrees of freedom {ratio:ratio}, where chance gives 1).",
        ratio=ratio,
    )
