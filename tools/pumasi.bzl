"""The shared shape of tests."""

load("@rules_cc//cc:defs.bzl", "cc_test")

def pumasi_test(name, deps, srcs = None, size = "small", **kwargs):
    """A Catch2 test of one source file, NAME.cc unless stated."""
    cc_test(
        name = name,
        srcs = srcs or [name + ".cc"],
        size = size,
        deps = deps + ["//third_party:catch2_main"],
        **kwargs
    )
