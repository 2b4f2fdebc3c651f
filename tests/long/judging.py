"""Estimates of many simulated banks held against their truths: bias, coverage, width, silence, alarms."""

import numpy as np
import pandas as pd
from scipy.stats import binomtest, t

POINTS, ERRORS, WIDER = 0.005, 0.35, 1.3
SIGN_FROM = 0.01
NUMBERS = (
    "truth",
    "value",
    "low",
    "high",
    "standard_error",
    "p",
    "naive",
    "one_shot",
    "oracle_low",
    "oracle_high",
    "band_low",
    "band_high",
)


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of estimates (world, quantity, lever, truth, value, low, high, naive, oracle_low, oracle_high) → one row a world, quantity and
    lever: how far the estimates are from the truth, how often the intervals hold it, how wide they are, how often nothing is said."""
    parts, rows = [], rows.assign(**{name: rows[name].astype(float) for name in NUMBERS if name in rows})
    for (world, quantity, lever), part in rows.groupby(["world", "quantity", "lever"], sort=False):
        parts.append({"world": world, "quantity": quantity, "lever": lever, **_judged(part)})
    return pd.DataFrame(parts)


def _judged(part: pd.DataFrame) -> dict:
    said = part.dropna(subset=["value", "low", "high"])
    result = {"seeds": len(part), "abstained": 1 - len(said) / len(part), "truth": part["truth"].mean()}
    if len(said) < 2:
        return result
    error = said["value"] - said["truth"]
    width, covers = said["high"] - said["low"], said["truth"].between(said["low"], said["high"])
    points = _monte_carlo(error)
    errors = _monte_carlo(error / said["standard_error"])
    both = said.dropna(subset=["oracle_low"])
    large = said[said["truth"].abs() >= SIGN_FROM]
    return {
        **result,
        "estimate": said["value"].mean(),
        "bias": error.mean(),
        "bias_low": points[0],
        "bias_high": points[1],
        "bias_in_errors": (error / said["standard_error"]).mean(),
        "bias_in_errors_low": errors[0],
        "bias_in_errors_high": errors[1],
        "unbiased": bool(_within(points, POINTS) or _within(errors, ERRORS)),
        "coverage": covers.mean(),
        "coverage_low": _exact(covers)[0],
        "coverage_high": _exact(covers)[1],
        "width": width.mean(),
        "spread_to_error": error.std(ddof=1) / said["standard_error"].mean(),
        "to_oracle": ((both["high"] - both["low"]).mean() / (both["oracle_high"] - both["oracle_low"]).mean())
        if len(both)
        else None,
        "alarms": (said["p"] < 0.05).mean(),
        **_doubted(part),
        "sign_right": (np.sign(large["value"]) == np.sign(large["truth"])).mean(),
        "one_shot_bias": (said["one_shot"] - said["truth"]).mean() if "one_shot" in said else None,
        "naive_bias": (said["naive"] - said["truth"]).mean(),
        "naive_sign_right": (np.sign(large["naive"]) == np.sign(large["truth"])).mean(),
    }


def _doubted(part: pd.DataFrame) -> dict:
    """How often a control rings, and what the hidden quantity's band holds and measures in intervals."""
    rung = {name: part[name].dropna().mean() for name in part if name == "doubted" or name.startswith("rings_")}
    if "band_low" not in part or part["band_low"].isna().all():
        return rung
    own = part.dropna(subset=["band_low", "low"])
    wider = (own["band_high"] - own["band_low"]) / (own["high"] - own["low"])
    return {
        **rung,
        "band_holds": own["truth"].between(own["band_low"], own["band_high"]).mean(),
        "band_in_intervals": wider.mean(),
    }


def _monte_carlo(errors: pd.Series) -> tuple[float, float]:
    half = t.ppf(0.975, len(errors) - 1) * errors.std(ddof=1) / np.sqrt(len(errors))
    return errors.mean() - half, errors.mean() + half


def _within(limits: tuple[float, float], bound: float) -> bool:
    return -bound <= limits[0] and limits[1] <= bound


def _exact(holds: pd.Series) -> tuple[float, float]:
    found = binomtest(int(holds.sum()), len(holds)).proportion_ci(0.95, "exact")
    return found.low, found.high


def progress(table: pd.DataFrame) -> str:
    """The table as markdown."""
    shown = table.map(lambda value: f"{value:.4f}" if isinstance(value, float) else str(value))
    lines = [" | ".join(shown.columns), " | ".join("---" for _ in shown.columns)]
    return "\n".join([*lines, *(" | ".join(row) for row in shown.to_numpy())]) + "\n"
