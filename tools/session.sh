# Sourced by tools/quickstart and tools/test. However the script ends, what it started ends with it.
#
#   run COMMAND...   runs a command in a session of its own; a signal to the script ends it
#   bazel_run ...    the same for bazel; its server is shut down at the end, unless it ran before the script did
#
# Ctrl-C: exit code 130. SIGTERM: 143.

child=
server_is_ours=

# Whether a bazel server runs for this folder. (Its files lie under a name that only bazel itself knows for sure.)
bazel_server_runs() { grep -qszxF -- "--workspace_directory=$PWD" /proc/[0-9]*/cmdline; }

run() {
  # A session of its own: a Ctrl-C at the terminal comes to the script alone, which passes it on once.
  setsid "$@" </dev/null &
  child=$!
  local code=0
  wait "$child" || code=$?
  child=
  return "$code"
}

bazel_run() {
  if [ -z "$server_is_ours" ]; then
    if bazel_server_runs; then server_is_ours=no; else server_is_ours=yes; fi
  fi
  run bazel "$@"
}

on_signal() {
  trap '' INT TERM HUP
  if [ -n "$child" ]; then
    kill -TERM "$child" 2>/dev/null || true
    wait "$child" 2>/dev/null || true
  fi
  exit "$1"
}

on_exit() {
  trap '' INT TERM HUP
  if [ "$server_is_ours" = yes ]; then bazel shutdown >/dev/null 2>&1 </dev/null || true; fi
}

trap 'on_signal 130' INT
trap 'on_signal 143' TERM
trap 'on_signal 129' HUP
trap on_exit EXIT
