"""The key figures as a notebook shows them: in a MIME type of their own for the publisher, as a list for JupyterLab."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from analysis.figure import Figure
from analysis.report.texts import clean
from analysis.wording import format_value, render, render_html, shown_languages

FIGURES_MIME = "application/vnd.crm.figures+json"


@dataclass(frozen=True)
class ShownFigures:
    """Figures in the order given. A page shows them by its exhibits; the monthly report by what they carry."""

    made: Sequence[Figure]
    languages: tuple[str, ...] = field(default_factory=shown_languages)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, object]:
        language = self.languages[0]
        return {
            FIGURES_MIME: {"figures": [figure.to_json(self.languages) for figure in self.made]},
            "text/html": f"<ul>{''.join(_item(figure, language) for figure in self.made)}</ul>",
            "text/plain": "\n".join(f"{render(figure.title, language)}: {_value(figure, language)}" for figure in self.made),
        }


def figures(made: Sequence[Figure]) -> ShownFigures:
    """The figures for the monthly report."""
    return ShownFigures(tuple(made))


def _item(figure: Figure, language: str) -> str:
    told = render_html(figure.absent, language) if figure.absent else _value(figure, language)
    return f"<li>{clean(render_html(figure.title, language))}: {clean(told)}</li>"


def _value(figure: Figure, language: str) -> str:
    return format_value(figure.now.value, figure.unit, language)
