#!/usr/bin/env python3
"""How benchmarks run programs and read what they leave."""
import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest

import bench_cluster
import bench_jobs
import bench_run

LOG = """2026-11-24T07:52:29.100Z INFO  scheduler address=unix:/tmp/x.sock scheduler is up
2026-11-24T07:52:29.300Z INFO  scheduler job=a-1 epoch=0 PREPARING
2026-11-24T07:52:29.400Z INFO  scheduler peer=worker-1 role=ROLE_WORKER kernel_set=TRAINING: node registered
2026-11-24T07:52:29.500Z INFO  scheduler job=a-1 epoch=0 TRAINING
2026-11-24T07:52:30.750Z INFO  scheduler job=a-1 epoch=0 EVALUATING
2026-11-24T07:52:31.000Z INFO  scheduler job=a-1 epoch=1 TRAINING
2026-11-24T07:52:33.000Z INFO  scheduler job=a-1 epoch=1 SAVING
2026-11-24T07:52:34.000Z ERROR scheduler job=a-1 epoch=1 FAILED: the disk is full
"""
START = 1795506749.0  # 07:52:29


class RunTest(unittest.TestCase):
    def test_states_and_times_of_a_schedulers_log(self):
        states = bench_run.moments(LOG, START)
        self.assertEqual([state for _, state in states],
                         ["PREPARING", "TRAINING", "EVALUATING", "TRAINING", "SAVING", "FAILED"])
        self.assertEqual([round(seconds, 3) for seconds in bench_run.epoch_times(states)], [0.5, 1.75])
        self.assertEqual(bench_run.epoch_times(states[:1]), (None, None))

    def test_a_model_says_what_was_trained(self):
        manifest = {"job": {"name": "x", "batch": 64, "micro_batches": 4, "compute": "COMPUTE_BF16"},
                    "progress": {"version": "12"}, "tables": [{"rows": "10", "columns": 3}, {"rows": "1", "columns": 7}],
                    "optimizer_slots": ["m", "v"], "shards": [{"size": "100"}, {"size": "20"}]}
        with tempfile.TemporaryDirectory() as folder:
            with open(folder + "/manifest.json", "w", encoding="utf-8") as file:
                json.dump(manifest, file)
            self.assertEqual(bench_run.read_model(folder), {
                "name": "x", "compute": "bf16", "batch": 64, "parts": 4, "steps": 12, "parameters": 37,
                "optimizer_slots": 2, "stored_bytes": 120})

    def test_commands_are_run_and_failures_told(self):
        self.assertEqual(bench_run.run(["echo", "words"])[0], "words\n")
        for command in (["sh", "-c", "echo why >&2; exit 3"], ["no-such-program"]):
            with self.assertRaises(bench_run.Failure) as caught:
                bench_run.run(command)
            self.assertIn("why" if command[0] == "sh" else "no-such-program", str(caught.exception))

    def test_a_command_that_takes_too_long_is_ended_with_all_that_it_started(self):
        with self.assertRaises(bench_run.Failure) as caught:
            bench_run.run(["sh", "-c", "cat /dev/zero >/dev/null & wait"], within=0)
        self.assertIn("took more than", str(caught.exception))

    def test_sigterm_ends_what_was_started(self):
        program = ("import bench_run; bench_run.end_on_sigterm(); "
                   "bench_run.run(['sleep', '600'], look=lambda pid: print(pid, flush=True))")
        folder = os.path.dirname(bench_run.__file__)
        with subprocess.Popen([sys.executable, "-B", "-c", program], cwd=folder, stdout=subprocess.PIPE,
                              text=True) as script:
            child = int(script.stdout.readline())
            script.send_signal(signal.SIGTERM)
            self.assertEqual(script.wait(60), 128 + signal.SIGTERM)
        with self.assertRaises(ProcessLookupError):
            os.kill(child, 0)

    def test_peaks_of_memory_are_by_the_daemons_names(self):
        program = "import sys; sys.stdout.write('up'); sys.stdout.flush(); sys.stdin.read()"
        command = [sys.executable, "-c", program, "--name=server-7"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
            self.assertEqual(child.stdout.read(2), b"up")
            peaks = {"server-7": 1}
            bench_run.note_peaks(os.getpid(), peaks)
            child.stdin.close()
        self.assertGreater(peaks["server-7"], 2**20)

    def test_programs_lie_in_a_build_or_in_one_folder(self):
        with tempfile.TemporaryDirectory() as folder:
            with self.assertRaisesRegex(bench_run.Failure, "build first"):
                bench_run.find_program(folder, "pumasi")
            for place in ("tools/cli/pumasi", "pumasi"):
                os.makedirs(os.path.dirname(os.path.join(folder, place)), exist_ok=True)
                with open(os.path.join(folder, place), "w", encoding="utf-8") as file:
                    os.fchmod(file.fileno(), 0o755)
                self.assertEqual(bench_run.find_program(folder, "pumasi"), os.path.join(folder, place))

    def test_a_jobs_data_is_in_place_made_or_missing(self):
        self.assertEqual(bench_jobs.data_files(bench_jobs.job_path("seed80m")), {})
        self.assertEqual(bench_jobs.data_files(bench_jobs.job_path("sections")), {
            "data." + name: os.path.join(bench_run.ROOT, "build", "sections", name + ".csv")
            for name in ("train", "test")})
        with tempfile.TemporaryDirectory() as folder:
            job = folder + "/job.yaml"
            with open(job, "w", encoding="utf-8") as file:
                file.write("name: x  # train: nothing\ndata: {train: rows.csv, text: a, label: b}\n")
            with self.assertRaisesRegex(bench_jobs.Missing, "rows.csv"):
                bench_jobs.data_settings(job, [], folder)
            self.assertEqual(bench_jobs.data_settings(job, ["data.train=other.csv"], folder), [])
            with open(folder + "/rows.csv", "w", encoding="utf-8") as file:
                file.write('a,b\n"two\nlines",1\nx,2\ny,3\n')
            self.assertEqual(bench_jobs.data_settings(job, [], folder), [])
            (short,) = bench_jobs.first_rows(job, [], 2, folder)
            with open(short.split("=", 1)[1], newline="", encoding="utf-8") as file:
                self.assertEqual(file.read().splitlines(), ["a,b", '"two', 'lines",1', "x,2"])

    def test_daemons_on_hosts_have_addresses_and_certificates_of_their_own(self):
        addresses = {"scheduler": "10.99.0.1", "server-0": "10.99.0.2", "worker-0": "10.99.0.3"}
        self.assertEqual(bench_cluster.node_names(1, 1), list(addresses))
        worker = bench_cluster.daemon_flags("worker-0", addresses, "certs", "cache")
        for flag in ("--listen=10.99.0.3:7071", "--scheduler=10.99.0.1:7070", "--tls.key=certs/worker-0.key",
                     "--cache=cache"):
            self.assertIn(flag, worker)
        self.assertNotIn("--scheduler=10.99.0.1:7070", bench_cluster.daemon_flags("scheduler", addresses, "certs", ""))


if __name__ == "__main__":
    unittest.main()
