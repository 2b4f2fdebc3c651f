"""Which conclusions hold however tiers and leaving are defined: each is drawn anew under every rule tried."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.finding import Column, Exhibit, Finding
from analysis.stats.intervals import difference_of_shares
from analysis.study.churn import MAIN_RULE, PARTS, RULES, ChurnRule, matured, outcomes, unseen
from analysis.study.tiers import LOWEST, open_customers, tier_of
from analysis.study.value_components import CONTRIBUTION
from analysis.study.value_movement import dates_of_movement, moves, rises_among_moves
from analysis.study.value_risers import Risers, months_known, risers
from analysis.wording import Message, listed, say

MEASURE = "assets_3m"
FACTORS = (0.5, 0.75, 1.25, 2.0)
LEAVERS_NEEDED = 10
HOLDS, NOISE, REVERSE, UNKNOWN = "holds", "noise", "reverse", "unknown"
VERDICTS = {HOLDS: say("holds"), NOISE: say("within noise"), REVERSE: say("the reverse"), UNKNOWN: None}
HALF = {
    CONTRIBUTION: say("The tiers above mass bring more than half of contribution"),
    MEASURE: say("The tiers above mass hold more than half of assets"),
}
CONCLUSIONS = {
    "above_mass_half": HALF[CONTRIBUTION],
    "more_rise": say("More customers rise than fall within twelve months"),
    "risers_products": say("Who rises holds more products, with equal distance to the edge"),
    "leave_less": say("Customers above mass leave less often than mass customers"),
}
EVIDENCE = {"risers_products": "adjusted", "leave_less": "association"}


@dataclass(frozen=True)
class TierRule:
    """One way to make tiers: `edges` (currency) of a `measure`, and its `label`."""

    label: Message
    edges: Mapping[str, float]
    measure: str = MEASURE


def tier_rules(customers: pd.DataFrame, edges: Mapping[str, float]) -> list[TierRule]:
    """The rules tried, the bank's own first: edges × FACTORS; assets of the latest month and of twelve; contribution, with
    edges that put as many of the open `customers` above each as the bank's own do."""
    rules = [TierRule(say("As stated"), edges)]
    for factor in FACTORS:
        scaled = {name: edge * factor for name, edge in edges.items()}
        rules.append(TierRule(say("Edges × {factor:number}", factor=factor), scaled))
    if "assets" in customers:
        rules.append(TierRule(say("Assets of the latest month"), edges, "assets"))
    if "assets_12m" in customers:
        rules.append(TierRule(say("Assets of twelve months"), edges, "assets_12m"))
    if CONTRIBUTION in customers and customers[CONTRIBUTION].notna().any():
        alike = _edges_alike(customers, edges)
        if len(set(alike.values())) == len(edges):
            rules.append(TierRule(say("Contribution in place of assets"), alike, CONTRIBUTION))
    return rules


def _edges_alike(customers: pd.DataFrame, edges: Mapping[str, float]) -> dict[str, float]:
    """Edges of contribution above which as many customers lie as above those of assets; equal where nobody lies between."""
    above = {name: float((customers[MEASURE].fillna(0) >= edge).mean()) for name, edge in edges.items()}
    return {name: float(customers[CONTRIBUTION].fillna(0).quantile(1 - share)) for name, share in above.items()}


def rules_table(
    history: Mapping[dt.date, pd.DataFrame], edges: Mapping[str, float], rule: ChurnRule, main: Risers
) -> pd.DataFrame:
    """One row a rule: label, kind (tier or churn), and for each of CONCLUSIONS its verdict (HOLDS, NOISE, REVERSE, UNKNOWN).
    `main` is the hazard model under the bank's own tiers."""
    customers = open_customers(history[max(history)])
    rows = []
    for number, tried in enumerate(tier_rules(customers, edges)):
        found = main if number == 0 else risers(history, tried.edges, tried.measure)
        verdicts = {
            "above_mass_half": _half(customers, tried),
            "more_rise": _more_rise(history, tried),
            "risers_products": _products(found),
            "leave_less": leave_less(history, tried, rule, MAIN_RULE),
        }
        rows.append({"label": tried.label, "kind": "tier", **verdicts})
    stated, hidden_rules = TierRule(say("As stated"), edges), unseen(dict(history), rule)
    for part in PARTS:
        verdict = UNKNOWN if part in hidden_rules else leave_less(history, stated, rule, part)
        label = say("Leaving: {rule}", rule=RULES[part])
        rows.append({"label": label, "kind": "churn", **dict.fromkeys(CONCLUSIONS, UNKNOWN), "leave_less": verdict})
    return pd.DataFrame(rows)


def _verdict(low: float | None, high: float | None, null: float) -> str:
    if low is None or high is None:
        return UNKNOWN
    return HOLDS if low > null else REVERSE if high < null else NOISE


def measure_of_half(customers: pd.DataFrame) -> str:
    """What the tiers above mass are held to half of: contribution, or assets where it is not known."""
    return CONTRIBUTION if CONTRIBUTION in customers and customers[CONTRIBUTION].sum() > 0 else MEASURE


def _half(customers: pd.DataFrame, tried: TierRule) -> str:
    amounts = customers[measure_of_half(customers)].fillna(0)
    share = amounts[_is_above(customers, tried)].sum() / amounts.sum()
    return _verdict(share, share, 0.5) if amounts.sum() > 0 else UNKNOWN


def _is_above(customers: pd.DataFrame, tried: TierRule) -> pd.Series:
    return tier_of(customers[tried.measure], tried.edges) != LOWEST


def _more_rise(history: Mapping[dt.date, pd.DataFrame], tried: TierRule) -> str:
    if (days := dates_of_movement(history)) is None or tried.measure not in history[days[0]]:
        return UNKNOWN
    before = history[days[0]]
    known = before["tenure_months"] >= months_known(tried.measure)
    rises = rises_among_moves(moves(before[known], history[days[1]], tried.edges, tried.measure))
    return _verdict(rises.low, rises.high, 0.5)


def _products(found: Risers) -> str:
    if found.fit is None or "products" not in found.fit.design:
        return UNKNOWN
    row = found.fit.odds_ratios().set_index("term").loc["products"]
    return _verdict(row["low"], row["high"], 1.0)


def leave_less(history: Mapping[dt.date, pd.DataFrame], tried: TierRule, rule: ChurnRule, part: str) -> str:
    """Whether customers above mass leave less often by a rule of leaving (`part`): the verdict on the difference of shares
    over all horizons that do not overlap, back from the latest; UNKNOWN where fewer than LEAVERS_NEEDED left."""
    counts, end = pd.DataFrame(0, index=[True, False], columns=["sum", "size"]), max(history)
    while (start := rule.before(end)) in matured(list(history), end, rule):
        result = outcomes(history[start], history[end], rule)
        at_start = history[start].set_index("customer_id").reindex(result["customer_id"])
        above = pd.Series(_is_above(at_start, tried).to_numpy())
        counts = counts.add(result[part].groupby(above.to_numpy()).agg(["sum", "size"]), fill_value=0)
        end = start
    if (counts["size"] == 0).any() or counts["sum"].sum() < LEAVERS_NEEDED:
        return UNKNOWN
    difference = difference_of_shares(*counts.loc[False], *counts.loc[True])
    return _verdict(difference.low, difference.high, 0.0)


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """One row a conclusion: conclusion, held, noise, reverse (numbers of rules), rules (all that could be tried)."""
    rows = []
    for name in CONCLUSIONS:
        counts = table[name].value_counts()
        held, noise, reverse = (int(counts.get(verdict, 0)) for verdict in (HOLDS, NOISE, REVERSE))
        rows.append({"conclusion": name, "held": held, "noise": noise, "reverse": reverse, "rules": held + noise + reverse})
    return pd.DataFrame(rows)


def rules_exhibit(table: pd.DataFrame, customers: pd.DataFrame) -> Exhibit:
    """What each conclusion comes to under each rule; below, under how many it holds."""
    counted = summary(table).set_index("conclusion")
    words = _conclusions(customers)
    frame = table.assign(is_total=False, **{name: table[name].map(VERDICTS) for name in CONCLUSIONS})
    total = {
        name: say("{held:count} of {rules:count}", **row[["held", "rules"]]) if row["rules"] else VERDICTS[UNKNOWN]
        for name, row in counted.iterrows()
    }
    below = pd.DataFrame([{"label": say("Holds under"), "is_total": True, **total}])
    return Exhibit(
        name="rules",
        title=_title(counted),
        subtitle=say(
            "Each conclusion drawn anew under other edges, other measures and other rules of leaving; within noise: a 95% interval under this rule, by itself, leaves it open; –: does not apply, or the data cannot tell"
        ),
        frame=pd.concat([frame, below], ignore_index=True),
        columns=(Column("label", say("Rule")), *[Column(name, words[name]) for name in CONCLUSIONS]),
    )  # fmt: skip


def rules_findings(table: pd.DataFrame, customers: pd.DataFrame) -> list[Finding]:
    """How many conclusions hold under every rule, and each with its number."""
    counted, words = summary(table), _conclusions(customers)
    tried = counted[counted["rules"] > 0]
    if tried.empty:
        return []
    rest = {"base": len(customers), "unit": "count", "exhibit": "rules"}
    always = tried[tried["held"] == tried["rules"]]
    text = say(
        "Of {all:count} conclusions **{held:count}** hold under every rule of tiers and of leaving that was tried{which}.",
        all=len(tried), held=len(always), which=_which([words[name] for name in always["conclusion"]]),
    )  # fmt: skip
    each = [
        Finding(
            f"value.holds.{row['conclusion']}",
            say(
                "“{conclusion}” holds under **{held:count} of {rules:count}** rules; within noise under {noise:count}, the reverse under {reverse:count}.",
                conclusion=words[row["conclusion"]], **row[["held", "rules", "noise", "reverse"]],
            ),
            int(row["held"]), evidence=EVIDENCE.get(row["conclusion"], "description"), compare_to=int(row["rules"]),
            is_headline=False, **rest,
        )
        for _, row in tried.iterrows()
    ]  # fmt: skip
    return [Finding("value.holds.all", text, len(always), compare_to=len(tried), evidence="association", **rest), *each]


def _which(conclusions: list[Message]) -> Message | str:
    if not conclusions:
        return ""
    return say(": {conclusions}", conclusions=listed(conclusions, say("{first}; {second}")))


def _conclusions(customers: pd.DataFrame) -> dict[str, Message]:
    return {**CONCLUSIONS, "above_mass_half": HALF[measure_of_half(customers)]}


def _title(counted: pd.DataFrame) -> Message:
    tried = counted[counted["rules"] > 0]
    return say(
        "{held:count} of {all:count} conclusions hold under every rule tried",
        held=int((tried["held"] == tried["rules"]).sum()), all=len(tried),
    )  # fmt: skip
