// Rules that ask a backend: what it decides, in time or not, once for everybody.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { test } from 'node:test';

import { configuration, eventually, run, scratch, serve, yaml } from './lib/claimgate.mjs';
import { parse } from './lib/openmetrics.mjs';
import { ask, assertContinue, connect, post } from './lib/wire.mjs';

// A backend that answers by `answer(request, body)` and remembers what it was asked. A function that
// answers nothing leaves the request open.
async function backend(t, answer) {
  const one = { asked: [], answer };
  const server = http.createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text) => (body += text)).on('end', async () => {
      one.asked.push({ method: request.method, url: request.url, headers: request.headers, body });
      const answered = await one.answer(request, body);
      if (answered === undefined) return;
      const { status = 200, json = {}, headers = {} } = answered;
      const text = JSON.stringify(json);
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(text);
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections?.();
    server.close();
  });
  one.url = `http://127.0.0.1:${server.address().port}`;
  return one;
}

// A configuration whose one rule asks.
function asking(crm, { connector = {}, rule = {}, ...more } = {}) {
  return configuration({
    backends: {
      crm: {
        endpoints: [crm.url],
        request: { method: 'POST', path: '/search', json: { mail: '{email | lower}' } },
        response: [
          { when: { status: 200, json: { '/found': true } }, continue: { extension_tier: '{/tier}', city: '{/city}' } },
          { when: { status: 404 }, continue: {} },
          { when: { status: 409 }, block: 'refused' },
          { when: { status: 422 }, validation_error: 'again' },
        ],
        timeout: '2s',
        ...(more.backend ?? {}),
      },
    },
    ...more.top,
    connector: {
      otherwise: { block: 'later' },
      rules: [{ name: 'tier', ask: 'crm', ...rule }],
      ...connector,
    },
    messages: {
      refused: { en: 'Not open to {email.domain}.', sv: 'Inte öppen för {email.domain}.' },
      again: { en: 'Check your number.' },
      later: { en: 'Try again later.' },
    },
  });
}

const found = { json: { found: true, tier: 'gold', city: 'Lund "1"' } };
const person = (n, more = {}) => ({ step: 'PostAttributeCollection', email: `P${n}@Mail.example`, ...more });
const later = { version: '1.0.0', action: 'ShowBlockPage', userMessage: 'Try again later.' };

async function metric(gate, name, labels) {
  const response = await fetch(`${gate.admin}/metrics`, { headers: { connection: 'close' } });
  const families = parse(await response.text());
  const samples = families[name]?.samples ?? [];
  return samples
    .filter((s) => Object.entries(labels).every(([k, v]) => s.labels[k] === v))
    .reduce((sum, s) => sum + s.value, 0);
}

test('what the backend decides becomes the answer, each of the three', async (t) => {
  const crm = await backend(t, (_, body) => {
    const { mail } = JSON.parse(body);
    if (mail.startsWith('p1@')) return found;
    if (mail.startsWith('p2@')) return { status: 404 };
    if (mail.startsWith('p3@')) return { status: 409 };
    return { status: 422 };
  });
  const gate = await serve(t, asking(crm));
  assertContinue(await ask(t, gate.address, post(person(1))), { extension_tier: 'gold', city: 'Lund "1"' });
  assertContinue(await ask(t, gate.address, post(person(2))));
  const block = await ask(t, gate.address, post(person(3, { ui_locales: 'sv-SE' })));
  assert.equal(block.status, 200);
  assert.deepEqual(block.json, { version: '1.0.0', action: 'ShowBlockPage', userMessage: 'Inte öppen för mail.example.' });
  const error = await ask(t, gate.address, post(person(4)));
  assert.equal(error.status, 400);
  assert.equal(error.json.action, 'ValidationError');
  assert.equal(crm.asked.length, 4);
  assert.equal(crm.asked[0].method, 'POST');
  assert.equal(crm.asked[0].url, '/search');
  assert.deepEqual(JSON.parse(crm.asked[0].body), { mail: 'p1@mail.example' });
  assert.match(crm.asked[0].headers.traceparent, /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/);
  assert.ok(crm.asked[0].headers['x-request-id']);
  assert.equal(crm.asked[0].headers.authorization, undefined, 'the caller\'s credentials stay here');
});

test('a hundred equal sign-ups on two workers, and their retries, reach the backend once', async (t) => {
  const crm = await backend(t, async () => {
    await new Promise((resolve) => setTimeout(resolve, 300));
    return found;
  });
  const gate = await serve(t, asking(crm, { top: { workers: 2 } }));
  const bytes = post(person(1));
  for (let round = 0; round < 2; round++) {
    const answers = await Promise.all(Array.from({ length: 100 }, () => ask(t, gate.address, bytes)));
    for (const answer of answers) assertContinue(answer, { extension_tier: 'gold', city: 'Lund "1"' });
  }
  assert.equal(crm.asked.length, 1);
});

test('at the deadline `otherwise` is told, and the late answer is there for the retry', async (t) => {
  let release;
  const crm = await backend(t, () => new Promise((resolve) => (release = () => resolve(found))));
  const gate = await serve(t, asking(crm, { connector: { deadline: '200ms' } }));
  const began = Date.now();
  const first = await ask(t, gate.address, post(person(1)));
  assert.ok(Date.now() - began >= 190, 'not before its time');
  assert.deepEqual(first.json, later);
  release();
  await eventually('the late answer to be kept', async () =>
    (await metric(gate, 'claimgate_decision_cache_entries', {})) === 1);
  assertContinue(await ask(t, gate.address, post(person(1))), { extension_tier: 'gold', city: 'Lund "1"' });
  assert.equal(crm.asked.length, 1);
  assert.equal(await metric(gate, 'claimgate_fallbacks', { reason: 'deadline' }), 1);
});

test('decisions are remembered by the claims of the key, shown, forgotten and preloaded', async (t) => {
  const crm = await backend(t, () => found);
  const gate = await serve(t, asking(crm, { rule: { cache: { key: ['email | lower'], ttl: { continue: '10m' } } } }));
  assertContinue(await ask(t, gate.address, post(person(1))), { extension_tier: 'gold', city: 'Lund "1"' });
  assertContinue(await ask(t, gate.address, post(person(1, { email: 'p1@mail.example', surname: 'X' }))),
    { extension_tier: 'gold', city: 'Lund "1"' });
  assert.equal(crm.asked.length, 1);
  const api = async (query, options = {}) => {
    const response = await fetch(`${gate.admin}/decisions${query}`, { ...options, headers: { connection: 'close', ...options.headers } });
    return { status: response.status, json: await response.json() };
  };
  const overview = await api('');
  assert.equal(overview.json.hits, 1);
  assert.deepEqual(overview.json.rules, [{ connector: 'signup', rule: 'tier', backend: 'crm' }]);
  const [shown] = (await api('?connector=signup&email=P1%40mail.example')).json.decisions;
  assert.equal(shown.state, 'fresh');
  assert.deepEqual(shown.decision, { continue: { extension_tier: 'gold', city: 'Lund "1"' } });
  assert.equal((await api(`?key=${shown.key}`)).json.state, 'fresh');
  assert.deepEqual((await api('?connector=signup&email=p1%40mail.example', { method: 'DELETE' })).json, { deleted: 1 });
  assert.deepEqual((await api(`?key=${shown.key}`)).json, { state: 'missing' });
  const preload = await api('', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ decisions: [
      { connector: 'signup', rule: 'tier', claims: { email: 'p2@mail.example' }, decision: { continue: { extension_points: 7 } }, ttl: '1m' },
      { connector: 'signup', rule: 'tier', claims: { email: 'p3@mail.example' }, decision: { block: 'refused' } },
    ] }),
  });
  assert.deepEqual(preload.json, { kept: 2 });
  assertContinue(await ask(t, gate.address, post(person(2))), { extension_points: 7 });
  assert.equal((await ask(t, gate.address, post(person(3)))).json.userMessage, 'Not open to mail.example.');
  assert.equal(crm.asked.length, 1);
  for (const [query, options, status] of [
    ['?connector=nobody&email=x', {}, 404], ['?email=x', {}, 400], ['?key=zz', {}, 400],
    ['?connector=signup&unheard=1', {}, 400], ['', { method: 'PUT' }, 405],
    ['', { method: 'POST', body: '{}', headers: { 'content-type': 'text/plain' } }, 415],
    ['', { method: 'POST', body: '{"decisions":[{}]}', headers: { 'content-type': 'application/json' } }, 400],
  ]) {
    assert.equal((await api(query, options)).status, status, `${options.method ?? 'GET'} ${query}`);
  }
});

test('at the token step nothing is remembered unless the rule says so, and equal questions share a call', async (t) => {
  const crm = await backend(t, async () => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    return found;
  });
  const config = asking(crm, { rule: { cache: { key: ['email'] } } });
  const { signup } = config.connectors;
  config.connectors.kept = { ...signup, path: '/kept', rules: [{ name: 'tier', ask: 'crm', cache: { key: ['email'], token_step: true } }] };
  const gate = await serve(t, config);
  const tokenFor = (n, path) => ask(t, gate.address, post(person(n, { step: 'PreTokenIssuance' }), { path }));
  const told = { extension_tier: 'gold', city: 'Lund "1"' };
  for (const asked of [1, 2, 3]) {  // one after the other: none is taken for the retry of another
    assertContinue(await tokenFor(1, '/signup'), told);
    assert.equal(crm.asked.length, asked);
  }
  for (let i = 0; i < 3; i++) assertContinue(await tokenFor(1, '/kept'), told);
  assert.equal(crm.asked.length, 4);
  for (const answer of await Promise.all(Array.from({ length: 10 }, () => tokenFor(2, '/signup')))) assertContinue(answer, told);
  assert.ok(crm.asked.length < 4 + 10, `${crm.asked.length - 4} calls for ten at once`);
});

test('while the backend is dead stale decisions go on, and then `otherwise`', async (t) => {
  const crm = await backend(t, () => found);
  const gate = await serve(t, asking(crm, {
    rule: { cache: { key: ['email'], ttl: { continue: '50ms' }, stale: '1h', jitter: '0%' } },
    connector: { retry_window: '0ms' },
  }));
  assertContinue(await ask(t, gate.address, post(person(1))), { extension_tier: 'gold', city: 'Lund "1"' });
  crm.answer = () => ({ status: 500 });
  await eventually('it to be stale', async () => {
    assertContinue(await ask(t, gate.address, post(person(1))), { extension_tier: 'gold', city: 'Lund "1"' });
    return (await metric(gate, 'claimgate_decisions', { result: 'stale' })) > 0;
  });
  assert.deepEqual((await ask(t, gate.address, post(person(2)))).json, later);
  assert.equal((await fetch(`${gate.admin}/readyz`)).status, 200);
});

test('a client that leaves ends nothing for those who wait', async (t) => {
  let release;
  const crm = await backend(t, () => new Promise((resolve) => (release = () => resolve(found))));
  const gate = await serve(t, asking(crm));
  const leaves = await connect(t, gate.address);
  await leaves.send(post(person(1)));
  await eventually('the backend to be asked', () => crm.asked.length === 1);
  const stays = await connect(t, gate.address);
  await stays.send(post(person(1)));
  await eventually('both to wait', async () => (await metric(gate, 'claimgate_requests_pending', {})) === 2);
  leaves.socket.resetAndDestroy?.();
  leaves.destroy();
  release();
  assertContinue(await stays.answer(), { extension_tier: 'gold', city: 'Lund "1"' });
  assert.equal(crm.asked.length, 1);
});

test('a reload leaves alone what waits, and what is remembered', async (t) => {
  let release;
  const crm = await backend(t, () => new Promise((resolve) => (release = () => resolve(found))));
  const before = asking(crm, { rule: { cache: { key: ['email'], ttl: { continue: '10m' } } } });
  const gate = await serve(t, before);
  const waits = await connect(t, gate.address);
  await waits.send(post(person(1)));
  await eventually('the backend to be asked', () => crm.asked.length === 1);
  const after = asking(crm, { rule: { cache: { key: ['email'], ttl: { continue: '20m' } } } });
  after.connectors.signup.rules.push({ name: 'new', set: { jobTitle: 'new' } });
  gate.rewrite(after);
  gate.signal('SIGHUP');
  await gate.line(/configuration number 2 is in force/);
  release();
  assertContinue(await waits.answer(), { extension_tier: 'gold', city: 'Lund "1"' });
  assertContinue(await ask(t, gate.address, post(person(1))), { extension_tier: 'gold', city: 'Lund "1"', jobTitle: 'new' });
  assert.equal(crm.asked.length, 1);
});

test('SIGTERM waits for what is asked, and answers it', async (t) => {
  let release;
  const crm = await backend(t, () => new Promise((resolve) => (release = () => resolve(found))));
  const gate = await serve(t, asking(crm, { top: { workers: 2 } }));
  const waits = await connect(t, gate.address);
  await waits.send(post(person(1)));
  await eventually('the backend to be asked', () => crm.asked.length === 1);
  gate.signal('SIGTERM');
  await gate.line(/draining/);
  release();
  const answer = await waits.answer();
  assertContinue(answer, { extension_tier: 'gold', city: 'Lund "1"' });
  assert.equal(answer.fields.connection, 'close');
  await waits.isClosed();
  assert.deepEqual(await gate.exit(), { code: 0, signal: null });
});

test('requests that need no backend are answered while others wait, in order on each connection', async (t) => {
  const crm = await backend(t, async () => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    return found;
  });
  const config = asking(crm);
  config.connectors.signup.rules.unshift({ name: 'norway', when: { country: 'Norway' }, block: 'refused' });
  const gate = await serve(t, config);
  const wire = await connect(t, gate.address);
  const norway = post(person(9, { country: 'Norway' }));
  await wire.send(Buffer.concat([norway, post(person(1)), norway, post(person(2)), norway]));
  const told = [];
  for (let i = 0; i < 5; i++) told.push((await wire.answer()).json.action);
  assert.deepEqual(told, ['ShowBlockPage', 'Continue', 'ShowBlockPage', 'Continue', 'ShowBlockPage']);
});

test('above `limits.pending` a request is shed at once', async (t) => {
  let release;
  const waiting = new Promise((resolve) => (release = () => resolve(found)));
  const crm = await backend(t, () => waiting);
  const gate = await serve(t, asking(crm, { top: { limits: { pending: 1 } } }));
  const waits = await connect(t, gate.address);
  await waits.send(post(person(1)));
  await eventually('the backend to be asked', () => crm.asked.length === 1);
  assert.deepEqual((await ask(t, gate.address, post(person(2)))).json, later);
  assert.equal(await metric(gate, 'claimgate_fallbacks', { reason: 'pending' }), 1);
  release();
  assertContinue(await waits.answer(), { extension_tier: 'gold', city: 'Lund "1"' });
});

test('the access log says where an answer came from', async (t) => {
  const crm = await backend(t, () => found);
  const config = asking(crm, { rule: { cache: { key: ['email'] } } });
  config.access_log = { file: 'access.log' };
  const gate = await serve(t, config);
  await ask(t, gate.address, post(person(1)));
  await ask(t, gate.address, post(person(1)));
  const file = path.join(gate.directory, 'access.log');
  const lines = await eventually('two lines', () => {
    const all = fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
    return all.length >= 2 && all.map((line) => JSON.parse(line));
  });
  assert.equal(lines[0].source, 'backend');
  assert.ok(lines[0].backend_us > 0);
  assert.ok(lines[0].duration_us >= lines[0].backend_us);
  assert.equal(lines[1].source, 'cache');
  assert.equal(lines[1].backend_us, undefined);
});

test('explain shows the question and takes a verdict in the backend\'s place', async (t) => {
  const config = asking({ url: 'http://127.0.0.1:1' });
  config.backends.crm.request.headers = { 'X-Key': '${env:CRM_KEY}' };
  const directory = scratch(t, { 'c.yaml': yaml(config), 'claims.json': JSON.stringify(person(1)) });
  const args = ['explain', '--config', 'c.yaml', '--connector', 'signup'];
  const env = { CRM_KEY: 'topsecret' };
  const open = await run([...args, 'claims.json'], { cwd: directory, env });
  assert.equal(open.code, 0, open.stderr);
  assert.match(open.stdout, /POST \/search/);
  assert.match(open.stdout, /"mail":"p1@mail\.example"/);
  assert.match(open.stdout, /X-Key: \*\*\*\*/i);
  assert.doesNotMatch(open.stdout, /topsecret/);
  assert.match(open.stdout, /--backend 'crm=continue/);
  const told = await run([...args, '--backend', 'crm=continue:{"city":"Lund"}', 'claims.json'], { cwd: directory, env });
  assert.match(told.stdout, /"action":"Continue","city":"Lund"/);
  const failed = await run([...args, '--backend', 'crm=unresolved', 'claims.json'], { cwd: directory, env });
  assert.match(failed.stdout, /by `otherwise`/);
  const wrong = await run([...args, '--backend', 'cmr=continue', 'claims.json'], { cwd: directory, env });
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /did you mean "crm"/);
});
