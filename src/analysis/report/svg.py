"""From a matplotlib figure to SVG that may stand in a page: text stays text, no style attribute, no font, no date."""

from __future__ import annotations

import hashlib
import io
import re
import warnings
from collections.abc import Mapping
from xml.etree import ElementTree

from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from analysis.report.texts import LABEL_SIZE, clean

NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}
LINK = "{http://www.w3.org/1999/xlink}href"
COORDINATES = ("d", "x", "y", "transform", "points", "width", "height", "cx", "cy", "r")
LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")
NO_ROTATION = re.compile(r"rotate\(-?0 ")
STRAIGHT = re.compile(r"M (\S+) (\S+) L (\S+) (\S+)$")
FONT = re.compile(r"(?:(\d{3}) )?([\d.]+)px")
DROPPED = {"metadata", "style", "title"}
MATPLOTLIB_BOLD, BOLD = "700", "600"
PRESENTATION = {
    "clip-path", "clip-rule", "fill", "fill-opacity", "fill-rule", "opacity", "stroke", "stroke-dasharray",
    "stroke-dashoffset", "stroke-linecap", "stroke-linejoin", "stroke-opacity", "stroke-width", "text-anchor",
}  # fmt: skip
DEFAULTS = {("text-anchor", "start"), ("stroke-dashoffset", "0"), ("opacity", "1"), ("stroke-width", "1")}


def to_svg(figure: Figure, name: str, css_class: str, title: str, desc: str) -> str:
    """The figure as one `<svg>` element for HTML, with `title` (what it says) and `desc` (its numbers) for those who
    do not see it. The ids in it begin with `name` and a hash of the drawing: the same figure gives the same bytes."""
    source = _drawn(figure)
    mark = hashlib.sha256("\n".join((source, title, desc)).encode()).hexdigest()[:8]
    prefix = f"{re.sub('[^A-Za-z0-9_-]+', '-', name)}-{css_class}-{mark}"
    root = _plain_element(ElementTree.fromstring(source))
    _rename_ids(root, prefix)
    root.attrib = {
        "class": css_class,
        "viewBox": root.get("viewBox"),
        "role": "img",
        "aria-labelledby": f"{prefix}-t {prefix}-d",
        "font-size": str(LABEL_SIZE),
        "stroke-linejoin": "round",
    }
    root[:0] = [_words("title", f"{prefix}-t", title), _words("desc", f"{prefix}-d", desc)]
    return ElementTree.tostring(root, encoding="unicode")


def _drawn(figure: Figure) -> str:
    buffer = io.StringIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")  # the reader's font draws it
        FigureCanvasSVG(figure).print_svg(buffer, metadata=NO_METADATA)
    return buffer.getvalue()


def _words(tag: str, identifier: str, text: str) -> ElementTree.Element:
    element = ElementTree.Element(tag, id=identifier)
    element.text = clean(text)
    return element


def _plain_element(source: ElementTree.Element) -> ElementTree.Element:
    element = ElementTree.Element(_local(source.tag), _attributes(source))
    element.text = source.text if element.tag == "text" else None
    if _is_hairline(element):
        element.set("shape-rendering", "crispEdges")
    for child in source:
        if _local(child.tag) not in DROPPED:
            element.extend(_flattened(_plain_element(child)))
    return element


def _is_hairline(element: ElementTree.Element) -> bool:
    """A level or upright line of one px: drawn on whole pixels, else it would look two px wide and grey."""
    ends = STRAIGHT.match(element.get("d", ""))
    return bool(ends) and "stroke-width" not in element.attrib and (ends[1] == ends[3] or ends[2] == ends[4])


def _flattened(element: ElementTree.Element) -> list[ElementTree.Element]:
    is_wrapper = element.tag in ("g", "defs") and not set(element.attrib) - {"id"}
    if element.tag == "g" and is_wrapper:
        return list(element)
    return [] if is_wrapper and not len(element) else [element]


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _attributes(source: ElementTree.Element) -> dict[str, str]:
    own = {"href" if name == LINK else name: value for name, value in source.attrib.items() if name != "style"}
    own = {name: _short(value) if name in COORDINATES else value for name, value in own.items()}
    if NO_ROTATION.match(own.get("transform", "")):
        del own["transform"]
    return own | _presentation(source.get("style", ""))


def _presentation(style: str) -> dict[str, str]:
    pairs = [(name.strip(), value.strip()) for name, _, value in (item.partition(":") for item in style.split(";"))]
    shown = {name: _short(value) for name, value in pairs if name in PRESENTATION and (name, value) not in DEFAULTS}
    return shown | _font(dict(pairs))


def _font(style: Mapping[str, str]) -> dict[str, str]:
    shorthand = FONT.search(style.get("font", ""))
    weight, size = shorthand.groups() if shorthand else (style.get("font-weight"), style.get("font-size"))
    shown = {"font-weight": BOLD} if weight == MATPLOTLIB_BOLD else {}
    number = (size or "").removesuffix("px")
    return shown | ({"font-size": number} if number and float(number) != LABEL_SIZE else {})


def _short(text: str) -> str:
    return LONG_NUMBER.sub(lambda match: f"{float(match[0]):.2f}".rstrip("0").rstrip("."), " ".join(text.split()))


def _rename_ids(root: ElementTree.Element, prefix: str) -> None:
    used = {value.lstrip("#") for element in root.iter() for name, value in element.attrib.items() if name == "href"}
    used |= set(re.findall(r"url\(#([^)]+)\)", " ".join(element.get("clip-path", "") for element in root.iter())))
    names = {old: f"{prefix}-{count}" for count, old in enumerate(sorted(used))}
    for element in root.iter():
        if "id" in element.attrib:
            old = element.attrib.pop("id")
            if old in names:
                element.set("id", names[old])
        if "href" in element.attrib:
            element.set("href", "#" + names[element.get("href").lstrip("#")])
        if "clip-path" in element.attrib:
            element.set("clip-path", re.sub(r"#([^)]+)", lambda match: "#" + names[match[1]], element.get("clip-path")))
