"""What the monthly report adds to its reports: the sentences that matter most, and the decisions needed."""

import pandas as pd

from analysis.study.candidates import KEY_FIGURES
from analysis.study.conclusions import conclusions
from analysis.study.decisions import decisions


def complete(results: dict, rows: pd.DataFrame | None, language: str) -> dict:
    """`results` is a results.json in `language` (as_of, reports, provenance), `rows` the bank's decisions (`bank.decisions`). What is to be
    added to it: `conclusions` and `decisions`."""
    reports, as_of = results["reports"], results["as_of"]
    return {
        "conclusions": conclusions(reports, customers_of(results), as_of, language),
        "decisions": decisions(rows, reports, as_of, language),
    }


def customers_of(results: dict) -> int:
    """How many customers the bank has: its active customers where the key figures tell them, else the rows of its list of customers, else
    the most that any finding rests on."""
    reports = results["reports"]
    for figure in (reports.get(KEY_FIGURES) or {}).get("figures") or []:
        if figure["id"] == "active_customers" and figure["value"]:
            return round(figure["value"])
    if accepted := results["provenance"]["tables"].get("customers", {}).get("accepted"):
        return int(accepted)
    bases = [
        finding["base"] or 0 for entry in reports.values() for finding in entry["findings"] if finding["base_of"] == "customers"
    ]
    return max([1, *bases])
