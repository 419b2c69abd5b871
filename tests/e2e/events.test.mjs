// Events and the audit log through the real binary: what is in them and what never is, webhooks in both
// modes with signatures that an independent reading verifies, order by key, dead letters, the chain.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { configuration, eventually, kAuthorization, run, serve } from './lib/claimgate.mjs';
import { metric, receiver } from './lib/receiver.mjs';

const kKey = 'k'.repeat(40);
const kSecret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const kEnv = { env: { PSEUDONYMS: kKey, HOOK: kSecret } };
// The outbox is gone with the process where nothing else is said.
const kPseudonyms = { state: 'memory', pseudonyms: { key: '${env:PSEUDONYMS}' } };

const hash = (text) => crypto.createHmac('sha256', kKey).update(text).digest('hex');

async function signUp(gate, claims) {
  const response = await fetch(`${gate.address}/signup`, {
    method: 'POST', headers: { authorization: kAuthorization, 'content-type': 'application/json' },
    body: JSON.stringify({ step: 'PostAttributeCollection', ...claims }),
  });
  return response.json();
}

const linesOf = (file) =>
  (fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split('\n').filter(Boolean) : []).map((line) => JSON.parse(line));

function signed({ headers, body }) {
  const key = Buffer.from(kSecret.slice(6), 'base64');
  const text = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  return headers['webhook-signature'] === `v1,${crypto.createHmac('sha256', key).update(text).digest('base64')}`;
}

test('a file gets the events of a rule and of a verdict, with chosen claims only', async (t) => {
  const gate = await serve(t, configuration({
    ...kPseudonyms,
    sinks: { archive: { file: 'events.jsonl' } },
    events: {
      north: { type: 'com.example.north', claims: { country: 'plain', 'email.domain': 'plain' }, sinks: ['archive'] },
      blocked: { type: 'com.example.blocked', subject: 'email.canonical', key: ['email.canonical'],
        claims: { email: 'hash', surname: 'token', givenName: 'plain' }, sinks: ['archive'] },
    },
    connector: {
      on: { block: ['blocked'] },
      rules: [
        { name: 'north', when: { country: { in: ['Sweden'] } }, emit: 'north' },
        { name: 'shadow', mode: 'shadow', emit: 'north' },
        { name: 'refuse', when: { email: { ends_with: '@blocked.example' } }, block: 'refused' },
      ],
    },
  }), kEnv);
  await signUp(gate, { email: 'Ann@blocked.example', surname: 'Secretname', givenName: 'Ann"é', country: 'Sweden', city: 'Hidden' });
  await signUp(gate, { email: 'bob@open.example', country: 'Norway' });
  const file = path.join(gate.directory, 'events.jsonl');
  const events = await eventually('two events', () => linesOf(file).length === 2 && linesOf(file));
  const [north, blocked] = events;
  assert.deepEqual(Object.keys(north), ['specversion', 'id', 'source', 'type', 'time', 'datacontenttype', 'data']);
  assert.equal(north.specversion, '1.0');
  assert.equal(north.source, '/claimgate/connectors/signup');
  assert.ok(Math.abs(Date.parse(north.time) - Date.now()) < 600_000);
  assert.deepEqual(north.data, { connector: 'signup', step: 'PostAttributeCollection', verdict: 'block', rule: 'north',
    claims: { country: 'Sweden', 'email.domain': 'blocked.example' } });
  assert.equal(blocked.type, 'com.example.blocked');
  assert.equal(blocked.subject, hash('ann@blocked.example'));
  assert.equal(blocked.partitionkey, hash('ann@blocked.example'));
  assert.equal(blocked.data.rule, 'refuse');
  assert.equal(blocked.data.claims.email, hash('Ann@blocked.example'));
  assert.equal(blocked.data.claims.givenName, 'Ann"é');
  assert.match(blocked.data.claims.surname, /^tok_[\w-]+$/);
  const text = fs.readFileSync(file, 'utf8');
  for (const hidden of ['Secretname', 'Hidden', 'Ann@', 'bob']) assert.ok(!text.includes(hidden), hidden);
  assert.equal(fs.statSync(file).mode & 0o777, 0o600);
  await eventually('delivered', async () =>
    (await metric(gate, 'claimgate_events_delivered_total', { sink: 'archive' })) === 2);
  assert.equal(await metric(gate, 'claimgate_events_emitted_total', { event: 'blocked' }), 1);

  fs.renameSync(file, `${file}.1`);
  gate.signal('SIGHUP');
  await gate.line(/configuration number 2 is in force/);
  await signUp(gate, { email: 'eva@blocked.example' });
  await eventually('the file opened again', () => linesOf(file).length === 1);
});

test('webhooks are signed, in structured and in binary mode', async (t) => {
  const structured = await receiver(t, () => 204);
  const binary = await receiver(t, () => 200);
  const gate = await serve(t, configuration({
    ...kPseudonyms,
    sinks: {
      one: { webhook: structured.url, secret: '${env:HOOK}', headers: { authorization: 'Bearer x' } },
      two: { webhook: binary.url, secret: '${env:HOOK}', mode: 'binary' },
    },
    events: { told: { type: 'com.example.told', claims: { email: 'hash' }, sinks: ['one', 'two'] } },
    connector: { on: { continue: ['told'] } },
  }), kEnv);
  await signUp(gate, { email: 'ann@open.example', postalCode: '12345' });
  await eventually('both', () => structured.got.length === 1 && binary.got.length === 1);
  const [first] = structured.got;
  assert.match(first.headers['content-type'], /^application\/cloudevents\+json/);
  assert.equal(first.headers.authorization, 'Bearer x');
  assert.ok(signed(first));
  const event = JSON.parse(first.body);
  assert.equal(first.headers['webhook-id'], event.id);
  assert.equal(event.data.claims.email, hash('ann@open.example'));
  const [second] = binary.got;
  assert.equal(second.headers['content-type'], 'application/json');
  assert.equal(second.headers['ce-specversion'], '1.0');
  assert.equal(second.headers['ce-id'], event.id, 'one event for all its sinks');
  assert.equal(second.headers['ce-type'], 'com.example.told');
  assert.deepEqual(JSON.parse(second.body), event.data);
  assert.ok(signed(second));
});

test('what fails goes again in the order of its key; what is refused is a dead letter', async (t) => {
  const hook = await receiver(t, (request, body, number) => {
    const { data } = JSON.parse(body);
    if (data.claims.city === 'refused') return 410;
    if (number === 1) return 500;
    if (number === 2) return [503, { 'retry-after': '1' }];
    return 200;
  });
  const gate = await serve(t, configuration({
    ...kPseudonyms,
    sinks: { crm: { webhook: hook.url, backoff: '1ms', backoff_max: '2ms' } },
    events: { told: { type: 't', claims: { city: 'plain' }, key: ['email'], sinks: ['crm'] } },
    connector: { on: { continue: ['told'] } },
  }), kEnv);
  for (const city of ['a', 'b', 'refused', 'c']) await signUp(gate, { email: 'ann@open.example', city, postalCode: '12345' });
  await eventually('all four settled', async () =>
    (await metric(gate, 'claimgate_events_delivered_total', { sink: 'crm' })) === 3 &&
    (await metric(gate, 'claimgate_events_dead_total', { sink: 'crm' })) === 1);
  assert.deepEqual(hook.got.map(({ body }) => JSON.parse(body).data.claims.city), ['a', 'a', 'a', 'b', 'refused', 'c']);
  assert.equal(new Set(hook.got.slice(0, 3).map(({ headers }) => headers['webhook-id'])).size, 1);
});

test('the audit log has every verdict in a chain that holds, over restarts, and shows tampering', async (t) => {
  const settings = configuration({ ...kPseudonyms, audit: { directory: 'audit', person: ['email.canonical'], keep: '400d' } });
  const gate = await serve(t, settings, kEnv);
  await signUp(gate, { email: 'Ann@blocked.example', surname: 'Secretname' });
  await signUp(gate, { email: 'bob@open.example', postalCode: '12345' });
  await gate.stop();
  const directory = path.join(gate.directory, 'audit');
  const [name] = fs.readdirSync(directory);
  assert.match(name, /^audit-\d{4}-\d\d-\d\d\.jsonl$/);
  const file = path.join(directory, name);
  const lines = linesOf(file);
  assert.deepEqual(lines.map(({ verdict, rule, person }) => ({ verdict, rule, person })), [
    { verdict: 'block', rule: 'blocked', person: hash('ann@blocked.example') },
    { verdict: 'continue', rule: undefined, person: hash('bob@open.example') },
  ]);
  const whole = fs.readFileSync(file, 'utf8');
  assert.ok(!whole.includes('Secretname') && !whole.includes('@'));
  let before = '0'.repeat(64);
  for (const line of whole.trim().split('\n')) {
    const content = line.slice(0, line.lastIndexOf(',"chain":"'));
    assert.equal(JSON.parse(line).chain, hash(before + content), 'as an independent reading has it');
    before = JSON.parse(line).chain;
  }
  const verify = (...more) => run(['audit', 'verify', '--config', gate.file, ...more], { cwd: gate.directory, ...kEnv });
  const good = await verify();
  assert.equal(good.code, 0, good.stdout + good.stderr);
  assert.match(good.stdout, new RegExp(`2 lines in 1 files, 0 verdicts missing.*\\nhead ${before}`));

  fs.writeFileSync(file, `${whole}{"time":"2026`);  // what a crash leaves
  const cut = await verify();
  assert.equal(cut.code, 0);
  assert.match(cut.stdout, /never finished/);
  fs.writeFileSync(file, whole.split('\n').slice(0, 1).join('\n') + '\n');
  assert.equal((await verify()).code, 0, 'a chain does not show its missing end');
  assert.equal((await verify('--head', before)).code, 1, 'a head that was kept does');
  fs.writeFileSync(file, whole.replace('"block"', '"continue"'));
  const changed = await verify();
  assert.equal(changed.code, 1, 'the first line, too');
  assert.match(changed.stdout, /broken/);
  fs.writeFileSync(file, whole);

  // What is over its time is removed, and the chain holds from there on.
  const old = path.join(directory, 'audit-2020-01-01.jsonl');
  fs.renameSync(file, old);
  assert.equal((await verify()).code, 0);
  const third = await serve(t, settings, { ...kEnv, files: { 'audit/audit-2020-01-01.jsonl': whole } });
  await signUp(third, { email: 'eva@open.example', postalCode: '12345' });
  await third.stop();
  assert.deepEqual(fs.readdirSync(path.join(third.directory, 'audit')).filter((one) => one.includes('2020')), []);
  const later = await run(['audit', 'verify', '--config', third.file], { cwd: third.directory, ...kEnv });
  assert.equal(later.code, 0, later.stdout);
  assert.match(later.stdout, new RegExp(`begins behind ${before}`));
  assert.match(later.stdout, /^1 lines in 1 files/m);
  fs.rmSync(path.join(third.directory, 'audit', 'begin'));
  assert.equal((await run(['audit', 'verify', '--config', third.file], { cwd: third.directory, ...kEnv })).code, 1, 'without knowing where it begins');
});
