"""Who is to be called: customers ranked by expected value kept, those left out for a reason, owner, action, and the lot.

Expected value kept = P(leave within the horizon) × contribution at stake (see `warning_policy.at_stake`) × the share of leavers whom
an action keeps, less the action's cost. The share is an assumption until a hold-out has measured it."""

import datetime as dt
import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.errors import UserError
from analysis.stats.logistic import LogisticFit
from analysis.study.warning_model import TERMS, reason_codes
from analysis.study.warning_policy import at_stake

BAND = 10
HELD_OUT_SHARE = 1 / BAND
PURPOSES = ("marketing", "profiling")
DUE_DAYS = 14
STAGES = ("unscored", "no_consent", "cool_down", "open_complaint", "not_worth", "beyond_capacity")
LISTED = "listed"
NO_ACTION = {"action": "", "action_zh": "", "owner": "", "owner_zh": "", "days": DUE_DAYS, "cost": 0.0}


@dataclass(frozen=True)
class Plan:
    """`capacity`: customers listed a month, the held out among them. `action_effect`: share of those who would leave whom an action is
    assumed to keep. `cool_down_days`: nobody is listed who was alerted, or held out, within them."""

    capacity: int = 100
    action_effect: float = 0.2
    cool_down_days: int = 180

    def __post_init__(self) -> None:
        if self.capacity < 1:
            raise UserError(f"capacity is {self.capacity}; it must be a number of customers a month from 1 on, such as 100.")
        if not 0 < self.action_effect <= 1:
            raise UserError(f"action_effect is {self.action_effect}; it must lie above 0 and at most at 1, such as 0.2.")
        if self.cool_down_days < 0:
            raise UserError(f"cool_down_days is {self.cool_down_days}; it must be 0 or more, such as 180.")


@dataclass(frozen=True)
class Brought:
    """Canonical tables as known at `as_of` (None: the bank brings none); `actions`: the bank's table (see `bank.actions`); `earlier`: the
    project's own lists up to that day: customer_id, raised_date, held_out."""

    alerts: pd.DataFrame | None = None
    consents: pd.DataFrame | None = None
    managers: pd.DataFrame | None = None
    actions: pd.DataFrame | None = None
    earlier: pd.DataFrame | None = None


def brought_by(book) -> Brought:
    """What a bank's book has of it."""
    tables = (book.table_if_any(name) for name in ("alerts", "consents", "assignments"))
    return Brought(*tables, actions=book.warning_actions(), earlier=book.earlier_lists())


def call_pool(fit: LogisticFit, risk: pd.DataFrame, brought: Brought, plan: Plan, as_of: dt.date, lot: str) -> pd.DataFrame:
    """Feature rows of customers at risk at `as_of` → one row each, those listed first, best first: customer_id, branch_id, open_complaints (where the bank brings complaints), score
    (probability), value (contribution a year at stake; NaN: the bank brings none), reason (a term), action, action_zh, days, cost, owner_group,
    owner_group_zh, expected (value kept, net; without contributions the score), stage (LISTED, or the first of STAGES that keeps the
    customer off), held_out, owner, is_managed, due_date, raised_date. `lot` names the draw: the same name, the same lots."""
    rows = _valued(fit, risk, brought.actions, plan)
    rows = rows.assign(stage=_stages(rows, brought, plan, as_of))
    free = rows["stage"].eq("")
    order = rows[free].sort_values(["expected", "customer_id"], ascending=[False, True], kind="stable").index
    rows.loc[order[: plan.capacity], "stage"] = LISTED
    rows.loc[order[plan.capacity :], "stage"] = "beyond_capacity"
    rows = pd.concat([rows.loc[order], rows[~free]], ignore_index=True)
    rows = rows.assign(**owners(rows, brought.managers, as_of), raised_date=pd.Timestamp(as_of))
    due = pd.Timestamp(as_of) + pd.to_timedelta(rows["days"], unit="D")
    return rows.assign(held_out=_lots(rows, brought.earlier, as_of, lot), due_date=due)


def _valued(fit: LogisticFit, risk: pd.DataFrame, actions: pd.DataFrame | None, plan: Plan) -> pd.DataFrame:
    codes = reason_codes(fit, risk)
    terms = [term for term in TERMS if term in codes]
    kept = ["customer_id", "branch_id", "open_complaints", "assets_3m"]
    rows = risk[[name for name in kept if name in risk]].reset_index(drop=True)
    made = codes[["customer_id", "score"]].assign(reason=codes[terms].idxmax(axis=1) if terms else "")
    rows = rows.merge(made, on="customer_id", how="left")
    by_term = pd.DataFrame({term: action_for(term, actions) for term in rows["reason"].dropna().unique()}).T
    for name, default in NO_ACTION.items():
        column = f"{name.replace('owner', 'owner_group')}"
        rows[column] = rows["reason"].map(by_term[name]).fillna(default) if len(by_term) else default
    rows = rows.astype({"days": int, "cost": float})
    if "contribution_12m" not in risk or risk["contribution_12m"].isna().all():
        return rows.assign(value=np.nan, expected=rows["score"])
    value = at_stake(risk).to_numpy()
    return rows.assign(value=value, expected=rows["score"] * value * plan.action_effect - rows["cost"])


def action_for(term: str, actions: pd.DataFrame | None) -> dict:
    """The bank's first row for the reason (or for all), with its limit in days and its cost; UserError: a row for no known reason."""
    if actions is None:
        return NO_ACTION
    for row in actions.to_dict("records"):
        if row["reason"] and row["reason"] not in TERMS:
            raise UserError(
                f"{row['place']}: '{row['reason']}' is no reason code; write one of {', '.join(TERMS)}, or nothing for all."
            )
    fits = next((row for row in actions.to_dict("records") if row["reason"] in ("", term)), None)
    if fits is None:
        return NO_ACTION
    stated = {name: fits[name] for name in ("action", "action_zh", "owner", "owner_zh")}
    return {**stated, "days": int(fits["days"] or DUE_DAYS), "cost": float(fits["cost"] or 0)}


def _stages(rows: pd.DataFrame, brought: Brought, plan: Plan, as_of: dt.date) -> np.ndarray:
    """The first reason that keeps each customer off, empty where none does."""
    nobody = pd.Series(False, rows.index)
    off = {
        "unscored": rows["score"].isna(),
        "no_consent": ~rows["customer_id"].isin(consenting(brought.consents, as_of)),
        "cool_down": rows["customer_id"].isin(cooling(brought, plan.cool_down_days, as_of)),
        "open_complaint": rows["open_complaints"].gt(0) if "open_complaints" in rows else nobody,
        "not_worth": rows["expected"].le(0),
    }
    return np.select([mask.to_numpy() for mask in off.values()], list(off), default="")


def consenting(consents: pd.DataFrame | None, as_of: dt.date) -> pd.Index:
    """Customers whose consent to each of PURPOSES stands: given by `as_of`, not withdrawn by then. To be scored is profiling, to be
    called about it marketing. Without the table nobody's is known to stand."""
    if consents is None:
        return pd.Index([])
    day = pd.Timestamp(as_of)
    stands = pd.to_datetime(consents["given_date"]).le(day) & ~pd.to_datetime(consents["withdrawn_date"]).le(day)
    asked = consents[stands & consents["purpose"].isin(PURPOSES)]
    counts = asked.groupby("customer_id")["purpose"].nunique()
    return counts.index[counts.eq(len(PURPOSES))]


def cooling(brought: Brought, days: int, as_of: dt.date) -> pd.Index:
    """Customers alerted or held out less than `days` before `as_of`: by the bank's alerts, or an earlier list of another day."""
    day, found = pd.Timestamp(as_of), []
    for rows, until in ((brought.alerts, day), (brought.earlier, day - pd.Timedelta(days=1))):
        if rows is not None and len(rows):
            raised = pd.to_datetime(rows["raised_date"])
            found.append(rows.loc[raised.le(until) & raised.gt(day - pd.Timedelta(days=days)), "customer_id"])
    return pd.Index(pd.concat(found).unique()) if found else pd.Index([])


def owners(rows: pd.DataFrame, managers: pd.DataFrame | None, as_of: dt.date) -> dict[str, pd.Series]:
    """`owner`: the customer's manager at `as_of`, else its branch; `is_managed`."""
    manager = pd.Series(pd.NA, rows.index, dtype="string")
    if managers is not None and len(managers):
        day = pd.Timestamp(as_of)
        until = pd.to_datetime(managers["until_date"])
        now = managers[pd.to_datetime(managers["from_date"]).le(day) & ~until.le(day)]
        latest = now.sort_values("from_date", kind="stable").drop_duplicates("customer_id", keep="last")
        manager = rows["customer_id"].map(latest.set_index("customer_id")["manager_id"]).astype("string")
    branch = rows["branch_id"].astype("string") if "branch_id" in rows else pd.Series("", rows.index, dtype="string")
    return {"owner": manager.fillna(branch), "is_managed": manager.notna()}


def _lots(rows: pd.DataFrame, earlier: pd.DataFrame | None, as_of: dt.date, lot: str) -> np.ndarray:
    """Who is held out: of each BAND listed customers that follow each other in rank one, by lot. Who has a lot of that day keeps it."""
    listed = rows["stage"].eq(LISTED)
    held = pd.Series(False, rows.index)
    drawn = pd.Series(dtype=bool)
    if earlier is not None and len(earlier):
        today = earlier[pd.to_datetime(earlier["raised_date"]).eq(pd.Timestamp(as_of))]
        drawn = today.drop_duplicates("customer_id").set_index("customer_id")["held_out"].astype(bool)
    known = listed & rows["customer_id"].isin(drawn.index)
    held[known] = rows.loc[known, "customer_id"].map(drawn).to_numpy(bool)
    new = np.flatnonzero(listed & ~known)
    seed = int.from_bytes(hashlib.sha256(f"{lot}|{as_of}".encode()).digest()[:8], "big")
    place = np.random.default_rng(seed).integers(BAND, size=len(new) // BAND + 1)
    held.iloc[new] = np.arange(len(new)) % BAND == place[np.arange(len(new)) // BAND]
    return held.to_numpy()
