// How callers show who they are besides Basic: tokens, keys, addresses, certificates; and what load
// balancers say of them.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import tls from 'node:tls';

import { certificate } from './lib/certificates.mjs';
import { configuration, eventually, kAuthorization, scratch, serve } from './lib/claimgate.mjs';
import { scrape } from './lib/openmetrics.mjs';
import { assertContinue, assertError, connect, post, target, Wire } from './lib/wire.mjs';

const kBody = { step: 'PostAttributeCollection', email: 'a@b.example' };
const kBasic = { username: 'b2c', password: 's3cr:et' };
const wrong = `Basic ${Buffer.from('b2c:guess').toString('base64')}`;
const shared = () => crypto.randomBytes(16).toString('hex');

async function ask(wire, options = {}) {
  await wire.send(post(kBody, options));
  return wire.answer();
}

test('a fixed token is taken, old and new together, and reloaded', async (t) => {
  const [old, next, last] = [shared(), shared(), shared()];
  const gate = await serve(t, configuration({ connector: { auth: { bearer: [old, '${file:token}'] } } }), { files: { token: `${next}\n` } });
  const wire = await connect(t, gate.address);
  for (const token of [old, next]) assertContinue(await ask(wire, { fields: { Authorization: `Bearer ${token}` } }));
  for (const Authorization of [undefined, `Bearer ${last}`, `Basic ${old}`, kAuthorization, `Bearer ${old}x`]) {
    const answer = await ask(wire, { fields: { Authorization } });
    assertError(answer, 401);
    assert.equal(answer.fields['www-authenticate'], 'Bearer realm="claimgate"');
  }
  fs.writeFileSync(path.join(gate.directory, 'token'), last);
  const before = gate.stderr.length;
  gate.signal('SIGHUP');
  await gate.line(/reloaded/, before);
  await eventually('the new token', async () => (await ask(wire, { fields: { Authorization: `Bearer ${last}` } })).status === 200);
  assertError(await ask(wire, { fields: { Authorization: `Bearer ${next}` } }), 401);
  for (const secret of [old, next, last]) assert.ok(!gate.stderr.includes(secret) && !gate.stdout.includes(secret));
});

test('a key in the query or a field is wanted in addition, and is never written down', async (t) => {
  const key = shared();
  for (const place of ['query', 'header']) {
    const gate = await serve(t, configuration({
      access_log: { file: 'stdout' },
      connector: { auth: { basic: kBasic, api_key: { [place]: place === 'query' ? 'code' : 'x-functions-key', value: key } } },
    }));
    const wire = await connect(t, gate.address);
    const withKey = (value) => (place === 'query' ? { path: `/signup?a=b&code=${value}` } : { fields: { 'X-Functions-Key': value } });
    assertContinue(await ask(wire, withKey(key)));
    assertError(await ask(wire), 401);
    assertError(await ask(wire, withKey(`${key}0`)), 401);
    const { path: target_ = '/signup', fields = {} } = withKey(key);
    assertError(await ask(wire, { path: target_, fields: { ...fields, Authorization: undefined } }), 401);
    await gate.stop();
    assert.match(gate.stdout, /"verdict":"unauthorized"/);
    assert.ok(!gate.stdout.includes(key) && !gate.stderr.includes(key));
  }
});

test('callers from other networks get 403, whatever they show', async (t) => {
  for (const [addresses, allowed] of [[['127.0.0.0/8'], true], [['192.0.2.0/24', '::/0', 'unix'], false]]) {
    const gate = await serve(t, configuration({ connector: { auth: { basic: kBasic, addresses } } }));
    const wire = await connect(t, gate.address);
    if (allowed) {
      assertContinue(await ask(wire));
    } else {
      assertError(await ask(wire), 403);
      const metrics = await scrape(gate.admin);
      assert.equal(metrics.value('claimgate_refused_total', { connector: 'signup', reason: 'forbidden' }), 1);
    }
  }
});

// The PROXY header of version 2 for an IPv4 caller.
function v2(from, { command = 0x21 } = {}) {
  const addresses = Buffer.from([...from.split('.').map(Number), 198, 51, 100, 1, 0xdc, 0x04, 0x01, 0xbb]);
  return Buffer.concat([Buffer.from('0d0a0d0a000d0a515549540a', 'hex'), Buffer.from([command, 0x11, 0, addresses.length]), addresses]);
}

const behindProxies = (listener, changes = {}) => configuration({
  access_log: { file: 'stdout' },
  ...changes,
  listeners: [{ address: '127.0.0.1:0', ...listener }],
  connector: { auth: { basic: kBasic, addresses: ['203.0.113.0/24'] }, ...changes.connector },
});

const remotes = (gate) => gate.stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line).remote);

test('a PROXY header says who calls: whole, in pieces, with the request in the same packet', async (t) => {
  const gate = await serve(t, behindProxies({ proxy_protocol: 'any' }));
  const headers = [
    ['203.0.113.1', Buffer.from('PROXY TCP4 203.0.113.1 198.51.100.1 56324 443\r\n')],
    ['203.0.113.2', v2('203.0.113.2')],
  ];
  for (const [, header] of headers) {
    const whole = await connect(t, gate.address);
    await whole.send(Buffer.concat([header, post(kBody)]));
    assertContinue(await whole.answer());
    assertContinue(await ask(whole));
    const pieces = await connect(t, gate.address);
    await pieces.sendByteByByte(header);
    assertContinue(await ask(pieces));
  }
  // Another's address, the load balancer's own, none.
  for (const header of [v2('192.0.2.9'), v2('203.0.113.2', { command: 0x20 }), 'PROXY UNKNOWN\r\n']) {
    const wire = await connect(t, gate.address);
    await wire.send(header);
    assertError(await ask(wire), 403);
  }
  await gate.stop();
  assert.deepEqual(remotes(gate), [
    ...headers.flatMap(([address]) => [address, address, address]), '192.0.2.9', '127.0.0.1', '127.0.0.1']);
});

test('whoever brings no PROXY header, or a wrong one, is closed without an answer', async (t) => {
  const gate = await serve(t, behindProxies({ proxy_protocol: 'v2' }, { limits: { tls_handshake_timeout: '300ms' } }));
  const bad = [post(kBody), 'PROXY TCP4 203.0.113.1 198.51.100.1 56324 443\r\n', v2('203.0.113.1', { command: 0x31 }), '\r\n\r\n\0\r\nQUIX'];
  for (const bytes of bad) {
    const wire = await connect(t, gate.address);
    await wire.send(bytes);
    await wire.isClosed();
  }
  const half = await connect(t, gate.address);
  await half.send(v2('203.0.113.1').subarray(0, 20));
  const silent = await connect(t, gate.address);
  await half.isClosed();
  await silent.isClosed();
  const metrics = await scrape(gate.admin);
  assert.equal(metrics.value('claimgate_proxy_headers_refused_total'), bad.length);
  assert.equal(metrics.value('claimgate_connections_timed_out_total'), 2);
});

test('a PROXY header of somebody who is no proxy is not even read', async (t) => {
  const gate = await serve(t, behindProxies({ proxy_protocol: 'v2', proxies: ['10.0.0.0/8'] }));
  const wire = await connect(t, gate.address);
  await wire.send(v2('203.0.113.1'));
  await wire.until('the close', () => wire.closed);
  assert.equal(wire.received.length, 0);
  assert.equal((await scrape(gate.admin)).value('claimgate_proxy_headers_refused_total'), 1);
});

test('a PROXY header stands in front of TLS', async (t) => {
  const { file, keyFile } = certificate(scratch(t), 'hooks');
  const gate = await serve(t, behindProxies({ proxy_protocol: 'v1', tls: { certificate: file, key: keyFile } }));
  const plain = await connect(t, gate.address.replace('https', 'http'));
  plain.socket.removeAllListeners('data');
  plain.socket.pause();
  await plain.send('PROXY TCP4 203.0.113.7 198.51.100.1 56324 443\r\n');
  const socket = tls.connect({ socket: plain.socket, rejectUnauthorized: false });
  const wire = new Wire(socket);
  t.after(() => wire.destroy());
  assertContinue(await ask(wire));
  await gate.stop();
  assert.deepEqual(remotes(gate), ['203.0.113.7']);
});

test('X-Forwarded-For counts from the right, as deep as there are proxies, and only from those', async (t) => {
  const ask_with = async (wire, value) => ask(wire, { fields: { 'X-Forwarded-For': value } });
  const two = await serve(t, behindProxies({ forwarded_for: 2 }));
  const wire = await connect(t, two.address);
  assertContinue(await ask_with(wire, '203.0.113.1, 10.0.0.1'));
  assertContinue(await ask_with(wire, ['192.0.2.1', '203.0.113.2:4711', '10.0.0.1']));
  for (const value of [undefined, '203.0.113.1', '203.0.113.1, 192.0.2.1, 10.0.0.1', 'unknown, 10.0.0.1', '']) {
    assertError(await ask_with(wire, value), 403);
  }
  const unread = await serve(t, behindProxies({}));
  assertError(await ask_with(await connect(t, unread.address), '203.0.113.1'), 403);
  const distrusted = await serve(t, behindProxies({ forwarded_for: 1, proxies: ['10.0.0.0/8'] }));
  assertError(await ask_with(await connect(t, distrusted.address), '203.0.113.1'), 403);
});

test('an address that guesses is barred for a while, on every worker, and nobody else is', async (t) => {
  const gate = await serve(t, configuration({
    workers: 2,
    listeners: [{ address: '127.0.0.1:0', forwarded_for: 1 }],
    limits: { auth_failures: 5, auth_failure_window: '2s' },
  }));
  const from = (address, more = {}) => ({ fields: { 'X-Forwarded-For': address, ...more } });
  const wire = await connect(t, gate.address);
  for (let i = 0; i < 20; ++i) assertError(await ask(wire, from('192.0.2.1', { Authorization: undefined })), 401);
  for (let i = 0; i < 5; ++i) assertError(await ask(wire, from('192.0.2.1', { Authorization: wrong })), 401);
  for (let i = 0; i < 6; ++i) {  // the kernel spreads connections over the workers
    const answer = await ask(await connect(t, gate.address), from('192.0.2.1'));
    assertError(answer, 429);
    assert.match(answer.fields['retry-after'], /^[12]$/);
  }
  assertContinue(await ask(wire, from('192.0.2.2')));
  for (let i = 0; i < 10; ++i) assertError(await ask(wire, { fields: { Authorization: wrong } }), 401);
  assertContinue(await ask(wire), undefined, 'this machine is not counted');
  const metrics = await scrape(gate.admin);
  assert.equal(metrics.value('claimgate_addresses_barred_total'), 1);
  assert.ok(metrics.value('claimgate_refused_total', { connector: 'signup', reason: 'too_many_failures' }) >= 6);
  await eventually('the end of the window', async () => (await ask(wire, from('192.0.2.1'))).status === 200);
});

// Mutual TLS by connector.

async function secure(t, address, caller, options = {}) {
  const socket = tls.connect({ ...target(address), rejectUnauthorized: false, ...(caller && { cert: caller.pem, key: caller.key }), ...options });
  const wire = new Wire(socket);
  t.after(() => wire.destroy());
  socket.on('secureConnect', () => wire.waiting.splice(0).forEach((resume) => resume()));
  await wire.until('a handshake', () => !socket.secureConnecting || wire.closed);
  return wire;
}

const thumbprint = (one) => new crypto.X509Certificate(one.pem).fingerprint256;

function mutual(server, auths, tlsOptions = {}) {
  const base = configuration({
    listeners: [{ address: '127.0.0.1:0', tls: { certificate: server.file, key: server.keyFile, client_certificate: 'optional', ...tlsOptions } }],
  });
  const { signup } = base.connectors;
  base.connectors = Object.fromEntries(Object.entries(auths).map(([name, auth]) => [name, { ...signup, path: `/${name}`, auth }]));
  return base;
}

test('connectors accept certificates by thumbprint, authority, subject, issuer and name', async (t) => {
  const directory = scratch(t);
  const server = certificate(directory, 'server');
  const authority = certificate(directory, 'authority', { subject: '/O=Contoso/CN=Callers' });
  const other = certificate(directory, 'other');
  const signed = certificate(directory, 'signed', { by: authority, names: ['api.contoso.example'], subject: '/O=Contoso/CN=api.contoso.onmicrosoft.com' });
  const forged = certificate(directory, 'forged', { by: other, names: ['api.contoso.example'], subject: '/O=Contoso/CN=api.contoso.onmicrosoft.com' });
  const alone = certificate(directory, 'alone');
  const next = certificate(directory, 'next');
  const gate = await serve(t, mutual(server, {
    pinned: { certificate: [{ sha256: thumbprint(alone) }, { sha256: thumbprint(next).replaceAll(':', '').toLowerCase() }] },
    ca: { certificate: { ca: authority.file } },
    subject: { certificate: { ca: authority.file, subject: 'CN=api.contoso.onmicrosoft.com,O=Contoso' } },
    issuer: { certificate: { ca: authority.file, issuer: 'CN=Callers,O=Contoso', san: 'dns:API.contoso.example' } },
    wrong: { certificate: { ca: authority.file, subject: 'CN=somebody else' } },
    both: { basic: kBasic, certificate: { ca: authority.file } },
    open: { basic: kBasic },
  }));
  const allowed = {
    signed: ['ca', 'subject', 'issuer', 'both', 'open'],
    forged: ['open'],
    alone: ['pinned', 'open'],
    next: ['pinned', 'open'],
    none: ['open'],
  };
  for (const version of ['TLSv1.2', 'TLSv1.3']) {
    for (const [name, paths] of Object.entries(allowed)) {
      const wire = await secure(t, gate.address, { signed, forged, alone, next }[name], { minVersion: version, maxVersion: version });
      for (const one of ['pinned', 'ca', 'subject', 'issuer', 'wrong', 'both', 'open']) {
        const answer = await ask(wire, { path: `/${one}` });
        assert.equal(answer.status, paths.includes(one) ? 200 : 403, `${version} ${name} ${one}: ${answer.text}`);
      }
      assertError(await ask(wire, { path: '/both', fields: { Authorization: wrong } }), name === 'signed' ? 401 : 403);
    }
  }
  await eventually('the log', () => gate.stderr.includes('refused by connector pinned'));
  assert.match(gate.stderr, new RegExp(`client certificate of 127\\.0\\.0\\.1 refused by connector ca: it is none of the accepted ones: sha256 ${thumbprint(forged).replaceAll(':', '').toLowerCase()}`));
  assert.doesNotMatch(gate.stderr, /CN=|contoso/i, 'a subject may be personal data');
});

test('a certificate out of its time, and a header that claims one, are worth nothing', async (t) => {
  const directory = scratch(t);
  const server = certificate(directory, 'server');
  const keyFile = path.join(directory, 'old.key');
  const file = path.join(directory, 'old.crt');
  execFileSync('openssl', ['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', keyFile, '-new', '-subj', '/CN=old', '-out', `${file}.csr`], { stdio: 'pipe' });
  const sign = (...time) =>
    execFileSync('openssl', ['x509', '-req', '-in', `${file}.csr`, '-signkey', keyFile, ...time, '-out', file], { stdio: 'pipe' });
  try {
    sign('-days', '-1');
  } catch {  // openssl 3.5 refuses that, and has what earlier ones have not
    sign('-not_before', '20260101000000Z', '-not_after', '20260102000000Z');
  }
  const old = { pem: fs.readFileSync(file, 'utf8'), key: fs.readFileSync(keyFile, 'utf8') };
  const gate = await serve(t, mutual(server, { signup: { certificate: { sha256: thumbprint(old) } } }));
  assertError(await ask(await secure(t, gate.address, old)), 403);
  await eventually('the log', () => /it is not in its time/.test(gate.stderr));
  const none = await secure(t, gate.address, null);
  for (const name of ['X-Client-Cert', 'X-ARR-ClientCert', 'Client-Cert', 'X-SSL-Client-Verify', 'X-SSL-Client-Fingerprint']) {
    assertError(await ask(none, { fields: { [name]: encodeURIComponent(old.pem) } }), 403);
  }
});

test('a reload changes who is accepted on connections that are open; such sessions are not resumed', async (t) => {
  const directory = scratch(t);
  const server = certificate(directory, 'server');
  const [one, two] = [certificate(directory, 'one'), certificate(directory, 'two')];
  const ca = path.join(directory, 'ca.pem');
  fs.writeFileSync(ca, one.pem);
  const gate = await serve(t, mutual(server, { signup: { certificate: { ca } } }));
  for (const version of ['TLSv1.2', 'TLSv1.3']) {
    fs.writeFileSync(ca, one.pem);
    gate.signal('SIGHUP');
    const limits = { minVersion: version, maxVersion: version };
    const [first, second] = [await secure(t, gate.address, one, limits), await secure(t, gate.address, two, limits)];
    const sessions = [];
    first.socket.on('session', (session) => sessions.push(session));
    await eventually('the first authority', async () => (await ask(first)).status === 200);
    assertError(await ask(second), 403);
    fs.writeFileSync(ca, two.pem);
    gate.signal('SIGHUP');
    await eventually('the second authority', async () => (await ask(second)).status === 200);
    assertError(await ask(first), 403);
    const again = await secure(t, gate.address, one, { ...limits, session: sessions.at(-1) ?? first.socket.getSession() });
    assert.equal(again.socket.isSessionReused(), false);
    assertError(await ask(again), 403);
  }
});

test('a handshake that is refused for its certificate is logged, with the subject where that is asked for', async (t) => {
  const directory = scratch(t);
  const server = certificate(directory, 'server');
  const authority = certificate(directory, 'authority');
  const stranger = certificate(directory, 'stranger', { subject: '/CN=Str\u00e5nger\u0007' });
  for (const log_client_subject of [false, true]) {
    const gate = await serve(t, mutual(server, { signup: { basic: kBasic } }, { client_ca: authority.file, client_certificate: 'required', log_client_subject }));
    await secure(t, gate.address, stranger).then((wire) => wire.until('the refusal', () => wire.closed));
    await secure(t, gate.address, null).then((wire) => wire.until('the refusal', () => wire.closed));
    await eventually('two lines', () => (gate.stderr.match(/refused in the handshake/g) ?? []).length === 2);
    const print = thumbprint(stranger).replaceAll(':', '').toLowerCase();
    assert.match(gate.stderr, new RegExp(`client certificate of 127.0.0.1 refused in the handshake: certificate verify failed: self-signed certificate \\(sha256 ${print}`));
    assert.match(gate.stderr, /refused in the handshake: peer did not return a certificate/);
    assert.equal(/subject CN=Str[\\0-9A-F]+nger\\07\)/.test(gate.stderr), log_client_subject, gate.stderr);
  }
});

test('refusals do not flood the log', async (t) => {
  const directory = scratch(t);
  const server = certificate(directory, 'server');
  const gate = await serve(t, mutual(server, { signup: { certificate: { sha256: '0'.repeat(64) } } }));
  const wire = await secure(t, gate.address, null);
  const many = 300;
  await wire.send(Buffer.concat(Array.from({ length: many }, () => post(kBody))));
  for (let i = 0; i < many; ++i) assertError(await wire.answer(), 403);
  await eventually('the next second', async () => {
    assertError(await ask(wire), 403);
    return /and [0-9]+ others before it/.test(gate.stderr);
  });
  assert.ok((gate.stderr.match(/refused by connector/g) ?? []).length <= 40, gate.stderr);
});

test('the example of TLS runs', async (t) => {
  const key = shared();
  const text = fs.readFileSync(new URL('../../examples/tls/claimgate.yaml', import.meta.url), 'utf8')
    .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:0');
  const directory = scratch(t);
  const authority = certificate(directory, 'authority');
  const server = certificate(directory, 'server', { names: ['hooks.example'] });
  const caller = certificate(directory, 'caller', { by: authority, subject: '/CN=api.contoso.onmicrosoft.com' });
  const gate = await serve(t, text, {
    env: { B2C_PASSWORD: 's3cr:et', B2C_KEY: key },
    files: { 'tls/server.crt': server.pem, 'tls/server.key': server.key, 'tls/b2c-ca.pem': authority.pem },
  });
  const wire = await secure(t, gate.addresses[0], caller);
  assertContinue(await ask(wire, { path: '/b2c/before-create' }));
  const other = await secure(t, gate.addresses[0], null);
  assertError(await ask(other, { path: '/b2c/before-create' }), 403);
  assertContinue(await ask(other, { path: `/b2c/after-federation?code=${key}` }));
});
