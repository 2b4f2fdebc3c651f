"""Many seeds of one world → bias, spread, coverage and the rest, each with its Monte Carlo error."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from analysis.stats.intervals import Z95
from analysis.validation.rows import ANY_EFFECT, EFFECT, NO_EFFECT, OF_THE_MODEL

MEDIAN_INFLATION = np.sqrt(np.pi / 2)
CAUSES = "cause"
ALWAYS = (*OF_THE_MODEL, ANY_EFFECT)
NO_EFFECTS_WORLD = "null"
FIGURES = (
    "bias", "spread", "stated_error", "stated_to_spread", "coverage", "width", "width_to_oracle", "sign_errors", "abstentions",
    "alarms", "naive_bias",
)  # fmt: skip


class Figure(NamedTuple):
    """A figure over seeds and its Monte Carlo standard error (None from a single seed)."""

    value: float
    mc_error: float | None


def summarise(rows: Sequence[Mapping]) -> list[dict]:
    """Rows of one world's seeds (see `rows.Row.to_json`) → one a finding that has a truth in some seed, and one each of the model's,
    which has none where there is no model: id, unit, world, seeds (in which the id occurs), truth and value (means), and FIGURES,
    each {value, mc_error} or None. Questions that no study asks yet are no abstentions.

    The attribute whose marginal effect is published is another one in each seed: they are summed up as `ame.<attribute>`."""
    by_id: dict[str, list[Mapping]] = {}
    for row in rows:
        by_id.setdefault(_pooled(row["id"]), []).append(row)
    return [_summary(name, own) for name, own in by_id.items() if name in ALWAYS or any(row["truth"] is not None for row in own)]


def _pooled(name: str) -> str:
    return ANY_EFFECT if name.startswith(EFFECT) else name


def _summary(name: str, rows: list[Mapping]) -> dict:
    world = rows[0]["world"]
    told = [row for row in rows if row["value"] is not None and row["id"] != NO_EFFECT]
    met = [row for row in told if row["truth"] is not None]
    figures = {
        **_accuracy(met),
        "sign_errors": _signs(met) if is_signed(name, rows) else None,
        "abstentions": share([row not in told for row in rows]),
        "alarms": share(_leaves_out_zero(told)) if world == NO_EFFECTS_WORLD and name.startswith(CAUSES) else None,
        "naive_bias": mean([row["naive"] - row["truth"] for row in rows if None not in (row["naive"], row["truth"])]),
    }
    return {
        "id": name,
        "unit": next((row["unit"] for row in rows if row["unit"]), None),
        "world": world,
        "seeds": len({row["seed"] for row in rows}),
        "truth": _plain_mean([row["truth"] for row in rows]),
        "value": _plain_mean([row["value"] for row in told]),
        **{key: figures[key]._asdict() if figures[key] else None for key in FIGURES},
    }


def _accuracy(met: list[Mapping]) -> dict[str, Figure | None]:
    """Figures of estimates that have a truth, and of those of them that have an interval."""
    spanned = [row for row in met if None not in (row["low"], row["high"])]
    errors, widths = [row["value"] - row["truth"] for row in met], [row["high"] - row["low"] for row in spanned]
    spread, stated = deviation(errors), mean([width / (2 * Z95) for width in widths])
    ratios = [width / row["oracle_width"] for width, row in zip(widths, spanned, strict=True) if row["oracle_width"]]
    return {
        "bias": mean(errors),
        "spread": spread,
        "stated_error": stated,
        "stated_to_spread": ratio(stated, spread),
        "coverage": share([row["covered"] for row in spanned]),
        "width": median(widths),
        "width_to_oracle": median(ratios),
    }


def is_signed(name: str, rows: Sequence[Mapping]) -> bool:
    """Whether the truth may be negative: causes, and differences in points."""
    return name.startswith(CAUSES) or any(row["unit"] == "points" for row in rows)


def _signs(met: list[Mapping]) -> Figure | None:
    """Share of estimates with the opposite sign, of those whose truth is not 0."""
    return share([row["value"] * row["truth"] < 0 for row in met if row["truth"]])


def _leaves_out_zero(told: list[Mapping]) -> list[bool]:
    return [not row["low"] <= 0 <= row["high"] for row in told if None not in (row["low"], row["high"])]


def mean(values: Sequence[float]) -> Figure | None:
    """Mean; its error is the standard error."""
    if not len(values):
        return None
    error = float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else None
    return Figure(float(np.mean(values)), error)


def deviation(values: Sequence[float]) -> Figure | None:
    """Standard deviation; its error is that of normal values, s / √(2 (n − 1)) (Ahn and Fessler 2003)."""
    if len(values) < 2:
        return None
    spread = float(np.std(values, ddof=1))
    return Figure(spread, spread / float(np.sqrt(2 * (len(values) - 1))))


def share(hits: Sequence[bool]) -> Figure | None:
    """Share of true ones; its error is the binomial one (Morris, White and Crowther 2019, table 6)."""
    if not len(hits):
        return None
    value = float(np.mean(hits))
    return Figure(value, float(np.sqrt(value * (1 - value) / len(hits))))


def median(values: Sequence[float]) -> Figure | None:
    """Median; its error is that of normal values, √(π / 2) standard errors of the mean."""
    average = mean(values)
    if average is None:
        return None
    error = None if average.mc_error is None else float(MEDIAN_INFLATION * average.mc_error)
    return Figure(float(np.median(values)), error)


def ratio(stated: Figure | None, spread: Figure | None) -> Figure | None:
    """`stated` ÷ `spread`; its error by the delta method, the two taken as independent."""
    if stated is None or spread is None or not spread.value or not stated.value:
        return None
    value = stated.value / spread.value
    return Figure(value, float(value * np.hypot((stated.mc_error or 0) / stated.value, spread.mc_error / spread.value)))


def _plain_mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
