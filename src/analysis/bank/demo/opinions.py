"""The truth of the survey: what all customers would answer, those too who were not asked or did not answer."""

from dataclasses import dataclass, field
from itertools import combinations
from math import comb

import numpy as np

from analysis.bank.demo.calendar import AS_OF_MONTH
from analysis.bank.demo.people import Traits
from analysis.bank.demo.surroundings import Surroundings
from analysis.bank.demo.surveys import ITEMS, answer

REPLICATES = 12
WINDOW = tuple(range(AS_OF_MONTH - 11, AS_OF_MONTH + 1))
TOP_BOX_FROM, PROMOTER_FROM, PASSIVE_FROM = 9, 9, 7


@dataclass
class Opinions:
    """Sums over customers, the months of WINDOW in which they were active, and for each replicate of their answers: `count`,
    `overall`, `top`, `balance` (promoters less detractors); of customers with the app the `moments` of (1, items, overall)."""

    count: float = 0.0
    overall: np.ndarray = field(default_factory=lambda: np.zeros(REPLICATES))
    top: np.ndarray = field(default_factory=lambda: np.zeros(REPLICATES))
    balance: np.ndarray = field(default_factory=lambda: np.zeros(REPLICATES))
    moments: np.ndarray = field(default_factory=lambda: np.zeros((REPLICATES, len(ITEMS) + 2, len(ITEMS) + 2)))

    def add(self, rng: np.random.Generator, traits: Traits, stage: Surroundings, history, felt: np.ndarray) -> None:
        """Adds a block of customers."""
        customer, month = np.nonzero(history.activity[:, list(WINDOW)] > 0)
        month = month + WINDOW[0]
        some = traits.take(customer)
        satisfaction, lately = history.satisfaction[customer, month], felt[:, customer, month]
        self.count += len(customer)
        for replicate in range(REPLICATES):
            given = answer(rng, some, stage, satisfaction, lately)
            self.overall[replicate] += given["overall"].sum()
            self.top[replicate] += (given["overall"] >= TOP_BOX_FROM).sum()
            promoters, detractors = given["recommend"] >= PROMOTER_FROM, given["recommend"] < PASSIVE_FROM
            self.balance[replicate] += promoters.sum() - detractors.sum()
            columns = np.vstack([np.ones(len(customer)), *(given[item] for item in ITEMS), given["overall"]])[:, some.uses_app]
            self.moments[replicate] += columns @ columns.T

    def truths(self) -> dict[str, tuple[np.ndarray, str]]:
        """Finding id → its value by replicate, and its unit."""
        found = {
            "overall_mean": (self.overall / self.count, "mark"),
            "top_two_box": (self.top / self.count, "share"),
            "nps": (100 * self.balance / self.count, "score"),
        }
        split = [shares_of_r_squared(_covariance(moments)) for moments in self.moments]
        found["drivers.r_squared"] = (np.array([r_squared for _, r_squared in split]), "share")
        for number, item in enumerate(ITEMS):
            found[f"driver.{item}"] = (np.array([shares[number] for shares, _ in split]), "share")
        return found


def _covariance(moments: np.ndarray) -> np.ndarray:
    mean = moments[0, 1:] / moments[0, 0]
    return moments[1:, 1:] / moments[0, 0] - np.outer(mean, mean)


def shares_of_r_squared(covariance: np.ndarray) -> tuple[np.ndarray, float]:
    """Covariance of the items and, last, the outcome → each item's share of R², averaged over all orders of entry, and R²
    (Lindeman, Merenda, Gold 1980: "LMG")."""
    size = len(covariance) - 1
    explained = {frozenset(): 0.0}
    for chosen in (set_ for length in range(1, size + 1) for set_ in combinations(range(size), length)):
        rows = list(chosen)
        beta = np.linalg.solve(covariance[np.ix_(rows, rows)], covariance[rows, -1])
        explained[frozenset(chosen)] = float(beta @ covariance[rows, -1] / covariance[-1, -1])
    parts = np.zeros(size)
    for item in range(size):
        for without in (set_ for set_ in explained if item not in set_):
            parts[item] += (explained[without | {item}] - explained[without]) / (size * comb(size - 1, len(without)))
    whole = explained[frozenset(range(size))]
    return parts / whole, whole
