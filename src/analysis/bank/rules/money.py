"""Rules about what customers hold, owe and bring, bookings, offers and prices."""

from analysis.bank.rules.rule import (
    Rule,
    after_closing,
    before,
    before_opening,
    below_zero,
    in_future,
    month_missing,
    wrong_unit,
)
from analysis.wording import say

OVERDUE_DAYS = 90
HIGHEST_RATE = 0.3
AMOUNTS = ("deposits", "wealth", "loans")

HOLDINGS = (
    before("holdings", "closed_date", "opened_date"),
    before("holdings", "matures_date", "opened_date"),
    before_opening("holdings", "opened_date"),
    after_closing("holdings", "opened_date"),
    in_future("holdings", "opened_date"),
    Rule("holdings.closed_date.left_open", "holdings", "closed_date", "timeliness", say("the contract is open though the customer's relation has ended"),
         "closed_date IS NULL OR closed_date > customer_closed_date", "customer_closed_date IS NOT NULL", "greatest(opened_date, customer_closed_date)"),
    Rule("holdings.closed_date.overdue", "holdings", "closed_date", "timeliness",
         say("the contract is open more than {days:days} days after its maturity", days=OVERDUE_DAYS),
         f"coalesce(closed_date, delivered_until) > matures_date + INTERVAL {OVERDUE_DAYS} DAY", "product IN ('term', 'wealth') AND matures_date IS NOT NULL",
         f"matures_date + INTERVAL {OVERDUE_DAYS + 1} DAY"),
)  # fmt: skip

BALANCES = (
    *(below_zero("balances", column) for column in AMOUNTS),
    *(wrong_unit("balances", column) for column in AMOUNTS),
    before_opening("balances", "month"),
    after_closing("balances", "month"),
    month_missing("balances"),
    in_future("balances", "month"),
)

CONTRIBUTIONS = (
    before_opening("contributions", "month"),
    after_closing("contributions", "month"),
    month_missing("contributions"),
    in_future("contributions", "month"),
)

TRANSACTIONS = (
    Rule("transactions.amount.zero", "transactions", "amount", "plausibility", say("{column} is 0", column="amount"), "amount = 0"),
    Rule("transactions.booked_at.without_time", "transactions", "booked_at", "validity",
         say("a day without the time: the order within the day, and so the balance after each booking, is not known"),
         "booked_at = date_trunc('day', booked_at)", "coalesce(initiated_by, 'customer') = 'customer'", is_limit=True),
    before_opening("transactions", "booked_at"),
    after_closing("transactions", "booked_at"),
    in_future("transactions", "booked_at"),
)  # fmt: skip

CREDIT = (
    Rule("exposures.drawn.above_line", "exposures", "drawn", "plausibility", say("more is drawn than the credit line"),
         "drawn > credit_line * 1.0001", "drawn IS NOT NULL AND credit_line IS NOT NULL"),
    below_zero("exposures", "drawn"),
    wrong_unit("exposures", "credit_line"),
    in_future("exposures", "reported_date"),
)  # fmt: skip

PRICES = (
    before("tariffs", "effective_date", "announced_date", day="greatest(effective_date, announced_date)"),
    Rule("tariffs.new_fee.unchanged", "tariffs", "new_fee", "plausibility", say("the fee after the change is the one before"),
         "new_fee = old_fee", "new_fee IS NOT NULL AND old_fee IS NOT NULL"),
    Rule("tariffs.branch_id.unknown", "tariffs", "branch_id", "consistency", say("{column} names no branch", column="branch_id"),
         "known_branch_id IS NULL", "branch_id <> 'all'"),
    *(Rule(f"market_rates.{rate}.percent", "market_rates", rate, "plausibility", say("{column} is no share a year, but perhaps a percentage", column=rate),
           f"abs({rate}) > {HIGHEST_RATE}", f"{rate} IS NOT NULL") for rate in ("own_rate", "competitor_rate")),
    month_missing("market_rates"),
    in_future("market_rates", "month"),
)  # fmt: skip

OFFERS = (
    before_opening("campaigns", "offered_date"),
    after_closing("campaigns", "offered_date"),
    Rule("campaigns.cost.held_out", "campaigns", "cost", "consistency", say("an offer to a customer who was held out has a cost"),
         "cost > 0", "arm = 'held_out' AND cost IS NOT NULL"),
    Rule("campaigns.revenue.without_response", "campaigns", "revenue", "consistency", say("revenue without a response"),
         "revenue > 0", "NOT responded AND revenue IS NOT NULL"),
    in_future("campaigns", "offered_date"),
)  # fmt: skip

MONEY: tuple[Rule, ...] = (*HOLDINGS, *BALANCES, *CONTRIBUTIONS, *TRANSACTIONS, *CREDIT, *PRICES, *OFFERS)
