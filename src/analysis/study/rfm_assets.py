"""Recency, frequency, monetary over assets: who lately added to them, who holds them steadily, who holds much."""

import pandas as pd

from analysis.finding import Exhibit, Finding
from analysis.study.disclosed import is_tellable, told_base
from analysis.study.rfm import BEST_FROM, SCORES, _quintile, rfm_cells
from analysis.study.value_rules import measure_of_half
from analysis.wording import Message, say

NEEDED = ["assets_trend", "assets_volatility", "assets_12m"]
WORTH = {
    "contribution_12m": (say("contribution"), say("mean contribution of twelve months")),
    "assets_3m": (say("assets"), say("mean assets")),
}


def rfm_assets_scores(customers: pd.DataFrame) -> pd.DataFrame:
    """Feature rows of open customers → customer_id, recency, frequency, monetary (scores 1-5 by quintile of ranks, 5 best), assets
    (what the cells are coloured by: contribution of twelve months, or assets where it is not known; currency).

    Recency is assets_trend, the latest three months against the three before. Frequency is a low assets_volatility: nearly everybody
    has assets in every month, so that the number of such months ranks nobody. Monetary is assets_12m. Who has no assets in
    either quarter has no trend and no scores."""
    if not set(NEEDED) <= set(customers):
        return pd.DataFrame(columns=["customer_id", *SCORES, "assets"])
    held = customers[customers[NEEDED].notna().all(axis=1) & customers["assets_12m"].gt(0)]
    measures = {"recency": held["assets_trend"], "frequency": -held["assets_volatility"], "monetary": held["assets_12m"]}
    scores = {name: _quintile(values) for name, values in measures.items()}
    worth = held[measure_of_half(customers)].fillna(0.0).astype(float)
    return pd.DataFrame({"customer_id": held["customer_id"], **scores, "assets": worth}).reset_index(drop=True)


def rfm_assets_findings(scores: pd.DataFrame, customers: pd.DataFrame) -> list[Finding]:
    """The share of customers who score 4 or 5 on all three, and what they bring (or hold); none where they are few."""
    best = scores[(scores[SCORES] >= BEST_FROM).all(axis=1)]
    if best.empty or not (is_tellable(len(best)) and is_tellable(len(scores) - len(best))) or scores["assets"].sum() <= 0:
        return []
    share = len(best) / len(scores)
    text = say(
        "The assets of **{share:share}** of customers lately grew most, are steady and large at once (scores 4 and 5); these customers stand for {part:share} of {what}.",
        share=share, part=best["assets"].sum() / scores["assets"].sum(), what=WORTH[measure_of_half(customers)][0],
    )  # fmt: skip
    known = int(customers[measure_of_half(customers)].notna().sum())
    base = told_base(len(scores), len(customers), known)
    return [Finding("rfm_assets.best.share", text, share, base, "share", exhibit="rfm_assets", is_headline=False)]


def rfm_assets_exhibit(scores: pd.DataFrame, customers: pd.DataFrame) -> Exhibit:
    """Mean contribution (or assets) and share of customers by how lately assets grew and how steady they are."""
    heading, average = say("Growth and steadiness of assets"), scores["assets"].mean()
    cells = scores if scores.empty else rfm_cells(scores)
    if cells.empty or not average > 0:
        return Exhibit("rfm_assets", heading, absent=say("Too few customers have assets in both of the last two quarters."))
    frame = pd.DataFrame(
        {
            "row": [say("Growth {score:count}", score=score) for score in cells["recency"]],
            "column": [say("Steadiness {score:count}", score=score) for score in cells["frequency"]],
            "value": cells["assets"] / average - 1,
            "text": [say("{share:share}", share=count / len(scores)) for count in cells["customers"]],
        }
    )
    return Exhibit(
        name="rfm_assets",
        title=_title(scores, cells, WORTH[measure_of_half(customers)][0]) or heading,
        subtitle=say(
            "Open customers with assets in both of the last two quarters. Down: assets of the latest three months against the three before; across: how little they vary over twelve months (fifths, 5 best). Colour: {worth} against the average; printed: customers, in % of these",
            worth=WORTH[measure_of_half(customers)][1],
        ),
        frame=frame.iloc[::-1].reset_index(drop=True),
    )  # fmt: skip


def _title(scores: pd.DataFrame, cells: pd.DataFrame, what: Message) -> Message | None:
    """Those whose assets both grew and are steady, where neither a hidden cell nor who of them holds little is given away."""
    axes = ["recency", "frequency"]
    both = scores[(scores[axes] >= BEST_FROM).all(axis=1)]
    is_shown = cells.loc[(cells[axes] >= BEST_FROM).all(axis=1), "customers"].sum() == len(both) > 0
    large = int((both["monetary"] >= BEST_FROM).sum())
    if not is_shown or not is_tellable(len(both) - large):
        return None
    return say(
        "The assets of {share:share} of customers both lately grew most and are steady (scores 4 and 5); these customers stand for {part:share} of {what}",
        share=len(both) / len(scores), part=both["assets"].sum() / scores["assets"].sum(), what=what,
    )  # fmt: skip
