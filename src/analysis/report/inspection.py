"""The last look at a page before it is published: no request, alt text, nothing unrendered, no identifier."""

import re
from collections.abc import Set

from bs4 import BeautifulSoup

NO_ALT = "No description has been provided for this image"
REMOTE = re.compile(r"^\s*(?:https?:|//|ftp:|file:)", re.IGNORECASE)
REMOTE_STYLE = re.compile(r"@import|url\(\s*['\"]?(?!data:)", re.IGNORECASE)
UNRENDERED = re.compile(r"\{\{|\{%|<bound method|<function |Message\(|<analysis\.\w|%\(\w+\)s|\{\w+:(?:share|count|points)\}")
IDENTIFIERS = {
    "an identity number": re.compile(
        r"(?<![\dA-Fa-f])[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?![\dA-Fa-f])"
    ),
    "a mobile telephone number": re.compile(r"(?<![\d.,A-Fa-f])1[3-9]\d{9}(?![\d.,A-Fa-f])"),
    "an e-mail address": re.compile(r"[\w.+-]+@[\w-]+\.[A-Za-z]{2,}"),
}
LOADING = (
    ("script", "src"),
    ("link", "href"),
    ("img", "src"),
    ("iframe", "src"),
    ("image", "href"),
    ("use", "href"),
    ("object", "data"),
)


def faults(page: str, identifiers: Set[str] = frozenset()) -> list[str]:
    """Why the page may not be published, in words that repeat nothing secret; empty where it may. `identifiers` are the
    bank's own names and numbers of customers, of six characters or more."""
    soup = BeautifulSoup(page, "html.parser")
    found = [
        f"it would load {tag} from {attribute}"
        for tag, attribute in LOADING
        for node in soup.find_all(tag)
        if REMOTE.match(node.get(attribute) or "")
    ]
    found += ["its style would load something" for node in soup.find_all("style") if REMOTE_STYLE.search(node.get_text())]
    found += ["it holds a script" for _ in soup.find_all("script")]
    found += [
        "an image has no alt text"
        for node in soup.find_all("img")
        if not (node.get("alt") or "").strip() or NO_ALT in node["alt"]
    ]
    found += [
        "a figure has no title"
        for node in soup.select("svg[role=img]")
        if not node.find("title") or not node.find("title").get_text().strip()
    ]
    for section, text in _texts(soup):
        if UNRENDERED.search(text):
            found.append(f"text was left unrendered in section '{section}'")
        found += [
            f"it shows what looks like {kind} in section '{section}'"
            for kind, pattern in IDENTIFIERS.items()
            if pattern.search(text)
        ]
        if identifiers and identifiers & _words(text):
            found.append(f"it shows a customer's name or number in section '{section}'")
    return sorted(set(found))


def _texts(soup: BeautifulSoup) -> list[tuple[str, str]]:
    sections = soup.find_all("section") or [soup]
    return [(section.h2.get_text(" ", strip=True) if section.h2 else "", _visible(section)) for section in sections]


def _visible(section) -> str:
    return " ".join(
        text
        for text in section.find_all(string=True)
        if text.parent.name not in ("style", "pre") and "hash" not in text.parent.get("class", ())
    )


def _words(text: str) -> set[str]:
    return set(re.split(r"[^\w-]+", text))
