"""Whether a release is as it was published, and whether its pages came from the inputs, the code and the packages that are here."""

import json
import platform
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from analysis import digest
from analysis.bank.config import BankConfig, read_config
from analysis.bank.decisions import DECISIONS
from analysis.bank.delivery import locate, used_files
from analysis.beside import kept_beside
from analysis.errors import UserError
from analysis.project import Folders, folders, root
from analysis.report import provenance
from analysis.report.publication import PublicationList, parameters_in_force, read_publications
from analysis.report.release import LATEST, MANIFEST, RESULTS, days, digests, is_named_for

SHOWN_DIGITS = 12
LABELS = {
    "given": "The file of ids given to customers", "overrides": "The file identity_overrides.csv",
    "decisions": "The file decisions.csv", "last release": "The release before this one",
}  # fmt: skip


@dataclass(frozen=True)
class Part:
    """One part of what is held against its record: what it is, a sentence for each difference, and for what cannot be checked."""

    name: str
    differs: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)


def verify(where: str, as_of: str = "", raw: Path | None = None) -> tuple[Path, list[Part]]:
    """Holds a release, named by its folder or by bank and day, against its own record and against what is here. Returns its folder
    and the parts. Raises UserError where there is no release."""
    folder = find_release(where, as_of)
    results = _read(folder / RESULTS)
    pages = Part(f"{sum(1 for _ in folder.rglob('*.html'))} pages and what lies beside them", *_pages(folder))
    if not isinstance(results, dict) or not {"bank", "as_of", "reports", "provenance"} <= set(results):
        return folder, [pages, Part("provenance", unchecked=[f"{RESULTS} cannot be read, so nothing else can be checked."])]
    try:
        return folder, [pages, *_origin(results, raw)]
    except (LookupError, TypeError, AttributeError, ValueError):  # somebody altered it, or it is from before these keys
        return folder, [pages, Part("provenance", unchecked=[f"{RESULTS} lacks what the rest would be held against."])]


def _origin(results: Mapping, raw: Path | None) -> list[Part]:
    record = results["provenance"]
    return [
        Part("code", _code(record)),
        Part("packages", _packages(record["packages"])),
        Part("inputs", *_checked("inputs", lambda: _inputs(results, raw))),
        Part("notebooks and parameters", *_checked("notebooks and parameters", lambda: _reports(results))),
    ]


def find_release(where: str, as_of: str) -> Path:
    """The folder of a release, from its path or from a bank's name and a day (else the latest)."""
    path = Path(where)
    if (path / RESULTS).is_file():
        if as_of:
            raise UserError("--as-of goes with a bank's name; a folder names its day itself.")
        return path.parent if not (path / MANIFEST).is_file() and (path.parent / MANIFEST).is_file() else path
    if path.name != where or path.is_dir():
        raise UserError(f"{where} is no release: it holds no {RESULTS}; name a day's folder, such as reports/demo/{LATEST}.")
    published = folders(where).published
    if not (published / (as_of or LATEST) / RESULTS).is_file():
        known = f" Days: {', '.join(days(published))}." if days(published) else f" 'crm report {where}' makes one."
        raise UserError(f"There is no release of {where}{f' as of {as_of}' if as_of else ''}.{known}")
    return published / (as_of or LATEST)


def _pages(folder: Path) -> tuple[list[str], list[str]]:
    manifest, now, is_named = _read(folder / MANIFEST), digests(folder), is_named_for(folder)
    recorded = manifest.get("files") if isinstance(manifest, dict) else None
    if not isinstance(recorded, dict):
        if is_named:
            return [], []
        told = f"The release has no {MANIFEST} that can be read, so which of its files was altered cannot be told."
        return ([told], []) if is_named is False else ([], [told])
    now.pop(MANIFEST)
    differs = _told(recorded, now, "{name} was altered after it was published.", "{name} is gone.", "{name} was put there later.")
    if is_named is False and not differs:
        differs = [f"{MANIFEST} was altered: the release's name is not that of its contents."]
    unnamed = f"The folder does not bear the release's name, so whether {MANIFEST} itself was altered cannot be told."
    return differs, [unnamed] if is_named is None else []


def _code(record: Mapping) -> list[str]:
    here = provenance.code_digest()
    if here == record["code"]:
        return []
    then, now = (f"{number or 'no commit'}, digest {code[:SHOWN_DIGITS]}" for number, code in
                 ((record["commit"], record["code"]), (provenance.commit(), here)))  # fmt: skip
    return [f"The code is another: the release came from {then}; here is {now}."]


def _packages(then: Mapping[str, str]) -> list[str]:
    now = {**digest.package_versions(), "python": platform.python_version()}
    return [
        f"{name} was {then.get(name, 'not recorded')} and is {now.get(name, 'not installed')} here."
        for name in sorted({*then, *now})
        if then.get(name) != now.get(name)
    ]


def _inputs(results: Mapping, raw: Path | None) -> list[str]:
    places = folders(results["bank"], raw)
    if not places.raw.is_dir():
        raise UserError(f"the folder {places.raw} does not exist, name it with --raw.")
    config, record = read_config(places.definition), results["provenance"]
    definition = digest.of_file(places.definition) != record["definitions"]
    lines = ("{name} is another than then.", "{name} is gone.", "{name} is read now and was not there then.")
    names = {*record["inputs"], *used_files(config)}
    beside = {"given": places.state / "identity.parquet", "overrides": places.raw / "identity_overrides.csv",
              "decisions": places.definition.with_name(DECISIONS)}  # fmt: skip
    return [
        *(["bank.yaml is another than then."] if definition else []),
        *_told(_labelled(record["inputs"]), _labelled({name: _digest_of_input(name, config, places) for name in names}), *lines),
        *_told(
            _labelled(record["identity"] | record["kept"] | {"decisions": record.get("decisions")}),
            _labelled({name: _digest_of_file(path) for name, path in beside.items()} | kept_beside(places, results["as_of"])),
            *lines,
        ),
    ]


def _labelled(digests_by_name: Mapping[str, str | None]) -> dict[str, str]:
    """By the words that a sentence begins with; without what is not there."""
    return {LABELS.get(name, f"The input {name}"): value for name, value in digests_by_name.items() if value is not None}


def _digest_of_input(name: str, config: BankConfig, places: Folders) -> str | None:
    try:
        return digest.of_files(locate(places.raw, config.files[name])) if name in config.files else None
    except UserError:
        return None


def _digest_of_file(path: Path) -> str | None:
    return digest.of_file(path) if path.is_file() else None


def _reports(results: Mapping) -> list[str]:
    """Each report with a page, held against its notebook, its parameters, and the code and inputs of the release's record."""
    publications, notebooks = read_publications(root() / "reports.yaml"), root() / "notebooks"
    record = results["provenance"]
    same = {"code": record["code"], "inputs": digest.of_value(record["inputs"])}
    found = []
    for name, entry in results["reports"].items():
        if not entry["page"]:
            continue
        if entry["status"] == "failed":
            found.append(
                f"{entry['page']} is the last good page of a report that failed; its own release of that day vouches for it."
            )
            continue
        made = entry["made_from"]
        found += [
            f"{entry['page']} was made from other {what} than the release's record says."
            for what in same
            if made[what] != same[what]
        ]
        found += _definition(name, made.get("notebook"), record["parameters"].get(name), publications, notebooks)
    return found


def _definition(name: str, notebook: str | None, parameters: object, publications: PublicationList, notebooks: Path) -> list[str]:
    listed = publications.reports.get(name)
    if listed is None or not (notebooks / listed.notebook).is_file():
        return [f"The report {name} has no notebook here."]
    found = []
    if notebook != digest.of_file(notebooks / listed.notebook):
        found.append(f"The notebook {listed.notebook} is another than then.")
    if parameters != parameters_in_force(listed, notebooks):
        found.append(f"The parameters of {name} are others than then.")
    return found


def _checked(name: str, check: Callable[[], list[str]]) -> tuple[list[str], list[str]]:
    """Differences; or why there is nothing here to hold the record against."""
    try:
        return check(), []
    except UserError as error:
        return [], [f"The {name} cannot be checked here: {error}"]


def _told(then: Mapping[str, str], now: Mapping[str, str], other: str, gone: str, new: str) -> list[str]:
    names: Iterable[str] = sorted({*then, *now})
    return [
        (gone if name not in now else new if name not in then else other).format(name=name)
        for name in names
        if then.get(name) != now.get(name)
    ]


def _read(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
