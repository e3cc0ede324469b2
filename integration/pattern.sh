#!/usr/bin/env bash
# Compares internal/pattern with event-ruler of AWS, which is fetched into the folder $1.
# PAIRS and SEED choose the random pairs.
set -euo pipefail
cd "$(dirname "$0")/.."
home=${1:-.cache/pattern-oracle}
oracle=internal/pattern/testdata/oracle

for tool in javac mvn; do
  command -v $tool >/dev/null && continue
  sudo=$([ "$(id -u)" = 0 ] || echo sudo)
  $sudo apt-get update -qq
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends default-jdk-headless maven >/dev/null
  break
done

mkdir -p "$home"
home=$(cd "$home" && pwd)
if ! cmp -s $oracle/pom.xml "$home/pom.xml"; then
  echo "installing event-ruler into $home"
  rm -rf "$home/lib"
  mvn -q -B -Dstyle.color=never -f $oracle/pom.xml dependency:copy-dependencies -DoutputDirectory="$home/lib" -DincludeScope=runtime
  cp $oracle/pom.xml "$home/"
fi

FANOUT_PATTERN_ORACLE="$home/lib" "${GO:-go}" test -count=1 -v -tags integration -timeout 20m -run TestOracle ./internal/pattern \
  -args ${PAIRS:+-pairs "$PAIRS"} ${SEED:+-seed "$SEED"}
