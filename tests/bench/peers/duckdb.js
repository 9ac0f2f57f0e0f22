// DuckDB in process: bulk by its own NDJSON reader, batches by its appender (one commit each), no key, no totals.
'use strict';
const path = require('path');
const duckdb = require('@duckdb/node-api');
const {COLUMNS, bytesIn, run} = require('./common');

const TYPES = {purchase_amount: 'DECIMAL(18,6)', purchase_date: 'TIMESTAMP', created_at: 'TIMESTAMP'};
const CHUNK_ROWS = 2048;  // DuckDB's vectors hold no more

const typed = COLUMNS.map((name) => [name, TYPES[name] || 'VARCHAR']);
const chunkTypes = typed.map(([, type]) => type.startsWith('DECIMAL') ? duckdb.DECIMAL(18, 6) :
    type === 'TIMESTAMP' ? duckdb.TIMESTAMP : duckdb.VARCHAR);

function valueOf(name, value) {
  if (value === undefined) return null;
  if (name === 'purchase_amount') return new duckdb.DuckDBDecimalValue(BigInt(Math.round(value * 1e6)), 18, 6);
  if (TYPES[name] === 'TIMESTAMP') {
    return new duckdb.DuckDBTimestampValue(BigInt(Date.parse(value.replace(' ', 'T') + 'Z')) * 1000n);
  }
  return value;
}

let instance, connection, directory;
run({
  async open(where) {
    directory = where;
    instance = await duckdb.DuckDBInstance.create(path.join(where, 'peer.duckdb'));
    connection = await instance.connect();
    await connection.run(`CREATE TABLE purchases (${typed.map((column) => column.join(' ')).join(', ')})`);
  },
  async bulk(file) {
    const columns = typed.map(([name, type]) => `${name}: '${type}'`).join(', ');
    await connection.run(`INSERT INTO purchases SELECT * FROM read_json('${file}', ` +
        `format = 'newline_delimited', columns = {${columns}})`);
  },
  async bytes() {
    await connection.run('CHECKPOINT');
    return bytesIn(directory);
  },
  prepare(lines) {
    const rows = lines.map((line) => {
      const row = JSON.parse(line);
      return COLUMNS.map((name) => valueOf(name, row[name]));
    });
    const chunks = [];
    for (let at = 0; at < rows.length; at += CHUNK_ROWS) {
      const chunk = duckdb.DuckDBDataChunk.create(chunkTypes);
      chunk.setRows(rows.slice(at, at + CHUNK_ROWS));
      chunks.push(chunk);
    }
    return chunks;
  },
  async insert(chunks) {
    const appender = await connection.createAppender('purchases');
    for (const chunk of chunks) appender.appendDataChunk(chunk);
    appender.closeSync();
  },
  async query(customer) {
    const reader = await connection.runAndReadAll(
        `SELECT count(*), sum(purchase_amount) FROM purchases WHERE customer_id = '${customer}'`);
    if (Number(reader.getRows()[0][0]) === 0) throw new Error('the batch is not visible');
  },
  async close() {
    connection.closeSync();
    instance.closeSync();
  },
}).catch((error) => { console.error(error); process.exit(1); });
