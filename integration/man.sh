#!/usr/bin/env bash
# Checks the manual pages that bin/fanout writes, with mandoc and groff: neither may
# warn of anything.
set -euo pipefail
cd "$(dirname "$0")/.."

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
bin/fanout man "$out/man1"
bin/fanout man "$out/again"
diff -r "$out/man1" "$out/again"

{ # A build from outside a repository knows no date.
  mandoc -T lint -W warning "$out"/man1/*.1 | grep -v 'missing date' || true
  for page in "$out"/man1/*.1; do
    groff -ww -k -man -Tutf8 "$page" 2>&1 >/dev/null
  done
} >"$out/warnings"
if [ -s "$out/warnings" ]; then
  cat "$out/warnings" >&2
  exit 1
fi
echo "mandoc and groff find nothing in $(ls "$out/man1" | wc -l) manual pages"
