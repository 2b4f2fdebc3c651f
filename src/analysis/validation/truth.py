"""What a simulated bank knows and no report may read: the `truth/` folder beside its raw files."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from analysis.errors import UserError

FOLDER = "truth"
RISKS = ("any", "closed", "dormant", "run_off", "involuntary")


@dataclass(frozen=True)
class Truth:
    """`facts`: a finding's id → value, unit, as_of, mc_error and, where the simulator knows it, what the naive comparison
    says; `risks`: customer_id, landmark (datetime64) and each true probability of RISKS; `parties`: source, source_id and the
    customer_id that the record really is (both empty where none are kept)."""

    facts: dict[str, dict]
    world: str
    seed: int
    customers: int | None = None
    risks: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["customer_id", "landmark", *RISKS]))
    parties: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["source", "source_id", "customer_id"]))


def read_truth(raw: Path) -> Truth:
    """The truth beside a bank's raw files; a sentence where there is none."""
    folder = raw / FOLDER
    if not (folder / "truth.json").is_file():
        raise UserError(f"{raw} has no {FOLDER}/: only a simulated bank can be validated, such as the one 'crm demo' makes.")
    world = _read(folder / "world.json")
    kept = {}
    if (folder / "risks.parquet").is_file():
        frame = pd.read_parquet(folder / "risks.parquet")
        kept["risks"] = frame.assign(landmark=pd.to_datetime(frame["landmark"]))
    if (folder / "parties.parquet").is_file():
        kept["parties"] = pd.read_parquet(folder / "parties.parquet")
    return Truth(_read(folder / "truth.json"), world["world"], world["seed"], world.get("customers"), **kept)


def _read(path: Path) -> dict:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise UserError(f"{path} cannot be read as JSON; make the bank anew with 'crm demo'.") from None
