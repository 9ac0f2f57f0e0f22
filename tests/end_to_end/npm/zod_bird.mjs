// @chronark/zod-bird with zod 4: its own validation of every answer. Arguments: base URL, admin token.
import assert from "node:assert/strict";
import { Tinybird } from "@chronark/zod-bird";
import { z } from "zod";

const [baseUrl, token] = process.argv.slice(2);
const tinybird = new Tinybird({ baseUrl, token });

const publish = tinybird.buildIngestEndpoint({
  datasource: "purchases",
  event: z.object({
    purchase_id: z.string(), customer_id: z.string(), purchase_amount: z.number(), purchase_date: z.string(),
    from_nowhere: z.string().optional(),
  }),
  wait: true,
});
let result = await publish({
  purchase_id: "z1", customer_id: "zod", purchase_amount: 12.34, purchase_date: "2024-01-01 00:00:00",
});
assert.deepEqual(result, { successful_rows: 1, quarantined_rows: 0 });
result = await publish([
  { purchase_id: "z2", customer_id: "zod", purchase_amount: 1, purchase_date: "2024-05-01 00:00:00" },
  { purchase_id: "z3", customer_id: "zod", purchase_amount: 1, purchase_date: "no date" },
]);
assert.deepEqual(result, { successful_rows: 1, quarantined_rows: 1 });

// Strict objects: every column is named, none is left over.
const value = tinybird.buildPipe({
  pipe: "total_customer_value",
  parameters: z.object({ customer_id: z.string(), limit: z.number().optional() }),
  data: z.strictObject({
    customer_id: z.string(), name: z.string().nullable(), email: z.string().nullable(), country: z.string(),
    customer_segment: z.string(), acquisition_source: z.string(), active: z.number().nullable(),
    signup_date: z.string().nullable(), first_purchase_date: z.string().nullable(),
    last_purchase_date: z.string().nullable(), total_spend: z.number(), refunded_amount: z.number(),
    purchase_count: z.number().int(), avg_order_value: z.number().nullable(),
    days_since_last_purchase: z.number().nullable(), lifespan_days: z.number().nullable(),
    avg_days_between_purchases: z.number().nullable(), distinct_products: z.number().int(),
    favorite_category: z.string().nullable(), value_rank: z.number().int().nullable(),
    value_percentile: z.number().nullable(), share_of_revenue: z.number().nullable(),
    rfm_segment: z.string().nullable(), p_alive: z.number().nullable(), predicted_clv: z.number().nullable(),
    updated_at: z.string(),
  }),
});
const answer = await value({ customer_id: "zod", limit: 10 });
assert.equal(answer.data.length, 1);
assert.equal(answer.data[0].total_spend, 13.34);
assert.equal(answer.rows, 1);
assert.equal(answer.rows_before_limit_at_least, 1);

const denied = new Tinybird({ baseUrl, token: "nobody" }).buildPipe({ pipe: "clv_by_segment", data: z.any() });
await assert.rejects(denied({}), /Unauthorized/);
const missing = tinybird.buildPipe({ pipe: "no_such_pipe", data: z.any() });
await assert.rejects(missing({}), /The pipe 'no_such_pipe' does not exist/);
console.log("ok");
