"""Which raw files a bank's tables are made from: what decides, without any engine, whether anything changed."""

import re
from pathlib import Path

from analysis.bank.config import BankConfig, RawFile
from analysis.errors import UserError
from analysis.project import suggestion


def files_of(config: BankConfig, table: str) -> list[str]:
    """Names (keys of `files`) of the raw files that a table's SELECT reads."""
    import sqlglot

    try:
        tree = sqlglot.parse_one(config.tables[table], dialect="duckdb")
    except sqlglot.errors.SqlglotError:
        return [name for name in config.files if re.search(rf"\b{re.escape(name)}\b", config.tables[table])]
    return sorted({node.name for node in tree.find_all(sqlglot.exp.Table)} & set(config.files))


def used_files(config: BankConfig) -> list[str]:
    """Names of the raw files that some table reads, sorted; a declared file that none reads does not count."""
    return sorted({name for table in config.tables for name in files_of(config, table)})


def locate(raw: Path, file: RawFile) -> list[Path]:
    """The files that `file.path` names below `raw`, sorted; none is a sentence that says what is near."""
    if not raw.is_dir():
        raise UserError(f"The folder of raw files {raw} does not exist; deliver the files there or name it with --raw.")
    try:
        found = sorted(path for path in raw.glob(file.path) if path.is_file())
    except (ValueError, NotImplementedError):
        raise UserError(f"'{file.path}' in bank.yaml is no path below {raw}; write it relative to that folder.") from None
    if not found:
        near = [str(path.relative_to(raw)) for path in sorted(raw.rglob("*")) if path.is_file()]
        raise UserError(f"{raw}: there is no file '{file.path}'{suggestion(file.path, near)} Deliver it or mend its path.")
    return found
