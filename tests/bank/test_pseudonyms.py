"""Pseudonyms: one key a bank, kept from others; the same customer, the same pseudonym."""

import hashlib
import hmac
import os
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.bank.pseudonyms import ALPHABET, find, is_pseudonym, pseudonym, pseudonyms, read_key
from analysis.errors import UserError

KEY = bytes(range(32))
CUSTOMERS = [f"{number:06d}" for number in range(200)]


def test_the_key_is_made_once_and_read_by_its_owner_alone(tmp_path):
    before = os.umask(0)
    try:
        key = read_key(tmp_path / "state")
    finally:
        os.umask(before)
    path = tmp_path / "state" / "pseudonym.key"
    assert (len(key), stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(path.parent.stat().st_mode)) == (32, 0o600, 0o700)
    assert read_key(tmp_path / "state") == key == path.read_bytes()
    assert os.listdir(path.parent) == ["pseudonym.key"]
    assert read_key(tmp_path / "other") != key


def test_runs_that_begin_together_end_with_one_key(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: read_key(tmp_path), range(8)))) == 1


@pytest.mark.parametrize(("content", "mode", "words"), [
    (b"short", 0o600, "has 5 bytes, not 32"), (KEY, 0o640, r"open to others \(mode 640\); run chmod 600"),
])  # fmt: skip
def test_a_key_that_cannot_be_relied_on_is_refused(tmp_path, told, content, mode, words):
    path = tmp_path / "pseudonym.key"
    path.write_bytes(content)
    path.chmod(mode)
    with pytest.raises(UserError, match=words) as refused:
        read_key(tmp_path)
    told(refused.value)
    assert path.read_bytes() == content


def test_a_key_that_cannot_be_read_is_refused(tmp_path, told):
    (tmp_path / "pseudonym.key").mkdir()
    with pytest.raises(UserError, match="cannot be read") as refused:
        read_key(tmp_path)
    told(refused.value)


def test_it_is_the_beginning_of_the_hmac():
    number = int(hmac.new(KEY, b"1000000001", hashlib.sha256).hexdigest()[:15], 16)
    digits = pseudonym(KEY, "1000000001").removeprefix("P-").replace("-", "")
    assert sum(ALPHABET.index(digit) * 32**place for place, digit in enumerate(reversed(digits))) == number


@given(st.text(min_size=1))
def test_it_has_one_form_and_leads_back(customer):
    shown = pseudonym(KEY, customer)
    assert len(shown) == len("P-7K3M-Q2XA-9TBC")
    assert is_pseudonym(shown)
    assert find(KEY, [*CUSTOMERS, customer], shown) == customer
    assert find(bytes(32), [*CUSTOMERS, customer], shown) is None


def test_it_may_be_written_carelessly():
    shown = pseudonym(KEY, CUSTOMERS[7])
    for written in (shown.lower(), shown.replace("-", ""), f" {shown}\n", shown.replace("0", "O").replace("1", "l")):
        assert find(KEY, CUSTOMERS, written) == CUSTOMERS[7]


@pytest.mark.parametrize(
    "written", ["", "P-", "000007", "P-7K3M-Q2XA", "P-7K3M-Q2XA-9TBCD", "Q-7K3M-Q2XA-9TBC", "P-7K3M-Q2XA-9TBU"]
)
def test_what_is_none_finds_nobody(written):
    assert not is_pseudonym(written)
    assert find(KEY, CUSTOMERS, written) is None


def test_the_list_is_in_an_order_that_tells_nothing():
    frame = pseudonyms(KEY, CUSTOMERS)
    assert list(frame) == ["customer_id", "pseudonym"]
    assert sorted(frame["customer_id"]) == CUSTOMERS
    assert list(frame["customer_id"]) != CUSTOMERS
    assert frame["pseudonym"].is_monotonic_increasing
    assert frame["pseudonym"].is_unique
