"""Records of three departments, made by lot, and a folder in which they are identified."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.bank.identity import identify

SURNAMES, GIVEN = "王李张刘陈杨赵黄周吴", "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平"
COLUMNS = [
    "source",
    "source_id",
    "core_number",
    "name",
    "sex",
    "birth_date",
    "id_number",
    "phone",
    "address",
    "kind",
    "opened_date",
]


def people(size: int, seed: int = 3) -> pd.DataFrame:
    """So many persons, each once: name, sex, birth_date, id_number (no check digit that would stand), phone, address."""
    draw = np.random.default_rng(seed)
    pick = lambda letters: draw.choice(list(letters), size)  # noqa: E731
    names = [a + b + c for a, b, c in zip(pick(SURNAMES), pick(GIVEN), pick(GIVEN), strict=True)]
    born = pd.Timestamp("1950-01-01") + pd.to_timedelta(draw.integers(0, 20_000, size), unit="D")
    return pd.DataFrame(
        {
            "name": names,
            "sex": pick(["male", "female"]),
            "birth_date": born.date,
            "id_number": [f"{number:018d}" for number in draw.integers(10**17, 9 * 10**17, size)],
            "phone": [f"154{number:08d}" for number in draw.integers(0, 10**8, size)],
            "address": [f"青岚市{road}路{house}号" for road, house in zip(pick(GIVEN), draw.integers(1, 999, size), strict=True)],
        }
    )


def records(size: int = 80, seed: int = 3) -> pd.DataFrame:
    """Each person at the core, at cards (old phones) and at the call centre (no identity number, no birth date), all with the
    core number but for one in ten of the call centre's."""
    draw, whole = np.random.default_rng(seed + 1), people(size, seed)
    core = whole.assign(source="core", source_id=[f"{row:04d}" for row in range(size)])
    core["core_number"] = core["source_id"]
    cards = core.assign(source="cards", source_id="C" + core["source_id"])
    cards["phone"] = cards["phone"].mask(draw.random(size) < 0.2, "15400000000")
    calls = core.assign(source="calls", source_id="H" + core["source_id"], id_number=None, birth_date=None)
    calls["core_number"] = calls["core_number"].mask(draw.random(size) < 0.1)
    every = pd.concat([core, cards, calls], ignore_index=True).assign(kind=None, opened_date=pd.Timestamp("2020-01-01"))
    every["birth_date"] = pd.to_datetime(every["birth_date"]).dt.date
    return every[COLUMNS].astype({"kind": "string"})


class Folder:
    """A bank's raw, state and staging folders, and what identification made of its records."""

    def __init__(self, root: Path):
        self.root = root
        for name in ("raw", "state", "staging"):
            (root / name).mkdir()

    def override(self, text: str) -> None:
        (self.root / "raw" / "identity_overrides.csv").write_text(text, encoding="utf-8")

    def identify(self, parties: pd.DataFrame, keep: bool = True) -> pd.Series:
        """customer_id by (source, source_id); what is stated lies in `stated`, the links in `links`."""
        staging = self.root / "staging"
        for path in staging.iterdir():
            path.unlink()
        parties.to_parquet(staging / "parties.parquet", index=False)
        self.stated = identify.identify(identify.Places(self.root / "raw", self.root / "state", staging), "core", "table parties")
        self.links = pd.read_parquet(staging / "identity_links.parquet")
        self.mapping = pd.read_parquet(staging / "identity.parquet")
        if keep:
            identify.keep(self.root / "state", staging)
        return self.mapping.set_index(["source", "source_id"])["customer_id"]


@pytest.fixture
def folder(tmp_path) -> Folder:
    return Folder(tmp_path)
