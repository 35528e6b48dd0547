"""C++ looks as clang-format (.clang-format) leaves it. `tools/lint --fix` formats."""
import re
import subprocess

from tree import Finding

FILES_AT_ONCE = 40
ERROR = re.compile(r"^(.+?):(\d+):\d+: error: code should be clang-formatted", re.M)


def check(tree):
    first = {}
    files = tree.cpp()
    for start in range(0, len(files), FILES_AT_ONCE):
        command = ["clang-format", "--dry-run", "-Werror", *files[start:start + FILES_AT_ONCE]]
        run = subprocess.run(command, cwd=tree.root, capture_output=True, text=True, check=False)
        objections = ERROR.findall(run.stderr)
        if run.returncode != 0 and not objections:
            return [Finding(".clang-format", 1, run.stderr.strip())]
        for path, line in objections:
            first.setdefault(path, int(line))
    return [Finding(path, line, "clang-format would change it; tools/lint --fix does") for path, line in sorted(first.items())]
