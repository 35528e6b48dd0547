"""What training could come to if workers did nothing but compute: the limit that exchange and waiting are held against.

tools/bench/ops times a model's training step on one core, in one process, without servers; of seed80m's network alone.
"""

import json
import os
import re
import tempfile

from bench_run import run

STEP = re.compile(r"^training step(, bf16)?, (\d+) rows,")
RATE = re.compile(r"^([0-9.]+) rows/s")
NETWORK = "seed80m"


def parse_ops(text):
    """{(rows of a part, "float32" or "bf16"): rows per second on one core} of the JSON lines that ops writes."""
    rates = {}
    for line in text.splitlines():
        row = json.loads(line)
        step, rate = STEP.match(row["what"]), RATE.match(row["achieved"])
        if step and rate:
            rates.setdefault((int(step[2]), "bf16" if step[1] else "float32"), float(rate[1]))
    return rates


def ops_rates(ops, core):
    """Runs ops on one core; see parse_ops. Raises Failure."""
    with tempfile.TemporaryDirectory() as scratch:
        path = os.path.join(scratch, "ops.jsonl")
        run([ops, path], preexec_fn=lambda: os.sched_setaffinity(0, {core}))
        with open(path, encoding="utf-8") as file:
            return parse_ops(file.read())


def limit(result, rates, workers, cores):
    """Rows per second that `workers` workers on `cores` cores would come to if they only computed, and where that is
    from; (None, "") where nothing tells.

    `rates` (parse_ops) counts for seed80m's network. Otherwise the workers' own clocks, where `pumasi train --json`
    tells of them (profile): these also run while a worker waits for a core.
    """
    compute = "bf16" if result.get("compute") == "bf16" else "float32"
    part = result["batch"] // result["parts"]
    if result["name"] == NETWORK and (part, compute) in rates:
        return rates[part, compute] * min(workers, cores), "ops"
    told = (result.get("profile") or {}).get("workers", [])
    computing = sum(worker["seconds"] * worker["shares"]["compute"] for worker in told)
    if computing:
        return result["samples"] * workers / computing, "workers' clocks"
    return None, ""
