"""The decisions that are needed: the bank's own rows, joined with what the reports found."""

import html
from difflib import get_close_matches
from typing import NamedTuple

import pandas as pd

from analysis.finding import DISCLOSURE_THRESHOLD
from analysis.wording import say

EXACT, AT_MOST = ("customers", "lost"), ("complaints", "answers")
NEEDED = ("owner", "customers", "due")
STEPS = {"en": 1e3, "zh": 1e4}  # amounts are told in thousands, in Chinese in tens of thousands (万)
OWN_CURRENCY = {"CNY": say("CNY thousand")}


class Found(NamedTuple):
    """What a row's finding is in this release: its report's `entry` and the `finding`; None where there is none."""

    entry: dict | None = None
    finding: dict | None = None


def decisions(rows: pd.DataFrame | None, reports: dict, as_of: str, language: str = "en") -> list[dict]:
    """Each row of the bank's table (see `bank.decisions`) that was proposed by `as_of`, as the front page tells it in `language`: measure,
    owner (text), customers (a number, or text where it is not told), limit (in thousands of the bank's currency, 万 in Chinese, or
    in the row's own limit_unit), limit_unit, due, is_overdue (due before `as_of`, no outcome stated), outcome and finding (HTML), link;
    None where there is none. `missing`: which of NEEDED the row lacks; without them it is no advice.

    Customers are the row's own number; else the base of its finding, of complaints and answers "at most" that many. Below the
    threshold of disclosure the number is not told. The outcome is the row's; where it states none, the finding of an experiment.
    Where the finding is not in this release, that is said in its place."""
    if rows is None:
        return []
    return [_decision(row, _found(row, reports), as_of, language) for row in _current(rows, as_of).to_dict("records")]


def unknown_findings(rows: pd.DataFrame | None, reports: dict, as_of: str) -> list[str]:
    """A sentence for each row proposed by `as_of` whose finding is in none of the reports, with file, line and remedy."""
    named = [] if rows is None else [row for row in _current(rows, as_of).to_dict("records") if row["finding"]]
    return [
        f"{row['place']}: the finding '{row['finding']}' is not in this release. {_remedy(row['finding'], reports)}"
        for row in named
        if _found(row, reports).finding is None
    ]


def _remedy(name: str, reports: dict) -> str:
    told = [f"{report}:{finding['id']}" for report, entry in reports.items() for finding in entry.get("findings", ())]
    near = get_close_matches(name, told, n=1, cutoff=0.5)
    return f"Is '{near[0]}' meant?" if near else "results.json names each report's findings (report:id)."


def _current(rows: pd.DataFrame, as_of: str) -> pd.DataFrame:
    return rows[rows["proposed"].eq("") | (rows["proposed"] <= as_of)]


def _decision(row: dict, found: Found, as_of: str, language: str) -> dict:
    needed = {
        "owner": _own_words(row, "owner", language),
        "customers": _customers(row, found, language),
        "due": row["due"] or None,
    }
    limit, unit = _limit(row, language)
    return {
        "measure": _own_words(row, "measure", language),
        **needed,
        "limit": limit,
        "limit_unit": unit,
        "is_overdue": bool(row["due"]) and row["due"] < as_of and not row["outcome"],
        "outcome": _outcome(row, found.finding, language),
        "finding": _finding(row, found, language),
        "link": None if found.finding is None else _link(found),
        "missing": [name for name in NEEDED if needed[name] is None],
    }


def _own_words(row: dict, name: str, language: str) -> str | None:
    """What the bank wrote, in the language where it gives that."""
    return row.get(f"{name}_{language}") or row[name] or None


def _found(row: dict, reports: dict) -> Found:
    report, _, name = row["finding"].partition(":")
    entry = reports.get(report)
    if entry is None or entry["status"] != "published":
        return Found(entry)
    return Found(entry, next((finding for finding in entry["findings"] if finding["id"] == name), None))


def _customers(row: dict, found: Found, language: str) -> int | str | None:
    base, base_of = (int(row["customers"]), "customers") if row["customers"] else _base(found)
    if base is None or base_of not in (*EXACT, *AT_MOST):
        return None
    if base < DISCLOSURE_THRESHOLD:
        return say("fewer than {count:count}", count=DISCLOSURE_THRESHOLD).render(language)
    return base if base_of in EXACT else say("at most {count:count}", count=base).render(language)


def _base(found: Found) -> tuple[int | None, str]:
    return (None, "") if found.finding is None else (found.finding["base"], found.finding["base_of"])


def _limit(row: dict, language: str) -> tuple[float | None, str | None]:
    if not row["limit"]:
        return None, None
    if row["limit_unit"]:
        return float(row["limit"]), _own_words(row, "limit_unit", language)
    unit = OWN_CURRENCY.get(row["currency"]) or say("{currency} thousand", currency=row["currency"])
    return float(row["limit"]) / STEPS[language], unit.render(language)


def _finding(row: dict, found: Found, language: str) -> str | None:
    if found.finding is not None:
        return found.finding["html"]
    if not row["finding"]:
        return None
    if found.entry is None:
        return say("Its finding is not in this release.").html(language)
    return say("Its finding is not in this release: “{title}” does not state it.", title=found.entry["title"]).html(language)


def _outcome(row: dict, finding: dict | None, language: str) -> str | None:
    own = _own_words(row, "outcome", language)
    if own:
        return html.escape(own)
    return finding["html"] if finding is not None and finding["evidence"] == "experiment" else None


def _link(found: Found) -> str:
    exhibit = found.finding["exhibit"]
    return found.entry["page"] if exhibit is None else f"{found.entry['page']}#{exhibit['anchor']}"
