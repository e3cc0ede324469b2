#!/usr/bin/env bash
# Checks the templates that `fanout template` writes, as the golden files have them and
# as bin/fanout prints them: cfn-lint, the SAM translator, cfn-lint on what that makes,
# and terraform fmt where there is a terraform. What is missing is installed below the folder given.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${1:-.cache/templates}
golden=internal/provision/template/testdata

if [ ! -x "$venv/bin/cfn-lint" ]; then
  echo "installing cfn-lint and aws-sam-translator into $venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check cfn-lint==1.58.0 aws-sam-translator==1.115.0
fi

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

mkdir "$out/printed"
cat >"$out/targets.yaml" <<'EOF'
targets:
  - {sourceArn: "arn:aws:kinesis:eu-west-1:123456789012:stream/clicks", id: archive, type: firehose, destination: clicks-archive, active: true}
  - {sourceArn: "arn:aws:kinesis:eu-west-1:123456789012:stream/clicks", id: queue, type: sqs, destination: "arn:aws:sqs:eu-west-1:210987654321:q", active: true, role: "arn:aws:iam::210987654321:role/r"}
  - {sourceArn: "arn:aws:sns:eu-west-1:123456789012:alerts", id: pager, type: lambda, destination: pager, active: true}
EOF
for form in sam.yaml cloudformation.yaml terraform.tf; do
  bin/fanout template --format "${form%.*}" --targets "$out/targets.yaml" --ledger-table ledger --memory 256 \
    --subnet subnet-0123456789abcdef0 --security-group sg-0123456789abcdef0 --batch-size 1000 --filter '{"data": {"a": [1]}}' \
    --alarms arn:aws:sns:eu-west-1:123456789012:oncall --dashboard \
    --output-file "$out/printed/printed.$form"
done

"$venv/bin/python" integration/sam.py $golden/*.sam.yaml "$out/printed/printed.sam.yaml" "$out"
"$venv/bin/cfn-lint" --regions eu-west-1 --template $golden/small.*.yaml $golden/watched.*.yaml "$out/small.sam.json" "$out/watched.sam.json" \
  "$out"/printed/*.yaml "$out/printed.sam.json"
"$venv/bin/cfn-lint" --regions cn-north-1 --template $golden/full.*.yaml "$out/full.sam.json"
echo "cfn-lint finds nothing in $(ls $golden/*.yaml "$out"/printed/*.yaml "$out"/*.json | wc -l) templates"

terraform=$(command -v terraform || command -v tofu || true)
if [ -n "$terraform" ]; then
  TF_CLI_CONFIG_FILE=/dev/null "$terraform" fmt -check -diff $golden "$out/printed" 2>"$out/terraform.log" || {
    cat "$out/terraform.log" >&2
    exit 1
  }
  echo "$(basename "$terraform") fmt changes nothing"
else
  echo "there is no terraform; the unit tests hold the layout to that of its formatter"
fi
