"""Which encoding a text file is really in: what to suggest where the stated one does not fit."""

import codecs
import gzip
from pathlib import Path
from typing import BinaryIO

from analysis.bank.config import RawFile
from analysis.errors import UserError

HEAD_BYTES = 1 << 20
ENOUGH_COMMON = 0.8
# Where the frequent characters of each Chinese encoding lie: lead bytes from, to; least trail byte (GB 2312 level 1 and
# punctuation; Big5 level 1 and punctuation). Latin text misread as Chinese falls outside.
COMMON = {"gb18030": (0xA1, 0xD7, 0xA1), "big5": (0xA1, 0xC6, 0x40)}
LATIN = "cp1252 or cp1250"


def opened(path: Path) -> BinaryIO:
    """The file's bytes; those of a `.gz` unpacked."""
    return gzip.open(path) if path.suffix.lower() == ".gz" else open(path, "rb")


def refuse_other_encoding(path: Path, file: RawFile) -> None:
    """Some bytes decode without an error in an encoding that they were not written in: GB18030 takes much of UTF-8, and
    UTF-8 takes the zero bytes of UTF-16."""
    head = _head(path)
    try:
        stated = codecs.lookup(file.encoding).name
    except LookupError:
        likely = guess(head)
        raise UserError(f"{path}: there is no encoding '{file.encoding}'; it reads as {likely}: {_remedy(likely)}.") from None
    likely = guess(head) if (head and not head.isascii()) or b"\0" in head else stated
    if (likely == "utf-8" and not stated.startswith("utf")) or (likely.startswith("utf-16") and not stated.startswith("utf-16")):
        raise UserError(encoding_sentence(path, file))


def encoding_sentence(path: Path, file: RawFile) -> str:
    """That the file is not in its stated encoding, and what to do."""
    likely = guess(_head(path))
    if codecs.lookup(likely.split()[0]) == codecs.lookup(file.encoding):
        return f"{path}: some of its bytes are not {file.encoding} text; deliver it again, whole and in one encoding."
    return f"{path}: it is not {file.encoding} text; it reads as {likely}: {_remedy(likely)}."


def guess(head: bytes) -> str:
    """The likeliest encoding of a text that begins with `head`: utf-16, utf-8, gb18030, big5, or the Latin ones."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\0" in head:
        return "utf-16-le" if head[1::2].count(0) > head[0::2].count(0) else "utf-16-be"
    if decoded(head, "utf-8") is not None:
        return "utf-8"
    return next((encoding for encoding in COMMON if _looks_chinese(head, encoding)), LATIN)


def decoded(head: bytes, encoding: str) -> str | None:
    """The beginning of a text, or None where it is not in that encoding; a character cut off at the end does not count."""
    try:
        return codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeError:
        return None


def _head(path: Path) -> bytes:
    with opened(path) as stream:
        return stream.read(HEAD_BYTES)


def _remedy(likely: str) -> str:
    return "state which, as its encoding in bank.yaml" if likely == LATIN else f"state encoding: {likely} in bank.yaml"


def _looks_chinese(head: bytes, encoding: str) -> bool:
    text = decoded(head, encoding)
    foreign = [char for char in text or "" if not char.isascii()]
    return bool(foreign) and sum(_is_common(char, encoding) for char in foreign) >= ENOUGH_COMMON * len(foreign)


def _is_common(char: str, encoding: str) -> bool:
    code, (first, last, trail) = char.encode(encoding, errors="replace"), COMMON[encoding]
    return len(code) == 2 and first <= code[0] <= last and code[1] >= trail
