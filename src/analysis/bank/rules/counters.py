"""The SELECTs that count: each pass over a table's view gives all counters of its rules by department, branch and month."""

from analysis.bank.rules.rule import Rule
from analysis.bank.rules.views import Bank, month_of
from analysis.bank.sql import literal

ROWS = "rows"
GROUP = "_source, _branch, _month"


def fails(rule: Rule) -> str:
    """Whether a row fails the rule, as SQL. A field that acceptance set to null is not empty besides."""
    asked = f"({rule.applies}) AND ({rule.fails})" if rule.applies else f"({rule.fails})"
    return asked if rule.dimension != "completeness" else f"{asked} AND {_not_refused(rule)}"


def month(rule: Rule, far: str) -> str:
    """The month from which the rule's answer to a row can be seen."""
    return month_of(rule.day, far) if rule.day else "_month"


def of_rules(bank: Bank, table: str, rows: str, rules: list[Rule]) -> list[str]:
    """SELECTs in the columns of `quality`: one for each day by which rules date their defects, and the table's own counter, which
    goes with the first one where there is no other."""
    days = list(dict.fromkeys(rule.day for rule in rules)) or [""]
    if days == [""]:
        return [_pass(table, rows, rules, "_month", _any(_unsound(rules)))]
    passes = [
        _pass(table, rows, same := [rule for rule in rules if rule.day == day], month(same[0], bank.far), None) for day in days
    ]
    return [*passes, _own(bank, table, rows, rules)]


def of_refused(table: str, refused: str, rules: list[Rule]) -> list[str]:
    """The same of refused rows: each was asked, and failed."""
    parts = []
    for rule in rules:
        what = f"{_named(rule)}, {GROUP}, count(*), count(*)"
        parts.append(f"SELECT {what} FROM ({refused}) WHERE _rule = {literal(rule.name)} GROUP BY {GROUP}")
    once = f"SELECT {GROUP}, _row, _rule, count(*) AS times FROM ({refused}) GROUP BY {GROUP}, _row, _rule"
    once = f"SELECT {GROUP}, _row, max(times) AS times FROM ({once}) GROUP BY {GROUP}, _row"
    own = f"{_own_name(table)}, {GROUP}, sum(times), sum(times)"
    return [*parts, f"SELECT {own} FROM ({once}) GROUP BY {GROUP}"]


def of_customers(bank: Bank, rows: str, failed: list[Rule], refused: str | None) -> list[str]:
    """SELECTs in the columns of `quality_customers`, for rules that some row fails."""
    selects = []
    if failed:
        hits = ", ".join(
            f"CASE WHEN {fails(rule)} THEN {{'rule': {literal(rule.name)}, 'month': {month(rule, bank.far)}}} END"
            for rule in failed
        )
        selects.append(f"""
            SELECT hit.rule, _customer, min(hit.month), count(*)
            FROM (SELECT _customer, unnest([{hits}]) AS hit FROM {rows} WHERE _customer IS NOT NULL AND ({_any(failed)}))
            WHERE hit IS NOT NULL GROUP BY 1, 2""")
    if refused:
        selects.append(
            f"SELECT _rule, _customer, min(_month), count(*) FROM ({refused}) WHERE _customer IS NOT NULL GROUP BY _rule, _customer"
        )
    return selects


def _pass(table: str, rows: str, rules: list[Rule], by_month: str, own: str | None) -> str:
    """Counters that share a predicate share a count."""
    asked: dict[str, str] = {}
    pairs = [
        (_named(rule), _count(asked, _asked(rule)), _count(asked, fails(rule)) if rule.fails != "FALSE" else "0")
        for rule in rules
    ]
    if own is not None:
        pairs.append((_own_name(table), _count(asked, ""), _count(asked, own)))
    counts = "".join(f", count(*){f' FILTER (WHERE {sql})' if sql else ''} AS {name}" for sql, name in asked.items())
    names = ("rule", '"table"', '"column"', "dimension")
    made = ", ".join(
        f"{{{', '.join(f'{key}: {value}' for key, value in zip(names, named.split(', ', 3), strict=True))}, checked: {checked}, failed: {failed}}}"
        for named, checked, failed in pairs
    )
    return f"""
        SELECT one.rule, one."table", one."column", one.dimension, {GROUP}, one.checked, one.failed
        FROM (SELECT {GROUP}, unnest([{made}]) AS one
              FROM (SELECT _source, _branch, {by_month} AS _month{counts} FROM {rows} GROUP BY 1, 2, 3))
        WHERE one.checked > 0"""


def _own(bank: Bank, table: str, rows: str, rules: list[Rule]) -> str:
    """A table's own counter; a row whose defects show later than it is dated counts from the first of them on."""
    rules = _unsound(rules)
    at_once = _any([rule for rule in rules if not rule.day])
    later = ", ".join(f"CASE WHEN {fails(rule)} THEN {month(rule, bank.far)} END" for rule in rules if rule.day)
    by_month = f"CASE WHEN {at_once} THEN _month ELSE coalesce(least({later}), _month) END"
    return _pass(table, rows, [], by_month, _any(rules))


def _unsound(rules: list[Rule]) -> list[Rule]:
    return [rule for rule in rules if not rule.is_limit]


def _any(rules: list[Rule]) -> str:
    return " OR ".join(["_refused IS NOT NULL", *(fails(rule) for rule in rules if rule.fails != "FALSE")])


def _asked(rule: Rule) -> str:
    if rule.dimension != "completeness":
        return rule.applies
    return f"({rule.applies}) AND {_not_refused(rule)}" if rule.applies else _not_refused(rule)


def _not_refused(rule: Rule) -> str:
    return f"NOT coalesce(list_contains(_refused_columns, '{rule.column}'), FALSE)"


def _count(asked: dict[str, str], sql: str) -> str:
    return asked.setdefault(sql, f"n{len(asked)}")


def _named(rule: Rule) -> str:
    return ", ".join(literal(text) for text in (rule.name, rule.table, rule.column, rule.dimension))


def _own_name(table: str) -> str:
    return f"{literal(table)}, {literal(table)}, NULL, {literal(ROWS)}"
