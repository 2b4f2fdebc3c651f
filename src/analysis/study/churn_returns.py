"""How many of those counted as lost came back: false churn, by rule."""

import datetime as dt
from collections.abc import Mapping

import pandas as pd

from analysis.finding import DISCLOSURE_THRESHOLD, Exhibit, Finding
from analysis.stats.competing import aalen_johansen, incidence_at
from analysis.stats.intervals import Estimate
from analysis.study.churn import INVOLUNTARY_REASONS, PARTS, RULES, ChurnRule, at_risk
from analysis.study.churn_lives import History
from analysis.study.disclosed import is_tellable
from analysis.wording import Message, say

LOST_NEEDED = 30
CHECKED_MONTHS = (6, 12)
HALF = 0.5


def losses(history: History, as_of: dt.date, rule: ChurnRule, unseen: Mapping) -> pd.DataFrame:
    """Each customer's first loss under each rule on its own, at the landmark before `as_of` that ended a horizon first:
    customer_id, rule, seen (that landmark), assets_3m (at the horizon's start)."""
    rows = []
    for day in sorted(history):
        if day < as_of and rule.before(day) in history:
            risk = at_risk(history[rule.before(day)], rule)
            lost = _lost(risk, history[day], rule)
            for name in (name for name in PARTS if name not in unseen):
                own = risk.loc[lost[name].to_numpy(), ["customer_id", *({"assets_3m"} & set(risk))]]
                rows.append(own.assign(rule=name, seen=day))
    columns = ["customer_id", "rule", "seen"]
    table = pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=columns)
    return table.drop_duplicates(["customer_id", "rule"]).reset_index(drop=True)


def _lost(risk: pd.DataFrame, after: pd.DataFrame, rule: ChurnRule) -> pd.DataFrame:
    later = after.set_index("customer_id").reindex(risk["customer_id"])
    ended = later["closed_date"].notna()
    table = pd.DataFrame({"closed": ended & ~later["exit_reason"].isin(INVOLUNTARY_REASONS)})
    if "recency_days" in later:
        table["dormant"] = ~ended & later["recency_days"].ge(rule.dormant_days)
    if "assets_3m" in later:
        limit = round(1 - rule.run_off_share, 12) * risk["assets_3m"].to_numpy()
        table["run_off"] = ~ended & later["assets_3m"].fillna(0).le(limit)
    return table


def returns(history: History, as_of: dt.date, rule: ChurnRule, unseen: Mapping) -> pd.DataFrame:
    """`losses` → with months (from the landmark at which it was seen to that at which it came back, ended, or was last seen) and
    what ("returned", "ended": the relation, "none").

    The dormant came back who made a transaction of their own since; those run off whose assets of three months stand again at half
    of the fall that counts as run-off; the closed who are open again or make transactions under the same number."""
    table = losses(history, as_of, rule, unseen)
    table = table.assign(months=None, what=None)
    for day in (day for day in sorted(history) if day <= as_of):
        waiting = table["what"].isna() & (table["seen"] < day)
        if waiting.any():
            table.loc[waiting, "months"] = [_months(seen, day) for seen in table.loc[waiting, "seen"]]
            table.loc[waiting, "what"] = _what(table[waiting], history[day], day, rule).to_numpy()
    return table.assign(months=table["months"].astype(float), what=table["what"].fillna("none"))


def _what(waiting: pd.DataFrame, features: pd.DataFrame, day: dt.date, rule: ChurnRule) -> pd.Series:
    now = features.set_index("customer_id").reindex(waiting["customer_id"])
    ended, by_rule = now["closed_date"].notna().to_numpy(), waiting["rule"].to_numpy()
    since = (pd.Timestamp(day) - pd.to_datetime(waiting["seen"])).dt.days.to_numpy()
    moved = now["recency_days"].lt(pd.Series(since, now.index)).to_numpy() if "recency_days" in now else ended & False
    back = moved & (by_rule == "dormant") | (moved | ~ended) & (by_rule == "closed")
    if "assets_3m" in waiting and "assets_3m" in now:
        level = (1 - HALF * rule.run_off_share) * waiting["assets_3m"].to_numpy()
        back |= (by_rule == "run_off") & (now["assets_3m"].fillna(0).to_numpy() >= level)
    what = pd.Series(None, waiting.index, dtype=object)
    what[back] = "returned"
    what[ended & (by_rule != "closed")] = "ended"
    return what


def _months(start: dt.date, end: dt.date) -> int:
    return (end.year - start.year) * 12 + end.month - start.month


def return_curves(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """`returns` → rule → share that came back by months since the loss was seen (Aalen-Johansen; who ended the relation before cannot
    come back any more), of rules with LOST_NEEDED losses. An empty curve (no row) where nobody came back."""
    curves = {}
    for name in PARTS:
        own = table[table["rule"].eq(name)]
        if len(own) >= LOST_NEEDED:
            kind = own["what"].where(own["what"].ne("none"), None)
            curves[name] = aalen_johansen(own["months"], kind).get("returned", pd.DataFrame())
    return curves


def return_shares(table: pd.DataFrame) -> pd.DataFrame:
    """`returns` → a row a rule and number of months: rule, months, value, low, high, base, note (why there is no value)."""
    rows = []
    for name, curve in return_curves(table).items():
        own = table[table["rule"].eq(name)]
        last = float(own["months"].max())
        for months in CHECKED_MONTHS:
            by_then = int((own["what"].eq("returned") & own["months"].le(months)).sum())
            found = incidence_at(curve, months) if len(curve) else Estimate(0.0 if months <= last else None, None, None, len(own))
            rows.append(
                {"rule": name, "months": months, **found._asdict(), "base": len(own), "note": _note(name, found, by_then)}
            )
    columns = ["rule", "months", "value", "low", "high", "base", "note"]
    return _thinned(pd.DataFrame(rows, columns=columns), table)


def _note(name: str, found: Estimate, returned: int) -> Message | None:
    if found.value is None:
        return say("not yet seen for so long")
    if name == "closed" and not returned:
        return say("none seen; a new number would hide it")
    return None if is_tellable(returned) else say("fewer than {threshold:count}", threshold=DISCLOSURE_THRESHOLD)


def _thinned(shares: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Without the shares whose difference to the one before would tell of few."""
    returned = table[table["what"].eq("returned")]
    for name, own in shares.groupby("rule"):
        told = 0
        for at, row in own.sort_values("months").iterrows():
            by_then = int((returned["rule"].eq(name) & returned["months"].le(row["months"])).sum())
            if row["note"] is None and not is_tellable(by_then - told):
                shares.at[at, "note"] = say("too few customers to tell")
            elif row["note"] is None:
                told = by_then
    hidden = shares["note"].notna()
    return shares.assign(**{name: shares[name].astype(float).mask(hidden) for name in ("value", "low", "high")})


def return_findings(shares: pd.DataFrame, table: pd.DataFrame) -> list[Finding]:
    """The share of each rule's lost who came back, the one within the most months first of all; or that they are few."""
    findings = []
    for name, own in shares.groupby("rule", sort=False):
        told = own.dropna(subset="value")
        for row in told.to_dict("records"):
            is_last = row["months"] == told["months"].max()
            text = _sentence(name, row, table if is_last else None)
            findings.append(_finding(name, row, text, is_last))
        seen = table[table["rule"].eq(name) & table["what"].eq("returned")]
        if told.empty and name != "closed" and len(seen) < DISCLOSURE_THRESHOLD:
            row = own.iloc[-1].to_dict()
            findings.append(_finding(name, row, _few(name, row["base"]), True))
    return findings


def _finding(name: str, row: Mapping, text: Message, is_headline: bool) -> Finding:
    value, low, high = (_known(row[column]) for column in ("value", "low", "high"))
    return Finding(
        f"churn.false.{name}.{row['months']}m", text, value, int(row["base"]), "share", low=low, high=high, exhibit="returns",
        base_of="lost", is_headline=is_headline,
    )  # fmt: skip


def _few(name: str, base: int) -> Message:
    return say(
        "{rule}: of {base:count} counted as lost **fewer than {threshold:count}** came back by the last day observed.",
        rule=RULES[name], base=base, threshold=DISCLOSURE_THRESHOLD,
    )  # fmt: skip


def _known(limit: float) -> float | None:
    return None if pd.isna(limit) else float(limit)


def _sentence(name: str, row: Mapping, table: pd.DataFrame | None) -> Message:
    numbers = {"value": row["value"], "low": row["low"], "high": row["high"], "months": row["months"]}
    half = "" if table is None else _half(table[table["rule"].eq(name)])
    if not row["value"]:
        return say(
            "{rule}: nobody counted as lost came back within {months:count} months.", rule=RULES[name], months=row["months"]
        )
    if name == "dormant":
        return say("Of those counted as dormant **{value:share}** made a transaction again within {months:count} months (interval {low:share} to {high:share}){half}.", half=half, **numbers)  # fmt: skip
    if name == "run_off":
        return say("Of those counted as run off **{value:share}** had half of the fallen assets back within {months:count} months (interval {low:share} to {high:share}){half}.", half=half, **numbers)  # fmt: skip
    return say("Of those who closed **{value:share}** were customers again within {months:count} months (interval {low:share} to {high:share}){half}.", half=half, **numbers)  # fmt: skip


def _half(own: pd.DataFrame) -> Message | str:
    """The median time to return where half came back; else that fewer did by the end."""
    kind = own["what"].where(own["what"].ne("none"), None)
    curve = aalen_johansen(own["months"], kind).get("returned")
    last = float(own["months"].max())
    if curve is not None and (curve["value"] >= HALF).any():
        return say("; half had come back after {months:count} months", months=curve.loc[curve["value"] >= HALF, "time"].iloc[0])
    return say("; fewer than half came back in the {months:count} months seen, so that there is no median time", months=last)


def returns_exhibit(shares: pd.DataFrame, rule: ChurnRule) -> Exhibit:
    """Shares that came back, by rule and months."""
    if shares["value"].isna().all():
        absent = say(
            "Who came back is told from {needed:count} lost customers of a rule on, seen for {months:count} months after, of whom at least 10 came back.",
            needed=LOST_NEEDED, months=min(CHECKED_MONTHS),
        )  # fmt: skip
        return Exhibit("returns", say("How many came back?"), absent=absent)
    frame = shares.assign(
        label=[say("within {months:count} months", months=months) for months in shares["months"]],
        group=shares["rule"].map(RULES),
    )
    subtitle = say(
        "Share of each rule's lost who came back, by months since the quarter's end at which the loss was seen, in % (Aalen-Johansen: who ended the relation in between could not); dormant: a transaction of the customer's own; run-off: {back:share} of the assets before the fall, or more; each rule on its own; intervals 95%, for customers like these",
        back=1 - HALF * rule.run_off_share,
    )  # fmt: skip
    columns = ["label", "value", "low", "high", "base", "group", "note"]
    return Exhibit("returns", _title(shares), subtitle, frame[columns], options={"value_label": say("Came back")})


def _title(shares: pd.DataFrame) -> Message:
    told = shares.dropna(subset="value")
    last = told[told["months"].eq(told["months"].max())]
    words = [say("{rule} {share:share}", rule=RULES[row["rule"]], share=row["value"]) for row in last.to_dict("records")]
    joined = words[0] if len(words) == 1 else say("{first}, {second}", first=words[0], second=words[1])
    return say("Came back within {months:count} months: {shares}", months=last["months"].iloc[0], shares=joined)
