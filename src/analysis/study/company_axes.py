"""The four axes on which a company stands (industry, profitability, risk, size), and the class that a plain rule gives it."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.bank.contracts import LEVELS
from analysis.errors import UserError
from analysis.study.tiers import open_customers
from analysis.wording import say

OWN_LENDER = "this bank"
MONTHS = 12
MONTHS_NEEDED = 6
YEAR_DAYS = 366
PROFITS = {"low": say("lowest third"), "middle": say("middle third"), "high": say("highest third")}
SIZES = {"micro": say("micro"), "small": say("small"), "medium": say("medium"), "large": say("large")}
CLASSES = {"grow": say("grow"), "keep": say("keep"), "watch": say("watch"), "exit": say("reduce or exit")}
RISKY = ("watch", "exit")
AXES = {"industry": say("Industry"), "profit": say("Profitability"), "risk": say("Risk"), "size": say("Size")}


@dataclass(frozen=True)
class CompanyRules:
    """What the bank decides: which risk grades are high, which industries are watched as if they were (both separated by
    commas), and the exposure (currency) from which a company is due to be managed by a city or by a province."""

    high_risk_grades: str = "R4, R5"
    watched_industries: str = ""
    city_from: float = 5_000_000.0
    province_from: float = 50_000_000.0

    def __post_init__(self) -> None:
        if not 0 < self.city_from <= self.province_from:
            raise UserError(
                f"city_from is {self.city_from:,.0f} and province_from {self.province_from:,.0f}; state amounts above 0, the second no smaller."
            )


def company_rows(
    history: Mapping[dt.date, pd.DataFrame], branches: pd.DataFrame | None, exposures: pd.DataFrame | None, rules: CompanyRules
) -> pd.DataFrame:
    """Features by landmark → open companies at the latest, one row each, indexed by customer_id, with what the data allow of:
    industry, size, risk (grade), level (of the branch that keeps the company), assets, loans, line, drawn (credit with this
    bank as last reported), exposure (the larger of line and loans), contribution (12 months), volume (mean assets and loans
    of the year), margin (contribution a year ÷ volume; none before MONTHS_NEEDED months of balances), profit (third of the margin within the
    size class), rule (class)."""
    latest = max(history)
    rows = companies_of(history[latest]).set_index("customer_id")
    rows = rows.rename(columns={"risk_grade": "risk", "contribution_12m": "contribution"})
    rows = _with_credit(_with_level(rows, branches), exposures)
    if {"contribution", "assets_12m"} <= set(rows) and rows["contribution"].notna().any():
        rows = _with_profit(rows, history, latest)
    missing = [name for name in ("industry", "size", "risk") if name in rows and rows[name].isna().all()]
    return _with_rule(rows.drop(columns=missing), rules)


def companies_of(features: pd.DataFrame) -> pd.DataFrame:
    """The open companies among feature rows."""
    return open_customers(features[features["kind"].eq("corporate")])


def listed(words: str) -> list[str]:
    """The words of a parameter, separated by commas, of either language."""
    return [word.strip() for word in words.replace("，", ",").split(",") if word.strip()]


def _with_level(rows: pd.DataFrame, branches: pd.DataFrame | None) -> pd.DataFrame:
    if branches is None or branches["level"].isna().all():
        return rows
    level = rows["branch_id"].map(branches.set_index("branch_id")["level"])
    return rows if level.isna().all() else rows.assign(level=pd.Categorical(level, LEVELS, ordered=True))


def _with_credit(rows: pd.DataFrame, exposures: pd.DataFrame | None) -> pd.DataFrame:
    loans = rows["loans"].fillna(0).clip(lower=0) if "loans" in rows else None
    own = None if exposures is None else exposures[exposures["lender"].eq(OWN_LENDER)]
    if own is None or own.empty:
        return rows if loans is None else rows.assign(exposure=loans)
    last = own[own["reported_date"].eq(own["reported_date"].max())].set_index("customer_id")
    credit = last[["credit_line", "drawn"]].reindex(rows.index).fillna(0.0)
    larger = credit["credit_line"] if loans is None else credit["credit_line"].where(credit["credit_line"] > loans, loans)
    return rows.assign(line=credit["credit_line"], drawn=credit["drawn"], exposure=larger)


def _with_profit(rows: pd.DataFrame, history: Mapping[dt.date, pd.DataFrame], latest: dt.date) -> pd.DataFrame:
    year = [frame for day, frame in history.items() if (latest - day).days <= YEAR_DAYS]
    lent = pd.concat(frame[["customer_id", "loans"]] for frame in year).groupby("customer_id")["loans"].mean()
    volume = rows["assets_12m"].fillna(0).clip(lower=0) + lent.reindex(rows.index).fillna(0).clip(lower=0)
    yearly = rows["contribution"] * MONTHS / rows["months_seen"].where(rows["months_seen"] >= MONTHS_NEEDED)
    margin = (yearly / volume.where(volume > 0)).rename("margin")
    sizes = rows["size"].fillna("") if "size" in rows else pd.Series("", rows.index)
    rank = margin.groupby(sizes).rank(pct=True, method="average")
    profit = pd.cut(rank, [0, 1 / 3, 2 / 3, 1], labels=list(PROFITS))
    return rows.assign(volume=volume, margin=margin, profit=profit)


def _with_rule(rows: pd.DataFrame, rules: CompanyRules) -> pd.DataFrame:
    if not {"profit", "risk"} <= set(rows):
        return rows
    grades, watched = listed(rules.high_risk_grades), listed(rules.watched_industries)
    _check_industries(watched, rows["industry"] if "industry" in rows else pd.Series(dtype=str))
    if not rows["risk"].isin(grades).any():
        return rows
    risky = rows["risk"].isin(grades) | (rows["industry"].isin(watched) if watched else False)
    rule = pd.Series("keep", rows.index).mask(rows["profit"].eq("high"), "grow").mask(risky, "watch")
    rule = rule.mask(risky & rows["profit"].eq("low"), "exit").where(rows["profit"].notna() & rows["risk"].notna())
    return rows.assign(is_risky=risky, rule=pd.Categorical(rule, list(CLASSES), ordered=True))


def _check_industries(watched: list[str], held: pd.Series) -> None:
    known = sorted(held.dropna().unique())
    if unknown := [name for name in watched if name not in known]:
        raise UserError(f"watched_industries names {unknown[0]}, which no company has; they have {', '.join(known) or 'none'}.")
