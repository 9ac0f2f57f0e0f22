// ClickHouse in process, answering statements; see serve in common.js.
'use strict';
const {Session} = require('chdb');
const {serve} = require('./common');

let session;
serve({
  async open(directory) {
    session = new Session(directory);
    session.query('CREATE DATABASE IF NOT EXISTS peer');
  },
  async run(sql) {
    return session.query(sql, 'JSONCompactEachRow');
  },
  rows: (answer) => answer.trim() === '' ? [] : answer.trim().split('\n').map((line) => JSON.parse(line)),
  async close() {
    session.close();
  },
}).catch((error) => { console.error(error); process.exit(1); });
