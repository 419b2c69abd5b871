// The demo backend itself: what it answers when nothing is wrong, that each mode does what it says,
// seen by a socket, and that its counts are true. The fault table stands on this.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import { test } from 'node:test';
import zlib from 'node:zlib';

import certificates from '../../tools/demo_backend/certificates.js';
import demo from '../../tools/demo_backend/backend.js';
import people from '../../tools/demo_backend/people.js';
import { eventually, kPatience, root, scratch, within } from './lib/claimgate.mjs';

const { DemoBackend, kModes } = demo;
const kSearch = '/v2/customers/search';

async function backend(t, mode = 'ok', options = {}, more = {}) {
  const one = await new DemoBackend(more).listen();
  t.after(() => one.close());
  await one.set_mode(mode, options);
  return one;
}

function request(mail, { path: where = kSearch, body = JSON.stringify({ mail }), type = 'application/json' } = {}) {
  return `POST ${where} HTTP/1.1\r\nHost: crm\r\nContent-Type: ${type}\r\n` +
    `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

const ask = async (one, mail, { path: where = kSearch, body = JSON.stringify({ mail }) } = {}) => {
  const response = await fetch(`${one.url}${where}`, { method: 'POST', body });
  return { status: response.status, text: await response.text() };
};

// Everything that comes after `bytes` were sent, and how it ended: 'open' when `until` was there
// (or `patience` passed) and the connection still is, 'closed', or 'reset'.
async function conversation(one, bytes, { until = null, patience = 300 } = {}) {
  const socket = net.connect(one.port, '127.0.0.1');
  const seen = { bytes: Buffer.alloc(0), end: 'open', socket };
  let timer;
  const over = new Promise((resolve) => {
    socket.on('data', (more) => {
      seen.bytes = Buffer.concat([seen.bytes, more]);
      if (until?.(seen.bytes)) resolve();
    });
    socket.on('end', () => { seen.end = 'closed'; resolve(); });
    socket.on('error', (error) => { seen.end = error.code === 'ECONNREFUSED' ? 'refused' : 'reset'; resolve(); });
    timer = setTimeout(resolve, patience);
  });
  if (bytes) socket.write(bytes);
  await over;
  clearTimeout(timer);
  seen.text = seen.bytes.toString('latin1');
  socket.destroy();
  return seen;
}

test('an address gets the same answer every time, whatever its case, and others another', async (t) => {
  const one = await backend(t);
  const first = await ask(one, 'Dana@Woodgrove.example');
  assert.equal(first.status, 200);
  assert.deepEqual(await ask(one, ' dana@woodgrove.example'), first);
  const { customer } = JSON.parse(first.text);
  assert.equal(customer.id, `C-${people.hash_of('dana@woodgrove.example')}`);
  assert.notEqual(JSON.parse((await ask(one, 'astrid@woodgrove.example')).text).customer.id, customer.id);
  assert.deepEqual(JSON.parse((await ask(one, 'unknown1@a.example')).text), { found: false });
  assert.equal((await ask(one, 'unknown1@a.example')).status, 404);
  assert.equal((await ask(one, 'taken1@a.example')).status, 409);
  assert.equal((await ask(one, 7)).status, 400);
});

test('the other services tell the same about an address', async (t) => {
  const one = await backend(t);
  const known = people.customer("o'neil&co@a.example");
  const soap = (mail) => ask(one, '', { path: '/soap/CustomerService', body: `<c:Mail>${mail}</c:Mail>` });
  assert.match((await soap('o&#39;neil&amp;co@a.example')).text, new RegExp(`<Customer id="${known.id}"><Tier>${known.tier}<`));
  assert.match((await soap('unknown@a.example')).text, /<Found>false</);
  assert.equal((await soap('taken@a.example')).status, 500);
  const form = (body) => ask(one, '', { path: '/form/lookup', body });
  assert.match((await form(`email=${encodeURIComponent("o'neil&co@a.example")}`)).text, new RegExp(`^RESULT=OK\nID=${known.id}\nTIER=${known.tier}\n`));
  assert.equal((await form('email=unknown%40a.example')).text, 'RESULT=NONE\n');
  assert.match((await form('email=taken%40a.example')).text, /^RESULT=TAKEN\n/);
  const contract = async (email) => JSON.parse((await ask(one, '', { path: '/connector', body: JSON.stringify({ email }) })).text);
  assert.deepEqual(await contract("O'Neil&co@a.example"), { version: '1.0.0', action: 'Continue',
    extension_loyaltyTier: known.tier, extension_customerId: known.id });
  assert.equal((await contract('taken@a.example')).action, 'ShowBlockPage');
  assert.deepEqual(await contract('unknown@a.example'), { version: '1.0.0', action: 'Continue' });
  assert.equal((await ask(one, '', { path: '/elsewhere' })).status, 404);
});

test('it counts requests by path and by person, connections, and what is under way at once', async (t) => {
  const one = await backend(t, 'slow', { ms: 100 });
  await Promise.all(['a@x.example', 'A@x.example', 'b@x.example'].map((mail) => ask(one, mail)));
  await fetch(`${one.url}/health`);
  const report = one.report();
  assert.equal(report.requests, 4);
  assert.equal(report.affected, 4);
  assert.deepEqual(report.by_path, { [kSearch]: 3, '/health': 1 });
  assert.deepEqual(report.by_mail, { [people.hash_of('a@x.example')]: 2, [people.hash_of('b@x.example')]: 1 });
  assert.equal(report.in_progress_max, 3);
  assert.equal(report.in_progress, 0);
  assert.ok(report.connections >= 3 && report.open_max >= 3, JSON.stringify(report));
  assert.ok(!JSON.stringify(report).includes('x.example'), 'no address is in the counts');
});

test('share spreads the mode evenly, count ends it', async (t) => {
  const one = await backend(t, 'server-error', { share: 0.25 });
  const statuses = async (count) => {
    const all = [];
    for (let i = 0; i < count; i++) all.push((await ask(one, 'a@b.example')).status);
    return all.join(' ');
  };
  assert.equal(await statuses(8), '200 200 200 500 200 200 200 500');
  await one.set_mode('server-error', { count: 2 });
  assert.equal(await statuses(4), '500 500 200 200');
});

test('requests that are no HTTP/1.1, or doubtful, are refused and counted', async (t) => {
  const told = [];
  const one = await backend(t, 'ok', {}, { on_bad_request: (why) => told.push(why) });
  const bad = ['nonsense\r\n\r\n', 'GET / HTTP/1.1\r\n\r\n', 'GET / HTTP/1.1\r\nHost: a\r\nX Y: z\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    'GET /a b HTTP/1.1\r\nHost: a\r\n\r\n', 'GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n'];
  for (const bytes of bad) {
    const { text, end } = await conversation(one, bytes, { patience: 5000 });
    assert.match(text, /^HTTP\/1\.1 400 /, JSON.stringify(bytes));
    assert.equal(end, 'closed');
  }
  assert.equal(one.counts.bad_requests, bad.length);
  assert.equal(told.length, bad.length);
  const chunked = 'POST /form/lookup HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nemail\r\n6\r\n=a%40b\r\n0\r\n\r\n';
  assert.match((await conversation(one, chunked, { until: (b) => b.includes('RESULT=OK') })).text, /RESULT=OK/);
});

// libuv, below Node, reports a reset as an end when bytes came before it in the same turn.
const kCut = /closed|reset/;

// What a client sees of each mode: how the conversation ends, and of the bytes.
const kRight = /^HTTP\/1\.1 200 OK\r\n[^]*"tier"/;
const kSeen = {
  ok: ['open', kRight],
  'slow-accept': ['open', /^$/], 'hang-accept': ['open', /^$/], hang: ['open', /^$/], slow: ['open', /^$/],
  'slow-head': ['open', /^HTTP\/1\.1 200/], 'slow-body': ['open', /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n\{"found":true/],
  'hang-in-head': ['open', /^HTTP\/1\.1 200 OK\r\n(?![^]*\r\n\r\n)/], 'hang-in-body': ['open', /\r\n\r\n\{"found[^}]*$/],
  'close-at-once': ['closed', /^$/], 'reset-at-once': ['reset', /^$/], close: ['closed', /^$/], reset: ['reset', /^$/],
  'close-in-head': ['closed', /^HTTP\/1\.1 200 OK\r\n(?![^]*\r\n\r\n)/], 'close-in-body': ['closed', /\r\n\r\n\{"found[^}]*$/],
  'reset-in-head': [kCut, /^HTTP\/1\.1 200 OK\r\n(?![^]*\r\n\r\n)/], 'reset-in-body': [kCut, /\r\n\r\n\{"found[^}]*$/],
  'huge-body': ['open', /Content-Length: 8388608\r\n\r\n {100000}/], 'endless-body': ['open', /\r\n\r\n4000\r\n {16384}\r\n4000\r\n/],
  'endless-head': ['open', /X-0: y+\r\nX-1: /], 'endless-interim': ['open', /^(HTTP\/1\.1 100 Continue\r\n\r\n){100}/],
  'endless-noise': ['open', /^[^H][^]{100000}/],
  unsolicited: ['open', /^HTTP\/1\.1 200[^]*"C-[0-9a-f]{16}"[^]*HTTP\/1\.1 200 OK[^]*poison/],
  'speaks-first': ['open', /^HTTP\/1\.1 200 OK[^]*poison[^]*HTTP\/1\.1 200 OK[^]*"C-[0-9a-f]{16}"/],
  refuse: ['refused', /^$/],
  'length-long-close': ['closed', kRight], 'length-long-hold': ['open', kRight], 'length-short': ['open', kRight],
  'length-junk': ['open', /Content-Length: 12x/], 'length-negative': ['open', /Content-Length: -1/],
  'length-huge': ['open', /Content-Length: 9{20}/], 'length-twice': ['open', /Content-Length: \d+\r\nContent-Length: 3\r\n/],
  'length-and-chunked': ['open', /Content-Length: 5\r\nTransfer-Encoding: chunked/],
  'chunk-junk': ['open', /\r\n\r\nzz\r\n/], 'chunk-overflow': ['open', /\r\n\r\n1000000000000000000\r\n/],
  'chunk-signed': ['open', /\r\n\r\n\+10\r\n/], 'chunk-no-crlf': ['open', /\r\n\r\n4\r\n\{"found/],
  'chunk-cut-close': ['closed', /\r\n\r\n10\r\n(?![^]*\r\n0\r\n)/], 'chunk-cut-hold': ['open', /\r\n\r\n10\r\n(?![^]*\r\n0\r\n)/],
  'chunk-extension-long': ['open', /\r\n5;x=y{100000}/], 'trailers-long': ['open', /\r\n0\r\nX: y+\r\n/],
  'coding-unknown': ['open', /Transfer-Encoding: gzip, chunked/], 'coding-twice': ['open', /chunked, chunked/],
  garbage: ['open', /^[^H][^]{4000}/], http09: ['closed', /^\{"found/], http2: ['open', /^HTTP\/2\.0 200/], icy: ['open', /^ICY 200/],
  'status-short': ['open', /^HTTP\/1\.1 20 /], 'status-junk': ['open', /^HTTP\/1\.1 abc /], 'status-zero': ['open', /^HTTP\/1\.1 000 /],
  'tls-alert': ['closed', /^\x15\x03\x01/], 'field-no-colon': ['open', /\r\nnonsense\r\n/], 'field-blank-name': ['open', /\r\nX Y: z/],
  'field-blank-colon': ['open', /\r\nX-Y : z/], 'field-nul': ['open', /a\0b/], 'field-cr': ['open', /a\rb/], 'field-fold': ['open', /\r\nX-Y: a\r\n b\r\n/],
  'head-long': ['open', /X-Y: y{100000}/], 'fields-many': ['open', /X-9999: y/], switching: ['open', /^HTTP\/1\.1 101 /],
  'two-answers': ['open', /^HTTP\/1\.1 200[^]*\}HTTP\/1\.1 200[^]*poison/], 'interim-many': ['open', /^(HTTP\/1\.1 100 Continue\r\n\r\n){1000}HTTP\/1\.1 200/],
  moved: ['open', /^HTTP\/1\.1 301 [^]*Location: \/elsewhere\r\n/], 'no-content': ['open', /^HTTP\/1\.1 204 No Content\r\n\r\n$/],
  'not-modified': ['open', /^HTTP\/1\.1 304 /], 'server-error': ['open', /^HTTP\/1\.1 500 /], 'bad-gateway': ['open', /^HTTP\/1\.1 502 /],
  unavailable: ['open', /^HTTP\/1\.1 503 [^]*Retry-After: 30/], 'too-many': ['open', /^HTTP\/1\.1 429 /],
  empty: ['open', /Content-Length: 0\r\n\r\n$/], html: ['open', /text\/html[^]*<title>Login/], 'json-cut': ['open', /\r\n\r\n\{"found[^}]*$/],
  'json-other': ['open', /\[1,2,3\]$/], 'json-null': ['open', /"tier":null/], 'json-deep': ['open', /\r\n\r\n\[{100000}$/],
  'json-utf8': ['open', /\xff\xfe/], 'xml-bomb': ['open', /<!ENTITY b/], 'gzip-cut': ['open', /Content-Encoding: gzip/],
  'gzip-junk': ['open', /Content-Encoding: gzip/], 'gzip-bomb': ['open', /Content-Encoding: gzip/],
  chunked: ['open', /Transfer-Encoding: chunked[^]*\r\n0\r\n\r\n$/], gzip: ['open', /Content-Encoding: gzip/],
  'until-close': ['closed', kRight], 'closes-after': ['closed', /Connection: close/], 'closes-unsaid': ['closed', kRight],
  'until-reset': [kCut, /OK\r\nContent-Type: [^\r]+\r\n\r\n\{"found":true/],
  'resets-after': [kCut, kRight], interim: ['open', /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/],
};

test('every mode shows a client what it says', { concurrency: true }, async (t) => {
  const untested = Object.keys(kModes).filter((mode) => !(mode in kSeen) && mode !== 'flapping');
  assert.deepEqual(untested, [], 'modes without a row here');
  await Promise.all(Object.entries(kSeen).map(([mode, [end, pattern]]) => t.test(mode, async (t) => {
    const waits = end === 'open' && String(pattern) !== String(/^$/);
    const needsTime = ['slow', 'slow-accept'].includes(mode);
    const one = await backend(t, mode, needsTime ? { ms: 60_000 } : mode === 'unsolicited' ? { ms: 20 } : {});
    const seen = await conversation(one, request('dana@woodgrove.example'), {
      patience: end !== 'open' || waits ? kPatience : 500,
      until: waits ? (bytes) => pattern.test(bytes.toString('latin1')) : null,
    });
    assert.match(seen.end, end instanceof RegExp ? end : new RegExp(`^${end}$`), JSON.stringify(seen.text.slice(0, 300)));
    assert.match(seen.text, pattern);
    await eventually('the connection to end', () => one.counts.open === 0 && one.counts.in_progress === 0);
  })));
});

test('gzip modes: the right one unpacks to the answer, the bomb to 64 MiB, the others not at all', async (t) => {
  const body = async (mode) => {
    const one = await backend(t, mode);
    const whole = (bytes) => {
      const length = bytes.toString('latin1').match(/Content-Length: (\d+)\r\n\r\n/);
      return length !== null && bytes.length === bytes.indexOf('\r\n\r\n') + 4 + Number(length[1]);
    };
    const { bytes } = await conversation(one, request('dana@woodgrove.example'), { patience: kPatience, until: whole });
    return bytes.subarray(bytes.indexOf('\r\n\r\n') + 4);
  };
  assert.match(zlib.gunzipSync(await body('gzip')).toString(), /"tier"/);
  for (const mode of ['gzip-cut', 'gzip-junk']) {
    const bytes = await body(mode);
    assert.throws(() => zlib.gunzipSync(bytes), mode);
  }
  const bomb = await body('gzip-bomb');
  assert.ok(bomb.length < 128 << 10);
  assert.equal(zlib.gunzipSync(bomb).length, 64 << 20);
});

test('slow is slow, and late: the answer comes when it comes', async (t) => {
  const one = await backend(t, 'slow', { ms: 300 });
  const began = performance.now();
  assert.equal((await ask(one, 'a@b.example')).status, 200);
  assert.ok(performance.now() - began >= 295);
});

test('flapping refuses and answers by turns, on the same port', async (t) => {
  const one = await backend(t, 'flapping', { ms: 100 });
  const { port } = one;
  for (const wanted of ['refused', 'open', 'refused', 'open']) {
    await eventually(wanted, async () => (await conversation(one, request('a@b.example'), { patience: 50, until: (b) => b.length > 0 })).end === wanted);
  }
  assert.equal(one.port, port);
  await one.set_mode('ok');
  assert.equal((await ask(one, 'a@b.example')).status, 200);
});

test('TLS: a client that verifies accepts the good certificate and none of the others', async (t) => {
  const made = certificates.make_certificates(scratch(t));
  const ca = fs.readFileSync(made.ca);
  const wanted = { good: null, expired: 'CERT_HAS_EXPIRED', future: 'CERT_NOT_YET_VALID', 'wrong-name': 'ERR_TLS_CERT_ALTNAME_INVALID',
    'other-ca': /UNABLE_TO_GET_ISSUER|SELF_SIGNED|UNABLE_TO_VERIFY/, 'self-signed': /SELF_SIGNED/ };
  assert.deepEqual(Object.keys(made.servers).sort(), Object.keys(wanted).sort());
  for (const [name, code] of Object.entries(wanted)) {
    const one = await backend(t, 'ok', {}, { secure: made.servers[name] });
    const socket = tls.connect({ host: '127.0.0.1', port: one.port, servername: 'localhost', ca });
    const outcome = await within(name, once(socket, 'secureConnect').then(() => null, (error) => error.code));
    if (code instanceof RegExp) assert.match(outcome, code, name);
    else assert.equal(outcome, code, name);
    if (code === null) {
      socket.write(request('dana@woodgrove.example'));
      const [bytes] = await once(socket, 'data');
      assert.match(bytes.toString(), kRight);
      await one.set_mode('reset');
      socket.write(request('dana@woodgrove.example'));
      await within('the end', once(socket, 'close').catch((error) => assert.equal(error.code, 'ECONNRESET')));
    }
    socket.on('error', () => {});
    socket.destroy();
  }
});

// The command line: started on free ports, ended by SIGTERM.
async function command(t, ...args) {
  const child = spawn(path.join(root, 'tools/demo-backend'), ['--port', '0', '--control-port', '0', ...args],
    { stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (out += text));
  const ended = once(child, 'close');
  await eventually('it to be ready', () => /ready$/m.test(out) || child.exitCode !== null);
  const after = (words) => out.match(new RegExp(`^demo-backend: ${words} (\\S+)`, 'm'))?.[1];
  return { child, ended, url: after('listening on'), control: after('control on'), ca: after('authority'), text: () => out };
}

test('the command is told by its control address, also while it refuses, and ends by SIGTERM', async (t) => {
  const one = await command(t, '--mode', 'server-error');
  const tell = async (value, where = one.control) => {
    const response = await fetch(where, value === undefined ? {} : { method: 'POST', body: typeof value === 'string' ? value : JSON.stringify(value) });
    return { status: response.status, ...(await response.json()) };
  };
  const status = () => fetch(`${one.url}${kSearch}`, { method: 'POST', body: '{"mail":"a@b.example"}' }).then((r) => r.status, () => 'none');
  assert.equal(await status(), 500);
  assert.equal((await tell({ mode: 'ok' })).mode, 'ok');
  assert.equal(await status(), 200);
  assert.equal((await tell({ mode: 'refuse' }, `${one.url}/_control`)).mode, 'refuse');
  await eventually('refused', async () => (await status()) === 'none');
  assert.equal((await tell({ mode: 'ok' })).status, 200);
  assert.equal(await status(), 200);
  assert.equal((await tell()).requests, 3);
  assert.equal((await tell({ reset_counts: true })).requests, 0);
  for (const wrong of [{ mode: 'nonsense' }, { mode: 'slow', ms: -1 }, { mode: 'slow', share: 2 }, { mode: 'slow', pace: 1 }, { ms: 5 }, '[]', 'x']) {
    const answer = await tell(wrong);
    assert.equal(answer.status, 400, JSON.stringify(wrong));
    assert.notEqual(answer.error, '');
  }
  one.child.kill('SIGTERM');
  assert.deepEqual(await within('its end', one.ended), [0, null]);
});

test('--tls makes an authority that vouches for it, and leaves nothing behind', async (t) => {
  const one = await command(t, '--tls', 'good');
  const { port } = new URL(one.url);
  const socket = tls.connect({ host: '127.0.0.1', port, servername: 'localhost', ca: fs.readFileSync(one.ca) });
  await within('a handshake', once(socket, 'secureConnect'));
  socket.destroy();
  one.child.kill('SIGINT');
  assert.deepEqual(await within('its end', one.ended), [0, null]);
  assert.ok(!fs.existsSync(one.ca));
});

test('arguments that are wrong are named, with 2', async (t) => {
  for (const args of [['--mode', 'nonsense'], ['--port', 'x'], ['--tls', 'rusty'], ['--nonsense']]) {
    const one = await command(t, ...args);
    assert.deepEqual(await within('its end', one.ended), [2, null], args.join(' '));
    assert.match(one.text(), /^demo-backend: .*\(--help\)$/m);
  }
});
