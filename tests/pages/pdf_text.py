"""The text of each sheet of a PDF that Chromium wrote, for tests: enough of the format for what Chromium writes."""

import re
import zlib

OBJECT = re.compile(rb"(?:^|\n)(\d+) 0 obj\b(.*?)\nendobj", re.S)
STREAM = re.compile(rb"stream\r?\n(.*)endstream", re.S)
DRAWN = re.compile(rb"/ActualText <FEFF(\w+)> >> BDC.*?EMC|/(\w+) [\d.]+ Tf|<(\w+)>|/(\w+) Do\b", re.S)
NAMED = re.compile(rb"/(\w+) (\d+) 0 R")
RANGE = re.compile(rb"<(\w+)> <(\w+)> <(\w{4})>")
SINGLE = re.compile(rb"^<(\w+)> <(\w+)>$", re.M)


def sheets(pdf: bytes) -> list[str]:
    """The text of each sheet, in the order in which it was drawn, without blanks."""
    objects = {int(number): body for number, body in OBJECT.findall(pdf)}
    pages = [body for body in objects.values() if re.search(rb"/Type\s*/Page\b", body)]
    contents = [re.search(rb"/Contents (\d+) 0 R", body) for body in pages]
    return ["".join(_text(objects, body, int(at[1])).split()) for body, at in zip(pages, contents, strict=True)]


def _text(objects: dict[int, bytes], holder: bytes, content: int) -> str:
    """What a sheet, or a form that it draws, shows: `holder` names its fonts and forms."""
    named = {name: int(number) for name, number in NAMED.findall(holder)}
    found, letters, width = "", {}, 2
    for actual, font, shown, form in DRAWN.findall(_stream(objects[content])):
        if actual:
            found += bytes.fromhex(actual.decode()).decode("utf-16-be")
        elif font:
            letters = _letters(objects, objects[named[font]])
            width = len(next(iter(letters), b"00"))
        elif form and b"/Subtype /Form" in objects[named[form]]:
            found += _text(objects, objects[named[form]], named[form])
        elif shown:
            found += "".join(letters.get(shown[at : at + width].upper(), "") for at in range(0, len(shown), width))
    return found


def _letters(objects: dict[int, bytes], font: bytes) -> dict[bytes, str]:
    """Code in hexadecimal digits → what it stands for, as a font's table says."""
    table = re.search(rb"/ToUnicode (\d+) 0 R", font)
    lines = _stream(objects[int(table[1])]).partition(b"endcodespacerange")[2] if table else b""
    found = {}
    for first, last, to in RANGE.findall(lines):
        codes = range(int(first, 16), int(last, 16) + 1)
        found |= {b"%0*X" % (len(first), code): chr(int(to, 16) + code - codes[0]) for code in codes}
    return found | {code.upper(): bytes.fromhex(to.decode()).decode("utf-16-be") for code, to in SINGLE.findall(lines)}


def _stream(body: bytes) -> bytes:
    held = STREAM.search(body)
    if held is None:
        return b""
    return zlib.decompressobj().decompress(held[1]) if b"/FlateDecode" in body else held[1]
