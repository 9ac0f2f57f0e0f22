// DuckDB in process, answering statements; see serve in common.js.
'use strict';
const path = require('path');
const duckdb = require('@duckdb/node-api');
const {serve} = require('./common');

const plain = (value) => value instanceof duckdb.DuckDBListValue ? value.items : value;

let instance, connection;
serve({
  async open(directory) {
    instance = await duckdb.DuckDBInstance.create(path.join(directory, 'peer.duckdb'));
    connection = await instance.connect();
  },
  run: (sql) => connection.runAndReadAll(sql),
  rows: (answer) => answer.getRows().map((row) => row.map(plain)),
  async close() {
    connection.closeSync();
    instance.closeSync();
  },
}).catch((error) => { console.error(error); process.exit(1); });
