"""Free text in Chinese and Latin script, read as clauses of plain words: nothing that identifies, what is denied left out.

Width and case are folded (Unicode NFKC), controls, marks of direction, emoji and markup taken out, numbers, addresses and
names with a title replaced by a sign. A clause is main, an aside (beside the point or conceded: "A, but B") or denied ("not
A but B"); negators join what they negate. No dictionary and no word segmentation: Chinese is read by characters.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

NUMBER = "#"
GAP = "…"
MOST_CHARACTERS = 10_000
MAIN, ASIDE, DENIED = 1.0, 0.25, 0.0
HAN_LENGTHS, WORD_LENGTHS = (2, 3, 4), (1, 2)
HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)
MARKUP = re.compile(r"<[^<>]{0,200}>|&[a-z]{2,8};")
ADDRESS = re.compile(r"(?<![!-~])(?>[!-+\--?A-~]*)@[!-+\--~]+|(?:https?://|www\.)[!-~]+")
BLACKED = re.compile(r"\bX{2,}(?:[/ -]+X{2,})*\b")
DIGITS = re.compile(
    r"(?<![A-Za-z])(?>[A-Za-z]*)\d[A-Za-z\d]*(?:[.,:/*-]*(?>[A-Za-z]*)\d[A-Za-z\d]*)*|[〇零一二三四五六七八九幺]{5,}"
)
NUMBERS = re.compile(r"#(?:[\s-]*#)+")
TITLED = re.compile(f"[{SURNAMES}][{HAN}]{{0,2}}(?=经理|女士|先生|小姐|主任|行长|柜员|经办|老师|总)")
TITLED_LATIN = re.compile(r"\b(Mrs?|Ms|Miss|Dr)\.? ?(?:[A-Z][\w'-]+ ?){1,3}")
NOT = re.compile(r"\bcannot\b|\bcan't\b|\bwon't\b|n't\b")
SENTENCE = re.compile(r"[.。!?\n\r]+")
CLAUSE = re.compile(rf"[,、;:()\[\]{{}}\"“”‘《》「」|=~_—…]+|(?<=[{HAN}#])\s+(?=[{HAN}#])|(?=而是|但是|可是)|\s(?=but\s)")
RUN = re.compile(f"[{HAN}#]+|(?:(?![{HAN}])[^\\W\\d_])+(?:'(?:(?![{HAN}])[^\\W\\d_])+)?")
CONTRAST = re.compile(
    r"\s*(?:但(?!凡|愿)|可是|可(?=这|那|我|你|他)|而是|不过|然而|只是|关键|主要|重点|最(?:主要|气|不)|(?:but|however|yet|mainly|above all|what really)\b)"
)
DENIAL = re.compile(
    r"不是|并非|不嫌|不怪|不介意|不在乎|不怕|没意见|\bnot (?:mind|about|because|that)\b|\bno (?:problem|issue|complaint|objection)s? with\b"
)
ALONE_DENIED = re.compile(r"\bnot (?:about )?(?:the|my|your|a) [\w' ]{1,60}\b(?:i|we) (?:complain|write|object|mind)\b")
DISMISSED = re.compile(
    r"不提了|就算了|(?:那次|这次|也就)算了|忍了|我认了|不计较|\bnever mind\b|\blive with (?:that|it)?|\bnot why (?:i|we)\b|\bleav\w+ (?:that|this) aside\b"
)
BESIDE = re.compile(
    r"\s*(?:另外|顺便|顺带|此外|还有|再就是|先说件?小事|(?:by the way|also|besides|incidentally|in addition|on another day|another time)\b)"
)
HAN_NOT = re.compile(
    "并不是|并不|并非|并没有?|不是|没有|(?<!差)不|(?<![淹沉埋])没|未(?![来必免])|无(?![论疑])|(?<![特分级个识区性类鉴告离辨])别(?![的人处墅])|非(?![常要])|勿"
)
LATIN_NOT = {"not": "not", "never": "not", "no": "no", "without": "no"}
PASSED_OVER = frozenset(
    [
        "a",
        "an",
        "the",
        "at",
        "all",
        "very",
        "really",
        "so",
        "any",
        "been",
        "be",
        "even",
        "yet",
        "to",
        "my",
        "your",
        "too",
        "quite",
        "that",
        "been",
    ]
)
STOPS = ENGLISH_STOP_WORDS - LATIN_NOT.keys()


class Clause(NamedTuple):
    """A clause as read: its `weight` (MAIN, ASIDE or DENIED) and its `runs`: a Chinese one as a str, a Latin one as a tuple
    of words (`not_happy` is one word). `#` stands for a number or a name."""

    weight: float
    runs: tuple[str | tuple[str, ...], ...]


Read = list[Clause]


def read(text: str | None, names: re.Pattern | None = None) -> Read:
    """The clauses of a text, of at most its first MOST_CHARACTERS; what `names` finds is replaced by `#`. A text without a
    main clause has its asides as main ones."""
    sentences = [_clauses(part) for part in SENTENCE.split(plain(text, names)) if part.strip()]
    for place, (_, roles, opens) in enumerate(sentences):
        if opens and place and not any(role == DENIED for role in roles):
            clauses, before, _ = sentences[place - 1]
            before[:] = [_conceded(clause, role) for clause, role in zip(clauses, before, strict=True)]
    made = [
        Clause(role, runs)
        for clauses, roles, _ in sentences
        for clause, role in zip(clauses, roles, strict=True)
        if (runs := tuple(_runs(clause)))
    ]
    return made if any(one.weight == MAIN for one in made) else [Clause(MAIN, one.runs) for one in made if one.weight]


def read_all(texts: Iterable[str | None], names: Sequence[str] = ()) -> list[Read]:
    """Every text as `read`; `names` (of places, say) are taken out of all."""
    known = sorted({plain(name) for name in names if isinstance(name, str)} - {""}, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, known))) if known else None
    return [read(text, pattern) for text in texts]


def plain(text: str | None, names: re.Pattern | None = None) -> str:
    """A text folded and without what identifies: small letters, `#` in place of numbers and names; still with its marks."""
    if not isinstance(text, str):
        return ""
    text = INVISIBLE.sub("", unicodedata.normalize("NFKC", text[:MOST_CHARACTERS])).replace("’", "'")
    text = ADDRESS.sub(" ", MARKUP.sub(" ", text))
    text = TITLED_LATIN.sub(r"\1 # ", DIGITS.sub(NUMBER, BLACKED.sub(NUMBER, text)))
    text = NOT.sub(" not", TITLED.sub(NUMBER, text).lower())
    return NUMBERS.sub(NUMBER, names.sub(NUMBER, text) if names else text)


def terms(clauses: Read) -> dict[str, float]:
    """The n-grams of a text (2 to 4 Chinese characters, 1 or 2 Latin words) and the weight of each: its clauses' weights added.
    None begins behind a negator, so that what is negated counts with its negator only."""
    found: dict[str, float] = {}
    for weight, runs in clauses:
        if weight:
            for run in runs:
                for term in _grams(run):
                    found[term] = found.get(term, 0.0) + weight
    return found


def bag_of_words(clauses: Read) -> dict[str, float]:
    """How often each word stands in a text, in whatever clause: Latin words and Chinese characters, the negators words as others."""
    found: dict[str, float] = {}
    for _, runs in clauses:
        for run in runs:
            for word in run if isinstance(run, str) else " ".join(run).replace("_", " ").split():
                found[word] = found.get(word, 0.0) + 1.0
    return found


def shown(phrase: str) -> str:
    """A phrase as a page may print it: letters, blanks and a gap where a number or name was; never a sign of markup or formula."""
    return phrase.replace("_", " ").replace(NUMBER, GAP)


def starts(run: str) -> list[tuple[int, int]]:
    """Where n-grams of a Chinese run may begin (at a negator, but not in the two characters behind it), and how many characters of
    a negator each has in addition."""
    behind, negators = set(), {}
    for match in HAN_NOT.finditer(run):
        negators[match.start()] = match.end() - match.start()
        behind.update(range(match.start() + 1, match.end() + 2))
    return [(place, negators.get(place, 0)) for place in range(len(run)) if place not in behind]


def _grams(run: str | tuple[str, ...]) -> Iterator[str]:
    if isinstance(run, str):
        for place, negator in starts(run):
            for length in HAN_LENGTHS:
                if place + length + negator <= len(run):
                    yield run[place : place + length + negator]
        return
    for length in WORD_LENGTHS:
        for place in range(len(run) - length + 1):
            words = run[place : place + length]
            if not all(word in STOPS or len(word) < 2 for word in words):
                yield " ".join(words)


def _clauses(sentence: str) -> tuple[list[str], list[float], bool]:
    """A sentence's clauses, the weight of each, and whether it opens with a contrast to the sentence before."""
    clauses = [part for part in CLAUSE.split(sentence) if part.strip()]
    roles, beside = [MAIN] * len(clauses), False
    for place, clause in enumerate(clauses):
        beside = beside or bool(BESIDE.match(clause))
        if CONTRAST.match(clause):
            roles[:place] = [_conceded(one, role) for one, role in zip(clauses[:place], roles[:place], strict=True)]
            beside = False
        roles[place] = DENIED if ALONE_DENIED.search(clause) else ASIDE if beside else MAIN
        if DISMISSED.search(clause):
            roles[: place + 1] = [min(role, ASIDE) for role in roles[: place + 1]]
    opens = bool(clauses) and bool(CONTRAST.match(clauses[0])) and MAIN in roles
    return clauses, roles, opens


def _conceded(clause: str, role: float) -> float:
    return DENIED if DENIAL.search(clause) else min(role, ASIDE)


def _runs(clause: str) -> Iterator[str | tuple[str, ...]]:
    words: list[str] = []
    for match in RUN.finditer(clause):
        part = match.group()
        if part[0] == NUMBER or "\u3400" <= part[0] <= "\u9fff" or part[0] >= "\uf900":
            if words:
                yield _negated(words)
                words = []
            if part != NUMBER:
                yield part
        else:
            words.append(part)
    if words:
        yield _negated(words)


def _negated(words: list[str]) -> tuple[str, ...]:
    """Words in which a negator and the word that it negates are one."""
    made, place = [], 0
    while place < len(words):
        negator = LATIN_NOT.get(words[place])
        target = place + 1
        while negator and target < min(place + 4, len(words)) and words[target] in PASSED_OVER:
            target += 1
        if negator and target < min(place + 4, len(words)):
            made.append(f"{negator}_{words[target]}")
            place = target + 1
        else:
            made.append(words[place])
            place += 1
    return tuple(made)
