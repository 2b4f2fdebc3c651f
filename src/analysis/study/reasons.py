"""Why a score is high: the first reason codes of the customers with the highest scores."""

import datetime as dt

import pandas as pd

from analysis.finding import Exhibit, Finding
from analysis.stats.logistic import LogisticFit
from analysis.study.disclosed import hidden
from analysis.study.model_exhibits import CAPACITY_SHARE
from analysis.study.warning_model import TERMS, reason_words
from analysis.wording import Message, say

OTHER = "other"


def first_reasons(scored: pd.DataFrame) -> pd.DataFrame:
    """Reason codes of customers (see `reason_codes`) → the first code of the tenth with the highest scores, most frequent
    first: term, value (share), base. Codes of few customers are counted together as `other`; no row where all are few."""
    top = scored.nlargest(max(int(len(scored) * CAPACITY_SHARE), 1), "score", keep="first")
    counts = top[[term for term in TERMS if term in scored]].idxmax(axis=1).value_counts()
    small = hidden(counts)
    told = counts[~small]
    if told.empty:
        return pd.DataFrame(columns=["term", "value", "base"])
    if small.any():
        told = pd.concat([told, pd.Series({OTHER: counts[small].sum()})])
    return pd.DataFrame({"term": told.index, "value": (told / len(top)).to_numpy(), "base": len(top)})


def reason_findings(fit: LogisticFit | None, table: pd.DataFrame, as_of: dt.date) -> list[Finding]:
    """The most frequent first reason code."""
    if table.empty:
        return []
    first = table.iloc[0]
    text = say(
        "Among the tenth with the highest scores on {day:date} the most frequent first reason code is **{reason}**: {share:share}.",
        day=as_of, reason=reason_words(fit, first["term"]), share=first["value"],
    )  # fmt: skip
    return [
        Finding(f"reason.{first['term']}", text, first["value"], int(first["base"]), "share", "association", exhibit="reasons")
    ]


def reasons_exhibit(fit: LogisticFit | None, table: pd.DataFrame, as_of: dt.date) -> Exhibit:
    """First reason codes as bars."""
    heading = say("Reason codes")
    if fit is None:
        return Exhibit("reasons", heading, absent=say("Without a model there are no reason codes."))
    if table.empty:
        return Exhibit("reasons", heading, absent=say("Each reason code comes first for too few customers to be shown."))
    labels = [_words(fit, term) for term in table["term"]]
    return Exhibit(
        name="reasons",
        title=say("Most frequent first reason code: {reason}", reason=labels[0]),
        subtitle=say(
            "First reason code of the tenth of customers with the highest scores on {day:date}, in %; codes of few customers are counted together",
            day=as_of,
        ),
        frame=table.assign(label=labels),
    )  # fmt: skip


def _words(fit: LogisticFit, term: str) -> Message:
    return say("Other reason codes") if term == OTHER else reason_words(fit, term)
