#!/bin/sh
# Submits one request a line, so many curls at a time, and appends the answers to a file.
#
#   submit-xargs.sh BASE_URL KEY REQUESTS.jsonl ANSWERS JOBS
url="$1/contents/generations/tasks" key="$2" requests="$3" answers="$4" jobs="$5"
tr '\n' '\0' <"$requests" |
  xargs -0 -n 1 -P "$jobs" curl -sS --fail -w '\n' "$url" \
    -H "Authorization: Bearer $key" -H 'Content-Type: application/json' --data-raw >>"$answers"
