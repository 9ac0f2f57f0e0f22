// What the peers that run in node share: rows, batches, clocks, memory, size on disk.
'use strict';
const fs = require('fs');
const path = require('path');
const readline = require('readline');

exports.COLUMNS = ['purchase_id', 'customer_id', 'order_id', 'product_id', 'product_name', 'product_category',
  'purchase_amount', 'purchase_date', 'payment_method', 'currency', 'created_at'];

// The lines of a file of NDJSON, in batches.
exports.batches = function(file, batchRows) {
  const lines = fs.readFileSync(file, 'utf8').trimEnd().split('\n');
  const batches = [];
  for (let at = 0; at < lines.length; at += batchRows) batches.push(lines.slice(at, at + batchRows));
  return batches;
};

exports.secondsOf = async function(action) {
  const begin = process.hrtime.bigint();
  await action();
  return Number(process.hrtime.bigint() - begin) / 1e9;
};

exports.percentile = function(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(share * (sorted.length - 1))];
};

exports.peakMemoryMib = function() {
  return Number(/VmHWM:\s+(\d+)/.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1]) / 1024;
};

const bytesIn = exports.bytesIn = function(directory) {
  return fs.readdirSync(directory, {withFileTypes: true}).reduce((sum, entry) => {
    const name = path.join(directory, entry.name);
    return sum + (entry.isDirectory() ? bytesIn(name) : entry.isFile() ? fs.statSync(name).size : 0);
  }, 0);
};

// Runs the whole task, which the first argument of the program names, and prints the figures. A peer gives:
// bulk(file), prepare(lines) => batch, insert(batch), query(customerId), bytes() after the bulk load.
exports.run = async function(peer) {
  const task = JSON.parse(process.argv[2]);
  const figures = {};
  await peer.open(task.directory);
  figures.bulk_rows_per_second = task.rows / await exports.secondsOf(() => peer.bulk(task.bulk));
  figures.peak_memory_mib = exports.peakMemoryMib();
  figures.disk_bytes_per_purchase = await peer.bytes() / task.rows;
  for (const [batchRows, file] of Object.entries(task.continuous)) {
    const batches = exports.batches(file, Number(batchRows));
    const rows = batches.reduce((sum, batch) => sum + batch.length, 0);
    const prepared = batches.map((lines) => peer.prepare(lines));
    figures[`batches_of_${batchRows}_rows_per_second`] = rows / await exports.secondsOf(async () => {
      for (const batch of prepared) await peer.insert(batch);
    });
  }
  const durable = [];
  const visible = [];
  for (const lines of exports.batches(task.latency, 100)) {
    const batch = peer.prepare(lines);
    durable.push(1e3 * await exports.secondsOf(() => peer.insert(batch)));
    const customer = JSON.parse(lines[0]).customer_id;
    visible.push(1e3 * await exports.secondsOf(() => peer.query(customer)));
  }
  for (const [name, values] of [['durable', durable], ['visible', visible]]) {
    figures[`batch_of_100_${name}_p50_ms`] = exports.percentile(values, 0.5);
    figures[`batch_of_100_${name}_p99_ms`] = exports.percentile(values, 0.99);
  }
  await peer.close();
  console.log(JSON.stringify(figures));
};

// Answers statements, one JSON text a line of standard input, with {ms, rows} a line until the input ends. The first
// argument of the program is a directory. A peer gives: open(directory), run(sql) => answer, rows(answer) => arrays of
// plain values, close().
exports.serve = async function(peer) {
  await peer.open(process.argv[2]);
  for await (const line of readline.createInterface({input: process.stdin})) {
    const sql = JSON.parse(line);
    const begin = process.hrtime.bigint();
    const answer = await peer.run(sql);
    const ms = Number(process.hrtime.bigint() - begin) / 1e6;
    const plain = (key, value) => typeof value === 'bigint' ? value.toString() : value;
    console.log(JSON.stringify({ms, rows: peer.rows(answer)}, plain));
  }
  await peer.close();
};
