"""A daemon's inside is seen by itself and by tests alone; the worker's also by tools, and both the server's and the worker's by
member/, which makes one program of them. Only programs are public."""
import ast

from tree import Finding, top

MAY_SEE = {"server": {"server", "member"}, "scheduler": {"scheduler"}, "worker": {"worker", "tools", "member"},
           "member": {"member"}}


def strings(node, names):
    """The strings of a list, a name that stands for one, or a sum of such. None: not understood."""
    if isinstance(node, ast.List) and all(isinstance(item, ast.Constant) for item in node.elts):
        return [item.value for item in node.elts]
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = strings(node.left, names), strings(node.right, names)
        return None if left is None or right is None else left + right
    return None


def check_file(tree, path):
    daemon = top(path)
    names = {}
    for statement in ast.parse(tree.text(path), path).body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            names[statement.targets[0].id] = strings(statement.value, names)
        for call in (node for node in ast.walk(statement) if isinstance(node, ast.Call)):
            rule = call.func.id if isinstance(call.func, ast.Name) else ""
            for keyword in call.keywords:
                if keyword.arg not in ("visibility", "default_visibility"):
                    continue
                labels = strings(keyword.value, names)
                if labels is None:
                    yield Finding(path, keyword.value.lineno, "visibility has to be a plain list of labels")
                    continue
                for label in labels:
                    seer = label.removeprefix("//").split("/")[0].split(":")[0]
                    program = rule == "cc_binary" and label == "//visibility:public"
                    private = label in ("//visibility:private", ":__pkg__", ":__subpackages__")
                    if not program and not private and seer not in MAY_SEE[daemon] | {"tests"}:
                        yield Finding(path, keyword.value.lineno, f"{label} must not see the inside of {daemon}/")


def check(tree):
    found = []
    for path in tree.build_files():
        if top(path) not in MAY_SEE:
            continue
        try:
            found += check_file(tree, path)
        except SyntaxError as error:
            found.append(Finding(path, error.lineno or 1, f"cannot be read: {error.msg}"))
    return found
