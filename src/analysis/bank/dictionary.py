"""`docs/data.md`, written from the contracts: `python -m analysis.bank.dictionary > docs/data.md`."""

import sys

from analysis.bank.contracts import TABLES, Column, Table

INTRODUCTION = """\
# The data

A bank is a folder `data/raw/<bank>/` with the files as received and a `bank.yaml`, which names the files and fills the
tables below, each by one SQL `SELECT` (DuckDB's dialect) over the files:

```yaml
name: Our Bank
currency: CNY
files:
  core: {path: "core/customers-*.csv", sep: ";", encoding: gb18030}
tables:
  customers: |
    SELECT cust_no AS customer_id, 姓名 AS name, CAST(strptime(open_dt, '%Y%m%d') AS DATE) AS opened_date
    FROM core
```

- **Files** are CSV (`sep`, `encoding`), Excel (`sheet`: a name, or a number counted from 0), Parquet or JSON lines; `path` may
  be a glob over files of the same columns, `.gz` is read as it is, `format` (csv, excel, parquet, jsonl) settles what the name
  does not tell. All but Parquet arrive as text; the columns' types below are applied to what the `SELECT` returns, dates as
  `YYYY-MM-DD`.
- **Tables**: bring those that the bank has. Columns may be left out unless they are required. Column names, files and keys
  that are not known are refused, with the line of `bank.yaml`.
- **Bad fields**: an optional field that breaks a rule (type, allowed values, range, reference) becomes null; a row whose key,
  reference or required field does is rejected, as is a row that repeats a key. Both are kept in
  `data/processed/<bank>/rejected/<table>.parquet` with row key, column, rule, reason and original. Where more rows than
  `max_rejected_share` (5 % unless `bank.yaml` says otherwise) are bad, nothing is prepared, and those rows lie in
  `data/processed/<bank>/rejected-last-run/`.
- **Departments' numbers**: where each department knows customers under numbers of its own, bring `parties`, and write
  `customer_id` (and `converted_customer_id`) as `source:source_id` in every table, such as `'card:' || card_customer AS
  customer_id`. The department whose numbers `customers` writes is the core. Records of `parties` are compared with each other and
  become customers ([identity.md](identity.md)); every number is replaced by the `customer_id` that its record leads to, and a number
  that no record bears is a bad reference. Rows that thereby fall together are one customer's and become one row: amounts are added
  up, of a campaign "treated" counts, of a consent its withdrawal, else the first value held; the manifest counts them as merged. A
  customer whom no row of `customers` describes is described by its records. In `ownership` customers are written so too; what is no
  party's number there stays as it is, so give outsiders numbers that no customer bears. Rejected rows keep what the department wrote.
- **Standard forms**: a `SELECT` may call `plain` (full-width to half-width, blanks), `standard_date` (the usual orders of year, month
  and day; what is no date is passed on, and so reported), `standard_amount` (万, 亿, 元, separators, brackets), `standard_phone`,
  `standard_id`, `standard_name`, `standard_address`, and to mark `name_fault`, `phone_fault`, `id_fault`; `birth_of_id` and `sex_of_id`
  read an identity number that holds. Each takes a text and gives a text. Those of `parties` lie beside the originals in
  `data/processed/<bank>/standards.parquet`.
- **Days**: a table is *dated by* the column that says when a row became known; reports as of a day see no later row, and of
  an earlier row nothing that became known later ("known from").
- **What to do differently**: `segment_actions.csv` beside `bank.yaml`, optional, UTF-8, comma-separated: `when` (traits joined by `+`,
  each `<trait>_high` or `<trait>_low`; empty fits all and stands last), `action`, `action_zh`, `owner`, `owner_zh`; `when` and
  `action` are required. The first row that fits a segment is shown with it. A trait fits where the segment's mean lies at least
  0.25 robust standard deviations from that of all active personal customers. Traits: age, transactions, assets, wealth, loans,
  digital, branch, products, payment.
- **What to do about complaints**: `complaint_actions.csv` beside `bank.yaml`, optional, written likewise: `category` (as
  `complaints` has it; empty fits all and stands last), `action`, `action_zh`, `owner`, `owner_zh`, `due` (YYYY-MM-DD); `category`
  and `action` are required.
- **What to do when a customer may leave**: `warning_actions.csv` beside `bank.yaml`, optional, written likewise: `reason` (the first
  reason code, such as `days_silent`; empty fits all and stands last), `action`, `action_zh`, `owner`, `owner_zh`, `days` (within how
  many to act) and `cost` (of one contact, in the bank's currency); `reason` and `action` are required.
- **Decisions needed**: `decisions.csv` beside `bank.yaml`, optional, UTF-8, comma-separated, shown on the monthly report: `measure`,
  `measure_zh`, `owner`, `owner_zh`, `finding` (what it answers: `report:id` as in `results.json`, such as
  `churn_attribution:cause_alone.fee_rise`), `customers` (how many it concerns; empty: those that the finding rests on), `limit` (what it
  may cost at most, in full) and `limit_unit`, `limit_unit_zh` (empty: the bank's currency), `due` (YYYY-MM-DD, the day by which to
  decide), `outcome`, `outcome_zh` (what the last action came to; where empty, the finding of an experiment) and `proposed`
  (YYYY-MM-DD: reports as of an earlier day leave the row out). Only `measure` is required, but a row without owner, customers or due
  date is listed as incomplete.
- **Other keys** of `bank.yaml`: `names`, `kind_of_data` (real, simulated, research), `prepared_by`, `as_of` (if not the last month
  end in the data), `tiers`, `max_rejected_share`, `survey` (items, constructs, paths, outcome; a construct may hold `overall` and `recommend`),
  `complaint_limits` (each `days`: [15, 30, 60] and `effective`, the day from which these limits hold), `targets` of the key figures
  (`active_customers`, `average_aum`, `churn_rate`, `assets_lost`, `nps`, `resolved_in_time`; shares from 0 to 1), `classification` (`en`,
  `zh`) and `version` (in quotation marks) as pages bear them.

Times are local to the bank, amounts in its currency; a `month` is given by any of its days and kept as its last. Columns with
a star (*) point to a person: they are masked wherever they would be shown.
"""
HEADINGS = ("column", "type", "required", "values", "unit", "refers to", "meaning")


def data_dictionary() -> str:
    """The Markdown of docs/data.md: how a bank.yaml fills the tables, then each table with its columns."""
    return "\n".join([INTRODUCTION, *(_section(table) for table in TABLES.values())])


def _section(table: Table) -> str:
    key = ", ".join(f"`{name}`" for name in table.key)
    dated = f"Dated by `{table.dated}`." if table.dated else f"Dated as its `{table.follows}`." if table.follows else "Not dated."
    head = [f"## {table.name}\n", f"{table.meaning} Key: {key}. {dated}\n", _line(HEADINGS), _line(["---"] * len(HEADINGS))]
    return "\n".join([*head, *(_line(_cells(column)) for column in table.columns)]) + "\n"


def _cells(column: Column) -> tuple[str, ...]:
    name = f"`{column.name}`" + (" *" if column.sensitive else "")
    known = "" if not column.known else "that day" if column.known == column.name else f"`{column.known}`"
    meaning = column.meaning + (f" (known from {known})" if known else "")
    required = "yes" if column.required else ""
    return name, column.type, required, _values(column), column.unit or "", column.refers or "", meaning


def _values(column: Column) -> str:
    if column.allowed:
        return ", ".join(column.allowed)
    low, high = (None if bound is None else f"{bound:g}" for bound in (column.low, column.high))
    return f"{low} to {high}" if low and high else f"{low} or more" if low else f"{high} or less" if high else ""


def _line(cells: tuple[str, ...] | list[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.stdout.write(data_dictionary())
