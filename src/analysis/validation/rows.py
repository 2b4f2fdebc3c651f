"""Each published estimate of one bank beside its truth."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from analysis.bank.book import Book
from analysis.finding import Finding
from analysis.study.survey import questionnaire, windows
from analysis.validation.fitted import fitted_truths
from analysis.validation.identified import identity_facts
from analysis.validation.naive import (
    SIMULATED,
    Naive,
    naive_auc,
    naive_churn,
    naive_drivers,
    naive_scores,
    window_answers,
)
from analysis.validation.oracle import oracle_widths
from analysis.validation.studies import (
    DATA,
    MODEL,
    SATISFACTION,
    Answers,
    Parameters,
    answers,
    churn_rule,
    published_model,
    survey_tables,
)
from analysis.validation.truth import Truth

EFFECT, NO_EFFECT = "ame.", "ame.none"
ANY_EFFECT = "ame.<attribute>"
OF_EVERYBODY, FORMS = ("overall_mean", "top_two_box", "nps"), ("weighted", "bounds")
OF_THE_MODEL = ("auc", "lift.top_tenth", "calibration.slope")
NO_VALUE = "the study gives no value"
LEVER_ALONE = "cause_alone."
NO_TRUTH = "no truth is stated"


@dataclass(frozen=True)
class Row:
    """A finding's `id`, its `truth` (with the `mc_error` of its simulation) and its estimate. `covered`: whether the interval holds
    the truth (None without either); `naive` what a hurried estimate says, and `naive_is` which; `oracle_width` see `oracle`;
    `ceiling`: the AUC of the true probabilities, which no model can pass; `note` why something is lacking."""

    id: str
    truth: float | None
    value: float | None
    low: float | None
    high: float | None
    covered: bool | None
    world: str
    seed: int
    unit: str | None = None
    base: int | None = None
    naive: float | None = None
    naive_is: str | None = None
    oracle_width: float | None = None
    mc_error: float | None = None
    ceiling: float | None = None
    note: str | None = None

    def to_json(self) -> dict:
        """The row as plain JSON."""
        return asdict(self)


def bank_rows(book: Book, truth: Truth, asked: Parameters) -> tuple[list[Row], Answers]:
    """Runs every study of `asked` (report → parameters) on the bank and holds the findings against the truth."""
    answered = answers(book, asked)
    facts = {name: _seen_from(fact, str(book.as_of)) for name, fact in truth.facts.items()}
    facts |= {f"{name}.{form}": facts[name] for name in OF_EVERYBODY for form in FORMS if name in facts}
    facts |= _by_rule(facts)
    ceiling = facts.pop("auc", None)
    if DATA in asked:
        facts |= identity_facts(book.identity(of_all=True), truth.parties)
    naive = {name: Naive(float(fact["naive"]), SIMULATED) for name, fact in facts.items() if fact.get("naive") is not None}
    naive |= _naive_opinions(book, asked)
    if MODEL in asked:
        found, hurried = ({}, {}) if MODEL in answered.refused else _churn_side(book, truth, asked)
        facts |= _model_facts(found, set(answered.findings))
        naive |= hurried
    known = {name: number(fact["value"]) for name, fact in facts.items() if number(fact["value"]) is not None}
    bases = {name: found.base for name, found in answered.findings.items() if found.base}
    widths = oracle_widths(known, bases, _counted(book, asked))
    rows = compare(answered.findings, facts, naive, widths, truth.world, truth.seed)
    return [_with_ceiling(row, ceiling) for row in rows], answered


def _by_rule(facts: Mapping[str, dict]) -> dict[str, dict]:
    """The facts of a lever by itself under each rule of leaving, which the simulator keeps with the whole."""
    return {
        f"{name}.{rule}": {**fact, "value": value, "naive": None, "by_rule": None}
        for name, fact in facts.items()
        if name.startswith(LEVER_ALONE) and fact.get("value") is not None
        for rule, value in (fact.get("by_rule") or {}).items()
    }


def _churn_side(book: Book, truth: Truth, asked: Parameters) -> tuple[dict[str, float], dict[str, Naive]]:
    """What needs the model or the history of features: truths that hang on the fit, and naive estimates."""
    rule, history = churn_rule(asked), book.feature_history()
    model = published_model(book, rule)
    naive = naive_churn(history, book.as_of, rule) | naive_auc(model, history, book.as_of, rule)
    return fitted_truths(model, history, book.as_of, rule, truth.risks), naive


def _model_facts(truths: Mapping[str, float], published: set[str]) -> dict[str, dict]:
    """Facts of the model's findings: of each published marginal effect, and always of OF_THE_MODEL; where no marginal effect is
    published, one that stands for its absence."""
    facts = {name: {"value": truths.get(name)} for name in OF_THE_MODEL}
    facts |= {name: {"value": value} for name, value in truths.items() if name.startswith(EFFECT) and name in published}
    is_silent = not any(name.startswith(EFFECT) for name in published)
    return facts | ({ANY_EFFECT: {"value": None}} if is_silent else {})


def compare(
    findings: Mapping[str, Finding],
    facts: Mapping[str, dict],
    naive: Mapping[str, Naive],
    widths: Mapping[str, float],
    world: str,
    seed: int,
) -> list[Row]:
    """One row a finding in the order of the reports, then one a truth (`facts`: id → value, unit, mc_error, reason) that no finding
    meets."""
    names = [*findings, *(name for name in facts if name not in findings)]
    return [_row(name, findings.get(name), facts.get(name), naive.get(name), widths.get(name), world, seed) for name in names]


def _row(name, found, fact, naive, width, world: str, seed: int) -> Row:
    truth = number(fact["value"]) if fact else None
    value, low, high = (number(getattr(found, part)) if found else None for part in ("value", "low", "high"))
    return Row(
        id=name,
        truth=truth,
        value=value,
        low=low,
        high=high,
        covered=covers(low, high, truth),
        world=world,
        seed=seed,
        unit=found.unit if found else (fact or {}).get("unit"),
        base=int(found.base) if found and found.base is not None else None,
        naive=number(naive.value) if naive else None,
        naive_is=naive.meaning if naive else None,
        oracle_width=number(width),
        mc_error=number((fact or {}).get("mc_error")),
        note=_note(name, fact, truth, value),
    )


def _note(name: str, fact: dict | None, truth: float | None, value: float | None) -> str | None:
    if value is None:
        return NO_VALUE
    return (fact or {}).get("reason", NO_TRUTH) if truth is None else None


def covers(low: float | None, high: float | None, truth: float | None) -> bool | None:
    """Whether the interval, limits included, holds the truth; None without an interval or a truth."""
    return None if None in (low, high, truth) else low <= truth <= high


def number(value: object) -> float | None:
    """A plain number for JSON; None for what is none, NaN or infinite."""
    if value is None:
        return None
    plain = float(value)
    return plain if math.isfinite(plain) else None


def _seen_from(fact: dict, as_of: str) -> dict:
    """The fact; without its value where it speaks of another day than the bank is seen from."""
    day = fact.get("as_of")
    return fact if day in (None, as_of) else {**fact, "value": None, "naive": None, "reason": f"the truth is of {day}"}


def _with_ceiling(row: Row, fact: dict | None) -> Row:
    if row.id != "auc" or fact is None or number(fact["value"]) is None:
        return row
    return Row(**{**asdict(row), "ceiling": number(fact["value"])})


def _naive_opinions(book: Book, asked: Parameters) -> dict[str, Naive]:
    tables = survey_tables(book)
    if SATISFACTION not in asked or tables is None:
        return {}
    every = window_answers(tables[0], book.as_of, asked[SATISFACTION]["window_months"])
    return naive_scores(every) | naive_drivers(tables[1], every, questionnaire(book.config.survey))


def _counted(book: Book, asked: Parameters):
    tables = survey_tables(book)
    if SATISFACTION not in asked or tables is None:
        return None
    return windows(tables[0], book.as_of, asked[SATISFACTION]["window_months"])[0]
