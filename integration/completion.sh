#!/usr/bin/env bash
# Installs the completion of bin/fanout for real shells, in the places that
# `fanout completion --help` names, and presses TAB in each of them.
set -euo pipefail
cd "$(dirname "$0")/.."
fanout=$PWD/bin/fanout

home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
export HOME=$home PATH=$(dirname "$fanout"):$PATH TERM=xterm LC_ALL=C.UTF-8
unset XDG_DATA_HOME XDG_CONFIG_HOME BASH_COMPLETION_USER_DIR ZDOTDIR
mkdir -p "$HOME/.local/share/bash-completion/completions" "$HOME/.zfunc" "$HOME/.config/fish/completions"

fanout completion bash >"$HOME/.local/share/bash-completion/completions/fanout"
cat >"$HOME/.bashrc" <<'RC'
. /usr/share/bash-completion/bash_completion
PS1='READY> '
RC
fanout completion zsh >"$HOME/.zfunc/_fanout"
cat >"$HOME/.zshrc" <<'RC'
fpath=(~/.zfunc $fpath)
autoload -U compinit; compinit -u
PS1='READY> '
RC
fanout completion fish >"$HOME/.config/fish/completions/fanout.fish"
cat >"$HOME/.config/fish/config.fish" <<'RC'
set -g fish_greeting
function fish_prompt; echo -n 'READY> '; end
RC

python3 integration/complete.py bash bash --noprofile --rcfile "$HOME/.bashrc" -i
python3 integration/complete.py zsh zsh -d -i
python3 integration/complete.py fish fish -i
