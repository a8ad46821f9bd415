// Opens a trace in Perfetto's trace processor and prints what queries find.
//
// Usage: node query.js FOLDER TRACE QUERY...
//
// FOLDER is a version of Perfetto's user interface, with engine_bundle.js and
// trace_processor.wasm. The answer is one line of JSON: for each query its rows,
// each an array.
//
// The engine is the one of the user interface and is spoken to as there: by
// messages of perfetto/protos/perfetto/trace_processor/trace_processor.proto.
'use strict';

const fs = require('fs');
const path = require('path');
const vm = require('vm');

const [folder, trace, ...queries] = process.argv.slice(2);

// TraceProcessorRpc and its methods, by number.
const METHOD = 2, FATAL_ERROR = 5, APPEND_DATA = 101, QUERY_ARGS = 103, APPEND_RESULT = 201, QUERY_RESULT = 203;
const APPEND = 1, FINALIZE = 2, QUERY = 3;
const blockSize = 8 << 20;

function varint(value) {
  const bytes = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push(value % 128 + 128);
  return Buffer.from([...bytes, value]);
}

const numberField = (field, value) => Buffer.concat([varint(field * 8), varint(value)]);
const bytesField = (field, bytes) => Buffer.concat([varint(field * 8 + 2), varint(bytes.length), bytes]);

// reader reads the parts of a message.
class reader {
  constructor(bytes) { this.bytes = bytes; this.at = 0; }
  more() { return this.at < this.bytes.length; }
  varint() {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.bytes[this.at++];
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asIntN(64, value);
    }
  }
  take(count) { return this.bytes.subarray(this.at, this.at += count); }
  value(kind) {
    switch (kind) {
      case 0: return this.varint();
      case 1: return this.take(8);
      case 2: return this.take(Number(this.varint()));
      case 5: return this.take(4);
    }
    throw new Error(`unknown kind ${kind} of a field`);
  }
}

// fields returns the fields of a message: numbers and values.
function fields(bytes) {
  const found = [];
  for (const r = new reader(bytes); r.more();) {
    const key = Number(r.varint());
    found.push([key >> 3, r.value(key & 7)]);
  }
  return found;
}

// open starts the engine as a browser's worker does and returns the function that
// sends it a message and gives back the answers.
function open() {
  const answers = [];
  const port = { postMessage: (bytes) => answers.push(Buffer.from(bytes)) };
  Object.assign(globalThis, {
    self: globalThis,
    WorkerGlobalScope: Object,
    location: { href: 'http://localhost/engine_bundle.js' },
    XMLHttpRequest: class {
      open(_, name) { this.name = name; }
      send() { this.response = new Uint8Array(fs.readFileSync(path.join(folder, path.basename(this.name)))).buffer; }
    },
  });
  console.warn = () => {}; // says how much was loaded
  const node = globalThis.process;
  globalThis.process = undefined; // the engine is not built for node
  try {
    vm.runInThisContext(fs.readFileSync(path.join(folder, 'engine_bundle.js'), 'utf8'));
  } finally {
    globalThis.process = node;
  }
  globalThis.onmessage({ data: port });
  return (bytes) => {
    port.onmessage({ data: new Uint8Array(bytes) });
    return answers.splice(0).flatMap(fields).map(([, message]) => fields(message));
  };
}

// call sends a request and returns what the answers have in one field.
function call(send, method, field, args) {
  call.sequence = (call.sequence ?? 0) + 1;
  const request = Buffer.concat([numberField(1, call.sequence), numberField(METHOD, method), args]);
  const found = [];
  for (const [number, value] of send(bytesField(1, request)).flat()) {
    if (number === FATAL_ERROR) throw new Error(String(value));
    if (number === field) found.push(value);
  }
  return found;
}

function load(send) {
  const data = fs.readFileSync(trace);
  for (let at = 0; at < data.length; at += blockSize) {
    const block = bytesField(APPEND_DATA, data.subarray(at, at + blockSize));
    for (const [field, value] of call(send, APPEND, APPEND_RESULT, block).flatMap(fields)) {
      if (field === 2) throw new Error(String(value));
    }
  }
  call(send, FINALIZE, 0, Buffer.alloc(0));
}

function query(send, sql) {
  const cells = [];
  let columns = 0;
  for (const [field, value] of call(send, QUERY, QUERY_RESULT, bytesField(QUERY_ARGS, bytesField(1, Buffer.from(sql)))).flatMap(fields)) {
    if (field === 1) columns++;
    if (field === 2 && value.length > 0) throw new Error(`${sql}: ${value}`);
    if (field === 3) cells.push(...batch(value));
  }
  const rows = [];
  for (let at = 0; at < cells.length; at += columns) rows.push(cells.slice(at, at + columns));
  return rows;
}

// batch returns the cells of a batch of rows.
function batch(bytes) {
  let kinds = [], texts = [];
  const numbers = [], floats = [], blobs = [];
  for (const [field, value] of fields(bytes)) {
    const r = new reader(value);
    switch (field) {
      case 1: kinds = [...value]; break;
      case 2: while (r.more()) numbers.push(Number(r.varint())); break;
      case 3: while (r.more()) floats.push(r.take(8).readDoubleLE()); break;
      case 4: blobs.push(value.toString('hex')); break;
      case 5: texts = value.toString().split('\0'); break;
    }
  }
  const next = [() => null, () => null, () => numbers.shift(), () => floats.shift(), () => texts.shift(), () => blobs.shift()];
  return kinds.map((kind) => next[kind]());
}

const send = open();
setImmediate(() => { // the engine is ready after the promises that it waits for
  load(send);
  process.stdout.write(JSON.stringify(queries.map((sql) => query(send, sql))) + '\n');
});
