"""Which causes, products and channels complaints come from, and which of them changed."""

import datetime as dt
from collections.abc import Iterator

import numpy as np
import pandas as pd

from analysis.finding import Column, Exhibit, Finding
from analysis.stats.control import rate_by_subject
from analysis.stats.intervals import simultaneous
from analysis.stats.multiple import DISCOVERY_RATE, discoveries
from analysis.study.complaint_frame import WAYS, brings, id_of, label, labels_of, window
from analysis.study.complaint_volume import Volume, by_customer, exposure, per_month, ratio
from analysis.study.disclosed import hidden
from analysis.wording import Message, say

DIVIDED_BY = ("category", "product", "channel")


def complaint_parts(rows: pd.DataFrame, customers: pd.DataFrame, as_of: dt.date, volume: Volume | None) -> pd.DataFrame | None:
    """The complaints of the volume's window divided by DIVIDED_BY → way, code, complaints, customers, share, value, low, high
    (per 10,000 customers and month), change, change_low, change_high (ratio to the period before), is_noise, commonest first; of
    the changes marked, of all rows, at most 10 % are false on average. Parts of few customers are left out."""
    if volume is None:
        return None
    span = volume.window_months
    now, before = window(rows, as_of, span), window(rows, as_of, span, 1)
    known = exposure(customers, as_of, 2 * span)
    spans = known.head(span), known.iloc[span:] if volume.before is not None else None
    made = [part for way in DIVIDED_BY if brings(now, way) for part in _parts(way, now, before, *spans)]
    return _with_changes(made, len(now)) if made else None


def _parts(
    way: str, now: pd.DataFrame, before: pd.DataFrame, known: pd.DataFrame, known_before: pd.DataFrame | None
) -> Iterator[dict]:
    codes, codes_before = labels_of(now, way), labels_of(before, way)
    behind = now.groupby(codes)["customer_id"].nunique()
    told = behind.index[~hidden(behind.to_numpy())]
    behind_before = before.groupby(codes_before)["customer_id"].nunique()
    told_before = behind_before.index[~hidden(behind_before.to_numpy(), ~behind_before.index.isin(told))]
    for code in codes[codes.isin(told)].value_counts().index:
        own, earlier = now[codes == code], before[codes_before == code]
        is_known = known_before is not None and code in told_before
        yield {
            "way": way, "code": code, "complaints": len(own), "customers": int(behind[code]), "now": by_customer(own, known),
            "before": by_customer(earlier, known_before) if is_known else None,
        }  # fmt: skip


def _with_changes(made: list[dict], complaints: int) -> pd.DataFrame:
    known = [part for part in made if part["before"] is not None]
    chosen = discoveries(np.array([ratio(part["now"], part["before"])[1] for part in known]), DISCOVERY_RATE)
    found = dict(zip(map(id, known), chosen.is_found, strict=True))
    rows = []
    for part in made:
        rate = per_month(rate_by_subject(*part["now"]))
        change = ratio(part["now"], part["before"], chosen.level)[0] if part["before"] is not None else (None,) * 3
        rows.append(
            {**{name: part[name] for name in ("way", "code", "complaints", "customers")}, "share": part["complaints"] / complaints,
             "value": rate.value, "low": rate.low, "high": rate.high, "change": change[0], "change_low": change[1],
             "change_high": change[2], "is_noise": not found.get(id(part), False)}
        )  # fmt: skip
    return pd.DataFrame(rows).assign(change_level=chosen.level)


def part_findings(parts: pd.DataFrame | None) -> list[Finding]:
    """The commonest cause, and each cause whose rate changed beyond noise."""
    if parts is None:
        return []
    made = []
    for row in parts[parts["way"] == "category"].to_dict("records"):
        if not row["is_noise"]:
            text = say(
                "Complaints about “{label}” came **{change:ratio} times** as often as in the period before (interval {low:ratio} to {high:ratio}, {all:count} comparisons held at once).",
                label=label("category", row["code"]), change=row["change"], low=row["change_low"], high=row["change_high"], all=len(parts),
            )  # fmt: skip
            numbers = {"low": row["change_low"], "high": row["change_high"], "compare_to": 1.0}
            made.append(
                Finding(f"complaints.change.{id_of(row['code'])}", text, row["change"], row["complaints"], "ratio", **numbers,
                        exhibit="sources", base_of="complaints")
            )  # fmt: skip
    return made


def sources_exhibit(parts: pd.DataFrame | None) -> Exhibit:
    """Table of the parts, grey where they did not change beyond noise."""
    if parts is None:
        absent = say("The bank brings no categories, products or channels of complaints, or too few months of them.")
        return Exhibit("sources", say("Sources of complaints"), absent=absent)
    low, high = say("From"), say("To")
    frame = parts.assign(
        divided_by=[WAYS[way] for way in parts["way"]],
        label=[label(way, code) for way, code in zip(parts["way"], parts["code"], strict=True)],
    )
    return Exhibit(
        name="sources",
        title=_title(parts),
        subtitle=say("Complaints of the last period per 10,000 customers and month, with 95% intervals, and against the period before (1: unchanged); grey: no change beyond noise, all rows compared at once"),
        frame=frame,
        columns=(
            Column("label", say("Complaints by")), Column("divided_by", say("Grouped by")), Column("complaints", say("Complaints"), "count"),
            Column("value", say("Per 10,000"), "number.1"), Column("low", low, "number.1"), Column("high", high, "number.1"),
            Column("change", say("Change"), "ratio", say("times")), Column("change_low", low, "ratio"), Column("change_high", high, "ratio"),
        ),
    )  # fmt: skip


def _title(parts: pd.DataFrame) -> Message:
    way = parts["way"].iloc[0]
    own = parts[parts["way"] == way].sort_values("value", ascending=False)
    at_once = simultaneous(own)
    first = own.iloc[0]
    numbers = {"label": label(way, first["code"]), "share": first["share"]}
    if len(own) > 1 and at_once["low"].iloc[0] > at_once["high"].iloc[1:].max():
        return say("More complaints come under “{label}” than under any other, beyond noise: {share:share}", **numbers)
    return say("Under “{label}” come {share:share} of complaints; the next is not apart beyond noise", **numbers)
