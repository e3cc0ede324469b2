#!/usr/bin/env bash
# Checks the modules in this folder: the tests of both, terraform fmt where there is a
# terraform, and cfn-lint on what the example of the CDK construct makes. What is missing is
# installed below .cache.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=.cache/templates cdk=.cache/cdk

"${GO:-go}" test -count=1 -run TestModule ./internal/provision/template
terraform=$(command -v terraform || command -v tofu || true)
if [ -n "$terraform" ]; then
  TF_CLI_CONFIG_FILE=/dev/null "$terraform" fmt -check -diff -recursive deploy/terraform 2>/dev/null
  echo "$(basename "$terraform") fmt changes nothing"
else
  echo "there is no terraform, so nothing was planned"
fi

if [ ! -x "$venv/bin/cfn-lint" ]; then
  echo "installing cfn-lint and aws-sam-translator into $venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check cfn-lint==1.58.0 aws-sam-translator==1.115.0
fi
mkdir -p $cdk
rm -rf $cdk/lib $cdk/test $cdk/example $cdk/build $cdk/cdk.out
cp -r deploy/cdk/{package.json,tsconfig.json,lib,test,example} $cdk/
lint=$PWD/$venv/bin/cfn-lint
export FANOUT_SOURCE=$PWD FANOUT_PACKAGE=fanout-arm64.zip
cd $cdk
npm install --silent --no-audit --no-fund --no-package-lock --ignore-scripts
npm test --silent
: >$FANOUT_PACKAGE # the example needs a file, whatever is in it
npm run --silent synth
# The CDK repeats dependencies.
"$lint" --regions eu-west-1 --ignore-checks W3005 --template cdk.out/*.template.json
echo "cfn-lint finds nothing in $(ls cdk.out/*.template.json | wc -l) templates"
