"""Prospects of the demo bank, those who became customers and those who did not, and who agreed to be approached.

**Conversion is a logistic model.** With a constant that makes UNCONVERTED_PER_CONVERTED to one, the log odds that a prospect
becomes a customer are SOURCE_LOG_ODDS of its source + YOUNG_LOG_ODDS (a person born in YOUNG_SINCE or later) +
COMPANY_LOG_ODDS (a company) + HOME_LOG_ODDS (in the city of the first branch). As customers are given, the model is run from
its other end: prospects who convert are like arriving customers, and those who do not are drawn from them with weights
exp(-log odds), which leaves exactly these log odds between the two (Prentice and Pyke 1979 on case-control sampling)."""

import numpy as np
import pandas as pd

from analysis.bank.demo.calendar import MONTHS, first_day, last_day

SOURCES = ("event", "referral", "website", "partner", "payroll_list", "purchased_list")
CONVERTED_SHARES = (0.12, 0.28, 0.20, 0.15, 0.18, 0.07)
SOURCE_LOG_ODDS = (0.0, 1.2, 0.3, 0.5, 0.9, -0.8)
YOUNG_SINCE, YOUNG_LOG_ODDS = 1990, 0.4
COMPANY_LOG_ODDS = -0.5
HOME_LOG_ODDS = 0.3
PROSPECT_SHARE = 0.35
UNCONVERTED_PER_CONVERTED = 6
COURTING_SHAPE, COURTING_DAYS = 1.5, 60.0
NO_CUSTOMER = -1

PURPOSES = ("marketing", "profiling")
NEVER_GIVEN = {"marketing": 0.08, "profiling": 0.12}
WITHDRAWN = {"marketing": 0.05, "profiling": 0.03}
CONSENT_SINCE = np.datetime64("2021-11-01")  # the Personal Information Protection Law came into force
GIVEN_AT_OPENING, GIVEN_LAG_DAYS = 0.8, 45


def make_prospects(rng: np.random.Generator, people: pd.DataFrame, branches: pd.DataFrame) -> pd.DataFrame:
    """One row a prospect, in order of being seen: prospect_id, source (SOURCES), first_seen, birth_year (null: a company), city,
    industry (null: a person), converted (the day of opening; NaT: not), converted_customer (row of `people`, or -1).

    PROSPECT_SHARE of those in `people` (kind, birth_date, opened, branch, industry) who arrived within the 48 months had been
    prospects. Those seen late may still convert after the last month: they count as not converted."""
    pool = _pool(rng, people, branches)
    converts = np.flatnonzero(rng.random(len(pool)) < PROSPECT_SHARE)
    weight = np.exp(-log_odds(pool, branches))
    others = UNCONVERTED_PER_CONVERTED * len(converts)
    unconverted = rng.choice(len(pool), others, p=weight / weight.sum()) if others else converts
    drawn = pool.iloc[np.concatenate([converts, unconverted])].reset_index(drop=True)
    is_converted = np.arange(len(drawn)) < len(converts)
    courted = rng.gamma(COURTING_SHAPE, COURTING_DAYS / COURTING_SHAPE, len(drawn)).astype(int) + 1
    opened = drawn["opened"].to_numpy().astype("datetime64[D]")
    prospects = drawn[["source", "birth_year", "city", "industry"]].assign(
        first_seen=opened - courted.astype("timedelta64[D]"),
        converted=np.where(is_converted, opened, np.datetime64("NaT")),
        converted_customer=np.where(is_converted, drawn["customer"], NO_CUSTOMER),
    )
    ordered = prospects.sort_values(["first_seen", "converted_customer"], ignore_index=True, kind="stable")
    ordered.insert(0, "prospect_id", [f"Y{number:07d}" for number in range(1, len(ordered) + 1)])
    return ordered[["prospect_id", "source", "first_seen", "birth_year", "city", "industry", "converted", "converted_customer"]]


def log_odds(prospects: pd.DataFrame, branches: pd.DataFrame) -> np.ndarray:
    """Log odds of conversion, but for the constant, from source, birth_year (null: a company) and city."""
    source = prospects["source"].map(dict(zip(SOURCES, SOURCE_LOG_ODDS, strict=True))).to_numpy(dtype=float)
    born = prospects["birth_year"].to_numpy(dtype=float, na_value=np.nan)
    home = (prospects["city"] == branches["city"].iloc[0]).to_numpy()
    return source + YOUNG_LOG_ODDS * (born >= YOUNG_SINCE) + COMPANY_LOG_ODDS * np.isnan(born) + HOME_LOG_ODDS * home


def _pool(rng: np.random.Generator, people: pd.DataFrame, branches: pd.DataFrame) -> pd.DataFrame:
    """Who arrived within the 48 months, with what a prospect list would know of them and a source."""
    opened = people["opened"].to_numpy().astype("datetime64[D]")
    customer = np.flatnonzero(opened >= first_day(0))
    arrived = people.iloc[customer]
    is_company = (arrived["kind"] == "corporate").to_numpy()
    return pd.DataFrame(
        {
            "customer": customer,
            "opened": opened[customer],
            "source": rng.choice(np.array(SOURCES, dtype=object), len(customer), p=CONVERTED_SHARES),
            "birth_year": pd.to_datetime(arrived["birth_date"]).dt.year.where(~is_company).to_numpy(),
            "city": branches["city"].to_numpy(dtype=object)[arrived["branch"].to_numpy(dtype=int)],
            "industry": arrived["industry"].where(is_company, None).to_numpy(dtype=object),
        }
    ).astype({"birth_year": "Int64"})


def make_consents(rng: np.random.Generator, people: pd.DataFrame, is_client: np.ndarray) -> pd.DataFrame:
    """One row a client (rows of `people` where `is_client`) and purpose (PURPOSES) to which consent was ever given: customer,
    purpose, given (from the opening on), withdrawn (NaT: holds). Who never gave it has no row: NEVER_GIVEN of clients;
    WITHDRAWN of them took it back within the 48 months."""
    client = np.flatnonzero(np.asarray(is_client, dtype=bool))
    opened = people["opened"].to_numpy().astype("datetime64[D]")[client]
    frames = [_consents(rng, client, opened, purpose) for purpose in PURPOSES]
    return pd.concat(frames).sort_values(["customer", "purpose"], ignore_index=True)


def _consents(rng: np.random.Generator, client: np.ndarray, opened: np.ndarray, purpose: str) -> pd.DataFrame:
    mind, moment, when = rng.random((3, len(client)))
    lag = np.where(moment < GIVEN_AT_OPENING, 0, rng.integers(1, GIVEN_LAG_DAYS, len(client), endpoint=True))
    given = np.minimum(np.maximum(opened, CONSENT_SINCE) + lag.astype("timedelta64[D]"), last_day(MONTHS - 1))
    low = np.maximum(given, first_day(0))
    days = (last_day(MONTHS - 1) - low).astype(int)
    withdrawn = low + np.floor(when * (days + 1)).astype("timedelta64[D]")
    takes_back = (mind >= NEVER_GIVEN[purpose]) & (mind < NEVER_GIVEN[purpose] + WITHDRAWN[purpose])
    consents = pd.DataFrame({"customer": client, "purpose": purpose, "given": given})
    consents["withdrawn"] = np.where(takes_back, withdrawn, np.datetime64("NaT"))
    return consents[mind >= NEVER_GIVEN[purpose]]
