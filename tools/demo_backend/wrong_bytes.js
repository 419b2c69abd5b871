'use strict';
// Answers that break HTTP/1.1 or the promise of their own fields, byte for byte. Each entry:
// what it is, the bytes it makes of the right answer, and what becomes of the connection then:
// it stays open ('hold'), is closed, or reset.
const zlib = require('node:zlib');

const kReasons = { 200: 'OK', 301: 'Moved Permanently', 302: 'Found', 304: 'Not Modified',
  204: 'No Content', 400: 'Bad Request', 404: 'Not Found', 409: 'Conflict', 429: 'Too Many Requests',
  500: 'Internal Server Error', 502: 'Bad Gateway', 503: 'Service Unavailable' };
const latin1 = (text) => Buffer.from(text, 'latin1');
const join = (...parts) => Buffer.concat(parts.map((part) => (typeof part === 'string' ? latin1(part) : part)));

/** A status line and fields, with the empty line. */
const head = (answer, fields) => latin1([`HTTP/1.1 ${answer.status} ${kReasons[answer.status] ?? ''}`,
  `Content-Type: ${answer.type}`, ...fields, '', ''].join('\r\n'));

const body_of = (answer) => Buffer.from(answer.body);
/** The whole of a right answer. `more`: further field lines. */
const whole = (answer, more = []) => join(
  head(answer, [`Content-Length: ${Buffer.byteLength(answer.body)}`, ...more]), body_of(answer));

/** The body in chunks of `size`; `last`: what ends it. */
function chunks(body, size = 16, last = '0\r\n\r\n') {
  const parts = [];
  for (let at = 0; at < body.length; at += size) {
    const piece = body.subarray(at, at + size);
    parts.push(latin1(`${piece.length.toString(16)}\r\n`), piece, latin1('\r\n'));
  }
  return join(...parts, last);
}
const in_chunks = (answer, last) =>
  join(head(answer, ['Transfer-Encoding: chunked']), chunks(body_of(answer), 16, last));
const after_chunked_head = (answer, rest) => join(head(answer, ['Transfer-Encoding: chunked']), rest);

/** `body` as the body of a 200 of type `type`, its length told truly. */
const instead = (body, type = 'application/json', more = []) => (answer) =>
  whole({ status: 200, type, body: Buffer.isBuffer(body) ? body : Buffer.from(body), mail: answer.mail }, more);
const gzipped = (make) => (answer) => {
  const body = make(body_of(answer));
  return join(head(answer, ['Content-Encoding: gzip', `Content-Length: ${body.length}`]), body);
};

// The same "random" bytes on every run: a linear congruential generator.
function noise(count) {
  const bytes = Buffer.alloc(count);
  for (let i = 0, x = 20240229; i < count; ++i) {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    bytes[i] = x >>> 24;
  }
  return bytes;
}

let bomb = null;  // made once: 64 MiB take a third of a second to pack
const bomb_bytes = () => (bomb ??= zlib.gzipSync(Buffer.alloc(64 << 20, 0x20)));

/** An answer nobody asked for, as if it were somebody else's. */
const kPoison = { status: 200, type: 'application/json',
  body: '{"found":true,"customer":{"id":"C-poison","tier":"poison","since":1900,"points":0}}' };

const wrong = (about, bytes, then = 'hold') => ({ about, bytes, then });

const kWrongBytes = {
  // What the length says is not what comes.
  'length-long-close': wrong('Content-Length 25 too long, then closed',
    (a) => join(head(a, [`Content-Length: ${a.body.length + 25}`]), body_of(a)), 'close'),
  'length-long-hold': wrong('Content-Length 25 too long, then silence',
    (a) => join(head(a, [`Content-Length: ${a.body.length + 25}`]), body_of(a))),
  'length-short': wrong('Content-Length 5 too short: the rest comes unasked',
    (a) => join(head(a, [`Content-Length: ${a.body.length - 5}`]), body_of(a))),
  'until-reset': wrong('no length at all, then reset instead of closed', (a) => join(head(a, []), body_of(a)), 'reset'),
  'length-junk': wrong('Content-Length: 12x', (a) => join(head(a, ['Content-Length: 12x']), body_of(a))),
  'length-negative': wrong('Content-Length: -1', (a) => join(head(a, ['Content-Length: -1']), body_of(a))),
  'length-huge': wrong('Content-Length: 99999999999999999999',
    (a) => join(head(a, ['Content-Length: 99999999999999999999']), body_of(a))),
  'length-twice': wrong('two Content-Lengths that differ', (a) => join(
    head(a, [`Content-Length: ${a.body.length}`, 'Content-Length: 3']), body_of(a))),
  'length-and-chunked': wrong('Content-Length and Transfer-Encoding', (a) => join(
    head(a, ['Content-Length: 5', 'Transfer-Encoding: chunked']), chunks(body_of(a)))),

  // Chunks.
  'chunk-junk': wrong('a chunk size that is none', (a) => after_chunked_head(a, join('zz\r\n', body_of(a)))),
  'chunk-overflow': wrong('a chunk size of 2^72', (a) => after_chunked_head(a, join('1000000000000000000\r\n', body_of(a)))),
  'chunk-signed': wrong('a chunk size with a sign', (a) => after_chunked_head(a, join('+10\r\n', body_of(a)))),
  'chunk-no-crlf': wrong('a chunk longer than it says', (a) => after_chunked_head(a, join('4\r\n', body_of(a), '\r\n0\r\n\r\n'))),
  'chunk-cut-close': wrong('closed before the last chunk', (a) => in_chunks(a, ''), 'close'),
  'chunk-cut-hold': wrong('silence before the last chunk', (a) => in_chunks(a, '')),
  'chunk-extension-long': wrong('a chunk extension of 128 KiB',
    (a) => after_chunked_head(a, join(`5;x=${'y'.repeat(128 << 10)}`))),
  'trailers-long': wrong('trailers of 128 KiB', (a) => in_chunks(a, `0\r\n${`X: ${'y'.repeat(1000)}\r\n`.repeat(128)}`)),
  'coding-unknown': wrong('Transfer-Encoding: gzip, chunked',
    (a) => join(head(a, ['Transfer-Encoding: gzip, chunked']), chunks(body_of(a)))),
  'coding-twice': wrong('Transfer-Encoding: chunked, chunked',
    (a) => join(head(a, ['Transfer-Encoding: chunked, chunked']), chunks(body_of(a)))),

  // No HTTP/1.1.
  garbage: wrong('4 KiB of noise', () => noise(4096)),
  http09: wrong('a body without a head', (a) => body_of(a), 'close'),
  http2: wrong('a status line of HTTP/2.0', (a) => join('HTTP/2.0', whole(a).subarray(8))),
  icy: wrong('a status line of another protocol', (a) => join('ICY', whole(a).subarray(8))),
  'status-short': wrong('a status of two digits', (a) => join('HTTP/1.1 20', whole(a).subarray(12))),
  'status-junk': wrong('a status that is no number', (a) => join('HTTP/1.1 abc', whole(a).subarray(12))),
  'status-zero': wrong('status 000', (a) => join('HTTP/1.1 000', whole(a).subarray(12))),
  'tls-alert': wrong('a TLS alert on plain TCP', () => latin1('\x15\x03\x01\x00\x02\x02\x28'), 'close'),
  'field-no-colon': wrong('a field line without a colon', (a) => whole(a, ['nonsense'])),
  'field-blank-name': wrong('a blank inside a field name', (a) => whole(a, ['X Y: z'])),
  'field-blank-colon': wrong('a blank before the colon', (a) => whole(a, ['X-Y : z'])),
  'field-nul': wrong('a NUL in a field', (a) => whole(a, ['X-Y: a\0b'])),
  'field-cr': wrong('a bare CR in a field', (a) => whole(a, ['X-Y: a\rb'])),
  'field-fold': wrong('a folded field', (a) => whole(a, ['X-Y: a', ' b'])),
  'head-long': wrong('a field of 128 KiB', (a) => whole(a, [`X-Y: ${'y'.repeat(128 << 10)}`])),
  'fields-many': wrong('10,000 fields', (a) => whole(a, Array.from({ length: 10_000 }, (_, i) => `X-${i}: y`))),
  switching: wrong('101 to a request without Upgrade',
    () => latin1('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')),

  // More than one answer.
  'two-answers': wrong('two answers to one request', (a) => join(whole(a), whole(kPoison))),
  'interim-many': wrong('1,000 interim answers, then the right one',
    (a) => join('HTTP/1.1 100 Continue\r\n\r\n'.repeat(1000), whole(a))),

  // HTTP that is right, and nothing a sign-up can use.
  'moved': wrong('301 to another path', (a) => join('HTTP/1.1 301 Moved Permanently\r\nLocation: /elsewhere\r\n',
    whole(a).subarray('HTTP/1.1 200 OK\r\n'.length))),
  'no-content': wrong('204', () => latin1('HTTP/1.1 204 No Content\r\n\r\n')),
  'not-modified': wrong('304', () => latin1('HTTP/1.1 304 Not Modified\r\n\r\n')),
  'server-error': wrong('500 with a page', (a) => whole({ ...a, status: 500, type: 'text/html', body: '<h1>Sorry</h1>' })),
  'bad-gateway': wrong('502 with a page', (a) => whole({ ...a, status: 502, type: 'text/html', body: '<h1>Sorry</h1>' })),
  unavailable: wrong('503 with Retry-After', (a) => whole(
    { ...a, status: 503, type: 'text/plain', body: 'busy' }, ['Retry-After: 30'])),
  'too-many': wrong('429', (a) => whole({ ...a, status: 429, type: 'text/plain', body: 'slow down' })),
  empty: wrong('200 without a body', instead('')),
  html: wrong('200 with a page', instead('<!doctype html><title>Login</title>', 'text/html')),
  'json-cut': wrong('JSON that ends in the middle', (a) => whole({ ...a, body: a.body.slice(0, -7) })),
  'json-other': wrong('JSON of another shape', instead('[1,2,3]')),
  'json-null': wrong('null where a text should be', instead('{"found":true,"customer":{"id":null,"tier":null}}')),
  'json-deep': wrong('JSON 100,000 levels deep', instead('['.repeat(100_000))),
  'json-utf8': wrong('JSON that is no UTF-8', instead(join('{"found":true,"customer":{"tier":"\xff\xfe"}}'))),
  'xml-bomb': wrong('XML with entities that multiply', instead('<?xml version="1.0"?><!DOCTYPE b [' +
    '<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">' +
    '<!ENTITY f SYSTEM "file:///etc/passwd">]><b>&b;&f;</b>', 'text/xml')),
  'gzip-cut': wrong('gzip that ends in the middle', gzipped((body) => {
    const all = zlib.gzipSync(body);
    return all.subarray(0, all.length - 12);
  })),
  'gzip-junk': wrong('gzip that is none', gzipped(() => noise(200))),
  'gzip-bomb': wrong('64 MiB of blanks in 64 KiB of gzip', gzipped(bomb_bytes)),

  // Unusual and right: these must work.
  chunked: wrong('right, in chunks', (a) => in_chunks(a)),
  gzip: wrong('right, gzipped', gzipped((body) => zlib.gzipSync(body))),
  'until-close': wrong('right, its length told by closing', (a) => join(head(a, ['Connection: close']), body_of(a)), 'close'),
  'closes-after': wrong('right, with Connection: close', (a) => whole(a, ['Connection: close']), 'close'),
  'closes-unsaid': wrong('right, closed without a word', (a) => whole(a), 'close'),
  'resets-after': wrong('right, then reset', (a) => whole(a), 'reset'),
  interim: wrong('right, behind one 100 Continue', (a) => join('HTTP/1.1 100 Continue\r\n\r\n', whole(a))),
};

module.exports = { kPoison, kWrongBytes, head, noise, whole };
