// Invitation codes: created once, redeemed as often as they say, by retries and by two workers at once, and what kill -9 leaves.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { admin, kAdminToken } from './lib/admin.mjs';
import { kAuthorization, configuration, eventually, root, run, scratch, serve } from './lib/claimgate.mjs';
import { noRedis, redis } from './lib/redis.mjs';

const kCode = /^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}$/;

function inviting(state, changes = {}) {
  return {
    ...configuration(),
    admin: { address: '127.0.0.1:0', token: kAdminToken },
    workers: 2,
    state,
    messages: {
      bad: { en: 'This code is not good.', pt: 'Este codigo nao serve.' },
      wanted: { en: 'Please enter your code.' },
      expired: { en: 'This code has expired.' },
      used: { en: 'This code was used.' },
      elsewhere: { en: 'This code is for somebody else.' },
      later: { en: 'Please try again later.' },
    },
    invitations: {
      partners: {
        code: 'extension_invitationCode',
        messages: { unknown: 'bad', missing: 'wanted', expired: 'expired', used_up: 'used', elsewhere: 'elsewhere' },
        block: ['elsewhere'],
      },
    },
    connectors: {
      signup: {
        path: '/signup',
        dialect: 'b2c-userflow',
        auth: { basic: [{ username: 'b2c', password: 's3cr:et' }] },
        otherwise: { block: 'later' },
        rules: [
          { name: 'invited', invitation: 'partners' },
          { name: 'the code is not kept', set: { extension_invitationCode: '' } },
        ],
      },
    },
    ...changes,
  };
}

const sqlite = (t) => ({ sqlite: path.join(scratch(t), 'state.db') });
const ofRedis = async (t) => ({
  redis: (await redis(t, { lines: ['appendfsync always'] })).url, key: crypto.randomBytes(32).toString('base64'),
});
const there = (gate) => eventually('the state', async () => (await admin(gate, '/invitations/partners')).status === 200);

async function create(gate, wishes = {}) {
  const { status, json, text } = await admin(gate, '/invitations/partners', { by: 'anna', ...wishes });
  assert.equal(status, 200, text);
  return json.codes;
}

async function answerOf(gate, email, code, more = {}) {
  const response = await fetch(`${gate.address}/signup`, {
    method: 'POST',
    headers: { authorization: kAuthorization, 'content-type': 'application/json' },
    body: JSON.stringify({ ...(email && { email }), ...(code !== undefined && { extension_invitationCode: code }), ...more }),
  });
  return { status: response.status, json: await response.json() };
}

// "Continue", or what the person is told, with a "!" in front when it is the end.
async function told(gate, email, code, more) {
  const { status, json } = await answerOf(gate, email, code, more);
  if (json.action === 'Continue') return 'Continue';
  assert.equal(status, json.action === 'ValidationError' ? 400 : 200);
  return (json.action === 'ShowBlockPage' ? '!' : '') + json.userMessage;
}

test('a code lets one person in, however often they come, and nobody else', async (t) => {
  const gate = await serve(t, inviting(sqlite(t)));
  const [{ code, id }] = await create(gate, { note: 'for the fair' });
  assert.match(code, kCode);
  assert.equal(await told(gate, 'ines@posteo.example', undefined), 'Please enter your code.');
  assert.equal(await told(gate, 'ines@posteo.example', 'open sesame'), 'This code is not good.');
  assert.equal(await told(gate, 'ines@posteo.example', 'open sesame', { ui_locales: 'pt' }), 'Este codigo nao serve.');
  const { json } = await answerOf(gate, 'ines@posteo.example', code);
  assert.deepEqual(json, { version: '1.0.0', action: 'Continue', extension_invitationCode: '' });
  assert.equal(await told(gate, 'ines@posteo.example', code), 'Continue', 'the caller repeats it');
  assert.equal(await told(gate, 'Ines@Posteo.example', code.toLowerCase(), { city: 'Porto' }), 'Continue', 'the form once more');
  assert.equal(await told(gate, 'otto@posteo.example', code), 'This code was used.');
  assert.equal(await told(gate, undefined, code), '!Please try again later.', 'nobody in particular');

  const { json: shown } = await admin(gate, `/invitations/partners/${id}`);
  assert.deepEqual([shown.state, shown.uses, shown.redeemed, shown.note], ['used_up', 1, 1, 'for the fair']);
  assert.deepEqual(shown.trail.map(({ what, by }) => [what, by]), [['created', 'anna']]);
  const { text } = await admin(gate, '/metrics');
  for (const [outcome, count] of [['redeemed', 1], ['again', 2], ['unknown', 2], ['used_up', 1], ['missing', 1]]) {
    assert.match(text, new RegExp(`^claimgate_invitations_total\\{outcome="${outcome}"\\} ${count}$`, 'm'));
  }
  assert.match(text, /^claimgate_invitations_created_total 1$/m);
  const everything = gate.stderr + gate.stdout + text + JSON.stringify(shown);
  assert.doesNotMatch(everything, /ines@|posteo/i);
  assert.ok(!everything.includes(code) && !everything.includes(code.replaceAll('-', '')), 'a code is in no log');
});

test('the database has neither codes nor people', async (t) => {
  const state = sqlite(t);
  const gate = await serve(t, inviting(state));
  const codes = await create(gate, { count: 20, address: 'ines@posteo.example', uses: 2 });
  assert.equal(await told(gate, 'ines@posteo.example', codes[0].code), 'Continue');
  await gate.stop();
  const bytes = fs.readdirSync(path.dirname(state.sqlite))
    .map((file) => fs.readFileSync(path.join(path.dirname(state.sqlite), file), 'latin1')).join('');
  assert.ok(bytes.includes(codes[0].id), 'it is the database');
  assert.doesNotMatch(bytes, /ines@|posteo/);
  for (const { code } of codes) assert.ok(!bytes.includes(code) && !bytes.includes(code.replaceAll('-', '')));
});

// `gates` get the same codes at the same time.
async function share(gates) {
  const of = (i) => gates[i % gates.length];
  for (const { code, id } of await create(gates[0], { count: 10 })) {
    const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => told(of(i), `p${i}@acme.example`, code)));
    assert.equal(answers.filter((one) => one === 'Continue').length, 1, answers.join());
    assert.equal(answers.filter((one) => one === 'This code was used.').length, 7, answers.join());
    assert.equal((await admin(of(1), `/invitations/partners/${id}`)).json.redeemed, 1);
  }
  const [{ code }] = await create(gates[0], { uses: 25 });
  const many = await Promise.all(Array.from({ length: 40 }, (_, i) => told(of(i), `p${i}@acme.example`, code)));
  assert.equal(many.filter((one) => one === 'Continue').length, 25);
}

test('two workers that get one code at the same time let exactly one person in', async (t) => {
  // Two connections or more each, spread over both workers by the system.
  await share([await serve(t, inviting('memory'))]);
});

test('two processes on one Redis let exactly one person in by a code', { skip: noRedis }, async (t) => {
  const state = await ofRedis(t);
  const gates = await Promise.all([serve(t, inviting(state)), serve(t, inviting(state))]);
  await Promise.all(gates.map(there));
  await share(gates);
});

test('a code may be for one address or for one domain', async (t) => {
  const gate = await serve(t, inviting('memory'));
  const [{ code: hers }] = await create(gate, { address: 'D.ana@Gmail.com' });
  assert.equal(await told(gate, 'otto@gmail.com', hers), '!This code is for somebody else.');
  assert.equal(await told(gate, 'dana+news@gmail.com', hers), 'Continue', 'one mailbox has many spellings');
  const [{ code: theirs }] = await create(gate, { domain: 'ACME.example', uses: 5 });
  assert.equal(await told(gate, 'a@notacme.example', theirs), '!This code is for somebody else.');
  assert.equal(await told(gate, 'a@mail.acme.example', theirs), 'Continue');
  assert.equal((await admin(gate, '/invitations/partners')).json.invitations.find((one) => one.uses === 5).domain, 'acme.example');
});

test('codes end with their time, when they are revoked, and are remembered by a restart', async (t) => {
  const state = sqlite(t);
  let gate = await serve(t, inviting(state));
  const [{ code: short }] = await create(gate, { expires: '1s' });
  const [{ code: never }] = await create(gate, { expires: 'never' });
  const [{ code: bad, id }] = await create(gate, { uses: 2 });
  const [{ code: used }] = await create(gate);
  assert.equal(await told(gate, 'a@acme.example', used), 'Continue');
  assert.equal(await told(gate, 'a@acme.example', bad), 'Continue');
  const revoke = () => admin(gate, `/invitations/partners/${id}/revoke`, { by: 'bert', reason: 'it was seen' });
  assert.deepEqual((await revoke()).json, { state: 'revoked', changed: true });
  assert.deepEqual((await revoke()).json, { state: 'revoked', changed: false });
  assert.equal(await told(gate, 'b@acme.example', bad), 'This code is not good.');
  const { json: shown } = await admin(gate, `/invitations/partners/${id}`);
  assert.deepEqual(shown.trail.map(({ what, by, reason }) => [what, by, reason]),
    [['created', 'anna', ''], ['revoked', 'bert', 'it was seen']]);
  let person = 0;
  await eventually('the short one to expire', async () => (
    (await told(gate, `p${++person}@acme.example`, short)) === 'This code has expired.'));
  await gate.stop();
  gate = await serve(t, inviting(state));
  assert.equal(await told(gate, 'b@acme.example', used), 'This code was used.');
  assert.equal(await told(gate, 'a@acme.example', used), 'Continue');
  assert.equal(await told(gate, 'b@acme.example', bad), 'This code is not good.');
  assert.equal(await told(gate, 'b@acme.example', never), 'Continue');
});

test('the admin address refuses what it should', async (t) => {
  const gate = await serve(t, inviting('memory'));
  assert.deepEqual((await admin(gate, '/invitations')).json, { invitations: ['partners'] });
  assert.equal((await admin(gate, '/invitations', undefined, 'wrong')).status, 401);
  assert.equal((await admin(gate, '/invitations', {})).status, 405);
  assert.equal((await admin(gate, '/invitations/others')).status, 404);
  assert.equal((await admin(gate, '/invitations/partners/0123')).status, 404);
  assert.equal((await admin(gate, '/invitations/partners/0123', {})).status, 405);
  assert.equal((await admin(gate, '/invitations/partners/0123/revoke')).status, 405);
  assert.equal((await admin(gate, '/invitations/partners/0123/forget', {})).status, 404);
  assert.equal((await admin(gate, '/invitations/partners/0123/revoke', { by: 'a', reason: 'b' })).status, 404);
  assert.equal((await admin(gate, '/invitations/partners?state=lost')).status, 400);
  for (const [wishes, words] of [
    [{}, /expected .*by/], [{ by: 5 }, /expected/], [{ by: 'a', cuont: 1 }, /expected/],
    [{ by: 'a', count: 0 }, /count is from 1 to 1000/], [{ by: 'a', count: 1001 }, /count is from 1 to 1000/],
    [{ by: 'a', uses: 10001 }, /uses is from 1 to 10000/], [{ by: 'a', uses: -1 }, /expected/],
    [{ by: 'a', expires: 'soon' }, /expires is a time like/], [{ by: 'a', expires: '2020-01-01' }, /in the past/],
    [{ by: 'a', expires: '9999-01-01' }, /more than 3650 days/], [{ by: 'a', address: 'ines' }, /no address/],
    [{ by: 'a', domain: 'a b' }, /no domain/], [{ by: 'a', address: 'a@b.example', domain: 'b.example' }, /an address or for a domain/],
    [{ by: 'a'.repeat(129) }, /by is longer than 128 bytes/], [{ by: 'a', note: 'n'.repeat(257) }, /note is longer than 256 bytes/],
  ]) {
    const { status, text } = await admin(gate, '/invitations/partners', wishes);
    assert.equal(status, 400, JSON.stringify(wishes));
    assert.match(text, words);
  }
  assert.deepEqual((await admin(gate, '/invitations/partners')).json, { invitations: [], next: null });
});

test('the command line does what the admin address does, and sends no code to look one up', async (t) => {
  const gate = await serve(t, inviting('memory'));
  const command = (verb, ...args) => run(['invitations', verb, '--admin', gate.admin, 'partners', ...args],
    { env: { CLAIMGATE_ADMIN_TOKEN: kAdminToken } });
  const created = await command('create', '--count', '3', '--uses', '2', '--expires', '7d', '--domain', 'acme.example',
    '--note', 'a "note"', '--by', 'anna');
  assert.equal(created.code, 0, created.stderr);
  const codes = created.stdout.trim().split('\n');
  assert.equal(codes.length, 3);
  for (const code of codes) assert.match(code, kCode);
  assert.equal(await told(gate, 'a@acme.example', codes[1]), 'Continue');
  const listed = await command('list');
  assert.equal(listed.stdout.match(/^[0-9a-f]{32}  open     [01]\/2 .*a "note"$/gm).length, 3, listed.stdout);
  const shown = JSON.parse((await command('show', codes[1])).stdout);
  assert.deepEqual([shown.redeemed, shown.domain, shown.for_address], [1, 'acme.example', false]);
  const revoked = await command('revoke', shown.id, '--by', 'bert', '--reason', 'seen');
  assert.deepEqual(JSON.parse(revoked.stdout), { state: 'revoked', changed: true }, revoked.stderr);
  assert.equal((await command('list', '--state', 'revoked')).stdout.match(/revoked/g).length, 1);
  assert.equal(JSON.parse((await command('list', '--json')).stdout).invitations.length, 3);
  const json = JSON.parse((await command('create', '--json', '--by', 'anna')).stdout);
  assert.match(json.codes[0].code, kCode);
  const wrong = await command('create', '--count', '2000', '--by', 'anna');
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /count is from 1 to 1000/);
  assert.equal((await command('create')).code, 2, 'by whom?');
});

test('an attribute of External ID has the message at its field', async (t) => {
  const gate = await serve(t, inviting('memory', {
    connectors: { signup: { ...inviting('memory').connectors.signup, dialect: 'ext-id' } },
  }));
  const attributes = { email: { '@odata.type': 'microsoft.graph.stringDirectoryAttributeValue', value: 'a@acme.example', attributeType: 'builtIn' },
    extension_0123456789abcdef0123456789abcdef_invitationCode: { '@odata.type': 'microsoft.graph.stringDirectoryAttributeValue', value: 'nothing', attributeType: 'directorySchemaExtension' } };
  const response = await fetch(`${gate.address}/signup`, {
    method: 'POST',
    headers: { authorization: kAuthorization, 'content-type': 'application/json' },
    body: JSON.stringify({
      type: 'microsoft.graph.authenticationEvent.attributeCollectionSubmit',
      data: { '@odata.type': 'microsoft.graph.onAttributeCollectionSubmitCalloutData',
        authenticationContext: { client: { locale: 'en-us' } },
        userSignUpInfo: { attributes, identities: [{ signInType: 'emailAddress', issuer: 'x.example', issuerAssignedId: 'a@acme.example' }] } },
    }),
  });
  const json = await response.json();
  const [action] = json.data.actions;
  assert.match(action['@odata.type'], /showValidationError$/);
  assert.equal(action.message, 'This code is not good.');
  assert.deepEqual(action.attributeErrors,
    { extension_0123456789abcdef0123456789abcdef_invitationCode: 'This code is not good.' });
});

test('mistakes are said where they are', async (t) => {
  const check = async (changes, state = 'memory') => {  // null: none
    const cwd = scratch(t, { 'claimgate.yaml': JSON.stringify(inviting(state ?? undefined, { admin: { address: '127.0.0.1:0' }, ...changes })) });
    return (await run(['check', 'claimgate.yaml'], { cwd })).stderr;
  };
  const partners = (more) => ({ invitations: { partners: { code: 'extension_invitationCode', messages: { unknown: 'bad' }, ...more } } });
  assert.equal(await check({}), '');
  assert.match(await check({}, null), /invitations are kept in a state, and there is none/);
  assert.match(await check({ invitations: undefined }), /unknown invitation "partners"/);
  assert.match(await check(partners({ messages: { unknown: 'bda' } })), /unknown message "bda"/);
  assert.match(await check(partners({ block: ['used'] })), /unknown refusal "used"[^]*one of: missing, unknown, expired, used_up, elsewhere/);
  assert.match(await check(partners({ code: 'email.domain' })), /only a claim can be a code/);
  assert.match(await check(partners({ person: 'email' })), /warning: one mailbox has many spellings/);
});

test('a configuration tests its invitations with stand-ins, and explain takes them', async (t) => {
  const one = (name, verdict, expect) => ({ name, connector: 'signup', claims: { email: 'a@b.example', extension_invitationCode: 'x' },
    backends: { 'invitations.partners': verdict }, expect });
  const tested = inviting('memory', { tests: [
    one('a good one', 'continue', { verdict: 'continue' }),
    one('a used one', 'used_up', { verdict: 'validation_error', message: 'This code was used.' }),
    one('not theirs', 'elsewhere', { verdict: 'block', message: 'This code is for somebody else.' }),
  ] });
  const cwd = scratch(t, { 'claimgate.yaml': JSON.stringify(tested), 'claims.json': '{"email":"a@b.example"}' });
  const checked = await run(['check', 'claimgate.yaml'], { cwd });
  assert.equal(checked.code, 0, checked.stderr + checked.stdout);
  assert.match(checked.stdout, /3 tests passed/);
  const explain = (...more) => run(['explain', '--config', 'claimgate.yaml', '--connector', 'signup', ...more, 'claims.json'], { cwd });
  assert.match((await explain()).stdout, /verdict {4}that of "invitations\.partners"/);
  assert.match((await explain('--backend', 'invitations.partners=expired')).stdout, /This code has expired/);
});

test('examples/invitations.yaml runs, and its limit is for guessing', async (t) => {
  const text = fs.readFileSync(path.join(root, 'examples/invitations.yaml'), 'utf8')
    .replace(/(address: 127\.0\.0\.1:)\d+/g, '$10').replace('sqlite: state.db', `sqlite: ${path.join(scratch(t), 'state.db')}`);
  const gate = await serve(t, text, { env: { B2C_PASSWORD: 's3cr:et' } });
  const ask = async (email, code) => {
    const response = await fetch(`${gate.address}/b2c/before-create`, { method: 'POST',
      headers: { authorization: kAuthorization, 'content-type': 'application/json' },
      body: JSON.stringify({ email, extension_invitationCode: code }) });
    return (await response.json()).userMessage ?? 'Continue';
  };
  const { json } = await admin(gate, '/invitations/partners', { by: 'anna' }, '');
  assert.equal(await ask('dana@acme.example', json.codes[0].code), 'Continue');
  const guesses = [];
  for (let i = 0; i < 12; ++i) guesses.push(await ask('guess@acme.example', `0000-0000-0000-00${String(i).padStart(2, '0')}`));
  assert.equal(new Set(guesses.slice(0, 10)).size, 1, guesses.join('\n'));
  assert.match(guesses[0], /not good/);
  assert.match(guesses[10], /Too many/);
});

// What was acknowledged is there after kill -9: whoever was let in stays the only one, and is let in again.
for (const [name, skip, open] of [['SQLite', false, sqlite], ['Redis', noRedis, ofRedis]]) {
  test(`kill -9 loses no acknowledged redemption and doubles none: ${name}`, { skip }, async (t) => lose(t, await open(t)));
}

async function lose(t, state) {
  const rounds = Number(process.env.CLAIMGATE_KILL_ROUNDS ?? 5);
  const letIn = new Map();  // code -> the one who was told Continue
  const tried = new Map();  // code -> everybody who brought it
  for (let round = 0; round < rounds; ++round) {
    const gate = await serve(t, inviting(state), { expect: 0 });
    await there(gate);
    const codes = (await create(gate, { count: 200 })).map((one) => one.code);
    let stop = false;
    const before = letIn.size;
    const bringing = Array.from({ length: 4 }, async (_, lane) => {
      for (let i = 0; !stop && i < codes.length; ++i) {
        const email = `p${lane}@kill.example`;  // four people, each with every code
        tried.set(codes[i], [...(tried.get(codes[i]) ?? []), email]);
        try {
          const answer = await told(gate, email, codes[i]);
          if (answer === 'This code was used.') continue;
          assert.equal(answer, 'Continue');
          assert.equal(letIn.get(codes[i]) ?? email, email, 'two people with one code');
          letIn.set(codes[i], email);
        } catch (error) {
          if (error instanceof assert.AssertionError) throw error;
          return;  // it is dead
        }
      }
    });
    await eventually('some to be let in', () => letIn.size >= before + 3 + (round * 7) % 20);
    gate.child.kill('SIGKILL');
    stop = true;
    await gate.exit();
    await Promise.all(bringing);
    gate.stop = async () => gate.ended;
  }
  const gate = await serve(t, inviting(state));
  await there(gate);
  for (const [code, email] of letIn) {
    assert.equal(await told(gate, email, code), 'Continue', 'the one who was let in');
    assert.equal(await told(gate, 'other@kill.example', code), 'This code was used.');
  }
  // A code whose answer was lost is with one person at most as well.
  let lost = 0;
  for (const [code, people] of tried) {
    if (letIn.has(code)) continue;
    const answers = [];
    for (const email of new Set(people)) answers.push(await told(gate, email, code));
    assert.equal(answers.filter((one) => one === 'Continue').length, 1, answers.join());
    ++lost;
  }
  const all = [];
  for (let after = ''; after !== null;) {
    const { json } = await admin(gate, `/invitations/partners?limit=1000&after=${after}`);
    all.push(...json.invitations);
    after = json.next;
  }
  assert.equal(all.length, rounds * 200, 'codes that were created are there');
  assert.ok(all.every((one) => one.redeemed <= 1));
  t.diagnostic(`${rounds} rounds, ${letIn.size} acknowledged, ${lost} whose answer was lost, ${all.length} codes`);
}
