"""Companies of the demo bank: who owns, runs and guarantees whom, which groups follow, and their credit here and elsewhere.

**The rule by which a group is true.** On a day, a tie runs if since <= day and (no end, or until > day). With the running ties,

1. *control by shares*: an owner (company, outside holding, person) and a company are linked where the owner's effective
   ownership of it is above 0.5. Effective ownership is integrated ownership, A + A² + A³ + … for the matrix A of direct
   shares: each path counts the product of its shares, several paths add up (Brioschi, Buzzacchi and Colombo 1989). Exactly
   0.5 is no control;
2. *control by office*: an executive and each company that he or she runs are linked;
3. *economic interdependence*: guarantor and guaranteed are linked, whichever way, if both are companies of the book. A
   guarantor outside it (a firm that guarantees for a fee) links nobody to anybody.

Groups are the connected components of these links with two or more companies of the book; owners outside it and executives
connect, but are no members. Registered ties link nobody. This is Basel's group of connected counterparties (LEX10: control,
automatic above 50 % of the votes, or economic interdependence). China's rules on large exposures (order 1 of 2018) limit
groups by control and groups by economic dependence alike, at 20 % of tier 1 capital against 15 % for one customer; here
both links make one group, so that a company is in one or in none."""

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from analysis.bank.demo.calendar import AS_OF_MONTH, MONTHS, last_day

BLOCK_SHARE = 0.40
GROUP_KINDS = ("star", "tree", "paths", "holding", "executive", "guarantee_chain", "guarantee_circle", "mixed")
OTHER_KINDS = ("former", "joint_venture", "ring", "portfolio", "guarantor")
KIND_SHARES = (0.13, 0.13, 0.06, 0.10, 0.08, 0.07, 0.04, 0.05, 0.12, 0.07, 0.07, 0.04, 0.04)
OF_THREE = ("tree", "paths", "guarantee_circle", "mixed", "joint_venture")
LEFT_BY_LAST = ("star", "tree", "paths", "holding", "executive", "guarantee_chain", "mixed")
LARGEST, SIZE_DECAY = 12, 0.62
MAJORITY, MINORITY, CROSS, BACK = (0.52, 0.98), (0.20, 0.49), (0.20, 0.38), (0.05, 0.15)
MINORITY_STAKES = 0.08
LEAVER_SHARE, LATER_END_SHARE = 0.20, 0.03
TIE_LAG_DAYS = 120.0
REGISTERED_SHARE, MISSING_SHARE, SPLIT_SHARE, EX_MEMBER_SHARE, STRANGER_SHARE = 0.85, 0.12, 0.25, 0.60, 0.06
SPLIT_SIZE = 4
LEAST_TERM = 1e-9
AS_OF, END = last_day(AS_OF_MONTH), last_day(MONTHS - 1)

SINGLE_LIMIT, GROUP_LIMIT = 15_000_000.0, 20_000_000.0
LENDERS = ("this bank", "bank A", "bank B", "bank C")
SIZES = ("micro", "small", "medium", "large")
BORROWS = dict(zip(SIZES, ((0.40, 0.10, 0.04, 0.01), (0.55, 0.20, 0.10, 0.04), (0.70, 0.40, 0.25, 0.12), (0.80, 0.65, 0.50, 0.35)), strict=True))  # fmt: skip
LINE_OF_ASSETS = dict(zip(SIZES, (0.8, 1.2, 1.8, 2.5), strict=True))
LINE_ELSEWHERE, LINE_SPREAD, YEARLY_LINE_SPREAD = 0.7, 0.5, 0.08
LINE_STEP = 10_000.0
DRAWN_PERSISTENCE, DRAWN_SPREAD = 0.9, 0.35
UNSECURED_SHARE, COVERAGE = 0.3, (0.4, 1.3)
OVER_LENT_SHARE, OVER_LENT, FULLY_DRAWN = 0.06, (1.05, 1.25), 0.97
AT_LIMIT_SHARE = 0.01
LIMITS_BIND_MONTH = 23


def make_ties(rng: np.random.Generator, companies: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The ties between `companies` (customer_id, opened), and the groups that are true at the default as_of.

    ties: parent_id, child_id, kind (equity, guarantee, executive, registered), share (0-1, of equity; else NaN), since, until.
    Ids that start with X are holdings and guarantors outside the book, with P executives. `registered` is the bank's own
    register, head and member: wrong in part (groups missing, split in two; members missing, gone, strangers). No tie begins
    before both companies are customers. groups: customer_id, group_id (see `true_groups`)."""
    ids = companies["customer_id"].to_numpy(dtype=object)
    members = _draw_members(rng, len(companies))
    drawn = pd.concat([_block_ties(rng, members, ids), _minority_stakes(rng, members, ids)], ignore_index=True)
    ties = _dated(rng, drawn, companies)
    groups = true_groups(ties, companies)
    register = _register(rng, groups, members, ids)
    ties = pd.concat([ties, _dated(rng, register, companies)], ignore_index=True).drop(columns="ends")
    return ties.sort_values(["parent_id", "child_id", "kind"], ignore_index=True), groups


def true_groups(ties: pd.DataFrame, companies: pd.DataFrame, day: np.datetime64 = AS_OF) -> pd.DataFrame:
    """customer_id and group_id of every company that is in a true group on `day`, by the rule in the module's text."""
    runs = (ties["since"] <= day) & ~(ties["until"] <= day) & (ties["kind"] != "registered")
    running = ties[runs]
    ids = companies["customer_id"].to_numpy(dtype=object)
    code, names = pd.factorize(np.concatenate([ids, running["parent_id"], running["child_id"]]))
    parent, child = code[len(ids) : len(ids) + len(running)], code[len(ids) + len(running) :]
    kind = running["kind"].to_numpy()
    equity = kind == "equity"
    owner, owned = _controls(parent[equity], child[equity], running["share"].to_numpy()[equity], len(names))
    linked = (kind == "executive") | ((kind == "guarantee") & (parent < len(ids)) & (child < len(ids)))
    rows, columns = np.concatenate([owner, parent[linked]]), np.concatenate([owned, child[linked]])
    links = coo_array((np.ones(len(rows)), (rows, columns)), shape=(len(names), len(names)))
    component = connected_components(links, directed=False)[1][: len(ids)] if len(names) else np.zeros(0, int)
    grouped = np.bincount(component)[component] > 1
    numbers = pd.factorize(component[grouped])[0] + 1
    return pd.DataFrame({"customer_id": ids[grouped], "group_id": [f"G{number:05d}" for number in numbers]}, dtype=object)


def _controls(parent: np.ndarray, child: np.ndarray, share: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    direct = coo_array((share, (parent, child)), shape=(size, size)).tocsr()
    effective, term = direct.copy(), direct
    while term.nnz:
        term = term @ direct
        term.data[term.data < LEAST_TERM] = 0.0
        term.eliminate_zeros()
        effective = effective + term
    found = effective.tocoo()
    above = found.data > 0.5 + LEAST_TERM
    return found.coords[0][above], found.coords[1][above]


def _draw_members(rng: np.random.Generator, companies: int) -> pd.DataFrame:
    """The companies (rows) that stand in a block: company, block, kind, rank in it, size, start (position of its rank 0)."""
    room, names = int(BLOCK_SHARE * companies), np.array(GROUP_KINDS + OTHER_KINDS, dtype=object)
    kinds = rng.choice(names, room // 2, p=KIND_SHARES)
    kinds[:1] = GROUP_KINDS[0]
    decay = SIZE_DECAY ** np.arange(LARGEST - 1)
    sizes = rng.choice(np.arange(2, LARGEST + 1), room // 2, p=decay / decay.sum())
    sizes = np.maximum(sizes, np.where(np.isin(kinds, OF_THREE), 3, 2))
    sizes = sizes[np.cumsum(sizes) <= room]
    block = np.repeat(np.arange(len(sizes)), sizes)
    start, size, kind = (np.cumsum(sizes) - sizes)[block], sizes[block], kinds[block]
    company, rank = rng.permutation(companies)[: len(block)], np.arange(len(block)) - start
    last = (rank == size - 1) & (size > 2) & np.isin(kind, LEFT_BY_LAST)
    leaves = (last & (rng.random(len(block)) < LEAVER_SHARE)) | (kind == "former")
    places = {"company": company, "block": block, "rank": rank, "size": size, "start": start}
    return pd.DataFrame({**places, "kind": kind, "leaves": leaves})


def _block_ties(rng: np.random.Generator, members: pd.DataFrame, ids: np.ndarray) -> pd.DataFrame:
    """The ties within each block by its kind: parent_id, child_id, kind, share, ends (before the default as_of)."""
    kind, rank, start = (members[name].to_numpy() for name in ("kind", "rank", "start"))
    own, size = ids[members["company"]], members["size"].to_numpy()
    later, odd, last = rank > 0, rank % 2 == 1, rank == size - 1
    outside, person = (np.array([f"{letter}{block + 1:06d}" for block in members["block"]], dtype=object) for letter in "XP")
    head, second, after, before = (own[start + place % size] for place in (0, 1, rank + 1, rank - 1))
    above = own[start + np.floor(rng.random(len(rank)) * rank).astype(int)]
    parts = [
        (later & ((kind == "star") | ((kind == "former") & odd) | ((kind == "mixed") & odd)), head, own, "equity", MAJORITY),
        (later & (kind == "tree"), above, own, "equity", MAJORITY),
        ((kind == "tree") & last, own, head, "equity", BACK),
        ((kind == "paths") & (rank == 1), head, own, "equity", (0.70, 0.95)),
        ((kind == "paths") & (rank > 1), head, own, "equity", (0.25, 0.40)),
        ((kind == "paths") & (rank > 1), second, own, "equity", (0.40, 0.49)),
        (kind == "holding", outside, own, "equity", MAJORITY),
        (kind == "portfolio", outside, own, "equity", MINORITY),
        ((kind == "joint_venture") & (rank > 1), head, own, "equity", (0.5, 0.5)),
        ((kind == "joint_venture") & (rank > 1), second, own, "equity", (0.5, 0.5)),
        (kind == "ring", own, after, "equity", CROSS),
        ((kind == "executive") | ((kind == "mixed") & ~odd), person, own, "executive", None),
        ((kind == "guarantee_circle") | ((kind == "guarantee_chain") & later), before, own, "guarantee", None),
        (later & (kind == "former") & ~odd, head, own, "guarantee", None),
        (kind == "guarantor", outside, own, "guarantee", None),
    ]
    leaving = members["leaves"].to_numpy()
    return pd.concat([_ties(rng, *part, leaving) for part in parts])


def _ties(rng, where: np.ndarray, parent, child, kind: str, low_to_high: tuple | None, ends) -> pd.DataFrame:
    share = np.full(where.sum(), np.nan) if low_to_high is None else rng.uniform(*low_to_high, where.sum()).round(4)
    return pd.DataFrame({"parent_id": parent[where], "child_id": child[where], "kind": kind, "share": share, "ends": ends[where]})


def _minority_stakes(rng: np.random.Generator, members: pd.DataFrame, ids: np.ndarray) -> pd.DataFrame:
    """Stakes below control in companies of no block. Their one owner owns no part of itself, or a stake might count for more."""
    everyone = np.arange(len(ids))
    free = rng.permutation(np.setdiff1d(everyone, members["company"]))[: int(MINORITY_STAKES * len(ids))]
    crossed = members["company"][members["kind"].isin(("ring", "tree"))]
    owner = rng.choice(np.setdiff1d(everyone, np.concatenate([free, crossed])), len(free)) if len(free) else free
    return _ties(rng, free >= 0, ids[owner], ids[free], "equity", MINORITY, free < 0)


def _dated(rng: np.random.Generator, ties: pd.DataFrame, companies: pd.DataFrame) -> pd.DataFrame:
    """The ties with since (when both are customers, or later) and until (NaT: runs on)."""
    opened = pd.Series(companies["opened"].to_numpy().astype("datetime64[D]"), companies["customer_id"].to_numpy(dtype=object))
    both = [opened.reindex(ties[name]).to_numpy().astype("datetime64[D]") for name in ("parent_id", "child_id")]
    days = [rng.exponential(TIE_LAG_DAYS, len(ties)), rng.uniform(30, 900, len(ties)), rng.uniform(1, 365, len(ties))]
    lag, ago, ahead = (np.floor(one).astype(int).astype("timedelta64[D]") for one in days)
    since = np.minimum(np.fmax(*both) + lag, END)
    until = np.where(ties["ends"], np.maximum(AS_OF - ago, since + 30), np.datetime64("NaT"))
    runs_on = ~ties["ends"].to_numpy(dtype=bool) & (ties["kind"] != "registered").to_numpy()
    later = runs_on & (rng.random(len(ties)) < LATER_END_SHARE)
    until = np.where(later, np.maximum(AS_OF + ahead, since + 30), until)
    return ties.assign(since=since, until=np.where(until > END, np.datetime64("NaT"), until))


def _register(rng: np.random.Generator, groups: pd.DataFrame, members: pd.DataFrame, ids: np.ndarray) -> pd.DataFrame:
    """The bank's own register of groups, head and member, with its errors; columns as of `_block_ties`."""
    ordered = groups.sort_values("group_id", kind="stable")
    member, group = ordered["customer_id"].to_numpy(dtype=object), pd.factorize(ordered["group_id"])[0]
    size = np.bincount(group)
    start = (np.cumsum(size) - size)[group]
    rank = np.arange(len(group)) - start
    known, split = rng.random((2, len(size)))
    second = ((split < SPLIT_SHARE) & (size >= SPLIT_SIZE))[group] & (rank % 2 == 1)
    kept = (known < REGISTERED_SHARE)[group] & (rank > second) & (rng.random(len(group)) >= MISSING_SHARE)
    head = member[start + second]
    gone = members[members["leaves"] & (members["rank"] > 0) & (rng.random(len(members)) < EX_MEMBER_SHARE)]
    heads = np.concatenate([head[kept], ids[members["company"].to_numpy()[gone["start"]]]])
    alone = np.setdiff1d(ids.astype(str), np.concatenate([member, heads]).astype(str)).astype(object)
    strangers = rng.permutation(alone)[: round(STRANGER_SHARE * len(heads))]
    parent = np.concatenate([heads, heads[rng.integers(0, max(len(heads), 1), len(strangers))]])
    child = np.concatenate([member[kept], ids[gone["company"]], strangers])
    return _ties(rng, parent != "", parent, child, "registered", None, parent == "").drop_duplicates(["parent_id", "child_id"])


def make_exposures(rng: np.random.Generator, companies: pd.DataFrame, groups: pd.DataFrame) -> pd.DataFrame:
    """One row a company, lender and quarter-end from the company's opening, in CNY: customer_id, lender (LENDERS), reported,
    credit_line, drawn, collateral. `companies`: customer_id, opened, size, assets.

    The bank's limits, 15 % and 20 % of a tier 1 capital of 100 m, are on what is drawn here: SINGLE_LIMIT for one customer,
    GROUP_LIMIT for a group, whatever the number of customers. Nobody is above the first one. From LIMITS_BIND_MONTH on some of `groups` are above the second, and some companies in no group at the first."""
    ids, opened = companies["customer_id"].to_numpy(dtype=object), companies["opened"].to_numpy().astype("datetime64[D]")
    quarters = np.arange(2, MONTHS, 3)
    planned = _planned(rng, ids, groups)
    chance = np.array([BORROWS[size] for size in companies["size"]]).reshape(-1, len(LENDERS))
    borrows = rng.random(chance.shape) < chance
    borrows[:, 0] |= planned > 0
    company, lender = np.nonzero(borrows)
    line, drawn = _credit(rng, companies, company, lender, quarters)
    wanted = np.where(lender == 0, planned[company], 0.0)[:, None]
    binds = (wanted > 0) & (quarters >= LIMITS_BIND_MONTH)
    granted = np.where(wanted == SINGLE_LIMIT, wanted, np.ceil(wanted / FULLY_DRAWN / LINE_STEP) * LINE_STEP)
    line, drawn = np.where(binds, granted, line), np.where(binds, wanted, drawn)
    coverage = np.where(rng.random(len(company)) < UNSECURED_SHARE, 0.0, rng.uniform(*COVERAGE, len(company)))
    row, quarter = np.nonzero(last_day(quarters) >= opened[company][:, None])
    names = {"customer_id": ids[company[row]], "lender": np.array(LENDERS, dtype=object)[lender[row]]}
    money = {"reported": last_day(quarters)[quarter], "credit_line": line[row, quarter], "drawn": drawn[row, quarter]}
    return pd.DataFrame({**names, **money, "collateral": (coverage[row] * money["credit_line"]).round(-3)})


def _credit(rng, companies: pd.DataFrame, company, lender, quarters) -> tuple[np.ndarray, np.ndarray]:
    """Lines (revised once a year, below SINGLE_LIMIT here) and what is drawn of them, by pair and quarter."""
    factor = companies["size"].map(LINE_OF_ASSETS).to_numpy(dtype=float) * companies["assets"].to_numpy()
    usual = factor[company] * np.where(lender == 0, 1.0, LINE_ELSEWHERE) * np.exp(LINE_SPREAD * rng.standard_normal(len(company)))
    revisions = YEARLY_LINE_SPREAD * rng.standard_normal((len(company), MONTHS // 12)).cumsum(axis=1)
    wished = usual[:, None] * np.exp(revisions[:, quarters // 12])
    held = np.where((lender == 0)[:, None], wished / (1 + wished / SINGLE_LIMIT), wished)
    line = np.maximum(np.floor(held / LINE_STEP), 1) * LINE_STEP
    state, drawn = rng.standard_normal(len(company)), np.empty(line.shape)
    for quarter in range(len(quarters)):
        state = DRAWN_PERSISTENCE * state + DRAWN_SPREAD * rng.standard_normal(len(company))
        drawn[:, quarter] = line[:, quarter] / (1 + np.exp(-0.3 - 1.2 * state))
    return line, drawn.round(2)


def _planned(rng: np.random.Generator, ids: np.ndarray, groups: pd.DataFrame) -> np.ndarray:
    """What companies chosen to strain a limit draw here, in CNY, groups' members in equal parts; 0 for all others."""
    group = pd.Series(pd.factorize(groups["group_id"])[0], groups["customer_id"]).reindex(ids).fillna(-1).to_numpy(dtype=int)
    size = np.bincount(group[group >= 0])
    chosen = rng.permutation(len(size))[: int(np.ceil(OVER_LENT_SHARE * len(size)))]
    each = np.zeros(len(size) + 1)
    each[chosen] = GROUP_LIMIT * rng.uniform(*OVER_LENT, len(chosen)) / size[chosen]
    planned = each[group].round(2)
    alone = rng.permutation(np.flatnonzero(group < 0))
    planned[alone[: min(int(np.ceil(AT_LIMIT_SHARE * len(ids))), len(ids) // 10)]] = SINGLE_LIMIT
    return planned
