#!/usr/bin/env python3
"""Checks the source tree.

    lint.py [--root FOLDER] CHECK...

CHECK: arrows, visibility, lengths, waits, machine_paths, links, failpoints or format. Prints "FILE:LINE: objection" and exits with 1 if there is one.
"""
import importlib
import os
import sys

from tree import Tree

CHECKS = ["arrows", "visibility", "lengths", "waits", "machine_paths", "links", "failpoints", "format"]


def main(arguments):
    root = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..")
    if arguments[:1] == ["--root"]:
        root, arguments = arguments[1], arguments[2:]
    if not arguments or any(name not in CHECKS for name in arguments):
        print(__doc__, file=sys.stderr)
        return 2
    tree = Tree(os.path.realpath(root))
    if "WORKSPACE" not in tree.paths:
        print(f"{tree.root} is not the source tree: it has no WORKSPACE", file=sys.stderr)
        return 2
    objections = 0
    for name in arguments:
        for finding in importlib.import_module(name).check(tree):
            print(f"{finding.path}:{finding.line}: {finding.text}")
            objections += 1
    print(f"{', '.join(arguments)}: {objections or 'no'} objection{'' if objections == 1 else 's'} in {len(tree.paths)} files")
    return 1 if objections else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
