// pumasi completion: scripts for shells. The commands stand in main.cc; completion_test compares.
#include <cstdio>

#include "common/exit_code.h"
#include "tools/cli/commands.h"

namespace pumasi {
namespace {

const char kBash[] = R"bash(# Completes pumasi's commands and flags; flags are read from the command's own --help.
_pumasi() {
  local word="${COMP_WORDS[COMP_CWORD]}"
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "$(pumasi --help 2>/dev/null | sed -n '/^Subcommands:/,/^$/s/^  \([a-z]*\) .*/\1/p')" -- "$word"))
  elif [[ "$word" == -* ]]; then
    COMPREPLY=($(compgen -W "$(pumasi "${COMP_WORDS[1]}" --help 2>/dev/null | grep -o -- '--[a-z-]*' | sort -u)" -- "$word"))
  else
    COMPREPLY=($(compgen -f -- "$word"))
  fi
}
complete -o filenames -F _pumasi pumasi
)bash";

const char kZsh[] = "autoload -U +X bashcompinit && bashcompinit\n";

}  // namespace

int Completion(const std::string& shell) {
  if (shell == "zsh") std::printf("%s", kZsh);
  std::printf("%s", kBash);
  return kExitOk;
}

}  // namespace pumasi
