"""How small numbers of customers are told, so that nobody can be found behind one."""

import numpy as np

from analysis.finding import DISCLOSURE_THRESHOLD
from analysis.stats import disclosure
from analysis.wording import Message, say


def is_tellable(count: float) -> bool:
    """Whether a number of customers, or a share from which it follows, may be told: none, or the threshold and more."""
    return count == 0 or count >= DISCLOSURE_THRESHOLD


def hidden(counts, already=False) -> np.ndarray:
    """Which of the exclusive counts of a known whole may not be shown (see `stats.disclosure`)."""
    return disclosure.hidden(counts, DISCLOSURE_THRESHOLD, already)


def hidden_cells(counts, already=False) -> np.ndarray:
    """Which cells of a table of counts, its sums by row and by column being known, may not be shown (see `stats.disclosure`)."""
    return disclosure.hidden_cells(counts, DISCLOSURE_THRESHOLD, already)


def told_base(base: int, *wholes: int) -> int | None:
    """The base, or None where it lies so close below one of the `wholes`, told elsewhere, that the difference would tell of few."""
    return int(base) if all(is_tellable(whole - base) for whole in wholes if whole >= base) else None


def told(count: int) -> Message:
    """The number, or that it is below the threshold."""
    return (
        say("{count:count}", count=count) if is_tellable(count) else say("fewer than {count:count}", count=DISCLOSURE_THRESHOLD)
    )
