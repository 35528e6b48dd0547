"""What a user would pick instead, as ../shared/peers runs it: which of it is here, how it is started, what it says."""

import collections
import json
import os
import re

from bench_run import Failure, ROOT, run

FOLDER = os.path.join(os.path.dirname(ROOT), "shared", "peers")
PRIMITIVE = re.compile(r"^LSTM primitive, (\w+) *, +(\d+) rows:.* (\d+) rows/s", re.M)
PRODUCTS = re.compile(r"^bare products, merged, +(\d+) rows:.* (\d+) rows/s", re.M)

# `steps` counts in timing beside the peer's own warm-up; 0: whole epochs.
Peer = collections.namedtuple("Peer", "key name kind workload steps flags")
PEERS = [
    Peer("torch-sparse", "PyTorch, sparse + SparseAdam", "torch", "seed80m", 60, ["--sparse"]),
    Peer("torch", "PyTorch, dense Adam", "torch", "seed80m", 15, []),
    Peer("torch-ddp", "PyTorch, DDP-gloo, 2 processes", "torch", "seed80m", 15, ["--processes", "2"]),
    Peer("keras", "Keras on TensorFlow", "tf", "seed80m", 15, []),
    Peer("tf-ps", "TensorFlow PS, 2 + 2", "tf", "seed80m", 60, ["--ps", "2", "--workers", "2"]),
    Peer("onednn", "oneDNN's LSTM primitive alone", "onednn", "seed80m", 0, []),
    Peer("torch-nsmc", "PyTorch, sparse, ids prepared", "torch", "nsmc", 0, ["--sparse"]),
    Peer("torch-sections", "PyTorch, sparse, 4 epochs", "torch", "sections", 0, ["--sparse", "--epochs", "4"]),
]
SCRIPTS = {"torch": "torch_train.py", "tf": "keras_train.py", "onednn": "onednn_lstm.cc"}
MODULES = {"torch": "torch", "tf": "tensorflow"}


def has_module(python, module):
    """Whether that Python has the module (looked up, not loaded: that takes many seconds)."""
    look = "import sys, importlib.util as of; sys.exit(not all(map(of.find_spec, (%r, 'numpy'))))"
    try:
        run([python, "-c", look % module], within=60)
        return True
    except Failure:
        return False


def parse_primitive(text):
    """Rows per second at 64 rows of what onednn_lstm prints, float32: (the primitive, the bare products)."""
    primitive = {(kind, int(rows)): float(rate) for kind, rows, rate in PRIMITIVE.findall(text)}
    products = {int(rows): float(rate) for rows, rate in PRODUCTS.findall(text)}
    if ("float32", 64) not in primitive:
        raise Failure("onednn_lstm printed no float32 rate for 64 rows:\n%s" % text[-2000:])
    return primitive["float32", 64], products.get(64)


class Peers:
    """Those that are here; `cores` is how many they may use. `pythons`: {"torch": path, "tf": path}."""

    def __init__(self, pythons, cores, scratch, folder=FOLDER):
        self._pythons, self._cores, self._scratch, self._folder = pythons, cores, scratch, folder
        self._missing = {}

    def why_not(self, peer):
        """"" if the peer can be run, else what is missing. Looks, and compiles, once for each kind."""
        if peer.kind not in self._missing:
            self._missing[peer.kind] = self._look(peer.kind)
        return self._missing[peer.kind]

    def _look(self, kind):
        script = os.path.join(self._folder, SCRIPTS[kind])
        if not os.path.exists(script):
            return "there is no %s" % script
        if kind in MODULES:
            found = has_module(self._pythons[kind], MODULES[kind])
            return "" if found else "%s has no %s and numpy (--%s-python)" % (self._pythons[kind], MODULES[kind], kind)
        try:
            program = os.path.join(self._scratch, "onednn_lstm")
            run(["g++", "-O2", "-std=c++20", script, "-ldnnl", "-o", program], within=300)
        except Failure as failure:
            return "it does not compile: %s" % failure
        return ""

    def command(self, peer, steps=None):
        """The words of the peer's command; `steps` in place of its own."""
        if peer.kind == "onednn":
            return [os.path.join(self._scratch, "onednn_lstm")]
        steps = peer.steps if steps is None else steps
        script = os.path.join(self._folder, SCRIPTS[peer.kind])
        return ([self._pythons[peer.kind], "-B", script, "--workload", peer.workload, "--threads", str(self._cores)] +
                peer.flags + (["--steps", str(steps)] if steps else []))

    def run(self, peer, steps=None):
        """{"rows_per_s", "process_s" (the whole command), ...} of one run. Raises Failure."""
        environment = {**os.environ, "OMP_NUM_THREADS": str(self._cores)}
        text, seconds = run(self.command(peer, steps), env=environment, cwd=self._scratch)
        if peer.kind == "onednn":
            rate, products = parse_primitive(text)
            return {"rows_per_s": rate, "bare_products_rows_per_s": products, "process_s": seconds}
        try:
            return {**json.loads(text.strip().splitlines()[-1]), "process_s": seconds}
        except (ValueError, IndexError) as error:
            raise Failure("%s printed no result:\n%s" % (peer.key, text[-2000:])) from error
