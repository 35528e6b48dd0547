#!/usr/bin/env python3
"""What benchmarks print and draw."""
import os
import unittest
import xml.etree.ElementTree

import bench_plot
import bench_report as report


class ReportTest(unittest.TestCase):
    def test_cores(self):
        self.assertEqual(report.parse_cores("0-2,5"), {0, 1, 2, 5})
        for wrong in ("", "a", "2-1", "1,", "-1"):
            with self.assertRaises(ValueError):
                report.parse_cores(wrong)
        before = os.sched_getaffinity(0)
        try:
            self.assertEqual(report.pin(None, 1), [min(before)])
            with self.assertRaises(ValueError):
                report.pin("100000")
        finally:
            os.sched_setaffinity(0, before)

    def test_medians_of_what_is_known(self):
        self.assertEqual(report.middle([3, None, 1, 2]), 2)
        self.assertIsNone(report.middle([None]))
        self.assertEqual((report.fixed(None), report.fixed(1.25, 1, " s"), report.fixed(7, 0)), ("-", "1.2 s", "7"))

    def test_tables_are_in_columns(self):
        self.assertEqual(report.table_text(["a", "rows"], [["long", 1], ["b", 12345]]),
                         "a      rows\nlong      1\nb     12345")

    def test_runs_of_one_job_that_differ_are_told(self):
        bits = report.Bits()
        for job, who, sha in (("x", "turn 1", "aa"), ("x", "turn 2", "aa"), ("y", "turn 1", "bb")):
            bits.add(job, who, sha)
        self.assertEqual(bits.differences(), [])
        bits.add("y", "turn 2", "cc")
        self.assertEqual(bits.differences(), ["y: the parameters differ: bb turn 1; cc turn 2"])

    def test_drawings_are_well_formed_whatever_stands_in_them(self):
        drawings = [
            bench_plot.bars('<"&>', [("<a>", 3, 2, "&"), ("b", 1, 2, "x"), ("c", 0, None, "")], "under"),
            bench_plot.bars("nothing", []),
            bench_plot.lines("t", "y", [1, 2, 8], [("<one>", {1: 10, 8: 30.5}, 0, False), ("two", {}, 1, True)], "x"),
            bench_plot.lines("nothing", "y", [], []),
        ]
        for drawing in drawings:
            root = xml.etree.ElementTree.fromstring(drawing)
            self.assertEqual(root.tag, "{http://www.w3.org/2000/svg}svg")
            self.assertIn("prefers-color-scheme: dark", drawing)
            self.assertNotIn("http", drawing.replace("http://www.w3.org/2000/svg", ""))
        self.assertEqual((drawings[0].count('class="bar"'), drawings[0].count('class="short"')), (2, 1))

    def test_axes_end_on_a_round_number(self):
        self.assertEqual([bench_plot.round_top(x) for x in (0, 1, 1.2, 21, 260, 0.07)], [1, 1, 2, 25, 500, 0.1])


if __name__ == "__main__":
    unittest.main()
