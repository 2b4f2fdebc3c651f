"""The complaints report: how many, how long, within which limits, and whether the process was followed."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.errors import NotProduced
from analysis.finding import DISCLOSURE_THRESHOLD, Exhibit, Finding
from analysis.study.complaint_backlog import backlog_exhibit, backlog_findings, complaint_backlog
from analysis.study.complaint_branches import branch_findings, branches_exhibit, complaint_branches, silence_exhibit
from analysis.study.complaint_frame import COMPLAINTS_NEEDED, Process, customers_of, described, window
from analysis.study.complaint_limits import Limit, complaint_limits, limit_findings, limits_exhibit
from analysis.study.complaint_parts import complaint_parts, part_findings, sources_exhibit
from analysis.study.complaint_process import complaint_course
from analysis.study.complaint_process_exhibits import contact_exhibit, course_findings, steps_exhibit
from analysis.study.complaint_repeats import apart_exhibit, complaint_repeats, repeat_findings
from analysis.study.complaint_rules import complaint_rules, rule_findings, rules_exhibit
from analysis.study.complaint_time import USUAL_DAYS, complaint_times, resolution_exhibit, time_findings, times_exhibit
from analysis.study.complaint_volume import complaint_volume, volume_exhibit, volume_findings
from analysis.study.disclosed import is_tellable, told
from analysis.study.parameters import refuse_odd
from analysis.wording import say


@dataclass(frozen=True)
class Complaints:
    """What the report shows."""

    findings: list[Finding]
    volume: Exhibit
    sources: Exhibit
    apart: Exhibit
    branches: Exhibit
    silence: Exhibit
    backlog: Exhibit
    resolution: Exhibit
    times: Exhibit
    limits: Exhibit
    contact: Exhibit
    steps: Exhibit
    rules: Exhibit


def complaints(
    received: pd.DataFrame,
    customers: pd.DataFrame,
    surveys: pd.DataFrame | None,
    branch_names: Mapping[str, str],
    limits: Sequence[Limit],
    as_of: dt.date,
    window_months: int = 12,
    process: Process | None = None,
) -> Complaints:
    """`received`, `customers` and `surveys` are the canonical tables complaints, customers and surveys (None: not brought);
    `branch_names` by branch_id; `limits` the bank's rules, any number. The complaints of the last `window_months` are
    reported."""
    refuse_odd(window_months=window_months)
    process, rows = process or Process(), described(received, as_of)
    now = window(rows, as_of, window_months)
    if len(now) < COMPLAINTS_NEEDED:
        raise NotProduced(
            say("Complaints received in the period: {n}; needed: {needed:count}.", n=told(len(now)), needed=COMPLAINTS_NEEDED)
        )
    if not is_tellable(customers_of(now)):
        raise NotProduced(say("Fewer than {needed:count} customers complained in the period.", needed=DISCLOSURE_THRESHOLD))
    volume = complaint_volume(rows, customers, as_of, window_months)
    parts = complaint_parts(rows, customers, as_of, volume)
    repeats = complaint_repeats(rows, as_of, window_months, process.repeat_days)
    branches = complaint_branches(rows, customers, surveys, branch_names, as_of)
    backlog = complaint_backlog(rows, as_of)
    times = complaint_times(rows, as_of, window_months, limit_days(limits))
    kept = complaint_limits(rows, limits, as_of, window_months)
    course = complaint_course(rows, as_of, window_months, process)
    rules = complaint_rules(rows, limits, as_of, window_months, process)
    return Complaints(
        findings=[
            *volume_findings(volume), *part_findings(parts), *backlog_findings(backlog), *time_findings(times), *limit_findings(kept),
            *course_findings(course, process, len(now)), *rule_findings(rules), *repeat_findings(repeats), *branch_findings(branches),
        ],
        volume=volume_exhibit(volume),
        sources=sources_exhibit(parts),
        apart=apart_exhibit(repeats),
        branches=branches_exhibit(branches),
        silence=silence_exhibit(branches),
        backlog=backlog_exhibit(backlog),
        resolution=resolution_exhibit(times),
        times=times_exhibit(times),
        limits=limits_exhibit(kept),
        contact=contact_exhibit(course),
        steps=steps_exhibit(course),
        rules=rules_exhibit(rules),
    )  # fmt: skip


def limit_days(limits: Sequence[Limit]) -> tuple[int, ...]:
    """The days of the latest rule; the usual ones where the bank states none."""
    return tuple(max(limits, key=lambda rule: rule.effective).days) if limits else USUAL_DAYS
