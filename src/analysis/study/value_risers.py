"""What goes with rising by a tier in the next quarter: a discrete-time hazard model of the bank's customers."""

import contextlib
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.calendar import LANDMARK_STEP_MONTHS, months_before
from analysis.finding import Exhibit, Finding
from analysis.stats.intervals import simultaneous
from analysis.stats.logistic import LogisticFit, NotEstimable, fit_logistic
from analysis.study.churn import ESTABLISHED_MONTHS
from analysis.study.disclosed import told
from analysis.study.tiers import open_customers, tier_of
from analysis.wording import Message, say

EVENTS_PER_TERM = 10  # Peduzzi 1996
EVENTS_PER_ADJUSTMENT = 5  # Vittinghoff and McCulloch 2007: columns that are in the model only to be held equal
SMALLEST_SHARE = 0.005
MONTHS_KNOWN = {"contribution_12m": 12}
FURTHEST = 4.0
STEP = 0.1
RISING = 0.1
BEND = "bend"
POSITION = {
    "distance": say("A tenth nearer to the next edge, from a tenth beneath it"),
    "latest": say("Latest month 10% above the three-month average"),
    "rising": say("Assets rose by a tenth or more in three months"),
    "unsteady": say("Assets fluctuate by 10 points more"),
    "affluent": say("Already above mass"),
}
ATTRIBUTES = {
    "products": say("One more product"),
    "invests": say("Holds wealth, fund or insurance"),
    "borrows": say("Has a loan"),
    "transactions": say("Twice as many transactions in 90 days"),
    "digital": say("10 points more of transactions digital"),
    "complaint": say("A complaint within the year"),
    "tenure": say("Twice the tenure"),
    "corporate": say("Corporate customer"),
}
INVESTED = ("holds_wealth", "holds_fund", "holds_insurance")


@dataclass(frozen=True)
class Risers:
    """`fit` on the panel (None: too few rose, or no single answer), its `rows` (customers × quarters) and customers who
    rose (`events`, each counted once), of whom `events_needed` are asked; `has_calendar`, whether each quarter has a
    baseline of its own."""

    fit: LogisticFit | None
    rows: int
    events: int
    events_needed: int
    has_calendar: bool


def design(features: pd.DataFrame, edges: Mapping[str, float], measure: str = "assets_3m") -> pd.DataFrame:
    """Feature rows → the model's terms by customer_id, for those below the highest tier, established and within
    FURTHEST of the next edge: POSITION (where the customer stands and moves) and ATTRIBUTES, each in the unit named there,
    and BEND, the square of the distance, so that it need not be straight. What the bank does not bring is left out."""
    held = features.set_index("customer_id")
    tier = tier_of(held[measure], edges)
    above = tier.astype(str).map(_edges_above(edges)).astype(float)
    level = held[measure].fillna(0.0)
    kept = above.notna() & (level * FURTHEST >= above) & (held["tenure_months"] >= max(months_known(measure), ESTABLISHED_MONTHS))
    held, level, above, tier = held[kept], level[kept], above[kept], tier[kept]
    distance = np.log(level / above) / np.log(1 + STEP)
    terms = {"distance": distance, BEND: (distance + 1) ** 2, "affluent": tier.cat.codes.gt(0).astype(float)} | _attributes(held)
    if measure in ("assets_3m", "assets_12m") and "assets" in held:
        terms["latest"] = np.log((held["assets"].fillna(0.0) / level).clip(0.25, 4.0)) / np.log(1 + STEP)
    if "assets_trend" in held:
        terms["rising"] = held["assets_trend"].ge(RISING).astype(float)
    if "assets_volatility" in held:
        terms["unsteady"] = held["assets_volatility"].fillna(0.0).clip(upper=1.0) * 10
    return pd.DataFrame({name: terms[name] for name in [*POSITION, BEND, *ATTRIBUTES] if name in terms})


def months_known(measure: str) -> int:
    """Months that a customer must be known for its `measure` to be complete: a sum over a year grows until the year is full."""
    return MONTHS_KNOWN.get(measure, 0)


def _edges_above(edges: Mapping[str, float]) -> dict[str, float]:
    ordered = sorted(edges, key=edges.get)
    return dict(zip(["mass", *ordered[:-1]], (edges[name] for name in ordered), strict=True))


def _attributes(held: pd.DataFrame) -> dict[str, pd.Series]:
    terms = {
        "tenure": np.log2(held["tenure_months"].clip(lower=1)),
        "corporate": held["kind"].eq("corporate").astype(float),
    }
    if "products_held" in held:
        terms["products"] = held["products_held"].fillna(0).astype(float)
    if invested := [name for name in INVESTED if name in held]:
        terms["invests"] = held[invested].fillna(0).max(axis=1).gt(0).astype(float)
    if "loans" in held:
        terms["borrows"] = held["loans"].gt(0).astype(float)
    if "transactions_90d" in held:
        terms["transactions"] = np.log2(1 + held["transactions_90d"])
        terms["digital"] = (held["app_share"].fillna(0) + held["web_share"].fillna(0)) * 10
    if "complaints_365d" in held:
        terms["complaint"] = held["complaints_365d"].gt(0).astype(float)
    return terms


def riser_panel(history: Mapping[dt.date, pd.DataFrame], edges: Mapping[str, float], measure: str = "assets_3m") -> pd.DataFrame:
    """One row a customer at risk and landmark with a landmark one quarter later: landmark, customer_id, rose (1: open and in
    a higher tier then; 0 else, those who left among them) and the terms of `design`, all known at the landmark."""
    parts = []
    for day in sorted(history):
        if (later := months_before(day, -LANDMARK_STEP_MONTHS)) in history:
            terms = design(open_customers(history[day]), edges, measure)
            before = tier_of(history[day].set_index("customer_id")[measure].reindex(terms.index), edges)
            reached = open_customers(history[later]).set_index("customer_id")[measure].reindex(terms.index)
            after = tier_of(reached, edges)
            rose = (after.cat.codes > before.cat.codes) & reached.notna()
            parts.append(terms.assign(landmark=day, rose=rose.astype(float)).reset_index())
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["landmark", "customer_id", "rose"])


def risers(history: Mapping[dt.date, pd.DataFrame], edges: Mapping[str, float], measure: str = "assets_3m") -> Risers:
    """The model: log odds of rising in a quarter on position and attributes, with a baseline for each quarter where events
    allow it; intervals robust to customers who recur."""
    panel = riser_panel(history, edges, measure)
    terms = varied(panel, [*POSITION, BEND, *ATTRIBUTES])
    events = int(panel.loc[panel["rose"] == 1, "customer_id"].nunique())
    needed = EVENTS_PER_TERM * max(len(terms), 1)
    if not terms or events < needed:
        return Risers(None, len(panel), events, needed, False)
    calendar = pd.get_dummies(panel["landmark"].astype(str), drop_first=True, dtype=float)
    has_calendar = len(calendar.columns) > 0 and events >= needed + EVENTS_PER_ADJUSTMENT * len(calendar.columns)
    has_calendar &= bool(panel.groupby("landmark")["rose"].sum().gt(0).all())
    tries = [(panel[terms].join(calendar), True)] if has_calendar else []
    for rows, with_calendar in [*tries, (panel[terms], False)]:
        with contextlib.suppress(NotEstimable):
            fit = fit_logistic(rows, panel["rose"], clusters=panel["customer_id"])
            return Risers(fit, len(panel), events, needed, with_calendar)
    return Risers(None, len(panel), events, needed, False)


def varied(panel: pd.DataFrame, names: list[str]) -> list[str]:
    """Terms in use: a flag that hardly anybody bears, or bears with one outcome only, cannot be estimated."""
    kept = []
    for name in (name for name in names if name in panel):
        values = panel[name]
        if values.nunique() == 2:
            outcome = panel.groupby(name)["rose"].agg(["sum", "size"])
            is_rare = outcome["size"].min() < SMALLEST_SHARE * len(panel)
            if is_rare or (outcome["sum"] == 0).any() or (outcome["sum"] == outcome["size"]).any():
                continue
        if values.nunique() > 1:
            kept.append(name)
    return kept


def riser_table(found: Risers) -> pd.DataFrame:
    """Odds ratios: term, label, group (position or attributes), value, low, high (95 % each by itself), is_noise (all
    attributes read at once, positions apart)."""
    ratios = found.fit.odds_ratios()
    labels = {**POSITION, **ATTRIBUTES}
    ratios = ratios[ratios["term"].isin(labels)].reset_index(drop=True)
    at_once = _at_once(ratios)
    group = ratios["term"].isin(POSITION).map({True: say("Where the customer stands and moves"), False: say("Attributes")})
    return ratios.assign(label=ratios["term"].map(labels), group=group, is_noise=((at_once["low"] <= 0) & (at_once["high"] >= 0)))


def _at_once(ratios: pd.DataFrame) -> pd.DataFrame:
    logs = ratios.assign(**np.log(ratios[["value", "low", "high"]]))
    parts = [simultaneous(part) for _, part in logs.groupby(ratios["term"].isin(POSITION))]
    return pd.concat(parts).loc[ratios.index]


def riser_exhibit(found: Risers) -> Exhibit:
    """Odds ratio of each term; what says where the customer stands in a group of its own."""
    if found.fit is None:
        return Exhibit("risers", say("What distinguishes those who rise"), absent=why_no_model(found))
    table = riser_table(found)
    attributes = table[~table["term"].isin(POSITION)]
    apart = attributes[~attributes["is_noise"]]
    return Exhibit(
        name="risers",
        title=say(
            "Attributes that go with rising beyond noise, all compared at once: {apart:count} of {all:count}",
            apart=len(apart), all=len(attributes),
        ),
        subtitle=say(
            "Odds ratio of rising by a tier within the next quarter, each line with the others held equal{calendar}; customers who hold a quarter of the next edge or more; the distance enters with its square; lines, 95% intervals robust to customers who recur, each by itself; hollow: within noise, all attributes compared at once (Bonferroni)",
            calendar=say(", quarters compared within themselves") if found.has_calendar else "",
        ),
        frame=table[["label", "group", "value", "low", "high", "is_noise"]],
        unit="ratio",
        reference=1.0,
        reference_label=say("No difference"),
        options={"log": True, "value_label": say("Odds ratio")},
    )  # fmt: skip


def riser_findings(found: Risers) -> list[Finding]:
    """Each attribute that goes with rising beyond noise; or that none does; or that too few rose."""
    rest = {"base": found.rows, "base_of": "observations", "evidence": "adjusted", "exhibit": "risers"}
    if found.fit is None:
        return []
    table = riser_table(found).assign(**_widened(riser_table(found)))
    attributes = table[~table["term"].isin(POSITION)]
    apart = attributes[~attributes["is_noise"]]
    if apart.empty:
        text = say(
            "With equal distance to the next edge, **none** of {all:count} attributes goes with rising by a tier beyond noise.",
            all=len(attributes),
        )  # fmt: skip
        return [Finding("rise.none", text, 0, unit="count", **rest)]
    strongest = np.log(apart["value"]).abs().idxmax()
    return [
        Finding(
            f"rise.{row['term']}",
            say(
                "Rising by a tier, with equal distance to the next edge: {attribute} goes with odds **{value:ratio} times** as high ({low:ratio} to {high:ratio}, all attributes compared at once).",
                attribute=row["label"], value=row["value"], low=row["low"], high=row["high"],
            ),
            float(row["value"]), unit="ratio", low=float(row["low"]), high=float(row["high"]), compare_to=1.0,
            is_headline=index == strongest, **rest,
        )
        for index, row in apart.iterrows()
    ]  # fmt: skip


def _widened(table: pd.DataFrame) -> dict[str, pd.Series]:
    return {end: np.exp(_at_once(table)[end]) for end in ("low", "high")}


def why_no_model(found: Risers) -> Message:
    """Why there is no fit: how many rose, how many are needed."""
    if found.events >= found.events_needed:
        return say("The attributes of those who rose allow no single answer.")
    return say(
        "Customers who rose in all quarters together: {events}; a model needs {needed:count}.",
        events=told(found.events), needed=found.events_needed,
    )  # fmt: skip
