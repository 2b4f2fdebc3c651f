"""How long customers stay, by tier."""

import datetime as dt
from collections.abc import Mapping

import pandas as pd

from analysis.finding import DISCLOSURE_THRESHOLD, Exhibit
from analysis.stats.survival import kaplan_meier, log_rank
from analysis.study.churn import INVOLUNTARY_REASONS, ChurnRule, at_risk
from analysis.study.disclosed import is_tellable
from analysis.study.tiers import LOWEST, TIERS, TIERS_SHOWN, tier_of
from analysis.wording import Message, listed, say

CUSTOMERS_FOR_CURVE = 30
DAYS_PER_MONTH = 30.4375
CERTAIN = 0.05


def retention_exhibit(
    history: Mapping[dt.date, pd.DataFrame], as_of: dt.date, tiers: Mapping[str, float], rule: ChurnRule, unseen: Mapping
) -> Exhibit:
    """Kaplan-Meier curves of not closing, by tier at the first landmark; tiers with few customers or closings left out."""
    start = min(history)
    if "closed" in unseen:
        return _absent(say("The bank's data record no closings, so that it cannot be told how long customers stay."))
    if not tiers or "assets_3m" not in history[start]:
        return _absent(say("The bank's bank.yaml states no edges of tiers, or the bank brings no balances."))
    lives = lives_since(start, at_risk(history[start], rule), history[max(history)], as_of)
    lives = lives.assign(tier=tier_of(lives["assets_3m"], tiers).astype(str).to_numpy())
    shown = shown_tiers(lives)
    if not shown:
        return _absent(say("Too few customers, or too few who closed, in every tier."))
    curves = {tier: _curve(lives[lives["tier"] == tier], tier) for tier in shown}
    subtitle = say(
        "Share of the established customers of {start:date} who have not closed, by tier on that day (Kaplan-Meier), in %; bands, 95% intervals; involuntary exits leave the count on their day; the axis need not start at 0{unshown}",
        start=start, unshown=_unshown([tier for tier in TIERS_SHOWN if tier in {LOWEST, *tiers} and tier not in shown]),
    )  # fmt: skip
    return Exhibit(
        "retention", _title(lives, curves), subtitle, pd.concat(curves.values(), ignore_index=True),
        x_label=say("Months since {start:date}", start=start), x_unit="months",
    )  # fmt: skip


def _unshown(left_out: list[str]) -> Message | str:
    if not left_out:
        return ""
    names = listed((TIERS[tier] for tier in left_out), say("{first} and {second}"))
    return say(
        "; not shown, with fewer than {needed:count} customers or from 1 to {most:count} who closed: {tiers}",
        needed=CUSTOMERS_FOR_CURVE, most=DISCLOSURE_THRESHOLD - 1, tiers=names,
    )  # fmt: skip


def lives_since(start: dt.date, risk: pd.DataFrame, latest: pd.DataFrame, as_of: dt.date) -> pd.DataFrame:
    """Customers at risk at `start` and the latest features → risk with months (until closing, or until last seen) and
    closed (involuntary exits are not: they leave the count)."""
    now = latest.set_index("customer_id").reindex(risk["customer_id"])
    ended = pd.to_datetime(now["closed_date"]).fillna(pd.Timestamp(as_of))
    months = (ended - pd.Timestamp(start)).dt.days / DAYS_PER_MONTH
    closed = now["closed_date"].notna() & ~now["exit_reason"].isin(INVOLUNTARY_REASONS)
    return risk.assign(months=months.clip(lower=1 / DAYS_PER_MONTH).to_numpy(), closed=closed.to_numpy())


def shown_tiers(lives: pd.DataFrame) -> list[str]:
    """Tiers, highest first, with CUSTOMERS_FOR_CURVE customers, whose number of closings may be told (their total is not
    published)."""
    counts = lives.groupby("tier")["closed"].agg(["sum", "size"]).reindex(TIERS_SHOWN).fillna(0)
    is_shown = (counts["size"] >= CUSTOMERS_FOR_CURVE) & counts["sum"].map(is_tellable)
    return [tier for tier in TIERS_SHOWN if is_shown[tier]]


def _title(lives: pd.DataFrame, curves: Mapping[str, pd.DataFrame]) -> Message:
    kept = {tier: float(curve["value"].iloc[-1]) for tier, curve in curves.items()}
    shown = lives[lives["tier"].isin(list(curves))]
    if len(curves) == 1:
        tier, share = next(iter(kept.items()))
        return say("{tier}: {share:share} have not closed", tier=TIERS[tier], share=share)
    least, most = min(kept, key=kept.get), max(kept, key=kept.get)
    differ = shown["closed"].any() and log_rank(shown["months"], shown["closed"], shown["tier"]).p < CERTAIN
    if not differ:
        return say("The tiers do not differ beyond noise in how long customers stay")
    return say(
        "The tiers differ beyond noise (log-rank test): from {low:share} ({least}) to {high:share} ({most}) have not closed",
        low=kept[least], least=TIERS[least], high=kept[most], most=TIERS[most],
    )  # fmt: skip


def _curve(lives: pd.DataFrame, tier: str) -> pd.DataFrame:
    curve = kaplan_meier(lives["months"], lives["closed"])
    ends = pd.DataFrame({"time": [0.0, lives["months"].max()], "survival": [1.0, None], "low": [1.0, None], "high": [1.0, None]})
    steps = pd.concat([ends.iloc[:1], curve[curve["events"] > 0], ends.iloc[1:]])
    steps = steps[["time", "survival", "low", "high"]].astype(float).ffill()
    return steps.rename(columns={"survival": "value"}).assign(series=TIERS[tier]).reset_index(drop=True)


def _absent(reason: Message) -> Exhibit:
    return Exhibit("retention", say("How long customers stay, by tier"), absent=reason)
