// @tinybirdco/mockingbird: a stream of generated events. Arguments: base URL, append token, events, events a second.
import { TinybirdGenerator } from "@tinybirdco/mockingbird";

const [endpoint, token, limit, eps] = process.argv.slice(2);
const generator = new TinybirdGenerator({
  schema: {
    purchase_id: { type: "string.uuid" },
    customer_id: { type: "mockingbird.pick", params: [{ values: Array.from({ length: 500 }, (_, i) => `m${i}`) }] },
    purchase_amount: { type: "finance.amount" },
    purchase_date: { type: "mockingbird.datetimeNow" },
    payment_method: { type: "finance.transactionType" },
  },
  eps: Number(eps), limit: Number(limit), logs: true, endpoint, datasource: "purchases", token,
});
let sent = 0;
await generator.generate((rows) => { sent += rows.length; });
console.log(`sent ${sent}`);
