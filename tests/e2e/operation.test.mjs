// Running it: health, drain, reload, the access log and the metrics.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';

import { configuration, eventually, kAuthorization, serve } from './lib/claimgate.mjs';
import { parse } from './lib/openmetrics.mjs';
import { ask, assertContinue, assertError, connect, post, target } from './lib/wire.mjs';

const kBody = { step: 'PostAttributeCollection', email: 'a@b.example', givenName: 'dana' };
const kClaims = { givenName: 'Dana' };

async function admin(gate, path) {
  const response = await fetch(`${gate.admin}${path}`, { headers: { connection: 'close' } });
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
}

// The lines of an access log once there are `count` of them.
async function logLines(file, count) {
  return eventually(`${count} lines in ${path.basename(file)}`, () => {
    const text = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
    const lines = text.split('\n').slice(0, -1);
    return lines.length >= count && lines;
  });
}

test('the admin listener says that it lives and that it serves, and answers nothing else', async (t) => {
  const gate = await serve(t, configuration());
  const health = await admin(gate, '/healthz');
  assert.equal(health.status, 200);
  assert.equal(health.text.trim(), 'ok');
  assert.equal((await admin(gate, '/readyz')).status, 200);
  assert.equal((await admin(gate, '/signup')).status, 404);
  assert.equal((await fetch(`${gate.admin}/metrics`, { method: 'POST' })).status, 405);
  assertError(await ask(t, gate.address, post(kBody, { path: '/metrics' })), 404);
});

for (const signal of ['SIGTERM', 'SIGINT']) {
  test(`${signal} stops accepting, finishes what is half sent, and ends with 0`, async (t) => {
    const gate = await serve(t, configuration());
    const whole = post(kBody);
    const cut = (i) => 1 + Math.floor((i * (whole.length - 2)) / 19);  // from the first byte to all but one
    const halves = [];
    for (let i = 0; i < 20; i++) {
      const wire = await connect(t, gate.address);
      await wire.send(whole.subarray(0, cut(i)));
      halves.push(wire);
    }
    const idle = await connect(t, gate.address);
    await idle.send(whole);
    assertContinue(await idle.answer(), kClaims);
    gate.signal(signal);
    await idle.isClosed();  // an idle connection has nothing to finish
    await eventually('the listener to close', () => new Promise((resolve) => {
      const probe = net.connect(target(gate.address));
      probe.once('connect', () => { probe.destroy(); resolve(false); });
      probe.once('error', (error) => resolve(error.code === 'ECONNREFUSED'));
    }));
    const ready = await admin(gate, '/readyz').catch(() => null);
    if (ready !== null) assert.equal(ready.status, 503);
    for (const [i, wire] of halves.entries()) {
      await wire.send(whole.subarray(cut(i)));
      const answer = await wire.answer();
      assertContinue(answer, kClaims);
      assert.equal(answer.fields.connection, 'close');
      await wire.isClosed();
    }
    const { code } = await gate.exit();
    assert.equal(code, 0, gate.stderr);
  });
}

test('while it drains, readyz says 503', async (t) => {
  const gate = await serve(t, configuration());
  const wire = await connect(t, gate.address);
  await wire.send(post(kBody));
  assertContinue(await wire.answer(), kClaims);
  await wire.send(post(kBody).subarray(0, 100));
  gate.signal('SIGTERM');
  await eventually('503', async () => (await admin(gate, '/readyz')).status === 503);
  assert.equal((await admin(gate, '/healthz')).status, 200);
  await wire.send(post(kBody).subarray(100));
  assertContinue(await wire.answer(), kClaims);
  assert.equal((await gate.exit()).code, 0);
});

test('a request that is never finished is given up after the drain time, with 4', async (t) => {
  const gate = await serve(t, configuration({ limits: { drain_timeout: '300ms' } }), { expect: 4 });
  const wire = await connect(t, gate.address);
  await wire.send(post(kBody));
  assertContinue(await wire.answer(), kClaims);
  await wire.send(post(kBody).subarray(0, 100));
  gate.signal('SIGTERM');
  const { code } = await gate.exit();
  assert.equal(code, 4, gate.stderr);
});

test('SIGHUP under load changes the verdict and loses no request', async (t) => {
  const answering = (word) => configuration({
    workers: 2,
    connector: { rules: [{ name: word, set: { extension_said: word } }] },
  });
  const gate = await serve(t, answering('w0'));
  const seen = new Map();
  let going = true;
  const clients = Array.from({ length: 8 }, async () => {
    const wire = await connect(t, gate.address);
    let last = 0;
    while (going) {
      await wire.send(post(kBody));
      const answer = await wire.answer();
      assert.equal(answer.status, 200);
      const word = answer.json.extension_said;
      const number = Number(word.slice(1));
      assert.ok(number >= last, `${word} after w${last}: a connection never goes back`);
      last = number;
      seen.set(word, (seen.get(word) ?? 0) + 1);
    }
    wire.destroy();
  });
  const load = Promise.all(clients);
  await Promise.race([eventually('w0', () => seen.has('w0')), load]);
  for (let i = 1; i <= 10; i++) {
    gate.rewrite(answering(`w${i}`));
    gate.signal('SIGHUP');
    await Promise.race([eventually(`w${i}`, () => seen.has(`w${i}`)), load]);
  }
  going = false;
  await load;
  assert.equal(seen.size, 11);
});

test('a reload with mistakes reports them and keeps what runs', async (t) => {
  const gate = await serve(t, configuration());
  const offset = gate.stderr.length;
  gate.rewrite(`${JSON.stringify(configuration())}\nnonsense: {`);
  gate.signal('SIGHUP');
  await gate.line(/claimgate\.yaml:\d+:\d+: error: /, offset);
  assertContinue(await ask(t, gate.address, post(kBody)), kClaims);
  gate.rewrite(configuration({ connector: { path: '/elsewhere' } }));
  gate.signal('SIGHUP');
  await eventually('the new path', async () => (await ask(t, gate.address, post(kBody, { path: '/elsewhere' }))).status === 200);
  assertError(await ask(t, gate.address, post(kBody)), 404);
});

const kMarkers = ['M4RK3R-name', 'm4rk3r-mail', 'M4RK3R-query', 'M4RK3R-header', 'M4RK3R-user', 'M4RK3R-path'];

test('the access log has one line a request and nothing a person typed', async (t) => {
  const gate = await serve(t, configuration({ access_log: { file: 'access.log' } }));
  const file = path.join(gate.directory, 'access.log');
  const wire = await connect(t, gate.address);
  const marked = { step: 'PostAttributeCollection', email: 'm4rk3r-mail@b.example', givenName: 'M4RK3R-name', extension_M4RK3R: 'M4RK3R-name\n' };
  const wanted = [];
  const exchange = async (bytes, fields) => {
    await wire.send(bytes);
    const answer = await wire.answer();
    wanted.push({ status: answer.status, bytes_in: bytes.length, ...fields });
  };
  await exchange(post(marked, { path: '/signup?code=M4RK3R-query', fields: { 'X-Header': 'M4RK3R-header' } }),
    { connector: 'signup', step: 'PostAttributeCollection', verdict: 'continue' });
  await exchange(post({ ...marked, email: 'm4rk3r-mail@blocked.example' }), { verdict: 'block', rule: 'blocked' });
  await exchange(post({ ...marked, postalCode: 'M4RK3R-name' }), { verdict: 'validation_error', rule: 'postal code' });
  await exchange(post({ ...marked, step: 'M4RK3R-name\n"' }), {});
  await exchange(post(marked, { path: '/M4RK3R-path"\\' }), {});
  await exchange(post(marked, { fields: { Authorization: `Basic ${Buffer.from('M4RK3R-user:M4RK3R-user').toString('base64')}` } }), {});
  await exchange(post('{"M4RK3R-name": M4RK3R'), {});
  const lines = await logLines(file, wanted.length);
  assert.equal(lines.length, wanted.length);
  for (const [i, text] of lines.entries()) {
    const line = JSON.parse(text);
    for (const [name, value] of Object.entries(wanted[i])) assert.deepEqual(line[name], value, `${name} in ${text}`);
    assert.ok(!Number.isNaN(Date.parse(line.time)), text);
    assert.ok(Math.abs(Date.parse(line.time) - Date.now()) < 10 * 60_000, text);
    assert.equal(line.worker, 0);
    assert.equal(line.remote, '127.0.0.1');
    assert.ok(Number.isInteger(line.duration_us) && line.duration_us >= 0, text);
    assert.ok(Number.isInteger(line.bytes_out) && line.bytes_out > 0, text);
  }
  await gate.stop();
  const everything = fs.readFileSync(file, 'utf8') + gate.stderr + gate.stdout;
  for (const marker of [...kMarkers, 'M4RK3R', kAuthorization.slice(6), 's3cr', Buffer.from('M4RK3R-user:').toString('base64').slice(0, 12)]) {
    assert.ok(!everything.toLowerCase().includes(marker.toLowerCase()), `${marker} in what was logged`);
  }
});

test('every request under pipelined load has its line, also in front of the end', async (t) => {
  const gate = await serve(t, configuration({ workers: 2, access_log: { file: 'stdout' } }));
  const batches = await Promise.all(Array.from({ length: 8 }, async () => {
    const wire = await connect(t, gate.address);
    await wire.send(Buffer.concat(Array(250).fill(post(kBody))));
    for (let i = 0; i < 250; i++) assertContinue(await wire.answer(), kClaims);
    return 250;
  }));
  await gate.stop();
  const lines = gate.stdout.split('\n').slice(0, -1);
  assert.equal(lines.length, batches.reduce((a, b) => a + b));
  for (const line of lines) assert.equal(JSON.parse(line).status, 200);
});

test('a sample of the requests is written when a share is asked for', async (t) => {
  for (const [sample, least, most] of [[0, 0, 0], [0.5, 120, 280], [1, 400, 400]]) {
    const gate = await serve(t, configuration({ access_log: { file: 'stdout', sample } }));
    const wire = await connect(t, gate.address);
    await wire.send(Buffer.concat(Array(400).fill(post(kBody))));
    for (let i = 0; i < 400; i++) assertContinue(await wire.answer(), kClaims);
    wire.destroy();
    await gate.stop();
    const lines = gate.stdout.split('\n').length - 1;
    assert.ok(lines >= least && lines <= most, `${lines} of 400 at ${sample}`);
  }
});

test('SIGHUP opens the access log anew, so that it can be rotated', async (t) => {
  const gate = await serve(t, configuration({ access_log: { file: 'access.log' } }));
  const file = path.join(gate.directory, 'access.log');
  assertContinue(await ask(t, gate.address, post(kBody)), kClaims);
  await logLines(file, 1);
  fs.renameSync(file, `${file}.1`);
  gate.signal('SIGHUP');
  await eventually('the new file', () => fs.existsSync(file));
  assertContinue(await ask(t, gate.address, post(kBody)), kClaims);
  const lines = await logLines(file, 1);
  assert.equal(lines.length, 1);
  assert.equal((await logLines(`${file}.1`, 1)).length, 1);
});

test('the metrics are OpenMetrics, name no person, and add up', async (t) => {
  const gate = await serve(t, configuration({ workers: 2 }));
  const counts = { continue: 0, block: 0, validation_error: 0 };
  const wires = await Promise.all(Array.from({ length: 4 }, () => connect(t, gate.address)));
  for (let i = 0; i < 120; i++) {
    const wire = wires[i % wires.length];
    const kind = ['continue', 'continue', 'block', 'validation_error'][i % 4 === 3 ? 3 : i % 3];
    const claims = { continue: {}, block: { email: 'm4rk3r@blocked.example' }, validation_error: { postalCode: 'M4RK3R' } }[kind];
    await wire.send(post({ ...kBody, ...claims }));
    await wire.answer();
    counts[kind]++;
  }
  await wires[0].send(post({ ...kBody, step: 'PostFederationSignup' }));
  await wires[0].answer();
  const response = await admin(gate, '/metrics');
  assert.equal(response.status, 200);
  assert.match(response.type, /^application\/openmetrics-text; *version=1\.0\.0; *charset=utf-8$/);
  assert.doesNotMatch(response.text, /m4rk3r/i);
  const families = parse(response.text);
  const requests = families.claimgate_requests;
  assert.equal(requests.type, 'counter');
  const sum = (labels) => requests.samples
    .filter((sample) => Object.entries(labels).every(([name, value]) => sample.labels[name] === value))
    .reduce((total, sample) => total + sample.value, 0);
  for (const [verdict, count] of Object.entries(counts)) {
    assert.equal(sum({ connector: 'signup', step: 'PostAttributeCollection', verdict }), count, verdict);
  }
  assert.equal(sum({ verdict: 'block', rule: 'blocked' }), counts.block);
  assert.equal(sum({ verdict: 'validation_error', rule: 'postal code' }), counts.validation_error);
  assert.equal(sum({ step: 'PostFederationSignup' }), 1);
  assert.equal(sum({}), 121);
  const duration = families.claimgate_request_duration_seconds;
  assert.equal(duration.type, 'histogram');
  assert.equal(duration.samples.filter((s) => s.name.endsWith('_count')).reduce((total, s) => total + s.value, 0), 121);
  assert.ok(duration.samples.filter((s) => s.name.endsWith('_sum')).reduce((total, s) => total + s.value, 0) > 0);
  const connections = families.claimgate_connections.samples.reduce((total, s) => total + s.value, 0);
  assert.equal(connections, wires.length);
  const build = Object.entries(families).find(([name]) => name.startsWith('claimgate_build'))[1].samples[0];
  assert.equal(build.value, 1);
  if (process.env.CLAIMGATE_VERSION) assert.equal(build.labels.version, process.env.CLAIMGATE_VERSION);
  for (const wire of wires) wire.destroy();
  await eventually('no connections', async () =>
    parse((await admin(gate, '/metrics')).text).claimgate_connections.samples.reduce((total, s) => total + s.value, 0) === 0);
});
