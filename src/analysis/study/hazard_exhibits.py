"""Which model is shown, how good it is at the bank's capacity, and in which month customers leave: exhibits and findings."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.finding import Column, Exhibit, Finding
from analysis.stats.intervals import Estimate
from analysis.study.disclosed import is_tellable
from analysis.study.hazard import HazardFit, baseline
from analysis.study.hazard_challenger import CANDIDATES, LOGISTIC, Compared
from analysis.study.warning_quality import SHIFTED, Stability, capacity_share, lead_times, measures, stability
from analysis.wording import Message, say

NOT_JUDGED = say("No later landmark has matured at which models could be compared.")
MEASURES: dict[str, Message] = {
    "auc": say("AUC (0.5 is chance)"),
    "average_precision": say("Average precision (PR-AUC)"),
    "log_loss": say("Log loss (0 is perfect)"),
    "brier": say("Brier score (0 is perfect)"),
    "skill": say("Brier skill (0: no better than one share for all)"),
    "slope": say("Calibration slope (1 is right)"),
    "intercept": say("Calibration intercept (0 is right)"),
    "precision": say("Precision at capacity"),
    "lift": say("Lift at capacity"),
}
LEAD = say("Lead (days, median)")


class Quality(NamedTuple):
    """Of the published model at later landmarks: `share` of customers that the `capacity` (customers a month) reaches, `table` of
    measures (see `warning_quality.measures`), `lead` (days), `stability`, and by candidate the same measures `of_all`."""

    capacity: int
    share: float
    table: pd.DataFrame
    lead: Estimate | None
    stability: Stability | None
    of_all: dict[str, pd.DataFrame]


def quality(found: Compared | None, capacity: int) -> Quality | None:
    """None without predictions for later landmarks."""
    if found is None:
        return None
    made = found.predictions
    share = capacity_share(capacity, len(made) / made["landmark"].nunique())
    names = [name for name in CANDIDATES if name in made]
    of_all = {name: measures(made[name], made["outcome"], made["customer_id"], share) for name in names}
    own = found.chosen
    return Quality(capacity, share, of_all[own], lead_times(made, own, share), stability(made, own), of_all)


def models_exhibit(found: Compared | None, judged: Quality | None) -> Exhibit:
    """The candidates side by side."""
    heading = say("Which model is shown")
    if found is None or judged is None:
        return Exhibit("models", heading, absent=NOT_JUDGED)
    rows = []
    for name, table in judged.of_all.items():
        by = table.set_index("measure")
        shown = {
            measure: by.loc[measure, "value"] for measure in ("auc", "average_precision", "brier", "skill", "slope", "precision")
        }
        rows.append({"label": CANDIDATES[name], **shown, "low": by.loc["auc", "low"], "high": by.loc["auc", "high"]})
    return Exhibit(
        name="models",
        title=_choice_words(found),
        subtitle=say(
            "The same rows at later landmarks, every model having seen only outcomes known by then; the logistic is shown unless another is better in log loss beyond doubt, and not worse in the others (paired 95% intervals, all at once); AUC with its interval; base: {base:count} observations",
            base=len(found.predictions),
        ),
        frame=pd.DataFrame(rows),
        columns=(
            Column("label", say("Model compared")),
            Column("auc", say("AUC"), "number"),
            Column("low", say("From"), "number", say("95% interval")),
            Column("high", say("To"), "number", say("95% interval")),
            Column("average_precision", say("Average precision"), "number"),
            Column("brier", say("Brier score"), "number.3"),
            Column("skill", say("Brier skill"), "number"),
            Column("slope", say("Calibration slope"), "number"),
            Column("precision", say("Precision at capacity"), "share"),
        ),
    )


def quality_exhibit(judged: Quality | None) -> Exhibit:
    """Every measure of the published model with its interval."""
    heading = say("How good the predictions are")
    if judged is None:
        return Exhibit("quality", heading, absent=NOT_JUDGED)
    precision = judged.table.set_index("measure").loc["precision"]
    if not _tellable(precision):
        return Exhibit("quality", heading, absent=say("Too few customers left among those whom the capacity reaches."))
    return Exhibit(
        name="quality",
        title=say(
            "Of {reached:share} of customers, whom {capacity:count} contacts a month reach, {value:share} left",
            reached=judged.share, capacity=judged.capacity, value=precision["value"],
        ),
        subtitle=say("The model shown, at later landmarks; 95% intervals robust to customers who recur; average precision by bootstrap of customers; lead: days from the landmark until half of the leavers whom the capacity reaches could be seen to leave, of these leavers, each counted once"),
        frame=_with_lead(judged.table.assign(label=judged.table["measure"].map(MEASURES)), judged.lead),
        columns=(
            Column("label", say("Measure")),
            Column("value", say("Value"), "number.3"),
            Column("low", say("From"), "number.3", say("95% interval")),
            Column("high", say("To"), "number.3", say("95% interval")),
            Column("base", say("Base"), "count", say("customers × landmarks")),
        ),
    )  # fmt: skip


def _with_lead(table: pd.DataFrame, lead: Estimate | None) -> pd.DataFrame:
    if lead is None or not is_tellable(lead.base):
        return table
    days = {name: say("{days:days}", days=getattr(lead, name)) for name in ("value", "low", "high")}
    row = {"measure": "lead", "label": LEAD, **days, "base": lead.base}
    return pd.concat([table, pd.DataFrame([row])], ignore_index=True)


def months_exhibit(hazard: HazardFit | None) -> Exhibit:
    """The hazard of the average customer by month since the landmark."""
    heading = say("In which month customers leave")
    if hazard is None:
        return Exhibit("months", heading, absent=say("Too few customers left for a model by month."))
    table = baseline(hazard)
    top = table.loc[table["value"].idxmax()]
    kept = 0 if hazard.tested is None else int(hazard.tested["is_kept"].sum())
    return Exhibit(
        name="months",
        title=say("Leaving of an average customer by month, as it can be seen: most in month {month:count} after the landmark, {value:share.2}", month=top["x"], value=top["value"]),
        subtitle=say(
            "Discrete-time hazard: share who leave in a month of those who have not left before, attributes at their average, in %; band, 95% interval robust to customers who recur; curves and season kept beyond noise: {kept:count} of {asked:count}",
            kept=kept, asked=0 if hazard.tested is None else len(hazard.tested),
        ),
        frame=table.assign(series=say("Average customer"), base=hazard.fit.base),
        x_label=say("Month after the landmark"),
        x_unit="count",
    )  # fmt: skip


def stability_exhibit(judged: Quality | None) -> Exhibit:
    """Scores and AUC by landmark."""
    heading = say("Stability of the scores")
    if judged is None or judged.stability is None:
        return Exhibit("stability", heading, absent=say("Fewer than two later landmarks have matured."))
    found = judged.stability
    title = (
        say("Scores are stable: index of {value:number} at most", value=found.largest)
        if found.is_stable
        else say("Scores are not stable: index of {value:number}, or AUC fell beyond noise", value=found.largest)
    )
    return Exhibit(
        name="stability",
        title=title,
        subtitle=say(
            "Population stability index of the scores against those of the first landmark (below 0.10 stable, from {shifted:number} shifted), and AUC, by landmark",
            shifted=SHIFTED,
        ),
        frame=found.table,
        columns=(
            Column("landmark", say("Landmark"), "date"),
            Column("value", say("Stability index"), "number.3"),
            Column("auc", say("AUC"), "number"),
        ),
    )


def quality_findings(found: Compared | None, judged: Quality | None) -> list[Finding]:
    """model.choice, average_precision, brier.skill, precision.capacity, lead_days, scores.stability."""
    if found is None or judged is None:
        return []
    by = judged.table.set_index("measure")
    told = [_choice(found), *(_measure(name, by.loc[measure], text) for measure, name, text in _SENTENCES)]
    precision = by.loc["precision"]
    if _tellable(precision):
        text = say(
            "Of those whom {capacity:count} contacts a month reach by falling score, **{value:share}** left (interval {low:share} to {high:share}).",
            capacity=judged.capacity, value=precision["value"], low=precision["low"], high=precision["high"],
        )  # fmt: skip
        told.append(_finding("precision.capacity", text, precision, "share", "quality"))
    if judged.lead is not None and is_tellable(judged.lead.base):
        text = say(
            "Of the leavers whom the capacity reaches, half could be seen to leave **{value:days} days** or more after the landmark (interval {low:days} to {high:days}): so long is the lead.",
            value=judged.lead.value, low=judged.lead.low, high=judged.lead.high,
        )  # fmt: skip
        told.append(_finding("lead_days", text, pd.Series(judged.lead._asdict()), "days", "quality", "customers"))
    if judged.stability is not None:
        text = say(
            "Largest stability index of the scores at later landmarks: **{value:number}** (shifted from {shifted:number} on).",
            value=judged.stability.largest,
            shifted=SHIFTED,
        )
        told.append(
            Finding("scores.stability", text, judged.stability.largest, int(by["base"].max()), "number", compare_to=SHIFTED,
                    exhibit="stability", base_of="observations", is_headline=False)
        )  # fmt: skip
    return told


_SENTENCES = (
    ("average_precision", "average_precision", say("Average precision at later landmarks: **{value:number}** (interval {low:number} to {high:number}).")),
    ("skill", "brier.skill", say("Brier skill at later landmarks: **{value:number}** (interval {low:number} to {high:number}; 0 is no better than one share for all).")),
)  # fmt: skip


def _choice(found: Compared) -> Finding:
    rivals = found.differences[
        found.differences["candidate"].isin([name for name in CANDIDATES if name not in ("recency", LOGISTIC)])
    ]
    best = rivals[rivals["measure"] == "log_loss"].sort_values("value", ascending=False).head(1)
    if best.empty:
        return Finding("model.choice", say("No other model could be fitted to hold the logistic one against."), None, len(found.predictions), "number",
                       exhibit="models", base_of="observations", is_headline=False)  # fmt: skip
    row = best.iloc[0]
    text = say(
        "{choice}: log loss of its best rival ({rival}) is lower by {value:number.4} (interval {low:number.4} to {high:number.4}).",
        choice=_choice_words(found), rival=CANDIDATES[row["candidate"]], value=row["value"], low=row["low"], high=row["high"],
    )  # fmt: skip
    return _finding("model.choice", text, row, "number", "models")


def _choice_words(found: Compared) -> Message:
    if found.chosen == LOGISTIC:
        return say("Shown is the logistic model; no other is better beyond doubt")
    return say("Shown is a model better than the logistic beyond doubt: {model}", model=CANDIDATES[found.chosen])


def _measure(name: str, row: pd.Series, text: Message) -> Finding:
    return _finding(name, text.filled(value=row["value"], low=row["low"], high=row["high"]), row, "number", "quality")


def _finding(name: str, text: Message, row: pd.Series, unit: str, exhibit: str, base_of: str = "observations") -> Finding:
    return Finding(
        name, text, float(row["value"]), int(row["base"]), unit, low=float(row["low"]), high=float(row["high"]),
        exhibit=exhibit, base_of=base_of, is_headline=False,
    )  # fmt: skip


def _tellable(precision: pd.Series) -> bool:
    hits = np.round(precision["value"] * precision["base"])
    return bool(is_tellable(hits) and is_tellable(precision["base"] - hits))
