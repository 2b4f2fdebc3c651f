"""Names, texts and files as SQL writes them: whatever they hold, they stay what they are."""

from pathlib import Path


def quoted(name: str) -> str:
    """An identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: object) -> str:
    """A text, such as a path."""
    return "'" + str(value).replace("'", "''") + "'"


def parquet(path: Path) -> str:
    """The relation that a Parquet file is."""
    return f"read_parquet({literal(path)})"
