"""The sections of a page as its notebook's cells make them: heading, prose, findings, exhibits, in the order of reading."""

import html
import re
from dataclasses import dataclass, field

import nbformat

from analysis.errors import UserError
from analysis.finding import BASES
from analysis.report.display import EXHIBIT_MIME, FINDINGS_MIME
from analysis.report.evidence import badge
from analysis.report.figures import FIGURES_MIME
from analysis.report.foreign import foreign, prose
from analysis.report.terms import Terms
from analysis.wording import say, translate

HEADING = re.compile(r"^##\s+(.+)$", re.MULTILINE)
BROAD, LANDSCAPE = 6, 10  # columns from which a table takes the margin too, and turns the paper
ROOMY = ' roomy"'  # the class of a table whose columns need the margin though they are few
MANY = 12  # further findings that are told under the headings of the sections that show them


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

    @property
    def headlines(self) -> list[dict]:
        return [finding for finding in self.findings if finding["is_headline"]]

    @property
    def further(self) -> list[dict]:
        """Those to be told in words: not what a row of a shown exhibit says."""
        return [one for one in self.findings if not (one["is_headline"] or (one.get("is_row") and one["shown"]))]

    @property
    def further_by_section(self) -> list[tuple[str, list[dict]]]:
        """Many further findings stand under the heading of the section that shows them; few in one list."""
        if len(self.further) <= MANY:
            return [("", self.further)]
        sections = dict.fromkeys(finding["section"] for finding in self.further)
        return [(section, [finding for finding in self.further if finding["section"] == section]) for section in sections]


def read_parts(notebook: nbformat.NotebookNode, language: str) -> tuple[str, str, list[Part], str]:
    """Title, question, the sections, and the table of sources of an executed notebook, all in `language`."""
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
        elif FIGURES_MIME not in data and (shown := foreign(output)):
            parts[-1].outputs.append(shown)
    return sources


def number(parts: list[Part], language: str) -> None:
    """Figures and tables are counted, each has its anchor, its place on the page and its findings' links."""
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


def link_findings(parts: list[Part], language: str) -> None:
    """Each finding gets its badge, its base in words, its exhibit and the heading under which that stands."""
    places = {exhibit["name"]: (exhibit, part.heading) for part in parts for exhibit in part.shown}
    for finding in (finding for part in parts for finding in part.findings):
        finding["shown"], finding["section"] = places.get(finding["exhibit"], (None, ""))
        finding["badge"] = badge(finding["evidence"], language)
        finding["based_on"] = BASES[finding["base_of"]].filled(base=finding["base"]).html(language)


def explain(parts: list[Part]) -> None:
    """Terms are defined where a section has prose alone, and linked where they first occur, in the order of reading."""
    terms = Terms()
    for part in parts:
        if not part.exhibits:
            part.prose = [terms.define(text) for text in part.prose]
    for part in parts:
        for finding in [*part.headlines, *part.further]:
            finding["linked"] = terms.link(finding["html"])
        for exhibit in part.shown:
            exhibit["subtitle"] = terms.link(exhibit["subtitle"])
        if part.exhibits:
            part.prose = [terms.link(text) for text in part.prose]


def _layout(exhibit: dict) -> str:
    columns = exhibit["body"].count('<th scope="col"') if exhibit["kind"] == "table" else 0
    is_broad = columns > BROAD or ROOMY in exhibit["body"]
    return " ".join(["ex", *(["broad"] if is_broad else []), *(["wide-page"] if columns > LANDSCAPE else [])])
