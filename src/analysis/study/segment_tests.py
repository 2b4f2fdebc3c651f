"""Do segments tell churn and response apart beyond tier? Tested with nested models."""

import datetime as dt
from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.finding import Column, Exhibit, Finding
from analysis.stats.nested import EVENTS_PER_TERM, Nested, TooFewEvents, dummies, holm, nested_test
from analysis.study.churn import MAIN_RULE, PARTS, RULES, ChurnRule
from analysis.study.disclosed import hidden
from analysis.study.segments import Segments, segments_at
from analysis.study.tiers import tier_of
from analysis.wording import Message, listed, say

CERTAIN = 0.05
SMALLEST_TOLD = 0.001
RESPONSE = "response"
Result = Nested | Message
OUTCOMES = {MAIN_RULE: say("Churn, any rule"), "closed": say("Churn: closed"), "dormant": say("Churn: dormant"),
            "run_off": say("Churn: run-off"), RESPONSE: say("Response to campaigns")}  # fmt: skip


def beyond_tier(
    found: Segments,
    history: Mapping[dt.date, pd.DataFrame],
    left: pd.DataFrame | None,
    campaigns: pd.DataFrame | None,
    rule: ChurnRule,
    tiers: Mapping[str, float],
    as_of: dt.date,
    seed: int = 7,
) -> tuple[Exhibit, list[Finding]]:
    """`left`: see `segment_uses.churn_by_customer`. Each outcome's nested models, tier against tier and segments; p-values are Holm's
    over all of them."""
    heading = say("Churn and response beyond tier")
    if not tiers or "assets_3m" not in history[max(history)]:
        return Exhibit("segment_tests", heading, absent=say("The bank's bank.yaml states no edges of tiers, or the bank brings no balances.")), []  # fmt: skip
    results = {}
    if left is not None:
        known = _tiers_at(history[rule.before(as_of)], tiers, left["customer_id"])
        results = {name: _tested(known, left, name, seed) for name in (MAIN_RULE, *PARTS) if name in left}
    results[RESPONSE] = _response(found, history, campaigns, tiers, as_of, seed)
    made = [name for name, result in results.items() if isinstance(result, Nested)]
    p = dict(zip(made, holm([results[name].p for name in made]), strict=True))
    return _exhibit(results, p, _untold(left)), _findings(results, p)


def offers(found: Segments, history: Mapping[dt.date, pd.DataFrame], campaigns: pd.DataFrame, as_of: dt.date) -> pd.DataFrame:
    """Each customer's last treated offer whose answer is known: customer_id, campaign_id, landmark (the last before the offer),
    segment (at the landmark), responded. Offers before the first landmark, and customers without a segment then, are left
    out."""
    made = campaigns[campaigns["arm"].eq("treated") & campaigns["responded"].notna() & campaigns["offered_date"].notna()]
    day = pd.to_datetime(made["offered_date"])
    landmarks = np.array(sorted(history), dtype="datetime64[ns]")
    place = np.searchsorted(landmarks, day.to_numpy(dtype="datetime64[ns]"), side="left") - 1
    made = made.assign(day=day, place=place)[(place >= 0) & (day <= pd.Timestamp(as_of)).to_numpy()]
    parts = []
    for number, part in made.groupby("place"):
        landmark = pd.Timestamp(landmarks[number]).date()
        parts.append(part.assign(landmark=landmark, segment=part["customer_id"].map(segments_at(history[landmark], found))))
    if not parts:
        return made.assign(landmark=None, segment=None)
    known = pd.concat(parts).dropna(subset=["segment"]).sort_values("day", kind="stable")
    return known.drop_duplicates("customer_id", keep="last").drop(columns=["day", "place"]).reset_index(drop=True)


def _response(found: Segments, history, campaigns: pd.DataFrame | None, tiers, as_of: dt.date, seed: int) -> Result:
    if campaigns is None:
        return say("no campaigns")
    last = offers(found, history, campaigns, as_of)
    if last.empty:
        return say("no offers whose answer is known")
    tier = pd.concat([_tiers_at(history[day], tiers, part["customer_id"]) for day, part in last.groupby("landmark")])
    known = pd.concat([dummies(last["campaign_id"]), tier.loc[last.index]], axis=1)
    return _tested(known, last, "responded", seed)


def _tiers_at(features: pd.DataFrame, tiers: Mapping[str, float], customers: pd.Series) -> pd.DataFrame:
    """A 0/1 column for each tier but the first, a row each of `customers`, as indexed there."""
    assets = features.set_index("customer_id")["assets_3m"].reindex(customers)
    return dummies(tier_of(assets, tiers)).set_axis(customers.index, axis=0)


def _tested(known: pd.DataFrame, rows: pd.DataFrame, outcome: str, seed: int) -> Result:
    if rows.empty:
        return say("too few to test")
    try:
        return nested_test(known, dummies(rows["segment"].astype(int)), rows[outcome].astype(float), rows["customer_id"], seed)
    except TooFewEvents:
        return say("too few to test")


def _untold(left: pd.DataFrame | None) -> set[str]:
    """Single rules whose number of customers may not be told beside the number of all who left."""
    if left is None:
        return set()
    parts = [name for name in PARTS if name in left]
    return {name for name, secret in zip(parts, hidden([left[name].sum() for name in parts]), strict=True) if secret}


def _exhibit(results: Mapping[str, Result], p: Mapping[str, float], untold: set[str]) -> Exhibit:
    rows = [_row(name, result, p.get(name), name not in untold) for name, result in results.items()]
    return Exhibit(
        name="segment_tests",
        title=_title(p),
        subtitle=say(
            "Two nested logistic models for each outcome, tier alone and tier with segments: likelihood-ratio test, p corrected for all tests of the table (Holm); gain in AUC cross-fitted. Tier and segment are those before the outcome. Too few: below {each:count} who did, or did not, for each group of a model",
            each=EVENTS_PER_TERM,
        ),
        frame=pd.DataFrame(rows, columns=["label", "base", "events", "p", "gain", "interval", "verdict", "is_noise"]),
        columns=(
            Column("label", say("Outcome")),
            Column("base", say("Customers"), "count", say("in number")),
            Column("events", say("Left or responded"), "count", say("number")),
            Column("p", say("p"), "number.3", say("corrected")),
            Column("gain", say("Gain in AUC"), "number.3", say("0 is none")),
            Column("interval", say("95% interval"), "number.3", say("of the gain")),
            Column("verdict", say("Beyond tier")),
        ),
    )


def _row(name: str, result: Result, p: float | None, is_told: bool) -> dict:
    if not isinstance(result, Nested):
        return {"label": OUTCOMES[name], "verdict": result, "is_noise": True}
    return {
        "label": OUTCOMES[name], "base": result.base, "events": result.events if is_told and name not in PARTS else None, "p": _p(p),
        "gain": result.gain.value, "interval": say("{low:number.3} to {high:number.3}", low=result.gain.low, high=result.gain.high),
        "verdict": _verdict(p), "is_noise": p >= CERTAIN,
    }  # fmt: skip


def _verdict(p: float) -> Message:
    return say("yes") if p < CERTAIN else say("no evidence")


def _p(p: float) -> Message:
    """The p-value as a page writes it."""
    return say("below {p:number.3}", p=SMALLEST_TOLD) if p < SMALLEST_TOLD else say("{p:number.3}", p=p)


def _title(p: Mapping[str, float]) -> Message:
    told_apart = {name: p[name] < CERTAIN for name in (MAIN_RULE, RESPONSE) if name in p}
    texts = {
        (True, True): say("Segments tell both churn and response apart beyond tier"),
        (True, False): say("Segments tell churn apart beyond tier; for response there is no evidence"),
        (False, True): say("Segments tell response apart beyond tier; for churn there is no evidence"),
        (False, False): say("No evidence that segments tell churn or response apart beyond tier"),
        (True, None): say("Segments tell churn apart beyond tier; response could not be tested"),
        (False, None): say("No evidence that segments tell churn apart beyond tier; response could not be tested"),
        (None, True): say("Segments tell response apart beyond tier; churn could not be tested"),
        (None, False): say("No evidence that segments tell response apart beyond tier; churn could not be tested"),
    }
    untested = say("Too little is known to test whether segments tell churn or response apart beyond tier")
    return texts.get((told_apart.get(MAIN_RULE), told_apart.get(RESPONSE)), untested)


def _findings(results: Mapping[str, Result], p: Mapping[str, float]) -> list[Finding]:
    found = []
    for name, key, what in ((MAIN_RULE, "churn", say("churn")), (RESPONSE, "response", say("response to campaigns"))):
        if name not in p:
            continue
        gain = results[name].gain
        numbers = {"value": gain.value, "low": gain.low, "high": gain.high, "p": _p(p[name]), "what": what}
        text = _sentence(p[name] < CERTAIN, gain.low > 0, numbers).filled(rules=_rules(p) if name == MAIN_RULE else "")
        found.append(
            Finding(
                f"segments.beyond_tier.{key}", text, gain.value, results[name].base, "number", "association", gain.low, gain.high,
                exhibit="segment_tests", compare_to=0.0,
            )
        )  # fmt: skip
    return found


def _sentence(is_apart: bool, is_gain: bool, numbers: Mapping[str, object]) -> Message:
    if not is_apart:
        return say(
            "There is **no evidence** that segments tell {what} apart beyond tier (p {p}; AUC {value:number.3}, interval {low:number.3} to {high:number.3}){rules}.",
            **numbers,
        )  # fmt: skip
    if not is_gain:
        return say(
            "Segments **tell {what} apart beyond tier** (p {p}); that customers are ranked better is not shown: AUC {value:number.3} (interval {low:number.3} to {high:number.3}){rules}.",
            **numbers,
        )  # fmt: skip
    return say(
        "Segments **tell {what} apart beyond tier** (p {p}): customers are ranked better by {value:number.3} of AUC (interval {low:number.3} to {high:number.3}){rules}.",
        **numbers,
    )


def _rules(p: Mapping[str, float]) -> Message | str:
    """How many single rules of churn say the same as all of them together."""
    tested = [name for name in PARTS if name in p]
    if not tested:
        return ""
    same = [name for name in tested if (p[name] < CERTAIN) == (p[MAIN_RULE] < CERTAIN)]
    names = listed(RULES[name] for name in tested)
    return say("; of the single rules that could be tested ({names}), {same:count} of {tested:count} say the same",
               names=names, same=len(same), tested=len(tested))  # fmt: skip
