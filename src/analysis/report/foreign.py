"""What a page shows that is not of our making, made harmless: Markdown, and outputs of a researcher's own."""

import base64
import html
import re

import nbformat
import nh3
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
