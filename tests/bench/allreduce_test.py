#!/usr/bin/env python3
"""No process of tools/bench/allreduce stays behind where a group does not come up."""
import argparse
import os
import sys
import tempfile
import unittest

import bench_run
import script

allreduce = script.load("allreduce")

# Takes its place in FOLDER, answers with a word that is not due, and goes on until its input ends.
PROGRAM = """#!%s -B
import os, sys
open(os.path.join(%r, str(os.getpid())), "w").close()
print("sorry", flush=True)
sys.stdin.read()
"""


class AllreduceTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.started = os.path.join(folder.name, "started")
        os.mkdir(self.started)
        self.program = os.path.join(folder.name, "allreduce_rank")
        with open(self.program, "w", encoding="utf-8") as file:
            file.write(PROGRAM % (sys.executable, self.started))
        os.chmod(self.program, 0o755)
        self.args = argparse.Namespace(bin=folder.name, torch_python=self.program, kinds=["torch"])

    def check_ended(self, count):
        pids = [int(name) for name in os.listdir(self.started)]
        self.assertEqual(len(pids), count)
        for pid in pids:
            with self.assertRaises(ProcessLookupError):
                os.kill(pid, 0)

    def test_our_processes_end(self):
        with self.assertRaisesRegex(bench_run.Failure, "'sorry' where 'listens' was due"):
            with allreduce.our_ranks(self.args, 3, "folder"):
                self.fail("it came up")
        self.check_ended(3)

    def test_pytorchs_processes_end(self):
        with self.assertRaisesRegex(bench_run.Failure, "'sorry' where 'ready' was due"):
            with allreduce.torch_ranks(self.args, 2, "folder"):
                self.fail("it came up")
        self.check_ended(2)

    def test_those_end_that_began_before_one_that_is_not_there(self):
        # The first has to be so far that it has taken its place.
        begun = []
        with self.assertRaises(FileNotFoundError):
            allreduce.Ranks(self.commands_with_a_missing_one(begun))
        self.assertEqual(len(begun), 1)
        self.check_ended(1)

    def commands_with_a_missing_one(self, begun):
        yield [self.program]
        while not os.listdir(self.started):
            os.sched_yield()
        begun.append(True)
        yield [self.program + ".missing"]

    def test_without_pytorch_there_is_none(self):
        with allreduce.torch_ranks(argparse.Namespace(kinds=["shared"]), 2, "folder") as ranks:
            self.assertIsNone(ranks)


if __name__ == "__main__":
    unittest.main()
