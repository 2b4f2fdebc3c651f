"""The model: what it learns without labels, and that it survives what cannot be learnt."""

import duckdb
import pytest
from splink.internals.linker_components.training import LinkerTraining
from tests.bank.identity.conftest import records

from analysis.bank.linkage import model
from analysis.bank.linkage.blocking import pairs_of

KINDS = {"id_number": "number", "phone": "phone", "name": "name", "sex": "category"}


@pytest.fixture
def connection():
    parties = records()
    given = parties.assign(rid=range(len(parties)))[["rid", *KINDS]]
    with duckdb.connect() as con:
        con.register("given", given)
        con.execute("CREATE TABLE records AS SELECT * FROM given")
        yield con


def scored(connection, trained):
    trained.score(pairs_of("records", trained.rules), "scored")
    return connection.execute("SELECT * FROM scored ORDER BY rid_l, rid_r").df()


def test_agreement_speaks_for_one_customer_and_difference_against(connection):
    found = scored(connection, model.train(connection, KINDS))
    assert list(found.columns) == ["rid_l", "rid_r", "weight", *KINDS]
    same = found[found["rid_r"].sub(found["rid_l"]).isin([80, 160])]
    others = found.drop(same.index)
    assert same["weight"].min() > others["weight"].max()
    assert same["id_number"].ge(0).all()
    assert others["id_number"].le(0).all()
    assert (same["name"] > 3).mean() > 0.9


def test_a_session_that_is_given_up_leaves_the_model_whole(connection, monkeypatch):
    learn = LinkerTraining.estimate_parameters_using_expectation_maximisation

    def fail_on_phones(self, rule, **options):
        if rule.create_sql(self._linker._db_api.sql_dialect).count("phone"):
            self._linker._settings_obj.core_model_settings.comparisons.clear()
            raise ValueError
        return learn(self, rule, **options)

    monkeypatch.setattr(LinkerTraining, "estimate_parameters_using_expectation_maximisation", fail_on_phones)
    found = scored(connection, model.train(connection, KINDS))
    assert list(found.columns) == ["rid_l", "rid_r", "weight", *KINDS]
    assert found["phone"].abs().max() > 0


def test_nothing_of_it_is_logged(connection, caplog, capfd):
    model.train(connection, KINDS)
    assert not caplog.text
    assert capfd.readouterr() == ("", "")
