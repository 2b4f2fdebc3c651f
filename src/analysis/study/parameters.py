"""What the parameters that many reports share may be: what cannot be is refused in one sentence."""

from collections.abc import Iterable

from analysis.errors import UserError

LONGEST_MONTHS = 240
FEWEST_REPLICATES, MOST_REPLICATES = 2, 100_000
GREATEST_SEED = 2**32 - 1


def refuse_odd(*, window_months: int | None = None, replicates: int | None = None, seed: int | None = None) -> None:
    """UserError: months of a window, bootstrap replicates or a seed that no report can be made with (None: not a parameter of it)."""
    asked = {
        "window_months": (window_months, 1, LONGEST_MONTHS, 12),
        "replicates": (replicates, FEWEST_REPLICATES, MOST_REPLICATES, 500),
        "seed": (seed, 0, GREATEST_SEED, 7),
    }
    for name, (value, least, most, usual) in asked.items():
        if value is not None and not least <= value <= most:
            raise UserError(f"{name} is {value}; it must lie between {least} and {most}, such as {usual}.")


def refuse_unknown(name: str, value: str, known: Iterable[str]) -> None:
    """UserError: a parameter that must be one of `known`."""
    if value not in known:
        raise UserError(f"{name} is '{value}'; it must be one of {', '.join(known)}.")
