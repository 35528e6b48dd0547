#!/usr/bin/env bash
# Runs a test of this folder as a bazel test: this file is a link into the source tree, where the scripts' modules lie.
here=$(dirname "$(readlink -f "$0")")
PYTHONPATH=$here/../../tools/bench exec python3 -B "$here/$1"
