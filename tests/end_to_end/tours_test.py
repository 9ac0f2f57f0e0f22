"""One tour of the suite each by clients that others have made: @grpc/grpc-js, buf curl, and one made of the OpenAPI document."""

import json
import os
import subprocess
import unittest
import urllib.request

import harness
import npm_packages

DESCRIPTOR_SET = os.path.join(os.environ["CLV_SHARE_DIR"], "clv_v1.binpb")


class ToursTest(harness.SharedSuiteTest):
    @classmethod
    def setUpClass(cls):
        npm_packages.install()
        super().setUpClass()
        cls.base_url = "http://" + cls.suite.addresses["http"]
        with urllib.request.urlopen(cls.base_url + "/openapi.json", timeout=30) as answer:
            cls.document = answer.read().decode()

    def npx(self, program, *arguments):
        """Runs a program of an installed package."""
        result = subprocess.run([os.path.join(npm_packages.HOME, "node_modules/.bin", program), *arguments],
                                cwd=npm_packages.HOME, capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return result.stdout

    def buf_curl(self, method, message, *options, service="QueryService"):
        return json.loads(self.npx("buf", "curl", "--schema", DESCRIPTOR_SET, "--protocol", "grpc",
                                   "--http2-prior-knowledge", "-H", f"authorization: Bearer {self.suite.admin_token}",
                                   "-d", json.dumps(message), *options,
                                   f"http://{self.suite.addresses['query']}/clv.v1.{service}/{method}"))

    def test_grpc_js(self):
        self.assertIn("ok", npm_packages.run("grpc_tour.mjs", self.suite.addresses["query"], self.suite.admin_token,
                                             DESCRIPTOR_SET))

    def test_buf_curl(self):
        written = self.buf_curl("WriteCustomers", {"customers": [{"customerId": "buf", "country": "CH"}], "wait": True},
                                service="IngestService")
        self.assertEqual(written["result"]["successfulRows"], "1")
        batch = {"purchases": [{"purchaseId": "b-1", "customerId": "buf", "purchaseAmountMicros": "7250000",
                                "purchaseDate": "2023-11-14T22:13:20Z"}], "wait": True}
        streamed = self.buf_curl("StreamPurchases", batch, service="IngestService")
        self.assertEqual(streamed["result"]["successfulRows"], "1")
        report = self.buf_curl("GetTotalCustomerValue", {"customerId": ["buf"]})
        self.assertEqual(float(report["rows"][0]["totalSpend"]), 7.25)

    def test_buf_curl_by_reflection(self):
        """Without the descriptor set: the server describes itself."""
        output = self.npx("buf", "curl", "--reflect", "--reflect-protocol", "grpc-v1alpha", "--protocol", "grpc",
                          "--http2-prior-knowledge", "-H", f"authorization: Bearer {self.suite.admin_token}", "-d", "{}",
                          f"http://{self.suite.addresses['query']}/clv.v1.QueryService/ListPipes")
        self.assertIn("total_customer_value", output)

    def test_the_openapi_document_is_valid(self):
        resolved = json.loads(npm_packages.run("validate_openapi.mjs", stdin=self.document))
        self.assertEqual(resolved["openapi"], "3.1.0")
        self.assertIn("/v1/reports/total_customer_value", resolved["paths"])
        operation = resolved["paths"]["/v1/customers:write"]["post"]
        self.assertIn("Writes customers.", operation["description"])

    def test_a_client_made_of_the_openapi_document(self):
        with open(os.path.join(npm_packages.HOME, "openapi.json"), "w", encoding="utf-8") as file:
            file.write(self.document)
        self.npx("openapi-typescript", "openapi.json", "-o", "openapi_types.d.ts")
        self.npx("tsc", "--strict", "--skipLibCheck", "--target", "es2022", "--module", "esnext", "--moduleResolution",
                 "bundler", "--allowImportingTsExtensions", "--noEmitOnError", "--rewriteRelativeImportExtensions",
                 "--types", "node", "openapi_tour.ts")
        self.assertIn("ok", npm_packages.run("openapi_tour.js", self.base_url, self.suite.admin_token))


if __name__ == "__main__":
    unittest.main()
