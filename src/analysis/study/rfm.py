"""Recency, frequency, monetary: active customers ranked by their own transactions."""

import pandas as pd

from analysis.finding import Exhibit, Finding
from analysis.study.disclosed import hidden_cells, is_tellable
from analysis.wording import Message, say

RFM_SCORES = 5
BEST_FROM = 4
SCORES = ["recency", "frequency", "monetary"]


def rfm_scores(active: pd.DataFrame) -> pd.DataFrame:
    """Feature rows of active customers → customer_id, recency, frequency, monetary (scores 1-5 by quintile of ranks, 5 best:
    last own transaction, transactions and outflow of 365 days), assets (currency)."""
    measures = {"recency": -active["recency_days"], "frequency": active["transactions_365d"], "monetary": active["outflow_365d"]}
    scores = {name: _quintile(values) for name, values in measures.items()}
    assets = active["assets_3m"].fillna(0) if "assets_3m" in active else 0.0
    return pd.DataFrame({"customer_id": active["customer_id"], **scores, "assets": assets}).reset_index(drop=True)


def _quintile(values: pd.Series) -> pd.Series:
    share = values.rank(method="average", pct=True)
    return (share * RFM_SCORES).clip(upper=RFM_SCORES - 1e-9).astype(int) + 1


def rfm_findings(scores: pd.DataFrame) -> list[Finding]:
    """The share of customers who score 4 or 5 on all three, and of assets that they hold; none where they are few."""
    best = scores[(scores[SCORES] >= BEST_FROM).all(axis=1)]
    if not is_tellable(len(best)) or scores["assets"].sum() <= 0:
        return []
    share = len(best) / len(scores)
    text = say(
        "**{share:share}** of active customers are recent, frequent and large payers at once (scores 4 and 5); they hold {assets:share} of active customers' assets.",
        share=share, assets=best["assets"].sum() / scores["assets"].sum(),
    )  # fmt: skip
    return [Finding("rfm.best.share", text, share, len(scores), "share", exhibit="rfm")]


def rfm_cells(scores: pd.DataFrame) -> pd.DataFrame:
    """Scores → recency, frequency, customers, assets (mean), a row each cell whose customers may be told, given that each
    row and column of the grid is known to hold about a fifth."""
    cells = scores.groupby(["recency", "frequency"]).agg(customers=("assets", "size"), assets=("assets", "mean")).reset_index()
    counts = cells.pivot(index="recency", columns="frequency", values="customers").fillna(0)
    secret = pd.DataFrame(hidden_cells(counts), counts.index, counts.columns).stack()
    return cells[~secret[pd.MultiIndex.from_frame(cells[["recency", "frequency"]])].to_numpy()].reset_index(drop=True)


def rfm_exhibit(scores: pd.DataFrame) -> Exhibit:
    """Mean assets and share of customers by recency and frequency."""
    cells, average = rfm_cells(scores), scores["assets"].mean()
    if cells.empty or average <= 0:
        return Exhibit("rfm", say("Recency and frequency"), absent=say("Too few customers, or no assets, in each cell."))
    frame = pd.DataFrame(
        {
            "row": [say("Recency {score:count}", score=score) for score in cells["recency"]],
            "column": [say("Frequency {score:count}", score=score) for score in cells["frequency"]],
            "value": cells["assets"] / average - 1,
            "text": [say("{share:share}", share=count / len(scores)) for count in cells["customers"]],
        }
    )
    return Exhibit(
        name="rfm",
        title=_rfm_title(scores, cells),
        subtitle=say(
            "Active customers by recency and frequency score (5 best). Colour: mean assets against the average; printed: customers, in % of all active"
        ),
        frame=frame.iloc[::-1].reset_index(drop=True),
    )


def _rfm_title(scores: pd.DataFrame, cells: pd.DataFrame) -> Message:
    """The customers who are both recent and frequent, where neither a hidden cell nor who of them pays little is given away."""
    both = scores[(scores[["recency", "frequency"]] >= BEST_FROM).all(axis=1)]
    is_shown = cells.loc[(cells[["recency", "frequency"]] >= BEST_FROM).all(axis=1), "customers"].sum() == len(both)
    paying = int((both["monetary"] >= BEST_FROM).sum())
    if not is_shown or not is_tellable(len(both) - paying):
        return say("Active customers by recency and frequency")
    return say(
        "{share:share} of active customers are both recent and frequent (scores 4 and 5) and hold {assets:share} of active customers' assets",
        share=len(both) / len(scores), assets=both["assets"].sum() / scores["assets"].sum(),
    )  # fmt: skip
