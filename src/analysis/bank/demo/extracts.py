"""The facts that the demo bank's departments deliver: each under its own headers, codes, numbers and units."""

import numpy as np
import pandas as pd
import pyarrow as pa

from analysis.bank.demo import dirt
from analysis.bank.demo.bookings import CATEGORIES, CHANNELS, EMPLOYERS, MERCHANTS, Bookings, label_of
from analysis.bank.demo.calendar import FIRST_MONTH, MONTHS, first_day, last_day
from analysis.bank.demo.complaint_texts import draw_complaint_texts
from analysis.bank.demo.money import Balances
from analysis.bank.demo.surveys import ITEMS
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
INITIATOR_CODES = ("C", "P", "B")
SURVEY_HEADERS = dict(
    zip(ITEMS, ("等候时间", "员工服务", "网点环境", "手机银行", "电话客服", "收费", "产品种类", "投诉处理"), strict=True)
)

Numbers = dict[str, np.ndarray]


def write_accounts(delivery: Delivery, rng: np.random.Generator, numbers: Numbers, contracts: pd.DataFrame, second: np.ndarray) -> None:
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
    month_labels = [label_of(month) for month in range(MONTHS)]
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
    delivery.parquet("finance/contributions.parquet", pa.table(columns))


def write_transactions(delivery: Delivery, rng: np.random.Generator, numbers: Numbers, bookings: Bookings) -> None:
    """ebank/transactions-YYYY-MM.parquet: one file a month, the system that booked and its own customer number."""
    system = np.array([list(SYSTEM_CODES).index(name) for name in (*SYSTEM_OF_CHANNEL, "core")])[bookings.channel]
    number = np.stack([numbers[name] for name in SYSTEM_CODES])[system, bookings.customer]
    number = dirt.lose_customers(rng, number)
    parties = [None, *(f"商户{merchant:04d}" for merchant in range(1, MERCHANTS + 1))]
    parties += [None] * (1000 - MERCHANTS) + [f"单位{employer:04d}" for employer in range(1, EMPLOYERS + 1)]
    begins = np.searchsorted(bookings.month, np.arange(MONTHS + 1))
    start = first_day(0).astype("datetime64[s]")
    for month in range(MONTHS):
        rows = slice(begins[month], begins[month + 1])
        label = label_of(month)
        columns = {
            "txn_id": pa.array(delivery.numbered("T" + label.replace("-", ""), begins[month + 1] - begins[month]), pa.string()),
            "sys": chosen(list(SYSTEM_CODES.values()), system[rows]),
            "cust_no": pa.array(number[rows], pa.string()),
            "txn_time": pa.array(start + bookings.second[rows].astype("timedelta64[s]"), pa.timestamp("s")),
            "chn": chosen(CHANNEL_CODES, bookings.channel[rows]),
            "initiator": chosen(INITIATOR_CODES, bookings.initiator[rows]),
            "amt": bookings.amount[rows],
            "purpose": chosen(CATEGORIES, bookings.category[rows]),
            "counterparty": chosen(parties, bookings.party[rows]),
        }
        delivery.parquet(f"ebank/transactions-{label}.parquet", pa.table(columns))


def write_contacts(delivery: Delivery, rng: np.random.Generator, numbers: Numbers, branch_id: np.ndarray, contacts, logins) -> np.ndarray:
    """core/queue-tickets.csv (branches) and callcenter/contacts.csv (telephone, chat), one line a ticket; ebank/logins.csv, the
    log-ins tried in the hours of an outage and in the same hours of the weeks before. Returns the tickets' numbers."""
    in_branch = (contacts["channel"] == "branch").to_numpy()
    ticket = np.where(in_branch, delivery.numbered("Q", len(contacts)), delivery.numbered("K", len(contacts)))
    customer, branch = contacts["customer"].to_numpy(), contacts["branch"].to_numpy()
    staff = contacts["staff"].astype(str).to_numpy(dtype=object)
    frame = pd.DataFrame(
        {
            "ticket_no": ticket,
            "customer_no": dirt.lose_customers(rng, np.where(in_branch, numbers["core"][customer], numbers["callcenter"][customer])),
            "started": timed(contacts["started_at"].to_numpy()),
            "channel": contacts["channel"],
            "branch_no": np.where(in_branch, branch_id[branch], ""),
            "purpose": contacts["purpose"],
            "wait_minutes": contacts["wait_minutes"],
            "handled_minutes": contacts["handled_minutes"],
            "abandoned": np.where(contacts["abandoned"], "Y", "N"),
            "staff_id": np.where(in_branch, "S" + branch_id[branch] + staff, "S9" + staff),
            "outcome": contacts["outcome"],
        }
    )
    soiled = dirt.soil_contacts(rng, frame)
    is_ticket = soiled["channel"] == "branch"
    delivery.csv("core/queue-tickets.csv", soiled[is_ticket].drop(columns="channel"), quoting="none")
    delivery.csv("callcenter/contacts.csv", soiled[~is_ticket].drop(columns="branch_no"), quoting="none")
    tried = pd.DataFrame(
        {
            "login_no": delivery.numbered("W", len(logins)),
            "user_no": numbers["ebank"][logins["customer"]],
            "tried_at": timed(logins["started_at"].to_numpy()),
            "result": np.where(logins["is_failed"], "FAIL", "OK"),
        }
    )
    delivery.csv("ebank/logins.csv", tried)
    return ticket


def write_complaints(delivery: Delivery, rng: np.random.Generator, numbers: Numbers, branches: pd.DataFrame, product, complaints) -> None:
    """complaints/complaints.jsonl: one JSON object a line, causes in the words of the industry's classification."""
    branch = complaints["branch"].to_numpy()
    dated = ("received_at", "escalated_at", "resolved_at", "reopened_at", "revisited_at")
    told = (complaints[name].to_numpy() for name in ("category", "severity", "waited_minutes"))
    category, severity, waited = told
    frame = complaints.drop(columns=["customer", "branch", "category", "waited_minutes"]).assign(
        complaint_no=delivery.numbered("G", len(complaints)),
        customer_no=dirt.lose_customers(rng, numbers["callcenter"][complaints["customer"]]),
        branch_no=branches["branch_id"].to_numpy()[branch],
        cause=complaints["category"].map(CAUSES),
        text=draw_complaint_texts(rng, category, branches["name"].to_numpy()[branch], product, severity, waited),
        **{name: timed(complaints[name].to_numpy()).to_pandas() for name in dated},
    )
    soiled = dirt.soil_complaints(rng, frame).astype(object)
    delivery.json_lines("complaints/complaints.jsonl", soiled.where(soiled.notna(), None).to_dict("records"))


def write_invitations(delivery: Delivery, numbers: Numbers, sent: pd.DataFrame, ticket: np.ndarray) -> np.ndarray:
    """survey/invitations.csv; returns each invitation's number of its answer ('' where none came)."""
    answered = sent["is_answered"].to_numpy()
    response = np.full(len(sent), "", dtype=object)
    response[answered] = delivery.numbered("R", int(answered.sum()))
    contact = sent["contact"].to_numpy()
    frame = pd.DataFrame(
        {
            "invitation_no": delivery.numbered("V", len(sent)),
            "sample_no": numbers["survey"][sent["customer"]],
            "sent": dashed(sent["sent"].to_numpy()),
            "channel": sent["channel"],
            "trigger": sent["trigger"],
            "ticket_no": np.where(contact >= 0, np.append(ticket, "")[contact], ""),
            "response_no": response,
        }
    )
    delivery.csv("survey/invitations.csv", frame)
    return response


def response_rows(rng: np.random.Generator, numbers: Numbers, branch_id: np.ndarray, response: np.ndarray, given: pd.DataFrame) -> pd.DataFrame:
    """Answers as the survey office keeps them: one row a response, one column an item, a few marks beyond the scale."""
    frame = pd.DataFrame(
        {
            "问卷编号": response[given["invitation"]],
            "客户编号": numbers["survey"][given["customer"]],
            "答卷日期": dashed(given["answered"].to_numpy()).to_pandas(),
            "网点": branch_id[given["branch"]],
            "渠道": given["channel"],
            "总体满意度": given["overall"],
            "推荐意愿": given["recommend"],
            **{header: given[item] for item, header in SURVEY_HEADERS.items()},
        }
    )
    return dirt.soil_responses(rng, frame)


def write_responses(delivery: Delivery, rows: pd.DataFrame) -> None:
    """survey/满意度调查-YYYY.xlsx: a workbook a year."""
    ordered = rows.sort_values(["答卷日期", "问卷编号"], ignore_index=True)
    for year, part in ordered.groupby(ordered["答卷日期"].str[:4]):
        delivery.workbook(f"survey/满意度调查-{year}.xlsx", "答卷", part)


def write_care(delivery: Delivery, numbers: Numbers, assignments: pd.DataFrame, alerts: pd.DataFrame, consents: pd.DataFrame) -> None:
    """core/客户经理.csv (GB18030), core/consents.csv, marketing/alerts.csv."""
    care = pd.DataFrame(
        {
            "客户号": numbers["core"][assignments["customer"]],
            "客户经理": assignments["manager_id"],
            "起始日期": dashed(assignments["from"].to_numpy()),
            "终止日期": dashed(assignments["until"].to_numpy()),
            "终止原因": assignments["reason"].map({"retired": "退休", "transferred": "调岗", "poached": "跳槽", "": ""}),
        }
    )
    delivery.csv("core/客户经理.csv", care, encoding="gb18030")
    dated = {name: dashed(consents[name].to_numpy()) for name in ("given", "withdrawn")}
    owned = pd.DataFrame({"customer_no": numbers["core"][consents["customer"]], "purpose": consents["purpose"], **dated})
    delivery.csv("core/consents.csv", owned)
    raised = alerts.assign(
        alert_no=delivery.numbered("AL", len(alerts)),
        customer_no=numbers["core"][alerts["customer"]],
        held_out=np.where(alerts["held_out"], "Y", "N"),
        **{name: dashed(alerts[name].to_numpy()).to_pandas() for name in ("raised", "outcome_date")},
    ).drop(columns="customer")
    delivery.csv("marketing/alerts.csv", raised)


def write_offers(delivery: Delivery, numbers: Numbers, offers: pd.DataFrame) -> None:
    """marketing/campaigns.csv: one line a campaign and customer."""
    frame = offers.assign(
        customer_no=numbers["core"][offers["customer"]],
        offered=dashed(offers["offered"].to_numpy()).to_pandas(),
        product=offers["product"].astype(str).map(PRODUCT_CODES),
        responded=np.where(offers["responded"].astype(bool), "Y", "N"),
    ).drop(columns="customer")
    delivery.csv("marketing/campaigns.csv", frame)


def write_prospects(delivery: Delivery, numbers: Numbers, prospects: pd.DataFrame) -> None:
    """marketing/prospects.csv: one line a prospect; who converted bears the core number."""
    customer = prospects["converted_customer"].to_numpy()
    frame = prospects.assign(
        core_no=np.where(customer >= 0, numbers["core"][customer], ""),
        birth_year=prospects["birth_year"].astype("Int64"),
        **{name: dashed(prospects[name].to_numpy()).to_pandas() for name in ("first_seen", "converted")},
    ).drop(columns="converted_customer")
    delivery.csv("marketing/prospects.csv", frame)


def write_credit(delivery: Delivery, numbers: Numbers, people: pd.DataFrame, ties: pd.DataFrame, exposures: pd.DataFrame) -> None:
    """credit/关联关系.csv (GB18030) and credit/exposures.csv in 万元, both under the credit department's numbers."""
    own = dict(zip(people["customer_id"], numbers["credit"], strict=True))
    kinds = {"equity": "股权", "guarantee": "担保", "executive": "高管", "registered": "登记集团"}
    frame = pd.DataFrame(
        {
            "上级": ties["parent_id"].map(lambda number: own.get(number, number)),
            "下级": ties["child_id"].map(lambda number: own.get(number, number)),
            "关系": ties["kind"].map(kinds),
            "持股比例": (100 * ties["share"].astype(float)).round(4),
            "起始日": dashed(ties["since"].to_numpy()),
            "终止日": dashed(ties["until"].to_numpy()),
        }
    )
    delivery.csv("credit/关联关系.csv", frame, encoding="gb18030")
    money = {name: (exposures[name] / YUAN_IN_WAN).round(4) for name in ("credit_line", "drawn", "collateral")}
    reported = dashed(exposures["reported"].to_numpy()).to_pandas()
    lent = pd.DataFrame({"borrower_no": exposures["customer_id"].map(own), "lender": exposures["lender"], "reported": reported, **money})
    delivery.csv("credit/exposures.csv", lent)


def first_month_year() -> int:
    """The year in which the data begin."""
    return int(str(FIRST_MONTH)[:4])
