"""How much of the leaving goes back to what struck customers, and what speaks against it: the layer of causes, put together."""

from dataclasses import dataclass, field

import pandas as pd

from analysis.finding import Exhibit, Finding
from analysis.study.lever_compared import lever_compared_exhibit
from analysis.study.lever_controls import Control, Doubt, doubts, lever_controls
from analysis.study.lever_doubts_exhibits import controls_exhibit, doubt_findings, sensitivity_exhibit
from analysis.study.lever_exhibits import lever_basis_exhibit, lever_by_rule_exhibit, lever_shares_exhibit
from analysis.study.lever_fee import FeeFound, fee_by_rule, fee_found
from analysis.study.lever_fee_months import fee_months_exhibit
from analysis.study.lever_findings import advice_findings, lever_findings
from analysis.study.lever_sensitivity import hidden_bands
from analysis.study.lever_shares import ALL_RULES, LeversFound, lever_shares
from analysis.study.lever_words import Ceiling, ceilings, lever_rules_exhibit

YEAR_MONTHS = 12


@dataclass(frozen=True)
class Causes:
    """`shares` of each lever (None: the data tell of no lever); `fee`, the rise by cohorts; `bands` of a hidden quantity; `controls` that
    must show nothing, and the `doubts` they raise; `ceilings` of evidence; `levers`: the opportunities."""

    shares: LeversFound | None = None
    fee: FeeFound | None = None
    bands: pd.DataFrame = field(default_factory=pd.DataFrame)
    controls: list[Control] = field(default_factory=list)
    doubts: dict[str, Doubt] = field(default_factory=dict)
    ceilings: dict[str, Ceiling] = field(default_factory=dict)
    levers: dict[str, pd.DataFrame] = field(default_factory=dict)


def causes(struck, before, contacts: pd.DataFrame | None) -> Causes:
    """`struck`: what struck customers in the window (see `bank.struck`; None: cannot be told), `before` the same of the year before it;
    `contacts`: the table of that name."""
    if struck is None or not struck.levers:
        return Causes()
    fee = fee_found(struck, before)
    shares = lever_shares(struck, fee.share if fee else None, fee_by_rule(struck, fee))
    controls = lever_controls(struck, contacts, fee)
    bands = hidden_bands(struck, shares.told) if shares else pd.DataFrame()
    return Causes(shares, fee, bands, controls, doubts(controls), ceilings(struck.levers), struck.levers)


def cause_findings(found: Causes) -> list[Finding]:
    """Those of the shares, then those of the doubts, then what follows for action."""
    told = (found.shares, found.ceilings, found.doubts)
    return [*lever_findings(*told), *doubt_findings(found.controls, found.bands), *advice_findings(*told)]


def cause_exhibits(found: Causes) -> dict[str, Exhibit]:
    """The layer's exhibits by name."""
    return {
        "lever_rules": lever_rules_exhibit(found.levers),
        "lever_shares": lever_shares_exhibit(found.shares, found.ceilings, found.doubts),
        "lever_compared": lever_compared_exhibit(found.shares),
        "lever_by_rule": lever_by_rule_exhibit(found.shares, found.ceilings, found.doubts),
        "lever_basis": lever_basis_exhibit(found.shares, found.ceilings, found.doubts),
        "fee_months": fee_months_exhibit(found.fee),
        "lever_sensitivity": sensitivity_exhibit(found.bands, _beyond(found.shares)),
        "lever_controls": controls_exhibit(found.controls),
    }


def _beyond(shares: LeversFound | None) -> set[str]:
    return {lever for lever, rule in shares.beyond if rule == ALL_RULES} if shares else set()
