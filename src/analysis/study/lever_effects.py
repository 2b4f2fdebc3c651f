"""What each lever did to those whom it struck: its opportunities as sequential trials, and its share of those who left."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.stats.attributable import FEWEST_CLUSTERS, LeverShare
from analysis.stats.did import jackknife_influence
from analysis.stats.nested_effects import Effect, Trials, effect_on_struck, foretold, without_each

MONTHS = 12
LEAVERS_NEEDED = 50
STRUCK_NEEDED = 30
OVERLAP_NEEDED = 0.9
OVERLAP_NEEDED_OF = {"app_outage": 0.25}
RECENT_MONTHS = 3
LARGEST_COUNT = 10
WIDEST = 0.25
TENURES = (-1, 6, 12, 18, 24, 36, 60, 120, 12000)
TRAITS = {
    "tenure_months": np.log1p,
    "assets_3m": np.log1p,
    "recency_days": np.log1p,
    "transactions_90d": np.log1p,
    "products_held": None,
    "age_years": None,
    "digital_share": None,
    "holds_card": None,
}
NUMBERS = {
    "unresolved_complaint": ("severity", "complaints"),
    "long_wait": ("visits", "visits_opening", "visits_midday", "visits_afternoon", "visits_late"),
    "manager_left": ("push",),
    "app_outage": (),
    "competitor_rate": ("tenure", "due"),
}
LEVELS = {
    "unresolved_complaint": ("branch_id", "month"),
    "long_wait": ("branch_id", "month"),
    "manager_left": ("month", "area"),
    "app_outage": ("outage_tries",),
    "competitor_rate": ("term_held", "wealth_held", "amount_class", "tenure_class", "unit"),
}
LOTTED_BY_CUSTOMER = ("app_outage",)


def lever_effect(people: pd.DataFrame, lever: str, rows: pd.DataFrame, outcome: str = "left", months: int = MONTHS) -> LeverShare:
    """`people` and the `rows` of a lever's opportunities (see `bank.levers.Struck`) → the lever's share of those with `outcome` (a column
    of people: left, closed, dormant or run_off).

    A month's opportunities are a trial among those not yet gone; leaving shows from the month after on. The design is the lever's
    adjustment set (NUMBERS, and LEVELS as a column each) and its own earlier strikes; the risk is foretold from TRAITS at the opening. No
    number ("events") where fewer than LEAVERS_NEEDED left or fewer than STRUCK_NEEDED customers were struck or spared; ("overlap") where
    fewer than OVERLAP_NEEDED of the strikes have their like (of an outage OVERLAP_NEEDED_OF: who tried in every window has none by
    design, and those with their like stand for them); ("clusters") below FEWEST_CLUSTERS units; ("beyond") where
    so few were spared that more than all, or less than none, would go back to the lever, or that nothing can be told (a standard error above
    WIDEST)."""
    traits = people.set_index("customer_id")
    rows = open_rows(traits, rows, months)
    is_struck = rows["struck"].to_numpy(dtype=bool)
    counts = [rows.loc[side, "customer_id"].nunique() for side in (is_struck, ~is_struck)]
    leavers = int(traits[outcome].sum())
    if leavers < LEAVERS_NEEDED or min(counts) < STRUCK_NEEDED:
        return _without(lever, traits, rows, leavers, "events", outcome)
    trials = _trials(people, lever, rows, outcome, months)
    found = effect_on_struck(trials)
    if found.overlap < OVERLAP_NEEDED_OF.get(lever, OVERLAP_NEEDED):
        return _without(lever, traits, rows, leavers, "overlap", outcome, found)
    if len(pd.unique(trials.unit)) < FEWEST_CLUSTERS:
        return _without(lever, traits, rows, leavers, "clusters", outcome, found)
    share = _share(lever, traits, rows, trials, found, outcome)
    if abs(share.value) > 1 or share.variance > WIDEST**2:
        return _without(lever, traits, rows, leavers, "beyond", outcome, found)
    return share


def open_rows(traits: pd.DataFrame, rows: pd.DataFrame, months: int = MONTHS) -> pd.DataFrame:
    """Opportunities after which leaving could still show within the window, of those not gone in that month; of a competitor's rate
    those of months in which the gap is felt, of a fee those of card holders."""
    gone = rows["customer_id"].map(traits["gone_month"].astype("Float64").astype(float)).to_numpy()
    keep = (
        (rows["month"] < months).to_numpy()
        & ~(gone <= rows["month"].to_numpy())
        & rows["customer_id"].isin(traits.index).to_numpy()
    )
    for flag in ("pushed", "card"):
        keep &= rows[flag].fillna(False).to_numpy(dtype=bool) if flag in rows else True
    return rows[keep].reset_index(drop=True)


def trait_design(people: pd.DataFrame) -> pd.DataFrame:
    """TRAITS that the people have, as numbers; a missing one counts as the median."""
    columns = {}
    for name, change in TRAITS.items():
        if name in people and people[name].notna().any():
            values = people[name].astype("Float64").astype(float)
            values = change(values.clip(lower=0)) if change else values
            columns[name] = values.fillna(values.median())
    return pd.DataFrame(columns, index=people.index)


def lever_design(lever: str, rows: pd.DataFrame) -> pd.DataFrame:
    """The lever's adjustment set as numbers, with its own earlier strikes."""
    numbers = {name: _filled(rows[name]) for name in NUMBERS[lever] if name in rows}
    numbers |= {"log_tenure": np.log1p(_filled(rows["tenure"]).clip(lower=0))} if "tenure" in rows else {}
    rows = rows.assign(tenure_class=pd.cut(rows["tenure"] + rows["month"], TENURES, labels=False)) if "tenure" in rows else rows
    if "logins_matched" in rows:
        rows = rows.assign(outage_tries=outage_tries(rows))
    levels = [pd.get_dummies(_capped(rows[name]), prefix=name, dtype=float) for name in LEVELS[lever] if name in rows]
    return pd.concat([pd.DataFrame({**numbers, **struck_before(rows)}, index=rows.index), *levels], axis=1)


def outage_tries(rows: pd.DataFrame) -> pd.Series:
    """Outage and number of tries in its windows: among customers alike in these, which of the windows were tried is chance."""
    return rows["unit"].astype(str) + " " + rows["logins_matched"].astype(str)


def struck_before(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """Whether the same lever struck the customer within RECENT_MONTHS before, or earlier in the window (1.0 or 0.0)."""
    ordered = rows.sort_values(["customer_id", "month"], kind="stable")
    known = ordered["month"].where(ordered["struck"].astype(bool)).groupby(ordered["customer_id"]).ffill()
    last = known.groupby(ordered["customer_id"]).shift().reindex(rows.index)
    since = rows["month"] - last
    return {"struck_recently": (since <= RECENT_MONTHS).astype(float), "struck_earlier": (since > RECENT_MONTHS).astype(float)}


def _filled(values: pd.Series) -> pd.Series:
    numbers = values.astype("Float64").astype(float)
    return numbers.fillna(numbers.median() if numbers.notna().any() else 0.0)


def _capped(values: pd.Series) -> pd.Series:
    return values.clip(upper=LARGEST_COUNT) if values.dtype.kind in "iu" and values.name != "month" else values


def _trials(people: pd.DataFrame, lever: str, rows: pd.DataFrame, outcome: str, months: int) -> Trials:
    traits = people.set_index("customer_id")
    risk = pd.Series(foretold(trait_design(people), people[outcome].to_numpy()), traits.index)
    branch = rows["customer_id"].map(traits["branch_id"]) if "branch_id" in traits else rows["customer_id"]
    unit = branch.fillna(rows["customer_id"]) if lever in LOTTED_BY_CUSTOMER else rows["unit"]
    left = np.log(months - rows["month"].to_numpy(dtype=float))
    return Trials(
        subject=rows["customer_id"].to_numpy(),
        period=rows["month"].to_numpy(),
        struck=rows["struck"].to_numpy(dtype=bool),
        outcome=rows["customer_id"].map(traits[outcome]).to_numpy(dtype=float),
        unit=unit.to_numpy(),
        design=lever_design(lever, rows),
        risk=np.column_stack([rows["customer_id"].map(risk).to_numpy(), left]),
        cell=outage_tries(rows).to_numpy() if lever in LOTTED_BY_CUSTOMER else None,
    )


def _share(lever: str, traits: pd.DataFrame, rows: pd.DataFrame, trials: Trials, found: Effect, outcome: str) -> LeverShare:
    """The total over all who left; of the error of the ratio, those who left weigh in with their part of the rows."""
    leavers = int(traits[outcome].sum())
    value = found.total / leavers
    influence = _influence(trials, trials.unit, found, traits[outcome])
    left = _struck_leavers(rows, traits, outcome)
    bearers = left if len(left) else traits.index[traits[outcome].to_numpy(dtype=bool)]
    return LeverShare(
        lever=lever, value=float(value), influence=influence, clusters=len(influence), df=len(influence) - 1.0, base=len(traits),
        struck=rows.loc[trials.struck, "customer_id"].nunique(), leavers_struck=len(left), overlap=found.overlap,
        by_customer=pd.Series(found.total / len(bearers), bearers), leavers=leavers, by_unit=_influence(trials, trials.subject, found, traits[outcome]),
        balance=found.balance, is_count=True,
    )  # fmt: skip


def _influence(trials: Trials, groups: np.ndarray, found: Effect, outcome: pd.Series) -> pd.Series:
    """By group what it adds to the error of the share: the jackknife without it, the fits kept."""
    code, names = pd.factorize(groups, sort=True)
    times = pd.Series(trials.subject).groupby(trials.subject).transform("size").to_numpy()
    gone = outcome.sum() - np.bincount(code, (trials.outcome - outcome.mean()) / times)
    return pd.Series(jackknife_influence(without_each(found.terms, code) / gone), names)


def _struck_leavers(rows: pd.DataFrame, traits: pd.DataFrame, outcome: str) -> pd.Index:
    struck = pd.Index(rows.loc[rows["struck"].astype(bool), "customer_id"].unique())
    return struck[traits[outcome].reindex(struck).to_numpy(dtype=bool)]


def _without(lever, traits, rows, leavers: int, failure: str, outcome: str, found: Effect | None = None) -> LeverShare:
    is_struck = rows["struck"].astype(bool)
    return LeverShare(
        lever=lever, value=None, influence=pd.Series(dtype=float), clusters=0, df=np.nan, base=len(traits),
        struck=rows.loc[is_struck, "customer_id"].nunique(), leavers_struck=len(_struck_leavers(rows, traits, outcome)),
        overlap=np.nan if found is None else found.overlap, by_customer=pd.Series(dtype=float), leavers=leavers,
        balance=None if found is None else found.balance, failure=failure,
    )  # fmt: skip
