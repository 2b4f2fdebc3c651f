"""What a table's contract accepts. A bad optional field becomes null, a bad key, reference or required field rejects the
row; what was refused is kept with its rule, reason and original. Written as Ibis expressions: any engine runs them."""

from collections.abc import Collection

import ibis
import ibis.expr.types as ir

from analysis.bank.contracts import TYPES, Column, Table
from analysis.bank.sources import ROW

REASONS = {
    "type": "is not {noun}",
    "allowed": "is none of the allowed values",
    "range": "lies outside the allowed range",
    "required": "is missing",
    "reference": "names nothing in {refers}",
    "duplicate": "repeats a key that stands already",
}
NOUNS = {
    "text": "text",
    "int": "a whole number",
    "number": "a number",
    "date": "a day (YYYY-MM-DD)",
    "timestamp": "a time (YYYY-MM-DD hh:mm:ss)",
    "bool": "true or false",
}
REJECTED_SCHEMA = ("row_key", "column", "rule", "reason", "effect", "original", "record")
BEGINS_AS_DAY = r"^\d"


def check(raw: ir.Table, contract: Table, parents: dict[str, ir.Table]) -> ir.Table:
    """The raw relation (text or typed columns and `_row`) → `_row`, each contract column in its type, and for each column
    `<column>__rule`: the first rule it breaks, or null. `parents` are accepted tables by name; a reference to a table that
    the bank does not bring is not checked."""
    columns = {ROW: raw[ROW]}
    for column in contract.columns:
        value = _typed(raw, column)
        columns[column.name] = value
        columns[f"{column.name}__rule"] = _broken_rule(raw, column, value, parents)
    return raw.select(**columns)


def duplicates(checked: ir.Table, contract: Table) -> ir.Table:
    """`_row` of each row that repeats a key; of those that break no other rule, the first in the order of all columns stays."""
    keys = list(contract.key)
    checked = checked.filter(~_is_rejected(checked, contract))
    repeated = checked.group_by(keys).agg(_n=lambda table: table.count()).filter(lambda table: table["_n"] > 1)
    rows = checked.semi_join(repeated, keys)
    place = ibis.row_number().over(group_by=keys, order_by=[*contract.column_names, ROW])
    return rows.select(ROW, place=place).filter(lambda table: table.place > 0).select(ROW)


def accepted(checked: ir.Table, repeated: ir.Table, contract: Table) -> ir.Table:
    """The rows that stand, with bad optional fields null."""
    kept = checked.filter(~_is_rejected(checked, contract)).anti_join(repeated, ROW)
    return kept.select(
        **{
            column.name: kept[column.name]
            if _rejects_row(column, contract)
            else ibis.ifelse(kept[f"{column.name}__rule"].isnull(), kept[column.name], ibis.null(TYPES[column.type]))
            for column in contract.columns
        }
    )


def rejected(
    raw: ir.Table, checked: ir.Table, repeated: ir.Table, contract: Table, broken: Collection[str] | None = None
) -> ir.Table:
    """One row a refusal: row_key, column, rule, reason, effect, original (the field's text), record (the row's text where the
    whole row was rejected). `broken` names the columns in which a rule is broken, where that is known: the others need no look."""
    columns = [column for column in contract.columns if broken is None or column.name in broken]
    both = checked.select(ROW, *[f"{column.name}__rule" for column in columns]).join(raw, ROW)
    again = raw.semi_join(repeated, ROW)
    key = contract.column(contract.key[0])
    parts = [_refusal(again, raw, contract, key, ibis.literal("duplicate"), rejects=True)]
    parts += [_refusals(both, raw, contract, column) for column in columns]
    return ibis.union(*parts) if len(parts) > 1 else parts[0]


def _typed(raw: ir.Table, column: Column) -> ir.Value:
    target = TYPES[column.type]
    if column.name not in raw.columns:
        return ibis.null(target)
    given = raw[column.name]
    given = given.strip().nullif("") if given.type().is_string() else given
    value = given.cast(target) if column.type == "text" else given.try_cast(target)
    value = _only_exact(given, value, column.type)
    return _month_end(value) if column.name == "month" else value


def _only_exact(given: ir.Value, value: ir.Value, kind: str) -> ir.Value:
    """Null where the engine's cast lets pass what is none: 2.5 as a whole number, 'nan' as a number, 'infinity' as a day."""
    if kind == "int" and not given.type().is_integer():
        return ibis.ifelse(given.try_cast("float64") == value, value, ibis.null("int64"))
    if kind == "number" and not given.type().is_integer():
        return ibis.ifelse(value.isnan() | value.isinf(), ibis.null("float64"), value)
    if kind in ("date", "timestamp") and given.type().is_string():
        return ibis.ifelse(given.re_search(BEGINS_AS_DAY), value, ibis.null(TYPES[kind]))
    return value


def _month_end(day: ir.DateValue) -> ir.DateValue:
    return (day.truncate("M") + ibis.interval(months=1) - ibis.interval(days=1)).cast("date")


def _broken_rule(raw: ir.Table, column: Column, value: ir.Value, parents: dict[str, ir.Table]) -> ir.Value:
    if column.name not in raw.columns:
        return ibis.null("string")
    branches = [(_is_given(raw[column.name]) & value.isnull(), "type")]
    if column.allowed:
        branches.append((value.notnull() & ~value.isin(column.allowed), "allowed"))
    if column.low is not None:
        branches.append((value < column.low, "range"))
    if column.high is not None:
        branches.append((value > column.high, "range"))
    if column.required:
        branches.append((value.isnull(), "required"))
    table, _, target = (column.refers or "").partition(".")
    if table in parents:
        branches.append((value.notnull() & ~value.isin(parents[table][target]), "reference"))
    return ibis.cases(*branches, else_=ibis.null("string"))


def _is_given(value: ir.Value) -> ir.BooleanValue:
    if value.type().is_floating():
        return value.notnull() & ~value.isnan()
    return value.notnull() & (value.strip() != "") if value.type().is_string() else value.notnull()


def _rejects_row(column: Column, contract: Table) -> bool:
    return column.required or column.name in contract.key


def _is_rejected(checked: ir.Table, contract: Table) -> ir.BooleanValue:
    broken = ibis.literal(False)
    for column in contract.columns:
        if _rejects_row(column, contract):
            broken = broken | checked[f"{column.name}__rule"].notnull()
    return broken


def _refusals(both: ir.Table, raw: ir.Table, contract: Table, column: Column) -> ir.Table:
    rule = f"{column.name}__rule"
    return _refusal(both.filter(both[rule].notnull()), raw, contract, column, rule, _rejects_row(column, contract))


def _refusal(rows: ir.Table, raw: ir.Table, contract: Table, column: Column, rule: str | ir.Value, rejects: bool) -> ir.Table:
    given = [name for name in contract.column_names if name in raw.columns]
    rule = rows[rule] if isinstance(rule, str) else rule
    reasons = [(rule == name, text.format(noun=NOUNS[column.type], refers=column.refers)) for name, text in REASONS.items()]
    return rows.select(
        row_key=ibis.literal("|").join([_text(rows, name) for name in contract.key]),
        column=ibis.literal(column.name),
        rule=rule,
        reason=ibis.cases(*reasons, else_=ibis.null("string")),
        effect=ibis.literal("row rejected" if rejects else "field set to null"),
        original=_text(rows, column.name) if column.name in given else ibis.null("string"),
        record=ibis.literal("; ").join([ibis.literal(f"{name}=") + _text(rows, name) for name in given])
        if rejects
        else ibis.null("string"),
    )


def _text(rows: ir.Table, name: str) -> ir.StringValue:
    return rows[name].cast("string").fill_null("") if name in rows.columns else ibis.literal("")
