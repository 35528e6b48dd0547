"""C++ of a .proto file, made with the system's protoc."""

load("@rules_cc//cc:defs.bzl", "cc_library")

def pumasi_proto(name, deps = [], services = False):
    """A cc_library of NAME.proto.

    Args:
      name: the file is NAME.proto; so is the target.
      deps: other pumasi_proto targets of this folder that the file imports.
      services: the file has services: makes NAME.grpc.pb.h too.
    """
    suffixes = [".pb"] + ([".grpc.pb"] if services else [])
    outs = [name + suffix + end for suffix in suffixes for end in [".h", ".cc"]]
    grpc = "--grpc_out=$(GENDIR) --plugin=protoc-gen-grpc=/usr/bin/grpc_cpp_plugin" if services else ""
    native.genrule(
        name = name + "_gen",
        srcs = native.glob(["*.proto"]),
        outs = outs,
        cmd = "protoc --proto_path=. --cpp_out=$(GENDIR) %s proto/%s.proto" % (grpc, name),
    )
    cc_library(
        name = name,
        srcs = [out for out in outs if out.endswith(".cc")],
        hdrs = [out for out in outs if out.endswith(".h")],
        copts = ["-w"],
        deps = deps + ["//third_party:grpc" if services else "//third_party:protobuf"],
    )
