#!/usr/bin/env python3
"""tools/test_report counts right, whatever bazel and the tests did."""
import json
import os
import subprocess
import sys
import tempfile
import unittest

REPORT = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..", "tools", "test_report")


class TestReport(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.events = []

    def add_test(self, label, status, log=None):
        """A test that was built; `log` is what it printed, None where it did not run."""
        self.events.append({"id": {"targetConfigured": {"label": label}}, "configured": {"testSize": "SMALL"}})
        if log is not None:
            path = os.path.join(self.folder, label.strip("/").replace(":", "_") + " test.log")
            with open(path, "w", encoding="utf-8") as file:
                file.write('exec ${PAGER:-/usr/bin/less} "$0" || exit 1\nExecuting tests from ' + label + "\n" + "-" * 77 + "\n" + log)
            outputs = [{"name": "test.log", "uri": "file://" + path.replace(" ", "%20")}]
            self.events.append({"id": {"testResult": {"label": label}}, "testResult": {"testActionOutput": outputs}})
        self.events.append({"id": {"testSummary": {"label": label}}, "testSummary": {"overallStatus": status}})

    def add_broken(self, label):
        self.events.append({"id": {"targetConfigured": {"label": label}}, "configured": {}})
        self.events.append({"id": {"targetCompleted": {"label": label}}, "completed": {}})

    def report(self, code, tail=""):
        path = os.path.join(self.folder, "events")
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(json.dumps(event) for event in self.events) + tail)
        run = subprocess.run([sys.executable, "-B", REPORT, path, str(code), "61"], capture_output=True, text=True, check=False)
        return run.returncode, run.stdout, run.stdout.rstrip("\n").split("\n")[-1]

    def test_cases_of_passing_programs_are_counted(self):
        self.add_test("//a:x_test", "PASSED", "All tests passed (20 assertions in 7 test cases)\n")
        self.add_test("//a:y_test", "PASSED", "All tests passed (1 assertion in 1 test case)\n")
        self.add_test("//a:script_test", "PASSED", "fine\n")
        self.assertEqual(self.report(0)[0::2], (0, "9 passed, 0 failed"))

    def test_failing_cases_are_counted_and_the_end_of_the_log_is_shown_without_colours(self):
        log = "first\n" + "line\n" * 100 + "\x1b[31mx_test.cc:3: FAILED\x1b[0m\ntest cases: 5 | 3 passed | 2 failed\n"
        self.add_test("//a:x_test", "FAILED", log)
        code, text, last = self.report(3)
        self.assertEqual((code, last), (1, "3 passed, 2 failed"))
        self.assertIn("x_test.cc:3: FAILED\n", text)
        self.assertNotIn("\x1b", text)
        self.assertNotIn("first", text)
        self.assertNotIn("PAGER", text)
        self.assertIn("//a:x_test failed", text)

    def test_all_cases_failing_passes_none(self):
        self.add_test("//a:x_test", "FAILED", "test cases: 2 | 2 failed\n")
        self.assertEqual(self.report(3)[2], "0 passed, 2 failed")

    def test_a_program_that_dies_or_hangs_is_a_failure(self):
        self.add_test("//a:x_test", "FAILED", "All tests passed (20 assertions in 7 test cases)\nSegmentation fault\n")
        self.add_test("//a:y_test", "TIMEOUT", "")
        self.assertEqual(self.report(3)[2], "7 passed, 2 failed")

    def test_what_is_not_built_is_a_failure(self):
        self.add_test("//a:x_test", "NO_STATUS")
        self.add_broken("//a:library")
        code, text, last = self.report(1)
        self.assertEqual((code, last), (1, "0 passed, 2 failed"))
        self.assertIn("//a:library was not built", text)

    def test_bazel_failing_without_words_is_a_failure(self):
        self.add_test("//a:x_test", "PASSED", "All tests passed (20 assertions in 7 test cases)\n")
        self.assertEqual(self.report(37)[0::2], (1, "7 passed, 1 failed"))

    def test_no_events_or_half_of_one_is_a_failure(self):
        self.assertEqual(self.report(1, '{"id": {"testSum')[0::2], (1, "0 passed, 1 failed"))
        self.assertEqual(self.report(0)[0::2], (1, "0 passed, 1 failed"))

    def test_reasons_of_skips_are_listed(self):
        self.add_test("//a:x_test", "PASSED", "a.cc:3: warning:\n  skipped: no network namespaces\n"
                      "All tests passed (no assertions in 1 test case)\n")
        _, text, last = self.report(0)
        self.assertEqual(last, "1 passed, 0 failed")
        self.assertIn("//a:x_test: no network namespaces", text)


if __name__ == "__main__":
    sys.exit(unittest.main())
