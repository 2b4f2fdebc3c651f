"""What each field is good for: is it filled, does a study use it, and does it help to foresee who leaves?"""

import datetime as dt
from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.finding import Column, Exhibit, Finding
from analysis.stats.comparison import auc_difference
from analysis.stats.intervals import simultaneous
from analysis.stats.logistic import NotEstimable, fit_logistic
from analysis.study.churn import ChurnRule, matured
from analysis.study.warning_model import MOST_VALIDATIONS, TERMS, panel, warning_model
from analysis.wording import say

SEGMENTS, SATISFACTION, CHURN = say("Customer segments"), say("Customer satisfaction"), say("Churn attribution")
TERMS_OF = {
    "transactions.booked_at": ("days_silent", "transactions", "slowing", "digital"),
    "transactions.channel": ("digital",),
    "balances.deposits": ("assets", "assets_falling"),
    "holdings.product": ("products",),
    "complaints.received_at": ("complaint", "open_complaint"),
    "complaints.resolved_at": ("open_complaint",),
    "contacts.wait_minutes": ("long_wait",),
    "customers.opened_date": ("tenure",),
    "customers.kind": ("corporate",),
}
USED_BY = {
    "transactions.booked_at": (SEGMENTS, CHURN), "transactions.channel": (SEGMENTS, CHURN), "transactions.amount": (SEGMENTS,),
    "transactions.initiated_by": (SEGMENTS, CHURN), "balances.deposits": (SEGMENTS, CHURN), "balances.wealth": (SEGMENTS, CHURN),
    "balances.loans": (SEGMENTS,), "holdings.product": (SEGMENTS, CHURN), "holdings.closed_date": (SEGMENTS, CHURN),
    "complaints.received_at": (CHURN,), "complaints.resolved_at": (CHURN,), "complaints.reopened_at": (CHURN,),
    "contacts.wait_minutes": (CHURN,), "customers.opened_date": (CHURN,), "customers.closed_date": (SEGMENTS, CHURN),
    "customers.exit_reason": (CHURN,), "customers.kind": (CHURN,), "customers.branch_id": (SATISFACTION,),
    "contributions.ftp_interest": (SEGMENTS,), "contributions.fees": (SEGMENTS,), "contributions.expected_loss": (SEGMENTS,),
    "contributions.cost": (SEGMENTS,), "contributions.capital_charge": (SEGMENTS,), "surveys.overall": (SATISFACTION,),
    "surveys.recommend": (SATISFACTION,), "surveys.branch_id": (SATISFACTION,), "answers.value": (SATISFACTION,),
}  # fmt: skip
SHOWN = 30


def information(history: Mapping[dt.date, pd.DataFrame], as_of: dt.date, rule: ChurnRule) -> pd.DataFrame:
    """field, value (AUC at later landmarks with the field, less that of a model fitted anew without it), low, high (all fields at
    once, Bonferroni), base (rows scored). Empty where leavers are too few for a model."""
    days = matured(list(history), as_of, rule)
    if not days or warning_model(dict(history), as_of, rule).fit is None:
        return pd.DataFrame(columns=["field", "value", "low", "high", "base"])
    whole = panel(dict(history), days, rule)
    terms = [term for term in TERMS if term in whole and whole[term].nunique() > 1]
    with_all = _scored(whole, days, rule, terms)
    rows = []
    for field, own in TERMS_OF.items():
        without = _scored(whole, days, rule, [term for term in terms if term not in own])
        if set(own) & set(terms) and len(with_all) and len(without) == len(with_all):
            found = auc_difference(with_all["probability"], without["probability"], with_all["outcome"], with_all["customer_id"])
            rows.append({"field": field, **found._asdict()})
    found = pd.DataFrame(rows, columns=["field", "value", "low", "high", "base"])
    return simultaneous(found).sort_values("value", ascending=False, ignore_index=True) if len(found) else found


def _scored(whole: pd.DataFrame, days: list[dt.date], rule: ChurnRule, terms: list[str]) -> pd.DataFrame:
    """customer_id, outcome, probability at the last landmarks, each by a model that saw only outcomes known by then."""
    parts = []
    for day in days[-MOST_VALIDATIONS:]:
        past, later = whole[whole["landmark"] <= rule.before(day)], whole[whole["landmark"] == day]
        if past["outcome"].nunique() < 2 or later["outcome"].nunique() < 2:
            continue
        try:
            fit = fit_logistic(past[terms], past["outcome"], clusters=past["customer_id"])
        except NotEstimable:
            continue
        parts.append(later[["customer_id", "outcome"]].assign(probability=fit.predict(later)))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["customer_id", "outcome", "probability"])


def filled(quality: pd.DataFrame) -> pd.DataFrame:
    """field (table.column), filled (share), low, high, base (rows asked): of every field that should be filled."""
    rules = quality[quality["rule"].str.endswith(".empty")]
    counts = rules.groupby(["table", "column"], as_index=False)[["checked", "failed"]].sum()
    return counts.assign(field=counts["table"] + "." + counts["column"], filled=1 - counts["failed"] / counts["checked"])[
        ["field", "filled", "checked"]
    ]


def value_exhibit(fields: pd.DataFrame, found: pd.DataFrame) -> Exhibit:
    """Fields with what they add, those that add most first, then those a study uses, then the others that are filled least."""
    known = pd.DataFrame({"field": list(dict.fromkeys([*USED_BY, *fields["field"]]))})
    table = known.merge(fields, on="field", how="left").merge(found, on="field", how="left")
    table["is_used"] = table["field"].isin(list(USED_BY))
    table = table[table["filled"].notna() | table["value"].notna()]
    table = table.sort_values(
        ["value", "is_used", "filled", "field"], ascending=[False, False, True, True], na_position="last"
    ).head(SHOWN)
    none = say("no study yet")
    table = table.assign(
        used=[_joined(USED_BY.get(field, ())) or none for field in table["field"]],
        adds=[_adds(row) for row in table.itertuples()],
    )
    return Exhibit(
        name="value",
        title=_title(found),
        subtitle=say("Share of rows in which the field is filled; the reports that use it; and how much the warning model loses at later landmarks when it is fitted anew without the field (AUC, 95% interval for all fields at once)"),
        frame=table,
        columns=(
            Column("field", say("Field")),
            Column("filled", say("Filled"), "share"),
            Column("used", say("Used by")),
            Column("adds", say("Adds (AUC)")),
        ),
    )  # fmt: skip


def _adds(row) -> object:
    if pd.isna(row.value):
        return None
    text = say("{value:number.3} ({low:number.3} to {high:number.3})", value=row.value, low=row.low, high=row.high)
    return text if row.low > 0 else say("{text}, within noise", text=text)


def _joined(names) -> object:
    words = None
    for name in names:
        words = name if words is None else say("{first}, {second}", first=words, second=name)
    return words


def _title(found: pd.DataFrame):
    clear = found[found["low"].gt(0)]
    if found.empty:
        return say("Which fields help to foresee who leaves cannot be told: too few customers left")
    if clear.empty:
        return say("No single field adds beyond noise to what the others tell about who leaves")
    return say("Adds most to foreseeing who leaves: {field}", field=clear.iloc[0]["field"])


def value_finding(found: pd.DataFrame) -> list[Finding]:
    """data_value.fields: how many fields add to the model beyond noise."""
    if found.empty:
        return []
    clear = found[found["low"].gt(0)]
    most = (
        say(", most of all {field} ({value:number.3} of AUC)", field=clear.iloc[0]["field"], value=clear.iloc[0]["value"])
        if len(clear)
        else ""
    )
    text = say(
        "**{n:count} of {all:count}** fields tried add to foreseeing who leaves, beyond noise, at later landmarks{most}.",
        n=len(clear), all=len(found), most=most,
    )  # fmt: skip
    base = int(np.max(found["base"]))
    return [
        Finding(
            "data_value.fields",
            text,
            len(clear),
            base,
            "count",
            evidence="association",
            exhibit="value",
            base_of="observations",
            is_headline=False,
        )
    ]
