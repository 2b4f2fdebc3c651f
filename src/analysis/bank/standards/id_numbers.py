"""Chinese identity numbers (GB 11643) and unified social credit codes (GB 32100): form, date inside, check character.

The arithmetic runs over whole arrays; the tests hold it against python-stdnum. The region inside is not checked: regions are
renamed and merged, and a number keeps the one it was given. Null in, null out; nothing raises.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analysis.bank.standards.dates import days_of
from analysis.bank.standards.texts import HAS_FULL_WIDTH, first_of, matches, on_texts, plain

PLACES = 18
PERSON = r"^\d{17}[\dX]$"
CODE = r"^[0-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10}$"
OLD_PERSON = r"^\d{6}\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\d{3}$"
SPACED = r"[-\s\p{Z}]"
PHONE = r"^(\+?86)?1[3-9]\d{9}$"
BUSINESS = r"^9[123]"
CODE_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
FIRST_YEAR, LAST_YEAR = 1800, 2099
PERSON_WEIGHTS = np.array([pow(2, PLACES - 1 - place, 11) for place in range(PLACES)])
CODE_WEIGHTS = np.array([pow(3, place, 31) for place in range(PLACES - 1)])


def _values_of(alphabet: str) -> np.ndarray:
    values = np.zeros(256, np.int64)
    values[list(alphabet.encode())] = np.arange(len(alphabet))
    return values


PERSON_VALUES = _values_of("0123456789X")
CODE_VALUES = _values_of(CODE_ALPHABET)


@dataclass(frozen=True)
class _Reading:
    """The numbers in standard form, and for each what holds: a person's form or a code's, the day inside (with whether there is
    one), the check by mod 11-2 and by mod 31, and whether it is to be read as a person's number."""

    texts: pa.Array
    person: np.ndarray
    code: np.ndarray
    born: np.ndarray
    has_birth: np.ndarray
    checks_11: np.ndarray
    checks_31: np.ndarray
    business: np.ndarray

    @property
    def as_person(self) -> np.ndarray:
        """Eighteen digits may be either. With a date inside it is a person's number, unless only the code's check holds and it
        begins as a business's code does; without one it is a code if that check holds or it so begins."""
        only_code = self.business & self.checks_31 & ~self.checks_11
        return self.person & np.where(self.has_birth, ~only_code, ~self.checks_31 & ~self.business)


@on_texts
def standard_id(values: pa.Array) -> pa.Array:
    """The identity number or company code in capitals and half width, without blanks and hyphens. One with a fault stays so."""
    return plain(pc.utf8_upper(pc.replace_substring_regex(plain(values), pattern="[ -]", replacement="")))


@on_texts
def id_fault(values: pa.Array) -> pa.Array:
    """What is wrong with an identity number or company code, the first of: `phone_in_id`, `old_form` (fifteen digits, given until
    1999), `form` (neither number nor code, as a passport's), `birth` (an impossible date inside), `check_digit`, `full_width`,
    `spaced` (or hyphenated). Null where it is fine or missing."""
    read = _read(values)
    person = read.as_person
    unchecked = np.where(person, ~read.checks_11, read.code & ~read.checks_31)
    faults = {
        "phone_in_id": matches(read.texts, PHONE),
        "old_form": matches(read.texts, OLD_PERSON),
        "form": pc.and_(pc.is_valid(read.texts), pa.array(~read.person & ~read.code)),
        "birth": pa.array(person & ~read.has_birth),
        "check_digit": pa.array(unchecked),
        "full_width": matches(values, HAS_FULL_WIDTH),
        "spaced": matches(values, SPACED),
    }
    return first_of(faults)


@on_texts
def birth_of_id(values: pa.Array) -> pa.Array:
    """The date of birth (DATE) that a person's identity number tells; null where the number fails its form, date or check."""
    read = _read(values)
    return pa.array(read.born, pa.date32(), mask=~_tells(read))


@on_texts
def sex_of_id(values: pa.Array) -> pa.Array:
    """`female` or `male`, as a person's identity number tells by its 17th digit (odd: male); null as in `birth_of_id`."""
    read = _read(values)
    order = pc.utf8_slice_codeunits(read.texts, PLACES - 2, PLACES - 1)
    sex = pc.if_else(pc.is_in(order, value_set=pa.array(list("13579"))), "male", "female")
    return pc.if_else(pa.array(_tells(read)), sex, pa.scalar(None, pa.string()))


def _tells(read: _Reading) -> np.ndarray:
    return read.as_person & read.has_birth & read.checks_11


def _read(values: pa.Array) -> _Reading:
    texts = standard_id(values)
    person, code, business = (matches(texts, pattern).to_numpy(zero_copy_only=False) for pattern in (PERSON, CODE, BUSINESS))
    letters = _letters(texts, person | code)
    digits, symbols = PERSON_VALUES[letters], CODE_VALUES[letters]
    year, month, day = (_number(digits[:, start:end]) for start, end in ((6, 10), (10, 12), (12, 14)))
    born, exists = days_of(year, month, day)
    return _Reading(
        texts=texts,
        person=person,
        code=code,
        born=born,
        has_birth=person & exists & (year >= FIRST_YEAR) & (year <= LAST_YEAR),
        checks_11=person & (digits @ PERSON_WEIGHTS % 11 == 1),
        checks_31=code & ((symbols[:, :-1] @ CODE_WEIGHTS + symbols[:, -1]) % 31 == 0),
        business=business,
    )


def _letters(texts: pa.Array, chosen: np.ndarray) -> np.ndarray:
    """The eighteen bytes of each chosen text, a row a text; zeros for the others."""
    letters = np.full((len(texts), PLACES), ord("0"), np.uint8)
    joined = pc.binary_join(pa.array([texts.filter(pa.array(chosen)).to_pylist()], pa.list_(pa.string())), "")
    letters[chosen] = np.frombuffer(joined[0].as_buffer(), np.uint8).reshape(-1, PLACES)
    return letters


def _number(digits: np.ndarray) -> np.ndarray:
    return digits @ (10 ** np.arange(digits.shape[1] - 1, -1, -1))
