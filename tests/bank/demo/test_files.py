"""What departments deliver: the files, their form, and the canonical tables that bank.yaml makes of them."""

import codecs
import csv
import hashlib
import io
import json
import re
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml
from python_calamine import CalamineWorkbook

from analysis.bank.config import read_config
from analysis.bank.contracts import TABLES
from analysis.bank.delivery import locate
from analysis.bank.demo import calendar, make_demo_bank, making
from analysis.bank.demo.folder import MARKER

YEARS = range(2022, 2027)
DELIVERED = {
    "callcenter/callers.csv", "callcenter/contacts.csv", "cards/持卡人.csv", "complaints/complaints.jsonl", "core/accounts.csv",
    *(f"core/balances-{year}.csv" for year in YEARS), "core/branches.csv", "core/consents.csv", "core/queue-tickets.csv",
    "core/tariffs.csv", "core/客户信息.csv", "core/客户经理.csv", "credit/exposures.csv", "credit/关联关系.csv",
    "credit/授信客户.csv", "ebank/incidents.csv", "ebank/logins.csv", "ebank/users.csv", "finance/contributions.parquet",
    *(f"ebank/transactions-{calendar.month_label(month)}.parquet" for month in range(48)), "market/rates.csv",
    "marketing/alerts.csv", "marketing/campaigns.csv", "marketing/prospects.csv", "survey/invitations.csv", "survey/样本.csv",
    *(f"survey/满意度调查-{year}.xlsx" for year in YEARS), "wealth/理财.csv",
}  # fmt: skip
TRUTH = {f"truth/{name}" for name in (
    "customers.parquet", "effects.parquet", "groups.parquet", "parties.parquet", "risks.parquet", "truth.json", "world.json",
)}  # fmt: skip
GB18030 = {
    "cards/持卡人.csv", "core/客户信息.csv", "core/客户经理.csv", "credit/关联关系.csv", "credit/授信客户.csv", "survey/样本.csv",
    "wealth/理财.csv",
}  # fmt: skip
WITH_MARK = {"core/branches.csv"}
CSV = sorted(name for name in DELIVERED if name.endswith(".csv"))
KEYS = {
    "callcenter/callers.csv": ["number"], "callcenter/contacts.csv": ["ticket_no"], "cards/持卡人.csv": ["客户编号"],
    "core/accounts.csv": ["account_no"], **{f"core/balances-{year}.csv": ["customer_no", "month"] for year in YEARS},
    "core/branches.csv": ["branch_no"], "core/consents.csv": ["customer_no", "purpose"], "core/queue-tickets.csv": ["ticket_no"],
    "core/tariffs.csv": ["product_code", "branch_no"], "core/客户信息.csv": ["客户号"], "core/客户经理.csv": ["客户号", "起始日期"],
    "credit/exposures.csv": ["borrower_no", "lender", "reported"], "credit/关联关系.csv": ["上级", "下级", "关系"],
    "credit/授信客户.csv": ["客户编号"], "ebank/incidents.csv": ["incident_id"], "ebank/logins.csv": ["login_no"],
    "ebank/users.csv": ["number"], "market/rates.csv": ["area", "month"], "marketing/alerts.csv": ["alert_no"],
    "marketing/campaigns.csv": ["campaign_id", "customer_no"], "marketing/prospects.csv": ["prospect_id"],
    "survey/invitations.csv": ["invitation_no"], "survey/样本.csv": ["客户编号"], "wealth/理财.csv": ["客户号", "月份"],
}  # fmt: skip
TRUE_KEYS = {
    "customers": ["customer_id"], "effects": ["customer_id", "campaign_id"], "groups": ["customer_id"],
    "parties": ["source", "source_id"], "risks": ["customer_id", "landmark"],
}  # fmt: skip
PLANTED = {
    "balances": {("customer_id", "reference"), ("customer_id", "duplicate")},
    "complaints": {("customer_id", "reference"), ("complaint_id", "duplicate")},
    "contacts": {("customer_id", "reference"), ("contact_id", "duplicate"), ("wait_minutes", "range")},
    "customers": {("customer_id", "duplicate"), ("birth_date", "type")},
    "holdings": {("customer_id", "reference"), ("holding_id", "duplicate")},
    "invitations": {("contact_id", "reference")},
    "parties": {("birth_date", "type"), ("source", "duplicate")},
    "surveys": {("overall", "range")},
    "transactions": {("customer_id", "reference")},
}
PREPARING = Path(making.__file__).parents[1]
HEAVIEST_REJECTED_SHARE = 0.05


def hashes(folder):
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def rows_of(folder, name):
    """The lines of a CSV file, its header first."""
    encoding = "gb18030" if name in GB18030 else "utf-8-sig"
    text = (folder / name).read_bytes().decode(encoding)
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=";" if name == "core/accounts.csv" else ",", strict=True))


def table_of(folder, name):
    header, *rows = rows_of(folder, name)
    return pd.DataFrame(rows, columns=header)


@pytest.fixture(scope="module")
def smallest(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small") / "demo"
    make_demo_bank(folder, customers=300, seed=7)
    return folder


def test_same_seed_gives_the_same_bytes_of_every_file(smallest, tmp_path):
    make_demo_bank(tmp_path / "elsewhere", customers=300, seed=7)
    assert hashes(tmp_path / "elsewhere") == hashes(smallest)


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ({"seed": 8}, {"bank.yaml", "segment_actions.csv", "complaint_actions.csv", "warning_actions.csv", "decisions.csv", MARKER, "core/branches.csv"}),
        ({"world": "null"}, {"bank.yaml", "segment_actions.csv", "complaint_actions.csv", "warning_actions.csv", "decisions.csv", MARKER, "core/branches.csv", "core/tariffs.csv", "market/rates.csv", "ebank/incidents.csv"}),
    ],
)  # fmt: skip
def test_another_seed_or_world_changes_the_facts(smallest, tmp_path, other, same):
    make_demo_bank(tmp_path / "other", customers=300, **{"seed": 7, **other})
    before, after = hashes(smallest), hashes(tmp_path / "other")
    unchanged = {name for name in before if after.get(name) == before[name]}
    assert before.keys() == after.keys()
    assert same <= unchanged
    facts = [
        name for name in before if name not in same and re.search(r"balances|transactions|queue|complaints|满意度|contrib", name)
    ]
    assert len(facts) == 5 + 48 + 1 + 1 + 5 + 1
    assert not unchanged.intersection(facts)
    if "seed" in other:
        assert unchanged == same


def test_departments_deliver_these_files(smallest):
    assert set(hashes(smallest)) == DELIVERED | TRUTH | {
        MARKER,
        "bank.yaml",
        "segment_actions.csv",
        "complaint_actions.csv",
        "warning_actions.csv",
        "decisions.csv",
    }


def test_the_definition_reads_every_delivered_file_and_none_of_the_truth(smallest):
    config = read_config(smallest / "bank.yaml")
    read = {str(path.relative_to(smallest)) for file in config.files.values() for path in locate(smallest, file)}
    assert read == DELIVERED
    assert "truth" not in (smallest / "bank.yaml").read_text(encoding="utf-8")


def test_as_of_is_the_36th_month_s_end(smallest):
    stated = yaml.safe_load((smallest / "bank.yaml").read_text(encoding="utf-8"))["as_of"]
    assert str(stated) == str(calendar.last_day(calendar.AS_OF_MONTH)) == "2025-06-30"


@pytest.mark.parametrize("name", CSV)
def test_csv_is_valid_in_the_encoding_stated(in_blocks, name):
    raw = (in_blocks / name).read_bytes()
    assert raw.startswith(codecs.BOM_UTF8) == (name in WITH_MARK)
    assert raw.count(codecs.BOM_UTF8) == (name in WITH_MARK)
    pattern = re.sub(r"\d{4}", "*", name)
    stated = {file.encoding for file in read_config(in_blocks / "bank.yaml").files.values() if file.path in (name, pattern)}
    assert len(stated) == 1
    assert (stated == {"gb18030"}) == (name in GB18030)
    if name in GB18030:
        raw.decode("gb18030", errors="strict")
        with pytest.raises(UnicodeDecodeError):
            raw.decode("utf-8")
    else:
        raw.decode("utf-8", errors="strict")
    assert raw.endswith(b"\n")


@pytest.mark.parametrize("name", CSV)
def test_a_header_stands_once_above_lines_of_its_length(in_blocks, name):
    header, *rows = rows_of(in_blocks, name)
    assert len(set(header)) == len(header)
    assert "" not in header
    assert rows
    assert header not in rows
    assert {len(row) for row in rows} == {len(header)}


@pytest.mark.parametrize("name", CSV)
def test_keys_are_unique_but_for_rows_written_twice(in_blocks, name):
    rows = table_of(in_blocks, name).drop_duplicates()
    assert not rows.duplicated(KEYS[name]).any()


def test_keys_of_other_files_are_unique(in_blocks):
    bookings = pd.concat([pd.read_parquet(path, columns=["txn_id"]) for path in sorted((in_blocks / "ebank").glob("*.parquet"))])
    assert bookings["txn_id"].is_unique
    earned = pd.read_parquet(in_blocks / "finance" / "contributions.parquet")
    assert not earned.duplicated(["customer_no", "month"]).any()
    log = pd.DataFrame(
        [json.loads(line) for line in (in_blocks / "complaints" / "complaints.jsonl").read_text("utf-8").splitlines()]
    )
    assert not log.drop_duplicates().duplicated("complaint_no").any()
    answers = pd.concat([pd.read_excel(path, engine="calamine") for path in (in_blocks / "survey").glob("*.xlsx")])
    assert answers["问卷编号"].is_unique
    sent = table_of(in_blocks, "survey/invitations.csv")
    assert set(answers["问卷编号"]) == set(sent["response_no"]) - {""}
    for name, key in TRUE_KEYS.items():
        assert not pd.read_parquet(in_blocks / "truth" / f"{name}.parquet").duplicated(key).any(), name


def test_no_customer_is_lost_between_blocks(in_blocks):
    everyone = [f"10{number:08d}" for number in range(1, 601)]
    assert pd.read_parquet(in_blocks / "truth" / "customers.parquet")["customer_id"].tolist() == everyone
    customers = table_of(in_blocks, "core/客户信息.csv")
    numbers = set(customers["客户号"])
    assert set(everyone) <= numbers
    earned = pd.read_parquet(in_blocks / "finance" / "contributions.parquet")
    assert set(earned["customer_no"]) == set(everyone)
    first = customers.drop_duplicates("客户号").set_index("客户号").loc[everyone]
    opened, closed = (pd.to_datetime(first[name], format="%Y/%m/%d") for name in ("开户日期", "销户日期"))
    begins, ends = opened.clip(lower=pd.Timestamp("2022-07-01")), closed.fillna(pd.Timestamp("2026-06-30"))
    months = (ends.dt.year - begins.dt.year) * 12 + ends.dt.month - begins.dt.month + 1
    assert (earned.groupby("customer_no").size().loc[everyone] == months).all()
    balances = pd.concat([table_of(in_blocks, f"core/balances-{year}.csv").drop_duplicates() for year in YEARS])
    assert len(balances) == months.sum()
    open_accounts = table_of(in_blocks, "core/accounts.csv").drop_duplicates()
    assert (open_accounts["product_code"] == "DD").sum() == len(everyone)


def test_a_bank_in_blocks_is_made_the_same_twice(in_blocks, tmp_path, monkeypatch):
    monkeypatch.setattr(making, "BLOCK", 200)
    make_demo_bank(tmp_path / "again", customers=600)
    assert hashes(tmp_path / "again") == hashes(in_blocks)


def test_a_workbook_a_year_is_readable(in_blocks):
    header = ["问卷编号", "客户编号", "答卷日期", "网点", "渠道", "总体满意度", "推荐意愿",
              "办理便捷度", "等候时间", "员工服务", "网点环境", "手机银行", "电话客服", "收费", "产品种类", "投诉处理"]  # fmt: skip
    for year in YEARS:
        with CalamineWorkbook.from_path(str(in_blocks / "survey" / f"满意度调查-{year}.xlsx")) as book:
            assert book.sheet_names == ["答卷"]
            first, *rows = book.get_sheet_by_name("答卷").to_python()
        assert first == header
        assert {row[2][:4] for row in rows} == {str(year)}


def test_transactions_lie_in_one_parquet_a_month(in_blocks):
    for month in range(48):
        label = calendar.month_label(month)
        table = pq.read_table(in_blocks / "ebank" / f"transactions-{label}.parquet")
        times = table["txn_time"].to_pandas()
        assert set(times.dt.strftime("%Y-%m")) == {label}
        assert set(table["txn_id"].to_pandas().str[:7]) == {"T" + label.replace("-", "")}


def test_a_complaint_is_one_json_object_a_line(in_blocks):
    lines = (in_blocks / "complaints" / "complaints.jsonl").read_bytes().decode("utf-8", errors="strict").split("\n")
    assert lines.pop() == ""
    objects = [json.loads(line) for line in lines]
    assert {tuple(sorted(one)) for one in objects} == {tuple(sorted(objects[0]))}
    assert len(objects) > 100


def test_wealth_in_ten_thousands_becomes_yuan(middle):
    raw = middle.file("wealth/理财.csv", encoding="gb18030")
    middle.con.register("delivered_wealth", raw)
    matched, differing = middle.ask(
        """SELECT count(*), count(*) FILTER (abs(wealth - 10000 * "日均余额(万元)"::DOUBLE) > 1e-6)
        FROM (SELECT DISTINCT * FROM delivered_wealth) JOIN (SELECT DISTINCT customer_id, month, basis, wealth FROM raw_balances)
        ON customer_id = 'core:' || 客户号 AND strftime(month, '%Y-%m') = 月份 AND basis = 'average'"""
    )
    assert differing == 0
    assert len(raw) * 0.99 < matched <= len(raw)
    least, mean = middle.ask("SELECT min(wealth) FILTER (wealth > 0), avg(wealth) FILTER (wealth > 0) FROM raw_balances")
    assert least < 10_000 < mean


@pytest.mark.parametrize("name", TABLES)
def test_the_definition_s_selects_yield_the_contract_s_columns(middle, name):
    columns = [row[0] for row in middle.con.execute(f"DESCRIBE raw_{name}").fetchall()]
    required = {column.name for column in TABLES[name].columns if column.required}
    assert len(set(columns)) == len(columns)
    assert required <= set(columns) - {"_row"} <= set(TABLES[name].column_names)


NOT_BROUGHT = {
    "parties": {"kind", "branch_id", "industry", "size", "risk_grade", "closed_date", "exit_reason"},
}  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_codes_become_the_contract_s_values_and_no_column_is_always_empty(middle, name):
    present = {row[0] for row in middle.con.execute(f"DESCRIBE raw_{name}").fetchall()}
    assert set(TABLES[name].column_names) - present == NOT_BROUGHT.get(name, set())
    for column in TABLES[name].columns:
        if column.name in present:
            filled = f"nullif(CAST({column.name} AS VARCHAR), '') IS NOT NULL"
            found = middle.con.execute(f"SELECT DISTINCT {column.name} FROM raw_{name} WHERE {filled}").fetchall()
            assert found, f"{column.name} is always null"
            if column.allowed:
                assert {value for (value,) in found} <= set(column.allowed), column.name


@pytest.mark.parametrize(
    ("table", "column", "values"),
    [
        ("customers", "kind", {"personal", "corporate"}),
        ("customers", "size", {"micro", "small", "medium", "large", None}),
        ("transactions", "channel", {"branch", "atm", "pos", "phone", "web", "app", None}),
        ("complaints", "category",
         {"service", "pricing", "system", "process", "returns", "funds_security", "marketing", "other"}),
        ("holdings", "product",
         {"demand", "term", "wealth", "fund", "insurance", "card", "loan", "mortgage", "standing_order"}),
        ("assignments", "reason", {"retired", "transferred", "poached", "customer_left", None}),
        ("campaigns", "product", {"wealth", "term", "fund"}),
        ("ownership", "kind", {"equity", "guarantee", "executive", "registered"}),
        ("alerts", "outcome", {"left", "stayed", None}),
    ],
)  # fmt: skip
def test_every_code_is_used_and_translated(middle, table, column, values):
    assert {value for (value,) in middle.con.execute(f"SELECT DISTINCT {column} FROM raw_{table}").fetchall()} == values


def test_only_what_is_automatic_has_no_channel(middle):
    assert middle.ask("SELECT count(*) FROM raw_transactions WHERE (channel IS NULL) <> (initiated_by = 'bank')") == (0,)
    automatic = middle.con.execute("SELECT DISTINCT category FROM raw_transactions WHERE initiated_by = 'bank'").fetchall()
    assert {category for (category,) in automatic} == {
        "salary", "interest", "loan_repayment", "card_fee", "settlement_in", "settlement_out",
    }  # fmt: skip


def test_prepare_accepts_the_bank_but_for_what_was_planted(prepared):
    tables = prepared.manifest["tables"]
    assert set(tables) == set(TABLES)
    for name, counts in tables.items():
        found = {(rule["column"], rule["rule"]) for rule in counts["rules"]}
        assert found == PLANTED.get(name, set()), name
        assert counts["rejected"] < HEAVIEST_REJECTED_SHARE * counts["delivered"], name
        assert counts["bad_rows"] < HEAVIEST_REJECTED_SHARE * counts["delivered"], name
        fallen_together = counts.get("merged", 0) - counts.get("added", 0)
        assert counts["accepted"] == counts["delivered"] - counts["rejected"] - fallen_together > 0, name
    assert prepared.manifest["span"] == ["2022-07-01", "2026-06-30"]
    assert str(prepared.as_of) == "2025-06-30"


def test_rejected_rows_are_the_planted_ones(middle, prepared, shared_demo):
    def refused(table):
        return pd.read_parquet(shared_demo / "data" / "processed" / "demo" / "rejected" / f"{table}.parquet")

    waits = refused("contacts").query("rule == 'range'")
    assert set(waits["original"].astype(float)) == {-1.0}
    assert len(waits) == middle.ask("SELECT count(*) FROM raw_contacts WHERE wait_minutes::DOUBLE < 0")[0]
    assert set(refused("surveys").query("rule == 'range'")["original"].astype(float)) == {99.0}
    births = refused("customers").query("column == 'birth_date'")
    assert set(births["original"]) <= {"1975/2/30", "1988/13/5", "2023/2/30", "0000/0/0"}
    assert set(births["effect"]) == {"field set to null"}
    unknown = refused("balances").query("rule == 'reference'")
    assert unknown["original"].str.fullmatch(r"core:99\d{8}").all()
    doubles = middle.ask("SELECT count(*) - count(DISTINCT customer_id) FROM raw_customers")[0]
    assert (refused("customers")["rule"] == "duplicate").sum() == doubles > 0


def test_departments_records_lead_to_the_customers_that_are_true(middle, prepared, shared_demo):
    found = pd.read_parquet(shared_demo / "data" / "processed" / "demo" / "identity.parquet")
    truth = pd.read_parquet(middle.folder / "truth" / "parties.parquet")
    assert set(map(tuple, found[["source", "source_id"]].to_numpy())) == set(
        map(tuple, truth[["source", "source_id"]].to_numpy())
    )
    both = found.merge(truth, on=["source", "source_id"], suffixes=("", "_true"))

    def pairs(*keys):
        return int(both.groupby(list(keys)).size().pipe(lambda size: size * (size - 1) // 2).sum())

    hit = pairs("customer_id", "customer_id_true")
    precision, recall = hit / pairs("customer_id"), hit / pairs("customer_id_true")
    assert precision >= 0.99
    assert recall >= 0.95
    stated = prepared.manifest["identity"]["accuracy"]
    assert stated["precision"]["value"] == pytest.approx(precision, abs=0.02)
    assert stated["recall"]["value"] == pytest.approx(recall, abs=0.02)
    assert both["customer_id"].eq(both["customer_id_true"]).mean() > 0.99


def test_the_truth_changes_nothing_that_is_prepared(middle, prepared):
    """The bank was prepared without it (`shared_demo`); now it lies there, and no code but the demo bank's own speaks of it."""
    assert (middle.folder / "truth" / "customers.parquet").is_file()
    assert not prepared.is_new
    assert [path for path in PREPARING.rglob("*.py") if "demo" not in path.parts and "truth" in path.read_text("utf-8")] == []


def test_second_core_numbers_are_those_of_the_truth(middle):
    truth = pd.read_parquet(middle.folder / "truth" / "parties.parquet").query("source == 'core'")
    seconds = truth[truth["source_id"] != truth["customer_id"]]
    assert len(seconds) > 0
    first = [f"10{number:08d}" for number in range(1, 1501)]
    assert sorted(truth["customer_id"].unique()) == first
    core = {number.removeprefix("core:") for (number,) in middle.con.execute("SELECT customer_id FROM raw_customers").fetchall()}
    assert core - set(first) == set(seconds["source_id"])
    middle.con.register("seconds", seconds)
    later, other_branch, known = middle.ask(
        """SELECT bool_and(b.opened_date::DATE >= a.opened_date::DATE), bool_and(b.branch_id <> a.branch_id),
        bool_and(b.id_number IS NULL OR b.id_number = a.id_number) FROM seconds
        JOIN raw_customers a ON a.customer_id = 'core:' || seconds.customer_id
        JOIN raw_customers b ON b.customer_id = 'core:' || seconds.source_id"""
    )
    assert (later, other_branch, known) == (True, True, True)
    accounts = middle.file("core/accounts.csv", sep=";")
    assert set(seconds["source_id"]) & set(accounts["customer_no"])
