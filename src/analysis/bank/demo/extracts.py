"""The raw files of the demo bank, as its departments deliver them: each under its own headers, codes and units."""

import io
import json
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import xlsxwriter
from pyarrow import csv

from analysis.bank.demo import dirt, texts
from analysis.bank.demo.calendar import FIRST_MONTH, MONTHS, last_day, month_label
from analysis.bank.demo.surveys import ITEMS

YUAN_IN_WAN = 10_000
SEXES = {"male": "男", "female": "女", "": ""}
KINDS = {"personal": "个人", "corporate": "对公"}
EXIT_REASONS = {
    "competitor": "转投他行", "fees": "费用", "service": "服务不满", "no_longer_needed": "不再需要",
    "relocation": "迁居", "death": "身故", "loan_repaid": "贷款结清", "cleared": "清理", "": "",
}  # fmt: skip
CAUSES = {
    "service": "服务态度及服务质量", "pricing": "定价收费", "system": "服务设施、设备、业务系统",
    "process": "管理制度、业务规则与流程", "returns": "产品收益", "funds_security": "消费者资金安全",
    "marketing": "营销方式和手段", "other": "其他",
}  # fmt: skip
PRODUCT_CODES = {
    "demand": "DD", "term": "TD", "wealth": "WM", "fund": "FD", "insurance": "IN", "card": "CC", "loan": "LN",
    "mortgage": "MG", "standing_order": "SO",
}  # fmt: skip
CHANNEL_CODES = {"branch": "CTR", "atm": "ATM", "pos": "POS", "phone": "TEL", "web": "WEB", "app": "APP"}
INITIATOR_CODES = {"customer": "C", "payroll": "P", "bank": "B"}
SURVEY_HEADERS = dict(
    zip(
        ITEMS,
        ("等候时间", "员工服务", "网点环境", "手机银行", "电话客服", "收费", "产品种类", "投诉处理"),
        strict=True,
    )
)
CREATED = datetime(2026, 7, 1)


def write_customers(folder: Path, rng: np.random.Generator, world: pd.DataFrame, branches: pd.DataFrame, history) -> None:
    """core/客户信息.csv: GB18030, Chinese headers, dates as YYYY/M/D."""
    kind, sex, branch = world["kind"].to_numpy(), world["sex"].to_numpy(), world["branch"].to_numpy()
    born = world["birth_date"].to_numpy().astype("datetime64[D]")
    is_company = kind == "corporate"
    industry = rng.choice(np.array(texts.INDUSTRIES, dtype=object), len(world))
    size = rng.choice(np.array(["小微", "小型", "中型", "大型"], dtype=object), len(world), p=(0.5, 0.3, 0.15, 0.05))
    grade = rng.choice(np.array(["R1", "R2", "R3", "R4", "R5"], dtype=object), len(world), p=(0.2, 0.3, 0.3, 0.15, 0.05))
    customers = pd.DataFrame(
        {
            "客户号": world["customer_id"],
            "客户类型": world["kind"].map(KINDS),
            "姓名": texts.draw_names(rng, kind),
            "性别": world["sex"].map(SEXES),
            "出生日期": _slashed(born),
            "证件号码": texts.draw_id_numbers(rng, kind, sex, born),
            "手机号码": texts.draw_phones(rng, len(world)),
            "地址": texts.draw_addresses(rng, branches["city"].iloc[branch]),
            "开户机构": branches["branch_id"].to_numpy()[branch],
            "行业": np.where(is_company, industry, ""),
            "企业规模": np.where(is_company, size, ""),
            "风险等级": grade,
            "开户日期": _slashed(world["opened"].to_numpy().astype("datetime64[D]")),
            "销户日期": _slashed(history.closed),
            "销户原因": pd.Series(history.exit_reason).map(EXIT_REASONS),
        }
    )
    write_csv(folder / "core" / "客户信息.csv", dirt.soil_customers(rng, customers), encoding="gb18030")


def write_branches(folder: Path, branches: pd.DataFrame) -> None:
    """core/branches.csv: UTF-8 with BOM; one branch bears a name with markup."""
    level = np.where(np.arange(len(branches)) == 0, "HQ", branches["level"].map({"city": "CITY", "county": "COUNTY"}))
    name = branches["name"].where(np.arange(len(branches)) != len(branches) - 1, branches["name"] + texts.HOSTILE[0])
    frame = pd.DataFrame({"branch_no": branches["branch_id"], "branch_name": name, "city": branches["city"],
                          "province": branches["province"], "level": level})  # fmt: skip
    write_csv(folder / "core" / "branches.csv", frame, encoding="utf-8-sig")


def write_accounts(folder: Path, rng: np.random.Generator, customer_id: np.ndarray, holdings: pd.DataFrame) -> None:
    """core/accounts.csv: separated by semicolons, dates as YYYYMMDD."""
    frame = pd.DataFrame(
        {
            "account_no": numbered("A", len(holdings)),
            "customer_no": dirt.lose_customers(rng, customer_id[holdings["customer"]]),
            "product_code": holdings["product"].map(PRODUCT_CODES),
            **{
                f"{name}_date": pc.strftime(pa.array(holdings[column].to_numpy().astype("datetime64[D]")), format="%Y%m%d")
                for name, column in (("open", "opened"), ("maturity", "matures"), ("close", "closed"))
            },
        }
    )
    write_csv(folder / "core" / "accounts.csv", dirt.repeat_rows(rng, frame, dirt.DUPLICATE_SHARE), delimiter=";")


def write_balances(folder: Path, rng: np.random.Generator, customer_id: np.ndarray, balances: pd.DataFrame) -> None:
    """core/balances-YYYY.csv in yuan, months as YYYYMM; wealth/理财.csv in 万元 and GB18030, months as YYYY-MM."""
    labels = np.array([month_label(month) for month in range(MONTHS)], dtype=object)
    month, number = labels[balances["month"]], customer_id[balances["customer"]]
    core = pd.DataFrame(
        {
            "customer_no": dirt.lose_customers(rng, number),
            "month": pd.Series(month).str.replace("-", ""),
            "avg_deposits": balances["average_deposits"],
            "end_deposits": balances["end_deposits"],
            "avg_loans": balances["average_loans"],
            "end_loans": balances["end_loans"],
        }
    )
    for year, rows in core.groupby(core["month"].str[:4]):
        soiled = dirt.repeat_rows(rng, rows.reset_index(drop=True), dirt.DUPLICATE_SHARE)
        write_csv(folder / "core" / f"balances-{year}.csv", soiled, quoting="none")
    wealth = pd.DataFrame(
        {
            "客户号": number,
            "月份": month,
            "日均余额(万元)": (balances["average_wealth"] / YUAN_IN_WAN).round(4),
            "时点余额(万元)": (balances["end_wealth"] / YUAN_IN_WAN).round(4),
        }
    )
    write_csv(folder / "wealth" / "理财.csv", wealth[balances["average_wealth"].to_numpy() > 0], encoding="gb18030")


def write_contributions(folder: Path, customer_id: np.ndarray, contributions: pd.DataFrame) -> None:
    """finance/contributions.parquet: one row a customer and month, charges as positive amounts."""
    month = last_day(contributions["month"].to_numpy())
    amounts = contributions.drop(columns=["customer", "month"])
    table = pa.Table.from_pandas(amounts, preserve_index=False).replace_schema_metadata(None)
    table = table.add_column(0, "month", pa.array(month))
    table = table.add_column(0, "customer_no", pa.array(customer_id[contributions["customer"]], pa.string()))
    pq.write_table(table, folder / "finance" / "contributions.parquet", compression="zstd")


def write_transactions(folder: Path, rng: np.random.Generator, month: int, customer_id: np.ndarray, bookings) -> None:
    """ebank/transactions-YYYY-MM.parquet: one file a month, the department's codes for channel and initiator."""
    label = str(FIRST_MONTH + month)
    table = pa.table(
        {
            "txn_id": pa.array(numbered("T" + label.replace("-", ""), len(bookings))),
            "cust_no": pa.array(dirt.lose_customers(rng, customer_id[bookings["customer"]]), pa.string()),
            "txn_time": pa.array(bookings["booked_at"].to_numpy().astype("datetime64[s]"), pa.timestamp("s")),
            "chn": pa.array(bookings["channel"].map(CHANNEL_CODES), pa.string(), from_pandas=True),
            "initiator": pa.array(bookings["initiated_by"].map(INITIATOR_CODES), pa.string()),
            "amt": pa.array(bookings["amount"]),
            "purpose": pa.array(bookings["category"], pa.string()),
            "counterparty": pa.array(bookings["counterparty"], pa.string(), from_pandas=True),
        }
    )
    path = folder / "ebank" / f"transactions-{label}.parquet"
    pq.write_table(table, path, compression="zstd")


def write_contacts(folder: Path, rng: np.random.Generator, customer_id: np.ndarray, contacts: pd.DataFrame) -> None:
    """callcenter/contacts.csv: UTF-8, one line a ticket."""
    frame = contacts.assign(
        ticket_no=numbered("K", len(contacts)),
        customer_no=dirt.lose_customers(rng, customer_id[contacts["customer"]]),
        abandoned=np.where(contacts["abandoned"], "Y", "N"),
    ).rename(columns={"branch_id": "branch_no", "started_at": "started"})
    columns = ["ticket_no", "customer_no", "started", "channel", "branch_no", "purpose", "wait_minutes",
               "handled_minutes", "abandoned", "staff_id", "outcome"]  # fmt: skip
    write_csv(folder / "callcenter" / "contacts.csv", dirt.soil_contacts(rng, frame[columns]), quoting="none")


def write_complaints(folder: Path, rng: np.random.Generator, customer_id: np.ndarray, branches, complaints) -> None:
    """complaints/complaints.jsonl: one JSON object a line, causes in the words of the industry's classification."""
    branch = complaints["branch"].to_numpy()
    times = {name: complaints[name].astype("string").str[:19] for name in
             ("received_at", "escalated_at", "resolved_at", "reopened_at", "revisited_at")}  # fmt: skip
    frame = complaints.drop(columns=["customer", "branch", "category"]).assign(
        complaint_no=numbered("G", len(complaints)),
        customer_no=dirt.lose_customers(rng, customer_id[complaints["customer"]]),
        branch_no=branches["branch_id"].to_numpy()[branch],
        cause=complaints["category"].map(CAUSES),
        text=texts.draw_complaint_texts(rng, complaints["category"].to_numpy(), branches["name"].to_numpy()[branch]),
        **times,
    )
    soiled = dirt.soil_complaints(rng, frame)
    clean = soiled.astype(object).where(soiled.notna(), None)
    lines = [json.dumps(row, ensure_ascii=False, default=_plain) for row in clean.to_dict("records")]
    (folder / "complaints").mkdir(exist_ok=True)
    (folder / "complaints" / "complaints.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_responses(folder: Path, rng: np.random.Generator, customer_id: np.ndarray, responses: pd.DataFrame) -> None:
    """survey/满意度调查.xlsx: one row a response, one column an item; dates as text YYYY-MM-DD."""
    frame = pd.DataFrame(
        {
            "问卷编号": numbered("R", len(responses)),
            "客户号": customer_id[responses["customer"]],
            "答卷日期": responses["answered"].astype("string").str[:10],
            "网点": responses["branch_id"],
            "渠道": responses["channel"],
            "总体满意度": responses["overall"],
            "推荐意愿": responses["recommend"],
            **{header: responses[item] for item, header in SURVEY_HEADERS.items()},
        }
    )
    soiled = dirt.soil_responses(rng, frame)
    memory = io.BytesIO()
    book = xlsxwriter.Workbook(memory, {"in_memory": True})
    book.set_properties({"created": CREATED})
    sheet = book.add_worksheet("答卷")
    for number, row in enumerate([list(soiled), *soiled.itertuples(index=False)]):
        for column, value in enumerate(row):
            if not (isinstance(value, float) and np.isnan(value)):
                sheet.write(number, column, value)
    book.close()
    (folder / "survey" / "满意度调查.xlsx").write_bytes(memory.getvalue())


def write_csv(path: Path, frame: pd.DataFrame, delimiter=",", encoding="utf-8", quoting="needed") -> None:
    """A CSV in any encoding; null is an empty field."""
    memory = io.BytesIO()
    options = csv.WriteOptions(delimiter=delimiter, quoting_style=quoting)
    csv.write_csv(pa.Table.from_pandas(frame, preserve_index=False), memory, options)
    path.write_bytes(memory.getvalue() if encoding == "utf-8" else memory.getvalue().decode().encode(encoding))


def numbered(prefix: str, rows: int) -> np.ndarray:
    """`rows` keys: the prefix and a running number of seven digits."""
    digits = pc.utf8_lpad(pc.cast(pa.array(np.arange(1, rows + 1)), pa.string()), 7, "0")
    return pc.binary_join_element_wise(prefix, digits, "").to_numpy(zero_copy_only=False)


def _slashed(days: np.ndarray) -> list[str]:
    dates = days.astype("datetime64[D]").tolist()
    return ["" if day is None else f"{day.year}/{day.month}/{day.day}" for day in dates]


def _plain(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else str(value)
