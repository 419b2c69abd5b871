// Several claimgates and one Redis: one limit, one approval, decisions shared and forgotten together; what callers are told
// while it is stopped, killed or not there yet, and what is there afterwards.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import { test } from 'node:test';

import { certificate } from './lib/certificates.mjs';
import { configuration, eventually, kAuthorization, root, run, scratch, serve, yaml } from './lib/claimgate.mjs';
import { scrape } from './lib/openmetrics.mjs';
import { noRedis as skip, redis } from './lib/redis.mjs';

const kKey = crypto.randomBytes(32).toString('base64');
const kDeadlineMs = 4000;
const kOver = { name: 'too many', limit: 'per_domain', block: 'refused' };
// How long Redis is away under load: seconds in the suite, 30 s for the figures of docs/capacity.md.
const kAwayMs = Number(process.env.CLAIMGATE_REDIS_AWAY_MS ?? 2500);

const state = (server, more = {}) => ({ redis: server.url, key: kKey, ...more });

function limited(server, { limit = {}, rule = {}, connector = {}, ...more } = {}) {
  return configuration({
    state: state(server),
    velocity: { per_domain: { key: ['email.domain'], window: '1h', at_most: 40, counts: 'accounts', ...limit } },
    connector: {
      otherwise: { validation_error: 'again' },
      rules: [{ ...kOver, ...rule }, { name: 'postal code', when: { postalCode: 'wrong' }, validation_error: 'again' }],
      ...connector,
    },
    ...more,
  });
}

async function signUp(gate, claims, path = '/signup') {
  const began = performance.now();
  const response = await fetch(`${gate.address}${path}`, {
    method: 'POST',
    headers: { authorization: kAuthorization, 'content-type': 'application/json' },
    body: JSON.stringify({ step: 'PostAttributeCollection', ...claims }),
  });
  const json = await response.json();
  return { action: json.action, json, ms: performance.now() - began };
}
const action = async (gate, claims) => (await signUp(gate, claims)).action;

async function admin(gate, url, method = 'GET', body) {
  const response = await fetch(`${gate.admin}${url}`, {
    method,
    headers: { connection: 'close', ...(body && { 'content-type': 'application/json' }) },
    body: body && JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, text, json: text.startsWith('{') ? JSON.parse(text) : null };
}

async function figure(gate, line) {
  const { text } = await admin(gate, '/metrics');
  return Number(text.match(new RegExp(`^${line.replace(/[{}"]/g, '\\$&')} (\\S+)$`, 'm'))?.[1] ?? 0);
}
const connected = (gate) => eventually('the connection to redis', () => figure(gate, 'claimgate_redis_connected'));

test('two processes have one limit: exactly so many accounts come through', { skip }, async (t) => {
  const server = await redis(t);
  const gates = [await serve(t, limited(server, { workers: 2 })), await serve(t, limited(server))];
  await Promise.all(gates.map(connected));
  const bodies = Array.from({ length: 120 }, (_, i) => ({ email: `p${i}@busy.example`, ...(i % 4 === 0 && { postalCode: 'wrong' }) }));
  const actions = await Promise.all(bodies.map((body, i) => action(gates[i % 2], body)));
  const count = (wanted) => actions.filter((one) => one === wanted).length;
  // A place that is taken back while others wait may be refused to them meanwhile, and is free afterwards.
  assert.ok(count('Continue') <= 40 && count('Continue') >= 30, String(count('Continue')));
  for (let i = count('Continue'); i < 40; ++i) {
    await eventually('a place', async () => (await action(gates[i % 2], { email: `q${i}-${Math.random()}@busy.example` })) === 'Continue');
  }
  assert.equal(await action(gates[0], { email: 'one-more@busy.example' }), 'ShowBlockPage');
  assert.equal(await action(gates[1], { email: 'another@busy.example' }), 'ShowBlockPage');
  assert.equal(await action(gates[1], { email: 'one@quiet.example' }), 'Continue');

  // The caller's retry, at the other process: what the first was told, and it counts nothing.
  const [lucky] = bodies.filter((_, i) => actions[i] === 'Continue');
  assert.equal(await action(gates[1 - bodies.indexOf(lucky) % 2], lucky), 'Continue');
  const query = '/velocity?limit=per_domain&email=x%40busy.example';
  for (const gate of gates) {
    const seen = await admin(gate, query);
    assert.equal(seen.json?.count, 40, seen.text);
    assert.equal(seen.json.shared, true);
    assert.equal(seen.json.reached, true);
    assert.ok(seen.json.oldest_leaves_ms > 3_000_000 && seen.json.oldest_leaves_ms <= 3_600_000);
    await scrape(gate.admin);  // well-formed
  }
  assert.ok(await figure(gates[0], 'claimgate_velocity_shared_total{answer="redis"}') > 50);
  assert.equal(await figure(gates[0], 'claimgate_state_up{kind="redis"}'), 1);
  assert.deepEqual((await admin(gates[0], query, 'DELETE')).json, { reset: 1 });
  assert.equal((await admin(gates[1], query)).json.count, 0);
  assert.equal(await action(gates[1], { email: 'now@busy.example' }), 'Continue');
  assert.doesNotMatch(server.say('KEYS', '*'), /busy/, 'no claim is in a name');
});

test('in shadow a shared limit counts and lets everybody through', { skip }, async (t) => {
  const server = await redis(t);
  const gates = [await serve(t, limited(server, { limit: { at_most: 2 }, rule: { mode: 'shadow' } })), await serve(t, limited(server, { limit: { at_most: 2 } }))];
  await Promise.all(gates.map(connected));
  for (const name of ['a', 'b', 'c']) assert.equal(await action(gates[0], { email: `${name}@busy.example` }), 'Continue');
  assert.equal(await figure(gates[0], 'claimgate_shadow_matches_total{connector="signup",rule="too many"}'), 1);
  assert.equal(await action(gates[1], { email: 'd@busy.example' }), 'ShowBlockPage', 'where it is in force it goes on');
});

test('a limit that is not shared is counted by each process and waits for nobody', { skip }, async (t) => {
  const server = await redis(t);
  const gates = [];
  for (let i = 0; i < 2; ++i) gates.push(await serve(t, limited(server, { limit: { at_most: 1, shared: false } })));
  for (const gate of gates) {
    assert.equal(await action(gate, { email: 'a@busy.example' }), 'Continue');
    assert.equal(await action(gate, { email: 'b@busy.example' }), 'ShowBlockPage');
  }
  assert.equal(await figure(gates[0], 'claimgate_velocity_shared_total{answer="redis"}'), 0);
});

test('it may be away at the start: rules answer as they say, and it is used once it is there', { skip }, async (t) => {
  const server = await redis(t, { start: false });
  const away = (when_away) => limited(server, { limit: { at_most: 2, counts: 'attempts' }, rule: when_away ? { when_away } : {} });
  const [local, open, closed] = [await serve(t, away()), await serve(t, away('open')), await serve(t, away('closed'))];
  await local.line(/redis:\/\/.*refused/);
  const told = async (gate) => [await action(gate, { email: 'a@busy.example' }), await action(gate, { email: 'b@busy.example' }), await action(gate, { email: 'c@busy.example' })];
  assert.deepEqual(await told(local), ['Continue', 'Continue', 'ShowBlockPage']);
  assert.deepEqual(await told(open), ['Continue', 'Continue', 'Continue']);
  assert.deepEqual(await told(closed), ['ValidationError', 'ValidationError', 'ValidationError']);
  assert.equal(await figure(local, 'claimgate_velocity_shared_total{answer="local"}'), 3);
  assert.equal(await figure(open, 'claimgate_velocity_total{limit="per_domain",result="away"}'), 3);
  assert.equal((await admin(local, '/velocity?limit=per_domain&email=a%40busy.example')).status, 503);
  await server.start();
  await connected(closed);
  assert.deepEqual(await told(closed), ['Continue', 'Continue', 'ShowBlockPage']);
  assert.equal((await admin(closed, '/velocity?limit=per_domain&email=a%40busy.example')).json.count, 2);
});

const approver = (server) => ({
  ...configuration(),
  state: state(server),
  messages: { requested: { en: 'Received.' }, pending: { en: 'Pending.' }, denied: { en: 'Denied.' }, later: { en: 'Later.' } },
  approvals: { guests: { key: ['email.canonical'], messages: { requested: 'requested', pending: 'pending', denied: 'denied' } } },
  connectors: Object.fromEntries([['check', 'PostFederationSignup'], ['request', 'PostAttributeCollection']].map(([name, step]) => [name, {
    path: `/${name}`, dialect: 'b2b-signup', step, auth: { basic: [{ username: 'b2c', password: 's3cr:et' }] },
    otherwise: { block: 'later' }, rules: [{ name: 'guests', approval: 'guests', step: name }],
  }])),
});
async function approval(gate, step, email) {
  const { json } = await signUp(gate, { step: undefined, email, displayName: 'Ines' }, `/${step}`);
  return json.action === 'Continue' ? 'Continue' : json.userMessage;
}

test('two processes have one approval', { skip }, async (t) => {
  const server = await redis(t);
  const [one, other] = [await serve(t, approver(server)), await serve(t, approver(server))];
  await Promise.all([one, other].map(connected));
  assert.equal(await approval(one, 'request', 'ines@posteo.example'), 'Received.');
  assert.equal(await approval(other, 'check', 'ines@posteo.example'), 'Pending.');
  const { json } = await admin(other, '/approvals/guests');
  const { id } = json.approvals[0];
  assert.equal((await admin(other, `/approvals/guests/${id}`)).json.claims.request.displayName, 'Ines', 'one key for both');
  assert.equal((await admin(other, `/approvals/guests/${id}/approve`, 'POST', { by: 'anna', reason: 'known' })).status, 200);
  assert.equal(await approval(one, 'request', 'ines@posteo.example'), 'Continue');
  assert.doesNotMatch(fs.readFileSync(fs.readdirSync(`${server.directory}/appendonlydir`).map((name) => `${server.directory}/appendonlydir/${name}`).find((name) => name.endsWith('.incr.aof')), 'latin1'), /posteo|Ines/);
});

// A backend that counts what it is asked.
async function backend(t) {
  const one = { asked: [], tier: 'gold' };
  const listener = http.createServer((request, response) => {
    let body = '';
    request.on('data', (bytes) => (body += bytes)).on('end', () => {
      one.asked.push(JSON.parse(body).mail);
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ tier: one.tier }));
    });
  });
  await new Promise((resolve) => listener.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    listener.closeAllConnections?.();
    listener.close();
  });
  one.url = `http://127.0.0.1:${listener.address().port}`;
  return one;
}

function deciding(server, crm, { cache = { key: ['email.canonical'], ttl: { continue: '10m' } }, ...more } = {}) {
  return configuration({
    state: state(server),
    decision_cache: { redis: true, redis_wait: '2s' },
    backends: { crm: { endpoints: [crm.url], request: { method: 'POST', path: '/', json: { mail: '{email}' } },
      response: [{ when: { status: 200 }, continue: { extension_tier: '{/tier}' } }] } },
    connector: { otherwise: { validation_error: 'again' }, rules: [{ name: 'tier', ask: 'crm', ...(cache && { cache }) }] },
    ...more,
  });
}
const tier = async (gate, email, more = {}) => (await signUp(gate, { email, ...more })).json.extension_tier;
const ready = (gate) => eventually('decisions to be shared', async () => {
  await signUp(gate, { email: `probe-${Math.random()}@probe.example` });
  return (await figure(gate, 'claimgate_decisions_shared_lookups_total{result="miss"}')) > 0;
});
const kept = (gate, least) => eventually('decisions to be kept', async () => (await figure(gate, 'claimgate_decisions_shared_kept_total{result="kept"}')) >= least);

test('what one process has learned another need not ask; what one forgets all forget', { skip }, async (t) => {
  const [server, crm] = [await redis(t), await backend(t)];
  const gates = [await serve(t, deciding(server, crm)), await serve(t, deciding(server, crm))];
  for (const gate of gates) await ready(gate);
  const asked = (email) => crm.asked.filter((one) => one === email).length;
  const before = await figure(gates[0], 'claimgate_decisions_shared_kept_total{result="kept"}');
  assert.equal(await tier(gates[0], 'li@posteo.example'), 'gold');
  await kept(gates[0], before + 1);
  crm.tier = 'silver';
  assert.equal(await tier(gates[1], 'li@posteo.example', { city: 'Lund' }), 'gold');
  assert.equal(asked('li@posteo.example'), 1);
  assert.equal(await figure(gates[1], 'claimgate_decisions_shared_lookups_total{result="hit"}'), 1);
  assert.equal(await tier(gates[1], 'li@posteo.example', { city: 'Malmö' }), 'gold', 'from its own memory');
  assert.equal(await figure(gates[1], 'claimgate_decisions_shared_lookups_total{result="hit"}'), 1);
  const names = server.say('KEYS', '*d:*').split('\n');
  assert.ok(names.length >= 1);
  for (const name of names) assert.doesNotMatch(server.say('GET', name), /gold|posteo/);

  const gone = await admin(gates[0], '/decisions?connector=signup&email=li%40posteo.example', 'DELETE');
  assert.equal(gone.json?.deleted, 1, gone.text);
  await eventually('the other to hear of it', async () => (await tier(gates[1], 'li@posteo.example', { city: String(Math.random()) })) === 'silver');
  assert.equal(asked('li@posteo.example'), 2);

  crm.tier = 'bronze';
  assert.equal((await admin(gates[1], '/decisions?all=true', 'DELETE')).status, 200);
  await eventually('the first to hear of it', async () => (await tier(gates[0], 'li@posteo.example', { city: String(Math.random()) })) === 'bronze');
});

test("the caller's retry at another process is told the same and reaches no backend", { skip }, async (t) => {
  const [server, crm] = [await redis(t), await backend(t)];
  const gates = [await serve(t, deciding(server, crm, { cache: null })), await serve(t, deciding(server, crm, { cache: null }))];
  for (const gate of gates) await ready(gate);
  const before = await figure(gates[0], 'claimgate_decisions_shared_kept_total{result="kept"}');
  assert.equal(await tier(gates[0], 'li@posteo.example'), 'gold');
  await kept(gates[0], before + 1);
  crm.tier = 'silver';
  assert.equal(await tier(gates[1], 'li@posteo.example'), 'gold');
  assert.equal(crm.asked.filter((one) => one === 'li@posteo.example').length, 1);
});

// Requests at both processes, `lanes` at a time, until `stop()`; each answer with how long it took.
function load(gates, lanes, domain) {
  let stopped = false;
  const answers = [];
  const all = Promise.all(Array.from({ length: lanes }, async (_, lane) => {
    for (let i = 0; !stopped && i < 1_000_000; ++i) {
      answers.push({ at: performance.now(), ...(await signUp(gates[lane % gates.length], { email: `l${lane}-${i}@${domain}` })) });
    }
  }));
  return { answers, stop: async () => { stopped = true; await all; } };
}

for (const [how, stop, goOn] of [
  ['stopped', (server) => server.freeze(), (server) => server.thaw()],
  ['killed', (server) => server.kill(), (server) => server.start()],
]) {
  test(`redis is ${how} under load: everybody is answered in time, and afterwards there is one limit again`, { skip }, async (t) => {
    const [server, crm] = [await redis(t), await backend(t)];
    const settings = limited(server, {
      limit: { at_most: 50_000 },
      decision_cache: { redis: true },
      backends: deciding(server, crm).backends,
      connector: { rules: [{ ...kOver }, { name: 'tier', ask: 'crm', cache: { key: ['email.canonical'], ttl: { continue: '10m' } } }] },
    });
    const gates = [await serve(t, settings), await serve(t, settings)];
    for (const gate of gates) await ready(gate);
    const traffic = load(gates, 8, 'busy.example');
    await eventually('traffic', () => traffic.answers.length > 50);
    await stop(server);
    await new Promise((resolve) => setTimeout(resolve, kAwayMs));  // the outage itself is what is measured
    const during = traffic.answers.length;
    assert.ok(during > 50 + kAwayMs / 250, `requests are answered meanwhile: ${during}`);
    await goOn(server);
    await Promise.all(gates.map(connected));
    await eventually('traffic behind it', () => traffic.answers.length > during + 50);
    await traffic.stop();
    const slowest = Math.max(...traffic.answers.map((one) => one.ms));
    const unlike = traffic.answers.filter((one) => one.action !== 'Continue');
    t.diagnostic(`${traffic.answers.length} answers, the slowest in ${slowest.toFixed(0)} ms, ${during} until it went on`);
    assert.deepEqual(unlike, [], 'nobody was refused');
    assert.ok(slowest < kDeadlineMs + 2000, `the slowest took ${slowest} ms`);
    assert.ok(await figure(gates[0], 'claimgate_velocity_shared_total{answer="local"}') > 0);

    // One limit again: what one has counted the other sees, and nobody counts for himself any more.
    const locally = await figure(gates[0], 'claimgate_velocity_shared_total{answer="local"}');
    for (const [i, gate] of gates.entries()) assert.equal(await action(gate, { email: `z${i}@after.example` }), 'Continue');
    for (const gate of gates) assert.equal((await admin(gate, '/velocity?limit=per_domain&email=x%40after.example')).json.count, 2);
    assert.equal(await figure(gates[0], 'claimgate_velocity_shared_total{answer="local"}'), locally);
  });
}

// What was acknowledged is there after kill -9, once; what was not may be there, once.
test('kill -9 of claimgate loses no acknowledged approval and doubles none', { skip }, async (t) => {
  const server = await redis(t, { lines: ['appendfsync always'] });
  const rounds = Number(process.env.CLAIMGATE_KILL_ROUNDS ?? 4);
  const acknowledged = new Set();
  let asked = 0;
  for (let round = 0; round < rounds; ++round) {
    const gate = await serve(t, approver(server));
    await connected(gate);
    gate.stop = async () => gate.child.kill('SIGKILL');
    let stopped = false;
    const asking = Array.from({ length: 4 }, async (_, lane) => {
      for (let i = 0; !stopped && i < 500; ++i) {
        const email = `p${round}-${lane}-${i}@kill.example`;
        try {
          ++asked;
          const told = await approval(gate, 'request', email);
          assert.equal(told, 'Received.', email);
          acknowledged.add(email);
        } catch (error) {
          if (error instanceof assert.AssertionError) throw error;
          return;  // it is dead
        }
      }
    });
    const before = acknowledged.size;
    await eventually('some to be acknowledged', () => acknowledged.size >= before + 5 + (round * 7) % 20);
    gate.signal('SIGKILL');
    await gate.exit();
    stopped = true;
    await Promise.all(asking);
    // A kill -9 of the server, too: it has put on the disk what it has answered.
    if (round % 2 === 1) {
      await server.kill();
      await server.start();
    }
  }
  const gate = await serve(t, approver(server));
  await connected(gate);
  for (const email of acknowledged) {
    assert.equal(await approval(gate, 'check', email), 'Pending.', email);
  }
  let listed = 0;
  for (let after = ''; ;) {
    const { json } = await admin(gate, `/approvals/guests?limit=1000${after && `&after=${after}`}`);
    listed += json.approvals.length;
    if (!json.next) break;
    after = json.next;
  }
  t.diagnostic(`${rounds} kills, ${asked} asked, ${acknowledged.size} acknowledged, ${listed} kept`);
  assert.ok(listed >= acknowledged.size && listed <= asked);
});

// The line of the manual, so that it says all that is needed.
const kAcl = fs.readFileSync(`${root}/docs/state.md`, 'utf8').match(/^user claimgate on .*$/m)[0]
  .replace('PASSWORD', 'open-sesame');

test('over TLS, as a user of an ACL, with a certificate of its own; whoever else vouches is not believed', { skip }, async (t) => {
  const directory = scratch(t);
  const authority = certificate(directory, 'authority');
  const named = certificate(directory, 'localhost', { names: ['localhost'], by: authority });
  const us = certificate(directory, 'us', { by: authority });
  const server = await redis(t, {
    tls: true,
    lines: [`tls-cert-file ${named.file}`, `tls-key-file ${named.keyFile}`, `tls-ca-cert-file ${authority.file}`, 'tls-auth-clients yes',
      'user default off', kAcl],
  });
  const settings = (more) => limited(server, {
    limit: { at_most: 1, counts: 'attempts' }, rule: { when_away: 'closed' }, decision_cache: { redis: true },
    state: state(server, { username: 'claimgate', password: '${env:PASSWORD}', ca: authority.file, certificate: us.file, certificate_key: us.keyFile, ...more }),
  });
  const env = { PASSWORD: 'open-sesame' };
  const gate = await serve(t, settings(), { env });
  await connected(gate);
  assert.equal(await action(gate, { email: 'a@busy.example' }), 'Continue');
  assert.equal(await action(gate, { email: 'b@busy.example' }), 'ShowBlockPage');
  assert.equal((await admin(gate, '/velocity?limit=per_domain&email=a%40busy.example')).json?.count, 1);
  assert.equal((await admin(gate, '/velocity?limit=per_domain&email=a%40busy.example', 'DELETE')).json?.reset, 1);
  await eventually('decisions to be shared', async () => (await admin(gate, '/decisions?all=true', 'DELETE')).status === 200);
  assert.equal(await figure(gate, 'claimgate_state_failures_total{reason="unavailable"}'), 0);
  assert.equal(await figure(gate, 'claimgate_redis_failures_total{reason="refused"}'), 0, 'the user may do all that is needed');
  assert.doesNotMatch(gate.stderr, /open-sesame/);

  const stranger = certificate(directory, 'stranger');
  const distrusting = await serve(t, settings({ ca: stranger.file }), { env });
  await distrusting.line(/rediss:\/\/.*TLS/);
  assert.equal(await action(distrusting, { email: 'c@busy.example' }), 'ValidationError');
  const unknown = await serve(t, settings(), { env: { PASSWORD: 'guessed' } });
  await unknown.line(/refuses the username or password/);
  assert.equal(await action(unknown, { email: 'd@busy.example' }), 'ValidationError');

  const cwd = scratch(t, { 'claimgate.yaml': yaml(settings({ ca: '/nowhere/ca.pem' })) });
  const checked = await run(['check', 'claimgate.yaml'], { cwd, env });
  assert.equal(checked.code, 2);
  assert.match(checked.stderr, /cannot read "\/nowhere\/ca\.pem"/);
});

test('what changes of the state needs a restart, and says so', { skip }, async (t) => {
  const server = await redis(t);
  const gate = await serve(t, limited(server));
  gate.rewrite(limited(server, { state: state(server, { timeout: '250ms' }), decision_cache: { redis: true } }));
  gate.signal('SIGHUP');
  await gate.line(/decision_cache has changed and needs a restart/);
  await gate.line(/state has changed and needs a restart/);
});
