"""Who answered the invitations to the survey, and how answers that staff asked for differ from those asked for by lot."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.finding import DISCLOSURE_THRESHOLD, Exhibit, Finding
from analysis.stats.intervals import Estimate, design_effect, difference, mean_t, simultaneous, wilson
from analysis.study.disclosed import hidden_cells, is_tellable
from analysis.study.satisfaction_frame import BY_LOT, BY_STAFF, TRIGGERS, asked_rows
from analysis.study.survey import last_answers
from analysis.wording import Message, say

INVITATIONS_NEEDED = 30
BASE_OF = "invitations"
CHANNELS = {
    "app": say("App"), "sms": say("Text message"), "phone": say("Telephone"), "branch": say("Branch"),
    "web": say("Website"), "mail": say("Letter"),
}  # fmt: skip

Groups = Mapping[Message, pd.Series]


@dataclass(frozen=True)
class Response:
    """`whole`: share of all invitations answered, `by_lot` of those by lot (None: no such); `triggers` and `groups`: the same by trigger
    and by group (label, value, low, high, base, group; of triggers also `trigger`); `scores`: mean overall mark by trigger; `gap`: mean
    of those whom staff asked less those asked by lot (None: too few)."""

    whole: Estimate
    by_lot: Estimate | None
    triggers: pd.DataFrame
    groups: pd.DataFrame
    scores: pd.DataFrame
    gap: Estimate | None


def response(
    invitations: pd.DataFrame | None, surveys: pd.DataFrame, groups: Groups, as_of: dt.date, months: int = 12
) -> Response | None:
    """Invitations and responses (canonical tables) → response rates and scores by trigger; None where fewer than
    INVITATIONS_NEEDED invitations were sent. `groups` are ways to divide customers, as for `satisfaction`."""
    rows = None if invitations is None else asked_rows(invitations, surveys, as_of, months)
    if rows is None or len(rows) < INVITATIONS_NEEDED or not is_tellable(rows["is_answered"].sum()):
        return None
    lot = rows[rows["trigger"] == BY_LOT]
    is_by_lot = len(lot) >= INVITATIONS_NEEDED
    compared = lot if is_by_lot else rows[rows["trigger"] != BY_STAFF]
    whole, by_lot = answered_share(rows), answered_share(lot) if is_by_lot else None
    triggers = _rates(rows, rows["trigger"].map(TRIGGERS), say("Trigger"), list(TRIGGERS.values()))
    rates = _marked(pd.concat([triggers, _by_group(compared, groups)]), (by_lot or whole).value)
    return Response(
        whole, by_lot, rates.iloc[: len(triggers)], rates.iloc[len(triggers) :], scores := _scores(rows), _gap(scores)
    )


def answered_share(rows: pd.DataFrame) -> Estimate:
    """Share of invitations answered; Wilson's interval at invitations ÷ design effect, as customers may be asked again."""
    size, answered = len(rows), rows["is_answered"].astype(float)
    effect = design_effect(answered - answered.mean(), rows["customer_id"])
    low, high = wilson(answered.sum() / effect, size / effect)[1:3]
    return Estimate(float(answered.mean()), low, high, size)


def _rates(rows: pd.DataFrame, labels: pd.Series, heading: Message, order: list) -> pd.DataFrame:
    """label, value, low, high, base, group, in this order; labels of few customers who answered, or did not, are left out."""
    labels = labels.astype(object)
    order = [label for label in order if (labels == label).any()]
    if not order:
        return pd.DataFrame(columns=["label", "value", "low", "high", "base", "group"])
    made = [{"label": label, **answered_share(rows[labels == label])._asdict(), "group": heading} for label in order]
    return pd.DataFrame(made)[~_is_hidden(rows, labels, order)].reset_index(drop=True)


def _is_hidden(rows: pd.DataFrame, labels: pd.Series, order: list) -> np.ndarray:
    """Which labels have few customers who answered, or few who did not, or would let one of these be worked out."""
    is_answered = rows["is_answered"].astype(bool)
    counts = [
        [rows["customer_id"][(labels == label) & (is_answered == kind)].nunique() for kind in (True, False)] for label in order
    ]
    return hidden_cells(np.array(counts)).any(axis=1)


def _by_group(rows: pd.DataFrame, groups: Groups) -> pd.DataFrame:
    """Response rates by channel of the invitation and by the customer's group."""
    ways = (
        {say("Channel of the invitation"): (rows["channel"].map(CHANNELS), list(CHANNELS.values()))} if "channel" in rows else {}
    )
    for heading, labels in groups.items():
        is_ordered = isinstance(labels.dtype, pd.CategoricalDtype)
        order = list(labels.cat.categories) if is_ordered else sorted(labels.dropna().unique(), key=str)
        ways[heading] = (rows["customer_id"].map(dict(labels.dropna().items())), order)
    parts = [_rates(rows, labels, heading, order) for heading, (labels, order) in ways.items()]
    return pd.concat(
        [part for part in parts if len(part) > 1] or [_rates(rows.iloc[:0], pd.Series(dtype=object), say("Trigger"), [])]
    )


def _marked(table: pd.DataFrame, reference: float) -> pd.DataFrame:
    """With is_noise: whether the interval, all rows read at once, holds the reference; those asked by lot are what is held against."""
    at_once = simultaneous(table)
    inside = (at_once["low"] <= reference) & (reference <= at_once["high"])
    return table.assign(is_noise=inside & (table["label"] != TRIGGERS[BY_LOT])).reset_index(drop=True)


def _scores(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean overall mark by trigger, of each customer the last answer: label, value, low, high, base, trigger."""
    answered = rows.dropna(subset=["overall"]) if "overall" in rows else rows.iloc[:0]
    made = []
    for trigger, label in TRIGGERS.items():
        own = last_answers(answered[answered["trigger"] == trigger].rename(columns={"sent_date": "answered_date"}))
        if len(own) >= DISCLOSURE_THRESHOLD:
            made.append({"label": label, **mean_t(own["overall"])._asdict(), "trigger": trigger})
    return pd.DataFrame(made, columns=["label", "value", "low", "high", "base", "trigger"])


def _by_trigger(scores: pd.DataFrame) -> dict[str, Estimate]:
    return {row["trigger"]: Estimate(row["value"], row["low"], row["high"], int(row["base"])) for _, row in scores.iterrows()}


def _gap(scores: pd.DataFrame) -> Estimate | None:
    found = _by_trigger(scores)
    return difference(found[BY_STAFF], found[BY_LOT]) if {BY_STAFF, BY_LOT} <= found.keys() else None


def response_findings(found: Response | None) -> list[Finding]:
    """How many answered, by trigger, and how those whom staff asked differ."""
    if found is None:
        return []
    whole, lot = found.whole, found.by_lot
    numbers = {"value": whole.value, "low": whole.low, "high": whole.high}
    text = (
        say("**{value:share}** of the invitations were answered (interval {low:share} to {high:share}).", **numbers)
        if lot is None
        else say(
            "**{value:share}** of the invitations were answered (interval {low:share} to {high:share}); of those sent by lot {lot:share}.",
            **numbers, lot=lot.value,
        )
    )  # fmt: skip
    made = [_rate_finding("response.rate", text, whole, is_headline=True)]
    names = {label: name for name, label in TRIGGERS.items()}
    for _, row in found.triggers.iterrows():
        share = Estimate(row["value"], row["low"], row["high"], int(row["base"]))
        text = say(
            "Invitations by trigger: {label}, **{value:share}** answered (interval {low:share} to {high:share}).",
            label=row["label"], value=share.value, low=share.low, high=share.high,
        )  # fmt: skip
        made.append(_rate_finding(f"response.rate.{names[row['label']]}", text, share, is_headline=False))
    return [*made, *_gap_finding(found.gap)]


def _rate_finding(name: str, text: Message, share: Estimate, is_headline: bool) -> Finding:
    numbers = {"low": share.low, "high": share.high}
    return Finding(
        name, text, share.value, share.base, "share", **numbers, exhibit="response", base_of=BASE_OF, is_headline=is_headline
    )


def _gap_finding(gap: Estimate | None) -> list[Finding]:
    if gap is None or gap.low is None:
        return []
    text = _gap_text(gap)
    numbers = {"low": gap.low, "high": gap.high, "evidence": "association", "exhibit": "triggers", "base_of": "answers"}
    return [Finding("response.staff_gap", text, gap.value, gap.base, "mark", **numbers)]


def _gap_text(gap: Estimate) -> Message:
    numbers = {"value": gap.value, "low": gap.low, "high": gap.high, "size": abs(gap.value)}
    if gap.low <= 0 <= gap.high:
        return say(
            "Customers to whom staff handed the survey rate the bank as those invited by lot do, within noise (difference {value:mark}, interval {low:mark} to {high:mark}).",
            **numbers,
        )
    if gap.value > 0:
        return say(
            "Customers to whom staff handed the survey rate the bank **{size:mark} marks higher** than those invited by lot (interval {low:mark} to {high:mark}).",
            **numbers,
        )
    return say(
        "Customers to whom staff handed the survey rate the bank **{size:mark} marks lower** than those invited by lot (difference, interval {low:mark} to {high:mark}).",
        **numbers,
    )


def response_exhibit(found: Response | None) -> Exhibit:
    """Response rates by trigger, channel and group."""
    if found is None:
        absent = say("The bank records no invitations, or fewer than {needed:count} in the period.", needed=INVITATIONS_NEEDED)
        return Exhibit("response", say("Who answered"), absent=absent)
    whole = found.by_lot or found.whole
    frame = pd.concat([found.triggers, found.groups], ignore_index=True)
    if frame.empty:
        return Exhibit("response", say("Who answered"), absent=say("Too few customers answered to tell groups apart."))
    subtitle = say(
        "Share of invitations answered, in %; lines, 95% intervals; base: invitations, below the triggers those sent by lot (without such: those not handed out by staff)"
    )
    options = {"value_label": say("Answered")}
    label = say("By lot") if found.by_lot else say("All")
    return Exhibit(
        "response", _title(found.groups, whole), subtitle, frame, reference=whole.value, reference_label=label, options=options
    )


def _title(groups: pd.DataFrame, whole: Estimate) -> Message:
    apart = groups[~groups["is_noise"].astype(bool)]
    if apart.empty:
        return say(
            "{whole:share} answered; no group differs from that beyond noise, {all:count} compared at once",
            whole=whole.value, all=len(groups),
        )  # fmt: skip
    most = apart.loc[(apart["value"] - whole.value).abs().idxmax()]
    return say(
        "{whole:share} answered; furthest from that of {all:count} groups, beyond noise: {label}, {value:share}",
        whole=whole.value, all=len(groups), label=most["label"], value=most["value"],
    )  # fmt: skip


def triggers_exhibit(found: Response | None) -> Exhibit:
    """Mean overall satisfaction by what led to the invitation; answers that staff asked for stand apart."""
    heading = say("Satisfaction by occasion of the invitation")
    if found is None or len(found.scores) < 2:
        return Exhibit(
            "triggers", heading, absent=say("The bank does not record the occasion of an invitation, or too few answered.")
        )
    subtitle = say(
        "Mean overall satisfaction, 1 to 10, of each customer's last answer; lines, 95% intervals; base: customers who answered"
    )
    title = heading if found.gap is None or found.gap.low is None else _gap_title(found.gap)
    return Exhibit("triggers", title, subtitle, _against_lot(found.scores), unit="mark")


def _against_lot(scores: pd.DataFrame) -> pd.DataFrame:
    """The scores with is_noise: whether the difference from those asked by lot, all read at once, may be none."""
    by_trigger = _by_trigger(scores)
    if BY_LOT not in by_trigger:
        return scores.assign(is_noise=False)
    other = {name: difference(own, by_trigger[BY_LOT])._asdict() for name, own in by_trigger.items() if name != BY_LOT}
    at_once = simultaneous(pd.DataFrame.from_dict(other, orient="index"))
    inside = (at_once["low"] <= 0) & (at_once["high"] >= 0)
    return scores.assign(is_noise=scores["trigger"].map(inside).fillna(False).astype(bool))


def _gap_title(gap: Estimate) -> Message:
    if gap.low <= 0 <= gap.high:
        return say("Answers that staff asked for differ from those by lot by no more than noise: {value:mark}", value=gap.value)
    if gap.value > 0:
        return say("Answers that staff asked for lie {size:mark} marks above those by lot: read them apart", size=abs(gap.value))
    return say("Answers that staff asked for lie {size:mark} marks below those by lot: read them apart", size=abs(gap.value))
