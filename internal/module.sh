#!/bin/sh
# Renames the module: module.sh PATH, in the root of a checkout.
set -eu
new=$1
old=$(sed -n 's/^module //p' go.mod)
case $new in
  "$old") exit 0 ;;
  *[!A-Za-z0-9./_~-]* | /* | */ | '')
    echo "make module PATH=$new: write a module path, such as PATH=github.com/you/fanout" >&2
    exit 2 ;;
esac
folders='bench|cmd|command|engine|examples|extra|integration|internal|lambda|sinks|stages'
git ls-files -z '*.go' | xargs -0 sed -i -E "s#([\" ])$old/($folders)#\\1$new/\\2#g; s#\"$old/\"#\"$new/\"#g"
sed -i "s#^module .*#module $new#" go.mod
sed -i -E "s#^((require|replace) |\t)$old (v|=>)#\1$new \3#" examples/extension/go.mod
sed -i "s#local-prefixes: \[.*\]#local-prefixes: [$new]#" .golangci.yml
sed -i "s#--ignore $old #--ignore $new #" Makefile
echo "the module is $new; run make lint and make test"
