"""Many seeds: what is finished is kept, what fails is named, what cannot be carried out is refused in a sentence."""

import json
import os

import pytest

from analysis import cli
from analysis.errors import UserError
from analysis.project import root
from analysis.validation import command, passport, seeds
from analysis.validation.code import methods_digest
from analysis.validation.command import Asked

DIGESTS: dict[str, str] = {}  # of the code and parameters, which are the same in all tests


@pytest.fixture
def tasks_run(project, monkeypatch):
    """Replaces the worker processes; the list of seeds that were computed."""
    computed = []

    def finished(tasks, jobs):
        for task in tasks:
            computed.append(task.seed)
            yield task, ValueError("secret") if task.seed in failing else [{"id": "x", "seed": task.seed}]

    failing = set()

    def digest_once(parameters):
        key = json.dumps(parameters)
        if key not in DIGESTS:
            DIGESTS[key] = methods_digest(parameters)
        return DIGESTS[key]

    monkeypatch.setattr(seeds, "methods_digest", digest_once)
    monkeypatch.setattr(seeds, "finished", finished)
    return computed, failing


def test_a_kept_seed_is_not_computed_again(tasks_run):
    computed, _ = tasks_run
    assert [row["seed"] for row in seeds.rows_of_seeds("default", 2, 300, {}, 1)] == [1001, 1002]
    assert [row["seed"] for row in seeds.rows_of_seeds("default", 3, 300, {}, 1)] == [1001, 1002, 1003]
    assert computed == [1001, 1002, 1003]
    seeds.rows_of_seeds("null", 1, 300, {}, 1)
    seeds.rows_of_seeds("default", 1, 400, {}, 1)
    seeds.rows_of_seeds("default", 1, 300, {"segmentation": {"k_max": 3}}, 1)
    assert computed == [1001, 1002, 1003, 1001, 1001, 1001]


def test_other_code_keeps_its_own_seeds(tasks_run, monkeypatch):
    computed, _ = tasks_run
    seeds.rows_of_seeds("default", 1, 300, {}, 1)
    monkeypatch.setattr(seeds, "methods_digest", lambda parameters: "another")
    seeds.rows_of_seeds("default", 1, 300, {}, 1)
    assert computed == [1001, 1001]


def test_a_seed_that_fails_is_named_and_the_others_are_kept(tasks_run, told):
    computed, failing = tasks_run
    failing.add(1002)
    with pytest.raises(UserError) as error:
        seeds.rows_of_seeds("default", 3, 300, {}, 1)
    told(error.value)
    assert str(error.value).startswith("World default: 1 of 3 seeds failed, such as 1002;")
    failing.clear()
    assert len(seeds.rows_of_seeds("default", 3, 300, {}, 1)) == 3
    assert computed == [1001, 1002, 1003, 1002]


def test_a_worker_makes_its_bank_in_a_project_of_its_own_and_leaves_nothing(tmp_path, monkeypatch):
    demo = pytest.importorskip("analysis.bank.demo")
    made = []

    def make(out, customers, seed, world):
        made.append((customers, seed, world))
        out.mkdir()

    class Found:
        rows = ()

    def validated(name, asked):
        assert os.environ["CRM_HOME"].startswith(str(tmp_path))
        return Found()

    monkeypatch.setattr(demo, "make_demo_bank", make, raising=False)
    monkeypatch.setattr(seeds, "validate_bank", validated)
    monkeypatch.setenv("CRM_HOME", "before")
    assert seeds.rows_of_task(seeds.Task("null", 1001, 400, {}), tmp_path) == []
    assert made == [(400, 1001, "null")]
    assert os.environ["CRM_HOME"] == "before"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "asked", "sentence"),
    [
        ("mybank", Asked(seeds=2), "--seeds and --passport simulate banks anew, and only the bank 'demo' is simulated, not 'mybank'."),
        ("demo", Asked(world="null"), "--world and --customers need --seeds: they say which banks are made anew."),
        ("demo", Asked(customers=400), "--world and --customers need --seeds: they say which banks are made anew."),
        ("demo", Asked(seeds=2, passport="docs/x.json"), "--passport runs every world by its own plan; leave out --seeds, --world and --json."),
        ("demo", Asked(seeds=2, world="defualt"), "There is no world 'defualt'; did you mean 'default'?"),
        ("demo", Asked(seeds=2, customers=10), "The demo bank needs at least 300 customers, not 10."),
    ],
)  # fmt: skip
def test_what_cannot_be_carried_out_gets_one_sentence(tasks_run, told, name, asked, sentence):
    computed, _ = tasks_run
    with pytest.raises(UserError) as error:
        command.run(name, asked)
    told(error.value)
    assert str(error.value).startswith(sentence)
    assert computed == []


def test_no_seed_at_all_is_refused_by_the_command_line():
    with pytest.raises(cli.CommandLineError) as error:
        cli.app(["validate", "demo", "--seeds", "0"], prog_name="crm", standalone_mode=False)
    assert cli._told(error.value).startswith("crm: Invalid value for '--seeds': ")


def test_the_summary_goes_to_standard_output_as_a_table_or_as_json(tasks_run, monkeypatch, capsys):
    row = {
        "id": "nps",
        "truth": 10.0,
        "value": 12.0,
        "low": 5.0,
        "high": 15.0,
        "covered": True,
        "unit": "score",
        "world": "null",
        "naive": 20.0,
        "oracle_width": 8.0,
        "note": None,
    }
    monkeypatch.setattr(passport, "rows_of_seeds", lambda *_: [{**row, "seed": 1001}, {**row, "seed": 1002, "value": 9.0}])
    monkeypatch.setattr(passport, "parameters", dict)
    command.run("demo", Asked(seeds=2, world="null"))
    shown = capsys.readouterr().out
    assert "World null, seeds 1001 to 1002" in shown
    assert "nps" in shown
    command.run("demo", Asked(seeds=2, world="null", as_json=True))
    assert json.loads(capsys.readouterr().out)[0]["coverage"]["value"] == 1.0


@pytest.mark.slow
def test_one_small_bank_end_to_end_in_a_worker_process(project):
    asked = {"satisfaction": {"window_months": 12, "replicates": 20, "seed": 7}, "churn_attribution": {}, "churn_model": {}}
    rows = seeds.rows_of_seeds("default", 1, 600, asked, 1)
    by_id = {row["id"]: row for row in rows}
    assert {"overall_mean", "nps", "churn_rate.any", "auc", "cause_joint", "change.total"} <= set(by_id)
    assert by_id["overall_mean"]["truth"] is not None
    assert by_id["overall_mean"]["oracle_width"] > 0
    assert by_id["change.total"]["covered"] is not None
    assert list((root() / "data" / "state" / "validation").glob("default-600-*/1001.json"))
