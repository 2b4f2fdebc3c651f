"""Public records with known matches (see ../shared/data/README.md): the settings are chosen without their labels."""

from pathlib import Path

import duckdb
import pandas as pd
import pytest

from analysis.bank.identity.linking import THRESHOLD
from analysis.bank.linkage import accuracy, model
from analysis.bank.linkage.accuracy import estimate
from analysis.bank.linkage.blocking import pairs_of
from analysis.bank.linkage.groups import group

DATA = Path(__file__).resolve().parents[4] / "shared" / "data" / "linkage"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the public records lie in ../shared/data/linkage, which is not here")
FEBRL = {
    "given_name": "name", "surname": "name", "date_of_birth": "date", "soc_sec_id": "number", "address_1": "address",
    "suburb": "name", "postcode": "category", "street_number": "category", "state": "category",
}  # fmt: skip
FAKE = {"first_name": "name", "surname": "name", "dob": "date", "email": "email", "city": "category"}


def febrl(*files):
    frame = pd.concat([pd.read_csv(DATA / name, sep=r",\s*", engine="python", dtype=str) for name in files], ignore_index=True)
    born = frame["date_of_birth"].where(frame["date_of_birth"].str.len().eq(8))
    return frame.assign(
        date_of_birth=born.str[:4] + "-" + born.str[4:6] + "-" + born.str[6:],
        entity=frame["rec_id"].str.extract(r"rec-(\d+)-")[0],
    )


def fake():
    return pd.read_csv(DATA / "fake_1000.csv", dtype=str).rename(columns={"cluster": "entity"})


def linked(frame, kinds):
    """Precision and recall against the truth, and as stated."""
    with duckdb.connect() as con:
        given = frame.assign(rid=range(len(frame)))[["rid", *kinds]]
        con.register("given", given)
        con.execute("CREATE TABLE records AS SELECT * FROM given")
        trained = model.train(con, kinds)
        trained.score(pairs_of("records", trained.rules), "scored")
        links = con.execute(
            f"SELECT rid_l, rid_r, 1 / (1 + pow(2, -weight)) AS probability FROM scored WHERE weight >= log2({THRESHOLD} / (1 - {THRESHOLD}))"
        ).df()
        nobody = pd.DataFrame({"rid_l": [], "rid_r": []}, dtype=int)
        found = group(len(frame), links, nobody, nobody, 20)
        stated = estimate(trained, found.labels, "scored")
    return *accuracy_of(found.labels, frame["entity"]), stated


def accuracy_of(labels, entity):
    both = pd.DataFrame({"label": labels, "entity": entity})
    pairs = {
        keys: int(both.groupby(list(keys)).size().pipe(lambda n: n * (n - 1) // 2).sum())
        for keys in (("label",), ("entity",), ("label", "entity"))
    }
    hit = pairs["label", "entity"]
    return hit / pairs["label",], hit / pairs["entity",], pairs["entity",]


@pytest.fixture
def smaller_samples(monkeypatch):
    """A fifth of the pairs drawn by lot, to save time; the settings are those of every bank."""
    monkeypatch.setattr(model, "RANDOM_PAIRS", 100_000)
    monkeypatch.setattr(accuracy, "COMPARED_PAIRS", 100_000)


def test_febrl_4_two_lists_of_the_same_people(smaller_samples):
    precision, recall, pairs, stated = linked(febrl("dataset4a.csv", "dataset4b.csv"), FEBRL)
    assert pairs == 5000
    assert 2 * precision * recall / (precision + recall) >= 0.98
    assert stated.precision.value == pytest.approx(precision, abs=0.02)
    assert stated.recall.value == pytest.approx(recall, abs=0.02)


def test_febrl_3_one_list_with_duplicates(smaller_samples):
    precision, recall, pairs, stated = linked(febrl("dataset3.csv"), FEBRL)
    assert pairs == 6538
    assert min(precision, recall) >= 0.99
    assert stated.precision.value == pytest.approx(precision, abs=0.02)
    assert stated.recall.value == pytest.approx(recall, abs=0.02)


def test_fake_1000_where_much_is_missing_and_misspelt():
    precision, recall, pairs, stated = linked(fake(), FAKE)
    assert pairs == 2031
    assert precision >= 0.98
    assert recall >= 0.88
    assert stated.precision.value == pytest.approx(precision, abs=0.02)
    assert stated.recall.value == pytest.approx(recall, abs=0.02)
    assert stated.recall.low < stated.recall.value < stated.recall.high < 1
    assert stated.blocking.value == pytest.approx(0.879, abs=0.03)
