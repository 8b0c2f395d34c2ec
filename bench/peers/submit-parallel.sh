#!/bin/sh
# The same with GNU parallel, which keeps a log of its jobs (--resume would skip those that are in it) and repeats what
# failed: a create whose answer was lost is bought again.
#
#   submit-parallel.sh BASE_URL KEY REQUESTS.jsonl ANSWERS JOBS
url="$1/contents/generations/tasks" key="$2" requests="$3" answers="$4" jobs="$5"
parallel --will-cite -j "$jobs" --joblog "$answers.joblog" --retries 3 \
  curl -sS --fail -w '"\n"' "$url" \
  -H "'Authorization: Bearer $key'" -H "'Content-Type: application/json'" --data-raw {} :::: "$requests" >>"$answers"
