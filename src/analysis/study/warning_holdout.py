"""What became of customers who were alerted or held out by lot, by intention to treat."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import fdtrc

from analysis.stats.intervals import Z95, Estimate, difference_of_shares
from analysis.study.churn import MAIN_RULE, ChurnRule, outcomes
from analysis.study.disclosed import is_tellable

TRAITS = ("assets_3m", "tenure_months", "products_held", "recency_days", "transactions_90d")
AMOUNTS = ("assets_3m", "transactions_90d")
UNLIKE = 0.001

History = Mapping[dt.date, pd.DataFrame]


@dataclass(frozen=True)
class Arms:
    """`rows`: customer_id, held_out, left (bool), start and end (landmarks), a row a customer whose horizon has ended; `waiting`:
    customers whose horizon has not. `p_alike`: how often lots would leave the arms as unlike beforehand as they are (None: too few to
    say)."""

    rows: pd.DataFrame
    waiting: int
    p_alike: float | None

    @property
    def is_by_lot(self) -> bool:
        """False where the arms differ beforehand more than lots would have it."""
        return self.p_alike is None or self.p_alike >= UNLIKE

    def size(self, held_out: bool) -> int:
        return int(self.rows["held_out"].eq(held_out).sum())

    def left(self, held_out: bool) -> int:
        return int(self.rows.loc[self.rows["held_out"].eq(held_out), "left"].sum())

    @property
    def is_told(self) -> bool:
        """Whether both arms have customers, and enough who left, and who stayed, to be told."""
        left, size = ([count(arm) for arm in (False, True)] for count in (self.left, self.size))
        stayed = [whole - part for whole, part in zip(size, left, strict=True)]
        return min(size) > 0 and sum(left) > 0 and all(map(is_tellable, [*left, *stayed]))


def assignments_of(alerts: pd.DataFrame | None, earlier: pd.DataFrame | None = None) -> pd.DataFrame:
    """The canonical alerts and the project's own earlier lists (customer_id, raised_date, held_out) → each customer's first
    assignment, by which alone it is judged: what came later may hang on what came of it."""
    columns = ["customer_id", "raised_date", "held_out"]
    parts = [part[columns] for part in (alerts, earlier) if part is not None and len(part)]
    if not parts:
        return pd.DataFrame({"customer_id": [], "raised_date": pd.to_datetime([]), "held_out": np.array([], dtype=bool)})
    rows = pd.concat([part.assign(raised_date=pd.to_datetime(part["raised_date"])) for part in parts]).dropna()
    rows = rows.astype({"held_out": bool})
    return rows.sort_values(["raised_date", "customer_id"], kind="stable").drop_duplicates("customer_id", ignore_index=True)


def followed(assigned: pd.DataFrame, history: History, rule: ChurnRule) -> Arms:
    """Assignments → what became of them. A customer is judged from the last landmark on or before its assignment, at which it
    must have been at risk, to the first landmark `horizon_months` or more after the assignment: by the same rule in both arms."""
    dated = _with_landmarks(assigned, sorted(history), rule)
    ended = dated.dropna(subset=["start", "end"])
    parts = []
    for (start, end), own in ended.groupby(["start", "end"], sort=True):
        result = outcomes(history[start.date()], history[end.date()], rule)[["customer_id", MAIN_RULE]]
        parts.append(own.merge(result.rename(columns={MAIN_RULE: "left"}), on="customer_id"))
    columns = ["customer_id", "held_out", "left", "start", "end"]
    rows = pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
    rows = rows.astype({"held_out": bool, "left": bool})
    return Arms(rows, int((dated["start"].notna() & dated["end"].isna()).sum()), chance_alike(rows, history))


def _with_landmarks(assigned: pd.DataFrame, landmarks: list[dt.date], rule: ChurnRule) -> pd.DataFrame:
    days = pd.to_datetime(pd.Series(landmarks)).astype("datetime64[ns]")
    rows = assigned.assign(raised_date=pd.to_datetime(assigned["raised_date"]).astype("datetime64[ns]"))
    rows = rows.assign(due=(rows["raised_date"] + pd.DateOffset(months=rule.horizon_months)).astype("datetime64[ns]"))
    rows = rows.sort_values("raised_date", kind="stable")
    rows = pd.merge_asof(rows, pd.DataFrame({"start": days}), left_on="raised_date", right_on="start", direction="backward")
    rows = rows.sort_values("due", kind="stable")
    return pd.merge_asof(rows, pd.DataFrame({"end": days}), left_on="due", right_on="end", direction="forward")


def left_effect(arms: Arms) -> Estimate | None:
    """Share who left of all who were to be treated, less that of the held out, with Newcombe's interval; None where too few left."""
    if not arms.is_told:
        return None
    return difference_of_shares(arms.left(False), arms.size(False), arms.left(True), arms.size(True))


def kept_share(arms: Arms) -> Estimate | None:
    """Share of those who would leave whom being alerted keeps, 1 − share left ÷ share left of the held out, with the interval of the
    ratio's logarithm (Katz and others 1978). None where too few left, or the arms are not by lot."""
    if not arms.is_told or not arms.is_by_lot:
        return None
    left, size = [arms.left(arm) for arm in (False, True)], [arms.size(arm) for arm in (False, True)]
    if min(left) == 0:
        return None
    ratio = left[0] / size[0] / (left[1] / size[1])
    factor = np.exp(Z95 * np.sqrt(sum(1 / events - 1 / base for events, base in zip(left, size, strict=True))))
    return Estimate(1 - ratio, 1 - ratio * factor, 1 - ratio / factor, sum(size))


def pooled_share(arms: Arms) -> float | None:
    """Share who left of both arms together, None where too few left to be told."""
    left = int(arms.rows["left"].sum())
    return left / len(arms.rows) if left and is_tellable(left) else None


def traits_of(rows: pd.DataFrame, history: History) -> pd.DataFrame:
    """TRAITS of each row at its start, as far as the bank brings them; amounts as logs."""
    parts = []
    for start, own in rows.groupby("start", sort=False):
        features = history[pd.Timestamp(start).date()].set_index("customer_id")
        held = features[[name for name in TRAITS if name in features]].reindex(own["customer_id"])
        parts.append(held.set_index(own.index))
    made = pd.concat(parts).reindex(rows.index).astype(float)
    logs = {name: np.log1p(made[name].clip(lower=0)) for name in AMOUNTS if name in made}
    return made.assign(**logs)


def chance_alike(rows: pd.DataFrame, history: History) -> float | None:
    """F test that no trait beforehand foretells the arm: with assignment by lot its p-value is small as rarely as it says."""
    if rows.empty or rows["held_out"].nunique() < 2:
        return None
    design = traits_of(rows, history).fillna(0.0)
    design = design.loc[:, design.std() > 0]
    count, terms = len(rows), design.shape[1]
    if not terms or rows["held_out"].value_counts().min() < 2 * terms:
        return None
    arm = rows["held_out"].to_numpy(float)
    x = np.column_stack([np.ones(count), (design - design.mean()) / design.std()])
    residual = arm - x @ np.linalg.lstsq(x, arm, rcond=None)[0]
    unexplained, whole = (residual**2).sum(), ((arm - arm.mean()) ** 2).sum()
    return float(fdtrc(terms, count - terms - 1, (whole - unexplained) / terms / (unexplained / (count - terms - 1))))
