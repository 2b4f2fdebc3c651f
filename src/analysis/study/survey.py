"""What the bank's survey asked, and which of its answers count."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.wording import Label, Message

MOST_ITEMS = 12
ANSWERS_NEEDED = 30
TOP_BOX_FROM = 9


@dataclass(frozen=True)
class Questionnaire:
    """What the bank's survey asks: label of each item; of each construct, its label and items; what measures the outcome; arrows
    between constructs."""

    items: Mapping[str, Message]
    constructs: Mapping[str, tuple[Message, list[str]]]
    outcome: frozenset[str]
    paths: tuple[tuple[str, str], ...] = ()

    @property
    def labels(self) -> dict[str, Message]:
        """Label of each item and construct."""
        return {**self.items, **{name: label for name, (label, _) in self.constructs.items()}}

    @property
    def outcome_items(self) -> set[str]:
        """Items that measure the outcome, those of its constructs among them."""
        inside = [item for name in self.outcome if name in self.constructs for item in self.constructs[name][1]]
        return set(self.outcome) | set(inside)


def questionnaire(survey) -> Questionnaire:
    """The questionnaire of a bank's definition (`config.survey`: items, constructs, outcome)."""
    return Questionnaire(
        items={name: _label(label) for name, label in survey.items.items()},
        constructs={name: (_label(construct.label), list(construct.items)) for name, construct in survey.constructs.items()},
        outcome=frozenset(survey.outcome),
        paths=tuple((start, end) for start, end in survey.paths),
    )


def _label(label) -> Label:
    return Label(label.en, others={"zh": label.zh})


def is_dated(surveys: pd.DataFrame) -> bool:
    """Whether the survey bears dates."""
    return "answered_date" in surveys and surveys["answered_date"].notna().any()


def windows(surveys: pd.DataFrame, as_of: dt.date, months: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Answers of the `months` up to `as_of`, and of as many months before; all and none where the survey bears no dates.
    Of each customer the last answer in a period counts, so that answers are independent."""
    if not is_dated(surveys):
        return last_answers(surveys), surveys.iloc[0:0]
    end = pd.Timestamp(as_of) + pd.Timedelta(days=1)
    start, earlier = end - pd.DateOffset(months=months), end - pd.DateOffset(months=2 * months)
    day = pd.to_datetime(surveys["answered_date"])
    return last_answers(surveys[(day >= start) & (day < end)]), last_answers(surveys[(day >= earlier) & (day < start)])


def last_answers(surveys: pd.DataFrame) -> pd.DataFrame:
    """The last response of each customer; responses without a customer all count."""
    order = surveys.sort_values("answered_date", kind="stable", na_position="first") if "answered_date" in surveys else surveys
    return order[order["customer_id"].isna() | ~order.duplicated("customer_id", keep="last")].sort_index()


def answers_by_item(answers: pd.DataFrame, surveys: pd.DataFrame) -> pd.DataFrame:
    """The canonical answers of these responses → response_id × item, marks."""
    asked = answers[answers["response_id"].isin(surveys["response_id"])]
    return asked.pivot(index="response_id", columns="item", values="value").astype(float)


def driver_frame(wide: pd.DataFrame, questionnaire: Questionnaire) -> pd.DataFrame:
    """Answers by item → the attributes that may go with satisfaction, complete rows only: the items that do not measure the
    outcome, or the means of their constructs where there are more than MOST_ITEMS."""
    outcome = questionnaire.outcome_items
    items = [item for item in (questionnaire.items or wide.columns) if item in wide and item not in outcome]
    if len(items) <= MOST_ITEMS:
        return wide[items].dropna()
    asked = {
        name: [item for item in inside if item in items]
        for name, (_, inside) in questionnaire.constructs.items()
        if name not in questionnaire.outcome
    }
    means = {name: wide[inside].mean(axis=1, skipna=False) for name, inside in asked.items() if inside}
    return pd.DataFrame(means, index=wide.index).dropna()
