"""No sleeping: waits are for an event, and have a deadline."""
import re

from tree import Finding

# Calls in C++ and Python, and the shell's command.
CALL = re.compile(r"\b(?:(?:u|nano|clock_nano)?sleep|sleep_for|sleep_until|SleepFor)\s*\(")
COMMAND = re.compile(r"(?:^|[;&|({]|\bdo\b|\bthen\b)\s*sleep\s+[0-9.$]")


def check(tree):
    found = []
    for path in tree.cpp():
        found += [Finding(path, n, "sleeps; wait for an event, with a deadline") for n, line in tree.lines(path)
                  if CALL.search(line.split("//")[0])]
    for path in tree.scripts():
        found += [Finding(path, n, "sleeps; wait for an event, with a deadline") for n, line in tree.lines(path)
                  if CALL.search(line.split("#")[0]) or COMMAND.search(line.split("#")[0])]
    return found
