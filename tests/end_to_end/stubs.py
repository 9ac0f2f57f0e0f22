"""Python clients generated from the protos at test time, as a user would generate them."""

import atexit
import importlib
import os
import shutil
import subprocess
import sys
import tempfile

from programs import SOURCE_DIR

GOOGLEAPIS_DIR = "/usr/share/gocode/src/github.com/gogo/googleapis"
# One level down: otherwise the generated package `grpc` would hide the library of this name.
GRPC_PROTO_DIR = "/usr/share/grpc-proto/grpc"

GOOGLE_PROTOS = ("google/api/annotations.proto", "google/api/http.proto", "google/api/httpbody.proto",
                 "google/api/field_behavior.proto", "google/rpc/status.proto", "google/rpc/error_details.proto")
CLV_PROTOS = tuple(f"clv/v1/{name}.proto" for name in (
    "options", "customer", "purchase", "customer_clv", "clv_model", "job", "ingest_service", "aggregation_service",
    "query_service", "admin_service", "data_source_service"))
GRPC_PROTOS = ("health/v1/health.proto", "reflection/v1alpha/reflection.proto")


class Stubs:
    """Generated modules: `stubs.ingest_service` has the messages, `stubs.ingest_service_grpc` the stub."""

    def __init__(self):
        directory = tempfile.mkdtemp(prefix="clv-stubs.")
        atexit.register(shutil.rmtree, directory, ignore_errors=True)
        includes = [os.path.join(SOURCE_DIR, "proto"), GOOGLEAPIS_DIR, GRPC_PROTO_DIR]
        subprocess.run(
            ["protoc", *(f"-I{include}" for include in includes), f"--python_out={directory}",
             f"--grpc_python_out={directory}", "--plugin=protoc-gen-grpc_python=/usr/bin/grpc_python_plugin",
             *GOOGLE_PROTOS, *CLV_PROTOS, *GRPC_PROTOS],
            check=True, timeout=120)
        sys.path.insert(0, directory)
        for proto in CLV_PROTOS + GRPC_PROTOS:
            module = proto[:-len(".proto")].replace("/", ".")
            name = module.rsplit(".", 1)[1]
            setattr(self, name, importlib.import_module(module + "_pb2"))
            setattr(self, name + "_grpc", importlib.import_module(module + "_pb2_grpc"))
        self.error_details = importlib.import_module("google.rpc.error_details_pb2")
        self.rpc_status = importlib.import_module("google.rpc.status_pb2")
