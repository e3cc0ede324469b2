#!/usr/bin/env bash
# Starts moto, an AWS in memory, on a free loopback port, runs the tests against it,
# and stops it. Installs it below .cache if it is missing.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p .cache

moto=$(command -v moto_server || true)
if [ -z "$moto" ]; then
  venv=.cache/moto
  moto=$venv/bin/moto_server
  if [ ! -x "$moto" ]; then
    echo "installing moto into $venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check 'moto[server]==5.2.1'
  fi
fi

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$moto" -H 127.0.0.1 -p "$port" >.cache/moto.log 2>&1 &
pid=$!
trap 'kill "$pid" 2>/dev/null; wait "$pid" 2>/dev/null || true' EXIT

for ((tries = 0; ; tries++)); do
  if (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
    break
  fi
  if ((tries == 300)) || ! kill -0 "$pid" 2>/dev/null; then
    echo "moto_server does not answer; its log is .cache/moto.log:" >&2
    tail -n 20 .cache/moto.log >&2
    exit 1
  fi
  sleep 0.1
done
echo "moto_server answers on http://127.0.0.1:$port; its log is .cache/moto.log"

export AWS_ENDPOINT_URL="http://127.0.0.1:$port" AWS_REGION=eu-west-1
export AWS_ACCESS_KEY_ID=made-up AWS_SECRET_ACCESS_KEY=made-up
export AWS_EC2_METADATA_DISABLED=true AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
"${GO:-go}" test -count=1 -v -tags integration ./integration/...
