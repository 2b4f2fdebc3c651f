"""The last look at a page before it is published: no request, alt text, nothing unrendered, no identifier."""

import re
from collections.abc import Iterator, Mapping, Set

from bs4 import BeautifulSoup, Comment, Tag

from analysis.finding import UNITS

NO_ALT = "No description has been provided for this image"
FORMATS = "|".join([*UNITS, "date", "month", "capital"])
UNRENDERED = re.compile(
    rf"\{{\w+:(?:{FORMATS})(?:\.\d)?\}}"  # a sentence whose values were not filled in
    r"|\{\{-?\s*(?:page|resources|exhibit|finding|part|cell)\b|\{%-?\s*(?:for|if|endif|endfor|block)\b"  # our template's own
    r"|<bound method |<function |<analysis\.\w|\bMessage\(template=|<[\w.]+ object at 0x"
)
NOT_BEFORE, NOT_AFTER = r"(?<![\dA-Za-z])(?<!\d[.,])", r"(?![\dA-Za-z])(?![.,]\d)"
IDENTIFIERS = {
    "an identity number": re.compile(
        r"(?<![\dA-Fa-f])[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?![\dA-Fa-f])"
        rf"|{NOT_BEFORE}[1-9]\d{{5}}([ -])(?:19|20)\d{{2}}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\1\d{{3}}[\dXx]{NOT_AFTER}"
        rf"|{NOT_BEFORE}[1-6]\d{{5}}\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{{3}}{NOT_AFTER}"  # of fifteen digits, before 1999
    ),
    "a mobile telephone number": re.compile(
        r"(?<![\dA-Fa-f])(?<!\d[.,])(?:(?:\+|00)86[ -]?)?1[3-9]\d([ -]?)\d{4}\1\d{4}(?![\dA-Fa-f])(?![.,]\d)",
    ),
    "a telephone number": re.compile(
        rf"{NOT_BEFORE}(?:(?:\+|00)86[ -]?)?(?:0(?:10|2\d|[3-9]\d\d)[ -]|\(0(?:10|2\d|[3-9]\d\d)\) ?|（0(?:10|2\d|[3-9]\d\d)）)"
        rf"[2-9]\d{{2,3}}[ -]?\d{{4}}{NOT_AFTER}"
    ),
    "an e-mail address": re.compile(r"[\w.+-]+@[\w-]+\.[A-Za-z]{2,}"),
}
CARD = re.compile(rf"{NOT_BEFORE}[3-9]\d{{3}}([ -]?)(?:\d{{4}}\1){{2,3}}\d{{3,7}}{NOT_AFTER}")
CARD_DIGITS = range(15, 20)
ACCOUNT = re.compile(rf"{NOT_BEFORE}\d{{13,19}}{NOT_AFTER}")
CREDIT_CODE = re.compile(r"(?<![\dA-Za-z])[1-9A-Y][1-9A-Y]\d{6}[\dA-HJ-NP-RTUW-Y]{10}(?![\dA-Za-z])")
CREDIT_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100: without I, O, S, V, Z
SOURCES = ("src", "srcset", "poster", "data", "background", "action", "formaction", "manifest", "ping")
REFERENCES = ("href", "xlink:href")
LINKS = ("a", "area")
SHOWN_ATTRIBUTES = ("alt", "title", "aria-label", "content")
HARMLESS = re.compile(r"^\s*(?:$|#|data:(?!text/html))", re.IGNORECASE)
RUNNING = re.compile(r"^\s*(?:javascript|vbscript|data):", re.IGNORECASE)
LOADING_STYLE = re.compile(r"@import|(?:url|image-set)\((?!\s*['\"]?(?:data:|#))", re.IGNORECASE)


def faults(page: str, identifiers: Set[str] = frozenset()) -> list[str]:
    """Why the page may not be published, in words that repeat nothing secret; empty where it may. `identifiers` are the
    bank's own names and numbers of customers, of six characters or more."""
    soup = BeautifulSoup(page, "html.parser")
    found = {*_requests(soup), *_scripts(soup), *_untold(soup)}
    for section, node in _sections(soup):
        texts = list(_texts(node))
        code = {id(pre) for pre in node.select("details pre")}
        unfit = (text for text, parent in texts if id(parent) not in code and UNRENDERED.search(text))
        found.update(f"text was left unrendered in section '{section}'" for _ in unfit)
        said = "\n".join(text for text, _ in texts)
        found.update(f"it shows {kind} in section '{section}'" for kind in revealed(said, identifiers))
    return sorted(found)


def faults_in_text(text: str, place: str, identifiers: Set[str] = frozenset()) -> list[str]:
    """The same of a text without markup, such as a printed page's: what in it could tell who somebody is, with its `place`."""
    return [f"it shows {kind} in {place}" for kind in revealed(text, identifiers)]


def faults_in_results(results: object, identifiers: Set[str] = frozenset(), place: str = "results.json") -> list[str]:
    """The same of every text in a results.json, named by where it stands; its numbers are no texts."""
    told = list(_told_at(results, place))
    if not revealed("\n".join(text for _, text in told), identifiers):
        return []
    return sorted({fault for where, text in told for fault in faults_in_text(text, where, identifiers)})


def _told_at(value: object, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _told_at(inner, f"{place}, {name}")
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _told_at(inner, place)
    elif isinstance(value, str):
        yield place, value


def revealed(text: str, identifiers: Set[str] = frozenset()) -> list[str]:
    """What in the text could tell who somebody is."""
    kinds = [f"what looks like {kind}" for kind, form in IDENTIFIERS.items() if form.search(text)]
    kinds += [f"what looks like {kind}" for kind, shows in CHECKED.items() if shows(text)]
    return [*kinds, "a customer's name or number"] if shows_any(text, identifiers) else kinds


def _shows_card(text: str) -> bool:
    """A card's number: its last digit is right by ISO/IEC 7812 (Luhn)."""
    numbers = (re.sub("[ -]", "", found[0]) for found in CARD.finditer(text))
    return any(len(number) in CARD_DIGITS and _luhn(number) == 0 for number in numbers)


def _luhn(number: str) -> int:
    digits = [int(digit) for digit in reversed(number)]
    return (sum(digits[::2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])) % 10


def _shows_credit_code(text: str) -> bool:
    """A company's unified social credit code: its last character is right by GB 32100."""
    return any(_credit_check(found[0]) for found in CREDIT_CODE.finditer(text))


def _credit_check(code: str) -> bool:
    values = [CREDIT_LETTERS.index(letter) for letter in code]
    return (sum(value * pow(3, place, 31) for place, value in enumerate(values[:17])) + values[17]) % 31 == 0


CHECKED = {
    "the number of a bank card": _shows_card,
    "a company's credit code": _shows_credit_code,
    "an account number": lambda text: ACCOUNT.search(text) is not None,
}


def shows_any(text: str, identifiers: Set[str]) -> bool:
    """Whether one of the identifiers stands in the text as a word or words of its own; in scripts that leave no space
    between words, anywhere."""
    words = " ".join(text.split())
    starts = [place for place in range(len(words)) if not (_joins(words[place]) and place and _joins(words[place - 1]))]
    for length in {len(identifier) for identifier in identifiers}:
        for start in starts:
            end = start + length
            if words[start:end] in identifiers and not (_joins(words[end - 1]) and end < len(words) and _joins(words[end])):
                return True
    return False


def _joins(char: str) -> bool:
    return char.isascii() and (char.isalnum() or char == "_")


def _requests(soup: BeautifulSoup) -> Iterator[str]:
    for node in soup.find_all(True):
        names = (*SOURCES, *(() if node.name in (*LINKS, "base") else REFERENCES))
        for name in names:
            if name in node.attrs and not HARMLESS.match(node[name]):
                yield f"it would load {node.name} from {name}"
        if LOADING_STYLE.search(node.get("style", "")) or (node.name == "style" and LOADING_STYLE.search(node.get_text())):
            yield "its style would load something"
        if node.name == "base" or (node.name == "meta" and node.get("http-equiv", "").lower() == "refresh"):
            yield f"its {node.name} would lead elsewhere"


def _scripts(soup: BeautifulSoup) -> Iterator[str]:
    for node in soup.find_all(True):
        if node.name in ("script", "iframe", "object", "embed"):
            yield f"it holds {'an' if node.name[0] in 'aeiou' else 'a'} {node.name}"
        if any(name.lower().startswith("on") for name in node.attrs):
            yield f"its {node.name} would run a script"
        if any(RUNNING.match(node[name]) for name in REFERENCES if name in node.attrs and node.name in LINKS):
            yield f"its {node.name} would run a script"


def _untold(soup: BeautifulSoup) -> Iterator[str]:
    for node in soup.find_all("img"):
        if not node.get("alt", "").strip() or NO_ALT in node["alt"]:
            yield "an image has no alt text"
    for node in soup.select("svg[role=img]"):
        title = node.find("title")
        if title is None or not title.get_text().strip():
            yield "a figure has no title"


def _sections(soup: BeautifulSoup) -> Iterator[tuple[str, Tag]]:
    """Each section under its heading, then all that stands in none."""
    sections = [section for section in soup.find_all("section") if not section.find_parent("section")]
    for section in sections:
        yield section.h2.get_text(" ", strip=True) if section.h2 else "", section
    for section in sections:
        section.extract()
    yield "masthead", soup


def _texts(node: Tag) -> Iterator[tuple[str, Tag]]:
    """What can be read or heard: texts, and attributes that are read out."""
    for text in node.find_all(string=True):
        if not isinstance(text, Comment) and text.parent.name != "style":
            yield str(text), text.parent
    for child in node.find_all(True):
        for name in SHOWN_ATTRIBUTES:
            if isinstance(child.get(name), str):
                yield child[name], child
