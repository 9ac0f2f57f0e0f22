// @tinybirdco/sdk against the suite: everything that it offers for rows and endpoints.
// Arguments: base URL, admin token, a directory for files.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createTinybirdApi } from "@tinybirdco/sdk";
import { createJWT } from "@tinybirdco/sdk";

const [baseUrl, token, directory] = process.argv.slice(2);
const api = createTinybirdApi({ baseUrl, token });

const purchase = (id, customer, amount, date) => ({
  purchase_id: id, customer_id: customer, purchase_amount: amount, purchase_date: date,
});

// One row; the client waits for it by default.
let result = await api.ingest("customers", {
  customer_id: "s1", country: "USA", customer_segment: "Premium", acquisition_source: "Ads", active: 1,
});
assert.equal(result.successful_rows, 1);
assert.equal(result.quarantined_rows, 0);
assert.equal(result.duplicate_rows, 0);

// A batch, with one row that breaks a rule.
result = await api.ingestBatch("purchases", [
  purchase("p1", "s1", 10.5, "2024-01-01 10:00:00"),
  purchase("p2", "s1", "20.25", "2024-02-01 10:00:00"),
  purchase("p3", "s2", 5, "2024-02-02T10:00:00.123Z"),
  purchase("p4", "s2", "many", "2024-02-02 10:00:00"),
]);
assert.equal(result.successful_rows, 3);
assert.equal(result.quarantined_rows, 1);
assert.match(JSON.stringify(result.quarantine_errors), /purchase_amount/);

// The same again is harmless.
result = await api.ingestBatch("purchases", [purchase("p1", "s1", 10.5, "2024-01-01 10:00:00")]);
assert.equal(result.duplicate_rows, 1);

let answer = await api.query("total_customer_value", { customer_id: ["s1", "s2"], sort: "customer_id" });
assert.deepEqual(answer.data.map((row) => [row.customer_id, row.total_spend]), [["s1", 30.75], ["s2", 5]]);
answer = await api.query("clv_by_segment", { country: "USA", start_date: "2024-01-01 00:00:00" });
assert.deepEqual(answer.data.map((row) => row.customer_segment), ["Premium"]);
assert.equal(answer.meta[0].name, "customer_segment");

// A CSV file, by multipart.
const file = join(directory, "more.csv");
writeFileSync(file, "purchase_id,customer_id,purchase_amount,purchase_date\n" +
  "p5,s3,100,2024-03-01 00:00:00\np6,s3,1.5,2024-03-02 00:00:00\np7,s3,oops,2024-03-02 00:00:00\n");
const appended = await api.appendDatasource("purchases", { file });
assert.equal(appended.successful_rows, 2);
assert.equal(appended.quarantined_rows, 1);
assert.match(appended.error, /1 row in quarantine/);
answer = await api.query("total_customer_value", { customer_id: "s3" });
assert.equal(answer.data[0].total_spend, 101.5);

// A condition is tried, then carried out.
const condition = "customer_id = 's3' and purchase_date >= '2024-03-02'";
const dry = await api.deleteDatasource("purchases", { deleteCondition: condition, dryRun: true });
assert.equal(dry.rows_to_be_deleted, 1);
answer = await api.query("total_customer_value", { customer_id: "s3" });
assert.equal(answer.data[0].total_spend, 101.5);
const deleted = await api.deleteDatasource("purchases", { deleteCondition: condition });
assert.ok(deleted.job_id ?? deleted.id);
const jobEnd = async (id) => {
  for (let i = 0; i < 400; ++i) {
    const job = await api.requestJson(`/v0/jobs/${id}`);
    if (job.status === "done" || job.status === "error") return job;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`job ${id} does not end`);
};
const job = await jobEnd(deleted.job_id ?? deleted.id);
assert.equal(job.status, "done");
assert.equal(job.rows_affected, 1);
answer = await api.query("total_customer_value", { customer_id: "s3" });
assert.equal(answer.data[0].total_spend, 100);

// A JWT sees what its fixed parameters let it see, whatever it asks for.
const { token: jwt } = await createJWT({ baseUrl, token }, {
  name: "dashboard", expiresAt: new Date(Date.now() + 60_000),
  scopes: [{ type: "PIPES:READ", resource: "total_customer_value", fixed_params: { customer_id: "s1" } }],
});
assert.match(jwt, /^eyJ/);
answer = await api.query("total_customer_value", { customer_id: "s2" }, { token: jwt });
assert.deepEqual(answer.data.map((row) => row.customer_id), ["s1"]);
await assert.rejects(api.query("clv_by_segment", {}, { token: jwt }), { statusCode: 403 });
await assert.rejects(api.ingest("customers", { customer_id: "s9" }, { token: jwt }), { statusCode: 403 });
const expired = await createJWT({ baseUrl, token }, {
  name: "soon over", expiresAt: Math.floor(Date.now() / 1000) + 2,
  scopes: [{ type: "PIPES:READ", resource: "clv_by_segment" }],
});
await api.query("clv_by_segment", {}, { token: expired.token });
await new Promise((resolve) => setTimeout(resolve, 3000));
await assert.rejects(api.query("clv_by_segment", {}, { token: expired.token }), { statusCode: 403 });

// Errors have status and text.
await assert.rejects(api.query("no_such_pipe"), { statusCode: 404, message: /no_such_pipe/ });
await assert.rejects(api.query("clv_by_segment", { start_date: "soon" }), { statusCode: 400, message: /start_date/ });
await assert.rejects(api.ingest("nowhere", { a: 1 }), { statusCode: 404, message: /nowhere/ });
await assert.rejects(api.deleteDatasource("purchases", { deleteCondition: "1 = 1; drop table" }), { statusCode: 400 });

await api.truncateDatasource("purchases");
for (let i = 0; i < 400; ++i) {
  answer = await api.query("total_customer_value", {});
  if (answer.data.length === 0) break;
  await new Promise((resolve) => setTimeout(resolve, 25));
}
assert.deepEqual(answer.data, []);
console.log("ok");
