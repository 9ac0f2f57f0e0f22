"""Clients from generated Python stubs: writes, reports, tokens, status, health, reflection."""

import datetime
import json
import os
import shutil
import subprocess
import time
import unittest

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory, timestamp_pb2

from harness import BUILD_DIR, ONE_PROCESS, SEPARATE, SharedSuiteTest, eventually
from programs import clean_environment
from stubs import Stubs

STUBS = Stubs()
DEADLINE_SECONDS = 30
SERVICES = {
    "ingest": ("clv.v1.IngestService", "clv.v1.AdminService"),
    "aggregation": ("clv.v1.AggregationService",),
    "query": ("clv.v1.QueryService",),
}


def instant(text):
    value = timestamp_pb2.Timestamp()
    value.FromDatetime(datetime.datetime.fromisoformat(text))
    return value


def purchase(number, customer_id, micros, date="2023-05-01 10:00:00", **fields):
    return STUBS.purchase.Purchase(purchase_id=f"p{number}", customer_id=customer_id, purchase_amount_micros=micros,
                                   purchase_date=instant(date), **fields)


class GrpcClients:
    """The same against both topologies."""

    def setUp(self):
        self.channels = {role: grpc.insecure_channel(self.suite.addresses[role]) for role in SERVICES}
        for channel in self.channels.values():
            self.addCleanup(channel.close)
        self.ingest = STUBS.ingest_service_grpc.IngestServiceStub(self.channels["ingest"])
        self.admin = STUBS.admin_service_grpc.AdminServiceStub(self.channels["ingest"])
        self.aggregation = STUBS.aggregation_service_grpc.AggregationServiceStub(self.channels["aggregation"])
        self.query = STUBS.query_service_grpc.QueryServiceStub(self.channels["query"])

    def call(self, method, request, token="admin"):
        metadata = []
        if token is not None:
            text = self.suite.admin_token if token == "admin" else self.suite.tokens.get(token, token)
            metadata.append(("authorization", "Bearer " + text))
        return method(request, metadata=metadata, timeout=DEADLINE_SECONDS)

    def assert_code(self, code, method, request, token="admin"):
        with self.assertRaises(grpc.RpcError) as caught:
            self.call(method, request, token)
        self.assertEqual(caught.exception.code(), code, caught.exception.details())
        return caught.exception

    def total(self, customer_id):
        request = STUBS.query_service.GetTotalCustomerValueRequest(customer_id=[customer_id])
        return self.call(self.query.GetTotalCustomerValue, request).rows[0]

    # ---- writes

    def test_unary_writes(self):
        customers = STUBS.ingest_service.WriteCustomersRequest(wait=True, customers=[
            STUBS.customer.Customer(customer_id="u1", name="Ada", email="ada@example.com", country="UK",
                                    customer_segment="Premium", acquisition_source="Referral",
                                    signup_date=instant("2023-01-01 00:00:00"))])
        result = self.call(self.ingest.WriteCustomers, customers).result
        self.assertEqual((result.successful_rows, result.quarantined_rows, result.visible), (1, 0, True))
        self.assertGreater(result.log_position, 0)

        rows = [purchase("u1", "u1", 10_250_000), purchase("u2", "u1", -250_000, order_id="pu1"),
                purchase("u3", "u1", 5_000_001, "2023-06-01 10:00:00", currency="usd"),
                purchase("u4", "", 1), STUBS.purchase.Purchase(purchase_id="u5", customer_id="u1"),
                purchase("u6", "u1", 10**15 + 1), purchase("u7", "u1", 1, currency="nonsense")]
        result = self.call(self.ingest.WritePurchases, STUBS.ingest_service.WritePurchasesRequest(
            purchases=rows, wait=True)).result
        self.assertEqual((result.successful_rows, result.quarantined_rows, result.visible), (3, 4, True))
        self.assertEqual([error.row for error in result.errors], [3, 4, 5, 6])
        self.assertEqual([error.field for error in result.errors][0], "customer_id")
        self.assertTrue(all(error.description for error in result.errors))

        row = self.total("u1")
        self.assertEqual((row.total_spend, row.refunded_amount, row.purchase_count), ("15.000001", "0.25", 2))
        self.assertEqual((row.name, row.email, row.country), ("Ada", "ada@example.com", "UK"))

        clvs = STUBS.ingest_service.WriteCustomerClvsRequest(wait=True, customer_clvs=[
            STUBS.customer_clv.CustomerClv(
                customer_id="u9", total_spend_micros=500_250_000, purchase_count=5,
                first_purchase_date=instant("2023-01-16 14:20:00"), last_purchase_date=instant("2023-06-20 09:15:00"),
                updated_at=instant("2023-06-20 09:15:00"))])
        self.assertEqual(self.call(self.ingest.WriteCustomerClvs, clvs).result.successful_rows, 1)
        row = self.total("u9")
        self.assertEqual((row.total_spend, row.purchase_count), ("500.25", 5))

    def test_client_streams(self):
        batches = [STUBS.ingest_service.StreamPurchasesRequest(
            purchases=[purchase(f"s{batch}-{row}", "s1", 1_000_000) for row in range(50)], wait=batch == 19)
            for batch in range(20)]
        batches[3].purchases.append(purchase("bad", "", 1))
        result = self.call(self.ingest.StreamPurchases, iter(batches)).result
        self.assertEqual((result.successful_rows, result.quarantined_rows, result.visible), (1000, 1, True))
        self.assertEqual(result.errors[0].row, 200)  # counted over the whole stream
        row = self.total("s1")
        self.assertEqual((row.total_spend, row.purchase_count), ("1000", 1000))

        customers = (STUBS.ingest_service.StreamCustomersRequest(
            customers=[STUBS.customer.Customer(customer_id=f"stream{n}")]) for n in range(5))
        self.assertEqual(self.call(self.ingest.StreamCustomers, customers).result.successful_rows, 5)
        clvs = iter([STUBS.ingest_service.StreamCustomerClvsRequest(customer_clvs=[STUBS.customer_clv.CustomerClv()])])
        result = self.call(self.ingest.StreamCustomerClvs, clvs).result
        self.assertEqual((result.successful_rows, result.quarantined_rows), (0, 1))

    def test_streams_that_acknowledge_every_batch(self):
        metadata = [("authorization", "Bearer " + self.suite.admin_token)]
        batches = [STUBS.ingest_service.PushPurchasesRequest(
            batch_id=100 + batch, wait=batch == 9,
            purchases=[purchase(f"k{batch}-{row}", "k1", 1_000_000) for row in range(20)]) for batch in range(10)]
        batches[3].purchases.append(purchase("bad", "", 1))
        answers = list(self.ingest.PushPurchases(iter(batches), metadata=metadata, timeout=DEADLINE_SECONDS))
        self.assertEqual([answer.batch_id for answer in answers], list(range(100, 110)))
        self.assertEqual([answer.result.successful_rows for answer in answers], [20] * 10)
        self.assertEqual([answer.result.quarantined_rows for answer in answers], [0, 0, 0, 1] + [0] * 6)
        self.assertEqual(answers[3].result.errors[0].row, 20)  # counted in its batch
        self.assertTrue(answers[9].result.visible)
        row = self.total("k1")
        self.assertEqual((row.total_spend, row.purchase_count), ("200", 200))

        answers = self.ingest.PushPurchases(iter([batches[0], STUBS.ingest_service.PushPurchasesRequest(batch_id=7)]),
                                            metadata=metadata, timeout=DEADLINE_SECONDS)
        self.assertEqual(next(answers).batch_id, 100)
        with self.assertRaises(grpc.RpcError) as caught:
            next(answers)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.INVALID_ARGUMENT)
        self.assertIn("batch 7", caught.exception.details())

    def test_refused_writes(self):
        before = self.suite.counts()
        empty = STUBS.ingest_service.WritePurchasesRequest()
        self.assert_code(grpc.StatusCode.INVALID_ARGUMENT, self.ingest.WritePurchases, empty)
        good = STUBS.ingest_service.WritePurchasesRequest(purchases=[purchase("x1", "x", 1)])
        self.assert_code(grpc.StatusCode.UNAUTHENTICATED, self.ingest.WritePurchases, good, None)
        self.assert_code(grpc.StatusCode.UNAUTHENTICATED, self.ingest.WritePurchases, good, "wrong")
        self.assert_code(grpc.StatusCode.PERMISSION_DENIED, self.ingest.WritePurchases, good, "read")
        stream = iter([STUBS.ingest_service.StreamPurchasesRequest(purchases=[purchase("x1", "x", 1)])])
        self.assert_code(grpc.StatusCode.PERMISSION_DENIED, self.ingest.StreamPurchases, stream, "read")
        self.assertEqual(self.suite.counts(), before)

    # ---- reports

    def test_typed_reports(self):
        rows = [purchase(f"r{n}", f"r{n % 7}", 1_000_000 * n, f"2023-0{1 + n % 6}-01 00:00:00") for n in range(1, 60)]
        self.call(self.ingest.WritePurchases, STUBS.ingest_service.WritePurchasesRequest(purchases=rows, wait=True))
        messages = STUBS.query_service
        requests = {
            "GetCustomerRetention": messages.GetCustomerRetentionRequest(
                granularity=messages.GRANULARITY_QUARTER, periods=2),
            "GetClvBySegment": messages.GetClvBySegmentRequest(start_date="2023-01-01"),
            "GetClvByAcquisitionSource": messages.GetClvByAcquisitionSourceRequest(country=["(unknown)"]),
            "GetPurchaseFrequencyAnalysis": messages.GetPurchaseFrequencyAnalysisRequest(
                view=messages.FREQUENCY_VIEW_ORDERS),
            "GetClvPrediction": messages.GetClvPredictionRequest(limit=3),
            "GetCustomerSegmentation": messages.GetCustomerSegmentationRequest(limit=3),
            "GetTotalCustomerValue": messages.GetTotalCustomerValueRequest(limit=3),
        }
        for name, request in requests.items():
            with self.subTest(name):
                response = self.call(getattr(self.query, name), request)
                self.assertGreater(len(response.rows), 0)
                self.assertEqual(response.context.reporting_currency, "USD")
                self.assertGreater(response.context.folded_position, 0)
                self.assertEqual(self.call(getattr(self.query, name), request, "read").rows, response.rows)
                self.assert_code(grpc.StatusCode.PERMISSION_DENIED, getattr(self.query, name), request, "append")
        self.assertEqual(len(self.call(self.query.GetTotalCustomerValue, requests["GetTotalCustomerValue"]).rows), 3)
        summary = self.call(self.query.GetCustomerSegmentation, messages.GetCustomerSegmentationRequest(
            level=messages.SEGMENTATION_LEVEL_SUMMARY))
        self.assertEqual((len(summary.rows), len(summary.segment_rows)), (0, 11))

    def test_bad_parameter_has_a_field_violation(self):
        request = STUBS.query_service.GetTotalCustomerValueRequest(start_date="garbage")
        error = self.assert_code(grpc.StatusCode.INVALID_ARGUMENT, self.query.GetTotalCustomerValue, request)
        self.assertIn("start_date", error.details())
        self.assertIn("garbage", error.details())
        binary = dict(error.trailing_metadata())["grpc-status-details-bin"]
        status = STUBS.rpc_status.Status.FromString(binary)
        bad_request = STUBS.error_details.BadRequest()
        self.assertTrue(status.details[0].Unpack(bad_request))
        self.assertEqual(bad_request.field_violations[0].field, "start_date")

    # ---- administration

    def test_tokens(self):
        messages = STUBS.admin_service
        created = self.call(self.admin.CreateToken, messages.CreateTokenRequest(
            name="dashboard", scopes=["PIPE:READ:clv_by_segment"]))
        self.assertEqual(list(created.token.scopes), ["PIPES:READ:clv_by_segment"])
        self.assertEqual(created.token.prefix, created.secret[:6])
        self.assert_code(grpc.StatusCode.ALREADY_EXISTS, self.admin.CreateToken, messages.CreateTokenRequest(
            name="dashboard", scopes=["ADMIN"]))
        self.assert_code(grpc.StatusCode.INVALID_ARGUMENT, self.admin.CreateToken, messages.CreateTokenRequest(
            name="other", scopes=["EVERYTHING"]))
        listed = self.call(self.admin.ListTokens, messages.ListTokensRequest())
        self.assertIn("dashboard", [token.name for token in listed.tokens])
        self.assertNotIn(created.secret, str(listed))

        request = STUBS.query_service.GetClvBySegmentRequest()

        def accepted():
            try:
                self.call(self.query.GetClvBySegment, request, created.secret)
                return True
            except grpc.RpcError as error:
                self.assertEqual(error.code(), grpc.StatusCode.UNAUTHENTICATED)
                return False

        def code_of_listing():
            try:
                self.call(self.admin.ListTokens, messages.ListTokensRequest(), created.secret)
                return grpc.StatusCode.OK
            except grpc.RpcError as error:
                return error.code()

        # Every process takes a new token and refuses a revoked one within a second.
        eventually(accepted, "the new token is accepted", seconds=10)
        eventually(lambda: code_of_listing() == grpc.StatusCode.PERMISSION_DENIED, "the new token is known", seconds=10)
        self.assert_code(grpc.StatusCode.PERMISSION_DENIED, self.query.GetTotalCustomerValue,
                         STUBS.query_service.GetTotalCustomerValueRequest(), created.secret)
        self.call(self.admin.DeleteToken, messages.DeleteTokenRequest(name="dashboard"))
        deleted = time.monotonic()
        last_accepted = deleted
        while True:
            begin = time.monotonic()
            if not accepted():
                break
            last_accepted = begin
            self.assertLess(begin - deleted, 10, "the token is never revoked")
        self.assertLess(last_accepted - deleted, 1.0)
        self.assert_code(grpc.StatusCode.NOT_FOUND, self.admin.DeleteToken,
                         messages.DeleteTokenRequest(name="dashboard"))
        self.assert_code(grpc.StatusCode.FAILED_PRECONDITION, self.admin.DeleteToken,
                         messages.DeleteTokenRequest(name="admin"))

    def test_email_is_masked(self):
        self.call(self.ingest.WriteCustomers, STUBS.ingest_service.WriteCustomersRequest(
            customers=[STUBS.customer.Customer(customer_id="mask", email="grace@example.com")], wait=True))
        secret = self.call(self.admin.CreateToken, STUBS.admin_service.CreateTokenRequest(
            name="masked", scopes=["PIPES:READ:total_customer_value"])).secret
        request = STUBS.query_service.GetTotalCustomerValueRequest(customer_id=["mask"])

        def rows():
            try:
                return self.call(self.query.GetTotalCustomerValue, request, secret).rows
            except grpc.RpcError:
                return None

        self.assertEqual(eventually(rows, "the new token is accepted", seconds=10)[0].email, "g***@example.com")
        self.assertEqual(self.total("mask").email, "grace@example.com")

    def test_status_and_jobs(self):
        status = self.call(self.admin.GetStatus, STUBS.admin_service.GetStatusRequest())
        self.assertRegex(status.version, r"^\d+\.\d+\.\d+")
        self.assertTrue(status.HasField("ingest") and status.HasField("aggregation") and status.HasField("query"))
        self.assertEqual(list(status.problems), [])
        self.assertEqual(status.aggregation.reporting_currency, "USD")
        self.assert_code(grpc.StatusCode.PERMISSION_DENIED, self.admin.GetStatus,
                         STUBS.admin_service.GetStatusRequest(), "read")
        messages = STUBS.aggregation_service
        job = self.call(self.aggregation.StartRebuild, messages.StartRebuildRequest()).job
        self.assertEqual(job.kind, STUBS.job.JOB_KIND_REBUILD)
        done = eventually(lambda: self.finished_job(job.job_id), "end of the rebuild")
        self.assertEqual((done.state, done.error), (STUBS.job.JOB_STATE_DONE, ""))
        jobs = self.call(self.aggregation.ListJobs, messages.ListJobsRequest(limit=1)).jobs
        self.assertEqual([listed.job_id for listed in jobs], [job.job_id])
        self.assert_code(grpc.StatusCode.NOT_FOUND, self.aggregation.GetJob, messages.GetJobRequest(job_id="nothing"))
        self.suite.verify()

    def finished_job(self, job_id):
        messages = STUBS.aggregation_service
        job = self.call(self.aggregation.GetJob, messages.GetJobRequest(job_id=job_id)).job
        return job if job.state in (STUBS.job.JOB_STATE_DONE, STUBS.job.JOB_STATE_ERROR) else None

    # ---- health and reflection

    def test_health(self):
        for role, services in SERVICES.items():
            health = STUBS.health_grpc.HealthStub(self.channels[role])
            for service in services + ("",):
                with self.subTest(role=role, service=service):
                    reply = health.Check(STUBS.health.HealthCheckRequest(service=service), timeout=DEADLINE_SECONDS)
                    self.assertEqual(reply.status, STUBS.health.HealthCheckResponse.SERVING)
            with self.assertRaises(grpc.RpcError) as caught:
                health.Check(STUBS.health.HealthCheckRequest(service="nothing"), timeout=DEADLINE_SECONDS)
            self.assertEqual(caught.exception.code(), grpc.StatusCode.NOT_FOUND)

    def reflect(self, role, **request):
        stub = STUBS.reflection_grpc.ServerReflectionStub(self.channels[role])
        replies = stub.ServerReflectionInfo(iter([STUBS.reflection.ServerReflectionRequest(**request)]),
                                            timeout=DEADLINE_SECONDS)
        return next(iter(replies))

    def described(self, role, symbol):
        """A pool with the file of a symbol and all that it imports, from nothing but reflection."""
        files = {}
        wanted = [{"file_containing_symbol": symbol}]
        while wanted:
            reply = self.reflect(role, **wanted.pop())
            self.assertEqual(reply.error_response.error_code, 0, reply)
            for data in reply.file_descriptor_response.file_descriptor_proto:
                file = descriptor_pb2.FileDescriptorProto.FromString(data)
                if file.name not in files:
                    files[file.name] = file
                    wanted += [{"file_by_filename": name} for name in file.dependency if name not in files]
        pool = descriptor_pool.DescriptorPool()

        def add(name):
            if name in files:
                file = files.pop(name)
                for dependency in file.dependency:
                    add(dependency)
                pool.Add(file)

        for name in list(files):
            add(name)
        return pool

    def test_reflection_describes_and_calls(self):
        for role, services in SERVICES.items():
            reply = self.reflect(role, list_services="*")
            listed = {service.name for service in reply.list_services_response.service}
            self.assertLessEqual(set(services) | {"grpc.health.v1.Health"}, listed)
            for service in listed:
                with self.subTest(service):
                    descriptor = self.described(role, service).FindServiceByName(service)
                    self.assertGreater(len(descriptor.methods), 0)
        # A call with nothing known beforehand.
        pool = self.described("query", "clv.v1.QueryService")
        method = pool.FindServiceByName("clv.v1.QueryService").FindMethodByName("GetTotalCustomerValue")
        factory = message_factory.MessageFactory(pool)
        request_class = factory.GetPrototype(method.input_type)
        response_class = factory.GetPrototype(method.output_type)
        invoke = self.channels["query"].unary_unary(
            "/clv.v1.QueryService/GetTotalCustomerValue", request_serializer=request_class.SerializeToString,
            response_deserializer=response_class.FromString)
        request = json_format.ParseDict({"limit": 2, "sort": "CUSTOMER_SORT_PURCHASE_COUNT"}, request_class())
        response = self.call(invoke, request)
        self.assertEqual(response.context.reporting_currency, "USD")


class GrpcClientsOneProcessTest(GrpcClients, SharedSuiteTest):
    topology = ONE_PROCESS

    def buf(self):
        """The program `buf`, or a skip where it is not there and no registry gives it."""
        home = os.path.join(os.path.dirname(BUILD_DIR), "npm")
        path = os.path.join(home, "node_modules", ".bin", "buf")
        if not os.path.exists(path):
            if shutil.which("npm") is None:
                self.skipTest("neither buf nor npm is there")
            os.makedirs(home, exist_ok=True)
            try:
                subprocess.run(["npm", "install", "--prefix", home, "--no-save", "--no-audit", "--no-fund",
                                "@bufbuild/buf"], capture_output=True, timeout=90, check=True)
            except (subprocess.SubprocessError, OSError) as error:
                self.skipTest(f"npm cannot install buf: {error}")
        return path

    def test_buf_curl(self):
        command = [self.buf(), "curl", "--http2-prior-knowledge", "--reflect-protocol", "grpc-v1alpha", "--protocol",
                   "grpc", "--header", "authorization: Bearer " + self.suite.admin_token]

        def run(*arguments):
            result = subprocess.run(command + list(arguments), capture_output=True, text=True, timeout=60, check=False,
                                    env=clean_environment())
            self.assertEqual(result.returncode, 0, result.stderr)
            return result.stdout

        url = "http://" + self.suite.addresses["query"]
        methods = run("--list-methods", url)
        for service in [service for services in SERVICES.values() for service in services]:
            self.assertIn(service, methods)
        response = json.loads(run(url + "/clv.v1.QueryService/GetClvBySegment", "--data", '{"country":["(unknown)"]}'))
        self.assertEqual(response["context"]["reportingCurrency"], "USD")


class GrpcClientsSeparateProcessesTest(GrpcClients, SharedSuiteTest):
    topology = SEPARATE


if __name__ == "__main__":
    unittest.main()
