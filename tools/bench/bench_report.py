"""What benchmarks here share besides running: flags, cores, medians, tables, JSON, and whether runs have the same bits."""

import json
import os
import platform
import re
import statistics
import sys

from bench_run import ROOT


def add_flags(flags, repeat, cluster=True, cores="the first two"):
    """The flags that all have; `cluster`: those of one cluster's size, too; `cores`: what pin does without --cores."""
    flags.add_argument("--repeat", type=int, default=repeat, help="runs of each, in turn; medians are shown")
    if cluster:
        flags.add_argument("--servers", type=int, default=2)
        flags.add_argument("--workers", type=int, default=2)
    flags.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a field of the job")
    flags.add_argument("--cores", help="run all on these: 0,1 or 0-3 (default: %s)" % cores)
    flags.add_argument("--bin", default=os.path.join(ROOT, "bazel-bin"), metavar="DIR", help="where the programs are")
    flags.add_argument("--json", metavar="FILE")


def parse_cores(text):
    """{0, 1, 4} of "0-1,4"; ValueError for anything else."""
    cores = set()
    for part in text.split(","):
        match = re.fullmatch(r"(\d+)(?:-(\d+))?", part)
        if not match or int(match[2] or match[1]) < int(match[1]):
            raise ValueError("--cores %s: expected numbers and ranges, such as 0,1 or 0-3" % text)
        cores.update(range(int(match[1]), int(match[2] or match[1]) + 1))
    return cores


def pin(text, count=2):
    """This process, and all that it starts, run on the cores of `text`; None: on the first `count` that it may use."""
    allowed = os.sched_getaffinity(0)
    cores = set(sorted(allowed)[:count]) if text is None else parse_cores(text)
    if not cores <= allowed:
        raise ValueError("--cores: this process may use %s only" % ",".join(map(str, sorted(allowed))))
    os.sched_setaffinity(0, cores)
    return sorted(cores)


def machine(cores):
    """What a figure depends on, for the report."""
    def first(path, pattern):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                found = re.search(pattern, file.read(), re.M)
                return found[1] if found else ""
        except OSError:
            return ""
    kib = first("/proc/meminfo", r"^MemTotal:\s+(\d+) kB")
    return {"processor": first("/proc/cpuinfo", r"^model name\s*:\s*(.*)$"), "cores": os.cpu_count(),
            "pinned_to": cores, "memory_gib": round(int(kib) / 2**20, 1) if kib else None,
            "kernel": platform.release(), "load_before": os.getloadavg()[0]}


def machine_text(about):
    return "%s, %s cores, pinned to %s, %s GiB, load before %.1f" % (
        about["processor"], about["cores"], ",".join(map(str, about["pinned_to"])), about["memory_gib"],
        about["load_before"])


def middle(values):
    """Median of those that are known; None if none is."""
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def fixed(value, digits=1, unit=""):
    return "-" if value is None else "%.*f%s" % (digits, value, unit)


def table_text(columns, rows):
    """A table for the terminal: the first column to the left, the others to the right."""
    lines = [columns] + [[str(cell) for cell in row] for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    return "\n".join("  ".join(cell.rjust(width) if i else cell.ljust(width)
                               for i, (cell, width) in enumerate(zip(line, widths))).rstrip() for line in lines)


def note(text):
    print(text, file=sys.stderr, flush=True)


def write(path, text):
    if path:
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)


def write_json(path, value):
    write(path, json.dumps(value, indent=1) + "\n")


def exit_code(failures):
    """1 if something failed; says what once more, in a line each."""
    for failure in failures:
        note("FAILED: %s" % failure.splitlines()[0])
    return 1 if failures else 0


class Bits:
    """The parameters that runs of the same job came to."""

    def __init__(self):
        self._runs = {}

    def add(self, job, who, sha256):
        self._runs.setdefault(job, {}).setdefault(sha256, []).append(who)

    def differences(self):
        """A line for each job whose runs differ."""
        return ["%s: the parameters differ: %s" % (job, "; ".join(
            "%s %s" % (sha256[:12], ", ".join(sorted(set(who)))) for sha256, who in sorted(runs.items())))
                for job, runs in sorted(self._runs.items()) if len(runs) > 1]
