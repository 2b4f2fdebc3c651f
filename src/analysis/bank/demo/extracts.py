"""The facts that the demo bank's departments deliver: each under its own headers, codes, numbers and units."""

import numpy as np
import pandas as pd
import pyarrow as pa

from analysis.bank.demo import dirt
from analysis.bank.demo.bookings import CATEGORIES, EMPLOYERS, MERCHANTS, Bookings
from analysis.bank.demo.calendar import MONTHS, first_day, last_day, month_label
from analysis.bank.demo.complaint_texts import draw_complaint_texts, named_products
from analysis.bank.demo.money import Balances
from analysis.bank.demo.writing import Delivery, chosen, dashed, packed, timed

YUAN_IN_WAN = 10_000
CAUSES = {
    "service": "服务态度及服务质量", "pricing": "定价收费", "system": "金融机构服务设施、设备、业务系统",
    "process": "金融机构管理制度、业务规则与流程", "returns": "产品收益", "funds_security": "消费者资金安全",
    "marketing": "营销方式和手段", "other": "其他",
}  # fmt: skip
PRODUCT_CODES = {
    "demand": "DD", "term": "TD", "wealth": "WM", "fund": "FD", "insurance": "IN", "card": "CC", "loan": "LN",
    "mortgage": "MG", "standing_order": "SO",
}  # fmt: skip
CHANNEL_CODES = ("CTR", "ATM", "POS", "TEL", "WEB", "APP")
SYSTEM_OF_CHANNEL = ("core", "core", "cards", "core", "ebank", "ebank")
SYSTEM_CODES = {"core": "C", "cards": "K", "ebank": "E"}
REPEATING = ("sys", "cust_no", "chn", "initiator", "purpose", "counterparty")
INITIATOR_CODES = ("C", "P", "B")

Numbers = dict[str, np.ndarray]


def write_accounts(
    delivery: Delivery, rng: np.random.Generator, numbers: Numbers, contracts: pd.DataFrame, second: np.ndarray
) -> None:
    """core/accounts.csv: separated by semicolons, dates as YYYYMMDD. `second`: a customer's second core number, ''; its last
    contract is booked under it."""
    customer = contracts["customer"].to_numpy()
    is_last = ~contracts.duplicated("customer", keep="last").to_numpy() & (second[customer] != "")
    owner = np.where(is_last, second[customer], dirt.lose_customers(rng, numbers["core"][customer]))
    frame = pd.DataFrame(
        {
            "account_no": delivery.numbered("A", len(contracts)),
            "customer_no": owner,
            "product_code": contracts["product"].astype(str).map(PRODUCT_CODES),
            "open_date": packed(contracts["opened"].to_numpy()),
            "maturity_date": packed(contracts["matures"].to_numpy()),
            "close_date": packed(contracts["closed"].to_numpy()),
        }
    )
    delivery.csv("core/accounts.csv", dirt.repeat_rows(rng, frame, dirt.DUPLICATE_SHARE), delimiter=";")


def write_balances(delivery: Delivery, rng: np.random.Generator, numbers: Numbers, is_open: np.ndarray, money: Balances) -> None:
    """core/balances-YYYY.csv in yuan, months as YYYYMM; wealth/理财.csv in 万元 and GB18030, months as YYYY-MM."""
    month_labels = [month_label(month) for month in range(MONTHS)]
    year = np.array([int(label[:4]) for label in month_labels])
    for one in np.unique(year):
        of_year = np.flatnonzero(year == one)
        customer, place = np.nonzero(is_open[:, of_year])
        month = of_year[place]
        columns = {
            "customer_no": dirt.lose_customers(rng, numbers["core"][customer]),
            "month": chosen([label.replace("-", "") for label in month_labels], month),
            "avg_deposits": money.average_deposits[customer, month],
            "end_deposits": money.end_deposits[customer, month],
            "avg_loans": money.average_loans[customer, month],
            "end_loans": money.end_loans[customer, month],
        }
        table = pa.table({name: pa.array(values) for name, values in columns.items()})
        again = np.sort(np.append(np.arange(len(customer)), dirt.some(rng, len(customer), dirt.DUPLICATE_SHARE)))
        delivery.csv(f"core/balances-{one}.csv", table.take(pa.array(again)), quoting="none")
    customer, month = np.nonzero(is_open & (money.average_wealth > 0))
    wealth = {
        "客户号": pa.array(numbers["core"][customer], pa.string()),
        "月份": chosen(month_labels, month),
        "日均余额(万元)": (money.average_wealth[customer, month] / YUAN_IN_WAN).round(4),
        "时点余额(万元)": (money.end_wealth[customer, month] / YUAN_IN_WAN).round(4),
    }
    delivery.csv("wealth/理财.csv", pa.table(wealth), encoding="gb18030")


def write_contributions(delivery: Delivery, numbers: Numbers, is_open: np.ndarray, amounts: dict[str, np.ndarray]) -> None:
    """finance/contributions.parquet: one row a customer and month, charges as positive amounts."""
    customer, month = np.nonzero(is_open)
    columns = {
        "customer_no": pa.array(numbers["core"][customer], pa.string()),
        "month": pa.array(last_day(month)),
        **{name: grid[customer, month].round(2) for name, grid in amounts.items()},
    }
    delivery.parquet("finance/contributions.parquet", pa.table(columns), repeating=["customer_no", "month"])


def write_transactions(delivery: Delivery, rng: np.random.Generator, numbers: Numbers, bookings: Bookings) -> None:
    """ebank/transactions-YYYY-MM.parquet: one file a month, the system that booked and its own customer number."""
    system = np.array([list(SYSTEM_CODES).index(name) for name in (*SYSTEM_OF_CHANNEL, "core")])[bookings.channel]
    known = np.concatenate([numbers[name] for name in SYSTEM_CODES])
    lost = dirt.some(rng, len(system), dirt.UNKNOWN_CUSTOMER_SHARE)
    code = system * len(numbers["core"]) + bookings.customer
    code[lost] = len(known) + np.arange(len(lost))
    every = pa.array([*known, *dirt.unknown_numbers(rng, len(lost))], pa.string())
    parties = [None, *(f"商户{merchant:04d}" for merchant in range(1, MERCHANTS + 1))]
    parties += [None] * (1000 - MERCHANTS) + [f"单位{employer:04d}" for employer in range(1, EMPLOYERS + 1)]
    begins = np.searchsorted(bookings.month, np.arange(MONTHS + 1))
    start = first_day(0).astype("datetime64[s]")
    for month in range(MONTHS):
        rows = slice(begins[month], begins[month + 1])
        label = month_label(month)
        columns = {
            "txn_id": pa.array(delivery.numbered("T" + label.replace("-", ""), begins[month + 1] - begins[month]), pa.string()),
            "sys": chosen(list(SYSTEM_CODES.values()), system[rows]),
            "cust_no": chosen(every, code[rows]),
            "txn_time": pa.array(start + bookings.second[rows].astype("timedelta64[s]"), pa.timestamp("s")),
            "chn": chosen(CHANNEL_CODES, bookings.channel[rows]),
            "initiator": chosen(INITIATOR_CODES, bookings.initiator[rows]),
            "amt": bookings.amount[rows],
            "purpose": chosen(CATEGORIES, bookings.category[rows]),
            "counterparty": chosen(parties, bookings.party[rows]),
        }
        delivery.parquet(f"ebank/transactions-{label}.parquet", pa.table(columns), REPEATING)


def write_contacts(
    delivery: Delivery, rng: np.random.Generator, numbers: Numbers, branch_id: np.ndarray, contacts: pd.DataFrame
) -> np.ndarray:
    """core/queue-tickets.csv (branches) and callcenter/contacts.csv (telephone, chat), one line a ticket; returns the tickets'
    numbers."""
    in_branch = (contacts["channel"] == "branch").to_numpy()
    ticket = np.where(in_branch, delivery.numbered("Q", len(contacts)), delivery.numbered("K", len(contacts)))
    customer, branch = contacts["customer"].to_numpy(), contacts["branch"].to_numpy()
    number = np.where(in_branch, numbers["core"][customer], numbers["callcenter"][customer])
    staff = contacts["staff"].astype(str).to_numpy(dtype=object)
    frame = pd.DataFrame(
        {
            "ticket_no": ticket,
            "customer_no": dirt.lose_customers(rng, number),
            "started": contacts["started_at"].to_numpy().astype("datetime64[s]"),
            "channel": contacts["channel"],
            "branch_no": np.where(in_branch, branch_id[branch], ""),
            **{name: contacts[name] for name in ("purpose", "wait_minutes", "handled_minutes")},
            "abandoned": np.where(contacts["abandoned"], "Y", "N"),
            "staff_id": np.where(in_branch, "S" + branch_id[branch] + staff, "S9" + staff),
            "outcome": contacts["outcome"],
        }
    )
    soiled = dirt.soil_contacts(rng, frame)
    is_ticket = soiled["channel"] == "branch"
    delivery.csv("core/queue-tickets.csv", soiled[is_ticket].drop(columns="channel"), quoting="none")
    delivery.csv("callcenter/contacts.csv", soiled[~is_ticket].drop(columns="branch_no"), quoting="none")
    return ticket


def write_logins(delivery: Delivery, numbers: Numbers, logins: pd.DataFrame) -> None:
    """ebank/logins.csv: the log-ins tried in the hours of an outage and in the same hours of the weeks before."""
    tried = pd.DataFrame(
        {
            "login_no": delivery.numbered("W", len(logins)),
            "user_no": numbers["ebank"][logins["customer"]],
            "tried_at": logins["started_at"].to_numpy().astype("datetime64[s]"),
            "result": np.where(logins["is_failed"], "FAIL", "OK"),
        }
    )
    delivery.csv("ebank/logins.csv", tried)


def write_complaints(
    delivery: Delivery, rng: np.random.Generator, numbers: Numbers, branches: pd.DataFrame, product, complaints
) -> None:
    """complaints/complaints.jsonl: one JSON object a line, causes in the words of the industry's classification."""
    branch = complaints["branch"].to_numpy()
    dated = ("received_at", "escalated_at", "resolved_at", "reopened_at", "revisited_at", "extension_approved_at")
    category, severity, waited, years = (
        complaints[name].to_numpy() for name in ("category", "severity", "waited_minutes", "years")
    )
    names = branches["name"].to_numpy()[branch]
    frame = complaints.drop(columns=["customer", "branch", "category", "waited_minutes", "years"]).assign(
        complaint_no=delivery.numbered("G", len(complaints)),
        customer_no=dirt.lose_customers(rng, numbers["callcenter"][complaints["customer"]]),
        branch_no=branches["branch_id"].to_numpy()[branch],
        cause=complaints["category"].map(CAUSES),
        product_code=[PRODUCT_CODES.get(one) for one in named_products(category, product)],
        text=draw_complaint_texts(rng, category, names, product, severity, waited, years),
        extended_until=dashed(complaints["extended_until"].to_numpy()).to_pandas(),
        **{name: timed(complaints[name].to_numpy()).to_pandas() for name in dated},
    )
    soiled = dirt.soil_complaints(rng, frame).astype(object)
    delivery.json_lines("complaints/complaints.jsonl", soiled.where(soiled.notna(), None).to_dict("records"))
