"""Standard forms of names, telephone and identity numbers, addresses, dates and amounts, as SQL functions of the preparation's
DuckDB connection: a SELECT of bank.yaml may call them. What has no standard form is marked or passed on, never guessed.

Each works on a whole column (Arrow). Check digits follow GB 11643 (ISO 7064 mod 11-2) and, by python-stdnum, GB 32100 (mod 31);
telephone numbers other than mainland mobiles are read by phonenumbers, traditional characters by OpenCC.
"""

import datetime as dt
import re
from collections.abc import Callable
from functools import cache

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

LONGEST = 2_000
UNSEEN = r"[\p{Cc}\p{Cf}\p{Co}]"
BLANKS_IN_CHINESE = r"(\p{Han}) +(\p{Han})"
HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
HOSTILE = r"[<>{}`]|\*\*|^[=+@]|--|[\x00-\x08\x0b-\x1f\x7f\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2060}-\x{2069}\x{feff}]"
ADDRESS = r"(省|市|区|县|镇|乡|村|路|街|道|巷|弄).*\d+ *(号|弄|室|栋|幢|楼)"
FULL_WIDTH = r"[\x{ff01}-\x{ff5e}\x{3000}]"
MOBILE = r"^(\+?0{0,2}86)?(1[3-9]\d{9})$"
PERSON = r"^\d{17}[\dX]$"
COMPANY = r"^[0-9A-HJ-NPQRTUWXY]{18}$"
OLD_PERSON = r"^\d{15}$"
DAYS = (
    r"^(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?$",
    r"^(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})$",
    r"^(?P<y>\d{4}) *年 *(?P<m>\d{1,2}) *月 *(?P<d>\d{1,2}) *日?$",
)
AMOUNT = re.compile(
    r"^(?P<open>\()?(?P<sign>[-+])? ?[¥$]? ?(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d*)?|\d+(?:\.\d*)?|\.\d+) ?(?P<unit>[万萬亿億]{0,2})(?P<yuan>[元圆圓])?(?P<close>\))?$"
)
UNITS = {"": 1.0, "万": 1e4, "亿": 1e8, "万亿": 1e12}
WEIGHTS = 2 ** np.arange(17, 0, -1) % 11
Texts = pa.Array


def plain(texts: Texts) -> Texts:
    """Unicode NFKC without control, direction and zero-width characters, white space once and not at the ends; '' is null."""
    short = pc.utf8_slice_codeunits(_whole(texts), 0, LONGEST)
    seen = pc.replace_substring_regex(pc.utf8_normalize(short, "NFKC"), r"\s+", " ")
    text = pc.utf8_trim_whitespace(pc.replace_substring_regex(seen, UNSEEN, ""))
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def standard_name(texts: Texts) -> Texts:
    """`plain`, traditional characters simplified where that is safe, no blanks between Chinese characters, Latin letters small."""
    return plain(pc.utf8_lower(_without_blanks(_simplified(plain(texts)))))


def name_fault(texts: Texts) -> Texts:
    """hostile, looks_like_address, full_width or spaced; null where there is nothing to say."""
    return _first_fault(
        texts,
        ("hostile", _matches(_whole(texts), HOSTILE)),
        ("looks_like_address", _matches(plain(texts), ADDRESS)),
        ("full_width", _matches(_whole(texts), FULL_WIDTH)),
        ("spaced", _matches(plain(texts), BLANKS_IN_CHINESE)),
    )


def standard_phone(texts: Texts) -> Texts:
    """E.164: +86 and eleven digits for a mainland mobile; null where it is no telephone number."""
    digits = pc.replace_substring_regex(plain(texts), r"[\s\-()./]", "")
    mobile = pc.struct_field(pc.extract_regex(digits, MOBILE.replace("(1", "(?P<n>1").replace("(\\+", "(?P<c>\\+")), "n")
    return pc.coalesce(pc.binary_join_element_wise("+86", mobile, ""), _each(digits, _other_phone))


def phone_fault(texts: Texts) -> Texts:
    """id_in_phone, not_a_phone, full_width or spaced; null where there is nothing to say."""
    compact = _compact(texts)
    is_none = pc.and_(pc.is_valid(plain(texts)), pc.is_null(standard_phone(texts)))
    return _first_fault(
        texts,
        ("id_in_phone", pc.or_(_matches(compact, PERSON), pc.and_(_matches(compact, COMPANY), is_none))),
        ("not_a_phone", is_none),
        ("full_width", _matches(_whole(texts), FULL_WIDTH)),
        ("spaced", _matches(plain(texts), r"\d[ \-]+\d")),
    )


def standard_id(texts: Texts) -> Texts:
    """Identity number or unified social credit code in capitals without blanks, whether it holds or not."""
    return _compact(texts)


def id_fault(texts: Texts) -> Texts:
    """phone_in_id, old_form (15 places), form, birth (no such day in it), check_digit, full_width or spaced; null: none."""
    number = _compact(texts)
    looks_person, looks_company = _matches(number, PERSON), _matches(number, COMPANY)
    holds, has_day = _holds_as_person(number), _has_day(number, looks_person)
    code = pc.if_else(pc.and_not(looks_company, pc.and_(holds, has_day)), number, None)
    is_company = _matches(_each(code, _company_check), "^1")
    return _first_fault(
        texts,
        ("phone_in_id", _matches(number, MOBILE)),
        ("old_form", _matches(number, OLD_PERSON)),
        ("form", pc.invert(pc.or_(looks_person, looks_company))),
        ("check_digit", pc.invert(pc.or_(holds, is_company))),
        ("birth", pc.and_not(pc.and_not(holds, has_day), is_company)),
        ("full_width", _matches(_whole(texts), FULL_WIDTH)),
        ("spaced", _matches(plain(texts), r"[0-9A-Za-z][ \-]+[0-9A-Za-z]")),
    )


def birth_of_id(texts: Texts) -> Texts:
    """The day of birth (ISO) in an identity number that holds; else null."""
    number = _compact(texts)
    return _each(pc.if_else(_holds_as_person(number), _day_in(number), None), _day_of)


def sex_of_id(texts: Texts) -> Texts:
    """female or male, from the seventeenth place of an identity number that holds; else null."""
    number = _compact(texts)
    place = pc.if_else(_holds_as_person(number), pc.utf8_slice_codeunits(number, 16, 17), None)
    return pc.if_else(_matches(place, "[13579]"), "male", pc.if_else(pc.is_valid(place), "female", None))


def standard_address(texts: Texts) -> Texts:
    """`plain`, simplified where that is safe, no blanks between Chinese characters."""
    return _without_blanks(_simplified(plain(texts)))


def standard_date(texts: Texts) -> Texts:
    """A day in the usual orders (year first) as YYYY-MM-DD. What is none, or leaves open which is the month, is passed on as it
    stands, so that the contract reports it; '' is null."""
    text = plain(texts)
    return pc.coalesce(_each(text, _day_of), text)


def standard_amount(texts: Texts) -> Texts:
    """Yuan from figures with 万, 亿, 元, separators, full-width digits or brackets for minus; what is none is passed on."""
    text = plain(texts)
    return pc.coalesce(_each(text, _amount_of), text)


FUNCTIONS: dict[str, Callable[[Texts], Texts]] = {
    function.__name__: function
    for function in (
        plain, standard_name, name_fault, standard_phone, phone_fault, standard_id, id_fault, birth_of_id, sex_of_id,
        standard_address, standard_date, standard_amount,
    )
}  # fmt: skip


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Makes FUNCTIONS known to the connection, each from text to text."""
    for name, function in FUNCTIONS.items():
        connection.create_function(name, _as_column(function), ["VARCHAR"], "VARCHAR", type="arrow", null_handling="special")


def of_parties(relation: str) -> str:
    """A SELECT from a relation with the columns of `parties`: source, source_id, name, name_fault, phone, phone_fault, id_number,
    id_fault, address, birth_date."""
    return f"""
        SELECT source, source_id, standard_name(name) AS name, name_fault(name) AS name_fault,
               standard_phone(phone) AS phone, phone_fault(phone) AS phone_fault,
               standard_id(id_number) AS id_number, id_fault(id_number) AS id_fault,
               standard_address(address) AS address, birth_date
        FROM {relation}"""


def _as_column(function: Callable[[Texts], Texts]) -> Callable[[Texts], Texts]:
    def apply(texts: Texts) -> Texts:
        found = function(texts)
        return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found

    return apply


def _whole(texts: Texts) -> Texts:
    whole = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    return whole.cast(pa.string())


def _matches(texts: Texts, pattern: str) -> Texts:
    return pc.fill_null(pc.match_substring_regex(texts, pattern), False)


def _first_fault(texts: Texts, *faults: tuple[str, Texts]) -> Texts:
    held = pc.is_valid(plain(texts))
    found = pa.nulls(len(texts), pa.string())
    for name, is_so in reversed(faults):
        found = pc.if_else(pc.and_(is_so, held), name, found)
    return found


def _each(texts: Texts, function: Callable[[str], str | None]) -> Texts:
    """The function of each distinct text; null of null."""
    coded = pc.dictionary_encode(texts)
    values = [None if text is None else function(text) for text in coded.dictionary.to_pylist()]
    return pc.take(pa.array(values, pa.string()), coded.indices)


def _compact(texts: Texts) -> Texts:
    return plain(pc.utf8_upper(pc.replace_substring_regex(plain(texts), r"[\s\-]", "")))


def _without_blanks(texts: Texts) -> Texts:
    behind = pc.replace_substring_regex(texts, r"(\p{Han}) +", r"\1")
    return plain(pc.replace_substring_regex(behind, r" +(\p{Han})", r"\1"))


def _simplified(texts: Texts) -> Texts:
    table = safe_characters()
    return _each(texts, lambda text: text.translate(table) if HAN.search(text) else text)


@cache
def safe_characters() -> dict[int, str]:
    """Traditional character → simplified one, where no other character becomes the same one and that one is itself no character
    of traditional writing (not in Big5): 張 → 张, but 後 stays, since 后 is a name too."""
    import opencc

    every = [chr(code) for code in (*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000))]
    become = opencc.OpenCC("t2s").convert("\n".join(every)).split("\n")
    origins: dict[str, list[str]] = {}
    for before, after in zip(every, become, strict=True):
        if before != after and len(after) == 1:
            origins.setdefault(after, []).append(before)
    return {ord(found[0]): after for after, found in origins.items() if len(found) == 1 and not _is_traditional(after)}


def _is_traditional(character: str) -> bool:
    try:
        character.encode("big5")
    except UnicodeEncodeError:
        return False
    return True


def _other_phone(digits: str) -> str | None:
    import phonenumbers

    if not re.fullmatch(r"\+?\d{5,15}", digits) or re.fullmatch(MOBILE, digits):
        return None
    try:
        found = phonenumbers.parse(digits, "CN")
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164) if phonenumbers.is_valid_number(found) else None


def _day_in(numbers: Texts) -> Texts:
    return pc.utf8_slice_codeunits(numbers, 6, 14)


def _has_day(numbers: Texts, looks_person: Texts) -> Texts:
    return pc.is_valid(_each(pc.if_else(looks_person, _day_in(numbers), None), _day_of))


def _holds_as_person(numbers: Texts) -> Texts:
    """Whether each has the form of an identity number and its last place is the check character of ISO 7064 mod 11-2."""
    looks = _matches(numbers, PERSON)
    held = pc.filter(numbers, looks)
    digits = np.array(held.to_pylist(), dtype="S18").view(np.uint8).reshape(-1, 18).astype(np.int64) - ord("0")
    check = (12 - (digits[:, :17] * WEIGHTS).sum(axis=1) % 11) % 11
    last = np.where(digits[:, 17] == ord("X") - ord("0"), 10, digits[:, 17])
    found = np.zeros(len(numbers), dtype=bool)
    found[looks.to_numpy(zero_copy_only=False)] = check == last
    return pa.array(found)


def _company_check(number: str) -> str:
    from stdnum.cn import uscc

    return "1" if uscc.is_valid(number) else "0"


def _day_of(text: str) -> str | None:
    for pattern in DAYS:
        if found := re.match(pattern, text):
            try:
                return dt.date(int(found["y"]), int(found["m"]), int(found["d"])).isoformat()
            except ValueError:
                return None
    return None


def _amount_of(text: str) -> str | None:
    found = AMOUNT.match(text)
    if not found or bool(found["open"]) != bool(found["close"]):
        return None
    unit = UNITS.get(found["unit"].replace("萬", "万").replace("億", "亿"))
    if unit is None:
        return None
    value = float(found["number"].replace(",", "")) * unit
    return repr(-value if found["open"] or found["sign"] == "-" else value)
