"""Failpoints: those that the daemons come by, those that can be set, and those that docs/testing.md names are the same."""
import re

from tree import Finding, top

LIST, TABLE = "common/failpoint.cc", "docs/testing.md"
USE = re.compile(r"PUMASI_FAILPOINT\(\s*\"([^\"]*)\"")
LISTED = re.compile(r"\"([a-z_]+(?:\.[a-z_]+)+)\"")
ROW = re.compile(r"^\| `([a-z_]+(?:\.[a-z_]+)+)` \|")


def names(tree, path, pattern):
    """name: line of its first mention."""
    found = {}
    if path in tree.paths:
        for number, line in tree.lines(path):
            for name in pattern.findall(line):
                found.setdefault(name, number)
    return found


def check(tree):
    listed, documented, used = names(tree, LIST, LISTED), names(tree, TABLE, ROW), {}
    found = []
    for path in tree.cpp():
        if top(path) == "tests" or path == "common/failpoint.h":
            continue
        for match in USE.finditer(tree.text(path)):
            name, line = match[1], tree.text(path).count("\n", 0, match.start()) + 1
            if name in used:
                found.append(Finding(path, line, f"{name}: is in {used[name]}, too"))
            used.setdefault(name, path)
            if name not in listed:
                found.append(Finding(path, line, f"{name}: FailpointNames() does not have it"))
    found += [Finding(LIST, line, f"{name}: nothing comes by it") for name, line in listed.items() if name not in used]
    found += [Finding(TABLE, 1, f"{name}: its table lacks it") for name in listed
              if name in used and name not in documented]
    found += [Finding(TABLE, line, f"{name}: there is no such failpoint") for name, line in documented.items()
              if name not in listed]
    return found
