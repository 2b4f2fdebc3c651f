"""What a notebook's cell returns: findings and exhibits in a MIME type of their own for the publisher, and in plain
HTML for JupyterLab."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from analysis.finding import BASES, Exhibit, Finding
from analysis.report.privacy import gives_few_away, masked, rounded, sheet, without_hidden
from analysis.report.texts import clean, plain
from analysis.wording import Message, render_html, say, shown_languages

FINDINGS_MIME = "application/vnd.crm.findings+json"
EXHIBIT_MIME = "application/vnd.crm.exhibit+json"
PREVIEW_STYLE = """<style>
.crm-shown { background: #fff; color: #16202b; max-width: 45rem; padding: 0.5rem; font-variant-numeric: tabular-nums; }
.crm-shown h3 { font-size: 1.2rem; margin: 0; }
.crm-shown .sub, .crm-shown .absent, .crm-shown small { color: #46525e; }
.crm-shown svg { display: block; width: 100%; height: auto; overflow: visible; }
.crm-shown svg.nar, .crm-shown caption { display: none; }
.crm-shown table.t { border-collapse: collapse; }
.crm-shown table.t th, .crm-shown table.t td { background: #fff; padding: 0.3rem 1rem 0.3rem 0; text-align: left; }
.crm-shown table.t tr > * { border-top: 1px solid #e3e7eb; }
.crm-shown table.t thead small { display: block; font-weight: 400; }
.crm-shown table.t .n { text-align: right; white-space: nowrap; }
.crm-shown table.t tr.sum > * { border-top-color: #616c77; font-weight: 600; }
.crm-shown table.t td.soft { color: #616c77; }
</style>"""


@dataclass(frozen=True)
class Shown:
    """An exhibit as it is shown: `kind` is figure, table or absent, `content` holds title, subtitle and body (HTML)
    for each shown language, `cells` its counts (`privacy.sheet`)."""

    name: str
    kind: str
    content: dict[str, dict[str, str]]
    cells: dict | None = None

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, object]:
        first = next(iter(self.content.values()))
        return {
            EXHIBIT_MIME: {"name": self.name, "kind": self.kind, "content": self.content, "cells": self.cells},
            "text/html": _preview(first),
            "text/plain": first["title"],
        }


@dataclass(frozen=True)
class ShownFindings:
    """Findings as a notebook shows them, in the order given."""

    found: Sequence[Finding]
    languages: tuple[str, ...] = field(default_factory=shown_languages)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, object]:
        language = self.languages[0]
        return {
            FINDINGS_MIME: {"findings": [rounded(finding.to_json(self.languages)) for finding in self.found]},
            "text/html": f"<ol>{''.join(_item(finding, language) for finding in self.found)}</ol>",
            "text/plain": "\n".join(plain(finding.text, language) for finding in self.found),
        }


def findings(found: Sequence[Finding]) -> ShownFindings:
    """The findings that may be shown; those on fewer customers than the disclosure threshold, and those whose share and base tell of
    fewer, are left out, and with rows hidden the bases that would tell them."""
    told = [finding for finding in found if finding.is_disclosable and not gives_few_away(finding)]
    return ShownFindings(tuple(without_hidden(told)))


def show(exhibit: Exhibit, kind: str, body: Callable[[Exhibit, str], str]) -> Shown:
    """`body(exhibit, language)` for each shown language; the reason instead where the exhibit is absent or empty."""
    exhibit = masked(exhibit)
    reason = _reason_absent(exhibit)
    bodies = {
        language: body(exhibit, language) if reason is None else f'<p class="absent">{_html(reason, language)}</p>'
        for language in shown_languages()
    }
    return Shown(
        name=exhibit.name,
        kind=kind if reason is None else "absent",
        content={
            language: {
                "title": _html(exhibit.title, language),
                "subtitle": _html(exhibit.subtitle, language),
                "body": text,
            }
            for language, text in bodies.items()
        },
        cells=sheet(exhibit),
    )


def _reason_absent(exhibit: Exhibit) -> Message | None:
    if exhibit.absent is not None:
        return exhibit.absent
    if exhibit.frame is None or exhibit.frame.empty:
        return say("The bank's data have nothing to show here for this period.")
    return None


def _html(text: Message | str | None, language: str) -> str:
    return clean(render_html(text, language))


def _preview(content: dict[str, str]) -> str:
    return (
        f'{PREVIEW_STYLE}<div class="crm-shown"><h3>{content["title"]}</h3>'
        f'<p class="sub">{content["subtitle"]}</p>{content["body"]}</div>'
    )


def _item(finding: Finding, language: str) -> str:
    base = None if finding.base is None else BASES[finding.base_of].filled(base=finding.base)
    return f"<li>{_html(finding.text, language)} <small>{_html(base, language)}</small></li>"
