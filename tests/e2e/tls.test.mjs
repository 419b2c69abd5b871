// TLS on a listener, spoken by Node's and curl's and openssl's clients.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import tls from 'node:tls';
import { promisify } from 'node:util';

import { certificate, ocspAnswer } from './lib/certificates.mjs';
import { configuration, eventually, kAuthorization, run, scratch, serve, within, yaml } from './lib/claimgate.mjs';
import { scrape } from './lib/openmetrics.mjs';
import { assertContinue, assertError, connect, post, target, Wire } from './lib/wire.mjs';

const exec = promisify(execFile);
const kBody = { step: 'PostAttributeCollection', email: 'a@b.example', givenName: 'ada' };

// A directory with a certificate for hooks.example; `more` adds to the listener's tls.
function house(t, more = {}) {
  const directory = scratch(t);
  const server = certificate(directory, 'server', { names: ['hooks.example'] });
  return { directory, server, tls: { certificate: server.file, key: server.keyFile, ...more } };
}

const withTls = (tlsOptions, changes = {}) =>
  configuration({ ...changes, listeners: [{ address: '127.0.0.1:0', tls: tlsOptions }] });

// A TLS connection; what is verified is the test's own business.
async function secure(t, address, options = {}) {
  const socket = tls.connect({ ...target(address), servername: 'hooks.example', rejectUnauthorized: false, ...options });
  const wire = new Wire(socket);
  t.after(() => wire.destroy());
  let open = false;
  socket.on('secureConnect', () => {
    open = true;
    wire.waiting.splice(0).forEach((resume) => resume());
  });
  await wire.until('a handshake', () => open || wire.closed);
  return wire;
}

async function refused(t, address, options) {
  const wire = await secure(t, address, options);
  // TLS 1.3 clients learn of a refused certificate only behind their own handshake.
  await wire.until('the refusal', () => wire.closed);
  assert.equal(wire.received.length, 0);
  return wire.error;
}

const askOn = async (wire, body = kBody) => {
  await wire.send(post(body));
  return wire.answer();
};

test('1.2 and 1.3 are spoken with forward secrecy and AEAD, http/1.1 is agreed on', async (t) => {
  const { tls: options } = house(t);
  const gate = await serve(t, withTls(options));
  assert.match(gate.address, /^https:\/\/127\.0\.0\.1:/);
  for (const [version, suites] of [
    ['TLSv1.3', ['TLS_AES_256_GCM_SHA384']],
    ['TLSv1.2', ['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-ECDSA-CHACHA20-POLY1305']],
  ]) {
    for (const suite of suites) {
      const only = version === 'TLSv1.2' ? { ciphers: suite } : {};
      const wire = await secure(t, gate.address, {
        minVersion: version, maxVersion: version, ALPNProtocols: ['h2', 'http/1.1'], ...only,
      });
      assert.equal(wire.error, null);
      assert.equal(wire.socket.getProtocol(), version);
      assert.equal(wire.socket.getCipher().name, suite);
      assert.equal(wire.socket.alpnProtocol, 'http/1.1');
      for (let i = 0; i < 3; ++i) assertContinue(await askOn(wire), { givenName: 'Ada' });
    }
  }
});

test('weak versions, weak suites, HTTP/2 alone and plain text are refused', async (t) => {
  const { tls: options } = house(t);
  const gate = await serve(t, withTls(options));
  for (const weak of [
    { maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' },
    { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA' },
    { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256' },
    { ALPNProtocols: ['h2'] },
  ]) {
    assert.match(String(await refused(t, gate.address, weak)), /alert|handshake|protocol/i, JSON.stringify(weak));
  }
  const plain = await connect(t, gate.address.replace('https', 'http'));
  await plain.send(post(kBody));
  await plain.until('the close', () => plain.closed);
  assert.ok(!plain.received.toString('latin1').includes('HTTP/'), 'no answer in the clear');
  const metrics = await scrape(gate.admin);
  assert.ok(metrics.value('claimgate_tls_handshakes_total', { result: 'failed' }) >= 5);
});

test('renegotiation is refused, and compression not agreed on', async (t) => {
  const { tls: options } = house(t);
  const gate = await serve(t, withTls(options));
  const { host, port } = target(gate.address);
  const client = spawn('openssl', ['s_client', '-connect', `${host}:${port}`, '-tls1_2'], { stdio: ['pipe', 'pipe', 'pipe'] });
  t.after(() => client.kill('SIGKILL'));
  const closed = once(client, 'close');  // it may leave before anybody waits for it
  let said = '';
  client.stdout.on('data', (bytes) => (said += bytes));
  client.stderr.on('data', (bytes) => (said += bytes));
  await eventually('the handshake', () => /Verify return code/.test(said));
  assert.match(said, /Compression: NONE/);
  client.stdin.write('R\n');
  await eventually('the refusal', () => /no renegotiation|alert|closed/i.test(said.slice(said.indexOf('RENEGOTIATING'))));
  client.stdin.end();
  await within('the end of openssl s_client', closed);
});

test('the server name chooses the certificate, the client the kind of key', async (t) => {
  const directory = scratch(t);
  const first = certificate(directory, 'first', { names: ['hooks.example'] });
  const rsa = certificate(directory, 'rsa', { names: ['hooks.example'], key: 'rsa' });
  const other = certificate(directory, 'other', { names: ['other.example', '*.wild.example'] });
  const gate = await serve(t, withTls({
    certificates: [first, rsa, other].map(({ file, keyFile }) => ({ certificate: file, key: keyFile })),
  }));
  const shown = async (servername, more = {}) => {
    const wire = await secure(t, gate.address, { servername, ...more });
    assert.equal(wire.error, null);
    assertContinue(await askOn(wire), { givenName: 'Ada' });
    return wire.socket.getPeerCertificate().subject.CN;
  };
  assert.equal(await shown('hooks.example'), 'first');
  assert.equal(await shown('hooks.example', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' }), 'rsa');
  assert.equal(await shown('other.example'), 'other');
  assert.equal(await shown('OTHER.Example'), 'other');
  assert.equal(await shown('a.wild.example'), 'other');
  assert.equal(await shown('a.b.wild.example'), 'first');
  assert.equal(await shown('nobody.example'), 'first');
  assert.equal(await shown(''), 'first');
});

test('sessions are resumed, by whichever worker, also behind a reload', async (t) => {
  const { tls: options } = house(t);
  const gate = await serve(t, withTls(options, { workers: 2 }));
  for (const version of ['TLSv1.2', 'TLSv1.3']) {
    const limits = { minVersion: version, maxVersion: version };
    const wire = await secure(t, gate.address, limits);
    let session = wire.socket.getSession();
    wire.socket.on('session', (fresh) => (session = fresh));
    assertContinue(await askOn(wire), { givenName: 'Ada' });
    await eventually('a ticket', () => session !== undefined);
    wire.destroy();
    for (let i = 0; i < 6; ++i) {  // the kernel spreads connections over the workers
      const again = await secure(t, gate.address, { ...limits, session });
      assert.equal(again.socket.isSessionReused(), true, version);
      assertContinue(await askOn(again), { givenName: 'Ada' });
      again.destroy();
    }
    const before = gate.stderr.length;
    gate.signal('SIGHUP');
    await gate.line(/reloaded/, before);
    await eventually('resumption behind the reload', async () => {
      const behind = await secure(t, gate.address, { ...limits, session });
      return behind.socket.isSessionReused();
    });
  }
  const metrics = await scrape(gate.admin);
  assert.ok(metrics.value('claimgate_tls_handshakes_total', { result: 'resumed' }) >= 12);
  assert.ok(metrics.value('claimgate_tls_handshakes_total', { result: 'full' }) >= 2);
});

test('a reload takes up new certificates without touching connections, and refuses bad ones', async (t) => {
  const { directory, server, tls: options } = house(t);
  const gate = await serve(t, withTls(options));
  const old = await secure(t, gate.address);
  const fingerprint = async () => {
    const wire = await secure(t, gate.address);
    return wire.socket.getPeerCertificate().fingerprint256;
  };
  const first = await fingerprint();
  const next = certificate(scratch(t), 'server', { names: ['hooks.example'] });
  fs.writeFileSync(server.file, next.pem);  // the key is still the old one's
  let before = gate.stderr.length;
  gate.signal('SIGHUP');
  await gate.line(/reload refused/, before);
  assert.match(gate.stderr.slice(before), /server\.key: key values mismatch/);
  assert.equal(await fingerprint(), first);
  fs.writeFileSync(server.keyFile, next.key);
  before = gate.stderr.length;
  gate.signal('SIGHUP');
  await gate.line(/reloaded/, before);
  await eventually('the new certificate', async () => (await fingerprint()) !== first);
  assertContinue(await askOn(old), { givenName: 'Ada' });
  assert.ok(directory);
});

test('mutual TLS: whoever has no certificate of the right authority goes no further', async (t) => {
  const { directory, tls: options } = house(t);
  const authority = certificate(directory, 'authority');
  const caller = certificate(directory, 'caller', { by: authority });
  const stranger = certificate(directory, 'stranger');
  const required = await serve(t, withTls({ ...options, client_ca: authority.file }));
  for (const version of ['TLSv1.2', 'TLSv1.3']) {
    const limits = { minVersion: version, maxVersion: version };
    await refused(t, required.address, limits);
    await refused(t, required.address, { ...limits, cert: stranger.pem, key: stranger.key });
    const wire = await secure(t, required.address, { ...limits, cert: caller.pem, key: caller.key });
    assertContinue(await askOn(wire), { givenName: 'Ada' });
  }
  const optional = await serve(t, withTls({ ...options, client_ca: authority.file, client_certificate: 'optional' }));
  assertContinue(await askOn(await secure(t, optional.address)), { givenName: 'Ada' });
  await refused(t, optional.address, { cert: stranger.pem, key: stranger.key });
});

test('an OCSP answer is stapled for clients that ask, and read again at a reload', async (t) => {
  const directory = scratch(t);
  const authority = certificate(directory, 'authority');
  const server = certificate(directory, 'server', { by: authority, names: ['hooks.example'] });
  const answer = ocspAnswer(directory, authority, server);
  const gate = await serve(t, withTls({ certificate: server.file, key: server.keyFile, ocsp: answer }));
  const staple = async (limits = {}) => {
    let stapled = null;
    const other = tls.connect({ ...target(gate.address), servername: 'hooks.example', rejectUnauthorized: false, requestOCSP: true, ...limits });
    t.after(() => other.destroy());
    other.on('OCSPResponse', (bytes) => (stapled = bytes));
    await within('the staple', once(other, 'secureConnect'));
    return stapled;
  };
  const first = fs.readFileSync(answer);
  assert.deepEqual(await staple(), first);
  assert.deepEqual(await staple({ maxVersion: 'TLSv1.2' }), first);
  await new Promise((resolve) => setTimeout(resolve, 1100));  // answers of one second are alike
  ocspAnswer(directory, authority, server);
  const second = fs.readFileSync(answer);
  assert.notDeepEqual(second, first);
  gate.signal('SIGHUP');
  await eventually('the new answer', async () => second.equals(await staple()));
  const before = gate.stderr.length;
  fs.writeFileSync(answer, 'no answer');
  gate.signal('SIGHUP');
  await gate.line(/reload refused/, before);
  assert.match(gate.stderr.slice(before), /answer\.ocsp: it is no OCSP answer in DER form/);
  assert.deepEqual(await staple(), second);
});

test('requests arrive in any pieces, in any number, and large ones go through', async (t) => {
  const { tls: options } = house(t);
  const gate = await serve(t, withTls(options));
  const wire = await secure(t, gate.address);
  await wire.sendByteByByte(post(kBody));  // a record for each byte
  assertContinue(await wire.answer(), { givenName: 'Ada' });
  const large = { ...kBody, note: 'x'.repeat(200_000) };
  assertContinue(await askOn(wire, large), { givenName: 'Ada' });
  const many = 300;
  await wire.send(Buffer.concat(Array.from({ length: many }, () => post(kBody))));
  for (let i = 0; i < many; ++i) assertContinue(await wire.answer(), { givenName: 'Ada' });
  await wire.send(post('{"email":', { fields: { Connection: 'close' } }));
  assertError(await wire.answer(), 400);
  await wire.isClosed();
});

test('who does not read its answers is not read from, and gets all of them in the end', async (t) => {
  const { tls: options } = house(t);
  const gate = await serve(t, withTls(options));
  const wire = await secure(t, gate.address);
  wire.socket.pause();
  const many = 20_000;  // far more answers than socket buffers hold
  const one = post(kBody);
  const written = wire.send(Buffer.concat(Array.from({ length: many }, () => one)));
  const other = await secure(t, gate.address);
  assertContinue(await askOn(other), { givenName: 'Ada' });
  wire.socket.resume();
  await written;
  let seen = 0;
  await wire.until('all answers', () => {
    for (let at; (at = wire.received.indexOf('"action":"Continue"')) !== -1; ++seen) {
      wire.received = wire.received.subarray(at + 8);
    }
    return seen === many || wire.closed;
  });
  assert.equal(seen, many);
});

test('a handshake that does not come to its end is thrown out, and nobody waits for it', async (t) => {
  const { tls: options } = house(t);
  const gate = await serve(t, withTls(options, { limits: { tls_handshake_timeout: '500ms', tls_handshakes: 20 } }));
  const plain = gate.address.replace('https', 'http');
  const silent = [];
  for (let i = 0; i < 30; ++i) silent.push(await connect(t, plain));
  const halfway = await connect(t, plain);
  await halfway.send(Buffer.from('160301020001', 'hex'));  // a record begins
  for (let i = 0; i < 5; ++i) assertContinue(await askOn(await secure(t, gate.address)), { givenName: 'Ada' });
  for (const wire of [...silent, halfway]) await wire.until('the end', () => wire.closed);
  const metrics = await scrape(gate.admin);
  assert.ok(metrics.value('claimgate_connections_evicted_total') >= 10, 'more than tls_handshakes end the oldest');
});

test('draining says goodbye: answers are whole and close_notify follows', async (t) => {
  const { tls: options } = house(t);
  const gate = await serve(t, withTls(options));
  const idle = await secure(t, gate.address);
  assertContinue(await askOn(idle), { givenName: 'Ada' });
  const busy = await secure(t, gate.address);
  const bytes = post(kBody);
  await busy.send(bytes.subarray(0, 50));
  await eventually('both to be open', async () => (await scrape(gate.admin)).value('claimgate_connections') === 2);
  let ended = false;
  idle.socket.on('end', () => (ended = true));
  gate.signal('SIGTERM');
  await idle.until('the goodbye', () => ended || idle.error !== null);
  assert.equal(idle.error, null);
  await busy.send(bytes.subarray(50));
  assertContinue(await busy.answer(), { givenName: 'Ada' });
  await busy.isClosed();
  assert.deepEqual(await gate.exit(), { code: 0, signal: null });
});

test('curl calls with verification, as the identity service does', async (t) => {
  const directory = scratch(t);
  const authority = certificate(directory, 'authority');
  const server = certificate(directory, 'server', { names: ['hooks.example'], by: authority });
  const gate = await serve(t, withTls({ certificate: server.file, key: server.keyFile }));
  const { port } = target(gate.address);
  const { stdout } = await exec('curl', [
    '-sS', '--cacert', authority.file, '--resolve', `hooks.example:${port}:127.0.0.1`, '-H', `Authorization: ${kAuthorization}`,
    '-H', 'Content-Type: application/json', '-d', JSON.stringify(kBody), `https://hooks.example:${port}/signup`,
  ]);
  assert.deepEqual(JSON.parse(stdout), { version: '1.0.0', action: 'Continue', givenName: 'Ada' });
});

test('what is wrong with the files is said at their names', async (t) => {
  const directory = scratch(t);
  const one = certificate(directory, 'one');
  const two = certificate(directory, 'two');
  fs.writeFileSync(path.join(directory, 'empty.crt'), '');
  const file = path.join(directory, 'claimgate.yaml');
  const check = async (options) => {
    fs.writeFileSync(file, yaml(withTls(options)));
    return run(['check', file], { cwd: directory });
  };
  for (const [options, complaint] of [
    [{ certificate: 'missing.crt', key: one.keyFile }, /cannot read .*missing\.crt: No such file/],
    [{ certificate: 'empty.crt', key: one.keyFile }, /empty\.crt: it holds no certificate in PEM form/],
    [{ certificate: one.file, key: two.keyFile }, /two\.key: key values mismatch/],
    [{ certificate: one.file, key: one.file }, /one\.crt: /],
    [{ certificate: one.file, key: one.keyFile, client_ca: 'empty.crt' }, /empty\.crt: it is empty/],
    [{ certificate: one.file, key: one.keyFile, client_ca: one.keyFile }, /one\.key: it holds no certificate/],
    [{ certificate: one.file, key: one.keyFile, ocsp: one.file }, /one\.crt: it is no OCSP answer in DER form/],
    [{ certificate: one.file, key: one.keyFile, ocsp: 'empty.crt' }, /empty\.crt: it is empty/],
    [{ key: one.keyFile }, /certificate/],
    [{ certificates: [] }, /certificates/],
    [{ certificates: [{ certificate: one.file, key: one.keyFile }], key: one.keyFile }, /"key" beside several certificates/],
    [{ certificate: one.file, keys: one.keyFile }, /unknown key "keys"[\s\S]*did you mean "key"/],
  ]) {
    const { code, stderr } = await check(options);
    assert.equal(code, 2, `${JSON.stringify(options)}: ${stderr}`);
    assert.match(stderr, complaint);
    assert.match(stderr, /claimgate\.yaml:\d+:\d+: error/);
  }
  fs.chmodSync(one.keyFile, 0o644);
  const { code, stderr } = await check({ certificate: one.file, key: one.keyFile });
  assert.equal(code, 0, stderr);
  assert.match(stderr, /warning: every user of this machine can read .*one\.key/);
});
