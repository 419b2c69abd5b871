// The three kinds of listener, several at once, and several workers on one port.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

import { configuration, eventually, run, scratch, serve, yaml } from './lib/claimgate.mjs';
import { ask, assertContinue, connect, post } from './lib/wire.mjs';

const kBody = { step: 'PostAttributeCollection', givenName: 'dana' };
const kClaims = { givenName: 'Dana' };
const hasIpv6 = Object.values(os.networkInterfaces()).flat().some((address) => address.address === '::1');

test('a Unix socket serves, and its file is gone after the end', async (t) => {
  const directory = scratch(t);
  const file = path.join(directory, 'claimgate.sock');
  const gate = await serve(t, configuration({ listeners: [{ address: `unix:${file}` }] }));
  assert.equal(gate.address, `unix:${file}`);
  assertContinue(await ask(t, gate.address, post(kBody)), kClaims);
  await gate.stop();
  assert.equal(fs.existsSync(file), false);
});

test('a socket file left behind by a crash is replaced', async (t) => {
  const file = path.join(scratch(t), 'claimgate.sock');
  const changes = configuration({ listeners: [{ address: `unix:${file}` }] });
  const first = await serve(t, changes, { expect: null });
  first.stop = async () => {};  // it is killed here, which is no clean end
  first.signal('SIGKILL');
  await first.exit();
  assert.equal(fs.existsSync(file), true);
  const second = await serve(t, changes);
  assertContinue(await ask(t, second.address, post(kBody)), kClaims);
});

test('IPv6 serves', { skip: hasIpv6 ? false : 'this machine has no ::1' }, async (t) => {
  const gate = await serve(t, configuration({ listeners: [{ address: '[::1]:0' }] }));
  assert.match(gate.address, /^http:\/\/\[::1\]:\d+$/);
  assertContinue(await ask(t, gate.address, post(kBody)), kClaims);
});

test('several listeners and workers serve together', async (t) => {
  const file = path.join(scratch(t), 'claimgate.sock');
  const gate = await serve(t, configuration({
    workers: 3,
    listeners: [{ address: '127.0.0.1:0' }, { address: `unix:${file}` }, { address: '127.0.0.1:0' }],
    access_log: { file: 'access.log' },
  }));
  assert.equal(gate.addresses.length, 3);
  assert.equal(new Set(gate.addresses).size, 3);
  for (const address of gate.addresses) {
    for (let i = 0; i < 30; i++) assertContinue(await ask(t, address, post(kBody)), kClaims);
  }
  const log = path.join(gate.directory, 'access.log');
  const lines = await eventually('90 lines', () => {
    const found = fs.existsSync(log) ? fs.readFileSync(log, 'utf8').trimEnd().split('\n') : [];
    return found.length >= 90 && found;
  });
  // SO_REUSEPORT deals connections out by a hash: of 60 on TCP one worker cannot get all.
  assert.ok(new Set(lines.map((line) => JSON.parse(line).worker)).size > 1, 'more than one worker served');
});

test('an address that is taken ends with 1 and says which', async (t) => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const taken = `127.0.0.1:${server.address().port}`;
  const cwd = scratch(t, { 'claimgate.yaml': yaml(configuration({ listeners: [{ address: '127.0.0.1:0' }, { address: taken }] })) });
  const { code, stderr } = await run(['serve', '--config', 'claimgate.yaml'], { cwd });
  assert.equal(code, 1, stderr);
  assert.ok(stderr.includes(taken), stderr);
  assert.match(stderr, /in use/);
  assert.doesNotMatch(stderr, /^claimgate: ready$/m);
});

test('past the limit of connections a new one is turned away or an idle one gives way', async (t) => {
  const gate = await serve(t, configuration({ limits: { connections: 4 } }));
  const busy = [];
  for (let i = 0; i < 4; i++) {
    const wire = await connect(t, gate.address);
    await wire.send(post(kBody).subarray(0, 40));  // a request under way is never given up for another
    busy.push(wire);
  }
  const extra = await connect(t, gate.address);
  await extra.send(post(kBody));
  await extra.until('a refusal', () => extra.closed);
  if (extra.received.length > 0) {
    assert.match(extra.received.toString('latin1'), /^HTTP\/1\.1 503 [^]*\r\nRetry-After: \d+\r\n/i);
  }
  for (const wire of busy) {
    await wire.send(post(kBody).subarray(40));
    assertContinue(await wire.answer(), kClaims);
  }
  busy[0].destroy();
  const next = await eventually('a free place', async () => {
    const wire = await connect(t, gate.address);
    await wire.send(post(kBody));
    const answer = await wire.answer().catch(() => null);
    wire.destroy();
    return answer?.status === 200 && answer;
  });
  assertContinue(next, kClaims);
});
