"""What the monthly report adds to a results.json."""

import pytest

from analysis.monthly import complete, customers_of

FOUND = {"id": "x", "base": 70, "base_of": "customers", "value": None, "low": None, "high": None, "compare_to": None}


@pytest.mark.parametrize(
    ("figures", "tables", "customers"),
    [
        ([{"id": "active_customers", "value": 380}], {"customers": {"accepted": 500}}, 380),
        ([{"id": "active_customers", "value": None}], {"customers": {"accepted": 500}}, 500),
        ([], {}, 70),
    ],
)
def test_how_many_customers_the_bank_has(figures, tables, customers):
    reports = {"key_figures": {"findings": [], "figures": figures}, "other": {"findings": [FOUND]}}
    assert customers_of({"reports": reports, "provenance": {"tables": tables}}) == customers


def test_a_release_without_reports_is_completed_too():
    made = complete({"as_of": "2025-06-30", "reports": {}, "provenance": {"tables": {}}}, None, "en")
    assert made["decisions"] == []
    assert (made["conclusions"]["picked"], made["conclusions"]["quiet"]) == ([], True)
