"""The lifetime model held against the twelve months that it did not see."""

import datetime as dt
from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.calendar import months_before
from analysis.finding import Column, Exhibit, Finding
from analysis.stats.intervals import Z95, Estimate, mean_by_group, simultaneous, wilson
from analysis.study.disclosed import hidden, is_tellable
from analysis.study.lifetime_model import (
    BANDS,
    DAYS_PER_WEEK,
    DORMANT_DAYS,
    HORIZON_MONTHS,
    expectations,
    fit_model,
    payers,
    ranges,
    why_no_model,
)  # fmt: skip
from analysis.wording import Message, say

GROUPS = 5
VERDICTS = {-1: say("more came"), 0: say("within noise"), 1: say("fewer came")}


def held_out(history: Mapping[dt.date, pd.DataFrame], as_of: dt.date, tiers: Mapping[str, float]) -> pd.DataFrame | Message:
    """The model fitted twelve months before `as_of` → one row an open customer who had paid by then: `payers`' and
    `expectations`' columns, what came (days, paid, again, contribution_after), and before: payment days of the year before
    (missing where the history does not reach). A Message says why it cannot be done."""
    landmark, earlier = (months_before(as_of, HORIZON_MONTHS * years) for years in (1, 2))
    if landmark not in history:
        return say("A year held out needs features of {day:date}; the bank's data begin too late.", day=landmark)
    if reason := why_no_model(history[landmark]):
        return reason
    customers = payers(history[landmark], tiers)
    model = fit_model(customers)
    if isinstance(model, Message):
        return model
    expected = customers.join(expectations(model, customers, (as_of - landmark).days / DAYS_PER_WEEK))
    expected = expected[expected["is_open"]]
    return expected.drop(columns="paid").assign(**_came(expected, history[as_of]), before=_before(expected, history.get(earlier)))


def _came(customers: pd.DataFrame, later: pd.DataFrame) -> dict[str, pd.Series]:
    now = later.set_index("customer_id").reindex(customers.index)
    days = now["payment_days"].astype(float).fillna(customers["purchases"]) - customers["purchases"]
    contribution = now["contribution_12m"].astype(float).fillna(0) if "contribution_12m" in now else np.nan
    return {
        "days": days,
        "again": days > 0,
        "paid": now["payments_total"].astype(float).fillna(customers["paid"]) - customers["paid"],
        "contribution_after": contribution,
    }


def _before(customers: pd.DataFrame, earlier: pd.DataFrame | None) -> pd.Series | float:
    if earlier is None:
        return np.nan
    then = earlier.set_index("customer_id")["payment_days"].reindex(customers.index).astype(float).fillna(0)
    return customers["purchases"] - then


def relative_error(expected: pd.Series, came: pd.Series) -> Estimate:
    """Expected ÷ came, of totals, less 1; interval of a ratio estimate, customers as units (Cochran 1977, 6.4)."""
    if not len(came) > 1 or came.sum() <= 0:
        return Estimate(None, None, None, len(came))
    ratio = float(expected.sum() / came.sum())
    residual = (expected - ratio * came).to_numpy()
    half = Z95 * np.sqrt((residual**2).sum() * len(came) / (len(came) - 1)) / came.sum()
    return Estimate(ratio - 1, float(ratio - 1 - half), float(ratio - 1 + half), len(came))


def frequency_groups(checked: pd.DataFrame) -> pd.Series:
    """Fifths by payment days up to the landmark, 1 to GROUPS (customers of equal numbers go together)."""
    share = checked["purchases"].rank(pct=True, method="average")
    return np.ceil(share * GROUPS).clip(1, GROUPS).astype(int)


def frequency_table(checked: pd.DataFrame) -> pd.DataFrame:
    """One row a fifth by payment days: label, x (mean payment days up to the landmark), value, low, high (mean payment days that
    came; Student's t), expected_days, before (means), sign (of the error: 1 too many expected, −1 too few, 0 within noise, all
    fifths at once)."""
    group = frequency_groups(checked)
    came = mean_by_group(group, checked["days"])
    errors = simultaneous(mean_by_group(group, checked["expected_days"] - checked["days"]))
    means = checked.groupby(group)[["purchases", "expected_days", "before"]].mean().reset_index(drop=True)
    return came.assign(x=means["purchases"], expected_days=means["expected_days"], before=means["before"], sign=_sign(errors))


def _sign(errors: pd.DataFrame) -> pd.Series:
    return (errors["low"] > 0).astype(int) - (errors["high"] < 0).astype(int)


def holdout_exhibit(checked: pd.DataFrame, as_of: dt.date) -> Exhibit:
    """Mean payment days by how many there had been: what came, the model's expectation, and the year before's."""
    table = frequency_table(checked)
    nothing = {"low": np.nan, "high": np.nan}
    parts = [
        table.assign(series=say("What came")),
        table.assign(series=say("Model"), value=table["expected_days"], **nothing),
        table.assign(series=say("Year before"), value=table["before"], **nothing),
    ]
    frame = pd.concat([part for part in parts if part["value"].notna().all()], ignore_index=True)
    return Exhibit(
        name="holdout",
        title=_holdout_title(table, relative_error(checked["expected_days"], checked["days"])),
        subtitle=say(
            "Payment days a customer in the twelve months to {as_of:date}, by fifths of open customers by payment days up to a year before; bands, 95% intervals for customers like these; the model saw nothing of this year",
            as_of=as_of,
        ),
        frame=frame[["series", "x", "value", "low", "high"]],
        unit="number",
        x_label=say("Payment days up to {day:date}", day=months_before(as_of, HORIZON_MONTHS)),
        x_unit="count",
    )  # fmt: skip


def _holdout_title(table: pd.DataFrame, error: Estimate) -> Message:
    wrong = int(table["sign"].ne(0).sum())
    if not wrong:
        return say("In no group is the model off beyond noise; over all it expected {direction}", direction=_direction(error))
    return say(
        "The model is off beyond noise in {wrong:count} of {groups:count} groups; over all it expected {direction}",
        wrong=wrong, groups=len(table), direction=_direction(error),
    )  # fmt: skip


def _direction(error: Estimate) -> Message:
    if error.value is None:
        return say("payments, and none came")
    if error.low <= 0 <= error.high:
        return say("as many payment days as came, within noise")
    if error.value > 0:
        return say("{error:share} too many payment days", error=error.value)
    return say("{error:share} too few payment days", error=-error.value)


def holdout_findings(checked: pd.DataFrame, as_of: dt.date) -> list[Finding]:
    """How far the model was off in total, and of amounts; whether those it counted as silent came back."""
    days, paid = (relative_error(checked[f"expected_{name}"], checked[name]) for name in ("days", "paid"))
    found = []
    if days.value is not None:
        text = say(
            "Held against the twelve months to {as_of:date}, which it did not see, the lifetime model expected **{direction}** (error {error:share}, interval {low:share} to {high:share}){off}.",
            as_of=as_of, direction=_direction(days), error=days.value, low=days.low, high=days.high, off=_single(checked),
        )  # fmt: skip
        found.append(_finding("lifetime.holdout_bias", text, days, exhibit="holdout"))
    if paid.value is not None:
        text = say(
            "Amounts paid in the same twelve months: expected ÷ came, less 1: **{error:share}** (interval {low:share} to {high:share}); few large payers carry this figure.",
            error=paid.value, low=paid.low, high=paid.high,
        )  # fmt: skip
        found.append(_finding("lifetime.volume_bias", text, paid, exhibit="lifetime", is_headline=False))
    return [*found, *_returned(checked)]


def _single(checked: pd.DataFrame) -> Message | str:
    off = float((checked["expected_days"] - checked["days"]).abs().mean())
    if checked["before"].isna().any():
        return say("; for a single customer it was off by {off:number.1} days on average", off=off)
    naive = float((checked["before"] - checked["days"]).abs().mean())
    return say(
        "; for a single customer it was off by {off:number.1} days on average, the year before's number by {naive:number.1}",
        off=off, naive=naive,
    )  # fmt: skip


def _finding(name: str, text: Message, share: Estimate, **rest: object) -> Finding:
    return Finding(name, text, share.value, share.base, "share", low=share.low, high=share.high, **rest)


def _returned(checked: pd.DataFrame) -> list[Finding]:
    silent = checked[checked["band"].eq("silent")]
    again = int(silent["again"].sum())
    if not len(silent) or not is_tellable(again) or not is_tellable(len(silent) - again):
        return []
    share, expected = wilson(again, len(silent)), float(silent["expected_again"].mean())
    text = say(
        "Of the customers who had been silent for {days:count} days or more a year before, **{share:share}** paid again (interval {low:share} to {high:share}); the model expected {expected:share}.",
        days=DORMANT_DAYS, share=share.value, low=share.low, high=share.high, expected=expected,
    )  # fmt: skip
    return [_finding("lifetime.silent_returned", text, share, compare_to=expected, exhibit="silence")]


def silence_table(checked: pd.DataFrame) -> pd.DataFrame:
    """One row a band of silence: band, label, customers, expected_again, again (shares of those who paid in the year), low, high
    (Wilson), expected_days, days (means), sign (as in `frequency_table`, of the shares). Bands of few customers are left out; a share
    that would tell of few is missing."""
    rows = []
    for name, part in checked.groupby("band", observed=True):
        again = int(part["again"].sum())
        can_tell = is_tellable(again) and is_tellable(len(part) - again)
        share = wilson(again, len(part)) if can_tell else Estimate(None, None, None, len(part))
        rows.append(
            {
                "band": name, "label": BANDS[name][2], "customers": len(part), "value": share.value, "low": share.low, "high": share.high,
                **part[["expected_again", "expected_days", "days"]].mean(),
            }
        )  # fmt: skip
    table = pd.DataFrame(rows).astype({"value": float, "low": float, "high": float})
    table = table[~hidden(table["customers"])].reset_index(drop=True)
    apart = simultaneous(table)
    expected = table["expected_again"]
    sign = (expected > apart["high"]).astype(int) - (expected < apart["low"]).astype(int)
    return table.rename(columns={"value": "again"}).assign(sign=sign)


def silence_exhibit(checked: pd.DataFrame, as_of: dt.date) -> Exhibit:
    """Who paid again after a silence, expected and come."""
    table = silence_table(checked)
    verdict = table["sign"].map(VERDICTS).where(table["again"].notna(), say("too few to tell"))
    return Exhibit(
        name="silence",
        title=_silence_title(table),
        subtitle=say(
            "Open customers by days since the last own payment a year before {as_of:date}; who paid again in that year, as the model expected and as it came; 95% intervals (Wilson), verdict on all rows at once (Bonferroni)",
            as_of=as_of,
        ),
        frame=table.assign(range=ranges(table), verdict=verdict),
        columns=(
            Column("label", say("Silent for")),
            Column("customers", say("Customers"), "count", say("in number")),
            Column("expected_again", say("Expected to pay again"), "share"),
            Column("again", say("Paid again"), "share"),
            Column("range", say("Interval")),
            Column("expected_days", say("Expected payment days"), "number.1", say("a customer")),
            Column("days", say("Payment days"), "number.1", say("a customer")),
            Column("verdict", say("Verdict")),
        ),
    )  # fmt: skip


def _silence_title(table: pd.DataFrame) -> Message:
    told = table[table["again"].notna()]
    if told.empty:
        return say("Too few customers to tell whether silent ones come back as expected")
    wrong = told[told["sign"].ne(0)]
    if wrong.empty:
        return say("After no length of silence that can be told is the model off beyond noise")
    row = wrong.loc[(wrong["again"] - wrong["expected_again"]).abs().idxmax()]
    return say(
        "The model fails for customers silent for {band}: {again:share} paid again, {expected:share} were expected to",
        band=row["label"], again=row["again"], expected=row["expected_again"],
    )  # fmt: skip
