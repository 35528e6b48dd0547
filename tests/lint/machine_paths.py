"""No paths that only one machine has."""
import re

from tree import Finding

HOME = re.compile(r"(?<![\w.$}*])/(?:root|home|Users|work|farm)/")


def check(tree):
    found = []
    for path in tree.paths:
        if path.endswith((".svg", ".csv")):
            continue
        for number, line in tree.lines(path):
            if match := HOME.search(line):
                found.append(Finding(path, number, f"a path of one machine: {line[match.start():match.start() + 40]}"))
    return found
