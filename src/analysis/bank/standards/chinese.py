"""Traditional characters in their simplified form, where the mapping needs no guess."""

import functools

import pyarrow as pa
import pyarrow.compute as pc

BIG5_COMMON = (b"\xa4\x40", b"\xc6\x7e")
UNIFIED_IDEOGRAPHS = range(0x4E00, 0xA000)


def simplified(values: pa.Array) -> pa.Array:
    """The texts with each traditional character of `simplified_forms` in its simplified form; all others stay."""
    found = pc.fill_null(pc.match_substring_regex(values, pattern=_any_traditional()), False)
    if not pc.any(found).as_py():
        return values
    forms = simplified_forms()
    changed = [text.translate(forms) for text in values.filter(found).to_pylist()]
    return pc.replace_with_mask(values, found, pa.array(changed, pa.string()))


@functools.cache
def simplified_forms() -> dict[int, str]:
    """Traditional character (its code) → simplified character, by OpenCC's table `t2s`, as far as the pair has no other reading:
    simplified writing (GB 2312) doesn't use the one, and the other isn't among the common characters of traditional writing
    (Big5, level 1). So 國 becomes 国, 葉 becomes 叶; 乾 (or 干), 後 (后 is a surname, too), 裡, 餘, 於, 範 and 雲 stay."""
    from opencc import OpenCC

    traditional = [chr(code) for code in UNIFIED_IDEOGRAPHS]
    converted = OpenCC("t2s").convert("\n".join(traditional)).split("\n")
    pairs = zip(traditional, converted, strict=True)
    return {ord(old): new for old, new in pairs if old != new and _has_one_reading(old, new)}


def _has_one_reading(old: str, new: str) -> bool:
    low, high = BIG5_COMMON
    return not _in("gb2312", old) and bool(_in("gbk", new)) and not low <= _in("big5", new) <= high


def _in(charset: str, character: str) -> bytes:
    return character.encode(charset, errors="ignore")


@functools.cache
def _any_traditional() -> str:
    return f"[{''.join(map(chr, simplified_forms()))}]"
