#!/usr/bin/env bash
# Installs the servers that are missing, starts moto (an AWS in memory) on a free
# loopback port, and runs the tests, which start the other servers as they need them.
# Everything is stopped at the end, and its data removed, also on failure.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p .cache

need() { # a command, and the Debian package that has it
  command -v "$1" >/dev/null && return
  echo "installing $2"
  sudo=$([ "$(id -u)" = 0 ] || echo sudo)
  $sudo apt-get update -qq
  # Its service need not start: the tests start servers of their own.
  $sudo env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -qq --no-install-recommends "$2" >/dev/null
}
kinesis_local=.cache/kinesis-local/node_modules/kinesis-local
if [ "${ONLY:-}" != moto ]; then # as make commands has it
  need redis-server redis-server
  need redis-cli redis-tools
  need memcached memcached
  need npm npm
  need zsh zsh
  need fish fish
  need mandoc mandoc
  need groff groff-base
  [ -e /usr/share/bash-completion/bash_completion ] || need bash_completion bash-completion # which is no command
  if [ ! -e $kinesis_local/main.js ]; then
    echo "installing kinesis-local into .cache"
    npm install --silent --no-audit --no-fund --prefix .cache/kinesis-local kinesis-local@0.6.2
  fi
  need chromium chromium
  browser=.cache/browser
  if [ ! -e $browser/node_modules/axe-core ]; then
    echo "installing playwright-core and axe-core into $browser"
    npm install --silent --no-audit --no-fund --prefix $browser playwright-core@1.64.1 axe-core@4.11.0
  fi
  CHROMIUM=$(command -v chromium)
  export CHROMIUM BROWSER_TOOLS=$PWD/$browser
  bash integration/opensearch.sh .cache/opensearch
  bash integration/kafka.sh .cache/kafka # after OpenSearch, which installs java and mvn
  export KAFKA_HOME=$PWD/.cache/kafka
  # These need no server.
  bash integration/template.sh .cache/templates
  bash integration/completion.sh
  bash integration/man.sh
  bash integration/pattern.sh .cache/pattern-oracle
fi

# The versions that the tests were written with, whatever else there is.
python=$PWD/.cache/python
if ! cmp -s integration/requirements.txt "$python/requirements.txt"; then
  echo "installing moto and the AWS CLI into .cache/python"
  python3 -m venv --clear "$python"
  "$python/bin/pip" install --quiet --disable-pip-version-check -r integration/requirements.txt
  cp integration/requirements.txt "$python/"
fi
PATH=$python/bin:$PATH
moto=$(command -v moto_server)

data=$(mktemp -d)
mkdir "$data/pids" # a file for each server that runs, by process id
stop() {
  for pid in $(ls "$data/pids"); do
    kill -KILL "$pid" 2>/dev/null || true
  done
  rm -rf "$data"
}
trap stop EXIT
trap 'exit 130' INT TERM

if [ "${ONLY:-}" != moto ]; then
  # OpenSearch refuses to run as root, and whoever it runs as must get at its files.
  chmod 711 "$data"
  cp -r .cache/opensearch "$data/opensearch"
  chmod -R a+rX "$data/opensearch"
fi

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
MOTO_ENABLE_RECORDING=true MOTO_RECORDER_FILEPATH="$data/recording" \
  "$moto" -H 127.0.0.1 -p "$port" >.cache/moto.log 2>&1 &
pid=$!
disown # nobody need be told that it was killed
touch "$data/pids/$pid"

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

export FANOUT_SERVERS="$data" KINESIS_LOCAL="$PWD/$kinesis_local" MOTO_SERVER="$moto"
export AWS_ENDPOINT_URL="http://127.0.0.1:$port" AWS_REGION=eu-west-1
export AWS_ACCESS_KEY_ID=made-up AWS_SECRET_ACCESS_KEY=made-up
export AWS_EC2_METADATA_DISABLED=true AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
# RUN=Redis, say, runs the tests with that name alone.
"${GO:-go}" test -count=1 ${VERBOSE--v} -tags integration -timeout 8m ${RUN:+-run "$RUN"} ./integration/...
