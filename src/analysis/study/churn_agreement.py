"""Do the rules of churn mean the same customers? Each rule on its own, none before another."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.finding import DISCLOSURE_THRESHOLD, Exhibit, Finding
from analysis.stats.intervals import Estimate, design_effect, simultaneous, wilson
from analysis.stats.kappa import kappa
from analysis.study.churn import INVOLUNTARY_REASONS, ChurnRule, at_risk
from analysis.study.churn_lives import History
from analysis.study.disclosed import is_tellable
from analysis.wording import Message, listed, say

EVENTS_NEEDED = 10
DORMANT, RUN_OFF, NEITHER, CLOSED = GROUPS = ("dormant", "run_off", "neither", "closed")
GROUP_NAMES = {
    DORMANT: say("of the dormant"), RUN_OFF: say("of those run off"), NEITHER: say("of those neither dormant nor run off"),
    CLOSED: say("of those who closed"),
}  # fmt: skip


@dataclass(frozen=True)
class Agreement:
    """`rows`: group (GROUPS), question (also, ended, before), value, low, high, base, events, tellable; `kappa` of dormant and run-off."""

    rows: pd.DataFrame
    kappa: Estimate
    months: int


def signs(history: History, as_of: dt.date, rule: ChurnRule) -> pd.DataFrame:
    """One row a customer at risk and horizon (the horizons follow each other back from `as_of`, and do not overlap) whose relation
    had not ended by its end: customer_id, day (the end), dormant, run_off (each rule on its own), ended (by the end of the next
    horizon, for whatever reason; missing where that lies after `as_of`)."""
    rows, end = [], as_of
    while end in history and rule.before(end) in history:
        rows.append(_signs(history, end, rule))
        end = rule.before(end)
    return pd.concat(rows, ignore_index=True)


def _signs(history: History, end: dt.date, rule: ChurnRule) -> pd.DataFrame:
    risk = at_risk(history[rule.before(end)], rule).set_index("customer_id")
    later = history[end].set_index("customer_id").reindex(risk.index)
    limit = round(1 - rule.run_off_share, 12) * risk["assets_3m"]
    table = pd.DataFrame(
        {
            "day": end, "dormant": later["recency_days"].ge(rule.dormant_days),
            "run_off": later["assets_3m"].fillna(0).le(limit), "ended": None,
        }
    )  # fmt: skip
    table = table[later["closed_date"].isna()]
    if rule.end(end) in history:
        then = history[rule.end(end)].set_index("customer_id")["closed_date"].reindex(table.index)
        table = table.assign(ended=then.notna())
    return table.reset_index()


def agreement(history: History, as_of: dt.date, rule: ChurnRule, unseen: Mapping, people: pd.DataFrame) -> Agreement | None:
    """`people` are `churn_lives.lives`. None where dormancy or run-off cannot be told, no horizon has ended, or fewer than
    EVENTS_NEEDED customers went either way."""
    if {DORMANT, RUN_OFF} & set(unseen):
        return None
    if rule.before(as_of) not in history:
        return None
    table = signs(history, as_of, rule)
    if table[DORMANT].sum() < EVENTS_NEEDED or table[RUN_OFF].sum() < EVENTS_NEEDED:
        return None
    rows = [_row(DORMANT, "also", table[table[DORMANT]], RUN_OFF), _row(RUN_OFF, "also", table[table[RUN_OFF]], DORMANT)]
    if "closed" not in unseen:
        followed = table[table["ended"].notna()]
        neither = ~(followed[DORMANT] | followed[RUN_OFF])
        for group, who in ((DORMANT, followed[DORMANT]), (RUN_OFF, followed[RUN_OFF]), (NEITHER, neither)):
            rows.append(_row(group, "ended", followed[who], "ended"))
        rows.append(_row(CLOSED, "before", _closers(people, history[max(history)]), "seen"))
    both = kappa(table[DORMANT], table[RUN_OFF], table["customer_id"])
    return Agreement(pd.DataFrame(rows), both, rule.horizon_months)


def _row(group: str, question: str, customers: pd.DataFrame, name: str) -> dict:
    success = customers[name].astype(bool).to_numpy()
    n, events = len(customers), int(success.sum())
    effect = design_effect(success - success.mean(), customers["customer_id"]) if n else 1.0
    share = wilson(events / effect, n / effect)
    tellable = n >= EVENTS_NEEDED and is_tellable(events) and is_tellable(n - events)
    return {"group": group, "question": question, **share._asdict(), "base": n, "events": events, "tellable": tellable}


def _closers(people: pd.DataFrame, latest: pd.DataFrame) -> pd.DataFrame:
    """Those of `people` who closed for reasons of their own: customer_id, seen (as dormant or run off before)."""
    own = latest[latest["closed_date"].notna() & ~latest["exit_reason"].isin(INVOLUNTARY_REASONS)]
    closed = people[people["customer_id"].isin(own["customer_id"])]
    return pd.DataFrame({"customer_id": closed["customer_id"], "seen": closed["way"].isin([DORMANT, RUN_OFF])})


def agreement_findings(found: Agreement | None) -> list[Finding]:
    """How far dormancy and run-off mean the same customers, and how many of each had ended the relation a horizon later."""
    if found is None:
        return []
    findings = [_kappa(found)]
    for row in found.rows[found.rows["tellable"]].to_dict("records"):
        text = _sentence(row, found.months)
        ident = f"churn.agreement.{row['group']}.{row['question']}"
        numbers = {"low": row["low"], "high": row["high"], "exhibit": "agreement", "is_headline": False}
        findings.append(Finding(ident, text, row["value"], row["base"], "share", base_of=_base_of(row), **numbers))
    return findings


def _base_of(row: Mapping) -> str:
    return {CLOSED: "lost"}.get(row["group"], "observations")


def _kappa(found: Agreement) -> Finding:
    """Where few customers are both, kappa would give their number away."""
    of_dormant, of_run_off = (found.rows[found.rows["group"].eq(name)].iloc[0] for name in (DORMANT, RUN_OFF))
    options = {"exhibit": "agreement", "base_of": "observations"}
    if not (of_dormant["tellable"] and of_run_off["tellable"]):
        text = (
            _nearly_none(of_dormant, of_run_off) if not is_tellable(of_dormant["events"]) else _nearly_all(of_dormant, of_run_off)
        )
        return Finding("churn.agreement.kappa", text, None, found.kappa.base, "ratio", **options)
    text = say(
        "Of the dormant **{dormant:share}** have run off as well, of those run off **{run_off:share}** are silent as well: agreement beyond chance (kappa) {value:ratio} (interval {low:ratio} to {high:ratio}).",
        dormant=of_dormant["value"], run_off=of_run_off["value"], value=found.kappa.value, low=found.kappa.low, high=found.kappa.high,
    )  # fmt: skip
    return Finding(
        "churn.agreement.kappa",
        text,
        found.kappa.value,
        found.kappa.base,
        "ratio",
        low=found.kappa.low,
        high=found.kappa.high,
        **options,
    )


def _nearly_none(of_dormant: Mapping, of_run_off: Mapping) -> Message:
    return say(
        "Dormancy and run-off name **different customers**: fewer than {threshold:count} of {dormant:count} dormant and {run_off:count} run-off customers are both.",
        threshold=DISCLOSURE_THRESHOLD, dormant=of_dormant["base"], run_off=of_run_off["base"],
    )  # fmt: skip


def _nearly_all(of_dormant: Mapping, of_run_off: Mapping) -> Message:
    return say(
        "Dormancy and run-off overlap, but for fewer than {threshold:count} customers of the one or the other: how far is not told ({dormant:count} dormant, {run_off:count} run-off).",
        threshold=DISCLOSURE_THRESHOLD, dormant=of_dormant["base"], run_off=of_run_off["base"],
    )  # fmt: skip


def _sentence(row: Mapping, months: int) -> Message:
    return say(
        "{group:capital}: {question} **{value:share}** (interval {low:share} to {high:share}).",
        group=GROUP_NAMES[row["group"]], question=_question(row, months), value=row["value"], low=row["low"], high=row["high"],
    )  # fmt: skip


def _question(row: Mapping, months: int) -> Message:
    if row["question"] == "ended":
        return say("relation ended within {months:count} months after", months=months)
    if row["question"] == "before":
        return say("dormant or run off before")
    return say("run off as well") if row["group"] == DORMANT else say("silent as well")


def agreement_exhibit(found: Agreement | None, rule: ChurnRule) -> Exhibit:
    """The shares, by the rule they start from."""
    if found is None:
        absent = say(
            "Agreement of the rules is told from {needed:count} dormant and {needed:count} run-off customers on, in data that show both.",
            needed=EVENTS_NEEDED,
        )  # fmt: skip
        return Exhibit("agreement", say("Do the rules mean the same customers?"), absent=absent)
    rows = found.rows.assign(order=found.rows["group"].map(GROUPS.index)).sort_values("order", kind="stable")
    hidden = ~rows["tellable"].astype(bool)
    frame = rows.assign(
        label=[say("{word:capital}", word=_question(row, found.months)) for row in rows.to_dict("records")],
        group=[say("{word:capital}", word=GROUP_NAMES[name]) for name in rows["group"]],
        note=[say("too few customers to tell") if hides else None for hides in hidden],
        base=rows["base"].where(rows["base"] >= EVENTS_NEEDED),
        **{name: rows[name].astype(float).mask(hidden) for name in ("value", "low", "high")},
    )  # fmt: skip
    subtitle = say(
        "Customers at risk at the start of a horizon of {months:count} months, by what had become of them at its end, each rule on its own; horizons follow each other, so that a customer may count in several; intervals 95%, for customers like these; dormant: silent for {days:count} days; run-off: assets down by {share:share} or more",
        months=found.months, days=rule.dormant_days, share=rule.run_off_share,
    )  # fmt: skip
    return Exhibit("agreement", _title(found), subtitle, frame[["label", "value", "low", "high", "base", "group", "note"]])


def _title(found: Agreement) -> Message:
    ends = simultaneous(found.rows[found.rows["question"].eq("ended") & found.rows["tellable"]]).set_index("group")
    if NEITHER in ends.index:
        signs = [name for name in (DORMANT, RUN_OFF) if name in ends.index and ends.loc[name, "low"] > ends.loc[NEITHER, "high"]]
        if signs:
            shares = listed(
                say("{group} {share:share}", group=GROUP_NAMES[name], share=ends.loc[name, "value"]) for name in (*signs, NEITHER)
            )
            return say("The relation ended within {months:count} months: {shares}", months=found.months, shares=shares)
    if not found.rows[found.rows["question"].eq("also")]["tellable"].all():
        return say("Each rule names customers of its own")
    return say(
        "Dormancy and run-off agree beyond chance with kappa {value:ratio} (interval {low:ratio} to {high:ratio})",
        value=found.kappa.value, low=found.kappa.low, high=found.kappa.high,
    )  # fmt: skip
