"""Daemons on hosts of a bench_network.Network, with mutual TLS as between machines, and a job that they train."""

import json
import os
import re
import signal
import subprocess
import tempfile

import bench_run
from bench_network import Network

# Each host has one daemon, so they do not get into each other's way.
SCHEDULER_PORT, PORT = 7070, 7071
STOP_WITHIN = 10


def node_names(servers, workers):
    return ["scheduler"] + ["server-%d" % i for i in range(servers)] + ["worker-%d" % i for i in range(workers)]


def tls_flags(folder, name):
    return ["--tls.ca=%s/ca.crt" % folder, "--tls.certificate=%s/%s.crt" % (folder, name),
            "--tls.key=%s/%s.key" % (folder, name)]


def daemon_flags(name, addresses, certificates, cache):
    """Flags of the daemon `name`, as `pumasi train` would give them, but for address and certificates."""
    scheduler = "%s:%d" % (addresses["scheduler"], SCHEDULER_PORT)
    flags = ["--name=" + name] + tls_flags(certificates, name)
    if name == "scheduler":
        return flags + ["--listen=" + scheduler, "--output_root=/", "--store=memory"]
    flags += ["--listen=%s:%d" % (addresses[name], PORT), "--scheduler=" + scheduler, "--scheduler_timeout=30"]
    return flags + ["--output_root=/"] + ([] if name.startswith("server-") else ["--data_root=/", "--cache=" + cache])


class Hosts:
    """A network, and certificates for its hosts, for any number of clusters one after the other. A context.

    programs: {"pumasi": path, ...} of all of bench_run.PLACES but ops. Raises bench_network.NotHere.
    """

    def __init__(self, programs, servers, workers, gbit, folder):
        self._programs, self._folder = programs, tempfile.mkdtemp(dir=folder)
        self._network = Network(node_names(servers, workers), gbit)
        try:
            self._certify()
        except BaseException:
            self._network.end()
            raise

    def _certify(self):
        self._certificates = os.path.join(self._folder, "certificates")
        command = [self._programs["pumasi"], "init", self._certificates, "--node", "client:bench"]
        for name, address in self._network.addresses.items():
            command += ["--node", "%s:%s=%s" % (name.split("-")[0], name, address)]
        bench_run.run(command, within=60)
        self._client = os.path.join(self._folder, "client.yaml")
        with open(self._client, "w", encoding="utf-8") as file:
            tls = {"ca": "ca.crt", "certificate": "bench.crt", "key": "bench.key"}
            json.dump({"scheduler": "%s:%d" % (self._network.addresses["scheduler"], SCHEDULER_PORT), "timeout": 30,
                       "tls": {key: os.path.join(self._certificates, name) for key, name in tls.items()}}, file)

    def _start(self, name, cache, logs):
        program = self._programs["pumasi-" + name.split("-")[0]]
        command = [program] + daemon_flags(name, self._network.addresses, self._certificates, cache)
        with open(os.path.join(logs, name + ".log"), "w", encoding="utf-8") as log:
            return subprocess.Popen(self._network.inside(name, command), stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def _command(self, *words):
        command = [self._programs["pumasi"], *words, "--config", self._client, "--json"]
        text, _ = bench_run.run(self._network.inside("", command))
        return json.loads(text.strip().splitlines()[-1])

    def train(self, job, settings, servers, workers):
        """What `pumasi watch --json` says at the end, and bench_run.read_model. Raises bench_run.Failure."""
        with tempfile.TemporaryDirectory(dir=self._folder) as scratch:
            daemons = []
            try:
                for name in node_names(servers, workers):
                    daemons.append(self._start(name, os.path.join(scratch, "cache"), scratch))
                output = os.path.join(scratch, "out")
                sets = [word for setting in settings for word in ("--set", setting)]
                job_id = self._command("submit", job, "--servers", str(servers), "--workers", str(workers), "--output",
                                       output, *sets)["job"]
                result = self._command("watch", job_id)
                return {**result, **bench_run.read_model(os.path.join(output, "model"))}
            except bench_run.Failure as failure:
                raise bench_run.Failure("%s\n%s" % (failure, self._last_words(scratch))) from failure
            finally:
                self._stop(daemons)

    @staticmethod
    def _last_words(logs):
        lines = []
        for name in sorted(os.listdir(logs)):
            if name.endswith(".log"):
                with open(os.path.join(logs, name), encoding="utf-8", errors="replace") as file:
                    lines += [line.rstrip() for line in file if re.search(r" ERROR | WARN |pumasi", line)][-3:]
        return "\n".join(lines)

    @staticmethod
    def _stop(daemons):
        # Those that need the scheduler first, so that they can take their leave.
        for some in (daemons[1:], daemons[:1]):
            for daemon in some:
                daemon.send_signal(signal.SIGTERM)
            for daemon in some:
                try:
                    daemon.wait(STOP_WITHIN)
                except subprocess.TimeoutExpired:
                    daemon.kill()
                    daemon.wait()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self._network.end()
