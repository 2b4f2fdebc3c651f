"""Prepares a bank: raw files → accepted canonical tables, rejected rows and a manifest, replaced only when all is well."""

import datetime as dt
import logging
from dataclasses import dataclass
from pathlib import Path

from analysis import digest
from analysis.bank.book import choose_as_of, feature_path, read_manifest, write_features
from analysis.bank.config import BankConfig, read_config
from analysis.bank.delivery import locate, used_files
from analysis.calendar import landmark_grid
from analysis.project import Folders

QUALITY_FILES = ("quality", "quality_customers")
IDENTITY_FILES = ("standards", "identity", "identity_links")
LOG = logging.getLogger("crm")


@dataclass(frozen=True)
class Prepared:
    """A prepared bank: its definition, manifest and the day it is to be seen from; `is_new` where anything was computed."""

    config: BankConfig
    manifest: dict
    as_of: dt.date
    is_new: bool


def prepare(places: Folders, as_of: str = "", force: bool = False) -> Prepared:
    """Brings the canonical tables of `data/processed/<bank>` up to date with the raw files; features are left to
    `prepare_features`. Raises UserError, with everything as it was, where the files do not bear it."""
    config = read_config(places.definition)
    state = _state(config, places)
    manifest = read_manifest(places.processed)
    is_new = force or manifest is None or not _is_current(manifest, state, places.processed)
    if is_new:
        LOG.info("preparing %s", places.name)
        from analysis.bank.build import build

        manifest = build(config, places, state)
    first, last = (dt.date.fromisoformat(day) if day else None for day in manifest["span"])
    day = choose_as_of(as_of, config, first, last)
    return Prepared(config, manifest, day, is_new)


def _is_current(manifest: dict, state: dict, processed: Path) -> bool:
    made = [*manifest["tables"], *QUALITY_FILES, *(IDENTITY_FILES if "parties" in manifest["tables"] else [])]
    whole = all((processed / f"{table}.parquet").is_file() for table in made)
    return whole and all(manifest.get(key) == value for key, value in state.items())


def prepare_features(prepared: Prepared, places: Folders) -> None:
    """Computes the features that are still missing at the landmarks of this `as_of`."""
    first = dt.date.fromisoformat(prepared.manifest["span"][0] or str(prepared.as_of))
    if "customers" not in prepared.manifest["tables"]:
        return
    for landmark in landmark_grid(prepared.as_of, first):
        if not feature_path(places.processed, landmark).is_file():
            LOG.info("features at %s", landmark)
            write_features(places.processed, landmark)


def _state(config: BankConfig, places: Folders) -> dict:
    return {
        "inputs": {name: digest.of_files(locate(places.raw, config.files[name])) for name in used_files(config)},
        "definition": digest.of_file(places.definition),
        "code": digest.of_tree(Path(__file__).parent),
        "packages": digest.package_versions(),
        "given": _digest_of(places.state / "identity.parquet"),
        "overrides": _digest_of(places.raw / "identity_overrides.csv"),
    }


def _digest_of(path: Path) -> str | None:
    return digest.of_file(path) if path.is_file() else None
