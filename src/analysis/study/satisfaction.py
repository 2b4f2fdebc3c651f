"""How customers feel: net promoter score, satisfaction by branch and group, and what goes with it."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.errors import NotProduced
from analysis.finding import DISCLOSURE_THRESHOLD, Column, Exhibit, Finding
from analysis.stats.importance import r_squared, shapley_r2_bootstrap
from analysis.stats.intervals import Estimate, funnel_limits, mean_by_group, mean_t, nps, nps_by_group, share_by_group, wilson
from analysis.wording import Label, Message, say

ANSWERS_NEEDED = 30
ANSWERS_PER_DRIVER = 10
TOP_BOX_FROM = 9
PROMOTER_FROM, DETRACTOR_TO = 9, 6
MOST_ITEMS = 12
BRANCHES_NEEDED = 5


@dataclass(frozen=True)
class Satisfaction:
    """What the report shows."""

    findings: list[Finding]
    trend: Exhibit
    groups: Exhibit
    promoters: Exhibit
    branches: Exhibit
    drivers: Exhibit
    items: Exhibit


@dataclass(frozen=True)
class Questionnaire:
    """What the bank's survey asks: label of each item; of each construct, its label and items; what measures the outcome."""

    items: Mapping[str, Message]
    constructs: Mapping[str, tuple[Message, list[str]]]
    outcome: frozenset[str]


def questionnaire(survey) -> Questionnaire:
    """The questionnaire of a bank's definition (`config.survey`: items, constructs, outcome)."""
    return Questionnaire(
        items={name: _label(label) for name, label in survey.items.items()},
        constructs={name: (_label(construct.label), list(construct.items)) for name, construct in survey.constructs.items()},
        outcome=frozenset(survey.outcome),
    )


def _label(label) -> Label:
    return Label(label.en, others={"zh": label.zh})


def satisfaction(
    surveys: pd.DataFrame,
    answers: pd.DataFrame,
    questionnaire: Questionnaire,
    groups: Mapping[Message, pd.Series],
    branch_names: Mapping[str, str],
    as_of: dt.date,
    window_months: int = 12,
    replicates: int = 500,
    seed: int = 7,
) -> Satisfaction:
    """`surveys` and `answers` are the canonical tables; `groups` are ways to divide customers: a heading → the group's label
    (Message) by customer_id; `branch_names` by branch_id. Answers of the last `window_months` are reported (all, where they bear no dates)."""
    recent, before = _windows(surveys, as_of, window_months)
    if recent["overall"].notna().sum() < ANSWERS_NEEDED:
        raise NotProduced(
            say("Only {n:count} answers in the period; {needed:count} are needed.", n=int(recent["overall"].notna().sum()), needed=ANSWERS_NEEDED)
        )
    wide = _wide(answers, recent)
    labels = _labels(questionnaire)
    drivers, explained = _drivers(wide, recent, questionnaire, replicates, seed)
    by_branch = _branch_table(recent, branch_names)
    return Satisfaction(
        findings=[
            *_score_findings(recent, before),
            *_driver_findings(drivers, explained, labels),
            *_branch_findings(by_branch),
        ],
        trend=_trend(surveys, as_of),
        groups=_groups_exhibit(recent, groups),
        promoters=_promoters_exhibit(recent, groups),
        branches=_branches_exhibit(by_branch),
        drivers=_drivers_exhibit(drivers, explained, labels),
        items=_items_exhibit(wide, questionnaire),
    )


def promoter_score(recommend: pd.Series) -> Estimate:
    """Net promoter score of answers 0-10; missing ones are left out."""
    known = recommend.dropna()
    promoters, detractors = int((known >= PROMOTER_FROM).sum()), int((known <= DETRACTOR_TO).sum())
    return nps(promoters, len(known) - promoters - detractors, detractors)


def _windows(surveys: pd.DataFrame, as_of: dt.date, months: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    if "answered_date" not in surveys or surveys["answered_date"].isna().all():
        return surveys, surveys.iloc[0:0]
    end = pd.Timestamp(as_of) + pd.Timedelta(days=1)
    start, earlier = end - pd.DateOffset(months=months), end - pd.DateOffset(months=2 * months)
    day = pd.to_datetime(surveys["answered_date"])
    return surveys[(day >= start) & (day < end)], surveys[(day >= earlier) & (day < start)]


def _wide(answers: pd.DataFrame, surveys: pd.DataFrame) -> pd.DataFrame:
    asked = answers[answers["response_id"].isin(surveys["response_id"])]
    return asked.pivot(index="response_id", columns="item", values="value").astype(float)


def _labels(questionnaire: Questionnaire) -> dict[str, Message]:
    return {**questionnaire.items, **{name: label for name, (label, _) in questionnaire.constructs.items()}}


def _outcome_items(questionnaire: Questionnaire) -> set[str]:
    inside = [item for name in questionnaire.outcome if name in questionnaire.constructs for item in questionnaire.constructs[name][1]]
    return set(questionnaire.outcome) | set(inside)


def driver_frame(wide: pd.DataFrame, questionnaire: Questionnaire) -> pd.DataFrame:
    """Answers by item → the attributes that may go with satisfaction, complete rows only: the items that do not measure the
    outcome, or the means of their constructs where there are more than MOST_ITEMS."""
    outcome = _outcome_items(questionnaire)
    items = [item for item in (questionnaire.items or wide.columns) if item in wide and item not in outcome]
    if len(items) <= MOST_ITEMS:
        return wide[items].dropna()
    means = {name: wide[inside].mean(axis=1, skipna=False) for name, (_, inside) in questionnaire.constructs.items() if name not in outcome}
    return pd.DataFrame(means).dropna()


def _drivers(wide, recent, questionnaire, replicates, seed) -> tuple[pd.DataFrame | None, Estimate | None]:
    x = driver_frame(wide, questionnaire)
    y = recent.set_index("response_id")["overall"].astype(float).reindex(x.index).dropna()
    x = x.loc[y.index]
    if x.shape[1] < 2 or len(x) < max(ANSWERS_NEEDED, ANSWERS_PER_DRIVER * x.shape[1]):
        return None, None
    return shapley_r2_bootstrap(x, y, replicates, seed), r_squared(x, y, replicates, seed)


def _score_findings(recent: pd.DataFrame, before: pd.DataFrame) -> list[Finding]:
    told = []
    if recent["recommend"].notna().sum() >= ANSWERS_NEEDED:
        score, earlier = promoter_score(recent["recommend"]), promoter_score(before["recommend"])
        told.append(
            Finding(
                "nps",
                say("The net promoter score is **{value:score} points** (interval {low:score} to {high:score}){then}.",
                    value=score.value, low=score.low, high=score.high, then=_then(earlier, "score")),
                score.value, score.base, "score", low=score.low, high=score.high, compare_to=earlier.value, exhibit="promoters", base_of="answers",
            )
        )  # fmt: skip
    mean, earlier = mean_t(recent["overall"]), mean_t(before["overall"])
    told.append(
        Finding(
            "overall_mean",
            say("Overall satisfaction is **{value:mark}** of 10 on average (interval {low:mark} to {high:mark}){then}.",
                value=mean.value, low=mean.low, high=mean.high, then=_then(earlier, "mark")),
            mean.value, mean.base, "mark", low=mean.low, high=mean.high, compare_to=earlier.value, exhibit="trend", base_of="answers",
        )
    )  # fmt: skip
    known = recent["overall"].dropna()
    top = wilson(int((known >= TOP_BOX_FROM).sum()), len(known))
    told.append(
        Finding(
            "top_two_box",
            say("**{value:share}** of answers are a 9 or a 10 (interval {low:share} to {high:share}).", value=top.value, low=top.low, high=top.high),
            top.value, top.base, "share", low=top.low, high=top.high, base_of="answers", is_headline=False,
        )
    )  # fmt: skip
    return told


def _then(earlier: Estimate, unit: str) -> Message | str:
    if earlier.value is None or earlier.low is None:
        return ""
    if unit == "score":
        return say("; in the period before {value:score} ({low:score} to {high:score})", value=earlier.value, low=earlier.low, high=earlier.high)
    return say("; in the period before {value:mark} ({low:mark} to {high:mark})", value=earlier.value, low=earlier.low, high=earlier.high)


def _driver_findings(drivers: pd.DataFrame | None, explained: Estimate | None, labels: Mapping[str, Message]) -> list[Finding]:
    if drivers is None:
        return []
    first = drivers.iloc[0]
    text = say(
        "The attribute that goes most with overall satisfaction is **{item}**: {share:share} of what the attributes explain together (interval {low:share} to {high:share}).",
        item=labels.get(first["item"], first["item"]), share=first["share"], low=first["low"], high=first["high"],
    )  # fmt: skip
    leading = Finding(
        f"driver.{first['item']}", text, first["share"], explained.base, "share",
        "association", first["low"], first["high"], exhibit="drivers", base_of="answers",
    )  # fmt: skip
    joint = Finding(
        "drivers.r_squared",
        say("The attributes together go with **{value:share}** of the variation of overall satisfaction (interval {low:share} to {high:share}).", value=explained.value, low=explained.low, high=explained.high),
        explained.value, explained.base, "share", "association", explained.low, explained.high, exhibit="drivers", base_of="answers", is_headline=False,
    )  # fmt: skip
    others = [
        Finding(
            f"driver.{row['item']}",
            say("{item}: {share:share} (interval {low:share} to {high:share}) of what the attributes explain together.", item=labels.get(row["item"], row["item"]), share=row["share"], low=row["low"], high=row["high"]),
            row["share"], explained.base, "share", "association", row["low"], row["high"], exhibit="drivers", base_of="answers", is_headline=False,
        )
        for _, row in drivers.iloc[1:].iterrows()
    ]  # fmt: skip
    return [leading, joint, *others]


def _branch_table(recent: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame | None:
    """label, size, value, limits and outside, a row each branch with enough answers; None where branches are too few."""
    if "branch_id" not in recent or recent["branch_id"].notna().sum() == 0:
        return None
    known = recent.dropna(subset=["branch_id", "overall"])
    shares = share_by_group(known["branch_id"], known["overall"] >= TOP_BOX_FROM)
    shown = shares[shares["base"] >= DISCLOSURE_THRESHOLD].reset_index(drop=True)
    if len(shown) < BRANCHES_NEEDED:
        return None
    centre = float((known["overall"] >= TOP_BOX_FROM).mean())
    limits = funnel_limits(centre, shown["base"])
    outside = pd.Series("", shown.index).mask(shown["value"] > limits["high998"], "above").mask(shown["value"] < limits["low998"], "below")
    labels = [names.get(branch, branch) for branch in shown["label"]]
    return shown.assign(label=labels, size=shown["base"], outside=outside, centre=centre)


def _branch_findings(table: pd.DataFrame | None) -> list[Finding]:
    if table is None:
        return []
    outside = int((table["outside"] != "").sum())
    text = (
        say("**{outside:count}** of {all:count} branches lie outside the limits of chance (99.8%); the others cannot be ranked.", outside=outside, all=len(table))
        if outside
        else say("**None** of {all:count} branches lies outside the limits of chance (99.8%): their order says nothing.", all=len(table))
    )
    return [Finding("branches.outside", text, outside, int(table["base"].sum()), "count", exhibit="branches", base_of="answers")]


def _branches_exhibit(table: pd.DataFrame | None) -> Exhibit:
    if table is None:
        return Exhibit("branches", say("Branches"), absent=say("The survey names no branches, or fewer than five with ten answers or more."))
    outside = int((table["outside"] != "").sum())
    sizes = pd.Series(range(int(table["size"].min()), int(table["size"].max()) + 1)) if table["size"].max() < 400 else table["size"].sort_values().drop_duplicates()
    limits = funnel_limits(float(table["centre"].iloc[0]), sizes).assign(part="limit", value=float(table["centre"].iloc[0]), label="", outside="")
    units = table.assign(part="unit")[["part", "label", "size", "value", "outside"]]
    title = (
        say("{outside:count} of {all:count} branches lie beyond what chance explains", outside=outside, all=len(table))
        if outside
        else say("All {all:count} branches lie within what chance explains", all=len(table))
    )
    return Exhibit(
        name="branches",
        title=title,
        subtitle=say("Funnel plot: share of answers that are a 9 or a 10, in %, by number of answers; each dot is a branch"),
        frame=pd.concat([units, limits], ignore_index=True),
        x_label=say("Answers"),
        x_unit="count",
        options={"worse": "below"},
    )


def _trend(surveys: pd.DataFrame, as_of: dt.date) -> Exhibit:
    name, title = "trend", say("Satisfaction by quarter")
    if "answered_date" not in surveys or surveys["answered_date"].isna().all():
        return Exhibit(name, title, absent=say("The survey bears no dates, so no trend can be shown."))
    day = pd.to_datetime(surveys["answered_date"])
    quarter = day.dt.to_period("Q").dt.end_time.dt.normalize()
    kept = quarter <= pd.Timestamp(as_of)
    table = mean_by_group(quarter[kept], surveys.loc[kept, "overall"]).tail(8)
    table = table[table["base"] >= DISCLOSURE_THRESHOLD]
    first, last = table.iloc[0], table.iloc[-1]
    moved = last["low"] > first["high"] or last["high"] < first["low"]
    text = (
        say("Satisfaction moved from {first:mark} to {last:mark}, beyond noise", first=first["value"], last=last["value"])
        if moved
        else say("Satisfaction stays within noise: {first:mark} then, {last:mark} now", first=first["value"], last=last["value"])
    )
    return Exhibit(
        name, text, say("Mean overall satisfaction by quarter, 1 to 10; band, 95% interval; axis does not start at 1"),
        table.rename(columns={"label": "x"}).assign(series=say("Overall satisfaction")), unit="mark", x_unit="month",
    )  # fmt: skip


def _by_groups(recent: pd.DataFrame, groups: Mapping[Message, pd.Series], measure) -> pd.DataFrame:
    parts = []
    for heading, labels in groups.items():
        table = measure(recent["customer_id"].map(labels.astype(str), na_action="ignore").where(recent["customer_id"].isin(labels.dropna().index)), recent)
        parts.append(table.assign(label=table["label"].map({str(label): label for label in labels.dropna()}), group=heading))
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["label", "value", "low", "high", "base", "group"])
    return frame[frame["base"] >= DISCLOSURE_THRESHOLD].reset_index(drop=True)


def _groups_exhibit(recent: pd.DataFrame, groups: Mapping[Message, pd.Series]) -> Exhibit:
    table = _by_groups(recent, groups, lambda keys, frame: mean_by_group(keys, frame["overall"]))
    mean = mean_t(recent["overall"])
    return _group_exhibit("groups", table, mean, "mark", say("Mean overall satisfaction, 1 to 10; lines, 95% intervals; base: answers"))


def _promoters_exhibit(recent: pd.DataFrame, groups: Mapping[Message, pd.Series]) -> Exhibit:
    if recent["recommend"].notna().sum() < ANSWERS_NEEDED:
        return Exhibit("promoters", say("Net promoter score"), absent=say("The survey did not ask the 0 to 10 question of the net promoter score, or too few answered it."))
    table = _by_groups(recent, groups, lambda keys, frame: nps_by_group(keys, frame["recommend"]))
    score = promoter_score(recent["recommend"])
    return _group_exhibit("promoters", table, score, "score", say("Net promoter score, −100 to 100 points; lines, 95% intervals (adjusted Wald); base: answers"))


def _group_exhibit(name: str, table: pd.DataFrame, whole: Estimate, unit: str, subtitle: Message) -> Exhibit:
    if table.empty:
        return Exhibit(name, say("By group of customers"), absent=say("The answers cannot be joined with groups of customers."))
    apart = table[(table["low"] > whole.value) | (table["high"] < whole.value)]
    if apart.empty:
        title = say("No group differs from the whole beyond noise")
    else:
        most = apart.loc[(apart["value"] - whole.value).abs().idxmax()]
        title = (
            say("{label} differ most from the whole: {value:score} against {whole:score} points", label=most["label"], value=most["value"], whole=whole.value)
            if unit == "score"
            else say("{label} differ most from the whole: {value:mark} against {whole:mark}", label=most["label"], value=most["value"], whole=whole.value)
        )
    return Exhibit(name, title, subtitle, table, unit=unit, reference=whole.value, reference_label=say("All"))


def _drivers_exhibit(drivers: pd.DataFrame | None, explained: Estimate | None, labels: Mapping[str, Message]) -> Exhibit:
    if drivers is None:
        return Exhibit("drivers", say("Drivers"), absent=say("Too few complete answers to the items: ten for each item are needed."))
    first = drivers.iloc[0]
    return Exhibit(
        name="drivers",
        title=say("{item} goes most with overall satisfaction: {share:share} of what is explained", item=labels.get(first["item"], first["item"]), share=first["share"]),
        subtitle=say("Share of R² by attribute (Shapley), in %; they add up to 100; R² is {r2:share} of the variation; lines, 95% intervals; base: complete answers", r2=explained.value),
        frame=drivers.rename(columns={"share": "value"}).assign(label=[labels.get(item, item) for item in drivers["item"]], base=explained.base),
        options={"value_label": say("Share of R²")},
    )  # fmt: skip


def _items_exhibit(wide: pd.DataFrame, questionnaire: Questionnaire) -> Exhibit:
    rows = [
        {"label": questionnaire.items.get(item, item), **mean_t(wide[item])._asdict(), "top": float((wide[item].dropna() >= TOP_BOX_FROM).mean())}
        for item in (questionnaire.items or wide.columns)
        if item in wide and wide[item].notna().sum() >= DISCLOSURE_THRESHOLD
    ]
    if not rows:
        return Exhibit("items", say("Marks by item"), absent=say("The survey has no items beside overall satisfaction."))
    table = pd.DataFrame(rows).sort_values("value", ignore_index=True)
    lowest = table.iloc[0]
    return Exhibit(
        name="items",
        title=say("The lowest mark is for {item}: {value:mark}", item=lowest["label"], value=lowest["value"]),
        subtitle=say("Mean mark of each item with its 95% interval, lowest first"),
        frame=table,
        columns=(
            Column("label", say("Item")),
            Column("value", say("Mean"), "mark", say("of 10")),
            Column("low", say("From"), "mark", say("95% interval")),
            Column("high", say("To"), "mark", say("95% interval")),
            Column("top", say("9 or 10"), "share"),
            Column("base", say("Base"), "count", say("answers")),
        ),
    )  # fmt: skip
