"""The jobs that benchmarks train, and where their data comes from."""

import csv
import os
import re
import sys

from bench_run import Failure, ROOT, run

JOBS = os.path.join(ROOT, "configs", "jobs")
DATA = re.compile(r"\b(train|test): *([^\s,}#]+)")

# The least job that trains: one batch.
TINY = """name: tiny
data:
  synthetic: {rows: 16, words: 5, vocabulary: 100, classes: 2}
model: [{embedding: {width: 8}}, {lstm: {units: 8}}, {dense: {activation: softmax}}]
optimizer: {adam: {}}
batch: 16
"""


class Missing(Exception):
    """The job's data is not here; the text says what would bring it."""


def job_path(name):
    return os.path.join(JOBS, name + ".yaml")


def data_files(job):
    """{"data.train": path, "data.test": path}, as far as the job names files (not a folder or a glob)."""
    with open(job, encoding="utf-8") as file:
        lines = [line.split("#")[0] for line in file]
    found = DATA.findall("\n".join(lines))
    return {"data." + key: os.path.normpath(os.path.join(os.path.dirname(job), path)) for key, path in found}


def made_sections(folder):
    """Settings of data that tools/sections_data makes in `folder`, once. Raises Missing."""
    files = {"data." + name: os.path.join(folder, name + ".csv") for name in ("train", "test")}
    if not all(os.path.exists(path) for path in files.values()):
        try:
            run([sys.executable, "-B", os.path.join(ROOT, "tools", "sections_data"), folder], within=120)
        except Failure as failure:
            raise Missing("build/sections is not there and cannot be made: %s" % failure) from failure
    return ["%s=%s" % file for file in files.items()]


def data_settings(job, settings, scratch):
    """Settings that lead the job to its data: none where it is in place. Raises Missing."""
    given = {setting.split("=", 1)[0] for setting in settings}
    files = {key: path for key, path in data_files(job).items() if key not in given}
    missing = sorted(path for path in files.values() if not os.path.exists(path) and not set(path) & set("*?["))
    if not missing:
        return []
    if all(path.startswith(os.path.join(ROOT, "build", "sections") + os.sep) for path in files.values()):
        return made_sections(os.path.join(scratch, "sections"))
    raise Missing("there is no %s" % missing[0])


def first_rows(job, settings, rows, scratch):
    """Settings with only the first rows of the data files that job and settings name; for quick trials."""
    files = {**data_files(job), **dict(setting.split("=", 1) for setting in settings if setting.startswith("data.t"))}
    short = []
    for key, path in files.items():
        cut = os.path.join(scratch, "short-%s-%s" % (os.path.basename(job), os.path.basename(path)))
        with open(path, newline="", encoding="utf-8") as file, open(cut, "w", newline="", encoding="utf-8") as out:
            csv.writer(out).writerows(row for _, row in zip(range(rows + 1), csv.reader(file)))
        short.append("%s=%s" % (key, cut))
    return short
