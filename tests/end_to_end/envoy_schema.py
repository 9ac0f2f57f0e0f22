"""Envoy's own configuration schema, from the npm package that ships it: does a file say what Envoy accepts?"""

import os
import re
import shutil
import subprocess

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

import npm_packages

# Not named by bootstrap.proto: an Any holds them.
EXTENSIONS = (
    "envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.proto",
    "envoy/extensions/filters/http/grpc_json_transcoder/v3/transcoder.proto",
    "envoy/extensions/filters/http/lua/v3/lua.proto",
    "envoy/extensions/filters/http/router/v3/router.proto",
    "envoy/extensions/upstreams/http/v3/http_protocol_options.proto",
)


class EnvoySchema:
    def __init__(self, directory):
        """Compiles the schema in that (empty) directory."""
        npm_packages.install()
        shipped = os.path.join(npm_packages.HOME, "node_modules/@grpc/grpc-js-xds/deps")
        rules = os.path.join(directory, "validate")
        os.makedirs(rules)
        with open(os.path.join(shipped, "protoc-gen-validate/validate/validate.proto"), encoding="utf-8") as file:
            # The copy shipped is older than Envoy's use of it.
            text = re.sub(r"(message \w+Rules \{)", r"\1 optional bool ignore_empty = 1000;", file.read())
        with open(os.path.join(rules, "validate.proto"), "w", encoding="utf-8") as file:
            file.write(text)
        output = os.path.join(directory, "envoy.binpb")
        roots = [directory, *(os.path.join(shipped, name) for name in ("envoy-api", "googleapis", "xds"))]
        subprocess.run([shutil.which("protoc"), "--include_imports", "-o", output, *(f"-I{root}" for root in roots),
                        "-I/usr/include", "envoy/config/bootstrap/v3/bootstrap.proto", *EXTENSIONS], check=True)
        files = descriptor_pb2.FileDescriptorSet()
        with open(output, "rb") as file:
            files.ParseFromString(file.read())
        self._pool = descriptor_pool.DescriptorPool()
        for file in files.file:
            self._pool.Add(file)
        self._factory = message_factory.MessageFactory(self._pool)
        self._options = self._class_of("google.protobuf.FieldOptions")
        self._rules = self._pool.FindExtensionByName("validate.rules")
        self.rules_checked = 0

    def _class_of(self, name):
        return self._factory.GetPrototype(self._pool.FindMessageTypeByName(name))

    def bootstrap(self, config):
        """The Bootstrap message of a parsed YAML file; ParseError names a field that Envoy does not know."""
        message = self._class_of("envoy.config.bootstrap.v3.Bootstrap")()
        json_format.ParseDict(config, message, descriptor_pool=self._pool)
        return message

    def violations(self, message, path=""):
        """What Envoy's validation rules say against a message and all it holds."""
        if message.DESCRIPTOR.full_name == "google.protobuf.Any":
            held = self._class_of(message.type_url.rsplit("/", 1)[1])()
            held.ParseFromString(message.value)
            message = held
        for field in message.DESCRIPTOR.fields:
            where = f"{path}.{field.name}"
            value = getattr(message, field.name)
            repeated = field.label == field.LABEL_REPEATED
            has = bool(value) if repeated or not field.has_presence else message.HasField(field.name)
            options = self._options.FromString(field.GetOptions().SerializeToString())
            if options.HasExtension(self._rules):
                rules = options.Extensions[self._rules]
                if rules.message.required and not has and field.containing_oneof is None:
                    yield f"{where} is required"
                kind = rules.WhichOneof("type")
                if kind and (has or field.containing_oneof is None and not field.message_type):
                    yield from self._broken(kind, getattr(rules, kind), value, where)
            if not field.message_type or not has:
                continue
            if repeated and field.message_type.GetOptions().map_entry:
                for key in value:
                    if hasattr(value[key], "DESCRIPTOR"):
                        yield from self.violations(value[key], f"{where}[{key}]")
            elif repeated:
                for at, element in enumerate(value):
                    yield from self.violations(element, f"{where}[{at}]")
            else:
                yield from self.violations(value, where)

    def _broken(self, kind, rule, value, where):
        if kind == "duration":
            number = value.seconds + value.nanos / 1e9
            limits = {name: getattr(rule, name).seconds + getattr(rule, name).nanos / 1e9
                      for name in ("lt", "lte", "gt", "gte") if rule.HasField(name)}
        elif hasattr(rule, "lte"):
            number = value.value if hasattr(value, "DESCRIPTOR") else value
            limits = {name: getattr(rule, name) for name in ("lt", "lte", "gt", "gte") if rule.HasField(name)}
        else:
            sizes = {"min_items": "gte", "min_bytes": "gte", "min_len": "gte", "max_items": "lte", "max_bytes": "lte",
                     "max_len": "lte"}
            limits = {sizes[name.name]: limit for name, limit in rule.ListFields() if name.name in sizes}
            number = len(value) if limits else 0
        holds = {"lt": number.__lt__, "lte": number.__le__, "gt": number.__gt__, "gte": number.__ge__}
        if getattr(rule, "ignore_empty", False) and not number:
            return
        for name, limit in limits.items():
            self.rules_checked += 1
            if not holds[name](limit):
                yield f"{where}: {number} is not {name} {limit}"
