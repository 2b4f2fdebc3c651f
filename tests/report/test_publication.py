"""The publication list: what is wrong with it is told in a sentence that names the place."""

import json

import pytest

from analysis.errors import UserError
from analysis.report.publication import Publication, Source, check_publication, parameters_in_force, read_publications

PARAMETERS = (
    'bank: str = "demo"\nas_of: str = ""\nk_max: int = 7  # most segments\nshare: float = 0.5\nis_deep: bool = False\nseed = 7'
)


@pytest.fixture
def notebooks(tmp_path):
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Segments\n", "\n", "Who are they?"]},
        {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": PARAMETERS},
        {"cell_type": "code", "metadata": {}, "source": "later: int = 1"},
    ]
    (tmp_path / "segments.ipynb").write_text(json.dumps({"cells": cells}))
    (tmp_path / "bare.ipynb").write_text(json.dumps({"cells": cells[:1]}))
    (tmp_path / "magic.ipynb").write_text(json.dumps({"cells": [{**cells[1], "source": "%time x = 1"}]}))
    (tmp_path / "broken.ipynb").write_text("no notebook")
    return tmp_path


def refusal(notebooks, notebook="segments.ipynb", **parameters) -> str:
    with pytest.raises(UserError) as refused:
        check_publication("segments", Publication(notebook=notebook, parameters=parameters), notebooks)
    return str(refused.value)


def listed(tmp_path, text: str):
    path = tmp_path / "reports.yaml"
    path.write_text(text)
    return read_publications(path)


def test_the_parameters_in_force_are_the_lists_and_else_the_notebooks_defaults(notebooks):
    entry = Publication(notebook="segments.ipynb", parameters={"k_max": 9})
    assert parameters_in_force(entry, notebooks) == {"k_max": 9, "share": 0.5, "is_deep": False, "seed": 7}


def test_a_notebook_tells_its_title_and_parameters(notebooks):
    source = Source(notebooks / "segments.ipynb")
    assert source.title == "Segments"
    assert source.parameters == {
        "bank": ("str", "'demo'"), "as_of": ("str", "''"), "k_max": ("int", "7"), "share": ("float", "0.5"),
        "is_deep": ("bool", "False"), "seed": ("int", "7"),
    }  # fmt: skip


@pytest.mark.parametrize("parameters", [{}, {"k_max": 5, "share": 1, "is_deep": True, "seed": 1}, {"share": 0.25}])
def test_fitting_parameters_are_accepted(notebooks, parameters):
    check_publication("segments", Publication(notebook="segments.ipynb", parameters=parameters), notebooks)


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"kmax": 5}, "segments.ipynb has no parameter 'kmax'; did you mean 'k_max'? It takes bank, as_of, k_max, share, is_deep, seed."),
        ({"later": 5}, "segments.ipynb has no parameter 'later'. It takes bank, as_of, k_max, share, is_deep, seed."),
        ({"k_max": "five"}, "the parameter 'k_max' is 'five' (str), but segments.ipynb takes int, such as 7."),
        ({"k_max": 5.5}, "the parameter 'k_max' is 5.5 (float), but segments.ipynb takes int, such as 7."),
        ({"k_max": True}, "the parameter 'k_max' is True (bool), but segments.ipynb takes int, such as 7."),
        ({"is_deep": 1}, "the parameter 'is_deep' is 1 (int), but segments.ipynb takes bool, such as False."),
        ({"as_of": "2025-06-30"}, "the parameter 'as_of' comes from the command line; take it out."),
        ({"db_password": "x"}, "the parameter 'db_password' looks like a secret, and parameters are kept in clear text; take it out."),
        ({"source": "postgresql://me:pw@host/db"}, "the parameter 'source' looks like a secret, and parameters are kept in clear text; take it out."),
    ],
)  # fmt: skip
def test_a_parameter_that_does_not_fit_is_refused(notebooks, parameters, sentence):
    assert refusal(notebooks, **parameters) == f"reports.yaml, report segments: {sentence}"


def test_a_secret_is_not_repeated(notebooks):
    assert "hunter2" not in refusal(notebooks, api_key="hunter2")


def test_a_notebook_that_cannot_be_used_is_refused(notebooks):
    assert refusal(notebooks, "segment.ipynb") == (
        f"reports.yaml, report segments: there is no notebook 'segment.ipynb' in {notebooks}; did you mean 'segments.ipynb'?"
        " Mend its name or put it there."
    )
    assert refusal(notebooks, "bare.ipynb") == (
        "reports.yaml, report segments: bare.ipynb has no parameter 'bank'; give it one cell tagged 'parameters' that sets bank and as_of."
    )
    assert refusal(notebooks, "broken.ipynb").endswith("broken.ipynb: not a notebook; save it in Jupyter's format (nbformat 4).")
    assert refusal(notebooks, "magic.ipynb").endswith(
        "magic.ipynb: the cell tagged 'parameters' is not plain Python; write name: type = default."
    )


def test_a_private_notebook_is_never_published(notebooks):
    content = json.loads((notebooks / "segments.ipynb").read_text())
    for marks, is_refused in (({"private": True}, True), ({"private": False}, False), ({}, False), ("private", False)):
        (notebooks / "one.ipynb").write_text(json.dumps({**content, "metadata": {"crm": marks}}))
        assert Source(notebooks / "one.ipynb").is_private is is_refused
    (notebooks / "one.ipynb").write_text(json.dumps({**content, "metadata": {"crm": {"private": True}}}))
    assert refusal(notebooks, "one.ipynb") == (
        "reports.yaml, report segments: one.ipynb is private and may never be published; take the report out of the list."
    )


@pytest.mark.parametrize(
    ("name", "hint"), [("quality.balance", "; did you mean 'quality.balances'?"), ("trust", "."), ("identity.recal", "; did you mean 'identity.recall'?")]
)  # fmt: skip
def test_a_floor_for_a_score_that_there_is_not_is_refused(notebooks, name, hint):
    with pytest.raises(UserError) as refused:
        check_publication("segments", Publication(notebook="segments.ipynb", floors={name: 0.9}), notebooks)
    assert str(refused.value) == (
        f"reports.yaml, report segments: there is no score '{name}' to set a floor for{hint}"
        " Scores: quality.<table>, identity.precision, identity.recall."
    )


def test_floors_for_known_scores_are_accepted(notebooks, tmp_path):
    listing = "reports: {a: {notebook: segments.ipynb, floors: {quality.balances: 0.98, identity.recall: 1}}}"
    entry = listed(tmp_path, listing).reports["a"]
    check_publication("a", entry, notebooks)
    assert entry.floors == {"quality.balances": 0.98, "identity.recall": 1.0}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("reports: {a: {notebook: a.ipynb", "reports.yaml, line 1: not valid YAML; mend that line."),
        ("reports:\n  a: {notebook: a.ipynb}\n b: 1\n", "reports.yaml, line 3: not valid YAML; mend that line."),
        ("", "reports.yaml: it holds no keys; write at least reports, with a notebook for each."),
        ("languages: [en]", "reports.yaml: 'reports' is missing; add it."),
        ("reports: {}", "reports.yaml: 'reports' is empty; write at least one."),
        ("report: {}\nreports: {a: {notebook: a.ipynb}}", "reports.yaml: unknown key 'report'; did you mean 'reports'? Keys: languages, keep, message, reports."),
        ("reports: {a: {notebok: a.ipynb, notebook: a.ipynb}}", "reports.yaml: unknown key 'reports.a.notebok'; did you mean 'notebook'? Keys: notebook, tables, floors, parameters, audience, time_limit_seconds."),
        ("reports: {a: {}}", "reports.yaml: 'reports.a.notebook' is missing; add it."),
        ("reports: {a: a.ipynb}", "reports.yaml: 'reports.a' needs keys of its own, at least notebook."),
        ("reports: {a: {notebook: a.ipynb, tables: customers}}", "reports.yaml: 'reports.a.tables' needs a list, such as [customers, surveys]."),
        ("reports: {a: {notebook: a.ipynb, parameters: {k: [1]}}}", "reports.yaml: 'reports.a.parameters.k' must be a number, text, true or false (put a date in quotes)."),
        ("reports: {a: {notebook: a.ipynb, parameters: {k: 2025-06-30}}}", "reports.yaml: 'reports.a.parameters.k' must be a number, text, true or false (put a date in quotes)."),
        *((f"reports: {{a: {{notebook: a.ipynb, floors: {{quality.balances: {value}}}}}}}",
           "reports.yaml: 'reports.a.floors.quality.balances' must be a share from 0 to 1, such as 0.98.")
          for value in ("98", "98%", "-0.1", ".nan", "true", "'0.9'", "[0.9]")),
        ("reports: {a: {notebook: a.ipynb, floors: 0.98}}", "reports.yaml: 'reports.a.floors' needs keys of its own."),
        ("reports: {a: {notebook: a.ipynb, time_limit_seconds: 0}}", "reports.yaml: 'reports.a.time_limit_seconds' must be greater than 0."),
        ("reports: {a: {notebook: a.ipynb, audience: all}}", "reports.yaml: 'reports.a.audience' is 'all', but it should be 'management' or 'research'."),
        ("languages: [fr]\nreports: {a: {notebook: a.ipynb}}", "reports.yaml: 'languages.0' is 'fr', but it should be 'en' or 'zh'."),
        ("reports: {../a: {notebook: a.ipynb}}", "reports.yaml: '../a' is no name for a report: small letters, digits and _ only, a letter first, and not index."),
        ("reports: {index: {notebook: a.ipynb}}", "reports.yaml: 'index' is no name for a report: small letters, digits and _ only, a letter first, and not index."),
    ],
)  # fmt: skip
def test_a_list_that_cannot_be_read_is_refused_with_its_place(tmp_path, text, sentence):
    with pytest.raises(UserError) as refused:
        listed(tmp_path, text)
    assert str(refused.value) == sentence


def test_reports_are_chosen_in_the_order_of_the_list(tmp_path):
    publications = listed(tmp_path, "reports: {b: {notebook: b.ipynb}, a: {notebook: a.ipynb}}")
    assert list(publications.chosen([])) == ["b", "a"]
    assert list(publications.chosen(["a"])) == ["a"]


def test_an_unknown_report_is_refused_with_what_is_near(tmp_path):
    publications = listed(tmp_path, "reports: {segmentation: {notebook: b.ipynb}, churn: {notebook: a.ipynb}}")
    with pytest.raises(UserError) as refused:
        publications.chosen(["segmentaton"])
    assert str(refused.value) == (
        "There is no report 'segmentaton' in reports.yaml; did you mean 'segmentation'? Reports: segmentation, churn."
    )
