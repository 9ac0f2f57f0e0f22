// One tour of the suite with @grpc/grpc-js, from the descriptor set of the build alone: write, stream, read, errors.
//   node grpc_tour.mjs ADDRESS TOKEN DESCRIPTOR_SET
import assert from "node:assert";
import { readFileSync } from "node:fs";
import grpc from "@grpc/grpc-js";
import { loadFileDescriptorSetFromBuffer } from "@grpc/proto-loader";

const [address, token, descriptorSet] = process.argv.slice(2);
const definition = loadFileDescriptorSetFromBuffer(readFileSync(descriptorSet), { longs: String, keepCase: true, enums: String });
const { clv } = grpc.loadPackageDefinition(definition);
const credentials = grpc.credentials.createInsecure();
const ingest = new clv.v1.IngestService(address, credentials);
const query = new clv.v1.QueryService(address, credentials);

function metadata(value = token) {
  const entries = new grpc.Metadata();
  if (value) entries.set("authorization", `Bearer ${value}`);
  return entries;
}

const deadline = () => ({ deadline: Date.now() + 20_000 });

function unary(client, method, request, value = token) {
  return new Promise((resolve, reject) =>
    client[method](request, metadata(value), deadline(), (error, reply) => (error ? reject(error) : resolve(reply))));
}

function purchase(id, micros) {
  return { purchase_id: id, customer_id: "grpc-js", purchase_amount_micros: String(micros), purchase_date: { seconds: "1700000000" } };
}

const written = await unary(ingest, "WriteCustomers", { customers: [{ customer_id: "grpc-js", country: "DE" }], wait: true });
assert.equal(written.result.successful_rows, "1");

// A stream from the client, two batches.
const streamed = await new Promise((resolve, reject) => {
  const call = ingest.StreamPurchases(metadata(), deadline(), (error, reply) => (error ? reject(error) : resolve(reply)));
  call.write({ purchases: [purchase("js-1", 10_000_000), purchase("js-2", 20_000_000)] });
  call.end({ purchases: [purchase("js-3", 5_500_000)], wait: true });
});
assert.equal(streamed.result.successful_rows, "3");

// A stream both ways: each batch is acknowledged by its id.
const acknowledged = await new Promise((resolve, reject) => {
  const call = ingest.PushPurchases(metadata(), deadline());
  const ids = [];
  call.on("data", (reply) => ids.push(reply.batch_id));
  call.on("error", reject);
  call.on("end", () => resolve(ids));
  call.write({ batch_id: "7", purchases: [purchase("js-4", 1_000_000)], wait: true });
  call.end();
});
assert.deepEqual(acknowledged, ["7"]);

const report = await unary(query, "GetTotalCustomerValue", { customer_id: ["grpc-js"] });
assert.equal(report.rows.length, 1);
assert.equal(Number(report.rows[0].total_spend), 36.5);

await assert.rejects(unary(query, "GetTotalCustomerValue", {}, ""), { code: grpc.status.UNAUTHENTICATED });
await assert.rejects(unary(ingest, "WriteCustomers", {}), { code: grpc.status.INVALID_ARGUMENT });
console.log("ok");
