// HTTP by hand: a socket that sends exactly the bytes it is given, in the pieces it is given, and
// reads answers strictly by RFC 9112. What a client library would repair or hide is seen here.
import assert from 'node:assert/strict';
import net from 'node:net';
import tls from 'node:tls';

import { kAuthorization, kPatience, within } from './claimgate.mjs';

// "http://127.0.0.1:80", "http://[::1]:80" or "unix:/path" as connect() takes it.
export function target(address) {
  if (address.startsWith('unix:')) return { path: address.slice('unix:'.length) };
  const { hostname, port } = new URL(address);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) };
}

export class Wire {
  constructor(socket) {
    this.socket = socket;
    this.received = Buffer.alloc(0);
    this.closed = false;  // the peer has sent FIN or RST: no more bytes will come
    this.error = null;
    this.waiting = [];
    const wake = () => this.waiting.splice(0).forEach((resume) => resume());
    socket.on('data', (bytes) => {
      this.received = Buffer.concat([this.received, bytes]);
      wake();
    });
    socket.on('connect', wake);
    for (const event of ['end', 'close']) {
      socket.on(event, () => {
        this.closed = true;
        wake();
      });
    }
    socket.on('error', (error) => {
      this.error = error;
      this.closed = true;
      wake();
    });
  }

  // Resolves once the bytes are with the system.
  send(bytes) {
    return new Promise((resolve) => this.socket.write(bytes, () => resolve()));
  }

  // One write a piece, each handed to the system before the next.
  async sendPieces(pieces) {
    for (const piece of pieces) {
      if (this.closed) return;
      await this.send(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  sendByteByByte(bytes) {
    const all = Buffer.from(bytes);
    return this.sendPieces(Array.from(all, (_, i) => all.subarray(i, i + 1)));
  }

  // Half-closes: nothing more is sent, answers are still read.
  end() {
    this.socket.end();
  }

  destroy() {
    this.socket.destroy();
  }

  async until(what, probe, patience = kPatience) {
    await within(what, (async () => {
      while (!probe()) await new Promise((resolve) => this.waiting.push(resolve));
    })(), patience).catch((error) => {
      error.message += `; received: ${JSON.stringify(this.received.toString('latin1'))}`;
      throw error;
    });
  }

  // The next answer. Fails on anything that is no complete, well-formed answer with a length.
  async answer({ method = 'POST', patience } = {}) {
    await this.until('an answer', () => this.received.includes('\r\n\r\n') || this.closed, patience);
    const head = this.received.indexOf('\r\n\r\n');
    assert.notEqual(head, -1, `closed before a whole head: ${this.received.toString('latin1')}`);
    const lines = this.received.subarray(0, head).toString('latin1').split('\r\n');
    const status = lines.shift().match(/^HTTP\/1\.1 ([1-5][0-9][0-9]) ([\x20-\x7e]*)$/);
    assert.ok(status, `no status line: ${this.received.toString('latin1')}`);
    const fields = {};
    for (const line of lines) {
      const field = line.match(/^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x20-\x7e\t]*?)[ \t]*$/);
      assert.ok(field, `no field line: ${line}`);
      const name = field[1].toLowerCase();
      assert.ok(!(name in fields), `field twice: ${name}`);
      fields[name] = field[2];
    }
    const answer = { status: Number(status[1]), reason: status[2], fields, text: '' };
    let length = 0;
    if (answer.status >= 200 && answer.status !== 204 && answer.status !== 304) {
      assert.match(fields['content-length'] ?? '', /^(0|[1-9][0-9]*)$/, 'every answer says its length');
      if (method !== 'HEAD') length = Number(fields['content-length']);
    }
    const end = head + 4 + length;
    await this.until('the rest of the answer', () => this.received.length >= end || this.closed, patience);
    assert.ok(this.received.length >= end, 'closed inside an answer');
    answer.text = this.received.subarray(head + 4, end).toString('utf8');
    this.received = this.received.subarray(end);
    if (/^application\/json/.test(fields['content-type'] ?? '') && answer.text !== '') {
      answer.json = JSON.parse(answer.text);
    }
    return answer;
  }

  // Waits for the peer to close. Nothing may have come that was not read.
  async isClosed(patience) {
    await this.until('the peer to close', () => this.closed, patience);
    assert.equal(this.received.toString('latin1'), '', 'nothing comes before the close');
  }
}

export async function connect(t, address) {
  const secure = address.startsWith('https:');
  const options = { ...target(address), allowHalfOpen: true, noDelay: true };
  const socket = secure ? tls.connect({ ...options, rejectUnauthorized: false }) : net.connect(options);
  const wire = new Wire(socket);
  t.after(() => wire.destroy());
  const open = () => (secure ? socket.getProtocol() !== null && socket.secureConnecting === false : !socket.connecting);
  if (secure) socket.on('secureConnect', () => wire.waiting.splice(0).forEach((resume) => resume()));
  await wire.until(`a connection to ${address}`, () => open() || wire.closed);
  assert.equal(wire.error, null);
  return wire;
}

// The bytes of a request. `fields` replace or (undefined) remove the usual ones; `body` may be an
// object, a string or a Buffer.
export function post(body, { path = '/signup', fields = {}, version = '1.1', method = 'POST' } = {}) {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const all = {
    Host: 'hooks.woodgrove.example',
    Authorization: kAuthorization,
    'Content-Type': 'application/json',
    'Content-Length': String(bytes.length),
    ...fields,
  };
  let head = `${method} ${path} HTTP/${version}\r\n`;
  for (const [name, value] of Object.entries(all)) {
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) head += `${name}: ${one}\r\n`;
  }
  return Buffer.concat([Buffer.from(`${head}\r\n`, 'latin1'), bytes]);
}

// The body as chunks of the given sizes (the last one takes what is left).
export function chunked(body, sizes, { extension = '', trailers = '' } = {}) {
  const bytes = Buffer.from(body);
  const parts = [];
  let offset = 0;
  for (const size of [...sizes, bytes.length]) {
    const piece = bytes.subarray(offset, offset + size);
    if (piece.length === 0) break;
    parts.push(Buffer.from(`${piece.length.toString(16)}${extension}\r\n`), piece, Buffer.from('\r\n'));
    offset += piece.length;
  }
  parts.push(Buffer.from(`0\r\n${trailers}\r\n`));
  return Buffer.concat(parts);
}

// One request on a connection of its own.
export async function ask(t, address, bytes, options) {
  const wire = await connect(t, address);
  await wire.send(bytes);
  const answer = await wire.answer(options);
  wire.destroy();
  return answer;
}

// The error body every refusal carries.
export function assertError(answer, status) {
  assert.equal(answer.status, status, JSON.stringify(answer));
  assert.match(answer.fields['content-type'] ?? '', /^application\/json/);
  assert.deepEqual(Object.keys(answer.json), ['error']);
  const { offset, ...error } = answer.json.error;
  assert.deepEqual(Object.keys(error), ['status', 'message']);
  assert.ok(offset === undefined || Number.isInteger(offset), answer.text);
  assert.equal(error.status, status);
  assert.equal(typeof answer.json.error.message, 'string');
  assert.notEqual(answer.json.error.message, '');
}

export function assertContinue(answer, claims = {}) {
  assert.equal(answer.status, 200, JSON.stringify(answer));
  assert.deepEqual(answer.json, { version: '1.0.0', action: 'Continue', ...claims });
}
