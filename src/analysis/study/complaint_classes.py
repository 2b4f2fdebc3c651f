"""The cause of a complaint told from its words: how well, for whom no cause is stated, and which stated causes the words deny."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.stats.intervals import Estimate
from analysis.stats.prediction import observed_share
from analysis.stats.text_classes import MOST_TRAINED, TextClassifier, Told, apart, fit_baseline, fit_classifier, judge, left_out
from analysis.study.complaint_texts import OTHER_CAUSES, ComplaintTexts, months_before

TRAINED_NEEDED, TESTED_NEEDED, OF_A_CAUSE = 200, 100, 10
TOLD_FROM = 0.5
DOUBTED_FROM, OWN_AT_MOST = 0.8, 0.05
TEST_MONTHS = 12
MOST_TESTED = 5_000


@dataclass(frozen=True)
class ClassesFound:
    """`told` and `baseline` (bag of words): the classifier judged on texts of the test months, learnt from earlier ones of other customers;
    `majority`: macro-F1 of always naming the commonest cause; `sure`: share of the tested whose cause it tells at all, `right`
    share of those that it tells rightly; `trained` texts, `since` when tests begin. `proposed`: cause, value (complaints,
    by so many customers, without a cause, or filed as other, of the last months whose words tell it), `unlabelled` how many such there are,
    `untold` (of `untold_customers`) whose words tell no cause; `doubtful`: share of the causes stated in them that the words contradict
    (of `doubtful_customers`)."""

    told: Told
    baseline: Told
    majority: float
    sure: Estimate
    right: Estimate
    trained: int
    since: pd.Timestamp
    proposed: pd.DataFrame
    unlabelled: int
    untold: int
    untold_customers: int
    doubtful: Estimate
    doubtful_customers: int


def complaint_classes(
    texts: ComplaintTexts | None, as_of: dt.date, test_months: int = TEST_MONTHS, replicates: int = 500, seed: int = 7
) -> ClassesFound | None:
    """Trained on complaints with a cause received before the last `test_months` up to `as_of`, judged on those in them. Causes with fewer
    than ten texts to learn from are passed over. None: too few texts with a cause."""
    if texts is None:
        return None
    labelled = _labelled(texts)
    since = months_before(as_of, test_months)
    is_test = (labelled.frame["received_at"] >= since).to_numpy()
    train, test = labelled.where(~is_test), labelled.where(is_test)
    if len(test.read) < TESTED_NEEDED or len(train.read) < TRAINED_NEEDED:
        return None
    train, test = _last(train, MOST_TRAINED), _last(test, MOST_TESTED)
    train = _common(train.where(apart(train.read, train.frame["subject"], test.read, test.frame["subject"])))
    test = test.where(test.frame["cause"].isin(train.frame["cause"].unique()))
    if len(train.read) < TRAINED_NEEDED or len(test.read) < TESTED_NEEDED or train.frame["cause"].nunique() < 2:
        return None
    cause, subject = test.frame["cause"], test.frame["subject"]
    model = fit_classifier(*_parts(train))
    named, sureness = _named(model, test)
    plainly, _ = _named(fit_baseline(*_parts(train)), test)
    often = np.full(len(cause), train.frame["cause"].mode()[0], dtype=object)
    is_told = sureness >= TOLD_FROM
    return ClassesFound(
        told=judge(cause, named, subject, replicates, seed),
        baseline=judge(cause, plainly, subject, replicates, seed),
        majority=judge(cause, often, subject, 2, seed).macro_f1.value,
        sure=observed_share(is_told, subject),
        right=observed_share((named == cause.to_numpy())[is_told], subject[is_told]) if is_told.any() else Estimate(None, None, None, 0),
        trained=len(train.read),
        since=since,
        **_used(texts, _common(_last(labelled, MOST_TRAINED)), since, model.model.C),
    )  # fmt: skip


def _labelled(texts: ComplaintTexts) -> ComplaintTexts:
    known = texts.frame["cause"].notna() & texts.frame["cause"].astype(str).str.strip().ne("")
    return texts.where(known)


def _common(texts: ComplaintTexts) -> ComplaintTexts:
    counts = texts.frame["cause"].map(texts.frame["cause"].value_counts())
    return texts.where(counts >= OF_A_CAUSE)


def _last(texts: ComplaintTexts, most: int) -> ComplaintTexts:
    return texts.where(np.arange(len(texts.read)) >= len(texts.read) - most)


def _parts(texts: ComplaintTexts) -> tuple:
    return texts.read, texts.frame["cause"], texts.frame["subject"]


def _named(model: TextClassifier, texts: ComplaintTexts) -> tuple[np.ndarray, np.ndarray]:
    """The likeliest cause of each text, and its probability."""
    chance = model.probabilities(texts.read)
    return np.array(model.classes, dtype=object)[chance.argmax(axis=1)], chance.max(axis=1)


def _used(texts: ComplaintTexts, labelled: ComplaintTexts, since: pd.Timestamp, strength: float) -> dict:
    """What the words say in the last months, by models that saw no complaint of the same customer."""
    model = fit_classifier(*_parts(labelled), strength=strength)
    classes = np.array(model.classes, dtype=object)
    chance = left_out(model, *_parts(labelled))
    recent = (labelled.frame["received_at"] >= since).to_numpy()
    cause = labelled.frame["cause"].astype(str)
    own = chance[np.arange(len(cause)), np.searchsorted(classes, cause)]
    is_other = cause.isin(OTHER_CAUSES).to_numpy()
    judged = recent & ~is_other
    against = (chance.max(axis=1) >= DOUBTED_FROM) & (own <= OWN_AT_MOST)
    bare = texts.where((texts.frame["received_at"] >= since) & ~texts.frame.index.isin(_places(texts)))
    more = model.probabilities(bare.read) if len(bare.read) else np.empty((0, len(classes)))
    open_ = np.vstack([chance[recent & is_other], more])
    is_told = (open_.max(axis=1) >= TOLD_FROM) & ~np.isin(classes[open_.argmax(axis=1)], OTHER_CAUSES)
    told = pd.DataFrame(
        {
            "cause": np.where(is_told, classes[open_.argmax(axis=1)], None),
            "subject": [*labelled.frame["subject"][recent & is_other], *bare.frame["subject"]],
        }
    )
    proposed = told.dropna().groupby("cause")["subject"].agg(value="size", customers="nunique").reset_index()
    return {
        "proposed": proposed.sort_values("value", ascending=False, kind="stable", ignore_index=True),
        "unlabelled": len(open_),
        "untold": int((~is_told).sum()),
        "untold_customers": int(told["subject"][~is_told].nunique()),
        "doubtful_customers": int(labelled.frame["subject"][judged & against].nunique()),
        "doubtful": observed_share(against[judged], labelled.frame["subject"][judged]) if judged.any() else Estimate(None, None, None, 0),
    }  # fmt: skip


def _places(texts: ComplaintTexts) -> pd.Index:
    """The rows with a cause."""
    known = texts.frame["cause"].notna() & texts.frame["cause"].astype(str).str.strip().ne("")
    return texts.frame.index[known]
