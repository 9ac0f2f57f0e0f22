"""Erasing a customer: every canary is gone from every file, from the logs and from new backups, and the numbers are
those of a suite that never saw the customer, whatever happens meanwhile.

CLV_TEST_LONG=1 kills the suite 100 times; CLV_TEST_SEED repeats a run.
"""

import glob
import http.client
import json
import os
import threading
import time
import unittest
import urllib.parse

from harness import ENDPOINTS, LONG, ONE_PROCESS, SEPARATE, SuiteTest, eventually, field, seeded_random
from programs import run

KILLS = 100 if LONG else 6
OTHERS = 30


class Person:
    """A customer whose every text is a canary."""

    def __init__(self, number):
        self.customer_id = f"canary-id-{number}-q7"
        self.names = [f"Canary Maiden{number}", f"Canary Name{number}"]
        self.emails = [f"old.canary{number}@example.org", f"new.canary{number}@example.org"]
        self.product = f"canary product {number}"

    def canaries(self):
        return [self.customer_id, self.product, *self.names, *self.emails]

    def batches(self, others):
        """What is sent of the person, in order: data source and rows, or raw text. Purchases `shared-...` move between
        the person and others."""
        stamp = "2024-01-%02d 10:00:00"
        customer = {"customer_id": self.customer_id, "country": "DE", "signup_date": "2023-01-01"}
        purchase = {"customer_id": self.customer_id, "purchase_amount": 12.5, "purchase_date": stamp % 3,
                    "product_name": self.product, "product_category": self.product}
        return [
            ("customers", [{**customer, "name": self.names[0], "email": self.emails[0], "created_at": stamp % 1}]),
            ("purchases", [{**purchase, "purchase_id": f"{self.customer_id}-p{n}", "created_at": stamp % 1}
                           for n in range(20)]),
            ("customers", [{**customer, "name": self.names[1], "email": self.emails[1], "created_at": stamp % 2}]),
            ("customer_clv", [{"customer_id": self.customer_id, "total_spend": 100, "purchase_count": 3,
                               "first_purchase_date": "2022-01-01", "last_purchase_date": "2022-06-01",
                               "country": "DE", "updated_at": "2022-07-01"}]),
            # Corrections; purchases that come from others, with and without an instant; one that goes.
            ("purchases", [{**purchase, "purchase_id": f"{self.customer_id}-p{n}", "purchase_amount": 13,
                            "created_at": stamp % 2} for n in range(5)]),
            ("purchases", [{**purchase, "purchase_id": "shared-came", "created_at": stamp % 9}]),
            ("purchases", [{**purchase, "purchase_id": "shared-came-undated"}]),
            ("purchases", [{**purchase, "purchase_id": "shared-went", "created_at": stamp % 1}]),
            ("purchases", [{"customer_id": others[0], "purchase_id": "shared-went", "purchase_amount": 5,
                            "purchase_date": stamp % 3, "created_at": stamp % 2}]),
            # Refused rows.
            ("purchases", [{**purchase, "purchase_id": "bad", "purchase_amount": "much"}]),
            ("customers", [{"customer_id": "", "email": self.emails[1]}]),
            ("customers", [{"customer_id": "", "remark": f"asked for by {self.names[0]}"}]),
            ("customer_clv", [{"customer_id": self.customer_id}]),
            ("purchases", f"this is no row but tells of {self.customer_id}\n"),
        ]


def other_batches(random):
    """Rows of other customers; those of `shared-came...` are versions of purchases that the person gets later."""
    ids = [f"other{n}" for n in range(OTHERS)]
    batches = [("customers", [{"customer_id": customer_id, "name": f"Other {customer_id}", "country": "UK",
                               "customer_segment": random.choice(("Basic", "Premium"))} for customer_id in ids])]
    for batch in range(10):
        batches.append(("purchases", [
            {"customer_id": random.choice(ids), "purchase_id": f"p{batch}-{n}",
             "purchase_amount": random.randint(1, 10000) / 100,
             "purchase_date": f"2023-{random.randint(1, 12):02d}-{random.randint(1, 28):02d}",
             "product_name": "some product"} for n in range(50)]))
    return ids, batches


def shared_batches(ids):
    return [("purchases", [{"customer_id": ids[1], "purchase_id": purchase_id, "purchase_amount": 77,
                            "purchase_date": "2023-05-05", "created_at": "2024-01-01 00:00:00"}
                           for purchase_id in ("shared-came", "shared-came-undated")])]


def send(suite, batches):
    for data_source, rows in batches:
        body = rows if isinstance(rows, str) else "\n".join(json.dumps(row) for row in rows)
        answer = suite.events(data_source, body, wait=True)
        if answer.status not in (200, 202):
            raise AssertionError(f"{data_source}: {answer}")


def numbers(suite):
    """All that the reports say, without when a suite received its rows."""
    suite.wait_folded()
    reports = {endpoint: suite.rows(endpoint, **({"limit": 100000, "sort": "customer_id"}
                                                 if endpoint == "total_customer_value" else {}))
               for endpoint in ENDPOINTS}
    for row in reports["total_customer_value"]:
        del row["updated_at"]
    return reports


def files_with(directory, canaries):
    """(file, canary) for every canary that lies in a file below the directory."""
    found = []
    for path in glob.glob(os.path.join(directory, "**"), recursive=True):
        if not os.path.isfile(path):
            continue
        with open(path, "rb") as file:
            content = file.read()
        found += [(path, canary) for canary in canaries if canary.encode() in content]
    return found


def call(suite, method, target, body=None, content_type="application/json"):
    return suite.request(method, target, body, headers={"Content-Type": content_type} if body else None)


def erase(suite, customer_id):
    """Erases by /v1 and returns the job, which has ended or goes on."""
    answer = call(suite, "POST", "/v1/customers:erase", json.dumps({"customer_id": customer_id}))
    if answer.status != 200:
        raise AssertionError(answer)
    return answer.json()["job"]


def wait_for_job(suite, job):
    def ended():
        answer = suite.request("GET", "/v1/jobs/" + field(job, "job_id", ""))
        if answer.status != 200:
            raise AssertionError(answer)
        found = answer.json()["job"]
        return found if found["state"] in ("JOB_STATE_DONE", "JOB_STATE_ERROR") else None
    found = eventually(ended, "end of the job")
    if found["state"] != "JOB_STATE_DONE":
        raise AssertionError(found)
    return found


class ErasureTest(SuiteTest):
    def start_with(self, persons, topology=ONE_PROCESS, log_retention="all"):
        """A suite with the persons, and one that never saw them."""
        random = seeded_random()
        suite = self.start_suite(topology, log_retention=log_retention)
        reference = self.start_suite(ONE_PROCESS)
        ids, batches = other_batches(random)
        send(reference, batches)
        send(reference, [("purchases", [{"customer_id": ids[0], "purchase_id": "shared-went", "purchase_amount": 5,
                                         "purchase_date": "2024-01-03 10:00:00",
                                         "created_at": "2024-01-02 10:00:00"}])])
        send(suite, batches)
        send(suite, shared_batches(ids))
        for person in persons:
            send(suite, person.batches(ids))
        return suite, reference

    def stop_and_read(self, suite):
        """The output of all programs of the suite so far."""
        return suite.logs() + "".join("\n".join(program.lines) for program in suite.programs.values())

    def assert_forgotten(self, suite, persons):
        canaries = [canary for person in persons for canary in person.canaries()]
        self.assertEqual(files_with(suite.data_dir, canaries), [])
        output = self.stop_and_read(suite)
        self.assertEqual([canary for canary in canaries if canary in output], [])
        directory = os.path.join(suite.directory, f"backup{time.monotonic_ns()}")
        result = run("clv", "backup", directory, environment={
            "CLV_URL": "http://" + suite.addresses["http"], "CLV_TOKEN": suite.admin_token})
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertGreater(len(os.listdir(directory)), 3)
        self.assertEqual(files_with(directory, canaries), [])

    def assert_as_if_never_seen(self, suite, reference):
        self.assertEqual(numbers(suite), numbers(reference))
        suite.verify()
        suite.verify(from_log=True)

    def export(self, suite, person):
        return suite.request("GET", "/v1/customers:export?" +
                             urllib.parse.urlencode({"customer_id": person.customer_id}))

    def test_every_trace_is_gone(self):
        for topology in (ONE_PROCESS, SEPARATE):
            with self.subTest(topology):
                person = Person(1)
                suite, reference = self.start_with([person], topology)
                held = self.export(suite, person)
                self.assertEqual(held.status, 200, held)
                for canary in (person.customer_id, person.product, *person.names, person.emails[1]):
                    self.assertIn(canary, held.text)
                self.assertGreater(len(held.json()["quarantinedRows"]), 4)
                job = wait_for_job(suite, erase(suite, person.customer_id))
                self.assertEqual(job["kind"], "JOB_KIND_ERASE")
                # The winners: the customer, the import, 20 purchases and two that came.
                self.assertEqual(field(job, "removed_rows"), 24)
                self.assertEqual(field(job, "removed_quarantined_rows"), 5)
                self.assertGreater(field(job, "removed_log_rows"), 25)
                self.assertNotIn(person.customer_id, json.dumps(job))
                self.assert_forgotten(suite, [person])
                self.assertEqual(self.export(suite, person).status, 404)
                self.assert_as_if_never_seen(suite, reference)

    def test_rows_that_are_sent_again_are_refused_and_counted(self):
        person = Person(1)
        suite, reference = self.start_with([person])
        wait_for_job(suite, erase(suite, person.customer_id))
        ids, _ = other_batches(seeded_random())
        again = [(data_source, rows) for data_source, rows in person.batches(ids)
                 if not isinstance(rows, str) and rows[0]["customer_id"] == person.customer_id]
        send(suite, again)
        rows = sum(len(rows) for _, rows in again)
        status = suite.wait_folded()
        self.assertEqual(field(status["ingest"], "refused_erased_rows"), rows)
        self.assertEqual(field(status["ingest"], "erased_customers"), 1)
        self.assertEqual(self.export(suite, person).status, 404)
        self.assert_forgotten(suite, [person])
        self.assert_as_if_never_seen(suite, reference)
        # Nor does a restart forget.
        suite.restart("clv-suite")
        send(suite, again[:1])
        self.assertEqual(field(suite.wait_folded()["ingest"], "refused_erased_rows"), rows + 1)
        self.assertEqual(self.export(suite, person).status, 404)

    def test_the_deletion_endpoint_of_v0_erases(self):
        person = Person(1)
        suite, reference = self.start_with([person])
        answer = call(suite, "POST", "/v0/datasources/customers/delete",
                      urllib.parse.urlencode({"customer_id": person.customer_id}), "application/x-www-form-urlencoded")
        self.assertIn(answer.status, (200, 201), answer)
        self.assertNotIn(person.customer_id, answer.text)
        wait_for_job(suite, answer.json())
        self.assert_forgotten(suite, [person])
        self.assert_as_if_never_seen(suite, reference)

    def test_an_unknown_customer_is_refused_from_then_on(self):
        suite = self.start_suite()
        self.assertEqual(erase(suite, "nobody-knows")["state"], "JOB_STATE_DONE")
        suite.events("customers", '{"customer_id":"nobody-knows"}', wait=True)
        self.assertEqual(suite.counts()["customers"], 0)

    def test_bad_ids(self):
        suite = self.start_suite()
        for customer_id in ("", "x" * 257, "a\nb"):
            answer = call(suite, "POST", "/v1/customers:erase", json.dumps({"customer_id": customer_id}))
            self.assertEqual(answer.status, 400, answer)
            self.assertIn("customer_id", answer.text)
        self.assertEqual(self.export(suite, Person(9)).status, 404)

    def test_a_log_that_keeps_only_what_is_not_folded(self):
        person = Person(1)
        suite, reference = self.start_with([person], log_retention="folded")
        wait_for_job(suite, erase(suite, person.customer_id))
        self.assert_forgotten(suite, [person])
        self.assertEqual(numbers(suite), numbers(reference))
        suite.verify()

    def test_kill_in_the_middle_of_an_erasure(self):
        random = seeded_random()
        persons = [Person(number) for number in range(1, KILLS + 1)]
        suite, reference = self.start_with(persons)
        for person in persons:
            answers = []

            def erase_it(customer_id=person.customer_id, answers=answers):
                try:
                    answers.append(call(suite, "POST", "/v1/customers:erase", json.dumps({"customer_id": customer_id})))
                except (OSError, http.client.HTTPException):
                    pass

            before = field(suite.status()["ingest"], "erased_customers")
            thread = threading.Thread(target=erase_it)
            thread.start()
            time.sleep(random.choice((0.002, 0.01, 0.02, 0.04, random.uniform(0, 0.2))))
            suite.kill("clv-suite")
            thread.join()
            suite.start_program("clv-suite")
            if field(suite.status()["ingest"], "erased_customers") == before:
                # It was not begun: nobody was told that it would be done.
                self.assertEqual([answer for answer in answers if answer.status == 200], [])
                wait_for_job(suite, erase(suite, person.customer_id))
        eventually(lambda: all(job["state"] != "JOB_STATE_WAITING" and job["state"] != "JOB_STATE_WORKING"
                               for job in suite.request("GET", "/v1/jobs?limit=1000").json()["jobs"]),
                   "all jobs ended")
        self.assertEqual(field(suite.status()["ingest"], "erased_customers"), len(persons))
        self.assert_forgotten(suite, persons)
        self.assert_as_if_never_seen(suite, reference)


if __name__ == "__main__":
    unittest.main()
