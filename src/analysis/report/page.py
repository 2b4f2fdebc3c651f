"""An executed notebook becomes a page: findings, exhibits with their notes beside them, sources and code folded away."""

import base64
import datetime as dt
import hashlib
import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbconvert import HTMLExporter

from analysis.figure import in_language
from analysis.report.figures import FIGURES_MIME
from analysis.report.gate import notice
from analysis.report.parts import explain, link_findings, number, read_parts
from analysis.report.stylesheet import stylesheet
from analysis.wording import format_value, say

TEMPLATES = Path(__file__).parent
FURNITURE = {
    "skip": say("Skip to the report"), "contents": say("Contents"), "as_of": say("As of"), "prepared_by": say("Prepared by"),
    "classification": say("Classification"), "internal": say("Internal"), "sources": say("Sources and code"),
    "show_code": say("Show the code"), "how_to_read": say("How to read it"), "index": say("Monthly customer report"), "version": say("Version"),
    "further": say("Further findings (%d)"), "output": say("Output of the notebook"),
    "source_tables": say("Sources, parameters and versions"), "period": say("Period"),
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
    classification: str = ""

    def says(self) -> dict[str, str]:
        """The page furniture's words in this language; the bank's own classification, if it gives one, for `internal`."""
        words = {name: text.render(self.language) for name, text in FURNITURE.items()}
        return words | ({"internal": self.classification} if self.classification else {})

    @property
    def day(self) -> str:
        return format_value(self.as_of, "date", self.language)

    @property
    def month(self) -> str:
        return format_value(self.as_of, "month", self.language)

    @property
    def period(self) -> str:
        """The month, or as much of it as had passed."""
        day = dt.date.fromisoformat(self.as_of)
        if (day + dt.timedelta(days=1)).month != day.month:
            return self.month
        return say("{first:date} to {last:date}", first=day.replace(day=1), last=day).render(self.language)

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


@dataclass(frozen=True)
class Page:
    """A page and what its notebook stated."""

    html: str
    title: str
    question: str
    findings: list[dict]
    figures: list[dict] = field(default_factory=list)


def render_page(notebook: nbformat.NotebookNode, setting: Setting, reservations: Sequence[dict] = ()) -> Page:
    """The HTML page of an executed notebook in the setting's language; it opens with its `reservations` (`report.gate`)."""
    title, question, parts, sources = read_parts(notebook, setting.language)
    findings = [finding for part in parts for finding in part.findings]
    number(parts, setting.language)
    link_findings(parts, setting.language)
    explain(parts)
    gate = notice(reservations, setting.language) if reservations else None
    content = {"title": title, "question": question, "parts": parts, "sources": sources, "code": _code(notebook), "setting": setting, "gate": gate,
               "says": setting.says(), "language_tag": language_tag(setting.language), **_style(title, setting, gate)}  # fmt: skip
    exporter = HTMLExporter(template_name="template", extra_template_basedirs=[str(TEMPLATES)])
    text, _ = exporter.from_notebook_node(notebook, resources={"page": content})
    return Page(
        _tidy(text),
        html.unescape(title),
        html.unescape(question),
        [_published(finding, setting.language) for finding in findings],
        _figures(notebook, setting.language),
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


def _figures(notebook: nbformat.NotebookNode, language: str) -> list[dict]:
    """The key figures that the notebook hands to the monthly report."""
    shown = [output.get("data", {}).get(FIGURES_MIME) for cell in notebook.cells for output in cell.get("outputs", [])]
    return [in_language(figure, language) for one in shown if one for figure in one["figures"]]


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
