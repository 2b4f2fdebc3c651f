"""Words of the demo bank: invented names, places and complaints. None of them is a real person, firm or town.

Identity numbers have the form of GB 11643 and its check digit (ISO 7064 mod 11-2), company codes that of GB 32100 and
its check character (mod 31); both carry the region code 99xxxx, which GB/T 2260 does not contain (its codes end at 83),
so that they pass a check of form and belong to nobody. Telephone numbers have the mobile form of eleven digits with
the prefix 154, a block that no operator holds.
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
COMPLAINTS = {
    "service": (
        "在{branch}排队等了{minutes}分钟，只开了一个窗口，叫号后还让我重新取号。",
        "柜员态度冷淡，问了两遍都不解释清楚，办理{product}跑了三趟。",
        "打客服电话{minutes}分钟没有人接，接通后又让我去网点。",
        "I waited {minutes} minutes at {branch} and nobody told me how long it would take.",
    ),
    "pricing": (
        "{product}每月扣{amount}元管理费，开户时没有人告诉我。",
        "转账手续费{amount}元太高了，别的银行都不收。",
        "短信提醒费又涨价了，没有通知就从账户里扣了{amount}元。",
        "I was charged {amount} yuan for my {product} without any notice.",
    ),
    "system": (
        "手机银行一直闪退，转账{amount}元提示失败，钱却扣了。",
        "自助取款机吞卡，等了{minutes}分钟没人处理。",
        "更新以后登录不上手机银行，验证码收不到，已经三天了。",
        "The app froze during a payment of {amount} yuan and nobody could tell me whether it went through.",
    ),
    "process": (
        "办理{product}要交的材料每次说的都不一样，来回跑了好几次。",
        "销户手续太复杂，必须回开户的{branch}，我已经搬走了。",
        "贷款审批了两个月没有结果，没有人主动联系我。",
        "To change my phone number I had to come to {branch} twice with the same papers.",
    ),
    "returns": (
        "买的{product}到期收益比宣传的低很多，客户经理当时说稳赚。",
        "{product}亏了{amount}元，没有人提醒过风险。",
        "The {product} paid far less than I was told when I bought it.",
    ),
    "funds_security": (
        "账户里有一笔{amount}元的支出不是我本人操作的，要求查清楚。",
        "银行卡被盗刷{amount}元，挂失电话打不进去。",
        "A payment of {amount} yuan on my card was not mine.",
    ),
    "marketing": (
        "一天接到好几个推销{product}的电话，已经说过不需要了。",
        "来办业务被反复推销{product}，不买就不给办。",
        "Please stop calling me about {product}; I have said no three times.",
    ),
    "other": ("{branch}门口没有无障碍通道，老人进出不方便。", "停车位被占用，来办业务没有地方停车。"),
}
PRODUCT_WORDS = ("理财产品", "信用卡", "定期存款", "个人贷款", "基金", "保险")
PRODUCT_WORDS_ENGLISH = ("wealth product", "credit card", "deposit", "loan", "fund", "policy")


def draw_names(rng: np.random.Generator, kind: np.ndarray) -> list[str]:
    """An invented name a customer: surname and one or two characters, or town, firm and trade for a company."""
    pieces = rng.integers(0, 10_000, (len(kind), 4))
    return [_company(piece) if one == "corporate" else _person(piece) for one, piece in zip(kind, pieces, strict=True)]


def _person(piece: np.ndarray) -> str:
    given = GIVEN[piece[1] % len(GIVEN)] + (GIVEN[piece[2] % len(GIVEN)] if piece[3] % 3 else "")
    return SURNAMES[piece[0] % len(SURNAMES)] + given


def _company(piece: np.ndarray) -> str:
    trade = INDUSTRIES[piece[2] % len(INDUSTRIES)]
    return f"{CITIES[piece[0] % len(CITIES)]}{FIRM_WORDS[piece[1] % len(FIRM_WORDS)]}{trade}有限公司"


def draw_id_numbers(rng: np.random.Generator, kind: np.ndarray, sex: np.ndarray, birth_date: np.ndarray) -> list[str]:
    """Numbers of valid form for a region that does not exist (see the module's text)."""
    draws = rng.integers(0, 10**8, len(kind))
    return [
        _company_code(int(draw)) if one == "corporate" else _id_number(int(draw), which, str(born))
        for one, which, born, draw in zip(kind, sex, birth_date, draws, strict=True)
    ]


def _id_number(draw: int, sex: str, born: str) -> str:
    order = draw % 500 * 2 + (sex == "male")
    body = f"99{draw // 500 % 10_000:04d}{born.replace('-', '')}{order:03d}"
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
    """Eleven digits after the prefix 154."""
    return [f"154{number:08d}" for number in rng.integers(0, 10**8, customers)]


def draw_addresses(rng: np.random.Generator, cities: pd.Series) -> list[str]:
    """Town, street and house."""
    pieces = rng.integers(0, 10_000, (len(cities), 2))
    return [f"{city}{STREETS[a % len(STREETS)]}{b % 200 + 1}号" for city, (a, b) in zip(cities, pieces, strict=True)]


def draw_complaint_texts(rng: np.random.Generator, category: np.ndarray, branch_name: np.ndarray) -> list[str]:
    """A complaint's words in Chinese or English for its category."""
    pieces = rng.integers(0, 10_000, (len(category), 4))
    return [_complaint(*row) for row in zip(category, branch_name, pieces, strict=True)]


def _complaint(category: str, branch: str, piece: np.ndarray) -> str:
    template = COMPLAINTS[category][piece[0] % len(COMPLAINTS[category])]
    words = PRODUCT_WORDS_ENGLISH if template.isascii() else PRODUCT_WORDS
    return template.format(
        branch=branch, minutes=20 + piece[1] % 70, amount=5 + piece[2] % 1500, product=words[piece[3] % len(words)]
    )
