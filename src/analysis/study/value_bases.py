"""Bases that lie close below another number told: the few between them could be counted."""

from analysis.study.disclosed import is_tellable


def told_base(base: int, *wholes: int) -> int | None:
    """The base, or None where it lies so close below one of the `wholes`, told elsewhere, that the difference would tell of few."""
    return int(base) if all(is_tellable(whole - base) for whole in wholes if whole >= base) else None
