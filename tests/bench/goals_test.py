#!/usr/bin/env python3
"""What is compared with what, and how peers are started and read."""
import os
import tempfile
import unittest

import bench_bare
import bench_goals
import bench_peers
from bench_run import Failure
from script import load

RESULT = {
    "name": "seed80m", "compute": "float32", "rows_per_s": 1000.0, "wall_s": 9.0, "epoch_trained_s": 5.0, "epochs": 2,
    "samples": 8000, "stored_bytes": 1000,
    "peak_bytes": {"scheduler": 1, "server-0": 600, "server-1": 620, "worker-0": 2**20 * 250, "worker-1": 2**20 * 260},
    "parameters": 100, "optimizer_slots": 2, "bytes_pulled": 2**20 * 50, "bytes_pushed": 2**20 * 50, "steps": 10,
    "batch": 64, "parts": 4, "workers": 2, "training_begins_s": 0.5, "parameters_sha256": "ab", "test": None,
}
PRINTED = """LSTM primitive, float32,  64 rows:   64.0 ms,  1000 rows/s,   92 GFLOP/s
bare products, merged,    64 rows:   45.0 ms,  1422 rows/s
LSTM primitive, float32,  32 rows:   32.0 ms,   999 rows/s,   92 GFLOP/s
LSTM primitive, bf16   ,  64 rows:   38.0 ms,  1660 rows/s,  180 GFLOP/s
"""


class GoalsTest(unittest.TestCase):
    def test_every_goal_compares_something_that_is_run(self):
        peers = load("peers")
        keys = {peer.key for peer in bench_peers.PEERS}
        measured = bench_goals.measures(RESULT)
        for ratio in bench_goals.RATIOS:
            self.assertIn(ratio.ours, peers.OURS)
            self.assertIn(ratio.ours_measure, measured)
            self.assertIn(ratio.theirs, keys)
        for bound in bench_goals.BOUNDS:
            self.assertIn(bound.ours, peers.OURS)
            self.assertIn(bound.measure, measured)
        self.assertEqual(sorted(peers.ORDER), sorted(keys | set(peers.OURS)))

    def test_measures_of_a_run(self):
        measured = bench_goals.measures(RESULT)
        self.assertEqual((measured["servers_of_tables"], measured["servers_of_rows"]), (1220 / 1200, 1.22))
        self.assertEqual(measured["worker_less_batch_mib"], 250)  # 260 MiB, and 10 MiB a batch
        self.assertEqual(measured["csv_rows_per_s"], 4000 / 5.0)
        self.assertIsNone(bench_goals.measures({**RESULT, "epoch_trained_s": None})["csv_rows_per_s"])

    def test_a_ratio_is_of_medians_and_above_one_where_we_are_faster(self):
        ratio = bench_goals.Ratio("x", "a", "rows_per_s", "b", "rows_per_s", 2.0)
        ours = {0: {"rows_per_s": 90}, 1: {"rows_per_s": 100}, 2: {"rows_per_s": 300}}
        theirs = {0: {"rows_per_s": 30}, 2: {"rows_per_s": 50}}
        got = bench_goals.ratio_of(ratio, ours, theirs)
        self.assertEqual((got["achieved"], got["of_goal"], got["least"], got["most"]), (100 / 40, 1.25, 3, 6))
        self.assertIsNone(bench_goals.ratio_of(ratio, ours, {}))
        times = bench_goals.Ratio("x", "a", "wall_s", "b", "process_s", 2.0)
        self.assertEqual(bench_goals.ratio_of(times, {0: {"wall_s": 10}}, {0: {"process_s": 40}})["achieved"], 4)

    def test_a_bound_is_kept_from_one_on(self):
        bound = bench_goals.Bound("x", "a", "s", 0.5, "s")
        self.assertEqual(bench_goals.bound_of(bound, {0: {"s": 0.25}, 1: {"s": None}})["of_goal"], 2)
        self.assertIsNone(bench_goals.bound_of(bound, {}))
        bounded, names = bench_goals.bound_of(bound, {0: {"s": 1}}), {}
        self.assertEqual(load("peers").shown(bounded, names)[-1], "NO")

    def test_the_primitives_rate_is_that_of_64_rows_in_float32(self):
        self.assertEqual(bench_peers.parse_primitive(PRINTED), (1000, 1422))
        with self.assertRaises(Failure):
            bench_peers.parse_primitive("nothing")

    def test_commands_of_peers(self):
        peers = bench_peers.Peers({"torch": "python-a", "tf": "python-b"}, 2, "scratch", "folder")
        by_key = {peer.key: peer for peer in bench_peers.PEERS}
        self.assertEqual(peers.command(by_key["torch-ddp"])[4:],
                         ["seed80m", "--threads", "2", "--processes", "2", "--steps", "15"])
        self.assertEqual(peers.command(by_key["torch-sections"])[4:],
                         ["sections", "--threads", "2", "--sparse", "--epochs", "4"])
        self.assertEqual(peers.command(by_key["keras"], 3)[:3],
                         ["python-b", "-B", os.path.join("folder", "keras_train.py")])

    def test_what_is_missing_is_named(self):
        with tempfile.TemporaryDirectory() as folder:
            peers = bench_peers.Peers({"torch": folder + "/python", "tf": folder + "/python"}, 2, folder, folder)
            self.assertIn("there is no %s/torch_train.py" % folder, peers.why_not(bench_peers.PEERS[0]))
            open(folder + "/torch_train.py", "w", encoding="utf-8").close()
            peers = bench_peers.Peers({"torch": folder + "/python", "tf": folder + "/python"}, 2, folder, folder)
            self.assertIn("--torch-python", peers.why_not(bench_peers.PEERS[0]))

    def test_bare_compute_is_by_part_precision_and_cores(self):
        lines = ['{"what": "training step, 16 rows, 476 ids", "achieved": "700 rows/s"}',
                 '{"what": "training step, bf16, 16 rows, 476 ids", "achieved": "1200 rows/s"}',
                 '{"what": "bare products, 16 rows, 476 ids", "achieved": "800 rows/s"}']
        rates = bench_bare.parse_ops("\n".join(lines))
        self.assertEqual(rates, {(16, "float32"): 700, (16, "bf16"): 1200})
        self.assertEqual(bench_bare.limit(RESULT, rates, 4, 2), (1400, "ops"))
        self.assertEqual(bench_bare.limit({**RESULT, "compute": "bf16"}, rates, 1, 2), (1200, "ops"))
        self.assertEqual(bench_bare.limit({**RESULT, "name": "other"}, rates, 2, 2), (None, ""))
        clocks = {**RESULT, "name": "other", "profile": {"workers": [{"seconds": 12.0, "shares": {"compute": 0.5}},
                                                                  {"seconds": 16.0, "shares": {"compute": 0.25}}]}}
        self.assertEqual(bench_bare.limit(clocks, rates, 2, 2), (1600, "workers' clocks"))

    def test_a_line_for_each_job(self):
        train = load("train")
        facts = train.facts(RESULT, 1400.0, "ops")
        self.assertEqual(facts["bytes_a_worker_a_step"], 2**20 * 5)
        row = dict(zip(train.COLUMNS, train.row_of("seed80m", [facts, {**facts, "rows_per_s": 800.0}])))
        self.assertEqual((row["rows/s"], row["least"], row["most"], row["of bare"]), ("900", "800", "1000", "0.64"))
        self.assertEqual((row["worker MiB"], row["of tables"], row["accuracy"]), ("260", "1.02", "-"))


if __name__ == "__main__":
    unittest.main()
