#!/usr/bin/env python3
"""Each check lets a clean tree pass and objects to a fault planted in it."""
import importlib
import os
import sys
import tempfile
import unittest

from lint import CHECKS
from tree import Tree

CLEAN = {
    "WORKSPACE": "",
    ".clang-format": "BasedOnStyle: Google\nColumnLimit: 120\n",
    "README.md": "# Name\n[a part](#name), [the code](server/shard.cc)\n",
    "server/BUILD": 'package(default_visibility = ["//server:__pkg__", "//tests:__subpackages__"])\n'
                    'cc_library(name = "shard", deps = ["//common:log"])\n'
                    'cc_binary(name = "pumasi-server", visibility = ["//visibility:public"])\n',
    "server/shard.cc": '#include "server/shard.h"\n\n#include "common/log.h"\n\nint Shards() { return 1; }\n',
    "tools/run": "#!/usr/bin/env bash\necho run\n",
    "common/failpoint.cc": 'const char* const kNames[] = {\n    "server.push.applied",\n};\n',
    "server/push.cc": 'bool Push() { return PUMASI_FAILPOINT("server.push.applied").ok(); }\n',
    "docs/testing.md": "| failpoint | where |\n|---|---|\n| `server.push.applied` | a push is applied |\n",
    "bazel-out/made.cc": '#include "worker/main.h"\n',
}
# Words apart, so that the checks do not object to this file.
SLEEP, ROOT = "sle" + "ep", "/ro" + "ot/"
# check: [(file, contents)]
FAULTS = {
    "arrows": [("server/shard.cc", '#include "worker/model.h"\n'),
               ("common/log.cc", '#include "ops/gemm.h"\n'),
               ("tools/cli.cc", '#include "scheduler/ledger.h"\n'),
               ("worker/BUILD", 'cc_library(name = "a", deps = ["//scheduler:ledger"])\n')],
    "visibility": [("server/BUILD", 'package(default_visibility = ["//visibility:public"])\n'),
                   ("scheduler/BUILD", 'cc_library(name = "a", visibility = ["//tools:__subpackages__"])\n'),
                   ("worker/BUILD", 'SEEN = ["//server:__pkg__"]\ncc_library(name = "a", visibility = SEEN)\n'),
                   ("worker/a/BUILD", 'cc_library(name = "a", visibility = [x for x in []])\n')],
    "lengths": [("server/shard.cc", "\n" * 401)],
    "waits": [("server/shard.cc", f"void Wait() {{ absl::{SLEEP.title()}For(absl::Seconds(1)); }}\n"),
              ("server/shard.cc", f"void Wait() {{ std::this_thread::{SLEEP}_for(1s); }}\n"),
              ("tools/wait.py", f"time.{SLEEP}(1)\n"),
              ("tools/run", f"#!/bin/sh\nwhile true; do {SLEEP} 1; done\n")],
    "machine_paths": [("docs/a.md", f"see {ROOT}notes\n"), ("tools/run", f"#!/bin/sh\ncd {ROOT}x\n")],
    "links": [("README.md", "[gone](docs/gone.md)\n"), ("README.md", "# A\n[gone](#b)\n"),
              ("README.md", '<img src="docs/gone.svg">\n')],
    "failpoints": [("server/shard.cc", 'absl::Status s = PUMASI_FAILPOINT("server.push.other");\n'),
                   ("server/shard.cc", 'absl::Status s = PUMASI_FAILPOINT(\n    "server.push.applied");\n'),
                   ("common/failpoint.cc", CLEAN["common/failpoint.cc"] + '    "server.push.gone",\n'),
                   ("docs/testing.md", "| failpoint | where |\n"),
                   ("docs/testing.md", CLEAN["docs/testing.md"] + "| `server.push.gone` | gone |\n")],
    "format": [("server/shard.cc", "int   Shards( ) {return 1;}\n"), (".clang-format", "ColumnLimit: [\n")],
}


def run(check, files):
    with tempfile.TemporaryDirectory() as folder:
        for path, contents in files.items():
            full = os.path.join(folder, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", encoding="utf-8") as file:
                file.write(contents)
        return importlib.import_module(check).check(Tree(folder))


class LintTest(unittest.TestCase):
    def test_a_clean_tree_passes(self):
        for check in CHECKS:
            with self.subTest(check):
                self.assertEqual(run(check, CLEAN), [])

    def test_every_check_has_planted_faults(self):
        self.assertEqual(sorted(FAULTS), sorted(CHECKS))

    def test_planted_faults_are_found_where_they_are(self):
        for check, faults in FAULTS.items():
            for path, contents in faults:
                with self.subTest(check, path=path, contents=contents):
                    self.assertEqual([finding.path for finding in run(check, {**CLEAN, path: contents})], [path])


if __name__ == "__main__":
    sys.exit(unittest.main())
