#!/bin/sh
# Downloads all URLs of a list at once and writes a checksum beside each file. What it does not do: flush, check the
# length, take up what broke, record anything.
#
#   download-curl.sh URLS FOLDER JOBS
folder="$2"
mkdir -p "$folder"
export folder
xargs -n 1 -P "$3" sh -c '
  name=$(basename "${0%%\?*}")
  curl -sS --fail "$0" | tee "$folder/$name" | sha256sum >"$folder/$name.sha256"
' <"$1"
