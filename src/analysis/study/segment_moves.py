"""The same customer's segment over time: who is in another one than twelve months before, and what of it is noise."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.calendar import months_before
from analysis.finding import Exhibit, Finding
from analysis.stats.intervals import Estimate
from analysis.stats.movement import Movement, refitted, regrouped, three_waves
from analysis.study.disclosed import hidden_cells, is_tellable
from analysis.study.segments import Segments, segments_at, space_at
from analysis.wording import Message, say

APART_MONTHS = 12
REGROUPINGS = 20
CUSTOMERS_TO_PART = 300


@dataclass(frozen=True)
class SegmentMoves:
    """The findings, the parts of the share that moved (`charts.intervals`), and who moved where (`charts.heat`)."""

    findings: list[Finding]
    parts: Exhibit
    transitions: Exhibit


def segment_moves(history: Mapping[dt.date, pd.DataFrame], found: Segments, as_of: dt.date, seed: int = 7) -> SegmentMoves:
    """`history`: features by landmark; `found`: the segments at `as_of`, by which customers of all dates are assigned. Who was
    active at both dates is compared. Parting needs a third date, twelve months before the first."""
    then, before = (months_before(as_of, APART_MONTHS * years) for years in (1, 2))
    if found.clustering.k == 1:
        return _absent(say("There are no stable segments between which customers could move."))
    if then not in history:
        return _absent(say("The bank's data do not reach back to {then:date}, twelve months before the report's day.", then=then))
    held = {day: segments_at(history[day], found) for day in (as_of, then, before) if day in history}
    pairs = pd.concat({"left": held[then], "right": held[as_of]}, axis=1, join="inner").astype(int)
    moved = int((pairs["left"] != pairs["right"]).sum())
    if not is_tellable(moved) or not is_tellable(len(pairs) - moved) or pairs.empty:
        return _absent(say("Too few customers were active at both dates, or changed segments between them."))
    parted = _parted(held, as_of, then, before, seed)
    share = parted.moved if parted else Estimate(moved / len(pairs), None, None, len(pairs))
    again = _regrouped(found, history, held, then, seed)
    return SegmentMoves(
        findings=_findings(share, parted, again),
        parts=_parts_exhibit(share, parted, again, then, as_of),
        transitions=_transitions_exhibit(pairs, found, then, as_of),
    )


def _parted(held: Mapping[dt.date, pd.Series], as_of: dt.date, then: dt.date, before: dt.date, seed: int) -> Movement | None:
    """The parts of the movement, of customers active at all three dates; None where they cannot be told."""
    if before not in held:
        return None
    waves = pd.concat([held[before], held[then], held[as_of]], axis=1, join="inner").to_numpy(dtype=int)
    if len(waves) < CUSTOMERS_TO_PART:
        return None
    parts = three_waves(waves, seed=seed)
    return None if parts.real.value is None else parts


def _regrouped(found: Segments, history, held, then: dt.date, seed: int) -> dict[str, Estimate]:
    """How many would be in another segment only because segments were found anew: on the customers of the day drawn anew
    (mean and middle 95 % of the drawings), and on those of the earlier date."""
    shares = regrouped(found.space, found.labels, REGROUPINGS, seed)
    space = space_at(_of(history[then], held[then]), found)
    earlier = float(np.mean(refitted(space, space, held[then].loc[space.index], seed) != held[then].loc[space.index]))
    return {
        "drawn": Estimate(float(shares.mean()), *map(float, np.quantile(shares, [0.025, 0.975])), len(found.labels)),
        "earlier": Estimate(earlier, None, None, len(space)),
    }


def _of(features: pd.DataFrame, labels: pd.Series) -> pd.DataFrame:
    return features[features["customer_id"].isin(labels.index)]


def _findings(moved: Estimate, parted: Movement | None, again: Mapping[str, Estimate]) -> list[Finding]:
    drawn = again["drawn"]
    regroup = say(
        "Found anew on today's customers drawn anew, the segments would hold **{value:share}** of customers otherwise (mean; the middle 95% of drawings {low:share} to {high:share}).",
        **drawn._asdict(),
    )  # fmt: skip
    found = [_finding("segments.moved", _moved_text(moved, parted), moved, "description", is_headline=True)]
    if parted:
        texts = {
            "real": say("Real movement between segments: **{value:share}** of customers (interval {low:share} to {high:share})."),
            "noise": say("In another segment within noise of measurement: **{value:share}** of customers (interval {low:share} to {high:share})."),
        }  # fmt: skip
        parts = {"real": parted.real, "noise": parted.noise}
        found += [_finding(f"segments.moved.{name}", texts[name].filled(**part._asdict()), part) for name, part in parts.items()]
    return [*found, _finding("segments.regrouped", regroup, drawn, "description")]


def _finding(name: str, text: Message, part: Estimate, evidence: str = "adjusted", is_headline: bool = False) -> Finding:
    return Finding(
        name,
        text,
        part.value,
        part.base,
        "share",
        evidence,
        part.low,
        part.high,
        exhibit="segment_moves",
        is_headline=is_headline,
    )


def _moved_text(moved: Estimate, parted: Movement | None) -> Message:
    if parted is None:
        return say(
            "**{value:share}** of customers are in another segment than twelve months before; how much of it is noise of measurement cannot be told without a third date, twelve months earlier.",
            value=moved.value,
        )  # fmt: skip
    numbers = {"moved": moved.value, "value": parted.real.value, "low": parted.real.low, "high": parted.real.high}
    if parted.real.low <= 0:
        return say(
            "**{moved:share}** of customers are in another segment than twelve months before, but **real movement cannot be told from none**: {value:share} (interval {low:share} to {high:share}), the others within noise of measurement.",
            **numbers,
        )  # fmt: skip
    return say(
        "**{moved:share}** of customers are in another segment than twelve months before: **{value:share}** by real movement (interval {low:share} to {high:share}), the others within noise of measurement.",
        **numbers,
    )


def _parts_exhibit(
    moved: Estimate, parted: Movement | None, again: Mapping[str, Estimate], then: dt.date, as_of: dt.date
) -> Exhibit:
    rows = [(say("In another segment than twelve months before"), moved, say("Movement"), "total")]
    if parted:
        rows += [
            (say("Real movement"), parted.real, say("Movement"), "part"),
            (say("Noise of measurement"), parted.noise, say("Movement"), "part"),
        ]
    rows += [
        (say("On today's customers drawn anew"), again["drawn"], say("Segments found anew"), "part"),
        (say("On the customers of twelve months before"), again["earlier"], say("Segments found anew"), "part"),
    ]
    frame = pd.DataFrame([{"label": label, **part._asdict(), "group": group, "kind": kind} for label, part, group, kind in rows])
    return Exhibit(
        name="segment_moves",
        title=_parts_title(moved, parted),
        subtitle=say(
            "Movement: share of customers in another segment on {as_of:date} than on {then:date}, in %, of those active on both days{three}; 95% intervals as for customers like these. Segments found anew: share who would be in another segment of the same day for that alone, segments matched; the bar spans the middle 95% of drawings",
            as_of=as_of, then=then, three=say(" and twelve months earlier") if parted else "",
        ),
        frame=frame.astype({"value": float, "low": float, "high": float}),
    )  # fmt: skip


def _parts_title(moved: Estimate, parted: Movement | None) -> Message:
    if parted is None:
        return say(
            "{moved:share} are in another segment than twelve months before; how much of it is noise cannot be told",
            moved=moved.value,
        )  # fmt: skip
    numbers = {"moved": moved.value, "real": parted.real.value}
    if parted.real.low <= 0:
        return say(
            "{moved:share} are in another segment than twelve months before, not told from noise of measurement", **numbers
        )
    return say(
        "{moved:share} are in another segment than twelve months before: {real:share} by real movement, the others within noise",
        **numbers,
    )


def transition_cells(pairs: pd.DataFrame) -> pd.DataFrame:
    """left, right (segments then and now) → left, right, customers, share (of the left's), a row each cell that may be told, given
    that the sizes of all segments at both dates may be known."""
    counts = pd.crosstab(pairs["left"], pairs["right"])
    secret = hidden_cells(counts).ravel()
    cells = counts.stack().rename("customers").reset_index()
    cells = cells.assign(share=cells["customers"] / cells.groupby("left")["customers"].transform("sum"))
    return cells[~secret].reset_index(drop=True)


def _transitions_exhibit(pairs: pd.DataFrame, found: Segments, then: dt.date, as_of: dt.date) -> Exhibit:
    cells = transition_cells(pairs)
    if cells.empty:
        return _absent_transitions(say("Too few customers in each cell."))
    shares = cells.set_index(["left", "right"])["share"]
    frame = pd.DataFrame(
        [
            {"row": found.names[left], "column": found.names[right], "value": share, "text": say("{share:share}", share=share)}
            for left in found.names
            for right in found.names
            for share in [shares.get((left, right))]
        ]
    )
    frame = frame.assign(value=frame["value"].astype(float), text=frame["text"].where(frame["value"].notna(), None))
    return Exhibit(
        name="segment_transitions",
        title=_transitions_title(cells, found),
        subtitle=say(
            "Rows: segment on {then:date}; columns: segment on {as_of:date}; share of the row's customers, in %, of those active at both dates. Cells of few customers are left out, and others that would give them away; noise of measurement is in these shares",
            then=then, as_of=as_of,
        ),
        frame=frame,
        options={"limit": 1.0},
    )  # fmt: skip


def _transitions_title(cells: pd.DataFrame, found: Segments) -> Message:
    stayed = cells[cells["left"] == cells["right"]]
    if len(stayed) < len(found.names):
        return say("Segments twelve months before and today")
    least, most = (stayed.loc[index] for index in (stayed["share"].idxmin(), stayed["share"].idxmax()))
    return say(
        "In the same segment as twelve months before: from {low:share} ({least}) to {high:share} ({most})",
        low=least["share"], high=most["share"], least=found.names[least["left"]], most=found.names[most["left"]],
    )  # fmt: skip


def _absent(reason: Message) -> SegmentMoves:
    parts = Exhibit("segment_moves", say("Who is in another segment than twelve months before"), absent=reason)
    return SegmentMoves([], parts, _absent_transitions(reason))


def _absent_transitions(reason: Message) -> Exhibit:
    return Exhibit("segment_transitions", say("Segments twelve months before and today"), absent=reason)
