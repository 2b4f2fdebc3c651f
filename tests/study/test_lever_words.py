import numpy as np
import pandas as pd
import pytest

from analysis.report import tables
from analysis.study.lever_words import LEVER_WORDS, ceilings, lever_rules_exhibit

STRUCK = np.arange(40) < 20


def opportunities(**columns) -> pd.DataFrame:
    """Forty customers, half of them struck; all that any lever's adjustment set asks for is recorded."""
    given = {
        "customer_id": [f"C{n:02d}" for n in range(40)], "month": 1, "struck": STRUCK, "unit": np.where(STRUCK, "B1", "B2"), "branch_id": "B1",
        "severity": 2, "visits": 2, "visits_opening": 1, "card": True, "push": 0.001, "pushed": True, "amount_class": 1,
        "cohort": pd.array([1] * 20 + [5] * 20, "Int64"),
    }  # fmt: skip
    return pd.DataFrame({**given, **columns})


def evidence(lever: str, **columns) -> str | None:
    return ceilings({lever: opportunities(**columns)})[lever].evidence


@pytest.mark.parametrize("lever", LEVER_WORDS)
def test_the_ceiling_is_read_from_the_data(lever):
    assert evidence(lever) == "assumed-causal"
    assert ceilings({})[lever].evidence is None
    assert evidence(lever, struck=np.arange(40) < 9) is None
    everywhere = {"cohort": pd.array([1] * 40, "Int64")} if lever == "fee_rise" else {"struck": True}
    assert evidence(lever, **everywhere) == "association"


def test_what_is_not_recorded_lowers_it():
    assert evidence("unresolved_complaint", severity=0) == "adjusted"
    assert evidence("long_wait", visits_opening=2) == "adjusted"
    assert evidence("manager_left", push=np.nan) == "adjusted"
    assert evidence("competitor_rate", amount_class=None) == "adjusted"


def test_a_branch_that_never_rises_or_rises_later_is_a_control_and_one_that_rose_before_is_none():
    never = pd.array([1] * 20 + [None] * 20, "Int64")
    assert evidence("fee_rise", cohort=never) == "assumed-causal"
    assert evidence("fee_rise", cohort=pd.array([1] * 20 + [-3] * 20, "Int64")) == "association"
    assert evidence("fee_rise", cohort=never, card=STRUCK) == "association"


def test_the_table_counts_the_levers_that_carry():
    exhibit = lever_rules_exhibit({"manager_left": opportunities(), "app_outage": opportunities(struck=True)})
    assert str(exhibit.title) == "1 of 6 levers struck some customers and spared others who are like them"
    assert exhibit.frame["ceiling"].map(str).tolist()[3:5] == [
        "Assumed-causal: retirement and transfer have nothing to do with a manager's customers; poaching goes with the competitor's rate, which is known",
        "Association: an outage strikes all at once, and log-ins outside its hours are not recorded: nobody is left to compare with",
    ]
    assert str(exhibit.frame["ceiling"][0]) == "No number: the bank's data do not tell whom it struck"
    assert "app had stayed up" in tables.table(exhibit).content["en"]["body"]
    assert str(exhibit.frame["compared"][0]).endswith("severity, branch, month → Unresolved complaint → leaving ← the same")
    assert lever_rules_exhibit({}).absent is not None
