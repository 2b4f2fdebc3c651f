"""Where a page's numbers come from: code, inputs, parameters, packages."""

from __future__ import annotations

import json
import platform
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from analysis import digest
from analysis.project import root
from analysis.wording import Message, render_html, say, shown_languages

if TYPE_CHECKING:
    from analysis.report.display import Shown

TABLES = {
    "customers": say("table customers"), "parties": say("table parties"), "branches": say("table branches"),
    "holdings": say("table holdings"), "balances": say("table balances"), "contributions": say("table contributions"),
    "transactions": say("table transactions"), "contacts": say("table contacts"),
    "complaints": say("table complaints"), "invitations": say("table invitations"), "surveys": say("table surveys"),
    "answers": say("table answers"), "assignments": say("table assignments"), "incidents": say("table incidents"),
    "tariffs": say("table tariffs"), "market_rates": say("table market_rates"), "campaigns": say("table campaigns"),
    "prospects": say("table prospects"), "exposures": say("table exposures"), "ownership": say("table ownership"),
    "alerts": say("table alerts"), "consents": say("table consents"),
}  # fmt: skip


def table_label(name: str) -> Message:
    """What a page calls a canonical table."""
    return TABLES.get(name) or say("table {name}", name=name)


def table_labels(names: Sequence[str]) -> Message:
    """What a page calls several of them that are lacking."""
    first, *others = map(table_label, names)
    for other in others:
        first = say("{first} and no {second}", first=first, second=other)
    return first


def commit() -> str | None:
    """The checkout's commit, with `+` where tracked files differ from it; None outside a checkout."""
    try:
        head = _git("rev-parse", "--short=12", "HEAD")
        return head + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def code_digest() -> str:
    """The digest of the package's source: whatever can alter a page."""
    return digest.of_tree(Path(__file__).parents[1])


def record(sources: dict, as_of: str, parameters: dict, kept: Mapping[str, str]) -> dict:
    """The audit record of a run. `sources` is a bank's manifest: inputs, definition, tables, and what identity hangs on besides;
    `kept`, what pages speak of besides: tables that the bank keeps beside its definition and lots of earlier lists, file name →
    digest, and the name of the release before."""
    return {
        "commit": commit(),
        "code": code_digest(),
        "inputs": _in_order(sources["inputs"]),
        "identity": {name: sources.get(name) for name in ("given", "overrides")},
        "definitions": sources["definition"],
        "kept": dict(kept),
        "tables": _in_order(sources["tables"]),
        "as_of": as_of,
        "parameters": parameters,
        "packages": {**digest.package_versions(), "python": platform.python_version()},
    }


def _in_order(value: dict) -> dict:
    """The same by whatever way it came: a manifest just made has its keys in another order than one read again."""
    return json.loads(json.dumps(value, sort_keys=True))


def provenance(sources: dict, **parameters: object) -> Shown:
    """The end of every report: which data, code and parameters made its numbers."""
    from analysis.report.display import Shown

    rows: list[tuple[Message | str, Message | str]] = [(say("Code"), commit() or code_digest()[:12])]
    rows += [(say("Package {name}", name=name), version) for name, version in sorted(digest.package_versions().items())]
    rows += [(say("Parameter {name}", name=name), str(value)) for name, value in parameters.items()]
    rows += [(say("File {name}, SHA-256", name=name), value) for name, value in sorted(sources["inputs"].items())]
    rows += [
        (say("{table:capital}", table=table_label(name)), _counted(counts)) for name, counts in sorted(sources["tables"].items())
    ]
    content = {language: {"title": say("Sources, parameters and versions").html(language), "subtitle": "", "body": _table(rows, language)}
               for language in shown_languages()}  # fmt: skip
    return Shown("provenance", "provenance", content)


def _counted(counts: dict) -> Message:
    return say(
        "{delivered:count} rows delivered, {rejected:count} rejected, {nulled:count} fields set to null",
        delivered=counts["delivered"], rejected=counts["rejected"], nulled=counts["fields_set_to_null"],
    )  # fmt: skip


def _table(rows: list[tuple[Message | str, Message | str]], language: str) -> str:
    heads = (say("Item"), say("Content"))
    head = "".join(f'<th scope="col">{label.html(language)}</th>' for label in heads)
    body = "".join(
        f'<tr><th scope="row">{render_html(label, language)}</th><td class="hash">{render_html(value, language)}</td></tr>'
        for label, value in rows
    )
    caption = say("Sources, parameters and versions").html(language)
    return f'<table class="t"><caption class="vh">{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _git(*words: str) -> str:
    run = subprocess.run(["git", "-C", str(root()), *words], capture_output=True, text=True, check=True)
    return run.stdout.strip()
