#!/usr/bin/env bash
# Checks the templates that `fanout template` writes, as the golden files have them:
# cfn-lint, the SAM translator, cfn-lint on what that makes, and terraform fmt where
# there is a terraform. What is missing is installed below the folder given.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${1:-.cache/templates}
golden=cmd/fanout/internal/template/testdata

if [ ! -x "$venv/bin/cfn-lint" ]; then
  echo "installing cfn-lint and aws-sam-translator into $venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check cfn-lint==1.58.0 aws-sam-translator==1.115.0
fi

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
"$venv/bin/python" integration/sam.py $golden/*.sam.yaml "$out"
"$venv/bin/cfn-lint" --regions eu-west-1 --template $golden/small.*.yaml "$out/small.sam.json"
"$venv/bin/cfn-lint" --regions cn-north-1 --template $golden/full.*.yaml "$out/full.sam.json"
echo "cfn-lint finds nothing in $(ls $golden/*.yaml "$out"/*.json | wc -l) templates"

terraform=$(command -v terraform || command -v tofu || true)
if [ -n "$terraform" ]; then
  TF_CLI_CONFIG_FILE=/dev/null "$terraform" fmt -check -diff $golden 2>"$out/terraform.log" || {
    cat "$out/terraform.log" >&2
    exit 1
  }
  echo "$(basename "$terraform") fmt changes nothing"
else
  echo "there is no terraform; the unit tests hold the layout to that of its formatter"
fi
