"""How marks go with minutes waited: bands of waiting, and a slope, as answered and among customers otherwise alike."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.finding import DISCLOSURE_THRESHOLD, Exhibit, Finding
from analysis.stats.intervals import Estimate
from analysis.study.satisfaction_waits import after_contact, after_last_contact, answers_given, controls, with_features
from analysis.wording import Message, say

MONTHS = 24
ROWS_NEEDED = 100
FEWEST_BRANCHES = 8
EDGES = (0, 5, 10, 20, 30)
KNOTS = (0.05, 0.35, 0.65, 0.95)
TEN_MINUTES = 10.0
SIGNIFICANT = 0.05
AS_ANSWERED = say("As answered")
ALIKE = say("Otherwise alike")


@dataclass(frozen=True)
class Dose:
    """Change of the overall mark for ten minutes more: `crude`, and `adjusted` for what was known before the contact (`has_branch`:
    the branch too). `bands`, shortest first: minutes (mean), base, and of the mean mark value, low, high as answered and
    alike, alike_low, alike_high adjusted. `line_p`: test that the adjusted relation is a straight line. `is_invited`: the wait is that of
    the contact that the survey was about, else of the last contact of the 90 days before the answer; `answered`: all answers of the period."""

    crude: Estimate
    adjusted: Estimate
    bands: pd.DataFrame
    line_p: float
    has_branch: bool
    is_invited: bool
    answered: int
    months: int


def dose(
    surveys: pd.DataFrame,
    invitations: pd.DataFrame | None,
    contacts: pd.DataFrame | None,
    history: Mapping[dt.date, pd.DataFrame],
    as_of: dt.date,
    months: int = MONTHS,
) -> Dose | None:
    """The canonical tables and features by landmark → the relation over the answers of the `months` up to `as_of`. None where fewer than
    100 answers follow a contact whose wait was recorded, or waits or marks do not vary.

    Least squares. Answers of one branch go together: cluster-robust by branch with t of G − 1 degrees of freedom (Liang and Zeger
    1986), by customer where fewer than 8 branches are named. Straight line or not: restricted cubic spline with four knots (Harrell
    2015, table 2.3), Wald test of its curved terms."""
    if contacts is None or "answered_date" not in surveys:
        return None
    given = answers_given(surveys, as_of, months)
    if len(given) < ROWS_NEEDED or given["overall"].nunique() < 2:
        return None
    invited, called = after_contact(given, invitations, contacts), after_last_contact(given, contacts)
    is_invited = len(invited) >= ROWS_NEEDED
    rows = with_features(invited if is_invited else called, history)
    if len(rows) < ROWS_NEEDED or rows["wait_minutes"].quantile(0.95) <= rows["wait_minutes"].quantile(0.05):
        return None
    known, has_branch = controls(rows)
    wait = (rows["wait_minutes"] / TEN_MINUTES).rename("wait").to_frame()
    return Dose(
        crude=_slope(_fit(rows, wait), len(rows)),
        adjusted=_slope(_fit(rows, wait.join(known)), len(rows)),
        bands=_bands(rows, known),
        line_p=_line_p(rows, wait, known),
        has_branch=has_branch,
        is_invited=is_invited,
        answered=len(given),
        months=months,
    )


def _fit(rows: pd.DataFrame, design: pd.DataFrame):
    """Least squares of the mark on `design` and an intercept, which comes first."""
    from statsmodels.regression.linear_model import OLS

    by = "branch_id" if rows["branch_id"].nunique() >= FEWEST_BRANCHES else "customer_id"
    groups = pd.factorize(rows[by].fillna(rows["customer_id"]))[0]
    x = np.column_stack([np.ones(len(rows)), design.to_numpy(dtype=float)])
    return OLS(rows["overall"].to_numpy(dtype=float), x).fit(cov_type="cluster", cov_kwds={"groups": groups}, use_t=True)


def _slope(fit, base: int) -> Estimate:
    (low, high), value = fit.conf_int()[1], fit.params[1]
    return Estimate(float(value), float(low), float(high), base)


def _line_p(rows: pd.DataFrame, wait: pd.DataFrame, known: pd.DataFrame) -> float:
    curved = spline(wait["wait"].to_numpy())
    if curved.empty:
        return np.nan
    fit = _fit(rows, wait.join(curved).join(known))
    return float(fit.f_test(np.eye(len(fit.params))[2 : 2 + curved.shape[1]]).pvalue)


def spline(values: np.ndarray) -> pd.DataFrame:
    """The curved terms of a restricted cubic spline (Harrell 2015, formula 2.25), knots at quantiles of `values`; none where fewer
    than three knots differ."""
    knots = np.unique(np.quantile(values, KNOTS))
    if len(knots) < 3:
        return pd.DataFrame(index=range(len(values)))
    first, before, last = knots[0], knots[-2], knots[-1]
    cubes = np.clip(values[:, None] - knots, 0, None) ** 3
    inner, ends = cubes[:, :-2], cubes[:, -2:]
    terms = inner - ends[:, [0]] * (last - knots[:-2]) / (last - before) + ends[:, [1]] * (before - knots[:-2]) / (last - before)
    return pd.DataFrame(terms / (last - first) ** 2).add_prefix("curve_")


def _edges(wait: pd.Series) -> list[float]:
    """Lower ends of the bands, those that would hold too few answers to be shown left out."""
    kept = [float(EDGES[0])]
    for edge in EDGES[1:]:
        if min(wait.between(kept[-1], edge, inclusive="left").sum(), (wait >= edge).sum()) >= DISCLOSURE_THRESHOLD:
            kept.append(float(edge))
    return kept


def _bands(rows: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    wait = rows["wait_minutes"]
    band = pd.Series(np.searchsorted(_edges(wait), wait, side="right") - 1, index=rows.index)
    steps = pd.get_dummies(band, prefix="band", dtype=float)
    table = pd.DataFrame({"minutes": wait.groupby(band).mean(), "base": band.value_counts().sort_index()})
    for names, design in ((("value", "low", "high"), steps.iloc[:, :0]), (("alike", "alike_low", "alike_high"), known)):
        fit = _fit(rows, steps.iloc[:, 1:].join(design))
        at = np.column_stack([np.ones(len(table)), np.eye(len(table))[:, 1:], np.tile(design.mean(), (len(table), 1))])
        told = fit.t_test(at)
        table[list(names)] = np.column_stack([told.effect, told.conf_int()])
    return table.reset_index(drop=True)


def dose_findings(found: Dose | None) -> list[Finding]:
    """The mark for ten minutes more, among customers otherwise alike and as answered."""
    if found is None:
        return []
    rest = {"unit": "mark", "base_of": "answers", "exhibit": "dose", "compare_to": 0.0}
    made = []
    for name, one, evidence in (("dose.waiting", found.adjusted, "adjusted"), ("dose.waiting_crude", found.crude, "association")):
        among = _alike(found) if evidence == "adjusted" else say("as answered")
        text = _told(one).filled(among=say("{among} (answers of {months:count} months)", among=among, months=found.months))
        numbers = {"value": one.value, "base": one.base, "low": one.low, "high": one.high}
        made.append(Finding(name, text, evidence=evidence, is_headline=evidence == "adjusted", **numbers, **rest))
    return made


def _told(one: Estimate) -> Message:
    if one.high < 0:
        return say(
            "Customers who waited ten minutes longer rate the bank **{size:mark} lower** overall (interval {least:mark} to {most:mark} lower), {among}.",
            size=-one.value, least=-one.high, most=-one.low,
        )  # fmt: skip
    if one.low > 0:
        return say(
            "Customers who waited ten minutes longer rate the bank **{size:mark} higher** overall (interval {least:mark} to {most:mark} higher), {among}.",
            size=one.value, least=one.low, most=one.high,
        )  # fmt: skip
    return say(
        "The overall mark of customers who waited ten minutes longer differs by **{value:mark}**, within noise (interval {low:mark} to {high:mark}), {among}.",
        value=one.value, low=one.low, high=one.high,
    )  # fmt: skip


def _alike(found: Dose) -> Message:
    if found.has_branch:
        return say(
            "compared with customers alike in the contact's channel, purpose and branch and in what was known of them before"
        )
    return say("compared with customers alike in the contact's channel and purpose and in what was known of them before")


def dose_exhibit(found: Dose | None) -> Exhibit:
    """Mean mark by minutes waited, as answered and among customers otherwise alike."""
    if found is None:
        absent = say("Fewer than 100 dated answers follow a contact whose wait was recorded.")
        return Exhibit("dose", say("Waiting and marks"), absent=absent)
    alike = found.bands[["minutes", "base", "alike", "alike_low", "alike_high"]]
    parts = [
        found.bands[["minutes", "base", "value", "low", "high"]].assign(series=AS_ANSWERED),
        alike.set_axis(["minutes", "base", "value", "low", "high"], axis=1).assign(series=ALIKE),
    ]
    frame = pd.concat(parts, ignore_index=True).rename(columns={"minutes": "x"})
    return Exhibit("dose", _title(found), _subtitle(found), frame, unit="mark", x_label=say("Minutes waited"), x_unit="count")


def _title(found: Dose) -> Message:
    one, numbers = found.adjusted, {"size": abs(found.adjusted.value)}
    if one.low <= 0 <= one.high:
        return say("Waiting and overall marks: no relation beyond noise among customers otherwise alike")
    told = (
        say("Ten minutes longer waited: marks {size:mark} lower among customers otherwise alike", **numbers)
        if one.high < 0
        else say("Ten minutes longer waited: marks {size:mark} higher among customers otherwise alike", **numbers)
    )
    return say("{told}; not along a straight line", told=told) if found.line_p < SIGNIFICANT else told


def _subtitle(found: Dose) -> Message:
    numbers = {
        "base": found.adjusted.base, "answered": found.answered, "months": found.months,
        "bands": len(found.bands), "fewest": found.bands["base"].min(),
    }  # fmt: skip
    if found.is_invited:
        return say(
            "Mean overall mark, 1 to 10, by minutes waited, at the mean of {bands:count} bands of waiting; areas, 95% intervals; base: {base:count} of {answered:count} answers of {months:count} months, those asked about a contact whose wait was recorded, at least {fewest:count} in a band",
            **numbers,
        )
    return say(
        "Mean overall mark, 1 to 10, by minutes waited at the last contact in the 90 days before the answer, at the mean of {bands:count} bands of waiting; areas, 95% intervals; base: {base:count} of {answered:count} answers of {months:count} months, those with such a contact, at least {fewest:count} in a band",
        **numbers,
    )
