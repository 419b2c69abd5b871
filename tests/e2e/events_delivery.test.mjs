// Where events go besides webhooks and files, and what an operator does with them: Redis Streams on a real
// server, Kafka on librdkafka's stand-in, changes of approvals, /events, answers that wait for their events.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import crypto from 'node:crypto';
import { once } from 'node:events';
import path from 'node:path';
import readline from 'node:readline';
import { test } from 'node:test';

import { configuration, eventually, kAuthorization, run, scratch, serve } from './lib/claimgate.mjs';
import { metric, receiver } from './lib/receiver.mjs';
import { noRedis, redis } from './lib/redis.mjs';

const kToken = 'admin-token-0123456789';

async function signUp(gate, claims, url = '/signup') {
  const response = await fetch(`${gate.address}${url}`, {
    method: 'POST', headers: { authorization: kAuthorization, 'content-type': 'application/json' },
    body: JSON.stringify({ step: 'PostAttributeCollection', postalCode: '12345', ...claims }),
  });
  return response.json();
}

async function admin(gate, url, body) {
  const response = await fetch(`${gate.admin}${url}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${kToken}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, json: text.startsWith('{') ? JSON.parse(text) : text };
}

const told = (sinks, changes = {}) => configuration({
  state: 'memory',
  admin: { address: '127.0.0.1:0', token: kToken },
  sinks,
  events: { told: { type: 'com.example.told', claims: { city: 'plain' }, sinks: Object.keys(sinks), ...changes.event } },
  connector: { on: { continue: ['told'] }, ...changes.connector },
  ...changes.whole,
});

test('a stream of Redis gets an entry of each event, also of those that came while it was away', { skip: noRedis }, async (t) => {
  const server = await redis(t);
  const gate = await serve(t, told({ bus: { redis: `redis://127.0.0.1:${server.port}/0`, stream: 'signups', maxlen: 1000 } }));
  for (const city of ['a', 'b', 'c']) await signUp(gate, { email: 'ann@open.example', city });
  const entries = () => server.ask('XRANGE', 'signups', '-', '+').catch(() => []);
  await eventually('three entries', async () => (await entries()).length === 3);
  const fields = (await entries()).map(([, [, id, , type, , event]]) => ({ id, type, event: JSON.parse(event) }));
  assert.deepEqual(fields.map((one) => one.event.data.claims.city).sort(), ['a', 'b', 'c']);
  assert.ok(fields.every((one) => one.id === one.event.id && one.type === 'com.example.told'));
  await server.kill();
  for (const city of ['d', 'e']) await signUp(gate, { email: 'ann@open.example', city });
  await eventually('an attempt that found nobody', async () => (await metric(gate, 'claimgate_events_retried_total', { sink: 'bus' })) > 0);
  await server.start();
  await eventually('all five', async () => new Set((await entries()).map(([, all]) => JSON.parse(all[5]).data.claims.city)).size === 5);
  assert.equal(await metric(gate, 'claimgate_events_dead_total', { sink: 'bus' }), 0);
});

test('a topic of Kafka gets a message of each event, with its key', { skip: process.env.CLAIMGATE_KAFKA ? false : 'CLAIMGATE_KAFKA is not set' }, async (t) => {
  const kafka = spawn(process.env.CLAIMGATE_KAFKA, ['signups'], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(async () => { kafka.stdin.end(); await once(kafka, 'close'); });
  const lines = readline.createInterface({ input: kafka.stdout });
  const [brokers] = await once(lines, 'line');
  const got = [];
  lines.on('line', (line) => got.push(JSON.parse(line)));
  const gate = await serve(t, told({ bus: { kafka: brokers.split(','), topic: 'signups', tls: false } }, {
    event: { key: ['email.canonical'] }, whole: { pseudonyms: { key: '${env:KEY}' } },
  }), { env: { KEY: 'k'.repeat(40) } });
  for (const city of ['a', 'b', 'c']) await signUp(gate, { email: 'ann@open.example', city });
  await signUp(gate, { email: 'bob@open.example', city: 'x' });
  await eventually('four messages', () => got.length === 4);
  const events = got.map((message) => ({ ...message, value: JSON.parse(message.value) }));
  assert.deepEqual(events.filter(({ value }) => value.data.claims.city !== 'x').map(({ value }) => value.data.claims.city), ['a', 'b', 'c']);
  assert.ok(events.every(({ key, value }) => key === value.partitionkey && /^[0-9a-f]{64}$/.test(key)));
  assert.equal(new Set(events.map(({ key }) => key)).size, 2);
  assert.match(events[0].headers['content-type'], /^application\/cloudevents\+json/);
  await gate.stop();
});

test('changes of an approval are told, with the change and never without', async (t) => {
  const hook = await receiver(t, () => 204);
  const type = (name) => ({ type: `com.example.${name}`, sinks: ['crm'] });
  const gate = await serve(t, {
    ...configuration(),
    admin: { address: '127.0.0.1:0', token: kToken },
    state: { sqlite: path.join(scratch(t), 'state.db'), key: crypto.randomBytes(32).toString('base64') },
    messages: { pending: { en: 'Pending.' }, denied: { en: 'Denied.' } },
    sinks: { crm: { webhook: hook.url } },
    events: { wanted: type('wanted'), approved: type('approved'), denied: type('denied') },
    approvals: {
      guests: {
        key: ['email.canonical'], messages: { pending: 'pending', denied: 'denied' },
        on: { requested: ['wanted'], approved: ['approved'], denied: ['denied'] },
      },
    },
    connectors: {
      request: {
        path: '/request', dialect: 'b2b-signup', step: 'PostAttributeCollection',
        auth: { basic: [{ username: 'b2c', password: 's3cr:et' }] },
        rules: [{ name: 'guests', approval: 'guests', step: 'request' }],
      },
    },
  });
  const person = { email: 'Ines@posteo.example', displayName: 'Ines' };
  await signUp(gate, person, '/request');
  await signUp(gate, person, '/request');  // the caller's retry changes nothing
  const [{ id }] = (await admin(gate, '/approvals/guests')).json.approvals;
  const decide = (verb) => admin(gate, `/approvals/guests/${id}/${verb}`, { by: 'anna', reason: 'r' });
  await decide('deny');
  await decide('deny');
  await decide('approve');
  await eventually('three events', () => hook.got.length >= 3);
  const events = hook.got.map(({ body }) => JSON.parse(body));
  assert.deepEqual(events.map((one) => one.data), [
    { approval: 'guests', id, change: 'requested' },
    { approval: 'guests', id, change: 'denied' },
    { approval: 'guests', id, change: 'approved' },
  ]);
  assert.deepEqual(events.map((one) => one.type), ['com.example.wanted', 'com.example.denied', 'com.example.approved']);
  assert.ok(events.every((one) => one.partitionkey === id && one.source === '/claimgate/approvals/guests'));
  assert.doesNotMatch(JSON.stringify(hook.got), /ines|posteo/i);
  await eventually('nothing waits', async () => (await metric(gate, 'claimgate_events_waiting', { sink: 'crm' })) === 0);
});

test('an approval names events that are there and carry no claims', async (t) => {
  const check = async (on, events) => {
    const cwd = scratch(t, { 'claimgate.yaml': JSON.stringify({
      ...configuration(), state: 'memory', sinks: { a: { file: 'a.jsonl' } }, events,
      messages: { refused: { en: 'x' }, again: { en: 'x' }, pending: { en: 'x' }, denied: { en: 'x' } },
      approvals: { guests: { key: ['email'], messages: { pending: 'pending', denied: 'denied' }, on } },
    }) });
    return (await run(['check', 'claimgate.yaml'], { cwd })).stderr;
  };
  const plain = { one: { type: 't', sinks: ['a'] } };
  assert.equal(await check({ approved: ['one'] }, plain), '');
  assert.match(await check({ approved: ['two'] }, plain), /unknown event "two"/);
  assert.match(await check({ account_created: ['one'] }, plain), /without graph no account is created/);
  assert.match(await check({ approved: ['one'] }, { one: { ...plain.one, claims: { city: 'plain' } } }), /carries claims of a request/);
});

test('/events says what waits, brings dead letters again and throws away', async (t) => {
  let status = 410;
  const hook = await receiver(t, () => status);
  const gate = await serve(t, told({ crm: { webhook: hook.url, backoff: '1ms', backoff_max: '20ms' } }));
  for (const city of ['a', 'b', 'c']) await signUp(gate, { email: 'ann@open.example', city });
  const crm = async () => (await admin(gate, '/events')).json.sinks[0];
  await eventually('three dead letters', async () => (await crm()).dead === 3);
  assert.deepEqual({ ...(await crm()), retried: 0 }, { sink: 'crm', waiting: 0, oldest: null, dead: 3, delivered: 0, retried: 0, purged: 0, delivers: true });
  const first = (await admin(gate, '/events/crm/dead?limit=2')).json;
  assert.equal(first.dead.length, 2);
  const rest = (await admin(gate, `/events/crm/dead?limit=2&after=${first.next}`)).json;
  assert.equal(rest.next, null);
  const dead = [...first.dead, ...rest.dead].map(({ event }) => event);
  assert.deepEqual(dead.map((event) => event.data.claims.city).sort(), ['a', 'b', 'c']);

  status = 200;
  const before = hook.got.length;
  assert.deepEqual((await admin(gate, '/events/crm/replay', {})).json, { replayed: 3, left: 0, full: false });
  await eventually('three more', () => hook.got.length === before + 3);
  assert.deepEqual(hook.got.slice(before).map(({ headers }) => headers['webhook-id']).sort(), dead.map(({ id }) => id).sort(), 'with the ids that they had');
  await eventually('all delivered', async () => { const now = await crm(); return now.delivered === 3 && now.waiting === 0 && now.dead === 0; });

  status = 500;
  for (const city of ['d', 'e']) await signUp(gate, { email: 'ann@open.example', city });
  await eventually('two wait', async () => (await crm()).waiting === 2);
  assert.ok(Math.abs(Date.parse((await crm()).oldest) - Date.now()) < 600_000);
  assert.equal((await admin(gate, '/events/crm/purge', { what: 'waiting' })).status, 200);
  status = 200;  // what is under way is not thrown away, and may be delivered
  await eventually('nothing waits', async () => (await crm()).waiting === 0);
  const { delivered, purged } = await crm();
  assert.equal(delivered + purged, 5);

  status = 410;
  await signUp(gate, { email: 'ann@open.example', city: 'f' });
  await eventually('a dead letter', async () => (await crm()).dead === 1);
  assert.deepEqual((await admin(gate, '/events/crm/purge', { what: 'dead' })).json, { purged: 1 });
  assert.equal((await crm()).dead, 0);

  assert.equal((await admin(gate, '/events/others/dead')).status, 404);
  assert.equal((await admin(gate, '/events/crm')).status, 404);
  assert.equal((await admin(gate, '/events/crm/dead', {})).status, 405);
  assert.equal((await admin(gate, '/events/crm/replay')).status, 405);
  assert.equal((await admin(gate, '/events/crm/dead?limit=0')).status, 400);
  assert.equal((await admin(gate, '/events/crm/purge', { what: 'all' })).status, 400);
  assert.equal((await fetch(`${gate.admin}/events`)).status, 401);
});

test('claimgate events does what /events does', async (t) => {
  let status = 410;
  const hook = await receiver(t, () => status);
  const gate = await serve(t, told({ crm: { webhook: hook.url } }));
  await signUp(gate, { email: 'ann@open.example', city: 'a' });
  const command = (verb, ...args) => run(['events', verb, '--admin', gate.admin, ...args], { env: { CLAIMGATE_ADMIN_TOKEN: kToken } });
  const listed = await eventually('a dead letter', async () => {
    const { code, stdout, stderr } = await command('list');
    assert.equal(code, 0, stderr);
    return stdout.match(/^crm +0 +- +1 +0 +\d+ +yes$/m) && stdout;
  });
  assert.match(listed, /^SINK +WAITING +OLDEST +DEAD +DELIVERED +RETRIED +DELIVERS$/m);
  assert.match((await command('dead', 'crm')).stdout, /^\d+ +\d{4}-\S+Z +[0-9a-f-]{36} +com\.example\.told$/m);
  assert.equal(JSON.parse((await command('dead', 'crm', '--json')).stdout).dead.length, 1);
  status = 200;
  const replayed = await command('replay', 'crm');
  assert.equal(replayed.code, 0, replayed.stderr);
  assert.match(replayed.stdout, /^1 dead letters go again, 0 are left$/m);
  await eventually('delivered', async () => (await metric(gate, 'claimgate_events_delivered_total', { sink: 'crm' })) === 1);
  assert.equal(JSON.parse((await command('purge', 'crm', '--dead')).stdout).purged, 0);
  assert.equal(JSON.parse((await command('purge', 'crm')).stdout).purging, 0);
  assert.equal((await command('dead', 'others')).code, 1);
});

const kAnswers = 'claimgate_events_answers_total';

test('an answer waits for its event where the event says so, and for no other', async (t) => {
  const hook = await receiver(t, () => 204);
  const settings = (commit) => ({
    ...told({ crm: { webhook: hook.url } }, { event: { commit } }),
    state: { sqlite: path.join(scratch(t), 'state.db') },
  });
  const gate = await serve(t, settings('before_answer'));
  const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => signUp(gate, { email: 'ann@open.example', city: `c${i}` })));
  assert.ok(answers.every((answer) => answer.action === 'Continue'));
  assert.equal(await metric(gate, kAnswers, { outcome: 'committed' }), 40);
  assert.equal(await metric(gate, 'claimgate_events_answers_waiting'), 0);
  await signUp(gate, { email: 'ann@blocked.example' });  // tells nobody
  assert.equal(await metric(gate, kAnswers, { outcome: 'committed' }), 40);
  await eventually('all delivered', () => hook.got.length === 40);
  gate.rewrite(settings('behind_answer'));
  gate.signal('SIGHUP');
  await gate.line(/configuration number 2 is in force/);
});

// A database that another process has locked refuses every write, and whoever asks waits for it.
function lock(file) {
  const child = spawn('python3', ['-c', 'import sqlite3,sys\ndb = sqlite3.connect(sys.argv[1], isolation_level=None)\ndb.execute("BEGIN EXCLUSIVE")\nprint("locked", flush=True)\nsys.stdin.read()', file],
    { stdio: ['pipe', 'pipe', 'inherit'] });
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('exit', () => reject(new Error('python3 has no sqlite3')));
    child.stdout.once('data', () => resolve(child));
  });
}

for (const [when_away, expected] of [['closed', 'ShowBlockPage'], ['open', 'Continue']]) {
  test(`when the outbox has no room, ${when_away} is told at once`, async (t) => {
    const hook = await receiver(t, () => 500);
    const full = await serve(t, {
      ...told({ crm: { webhook: hook.url } }, {
        event: { commit: 'before_answer', when_away },
        connector: { otherwise: { block: 'refused' }, deadline: '4s' },
      }),
      outbox: { events: 1000 },
    });
    const wanted = when_away === 'closed' ? 1001 : 1005;
    let last = null;
    for (let i = 0; i < wanted; i += 20) {
      const answers = await Promise.all(Array.from({ length: 20 }, () => signUp(full, { email: 'ann@open.example', city: 'x' })));
      last = answers.at(-1);
    }
    assert.equal(last.action, expected);
    assert.ok(await metric(full, kAnswers, { outcome: when_away }) > 0);
    assert.equal(await metric(full, kAnswers, { outcome: 'committed' }), 1000);
  });
}

test('when the state does not take events in time the deadline is kept', async (t) => {
  const hook = await receiver(t, () => 204);
  const file = path.join(scratch(t), 'state.db');
  const gate = await serve(t, {
    ...told({ crm: { webhook: hook.url } }, {
      event: { commit: 'before_answer' }, connector: { otherwise: { block: 'refused' }, deadline: '500ms' },
    }),
    state: { sqlite: file },
  });
  assert.equal((await signUp(gate, { email: 'ann@open.example', city: 'a' })).action, 'Continue');
  const locker = await lock(file).catch(() => null);
  if (locker === null) return t.skip('python3 has no sqlite3');
  const answers = await Promise.all(Array.from({ length: 5 }, () => signUp(gate, { email: 'ann@open.example', city: 'b' })));
  assert.deepEqual(answers.map((answer) => answer.action), Array(5).fill('ShowBlockPage'));
  assert.equal(await metric(gate, kAnswers, { outcome: 'closed' }), 5);
  locker.stdin.end();
  await once(locker, 'close');
  await eventually('answers again', async () => (await signUp(gate, { email: 'ann@open.example', city: 'c' })).action === 'Continue');
  // Those that were answered otherwise are told as well: they were only not in the outbox in time.
  await eventually('all of them', () => hook.got.filter(({ body }) => JSON.parse(body).data.claims.city === 'b').length === 5);
});
