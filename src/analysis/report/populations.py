"""Which tables count the same customers, and so what a reader can lay beside each other. A new table of counts is entered here where
it divides a population that another one divides or tells."""

# report, exhibit, column → the population, and the dimension that divides it (None: the row names it, as "member | dimension" or
# "member (dimension)")
POPULATIONS: dict[tuple[str, str, str], tuple[str, str | None]] = {
    ("value", "tiers", "customers"): ("open", "tier"),
    ("value", "balances", "customers"): ("open", "tier"),
    ("lifetime", "lifetime", "customers"): ("alive", "tier"),
    ("lifetime", "silence", "customers"): ("alive a year before", "silence"),
    ("lifetime", "contribution", "customers"): ("alive a year before", "chance"),
    ("satisfaction_nonresponse", "unasked", "base"): ("described", None),
    ("satisfaction_nonresponse", "unasked_where", "base"): ("described", None),
    ("satisfaction_nonresponse", "unasked_beside", "base"): ("described", None),
    ("segmentation", "segments", "customers"): ("described", "segment"),
    ("relations", "split", "customers_now"): ("known", "group"),
    ("relations", "split", "customers_before"): ("known before", "group"),
    ("relations", "value_groups", "customers"): ("known then", "group"),
    ("lifecycle", "stages", "count"): ("with the bank", "stage"),
    ("companies", "classes", "companies"): ("companies", "class"),
    ("companies", "levels", "companies"): ("companies", "level"),
    ("companies", "misplaced", "companies"): ("companies with sales", "size"),
    ("complaints", "sources", "complaints"): ("complaints", None),
    ("complaints", "times", "complaints"): ("complaints", None),
    ("complaints", "contact", "complaints"): ("complaints", "hand-offs"),
    ("complaint_causes", "pareto", "base"): ("complaints", "cause"),
    ("complaint_causes", "stakes", "complaints"): ("complaints", "cause"),
}
# dimensions whose tables may leave a member out altogether: what is missing from the whole is one number more
OPEN_ENDED = {"product", "severity", "age", "channel", "cause", "region", "segment", "sex", "use of channels"}
# report, exhibit → a column that is the sum of others in each row
ROW_SUMS = {("complaints", "backlog"): ("open", ("to_15", "to_30", "to_60", "over_60"))}
# report, exhibit → columns stock, in and out of consecutive months, latest first
STOCKS = {("complaints", "backlog"): ("open", "received", "left")}
# report, exhibit → a share of customers, and its base: together they tell a number, and how many are left
EVENTS = {
    ("churn_attribution", "by_rule"): ("value", "base"),
    ("segmentation", "segment_churn"): ("value", "base"),
    ("prospects", "sources"): ("value", "base"),
    ("early_warning", "winback"): ("returned", "lost"),
}
# population → the one that it is part of, member by member
PARTS_OF = {"alive": "open", "described": "open", "companies with sales": "companies"}
# tables whose counts run from a fixed day on, so that the new one holds the old
GROWS: set[tuple[str, str]] = set()
# report, exhibit, column → the population of which the row of the release's day is the whole; it stands on the first page, and is never hidden
WHOLE_OF_DAY = {("key_figures", "active_customers", "value"): "described"}
# rows that hold the whole
WHOLES = {"All", "All customers", "All categories", "All companies"}
