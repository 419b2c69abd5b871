// Floods, slowness and bombs, while somebody well-behaved goes on asking: all of his requests are answered,
// and what connections and messages hold stays within its bounds. Nothing here depends on how fast the
// machine is; how much slower he is answered meanwhile is what benchmarks/abuse measures.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';

import { attacks, bombs, head } from './lib/attacks.mjs';
import { backend, searching } from './lib/backends.mjs';
import { certificate } from './lib/certificates.mjs';
import { binary, configuration, eventually, run, scratch, serve, yaml } from './lib/claimgate.mjs';
import { scrape } from './lib/openmetrics.mjs';
import { assertContinue, assertError, ask, connect, post } from './lib/wire.mjs';

const kBody = { step: 'PostAttributeCollection', email: 'a@b.example', givenName: 'dana' };
const kClaims = { givenName: 'Dana' };
// A sanitizer's own memory grows with what was ever allocated: there, only what is counted is looked at.
const kSanitized = /__[at]san_init/.test(fs.readFileSync(binary).toString('latin1'));

// Asks again and again, on a kept connection and on new ones, whole and in two pieces. Whatever is no right
// answer fails; stop() ends it and says how many there were.
function wellBehaved(t, address) {
  const ending = { now: false };
  const asking = askOnAndOn(t, address, ending);
  asking.catch(() => {});  // seen by whoever stops it
  t.after(() => {
    ending.now = true;
  });
  return () => {
    ending.now = true;
    return asking;
  };
}

// Whether somebody who comes now gets in and is answered.
async function isAnswered(t, address) {
  const wire = await connect(t, address).catch(() => null);
  if (wire === null) return false;
  await wire.send(post(kBody));
  const answer = await wire.answer().catch(() => null);
  wire.destroy();
  return answer?.status === 200;
}

async function askOnAndOn(t, address, ending) {
  let kept = await connect(t, address);
  const bytes = post(kBody);
  let asked = 0;
  for (; !ending.now || asked < kTimes; ++asked) {
    const wire = asked % 2 === 0 ? kept : await connect(t, address);
    if (asked % 3 === 0) {
      await wire.sendPieces([bytes.subarray(0, bytes.length - 9), bytes.subarray(bytes.length - 9)]);
    } else {
      await wire.send(bytes);
    }
    assertContinue(await wire.answer(), kClaims);
    if (wire !== kept) wire.destroy();
    if (asked % 200 === 199) {
      kept.destroy();
      kept = await connect(t, address);
    }
  }
  kept.destroy();
  return asked;
}

async function assertBounded(gate) {
  const metrics = await scrape(gate.admin);
  for (const purpose of ['connections', 'messages', 'waiting']) {
    const held = metrics.value('claimgate_memory_held_bytes', { purpose });
    const limit = metrics.value('claimgate_memory_limit_bytes', { purpose });
    assert.ok(held <= limit, `${purpose}: ${held} of ${limit} bytes`);
  }
  if (!kSanitized) {
    const resident = metrics.value('claimgate_memory_resident_bytes');
    const bound = metrics.value('claimgate_memory_bound_bytes');
    assert.ok(resident > 0 && resident <= bound, `${resident} of ${bound} bytes`);
  }
  return metrics;
}

// Only what is under attack, twice the sanitizers' patience with time: nothing may end by a deadline.
const kLimits = { head_timeout: '1m', body_timeout: '1m', write_timeout: '1m', tls_handshake_timeout: '1m' };
const kTimes = 20;  // requests that are answered under each attack at least

for (const [name, count] of [
  ['slow heads', 2000], ['slow bodies', 1000], ['slow chunks', 1000], ['slow readers', 100],
  ['idle connections', 2000], ['connection flood', 2000], ['JSON bombs', 52],
]) {
  test(`${name}: everybody else is answered, in bounded memory`, async (t) => {
    const gate = await serve(t, configuration({ limits: kLimits }));
    const attack = attacks[name](gate.address, count);
    t.after(() => attack.stop());
    const stop = wellBehaved(t, gate.address);
    await attack.ready;
    await eventually('the attack to arrive', async () =>
      (await assertBounded(gate)).value('claimgate_connections_accepted_total') >= count / 2);
    for (let i = 0; i < kTimes; ++i) assertContinue(await ask(t, gate.address, post(kBody)), kClaims);
    await assertBounded(gate);
    assert.ok(await stop() >= kTimes);
    attack.stop();
    // What the attack held is given back: there is no memory of it.
    await eventually('the attack to be over', async () => {
      const now = await scrape(gate.admin);
      return now.value('claimgate_memory_held_bytes', { purpose: 'messages' }) === 0 && now.value('claimgate_connections') < 20;
    });
    assertContinue(await ask(t, gate.address, post(kBody)), kClaims);
  });
}

test('a flood of TLS handshakes that go nowhere, within tls_handshakes: everybody else is served', async (t) => {
  const { file, keyFile } = certificate(scratch(t), 'hooks.woodgrove.example');
  const listeners = [{ address: '127.0.0.1:0', tls: { certificate: file, key: keyFile } }];
  const gate = await serve(t, configuration({ listeners, limits: kLimits }));
  const attack = attacks['handshake flood'](gate.address, 900);
  t.after(() => attack.stop());
  const stop = wellBehaved(t, gate.address);
  await attack.ready;
  await assertBounded(gate);
  assert.ok(await stop() >= kTimes);
  attack.stop();
});

test('a flood beyond tls_handshakes: those that wait for their clients longest end, nobody else does', async (t) => {
  const { file, keyFile } = certificate(scratch(t), 'hooks.woodgrove.example');
  const listeners = [{ address: '127.0.0.1:0', tls: { certificate: file, key: keyFile } }];
  const gate = await serve(t, configuration({ listeners, limits: { ...kLimits, tls_handshakes: 100 } }));
  const through = [];
  for (let i = 0; i < 5; ++i) {
    const wire = await connect(t, gate.address);
    await wire.send(post(kBody));
    assertContinue(await wire.answer(), kClaims);  // only now the server knows that the handshake is over
    through.push(wire);
  }
  const attack = attacks['handshake flood'](gate.address, 900);
  t.after(() => attack.stop());
  for (let i = 0; i < kTimes; ++i) {
    const wire = through[i % through.length];
    await wire.send(post(kBody));
    assertContinue(await wire.answer(), kClaims);
  }
  await attack.ready;
  await eventually('the oldest to be ended', async () =>
    (await assertBounded(gate)).value('claimgate_connections_evicted_total') >= 700);
  // Whoever comes now takes the place of one that goes nowhere.
  await eventually('a newcomer to be answered', () => isAnswered(t, gate.address));
  for (const wire of through) {
    await wire.send(post(kBody));
    assertContinue(await wire.answer(), kClaims);
  }
  const metrics = await assertBounded(gate);
  assert.ok(metrics.value('claimgate_connections') <= 100 + through.length + 1);
  attack.stop();
});

test('a bomb of JSON is answered like any other body', async (t) => {
  const gate = await serve(t, configuration());
  const wire = await connect(t, gate.address);
  for (const [name, body] of Object.entries(bombs())) {
    await wire.send(post(body));
    const answer = await wire.answer();
    if (answer.status === 200) assert.equal(answer.json.action, 'Continue', name);
    else assertError(answer, 400);
    const wanted = ['a number of many digits', 'a number with a large exponent', 'many large numbers', 'escapes', 'backslashes', 'names of escapes',
      'white space', 'items without end'].includes(name) ? 200 : 400;
    assert.equal(answer.status, wanted, `${name}: ${answer.text.slice(0, 200)}`);
  }
});

// The least memory that the process says it can work with, and a configuration that has it.
async function tight(t, changes = {}) {
  const wanted = configuration({ ...changes, decision_cache: { bytes: 0 }, limits: { ...kLimits, ...changes.limits, memory: '16MiB' } });
  const refused = await run(['serve', '--config', 'claimgate.yaml'], { cwd: scratch(t, { 'claimgate.yaml': yaml(wanted) }) });
  assert.equal(refused.code, 2, refused.stderr);
  const said = refused.stderr.match(/^claimgate\.yaml:(\d+):(\d+): error: .* write memory: (\d+MiB)/m);
  assert.ok(said, refused.stderr);
  assert.match(yaml(wanted).split('\n')[said[1] - 1].slice(said[2] - 1), /^"memory"/);
  assert.doesNotMatch(refused.stderr, /listening on/);
  wanted.limits.memory = said[3];
  return wanted;
}

test('start-up adds the bound up, and refuses one that is too small at its place', async (t) => {
  const gate = await serve(t, configuration());
  const lines = [...gate.stderr.matchAll(/^claimgate: memory: (?:at most )?(\d+(?:\.\d)?) (KiB|MiB)/gm)]
    .map(([, amount, unit]) => Number(amount) * (unit === 'MiB' ? 1024 : 1));
  assert.ok(lines.length >= 6, gate.stderr);
  const sum = lines.slice(1).reduce((a, b) => a + b, 0);
  assert.ok(Math.abs(sum - lines[0]) < 2048, `${sum} KiB is no ${lines[0]} KiB`);
  assert.match(gate.stderr, /messages in pieces, answers not taken: 1 workers x 128 x \(16 KiB head_bytes \+ 256 KiB body_bytes\)/);
  await tight(t);
});

test('messages that want more memory than there is: the longest under way get `otherwise`', async (t) => {
  const otherwise = { block: 'later' };
  const gate = await serve(t, await tight(t, { connector: { otherwise }, messages: { later: { en: 'Later.' } , ...configuration().messages } }));
  const slow = [];
  const begun = Buffer.from(`${head(200_000)}{"a":"${'x'.repeat(100_000)}`);
  for (let i = 0; i < 60; ++i) {
    const wire = await connect(t, gate.address);
    await wire.send(begun);
    slow.push(wire);
  }
  const answer = await slow[0].answer();
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(answer.json, { version: '1.0.0', action: 'ShowBlockPage', userMessage: 'Later.' });
  assert.equal(answer.fields.connection, 'close');
  await slow[0].isClosed();
  // Whoever comes now is served, in pieces and with a large body.
  const large = post({ ...kBody, note: 'x'.repeat(60_000) });
  for (let i = 0; i < 5; ++i) {
    const wire = await connect(t, gate.address);
    await wire.sendPieces([large.subarray(0, 30_000), large.subarray(30_000)]);
    assertContinue(await wire.answer(), kClaims);
    wire.destroy();
  }
  const metrics = await assertBounded(gate);
  assert.ok(metrics.value('claimgate_connections_shed_total') > 0);
  assert.ok(metrics.value('claimgate_fallbacks_total', { reason: 'overload', connector: 'signup' }) > 0);
  for (const wire of slow) wire.destroy();
  await eventually('what they held to be given back', async () =>
    (await scrape(gate.admin)).value('claimgate_memory_held_bytes', { purpose: 'messages' }) === 0);
});

test('requests that wait and want more memory than there is get `otherwise` at once; the others go on', async (t) => {
  const hanging = await backend(t, 'hang');
  const gate = await serve(t, await tight(t, {
    backends: { crm: searching(hanging.url) },
    messages: { later: { en: 'Later.' }, taken: { en: 'Taken.' }, ...configuration().messages },
    connector: { otherwise: { block: 'later' }, deadline: '2s', rules: [{ name: 'ask', when: { city: 'Lund' }, ask: 'crm' }] },
  }));
  const waiting = [];
  for (let i = 0; i < 60; ++i) {
    const wire = await connect(t, gate.address);
    await wire.send(post({ ...kBody, city: 'Lund', email: `a${i}@b.example`, note: 'x'.repeat(150_000) }));
    waiting.push(wire);
  }
  // The last one finds no room: it is told so now, not at the deadline of those that wait.
  const answer = await waiting.at(-1).answer();
  assert.deepEqual(answer.json, { version: '1.0.0', action: 'ShowBlockPage', userMessage: 'Later.' });
  assertContinue(await ask(t, gate.address, post(kBody)), {});
  const metrics = await assertBounded(gate);
  assert.ok(metrics.value('claimgate_fallbacks_total', { reason: 'overload', connector: 'signup' }) > 0);
  await eventually('those that waited to be answered', async () =>
    (await scrape(gate.admin)).value('claimgate_memory_held_bytes', { purpose: 'waiting' }) === 0);
});

test('heads that want more memory than there is: 503 with Retry-After, no connector being known', async (t) => {
  const gate = await serve(t, await tight(t));
  const slow = [];
  for (let i = 0; i < 400; ++i) {
    const wire = await connect(t, gate.address);
    await wire.send(`POST /signup HTTP/1.1\r\nHost: h\r\nX: ${'y'.repeat(8000)}`);
    slow.push(wire);
  }
  const answer = await slow[0].answer();
  assertError(answer, 503);
  assert.match(answer.fields['retry-after'], /^[0-9]+$/);
  await slow[0].isClosed();
  assertContinue(await ask(t, gate.address, post(kBody)), kClaims);
  await assertBounded(gate);
  for (const wire of slow) wire.destroy();
});

test('connections that want more memory than there is: those idle longest go, requests under way stay', async (t) => {
  const gate = await serve(t, await tight(t, { limits: { connections: 4096 } }));
  const busy = await connect(t, gate.address);
  const bytes = post(kBody);
  await busy.send(bytes.subarray(0, 60));
  const attack = attacks['idle connections'](gate.address, 1500);
  t.after(() => attack.stop());
  await attack.ready;
  await busy.send(bytes.subarray(60));
  assertContinue(await busy.answer(), kClaims);
  // Connected is not accepted: the kernel does the one, the server the other when its turn comes.
  await eventually('the bound to be reached', async () => {
    const metrics = await assertBounded(gate);
    return metrics.value('claimgate_connections_evicted_total') + metrics.value('claimgate_connections_turned_away_total') > 0;
  });
  attack.stop();
  await eventually('a place', async () => {
    const wire = await connect(t, gate.address);
    await wire.send(bytes);
    const answer = await wire.answer().catch(() => null);
    wire.destroy();
    return answer?.status === 200;
  });
});

test('out of file descriptors: accepting pauses, does not spin, and goes on by itself', async (t) => {
  // Two workers may have 16 connections each; of 48, with what they need besides, there are not so many.
  const gate = await serve(t, configuration({ workers: 2, limits: kLimits }), { descriptors: 48 });
  const admin = await connect(t, gate.admin);  // there is no descriptor for another one later
  const value = async (name) => {
    await admin.send('GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n');
    const answer = await admin.answer({ method: 'GET' });
    return Number(answer.text.match(new RegExp(`^${name} (\\d+)`, 'm'))[1]);
  };
  assert.equal(await value('claimgate_accept_pauses_total'), 0);  // and it is accepted
  const busy = [];
  for (let i = 0; i < 60; ++i) {
    const wire = await connect(t, gate.address).catch(() => null);
    if (wire === null) continue;
    wire.send(post(kBody).subarray(0, 60));  // nothing idle that could make room
    busy.push(wire);
  }
  await eventually('a pause', async () => await value('claimgate_accept_pauses_total') > 0);
  // Each worker's listener looks again a few times a second: a spin would be thousands.
  const before = await value('claimgate_accept_pauses_total');
  await new Promise((resolve) => setTimeout(resolve, 500));
  const pauses = await value('claimgate_accept_pauses_total') - before;
  assert.ok(pauses < 100, `${pauses} pauses`);
  for (const wire of busy) wire.destroy();
  await eventually('a descriptor', () => isAnswered(t, gate.address));
});
