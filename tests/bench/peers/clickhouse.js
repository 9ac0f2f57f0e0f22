// ClickHouse in process: a MergeTree by customer, NDJSON by its own reader; not synced, no deduplication, no totals.
'use strict';
const {Session} = require('chdb');
const {COLUMNS, run} = require('./common');

const TYPES = {
  product_id: 'LowCardinality(String)', product_name: 'LowCardinality(String)',
  product_category: 'LowCardinality(String)', payment_method: 'LowCardinality(String)',
  currency: 'LowCardinality(String)', purchase_amount: 'Decimal64(6)', purchase_date: 'DateTime',
  created_at: 'DateTime', order_id: 'Nullable(String)',
};
const structure = COLUMNS.map((name) => `${name} ${TYPES[name] || 'String'}`).join(', ');

let session;
run({
  async open(where) {
    session = new Session(where);
    session.query('CREATE DATABASE peer');
    session.query(`CREATE TABLE peer.purchases (${structure}) ENGINE = MergeTree ORDER BY (customer_id, purchase_date)`);
  },
  async bulk(file) {
    session.query(`INSERT INTO peer.purchases SELECT * FROM file('${file}', 'JSONEachRow', '${structure}')`);
  },
  async bytes() {
    // Files of parts that were merged away stay for minutes and are not counted.
    const sql = "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = 'peer'";
    return Number(session.query(sql, 'TabSeparated'));
  },
  prepare(lines) {
    return 'INSERT INTO peer.purchases FORMAT JSONEachRow\n' + lines.join('\n');
  },
  async insert(statement) {
    session.query(statement);
  },
  async query(customer) {
    const sql = `SELECT count(), sum(purchase_amount) FROM peer.purchases WHERE customer_id = '${customer}'`;
    if (session.query(sql, 'TabSeparated').startsWith('0\t')) throw new Error('the batch is not visible');
  },
  async close() {
    session.close();
  },
}).catch((error) => { console.error(error); process.exit(1); });
