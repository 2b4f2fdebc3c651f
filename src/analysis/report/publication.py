"""`reports.yaml`: what is published, in which order, from which notebook, with which parameters."""

import ast
import json
import re
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from analysis.errors import UserError
from analysis.project import suggestion
from analysis.report.gate import score_names
from analysis.report.post import SECRET_NAME, Post, problem_of_post

SECRET_VALUE = re.compile(r"passw(or)?d\s*=|://[^/\s:@]*:[^@\s]+@|-----BEGIN|^(sk-|gh[pousr]_|AKIA)", re.IGNORECASE)
INJECTED = ("bank", "as_of")
TYPES = {"int": (int,), "float": (int, float), "str": (str,), "bool": (bool,)}
REPORT_NAME = r"^[a-z][a-z0-9_]*$"
PROBLEMS = {
    "missing": "is missing; add it",
    "dict_type": "needs keys of its own",
    "model_type": "needs keys of its own, at least notebook",
    "list_type": "needs a list, such as [customers, surveys]",
    "string_pattern_mismatch": "is no name for a report: small letters, digits and _ only, a letter first",
    "too_short": "is empty; write at least one",
    "greater_than": "must be greater than 0",
}  # fmt: skip

Floor = Annotated[float, Field(ge=0, le=1, strict=True, allow_inf_nan=False)]


class Publication(BaseModel):
    """One report: its notebook, the tables it cannot do without, the scores of the data below which it opens with a
    reservation (score id → least value, 0-1), its parameters and its time limit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    notebook: str
    tables: list[str] = Field(default_factory=list)
    floors: dict[str, Floor] = Field(default_factory=dict)
    parameters: dict[str, int | float | str | bool] = Field(default_factory=dict)
    audience: Literal["management", "research"] = "management"
    time_limit_seconds: int = Field(default=900, gt=0)


class PublicationList(BaseModel):
    """The whole list, in the order in which reports are shown; the first of `languages` is the site's own. `keep`: of how many months
    the pages stay (None: of all); `message`: how it is told what changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    languages: list[Literal["en", "zh"]] = Field(default=["en"], min_length=1)
    keep: int | None = Field(default=None, ge=2, strict=True)
    message: Post = Field(default_factory=Post)
    reports: dict[str, Publication] = Field(min_length=1)

    def chosen(self, only: list[str]) -> dict[str, Publication]:
        """The reports named in `only`, or all; an unknown name is refused."""
        for name in only:
            if name not in self.reports:
                hint = suggestion(name, list(self.reports))
                raise UserError(f"There is no report '{name}' in reports.yaml{hint} Reports: {', '.join(self.reports)}.")
        return {name: entry for name, entry in self.reports.items() if not only or name in only}


class Source:
    """A notebook as committed: what its prose announces and which parameters it takes."""

    def __init__(self, path: Path):
        self.path = path
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            self.cells, self.metadata = content["cells"], content.get("metadata", {})
        except (ValueError, KeyError, TypeError):
            raise UserError(f"{path}: not a notebook; save it in Jupyter's format (nbformat 4).") from None

    @cached_property
    def prose(self) -> list[str]:
        return ["".join(cell["source"]) for cell in self.cells if cell["cell_type"] == "markdown"]

    @property
    def is_private(self) -> bool:
        """Whether its metadata forbid that it be published: `{"crm": {"private": true}}`."""
        marks = self.metadata.get("crm")
        return isinstance(marks, dict) and bool(marks.get("private"))

    @property
    def title(self) -> str:
        """The first heading."""
        lines = (line for text in self.prose for line in text.splitlines())
        return next((line[2:].strip() for line in lines if line.startswith("# ")), self.path.stem)

    @property
    def parameters(self) -> dict[str, tuple[str, str]]:
        """Name → type and default, of the assignments in the cell tagged `parameters`; the type is that of the annotation,
        else of the default."""
        tagged = [cell for cell in self.cells if "parameters" in cell.get("metadata", {}).get("tags", [])]
        try:
            statements = [node for cell in tagged for node in ast.parse("".join(cell["source"])).body]
        except SyntaxError:
            raise UserError(
                f"{self.path}: the cell tagged 'parameters' is not plain Python; write name: type = default."
            ) from None
        annotated = [node for node in statements if isinstance(node, ast.AnnAssign) and node.value]
        plain = [node for node in statements if isinstance(node, ast.Assign)]
        return {ast.unparse(node.target): (ast.unparse(node.annotation), ast.unparse(node.value)) for node in annotated} | {
            ast.unparse(node.targets[0]): (type(getattr(node.value, "value", None)).__name__, ast.unparse(node.value))
            for node in plain
        }


def parameters_in_force(entry: Publication, notebooks: Path) -> dict[str, object]:
    """Every parameter of the report's notebook beside bank and day: the value of `reports.yaml`, else the default."""
    written = {name: _literal(default) for name, (_, default) in Source(notebooks / entry.notebook).parameters.items()}
    return {name: value for name, value in (written | entry.parameters).items() if name not in INJECTED}


def _literal(text: str) -> object:
    try:
        return ast.literal_eval(text)
    except ValueError:
        return text


def read_publications(path: Path) -> PublicationList:
    """The publication list; an unknown key or an impossible value is refused with its place."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} does not exist; it lists what is published.") from None
    except UnicodeDecodeError:
        raise UserError(f"{path.name}: not UTF-8 text; save it as UTF-8.") from None
    except ValueError as error:
        raise UserError(f"{path.name}: a date in it is none ({error}); write text in quotes.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise UserError(f"{path.name}, line {mark.line + 1 if mark else 1}: not valid YAML; mend that line.") from None
    if not isinstance(content, dict):
        raise UserError(f"{path.name}: it holds no keys; write at least reports, with a notebook for each.")
    try:
        publications = PublicationList.model_validate(content)
    except ValidationError as error:
        raise UserError(f"{path.name}: {_problem(error.errors()[0])}") from None
    for name in publications.reports:
        if not re.match(REPORT_NAME, name) or name == "index":
            raise UserError(f"{path.name}: '{name}' {PROBLEMS['string_pattern_mismatch']}, and not index.")
    return publications


def _problem(error: dict) -> str:
    place = [str(part) for part in error["loc"] if part != "[key]"]
    if place[2:3] == ["parameters"] and len(place) > 3:
        return f"'{'.'.join(place[:4])}' must be a number, text, true or false (put a date in quotes)."
    if place[2:3] == ["floors"] and len(place) > 3:
        return f"'{'.'.join(place)}' must be a share from 0 to 1, such as 0.98."
    where = ".".join(place)
    if place[0] == "message":
        return problem_of_post(place, error)
    if error["type"] == "extra_forbidden":
        known = Publication.model_fields if len(place) > 1 else PublicationList.model_fields
        return f"unknown key '{where}'{suggestion(place[-1], list(known))} Keys: {', '.join(known)}."
    problem = PROBLEMS.get(error["type"])
    if problem:
        return f"'{where}' {problem}."
    told = error["msg"].removeprefix("Input ").rstrip(".")
    return f"'{where}' is {error['input']!r}, but it {told[0].lower()}{told[1:]}."


def check_publication(name: str, entry: Publication, notebooks: Path) -> None:
    """Refuses a report whose notebook is not there or private, a floor for a score that there is not, and a parameter that the notebook does not take, of another type than
    its annotation says, or secret-looking: papermill enforces nothing, and keeps parameters in clear text."""
    where = f"reports.yaml, report {name}"
    path = notebooks / entry.notebook
    if not path.is_file():
        near = suggestion(entry.notebook, sorted(found.name for found in notebooks.glob("*.ipynb")))
        raise UserError(f"{where}: there is no notebook '{entry.notebook}' in {notebooks}{near} Mend its name or put it there.")
    if Source(path).is_private:
        raise UserError(f"{where}: {path.name} is private and may never be published; take the report out of the list.")
    _refuse_unknown_scores(where, entry)
    known = Source(path).parameters
    if lacking := [parameter for parameter in INJECTED if parameter not in known]:
        raise UserError(
            f"{where}: {path.name} has no parameter '{lacking[0]}'; give it one cell tagged 'parameters' that sets {' and '.join(INJECTED)}."
        )
    for parameter, value in entry.parameters.items():
        _refuse_secret(where, parameter, value)
        if parameter in INJECTED:
            raise UserError(f"{where}: the parameter '{parameter}' comes from the command line; take it out.")
        if parameter not in known:
            hint = suggestion(parameter, list(known))
            raise UserError(f"{where}: {path.name} has no parameter '{parameter}'{hint} It takes {', '.join(known)}.")
        wanted, default = known[parameter]
        if not _fits(value, wanted):
            given = f"{value!r} ({type(value).__name__})"
            raise UserError(
                f"{where}: the parameter '{parameter}' is {given}, but {path.name} takes {wanted}, such as {default}."
            )


def _refuse_unknown_scores(where: str, entry: Publication) -> None:
    names = score_names()
    for name in entry.floors:
        if name not in names:
            hint = suggestion(name, names)
            raise UserError(
                f"{where}: there is no score '{name}' to set a floor for{hint} Scores: quality.<table>, identity.precision, identity.recall."
            )


def _refuse_secret(where: str, parameter: str, value: object) -> None:
    if SECRET_NAME.search(parameter) or (isinstance(value, str) and SECRET_VALUE.search(value)):
        raise UserError(
            f"{where}: the parameter '{parameter}' looks like a secret, and parameters are kept in clear text; take it out."
        )


def _fits(value: object, wanted: str) -> bool:
    return isinstance(value, TYPES.get(wanted, (object,))) and (wanted == "bool" or not isinstance(value, bool))
