"""No source file over 400 lines: one concept a file."""
from tree import Finding

MOST = 400


def check(tree):
    found = []
    for path in tree.code():
        lines = tree.text(path).count("\n")
        if lines > MOST:
            found.append(Finding(path, MOST + 1, f"{lines} lines; at most {MOST}: one concept a file"))
    return found
