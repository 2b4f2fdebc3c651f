"""What is left of those who opened together: customers and balances kept, by opening cohort and months since."""

import datetime as dt

import numpy as np
import pandas as pd
from scipy.special import chdtrc, stdtrit

from analysis.calendar import months_before
from analysis.finding import Exhibit, Finding
from analysis.stats.disclosure import dominates
from analysis.stats.intervals import Z95, Estimate, difference_of_shares, wilson
from analysis.study.churn_curves import CUSTOMERS_FOR_CURVE
from analysis.study.churn_lives import months_between
from analysis.study.disclosed import is_tellable
from analysis.wording import Message, say

LONG_MONTHS = 30
REFERENCE_MONTH = 3
YEAR = 12
CERTAIN = 0.05
EARLIER = "earlier"


def cohorts(latest: pd.DataFrame, begin: dt.date, as_of: dt.date) -> pd.DataFrame:
    """Customers by half-year of opening (by quarter where the data span less than LONG_MONTHS): customer_id, cohort (its first day;
    EARLIER for who was open when the data began), opened_date, start (opening, or the data's beginning), closed_date, reach
    (whole months for which all of the cohort were seen). `begin` is the first day of the data."""
    known = latest[latest["opened_date"].notna() & (latest["opened_date"] <= pd.Timestamp(as_of))]
    opened, first = pd.to_datetime(known["opened_date"]), pd.Timestamp(begin)
    width = _width(begin, as_of)
    number = (opened.dt.year * 12 + opened.dt.month - 1) // width
    starts = pd.to_datetime({"year": number * width // 12, "month": number * width % 12 + 1, "day": 1})
    cohort = starts.dt.date.astype(object).where(starts >= first, EARLIER)
    ends = (starts + pd.DateOffset(months=width) - pd.Timedelta(days=1)).where(starts >= first, first - pd.Timedelta(days=1))
    reach = np.floor(months_between(ends, pd.Series(pd.Timestamp(as_of), ends.index)) + 1e-9)
    table = known[["customer_id", "opened_date", "closed_date"]].assign(
        cohort=cohort, reach=reach, start=opened.clip(lower=first)
    )
    return table[(opened >= first) & (starts >= first) | (opened < first)].reset_index(drop=True)


def _width(begin: dt.date, as_of: dt.date) -> int:
    return 6 if months_before(as_of, LONG_MONTHS) >= begin else 3


def kept_cells(members: pd.DataFrame) -> pd.DataFrame:
    """`cohorts` → share whose relation had not ended, whatever the reason, by months since the start: cohort, months, value, low,
    high, base, gone, told. Only months that all of a cohort reached, of cohorts of CUSTOMERS_FOR_CURVE. Not told where the ended since
    the last months told, or those left, are few."""
    lasted = months_between(members["start"], pd.to_datetime(members["closed_date"])).fillna(np.inf)
    rows = []
    for name, own in lasted.groupby(members["cohort"].astype(str)):
        last, n, told = members.loc[own.index, "reach"].min(), len(own), 0
        for months in range(6, int(last) + 1, 6) if n >= CUSTOMERS_FOR_CURVE else ():
            gone = int((own <= months).sum())
            tells = is_tellable(gone - told) and is_tellable(n - gone)
            told = gone if tells else told
            rows.append({"cohort": name, "months": months, **wilson(n - gone, n)._asdict(), "gone": gone, "told": tells})
    return pd.DataFrame(rows, columns=["cohort", "months", "value", "low", "high", "base", "gone", "told"])


def balance_cells(members: pd.DataFrame, balances: pd.DataFrame) -> pd.DataFrame:
    """`cohorts` and `balances` → the cohort's deposits and wealth in a month ÷ those in month REFERENCE_MONTH after the opening (who
    has closed holds nothing): cohort, months, value, low, high, base, told. Intervals by the jackknife over
    customers; not told where two customers hold most of either sum."""
    members = members[members["cohort"].ne(EARLIER)]
    held = _by_life_month(members, balances)
    rows = []
    for name, own in members.groupby(members["cohort"].astype(str)):
        last, wide = int(own["reach"].min()), held.reindex(own["customer_id"]).fillna(0.0)
        for months in range(6, last + 1, 6) if len(own) >= CUSTOMERS_FOR_CURVE else ():
            x, y = (wide[at].to_numpy() if at in wide else np.zeros(len(wide)) for at in (REFERENCE_MONTH, months))
            if x.sum() > 0:
                tells = not (dominates(x) or dominates(y)) and is_tellable(int((y > 0).sum()))
                rows.append({"cohort": name, "months": months, **kept_ratio(y, x)._asdict(), "told": tells})
    return pd.DataFrame(rows, columns=["cohort", "months", "value", "low", "high", "base", "told"])


def _by_life_month(members: pd.DataFrame, balances: pd.DataFrame) -> pd.DataFrame:
    """Customer × whole months since the month of opening: deposits and wealth (averages where the bank brings them)."""
    basis = "average" if balances["basis"].eq("average").any() else "end"
    own = balances[balances["basis"].eq(basis) & balances["customer_id"].isin(members["customer_id"])]
    opened = pd.to_datetime(own["customer_id"].map(members.set_index("customer_id")["opened_date"]))
    month = pd.to_datetime(own["month"])
    life = (month.dt.year - opened.dt.year) * 12 + month.dt.month - opened.dt.month
    assets = own["deposits"].fillna(0) + own["wealth"].fillna(0) if "wealth" in own else own["deposits"].fillna(0)
    table = pd.DataFrame({"customer_id": own["customer_id"], "life": life, "assets": assets.astype(float)})
    wanted = table[(table["life"] == REFERENCE_MONTH) | (table["life"] % 6 == 0)]
    return wanted.pivot_table(index="customer_id", columns="life", values="assets", aggfunc="sum")


def kept_ratio(y: np.ndarray, x: np.ndarray) -> Estimate:
    """Sum of `y` ÷ sum of `x` over customers, with Student's t interval by the jackknife: what each customer's absence would change
    (Miller 1974)."""
    n, value = len(x), float(y.sum() / x.sum())
    if n < 2 or x.max() >= x.sum():
        return Estimate(value, None, None, n)
    change = (y - value * x) / (x.sum() - x)
    half = stdtrit(n - 1, 0.975) * np.sqrt((change**2).sum())
    return Estimate(value, float(max(value - half, 0.0)), float(value + half), n)


def cohort_name(name: str, begin: dt.date, as_of: dt.date) -> Message:
    """`2nd half of 2023`, or the earlier customers."""
    if name == EARLIER:
        return say("Earlier, from {begin:month} on", begin=begin)
    first = dt.date.fromisoformat(name)
    if _width(begin, as_of) == 6:
        return say("{year} H1", year=first.year) if first.month == 1 else say("{year} H2", year=first.year)
    return say("{year} Q{quarter:count}", year=first.year, quarter=1 + (first.month - 1) // 3)


def heat_exhibit(name: str, cells: pd.DataFrame, begin: dt.date, as_of: dt.date, absent: Message | None = None) -> Exhibit:
    """The cells of `kept_cells` (name "customers_kept") or `balance_cells` ("balances_kept") as a heat map: colour by the
    distance from the mean of all opening cohorts at the same months."""
    told = cells[cells["told"].astype(bool)] if len(cells) else cells
    is_customers = name == "customers_kept"
    plain = say("Which customers stay, by opening?") if is_customers else say("Which balances stay, by opening?")
    if absent is not None or told.empty:
        few = say("No opening cohort has {needed:count} customers seen for six months.", needed=CUSTOMERS_FOR_CURVE)
        return Exhibit(name, plain, absent=absent or few)
    cells = cells.assign(value=cells["value"].where(cells["told"].astype(bool))).sort_values(["cohort", "months"])
    own = told[told["cohort"].ne(EARLIER)]
    mean = own.assign(sum=own["value"] * own["base"]).groupby("months")[["sum", "base"]].sum()
    frame = pd.DataFrame(
        {
            "row": [cohort_name(cohort, begin, as_of) for cohort in cells["cohort"]],
            "column": [say("{months:count} months", months=months) for months in cells["months"]],
            "value": cells["value"] - cells["months"].map(mean["sum"] / mean["base"]),
            "text": [say("{share:share}", share=share) if pd.notna(share) else None for share in cells["value"]],
        }
    )
    return Exhibit(name, _title(told, is_customers, begin, as_of), _subtitle(is_customers, begin), frame)


def _subtitle(is_customers: bool, begin: dt.date) -> Message:
    if is_customers:
        return say(
            "Share of each opening cohort whose relation has not ended for whatever reason, by months since opening (earlier customers: since {begin:month}), in %; colour: against the mean of the cohorts at the same months; –: too few ended since the months before, or not yet seen by all of the cohort",
            begin=begin,
        )  # fmt: skip
    return say(
        "Deposits and wealth of each opening cohort in % of those in its month {month:count} after opening; who has closed holds nothing; colour: against the mean of the cohorts at the same months; –: two customers hold most of it, or not yet seen by all of the cohort",
        month=REFERENCE_MONTH,
    )  # fmt: skip


def _title(told: pd.DataFrame, is_customers: bool, begin: dt.date, as_of: dt.date) -> Message:
    own = told[told["cohort"].ne(EARLIER)] if told["cohort"].ne(EARLIER).any() else told
    months = YEAR if own["months"].eq(YEAR).any() else int(own["months"].max())
    at = own[own["months"].eq(months)].sort_values("value")
    what = say("customers") if is_customers else say("balances")
    least, most = (cohort_name(name, begin, as_of) for name in at["cohort"].iloc[[0, -1]])
    low, high = at["value"].iloc[[0, -1]]
    if len(at) == 1:
        return say("After {months:count} months {share:share} of {what} are left ({cohort})", months=months, share=low, what=what, cohort=least)  # fmt: skip
    if not _differ(at):
        return say("The opening cohorts do not differ beyond noise in how many {what} are left after {months:count} months", what=what, months=months)  # fmt: skip
    return say(
        "Opening cohorts differ beyond noise: after {months:count} months from {low:share} ({least}) to {high:share} ({most}) of {what} are left",
        months=months, low=low, least=least, high=high, most=most, what=what,
    )  # fmt: skip


def _differ(cells: pd.DataFrame) -> bool:
    """Cochran's Q of the cells' values, their variances taken from the intervals (Cochran 1954)."""
    weight = 1 / ((cells["high"] - cells["low"]) / (2 * Z95)) ** 2
    centre = (weight * cells["value"]).sum() / weight.sum()
    return bool(chdtrc(len(cells) - 1, (weight * (cells["value"] - centre) ** 2).sum()) < CERTAIN)


def cohort_findings(cells: pd.DataFrame, begin: dt.date, as_of: dt.date) -> list[Finding]:
    """The latest cohort seen for a year, against the opening cohorts before it."""
    year = cells[cells["months"].eq(YEAR) & cells["cohort"].ne(EARLIER)].sort_values("cohort")
    year = year[year["told"].astype(bool)]
    if len(year) < 2:
        return []
    last, before = year.iloc[-1], year.iloc[:-1]
    n, gone = int(before["base"].sum()), int(before["gone"].sum())
    apart = difference_of_shares(last["base"] - last["gone"], last["base"], n - gone, n)
    text = say(
        "Of those who opened in {cohort} **{value:share}** were still customers after a year (interval {low:share} to {high:share}), {verdict}.",
        cohort=cohort_name(last["cohort"], begin, as_of), value=last["value"], low=last["low"], high=last["high"],
        verdict=_verdict(apart, 1 - gone / n),
    )  # fmt: skip
    return [
        Finding(
            "cohort.latest.customers_kept_12m", text, float(last["value"]), int(last["base"]), "share", low=float(last["low"]),
            high=float(last["high"]), compare_to=1 - gone / n, exhibit="customers_kept",
        )
    ]  # fmt: skip


def _verdict(apart: Estimate, earlier: float) -> Message:
    if apart.low > 0:
        return say("more than the {earlier:share} of the cohorts before", earlier=earlier)
    if apart.high < 0:
        return say("fewer than the {earlier:share} of the cohorts before", earlier=earlier)
    return say("within noise of the {earlier:share} of the cohorts before", earlier=earlier)


def cohorts_exhibit(kept: pd.DataFrame, held: pd.DataFrame, begin: dt.date, as_of: dt.date) -> Exhibit:
    """Each cohort at the latest months that can be told, with its interval."""
    title, rows = say("How sure are the cohorts' figures?"), []
    for group, cells in ((say("Customers kept"), kept), (say("Balances kept"), held)):
        last = cells[cells["told"].astype(bool)].groupby("cohort").tail(1)
        for row in last.to_dict("records"):
            label = say("{cohort}, {months:count} months", cohort=cohort_name(row["cohort"], begin, as_of), months=row["months"])
            rows.append({"label": label, **{name: row[name] for name in ("value", "low", "high", "base")}, "group": group})
    if not rows:
        return Exhibit("cohorts", title, absent=say("No opening cohort can be told."))
    subtitle = say(
        "Each cohort at the latest months that can be told, in %; intervals 95%, for customers like these: of customers kept Wilson's, of balances kept that of a ratio; balances hang on few large customers"
    )
    return Exhibit("cohorts", title, subtitle, pd.DataFrame(rows))


def balance_findings(cells: pd.DataFrame, begin: dt.date, as_of: dt.date) -> list[Finding]:
    """What the latest cohort seen for a year has left of its balances."""
    year = cells[cells["months"].eq(YEAR) & cells["told"].astype(bool)].sort_values("cohort")
    if year.empty:
        return []
    last = year.iloc[-1]
    text = say(
        "Balances of those who opened in {cohort} stood after a year at **{value:share}** of those in month {month:count} (interval {low:share} to {high:share}).",
        cohort=cohort_name(last["cohort"], begin, as_of), value=last["value"], low=last["low"], high=last["high"], month=REFERENCE_MONTH,
    )  # fmt: skip
    numbers = {"low": float(last["low"]), "high": float(last["high"])}
    return [
        Finding(
            "cohort.latest.balances_kept_12m", text, float(last["value"]), int(last["base"]), "share", **numbers,
            exhibit="balances_kept", is_headline=False,
        )
    ]  # fmt: skip
