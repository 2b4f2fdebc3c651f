"""What is to be translated: every `say("…")` template of the package and every prose cell of the notebooks.

`python -m analysis.messages` brings `locale/<language>.po` up to date: new templates get an empty translation, those no
longer used go.
"""

import io
import json
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from analysis.project import root
from analysis.wording import CATALOGUES, LANGUAGES

KEYWORDS = {"say": None}
LINE_WIDTH = 120


def templates(package: Path) -> dict[str, str]:
    """Template → the module that first says it."""
    found: dict[str, str] = {}
    for name, _, template, *_ in extract_from_dir(str(package), [("**.py", "python")], keywords=KEYWORDS):
        found.setdefault(template, name)
    return found


def prose(notebooks: Path) -> dict[str, str]:
    """Text of each Markdown cell → its notebook."""
    cells = {path.name: json.loads(path.read_text(encoding="utf-8"))["cells"] for path in sorted(notebooks.glob("*.ipynb"))}
    return {
        "".join(cell["source"]).strip(): name
        for name, content in cells.items()
        for cell in content
        if cell["cell_type"] == "markdown"
    }


def wanted(home: Path) -> dict[str, str]:
    """All that a page may say → where it stands."""
    return {**prose(home / "notebooks"), **templates(home / "src" / "analysis")}


def update(path: Path, language: str, texts: dict[str, str]) -> None:
    """Writes the catalogue of a language: exactly `texts`, with the translations it had."""
    had = Catalog(locale=language)
    if path.is_file():
        with open(path, "rb") as file:
            had = read_po(file, locale=language)
    catalogue = Catalog(locale=language, fuzzy=False)
    for text, place in sorted(texts.items(), key=lambda pair: (pair[1], pair[0])):
        known = had.get(text)
        catalogue.add(text, known.string if known else "", locations=[(place, None)])
    buffer = io.BytesIO()
    write_po(buffer, catalogue, width=LINE_WIDTH, omit_header=True, include_lineno=False)
    header = f'msgid ""\nmsgstr ""\n"Language: {language}\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'
    path.write_text(header + buffer.getvalue().decode(), encoding="utf-8")


if __name__ == "__main__":
    for language in LANGUAGES[1:]:
        update(CATALOGUES / f"{language}.po", language, wanted(root()))
