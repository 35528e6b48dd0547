#!/usr/bin/env python3
"""The pure parts of tools/bench/plan: configurations, the search for costs, times of parts."""
import json
import unittest

import bench_fit
from script import load

plan = load("plan")


class PlanTest(unittest.TestCase):
    def test_configurations(self):
        self.assertEqual(plan.parse_configurations("1:1:4,2:8:16"), [(1, 1, 4), (2, 8, 16)])
        self.assertEqual(plan.parse_configurations(""), [])
        for wrong in ("1:1", "1:1:0", "a:1:1", "1:1:4,"):
            with self.assertRaises(ValueError):
                plan.parse_configurations(wrong)

    def test_a_cluster_file_says_what_was_found(self):
        cluster = json.loads(plan.cluster_text(2, 23.5, 780, plan.costs_of({"byte_ns": 0.5, "call_cpu_us": 60})))
        self.assertEqual(cluster["machines"], [{"cores": 2, "memory_gib": 23.5}])
        self.assertEqual(cluster["worker"], {"rows_per_s": 780})
        self.assertEqual(cluster["costs"]["local_server_ns_a_byte"], 0.5)
        self.assertEqual(cluster["costs"]["call_us"], 120)
        self.assertNotIn("worker", json.loads(plan.cluster_text(2, 1)))

    def test_cells_of_a_report(self):
        def configuration(mode, workers, **settings):
            return {"label": mode, "mode": mode, "servers": 2, "workers": workers, "settings": settings,
                    "rows_per_s": {"median": 100.0 * workers}}

        runs = [{"job": {"micro_batches": "4"}, "result": {}}]
        self.assertEqual(plan.cells_of({"configurations": [configuration("ps", 1), configuration("replicated", 2)],
                                        "runs": runs}), [("ps", 2, 1, 4, 100.0), ("replicated", 2, 2, 4, 200.0)])
        old = {"allreduce.state": "ALLREDUCE_STATE_REPLICATED"}
        both = {"configurations": [configuration("allreduce", 1), configuration("allreduce", 1, **old)],
                "runs": runs + [{"job": {"micro_batches": "4", **old}, "result": {}}]}
        self.assertEqual([cell[0] for cell in plan.cells_of(both)], ["allreduce", "replicated"])
        alone = {"configurations": [configuration("allreduce", 1)], "runs": both["runs"][1:]}
        self.assertEqual(plan.cells_of(alone)[0][0], "replicated")
        for wrong in ({}, {"configurations": [configuration("ps", 1, wire="WIRE_BF16")], "runs": runs},
                      {"configurations": [configuration("ps", 1)], "runs": [{"result": {}}]}):
            with self.assertRaises(ValueError):
                plan.cells_of(wrong)

    def test_the_search_finds_costs_that_made_the_times(self):
        work = {"a": (1.0, 4.0), "b": (8.0, 2.0), "c": (3.0, 3.0)}
        times = {key: 10 + x * 0.6 + y * 0.25 for key, (x, y) in work.items()}
        predict = lambda costs: {key: 10 + x * costs["x"] + y * costs["y"] for key, (x, y) in work.items()}
        found, error = bench_fit.search(lambda costs: bench_fit.relative_error(predict(costs), times), {"x": 1.0, "y": 1.0})
        self.assertLess(error, 1e-5)
        self.assertAlmostEqual(found["x"], 0.6, delta=0.05)
        self.assertAlmostEqual(found["y"], 0.25, delta=0.05)

    def test_the_search_ends(self):
        calls = []

        def error(costs):
            calls.append(costs)
            return 1 / costs["x"]  # more is always better

        bench_fit.search(error, {"x": 1.0}, most=50)
        self.assertLessEqual(len(calls), 53)

    def test_times_of_parts_go_through_what_was_measured(self):
        points = [(1, 0.004), (4, 0.008), (16, 0.020)]
        for rows, seconds in points + [(2, 0.004 * 2**0.5), (0.5, 0.002), (64, 0.08)]:
            self.assertAlmostEqual(bench_fit.seconds_of_part(points, rows), seconds)


if __name__ == "__main__":
    unittest.main()
