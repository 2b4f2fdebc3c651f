"""What made a page: commit, code, inputs, parameters, packages."""

import subprocess

import pytest

from analysis.bank import contracts
from analysis.report import provenance
from analysis.report.inspection import faults
from analysis.report.provenance import TABLES, table_label, table_labels

SOURCES = {
    "inputs": {"clients": "13912345678" + "a" * 53},
    "definition": "d" * 64,
    "tables": {"customers": {"delivered": 1200, "rejected": 3, "fields_set_to_null": 1}},
}


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    monkeypatch.setenv("CRM_HOME", str(tmp_path))
    for words in (["init", "-q"], ["config", "user.email", "a@example.org"], ["config", "user.name", "A"]):
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True)
    (tmp_path / "file").write_text("1")
    for words in (["add", "file"], ["commit", "-qm", "first"]):
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True)
    return tmp_path


def test_the_commit_bears_a_plus_where_tracked_files_differ(checkout):
    clean = provenance.commit()
    assert len(clean) == 12
    (checkout / "untracked").write_text("1")
    assert provenance.commit() == clean
    (checkout / "file").write_text("2")
    assert provenance.commit() == clean + "+"


def test_outside_a_checkout_there_is_no_commit(tmp_path, monkeypatch):
    monkeypatch.setenv("CRM_HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert provenance.commit() is None


def test_the_record_holds_all_that_makes_a_number(checkout):
    made = provenance.record(SOURCES, "2025-06-30", {"segmentation": {"k_max": 7}}, {"segment_actions.csv": "c"})
    parts = {"commit", "code", "inputs", "identity", "definitions", "kept", "tables", "as_of", "parameters", "packages"}
    assert set(made) == parts
    assert made["kept"] == {"segment_actions.csv": "c"}
    assert made["inputs"] == SOURCES["inputs"]
    assert made["packages"]["pandas"].startswith("3.")
    assert "seconds" not in str(made)


def test_what_identity_hangs_on_besides_the_files_is_on_record(checkout):
    record = provenance.record({**SOURCES, "given": "g", "overrides": "o"}, "2025-06-30", {}, {})
    assert record["identity"] == {"given": "g", "overrides": "o"}
    assert provenance.record(SOURCES, "2025-06-30", {}, {})["identity"] == {"given": None, "overrides": None}


def test_the_record_of_a_manifest_just_made_and_of_one_read_again_is_the_same(checkout):
    turned = {**SOURCES, "tables": {"customers": dict(reversed(SOURCES["tables"]["customers"].items()))}}
    assert str(provenance.record(turned, "2025-06-30", {}, {})) == str(provenance.record(SOURCES, "2025-06-30", {}, {}))


def test_the_table_shows_files_rows_and_parameters(checkout):
    body = provenance.provenance(SOURCES, k_max=7).content["en"]["body"]
    assert '<th scope="row">Parameter k_max</th><td class="hash">7</td>' in body
    assert "1,200 rows delivered, 3 rejected, 1 fields set to null" in body
    assert SOURCES["inputs"]["clients"] in body


def test_hashes_are_not_taken_for_telephone_numbers(checkout):
    assert faults(provenance.provenance(SOURCES).content["en"]["body"]) == []


def test_a_hostile_parameter_is_shown_as_text(checkout):
    body = provenance.provenance(SOURCES, name="<script>alert(1)</script>").content["en"]["body"]
    assert "<script>" not in body


def test_every_canonical_table_has_a_name_for_pages():
    assert set(TABLES) == set(contracts.TABLES)
    assert table_label("customers").render() == "table customers"
    assert table_label("customers").render("zh") == "客户表"
    assert table_label("one's own").render("zh") == "数据表one's own"
    assert table_labels(["surveys", "answers"]).render() == "table surveys and no table answers"
    assert table_labels(["surveys", "answers"]).render("zh") == "满意度调查表、满意度调查作答表"
