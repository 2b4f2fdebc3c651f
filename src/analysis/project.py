"""Where things lie and what surrounds a run: the project's root, the four folders of a bank, environment variables."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from analysis.errors import UserError

ROOT_MARK = "reports.yaml"
LEAST_LIKENESS = 0.7


def root() -> Path:
    """The project's root: `CRM_HOME`, else the checkout this package lies in, else the nearest folder above with `reports.yaml`."""
    if home := os.environ.get("CRM_HOME"):
        return Path(home).resolve()
    here = Path.cwd()
    for folder in (Path(__file__).resolve().parents[2], here, *here.parents):
        if (folder / ROOT_MARK).is_file():
            return folder
    raise UserError(f"No {ROOT_MARK} in {here} or above it: run crm inside the project, or name its folder in CRM_HOME.")


@dataclass(frozen=True)
class Folders:
    """The folders of one bank: as received, canonical, lasting, published."""

    name: str
    raw: Path
    processed: Path
    state: Path
    published: Path

    @property
    def definition(self) -> Path:
        return root() / "data" / "raw" / self.name / "bank.yaml"


def folders(bank: str, raw: Path | None = None) -> Folders:
    """The folders of `bank`; `raw` overrides where its files lie. A bank without a `bank.yaml` is refused."""
    home = root()
    found = Folders(
        name=bank,
        raw=(raw or home / "data" / "raw" / bank).resolve(),
        processed=home / "data" / "processed" / bank,
        state=home / "data" / "state" / bank,
        published=home / "reports" / bank,
    )
    if bank != Path(bank).name or not found.definition.is_file():
        known = sorted(path.parent.name for path in (home / "data" / "raw").glob("*/bank.yaml"))
        hint = suggestion(bank, [*known, "demo"])
        remedy = " 'crm demo' makes the demo bank." if bank == "demo" else f" Banks here: {', '.join(known) or 'none yet'}."
        raise UserError(f"There is no bank '{bank}': data/raw/{bank}/bank.yaml does not exist{hint}{remedy}")
    return found


@contextlib.contextmanager
def environment(**values: str) -> Iterator[None]:
    """These environment variables, for as long as the block lasts."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def suggestion(word: str, candidates: list[str]) -> str:
    """The end of a sentence about an unknown word: `"; did you mean '…'?"`, or a full stop where nothing is near."""
    folded = {candidate.casefold(): candidate for candidate in reversed(candidates)}
    close = [folded[name] for name in get_close_matches(word.casefold(), folded, n=1, cutoff=LEAST_LIKENESS)]
    return f"; did you mean '{close[0]}'?" if close and close[0] != word else "."
