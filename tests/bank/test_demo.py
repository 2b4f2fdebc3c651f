"""The demo bank as a command: its folder, what it refuses, a disk that fills."""

import errno
import hashlib
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from analysis.bank.demo import calendar, extracts, make_demo_bank, texts
from analysis.bank.demo.folder import MARKER
from analysis.bank.demo.worlds import WORLDS
from analysis.bank.demo.writing import Delivery
from analysis.errors import UserError

CRM = Path(sys.executable).with_name("crm")
NO_SPACE = "No space is left to write the demo bank to {out}; free some, or name another folder."
IN_WORKBOOK = """
import resource
from analysis.bank.demo.writing import Delivery
from analysis.cli import main

whole = Delivery.workbook


def limited(*given):
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, resource.RLIM_INFINITY))
    whole(*given)


Delivery.workbook = limited
main()
"""


def hashes(folder):
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def smallest(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small") / "demo"
    make_demo_bank(folder, customers=300, seed=7)
    return folder


@pytest.fixture
def old(tmp_path):
    """A folder that holds an old demo bank, in a folder of its own."""
    folder = tmp_path / "banks" / "demo"
    folder.mkdir(parents=True)
    (folder / MARKER).write_text("old")
    return folder


def assert_untouched(old):
    assert hashes(old.parent) == {f"demo/{MARKER}": hashlib.sha256(b"old").hexdigest()}
    assert list(old.parent.iterdir()) == [old]


def test_identity_numbers_bear_the_check_digits_of_their_standards():
    """GB 11643's own example of a number, and the code of GB 32100 checked by its rule: weighted sum + check ≡ 0 (mod 31)."""
    published = "11010519491231002X"
    weighted = sum(int(digit) * 2 ** (17 - place) for place, digit in enumerate(published[:-1]))
    assert "10X98765432"[weighted % 11] == published[-1]
    rng = np.random.default_rng(1)
    kind, sex = np.array(["personal", "personal", "corporate"]), np.array(["male", "female", ""])
    born = np.array(["1980-02-29", "1999-12-31", "NaT"], dtype="datetime64[D]")
    man, woman, company = texts.draw_id_numbers(rng, kind, sex, born)
    for number, day in ((man, "19800229"), (woman, "19991231")):
        values = [10 if digit == "X" else int(digit) for digit in number]
        assert sum(value * 2 ** (17 - place) for place, value in enumerate(values)) % 11 == 1
        assert (number[:2], number[6:14]) == ("99", day)
    assert (int(man[16]) % 2, int(woman[16]) % 2) == (1, 0)
    values = [texts.USCC_ALPHABET.index(letter) for letter in company]
    assert (sum(value * pow(3, place, 31) for place, value in enumerate(values[:17])) + values[17]) % 31 == 0


def test_days_are_drawn_within_the_month_and_the_relation():
    opened = np.array(["2020-01-01", "2022-07-30", "2020-01-01"], dtype="datetime64[D]")
    closed = np.array(["NaT", "NaT", "2022-07-01"], dtype="datetime64[D]")
    days = np.stack([calendar.draw_days(np.random.default_rng(seed), 0, opened, closed) for seed in range(200)])
    assert days.min(axis=0).astype(str).tolist() == ["2022-07-01", "2022-07-30", "2022-07-01"]
    assert days.max(axis=0).astype(str).tolist() == ["2022-07-31", "2022-07-31", "2022-07-01"]


@pytest.mark.parametrize("world", ["default", "small"])
@pytest.mark.parametrize("customers", [299, 1, 0, -5])
def test_too_small_a_bank_is_refused(tmp_path, told, world, customers):
    with pytest.raises(UserError, match=f"needs at least 300 customers, not {customers}".replace("-", "−")) as refusal:
        make_demo_bank(tmp_path / "demo", customers=customers, world=world)
    told(refusal.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("world", "sentence"),
    [
        ("hiden", "There is no world 'hiden'; did you mean 'hidden'? Worlds: " + ", ".join(WORLDS) + "."),
        ("Default", "There is no world 'Default'; did you mean 'default'? Worlds: " + ", ".join(WORLDS) + "."),
        ("moon", "There is no world 'moon'. Worlds: " + ", ".join(WORLDS) + "."),
    ],
)
def test_an_unknown_world_is_refused(tmp_path, told, world, sentence):
    with pytest.raises(UserError) as refusal:
        make_demo_bank(tmp_path / "demo", customers=300, world=world)
    assert str(refusal.value) == sentence
    told(refusal.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("held", ["letter.txt", "bank.yaml"])
def test_a_folder_that_holds_something_else_is_left_as_it_is(tmp_path, told, held):
    (tmp_path / held).write_text("mine")
    with pytest.raises(UserError, match="holds something other than a demo bank") as refusal:
        make_demo_bank(tmp_path, customers=300)
    told(refusal.value)
    assert (tmp_path / held).read_text() == "mine"
    assert list(tmp_path.iterdir()) == [tmp_path / held]


def test_what_is_put_into_the_target_meanwhile_is_left_as_it_is(tmp_path, monkeypatch):
    """The target is looked at again before the switch."""
    whole = extracts.write_accounts

    def meanwhile(*given):
        (tmp_path / "demo").mkdir(exist_ok=True)
        (tmp_path / "demo" / "letter.txt").write_text("mine")
        whole(*given)

    monkeypatch.setattr(extracts, "write_accounts", meanwhile)
    with pytest.raises(UserError, match="holds something other than a demo bank"):
        make_demo_bank(tmp_path / "demo", customers=300)
    assert hashes(tmp_path) == {"demo/letter.txt": hashlib.sha256(b"mine").hexdigest()}
    assert list(tmp_path.iterdir()) == [tmp_path / "demo"]


@pytest.mark.parametrize("kind", ["file", "link"])
def test_a_file_or_link_in_the_folder_s_place_is_refused(tmp_path, told, kind):
    (tmp_path / "mine").write_text("mine")
    out = tmp_path / "mine"
    if kind == "link":
        out = tmp_path / "demo"
        (tmp_path / "elsewhere").mkdir()
        out.symlink_to(tmp_path / "elsewhere")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UserError, match="is not a folder") as refusal:
        make_demo_bank(out, customers=300)
    told(refusal.value)
    assert (tmp_path / "mine").read_text() == "mine"
    assert sorted(tmp_path.rglob("*")) == before


def test_a_demo_bank_is_replaced_whole(smallest, tmp_path):
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / MARKER).touch()
    (tmp_path / "demo" / "core").mkdir()
    (tmp_path / "demo" / "core" / "old.csv").touch()
    make_demo_bank(tmp_path / "demo", customers=300, seed=7)
    assert hashes(tmp_path / "demo") == hashes(smallest)
    assert list(tmp_path.iterdir()) == [tmp_path / "demo"]


@pytest.mark.parametrize(
    ("owner", "name", "number"),
    [
        (extracts, "write_accounts", errno.ENOSPC),
        (extracts, "write_accounts", errno.EFBIG),
        (extracts, "write_accounts", errno.EDQUOT),
        (Delivery, "parquet", errno.ENOSPC),
        (Delivery, "workbook", errno.ENOSPC),
    ],
)
def test_a_full_disk_leaves_the_old_bank(monkeypatch, old, told, owner, name, number):
    def fail(*_, **__):
        raise OSError(number, "full")

    monkeypatch.setattr(owner, name, fail)
    with pytest.raises(UserError, match="No space is left to write the demo bank") as refusal:
        make_demo_bank(old, customers=300)
    told(refusal.value)
    assert_untouched(old)


def crm_demo(command, old, temporary, limit=None, customers=300):
    """Runs `crm demo` under a limit of bytes a file; its temporary files go to a folder of their own."""

    def confine():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    temporary.mkdir()
    return subprocess.run(
        [*command, "demo", "--customers", str(customers), "--out", str(old)],
        preexec_fn=confine if limit else None,
        env={**os.environ, "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize(("limit", "customers"), [(1 << 20, 2000), (2000, 300)])
def test_a_disk_that_fills_in_earnest_leaves_the_old_bank(old, tmp_path, limit, customers):
    run = crm_demo([CRM], old, tmp_path / "temporary", limit, customers)
    assert (run.returncode, run.stdout, run.stderr) == (2, "", f"crm: {NO_SPACE.format(out=old)}\n")
    assert_untouched(old)
    assert list((tmp_path / "temporary").iterdir()) == []


def test_a_disk_that_fills_within_a_workbook_leaves_the_old_bank(old, tmp_path):
    run = crm_demo([sys.executable, "-c", IN_WORKBOOK], old, tmp_path / "temporary")
    assert (run.returncode, run.stdout, run.stderr) == (2, "", f"crm: {NO_SPACE.format(out=old)}\n")
    assert_untouched(old)
    assert list((tmp_path / "temporary").iterdir()) == [], "a temporary file of the workbook stays behind"


def test_a_command_that_is_refused_says_why_in_a_sentence(old, tmp_path):
    run = crm_demo([CRM], old, tmp_path / "temporary", customers=299)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == "crm: The demo bank needs at least 300 customers, not 299.\n"
    assert_untouched(old)
