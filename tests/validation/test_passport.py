"""The committed passport: it belongs to the code it speaks of, and docs/methods.md shows it as it is."""

import json
from pathlib import Path

import pytest

from analysis.errors import UserError
from analysis.validation import passport
from analysis.validation.code import PACKAGE, SPOKEN_OF, methods_digest, normalised
from analysis.validation.passport import BEGIN, CAVEAT, END, REMEDY, make_passport, with_section
from analysis.validation.rows import Row
from analysis.validation.shown import comparison, lines
from analysis.validation.studies import IN_PART, parameters

DOCS = Path(__file__).parents[2] / "docs"
FIGURE = {"value": 0.953, "mc_error": 0.01}
ROW = {
    "id": "nps", "unit": "score", "world": "default", "seeds": 3, "truth": 12.3, "value": 12.0, "bias": {"value": -0.31, "mc_error": 0.12},
    "spread": None, "stated_error": None, "stated_to_spread": None, "coverage": FIGURE, "width": None, "width_to_oracle": None,
    "sign_errors": None, "abstentions": {"value": 0.0, "mc_error": 0.0}, "alarms": None, "naive_bias": {"value": 4.0, "mc_error": None},
}  # fmt: skip
TABLE = {
    "methods": "a" * 64, "date": "2025-07-01", "commit": "0123456789ab", "worlds": {"default": 5000}, "seeds": {"default": 3},
    "first_seed": 1001, "rows": [ROW],
}  # fmt: skip


def committed() -> tuple[str, dict]:
    """docs/methods.md and docs/validation.json; skipped as long as neither speaks of a passport."""
    text, path = (DOCS / "methods.md").read_text(encoding="utf-8"), DOCS / "validation.json"
    if BEGIN not in text and not path.is_file():
        pytest.skip("there is no passport yet")
    assert path.is_file(), f"docs/methods.md shows a passport, but docs/validation.json is missing: {REMEDY}"
    return text, json.loads(path.read_text(encoding="utf-8"))


def test_the_passport_belongs_to_the_code_it_speaks_of():
    _, table = committed()
    assert table["methods"] == methods_digest(parameters()), f"docs/validation.json speaks of other code: {REMEDY}"


def test_the_methods_show_the_committed_passport():
    text, table = committed()
    assert BEGIN in text, f"docs/methods.md lacks the lines {BEGIN} and {END}, between which make validate writes the passport"
    assert with_section(text, table) == text, f"the passport in docs/methods.md is not that of docs/validation.json: {REMEDY}"


def test_the_section_names_date_commit_and_what_it_does_not_speak_of():
    text = with_section(f"before\n{BEGIN}\nSTALE\n{END}\nafter\n", TABLE)
    assert text.startswith(f"before\n{BEGIN}\nMade on 2025-07-01, commit 0123456789ab, methods aaaaaaaaaaaa. {CAVEAT}")
    assert text.endswith(f"{END}\nafter\n")
    assert "STALE" not in text
    assert "`default` 3 × 5,000 customers" in text
    row = next(line for line in text.splitlines() if line.startswith("| `nps`"))
    assert row == "| `nps` | 12.3 | −0.3 ± 0.1 | – | – | 95.30% ± 1.00% | – | – | 0.00% ± 0.00% | – | 4.0 |"
    assert with_section(text, TABLE) == text


def test_the_plan_names_worlds_that_exist():
    worlds = pytest.importorskip("analysis.bank.demo.worlds")
    assert set(passport.PLAN) == set(worlds.WORLDS) - {"clean"}  # a bank without errors in its files: for the rules of quality


@pytest.mark.parametrize("text", ["none", f"{END}\n{BEGIN}\n", f"{BEGIN}\n{BEGIN}\n{END}\n"])
def test_a_text_without_its_two_lines_is_refused(text):
    with pytest.raises(ValueError, match="needs one line"):
        with_section(text, TABLE)


def test_making_writes_the_table_and_its_section(project, tmp_path, monkeypatch):
    monkeypatch.setattr(passport, "summary_of_seeds", lambda world, *_: [{**ROW, "world": world}])
    monkeypatch.setattr(passport, "size_of", lambda world, customers: customers or 5000)
    monkeypatch.setattr(passport, "methods_digest", lambda asked: f"digest of {len(asked)} reports")
    (tmp_path / "reports.yaml").write_text("reports:\n  other: {notebook: other.ipynb}\n")
    (tmp_path / "methods.md").write_text(f"# Methods\n{BEGIN}\n{END}\n")
    make_passport(tmp_path / "validation.json", 1, plan={"default": 2, "null": 1})
    table = json.loads((tmp_path / "validation.json").read_text())
    assert (table["seeds"], table["worlds"]) == ({"default": 2, "null": 1}, {"default": 5000, "null": 5000})
    assert [row["world"] for row in table["rows"]] == ["default", "null"]
    assert table["methods"] == f"digest of {len(IN_PART)} reports"
    assert "### World `null`" in (tmp_path / "methods.md").read_text()
    with pytest.raises(UserError, match="does not exist"):
        make_passport(tmp_path / "nowhere" / "validation.json", 1)


SOURCE = '''"""What it is."""
LIMIT = 3  # as Wilson has it


def told(n: int) -> Message:
    """One sentence."""
    if n < LIMIT:
        raise UserError(f"Only {n}.")
    return say("There are {n:count}.", n=n)
'''


def test_words_comments_and_layout_do_not_change_the_digest():
    reworded = (
        SOURCE.replace('"""What it is."""', '"""Another."""').replace('    """One sentence."""\n', "").replace("  # as Wilson has it", "")
        .replace("Only {n}.", "No more than {n}.").replace("There are {n:count}.", "{n:count} there are.").replace("n=n)", "n=n,\n    )")
    )  # fmt: skip
    assert normalised(reworded) == normalised(SOURCE)


@pytest.mark.parametrize(
    ("old", "new"), [("LIMIT = 3", "LIMIT = 4"), ("n < LIMIT", "n <= LIMIT"), ("n=n", "n=n + 1"), ("told", "tell")]
)
def test_a_changed_method_changes_it(old, new):
    assert normalised(SOURCE.replace(old, new)) != normalised(SOURCE)


def test_the_digest_sees_every_place_and_the_parameters(tmp_path):
    assert [place for place in SPOKEN_OF if not (PACKAGE / place).exists()] == []
    files = [tmp_path / (place if place.endswith(".py") else f"{place}/inside/module.py") for place in SPOKEN_OF]
    for path in files:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("LIMIT = 1\n")
    before = methods_digest({}, tmp_path)
    assert methods_digest({"satisfaction": {"window_months": 6}}, tmp_path) != before
    for path in files:
        path.write_text("LIMIT = 2\n")
        assert methods_digest({}, tmp_path) != before, path
        path.write_text("LIMIT = 1\n")
    (tmp_path / "bank" / "demo" / "bank.yaml").write_text("currency: CNY\n")
    assert methods_digest({}, tmp_path) != before


def test_the_digest_follows_what_the_studies_use_and_nothing_else(tmp_path):
    written = {
        "validation/studies.py": "from analysis.study.one import answer\n",
        "study/one.py": "def answer():\n    from analysis.stats import two\n    return two\n",
        "stats/two.py": "LIMIT = 1\n",
        "study/other.py": "LIMIT = 1\n",
    }
    for place, text in written.items():
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_text(text)
    before = methods_digest({}, tmp_path)
    (tmp_path / "study" / "other.py").write_text("LIMIT = 2\n")
    assert methods_digest({}, tmp_path) == before
    (tmp_path / "stats" / "two.py").write_text("LIMIT = 2\n")
    assert methods_digest({}, tmp_path) != before


def test_a_passport_of_code_that_changed_meanwhile_is_not_written(project, tmp_path, monkeypatch, told):
    digests = iter("ab")
    monkeypatch.setattr(passport, "methods_digest", lambda asked: next(digests))
    (tmp_path / "reports.yaml").write_text("reports:\n  other: {notebook: other.ipynb}\n")
    with pytest.raises(UserError, match="changed while the passport was made") as error:
        make_passport(tmp_path / "validation.json", 1, plan={})
    told(error.value)
    assert not (tmp_path / "validation.json").exists()


def test_the_comparison_reads_well_as_plain_lines():
    rows = [
        Row(
            "churn_rate.any",
            0.05,
            0.055,
            0.048,
            0.062,
            True,
            "default",
            7,
            unit="share",
            base=900,
            naive=0.03,
            oracle_width=0.014,
        ),
        Row("auc", 0.72, 0.79, 0.75, 0.83, False, "default", 7, unit="number", ceiling=0.85),
        Row(
            "cause.fee_rise",
            0.07,
            None,
            None,
            None,
            None,
            "default",
            7,
            unit="share",
            naive=-0.01,
            note="the study gives no value",
        ),
    ]
    shown = lines(comparison(rows, "demo", "2025-06-30", 5000))
    assert shown[0] == "demo: world default, seed 7, 5,000 customers, as of 2025-06-30."
    assert shown[1] == "1 of 2 intervals hold their truth; of 95 % intervals 19 in 20 should."
    assert shown[3].split()[:4] == ["id", "truth", "estimate", "from"]
    assert shown[4].split() == ["churn_rate.any", "5.00%", "5.50%", "4.80%", "6.20%", "yes", "+0.50", "3.00%", "1.000"]
    assert shown[5].endswith("NO       0.070       –                 –  the true hazard reaches 0.850")
    assert shown[6].endswith("the study gives no value")
    assert len({line.index("  yes") + 5 for line in shown[4:5]} | {line.index("  NO") + 4 for line in shown[5:6]}) <= 2
