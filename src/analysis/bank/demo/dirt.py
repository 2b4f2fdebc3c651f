"""What is wrong in the departments' files, in shares small enough for a bank that looks after its data. In `spotless` nothing is.

Errors of typing are functions of an array of texts (dtype object) to a new one, all of whose texts are changed; `spoil`
applies one to a share of the rows.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np
import pandas as pd

from analysis.bank.demo.texts import HOSTILE

IMPOSSIBLE_DATE_SHARE = 0.006
DUPLICATE_CUSTOMER_SHARE = 0.005
MISSING_PHONE_SHARE = 0.04
FULL_WIDTH_SHARE = 0.01
UNKNOWN_CUSTOMER_SHARE = 0.003
DUPLICATE_SHARE = 0.002
NEGATIVE_WAIT_SHARE = 0.003
WRONG_MARK_SHARE = 0.004
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
IMPOSSIBLE_DATES = ("1975/2/30", "1988/13/5", "2023/2/30", "0000/0/0")
WRITTEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红建文志国海波宁辉鹏飞雪梅欣怡浩然子轩雨涵"
    "鼎盛恒通瑞金源博远联创宏达天成众信泰和"
)
MISTAKEN = (
    "玮方那闵靖莉墙垒君阳永燕洁涓滔铭朝绣遐萍钢贵瑛花钰蓝虹健雯智帼诲坡柠晖朋非学玫新宜皓燃梓宣宇函"
    "顶胜衡同锐今元搏元连昌洪大添城重欣秦合"
)
LOOKALIKES = dict(zip(WRITTEN, MISTAKEN, strict=True))
COMPANY_FORM = "有限公司"
IS_SPOTLESS: ContextVar[bool] = ContextVar("IS_SPOTLESS", default=False)
SPACED_PHONE = (3, 7)
SPACED_ID_NUMBER = (6, 14)


@contextmanager
def spotless(is_clean: bool = True) -> Iterator[None]:
    """Where `is_clean`, no error is made for as long as the block lasts; chance is drawn on as ever."""
    token = IS_SPOTLESS.set(is_clean)
    try:
        yield
    finally:
        IS_SPOTLESS.reset(token)


def planted(size: float) -> float:
    """A share or number of errors, or 0 where nothing is to be wrong."""
    return 0 if IS_SPOTLESS.get() else size


def soil_customers(rng: np.random.Generator, customers: pd.DataFrame) -> pd.DataFrame:
    """Phones missing or in full-width digits, impossible dates of birth, hostile names, and customers entered twice."""
    phone, name, born = (customers[column].to_numpy(dtype=object).copy() for column in ("手机号码", "姓名", "出生日期"))
    phone[some(rng, len(phone), MISSING_PHONE_SHARE)] = ""
    wide = some(rng, len(phone), FULL_WIDTH_SHARE)
    phone[wide] = [number.translate(FULL_WIDTH) for number in phone[wide]]
    wrong = some(rng, len(born), IMPOSSIBLE_DATE_SHARE)
    born[wrong] = rng.choice(np.array(IMPOSSIBLE_DATES, dtype=object), len(wrong))
    hit = rng.choice(len(name), len(HOSTILE), replace=False)[: planted(len(HOSTILE))]
    name[hit] = HOSTILE[: len(hit)]
    soiled = customers.assign(手机号码=phone, 姓名=name, 出生日期=born)
    return repeat_rows(rng, soiled, DUPLICATE_CUSTOMER_SHARE)


def soil_contacts(rng: np.random.Generator, contacts: pd.DataFrame) -> pd.DataFrame:
    """Waits below zero, tickets written twice."""
    wait = contacts["wait_minutes"].to_numpy().copy()
    wait[some(rng, len(wait), NEGATIVE_WAIT_SHARE)] = -1.0
    return repeat_rows(rng, contacts.assign(wait_minutes=wait), DUPLICATE_SHARE)


def soil_complaints(rng: np.random.Generator, complaints: pd.DataFrame) -> pd.DataFrame:
    """Hostile words in some texts, complaints logged twice."""
    text = complaints["text"].to_numpy(dtype=object).copy()
    hit = rng.choice(len(text), min(len(HOSTILE), len(text)), replace=False)[: planted(len(HOSTILE))]
    text[hit] = [f"{hostile} {old}" for hostile, old in zip(HOSTILE, text[hit], strict=False)]
    return repeat_rows(rng, complaints.assign(text=text), DUPLICATE_SHARE)


def soil_responses(rng: np.random.Generator, responses: pd.DataFrame) -> pd.DataFrame:
    """Marks beyond the scale."""
    overall = responses["总体满意度"].to_numpy().copy()
    overall[some(rng, len(overall), WRONG_MARK_SHARE)] = 99
    return responses.assign(总体满意度=overall)


def lose_customers(rng: np.random.Generator, customer_id: np.ndarray) -> np.ndarray:
    """Customer numbers, a few of which belong to nobody."""
    lost = some(rng, len(customer_id), UNKNOWN_CUSTOMER_SHARE)
    changed = customer_id.copy()
    changed[lost] = unknown_numbers(rng, len(lost))
    return changed


def unknown_numbers(rng: np.random.Generator, size: int) -> list[str]:
    """Numbers that belong to nobody."""
    return [f"99{number:08d}" for number in rng.integers(0, 10**8, size)]


def repeat_rows(rng: np.random.Generator, frame: pd.DataFrame, share: float) -> pd.DataFrame:
    """The frame with a share of its rows standing twice, one after the other."""
    return frame.loc[np.sort(np.append(frame.index, some(rng, len(frame), share)))].reset_index(drop=True)


def some(rng: np.random.Generator, rows: int, share: float) -> np.ndarray:
    """Positions of a share of the rows, each row with that chance."""
    return np.flatnonzero(rng.random(rows) < planted(share))


def spoil(rng: np.random.Generator, values: np.ndarray, share: float, change: Callable) -> np.ndarray:
    """The texts with a share of those that are not empty replaced by `change(rng, texts)`."""
    hit = some(rng, len(values), share)
    hit = hit[values[hit] != ""]
    spoilt = values.copy()
    spoilt[hit] = change(rng, values[hit])
    return spoilt


def misspell_names(rng: np.random.Generator, names: np.ndarray) -> np.ndarray:
    """One character mistaken for another that sounds or looks alike, as far as the name has one."""
    return _texts(_misspell(name, draw) for name, draw in zip(names, rng.random(len(names)), strict=True))


def space_names(rng: np.random.Generator, names: np.ndarray) -> np.ndarray:
    """A blank within: 张 伟."""
    return _texts(f"{name[:1]} {name[1:]}" for name in names)


def shorten_companies(rng: np.random.Generator, names: np.ndarray) -> np.ndarray:
    """Companies without their legal form; persons stay as they are."""
    return _texts(name.removesuffix(COMPANY_FORM) for name in names)


def widen_digits(rng: np.random.Generator, numbers: np.ndarray) -> np.ndarray:
    """Digits in full width."""
    return _texts(number.translate(FULL_WIDTH) for number in numbers)


def space_phones(rng: np.random.Generator, phones: np.ndarray) -> np.ndarray:
    """Blanks within: 154 1234 5678."""
    return _texts(_space(phone, SPACED_PHONE) for phone in phones)


def space_id_numbers(rng: np.random.Generator, id_numbers: np.ndarray) -> np.ndarray:
    """Blanks around the date of birth: 999001 19800229 0016."""
    return _texts(_space(number, SPACED_ID_NUMBER) for number in id_numbers)


def miss_last_digit(rng: np.random.Generator, id_numbers: np.ndarray) -> np.ndarray:
    """The last place, the check digit, is another digit."""
    steps = rng.integers(1, 10, len(id_numbers))
    return _texts(
        number[:-1] + str((int(number[-1] if number[-1].isdigit() else 0) + step) % 10)
        for number, step in zip(id_numbers, steps, strict=True)
    )


def empty(rng: np.random.Generator, values: np.ndarray) -> np.ndarray:
    """Nothing."""
    return np.full(len(values), "", dtype=object)


def _misspell(name: str, draw: float) -> str:
    places = [place for place, character in enumerate(name) if character in LOOKALIKES]
    if not places:
        return name
    place = places[int(draw * len(places))]
    return name[:place] + LOOKALIKES[name[place]] + name[place + 1 :]


def _space(number: str, places: tuple[int, int]) -> str:
    first, second = places
    return f"{number[:first]} {number[first:second]} {number[second:]}"


def _texts(values) -> np.ndarray:
    return np.array(list(values), dtype=object)
