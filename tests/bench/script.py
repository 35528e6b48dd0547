"""Loads a script of tools/bench, whose name has no ending, as a module."""
import importlib.machinery
import importlib.util
import os

FOLDER = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..", "tools", "bench")


def load(name):
    loader = importlib.machinery.SourceFileLoader("script_" + name, os.path.join(FOLDER, name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module
