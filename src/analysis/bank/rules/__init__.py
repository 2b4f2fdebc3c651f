"""The quality rules of the canonical tables, declared beside the contracts: what is asked of which rows, as one-line SQL."""

from analysis.bank.rules.money import MONEY
from analysis.bank.rules.people import PEOPLE
from analysis.bank.rules.required import REQUIRED
from analysis.bank.rules.rule import DIMENSIONS, Rule
from analysis.bank.rules.service import SERVICE

RULES: tuple[Rule, ...] = (*REQUIRED, *PEOPLE, *MONEY, *SERVICE)

__all__ = ["DIMENSIONS", "RULES", "Rule"]
