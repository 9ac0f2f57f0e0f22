"""The pipes where pairs of texts are not enough: long forms, raw sockets, and the catalogue held against what is
served: by its own words, by an OpenAPI validator and by the client library that reads it."""

import json
import re
import socket
import unittest

import http_client
import npm_packages
from harness import ENDPOINTS, ONE_PROCESS, SEPARATE, SharedSuiteTest
from pipes_golden_test import DATA, read

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
QUARANTINES = tuple(name + "_quarantine" for name in DATA)
REPORTS = ENDPOINTS + ("clv_model_info",)
ALL_PIPES = tuple(sorted(REPORTS + QUARANTINES))
# What changes from call to call.
VOLATILE = re.compile(r'"(elapsed|rows_read|bytes_read)":[0-9.e-]+')


def stable(text):
    """A JSON answer without what it took to make it."""
    return VOLATILE.sub(r'"\1":0', text)


class Pipes:
    """The same against both topologies."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name in DATA:
            cls.suite.events(name, read(f"data/{name}.ndjson"), wait=True)

    def ok(self, answer):
        self.assertEqual(answer.status, 200, answer)
        return answer

    def refused(self, answer, status, *texts):
        self.assertEqual(answer.status, status, answer)
        self.assertTrue(answer.headers["content-type"].startswith("application/json"), answer.headers)
        self.assertEqual(sorted(answer.json()), ["documentation", "error"])
        for text in texts:
            self.assertIn(text, answer.json()["error"])

    def post(self, target, body, **options):
        return self.suite.request("POST", target, body, headers=FORM, **options)

    # ---- the wire

    def test_raw_spaces_in_a_head_that_comes_in_pieces(self):
        target = "/v0/pipes/clv_by_segment.json?start_date=2023-01-01 00:00:00&end_date=2023-01-31 23:59:59"
        host = self.suite.addresses["http"]
        head = (f"GET {target}&country=USA HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
                f"Authorization: Bearer {self.suite.tokens['read']}\r\n\r\n").encode()
        name, port = host.rsplit(":", 1)
        with socket.create_connection((name, int(port)), timeout=60) as connection:
            # One byte after another, as bad as it gets.
            for i in range(len(head)):
                connection.sendall(head[i:i + 1])
            reply = b"".join(iter(lambda: connection.recv(65536), b""))
        self.assertTrue(reply.startswith(b"HTTP/1.1 200 "), reply[:200])
        body = reply.partition(b"\r\n\r\n")[2].decode()
        encoded = self.ok(self.suite.request("GET", target.replace(" ", "%20") + "&country=USA", token="read"))
        self.assertEqual(stable(body), stable(encoded.text))
        self.assertEqual([row["customer_segment"] for row in json.loads(body)["data"]], ["Standard"])

    def test_forms_of_any_length(self):
        target = "/v0/pipes/total_customer_value.ndjson"
        expected = self.ok(self.suite.request("GET", target + "?customer_id=c1&customer_id=c3")).text
        self.assertEqual(expected.count("\n"), 2)
        for strangers in (1000, 9000):
            many = "&".join(f"customer_id=nobody-{n:06}" for n in range(strangers))
            self.assertGreater(len(many), 8192)
            for body in (many + "&customer_id=c1&customer_id=c3", "customer_id=c3&" + many + "&customer_id=c1"):
                self.assertEqual(self.ok(self.post(target, body)).text, expected)
            commas = "customer_id=" + ",".join(f"nobody-{n:06}" for n in range(strangers)) + ",c1"
            self.assertEqual(self.ok(self.post(target + "?customer_id=c3", commas)).text, expected)

    def test_too_many_values_are_refused(self):
        many = "&".join(f"customer_id={n}" for n in range(10001))
        self.refused(self.post("/v0/pipes/total_customer_value.json", many), 400, "customer_id", "10000")

    def test_a_target_that_is_too_long_is_refused(self):
        answer = self.suite.request("GET", "/v0/pipes/clv_by_segment.json?country=" + "x" * 20000)
        self.assertIn(answer.status, (414, 431))
        self.refused(answer, answer.status)

    def test_a_form_that_comes_in_chunks(self):
        host = self.suite.addresses["http"]
        head = (f"POST /v0/pipes/clv_by_segment.json HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
                f"Authorization: Bearer {self.suite.tokens['read']}\r\nTransfer-Encoding: chunked\r\n"
                "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n\r\n")
        chunks = "b\r\ncountry=UK,\r\n3\r\nUSA\r\n0\r\n\r\n"
        answer = self.ok(http_client.raw_request(host, (head + chunks).encode()))
        self.assertEqual([row["customer_segment"] for row in answer.json()["data"]], ["Premium", "Standard"])

    # ---- the catalogue and what is served

    def catalogue(self, token="admin"):
        return self.ok(self.suite.request("GET", "/v1/pipes", token=token)).json()["pipes"]

    def test_every_pipe_answers_with_the_columns_of_the_catalogue(self):
        pipes = self.catalogue()
        self.assertEqual([pipe["name"] for pipe in pipes], list(ALL_PIPES))
        for pipe in pipes:
            columns = [(column["name"], column["type"]) for column in pipe["columns"]]
            names = [name for name, _ in columns]
            with self.subTest(pipe["name"]):
                document = self.ok(self.suite.pipe(pipe["name"])).json()
                self.assertEqual([(column["name"], column["type"]) for column in document["meta"]], columns)
                csv = self.ok(self.suite.pipe(pipe["name"], form="csv")).text
                self.assertEqual(csv.split("\n")[0], ",".join(f'"{name}"' for name in names))
                for line in self.ok(self.suite.pipe(pipe["name"], form="ndjson")).text.splitlines():
                    self.assertEqual(list(json.loads(line)), names)
                described = self.ok(self.suite.request("GET", "/v0/pipes/" + pipe["name"])).json()
                self.assertEqual([(column["name"], column["type"]) for column in described["nodes"][0]["columns"]],
                                 columns)
                self.assertEqual([param["name"] for param in described["nodes"][0]["params"]],
                                 [parameter["name"] for parameter in pipe["parameters"]])

    def test_a_default_that_is_said_changes_nothing(self):
        for pipe in self.catalogue():
            silent = self.ok(self.suite.pipe(pipe["name"])).json()["data"]
            for parameter in pipe["parameters"]:
                if "defaultValue" in parameter:
                    with self.subTest(pipe["name"], parameter=parameter["name"]):
                        said = self.suite.rows(pipe["name"], **{parameter["name"]: parameter["defaultValue"]})
                        self.assertEqual(said, silent)

    def test_every_word_of_a_closed_set_is_taken_and_no_other(self):
        for pipe in self.catalogue():
            for parameter in pipe["parameters"]:
                if not parameter["values"]:
                    continue
                for word in parameter["values"]:
                    with self.subTest(pipe["name"], parameter=parameter["name"], word=word):
                        self.ok(self.suite.pipe(pipe["name"], {parameter["name"]: word}))
                self.refused(self.suite.pipe(pipe["name"], {parameter["name"]: "nonsense"}), 400,
                             parameter["name"], *parameter["values"])

    def test_a_bad_value_of_any_typed_parameter_names_it(self):
        bad = {"UInt32": "many", "Float64": "much", "DateTime": "soon", "Array(UInt32)": "1,x"}
        for pipe in self.catalogue():
            for parameter in pipe["parameters"]:
                value = bad.get(parameter["type"])
                if value is not None:
                    with self.subTest(pipe["name"], parameter=parameter["name"]):
                        self.refused(self.suite.pipe(pipe["name"], {parameter["name"]: value}), 400,
                                     f"{parameter['name']}: got '{value}', want ")

    def test_a_token_sees_exactly_the_pipes_that_answer_it(self):
        tokens = {"admin": ALL_PIPES, "read": REPORTS, "append": QUARANTINES}
        for name, scopes, readable in (
                ("one", ["PIPES:READ:clv_by_segment"], ("clv_by_segment",)),
                ("two", ["PIPE:READ:clv_prediction", "DATASOURCE:READ:customers"],
                 ("clv_prediction", "customers_quarantine")),
                ("none", ["TOKENS"], ())):
            body = json.dumps({"name": "catalogue " + name, "scopes": scopes})
            created = self.suite.request("POST", "/v1/tokens", body, headers={"Content-Type": "application/json"})
            self.assertEqual(created.status, 200, created)
            tokens[self.secret_of(created.json())] = readable
        for token, readable in tokens.items():
            typed = [pipe["name"] for pipe in self.catalogue(token)]
            listed = self.ok(self.suite.request("GET", "/v0/pipes", token=token)).json()["pipes"]
            openapi = self.ok(self.suite.request("GET", "/v0/pipes/openapi.json", token=token)).json()
            described = {path.split("/")[-1].rsplit(".", 1)[0] for path in openapi["paths"]}
            self.assertEqual(typed, sorted(readable))
            self.assertEqual([pipe["name"] for pipe in listed], sorted(readable))
            self.assertEqual(described, set(readable))
            for name in ALL_PIPES:
                status = 200 if name in readable else 403
                for target in (f"/v0/pipes/{name}.json", f"/v0/pipes/{name}", f"/v0/pipes/{name}.pipe"):
                    self.assertEqual(self.suite.request("GET", target, token=token).status, status, target)

    def secret_of(self, created):
        texts = [value for value in created.values() if isinstance(value, str)]
        texts += [value for member in created.values() if isinstance(member, dict)
                  for value in member.values() if isinstance(value, str)]
        return max(texts, key=len)

    # ---- OpenAPI

    def test_the_openapi_document_is_valid_and_true(self):
        answer = self.ok(self.suite.request("GET", "/v0/pipes/openapi.json"))
        self.assertEqual(answer.headers["content-type"], "application/json; charset=UTF-8")
        document = validated(answer.text)
        self.assertEqual(document["openapi"][:4], "3.0.")
        self.assertEqual(len(document["paths"]), 3 * len(ALL_PIPES))
        for path, item in document["paths"].items():
            names = [parameter["name"] for parameter in item["parameters"]]
            self.assertEqual(len(names), len(set(names)), path)
            for method in ("get", "post"):
                with self.subTest(path, method=method):
                    self.check_operation(path, method, item[method])

    def check_operation(self, path, method, operation):
        """Asks and holds the answer against the schema of the operation."""
        form = {"headers": FORM, "body": "from=openapi"} if method == "post" else {}
        answer = self.ok(self.suite.request(method.upper(), path, **form))
        content = operation["responses"]["200"]["content"]
        media_type = answer.headers["content-type"].split(";")[0]
        self.assertEqual(list(content), [media_type])
        for name in operation["responses"]["200"].get("headers", {}):
            self.assertIn(name.lower(), answer.headers)
        schema = content[media_type]["schema"]
        if media_type == "application/json":
            self.assertEqual(violations(json.loads(answer.text), schema), [])
        elif media_type == "application/x-ndjson":
            for line in answer.text.splitlines():
                self.assertEqual(violations(json.loads(line), schema), [])
        number = "model_version" if "clv_model_info" in path else "limit"
        refused = self.suite.request(method.upper(), f"{path}?{number}=-1", **form)
        self.assertEqual(refused.status, 400)
        error = operation["responses"]["400"]["content"]["application/json"]["schema"]
        self.assertEqual(violations(json.loads(refused.text), error), [])

    def test_views_and_levels_fit_the_openapi_schemas(self):
        document = validated(self.ok(self.suite.request("GET", "/v0/pipes/openapi.json")).text)
        for pipe, parameter in (("purchase_frequency_analysis", "view"), ("customer_segmentation", "level")):
            operation = document["paths"][f"/v0/pipes/{pipe}.json"]
            schema = operation["get"]["responses"]["200"]["content"]["application/json"]["schema"]
            words = next(entry["schema"]["enum"] for entry in operation["parameters"] if entry["name"] == parameter)
            for word in words:
                answer = self.ok(self.suite.pipe(pipe, {parameter: word}))
                self.assertEqual(violations(json.loads(answer.text), schema), [], word)

    # ---- the client library that reads the catalogue

    def test_the_sdk_reads_the_catalogue(self):
        npm_packages.install()
        seen = json.loads(npm_packages.run("sdk_catalogue.mjs", "http://" + self.suite.addresses["http"],
                                           self.suite.admin_token))
        self.assertEqual(seen["names"], list(ALL_PIPES))
        self.assertEqual(seen["namesV1"], list(ALL_PIPES))
        typed = {pipe["name"]: pipe for pipe in self.catalogue()}
        for pipe, text, code in zip(seen["pipes"], seen["files"], seen["code"]):
            expected = typed[pipe["name"]]
            self.assertEqual(pipe["type"], "endpoint")
            self.assertEqual([(column["name"], column["type"]) for column in pipe["output_columns"]],
                             [(column["name"], column["type"]) for column in expected["columns"]])
            self.assertEqual([param["name"] for param in pipe["params"]],
                             [parameter["name"] for parameter in expected["parameters"]])
            self.assertTrue(all(not param["required"] for param in pipe["params"]))
            self.assertTrue(text.startswith("DESCRIPTION >\n"), text)
            self.assertIn(f'defineEndpoint("{pipe["name"]}", {{', code)


def validated(text):
    """An OpenAPI document that a validator accepts, without references."""
    npm_packages.install()
    return json.loads(npm_packages.run("validate_openapi.mjs", stdin=text))


def violations(value, schema, where="$"):
    """How a value breaks a schema without references; the keywords that the document uses."""
    if "anyOf" in schema:
        tries = [violations(value, choice, where) for choice in schema["anyOf"]]
        return [] if [] in tries else [f"{where}: fits none: {tries}"]
    if value is None:
        return [] if schema.get("nullable") else [f"{where}: null"]
    types = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool}
    if not isinstance(value, types[schema["type"]]) or (isinstance(value, bool) and schema["type"] != "boolean"):
        return [f"{where}: {value!r} is no {schema['type']}"]
    found = []
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{where}: {value!r} is none of {schema['enum']}")
    if "minimum" in schema and value < schema["minimum"]:
        found.append(f"{where}: {value!r} is below {schema['minimum']}")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        found.append(f"{where}: {value!r} does not look like {schema['pattern']}")
    if schema["type"] == "array":
        for i, element in enumerate(value):
            found += violations(element, schema["items"], f"{where}[{i}]")
    if schema["type"] == "object":
        found += [f"{where}: no {name}" for name in schema.get("required", []) if name not in value]
        for name, member in value.items():
            if name in schema.get("properties", {}):
                found += violations(member, schema["properties"][name], f"{where}.{name}")
    return found


class PipesOneProcessTest(Pipes, SharedSuiteTest):
    topology = ONE_PROCESS


class PipesSeparateProcessesTest(Pipes, SharedSuiteTest):
    topology = SEPARATE


if __name__ == "__main__":
    unittest.main()
