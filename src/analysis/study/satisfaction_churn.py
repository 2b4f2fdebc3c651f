"""Who gives a low mark, and who then leaves."""

import contextlib
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from analysis.stats.intervals import Estimate
from analysis.stats.logistic import NotEstimable, fit_logistic
from analysis.stats.prediction import observed_share
from analysis.study.churn import MAIN_RULE, PARTS, ChurnRule, matured, outcomes
from analysis.study.disclosed import hidden
from analysis.study.satisfaction_frame import AFTER_CONTACT, BY_LOT, BY_STAFF, DAYS_TO_ANSWER
from analysis.study.satisfaction_unasked import OCCASION, triggers
from analysis.study.survey import is_dated
from analysis.study.warning_model import EVENTS_PER_TERM, design
from analysis.wording import say

LEAVERS_NEEDED = 30
GROUPS = {"low": say("Mark 1 to 6"), "middle": say("Mark 7 or 8"), "high": say("Mark 9 or 10")}
LOWEST_MIDDLE, LOWEST_HIGH = 7, 9
KNOWN_BEFORE = (OCCASION, "tenure", "assets", "transactions", "complaint", "digital", "products", "days_silent", "corporate")
LOWER = "one_point_lower"
SIGNS = ("slowing", "assets_falling")


@dataclass(frozen=True)
class ChurnByMark:
    """`rows`: one an answer whose horizon has ended (see `marks_and_leaving`), `invited` the same of all invitations by lot (answered,
    left). `crude` and `adjusted`: odds ratio of leaving, one point of the mark lower; `known`: terms of the answer's occasion and of the customer before it that
    it is adjusted for. `shares`: by group of marks (label, value, low, high, base, events)."""

    rows: pd.DataFrame
    invited: pd.DataFrame
    shares: pd.DataFrame
    crude: Estimate | None
    adjusted: Estimate | None
    known: tuple[str, ...]
    rule: ChurnRule

    @property
    def leavers(self) -> int:
        """Customers who answered and then left."""
        return int(self.rows.loc[self.rows["left"] == 1, "customer_id"].nunique())

    @property
    def is_enough(self) -> bool:
        """Whether enough left to be told of."""
        return self.leavers >= LEAVERS_NEEDED and self.crude is not None and len(self.told) == len(GROUPS)

    @property
    def told(self) -> pd.DataFrame:
        """The groups that may be shown."""
        return self.shares[~hidden(self.shares["events"])].reset_index(drop=True)


def churn_by_mark(
    surveys: pd.DataFrame,
    invitations: pd.DataFrame | None,
    history: Mapping[dt.date, pd.DataFrame],
    as_of: dt.date,
    rule: ChurnRule,
) -> ChurnByMark | None:
    """Canonical tables and features by landmark → leaving by mark; None where answers bear no dates or no horizon has ended."""
    if not is_dated(surveys):
        return None
    rows, invited = marks_and_leaving(surveys, invitations, history, as_of, rule)
    if rows.empty:
        return None
    known = usable(rows)
    enough = rows["left"].sum() >= LEAVERS_NEEDED
    return ChurnByMark(
        rows=rows,
        invited=invited,
        shares=_shares(rows),
        crude=odds_ratio(rows) if enough else None,
        adjusted=odds_ratio(rows, known) if enough and known else None,
        known=known,
        rule=rule,
    )


def marks_and_leaving(
    surveys: pd.DataFrame,
    invitations: pd.DataFrame | None,
    history: Mapping[dt.date, pd.DataFrame],
    as_of: dt.date,
    rule: ChurnRule,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One row a customer at risk at a matured landmark that answered since the landmark before (its last answer; those that staff
    asked for left out): landmark, customer_id, mark, after_contact (0/1), left (0/1, by any rule, within the horizon after the landmark), closed, dormant, run_off, and the terms of
    `warning_model.design` at the landmark before the answer. And one row a customer invited by lot in that time, so early that it could
    answer: landmark, customer_id, answered, left."""
    days = sorted(history)
    marks = surveys.dropna(subset=["customer_id", "overall"])
    trigger = triggers(marks, invitations)
    marks = marks.assign(**{OCCASION: trigger.eq(AFTER_CONTACT).astype(float)})[trigger != BY_STAFF]
    lot = invitations[invitations["trigger"] == BY_LOT] if invitations is not None and "trigger" in invitations else None
    rows, invited = [], []
    for before, day in pairwise(days):
        if day not in matured(days, as_of, rule):
            continue
        result = outcomes(history[day], history[rule.end(day)], rule).set_index("customer_id").astype(float)
        left = result[MAIN_RULE]
        own = _between(marks, "answered_date", before, day, left)
        facts = design(history[before]).reindex(own["customer_id"]).reset_index(drop=True)
        given = {
            "landmark": day,
            "customer_id": own["customer_id"],
            "mark": own["overall"].astype(float),
            OCCASION: own[OCCASION],
        }
        ways = {name: own["customer_id"].map(result[name]) for name in PARTS}
        rows.append(pd.DataFrame({**given, "left": own["customer_id"].map(left), **ways}).reset_index(drop=True).join(facts))
        if lot is not None:
            asked = _between(lot, "sent_date", before, day - dt.timedelta(days=DAYS_TO_ANSWER), left)
            said = {"answered": asked["response_id"].notna(), "left": asked["customer_id"].map(left)}
            invited.append(pd.DataFrame({"landmark": day, "customer_id": asked["customer_id"], **said}))
    first = ["landmark", "customer_id"]
    return _joined(rows, [*first, "mark", "left"]), _joined(invited, [*first, "answered", "left"])


def _between(rows: pd.DataFrame, dated: str, before: dt.date, until: dt.date, left: pd.Series) -> pd.DataFrame:
    day = pd.to_datetime(rows[dated]).dt.date
    own = rows[(day > before) & (day <= until) & rows["customer_id"].isin(left.index)]
    return own.sort_values(dated, kind="stable").drop_duplicates("customer_id", keep="last").reset_index(drop=True)


def _joined(parts: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    kept = [part for part in parts if len(part)]
    return pd.concat(kept, ignore_index=True) if kept else pd.DataFrame(columns=columns)


def usable(rows: pd.DataFrame) -> tuple[str, ...]:
    """What is known before the answer, of its occasion and the customer, and can be held equal: first ones first, EVENTS_PER_TERM who left (or stayed, if fewer)
    to a term, the mark's own included; no flag that is rare or goes with one outcome only."""
    most = int(min(rows["left"].sum(), (1 - rows["left"]).sum())) // EVENTS_PER_TERM - 1
    kept = []
    for name in (term for term in KNOWN_BEFORE if term in rows):
        values = rows[name].dropna()
        cells = pd.crosstab(values, rows.loc[values.index, "left"]) if values.nunique() == 2 else None
        if values.nunique() > 1 and (cells is None or (cells.to_numpy() > 0).all()):
            kept.append(name)
    return tuple(kept[: max(most, 0)])


def odds_ratio(rows: pd.DataFrame, known: tuple[str, ...] = (), outcome: str = "left") -> Estimate | None:
    """Odds ratio of the outcome, one point of the mark lower, what is `known` of the customer held equal (what is missing stands at the
    median); robust to customers who recur. None where it cannot be estimated."""
    terms = rows[list(known)].fillna(rows[list(known)].median()) if known else pd.DataFrame(index=rows.index)
    with contextlib.suppress(NotEstimable, ValueError):
        fit = fit_logistic(terms.assign(**{LOWER: -rows["mark"]}), rows[outcome].astype(float), rows["customer_id"])
        ratio = fit.odds_ratios().set_index("term").loc[LOWER]
        return Estimate(float(ratio["value"]), float(ratio["low"]), float(ratio["high"]), len(rows))
    return None


def mark_group(marks: pd.Series) -> pd.Series:
    """Key of GROUPS of each mark."""
    names = np.select([marks < LOWEST_MIDDLE, marks < LOWEST_HIGH], ["low", "middle"], "high")
    return pd.Series(names, index=marks.index)


def _shares(rows: pd.DataFrame) -> pd.DataFrame:
    made = []
    for name, own in rows.groupby(mark_group(rows["mark"])):
        events = int(own["left"].sum())
        made.append({"group": name, **observed_share(own["left"], own["customer_id"])._asdict(), "events": events})
    table = pd.DataFrame(made).set_index("group").reindex([name for name in GROUPS if name in {row["group"] for row in made}])
    return table.assign(label=[GROUPS[name] for name in table.index]).reset_index(names="name")


def early_signs(rows: pd.DataFrame) -> pd.Series | None:
    """Whether activity or assets already fell at the landmark before the answer; None where neither is known."""
    known = [name for name in SIGNS if name in rows]
    return rows[known].max(axis=1).fillna(0).gt(0).astype(float) if known else None
