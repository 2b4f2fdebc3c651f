"""An executed notebook becomes a page: findings, exhibits with their notes beside them, sources and code folded away."""

import base64
import hashlib
import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbconvert import HTMLExporter

from analysis.errors import UserError
from analysis.finding import BASES
from analysis.report.display import EXHIBIT_MIME, FINDINGS_MIME
from analysis.report.evidence import badge
from analysis.report.foreign import definitions, foreign, prose
from analysis.report.gate import notice
from analysis.report.stylesheet import stylesheet
from analysis.wording import format_value, say, translate

TEMPLATES = Path(__file__).parent
HEADING = re.compile(r"^##\s+(.+)$", re.MULTILINE)
BROAD, LANDSCAPE = 6, 10  # columns from which a table takes the margin too, and turns the paper
ROOMY = '<table class="t wide roomy"'  # one whose columns need the margin though they are few
FURNITURE = {
    "skip": say("Skip to the report"), "contents": say("Contents"), "as_of": say("As of"), "prepared_by": say("Prepared by"),
    "classification": say("Classification"), "internal": say("Internal"), "sources": say("Sources and code"),
    "show_code": say("Show the code"), "how_to_read": say("How to read it"), "index": say("Monthly customer report"), "version": say("Version"),
    "further": say("Further findings (%d)"), "output": say("Output of the notebook"),
    "source_tables": say("Sources, parameters and versions"),
}  # fmt: skip
KINDS_OF_DATA = {"simulated": say("Simulated data, not a real bank"), "research": say("Research data"), "real": None}


@dataclass(frozen=True)
class Setting:
    """What a page says round its matter: bank, day, language, the file names it links to."""

    bank: str
    kind_of_data: str
    as_of: str
    language: str
    prepared_by: str
    other_languages: dict[str, str] = field(default_factory=dict)
    version: str = ""

    def says(self) -> dict[str, str]:
        """The page furniture's words in this language."""
        return {name: text.render(self.language) for name, text in FURNITURE.items()}

    @property
    def day(self) -> str:
        return format_value(self.as_of, "date", self.language)

    @property
    def month(self) -> str:
        return format_value(self.as_of, "month", self.language)

    @property
    def edition(self) -> str:
        """As of and version, as they stand at a printed page's foot."""
        said = self.says()
        version = f"{said['version']} {self.version}" if self.version else ""
        return " · ".join(filter(None, (version, f"{said['as_of']} {self.day}")))

    @property
    def notice(self) -> str:
        kind = KINDS_OF_DATA[self.kind_of_data]
        return kind.render(self.language) if kind else ""


@dataclass
class Part:
    """A section of the page: a heading, prose, findings, exhibits, and outputs that are none of ours."""

    anchor: str
    heading: str
    prose: list[str] = field(default_factory=list)
    findings: list[dict] = field(default_factory=list)
    exhibits: list[dict] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)

    @property
    def shown(self) -> list[dict]:
        return [exhibit for exhibit in self.exhibits if exhibit["kind"] != "absent"]

    @property
    def absent(self) -> list[dict]:
        return [exhibit for exhibit in self.exhibits if exhibit["kind"] == "absent"]


@dataclass(frozen=True)
class Page:
    """A page and what its notebook stated."""

    html: str
    title: str
    question: str
    findings: list[dict]


def render_page(notebook: nbformat.NotebookNode, setting: Setting, reservations: Sequence[dict] = ()) -> Page:
    """The HTML page of an executed notebook in the setting's language; it opens with its `reservations` (`report.gate`)."""
    title, question, parts, sources = _parts(notebook, setting.language)
    findings = [finding for part in parts for finding in part.findings]
    _number(parts, setting.language)
    links = {exhibit["name"]: exhibit for part in parts for exhibit in part.shown}
    for finding in findings:
        finding["shown"] = links.get(finding["exhibit"])
        finding["badge"] = badge(finding["evidence"], setting.language)
        finding["based_on"] = BASES[finding["base_of"]].filled(base=finding["base"]).html(setting.language)
    gate = notice(reservations, setting.language) if reservations else None
    content = {"title": title, "question": question, "parts": parts, "sources": sources, "code": _code(notebook), "setting": setting, "gate": gate,
               "says": setting.says(), "language_tag": language_tag(setting.language), **_style(title, setting, gate)}  # fmt: skip
    exporter = HTMLExporter(template_name="template", extra_template_basedirs=[str(TEMPLATES)])
    exporter.register_filter("as_definitions", definitions)
    text, _ = exporter.from_notebook_node(notebook, resources={"page": content})
    return Page(
        _tidy(text),
        html.unescape(title),
        html.unescape(question),
        [_published(finding, setting.language) for finding in findings],
    )


def stylesheet_hash(style: str) -> str:
    """The Content-Security-Policy source that lets this one style through."""
    return "sha256-" + base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()


def language_tag(language: str) -> str:
    """The page's `lang`."""
    return {"zh": "zh-CN"}.get(language, language)


def _style(title: str, setting: Setting, gate: dict | None) -> dict[str, str]:
    said = (gate and gate["short"], setting.says()["internal"], setting.notice)
    style = stylesheet(
        setting.language,
        running_head=f"{setting.bank} · {html.unescape(title)}",
        classification=" · ".join(filter(None, said)),
        version_line=setting.edition,
    )
    return {"style": style, "style_hash": stylesheet_hash(style)}


def _parts(notebook: nbformat.NotebookNode, language: str) -> tuple[str, str, list[Part], str]:
    title, question, sources = "", "", ""
    parts: list[Part] = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            text = translate(cell.source.strip(), language)
            if not title and text.startswith("# "):
                title, _, question = (html.escape(piece.strip()) for piece in text[2:].partition("\n"))
                continue
            heading = HEADING.search(text)
            if heading or not parts:
                parts.append(Part(f"s{len(parts) + 1}", html.escape(heading.group(1)) if heading else ""))
                text = HEADING.sub("", text, count=1)
            if text.strip():
                parts[-1].prose.append(prose(text))
        elif cell.cell_type == "code":
            sources = _collect(cell, parts, language) or sources
    return title, question, parts, sources


def _collect(cell: nbformat.NotebookNode, parts: list[Part], language: str) -> str:
    sources = ""
    for output in cell.outputs:
        data = output.get("data", {})
        if not parts:
            parts.append(Part("s1", ""))
        if FINDINGS_MIME in data:
            parts[-1].findings += [{**finding, "html": finding["html"][language]} for finding in data[FINDINGS_MIME]["findings"]]
        elif EXHIBIT_MIME in data:
            shown = data[EXHIBIT_MIME]
            content = shown["content"].get(language) or next(iter(shown["content"].values()))
            if shown["kind"] == "provenance":
                sources = content["body"]
            else:
                parts[-1].exhibits.append({"name": shown["name"], "kind": shown["kind"], **content})
        elif shown := foreign(output):
            parts[-1].outputs.append(shown)
    return sources


def _number(parts: list[Part], language: str) -> None:
    counts = {"figure": 0, "table": 0}
    words = {"figure": say("Figure {n:count}"), "table": say("Table {n:count}")}
    for part in parts:
        for exhibit in part.exhibits:
            if exhibit["kind"] in counts:
                counts[exhibit["kind"]] += 1
                exhibit["number"] = words[exhibit["kind"]].filled(n=counts[exhibit["kind"]]).render(language)
            exhibit["anchor"] = f"e-{re.sub(r'[^a-z0-9]+', '-', exhibit['name'].lower())}"
            exhibit["layout"] = _layout(exhibit)
    anchors = [exhibit["anchor"] for part in parts for exhibit in part.exhibits]
    for anchor in anchors:
        if anchors.count(anchor) > 1:
            raise UserError(f"two exhibits bear the name '{anchor[2:]}'; give each a name of its own")


def _layout(exhibit: dict) -> str:
    columns = exhibit["body"].count('<th scope="col"') if exhibit["kind"] == "table" else 0
    is_broad = columns > BROAD or ROOMY in exhibit["body"]
    return " ".join(["ex", *(["broad"] if is_broad else []), *(["wide-page"] if columns > LANDSCAPE else [])])


def _code(notebook: nbformat.NotebookNode) -> str:
    return "\n\n".join(
        cell.source
        for cell in notebook.cells
        if cell.cell_type == "code" and "injected-parameters" not in cell.metadata.get("tags", [])
    )


def _published(finding: dict, language: str) -> dict:
    names = ("id", "text", "value", "low", "high", "base", "base_of", "unit", "evidence", "compare_to", "is_headline")
    shown = finding["shown"] and {"anchor": finding["shown"]["anchor"], "number": finding["shown"]["number"]}
    return {name: finding[name] for name in names} | {
        "text": finding["text"][language],
        "html": finding["html"],
        "exhibit": shown,
    }


def _tidy(text: str) -> str:
    lines = [line.rstrip() for line in text.splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"
