#!/usr/bin/env python3
"""Keeps the generated tables of docs/*.md true to the schemas.

    docs.py PROGRAM          compares; exits with 1 where a table is out of date
    docs.py PROGRAM --fix    rewrites the tables

PROGRAM: //tools/reference, built. A table stands between "<!-- reference NAME -->" and "<!-- end of reference -->".
"""
import glob
import os
import re
import subprocess
import sys

BLOCK = re.compile(r"(<!-- reference (\w+) -->\n)(.*?)(<!-- end of reference -->)", re.S)
ALL = {"job", "scheduler", "server", "worker", "client", "cluster"}


def main():
    if len(sys.argv) not in (2, 3) or sys.argv[2:] not in ([], ["--fix"]):
        print(__doc__, file=sys.stderr)
        return 2
    program, fix = os.path.abspath(sys.argv[1]), len(sys.argv) == 3
    folder = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..", "docs")
    seen, stale = set(), 0
    for path in sorted(glob.glob(os.path.join(folder, "*.md"))):
        with open(path, encoding="utf-8") as file:
            before = file.read()

        def table(match):
            seen.add(match[2])
            return match[1] + subprocess.run([program, match[2]], check=True, capture_output=True, text=True).stdout + match[4]

        after = BLOCK.sub(table, before)
        if after == before:
            continue
        name = os.path.join("docs", os.path.basename(path))
        if fix:
            with open(path, "w", encoding="utf-8") as file:
                file.write(after)
            print(f"{name}: rewritten")
        else:
            print(f"{name}: not what the schema says; run tools/lint --fix")
            stale += 1
    for name in sorted(ALL - seen):
        print(f"docs/: no table 'reference {name}'")
        stale += 1
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
