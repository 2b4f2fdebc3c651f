"""One customer, one identity: departments' records (`parties`) become customers, and every number that a department writes is
replaced by the customer_id that it leads to."""
