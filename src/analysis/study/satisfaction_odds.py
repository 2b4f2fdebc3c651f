"""Which marks go with a 9 or 10 overall: effects of one mark more, and whether they are the same along the scale."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.finding import Exhibit, Finding
from analysis.stats.intervals import simultaneous
from analysis.stats.logistic import NotEstimable
from analysis.stats.multiple import discoveries
from analysis.stats.ordinal import OrderedFit, fit_ordered, merged_levels
from analysis.stats.parallel_lines import ParallelLines, parallel_lines
from analysis.study.survey import TOP_BOX_FROM, Questionnaire, driver_frame
from analysis.wording import Message, listed, say

ANSWERS_PER_ITEM = 10
SIGNIFICANT = 0.05
SMALLEST_P = 0.001
ALL_MARKS = say("All marks together")
TOP_ALONE = say("9 or 10 against the rest")

Labels = Mapping[str, Message]


@dataclass(frozen=True)
class Odds:
    """Average marginal effects of one mark more of each item on the chance of a 9 or 10: `ordered` (one ordered logistic model of all
    marks) and `alone` (a logistic model of 9 or 10 against the rest): item, value, low, high (differences of shares; intervals that
    hold for all items at once), greatest first. `test` is that of parallel lines; `differing`, the items whose effect is not the same along
    the scale; `up_to`, the highest of the low marks that count as one level; `base`, complete answers, of whom `top` gave a 9 or 10,
    of `answered`."""

    ordered: pd.DataFrame
    alone: pd.DataFrame
    test: ParallelLines
    differing: list[str]
    up_to: float
    base: int
    top: int
    answered: int

    @property
    def is_parallel(self) -> bool:
        """Whether the data are compatible with coefficients that are the same along the scale."""
        return self.test.p >= SIGNIFICANT

    @property
    def effects(self) -> pd.DataFrame:
        """Those that are published: of all marks, unless the test rejects that one set of coefficients serves them."""
        return self.ordered if self.is_parallel else self.alone

    @property
    def leads(self) -> bool:
        """Whether the first item's interval lies above all others'."""
        return bool(self.effects["low"].iloc[0] > self.effects["high"].iloc[1:].max())


def odds(wide: pd.DataFrame, recent: pd.DataFrame, asked: Questionnaire) -> Odds | None:
    """Answers by item and the responses (see `drivers`) → the effects. None where ten complete answers of 9 or 10, and ten of less, for each item
    are lacking, or where the marks of the items tell the two apart without exception."""
    x = driver_frame(wide, asked)
    y = recent.set_index("response_id")["overall"].astype(float).reindex(x.index).dropna()
    x = x.loc[y.index]
    x = x.loc[:, x.nunique() > 1]
    if x.shape[1] < 2 or (levels := merged_levels(y, ANSWERS_PER_ITEM * x.shape[1], TOP_BOX_FROM)) is None:
        return None
    try:
        test = parallel_lines(x, levels)
        ordered, alone = fit_ordered(x, levels), fit_ordered(x, (y >= TOP_BOX_FROM).astype(float))
    except NotEstimable:
        return None
    found = discoveries(test.by_term["p"].to_numpy(), SIGNIFICANT).is_found
    return Odds(
        ordered=_effects(ordered, TOP_BOX_FROM),
        alone=_effects(alone, 1),
        test=test,
        differing=test.by_term.loc[found, "term"].tolist() if test.p < SIGNIFICANT else [],
        up_to=float(y[levels == levels.min()].max()),
        base=len(y),
        top=int((y >= TOP_BOX_FROM).sum()),
        answered=int(recent["overall"].notna().sum()),
    )


def _effects(fit: OrderedFit, level: float) -> pd.DataFrame:
    table = simultaneous(fit.average_marginal_effects(level)).rename(columns={"term": "item"})
    return table.sort_values("value", ascending=False, kind="stable", ignore_index=True)


def odds_findings(found: Odds | None, labels: Labels) -> list[Finding]:
    """The effect of each item, greatest first, and whether effects are the same along the scale."""
    if found is None:
        return []
    rest = {"exhibit": "odds", "base_of": "answers", "base": found.base}
    effects = [
        Finding(
            f"odds.{row['item']}", _first(found, labels) if place == 0 else _other(row, labels), row["value"],
            unit="points", evidence="adjusted", low=row["low"], high=row["high"], is_headline=place == 0, **rest,
        )
        for place, row in found.effects.iterrows()
    ]  # fmt: skip
    test = Finding("odds.parallel_p", _told_test(found, labels), found.test.p, unit="number", is_headline=False, **rest)
    return [*effects, test]


def _first(found: Odds, labels: Labels) -> Message:
    row, second = found.effects.iloc[0], found.effects.iloc[1]
    lead = "" if found.leads else say("; its lead over {second} may be chance", second=labels.get(second["item"], second["item"]))
    return say(
        "One mark more for **{item}** goes with **{value:points} points** in the share who give a 9 or 10 overall, the marks of the other attributes being equal (interval {low:points} to {high:points}){lead}.",
        item=labels.get(row["item"], row["item"]), value=row["value"], low=row["low"], high=row["high"], lead=lead,
    )  # fmt: skip


def _other(row: pd.Series, labels: Labels) -> Message:
    numbers = {"item": labels.get(row["item"], row["item"]), "value": row["value"], "low": row["low"], "high": row["high"]}
    if row["low"] <= 0 <= row["high"]:
        return say(
            "{item}: one mark more goes with {value:points} points, within noise (interval {low:points} to {high:points}).",
            **numbers,
        )
    return say("{item}: one mark more goes with {value:points} points (interval {low:points} to {high:points}).", **numbers)


def _told_test(found: Odds, labels: Labels) -> Message:
    p = _told_p(found.test.p)
    if found.is_parallel:
        return say(
            "The data are compatible with relations that are the same all along the scale of overall satisfaction (test of parallel lines, {p}): the figures rest on all marks together.",
            p=p,
        )
    if not found.differing:
        return say(
            "The relations are not the same all along the scale of overall satisfaction (test of parallel lines, {p}); the data do not tell which items it is. The figures rest on 9 or 10 against the rest alone.",
            p=p,
        )
    return say(
        "The relations are not the same all along the scale of overall satisfaction (test of parallel lines, {p}): {items} count for more at one end than at the other. The figures rest on 9 or 10 against the rest alone.",
        p=p, items=listed(labels.get(item, item) for item in found.differing),
    )  # fmt: skip


def _told_p(p: float) -> Message:
    return say("p = {p:number.3}", p=p) if p >= SMALLEST_P else say("p < {p:number.3}", p=SMALLEST_P)


def odds_exhibit(found: Odds | None, labels: Labels) -> Exhibit:
    """Effect of one mark more of each item; beside it, where the lines are not parallel, what all marks together would tell."""
    if found is None:
        absent = say(
            "Too few complete answers (ten of 9 or 10, and ten of less, for each item are needed), or the items tell the two apart without exception."
        )
        return Exhibit("odds", say("One mark more"), absent=absent)
    parts = [found.effects] if found.is_parallel else [found.alone.assign(group=TOP_ALONE), found.ordered.assign(group=ALL_MARKS)]
    frame = pd.concat(parts, ignore_index=True)
    frame = frame.assign(label=[labels.get(item, item) for item in frame["item"]], base=found.base)
    return Exhibit("odds", _title(found, labels), _subtitle(found), frame, unit="points", reference=0.0)


def _title(found: Odds, labels: Labels) -> Message:
    first = found.effects.iloc[0]
    numbers = {"item": labels.get(first["item"], first["item"]), "value": first["value"]}
    if found.leads:
        return say("One mark more for {item} goes most with a 9 or 10: {value:points} points", **numbers)
    if first["low"] <= 0:
        return say("No attribute goes with a 9 or 10 beyond noise, the others being equal")
    return say("{item} comes first with {value:points} points for one mark more; its lead may be chance", **numbers)


def _subtitle(found: Odds) -> Message:
    numbers = {"base": found.base, "answered": found.answered, "up_to": found.up_to}
    if found.is_parallel:
        return say(
            "Change of the share who give a 9 or 10 overall with one mark more, the others equal, in percentage points; ordered logistic model, marks up to {up_to:count} as one level; lines, 95% intervals for all at once; base: customers who answered every item, {base:count} of {answered:count}",
            **numbers,
        )
    return say(
        "Change of the share who give a 9 or 10 overall with one mark more, the others equal, in percentage points; logistic model of 9 or 10 against the rest, and ordered logistic model, marks up to {up_to:count} as one level; lines, 95% intervals for all at once; base: customers who answered every item, {base:count} of {answered:count}",
        **numbers,
    )
