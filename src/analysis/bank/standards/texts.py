"""Names and addresses in one spelling, and what is wrong with a name. Texts in, texts out; null in, null out; nothing raises."""

import functools
from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from analysis.bank.standards.chinese import simplified

WHITE = r"[\s\v\p{Z}\x1c-\x1f\x{85}]+"
HIDDEN = r"[\p{Cc}\p{Cf}]+"
HAS_WHITE = r"[\s\p{Z}]"
HAS_FULL_WIDTH = r"[０-９Ａ-Ｚａ-ｚ]"
JOINS = r"\p{Han}()·《》"
UNIFIED = (
    (r"[‐-―−]", "-"),
    (r"[\[【〔〖]", "("),
    (r"[\]】〕〗]", ")"),
    (r"[〈⟨]", "《"),
    (r"[〉⟩]", "》"),
    (r"[‘’]", "'"),
    (r"[“”„「」『』]", '"'),
    (r"[•‧∙・]", "·"),
    (rf" ([{JOINS}])", r"\1"),
    (rf"([{JOINS}]) ", r"\1"),
)
DOTTED = r"(\p{Han})\.(\p{Han})"
HOSTILE = r"[<>{}=\\^`]|\*\*|--|&#|^\s*[=+@-]|[\p{Cf}\x00-\x08\x0e-\x1b\x7f\x{80}-\x{84}\x{86}-\x{9f}]"
NUMERAL = "[0-9一二三四五六七八九十百]"
ADDRESS = rf"(省|市|区|县|镇|乡|村|路|街|道|巷|弄|胡同).*{NUMERAL} ?(号|弄|室|栋|幢|楼|层|单元|座)"
COMPANY = (
    r"(公司|集团|厂|店|行|社|中心|所|院|学校|大学|学会|协会|部|馆|站|队|局|委|处|超市|户)\W*$"
    r"|(?i)\b(ltd|limited|inc|llc|corp|corporation|company|co|group|bank|gmbh|plc)\b"
)
SPACED_NAME = rf"\p{{Han}}{HAS_WHITE}|{HAS_WHITE}\p{{Han}}"


def on_texts(function: Callable) -> Callable:
    """Lets a function over a text array take what an engine hands over: chunks, large text, dictionaries, nothing but nulls."""

    @functools.wraps(function)
    def on_any(values: pa.Array | pa.ChunkedArray) -> pa.Array:
        whole = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
        return function(whole.cast(pa.string()))

    return on_any


@on_texts
def plain(values: pa.Array) -> pa.Array:
    """Unicode NFKC, so that full width becomes half width; without control, zero-width and bidirectional characters; white
    space to one blank, none at the ends. What leaves nothing is null."""
    whitened = pc.replace_substring_regex(values, pattern=WHITE, replacement=" ")
    shown = pc.replace_substring_regex(whitened, pattern=HIDDEN, replacement="")
    normal = pc.utf8_normalize(shown, form="NFKC")
    trimmed = pc.utf8_trim_whitespace(pc.replace_substring_regex(normal, pattern=WHITE, replacement=" "))
    return null_if(trimmed, pc.equal(trimmed, ""))


@on_texts
def standard_name(values: pa.Array) -> pa.Array:
    """The plain name in simplified characters and small letters; no blank beside a Chinese character; brackets, quotation marks,
    dashes and the dot between the parts of a name each in one form. For comparing, not for showing."""
    return _dotted(_comparable(values))


@on_texts
def standard_address(values: pa.Array) -> pa.Array:
    """The plain address in simplified characters and small letters; no blank beside a Chinese character; brackets and dashes
    each in one form."""
    return _comparable(values)


@on_texts
def name_fault(values: pa.Array) -> pa.Array:
    """What is wrong with a name, the first of: `hostile` (markup, braces of a template, a formula's sign in front, control or
    bidirectional characters), `looks_like_address`, `holds_digits` (in a person's name), `full_width` (letters or digits),
    `spaced` (a blank beside a Chinese character). Null where it is fine or missing."""
    read = simplified(plain(values))
    person = pc.invert(matches(read, COMPANY))
    faults = {
        "hostile": pc.or_(matches(values, HOSTILE), matches(read, HOSTILE)),
        "looks_like_address": pc.and_(matches(read, ADDRESS), person),
        "holds_digits": pc.and_(matches(read, r"\d"), person),
        "full_width": matches(values, HAS_FULL_WIDTH),
        "spaced": matches(values, SPACED_NAME),
    }
    return first_of(faults)


def null_if(values: pa.Array, condition: pa.Array) -> pa.Array:
    return pc.if_else(condition, pa.scalar(None, values.type), values)


def matches(values: pa.Array, pattern: str) -> pa.Array:
    """Whether the pattern (RE2) is found; false for a null."""
    return pc.fill_null(pc.match_substring_regex(values, pattern=pattern), False)


def first_of(faults: dict[str, pa.Array]) -> pa.Array:
    """The name of the first condition that holds in each row; null where none does."""
    conditions = pa.StructArray.from_arrays(list(faults.values()), names=list(faults))
    return pc.case_when(conditions, *[pa.scalar(name, pa.string()) for name in faults])


def _comparable(values: pa.Array) -> pa.Array:
    lowered = pc.utf8_lower(simplified(plain(values)))
    for pattern, replacement in UNIFIED:
        lowered = pc.replace_substring_regex(lowered, pattern=pattern, replacement=replacement)
    return plain(lowered)


def _dotted(values: pa.Array) -> pa.Array:
    for _ in range(2):  # matches don't overlap: 阿.卜.杜
        values = pc.replace_substring_regex(values, pattern=DOTTED, replacement=r"\1·\2")
    return values
