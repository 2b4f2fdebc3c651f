"""Telephone numbers in the form of ITU-T E.164. Texts in, texts out; null in, null out; nothing raises."""

import functools
import re

import pyarrow as pa
import pyarrow.compute as pc

from analysis.bank.standards.texts import HAS_FULL_WIDTH, HAS_WHITE, first_of, matches, null_if, on_texts, plain

COUNTRY = "CN"
SEPARATORS = r"[ ().·‐-―−-]"
MOBILE = r"^(?:(?:\+|00)?86)?0?1[3-9]\d{9}$"
OTHER = r"^\+?[0-9 ()./‐-―−-]{5,30}(?:(?:转|分机|ext|x|#)\.? ?\d{1,7})?$"
EXTENSION = r"(?:转|分机)"
ID_FORM = r"^\d{6}(?:18|19|20)\d{9}[\dXx]$|^[0-9A-HJ-NPQRTUWXYa-hj-npqrtuwxy]{2}\d{6}[0-9A-HJ-NPQRTUWXYa-hj-npqrtuwxy]{10}$"
KEPT_READINGS = 1 << 16


@on_texts
def standard_phone(values: pa.Array) -> pa.Array:
    """`+86…` for a Chinese mobile (eleven digits from 13 to 19, with or without the country's code, blanks, dashes, full width);
    every other number as libphonenumber reads and validates it in China, without its extension. Null: no telephone number."""
    read = plain(values)
    digits = pc.replace_substring_regex(read, pattern=SEPARATORS, replacement="")
    is_mobile = matches(digits, MOBILE)
    mobiles = null_if(pc.binary_join_element_wise("+86", pc.utf8_slice_codeunits(digits, -11), ""), pc.invert(is_mobile))
    others = pc.and_(pc.and_not(matches(read, OTHER), is_mobile), pc.invert(matches(digits, ID_FORM)))
    if not pc.any(others).as_py():
        return mobiles
    found = [_parsed(text) for text in read.filter(others).to_pylist()]
    return pc.replace_with_mask(mobiles, others, pa.array(found, pa.string()))


@on_texts
def phone_fault(values: pa.Array) -> pa.Array:
    """What is wrong with a telephone number, the first of: `id_in_phone` (eighteen places of an identity number or company
    code), `not_a_phone`, `full_width`, `spaced`. Null where it is fine or missing."""
    read = plain(values)
    faults = {
        "id_in_phone": matches(pc.replace_substring(read, pattern=" ", replacement=""), ID_FORM),
        "not_a_phone": pc.and_(pc.is_valid(read), pc.is_null(standard_phone(values))),
        "full_width": matches(values, HAS_FULL_WIDTH),
        "spaced": matches(values, HAS_WHITE),
    }
    return first_of(faults)


@functools.lru_cache(maxsize=KEPT_READINGS)
def _parsed(text: str) -> str | None:
    import phonenumbers

    try:
        number = phonenumbers.parse(re.sub(EXTENSION, " ext ", text), COUNTRY)
    except phonenumbers.NumberParseException:
        return None
    return (
        phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if phonenumbers.is_valid_number(number) else None
    )
