"""A page's terms: defined in a list at its end, and linked to their definition where each first occurs, without a script."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from bs4 import BeautifulSoup, NavigableString

PARENTHESIS = re.compile(r"\s*[（(][^）)]*[）)]")
A_NUMBER = re.compile(r"[（(]A\d")
JOINTS = re.compile(r",\s+|、|\s+and\s+|和")
HAN = re.compile(r"[\u4e00-\u9fff]")
UNLINKED = ("a", "code", "pre", "q", "dt")
LEAST_LETTERS, LEAST_HAN = 3, 2


@dataclass
class Terms:
    """The terms of one page: `place` is the anchor of each, `meaning` its definition as plain text; a word that was linked
    is linked no more."""

    place: dict[str, str] = field(default_factory=dict)
    meaning: dict[str, str] = field(default_factory=dict)

    def define(self, text: str) -> str:
        """A list of `**term**: meaning` items as a definition list; its terms are known from now on."""
        soup = BeautifulSoup(text, "html.parser")
        for found in soup.find_all("ul"):
            items = found.find_all("li", recursive=False)
            if items and all(item.find("strong") for item in items):
                rows = "".join(self._row(item) for item in items)
                found.replace_with(BeautifulSoup(f'<dl class="def">{rows}</dl>', "html.parser"))
        return str(soup)

    def link(self, text: str) -> str:
        """The HTML with each term that has not occurred yet as a link to its definition, which a pointer at rest shows."""
        if not self.place:
            return text
        soup = BeautifulSoup(text, "html.parser")
        for node in list(soup.find_all(string=True)):
            if node.find_parent(UNLINKED) is None:
                self._link_in(soup, node)
        return str(soup)

    def _row(self, item) -> str:
        term = item.find("strong").extract()
        meaning = re.sub(r"^\s*[:：]\s*", "", item.decode_contents())
        anchor = f"d-{len(set(self.place.values())) + 1}"
        for word in () if A_NUMBER.match(term.get_text()) else _words(term.get_text()):
            self.place.setdefault(word, anchor)
            self.meaning.setdefault(anchor, re.sub(r"^\s*[:：]\s*", "", item.get_text()).strip())
        own = f' id="{anchor}"' if anchor in self.meaning else ""
        return f"<div{own}><dt>{term.decode_contents()}</dt><dd>{meaning}</dd></div>"

    def _link_in(self, soup: BeautifulSoup, node: NavigableString) -> None:
        while self.place and (found := self._pattern().search(node)):
            anchor = next(self.place[word] for word in self.place if re.fullmatch(_pattern(word), found[0], re.I))
            self.place = {word: place for word, place in self.place.items() if place != anchor}
            linked = soup.new_tag("a", attrs={"class": "term", "href": f"#{anchor}", "title": self.meaning[anchor]})
            linked.string = found[0]
            rest = NavigableString(node[found.end() :])
            before = NavigableString(node[: found.start()])
            node.replace_with(before)
            before.insert_after(linked)
            linked.insert_after(rest)
            node = rest

    def _pattern(self) -> re.Pattern:
        longest_first = sorted(self.place, key=len, reverse=True)
        return re.compile("|".join(map(_pattern, longest_first)), re.I)


def _words(term: str) -> list[str]:
    """The words by which a term is known on the page: without what stands in parentheses, `growing, declining` as two."""
    words = [word.strip() for word in JOINTS.split(PARENTHESIS.sub("", term))]
    return [word for word in words if len(word) >= (LEAST_HAN if HAN.search(word) else LEAST_LETTERS)]


def _pattern(word: str) -> str:
    """An English word stands by itself, in singular or plural; a Chinese one anywhere."""
    escaped = re.escape(word).replace(r"\ ", r"\s+")
    return escaped if HAN.search(word) else rf"(?<![\w-]){escaped}(e?s)?(?![\w-])"
