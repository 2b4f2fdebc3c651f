"""What struck whom, by month, as DuckDB SQL: one SELECT a lever over canonical tables, `people` and the window's `days`.

`people` (customer_id, branch_id, area, tenure_months, assets_3m, last_month: the last month in which it was not yet gone) and
`days` (day, month) stand in the connection; a canonical table is a relation that is put in by name."""

LONG_WAIT_MINUTES = 30
DAYS_TO_RESOLVE = 15
GAP_FELT = 0.003
MANAGER_LEFT = ("retired", "transferred", "poached")
DEPOSITS = ("term", "wealth")
MATCHED_WEEKS = 4
AMOUNT_CLASSES = 4
DAYS_A_MONTH = 30.4

NEEDED = {
    "unresolved_complaint": ("complaints",),
    "long_wait": ("contacts",),
    "fee_rise": ("tariffs", "holdings"),
    "manager_left": ("assignments",),
    "app_outage": ("incidents", "contacts"),
    "competitor_rate": ("market_rates", "holdings"),
}

MONTHS = "months AS (SELECT month, min(day) AS first_day, max(day) AS last_day FROM days GROUP BY month)"


def in_list(values: tuple[str, ...]) -> str:
    """A list of texts as SQL writes it."""
    return ", ".join(f"'{value}'" for value in values)


def unresolved_complaint(complaints: str, **_: str) -> str:
    """Customers and months in which the fifteenth day of a complaint falls; struck: one of these not resolved by its end."""
    return f"""
        WITH due AS (
            SELECT customer_id, coalesce(branch_id, '') AS at_branch, coalesce(severity, 0) AS severity,
                   received_at::DATE AS received, received_at::DATE + {DAYS_TO_RESOLVE} AS day,
                   resolved_at IS NULL OR resolved_at::DATE > received_at::DATE + {DAYS_TO_RESOLVE} AS open_still
            FROM {complaints})
        SELECT p.customer_id, d.month, bool_or(open_still) AS struck,
               max(severity)::INTEGER AS severity, count(*)::INTEGER AS complaints,
               coalesce(nullif(arg_max(at_branch, (severity, received)), ''), any_value(p.branch_id)) AS branch_id,
               any_value(p.area) AS area,
               (any_value(d.month) - date_diff('month', date_trunc('month', max(received)),
                                                date_trunc('month', max(day))))::INTEGER AS received_month
        FROM due JOIN days AS d USING (day) JOIN people AS p USING (customer_id)
        WHERE d.month <= p.last_month GROUP BY p.customer_id, d.month"""


def long_wait(contacts: str, **_: str) -> str:
    """Customers and months with a visit whose wait is recorded; struck: one of LONG_WAIT_MINUTES or more, abandoned or not."""
    hour = "hour(c.started_at)"
    return f"""
        SELECT p.customer_id, d.month, max(c.wait_minutes) >= {LONG_WAIT_MINUTES} AS struck,
               count(*)::INTEGER AS visits,
               count(*) FILTER ({hour} < 10)::INTEGER AS visits_opening,
               count(*) FILTER ({hour} >= 10 AND {hour} < 13)::INTEGER AS visits_midday,
               count(*) FILTER ({hour} >= 13 AND {hour} < 16)::INTEGER AS visits_afternoon,
               count(*) FILTER ({hour} >= 16)::INTEGER AS visits_late,
               coalesce(arg_max(c.branch_id, (c.wait_minutes, c.started_at)), any_value(p.branch_id)) AS branch_id,
               any_value(p.area) AS area
        FROM {contacts} AS c JOIN days AS d ON d.day = c.started_at::DATE JOIN people AS p USING (customer_id)
        WHERE c.channel = 'branch' AND c.wait_minutes IS NOT NULL AND d.month <= p.last_month
        GROUP BY p.customer_id, d.month"""


def fee_rise(tariffs: str, holdings: str, **_: str) -> str:
    """All customers and months; struck: a card is held on the day on which the fee of the customer's branch rises.
    `cohort`: the month of the branch's rise (0 or less: before the window, null: none known)."""
    return f"""
        WITH {MONTHS},
        rises AS (
            SELECT b.branch_id, t.effective_date AS day,
                   date_diff('month', (SELECT min(first_day) FROM months), t.effective_date) + 1 AS cohort
            FROM (SELECT DISTINCT branch_id FROM people WHERE branch_id IS NOT NULL) AS b
            JOIN {tariffs} AS t ON t.branch_id IN (b.branch_id, 'all')
            WHERE t.product = 'card' AND t.new_fee > t.old_fee
              AND t.effective_date <= (SELECT max(last_day) FROM months)),
        cohorts AS (
            SELECT branch_id, coalesce(min(cohort) FILTER (cohort > 0), max(cohort))::INTEGER AS cohort FROM rises GROUP BY branch_id),
        cards AS (
            SELECT customer_id, opened_date, coalesce(closed_date::DATE, DATE '9999-12-31') AS closed_date
            FROM {holdings} JOIN people USING (customer_id) WHERE product = 'card'),
        held AS (
            SELECT DISTINCT c.customer_id, m.month
            FROM cards AS c JOIN months AS m ON c.opened_date <= m.last_day AND c.closed_date >= m.first_day),
        struck AS (
            SELECT DISTINCT p.customer_id, d.month
            FROM rises AS r JOIN days AS d USING (day) JOIN people AS p USING (branch_id)
            JOIN cards AS c ON c.customer_id = p.customer_id AND c.opened_date <= r.day AND c.closed_date > r.day)
        SELECT p.customer_id, m.month, s.customer_id IS NOT NULL AS struck, h.customer_id IS NOT NULL AS card,
               c.cohort, p.branch_id, p.area
        FROM people AS p JOIN months AS m ON m.month <= p.last_month
        LEFT JOIN held AS h ON h.customer_id = p.customer_id AND h.month = m.month
        LEFT JOIN struck AS s ON s.customer_id = p.customer_id AND s.month = m.month
        LEFT JOIN cohorts AS c ON c.branch_id = p.branch_id
        WHERE p.branch_id IS NOT NULL"""


def manager_left(assignments: str, market_rates: str = "", **_: str) -> str:
    """Managed customers and months; struck: the manager left in the month. `push`: the competitor's gap in the area."""
    return f"""
        WITH {MONTHS}, {_gaps(market_rates)},
        managed AS (
            SELECT a.customer_id, m.month, arg_min(a.manager_id, a.from_date) AS manager_id,
                   bool_or(coalesce(a.until_date BETWEEN m.first_day AND m.last_day
                                    AND a.reason IN ({in_list(MANAGER_LEFT)}), FALSE)) AS struck,
                   max(a.reason) FILTER (a.until_date BETWEEN m.first_day AND m.last_day
                                         AND a.reason IN ({in_list(MANAGER_LEFT)})) AS reason
            FROM {assignments} AS a
            JOIN months AS m ON a.from_date <= m.last_day AND coalesce(a.until_date::DATE, DATE '9999-12-31') >= m.first_day
            GROUP BY a.customer_id, m.month)
        SELECT p.customer_id, g.month, g.struck, g.manager_id, g.reason, gaps.gap AS push, p.branch_id, p.area
        FROM managed AS g JOIN people AS p USING (customer_id)
        LEFT JOIN gaps ON gaps.area = p.area AND gaps.month = g.month
        WHERE g.month <= p.last_month"""


def app_outage(incidents: str, contacts: str, **_: str) -> str:
    """Customers and months of an outage of the app who tried to log in within its hours or the same hours of those of the
    MATCHED_WEEKS before that begin in its calendar month; struck: in vain within its hours. `logins_matched`: tries in these
    windows. Windows of the month before are left out: who is about to leave tries less from one month to the next."""
    return f"""
        WITH outages AS (
            SELECT i.incident_id, d.month, i.started_at, i.ended_at
            FROM {incidents} AS i JOIN days AS d ON d.day = i.started_at::DATE
            WHERE i.ended_at IS NOT NULL AND (i.scope = 'all' OR (i.scope = 'channel' AND i.channel = 'app'))),
        windows AS (
            SELECT incident_id, month, week, started_at - to_days(7 * week::INTEGER) AS opens, ended_at - to_days(7 * week::INTEGER) AS closes
            FROM outages, range(0, {MATCHED_WEEKS + 1}) AS w(week)
            WHERE date_trunc('month', started_at - to_days(7 * week::INTEGER)) = date_trunc('month', started_at)),
        tries AS (
            SELECT c.customer_id, w.incident_id, w.month, count(*) AS logins_matched,
                   bool_or(w.week = 0 AND coalesce(c.outcome, '') = 'failed') AS struck
            FROM {contacts} AS c JOIN windows AS w ON c.started_at >= w.opens AND c.started_at <= w.closes
            WHERE c.purpose = 'login' GROUP BY ALL)
        SELECT p.customer_id, t.month, bool_or(t.struck) AS struck,
               arg_max(t.incident_id, (t.struck, t.incident_id)) AS incident_id,
               arg_max(t.logins_matched, (t.struck, t.incident_id))::INTEGER AS logins_matched,
               any_value(p.branch_id) AS branch_id, any_value(p.area) AS area
        FROM tries AS t JOIN people AS p USING (customer_id)
        WHERE t.month <= p.last_month GROUP BY p.customer_id, t.month"""


def competitor_rate(market_rates: str, holdings: str, **_: str) -> str:
    """Holders of term deposits or wealth products and months in which one could mature: the product has been held for as long as
    the contract was agreed. Struck: one matures in a month in which the competitor pays more than GAP_FELT above the bank
    (`pushed`). `due`: contracts to be expected to mature in a month by their terms."""
    return f"""
        WITH {MONTHS}, {_gaps(market_rates)},
        contracts AS (
            SELECT h.*, (h.matures_date::DATE - h.opened_date::DATE)::INTEGER AS days_agreed,
                   min(h.opened_date::DATE) OVER (PARTITION BY h.customer_id, h.product) AS since
            FROM {holdings} AS h JOIN people USING (customer_id) WHERE h.product IN ({in_list(DEPOSITS)})),
        held AS (
            SELECT h.customer_id, m.month, bool_or(coalesce(h.matures_date BETWEEN m.first_day AND m.last_day
                       AND coalesce(h.closed_date >= h.matures_date, TRUE), FALSE)) AS matures,
                   sum(coalesce(least({DAYS_A_MONTH} / nullif(h.days_agreed, 0), 1), 0)) AS due,
                   count(*) FILTER (h.product = 'term')::INTEGER AS term_held,
                   count(*) FILTER (h.product = 'wealth')::INTEGER AS wealth_held
            FROM contracts AS h
            JOIN months AS m ON h.opened_date < m.first_day AND coalesce(h.closed_date::DATE, DATE '9999-12-31') >= m.first_day
            GROUP BY h.customer_id, m.month HAVING bool_or(h.since + h.days_agreed <= m.last_day)),
        amounts AS (
            SELECT customer_id, ntile({AMOUNT_CLASSES}) OVER (ORDER BY assets_3m, customer_id)::INTEGER AS amount_class
            FROM people WHERE isfinite(assets_3m) AND customer_id IN (SELECT customer_id FROM held))
        SELECT p.customer_id, h.month, h.matures AND gaps.gap > {GAP_FELT} AS struck, h.matures, gaps.gap > {GAP_FELT} AS pushed,
               gaps.gap, h.term_held, h.wealth_held, h.due, a.amount_class, p.tenure_months AS tenure, p.branch_id, p.area
        FROM held AS h JOIN people AS p USING (customer_id) LEFT JOIN amounts AS a USING (customer_id)
        JOIN gaps ON gaps.area = p.area AND gaps.month = h.month
        WHERE h.month <= p.last_month"""


def _gaps(market_rates: str) -> str:
    """The competitor's rate over the bank's own by area and month, the largest over the products."""
    if not market_rates:
        return "gaps AS (SELECT NULL::VARCHAR AS area, 0 AS month, NULL::DOUBLE AS gap WHERE FALSE)"
    return f"""gaps AS (
            SELECT r.area, d.month, max(round(r.competitor_rate - r.own_rate, 6)) AS gap
            FROM {market_rates} AS r JOIN days AS d ON d.day = r.month::DATE GROUP BY r.area, d.month)"""


SELECTS = {
    "unresolved_complaint": unresolved_complaint,
    "long_wait": long_wait,
    "fee_rise": fee_rise,
    "manager_left": manager_left,
    "app_outage": app_outage,
    "competitor_rate": competitor_rate,
}

UNITS = {
    "unresolved_complaint": "coalesce(area, branch_id, '') || ' ' || month",
    "long_wait": "branch_id",
    "fee_rise": "branch_id",
    "manager_left": "manager_id",
    "app_outage": "incident_id",
    "competitor_rate": "area || ' ' || month",
}
