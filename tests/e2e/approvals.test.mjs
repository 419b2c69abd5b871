// Approvals (protocol.md c.2): the two connectors, the admin address, the command line, and what kill -9 leaves.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { admin, kAdminToken as kSecret } from './lib/admin.mjs';
import { kAuthorization, configuration, eventually, run, scratch, serve } from './lib/claimgate.mjs';

const kKey = crypto.randomBytes(32).toString('base64');

const auth = { basic: [{ username: 'b2c', password: 's3cr:et' }] };

function approving(state, changes = {}) {
  const connector = (step, ask) => ({
    path: `/approvals/${ask}`,
    dialect: 'b2b-signup',
    step,
    auth,
    otherwise: { block: 'later' },
    rules: [
      { name: 'partners', when: { 'email.domain': { equals: 'partner.example' } }, continue: {} },
      { name: 'tidy', when: { city: { exists: true } }, set: { city: '{city | title_case}' } },
      { name: 'guests', approval: 'guests', step: ask },
    ],
  });
  return {
    ...configuration(),
    admin: { address: '127.0.0.1:0', token: kSecret },
    state,
    messages: {
      requested: { en: 'Your request was received.', pt: 'O seu pedido foi recebido.' },
      pending: { en: 'Your request is being processed.', pt: 'O seu pedido ainda aguarda aprovacao.' },
      denied: { en: 'Your request was denied.' },
      later: { en: 'Please try again later.' },
    },
    approvals: {
      guests: { key: ['email.canonical'], messages: { requested: 'requested', pending: 'pending', denied: 'denied' }, keep: '30d' },
    },
    connectors: { status: connector('PostFederationSignup', 'check'), request: connector('PostAttributeCollection', 'request') },
    ...changes,
  };
}

const sqlite = (t) => ({ sqlite: path.join(scratch(t), 'state.db'), key: kKey });

const person = (email, more = {}) => ({
  email, displayName: 'Ines Marques', city: 'porto', ui_locales: 'en-US',
  identities: [{ signInType: 'federated', issuer: 'google.com', issuerAssignedId: '1090733' }], ...more,
});

async function ask(gate, step, body) {
  const response = await fetch(`${gate.address}/approvals/${step}`, {
    method: 'POST',
    headers: { authorization: kAuthorization, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const json = await response.json();
  assert.equal(response.status, 200, JSON.stringify(json));
  return json.action === 'Continue' ? 'Continue' : json.userMessage;
}

test('from the request to the approval to the next sign-up', async (t) => {
  const gate = await serve(t, approving(sqlite(t)));
  const ines = person('Ines.Marques@posteo.example');
  assert.equal(await ask(gate, 'check', ines), 'Continue');
  assert.equal(await ask(gate, 'request', ines), 'Your request was received.');
  assert.equal(await ask(gate, 'request', ines), 'Your request was received.', 'a retry is told the same');
  assert.equal(await ask(gate, 'request', { ...ines, city: 'Lisboa' }), 'Your request is being processed.');
  assert.equal(await ask(gate, 'check', { ...ines, ui_locales: 'pt-PT' }), 'O seu pedido ainda aguarda aprovacao.');
  assert.equal(await ask(gate, 'request', person('li@partner.example')), 'Continue', 'approved by a rule');

  const { json: names } = await admin(gate, '/approvals');
  assert.deepEqual(names, { approvals: ['guests'] });
  const { json: listed } = await admin(gate, '/approvals/guests?state=pending');
  assert.equal(listed.approvals.length, 1);
  const { id } = listed.approvals[0];
  assert.doesNotMatch(JSON.stringify(listed), /ines|posteo/i, 'a list names nobody');
  const { json: shown } = await admin(gate, `/approvals/guests/${id}`);
  assert.deepEqual(shown.claims, { request: ines, set: { city: 'Porto' } });
  assert.deepEqual(shown.trail.map((one) => one.what), ['requested']);

  const decided = await admin(gate, `/approvals/guests/${id}/approve`, { by: 'anna', reason: 'a customer of ours' });
  assert.deepEqual(decided.json, { state: 'approved', changed: true });
  assert.equal((await admin(gate, `/approvals/guests/${id}/deny`, { by: 'bert', reason: 'no' })).status, 409);
  assert.equal(await ask(gate, 'check', ines), 'Continue');
  assert.equal(await ask(gate, 'request', ines), 'Continue');
  const { json: after } = await admin(gate, `/approvals/guests/${id}`);
  assert.deepEqual(after.trail.map(({ what, by, reason }) => [what, by, reason]),
    [['requested', 'claimgate', ''], ['approved', 'anna', 'a customer of ours']]);
  const metrics = await admin(gate, '/metrics');
  assert.match(metrics.text, /^claimgate_approvals_total\{change="approved"\} 1$/m);
  assert.match(metrics.text, /claimgate_answer_sources_total\{[^}]*source="state"[^}]*\} [1-9]/);
  assert.doesNotMatch(gate.stderr + gate.stdout, /ines|posteo/i);
});

test('who is denied is told so, and a denial may be taken back', async (t) => {
  const gate = await serve(t, approving('memory'));
  const someone = person('someone@elsewhere.example');
  await ask(gate, 'request', someone);
  const { id } = (await admin(gate, '/approvals/guests')).json.approvals[0];
  const decide = (verb) => admin(gate, `/approvals/guests/${id}/${verb}`, { by: 'anna', reason: 'r' });
  assert.equal((await decide('deny')).json.state, 'denied');
  assert.equal((await decide('deny')).json.changed, false);
  assert.equal(await ask(gate, 'check', someone), 'Your request was denied.');
  assert.equal(await ask(gate, 'request', someone), 'Your request was denied.');
  assert.equal((await decide('approve')).json.state, 'approved');
  assert.equal(await ask(gate, 'request', someone), 'Continue');
});

test('the admin address refuses what it should', async (t) => {
  const gate = await serve(t, approving('memory'));
  assert.equal((await admin(gate, '/approvals', undefined, 'wrong')).status, 401);
  assert.equal((await admin(gate, '/approvals/others')).status, 404);
  assert.equal((await admin(gate, '/approvals/guests/0123')).status, 404);
  assert.equal((await admin(gate, '/approvals/guests/0123/approve', { by: 'a', reason: 'b' })).status, 404);
  assert.equal((await admin(gate, '/approvals/guests/0123/approve')).status, 405);
  assert.equal((await admin(gate, '/approvals/guests/0123/forget', {})).status, 404);
  assert.equal((await admin(gate, '/approvals/guests', {})).status, 405);
  assert.equal((await admin(gate, '/approvals/guests?state=lost')).status, 400);
  for (const body of [{}, { by: 'a' }, { by: '', reason: 'b' }, { by: 'a', reason: 5 }, { by: 'a', reason: 'x'.repeat(2000) }]) {
    assert.equal((await admin(gate, '/approvals/guests/0123/deny', body)).status, 400, JSON.stringify(body));
  }
});

test('the command line does what the admin address does', async (t) => {
  const gate = await serve(t, approving('memory'));
  await ask(gate, 'request', person('a@b.example'));
  const command = (...args) => run(['approvals', ...args], { env: { CLAIMGATE_ADMIN_TOKEN: kSecret } });
  const listed = await command('list', '--admin', gate.admin, 'guests');
  assert.equal(listed.code, 0, listed.stderr);
  const [, id] = listed.stdout.match(/^([0-9a-f]{32})  pending /m) ?? assert.fail(listed.stdout);
  const shown = await command('show', '--admin', gate.admin, 'guests', id);
  assert.equal(JSON.parse(shown.stdout).claims.request.email, 'a@b.example');
  const denied = await command('deny', '--admin', gate.admin, 'guests', id, '--by', 'anna', '--reason', 'not "known"');
  assert.equal(denied.code, 0, denied.stderr);
  assert.match((await command('list', '--admin', gate.admin, '--state', 'denied', 'guests')).stdout, new RegExp(id));
  assert.doesNotMatch((await command('list', '--admin', gate.admin, '--state', 'pending', 'guests')).stdout, new RegExp(id));
  const wrong = await command('show', '--admin', gate.admin, 'guests', '00');
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /there is no approval with this id/);
  assert.equal((await command('list', 'guests')).code, 2, 'where to?');
});

test('mistakes are said where they are', async (t) => {
  const check = async (configuration) => {
    const cwd = scratch(t, { 'claimgate.yaml': JSON.stringify(configuration) });
    return (await run(['check', 'claimgate.yaml'], { cwd })).stderr;
  };
  assert.match(await check(approving(undefined)), /approvals are kept in a state, and there is none/);
  assert.match(await check(approving({ sqlite: 'state.db' })), /approvals keep claims, encrypted: a key is missing/);
  assert.match(await check(approving('memory', { approvals: { others: { key: ['email'], messages: { pending: 'pending', denied: 'denied' } } } })),
    /unknown approval "guests"/);
  assert.match(await check(approving('memory', { messages: { later: { en: 'x' }, pending: { en: 'y' }, denied: { en: 'z' } } })),
    /unknown message "requested"/);
});

test('a configuration tests its approvals with stand-ins, and explain takes them', async (t) => {
  const tested = approving('memory', {
    tests: [
      { name: 'waits', connector: 'status', claims: { email: 'a@b.example' }, backends: { 'approvals.guests': 'block:pending' }, expect: { verdict: 'block', message: 'Your request is being processed.' } },
      { name: 'goes on', connector: 'status', claims: { email: 'a@b.example' }, backends: { 'approvals.guests': 'continue' }, expect: { verdict: 'continue' } },
    ],
  });
  const cwd = scratch(t, { 'claimgate.yaml': JSON.stringify(tested), 'claims.json': '{"email":"a@b.example"}' });
  const checked = await run(['check', 'claimgate.yaml'], { cwd });
  assert.equal(checked.code, 0, checked.stderr + checked.stdout);
  assert.match(checked.stdout, /2 tests passed/);
  const explain = (...more) => run(['explain', '--config', 'claimgate.yaml', '--connector', 'request', ...more, 'claims.json'], { cwd });
  assert.match((await explain()).stdout, /verdict {4}that of "approvals\.guests"/);
  assert.match((await explain('--backend', 'approvals.guests=block:denied')).stdout, /Your request was denied/);
});

test('a state that cannot be opened ends the start and says why', async (t) => {
  const directory = scratch(t, { 'state.db': 'x'.repeat(5000) });
  const cwd = scratch(t, { 'claimgate.yaml': JSON.stringify(approving({ sqlite: path.join(directory, 'state.db'), key: kKey })) });
  const { code, stderr } = await run(['serve', '--config', 'claimgate.yaml'], { cwd });
  assert.equal(code, 1, stderr);
  assert.match(stderr, /state: .*state\.db: is no SQLite database/);
});

// What was acknowledged is there after kill -9, once; what was not may be there, once.
test('kill -9 loses no acknowledged approval and doubles none', async (t) => {
  const state = sqlite(t);
  const rounds = Number(process.env.CLAIMGATE_KILL_ROUNDS ?? 8);
  const acknowledged = new Map();  // email -> what its person was told last
  const approved = new Set();
  for (let round = 0; round < rounds; ++round) {
    const gate = await serve(t, approving(state), { expect: 0 });
    // The dead one's end is expected; a clean stop is not.
    let stop = false;
    const asking = Array.from({ length: 4 }, async (_, lane) => {
      for (let i = 0; !stop && i < 500; ++i) {
        const email = `p${round}-${lane}-${i}@kill.example`;
        try {
          const told = await ask(gate, 'request', person(email));
          assert.equal(told, 'Your request was received.', email);
          acknowledged.set(email, told);
        } catch (error) {
          if (error instanceof assert.AssertionError) throw error;
          return;  // it is dead
        }
      }
    });
    const deciding = (async () => {
      for (let i = 0; !stop && i < 50; ++i) {
        try {
          const page = await admin(gate, '/approvals/guests?state=pending&limit=1000');
          for (const { id } of (page.json?.approvals ?? []).slice(0, 3)) {
            const answer = await admin(gate, `/approvals/guests/${id}/approve`, { by: 'anna', reason: 'r' });
            if (answer.status === 200) approved.add(id);
          }
        } catch {
          return;
        }
      }
    })();
    const before = acknowledged.size;
    await eventually('some to be acknowledged', () => acknowledged.size >= before + 3 + (round * 7) % 20);
    gate.child.kill('SIGKILL');
    stop = true;
    await gate.exit();
    await Promise.all([...asking, deciding]);
    gate.stop = async () => gate.ended;
  }
  const gate = await serve(t, approving(state));
  const all = [];
  for (let after = ''; after !== null;) {
    const { json } = await admin(gate, `/approvals/guests?limit=1000&after=${after}`);
    all.push(...json.approvals);
    after = json.next;
  }
  assert.equal(new Set(all.map((one) => one.id)).size, all.length, 'none is there twice');
  assert.ok(all.length >= acknowledged.size, `${all.length} of ${acknowledged.size}`);
  const states = new Map(all.map((one) => [one.id, one.state]));
  for (const id of approved) assert.equal(states.get(id), 'approved', id);
  // Each acknowledged person is known: nobody is received a second time, a trail has one request.
  for (const email of acknowledged.keys()) {
    const told = await ask(gate, 'check', person(email));
    assert.ok(['Your request is being processed.', 'Continue'].includes(told), `${email}: ${told}`);
  }
  let requests = 0;
  for (const { id } of all) {
    const { json } = await admin(gate, `/approvals/guests/${id}`);
    assert.equal(json.trail.filter((one) => one.what === 'requested').length, 1);
    assert.ok(json.trail.filter((one) => one.what === 'approved').length <= 1);
    ++requests;
  }
  t.diagnostic(`${rounds} rounds, ${acknowledged.size} acknowledged, ${requests} stored, ${approved.size} approved`);
});
