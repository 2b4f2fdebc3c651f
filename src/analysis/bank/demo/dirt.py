"""What is wrong in the departments' files, in shares small enough for a bank that looks after its data."""

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


def soil_customers(rng: np.random.Generator, customers: pd.DataFrame) -> pd.DataFrame:
    """Phones missing or in full-width digits, impossible dates of birth, hostile names, and customers entered twice."""
    phone, name, born = (customers[column].to_numpy(dtype=object).copy() for column in ("手机号码", "姓名", "出生日期"))
    phone[some(rng, len(phone), MISSING_PHONE_SHARE)] = ""
    wide = some(rng, len(phone), FULL_WIDTH_SHARE)
    phone[wide] = [number.translate(FULL_WIDTH) for number in phone[wide]]
    wrong = some(rng, len(born), IMPOSSIBLE_DATE_SHARE)
    born[wrong] = rng.choice(np.array(IMPOSSIBLE_DATES, dtype=object), len(wrong))
    name[rng.choice(len(name), len(HOSTILE), replace=False)] = HOSTILE
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
    hit = rng.choice(len(text), min(len(HOSTILE), len(text)), replace=False)
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
    changed[lost] = [f"99{number:08d}" for number in rng.integers(0, 10**8, len(lost))]
    return changed


def repeat_rows(rng: np.random.Generator, frame: pd.DataFrame, share: float) -> pd.DataFrame:
    """The frame with a share of its rows standing twice, one after the other."""
    return frame.loc[np.sort(np.append(frame.index, some(rng, len(frame), share)))].reset_index(drop=True)


def some(rng: np.random.Generator, rows: int, share: float) -> np.ndarray:
    """Positions of a share of the rows, each row with that chance."""
    return np.flatnonzero(rng.random(rows) < share)
