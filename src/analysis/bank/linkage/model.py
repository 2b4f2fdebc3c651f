"""The model of what speaks for and against two records being one, trained by Splink without labels."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field

import duckdb
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
from splink.internals.exceptions import SplinkException

from analysis.bank.linkage.blocking import Rule, choose_rules, training_rules
from analysis.bank.linkage.comparisons import comparison
from analysis.bank.sql import quoted

SEED = 7
RANDOM_PAIRS = 500_000
TRAINING_PAIRS = 1_000_000
FIRST_GUESS_RECALL = 0.8
FEWEST_FIELDS = 2


@dataclass
class Model:
    """A trained model over the relation `records` of a connection: `kinds` is column → kind, `rules` are those it blocks on."""

    connection: duckdb.DuckDBPyConnection
    kinds: Mapping[str, str]
    rules: Sequence[Rule]
    linker: Linker
    database: DuckDBAPI
    scored: int = field(default=0)

    def score(self, pairs: str, name: str) -> None:
        """Makes the table `name` of the pairs of that SELECT (match_key, join_key_l, join_key_r): rid_l, rid_r, weight (log2 of
        what the evidence multiplies the odds by, prior included), and of each field's part in it, a column each."""
        self.scored += 1
        blocked = f"pairs_{self.scored}"
        self.connection.execute(f"CREATE TABLE {blocked} AS {pairs}")
        with _quiet():
            self.linker.table_management.register_blocked_pairs_for_predict(self.database.register(blocked))
            found = self.linker.inference.predict(warning_mode="never")
        given = [row[0] for row in self.connection.execute(f"DESCRIBE {found.physical_name}").fetchall()]
        self.connection.execute(
            f"CREATE TABLE {name} AS SELECT rid_l, rid_r, match_weight AS weight, {self._evidence(given)} FROM {found.physical_name}"
        )
        found.drop_table_from_database_and_remove_from_cache()
        self.connection.execute(f"DROP TABLE {blocked}")

    def _evidence(self, given: Sequence[str]) -> str:
        parts = {column: [f"mw_{column}", f"mw_tf_adj_{column}"] for column in self.kinds}
        sums = {column: " + ".join(quoted(name) for name in names if name in given) for column, names in parts.items()}
        return ", ".join(f"round({total}, 1) AS {quoted(column)}" for column, total in sums.items())


def train(connection: duckdb.DuckDBPyConnection, kinds: Mapping[str, str]) -> Model | None:
    """Trains on the relation `records` (rid BIGINT and a text column for each of `kinds`): how often fields agree by chance
    from random pairs, how often between records of one customer by expectation maximisation over pairs that agree on a rule. None where
    fields are too few, or too alike, to learn from."""
    rules = choose_rules(connection, "records", kinds)
    learned = training_rules(rules, kinds)
    if not learned or sum(kind != "category" for kind in kinds.values()) < FEWEST_FIELDS:
        return None
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="rid",
        comparisons=[comparison(column, kind) for column, kind in kinds.items()],
        blocking_rules_to_generate_predictions=[block_on(*rule) for rule in rules],
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=True,
        max_iterations=50,
    )
    with _quiet():
        database = DuckDBAPI(connection)
        linker = Linker(database.register("records"), settings)
        linker.training.estimate_probability_two_random_records_match(
            [block_on(*rule) for rule in learned], recall=FIRST_GUESS_RECALL
        )
        linker.training.estimate_u_using_random_sampling(
            max_pairs=RANDOM_PAIRS, seed=SEED, num_chunks=1, min_count_per_level=None
        )
        for rule in learned:
            _learn(linker, rule)
    return Model(connection, kinds, rules, linker, database)


def _learn(linker: Linker, rule: Rule) -> None:
    """One session of expectation maximisation. Where no pair agrees on the rule, or a level's frequency runs down to nothing,
    Splink gives the session up halfway: the model stays as it was before."""
    before = deepcopy(linker._settings_obj.core_model_settings)
    try:
        linker.training.estimate_parameters_using_expectation_maximisation(
            block_on(*rule), max_pairs=TRAINING_PAIRS, record_sample_proportion=1.0
        )
    except (SplinkException, ValueError):
        linker._settings_obj.core_model_settings = before


@contextmanager
def _quiet() -> Iterator[None]:
    """Splink tells its progress, and in it what values look like, by logging: nothing of it is for our log."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)
