"""How long customers stay in a stage."""

import numpy as np
import pandas as pd

from analysis.finding import DISCLOSURE_THRESHOLD, Exhibit, Finding
from analysis.stats.survival import kaplan_meier, median_survival
from analysis.study.lifecycle_moves import MOVING
from analysis.study.lifecycle_stages import STAGE_NAMES
from analysis.wording import Message, say

SPELLS_FOR_CURVE = 30
FEWEST_QUARTERS = 2
YEAR = 4


def spells(stages: pd.DataFrame) -> pd.DataFrame:
    """Stages by landmark → one row a spell that began within the history: customer_id, stage, quarters (until the landmark at
    which it is another, or the last one), ended. Spells under way at the first landmark are left out: how long they had
    lasted is not known."""
    values = stages.to_numpy(dtype=object)
    known = ~pd.isna(values)
    changed = np.ones(values.shape, dtype=bool)
    changed[:, 1:] = values[:, 1:] != values[:, :-1]
    changed &= known
    row, start = np.nonzero(changed)
    last_of_customer = np.append(row[1:] != row[:-1], True)
    until = np.where(last_of_customer, values.shape[1] - 1, np.append(start[1:], 0))
    table = pd.DataFrame(
        {
            "customer_id": stages.index[row], "stage": values[row, start], "quarters": until - start, "ended": ~last_of_customer,
            "start": start,
        }
    )  # fmt: skip
    return table[table["start"].gt(0) & table["quarters"].gt(0)].drop(columns="start").reset_index(drop=True)


def curves(made: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Kaplan-Meier curve by stage (growing, mature, declining: the others end by rule or not at all), of those with SPELLS_FOR_CURVE spells and DISCLOSURE_THRESHOLD ended."""
    result = {}
    for stage in MOVING:
        own = made[made["stage"].eq(stage)]
        if len(own) >= SPELLS_FOR_CURVE and own["ended"].sum() >= DISCLOSURE_THRESHOLD:
            result[stage] = kaplan_meier(own["quarters"], own["ended"])
    return result


def duration_findings(by_stage: dict[str, pd.DataFrame]) -> list[Finding]:
    """The median time in each stage that customers leave of themselves; no value where more than half are in it still."""
    long = {stage: curve for stage, curve in by_stage.items() if curve["time"].max() >= FEWEST_QUARTERS}
    return [_median_finding(stage, long[stage]) for stage in MOVING if stage in long]


def _median_finding(stage: str, curve: pd.DataFrame) -> Finding:
    median = median_survival(curve)
    name, last = STAGE_NAMES[stage], curve.iloc[-1]
    if median.value is None:
        text = say(
            "{stage}: after {last:count} quarters, the longest time seen, **{share:share}** of those who came into the stage are in it still.",
            stage=name, last=last["time"], share=last["survival"],
        )  # fmt: skip
    else:
        text = say(
            "{stage}: half of those who come into the stage have left it within **{median:count} quarters**.",
            stage=name, median=median.value,
        )  # fmt: skip
    return Finding(
        f"stage.{stage}.median_quarters", text, median.value, median.base, "count", low=median.low, high=median.high,
        exhibit="durations", base_of="observations", is_headline=False,
    )  # fmt: skip


def durations_exhibit(by_stage: dict[str, pd.DataFrame]) -> Exhibit:
    """Share still in the stage, by quarters since they came into it."""
    if not by_stage:
        reason = say("Too few customers came into a stage and left it again within the data.")
        return Exhibit("durations", say("How long customers stay in a stage"), absent=reason)
    frames = [_steps(curve, STAGE_NAMES[stage]) for stage, curve in by_stage.items()]
    return Exhibit(
        name="durations",
        title=_title(by_stage),
        subtitle=say(
            "Share still in the stage, by quarters since they were first seen in it (Kaplan-Meier), in %; bands, 95% intervals; stages under way at the first date are left out; seen at quarters' ends only; the axis need not start at 0"
        ),
        frame=pd.concat(frames, ignore_index=True),
        x_label=say("Quarters in the stage"),
        x_unit="count",
    )


def _title(by_stage: dict[str, pd.DataFrame]) -> Message:
    long = {stage: curve for stage, curve in by_stage.items() if curve["time"].max() >= YEAR}
    left = {stage: float(curve.loc[curve["time"] <= YEAR, "survival"].iloc[-1]) for stage, curve in long.items()}
    if not left:
        return say("How long customers stay in a stage")
    most, least = max(left, key=left.get), min(left, key=left.get)
    if most == least:
        return say(
            "{stage}: {share:share} are in the stage a year after coming into it", stage=STAGE_NAMES[most], share=left[most]
        )
    return say(
        "A year after coming into the stage {high:share} ({most}) to {low:share} ({least}) are in it still",
        high=left[most], most=STAGE_NAMES[most], low=left[least], least=STAGE_NAMES[least],
    )  # fmt: skip


def _steps(curve: pd.DataFrame, name: Message) -> pd.DataFrame:
    start = pd.DataFrame({"time": [0.0], "survival": [1.0], "low": [1.0], "high": [1.0]})
    steps = pd.concat([start, curve[["time", "survival", "low", "high"]].astype(float)], ignore_index=True).ffill()
    return steps.rename(columns={"survival": "value"}).assign(series=name)
