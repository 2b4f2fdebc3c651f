"""From expectation to loyalty: what goes with what along the arrows that the bank declared between its constructs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.finding import Column, Exhibit, Finding
from analysis.stats.intervals import simultaneous
from analysis.stats.paths import Design, PathModel, path_model_bootstrap
from analysis.study.survey import Questionnaire
from analysis.wording import Message, say

MARKS = ("overall", "recommend")
PATH_ANSWERS_NEEDED = 100
ANSWERS_PER_ARROW = 10


@dataclass(frozen=True)
class PathFound:
    """The `model` (see `stats.paths`), its `paths` and `effects` with `is_noise`: 0 within the interval, all rows read at once;
    how many of the customers in the period `answered`, of whom those who answered every item are the base."""

    model: PathModel
    paths: pd.DataFrame
    effects: pd.DataFrame
    answered: int

    @property
    def strongest(self) -> pd.Series:
        """The arrow with the greatest coefficient, whatever its sign."""
        return self.paths.loc[self.paths["value"].abs().idxmax()]

    @property
    def last(self) -> str:
        """The construct at the end of all arrows."""
        return self.model.constructs["construct"].iloc[-1]


def marks_by_item(wide: pd.DataFrame, recent: pd.DataFrame) -> pd.DataFrame:
    """Answers by item, and the responses' own marks (`overall`, `recommend`) beside them: response_id × item."""
    own = [name for name in MARKS if name in recent and name not in wide]
    return recent.set_index("response_id")[own].astype(float).join(wide)


def usable_blocks(marks: pd.DataFrame, asked: Questionnaire, names: Sequence[str]) -> dict[str, list[str]]:
    """Of each construct the items that were asked and vary."""
    varies = {item for item in marks if marks[item].nunique() > 1}
    return {name: [item for item in asked.constructs[name][1] if item in varies] for name in names}


def satisfaction_path(
    wide: pd.DataFrame, recent: pd.DataFrame, asked: Questionnaire, replicates: int = 500, seed: int = 7
) -> PathFound | None:
    """The path model of complete answers (PLS, Mode A, centroid scheme; items keep their spread, being on one scale). None where
    the bank declares no arrows, or fewer than 100 customers, or ten for each arrow into one construct, answered every item,
    or an end of an arrow was not asked, or the model does not settle."""
    names = [name for name in asked.constructs if any(name in path for path in asked.paths)]
    marks = marks_by_item(wide, recent)
    blocks = usable_blocks(marks, asked, names)
    if not blocks or not all(blocks.values()):
        return None
    rows = marks[list(dict.fromkeys(item for block in blocks.values() for item in block))].dropna()
    most = max(sum(end == name for _, end in asked.paths) for name in names)
    if len(rows) < max(PATH_ANSWERS_NEEDED, ANSWERS_PER_ARROW * most):
        return None
    design = Design(usable_blocks(rows, asked, names), asked.paths, scaled=False)
    try:
        model = path_model_bootstrap(rows, design, replicates, seed)
    except ValueError:
        return None
    return PathFound(model, _with_noise(model.paths), _with_noise(model.effects), len(recent))


def _with_noise(table: pd.DataFrame) -> pd.DataFrame:
    wide = simultaneous(table)
    return table.assign(is_noise=(wide["low"] <= 0) & (wide["high"] >= 0))


def leads(table: pd.DataFrame) -> bool:
    """Whether the row of the greatest size lies above all others' intervals, sizes without their sign."""
    sign = table["value"].apply(lambda value: -1.0 if value < 0 else 1.0)
    ends = pd.DataFrame({"low": table["low"] * sign, "high": table["high"] * sign})
    first = table["value"].abs().idxmax()
    others = table.index.difference([first])
    upper = pd.concat([ends.loc[others].max(axis=1), -ends.loc[others].min(axis=1)])
    return bool(ends.loc[first].min() > upper.max()) if len(others) else True


def path_findings(found: PathFound | None, labels: Mapping[str, Message]) -> list[Finding]:
    """The strongest arrow, how much of the last construct goes with its arrows, and the others."""
    if found is None:
        return []
    strongest = found.strongest
    others = [row for _, row in found.paths.iterrows() if row.name != strongest.name]
    explained = found.model.constructs.dropna(subset="r_squared")
    return [
        _arrow(strongest, _strongest_text(found, labels), found.model.base, is_headline=True),
        *[_explained(row, found, labels) for _, row in explained.iloc[::-1].iterrows()],
        *[_arrow(row, _other_text(row, labels), found.model.base, is_headline=False) for row in others],
    ]


def _arrow(row: pd.Series, text: Message, base: int, is_headline: bool) -> Finding:
    return Finding(
        f"path.{row['from']}.{row['to']}", text, row["value"], base, "number", "association", row["low"], row["high"],
        exhibit="path", base_of="answers", is_headline=is_headline,
    )  # fmt: skip


def _explained(row: pd.Series, found: PathFound, labels: Mapping[str, Message]) -> Finding:
    text = say(
        "The arrows to {label} go with **{value:share}** of its variation (interval {low:share} to {high:share}).",
        label=labels[row["construct"]], value=row["r_squared"], low=row["low"], high=row["high"],
    )  # fmt: skip
    return Finding(
        f"path.r_squared.{row['construct']}", text, row["r_squared"], found.model.base, "share", "association", row["low"],
        row["high"], exhibit="path", base_of="answers", is_headline=row["construct"] == found.last,
    )  # fmt: skip


def _ends(row: pd.Series, labels: Mapping[str, Message]) -> dict[str, object]:
    numbers = {name: row[name] for name in ("value", "low", "high")}
    return {"start": labels[row["from"]], "end": labels[row["to"]], **numbers}


def _strongest_text(found: PathFound, labels: Mapping[str, Message]) -> Message:
    row = found.strongest
    chance = "" if leads(found.paths) else say("; its lead may be chance")
    return say(
        "Of {count:count} arrows that the bank declared the strongest runs from **{start} to {end}**: {value:number} (interval {low:number} to {high:number}){lead}.",
        count=len(found.paths), lead=say("; within noise, all arrows read at once") if row["is_noise"] else chance, **_ends(row, labels),
    )  # fmt: skip


def _other_text(row: pd.Series, labels: Mapping[str, Message]) -> Message:
    noise = say("; within noise, all arrows read at once") if row["is_noise"] else ""
    return say(
        "{start} to {end}: {value:number} (interval {low:number} to {high:number}){noise}.", noise=noise, **_ends(row, labels)
    )


def _absent(asked: Questionnaire) -> Message:
    if not asked.paths:
        return say("The bank declares no arrows between constructs of its survey (survey.paths in bank.yaml).")
    return say(
        "Too few complete answers for the path model: {needed:count} customers who answered every item are needed, and ten for each arrow to one construct; or a construct was not asked.",
        needed=PATH_ANSWERS_NEEDED,
    )


def path_exhibit(found: PathFound | None, asked: Questionnaire) -> Exhibit:
    """The path diagram."""
    if found is None:
        return Exhibit("path", say("Path model"), absent=_absent(asked))
    labels = asked.labels
    nodes = found.model.constructs.rename(columns={"construct": "source", "r_squared": "value"})
    nodes = nodes.assign(part="node", target=None, label=[labels[name] for name in nodes["source"]])
    arrows = found.paths.rename(columns={"from": "source", "to": "target"}).assign(part="arrow", label=None)
    shown = ["part", "source", "target", "label", "value", "low", "high"]
    frame = pd.DataFrame(nodes[shown].to_dict("records") + arrows[[*shown, "is_noise"]].to_dict("records"))
    subtitle = say(
        "Standardised coefficients of the arrows as the bank declared them, beneath each its 95% interval; in the boxes R², the share of variation that goes with the arrows to it; thin and dashed: within noise, all arrows read at once; base: customers who answered every item, {base:count} of {answered:count}",
        base=found.model.base, answered=found.answered,
    )  # fmt: skip
    return Exhibit("path", _path_title(found, labels), subtitle, frame, unit="number")


def _path_title(found: PathFound, labels: Mapping[str, Message]) -> Message:
    sure, row = int((~found.paths["is_noise"]).sum()), found.strongest
    numbers = {"sure": sure, "all": len(found.paths), **_ends(row, labels)}
    if not sure:
        return say("No arrow of {all:count} is beyond noise", **numbers)
    if leads(found.paths):
        return say("Arrows beyond noise: {sure:count} of {all:count}; the strongest runs from {start} to {end}", **numbers)
    return say(
        "Arrows beyond noise: {sure:count} of {all:count}; the strongest, from {start} to {end}, may lead by chance", **numbers
    )


def path_table_exhibit(found: PathFound | None, asked: Questionnaire) -> Exhibit:
    """Each arrow's coefficient, and what goes with what along all arrows together."""
    if found is None:
        return Exhibit("path_table", say("Along all arrows"), absent=_absent(asked))
    labels = asked.labels
    arrows = found.paths.rename(columns={"value": "arrow", "low": "arrow_low", "high": "arrow_high"}).drop(columns="is_noise")
    table = found.effects.merge(arrows, on=["from", "to"], how="left")
    pairs = [say("{start} → {end}", start=labels[row["from"]], end=labels[row["to"]]) for _, row in table.iterrows()]
    interval = say("95% interval")
    return Exhibit(
        name="path_table",
        title=_total_title(found, labels),
        subtitle=say("Standardised coefficients: of the arrow alone, and along all arrows together, with 95% intervals; grey: all arrows together within noise, all rows read at once"),
        frame=table.assign(label=pairs),
        columns=(
            Column("label", say("From and to")),
            Column("arrow", say("Arrow alone"), "number"),
            Column("arrow_low", say("From"), "number", interval),
            Column("arrow_high", say("To"), "number", interval),
            Column("value", say("All arrows"), "number"),
            Column("low", say("From"), "number", interval),
            Column("high", say("To"), "number", interval),
        ),
    )  # fmt: skip


def _total_title(found: PathFound, labels: Mapping[str, Message]) -> Message:
    table = found.effects[found.effects["to"] == found.last]
    if table.empty or table["is_noise"].all():
        return say("Along all arrows nothing goes with {end} beyond noise", end=labels[found.last])
    ends = _ends(table.loc[table["value"].abs().idxmax()], labels)
    if leads(table):
        return say("Along all arrows together {start} goes most with {end}: {value:number}", **ends)
    return say("Along all arrows together {start} goes most with {end} ({value:number}); its lead may be chance", **ends)
