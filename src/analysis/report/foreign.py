"""What a page shows that is not of our making, made harmless: Markdown, and outputs of a researcher's own."""

import base64
import html
import re

import nbformat
import nh3
from bs4 import BeautifulSoup
from nbconvert.filters.markdown import markdown2html

ALLOWED_TAGS = nh3.ALLOWED_TAGS | {
    "table",
    "caption",
    "thead",
    "tbody",
    "tfoot",
    "tr",
    "th",
    "td",
    "figure",
    "figcaption",
    "section",
}
ALLOWED_ATTRIBUTES = {**nh3.ALLOWED_ATTRIBUTES, "th": {"scope", "class"}, "td": {"class"}, "table": {"class"}, "p": {"class"}}
IMAGES = ("image/svg+xml", "image/png", "image/jpeg")


def prose(text: str) -> str:
    """A notebook's Markdown as harmless HTML."""
    shown = nh3.clean(markdown2html(text), tags=ALLOWED_TAGS - {"img"}, attributes=ALLOWED_ATTRIBUTES)
    return re.sub(r"\s*<a [^>]*>¶</a>", "", shown)


def foreign(output: nbformat.NotebookNode) -> str:
    """An output that is none of ours (a researcher's frame, figure or print), made harmless; warnings are left out."""
    if "data" not in output:
        return f"<pre>{html.escape(output.text)}</pre>" if output.get("name") == "stdout" else ""
    for kind in IMAGES:
        if kind in output.data:
            alt = output.get("metadata", {}).get(kind, {}).get("alt", "")
            return f'<img alt="{html.escape(alt)}" src="data:{kind};base64,{_base64(output.data[kind], kind)}">'
    if "text/markdown" in output.data:
        return prose(output.data["text/markdown"])
    if "text/html" in output.data:
        return nh3.clean(output.data["text/html"], tags=ALLOWED_TAGS - {"img"}, attributes=ALLOWED_ATTRIBUTES)
    return f"<pre>{html.escape(output.data.get('text/plain', ''))}</pre>"


def _base64(data: str, kind: str) -> str:
    return base64.b64encode(data.encode()).decode() if kind == "image/svg+xml" else html.escape(data.replace("\n", ""))


def definitions(text: str) -> str:
    """A list of `**term**: meaning` items as a definition list."""
    soup = BeautifulSoup(text, "html.parser")
    for found in soup.find_all("ul"):
        items = found.find_all("li", recursive=False)
        if items and all(item.find("strong") for item in items):
            rows = "".join(_definition(item) for item in items)
            found.replace_with(BeautifulSoup(f'<dl class="def">{rows}</dl>', "html.parser"))
    return str(soup)


def _definition(item) -> str:
    term = item.find("strong").extract()
    meaning = re.sub(r"^\s*[:：]\s*", "", item.decode_contents())
    return f"<div><dt>{term.decode_contents()}</dt><dd>{meaning}</dd></div>"
