'use strict';
// What the backend can be told to do instead of answering. A mode has `about`, and any of
// on_connect(connection, options), before a byte is read, and on_request(connection, answer,
// options), instead of sending the right answer. Both may wait; a connection that has ended ends
// their waiting. `options`: the members of the control request beside `mode`.
const { kPoison, kWrongBytes, head, noise, whole } = require('./wrong_bytes');

const kDefaults = { ms: 1000, bytes: 8 << 20 };
const ms_of = (options) => options.ms ?? kDefaults.ms;
const bytes_of = (options) => options.bytes ?? kDefaults.bytes;

/** Sends `make(i)` again and again until the connection ends or `bytes` are sent. */
async function pour(connection, bytes, make) {
  for (let sent = 0, i = 0; sent < bytes && !connection.ended; ++i) {
    const piece = make(i);
    sent += piece.length;
    if (!(await connection.send_all(piece))) return;
  }
}

/** Sends the parts evenly over `ms`. */
async function dribble(connection, bytes, ms, steps) {
  const size = Math.max(1, Math.ceil(bytes.length / steps));
  for (let at = 0; at < bytes.length && !connection.ended; at += size) {
    connection.send(bytes.subarray(at, at + size));
    if (at + size < bytes.length) await connection.sleep(ms / steps);
  }
}

const middle = (bytes) => bytes.subarray(0, bytes.length >> 1);
const head_of = (answer) => head(answer, [`Content-Length: ${Buffer.byteLength(answer.body)}`]);
const up_to_half_body = (answer) =>
  whole(answer).subarray(0, head_of(answer).length + (Buffer.byteLength(answer.body) >> 1));

const kModes = {
  ok: { about: 'answers', on_request: (c, answer) => c.send(whole(answer)) },

  // Slow.
  slow: {
    about: 'waits `ms` before the answer',
    async on_request(c, answer, options) {
      if (await c.sleep(ms_of(options))) c.send(whole(answer));
    },
  },
  'slow-accept': {
    about: 'takes no notice of a new connection for `ms`',
    on_connect: (c, options) => c.sleep(ms_of(options)),
  },
  'slow-head': {
    about: 'sends the head in pieces over `ms`',
    async on_request(c, answer, options) {
      await dribble(c, head_of(answer), ms_of(options), 20);
      c.send(answer.body);
    },
  },
  'slow-body': {
    about: 'sends the body in pieces over `ms`',
    async on_request(c, answer, options) {
      c.send(head_of(answer));
      await dribble(c, Buffer.from(answer.body), ms_of(options), 10);
    },
  },

  // Never.
  'hang-accept': { about: 'never takes notice of a connection', on_connect: (c) => c.end_of_it },
  hang: { about: 'reads requests and never answers', on_request: (c) => c.end_of_it },
  'hang-in-head': {
    about: 'stops in the middle of the head',
    on_request(c, answer) {
      c.send(middle(head_of(answer)));
      return c.end_of_it;
    },
  },
  'hang-in-body': {
    about: 'stops in the middle of the body',
    on_request(c, answer) {
      c.send(up_to_half_body(answer));
      return c.end_of_it;
    },
  },

  // Ends too early.
  'close-at-once': { about: 'closes new connections', on_connect: (c) => c.close() },
  'reset-at-once': { about: 'resets new connections', on_connect: (c) => c.reset() },
  close: { about: 'closes instead of answering', on_request: (c) => c.close() },
  reset: { about: 'resets instead of answering', on_request: (c) => c.reset() },
  'close-in-head': {
    about: 'closes in the middle of the head',
    on_request: (c, answer) => c.close(middle(head_of(answer))),
  },
  'close-in-body': {
    about: 'closes in the middle of the body',
    on_request: (c, answer) => c.close(up_to_half_body(answer)),
  },
  'reset-in-head': {
    about: 'resets in the middle of the head',
    on_request: (c, answer) => c.reset(middle(head_of(answer))),
  },
  'reset-in-body': {
    about: 'resets in the middle of the body',
    on_request: (c, answer) => c.reset(up_to_half_body(answer)),
  },

  // Too much.
  'huge-body': {
    about: '`bytes` of body, as its length says',
    async on_request(c, answer, options) {
      c.send(head({ status: 200, type: answer.type }, [`Content-Length: ${bytes_of(options)}`]));
      await pour(c, bytes_of(options), () => Buffer.alloc(64 << 10, 0x20));
    },
  },
  'endless-body': {
    about: 'chunks without end',
    async on_request(c, answer) {
      c.send(head({ status: 200, type: answer.type }, ['Transfer-Encoding: chunked']));
      await pour(c, Infinity, () => Buffer.from(`4000\r\n${' '.repeat(0x4000)}\r\n`));
    },
  },
  'endless-head': {
    about: 'fields without end',
    async on_request(c) {
      c.send('HTTP/1.1 200 OK\r\n');
      await pour(c, Infinity, (i) => Buffer.from(`X-${i}: ${'y'.repeat(1000)}\r\n`));
    },
  },
  'endless-interim': {
    about: '100 Continue without end',
    on_request: (c) => pour(c, Infinity, () => Buffer.from('HTTP/1.1 100 Continue\r\n\r\n'.repeat(200))),
  },
  'endless-noise': { about: 'noise without end', on_request: (c) => pour(c, Infinity, () => noise(16 << 10)) },

  // Unasked.
  unsolicited: {
    about: 'answers, and `ms` later says something nobody asked for',
    async on_request(c, answer, options) {
      c.send(whole(answer));
      if (await c.sleep(ms_of(options))) c.send(whole(kPoison));
    },
  },
  'speaks-first': {
    about: 'sends an answer to each new connection, before any request',
    on_connect: (c) => void c.send(whole(kPoison)),
    on_request: (c, answer) => c.send(whole(answer)),
  },

  // Both belong to the listener: see backend.js.
  refuse: { about: 'refuses connections and ends those there are' },
  flapping: { about: 'refuses for `ms`, answers for `ms`, and so on', on_request: (c, answer) => c.send(whole(answer)) },
};

for (const [name, { about, bytes, then }] of Object.entries(kWrongBytes)) {
  kModes[name] = {
    about,
    on_request(c, answer) {
      const sent = bytes(answer);
      if (then === 'close') c.close(sent);
      else if (then === 'reset') c.reset(sent);
      else c.send(sent);
    },
  };
}

/** Modes for whose time the listener is closed. */
const kOffTheAir = new Set(['refuse', 'flapping']);

/**
 * Checks the members of a control request: { mode, options } or { error }. All are optional but
 * `mode`: ms, bytes (whole numbers), share (0 to 1: which part of the requests, evenly), count (how
 * many requests, then `ok` again).
 */
function read_mode(asked) {
  const { mode, ...options } = asked;
  if (!Object.hasOwn(kModes, mode ?? '')) {
    return { error: `no mode ${JSON.stringify(mode)}; there are ${Object.keys(kModes).join(' ')}` };
  }
  for (const [name, value] of Object.entries(options)) {
    const right = { ms: () => Number.isInteger(value) && value >= 0 && value <= 86_400_000,
      bytes: () => Number.isInteger(value) && value >= 0,
      count: () => Number.isInteger(value) && value >= 1,
      share: () => typeof value === 'number' && value >= 0 && value <= 1 }[name];
    if (!right) return { error: `no member ${JSON.stringify(name)}; there are mode ms bytes share count` };
    if (!right()) return { error: `${name} cannot be ${JSON.stringify(value)}` };
  }
  return { mode, options };
}

module.exports = { kModes, kOffTheAir, read_mode };
