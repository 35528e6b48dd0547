"""Tests that start real daemons."""

load("//tools:pumasi.bzl", "pumasi_test")

def cluster_test(name, deps):
    """A Catch2 test NAME.cc that runs the built programs; one at a time, since each takes all cores."""
    pumasi_test(
        name = name,
        size = "medium",
        data = [
            "//scheduler:pumasi-scheduler",
            "//server:pumasi-server",
            "//tools/cli:pumasi",
            "//member:pumasi-worker",
        ],
        tags = ["exclusive"],
        deps = deps,
    )
