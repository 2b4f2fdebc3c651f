"""Pseudonyms of customers: a keyed digest of the customer_id, the same in every run for as long as the bank's key lasts.

HMAC (RFC 2104) with SHA-256 under 32 random bytes; shown are its first 60 bits in Crockford's base 32, which has no I, L, O
and U. Among ten million customers two share a pseudonym with a chance of about n² / 2⁶¹ = 0.00004.
"""

import hmac
import os
import re
import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import pandas as pd

from analysis.errors import UserError

KEY_FILE = "pseudonym.key"
KEY_BYTES = 32
FILE_MODE, FOLDER_MODE, OPEN_TO_OTHERS = 0o600, 0o700, 0o077
BITS, BITS_A_LETTER, LETTERS_A_GROUP = 60, 5, 4
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None})
FORM = re.compile(rf"P[{ALPHABET}]{{{BITS // BITS_A_LETTER}}}")


def read_key(state: Path) -> bytes:
    """The bank's key in `data/state/<bank>`, made at the first call. UserError where it cannot be read, has lost bytes, or is
    open to others."""
    path = state / KEY_FILE
    if not path.exists():
        _make_key(path)
    try:
        key, mode = path.read_bytes(), path.stat().st_mode & 0o777
    except OSError as error:
        problem = (error.strerror or "unreadable").lower()
        raise UserError(f"{path}: the key of the pseudonyms cannot be read ({problem}); let its owner run this.") from None
    if len(key) != KEY_BYTES:
        raise UserError(
            f"{path}: the key of the pseudonyms has {len(key)} bytes, not {KEY_BYTES}; bring it back from a backup, or remove it: a new"
            f" key is made, and every customer's pseudonym changes."
        )
    if mode & OPEN_TO_OTHERS:
        raise UserError(f"{path}: the key of the pseudonyms is open to others (mode {mode:o}); run chmod 600 on it.")
    return key


def _make_key(path: Path) -> None:
    """Two runs at once end with one key, complete before it bears its name."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
    beside = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.partial")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    try:
        with open(descriptor, "wb") as file:
            os.fchmod(descriptor, FILE_MODE)
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(descriptor)
        with suppress(FileExistsError):
            os.link(beside, path)
    finally:
        beside.unlink()


def pseudonym(key: bytes, customer_id: str) -> str:
    """The customer's pseudonym, such as `P-7K3M-Q2XA-9TBC`."""
    return _written(_number(key, customer_id))


def pseudonyms(key: bytes, customer_ids: Iterable[str]) -> pd.DataFrame:
    """customer_id, pseudonym: one row a customer, in the order of pseudonyms, which tells nothing of the customers."""
    rows = sorted((pseudonym(key, customer), customer) for customer in customer_ids)
    return pd.DataFrame(rows, columns=["pseudonym", "customer_id"], dtype=str)[["customer_id", "pseudonym"]]


def is_pseudonym(text: str) -> bool:
    """Whether it is written like a pseudonym: small letters, O for 0, I or L for 1 and missing hyphens are let pass."""
    return bool(FORM.fullmatch(_letters(text)))


def find(key: bytes, customer_ids: Iterable[str], wanted: str) -> str | None:
    """The customer who bears the pseudonym; None where nobody does."""
    if not is_pseudonym(wanted):
        return None
    number = 0
    for letter in _letters(wanted).removeprefix("P"):
        number = number << BITS_A_LETTER | ALPHABET.index(letter)
    return next((customer for customer in customer_ids if _number(key, customer) == number), None)


def _letters(text: str) -> str:
    return text.strip().upper().translate(MISREAD)


def _number(key: bytes, customer_id: str) -> int:
    digest = hmac.digest(key, customer_id.encode(), "sha256")
    return int.from_bytes(digest[:8], "big") >> (64 - BITS)


def _written(number: int) -> str:
    letters = "".join(ALPHABET[number >> shift & 31] for shift in range(BITS - BITS_A_LETTER, -1, -BITS_A_LETTER))
    groups = [letters[start : start + LETTERS_A_GROUP] for start in range(0, len(letters), LETTERS_A_GROUP)]
    return "-".join(["P", *groups])
