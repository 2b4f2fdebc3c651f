"""Who leaves, and why: the rate, why it changed, how much of it goes back to what struck customers, and what experiments say."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from analysis.calendar import months_before
from analysis.errors import NotProduced
from analysis.finding import Exhibit, Finding
from analysis.study.causes import YEAR_MONTHS, cause_exhibits, cause_findings, causes
from analysis.study.change import GROUPINGS, TENURE, change_by_group, drawn_clusters, periods_of_change
from analysis.study.change_exhibits import groups_exhibit, waterfall_exhibit
from analysis.study.change_findings import change_findings, model_change_findings
from analysis.study.change_model import change_by_model
from analysis.study.change_revision import features_then, find_revision, reported_rate, revision_exhibit, revision_findings
from analysis.study.churn import PARTS, ChurnRule, outcomes_by_landmark, unseen
from analysis.study.churn_rates import by_rule_exhibit, rate_findings
from analysis.study.experiment_exhibits import experiment_findings, experiments_exhibit
from analysis.study.experiments import experiments
from analysis.study.lever_people import lever_people
from analysis.study.parameters import refuse_unknown
from analysis.wording import Message, say


@dataclass(frozen=True)
class Recorded:
    """What the report reads beside the features: `struck` and `before`, what struck customers in the year to `as_of` and in the one before
    (see `bank.struck`; None: cannot be told); the tables of that name; `earlier`, the project's own lists; `last`, what results.json
    of the last report holds; `then`, features by day of the customers of whom it told; `definitions`, the digest of the bank's definition
    of today; the bank's `currency`."""

    struck: object = None
    before: object = None
    contacts: pd.DataFrame | None = None
    alerts: pd.DataFrame | None = None
    campaigns: pd.DataFrame | None = None
    earlier: pd.DataFrame | None = None
    last: Mapping = field(default_factory=dict)
    then: Mapping[dt.date, pd.DataFrame] = field(default_factory=dict)
    definitions: str | None = None
    currency: str = ""


@dataclass(frozen=True)
class Attribution:
    """What the report shows."""

    findings: list[Finding]
    by_rule: Exhibit
    change_waterfall: Exhibit
    change_groups: Exhibit
    change_revision: Exhibit
    lever_rules: Exhibit
    lever_shares: Exhibit
    lever_compared: Exhibit
    lever_by_rule: Exhibit
    lever_basis: Exhibit
    fee_months: Exhibit
    lever_sensitivity: Exhibit
    lever_controls: Exhibit
    experiments: Exhibit


def recorded(book, history: Mapping[dt.date, pd.DataFrame], rule: ChurnRule, last: Mapping | None = None) -> Recorded:
    """What a bank's book has of it."""
    year = yearly(rule)
    windows = [months_before(book.as_of, YEAR_MONTHS * years) for years in (1, 2)]
    struck = [_struck(book, history, opened, year) for opened in windows]
    tables = (book.table_if_any(name) for name in ("contacts", "alerts", "campaigns"))
    then = features_then(book, history, reported_rate(last or {}), rule)
    return Recorded(
        *struck, *tables, book.earlier_lists(), last or {}, then, book.sources.get("definition"), book.config.currency
    )


def yearly(rule: ChurnRule) -> ChurnRule:
    """The same rule over the year of which change and levers are told."""
    return ChurnRule(YEAR_MONTHS, rule.dormant_days, rule.run_off_share)


def churn_attribution(
    history: dict[dt.date, pd.DataFrame],
    as_of: dt.date,
    tiers: Mapping[str, float],
    rule: ChurnRule,
    brought: Recorded,
    grouping: str = TENURE,
) -> Attribution:
    """`history` holds the features of each landmark (see `bank.features`); `tiers` the bank's edges; `grouping` is one of
    `change.GROUPINGS`. Needs a landmark whose horizon has ended, with CUSTOMERS_NEEDED customers at risk."""
    refuse_unknown("grouping", grouping, GROUPINGS)
    hidden_rules = unseen(history, rule)
    if set(hidden_rules) >= set(PARTS):
        raise NotProduced(
            say("The bank's data cannot tell who left: no closings are recorded, and no balances or silences show it.")
        )
    by_day = outcomes_by_landmark(history, as_of, rule)
    day = max(by_day)
    found = causes(brought.struck, brought.before, brought.contacts)
    changed, change_shown = _change(history, as_of, tiers, rule, grouping)
    revision = find_revision(reported_rate(brought.last), {**brought.then, **history}, day, rule, brought.definitions)
    tried = experiments(brought.alerts, brought.earlier, brought.campaigns, history, rule)
    return Attribution(
        findings=[
            *rate_findings(by_day, hidden_rules, rule), *changed, *cause_findings(found), *revision_findings(revision),
            *experiment_findings(tried, brought.currency, rule),
        ],
        by_rule=by_rule_exhibit(by_day[day], hidden_rules, rule, day),
        **change_shown,
        change_revision=revision_exhibit(revision),
        **cause_exhibits(found),
        experiments=experiments_exhibit(tried, brought.currency, rule),
    )  # fmt: skip


def _struck(book, history: Mapping[dt.date, pd.DataFrame], opened: dt.date, year: ChurnRule):
    if opened not in history or year.end(opened) not in history:
        return None
    people = lever_people(history[opened], history[year.end(opened)], opened, year)
    return book.struck(people, opened, year.horizon_months) if len(people) else None


def _change(history, as_of, tiers, rule, grouping) -> tuple[list[Finding], dict[str, Exhibit]]:
    periods = periods_of_change(history, as_of, tiers, yearly(rule))
    if isinstance(periods, Message):
        return [], {"change_waterfall": waterfall_exhibit(periods, periods), "change_groups": groups_exhibit(periods)}
    if f"group_{grouping}" not in periods.rows:
        reason = say("The bank's data do not tell {grouping}.", grouping=GROUPINGS[grouping])
        return [], {"change_waterfall": waterfall_exhibit(reason, reason), "change_groups": groups_exhibit(reason)}
    drawn = drawn_clusters(periods)
    by_group, by_model = change_by_group(periods, drawn, grouping), change_by_model(periods, drawn)
    return [*change_findings(by_group, grouping, tiers), *model_change_findings(by_model)], {
        "change_waterfall": waterfall_exhibit(by_group, by_model, grouping),
        "change_groups": groups_exhibit(by_group, grouping, tiers),
    }
