#!/usr/bin/env python3
"""The model of a step's cost: it finds what made the times, and no cost is negative."""
import random
import unittest

import bench_cost
from script import load

TRUE = {"a": 0.004, "b": 0.08, "c": 0.7, "g": 2e-9, "d": 0.0005, "e": 0.001}
PAIRS = [(1, 1), (2, 2), (4, 2), (8, 2), (2, 4), (2, 8), (1, 2), (2, 1)]
LINKS = [None, 0, 1.25e9, 1.25e8]


def rows(cores=8, parts=8):
    return [bench_cost.features(w, s, cores, parts, 6e6 + 1e5 * w, link) for w, s in PAIRS for link in LINKS]


class CostTest(unittest.TestCase):
    def test_the_busiest_core_and_the_busiest_link_count(self):
        self.assertEqual(bench_cost.features(2, 4, 8, 8, 8e6, 1e9), [1, 0.5, 0.004, 1e6, 2, 4])
        self.assertEqual(bench_cost.features(3, 1, 8, 8, 8e6, None)[:3], [1, 3 / 8, 0])
        # Eight workers on two cores compute no faster than two.
        self.assertEqual(bench_cost.features(8, 1, 2, 8, 8e6, 0)[1:4], [0.5, 0, 4e6])

    def test_equations_are_solved_or_refused(self):
        self.assertEqual(bench_cost.solve([[0, 2], [4, 0]], [2, 8]), [2, 1])
        self.assertIsNone(bench_cost.solve([[1, 2], [2, 4]], [1, 2]))
        self.assertIsNone(bench_cost.least_squares([[1, 0], [2, 0]], [1, 2]))

    def test_exact_times_give_their_coefficients_back(self):
        found = bench_cost.fit(rows(), [bench_cost.predict(TRUE, row) for row in rows()])
        for name, value in TRUE.items():
            self.assertAlmostEqual(found[name] / value, 1, 6, name)

    def test_nothing_near_it_fits_better_and_nothing_is_below_zero(self):
        seed = random.randrange(2**32)
        chance = random.Random(seed)
        times = [bench_cost.predict(TRUE, row) * chance.uniform(0.9, 1.1) for row in rows()]
        found = bench_cost.fit(rows(), times)

        def error(of):
            return sum((bench_cost.predict(of, row) / time - 1) ** 2 for row, time in zip(rows(), times))

        with self.subTest(seed=seed):
            self.assertTrue(all(value >= 0 for value in found.values()))
            for _ in range(1000):
                near = {name: max(0.0, found[name] + chance.gauss(0, 0.1) * TRUE[name]) for name in found}
                self.assertGreaterEqual(error(near), error(found) * 0.998)  # a factor that explains less is left out

    def test_what_the_configurations_do_not_tell_apart_is_left_out(self):
        alone = [row for row in rows() if row[2] == 0 and row[3] == 0]
        found = bench_cost.fit(alone, [bench_cost.predict(TRUE, row) for row in alone])
        self.assertEqual((found["c"], found["g"]), (0, 0))
        self.assertAlmostEqual(found["b"], TRUE["b"], 6)
        for few in ([], alone[:1]):
            with self.assertRaises(ValueError):
                bench_cost.fit(few, [0.1] * len(few))

    def test_held_out_configurations_do_not_change_the_fit(self):
        scale = load("scale")
        runs = {}
        for pair, factor in ((p, 1) for p in PAIRS):
            row = bench_cost.features(*pair, 4, 8, 6e6, None)
            seconds = bench_cost.predict(TRUE, row) * factor
            runs[("none", *pair)] = [{"rows_per_s": 64 / seconds, "step_s": seconds, "bytes_a_step": 6e6, "parts": 8}]
        before = scale.configurations_of(runs, 4, [(8, 2)])[1]
        runs[("none", 8, 2)][0]["step_s"] *= 2
        found, after = scale.configurations_of(runs, 4, [(8, 2)])
        self.assertEqual(before, after)
        self.assertAlmostEqual(next(one for one in found if one["held_out"])["error"], -0.5, 6)

    def test_configurations_and_links_are_read_or_refused(self):
        scale = load("scale")
        self.assertEqual(scale.parse_pairs("1:2,16:4"), [(1, 2), (16, 4)])
        self.assertEqual(scale.parse_links("none,0,10"), ["none", 0, 10])
        for wrong in ("", "1", "0:1", "1:2,", "1:2:3", "1:2,1:2"):
            with self.assertRaises(ValueError):
                scale.parse_pairs(wrong)
        for wrong in ("", "fast", "-1", "nan", "none,", "1e-9", "inf", "1,1.0"):
            with self.assertRaises(ValueError):
                scale.parse_links(wrong)

    def test_only_what_is_trained_can_be_held_out(self):
        scale = load("scale")
        self.assertEqual(scale.held_out_of(None, [(1, 1), (4, 4)]), [(4, 4)])
        self.assertEqual(scale.held_out_of(None, [(1, 1)]), [])
        self.assertEqual(scale.held_out_of("1:1", [(1, 1), (4, 4)]), [(1, 1)])
        self.assertEqual(scale.held_out_of("", [(4, 4)]), [])
        with self.assertRaisesRegex(ValueError, "2:2 is none of --configurations"):
            scale.held_out_of("2:2", [(1, 1)])

    def test_a_speed_up_is_against_the_smallest_on_the_same_link(self):
        scale = load("scale")
        found = [{"link": link, "workers": w, "servers": s, "rows_per_s": rate}
                 for link, w, s, rate in (("none", 2, 1, 9), ("none", 1, 2, 5), (1.0, 1, 1, 2), (1.0, 4, 1, 6))]
        self.assertEqual(scale.smallest(found), {"none": 5, 1.0: 2})


if __name__ == "__main__":
    unittest.main()
