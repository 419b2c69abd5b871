// Limits: what is over them, what a retry counts, two workers and one limit, and the people who look.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { configuration, eventually, kAuthorization, run, scratch, serve, yaml } from './lib/claimgate.mjs';
import { scrape } from './lib/openmetrics.mjs';

const kOver = { name: 'too many', limit: 'per_domain', block: 'refused' };

function limited(limit = {}, { rules = [kOver], ...changes } = {}) {
  return configuration({
    velocity: { per_domain: { key: ['email.domain'], window: '1h', at_most: 3, ...limit } },
    connector: { rules },
    ...changes,
  });
}

async function signUp(gate, claims) {
  const response = await fetch(`${gate.address}/signup`, {
    method: 'POST',
    headers: { authorization: kAuthorization, 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify({ step: 'PostAttributeCollection', ...claims }),
  });
  return (await response.json()).action;
}

async function admin(gate, query, method = 'GET') {
  const response = await fetch(`${gate.admin}/velocity${query}`, { method, headers: { connection: 'close' } });
  const text = await response.text();
  return { status: response.status, text, json: response.status === 200 ? JSON.parse(text) : null };
}

async function figures(gate) {
  const response = await fetch(`${gate.admin}/metrics`, { headers: { connection: 'close' } });
  const text = await response.text();
  return Object.fromEntries([...text.matchAll(/^claimgate_velocity_total\{limit="per_domain",result="(\w+)"\} (\d+)$/gm)]
    .map(([, result, count]) => [result, Number(count)]));
}

test('what is over a limit ends, a retry counts once, and the figures say so', async (t) => {
  const gate = await serve(t, limited());
  for (const name of ['a', 'b', 'a', 'c', 'a']) {
    assert.equal(await signUp(gate, { email: `${name}@busy.example` }), 'Continue', name);
  }
  assert.equal(await signUp(gate, { email: 'd@busy.example' }), 'ShowBlockPage');
  assert.equal(await signUp(gate, { email: 'c@busy.example' }), 'Continue', 'the first answer, again');
  assert.equal(await signUp(gate, { email: 'd@quiet.example' }), 'Continue');
  assert.deepEqual(await figures(gate), { within: 4, over: 1, retry: 3 });
  await scrape(gate.admin);  // well-formed

  const all = await admin(gate, '');
  assert.equal(all.status, 200, all.text);
  assert.deepEqual(all.json.limits, [{ limit: 'per_domain', counts: 'attempts', at_most: 3, window_ms: 3_600_000 }]);
  assert.equal(all.json.counters, 2);
  const busy = await admin(gate, '?limit=per_domain&email=whoever%40BUSY.example');
  assert.equal(busy.json.count, 3);
  assert.equal(busy.json.reached, true);
  assert.ok(busy.json.oldest_leaves_ms > 3_000_000 && busy.json.oldest_leaves_ms <= 3_600_000);
  assert.equal((await admin(gate, '?limit=per_domain&email=x%40other.example')).json.count, 0);
  assert.deepEqual((await admin(gate, '?limit=per_domain&email=x%40busy.example', 'DELETE')).json, { reset: 1 });
  assert.deepEqual((await admin(gate, '?limit=per_domain&email=x%40busy.example', 'DELETE')).json, { reset: 0 });
  assert.equal(await signUp(gate, { email: 'e@busy.example' }), 'Continue');
});

test('questions about limits that cannot be answered say why', async (t) => {
  const gate = await serve(t, limited());
  for (const [query, method, status, words] of [
    ['?limit=per_person&email=a%40b.example', 'GET', 404, /GET \/velocity names them/],
    ['?email=a%40b.example', 'GET', 400, /expected \?limit=/],
    ['?limit=per_domain', 'GET', 400, /no value/],
    ['?limit=per_domain&mail=a', 'GET', 400, /no claim/],
    ['?limit=per_domain&email=%zz', 'GET', 400, /percent-encoded/],
    ['', 'DELETE', 400, /expected \?limit=/],
    ['', 'PUT', 405, /reset by DELETE/],
  ]) {
    const answer = await admin(gate, query, method);
    assert.equal(answer.status, status, query);
    assert.match(answer.text, words);
  }
});

test('/velocity wants the token of the admin address', async (t) => {
  const gate = await serve(t, limited({}, { admin: { address: '127.0.0.1:0', token: 'a-token-of-some-length' } }));
  assert.equal((await admin(gate, '')).status, 401);
});

test('a limit is one for all workers: exactly so many accounts come through', async (t) => {
  const gate = await serve(t, limited({ at_most: 40, counts: 'accounts' }, {
    workers: 2,
    rules: [kOver, { name: 'postal code', when: { postalCode: 'wrong' }, validation_error: 'again' }],
  }));
  const actions = await Promise.all(Array.from({ length: 120 }, (_, i) =>
    signUp(gate, { email: `p${i}@busy.example`, ...(i % 4 === 0 && { postalCode: 'wrong' }) })));
  const count = (action) => actions.filter((one) => one === action).length;
  assert.equal(count('Continue'), 40);
  assert.equal(count('Continue') + count('ShowBlockPage') + count('ValidationError'), 120);
  assert.equal((await admin(gate, '?limit=per_domain&email=x%40busy.example')).json.count, 40);
});

test('in shadow a limit counts and lets everybody through; a reload puts it in force and counts on', async (t) => {
  const shadow = limited({}, { rules: [{ ...kOver, mode: 'shadow' }] });
  const gate = await serve(t, shadow);
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    assert.equal(await signUp(gate, { email: `${name}@busy.example` }), 'Continue', name);
  }
  const text = await (await fetch(`${gate.admin}/metrics`, { headers: { connection: 'close' } })).text();
  assert.match(text, /^claimgate_shadow_matches_total\{connector="signup",rule="too many"\} 2$/m);
  gate.rewrite(limited());
  gate.signal('SIGHUP');
  await eventually('the limit to be in force', async () => (await signUp(gate, { email: `${Math.random()}@busy.example` })) === 'ShowBlockPage');
});

test('check asks what came before; explain says how far a limit is used', async (t) => {
  const before = (times, ago) => [{ claims: { email: 'a@busy.example' }, times, ago }];
  const kTests = [
    { name: 'the third is let through', connector: 'signup', before: before(2, '59m'), claims: { email: 'a@busy.example' }, expect: { verdict: 'continue' } },
    { name: 'the fourth is not', connector: 'signup', before: before(3, '59m'), claims: { email: 'a@busy.example' }, expect: { verdict: 'block', rule: 'too many' } },
    { name: 'an hour later it is', connector: 'signup', before: before(3, '1h'), claims: { email: 'a@busy.example' }, expect: { verdict: 'continue' } },
  ];
  const cwd = scratch(t, {
    'claimgate.yaml': yaml(limited({}, { tests: kTests })),
    'wrong.yaml': yaml(limited({}, { tests: [{ ...kTests[1], expect: { verdict: 'continue' } }] })),
    'claims.json': '{"step":"PostAttributeCollection","email":"a@busy.example"}',
  });
  const good = await run(['check', '--coverage=required', 'claimgate.yaml'], { cwd });
  assert.equal(good.code, 0, good.stderr + good.stdout);
  assert.match(good.stdout, /3 tests passed/);
  const wrong = await run(['check', 'wrong.yaml'], { cwd });
  assert.equal(wrong.code, 3);
  assert.match(wrong.stderr, /expected the verdict continue, came block by rule "too many"/);

  const first = await run(['explain', '--config', 'claimgate.yaml', '--connector', 'signup', 'claims.json'], { cwd });
  assert.match(first.stdout, /too many +match, within the limit\n.*\n? +limit per_domain: 0 of 3 within 1h before this one\n/);
  const fourth = await run(['explain', '--config', 'claimgate.yaml', '--connector', 'signup', '--before', '3', 'claims.json'], { cwd });
  assert.match(fourth.stdout, /limit per_domain: 3 of 3 within 1h before this one, over it\n/);
  assert.match(fourth.stdout, /^verdict +block, by rule "too many"$/m);
});
