"""Amounts of money as numbers in yuan. Texts in, numbers out; null in, null out; nothing raises."""

import pyarrow as pa
import pyarrow.compute as pc

from analysis.bank.standards.chinese import simplified
from analysis.bank.standards.texts import matches, null_if, on_texts, plain

FEW = {"": 0, "百": 2, "千": 3}
MANY = {"": 0, "万": 4, "萬": 4, "亿": 8, "万亿": 12}
UNITS = {few + many: power + more for few, power in FEW.items() for many, more in MANY.items()}
MARK = "(?:¥|rmb|cny|人民币)?"
AMOUNT = (
    rf"^{MARK}(?P<sign>[-+−]?){MARK}(?P<number>(?:\d{{1,3}}(?:,\d{{3}})+|\d+)(?:\.\d*)?|\.\d+)"
    r"(?:e(?P<power>[-+]?\d{1,3})|(?P<unit>[百千]?(?:万亿|[万萬亿])?))[元圆]?整?$"
)
BRACKETED = r"^\(([^()+−-]*)\)$"


@on_texts
def standard_amount(values: pa.Array) -> pa.Array:
    """Yuan (DOUBLE) of an amount as written: 1,234.50 · ￥2亿 · 3.5万元 · 人民币1200元 · （1,200.00）, which is negative. Null
    where it is none, or in another currency."""
    written = pc.replace_substring(pc.utf8_lower(simplified(plain(values))), pattern=" ", replacement="")
    bare = pc.replace_substring_regex(written, pattern=BRACKETED, replacement=r"\1")
    found = pc.extract_regex(bare, pattern=AMOUNT)
    sign, number, power, unit = (pc.struct_field(found, name) for name in ("sign", "number", "power", "unit"))
    negative = pc.or_(matches(written, BRACKETED), matches(sign, "[-−]"))
    amount = _shifted(pc.replace_substring(number, ",", ""), power, unit)
    return pc.if_else(negative, pc.negate(amount), amount)


def _shifted(number: pa.Array, power: pa.Array, unit: pa.Array) -> pa.Array:
    """The number, shifted in writing and not by multiplication, so that 4.35万 is 43500 and not a hair less."""
    of_unit = pc.take(pa.array([str(power) for power in UNITS.values()]), pc.index_in(unit, value_set=pa.array(list(UNITS))))
    shift = pc.if_else(pc.equal(power, ""), of_unit, power)
    amount = pc.cast(pc.binary_join_element_wise(number, shift, "e"), pa.float64())
    return null_if(amount, pc.invert(pc.is_finite(amount)))
