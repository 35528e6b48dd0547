"""Links between our Markdown files, and to files, lead somewhere."""
import os
import re

from tree import Finding

LINK = re.compile(r"\]\(([^)\s]+)\)|<img[^>]*\bsrc=\"([^\"]+)\"")


def anchors(text):
    """Headings as GitHub names them."""
    names = set()
    for line in re.sub(r"^```.*?^```", "", text, flags=re.M | re.S).split("\n"):
        if line.startswith("#"):
            title = line.lstrip("#").strip().lower()
            names.add(re.sub(r"[^\w\- ]", "", title).replace(" ", "-"))
    return names


def check(tree):
    found = []
    for path in tree.ending(".md"):
        for number, line in tree.lines(path):
            for target in (a or b for a, b in LINK.findall(line)):
                if re.match(r"[a-z]+:", target):
                    continue
                file, _, anchor = target.partition("#")
                where = os.path.normpath(os.path.join(os.path.dirname(path), file)) if file else path
                if not os.path.exists(os.path.join(tree.root, where)):
                    found.append(Finding(path, number, f"{target}: there is no {where}"))
                elif anchor and where.endswith(".md") and anchor not in anchors(tree.text(where)):
                    found.append(Finding(path, number, f"{target}: {where} has no such heading"))
    return found
