"""On how many customers contribution and assets rest: Lorenz curve, Gini coefficient, the top tenth, those who cost more
than they bring."""

import pandas as pd

from analysis.finding import DISCLOSURE_THRESHOLD, Exhibit, Finding
from analysis.stats.concentration import POINTS, cumulated_from_top, gini_estimate, lorenz, top_fraction_estimate
from analysis.study.disclosed import is_tellable, told_base
from analysis.study.value_components import CONTRIBUTION
from analysis.wording import Message, say

TOP = 0.1
MEASURES = {CONTRIBUTION: say("Contribution"), "assets_3m": say("Assets")}
CUSTOMERS_FOR_CURVE = 100


def measured(customers: pd.DataFrame) -> dict[str, pd.Series]:
    """The columns of MEASURES that the feature rows hold, missing values left out, where enough customers and a total above
    zero are there."""
    known = {name: customers[name].dropna() for name in MEASURES if name in customers}
    return {name: values for name, values in known.items() if len(values) >= CUSTOMERS_FOR_CURVE and values.sum() > 0}


def lorenz_exhibit(customers: pd.DataFrame) -> Exhibit:
    """Lorenz curves of contribution and of assets against equality."""
    known = measured(customers)
    if not known:
        return _absent("lorenz", say("On how few customers it rests"))
    main = next(iter(known))
    tenth = top_fraction_estimate(known[main], TOP)
    return Exhibit(
        name="lorenz",
        title=say("The top tenth of customers: {share:share} of {what}", share=tenth.value, what=_what(main)),
        subtitle=_lorenz_subtitle(known),
        frame=pd.concat([_curves(known, lorenz), _equality()], ignore_index=True),
        x_label=say("Share of customers, from the lowest up"),
        x_unit="share",
    )


def whale_exhibit(customers: pd.DataFrame) -> Exhibit:
    """Cumulative contribution from the most profitable customer down."""
    title, known = say("Customers who cost more than they bring"), measured(customers)
    if CONTRIBUTION not in known:
        return Exhibit("whale", title, absent=say("The bank's data hold no contribution that could be shared out."))
    values = known[CONTRIBUTION]
    negative = int((values < 0).sum())
    if negative == 0:
        return Exhibit("whale", title, absent=say("No customer costs more than it brings."))
    return Exhibit(
        name="whale",
        title=_whale_title(values, negative),
        subtitle=say(
            "Cumulative contribution of twelve months, customers from the highest down, in % of the total; above 100% the curve falls where customers cost more than they bring"
        ),
        frame=_curves({CONTRIBUTION: values}, cumulated_from_top),
        x_label=say("Share of customers, from the highest down"),
        x_unit="share",
    )  # fmt: skip


def concentration_findings(customers: pd.DataFrame) -> list[Finding]:
    """Gini and the share of the top tenth, of contribution, or of assets where contribution is not known; who costs more
    than they bring."""
    known = measured(customers)
    if not known:
        return []
    main = next(iter(known))
    values, what = known[main], _what(main)
    tenth, unequal = top_fraction_estimate(values, TOP), gini_estimate(values)
    about = "contribution" if main == CONTRIBUTION else "assets"
    top = say(
        "The tenth of customers with the highest {what} makes up **{share:share}** of it (for customers like these {low:share} to {high:share}).",
        what=what, share=tenth.value, low=tenth.low, high=tenth.high,
    )  # fmt: skip
    index = say(
        "Gini coefficient of {what}: **{value:number}** (0 all equal, 1 one customer has all).", what=what, value=unequal.value
    )
    base = told_base(len(values), len(customers))
    rest = {"base": base, "exhibit": "lorenz"}
    ends = [{"low": estimate.low, "high": estimate.high} for estimate in (tenth, unequal)]
    return [
        Finding(f"value.top_tenth.{about}_share", top, tenth.value, unit="share", compare_to=TOP, **ends[0], **rest),
        Finding("value.gini", index, unequal.value, unit="number", is_headline=False, **ends[1], **rest),
        *_negative_finding(values, main, base),
    ]


def _negative_finding(values: pd.Series, main: str, base: int | None) -> list[Finding]:
    negative = int((values < 0).sum())
    if main != CONTRIBUTION or negative == 0 or not is_tellable(negative):
        return []
    share = negative / len(values)
    text = say(
        "**{share:share}** of customers cost more than they bring; together they take back {lost:share.2} of contribution.",
        share=share, lost=-values[values < 0].sum() / values.sum(),
    )  # fmt: skip
    return [Finding("value.negative", text, share, base, "share", exhibit="whale", is_headline=False)]


def _whale_title(values: pd.Series, negative: int) -> Message:
    if not is_tellable(negative):
        return say("Fewer than {few:count} customers cost more than they bring", few=DISCLOSURE_THRESHOLD)
    return say(
        "{share:share} of customers cost more than they bring and take back {lost:share.2} of contribution",
        share=negative / len(values), lost=-values[values < 0].sum() / values.sum(),
    )  # fmt: skip


def _curves(known: dict[str, pd.Series], curve) -> pd.DataFrame:
    parts = []
    for name, values in known.items():
        points = min(POINTS, len(values) // DISCLOSURE_THRESHOLD + 1)
        part = curve(values, points).rename(columns={"units_share": "x", "total_share": "value"})
        parts.append(part.assign(series=MEASURES[name]))
    return pd.concat(parts, ignore_index=True)


def _equality() -> pd.DataFrame:
    return pd.DataFrame({"x": [0.0, 1.0], "value": [0.0, 1.0], "series": say("Equality")})


def _lorenz_subtitle(known: dict[str, pd.Series]) -> Message:
    told = say(
        "Share of the total that the lowest customers hold together, in %; the straight line is equality; whoever has no recorded amount is left out"
    )
    negative = int((known[CONTRIBUTION] < 0).sum()) if CONTRIBUTION in known else 0
    if negative == 0:
        return told
    return say("{told}; customers with negative contribution let its curve begin below zero", told=told)


def _what(measure: str) -> Message:
    return say("contribution") if measure == CONTRIBUTION else say("assets")


def _absent(name: str, title: Message) -> Exhibit:
    return Exhibit(
        name,
        title,
        absent=say("A curve needs {needed:count} customers with balances or contribution.", needed=CUSTOMERS_FOR_CURVE),
    )
