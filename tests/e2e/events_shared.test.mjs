// Events of several claimgates on one Redis: one of them delivers to each sink, in order, and another goes on when it
// is stopped or killed; what an operator does works at any of them.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import http from 'node:http';
import { test } from 'node:test';

import { configuration, eventually, kAuthorization, run, serve } from './lib/claimgate.mjs';
import { metric, receiver } from './lib/receiver.mjs';
import { noRedis as skip, redis } from './lib/redis.mjs';

const kRounds = Number(process.env.CLAIMGATE_KILL_ROUNDS ?? 2);
const kKey = crypto.randomBytes(32).toString('base64');
const kToken = 'admin-token-0123456789';
const kCrm = { sink: 'crm' };

const told = (server, hook, { lease = '60s', event = {}, sink = {}, ...more } = {}) => configuration({
  state: { redis: server.url, key: kKey },
  admin: { address: '127.0.0.1:0', token: kToken },
  pseudonyms: { key: 'k'.repeat(40) },
  outbox: { lease, ...more.outbox },
  sinks: { crm: { webhook: hook.url, backoff: '10ms', ...sink } },
  events: { told: { type: 'com.example.told', claims: { city: 'plain' }, key: ['email.canonical'], sinks: ['crm'], commit: 'before_answer', ...event } },
  connector: { on: { continue: ['told'] }, otherwise: { block: 'refused' } },
  ...more.whole,
});

async function signUp(gate, claims) {
  const response = await fetch(`${gate.address}/signup`, {
    method: 'POST', headers: { authorization: kAuthorization, 'content-type': 'application/json' },
    body: JSON.stringify({ step: 'PostAttributeCollection', postalCode: '12345', ...claims }),
  });
  return (await response.json()).action;
}

async function admin(gate, url, body) {
  const response = await fetch(`${gate.admin}${url}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${kToken}`, connection: 'close', ...(body !== undefined && { 'content-type': 'application/json' }) },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, json: text.startsWith('{') ? JSON.parse(text) : text };
}

const crm = async (gate) => (await admin(gate, '/events')).json.sinks[0];
const delivers = (gate) => metric(gate, 'claimgate_events_delivers', kCrm);
const connected = (gate) => eventually('the connection to redis', () => metric(gate, 'claimgate_redis_connected'));
async function start(t, settings) {
  const gate = await serve(t, settings);
  await connected(gate);
  return gate;
}
// The first delivers, the second does not.
async function pair(t, settings) {
  const first = await start(t, settings);
  await eventually('the first to deliver', () => delivers(first));
  return [first, await start(t, settings)];
}
// Before redis goes, which they would wait for otherwise.
const stop = (gates) => Promise.all(gates.map((gate) => gate.stop()));
async function kill(gate) {
  gate.stop = async () => {};  // its end is no clean one
  gate.signal('SIGKILL');
  await gate.exit();
}

// A receiver that takes its time, and notes what it is told at the same time or out of its order: `city` is NUMBER.
async function patient(t) {
  const one = { told: new Map(), order: new Map(), twice: [], disorder: [], underWay: new Set(), ms: 2 };
  const server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (bytes) => (body += bytes)).on('end', () => {
      const event = JSON.parse(body);
      const key = event.partitionkey, number = Number(event.data.claims.city.split('-').at(-1));
      if (one.underWay.has(key)) one.twice.push(event.data.claims.city);
      one.underWay.add(key);
      setTimeout(() => {
        one.underWay.delete(key);
        if (!one.told.has(event.data.claims.city)) {
          if (number < (one.order.get(key) ?? -1)) one.disorder.push(event.data.claims.city);
          one.order.set(key, number);
        }
        one.told.set(event.data.claims.city, [...(one.told.get(event.data.claims.city) ?? []), event.id]);
        response.writeHead(204).end();
      }, one.ms);
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => { server.closeAllConnections(); server.close(); });
  one.url = `http://127.0.0.1:${server.address().port}/`;
  return one;
}

// People who sign up again and again, each at one gate and then at another; `answered` is what was told Continue.
function load(gates, people, name, most = 1_000_000) {
  let stopped = false;
  const answered = [];
  const all = Promise.all(Array.from({ length: people }, async (_, person) => {
    for (let i = 0; !stopped && i < most; ++i) {
      const up = gates.filter((gate) => !gate.ended && !gate.dying);
      const city = `${name}-${person}-${i}`;
      try {
        if (await signUp(up[i % up.length], { email: `p${person}@${name}.example`, city }) === 'Continue') answered.push(city);
      } catch {  // that gate was killed; the next one is asked
      }
    }
  }));
  return { answered, end: () => all, stop: () => { stopped = true; return all; } };
}

test('both emit, one delivers: every event once, each person\'s in their order and never two at a time', { skip }, async (t) => {
  const [server, hook] = [await redis(t), await patient(t)];
  const gates = await pair(t, told(server, hook));
  const traffic = load(gates, 8, 'both', 40);
  await traffic.end();
  assert.equal(traffic.answered.length, 320);
  await eventually('all to be told', () => hook.told.size === 320);
  assert.ok([...hook.told.values()].every((ids) => ids.length === 1));
  assert.deepEqual([hook.twice, hook.disorder], [[], []]);
  for (const gate of gates) {
    assert.equal(await metric(gate, 'claimgate_events_emitted_total', { event: 'told' }), 160);
    await eventually('nothing to wait', async () => (await metric(gate, 'claimgate_events_waiting', kCrm)) === 0);
  }
  assert.deepEqual(await Promise.all(gates.map(delivers)), [1, 0]);
  assert.deepEqual(await Promise.all(gates.map((gate) => metric(gate, 'claimgate_events_delivered_total', kCrm))), [320, 0]);
  assert.deepEqual((await Promise.all(gates.map(crm))).map((one) => one.delivers), [true, false]);
  const { stdout } = await run(['events', 'list', '--admin', gates[1].admin], { env: { CLAIMGATE_ADMIN_TOKEN: kToken } });
  assert.match(stdout, /^crm +0 +- +0 +0 +0 +no$/m);
  assert.equal(server.say('XLEN', '{claimgate}:s:outbox/crm'), '0');
  await stop(gates);
});

test('kill -9 of the one that delivers, under load: the other goes on, and nothing that was answered is lost', { skip }, async (t) => {
  const [server, hook] = [await redis(t, { lines: ['appendfsync always'] }), await patient(t)];
  const settings = told(server, hook, { lease: '1s' });
  const gates = await pair(t, settings);
  const answered = [];
  for (let round = 0; round < kRounds; ++round) {
    const traffic = load(gates, 8, `r${round}`);
    await eventually('answers', () => traffic.answered.length > 50 + 13 * round % 50);
    const first = await eventually('one that delivers', async () => {
      for (const gate of gates) if (await delivers(gate)) return gate;
      return null;
    });
    const began = performance.now();
    first.dying = true;
    await kill(first);
    const [other] = gates.filter((gate) => gate !== first);
    await eventually('the other to deliver', () => delivers(other));
    t.diagnostic(`round ${round}: taken over after ${(performance.now() - began).toFixed(0)} ms`);
    const before = traffic.answered.length;
    await eventually('answers behind it', () => traffic.answered.length > before + 20);
    await traffic.stop();
    answered.push(...traffic.answered);
    await eventually('nothing to wait', async () => (await metric(other, 'claimgate_events_waiting', kCrm)) === 0);
    gates.splice(0, 2, other, await start(t, settings));
  }
  const missing = () => answered.filter((city) => !hook.told.has(city));
  await eventually('all to be told', () => missing().length === 0).catch(() => {});
  assert.deepEqual(missing(), [], 'answered, and never told');
  assert.ok([...hook.told.values()].every((ids) => new Set(ids).size === 1), 'what comes again has the id that it had');
  assert.deepEqual([hook.twice, hook.disorder], [[], []]);
  const deliveries = [...hook.told.values()].reduce((sum, ids) => sum + ids.length, 0);
  t.diagnostic(`${kRounds} kills, ${answered.length} answered, ${hook.told.size} events, ${deliveries} deliveries`);
  await stop(gates);
});

test('a clean stop hands over at once, under load and without a repetition', { skip }, async (t) => {
  const [server, hook] = [await redis(t), await patient(t)];
  const gates = await pair(t, told(server, hook, { lease: '5m' }));
  const traffic = load(gates, 4, 'stop');
  await eventually('answers', () => traffic.answered.length > 50);
  gates[0].dying = true;
  await gates[0].stop();
  await eventually('the other to deliver', () => delivers(gates[1]));  // the lease would have taken minutes
  const before = traffic.answered.length;
  await eventually('answers behind it', () => traffic.answered.length > before + 50);
  await traffic.stop();
  await eventually('all to be told', () => traffic.answered.every((city) => hook.told.has(city)));
  assert.ok([...hook.told.values()].every((ids) => ids.length === 1));
  assert.deepEqual([hook.twice, hook.disorder], [[], []]);
  await eventually('nothing to wait', async () => (await metric(gates[1], 'claimgate_events_waiting', kCrm)) === 0);
  await stop([gates[1]]);
});

test('one that was frozen for longer than its lease finds that another delivers', { skip }, async (t) => {
  const [server, hook] = [await redis(t), await patient(t)];
  const [first, other] = await pair(t, told(server, hook, { lease: '1s' }));
  assert.equal(await signUp(first, { email: 'ann@open.example', city: 'x-1' }), 'Continue');
  await eventually('it to be told', () => hook.told.has('x-1'));
  await eventually('it to be forgotten', () => server.say('XLEN', '{claimgate}:s:outbox/crm') === '0');
  first.signal('SIGSTOP');
  assert.equal(await signUp(other, { email: 'ann@open.example', city: 'x-2' }), 'Continue');
  await eventually('the other to tell', () => hook.told.has('x-2'));
  first.signal('SIGCONT');
  await eventually('the first to notice', async () => !(await delivers(first)));
  assert.equal(await signUp(first, { email: 'ann@open.example', city: 'x-3' }), 'Continue');
  await eventually('it to be told', () => hook.told.has('x-3'));
  assert.deepEqual([...hook.told.entries()].map(([city, ids]) => [city, ids.length]), [['x-1', 1], ['x-2', 1], ['x-3', 1]]);
  assert.deepEqual(await Promise.all([first, other].map(delivers)), [0, 1]);
  await stop([first, other]);
});

test('dead letters and purges at the machine that does not deliver', { skip }, async (t) => {
  let status = 410;
  const [server, hook] = [await redis(t), await receiver(t, () => status)];
  const [first, other] = await pair(t, told(server, hook, { event: { commit: 'behind_answer', key: undefined } }));
  for (const city of ['a', 'b', 'c']) await signUp(other, { email: 'ann@open.example', city });
  await eventually('three dead letters', async () => (await crm(other)).dead === 3);
  const { dead } = (await admin(other, '/events/crm/dead')).json;
  assert.deepEqual(dead.map(({ event }) => event.data.claims.city).sort(), ['a', 'b', 'c']);
  status = 200;
  const before = hook.got.length;
  assert.deepEqual((await admin(other, '/events/crm/replay', {})).json, { replayed: 3, left: 0, full: false });
  await eventually('three more', () => hook.got.length === before + 3);
  assert.deepEqual(hook.got.slice(before).map(({ headers }) => headers['webhook-id']).sort(), dead.map(({ event }) => event.id).sort());

  status = 500;
  for (const city of ['d', 'e', 'f', 'g']) await signUp(first, { email: 'ann@open.example', city });
  await eventually('four wait', async () => (await crm(other)).waiting === 4 && (await crm(first)).waiting === 4);
  assert.ok(Math.abs(Date.parse((await crm(other)).oldest) - Date.now()) < 600_000);
  assert.deepEqual((await admin(other, '/events/crm/purge', { what: 'waiting' })).json, { purging: 4 });
  await eventually('nothing waits', async () => (await crm(other)).waiting === 0 && (await crm(first)).waiting === 0);
  assert.equal((await crm(first)).purged, 4);
  status = 410;
  await signUp(other, { email: 'ann@open.example', city: 'h' });
  await eventually('a dead letter', async () => (await crm(first)).dead === 1);
  assert.deepEqual((await admin(other, '/events/crm/purge', { what: 'dead' })).json, { purged: 1 });
  assert.equal((await crm(first)).dead, 0);
  await stop([first, other]);
});

test('the bound on what waits is one for all', { skip }, async (t) => {
  const [server, hook] = [await redis(t), await receiver(t, () => [503, { 'retry-after': '3600' }])];
  const settings = told(server, hook, { outbox: { events: 1000 }, event: { when_away: 'closed', key: undefined } });
  const gates = await pair(t, settings);
  const fill = async (gate) => {
    for (let i = 0; i < 600; i += 20) {
      const answers = await Promise.all(Array.from({ length: 20 }, () => signUp(gate, { email: 'ann@open.example', city: 'x' })));
      if (answers.includes('ShowBlockPage')) return true;
    }
    return false;
  };
  assert.equal(await fill(gates[0]), false);
  await eventually('the other to see them', async () => (await metric(gates[1], 'claimgate_events_waiting', kCrm)) === 600);
  assert.equal(await fill(gates[1]), true, 'there is room for 400 more');
  assert.equal(await metric(gates[1], 'claimgate_events_dropped_total', { reason: 'full' }) > 0, true);
  const length = Number(server.say('XLEN', '{claimgate}:s:outbox/crm'));
  assert.ok(length >= 1000 && length <= 1020, String(length));
  await stop(gates);
});

test('while redis is away answers are what when_away says, and afterwards events go on', { skip }, async (t) => {
  const [server, hook] = [await redis(t, { lines: ['appendfsync always'] }), await patient(t)];
  const gates = await pair(t, told(server, hook, { lease: '1s' }));
  assert.equal(await signUp(gates[0], { email: 'ann@open.example', city: 'x-1' }), 'Continue');
  await eventually('it to be told', () => hook.told.has('x-1'));
  await server.kill();
  assert.equal(await signUp(gates[0], { email: 'ann@open.example', city: 'x-2' }), 'ShowBlockPage');
  await eventually('nobody to deliver', async () => (await Promise.all(gates.map(delivers))).every((one) => one === 0));
  await server.start();
  await eventually('one to deliver', async () => (await Promise.all(gates.map(delivers))).some((one) => one === 1));
  await eventually('an answer that waited', async () => (await signUp(gates[1], { email: 'bob@open.example', city: 'x-3' })) === 'Continue');
  await eventually('what was gathered meanwhile', () => hook.told.has('x-2') && hook.told.has('x-3'));
  for (const city of ['x-1', 'x-2']) assert.equal(new Set(hook.told.get(city)).size, 1, 'with the id that it had');
  await stop(gates);
});

test('changes of approvals are told by whichever machine delivers', { skip }, async (t) => {
  const [server, hook] = [await redis(t), await receiver(t, () => 204)];
  const type = (name) => ({ type: `com.example.${name}`, sinks: ['crm'] });
  const settings = {
    ...configuration(),
    admin: { address: '127.0.0.1:0', token: kToken },
    state: { redis: server.url, key: kKey },
    messages: { pending: { en: 'Pending.' }, denied: { en: 'Denied.' } },
    sinks: { crm: { webhook: hook.url } },
    events: { wanted: type('wanted'), approved: type('approved') },
    approvals: { guests: { key: ['email.canonical'], messages: { pending: 'pending', denied: 'denied' }, on: { requested: ['wanted'], approved: ['approved'] } } },
    connectors: {
      request: {
        path: '/signup', dialect: 'b2b-signup', step: 'PostAttributeCollection', auth: { basic: [{ username: 'b2c', password: 's3cr:et' }] },
        rules: [{ name: 'guests', approval: 'guests', step: 'request' }],
      },
    },
  };
  const [first, other] = await pair(t, settings);
  await signUp(other, { email: 'ines@posteo.example', displayName: 'Ines' });
  const [{ id }] = (await admin(first, '/approvals/guests')).json.approvals;
  await admin(other, `/approvals/guests/${id}/approve`, { by: 'anna', reason: 'known' });
  await eventually('two events', () => hook.got.length >= 2);
  assert.deepEqual(hook.got.map(({ body }) => JSON.parse(body).data.change), ['requested', 'approved']);
  await stop([first, other]);
});

test('another length of the lease needs a restart', { skip }, async (t) => {
  const [server, hook] = [await redis(t), await receiver(t, () => 204)];
  const gate = await start(t, told(server, hook));
  gate.rewrite(told(server, hook, { lease: '5s' }));
  gate.signal('SIGHUP');
  await gate.line(/sinks.* changed and need/);
  await stop([gate]);
});
