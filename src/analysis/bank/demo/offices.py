"""What the demo bank's survey, marketing and credit offices deliver, and core banking's lists of managers and consents."""

import numpy as np
import pandas as pd

from analysis.bank.demo import dirt
from analysis.bank.demo.extracts import PRODUCT_CODES, YUAN_IN_WAN, Numbers
from analysis.bank.demo.surveys import ITEMS
from analysis.bank.demo.writing import Delivery, dashed

SURVEY_HEADERS = dict(
    zip(ITEMS, ("等候时间", "员工服务", "网点环境", "手机银行", "电话客服", "收费", "产品种类", "投诉处理"), strict=True)
)
DEPARTURES = {"retired": "退休", "transferred": "调岗", "poached": "跳槽", "customer_left": "客户离行", "": ""}
TIES = {"equity": "股权", "guarantee": "担保", "executive": "高管", "registered": "登记集团"}


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


def response_rows(
    rng: np.random.Generator, numbers: Numbers, branch_id: np.ndarray, response: np.ndarray, given: pd.DataFrame
) -> pd.DataFrame:
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
            "办理便捷度": given["effort"],
            **{header: given[item] for item, header in SURVEY_HEADERS.items()},
        }
    )
    return dirt.soil_responses(rng, frame)


def write_responses(delivery: Delivery, rows: pd.DataFrame) -> None:
    """survey/满意度调查-YYYY.xlsx: a workbook a year."""
    ordered = rows.sort_values(["答卷日期", "问卷编号"], ignore_index=True)
    for year, part in ordered.groupby(ordered["答卷日期"].str[:4]):
        delivery.workbook(f"survey/满意度调查-{year}.xlsx", "答卷", part)


def write_care(
    delivery: Delivery, numbers: Numbers, assignments: pd.DataFrame, alerts: pd.DataFrame, consents: pd.DataFrame
) -> None:
    """core/客户经理.csv (GB18030), core/consents.csv, marketing/alerts.csv."""
    care = pd.DataFrame(
        {
            "客户号": numbers["core"][assignments["customer"]],
            "客户经理": assignments["manager_id"],
            "起始日期": dashed(assignments["from"].to_numpy()),
            "终止日期": dashed(assignments["until"].to_numpy()),
            "终止原因": assignments["reason"].map(DEPARTURES),
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
    frame = pd.DataFrame(
        {
            "上级": ties["parent_id"].map(lambda number: own.get(number, number)),
            "下级": ties["child_id"].map(lambda number: own.get(number, number)),
            "关系": ties["kind"].map(TIES),
            "持股比例": (100 * ties["share"].astype(float)).round(4),
            "起始日": dashed(ties["since"].to_numpy()),
            "终止日": dashed(ties["until"].to_numpy()),
        }
    )
    delivery.csv("credit/关联关系.csv", frame, encoding="gb18030")
    money = {name: (exposures[name] / YUAN_IN_WAN).round(4) for name in ("credit_line", "drawn", "collateral")}
    reported = dashed(exposures["reported"].to_numpy()).to_pandas()
    lent = pd.DataFrame(
        {"borrower_no": exposures["customer_id"].map(own), "lender": exposures["lender"], "reported": reported, **money}
    )
    delivery.csv("credit/exposures.csv", lent)
