"""A bank in whose files every text is hostile, prepared and published as any bank, before a real browser: nothing runs, and the text
stands as text."""

import io
import json
import re
import zipfile
from pathlib import Path

import pandas as pd
import pytest
import yaml
from tests.conftest import FEWER_PAIRS, copied_project, crm
from tests.pages.conftest import HOSTILE, file_of, listened

from analysis.bank.demo import make_demo_bank

pytestmark = [pytest.mark.browser, pytest.mark.slow]
CUSTOMERS = 500
REPORTS = {"data_trust": {}, "companies": {}, "complaint_causes": {"replicates": 50}, "satisfaction_drivers": {"replicates": 50}}
PAGES = [f"{language}/{name}" for language in ("en", "zh") for name in ("index", *REPORTS)]
FEW = {"行业": ("制造", "零售"), "cause": ("定价收费", "服务态度及服务质量")}  # so that each has customers enough to be shown
SOILED = {  # file → its columns of text
    "core/branches.csv": ("branch_name", "city", "province"),
    "core/客户信息.csv": ("姓名", "地址", "行业", "风险等级"),
    "core/queue-tickets.csv": ("purpose", "staff_id", "outcome"),
    "core/consents.csv": ("purpose",),
    "cards/持卡人.csv": ("姓名", "地址"),
    "credit/授信客户.csv": ("姓名", "地址"),
    "credit/exposures.csv": ("lender",),
    "callcenter/contacts.csv": ("purpose", "staff_id", "outcome"),
    "ebank/incidents.csv": ("kind",),
    "market/rates.csv": ("area",),
    "marketing/campaigns.csv": ("campaign_id",),
    "marketing/prospects.csv": ("source", "city", "industry"),
    "marketing/alerts.csv": ("owner", "reason", "action", "outcome"),
    "survey/invitations.csv": ("trigger",),
}
ACTIONS = {
    "complaint_actions.csv": ("action", "action_zh", "owner", "owner_zh"),
    "segment_actions.csv": ("action", "action_zh", "owner", "owner_zh"),
    "warning_actions.csv": ("action", "action_zh", "owner", "owner_zh"),
    "decisions.csv": ("measure", "measure_zh", "owner", "owner_zh", "limit_unit", "limit_unit_zh", "outcome", "outcome_zh"),
}
ONE_LINE = [text for text in HOSTILE if text.isprintable()]  # what a file that a person edits can hold
CAUSES = [f"{cause} {evil}" for cause, evil in zip(FEW["cause"], ONE_LINE, strict=False)]


def spoilt(values: pd.Series, texts=HOSTILE) -> pd.Series:
    """Each value with a hostile text after it, always the same after the same; empty ones stay."""
    places = {value: place for place, value in enumerate(sorted(set(values)))}
    return values.map(lambda value: value and f"{value} {texts[places[value] % len(texts)]}")


def spoil_file(path: Path, columns, texts=HOSTILE) -> None:
    content = path.read_bytes()
    encoding = "gb18030" if re.search("[\u4e00-\u9fff]", path.name) else "utf-8-sig"
    frame = pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False, encoding=encoding)
    for column in FEW.keys() & set(columns):
        frame[column] = [value and FEW[column][place % 2] for place, value in enumerate(frame[column])]
    frame = frame.assign(**{column: spoilt(frame[column], texts) for column in columns})
    if "proposed" in frame:
        frame["proposed"] = ""
    path.write_bytes(frame.to_csv(index=False).encode(encoding))


def spoil_complaints(path: Path) -> None:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for place, row in enumerate(rows):
        evil = HOSTILE[place % len(HOSTILE)]
        row["text"] = f"{evil} {row['text']} {evil}"
        row["handler"] = f"{row['handler']}{evil}"
        row["cause"] = CAUSES[place % 2]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def spoil_definition(path: Path) -> None:
    """Labels that the bank writes, and what is passed on as departments write it."""
    text = path.read_text(encoding="utf-8").replace("ELSE 'other' END AS category", "ELSE cause END AS category")
    held = yaml.safe_load(
        text.replace("CASE cause WHEN '服务态度及服务质量' THEN 'service' WHEN '定价收费' THEN 'pricing'", "CASE cause")
    )
    survey = held["survey"]
    labels = [*survey["items"].values(), *(one["label"] for one in survey["constructs"].values())]
    for place, label in enumerate([held["prepared_by"], held["classification"], held["names"], *labels]):
        for language in label:
            label[language] += f" {ONE_LINE[place % len(ONE_LINE)]} {ONE_LINE[(place + 4) % len(ONE_LINE)]}"
    held["name"] += f" {ONE_LINE[0]}"
    held["max_rejected_share"], held["as_of"] = 0.9, "2024-06-30"  # fewer landmarks than at the end
    path.write_text(yaml.safe_dump(held, allow_unicode=True, sort_keys=False), encoding="utf-8")


def spoil_accounts(path: Path) -> None:
    """A product that is none, where only products stand."""
    header, *lines = path.read_text(encoding="utf-8").splitlines()
    place = header.replace('"', "").split(";").index("product_code")
    rows = [line.split(";") for line in lines]
    for number, row in enumerate(rows):
        row[place] = HOSTILE[0].replace(";", ",") if number % 20 == 0 else row[place]
    path.write_text("\n".join([header, *(";".join(row) for row in rows)]) + "\n", encoding="utf-8")


def spoil_actions(path: Path) -> None:
    """What to do about complaints, for the causes as they are now called."""
    frame = pd.read_csv(path, dtype=str, keep_default_na=False).head(len(CAUSES))
    frame.assign(category=CAUSES).to_csv(path, index=False)


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """A project's root with the hostile bank, published."""
    base = tmp_path_factory.mktemp("hostile")
    raw = base / "data" / "raw" / "demo"
    make_demo_bank(raw, customers=CUSTOMERS)
    for name, columns in SOILED.items():
        spoil_file(raw / name, columns)
    for name, columns in ACTIONS.items():
        spoil_file(raw / name, columns, ONE_LINE)
    spoil_complaints(raw / "complaints" / "complaints.jsonl")
    spoil_accounts(raw / "core" / "accounts.csv")
    spoil_actions(raw / "complaint_actions.csv")
    spoil_definition(raw / "bank.yaml")
    home = copied_project(base, base / "project")
    reports = {name: {"notebook": f"{name}.ipynb", "parameters": parameters} for name, parameters in REPORTS.items()}
    (home / "reports.yaml").write_text(yaml.safe_dump({"languages": ["en", "zh"], "reports": reports}), encoding="utf-8")
    crm(home, "report", "demo", by=("-c", FEWER_PAIRS))
    return home


@pytest.fixture(scope="module")
def site(home) -> Path:
    return (home / "reports" / "demo" / "latest").resolve()


LOOKED_AT = """() => [document.scripts.length, document.styleSheets.length, typeof window.ran,
    [...document.querySelectorAll('*')].flatMap(e => [...e.attributes]).filter(a => a.name.startsWith('on') || a.name === 'style').length,
    document.querySelectorAll("a[href^='javascript' i], img[src='x'], iframe, object, base").length]"""


@pytest.fixture(scope="module")
def seen(browser, site) -> dict[str, tuple]:
    """Page → what it asked for or said, what LOOKED_AT found, whether its title is to be seen, its text."""
    found = {}
    for name in PAGES:
        page = listened(browser, file_of(site, name))
        page.evaluate("document.querySelectorAll('details').forEach(node => { node.open = true })")
        page.mouse.wheel(0, 5000)
        page.wait_for_timeout(100)
        text = " ".join(page.evaluate("document.body.textContent").split())
        found[name] = (page.heard, page.evaluate(LOOKED_AT), page.locator("h1").is_visible(), text)
        page.close()
    return found


@pytest.mark.parametrize("name", PAGES)
def test_nothing_runs_or_is_asked_for_and_no_markup_comes_from_data(seen, name):
    heard, looked_at, is_title_visible, _ = seen[name]
    assert heard == []
    assert looked_at == [0, 1, "undefined", 0, 0]
    assert is_title_visible


def test_every_kind_of_text_stands_as_text(seen):
    told = " ".join(text for *_, text in seen.values())
    for place, evil in enumerate(ONE_LINE):
        assert evil in told, place
    for written in (
        "Demo Bank",
        "Retail Banking",
        "Waiting time",
        "等候时间",
        "定价收费",
        "制造",
        "A second counter",
        "Put off the next rise",
    ):
        assert re.search(rf"{written}[^<]{{0,200}}?({'|'.join(map(re.escape, HOSTILE))})", told), written


def test_rejected_rows_say_why_and_lists_hold_no_formula(home):
    rejected = pd.read_parquet(home / "data" / "processed" / "demo" / "rejected" / "holdings.parquet")
    assert (rejected["column"] == "product").sum() > 10
    crm(home, "worklist", "demo")
    books = list((home / "data").rglob("*.xlsx"))
    lists = [path for path in books if "raw" not in path.parts]
    assert lists
    for path in lists:
        with zipfile.ZipFile(path) as book:
            sheets = [book.read(name).decode() for name in book.namelist() if name.startswith("xl/worksheets/")]
        assert not any(re.search(r"<f[ >]|<hyperlink", sheet) for sheet in sheets)
