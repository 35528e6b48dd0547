"""Runs `pumasi train` for a benchmark, and says what it cost: speed, bytes, memory, and when what happened."""

import datetime
import json
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# Where a build leaves the programs, below its folder of outputs.
PLACES = {"pumasi": "tools/cli", "pumasi-scheduler": "scheduler", "pumasi-server": "server", "pumasi-worker": "member",
          "ops": "tools/bench", "allreduce_rank": "tools/bench"}
STATE = re.compile(r"^(\S+)Z +\w+ +\S+ job=\S+ epoch=\d+ "
                   r"(PREPARING|ALLOCATING|TRAINING|EVALUATING|SAVING|RECOVERING|DONE|FAILED|CANCELLED)(?:$|: )", re.M)
AFTER_EPOCH = ("EVALUATING", "SAVING", "DONE")
LOOK_EVERY_MS = 200
STOP_WITHIN_MS = 30000
WITHIN = 3600


class Failure(Exception):
    """A program did not do what it should; the text says which and how."""


def find_program(folder, name):
    """The path of one of PLACES in `folder`: a build's outputs, or one folder that holds all programs. Raises Failure."""
    places = [os.path.join(folder, name), os.path.join(folder, PLACES[name], name)]
    for path in places:
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return os.path.abspath(path)
    raise Failure("%s is not there (looked for %s): build first, bazel build -c opt //..., or name the folder with "
                  "--bin" % (name, ", ".join(places)))


def children_of(pid):
    found = []
    try:
        for task in os.listdir("/proc/%d/task" % pid):
            with open("/proc/%d/task/%s/children" % (pid, task), encoding="ascii") as file:
                found += [int(child) for child in file.read().split()]
    except OSError:
        pass  # it has just ended
    return found


def note_peaks(pid, peaks):
    """Raises peaks[NAME] to the most bytes that each daemon below `pid` had in memory so far (VmHWM)."""
    for child in children_of(pid):
        try:
            with open("/proc/%d/cmdline" % child, encoding="utf-8", errors="replace") as file:
                name = next((word[7:] for word in file.read().split("\0") if word.startswith("--name=")), "")
            with open("/proc/%d/status" % child, encoding="ascii", errors="replace") as file:
                peak = re.search(r"^VmHWM:\s+(\d+) kB", file.read(), re.M)
        except OSError:
            continue
        if name and peak:
            peaks[name] = max(peaks.get(name, 0), int(peak[1]) * 1024)


def end_on_sigterm():
    """From now on SIGTERM ends this program as Ctrl-C does: what it has started is ended, and its files are removed."""
    signal.signal(signal.SIGTERM, lambda *unused: sys.exit(128 + signal.SIGTERM))


def wait_for(process, within, look=lambda: None):
    """Waits for the end, and calls `look` now and then; ends the process and its group after `within` seconds, and when
    this is interrupted. True: it ended by itself."""
    deadline = time.monotonic() + within
    ended = select.poll()
    file = os.pidfd_open(process.pid)
    try:
        ended.register(file, select.POLLIN)
        while not ended.poll(LOOK_EVERY_MS):
            look()
            if time.monotonic() > deadline:
                return False
    finally:
        if process.poll() is None:
            # `pumasi train` takes its daemons and their sockets with it if it is given the time.
            os.killpg(process.pid, signal.SIGTERM)
            ended.poll(STOP_WITHIN_MS)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        os.close(file)
    return True


def run(command, within=WITHIN, look=lambda pid: None, **options):
    """Runs a command to its end: (standard output, seconds). Raises Failure with the end of standard error."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        start = time.monotonic()
        try:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                       start_new_session=True, **options)
        except OSError as error:
            raise Failure("%s: %s" % (command[0], error)) from error
        in_time = wait_for(process, within, lambda: look(process.pid))
        seconds = time.monotonic() - start
        out.seek(0)
        err.seek(0)
        if not in_time or process.returncode != 0:
            how = "failed with %d" % process.returncode if in_time else "took more than %d s" % within
            raise Failure("%s\n%s:\n%s" % (" ".join(command), how, err.read()[-2000:]))
        return out.read(), seconds


def moments(log, start):
    """[(seconds after `start` (Unix time), state of the job)] of a scheduler's log."""
    found = []
    for when, state in STATE.findall(log):
        at = datetime.datetime.fromisoformat(when).replace(tzinfo=datetime.timezone.utc).timestamp()
        found.append((at - start, state))
    return found


def epoch_times(states):
    """(seconds to the first batch's begin, to the end of the first epoch's training); None where the log tells none."""
    begin = next((at for at, state in states if state == "TRAINING"), None)
    end = None if begin is None else next((at for at, state in states if state in AFTER_EPOCH and at >= begin), None)
    return begin, end


def read_model(folder):
    """Of a model's manifest: the job's name, precision, batch and parts of a batch; steps; parameters, floats of
    optimizer state beside each, and bytes of those rows, with their state, that exist."""
    with open(os.path.join(folder, "manifest.json"), encoding="utf-8") as file:
        manifest = json.load(file)
    job = manifest["job"]
    return {
        "name": job["name"], "compute": "bf16" if "BF16" in job.get("compute", "").upper() else "float32",
        "batch": int(job["batch"]), "parts": int(job["micro_batches"]),
        "steps": int(manifest["progress"].get("version", 0)),
        "parameters": sum(int(table["rows"]) * int(table["columns"]) for table in manifest["tables"]),
        "optimizer_slots": len(manifest.get("optimizer_slots", [])),
        "stored_bytes": sum(int(file["size"]) for file in manifest.get("shards", [])),
    }


def servers_memory(result):
    """Of what `train` gives: peaks of all servers together, that for each byte of parameters and optimizer state, and
    for each byte of those that exist; None where unknown."""
    peaks = sum(peak for name, peak in result["peak_bytes"].items() if name.startswith("server-")) or None
    tables = 4 * result["parameters"] * (1 + result["optimizer_slots"])
    return {"bytes": peaks, "of_tables": peaks / tables if peaks and tables else None,
            "of_rows": peaks / result["stored_bytes"] if peaks and result["stored_bytes"] else None}


def train(pumasi, job, settings=(), servers=2, workers=2, within=WITHIN):
    """What `pumasi train --json` says of a run with an empty cache and a fresh output folder, and besides:

    peak_bytes {daemon: bytes}, process_s (the whole command), training_begins_s and epoch_trained_s (from the command's
    start; None where unknown), and what read_model tells. Raises Failure.
    """
    with tempfile.TemporaryDirectory(prefix="pumasi-bench-") as scratch:
        output = os.path.join(scratch, "out")
        command = [pumasi, "train", job, "--json", "--servers", str(servers), "--workers", str(workers),
                   "--output", output, "--cache", os.path.join(scratch, "cache")]
        for setting in settings:
            command += ["--set", setting]
        peaks = {}
        start = time.time()
        text, seconds = run(command, within, lambda pid: note_peaks(pid, peaks))
        result = json.loads(text.strip().splitlines()[-1])
        with open(os.path.join(output, "logs", "scheduler.log"), encoding="utf-8", errors="replace") as file:
            begins, trained = epoch_times(moments(file.read(), start))
        return {**result, **read_model(os.path.join(output, "model")), "peak_bytes": peaks, "process_s": seconds,
                "training_begins_s": begins, "epoch_trained_s": trained}
