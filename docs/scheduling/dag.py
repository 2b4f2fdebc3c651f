"""The customer reports of one bank as an Airflow 3 DAG. Copy it into the DAG folder and set HOME, BANK and ZONE."""

from datetime import timedelta

import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

HOME, BANK, ZONE = "/srv/customer-research", "mybank", "Asia/Shanghai"
MONTH_END = f'{{{{ data_interval_end.in_timezone("{ZONE}").start_of("month").subtract(days=1).to_date_string() }}}}'
CRM = f"umask 077 && cd {HOME} && exec .venv/bin/crm"

with DAG(
    f"customer_reports_{BANK}",
    schedule="0 6 1-10 * *",
    start_date=pendulum.datetime(2025, 1, 1, tz=ZONE),
    catchup=False,
    max_active_runs=1,
    default_args={"env": {"CRM_HOME": HOME}, "append_env": True, "execution_timeout": timedelta(hours=4)},
) as dag:
    # exit 1 (a report failed) and 2 (the delivery is not there) fail the task; what is tried again is what failed
    report = BashOperator(
        task_id="report", bash_command=f"{CRM} report {BANK} --as-of {MONTH_END}", retries=2, retry_delay=timedelta(hours=2)
    )
    verify = BashOperator(task_id="verify", bash_command=f"{CRM} verify {BANK} --as-of {MONTH_END}")
    report >> verify
