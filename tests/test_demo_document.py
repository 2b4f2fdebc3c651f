"""What docs/demo-bank.md states of the demo bank is so: headers, shares, constants, the diagram, and the truths of a bank made anew."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml

from analysis.bank.demo import calendar, diagram, make_demo_bank
from analysis.bank.demo.parties import ERRORS
from analysis.bank.demo.people import ARCHETYPES
from analysis.bank.demo.worlds import LEVERS, MONTHS_OF_EFFECT, WORLDS

DOCUMENT = Path(__file__).parents[1] / "docs" / "demo-bank.md"
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
SMALLEST, USUAL = 300, 5000
DIFFERENCE = 3  # standard errors that a stated margin may lie off
STRIKE_THE_WEALTHY = ("unresolved_complaint", "manager_left")
MONTHS_OF_WATCH, ESTABLISHED_MONTHS, NOBODY = 3, 6, 999


@cache
def text() -> str:
    return DOCUMENT.read_text(encoding="utf-8")


def rows(first_header: str) -> list[list[str]]:
    """The cells of all tables whose first header is this."""
    found, inside = [], False
    for line in text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if not cells:
            inside = False
        elif cells[0] == first_header:
            inside = True
        elif inside and not cells[0].startswith("---"):
            found.append(cells)
    assert found, first_header
    return found


def numbers(cell: str) -> list[float]:
    return [float(number) for number in NUMBER.findall(cell.replace("−", "-"))]


def names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def agree(cell: str, truth: float, allowed: float = 0.0) -> bool:
    """Whether the number in the cell is the truth, as it is rounded there."""
    written = cell.replace("−", "-")
    decimals = len(written.partition(".")[2])
    return abs(float(written) - truth) <= 0.5000001 * 10.0**-decimals + allowed


def flat(value: object) -> Iterator[float]:
    """All numbers in a constant, in order; texts are passed over."""
    if isinstance(value, Mapping):
        value = [part for pair in value.items() for part in pair]
    if isinstance(value, str):
        return
    if isinstance(value, list | tuple | np.ndarray):
        for part in value:
            yield from flat(part)
    else:
        yield float(value)


@pytest.fixture(scope="module")
def smallest(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("document") / "demo"
    make_demo_bank(folder, customers=SMALLEST)
    return folder


@pytest.fixture(scope="module")
def bank(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("document") / "demo"
    make_demo_bank(folder, customers=USUAL)
    return folder


@pytest.mark.parametrize("cells", rows("constant"), ids=lambda cells: names(cells[0])[0])
def test_a_stated_constant_is_the_codes(cells):
    constants = [name.split(".") for name in names(cells[0])]
    values = [getattr(import_module(f"analysis.bank.demo.{module}"), name) for module, name in constants]
    assert numbers(cells[1]) == [number for value in values for number in flat(value)]


def test_the_archetypes_and_planted_errors_are_the_codes():
    archetypes = {names(cells[0])[0]: [numbers(cell)[0] for cell in cells[1:]] for cells in rows("archetype")}
    assert archetypes == {name: list(row) for name, row in zip(ARCHETYPES.index, ARCHETYPES.to_numpy(), strict=True)}
    planted = {department: {} for department in ERRORS}
    for error, *shares in rows("error"):
        for department, share in zip(ERRORS, shares, strict=True):
            if share != "–":
                planted[department][names(error)[0]] = float(share)
    assert planted == ERRORS


def test_the_diagram_and_the_adjustment_sets_are_the_codes():
    assert re.search(r"```mermaid\n(.+?)```", text(), re.DOTALL)[1] == diagram.mermaid()
    stated = {names(cells[0])[0]: tuple(names(cells[3])) for cells in rows("lever") if len(cells) == 5}
    assert list(stated) == list(LEVERS)
    assert stated == {lever: tuple(node.removesuffix("_now") for node in nodes) for lever, nodes in diagram.ADJUSTMENT.items()}


def test_the_worlds_and_the_calendar_are_the_codes():
    assert tuple(names(cells[0])[0] for cells in rows("world")) == WORLDS
    for months, dates, *_ in rows("months"):
        first, last = (int(number) for number in numbers(months))
        assert dates == f"{calendar.month_label(first)} to {calendar.month_label(last)}"
    assert str(calendar.last_day(calendar.AS_OF_MONTH)) in text()


def header(path: Path, file: dict) -> list[str]:
    if path.suffix == ".parquet":
        return pq.read_schema(path).names
    if path.suffix == ".jsonl":
        return list(json.loads(path.read_text(encoding="utf-8").partition("\n")[0]))
    if path.suffix == ".xlsx":
        return list(pd.read_excel(path, engine="calamine", nrows=1))
    return list(pd.read_csv(path, sep=file.get("sep", ","), encoding=file.get("encoding", "utf-8-sig"), nrows=1))


def test_the_files_have_the_stated_headers_encodings_and_tables(smallest):
    config = yaml.safe_load((smallest / "bank.yaml").read_text(encoding="utf-8"))
    files = {file["path"]: (name, file) for name, file in config["files"].items()}
    listed = [cells for cells in rows("file") if "/" in cells[0]]
    assert sorted(names(cells[0])[0] for cells in listed) == sorted(files)
    for path, form, headers, _, tables, _ in listed:
        name, file = files[names(path)[0]]
        assert headers.split(", ") == header(min(smallest.glob(file["path"])), file)
        assert ("GB18030" in form) == (file.get("encoding") == "gb18030")
        made = {table for table, select in config["tables"].items() if re.search(rf"\b{name}\b", select)}
        assert set(tables.split(", ")) == made
    assert f"makes {len(config['tables'])} canonical tables" in text()


def test_the_files_of_the_truth_are_all_named(smallest):
    stated = {name for cells in rows("file") for name in names(cells[0]) if "/" not in name}
    assert stated == {path.name for path in (smallest / "truth").iterdir()}


@pytest.mark.slow
def test_the_stated_truths_are_those_of_a_bank_made_anew(bank):
    truth = json.loads((bank / "truth" / "truth.json").read_text(encoding="utf-8"))
    stated = {}
    for findings, values in rows("finding"):
        stated |= dict(zip(names(findings), values.split(", "), strict=True))
    causes = {names(cells[0])[0]: cells[1:] for cells in rows("lever") if len(cells) == 4}
    for lever, (shapley, alone, naive) in causes.items():
        stated |= {f"cause.{lever}": shapley, f"cause_alone.{lever}": alone}
        assert agree(naive, truth[f"cause.{lever}"]["naive"])
        assert numbers(shapley)[0] > 0
        assert (numbers(naive)[0] < 0) == (lever in STRIKE_THE_WEALTHY)
    assert set(stated) == set(truth)
    assert [name for name, value in stated.items() if not agree(value, truth[name]["value"], truth[name]["mc_error"])] == []


@pytest.mark.slow
def test_the_stated_margins_are_those_of_a_bank_made_anew(bank):
    found = margins(bank)
    stated = {names(cells[0])[0]: cells[1] for cells in rows("margin")}
    assert set(stated) == set(found)
    assert [name for name, (value, error) in found.items() if not agree(stated[name], value, DIFFERENCE * error)] == []
    truth = json.loads((bank / "truth" / "truth.json").read_text(encoding="utf-8"))
    assert all(found[f"crude_{name}"][0] > truth[name]["value"] for name in ("overall_mean", "nps"))


def margins(bank: Path) -> dict[str, tuple[float, float]]:
    """Margin → its value in the extracts, and its sampling error."""
    balances = pd.concat(pd.read_csv(path, dtype={"customer_no": str}) for path in sorted(bank.glob("core/balances-*.csv")))
    years = len(balances.drop_duplicates(["customer_no", "month"])) / 12
    complaints = pd.read_json(bank / "complaints" / "complaints.jsonl", lines=True, dtype=False).drop_duplicates("complaint_no")
    received, resolved = (pd.to_datetime(complaints[name]).dt.normalize() for name in ("received_at", "resolved_at"))
    late = ~((resolved - received).dt.days <= 15)
    known = received < pd.Timestamp("2026-06-01")
    tickets = pd.read_csv(bank / "core" / "queue-tickets.csv").drop_duplicates("ticket_no")
    waits = tickets["wait_minutes"][tickets["wait_minutes"] >= 0] >= 30
    answers = pd.read_csv(bank / "survey" / "invitations.csv", dtype=str)["response_no"].notna().sum()
    marks = pd.concat(pd.read_excel(path, engine="calamine") for path in sorted(bank.glob("survey/*.xlsx")))
    day = pd.to_datetime(marks["答卷日期"])
    year = marks[(marks["总体满意度"] <= 10) & (day > "2024-06-30") & (day <= "2025-06-30")]
    balance = 100 * ((year["推荐意愿"] >= 9).astype(int) - (year["推荐意愿"] < 7))
    effect = json.loads((bank / "truth" / "world.json").read_text(encoding="utf-8"))["levers"]["unresolved_complaint"]
    satisfaction = import_module("analysis.bank.demo.life").SATISFACTION
    return {
        "complaints_per_1000": _rate(len(complaints), years / 1000),
        "unresolved_share": _mean(late[known]),
        "long_wait_share": _mean(waits),
        "answers_per_customer_year": _rate(answers, years),
        "crude_overall_mean": _mean(year["总体满意度"]),
        "crude_nps": _mean(balance),
        "crude_rate_ratio": _crude_ratio(bank, complaints[late]),
        "true_odds_ratio": (float(np.exp(effect["direct"] - satisfaction * effect["felt"])), 0.0),
    }


def _rate(count: int, time: float) -> tuple[float, float]:
    return count / time, np.sqrt(count) / time


def _mean(values: pd.Series) -> tuple[float, float]:
    return float(values.mean()), float(values.std() / np.sqrt(len(values)))


def _month(days: pd.Series) -> np.ndarray:
    month = calendar.month_of(pd.to_datetime(days).to_numpy().astype("datetime64[D]"))
    return np.where(days.isna(), NOBODY, month)


def _crude_ratio(bank: Path, late: pd.DataFrame) -> tuple[float, float]:
    """Gone of their own will within MONTHS_OF_WATCH after a month in which an unresolved complaint acts, which it does from the
    month after its receipt on, against months in which none does."""
    fates = pd.read_parquet(bank / "truth" / "customers.parquet")
    parties = pd.read_parquet(bank / "truth" / "parties.parquet")
    core = pd.read_csv(bank / "core" / "客户信息.csv", encoding="gb18030", dtype=str).drop_duplicates("客户号")
    opened = _month(core.set_index("客户号")["开户日期"].reindex(fates["customer_id"]))
    gone = _month(fates["churn_month"])
    own = np.where(fates["churn_kind"] == "involuntary", NOBODY, gone)
    customer = parties[parties["source"] == "callcenter"].set_index("source_id")["customer_id"].reindex(late["customer_no"])
    row = pd.Series(np.arange(len(fates)), fates["customer_id"]).reindex(customer).to_numpy()
    known = ~np.isnan(row)
    acts = np.zeros((len(fates), calendar.MONTHS + MONTHS_OF_EFFECT["unresolved_complaint"]), bool)
    for later in range(1, MONTHS_OF_EFFECT["unresolved_complaint"] + 1):
        acts[row[known].astype(int), _month(late["received_at"])[known] + later] = True
    left, watched = np.zeros(2), np.zeros(2)
    for month in range(calendar.MONTHS - MONTHS_OF_WATCH):
        at_risk = (opened + ESTABLISHED_MONTHS <= month) & (gone > month)
        leaves = at_risk & (own > month) & (own <= month + MONTHS_OF_WATCH)
        for exposed in (0, 1):
            watched[exposed] += (at_risk & (acts[:, month] == exposed)).sum()
            left[exposed] += (leaves & (acts[:, month] == exposed)).sum()
    ratio = (left[1] / watched[1]) / (left[0] / watched[0])
    return float(ratio), float(ratio * np.sqrt((MONTHS_OF_WATCH / left).sum()))  # one who leaves is counted in as many months
