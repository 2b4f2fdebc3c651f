"""Controls that must show nothing, on the bank's own data: where one shows something, what a lever seems to do may be something else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import stdtr, stdtrit

from analysis.stats.attributable import FEWEST_CLUSTERS
from analysis.stats.logistic import NotEstimable, fit_logistic
from analysis.stats.multiple import two_sided
from analysis.study.lever_fee import FeeFound
from analysis.study.lever_fee_months import lead_effect
from analysis.study.lever_fee_panel import traits_of
from analysis.wording import Message, say

if TYPE_CHECKING:
    from analysis.bank.levers import Struck

LEVEL = 0.05
EVENTS_NEEDED = 20
PERMUTATIONS = 199
CENTRE_ERRORS = 4.0
LOST_CARD, PHONE = "card_lost", "phone"
SERVICE = ("unresolved_complaint", "long_wait")
KEYS = {
    "unresolved_complaint": ("severity", "complaints"),
    "long_wait": ("visits_opening", "visits_midday", "visits_afternoon", "visits_late"),
    "manager_left": ("push",),
    "app_outage": ("logins_matched",),
    "competitor_rate": ("pushed", "amount_class", "tenure", "term_held", "wealth_held"),
}
STRATA = {
    "unresolved_complaint": ("unit", "severity"),
    "long_wait": ("unit", "month", "visits_opening", "visits_midday", "visits_afternoon", "visits_late"),
    "manager_left": ("area", "month"),
    "app_outage": ("unit", "logins_matched"),
    "competitor_rate": ("unit", "amount_class"),
}
CELLS = {"long_wait": ("unit", "month"), "manager_left": ()}
TAILS = 0.025


@dataclass(frozen=True)
class Control:
    """A control of a `lever` (key of `control`: lost_card, past_assets, leads, permuted): its `value` with 95 % interval in `unit` and `p`
    of nothing; None with the `reason` where it cannot be tested; `rings` after all controls are read at once; `base`: rows or
    customers it rests on."""

    lever: str
    control: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str = "ratio"
    p: float | None = None
    rings: bool = False
    base: int = 0
    reason: Message | None = None


@dataclass(frozen=True)
class Doubt:
    """Whether an alarm rings for a lever, and what of it in words."""

    alarm: bool
    words: Message


def lever_controls(struck: Struck, contacts: pd.DataFrame | None, fee: FeeFound | None = None, seed: int = 0) -> list[Control]:
    """All controls of the levers in `struck`. `contacts`: customer_id, started_at, channel, purpose (those before the opening are
    read). Those with a p are read at once: one rings where Holm's p is below LEVEL (Holm 1979), so that in a bank in which all is as
    it should be any bell rings in at most 5 %."""
    lost = lost_card(struck, contacts)
    found = []
    for lever in struck.levers:
        if lever in SERVICE:
            found.append(Control(lever, **lost))
        if lever == "fee_rise":
            found.append(Control(lever, **leads(fee)))
            continue
        found += [Control(lever, **past_assets(struck, lever)), Control(lever, **permuted(struck, lever, seed))]
    return _rung(found)


def doubts(controls: list[Control]) -> dict[str, Doubt]:
    """By lever, whether a control rings: then what the lever seems to do is told as adjusted, no more."""
    result = {}
    for lever in dict.fromkeys(control.lever for control in controls):
        ringing = [control.control for control in controls if control.lever == lever and control.rings]
        tested = [control for control in controls if control.lever == lever and control.reason is None]
        if ringing:
            words = say("a control that must show nothing does: {control}", control=CONTROL_NAMES[ringing[0]])
        elif tested:
            words = say("controls that must show nothing show nothing: {n:count} tested", n=len(tested))
        else:
            words = say("no control could be tested")
        result[lever] = Doubt(bool(ringing), words)
    return result


CONTROL_NAMES = {
    "lost_card": say("calls about a lost card before the window, and leaving in it"),
    "past_assets": say("the change of assets before the window, and being struck in it"),
    "leads": say("leaving in the months before the fee rose"),
    "permuted": say("the lever dealt out anew by lot among customers alike"),
}


def lost_card(struck: Struck, contacts: pd.DataFrame | None) -> dict:
    """Odds that a call to the bank is about a lost card, those who left later against the others; traits held equal, calls of one customer
    together. Who leaves calls less or more often as a whole: among calls that cancels out. A lost card is nobody's grievance with the
    bank: what ties it to leaving is a burden that nobody recorded, which may lengthen waits and delay complaints too."""
    if contacts is None or not {"purpose", "channel"} <= set(contacts) or not (contacts["purpose"] == LOST_CARD).any():
        return _cannot("lost_card", say("calls about lost cards are not recorded"))
    opening = pd.Timestamp(struck.opened) + pd.Timedelta(days=1)
    calls = contacts[(contacts["channel"] == PHONE) & (contacts["started_at"] < opening)]
    people = struck.people.reset_index(drop=True)
    traits = traits_of(people).assign(left=people["left"].astype(float), customer_id=people["customer_id"])
    rows = calls[["customer_id", "purpose"]].merge(traits, on="customer_id")
    about = rows["purpose"].eq(LOST_CARD).fillna(False).astype(int)
    if min(about.sum(), int((rows["left"] * about).sum()) * 2, rows["left"].sum()) < EVENTS_NEEDED:
        return _cannot("lost_card", say("too few calls to tell"))
    try:
        fit = fit_logistic(rows.drop(columns=["customer_id", "purpose"]), about, rows["customer_id"])
    except (NotEstimable, ValueError):
        return _cannot("lost_card", say("too few calls to tell"))
    beta, spread = float(fit.coefficients["left"]), float(np.sqrt(fit.covariance.loc["left", "left"]))
    ends = np.exp(beta + np.array([-1, 1]) * stdtrit(np.inf, 1 - LEVEL / 2) * spread)
    p = float(two_sided(np.array([beta / spread]), np.array([np.inf]))[0])
    return {"control": "lost_card", "value": float(np.exp(beta)), "low": ends[0], "high": ends[1], "unit": "ratio", "p": p,
            "base": rows["customer_id"].nunique()}  # fmt: skip


def past_assets(struck: Struck, lever: str) -> dict:
    """By how many standard deviations the assets of those struck had moved more, before the window, than those of customers who could have
    been struck and were not, the adjustment set held equal; clusters by unit, t with the units that
    struck − 1."""
    people, frame = struck.people, struck.levers[lever]
    if "assets_trend" not in people:
        return _cannot("past_assets", say("the bank brings no balances"))
    trend = people["assets_trend"].astype("Float64").astype(float)
    trend = trend.clip(*trend.quantile([TAILS, 1 - TAILS]))
    trend = (trend - trend.mean()) / trend.std()
    past = frame["customer_id"].map(pd.Series(trend.to_numpy(), people["customer_id"].to_numpy()))
    kept = past.notna()
    frame, past = frame[kept].reset_index(drop=True), past[kept].to_numpy()
    exposed = frame["struck"].to_numpy(dtype=float)
    units = int(frame.loc[exposed > 0, "unit"].nunique())
    if min(exposed.sum(), (1 - exposed).sum()) < EVENTS_NEEDED or units < FEWEST_CLUSTERS:
        return _cannot("past_assets", say("too few were struck, or by too few units, to tell"))
    (exposed, taken), (past, _) = _parted(frame, lever, exposed), _parted(frame, lever, past)
    value = float(exposed @ past / (exposed @ exposed))
    parts = pd.Series(exposed * (past - value * exposed))
    # a customer recurs month by month, a unit strikes many: the larger of both spreads
    spread = max(_spread(parts, frame["unit"]), _spread(parts, frame["customer_id"])) / float(exposed @ exposed)
    spread *= np.sqrt(len(frame) / max(len(frame) - taken, 1))
    half = stdtrit(units - 1, 1 - LEVEL / 2) * spread
    p = float(2 * stdtr(units - 1, -abs(value) / spread))
    return {"control": "past_assets", "value": value, "low": value - half, "high": value + half, "unit": "number.2", "p": p,
            "base": frame["customer_id"].nunique()}  # fmt: skip


def permuted(struck: Struck, lever: str, seed: int = 0) -> dict:
    """The difference in leaving between struck and not, in the lever's strata, when the strikes are dealt out anew by lot in each: its mean
    and the middle 95 % of PERMUTATIONS deals. It rings where the mean is not 0, which would be the method's own fault."""
    frame, people = struck.levers[lever].reset_index(drop=True), struck.people
    left = frame["customer_id"].map(pd.Series(people["left"].to_numpy(dtype=float), people["customer_id"].to_numpy()))
    stratum = frame.groupby([frame[name] for name in STRATA[lever]], dropna=False).ngroup()
    exposed = frame["struck"].astype(float)
    centred = left - left.groupby(stratum).transform("mean")
    if (exposed * (1 - exposed.groupby(stratum).transform("mean"))).sum() < EVENTS_NEEDED:
        return _cannot("permuted", say("too few customers alike to deal the strikes out among"))
    deals = _deals(exposed.to_numpy(), centred.to_numpy(), stratum.to_numpy(), seed)
    low, high = np.quantile(deals, [LEVEL / 2, 1 - LEVEL / 2])
    off = abs(deals.mean()) / (deals.std(ddof=1) / np.sqrt(len(deals))) if deals.std() > 0 else 0.0
    return {"control": "permuted", "value": float(deals.mean()), "low": float(low), "high": float(high), "unit": "points",
            "rings": bool(off > CENTRE_ERRORS), "base": frame["customer_id"].nunique()}  # fmt: skip


def leads(fee: FeeFound | None) -> dict:
    """Risk of leaving of the holders in the months just before their branch's fee rose, against what other holders did."""
    found = lead_effect(fee) if fee is not None else None
    if found is None:
        return _cannot("leads", say("too few left in the months before the rise"))
    return {"control": "leads", "unit": "ratio", **found}


def _deals(exposed: np.ndarray, centred: np.ndarray, stratum: np.ndarray, seed: int) -> np.ndarray:
    """The difference by deal; only strata with both kinds count."""
    share = pd.Series(exposed).groupby(stratum).transform("mean").to_numpy()
    order = np.argsort(stratum, kind="stable")
    order = order[(share[order] > 0) & (share[order] < 1)]
    exposed, centred, stratum = exposed[order], centred[order], stratum[order]
    weight = (exposed * (1 - share[order])).sum()
    random = np.random.default_rng(seed)
    return np.array([exposed @ centred[np.argsort(stratum + random.random(len(stratum)))] / weight for _ in range(PERMUTATIONS)])


def _parted(frame: pd.DataFrame, lever: str, values: np.ndarray) -> tuple[np.ndarray, int]:
    """What is left of the values when the lever's adjustment set is taken out: cells of equal unit and month, and the rest by
    regression; and how many coefficients that took."""
    names = [name for name in KEYS[lever] if name in frame]
    design = frame[names].astype(float).fillna(0.0)
    cells = CELLS.get(lever, ("unit",))
    months = [] if cells else [pd.get_dummies(frame["month"], dtype=float).iloc[:, 1:].to_numpy()]
    x = np.column_stack([np.ones(len(frame)), design.to_numpy(), np.sqrt(design.clip(lower=0)).to_numpy(), *months])
    if cells:
        group = frame.groupby([frame[name] for name in cells], dropna=False).ngroup().to_numpy()
        x, values = _within(x, group), _within(values[:, None], group)[:, 0]
    fit, _, rank, _ = np.linalg.lstsq(x, values, rcond=None)
    return values - x @ fit, int(rank) + (int(group.max()) + 1 if cells else 0)


def _within(x: np.ndarray, group: np.ndarray) -> np.ndarray:
    size = np.bincount(group)
    means = np.column_stack([np.bincount(group, column) / size for column in x.T])
    return x - means[group]


def _spread(parts: pd.Series, groups) -> float:
    sums = parts.groupby(np.asarray(groups)).sum()
    return float(np.sqrt((sums**2).sum() * len(sums) / (len(sums) - 1)))


def _cannot(control: str, reason: Message) -> dict:
    return {"control": control, "reason": reason}


def _rung(controls: list[Control]) -> list[Control]:
    """The calls about lost cards are one test, though they stand beside two levers."""
    from statsmodels.stats.multitest import multipletests

    tests = {_test(control): control.p for control in controls if control.p is not None}
    if not tests:
        return controls
    is_found = dict(zip(tests, multipletests(list(tests.values()), alpha=LEVEL, method="holm")[0], strict=True))
    return [control if control.p is None else replace(control, rings=bool(is_found[_test(control)])) for control in controls]


def _test(control: Control) -> tuple[str, str]:
    return (control.control, "" if control.control == "lost_card" else control.lever)
