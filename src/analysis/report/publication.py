"""`reports.yaml`: what is published, in which order, from which notebook, with which parameters."""

import json
import re
from functools import cached_property
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from analysis.errors import UserError
from analysis.project import suggestion

SECRET = re.compile(r"passw|secret|token|api_?key|credential|private_?key", re.IGNORECASE)
INJECTED = ("bank", "as_of")
TYPES = {"int": (int,), "float": (int, float), "str": (str,), "bool": (bool,)}


class Publication(BaseModel):
    """One report: its notebook, the tables it cannot do without, its parameters and its time limit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    notebook: str
    tables: list[str] = Field(default_factory=list)
    parameters: dict[str, int | float | str | bool] = Field(default_factory=dict)
    audience: Literal["management", "research"] = "management"
    time_limit_seconds: int = Field(default=900, gt=0)


class PublicationList(BaseModel):
    """The whole list, in the order in which reports are shown; the first of `languages` is the site's own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    languages: list[Literal["en", "zh"]] = Field(default=["en"], min_length=1)
    reports: dict[str, Publication] = Field(min_length=1)

    def chosen(self, only: list[str]) -> dict[str, Publication]:
        """The reports named in `only`, or all; an unknown name is refused."""
        for name in only:
            if name not in self.reports:
                raise UserError(
                    f"There is no report '{name}'{suggestion(name, list(self.reports))} Reports: {', '.join(self.reports)}."
                )
        return {name: entry for name, entry in self.reports.items() if not only or name in only}


class Source:
    """A notebook as committed: what its prose announces and which parameters it takes."""

    def __init__(self, path: Path):
        self.path = path
        if not path.is_file():
            raise UserError(f"reports.yaml: the notebook {path} does not exist; mend its name.")
        self.cells = json.loads(path.read_text(encoding="utf-8"))["cells"]

    @cached_property
    def prose(self) -> list[str]:
        return ["".join(cell["source"]) for cell in self.cells if cell["cell_type"] == "markdown"]

    @property
    def title(self) -> str:
        """The first heading."""
        return next(
            (line[2:].strip() for text in self.prose for line in text.splitlines() if line.startswith("# ")), self.path.stem
        )

    @property
    def question(self) -> str:
        """The paragraph under the first heading."""
        lines = [line.strip() for line in (self.prose[0] if self.prose else "").splitlines() if not line.startswith("#")]
        return " ".join(lines).strip()


def read_publications(path: Path) -> PublicationList:
    """The publication list; an unknown key or an impossible value is refused with its place."""
    try:
        return PublicationList.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise UserError(f"{path.name}, line {mark.line + 1 if mark else 1}: not valid YAML; mend that line.") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = [str(part) for part in first["loc"]]
        if first["type"] == "extra_forbidden":
            known = Publication.model_fields if len(place) > 1 else PublicationList.model_fields
            raise UserError(f"{path.name}: unknown key '{'.'.join(place)}'{suggestion(place[-1], list(known))}") from None
        raise UserError(f"{path.name}: '{'.'.join(place)}': {first['msg'].lower()}.") from None


def check_parameters(name: str, notebook: Path, parameters: dict) -> None:
    """Refuses a parameter that the notebook does not take, of another type than its annotation says, or secret-looking:
    papermill enforces nothing, and keeps parameters in clear text."""
    import papermill

    where = f"reports.yaml, report {name}"
    known = papermill.inspect_notebook(str(notebook))
    if not known:
        raise UserError(f"{where}: {notebook.name} has no cell tagged 'parameters' that sets any; tag one.")
    for parameter, value in parameters.items():
        if SECRET.search(parameter) or (isinstance(value, str) and SECRET.search(value)):
            raise UserError(
                f"{where}: the parameter '{parameter}' looks like a secret, and parameters are kept in clear text; take it out."
            )
        if parameter not in known:
            raise UserError(f"{where}: {notebook.name} has no parameter '{parameter}'{suggestion(parameter, list(known))}")
        wanted = known[parameter]["inferred_type_name"]
        fits = isinstance(value, TYPES.get(wanted, (object,))) and (wanted == "bool" or not isinstance(value, bool))
        if not fits:
            raise UserError(
                f"{where}: the parameter '{parameter}' is {value!r} ({type(value).__name__}); {notebook.name} takes {wanted}, such as {known[parameter]['default']}."
            )
