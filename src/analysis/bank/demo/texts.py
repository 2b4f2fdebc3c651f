"""Words of the demo bank: invented names and places, and numbers that nobody bears.

None of the names is a real person, firm or town. Identity numbers have the form of GB 11643 and its check digit (ISO 7064
mod 11-2), company codes that of GB 32100 and its check character (mod 31), so that they pass a check of form. They belong
to nobody: citizens' numbers begin with a region code of GB/T 2260, whose first digit is 1 to 8; since December 2023 a
first digit of 9 marks a foreigner's permanent residence card, followed by the two digits of the province that issued it.
Ours begin with 999, and there is no province 99. Company codes carry the region 990000, which GB/T 2260 doesn't contain.
Telephone numbers have the mobile form of eleven digits with the prefix 154, which no operator holds: public tables of
prefixes and libphonenumber's pattern for China (15[0-35-9]) leave it out.
"""

import numpy as np
import pandas as pd

CITIES = ("青岚", "望海", "云岭", "锦川", "明湖", "安原", "宁渡", "北桥")
PROVINCES = ("东陵省", "西岭省")
PLACES = ("中心", "人民路", "新区", "大学城", "火车站", "滨河", "开发区", "老城")
SURNAMES = tuple("王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕")
GIVEN = tuple("伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红建文志国海波宁辉鹏飞雪梅欣怡浩然子轩雨涵")
FIRM_WORDS = ("鼎盛", "恒通", "华瑞", "金源", "博远", "联创", "宏达", "天成", "众信", "泰和")
INDUSTRIES = ("制造", "批发", "零售", "建筑", "物流", "科技", "餐饮", "农业")
STREETS = ("解放路", "建设路", "和平街", "长虹路", "文昌街", "迎宾大道")
HOSTILE = (
    "<script>alert(1)</script>",
    '=HYPERLINK("http://example.invalid","x")',
    "响\u0007铃",
    "\u202eevil\u202c反向",
    "{{7*7}}",
    "**粗体**",
    "' OR 1=1 --",
)
USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
SURNAME_SKEW = 1.5
REGION = "999"
PHONE_PREFIX = "154"


def draw_names(rng: np.random.Generator, kind: np.ndarray, industry: np.ndarray) -> list[str]:
    """An invented name a customer: surname (the first ones are the commonest) and one or two characters, or town, firm and
    trade for a company."""
    pieces = rng.integers(0, 10_000, (len(kind), 4))
    each = zip(kind, pieces, industry, strict=True)
    return [_company(piece, trade) if one == "corporate" else _person(piece) for one, piece, trade in each]


def _person(piece: np.ndarray) -> str:
    given = GIVEN[piece[1] % len(GIVEN)] + (GIVEN[piece[2] % len(GIVEN)] if piece[3] % 3 else "")
    return SURNAMES[int(len(SURNAMES) * (piece[0] / 10_000) ** SURNAME_SKEW)] + given


def _company(piece: np.ndarray, trade: str) -> str:
    (first, _), (_, second) = FIRM_WORDS[piece[1] % 10], FIRM_WORDS[piece[1] // 10 % 10]
    third = FIRM_WORDS[piece[3] // 4 % 10][piece[3] // 40 % 2] if piece[3] % 4 else ""
    return f"{CITIES[piece[0] % len(CITIES)]}{first}{second}{third}{trade}有限公司"


def draw_id_numbers(rng: np.random.Generator, kind: np.ndarray, sex: np.ndarray, birth_date: np.ndarray) -> list[str]:
    """Numbers of valid form for a region that does not exist (see the module's text)."""
    draws = rng.integers(0, 10**8, len(kind))
    return [
        _company_code(int(draw)) if one == "corporate" else _id_number(int(draw), which, str(born))
        for one, which, born, draw in zip(kind, sex, birth_date, draws, strict=True)
    ]


def _id_number(draw: int, sex: str, born: str) -> str:
    order = draw % 500 * 2 + (sex == "male")
    body = f"{REGION}{draw // 500 % 1000:03d}{born.replace('-', '')}{order:03d}"
    weighted = sum(int(digit) * 2 ** (17 - place) for place, digit in enumerate(body))
    return body + "10X98765432"[weighted % 11]


def _company_code(draw: int) -> str:
    organisation = f"{draw:08d}"
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    check = (11 - sum(int(digit) * weight for digit, weight in zip(organisation, weights, strict=True)) % 11) % 11
    body = f"91990000{organisation}{'X' if check == 10 else check}"
    weighted = sum(USCC_ALPHABET.index(letter) * pow(3, place, 31) for place, letter in enumerate(body))
    return body + USCC_ALPHABET[-weighted % 31]


def draw_phones(rng: np.random.Generator, customers: int) -> list[str]:
    """Eleven digits, the first three 154."""
    return [f"{PHONE_PREFIX}{number:08d}" for number in rng.integers(0, 10**8, customers)]


def draw_addresses(rng: np.random.Generator, cities: pd.Series) -> list[str]:
    """Town, street and house."""
    pieces = rng.integers(0, 10_000, (len(cities), 2))
    return [f"{city}{STREETS[a % len(STREETS)]}{b % 200 + 1}号" for city, (a, b) in zip(cities, pieces, strict=True)]
