"""proto <- common <- ops <- {server, worker, scheduler} <- tools, in includes and in BUILD files. Daemons meet in proto/ only; member/
makes one program of a worker and a server."""
import re

from tree import Finding, top

LOWER = {"proto", "common", "ops"}
# Each folder and what it may use. tests/ may use everything.
ALLOWED = {
    "proto": {"proto"},
    "common": {"proto", "common"},
    "ops": LOWER,
    "server": LOWER | {"server"},
    "worker": LOWER | {"worker"},
    "scheduler": LOWER | {"scheduler"},
    "member": LOWER | {"worker", "server", "member"},
    # The CLI reads text and evaluates models as a worker does; it never needs a daemon's own state.
    "tools": LOWER | {"worker", "tools"},
}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"/]+)/')
LABEL = re.compile(r'"//([a-z_]+)[/:]([^"]*)"')


def check(tree):
    found = []
    for path in tree.cpp():
        for number, line in tree.lines(path):
            match = INCLUDE.match(line)
            if match and match[1] in ALLOWED and match[1] not in ALLOWED.get(top(path), set(ALLOWED)):
                found.append(Finding(path, number, f"{top(path)}/ must not include {match[1]}/"))
    for path in tree.build_files():
        for number, line in tree.lines(path):
            for folder, rest in LABEL.findall(line.split("#")[0]):
                seen_by = rest.endswith(("__pkg__", "__subpackages__"))  # a visibility, not a dependency
                if not seen_by and folder in ALLOWED and folder not in ALLOWED.get(top(path), set(ALLOWED)):
                    found.append(Finding(path, number, f"{top(path)}/ must not depend on //{folder}"))
    return found
