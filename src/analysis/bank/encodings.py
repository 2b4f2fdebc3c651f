"""Which encoding a text file is really in: what to suggest where the stated one does not fit."""

import codecs

ENOUGH_COMMON = 0.8
# Where the frequent characters of each Chinese encoding lie: lead bytes from, to; least trail byte (GB 2312 level 1 and
# punctuation; Big5 level 1 and punctuation). Latin text misread as Chinese falls outside.
COMMON = {"gb18030": (0xA1, 0xD7, 0xA1), "big5": (0xA1, 0xC6, 0x40)}
LATIN = "cp1252 or cp1250"


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


def _looks_chinese(head: bytes, encoding: str) -> bool:
    text = decoded(head, encoding)
    foreign = [char for char in text or "" if not char.isascii()]
    return bool(foreign) and sum(_is_common(char, encoding) for char in foreign) >= ENOUGH_COMMON * len(foreign)


def _is_common(char: str, encoding: str) -> bool:
    code, (first, last, trail) = char.encode(encoding, errors="replace"), COMMON[encoding]
    return len(code) == 2 and first <= code[0] <= last and code[1] >= trail
