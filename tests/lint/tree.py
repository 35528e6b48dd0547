"""The source tree as the checks see it. Needs no version control: a checked-out copy or an unpacked archive is the same."""
import collections
import os

# What a check objects to.
Finding = collections.namedtuple("Finding", "path line text")

# Made by builds and runs, never source.
MADE = {"build", "pumasi-runs", ".git", "__pycache__"}


class Tree:
    def __init__(self, root):
        self.root = root
        self.paths = []
        for folder, folders, files in os.walk(root):
            relative = os.path.relpath(folder, root)
            at_top = relative == "."
            folders[:] = sorted(f for f in folders if f not in MADE and not (at_top and f.startswith("bazel-")))
            for name in sorted(files):
                path = name if at_top else os.path.join(relative, name)
                if os.path.isfile(os.path.join(root, path)):
                    self.paths.append(path)

    def text(self, path):
        with open(os.path.join(self.root, path), encoding="utf-8", errors="replace") as file:
            return file.read()

    def lines(self, path):
        """(number, line) of each line."""
        return enumerate(self.text(path).split("\n"), start=1)

    def ending(self, *ends):
        return [path for path in self.paths if path.endswith(ends)]

    def cpp(self):
        return self.ending(".h", ".cc")

    def build_files(self):
        return [path for path in self.paths if os.path.basename(path) == "BUILD"]

    def scripts(self):
        """Programs without an ending, by their first line, and the like with one."""
        found = self.ending(".py", ".sh", ".bzl")
        for path in self.paths:
            if "." not in os.path.basename(path) and self.text(path).startswith("#!"):
                found.append(path)
        return sorted(found)

    def code(self):
        return sorted(self.cpp() + self.ending(".proto") + self.scripts())


def top(path):
    return path.split("/")[0]
