"""The departments' own lists of customers, each under its own numbers and with its own errors.

What a department holds, by its trade: cards and credit know their customers in full, as the law on opening accounts wants.
E-bank registers on the identity number and the phone and asks for no address. The call centre finds callers by phone; it
takes down a part of the identity numbers by ear, and no date of birth. The survey office has a name, a phone and a date of
birth, no identity number and no address. Each writes dates in its own way.

`ERRORS` has every planted defect with its share: of the department's rows whose field is filled, except `duplicate` and
`core_number_missing` (of all rows), `hostile_name` (a count of rows) and `birth_day_month_swapped` (of the dates that stay
dates when day and month change places). Errors fall independently, so that one row may bear several.
"""

import numpy as np
import pandas as pd

from analysis.bank.demo import dirt, texts
from analysis.bank.demo.calendar import MONTHS, last_day

PREFIXES = {"cards": "C", "ebank": "E", "callcenter": "H", "survey": "S", "credit": "L"}
NOT_HELD = {
    "cards": (),
    "ebank": ("address",),
    "callcenter": ("birth_date",),
    "survey": ("id_number", "address"),
    "credit": (),
}
BIRTH_FORMATS = {
    "cards": "{:04d}{:02d}{:02d}",
    "ebank": "{:04d}-{:02d}-{:02d}",
    "callcenter": "",
    "survey": "{:04d}/{:d}/{:d}",
    "credit": "{:04d}年{:d}月{:d}日",
}
IMPOSSIBLE_BIRTHS = ((1975, 2, 30), (1988, 13, 5), (2023, 2, 30), (0, 0, 0))
ERRORS = {
    "cards": {
        "name_misspelt": 0.010, "name_spaced": 0.015, "name_address_swapped": 0.002, "phone_id_swapped": 0.002,
        "id_last_digit_wrong": 0.006, "id_full_width": 0.004, "phone_old": 0.05, "phone_missing": 0.02,
        "phone_spaced": 0.01, "address_old": 0.08, "birth_impossible": 0.004, "birth_day_month_swapped": 0.006,
        "core_number_missing": 0.02, "duplicate": 0.010, "hostile_name": 2,
    },
    "ebank": {
        "name_misspelt": 0.004, "company_shortened": 0.05, "phone_id_swapped": 0.001, "id_last_digit_wrong": 0.003,
        "phone_old": 0.02, "phone_of_another": 0.006, "phone_missing": 0.004, "phone_full_width": 0.015,
        "birth_impossible": 0.002, "core_number_missing": 0.02, "duplicate": 0.012, "hostile_name": 3,
    },
    "callcenter": {
        "name_misspelt": 0.050, "name_spaced": 0.005, "company_shortened": 0.25, "sex_wrong": 0.015,
        "id_missing": 0.55, "id_last_digit_wrong": 0.02, "id_spaced": 0.03, "phone_old": 0.04,
        "phone_of_another": 0.010, "phone_missing": 0.01, "phone_spaced": 0.05, "address_old": 0.10,
        "address_missing": 0.40, "name_address_swapped": 0.003, "core_number_missing": 0.02, "duplicate": 0.012,
        "hostile_name": 2,
    },
    "survey": {
        "name_misspelt": 0.015, "name_spaced": 0.03, "sex_wrong": 0.010, "phone_old": 0.06, "phone_missing": 0.05,
        "phone_full_width": 0.03, "phone_spaced": 0.02, "birth_impossible": 0.008, "birth_day_month_swapped": 0.015,
        "core_number_missing": 0.02, "duplicate": 0.010, "hostile_name": 1,
    },
    "credit": {
        "name_misspelt": 0.006, "company_shortened": 0.03, "name_address_swapped": 0.002, "phone_id_swapped": 0.003,
        "id_last_digit_wrong": 0.004, "id_spaced": 0.03, "phone_old": 0.08, "phone_missing": 0.03, "address_old": 0.06,
        "birth_impossible": 0.003, "birth_day_month_swapped": 0.004, "core_number_missing": 0.02, "duplicate": 0.008,
        "hostile_name": 1,
    },
}  # fmt: skip
PLANTED = {department: tuple(errors) for department, errors in ERRORS.items()}
SWAPS = {"name_address_swapped": ("name", "address"), "phone_id_swapped": ("phone", "id_number")}
MEAN_LAG_DAYS = {"cards": 40, "ebank": 1, "callcenter": 1, "survey": 150, "credit": 90}
SECOND_LAG_DAYS = (30, 1500)
SECOND_ID_MISSING_SHARE = 0.35
SECOND_PHONE_OLD_SHARE = 0.60
SECOND_ADDRESS_OLD_SHARE = 0.40
COLUMNS = ("customer", "number", "core_number", "name", "sex", "birth_date", "id_number", "phone", "address", "opened")


def make_department(rng: np.random.Generator, department: str, register: pd.DataFrame, is_client: np.ndarray) -> pd.DataFrame:
    """The department's list of its clients, one row a number of its own, in order of that number.

    `register`: one row a customer: customer, customer_id, kind, name, sex, birth_date, id_number, phone, address, branch_id,
    opened. `is_client`: which rows. Returns customer (the truth), number, core_number ('' where unknown), name, sex,
    birth_date (text), id_number, phone, address ('' where not held) and opened (the department's, not before the bank's,
    not after the 48 months). KeyError: unknown department.
    """
    errors = ERRORS[department]
    clients = np.flatnonzero(is_client)
    rows = register.iloc[np.concatenate([clients, clients[dirt.some(rng, len(clients), errors["duplicate"])]])]
    fields = {name: rows[name].to_numpy(dtype=object) for name in ("name", "sex", "id_number", "phone", "address")}
    fields |= {"core_number": rows["customer_id"].to_numpy(dtype=object)}
    fields["birth_date"] = _write_births(rng, rows["birth_date"].to_numpy().astype("datetime64[D]"), department)
    for name in NOT_HELD[department]:
        fields[name] = dirt.empty(rng, fields[name])
    fields = _soil(rng, fields, errors, register["phone"].to_numpy(dtype=object))
    fields |= {
        "customer": rows["customer"].to_numpy(),
        "number": _draw_numbers(rng, PREFIXES[department], len(rows)),
        "opened": _later(rng, rows["opened"], rng.exponential(MEAN_LAG_DAYS[department], len(rows))),
    }
    return pd.DataFrame({name: fields[name] for name in COLUMNS}).sort_values("number", ignore_index=True)


def second_numbers(rng: np.random.Generator, register: pd.DataFrame, share: float = 0.01) -> pd.DataFrame:
    """Core banking's own duplicates: a share of the customers once more, under a second core number.

    Columns as `register`, in order of the new customer_id; `customer` is the same. Another branch opened the second
    relation, later, under a variant of the name, with the same identity number or none, often an older phone or address.
    """
    rows = register.iloc[dirt.some(rng, len(register), share)]
    name, id_number, phone, address = (
        rows[column].to_numpy(dtype=object) for column in ("name", "id_number", "phone", "address")
    )
    name = dirt.spoil(rng, dirt.shorten_companies(rng, name), 0.5, dirt.misspell_names)
    name = np.where(name == rows["name"], dirt.space_names(rng, name), name)
    highest = register["customer_id"].astype(np.int64).max() if len(register) else 0
    seconds = rows.assign(
        customer_id=[str(highest + place) for place in 1 + rng.permutation(len(rows))],
        name=name,
        id_number=dirt.spoil(rng, id_number, SECOND_ID_MISSING_SHARE, dirt.empty),
        phone=dirt.spoil(rng, phone, SECOND_PHONE_OLD_SHARE, _old_phones),
        address=dirt.spoil(rng, address, SECOND_ADDRESS_OLD_SHARE, _old_addresses),
        branch_id=_other_branches(rng, register["branch_id"], rows["branch_id"]),
        opened=_later(rng, rows["opened"], rng.uniform(*SECOND_LAG_DAYS, len(rows))),
    )
    return seconds.sort_values("customer_id", ignore_index=True)


def true_parties(register: pd.DataFrame, seconds: pd.DataFrame, departments: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The truth of all lists, core banking's first: source, source_id, customer_id (the first core number)."""
    customer_id = register.set_index("customer")["customer_id"]
    core = pd.concat([register, seconds])[["customer", "customer_id"]].rename(columns={"customer_id": "number"})
    lists = [rows[["customer", "number"]].assign(source=source) for source, rows in ({"core": core} | departments).items()]
    every = pd.concat(lists, ignore_index=True)
    truth = {"source": every["source"], "source_id": every["number"], "customer_id": every["customer"].map(customer_id)}
    return pd.DataFrame(truth)


def _soil(rng: np.random.Generator, fields: dict, errors: dict, phones: np.ndarray) -> dict:
    """The fields (name → array) with the department's errors, but for dates of birth."""
    soiled = dict(fields)
    steps = (
        ("name_misspelt", "name", dirt.misspell_names),
        ("name_spaced", "name", dirt.space_names),
        ("company_shortened", "name", dirt.shorten_companies),
        ("sex_wrong", "sex", _other_sexes),
        ("id_last_digit_wrong", "id_number", dirt.miss_last_digit),
        ("id_spaced", "id_number", dirt.space_id_numbers),
        ("id_full_width", "id_number", dirt.widen_digits),
        ("id_missing", "id_number", dirt.empty),
        ("phone_old", "phone", _old_phones),
        ("phone_of_another", "phone", lambda rng, values: rng.choice(phones, len(values))),
        ("phone_spaced", "phone", dirt.space_phones),
        ("phone_full_width", "phone", dirt.widen_digits),
        ("phone_missing", "phone", dirt.empty),
        ("address_old", "address", _old_addresses),
        ("address_missing", "address", dirt.empty),
        ("core_number_missing", "core_number", dirt.empty),
    )
    for error, name, change in steps:
        soiled[name] = dirt.spoil(rng, soiled[name], errors.get(error, 0), change)
    for error, (one, other) in SWAPS.items():
        hit = rng.random(len(soiled[one])) < np.where(
            (soiled[one] != "") & (soiled[other] != ""), dirt.planted(errors.get(error, 0)), 0
        )
        soiled |= {one: np.where(hit, soiled[other], soiled[one]), other: np.where(hit, soiled[one], soiled[other])}
    return soiled | {"name": _make_hostile(rng, soiled["name"], errors["hostile_name"])}


def _write_births(rng: np.random.Generator, born: np.ndarray, department: str) -> np.ndarray:
    """Dates of birth in the department's writing, some impossible, some with day and month in each other's place."""
    pattern, errors = BIRTH_FORMATS[department], ERRORS[department]
    known = ~np.isnat(born)
    month = born.astype("datetime64[M]")
    day_number = (born - month).astype(int) + 1
    parts = np.stack([month.astype("datetime64[Y]").astype(int) + 1970, month.astype(int) % 12 + 1, day_number], axis=1)
    can_swap = known & (parts[:, 2] <= 12) & (parts[:, 1] != parts[:, 2])
    swapped = can_swap & (rng.random(len(born)) < dirt.planted(errors.get("birth_day_month_swapped", 0)))
    parts[swapped] = parts[swapped][:, [0, 2, 1]]
    wrong = known & (rng.random(len(born)) < dirt.planted(errors.get("birth_impossible", 0)))
    parts[wrong] = np.array(IMPOSSIBLE_BIRTHS)[rng.integers(0, len(IMPOSSIBLE_BIRTHS), wrong.sum())]
    written = np.full(len(born), "", dtype=object)
    written[known] = [pattern.format(*part) for part in parts[known].tolist()]
    return written


def _make_hostile(rng: np.random.Generator, names: np.ndarray, count: int) -> np.ndarray:
    """A few names with markup, a formula, control or right-to-left characters behind them."""
    hit = rng.permutation(len(names))[: dirt.planted(count)]
    soiled = names.copy()
    soiled[hit] = [f"{name}{hostile}" for name, hostile in zip(names[hit], rng.permutation(texts.HOSTILE), strict=False)]
    return soiled


def _draw_numbers(rng: np.random.Generator, prefix: str, rows: int) -> np.ndarray:
    return np.array([f"{prefix}{number}" for number in 10_000_001 + rng.permutation(rows)], dtype=object)


def _later(rng: np.random.Generator, opened: pd.Series, lag_days: np.ndarray) -> np.ndarray:
    begin = opened.to_numpy().astype("datetime64[D]")
    left = (last_day(MONTHS - 1) - begin).astype(int)
    lag = np.where(lag_days > left, np.floor(rng.random(len(begin)) * (left + 1)), lag_days)
    return (begin + lag.astype(int)).astype("datetime64[s]")


def _old_phones(rng: np.random.Generator, phones: np.ndarray) -> np.ndarray:
    return np.array(texts.draw_phones(rng, len(phones)), dtype=object)


def _old_addresses(rng: np.random.Generator, addresses: np.ndarray) -> np.ndarray:
    """Another street in a town of the bank's area, mostly another one."""
    towns = pd.Series([f"{town}市" for town in rng.choice(texts.CITIES, len(addresses))], dtype=object)
    return np.array(texts.draw_addresses(rng, towns), dtype=object)


def _other_sexes(rng: np.random.Generator, sexes: np.ndarray) -> np.ndarray:
    return np.where(sexes == "male", "female", "male").astype(object)


def _other_branches(rng: np.random.Generator, every: pd.Series, own: pd.Series) -> np.ndarray:
    """Another branch for each row, as far as there is one."""
    names = np.unique(every.to_numpy(dtype=str))
    place = np.searchsorted(names, own.to_numpy(dtype=str))
    step = rng.integers(1, max(2, len(names)), len(own))
    return names[(place + step) % max(1, len(names))].astype(object)
