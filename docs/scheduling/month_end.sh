#!/bin/sh
# Publishes the month that ended last: month_end.sh BANK [MARK]
# MARK is a file that the bank's delivery writes last. While it is not there, nothing is run and the exit code is 75.
set -eu
: "${CRM_HOME:?set it to the project's folder}"
umask 077
bank=$1
month_end=$(date -d "$(date +%Y-%m-01) -1 day" +%F)
echo "$(date '+%F %T %z') $bank as of $month_end"
if [ -n "${2:-}" ] && [ ! -e "$2" ]; then
  echo "the delivery is not complete: $2 is not there"
  exit 75
fi
cd "$CRM_HOME"
exec .venv/bin/crm report "$bank" --as-of "$month_end"
