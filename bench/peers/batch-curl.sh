#!/usr/bin/env bash
# A batch in a shell: one job a request line, run by GNU parallel or xargs; each creates with curl, asks until its task
# has ended, and downloads. What it does not do: as batch.mjs; parallel's log remembers which jobs have ended, not what
# those that have not have paid for.
#
#   batch-curl.sh BASE_URL KEY REQUESTS.jsonl FOLDER CONCURRENCY POLL_MS parallel|xargs
export url="$1/contents/generations/tasks" key="$2" folder="$4"
requests="$3" jobs="$5" runner="$7"
pause=$(printf '%d.%03d' $(($6 / 1000)) $(($6 % 1000)))
export pause

# The first text of that name in an answer.
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
export -f field

make_video() {
  local id task status
  id=$(curl -sS --fail --retry 5 "$url" -H "Authorization: Bearer $key" -H 'Content-Type: application/json' \
    --data-raw "$1" | field id) || return 1
  while :; do
    sleep "$pause"
    task=$(curl -sS --fail --retry 5 "$url/$id" -H "Authorization: Bearer $key") || return 1
    status=$(field status <<<"$task")
    case $status in
      queued | running) ;;
      succeeded) curl -sS --fail --retry 5 -o "$folder/$id.mp4" "$(field video_url <<<"$task")" && return ;;
      *) return 1 ;;
    esac
  done
}
export -f make_video

mkdir -p "$folder"
if [ "$runner" = parallel ]; then
  parallel --will-cite -j "$jobs" --joblog "$folder/joblog" make_video {} :::: "$requests"
else
  tr '\n' '\0' <"$requests" | xargs -0 -n 1 -P "$jobs" bash -c 'make_video "$1"' make_video
fi
