"""The lists of the demo bank's departments: customers under each department's numbers, branches, tariffs, rates, incidents."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from analysis.bank.demo import dirt, texts
from analysis.bank.demo.calendar import MONTHS, first_day, last_day
from analysis.bank.demo.parties import make_department, second_numbers, true_parties
from analysis.bank.demo.people import Traits
from analysis.bank.demo.surroundings import FEE_ANNOUNCED_MONTH, FEE_NEW, FEE_OLD, Surroundings
from analysis.bank.demo.writing import Delivery, dashed, slashed, timed

SEXES = {"male": "男", "female": "女", "": ""}
KINDS = {"personal": "个人", "corporate": "对公"}
SIZES = {"micro": "小微", "small": "小型", "medium": "中型", "large": "大型", "": ""}
EXIT_REASONS = {
    "competitor": "转投他行", "fees": "费用", "service": "服务不满", "no_longer_needed": "不再需要",
    "relocation": "迁居", "death": "身故", "loan_repaid": "贷款结清", "cleared": "清理", "": "",
}  # fmt: skip
LEVELS = {"head_office": "HQ", "city": "CITY", "county": "COUNTY"}
SURVEYED_SHARE = 0.75
CHINESE_HEADERS = {
    "number": "客户编号", "core_number": "核心客户号", "name": "姓名", "sex": "性别", "birth_date": "出生日期", "id_number": "证件号码",
    "phone": "手机号码", "address": "地址", "opened": "登记日期",
}  # fmt: skip
FILES = {
    "cards": ("cards/持卡人.csv", "gb18030", CHINESE_HEADERS),
    "ebank": ("ebank/users.csv", "utf-8", {}),
    "callcenter": ("callcenter/callers.csv", "utf-8", {}),
    "survey": ("survey/样本.csv", "gb18030", CHINESE_HEADERS),
    "credit": ("credit/授信客户.csv", "gb18030", CHINESE_HEADERS),
}


@dataclass(frozen=True)
class Lists:
    """`register`: one row a customer with what identifies it; `seconds`: core numbers given twice; `departments`: each
    department's list; `numbers`: by source, the number that its facts bear, by customer ('' where it has none)."""

    register: pd.DataFrame
    seconds: pd.DataFrame
    departments: dict[str, pd.DataFrame]
    numbers: dict[str, np.ndarray]

    @property
    def parties(self) -> pd.DataFrame:
        """The truth: source, source_id, customer_id."""
        return true_parties(self.register, self.seconds, self.departments)


def make_lists(rng: np.random.Generator, people: pd.DataFrame, traits: Traits, stage: Surroundings) -> Lists:
    """What identifies each customer, and how each department has it."""
    kind, branch = people["kind"].to_numpy(), people["branch"].to_numpy()
    born = people["birth_date"].to_numpy().astype("datetime64[D]")
    register = people[["customer", "customer_id", "kind", "sex", "birth_date", "opened"]].assign(
        name=texts.draw_names(rng, kind, people["industry"].to_numpy()),
        id_number=texts.draw_id_numbers(rng, kind, people["sex"].to_numpy(), born),
        phone=texts.draw_phones(rng, len(people)),
        address=texts.draw_addresses(rng, stage.branches["city"].iloc[branch]),
        branch_id=stage.branches["branch_id"].to_numpy()[branch],
    )
    is_client = {
        "cards": (people["archetype"] != "company").to_numpy(),
        "ebank": traits.uses_app,
        "callcenter": np.ones(len(people), bool),
        "survey": rng.random(len(people)) < SURVEYED_SHARE,
        "credit": kind == "corporate",
    }
    departments = {name: make_department(rng, name, register, clients) for name, clients in is_client.items()}
    numbers = {"core": people["customer_id"].to_numpy(dtype=object)}
    for name, rows in departments.items():
        first = rows.drop_duplicates("customer")
        numbers[name] = np.full(len(people), "", dtype=object)
        numbers[name][first["customer"]] = first["number"]
    return Lists(register, second_numbers(rng, register), departments, numbers)


def write_lists(delivery: Delivery, rng: np.random.Generator, lists: Lists, people: pd.DataFrame, closed, exit_reason) -> None:
    """core/客户信息.csv (GB18030, Chinese headers, dates as YYYY/M/D) and each department's own list."""
    seconds, customer = lists.seconds, lists.seconds["customer"].to_numpy()
    both = pd.concat([lists.register, seconds], ignore_index=True)
    rows = np.concatenate([np.arange(len(people)), customer])
    is_second = np.arange(len(both)) >= len(people)
    frame = pd.DataFrame(
        {
            "客户号": both["customer_id"],
            "客户类型": both["kind"].map(KINDS),
            "姓名": both["name"],
            "性别": both["sex"].map(SEXES),
            "出生日期": slashed(both["birth_date"].to_numpy()),
            "证件号码": both["id_number"],
            "手机号码": both["phone"],
            "地址": both["address"],
            "开户机构": both["branch_id"],
            "行业": people["industry"].to_numpy()[rows],
            "企业规模": people["size"].map(SIZES).to_numpy()[rows],
            "风险等级": people["risk_grade"].to_numpy()[rows],
            "开户日期": slashed(both["opened"].to_numpy()),
            "销户日期": slashed(np.where(is_second, np.datetime64("NaT"), closed[rows])),
            "销户原因": np.where(is_second, "", pd.Series(exit_reason).map(EXIT_REASONS).to_numpy()[rows]),
        }
    )
    delivery.csv("core/客户信息.csv", dirt.soil_customers(rng, frame), encoding="gb18030")
    for source, (name, encoding, headers) in FILES.items():
        own = lists.departments[source].drop(columns="customer")
        own = own.assign(sex=own["sex"].map(SEXES), opened=dashed(own["opened"].to_numpy()).to_pandas())
        delivery.csv(name, own.rename(columns=headers), encoding=encoding)


def write_surroundings(delivery: Delivery, stage: Surroundings) -> None:
    """core/branches.csv (UTF-8 with BOM; one name bears markup), core/tariffs.csv, ebank/incidents.csv, market/rates.csv."""
    branches = stage.branches
    hostile = np.where(np.arange(len(branches)) == len(branches) - 1, texts.HOSTILE[0] * dirt.planted(1), "")
    frame = pd.DataFrame(
        {
            "branch_no": branches["branch_id"],
            "branch_name": branches["name"] + hostile,
            "city": branches["city"],
            "province": branches["province"],
            "level": branches["level"].map(LEVELS),
        }
    )
    delivery.csv("core/branches.csv", frame, encoding="utf-8-sig")
    raised = branches.assign(month=stage.fee_month)[stage.fee_month < MONTHS].reset_index(drop=True)
    tariffs = pd.DataFrame(
        {
            "product_code": "CC",
            "branch_no": raised["branch_id"],
            "effective": dashed(first_day(raised["month"].to_numpy())).to_pandas(),
            "announced": str(first_day(FEE_ANNOUNCED_MONTH) + np.timedelta64(14, "D")),
            "old_fee": FEE_OLD,
            "new_fee": FEE_NEW,
        }
    )
    delivery.csv("core/tariffs.csv", tariffs)
    out = stage.outages.assign(scope="channel", channel="app", branch_id="", kind="app_outage")
    local = stage.incidents.assign(scope="branch", channel="")
    incidents = pd.concat([out, local], ignore_index=True).sort_values("started", ignore_index=True)
    incidents = incidents.assign(**{name: timed(incidents[name].to_numpy()).to_pandas() for name in ("started", "ended")})
    delivery.csv("ebank/incidents.csv", incidents[["incident_id", "scope", "channel", "branch_id", "started", "ended", "kind"]])
    rates = stage.rates.assign(month=dashed(last_day(stage.rates["month"].to_numpy())).to_pandas(), product_code="TD")
    delivery.csv("market/rates.csv", pa.Table.from_pandas(rates, preserve_index=False))
