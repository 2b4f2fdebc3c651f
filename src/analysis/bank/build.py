"""A bank's tables made anew: raw files → accepted canonical tables, rejected rows and a manifest, installed when all is well."""

import json
import shutil
from pathlib import Path

from analysis.bank.book import MANIFEST
from analysis.bank.config import BankConfig
from analysis.bank.contracts import TABLES, Table
from analysis.bank.delivery import files_of
from analysis.bank.sources import ROW, confine, contract_order, load_files, mask, select_table
from analysis.bank.sql import literal, parquet
from analysis.errors import UserError
from analysis.project import Folders

REJECTED_LAST_RUN = "rejected-last-run"
EVENT_TABLES = ("balances", "transactions", "contacts", "complaints", "surveys", "contributions")
LEADING = ("parties", "customers")
SAME_DIGITS = 9


def build(config: BankConfig, places: Folders, state: dict) -> dict:
    """Reads, checks and installs a bank's tables; returns the manifest. `state` is what they hang on."""
    staging = places.processed.with_name(f".{places.name}.partial")
    shutil.rmtree(staging, ignore_errors=True)
    (staging / "rejected").mkdir(parents=True)
    from analysis.bank import quality

    try:
        made = _make(config, places, staging)
        quality.write(staging, made)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    _remove_work(staging)
    manifest = {**state, **made}
    _install(staging, places, manifest)
    return manifest


def _make(config: BankConfig, places: Folders, staging: Path) -> dict:
    from analysis.bank import standards
    from analysis.bank.engine import connect
    from analysis.bank.identity import numbers

    numbers.refuse_without_customers(config, places.definition)
    connection = connect(staging / "work.duckdb")
    standards.register(connection.con)
    try:
        load_files(connection.con, config, places.raw)
        confine(connection.con, config, places.raw, staging)
        tables: dict[str, dict] = {}
        stated: dict = {}
        for contract in _order(config):
            select_table(connection.con, config, places.definition, contract)
            if "parties" in tables:
                numbers.collect(connection.con, config, places.definition, contract)
                if contract.name == "customers":
                    stated = _identify(connection.con, config, places, staging)
                numbers.lead(connection.con, contract)
            tables[contract.name] = _accept(connection, contract, staging, list(tables))
            _refuse_too_many_bad(connection, contract, config, places, staging, tables[contract.name])
        return {"tables": dict(sorted(tables.items())), "identity": stated, "span": _span(connection, list(tables))}
    finally:
        connection.disconnect()


def _identify(con, config: BankConfig, places: Folders, staging: Path) -> dict:
    from analysis.bank.identity import identify, numbers

    core = numbers.core_of(con, config, places.definition)
    where = numbers.place(config, places.definition, "parties")
    stated = identify.identify(identify.Places(places.raw, places.state, staging), core, where)
    con.execute(f"CREATE TABLE identity AS SELECT * FROM {parquet(staging / identify.MAPPING)}")
    return _rounded(stated)


def _rounded(stated: object) -> object:
    """Sums in parallel differ in their last places from run to run: what is told does not."""
    if isinstance(stated, dict):
        return {name: _rounded(value) for name, value in stated.items()}
    return round(float(stated), SAME_DIGITS) if isinstance(stated, float) else stated


def _order(config: BankConfig) -> list[Table]:
    """The bank's tables, those that others refer to first; where it brings parties, they and customers before all others."""
    if "parties" not in config.tables:
        return contract_order(config)
    names = sorted(config.tables, key=lambda name: LEADING.index(name) if name in LEADING else len(LEADING))
    return contract_order(config.model_copy(update={"tables": {name: config.tables[name] for name in names}}))


def _accept(connection, contract: Table, staging: Path, done: list[str]) -> dict:
    from analysis.bank import acceptance
    from analysis.bank.identity import numbers, rows

    raw = connection.table(f"raw_{contract.name}")
    parents = {name: connection.table(name) for name in done}
    has_numbers = "parties" in done
    check = numbers.checked(connection, raw, contract, parents) if has_numbers else acceptance.check(raw, contract, parents)
    checked = connection.create_table(f"checked_{contract.name}", check)
    repeated = connection.create_table(f"repeated_{contract.name}", acceptance.duplicates(checked, contract))
    refusals = acceptance.rejected(raw, checked, repeated, contract, _broken(connection, contract))
    refusals = numbers.explained(refusals, contract) if has_numbers else refusals
    refused = connection.create_table(f"refused_{contract.name}", refusals)
    connection.create_view(f"kept_{contract.name}", acceptance.accepted(checked, repeated, contract))
    kept = (
        rows.select_mapped(connection.con, contract, f"kept_{contract.name}")
        if has_numbers
        else f"SELECT * FROM kept_{contract.name}"
    )
    path = staging / f"{contract.name}.parquet"
    connection.con.execute(
        f"COPY ({kept} ORDER BY {', '.join(contract.key)}) TO {literal(path)} (FORMAT parquet, COMPRESSION zstd)"
    )
    order = ["row_key", "column", "rule", "original", "record"]
    connection.to_parquet(refused.order_by(order), str(staging / "rejected" / f"{contract.name}.parquet"), compression="zstd")
    connection.con.execute(f"CREATE VIEW main.{contract.name} AS SELECT * FROM {parquet(path)}")
    return _counts(connection, contract, has_numbers)


def _broken(connection, contract: Table) -> list[str]:
    """The columns in which some row breaks a rule."""
    names = contract.column_names
    counts = ", ".join(f'count("{name}__rule")' for name in names)
    found = connection.con.execute(f"SELECT {counts} FROM checked_{contract.name}").fetchall()[0]
    return [name for name, count in zip(names, found, strict=True) if count]


def _counts(connection, contract: Table, numbers: bool) -> dict:
    """`merged`: accepted rows that fell together with another, being one customer's; `added`: customers that no row of the core's
    describes."""
    table = contract.name
    parts = [f"raw_{table}", f"kept_{table}", table, f"refused_{table} WHERE effect = 'field set to null'"]
    count = f"SELECT {', '.join(f'(SELECT count(*) FROM {part})' for part in parts)}"
    delivered, kept, accepted, nulled = connection.con.execute(count).fetchall()[0]
    rules = connection.con.execute(
        f'SELECT "column", rule, count(*) FROM refused_{table} GROUP BY ALL ORDER BY 3 DESC, 1, 2'
    ).fetchall()
    broken = [{"column": column, "rule": rule, "count": number} for column, rule, number in rules]
    given = [row[0] for row in connection.con.execute(f"DESCRIBE raw_{table}").fetchall()]
    counts = {"delivered": delivered, "accepted": accepted, "rejected": delivered - kept, "fields_set_to_null": nulled}
    counts["columns"] = [name for name in contract.column_names if name in given]
    if numbers:
        added = _added(connection) if table == "customers" else 0
        counts |= {"merged": kept + added - accepted, "added": added}
    return {**counts, "bad_rows": _bad_rows(connection, contract), "rules": broken}


def _added(connection) -> int:
    described = "SELECT leads.customer_id FROM leads_customers_customer_id AS leads JOIN kept_customers AS kept ON kept.customer_id = leads.written"
    return connection.con.execute(f"SELECT count(*) FROM customers WHERE customer_id NOT IN ({described})").fetchall()[0][0]


def _bad_rows(connection, contract: Table) -> int:
    is_broken = " OR ".join(f'"{column}__rule" IS NOT NULL' for column in contract.column_names)
    bad = f"{is_broken} OR {ROW} IN (SELECT {ROW} FROM repeated_{contract.name})"
    return connection.con.execute(f"SELECT count(*) FROM checked_{contract.name} WHERE {bad}").fetchall()[0][0]


def _refuse_too_many_bad(connection, contract: Table, config: BankConfig, places: Folders, staging: Path, counts: dict) -> None:
    bad, delivered = counts["bad_rows"], counts["delivered"]
    if contract.name == "parties" or bad <= config.max_rejected_share * delivered:
        return
    kept = places.processed / REJECTED_LAST_RUN
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(staging / "rejected", kept)
    files = ", ".join(config.files[name].path for name in files_of(config, contract.name))
    raise UserError(
        f"{files}: table {contract.name}: {bad:,} of {delivered:,} rows are bad, more than max_rejected_share"
        f" ({config.max_rejected_share * 100:.3g}%) allows; most often {_worst(connection, contract, counts['rules'][0])}. Mend the file or the"
        f" SELECT, or raise max_rejected_share; all bad rows are in {kept / f'{contract.name}.parquet'}."
    )


def _worst(connection, contract: Table, rule: dict) -> str:
    original, reason = connection.con.execute(
        f'SELECT original, reason FROM refused_{contract.name} WHERE "column" = ? AND rule = ? ORDER BY row_key, original LIMIT 1',
        [rule["column"], rule["rule"]],
    ).fetchall()[0]
    rows = f"column {rule['column']} ({rule['count']:,} row{'s' * (rule['count'] > 1)})"
    shown = mask(original) if contract.column(rule["column"]).sensitive else original or ""
    return f"{rows}: '{shown}' {reason}" if shown.strip("*") else f"{rows}, which {reason}"


def _span(connection, tables: list[str]) -> list[str | None]:
    dated = [name for name in EVENT_TABLES if name in tables]
    if not dated:
        return [None, None]
    union = " UNION ALL ".join(f"SELECT CAST({TABLES[name].dated} AS DATE) AS day FROM {name}" for name in dated)
    first, last = connection.con.execute(f"SELECT min(day), max(day) FROM ({union})").fetchall()[0]
    return [str(first) if first else None, str(last) if last else None]


def _remove_work(staging: Path) -> None:
    for path in staging.glob("work.duckdb*"):
        path.unlink()
    shutil.rmtree(staging / "spill", ignore_errors=True)


def _install(staging: Path, places: Folders, manifest: dict) -> None:
    """The manifest goes first and comes last: a target without one counts as not prepared."""
    target = places.processed
    target.mkdir(parents=True, exist_ok=True)
    (target / MANIFEST).unlink(missing_ok=True)
    for name in ("features", "rejected", REJECTED_LAST_RUN):
        shutil.rmtree(target / name, ignore_errors=True)
    for path in (*target.glob("*.parquet"), *target.glob("*.xlsx")):
        path.unlink()
    for path in sorted(staging.iterdir()):
        path.rename(target / path.name)
    staging.rmdir()
    if manifest["identity"]:
        from analysis.bank.identity import identify

        manifest |= {"given": identify.keep(places.state, target)}
    beside = target / f".{MANIFEST}.partial"
    beside.write_text(json.dumps(manifest, indent=1, sort_keys=True), encoding="utf-8")
    beside.replace(target / MANIFEST)
