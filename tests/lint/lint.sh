#!/usr/bin/env bash
# Runs a script of this folder as a bazel test: this file is a link into the source tree, which is what is checked.
here=$(dirname "$(readlink -f "$0")")
script=$1
shift
exec python3 -B "$here/$script" "$@"
