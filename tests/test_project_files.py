"""The project's own files agree with each other."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).parents[1]
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)")


def pins(name: str) -> set[tuple[str, str]]:
    return {match.groups() for line in (PROJECT / name).read_text().splitlines() if (match := PIN.match(line))}


def environment_pins() -> set[tuple[str, str]]:
    dependencies = yaml.safe_load((PROJECT / "environment.yml").read_text())["dependencies"]
    listed = next(entry["pip"] for entry in dependencies if isinstance(entry, dict))
    return {match.groups() for line in listed if (match := PIN.match(line))}


def test_environment_yml_has_exactly_the_pins_of_the_lock():
    assert environment_pins() <= pins("requirements-dev.lock")
    assert pins("requirements.lock") <= environment_pins()


def test_environment_yml_installs_the_package_with_jupyterlab():
    dependencies = yaml.safe_load((PROJECT / "environment.yml").read_text())["dependencies"]
    assert "-e .[lab]" in dependencies[-1]["pip"]
    assert "jupyterlab" in {name for name, _ in environment_pins()}


def test_the_development_lock_extends_the_base_lock():
    assert pins("requirements.lock") <= pins("requirements-dev.lock")


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_every_direct_dependency_is_pinned_and_no_host_is_named(lock):
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    direct = {re.split(r"[\[<>=!~ ]", requirement)[0] for requirement in project["dependencies"]}
    text = (PROJECT / lock).read_text()
    assert direct <= {name for name, _ in pins(lock)}
    assert "://" not in text
    assert "--index-url" not in text


def test_every_third_party_import_is_a_declared_dependency():
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    declared = {re.split(r"[\[<>=!~ ]", requirement)[0].replace("-", "_") for requirement in project["dependencies"]}
    distributions = {"bs4": "beautifulsoup4", "yaml": "pyyaml", "sklearn": "scikit_learn", "ibis": "ibis_framework"}
    # jupyter_client comes with ipykernel, whose kernels it manages
    known = declared | {"analysis", "jupyter_client"}
    standard = __import__("sys").stdlib_module_names
    unknown = {
        f"{path.name}: {name}"
        for path in (PROJECT / "src").rglob("*.py")
        for name in re.findall(r"^\s*(?:import|from) (\w+)", path.read_text(), re.MULTILINE)
        if name not in standard and distributions.get(name, name) not in known
    }
    assert not unknown


def test_each_verb_that_the_readme_names_is_in_the_makefile():
    makefile = (PROJECT / "Makefile").read_text()
    for name in ("README.md", "CONTRIBUTING.md"):
        for verb in re.findall(r"^make (\w+)", (PROJECT / name).read_text(), re.MULTILINE):
            assert re.search(rf"^{verb}:", makefile, re.MULTILINE), f"{name} names make {verb}"


def test_make_help_lists_every_verb_with_its_line():
    shown = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=PROJECT, capture_output=True, text=True, check=True
    ).stdout
    for verb in ("setup", "report", "test", "lint", "lab", "bench", "clean"):
        assert re.search(rf"^{verb} +\w", shown, re.MULTILINE)


def test_the_readmes_links_and_pictures_exist():
    for name in ("README.md", "CONTRIBUTING.md"):
        for target in re.findall(r"\]\(([^)#]+)\)", (PROJECT / name).read_text()):
            assert (PROJECT / target).exists(), f"{name} links to {target}"
