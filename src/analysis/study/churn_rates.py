"""How many left, by which rule, and whether it is more than before."""

import datetime as dt
from collections.abc import Mapping

import pandas as pd

from analysis.finding import DISCLOSURE_THRESHOLD, Exhibit, Finding
from analysis.stats.intervals import difference_of_shares
from analysis.study.churn import ESTABLISHED_MONTHS, MAIN_RULE, PARTS, RULES, SMALLEST_ASSETS, ChurnRule, rates
from analysis.study.churn_lives import not_counted
from analysis.study.disclosed import hidden, is_tellable
from analysis.wording import Message, say

Outcomes = Mapping[dt.date, pd.DataFrame]
Reasons = Mapping[str, Message]


def shown_rates(outcome: pd.DataFrame, unseen: Reasons) -> pd.DataFrame:
    """Outcomes of a landmark → rates: rule, value, low, high, base, events, note. A rate that may not be shown, because it
    cannot be seen, counts too few customers who left or stayed, or would give away another that does, has a note in place of its numbers."""
    table = rates(outcome)
    events = table.set_index("rule")["events"]
    small = {rule for rule in (MAIN_RULE, "involuntary") if not is_tellable(events[rule])}
    small |= {rule for rule, is_hidden in zip(PARTS, hidden(events[list(PARTS)]), strict=True) if is_hidden}
    small |= set() if _are_stayers_tellable(events, len(outcome)) else set(events.index)
    notes = {rule: say("too few customers to tell") for rule in small} | dict(unseen)
    if "closed" in unseen:
        notes["involuntary"] = unseen["closed"]
    table = table.assign(note=[notes.get(rule) for rule in table["rule"]])
    return table.assign(**{name: table[name].astype(float).mask(table["note"].notna()) for name in ("value", "low", "high")})


def _are_stayers_tellable(events: pd.Series, base: int) -> bool:
    """Whether those who did not leave, with and without the involuntary exits among them, are none or many."""
    others = base - events[MAIN_RULE]
    return is_tellable(others) and is_tellable(others - events["involuntary"])


def _is_rate_tellable(events: float, base: float) -> bool:
    return is_tellable(events) and is_tellable(base - events)


def rate_findings(by_day: Outcomes, unseen: Reasons, rule: ChurnRule) -> list[Finding]:
    """The churn rate of the latest landmark under any rule, and its parts."""
    day = max(by_day)
    latest = shown_rates(by_day[day], unseen).set_index("rule")
    before = by_day.get(rule.before(day))
    earlier = None if before is None else rates(before).set_index("rule").loc[MAIN_RULE]
    parts = [_part(name, latest.loc[name]) for name in PARTS if name not in unseen]
    return [_main(latest.loc[MAIN_RULE], earlier, day, unseen, rule), *parts]


def _main(row: pd.Series, earlier: pd.Series | None, day: dt.date, unseen: Reasons, rule: ChurnRule) -> Finding:
    base = int(row["base"])
    if pd.isna(row["value"]):
        return Finding(f"churn_rate.{MAIN_RULE}", _too_few(row, day, unseen, rule), None, base, "share", exhibit="by_rule")
    text = say(
        "**{value:share}** of the customers of {day:date} left within {months:count} months (interval {low:share} to {high:share}){then}{unseen}.",
        value=row["value"], day=day, months=rule.horizon_months, low=row["low"], high=row["high"],
        then=_then(row, earlier, rule.horizon_months), unseen=not_counted(unseen),
    )  # fmt: skip
    compare_to = None if earlier is None or not _is_rate_tellable(earlier["events"], earlier["base"]) else earlier["value"]
    return Finding(
        f"churn_rate.{MAIN_RULE}", text, row["value"], base, "share",
        low=row["low"], high=row["high"], compare_to=compare_to, exhibit="by_rule",
    )  # fmt: skip


def _too_few(row: pd.Series, day: dt.date, unseen: Reasons, rule: ChurnRule) -> Message:
    words = {"base": int(row["base"]), "day": day, "months": rule.horizon_months, "unseen": not_counted(unseen)}
    if is_tellable(row["events"]):
        return say(
            "**Too few** of {base:count} customers of {day:date} stayed over {months:count} months for a rate{unseen}.", **words
        )
    return say(
        "**Fewer than {threshold:count}** of {base:count} customers of {day:date} left within {months:count} months: too few for a rate{unseen}.",
        threshold=DISCLOSURE_THRESHOLD, **words,
    )  # fmt: skip


def _part(name: str, row: pd.Series) -> Finding:
    base, ident = int(row["base"]), f"churn_rate.{name}"
    if pd.isna(row["value"]):
        text = say("{rule}: too few of {base:count} customers for a rate.", rule=RULES[name], base=base)
        return Finding(ident, text, None, base, "share", exhibit="by_rule", is_headline=False, is_row=True)
    text = say(
        "{rule}: **{value:share}** (interval {low:share} to {high:share}).",
        rule=RULES[name], value=row["value"], low=row["low"], high=row["high"],
    )  # fmt: skip
    numbers = {"low": row["low"], "high": row["high"]}
    return Finding(ident, text, row["value"], base, "share", **numbers, exhibit="by_rule", is_headline=False, is_row=True)


def _then(row: pd.Series, earlier: pd.Series | None, months: int) -> Message | str:
    if earlier is None or not earlier["base"] or not _is_rate_tellable(earlier["events"], earlier["base"]):
        return ""
    change = difference_of_shares(row["events"], row["base"], earlier["events"], earlier["base"])
    numbers = {"change": change.value, "low": change.low, "high": change.high}
    if change.low > 0:
        return say("; worse, at {change:points} points on the period before (interval {low:points} to {high:points})", **numbers)
    if change.high < 0:
        return say("; better, at {change:points} points on the period before (interval {low:points} to {high:points})", **numbers)
    return say(
        "; {change:points} points on the {months:count} months before, too small to tell from noise (interval {low:points} to {high:points})",
        months=months,
        **numbers,
    )


def by_rule_exhibit(outcome: pd.DataFrame, unseen: Reasons, rule: ChurnRule, day: dt.date) -> Exhibit:
    """The rates of one landmark, all rules beneath each other; absent where no rule has one."""
    names = {**RULES, "involuntary": say("Involuntary exits, not counted")}
    table = shown_rates(outcome, unseen)
    table = table.assign(
        label=table["rule"].map(names), kind=["total" if name == MAIN_RULE else "part" for name in table["rule"]]
    )
    main = table.iloc[0]
    title = (
        say("Too few customers left, or stayed, for a rate")
        if pd.isna(main["value"])
        else say("{value:share} left within {months:count} months", value=main["value"], months=rule.horizon_months)
    )
    subtitle = _rates_subtitle(unseen, rule, day)
    if table.loc[table["rule"].isin(RULES), "value"].isna().all():
        absent = say("{reason} {rules}.", reason=_too_few(main, day, unseen, rule), rules=_rules_in_words(rule))
        return Exhibit("by_rule", title, subtitle, absent=absent)
    return Exhibit("by_rule", title, subtitle, table.drop(columns="events"), options={"value_label": say("Rate")})


def _rules_in_words(rule: ChurnRule) -> Message:
    return say(
        "Dormant: no transaction for {days:count} days; run-off: average assets down by {share:share} or more; each customer under the first rule that applies",
        days=rule.dormant_days, share=rule.run_off_share,
    )  # fmt: skip


def _rates_subtitle(unseen: Reasons, rule: ChurnRule, day: dt.date) -> Message:
    assets = say(", assets of {smallest:count} or more in the bank's currency", smallest=SMALLEST_ASSETS)
    return say(
        "Share of the established, active customers of {day:date} ({months:count} months or more with the bank, silent for fewer than {days:count} days{assets}) who left by {end:date}, in %. {rules}. Lines, 95% intervals (Wilson) for customers like these",
        day=day, end=rule.end(day), months=ESTABLISHED_MONTHS, days=rule.dormant_days, rules=_rules_in_words(rule),
        assets="" if "run_off" in unseen else assets,
    )  # fmt: skip


def history_exhibit(by_day: Outcomes, rule: ChurnRule) -> Exhibit:
    """The churn rate under any rule by the end of its horizon."""
    days = [day for day in sorted(by_day) if len(by_day[day]) >= DISCLOSURE_THRESHOLD]
    table = pd.DataFrame([{"day": day, **rates(by_day[day]).iloc[0]} for day in days])
    table = table[list(map(_is_rate_tellable, table["events"], table["base"]))] if days else table
    if len(table) < 2:
        absent = say("Periods that have ended: {n:count}. A comparison needs two in which enough customers left.", n=len(by_day))
        return Exhibit("history", say("The rate over time"), absent=absent)
    first, last = table.iloc[0], table.iloc[-1]
    change = difference_of_shares(last["events"], last["base"], first["events"], first["base"])
    numbers = {"first": first["value"], "last": last["value"]}
    title = (
        say("From the first period to the last the rate moved from {first:share} to {last:share}, beyond noise", **numbers)
        if change.low > 0 or change.high < 0
        else say("First period {first:share}, last {last:share}: within noise", **numbers)
    )
    subtitle = say(
        "Churn rate of {months:count} months by the month in which they end, any rule, in %; band, 95% interval; neighbouring periods overlap; the axis need not start at 0",
        months=rule.horizon_months,
    )  # fmt: skip
    frame = table.assign(series=RULES[MAIN_RULE], x=[rule.end(day) for day in table["day"]])
    return Exhibit("history", title, subtitle, frame[["series", "x", "value", "low", "high"]], x_unit="month")
