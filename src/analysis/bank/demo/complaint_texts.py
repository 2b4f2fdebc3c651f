"""Complaints as customers of a bank write them: composed, varied, and not told apart by words alone.

A text is opening, denial of another matter, when, the matter itself, a second matter, consequence, demand and a close in
the tone of its severity; all but the matter are optional. A second matter belongs to another category and stands before
or after the first, a denial names what is not complained about, and some matters are vague: the order and the sense
decide the category, which a bag of words doesn't see. Everything is invented.
"""

import numpy as np

from analysis.bank.demo.complaint_phrases import MATTERS

CATEGORIES = tuple(MATTERS["zh"])
ENGLISH_SHARE = 0.20
MIXED_SHARE = 0.05
OPENING_SHARE = 0.50
MOMENT_SHARE = 0.40
CONSEQUENCE_SHARE = 0.45
DEMAND_SHARE = 0.55
SECOND_MATTER_SHARE = 0.25
FIRST_OF_TWO_SHARE = 0.35
DENIAL_SHARE = 0.15
VAGUE_SHARE = 0.07
WAIT_SHARE = 0.75
TYPING_ERROR_SHARE = 0.07
HIGHEST_SEVERITY = 5
GENERIC = "any"
PRODUCTS = {
    "zh": {"demand": "活期账户", "term": "定期存款", "wealth": "理财", "fund": "基金", "insurance": "保险", "card": "信用卡",
           "loan": "个人贷款", "mortgage": "房贷", "standing_order": "自动转账"},
    "en": {"demand": "current account", "term": "term deposit", "wealth": "wealth product", "fund": "fund",
           "insurance": "policy", "card": "credit card", "loan": "loan", "mortgage": "mortgage",
           "standing_order": "standing order"},
}  # fmt: skip
FITTING = {
    "returns": ("term", "wealth", "fund", "insurance"),
    "marketing": ("term", "wealth", "fund", "insurance", "card"),
}
NO_PRODUCT = {
    "zh": {GENERIC: "业务", "pricing": "账户", "returns": "产品", "marketing": "产品"},
    "en": {GENERIC: "request", "pricing": "account", "system": "account", "process": "account", "returns": "product",
           "marketing": "product"},
}  # fmt: skip
VAGUE = {
    "zh": ("{product}的事情一直没有给我一个说法", "反映过{times}次，问题还是老样子", "你们上次的处理结果我不接受",
           "上次投诉的事情又发生了", "明明是银行的责任，却让客户承担后果", "办个{product}弄得人一肚子火",
           "{product}出了问题，{branch}和总行互相推"),
    "en": ("The matter of my {product} is still not settled", "I have reported this {times} times and nothing has changed",
           "What I was told about my {product} turned out to be wrong", "The same problem as last time has come back"),
}  # fmt: skip
OPENINGS = {
    "zh": ("您好，", "你好！", "尊敬的领导：", "投诉：", "本人是贵行{years}年的老客户，", "我在{branch}开户{years}年了，",
           "您好，我是你们的老客户，", "我们全家都在你行存钱，", "代家里老人反映，"),
    "en": ("Hello, ", "Dear Sir or Madam, ", "Hi, ", "I have been a customer for {years} years. ",
           "Dear manager, I bank with {branch}. ", "I have lived here for {years} years and always used your bank. "),
}  # fmt: skip
MOMENTS = {
    "zh": ("昨天", "前天", "上周三", "今天上午", "上个月{day}号", "前几天", "上周末", "最近"),
    "en": (". This was yesterday", ". It was last week", ". It happened on the {day} of last month", ". That was on Monday"),
}
DENIALS = {
    "zh": {"pricing": "我不是嫌手续费高，而是", "system": "不是不满意你们的手机银行，而是",
           "service": "倒不是柜员态度不好，而是", "returns": "收益低我认了，可是", "process": "材料我都带齐了，不是怕麻烦，可是",
           "marketing": "推销电话我已经习惯了，可是", "funds_security": "钱没有丢，这我放心，但是"},
    "en": {"pricing": "I do not mind the fee, but ", "system": "The app works fine for me, but ",
           "service": "Your staff are friendly enough, but ", "returns": "It is not the return I complain about: ",
           "process": "I had all my papers with me, but ", "marketing": "I am used to sales calls, but "},
}  # fmt: skip
SECOND = {
    "zh": ("。另外，{other}", "。顺便说一句，{other}", "。还有，{other}", "。之前也遇到过{other}，那次就算了"),
    "en": (". Also, {other}", ". By the way, {other}", ". On another day, {other}, but never mind that"),
}
BEFORE = {
    "zh": ("先说件小事，{other}。但主要是", "{other}，这个我忍了，可是", "{other}就不提了，这次是"),
    "en": ("{other}, which I could live with. But ", "{other}; that is not why I write. "),
}
CONSEQUENCES = {
    "zh": ("。害得我请了一天假", "。耽误了付货款", "。影响了我的征信", "。家里老人急得睡不着", "。我很不高兴",
           "。来回打车花了不少钱", "。给{branch}打了{times}次电话都没用", "。损失谁来承担"),
    "en": (". I lost a day's work", ". My rent was late because of this", ". I am not happy about it at all",
           ". I called {times} times without result", ". Who will pay for that"),
}  # fmt: skip
DEMANDS = {
    "zh": ("。请退还多扣的钱", "。要求给我一个书面答复", "。要求道歉", "。要求赔偿损失{amount}元", "。希望尽快解决",
           "。请派人联系我", "。要求查清楚", "。请告诉我到底怎么办"),
    "en": (". Please refund the money", ". I want an answer in writing", ". I expect an apology", ". Please look into this",
           ". Please call me back", ". Tell me what to do now"),
}  # fmt: skip
CLOSES = {
    "zh": (("。谢谢。", "。希望改进。", "。辛苦了！"), ("。请尽快处理。", "。等你们回复。", "。"),
           ("！再不解决我就打12378！", "！否则我要求销户！！", "。太让人失望了，我要向监管部门反映！")),
    "en": ((". Thank you.", ". Kind regards", ". Just so that you know."), (". I look forward to your reply.", "."),
           (". Otherwise I shall go to the regulator!", ". I am closing my account!!", ". This is unacceptable!")),
}  # fmt: skip
TYPING_ERRORS = {
    "zh": (("账户", "帐户"), ("登录", "登陆"), ("已经", "以经"), ("的", "得"), ("，", " "), ("，", ""), ("没有", "木有"),
           ("我", "俺"), ("什么", "啥"), ("怎么", "咋"), ("客服", "客户服务"), ("！", "!!!")),
    "en": (("received", "recieved"), (" the ", " teh "), ("nobody", "no body"), ("I ", "i "), ("not", "nto"), (",", ""),
           ("account", "acount"), ("without", "witout"), ("because", "becuase"), (" and ", " & ")),
}  # fmt: skip
HOURS = {30: ("半个小时", "half an hour"), 60: ("差不多一个小时", "about an hour"), 90: ("一个半小时", "an hour and a half"),
         120: ("两个小时", "two hours")}  # fmt: skip
LARGE_SUMS = ("returns", "funds_security")
CHOICES = 12


def draw_complaint_texts(rng: np.random.Generator, category, branch_name, product, severity, waited_minutes, years) -> list[str]:
    """One text a complaint, in Chinese, English or both.

    Arrays of equal length: category (of `CATEGORIES`), branch_name, product (canonical code, or '' for none), severity
    (1 to 5), waited_minutes (NaN: no wait is meant, and none is written about), years (whole, with the bank; who is in its
    first year does not speak of them).
    """
    rows = len(category)
    columns = (category, branch_name, product, severity, waited_minutes, years)
    facts = zip(*(np.asarray(column).tolist() for column in columns), strict=True)
    chances, picks = rng.random((rows, CHOICES)).tolist(), rng.integers(0, 5040, (rows, CHOICES)).tolist()
    return [_compose(*fact, chance, pick) for fact, chance, pick in zip(facts, chances, picks, strict=True)]


def _compose(category, branch, product, severity, waited, years, chance, pick) -> str:
    language = "en" if chance[0] < ENGLISH_SHARE else "zh"
    around = "en" if language == "en" or chance[0] > 1 - MIXED_SHARE else "zh"
    wait = None if waited != waited else _say_wait(waited, pick[0], language)
    opening = _one(OPENINGS[around], pick[1]) if chance[1] < OPENING_SHARE else ""
    opening = opening if years >= 1 or "{years}" not in opening else ""
    pieces = [_after(opening, _body(language, category, wait, chance, pick))]
    pieces += [_one(CONSEQUENCES[language], pick[2])] if chance[2] < CONSEQUENCE_SHARE else []
    pieces += [_one(DEMANDS[around], pick[3])] if chance[3] < DEMAND_SHARE else []
    pieces += [_one(_closes(around, severity), pick[4])]
    places = {
        "branch": branch,
        "product": _name_product(around, category, product),
        "amount": _amount(category, pick[5]),
        "days": 2 + pick[6] % 27,
        "times": 2 + pick[7] % 7,
        "years": years,
        "day": 1 + pick[9] % 28 if language == "zh" else f"{10 + pick[9] % 10}th",
        "wait": wait,
    }
    text = "".join(pieces).format_map(places)
    return _mistype(text, language, pick[10]) if chance[4] < TYPING_ERROR_SHARE else text


def _body(language: str, category: str, wait: str | None, chance: list[float], pick: list[int]) -> str:
    """Denial, moment, matter and second matter."""
    matter = _matter(language, category, wait, chance[5], chance[6], pick[10])
    dated = _date(language, matter, pick[11]) if chance[7] < MOMENT_SHARE else matter
    other = _other(category, pick[9])
    if chance[8] < DENIAL_SHARE and other in DENIALS[language]:
        return _after(DENIALS[language][other], matter)
    if chance[9] >= SECOND_MATTER_SHARE:
        return dated
    second = _one(_without_wait(MATTERS[language][other]), pick[8])
    if chance[10] < FIRST_OF_TWO_SHARE:
        return _after(_one(BEFORE[language], pick[7]).replace("{other}", second), dated)
    return dated + _one(SECOND[language], pick[7]).replace("{other}", _lower(second))


def _date(language: str, matter: str, pick: int) -> str:
    """The matter with its day, unless it tells of a span of time."""
    moment = _one(MOMENTS[language], pick)
    if "{days}" in matter or "{times}" in matter:
        return matter
    return moment + matter if language == "zh" else matter + moment


def _matter(language: str, category: str, wait: str | None, vague: float, waiting: float, pick: int) -> str:
    if vague < VAGUE_SHARE:
        return _one(VAGUE[language], pick)
    every = MATTERS[language][category]
    without = _without_wait(every)
    if wait is None or waiting > WAIT_SHARE:
        return _one(without, pick)
    if len(without) == len(every):
        return _one(every, pick) + ("，还等了{wait}" if language == "zh" else ", and it took {wait}")
    return _one(every[: len(every) - len(without)], pick)


def _without_wait(matters: tuple[str, ...]) -> tuple[str, ...]:
    """The matters in which nobody waits; those with a wait stand first."""
    return matters[sum("{wait}" in matter for matter in matters) :]


def _other(category: str, pick: int) -> str:
    place = CATEGORIES.index(category)
    return CATEGORIES[(place + 1 + pick % (len(CATEGORIES) - 1)) % len(CATEGORIES)]


def _closes(language: str, severity: int) -> tuple[str, ...]:
    return CLOSES[language][0 if severity <= 2 else 1 if severity < HIGHEST_SEVERITY - 1 else 2]


def named_products(category, product) -> list[str]:
    """The products that complaints are about, of those that the complainers hold ('': none): only some fit each category."""
    return [held if _fits(cause, held) else "" for cause, held in zip(category, product, strict=True)]


def _fits(category: str, product: str) -> bool:
    return product in FITTING.get(category, PRODUCTS["en"])


def _name_product(language: str, category: str, product: str) -> str:
    words = NO_PRODUCT[language]
    return PRODUCTS[language][product] if _fits(category, product) else words.get(category, words[GENERIC])


def _amount(category: str, pick: int) -> str:
    """Yuan: mostly a few where fees are meant, up to a hundred thousand where savings are."""
    digits = 1 + pick // 4 % 99
    if category in LARGE_SUMS:
        return str(digits * (100, 1000, 500, 100)[pick % 4])
    return (str(digits), str(digits * 10), str(digits * 10), f"{digits}.{pick % 9 + 1}0")[pick % 4]


def _say_wait(minutes: float, pick: int, language: str) -> str:
    """Minutes as people say them: exact, rounded down, or in hours."""
    hours = min(HOURS, key=lambda mark: abs(mark - minutes))
    if pick % 3 == 0 and abs(minutes - hours) <= 6:
        return HOURS[hours][language == "en"]
    if pick % 3 == 1 and minutes >= 10:
        return f"{int(minutes) // 5 * 5}多分钟" if language == "zh" else f"more than {int(minutes) // 5 * 5} minutes"
    return f"{max(2, round(minutes))}分钟" if language == "zh" else f"{max(2, round(minutes))} minutes"


def _mistype(text: str, language: str, pick: int) -> str:
    wrong = [pair for pair in TYPING_ERRORS[language] if pair[0] in text]
    return text.replace(*_one(wrong, pick), 1) if wrong else text


def _after(head: str, sentence: str) -> str:
    """The sentence behind a head; it keeps its capital behind a full stop or nothing."""
    return head + (_lower(sentence) if head and not head.endswith(". ") else sentence)


def _lower(sentence: str) -> str:
    """A sentence within a sentence: no capital at its head, except 'I'."""
    return sentence if sentence[:2] == "I " else sentence[:1].lower() + sentence[1:]


def _one(phrases, pick: int) -> str:
    return phrases[pick % len(phrases)]
