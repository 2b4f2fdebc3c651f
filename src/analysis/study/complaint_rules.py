"""Where the prescribed process of handling complaints was not followed: one row a rule."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.finding import Column, Exhibit, Finding
from analysis.stats.intervals import Estimate, simultaneous
from analysis.study.complaint_frame import Process, customers_of, share, window
from analysis.study.complaint_limits import DAY, Limit, is_over, with_due_days
from analysis.study.disclosed import is_tellable
from analysis.wording import Message, listed, say

GRAVE_FROM = 4
OFTEN = 0.10
RULES = {
    "over_limit": say("Resolved within the limit that applied"),
    "referred_over_limit": say("The same, of those the regulator referred"),
    "reopened_over_limit": say("Resolved again within the first limit after a reopening"),
    "void_extension": say("More time approved before the limit ran out"),
    "often_handed_on": say("Handed on at most {most_handoffs:count} times"),
    "unrecorded_handoff": say("A change of handler recorded as a hand-off"),
    "grave_late": say("Grave ones escalated within {escalate_days:count} days, unless resolved by then"),
    "grave_never": say("Grave ones escalated at all, unless resolved within {escalate_days:count} days"),
    "not_revisited": say("Customer asked again within {revisit_days:count} days of the resolution"),
}


PART_OF = {"grave_never": "grave_late", "referred_over_limit": "over_limit"}


@dataclass(frozen=True)
class Rules:
    """`table`, a row a rule that can be checked: rule, label, base (complaints checked), value, low, high (share that broke it),
    is_noise (its interval, all rules read at once, does not lie above OFTEN)."""

    table: pd.DataFrame


def complaint_rules(
    rows: pd.DataFrame, limits: Sequence[Limit], as_of: dt.date, window_months: int, process: Process
) -> Rules | None:
    """Each rule is checked on complaints whose day of judgement lies in the window; a rule whose columns the bank does not bring,
    or that applied to none or to few customers, has no row, nor has the second resolution where the bank never records one. None without any rule."""
    known = with_due_days(rows, limits)
    checked = {
        name: window(known.assign(judged=judged, broken=broken)[applies], as_of, window_months, by="judged")
        for name, (applies, judged, broken) in _checks(known, process).items()
    }
    made = []
    for name, own in checked.items():
        estimate = share(own["broken"], own["customer_id"])
        if name in PART_OF and not _is_rest_tellable(own, checked[PART_OF[name]]):
            estimate = Estimate(None, None, None, estimate.base)
        if len(own) and is_tellable(customers_of(own)):
            made.append({"rule": name, "label": RULES[name].filled(**_days(process)), **estimate._asdict()})
    if not made:
        return None
    table = pd.DataFrame(made).astype({"value": float, "low": float, "high": float})
    at_once = simultaneous(table)
    return Rules(table.assign(is_noise=~(at_once["low"] > OFTEN)))


def _is_rest_tellable(part: pd.DataFrame, whole: pd.DataFrame) -> bool:
    """Whether enough customers stand behind what the part leaves of the whole, broken and not."""
    rest = whole[~whole.index.isin(part.index)]
    late = whole[whole.index.isin(part.index)].assign(of_part=part["broken"])
    parts = (rest[rest["broken"]], rest[~rest["broken"]], late[late["broken"] & ~late["of_part"].astype(bool)])
    return all(is_tellable(customers_of(own)) for own in parts)


def _days(process: Process) -> dict[str, int]:
    return {name: getattr(process, name) for name in ("most_handoffs", "escalate_days", "revisit_days")}


def _checks(known: pd.DataFrame, process: Process) -> dict[str, tuple[pd.Series, pd.Series, pd.Series]]:
    """Rule → which complaints it applies to, when it is judged, which broke it."""
    return {**_limit_checks(known), **_handing_checks(known, process), **_care_checks(known, process)}


def _limit_checks(known: pd.DataFrame) -> dict:
    has_limit, late = known["limit"].notna(), is_over(known, known["due"])
    is_referred = known["referred_by_regulator"].fillna(False).astype(bool)
    is_recorded = (known["resolved_at"] > known["reopened_at"]).any()
    again = known["reopened_at"].dt.normalize() + pd.to_timedelta(known["limit"], unit="D")
    is_extended = has_limit & known["extension_approved_at"].notna()
    return {
        "over_limit": (has_limit, known["due"], late),
        "referred_over_limit": (has_limit & is_referred, known["due"], late),
        "reopened_over_limit": (has_limit & again.notna() & is_recorded, again, ~(known["settled_at"] < again + DAY)),
        "void_extension": (is_extended, known["due"], known["is_void"]),
    }


def _handing_checks(known: pd.DataFrame, process: Process) -> dict:
    handoffs = pd.to_numeric(known["handoffs"])
    is_named = known["first_handler"].notna() & known["handler"].notna()
    return {
        "often_handed_on": (handoffs.notna(), known["received_at"], handoffs > process.most_handoffs),
        "unrecorded_handoff": (is_named & handoffs.eq(0), known["received_at"], known["first_handler"] != known["handler"]),
    }


def _care_checks(known: pd.DataFrame, process: Process) -> dict:
    by = known["received_at"] + pd.Timedelta(days=process.escalate_days)
    is_escalated, is_revisited = (known[name].notna().any() for name in ("escalated_at", "revisited_at"))
    is_grave = pd.to_numeric(known["severity"]).ge(GRAVE_FROM) & ~(known["resolved_at"] <= by) & is_escalated
    asked_by = known["resolved_at"] + pd.Timedelta(days=process.revisit_days)
    is_asked = known["revisited_at"].between(known["resolved_at"], asked_by)
    return {
        "grave_late": (is_grave, by, ~(known["escalated_at"] <= by)),
        "grave_never": (is_grave, by, known["escalated_at"].isna()),
        "not_revisited": (known["resolved_at"].notna() & is_revisited, asked_by, ~is_asked),
    }


def rule_findings(found: Rules | None) -> list[Finding]:
    """Which rules are broken often beyond noise, and the share of each."""
    if found is None or found.table["value"].isna().all():
        return []
    table = found.table.dropna(subset=["value"])
    often = table[~table["is_noise"]]
    text = (
        say(
            "Of {all:count} rules of the process **{value:count}** are broken in more than one case in ten, beyond noise: {which}.",
            all=len(table), value=len(often), which=_names(often),
        )
        if len(often)
        else say("**None** of {all:count} rules of the process is broken in more than one case in ten, beyond noise.", all=len(table))
    )  # fmt: skip
    made = [
        Finding(
            "complaints.rules_broken", text, len(often), int(table["base"].max()), "count", exhibit="rules", base_of="complaints"
        )
    ]
    for row in table.to_dict("records"):
        text = say(
            "Not kept in **{value:share}** of cases (interval {low:share} to {high:share}): “{rule}”.",
            value=row["value"], low=row["low"], high=row["high"], rule=row["label"],
        )  # fmt: skip
        made.append(
            Finding(f"complaints.broken.{row['rule']}", text, row["value"], int(row["base"]), "share", low=row["low"], high=row["high"],
                    exhibit="rules", base_of="complaints", is_headline=False)
        )  # fmt: skip
    return made


def _names(often: pd.DataFrame) -> Message | None:
    return listed((say("“{rule}”", rule=label) for label in often["label"]), say("{first}; {second}"))


def rules_exhibit(found: Rules | None) -> Exhibit:
    """How often each rule was not kept, with intervals."""
    heading = say("Was the process followed?")
    if found is None or found.table["value"].isna().all():
        absent = say("Too few complaints, or no column by which a rule could be checked.")
        return Exhibit("rules", heading, absent=absent)
    told = found.table["value"].notna()
    title = say(
        "Of {all:count} rules {often:count} are broken in more than one case in ten, beyond noise",
        all=int(told.sum()), often=int((~found.table["is_noise"] & told).sum()),
    )  # fmt: skip
    return Exhibit(
        name="rules",
        title=title,
        subtitle=say("Share of complaints in which the rule was not kept, with 95% intervals; grey: not above one in ten beyond noise, all rules read at once"),
        frame=found.table,
        columns=(
            Column("label", say("Rule")), Column("base", say("Checked"), "count"), Column("value", say("Not kept"), "share"),
            Column("low", say("From"), "share"), Column("high", say("To"), "share"),
        ),
    )  # fmt: skip
