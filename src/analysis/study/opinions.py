"""Who is more satisfied and who less: groups of customers and branches against the whole."""

from collections.abc import Mapping

import pandas as pd

from analysis.finding import DISCLOSURE_THRESHOLD, Exhibit, Finding
from analysis.stats.intervals import Estimate, funnel_limits, share_by_group, simultaneous
from analysis.study.disclosed import hidden
from analysis.study.profile_words import CHANNELS
from analysis.study.satisfaction_measures import OVERALL, PROMOTERS, TOP_TWO_BOX, Measure
from analysis.study.survey import TOP_BOX_FROM
from analysis.wording import Message, say

BRANCHES_NEEDED = 5
MOST_SIZES_DRAWN = 400
CHANNEL = say("Channel of the survey")
APART = {
    "score": say("Furthest from the whole of {all:count} groups, beyond noise: {label}, {value:score} against {whole:score} points"),
    "mark": say("Furthest from the whole of {all:count} groups, beyond noise: {label}, {value:mark} against {whole:mark}"),
    "share": say("Furthest from the whole of {all:count} groups, beyond noise: {label}, {value:share} against {whole:share}"),
}  # fmt: skip

Groups = Mapping[Message, pd.Series]


def groups_exhibit(recent: pd.DataFrame, groups: Groups) -> Exhibit:
    """Mean overall satisfaction of each group."""
    subtitle = say("Mean overall satisfaction, 1 to 10; lines, 95% intervals; base: customers who answered")
    return measure_exhibit("groups", recent, groups, OVERALL, subtitle)


def top_groups_exhibit(recent: pd.DataFrame, groups: Groups) -> Exhibit:
    """Top-two-box share of each group."""
    subtitle = say("Share of answers that are a 9 or a 10; lines, 95% intervals (Wilson); base: customers who answered")
    return measure_exhibit("top_groups", recent, groups, TOP_TWO_BOX, subtitle)


def promoters_exhibit(recent: pd.DataFrame, groups: Groups, is_asked: bool) -> Exhibit:
    """Net promoter score of each group; absent where it was not asked of enough customers."""
    if not is_asked:
        absent = say("The survey did not ask the 0 to 10 question of the net promoter score, or too few answered it.")
        return Exhibit("promoters", say("Net promoter score"), absent=absent)
    subtitle = say("Net promoter score, −100 to 100 points; lines, 95% intervals (adjusted Wald); base: customers who answered")
    return measure_exhibit("promoters", recent, groups, PROMOTERS, subtitle)


def by_response(responses: pd.DataFrame, groups: Groups) -> dict[Message, pd.Series]:
    """Labels by customer → labels by response, and the channel by which the survey came as one more way to divide."""
    ways = {heading: responses["customer_id"].map(labels) for heading, labels in groups.items()}
    ways = {heading: ways[heading].astype(groups[heading].dtype) for heading in ways}
    if "channel" in responses and responses["channel"].nunique() > 1:
        ways[CHANNEL] = responses["channel"].map(lambda code: CHANNELS.get(code, code), na_action="ignore")
    return ways


def by_groups(recent: pd.DataFrame, groups: Groups, measure: Measure) -> pd.DataFrame:
    """The `measure` of each group → label, value, low, high, base, group, labels in their order where they are categorical;
    groups of few are left out, and so many others that none can be worked out from the whole."""
    parts = []
    for heading, labels in by_response(recent, groups).items():
        keys, by_name = named(labels)
        table = measure.by_group(keys, recent)
        table = table[~hidden(table["base"].to_numpy())]
        table = table.sort_values("label", key=lambda names, order=list(by_name): names.map(order.index))
        parts.append(table.assign(label=table["label"].map(by_name), group=heading))
    frame = (
        pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["label", "value", "low", "high", "base", "group"])
    )
    return frame[frame["base"] > 0].reset_index(drop=True)


def named(labels: pd.Series) -> tuple[pd.Series, dict[str, Message | str]]:
    """Labels → their English names, and the label of each name, in order where the labels are categorical."""
    kinds = labels.astype("category")
    names = kinds.cat.rename_categories(str).astype("str")
    order = list(kinds.cat.categories) if isinstance(labels.dtype, pd.CategoricalDtype) else sorted(kinds.cat.categories, key=str)
    return names, {str(label): label for label in order}


def measure_exhibit(name: str, recent: pd.DataFrame, groups: Groups, measure: Measure, subtitle: Message) -> Exhibit:
    """The `measure` of each group against that of all, those apart from it marked with all groups read at once."""
    table, whole = by_groups(recent, groups, measure), measure.estimate(recent)
    if table.empty:
        return Exhibit(name, say("By group of customers"), absent=say("The answers cannot be joined with groups of customers."))
    at_once = simultaneous(table)
    table = table.assign(is_noise=(at_once["low"] <= whole.value) & (whole.value <= at_once["high"]))
    title = _furthest(table, whole, measure.unit)
    return Exhibit(name, title, subtitle, table, unit=measure.unit, reference=whole.value, reference_label=say("All"))


def _furthest(table: pd.DataFrame, whole: Estimate, unit: str) -> Message:
    """The group furthest from the whole of those whose intervals, all read at once, leave it out."""
    apart = table[~table["is_noise"]]
    if apart.empty:
        return say("No group differs from the whole beyond noise, {all:count} groups compared at once", all=len(table))
    most = apart.loc[(apart["value"] - whole.value).abs().idxmax()]
    return APART[unit].filled(label=most["label"], value=most["value"], whole=whole.value, all=len(table))


def branch_table(recent: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame | None:
    """label, size, value, outside ("", "above", "below": of the 99.8 % limits) and centre, a row each branch with enough
    answers; None where branches are too few."""
    if "branch_id" not in recent:
        return None
    known = recent.dropna(subset=["branch_id", "overall"])
    shares = share_by_group(known["branch_id"], known["overall"] >= TOP_BOX_FROM)
    shown = shares[shares["base"] >= DISCLOSURE_THRESHOLD].reset_index(drop=True)
    if len(shown) < BRANCHES_NEEDED:
        return None
    centre = float((known["overall"] >= TOP_BOX_FROM).mean())
    limits = funnel_limits(centre, shown["base"])
    outside = (
        pd.Series("", shown.index)
        .mask(shown["value"] > limits["high998"], "above")
        .mask(shown["value"] < limits["low998"], "below")
    )
    labels = [names.get(branch, branch) for branch in shown["label"]]
    return shown.assign(label=labels, size=shown["base"], outside=outside, centre=centre)


def branch_findings(table: pd.DataFrame | None) -> list[Finding]:
    """How many branches lie outside the limits of chance."""
    if table is None:
        return []
    above, below = (int(table["outside"].eq(side).sum()) for side in ("above", "below"))
    outside = above + below
    text = (
        say(
            "Branches whose share of a 9 or a 10 lies outside the limits of chance (99.8%): **{outside:count}** of {all:count} (above: {above:count}, below: {below:count}); the others cannot be ranked by it.",
            outside=outside, all=len(table), above=above, below=below,
        )
        if outside
        else say(
            "**None** of {all:count} branches lies outside the limits of chance (99.8%) with its share of a 9 or a 10: their order by it says nothing.",
            all=len(table),
        )
    )  # fmt: skip
    return [Finding("branches.outside", text, outside, int(table["base"].sum()), "count", exhibit="branches", base_of="answers")]


def branches_exhibit(table: pd.DataFrame | None) -> Exhibit:
    """Funnel plot of the branches' top-two-box shares."""
    if table is None:
        absent = say("The survey names no branches, or fewer than five with ten answers or more.")
        return Exhibit("branches", say("Branches"), absent=absent)
    outside = int((table["outside"] != "").sum())
    title = (
        say("Branches beyond what chance explains: {outside:count} of {all:count}", outside=outside, all=len(table))
        if outside
        else say("All {all:count} branches lie within what chance explains", all=len(table))
    )
    centre = float(table["centre"].iloc[0])
    limits = funnel_limits(centre, _sizes(table["size"])).assign(part="limit", value=centre, label="", outside="")
    units = table.assign(part="unit")[["part", "label", "size", "value", "outside"]]
    return Exhibit(
        name="branches",
        title=title,
        subtitle=say("Funnel plot: share of answers that are a 9 or a 10, in %, by number of customers who answered; each dot is a branch with ten or more"),
        frame=pd.concat([units, limits], ignore_index=True),
        x_label=say("Answers"),
        x_unit="count",
        options={"worse": "below"},
    )  # fmt: skip


def _sizes(sizes: pd.Series) -> pd.Series:
    """The sizes at which limits are drawn: each between the least and the greatest, or those that occur where they are many."""
    if sizes.max() >= MOST_SIZES_DRAWN:
        return sizes.sort_values().drop_duplicates()
    return pd.Series(range(int(sizes.min()), int(sizes.max()) + 1))
