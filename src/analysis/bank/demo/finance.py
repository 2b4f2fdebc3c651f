"""What each customer of the demo bank contributes a month, by component."""

import numpy as np

from analysis.bank.demo.calendar import MONTHS
from analysis.bank.demo.money import Balances

DEPOSIT_MARGIN = 0.014
LOAN_MARGIN = 0.022
WEALTH_FEE = 0.006
LOSS_RATE = 0.008
CAPITAL_RATE = 0.08 * 0.10
FIXED_COST = 5.0
ACCOUNT_FEE = 2.0
COMPANY_EFFORT = 10.0


def make_contributions(rng: np.random.Generator, balances: Balances, is_company: np.ndarray) -> dict[str, np.ndarray]:
    """customers × 48 in CNY: ftp_interest, fees, expected_loss, cost, capital_charge. The last three are charges, written as
    positive amounts. Margins and rates are a year's, over 12."""
    deposits, wealth, loans = (getattr(balances, f"average_{name}") / 12 for name in ("deposits", "wealth", "loans"))
    effort = rng.gamma(2.0, 0.5, (len(is_company), MONTHS)) * np.where(is_company, COMPANY_EFFORT, 1.0)[:, None]
    return {
        "ftp_interest": DEPOSIT_MARGIN * deposits + LOAN_MARGIN * loans,
        "fees": WEALTH_FEE * wealth + ACCOUNT_FEE * effort,
        "expected_loss": LOSS_RATE * loans,
        "cost": FIXED_COST * (1 + effort),
        "capital_charge": CAPITAL_RATE * loans,
    }
