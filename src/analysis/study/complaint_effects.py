"""What becomes of customers whose complaint is handed on or answered late: their later mark, and whether they leave."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.stats.effects import Contrast, contrast
from analysis.stats.logistic import NotEstimable
from analysis.study.churn import MAIN_RULE, ChurnRule, matured, outcomes
from analysis.study.satisfaction_frame import BY_STAFF
from analysis.study.satisfaction_unasked import triggers
from analysis.wording import Message, say

SLOW_DAYS = 15
ANSWER_WITHIN_DAYS = 365
ROWS_NEEDED = 40
EVENTS_NEEDED = 20
RAREST, ROWS_A_TERM = 20, 10
EXPOSURES = {"slow": say("open after 15 days"), "handed_on": say("handed on")}
OUTCOMES = {"satisfaction": say("later mark"), "churn": say("left")}
KNOWN_BEFORE = {
    "tenure_months": None,
    "assets_3m": np.log1p,
    "transactions_90d": np.log1p,
    "products_held": None,
    "age_years": None,
}


@dataclass(frozen=True)
class Effect:
    """An exposure and an outcome (keys of EXPOSURES and OUTCOMES): `found`, the contrast of complaints alike when received;
    `mutual`, alike in the other exposure too; None with the `reason`; `events`: customers who left, for churn; `customers`: whose the
    complaints are, row by row of `found`."""

    exposure: str
    outcome: str
    found: Contrast | None
    mutual: Contrast | None
    reason: Message | None
    base: int
    events: int | None
    customers: pd.Series | None = None


def complaint_effects(
    complaints: pd.DataFrame,
    surveys: pd.DataFrame | None,
    invitations: pd.DataFrame | None,
    history: Mapping[dt.date, pd.DataFrame],
    as_of: dt.date,
    rule: ChurnRule,
) -> list[Effect]:
    """Every exposure with every outcome. One complaint a customer and landmark counts, the gravest; exposures are those of day
    SLOW_DAYS, outcomes come after it, what it is adjusted for comes before it was received."""
    known = _described(complaints, history)
    tables = {
        "satisfaction": _with_marks(known, surveys, invitations, as_of),
        "churn": _with_outcomes(known, history, as_of, rule),
    }
    return [_effect(exposure, outcome, table) for outcome, table in tables.items() for exposure in EXPOSURES]


def _described(complaints: pd.DataFrame, history: Mapping[dt.date, pd.DataFrame]) -> pd.DataFrame:
    """The complaints with exposures, the day on which these are known, the number before, and the customer's features at the
    last landmark before."""
    rows = complaints.sort_values(["customer_id", "received_at"], kind="stable", ignore_index=True)
    rows = rows if "resolved_at" in rows else rows.assign(resolved_at=pd.NaT)
    received = rows["received_at"]
    late = rows["resolved_at"].isna() | (rows["resolved_at"] - received > pd.Timedelta(days=SLOW_DAYS))
    rows = rows.assign(
        slow=late,
        handed_on=rows["handoffs"].gt(0) if "handoffs" in rows and rows["handoffs"].notna().any() else pd.NA,
        day=received.dt.normalize() + pd.Timedelta(days=SLOW_DAYS),
        earlier=rows.groupby("customer_id").cumcount(),
    )
    days = pd.to_datetime(sorted(history)).to_numpy()
    place = np.searchsorted(days, received.dt.normalize().to_numpy(), side="left") - 1
    parts = [
        part.merge(_known_before(history[pd.Timestamp(days[number]).date()]), on="customer_id", how="inner")
        for number, part in rows.groupby(place)
        if number >= 0
    ]
    return pd.concat(parts, ignore_index=True) if parts else rows.iloc[:0]


def _known_before(features: pd.DataFrame) -> pd.DataFrame:
    kept = {name: change for name, change in KNOWN_BEFORE.items() if name in features}
    table = features[["customer_id", *kept]].copy()
    for name, change in kept.items():
        values = table[name].astype(float)
        table[name] = change(values.clip(lower=0)) if change else values
    return table


def _with_marks(known: pd.DataFrame, surveys, invitations, as_of: dt.date) -> pd.DataFrame:
    """Each complaint with the customer's first answer after the exposure is known; answers that staff asked for are left out."""
    if surveys is None or known.empty or "answered_date" not in surveys:
        return known.iloc[:0].assign(outcome=np.nan)
    marks = surveys.dropna(subset=["customer_id", "answered_date", "overall"])
    marks = marks[triggers(marks, invitations) != BY_STAFF]
    marks = marks.assign(answered=pd.to_datetime(marks["answered_date"]))[["customer_id", "answered", "overall"]]
    both = known.merge(marks[marks["answered"] <= pd.Timestamp(as_of)], on="customer_id")
    waited = (both["answered"] - both["day"]).dt.days
    both = both[waited.between(1, ANSWER_WITHIN_DAYS)].sort_values(["answered", "complaint_id"], kind="stable")
    first = both.drop_duplicates("complaint_id")
    return _gravest(first, ["customer_id", "answered"]).rename(columns={"overall": "outcome"})


def _with_outcomes(known: pd.DataFrame, history, as_of: dt.date, rule: ChurnRule) -> pd.DataFrame:
    """Each complaint of a customer at risk at the first landmark after the exposure is known, with whether it left."""
    days = matured(list(history), as_of, rule)
    if not days or known.empty:
        return known.iloc[:0].assign(outcome=np.nan)
    stamps = pd.to_datetime(days).to_numpy()
    place = np.searchsorted(stamps, known["day"].to_numpy(), side="left")
    parts = []
    for number, part in known.groupby(place):
        if number < len(days):
            left = outcomes(history[days[number]], history[rule.end(days[number])], rule).set_index("customer_id")[MAIN_RULE]
            parts.append(part.assign(outcome=part["customer_id"].map(left), landmark=number).dropna(subset=["outcome"]))
    joined = pd.concat(parts, ignore_index=True) if parts else known.iloc[:0].assign(outcome=np.nan, landmark=0)
    return _gravest(joined, ["customer_id", "landmark"])


def _gravest(rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """One complaint for each `by`: the gravest, of several the first."""
    order = rows.sort_values("severity", ascending=False, kind="stable") if "severity" in rows else rows
    return order.drop_duplicates(by).sort_index()


def _effect(exposure: str, outcome: str, table: pd.DataFrame) -> Effect:
    rows = table[table[exposure].notna()] if len(table) else table
    events = int(rows["outcome"].astype(float).sum()) if outcome == "churn" else None
    reason = _too_few(rows, exposure, events)
    if reason is not None:
        return Effect(exposure, outcome, None, None, reason, len(rows), events)
    other = next(name for name in EXPOSURES if name != exposure)
    design = _design(rows, int(min(rows[exposure].astype(bool).sum(), (~rows[exposure].astype(bool)).sum())) // ROWS_A_TERM)
    mutual = design.assign(**{other: rows[other].astype(float)}) if rows[other].notna().all() else None
    first = _contrast(rows, exposure, design)
    if first is None or first.adjusted is None:
        reason = say("complaints that are alike cannot be compared: overlap fails, or the branches are too few")
        return Effect(exposure, outcome, first, None, reason, len(rows), events, rows["customer_id"])
    return Effect(exposure, outcome, first, _contrast(rows, exposure, mutual), None, len(rows), events, rows["customer_id"])


def _too_few(rows: pd.DataFrame, exposure: str, events: int | None) -> Message | None:
    with_it = int(rows[exposure].astype(bool).sum()) if len(rows) else 0
    if min(with_it, len(rows) - with_it) < ROWS_NEEDED:
        return say("fewer than {needed:count} complaints on either side", needed=ROWS_NEEDED)
    if events is not None and events < EVENTS_NEEDED:
        return say("fewer than {needed:count} of them left", needed=EVENTS_NEEDED)
    return None


def _contrast(rows: pd.DataFrame, exposure: str, design: pd.DataFrame | None) -> Contrast | None:
    if design is None:
        return None
    units = rows["branch_id"].fillna("") if "branch_id" in rows else rows["customer_id"]
    try:
        return contrast(rows["outcome"].astype(float), rows[exposure].astype(bool), design, units)
    except NotEstimable:
        return None


def _design(rows: pd.DataFrame, most: int) -> pd.DataFrame:
    """What was known when the complaint was received: its severity, complaints before it, the customer, month, referral, cause and
    channel, of which the first `most` columns are taken. Words that fewer than RAREST bear are one."""
    columns = {name: rows[name] for name in ("severity", "earlier", *KNOWN_BEFORE) if name in rows}
    columns |= {"month": (rows["received_at"] - rows["received_at"].min()).dt.days / 30.4}
    columns |= {"referred": rows["referred_by_regulator"].fillna(False)} if "referred_by_regulator" in rows else {}
    numbers = pd.DataFrame(columns).astype(float)
    numbers = numbers.loc[:, [name for name in numbers if numbers[name].notna().any()]]
    words = [_words(rows[name]) for name in ("category", "channel") if name in rows]
    return _independent(pd.concat([numbers.fillna(numbers.median()), *words], axis=1)).iloc[:, :most]


def _words(values: pd.Series) -> pd.DataFrame:
    known = values.fillna("other").astype(str)
    rare = known.map(known.value_counts()) < RAREST
    dummies = pd.get_dummies(known.mask(rare, "other"), prefix=values.name, dtype=float)
    return dummies.drop(columns=dummies.sum().idxmax())


def _independent(design: pd.DataFrame) -> pd.DataFrame:
    """Without columns that few rows bear, or that follow from those before them."""
    kept: list[str] = []
    for name in design:
        column = design[name]
        is_rare = column.nunique() == 2 and min(column.value_counts()) < RAREST
        tried = np.column_stack([np.ones(len(design)), *(design[one] for one in [*kept, name])])
        if not is_rare and column.nunique() > 1 and np.linalg.matrix_rank(tried) == tried.shape[1]:
            kept.append(name)
    return design[kept]
