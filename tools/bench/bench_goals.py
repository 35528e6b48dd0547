"""The goals against peers, and for what a job takes: which figure over which, and how far it is."""

import collections

import bench_report as report
from bench_run import servers_memory

MIB = 2.0**20

# A measure of OURS against one of THEIRS (a key of bench_peers.PEERS): "...rows_per_s", more is better, or a time.
Ratio = collections.namedtuple("Ratio", "what ours ours_measure theirs theirs_measure goal")
RATIOS = [
    Ratio("seed80m", "seed80m", "rows_per_s", "torch-sparse", "rows_per_s", 2.4),
    Ratio("seed80m, bf16", "seed80m-bf16", "rows_per_s", "torch-sparse", "rows_per_s", 3.5),
    Ratio("seed80m", "seed80m", "rows_per_s", "torch", "rows_per_s", 14),
    Ratio("seed80m", "seed80m", "rows_per_s", "torch-ddp", "rows_per_s", 35),
    Ratio("seed80m", "seed80m", "rows_per_s", "keras", "rows_per_s", 6.5),
    Ratio("seed80m", "seed80m", "rows_per_s", "tf-ps", "rows_per_s", 3.6),
    Ratio("seed80m", "seed80m", "rows_per_s", "onednn", "rows_per_s", 1.15),
    Ratio("nsmc, an epoch from CSV", "nsmc", "csv_rows_per_s", "torch-nsmc", "rows_per_s", 2.5),
    Ratio("sections, to the result", "sections", "wall_s", "torch-sections", "process_s", 2.0),
]
# Least is best: (what, key of ours, measure, goal, unit).
Bound = collections.namedtuple("Bound", "what ours measure goal unit")
BOUNDS = [
    Bound("start-up to the first batch, tiny job", "tiny", "epoch_trained_s", 0.5, "s"),
    Bound("servers' memory / parameters and slots", "seed80m", "servers_of_tables", 1.1, "x"),
    Bound("servers' memory / those that exist", "seed80m", "servers_of_rows", 1.1, "x"),
    Bound("a worker's memory, its batch aside", "seed80m", "worker_less_batch_mib", 300, "MiB"),
]


def measures(result):
    """The measures that goals name, of one run of bench_run.train."""
    peaks = result["peak_bytes"]
    worker = max([peak for name, peak in peaks.items() if name.startswith("worker-")], default=None)
    memory = servers_memory(result)
    # A batch as a worker holds it: what it pulls of parameters for one, and as much of gradients.
    batch = (result["bytes_pulled"] + result["bytes_pushed"]) / max(1, result["steps"])
    trained, epochs = result["epoch_trained_s"], max(1, result["epochs"])
    return {
        "rows_per_s": result["rows_per_s"], "wall_s": result["wall_s"], "epoch_trained_s": trained,
        "csv_rows_per_s": result["samples"] / epochs / trained if trained else None,
        "servers_of_tables": memory["of_tables"], "servers_of_rows": memory["of_rows"],
        "worker_less_batch_mib": None if worker is None else max(0, worker - batch) / MIB,
    }


def ratio_of(ratio, ours, theirs):
    """Medians of both sides, their ratio (above 1: we are faster) and the least and the most within one turn; None where
    a side has no runs. `ours`, `theirs`: {turn: measures}."""
    mine = {turn: run[ratio.ours_measure] for turn, run in ours.items() if run.get(ratio.ours_measure)}
    other = {turn: run[ratio.theirs_measure] for turn, run in theirs.items() if run.get(ratio.theirs_measure)}
    if not mine or not other:
        return None
    faster = (lambda a, b: a / b) if ratio.ours_measure.endswith("rows_per_s") else (lambda a, b: b / a)
    turns = [faster(mine[turn], other[turn]) for turn in mine if turn in other]
    a, b = report.middle(mine.values()), report.middle(other.values())
    return {"what": ratio.what, "against": ratio.theirs, "ours": a, "theirs": b, "achieved": faster(a, b),
            "goal": ratio.goal, "of_goal": faster(a, b) / ratio.goal, "least": min(turns, default=None),
            "most": max(turns, default=None)}


def bound_of(bound, ours):
    """Likewise for a bound; of_goal is above 1 where it is kept."""
    achieved = report.middle([run.get(bound.measure) for run in ours.values()])
    if achieved is None:
        return None
    return {"what": bound.what, "against": None, "achieved": achieved, "goal": bound.goal, "unit": bound.unit,
            "of_goal": bound.goal / max(achieved, 1e-9)}
