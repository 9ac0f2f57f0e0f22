// One tour of the suite with the client that openapi-typescript makes of GET /openapi.json: the compiler holds every
// path, parameter and field below against the document.
//   node openapi_tour.js BASE_URL TOKEN
import assert from "node:assert";
import createClient from "openapi-fetch";
import type { paths } from "./openapi_types.d.ts";

const [baseUrl, token] = process.argv.slice(2);
const client = createClient<paths>({ baseUrl, headers: { authorization: `Bearer ${token}` } });

const customers = await client.POST("/v1/customers:write", {
  body: { customers: [{ customerId: "openapi", country: "FR" }], wait: true },
});
assert.equal(customers.response.status, 200);
assert.equal(customers.data?.result?.successfulRows, "1");

// A stream of batches is a list.
const purchases = await client.POST("/v1/purchases:stream", {
  body: [
    { purchases: [{ purchaseId: "o-1", customerId: "openapi", purchaseAmountMicros: "12500000", purchaseDate: "2023-11-14T22:13:20Z" }] },
    { purchases: [{ purchaseId: "o-2", customerId: "openapi", purchaseAmountMicros: "1000000", purchaseDate: "2023-11-15T22:13:20Z" }], wait: true },
  ],
});
assert.equal(purchases.response.status, 200);
assert.equal(purchases.data?.result?.successfulRows, "2");

const report = await client.GET("/v1/reports/total_customer_value", { params: { query: { customerId: ["openapi"] } } });
assert.equal(report.response.status, 200);
assert.equal(Number(report.data?.rows?.[0]?.totalSpend), 13.5);

const source = await client.GET("/v1/dataSources/{data_source}", { params: { path: { data_source: "purchases" } } });
assert.equal(source.response.status, 200);

const exported = await client.GET("/v1/dataSources/{data_source}:export", {
  params: { path: { data_source: "purchases" } },
  parseAs: "text",
});
assert.match(String(exported.data), /o-2/);

const refused = await client.POST("/v1/customers:write", { body: {} });
assert.equal(refused.response.status, 400);
assert.equal(refused.error?.code, 3);
const stranger = await client.GET("/v1/status", { headers: { authorization: "Bearer wrong" } });
assert.equal(stranger.response.status, 401);
console.log("ok");
