"""How well the words of complaints tell their cause, and what they tell where none is stated, as a report shows it."""

from collections.abc import Mapping

import pandas as pd

from analysis.finding import DISCLOSURE_THRESHOLD, Column, Exhibit, Finding
from analysis.stats.intervals import Estimate
from analysis.study.complaint_classes import TESTED_NEEDED, TOLD_FROM, TRAINED_NEEDED, ClassesFound
from analysis.study.complaint_frame import id_of
from analysis.study.disclosed import hidden, is_tellable
from analysis.wording import Message, say

Names = Mapping[str, Message]


def class_findings(found: ClassesFound | None, names: Names) -> list[Finding]:
    """Kappa, macro-F1 beside the baseline's, precision and recall of each cause, what is proposed and what is doubtful."""
    if found is None:
        return []
    kappa, f1, plain = found.told.kappa, found.told.macro_f1, found.baseline.macro_f1
    base = {"base": kappa.base, "exhibit": "classes", "base_of": "complaints"}
    text = say(
        "The category told from the words agrees with the bank's own at a kappa of **{value:number}** (interval {low:number} to {high:number}) on complaints of later months by other customers; {sure:share} of them tell a category at all.",
        value=kappa.value, low=kappa.low, high=kappa.high, sure=found.sure.value,
    )  # fmt: skip
    macro = say(
        "Macro-F1 over all categories: **{value:number}** (interval {low:number} to {high:number}); a bag of words has {plain:number}, always naming the commonest category {majority:number}.",
        value=f1.value, low=f1.low, high=f1.high, plain=plain.value, majority=found.majority,
    )  # fmt: skip
    beside = say("Macro-F1 of a bag of words: {value:number} (interval {low:number} to {high:number}).", **_ends(plain))
    folded = {**base, "is_headline": False}
    return [
        Finding("complaint_text.kappa", text, kappa.value, unit="number", low=kappa.low, high=kappa.high, **base),
        Finding("complaint_text.macro_f1", macro, f1.value, unit="number", low=f1.low, high=f1.high, compare_to=plain.value, **folded),
        Finding("complaint_text.macro_f1_baseline", beside, plain.value, unit="number", low=plain.low, high=plain.high, **folded),
        *_cause_findings(_shown(found.told.classes), names),
        *_use_findings(found),
    ]  # fmt: skip


def classes_exhibit(found: ClassesFound | None, names: Names) -> Exhibit:
    """Precision, recall and F1 of each cause, and of all together."""
    if found is None:
        return Exhibit("classes", say("The category told from the words"), absent=_too_few())
    table = _shown(found.told.classes)
    frame = table.assign(
        label=[_name(label, names) for label in table["label"]],
        precision_interval=[_range(row.precision_low, row.precision_high) for row in table.itertuples()],
        recall_interval=[_range(row.recall_low, row.recall_high) for row in table.itertuples()],
    )
    columns = (
        Column("label", say("The bank's category")),
        Column("base", say("Complaints"), "count", say("number")),
        Column("precision", say("Precision"), "share"),
        Column("precision_interval", say("95% interval")),
        Column("recall", say("Recall"), "share"),
        Column("recall_interval", say("95% interval")),
        Column("f1", say("F1"), "number", say("0 to 1")),
    )
    title = say("The words tell the bank's category with a kappa of {kappa:number}, a bag of words with {plain:number}", kappa=found.told.kappa.value, plain=found.baseline.kappa.value)  # fmt: skip
    subtitle = say(
        "Learnt from {trained:count} complaints received before {since:date} by other customers and without near-copies, judged on {tested:count} received since; intervals by drawing customers anew; those of fewer than ten customers are not shown",
        trained=found.trained, since=found.since.date(), tested=found.told.kappa.base,
    )  # fmt: skip
    return Exhibit("classes", title, subtitle, frame, columns=columns)


def proposed_exhibit(found: ClassesFound | None, names: Names) -> Exhibit:
    """Causes proposed for complaints that have none or are filed as other."""
    heading = say("What complaints without a category are about, by their words")
    if found is None:
        return Exhibit("proposed", heading, absent=_too_few())
    counts = pd.Series([*found.proposed["value"], found.untold])
    secret = hidden([*found.proposed["customers"], found.untold_customers])
    rows = pd.DataFrame(
        {
            "label": [*(_name(cause, names) for cause in found.proposed["cause"]), say("the words tell no category")],
            "value": counts,
        }
    )
    rows = rows[~secret & (counts > 0)].reset_index(drop=True)
    if rows.empty or found.unlabelled < DISCLOSURE_THRESHOLD:
        return Exhibit(
            "proposed", heading, absent=say("Fewer than ten complaints lack a category, or their words tell of few each.")
        )
    title = _proposed_title(found.unlabelled, found.unlabelled - found.untold, heading)
    subtitle = say(
        "Complaints received since {since:date} without a category or filed as other, by the category that their words tell with a probability of {least:share.0} or more; a count, not a correction of the record; groups of fewer than ten customers are not shown",
        since=found.since.date(), least=TOLD_FROM,
    )  # fmt: skip
    columns = (Column("label", say("Category told by the words")), Column("value", say("Complaints"), "count", say("number")))
    return Exhibit("proposed", title, subtitle, rows, columns=columns)


def _shown(classes: pd.DataFrame) -> pd.DataFrame:
    return classes[~hidden(classes["subjects"])].sort_values("base", ascending=False, kind="stable", ignore_index=True)


def _cause_findings(classes: pd.DataFrame, names: Names) -> list[Finding]:
    texts = {
        "recall": say("Recall of {category}: **{value:share}** of its complaints are told by their words (interval {low:share} to {high:share})."),
        "precision": say("Precision of {category}: **{value:share}** of the complaints told as it are filed under it (interval {low:share} to {high:share})."),
    }  # fmt: skip
    made = []
    for row in classes.to_dict("records"):
        for measure, text in texts.items():
            value, low, high = (row[name] for name in (measure, f"{measure}_low", f"{measure}_high"))
            if value == value:
                filled = text.filled(category=_name(row["label"], names), value=value, low=low, high=high)
                numbers = {"low": low, "high": high, "exhibit": "classes", "base_of": "complaints", "is_headline": False}
                made.append(
                    Finding(f"complaint_text.{measure}.{id_of(row['label'])}", filled, value, row["base"], "share", **numbers)
                )
    return made


def _use_findings(found: ClassesFound) -> list[Finding]:
    made = []
    told = found.unlabelled - found.untold
    customers = (int(found.proposed["customers"].sum()), found.untold_customers)
    if found.unlabelled >= DISCLOSURE_THRESHOLD and all(map(is_tellable, customers)):
        text = say(
            "Of {all:count} complaints without a category or filed as other the words of **{told:count}** tell a category.",
            all=found.unlabelled, told=told,
        )  # fmt: skip
        rest = {"exhibit": "proposed", "base_of": "complaints", "is_headline": False}
        made.append(Finding("complaint_text.proposed", text, told, found.unlabelled, "count", **rest))
    share = found.doubtful
    if share.base >= DISCLOSURE_THRESHOLD and is_tellable(found.doubtful_customers):
        text = say(
            "The words contradict the stated category in **{value:share}** of complaints (interval {low:share} to {high:share}): their filing is worth a second look.",
            **_ends(share),
        )  # fmt: skip
        rest = {"exhibit": "classes", "base_of": "complaints", "is_headline": False}
        made.append(Finding("complaint_text.doubtful_labels", text, share.value, share.base, "share", low=share.low, high=share.high, **rest))  # fmt: skip
    return made


def _ends(estimate: Estimate) -> dict[str, float | None]:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}


def _name(cause: str, names: Names) -> Message | str:
    return names.get(cause, cause)


def _too_few() -> Message:
    return say(
        "Too few complaints with text and a stated category: {trained:count} to learn from and {tested:count} of the last months to judge by are needed.",
        trained=TRAINED_NEEDED, tested=TESTED_NEEDED,
    )  # fmt: skip


def _range(low: float, high: float) -> Message | None:
    return None if pd.isna(low) else say("{low:share} to {high:share}", low=low, high=high)


def _proposed_title(every: int, told: int, heading: Message) -> Message:
    if told == 0:
        return say("Of {all:count} complaints without a category or filed as other the words of none tell a category", all=every)
    if not (is_tellable(told) and is_tellable(every - told)):
        return heading
    return say(
        "Of {all:count} complaints without a category or filed as other the words of {told:share} tell a category",
        all=every, told=told / every,
    )  # fmt: skip
