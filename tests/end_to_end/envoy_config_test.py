"""deploy/envoy.yaml fits the descriptor set of the build, and does what the gateway does."""
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import yaml
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

import envoy_schema

SOURCE = pathlib.Path(os.environ["CLV_SOURCE_DIR"])
DESCRIPTOR_SET = pathlib.Path(os.environ["CLV_SHARE_DIR"]) / "clv_v1.binpb"
TRANSCODER = "envoy.filters.http.grpc_json_transcoder"
HTTP_EXTENSION = 72295728
CLUSTER_OF = {
    "clv.v1.IngestService": "ingest",
    "clv.v1.AdminService": "ingest",
    "clv.v1.DataSourceService": "ingest",
    "clv.v1.AggregationService": "aggregation",
    "clv.v1.QueryService": "query",
}


def load_config():
    return yaml.safe_load((SOURCE / "deploy/envoy.yaml").read_text())


def connection_manager(config):
    (listener,) = config["static_resources"]["listeners"]
    (chain,) = listener["filter_chains"]
    (manager,) = chain["filters"]
    return manager["typed_config"]


def filters(config):
    return {entry["name"]: entry["typed_config"] for entry in connection_manager(config)["http_filters"]}


def routes(config):
    (host,) = connection_manager(config)["route_config"]["virtual_hosts"]
    return host["routes"]


def transcoders(config):
    """The transcoder's options of the filter and of each route that has its own."""
    yield filters(config)[TRANSCODER]
    for route in routes(config):
        if TRANSCODER in route.get("typed_per_filter_config", {}):
            yield route["typed_per_filter_config"][TRANSCODER]


def load_pool():
    files = descriptor_pb2.FileDescriptorSet()
    files.ParseFromString(DESCRIPTOR_SET.read_bytes())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    return files, pool


def rules(files, pool):
    """(method descriptor, HttpRule) of every binding of the set."""
    rule_class = message_factory.MessageFactory(pool).GetPrototype(pool.FindMessageTypeByName("google.api.HttpRule"))
    for file in files.file:
        for service in file.service:
            described = pool.FindServiceByName(f"{file.package}.{service.name}")
            for method in service.method:
                for bytes_of_rule in fields(method.options.SerializeToString(), HTTP_EXTENSION):
                    rule = rule_class.FromString(bytes_of_rule)
                    yield described.methods_by_name[method.name], rule
                    for additional in rule.additional_bindings:
                        yield described.methods_by_name[method.name], additional


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def fields(data, number):
    """The length-delimited fields of that number on the wire; this program knows no extensions."""
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        if tag & 7 == 2:
            size, at = varint(data, at)
            if tag >> 3 == number:
                yield data[at : at + size]
            at += size
        elif tag & 7 == 0:
            _, at = varint(data, at)
        else:
            at += 8 if tag & 7 == 1 else 4


def pattern_of(rule):
    kind = rule.WhichOneof("pattern")
    if kind == "custom":
        return rule.custom.kind, rule.custom.path
    return kind.upper(), getattr(rule, kind)


class EnvoyConfigTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.config = load_config()
        cls.files, cls.pool = load_pool()

    def test_every_named_service_is_in_the_descriptor_set(self):
        for options in transcoders(self.config):
            self.assertEqual(options["services"], list(CLUSTER_OF))
            for service in options["services"]:
                self.assertIsNotNone(self.pool.FindServiceByName(service))

    def test_every_error_detail_type_is_in_the_descriptor_set(self):
        types = set()
        for directory in ("common", "services"):
            for path in (SOURCE / directory).rglob("*.cc"):
                types.update(re.findall(r"google::rpc::([A-Z]\w+)", path.read_text()))
        self.assertIn("BadRequest", types)
        for name in types - {"Code"}:
            self.assertIsNotNone(self.pool.FindMessageTypeByName(f"google.rpc.{name}"), name)

    def test_no_rule_needs_what_envoy_refuses(self):
        shapes = {}
        count = 0
        for method, rule in rules(self.files, self.pool):
            count += 1
            verb, path = pattern_of(rule)
            name = f"{method.full_name} ({verb} {path})"
            self.assertRegex(path, r"^/[^{}]*(\{[^{}]+\}[^{}]*)*$", name)
            self.assertNotIn("//", path, name)
            self.assertLessEqual(path.count("**"), 1, name)
            if "**" in path:
                self.assertNotRegex(path.split("**", 1)[1], r"[*{]", f"{name}: a wildcard behind **")
            for variable in re.findall(r"\{([\w.]+)", path):
                self.check_field(method.input_type, variable, name)
            if rule.body not in ("", "*"):
                self.check_field(method.input_type, rule.body, name)
            if rule.response_body:
                field = method.output_type.fields_by_name[rule.response_body]
                self.assertEqual(field.message_type.full_name, "google.api.HttpBody", name)
            shape = (verb, re.sub(r"\{[\w.]+\}", "*", re.sub(r"\{[\w.]+=([^}]+)\}", r"\1", path)))
            self.assertNotIn(shape, shapes, f"{name} and {shapes.get(shape)}")
            shapes[shape] = name
        self.assertGreater(count, 20)

    def check_field(self, message, dotted, name):
        for part in dotted.split("."):
            self.assertIsNotNone(message, name)
            self.assertIn(part, message.fields_by_name, name)
            message = message.fields_by_name[part].message_type

    def test_the_options_are_those_of_the_gateway(self):
        strict, lenient = transcoders(self.config)
        for options in (strict, lenient):
            self.assertTrue(options["convert_grpc_status"])
            self.assertTrue(options["request_validation_options"]["reject_unknown_method"])
            self.assertTrue(options["query_param_unescape_plus"])
            self.assertEqual(options["print_options"], {"always_print_primitive_fields": True})
            self.assertEqual(options["ignored_query_parameters"], ["pipe", "from"])
            self.assertEqual(options["max_request_body_size"], 16 << 20)
            self.assertEqual(options["max_response_body_size"], 128 << 20)
            self.assertEqual(options["proto_descriptor"], "share/clv_v1.binpb")
        self.assertTrue(strict["request_validation_options"]["reject_unknown_query_parameters"])
        self.assertNotIn("ignore_unknown_query_parameters", strict)
        self.assertTrue(lenient["ignore_unknown_query_parameters"])
        source = (SOURCE / "services/gateway/suite_options.cc").read_text()
        self.assertIn('ignored_query_parameters = {"pipe", "from"}', source)
        self.assertIn("max_response_body_size = 128 << 20", source)

    def test_every_service_has_a_route_to_a_cluster_that_speaks_http2(self):
        clusters = {cluster["name"]: cluster for cluster in self.config["static_resources"]["clusters"]}
        self.assertEqual(set(clusters), {"ingest", "aggregation", "query"})
        for service, cluster in CLUSTER_OF.items():
            route = next(r for r in routes(self.config) if f"/{service}/Method".startswith(r["match"]["prefix"]))
            self.assertEqual(route["route"]["cluster"], cluster)
        for name, cluster in clusters.items():
            (options,) = cluster["typed_extension_protocol_options"].values()
            self.assertEqual(options["explicit_http_config"], {"http2_protocol_options": {}})
            self.assertEqual(cluster["load_assignment"]["cluster_name"], name)

    def test_what_streams_has_no_timeout(self):
        for file in self.files.file:
            for service in file.service:
                full_name = f"{file.package}.{service.name}"
                for method in service.method:
                    if full_name not in CLUSTER_OF or not method.options.SerializeToString():
                        continue
                    if not (method.client_streaming or method.server_streaming):
                        continue
                    if method.name.startswith("Push"):
                        continue  # no rule: gRPC only
                    path = f"/{full_name}/{method.name}"
                    route = next(r for r in routes(self.config) if path.startswith(r["match"]["prefix"]))
                    self.assertEqual(route["route"]["timeout"], "0s", path)

    def test_the_connection_manager_is_hardened(self):
        manager = connection_manager(self.config)
        self.assertEqual(manager["codec_type"], "AUTO")
        self.assertTrue(manager["normalize_path"])
        self.assertFalse(manager["merge_slashes"])
        self.assertEqual(manager["path_with_escaped_slashes_action"], "KEEP_UNCHANGED")
        self.assertEqual(manager["max_request_headers_kb"], 16)
        self.assertEqual(manager["request_headers_timeout"], "10s")
        names = [entry["name"] for entry in manager["http_filters"]]
        self.assertEqual(names, ["envoy.filters.http.lua", TRANSCODER, "envoy.filters.http.router"])


class EnvoySchemaTest(unittest.TestCase):
    """Envoy itself is not to be had from Debian or npm; its configuration schema and its Lua are."""

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.directory.cleanup)
        cls.schema = envoy_schema.EnvoySchema(cls.directory.name)

    def test_envoys_schema_knows_every_field_of_the_file(self):
        bootstrap = self.schema.bootstrap(load_config())
        self.assertEqual(len(bootstrap.static_resources.clusters), 3)

    def test_envoys_validation_rules_hold(self):
        self.assertEqual(list(self.schema.violations(self.schema.bootstrap(load_config()))), [])
        self.assertGreater(self.schema.rules_checked, 20)

    def test_the_schema_refuses_a_field_and_a_value_that_envoy_lacks(self):
        misspelt = load_config()
        filters(misspelt)[TRANSCODER]["convert_grpc_statuses"] = True
        with self.assertRaisesRegex(json_format.ParseError, "convert_grpc_statuses"):
            self.schema.bootstrap(misspelt)
        empty = load_config()
        connection_manager(empty)["stat_prefix"] = ""
        self.assertTrue(any("stat_prefix" in one for one in self.schema.violations(self.schema.bootstrap(empty))))


LUA_HANDLE = """
local function handle(headers)
  local object = {}
  function object:headers()
    local of = {}
    function of:get(name) return headers[name] end
    function of:add(name, value) headers[name] = (headers[name] and headers[name] .. "," or "") .. value end
    function of:replace(name, value) headers[name] = value end
    function of:remove(name) headers[name] = nil end
    return of
  end
  return object
end
function request(path, authorization)
  local headers = {[":path"] = path, authorization = authorization}
  envoy_on_request(handle(headers))
  print(headers.authorization or "none")
end
function response(grpc_says)
  local headers = {[":status"] = "200", ["x-clv-http-status"] = grpc_says}
  envoy_on_response(handle(headers))
  print(headers[":status"] .. " " .. (headers["x-clv-http-status"] or "none"))
end
"""


class EnvoyLuaTest(unittest.TestCase):
    def run_filter(self, calls):
        code = filters(load_config())["envoy.filters.http.lua"]["default_source_code"]["inline_string"]
        done = subprocess.run(["luajit", "-"], input=code + LUA_HANDLE + calls, capture_output=True, text=True, check=True)
        return done.stdout.splitlines()

    def test_the_token_of_a_v0_address_becomes_the_authorization(self):
        self.assertEqual(self.run_filter("""
            request("/v0/events?name=a&token=p.ab%2Bc")
            request("/v0/events?token=abc&name=a")
            request("/v0/events?mytoken=abc")
            request("/v0/events")
            request("/v1/customers?token=abc")
            request("/v0/events?token=other", "Bearer mine")
            request("/v0/events?token=a%0d%0ab")
            request("/v0/events?token=")
        """), ["Bearer p.ab+c", "Bearer abc", "none", "none", "none", "Bearer mine", "none", "none"])

    def test_the_status_that_a_handler_means_becomes_that_of_the_answer(self):
        self.assertEqual(self.run_filter("""
            response("202")
            response(nil)
            response("403")
            response("99")
            response("no")
        """), ["202 none", "200 none", "403 none", "200 none", "200 none"])


if __name__ == "__main__":
    unittest.main()
