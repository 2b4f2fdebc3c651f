"""What each customer of the demo bank contributes a month, by component."""

import numpy as np
import pandas as pd

DEPOSIT_MARGIN = 0.014
LOAN_MARGIN = 0.022
WEALTH_FEE = 0.006
LOSS_RATE = 0.008
CAPITAL_RATE = 0.08 * 0.10
FIXED_COST = 5.0
ACCOUNT_FEE = 2.0


def make_contributions(rng: np.random.Generator, balances: pd.DataFrame, is_company: np.ndarray) -> pd.DataFrame:
    """One row a customer and month of `balances`, in CNY: customer, month, ftp_interest, fees, expected_loss, cost,
    capital_charge. The last three are charges, written as positive amounts. Margins and rates are a year's, over 12."""
    deposits, wealth, loans = (balances[f"average_{name}"] / 12 for name in ("deposits", "wealth", "loans"))
    company = is_company[balances["customer"]]
    effort = rng.gamma(2.0, 0.5, len(balances)) * np.where(company, 10.0, 1.0)
    return balances[["customer", "month"]].assign(
        ftp_interest=(DEPOSIT_MARGIN * deposits + LOAN_MARGIN * loans).round(2),
        fees=(WEALTH_FEE * wealth + ACCOUNT_FEE * effort).round(2),
        expected_loss=(LOSS_RATE * loans).round(2),
        cost=(FIXED_COST * (1 + effort)).round(2),
        capital_charge=(CAPITAL_RATE * loans).round(2),
    )
