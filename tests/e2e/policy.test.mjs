// A configuration's own tests, its coverage, the capture of a running server and what replay finds.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { configuration, eventually, kAuthorization, run, scratch, serve, yaml } from './lib/claimgate.mjs';
import { parse } from './lib/openmetrics.mjs';

const kTests = [
  { name: 'blocked', connector: 'signup', claims: { email: 'a@blocked.example' }, locale: 'sv-SE',
    expect: { verdict: 'block', rule: 'blocked', message: 'Inte öppen för blocked.example.' } },
  { name: 'sent back', connector: 'signup', file: 'body.json',
    expect: { verdict: 'validation_error', rule: 'postal code', message: 'Check your postal code.' } },
  { name: 'tidied', connector: 'signup', claims: { givenName: 'dana' },
    expect: { verdict: 'continue', rule: '', claims: { givenName: 'Dana' } } },
];
const kBody = { 'body.json': '{"postalCode":"1"}' };

test('check runs the tests of a configuration and ends with 0 when they pass', async (t) => {
  const cwd = scratch(t, { 'claimgate.yaml': yaml(configuration({ tests: kTests })), ...kBody });
  const { code, stdout, stderr } = await run(['check', 'claimgate.yaml'], { cwd });
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^claimgate\.yaml: no mistakes\..*\nclaimgate\.yaml: 3 tests passed\n$/);
});

test('check says where a test fails, and ends with 3; serve starts all the same', async (t) => {
  const broken = configuration({ tests: [...kTests, { ...kTests[2], name: 'wrong', expect: { verdict: 'block' } }] });
  const cwd = scratch(t, { 'claimgate.yaml': yaml(broken), ...kBody });
  const { code, stdout, stderr } = await run(['check', 'claimgate.yaml'], { cwd });
  assert.equal(code, 3, stderr);
  assert.match(stderr, /^claimgate\.yaml:\d+:\d+: error: test "wrong": expected the verdict block, came continue, no rule ended it$/m);
  assert.match(stdout, /1 of 4 tests failed/);
  await serve(t, broken, { files: kBody });
});

test('check --coverage names the rules that no test reaches, and =required makes them a failure', async (t) => {
  const cwd = scratch(t, { 'all.yaml': yaml(configuration({ tests: kTests })), 'some.yaml': yaml(configuration({ tests: kTests.slice(2) })), ...kBody });
  const all = await run(['check', '--coverage=required', 'all.yaml'], { cwd });
  assert.equal(all.code, 0, all.stdout + all.stderr);
  assert.match(all.stdout, /^coverage: 3 of 3 rules act in a test$/m);
  const some = await run(['check', '--coverage', 'some.yaml'], { cwd });
  assert.equal(some.code, 0, some.stderr);
  assert.match(some.stdout, /^some\.yaml:\d+:\d+: rule "blocked" of connector "signup" acts in no test$/m);
  assert.match(some.stdout, /^coverage: 1 of 3 rules act in a test$/m);
  const required = await run(['check', 'some.yaml', '--coverage=required'], { cwd });
  assert.equal(required.code, 3, required.stderr);
  const nonsense = await run(['check', 'some.yaml', '--coverage=much'], { cwd });
  assert.equal(nonsense.code, 2);
});

const kPeople = [
  { step: 'PostAttributeCollection', email: 'M4RK3R@blocked.example', givenName: 'M4RK3R', country: 'Sweden' },
  { step: 'PostAttributeCollection', email: 'M4RK3R@open.example', postalCode: '1M4RK3R', country: 'Norway' },
  { step: 'PostAttributeCollection', email: 'M4RK3R@open.example', givenName: 'M4RK3R', country: 'Norway', password: 'M4RK3R' },
];

async function signUp(gate, claims, path = '/signup') {
  const response = await fetch(gate.address + path, {
    method: 'POST', headers: { authorization: kAuthorization, 'content-type': 'application/json' }, body: JSON.stringify(claims),
  });
  await response.arrayBuffer();
  return response.status;
}

// A server with a capture, asked; the lines that it wrote.
async function captured(t, capture, people = kPeople, changes = {}) {
  const gate = await serve(t, configuration({ ...changes, capture: { file: 'capture.jsonl', ...capture } }));
  for (const person of people) await signUp(gate, person);
  await gate.stop();
  const file = path.join(gate.directory, 'capture.jsonl');
  return { gate, file, lines: fs.readFileSync(file, 'utf8').split('\n').slice(0, -1).map((line) => JSON.parse(line)) };
}

test('a capture has the verdicts, the claims it may keep, and nothing else of a person or secret', async (t) => {
  const { file, lines } = await captured(t, { keep: ['country', 'email.domain'], secret: 'M4RK3R-M4RK3R-M4RK3R' });
  const text = fs.readFileSync(file, 'utf8');
  assert.doesNotMatch(text, /M4RK3R/);
  assert.doesNotMatch(text, /s3cr:et|Basic|uthorization/);
  assert.equal(fs.statSync(file).mode & 0o7777, 0o600);
  assert.deepEqual(lines.map(({ connector, step, verdict, rule, claims }) => [connector, step, verdict, rule, claims]), [
    ['signup', 'PostAttributeCollection', 'block', 'blocked', { country: 'Sweden' }],
    ['signup', 'PostAttributeCollection', 'validation_error', 'postal code', { country: 'Norway' }],
    ['signup', 'PostAttributeCollection', 'continue', undefined, { country: 'Norway' }],
  ]);
  for (const { time } of lines) assert.ok(Math.abs(Date.now() - Date.parse(time)) < 600_000, time);
  assert.deepEqual(lines.map(({ redacted }) => redacted.email.domain), ['blocked.example', 'open.example', 'open.example']);
  assert.equal(lines[1].redacted.email.pseudonym, lines[2].redacted.email.pseudonym);
  assert.notEqual(lines[0].redacted.email.pseudonym, lines[1].redacted.email.pseudonym);
  assert.deepEqual(lines[2].redacted.password, { kind: 'string' });
});

test('a capture takes its share of the connectors it names; its metrics count, SIGHUP opens it anew', async (t) => {
  const base = configuration();
  const connectors = { ...base.connectors, other: { ...base.connectors.signup, path: '/other' } };
  const gate = await serve(t, { ...base, connectors, capture: { file: 'capture.jsonl', share: 0.5, connectors: ['signup'] } });
  for (let i = 0; i < 6; i++) {
    await signUp(gate, kPeople[0]);
    await signUp(gate, kPeople[0], '/other');
    await signUp(gate, [], '/signup');  // no claims: nothing to ask again
  }
  const count = async (name) => {
    const families = parse(await (await fetch(`${gate.admin}/metrics`)).text());
    return families[name.replace(/_total$/, '')].samples[0].value;
  };
  await eventually('three lines', async () => (await count('claimgate_capture_written_total')) === 3);
  assert.equal(await count('claimgate_capture_dropped_total'), 0);
  assert.equal(await count('claimgate_capture_full'), 0);
  const file = path.join(gate.directory, 'capture.jsonl');
  fs.renameSync(file, `${file}.away`);
  gate.signal('SIGHUP');
  await eventually('a new file', async () => fs.existsSync(file));
  for (let i = 0; i < 2; i++) await signUp(gate, kPeople[0]);
  await gate.stop();
  assert.equal(fs.readFileSync(`${file}.away`, 'utf8').split('\n').length, 4);
  assert.equal(fs.readFileSync(file, 'utf8').split('\n').length, 2);
});

test('a capture that cannot be opened is said before anybody is served; without a setting there is none', async (t) => {
  const cwd = scratch(t, { 'claimgate.yaml': yaml(configuration({ capture: { file: 'absent/capture.jsonl' } })) });
  const { code, stderr } = await run(['serve', '--config', 'claimgate.yaml'], { cwd });
  assert.equal(code, 1);
  assert.match(stderr, /capture: absent\/capture\.jsonl: No such file/);
  assert.doesNotMatch(stderr, /ready/);
  const gate = await serve(t, configuration());
  assert.doesNotMatch(await (await fetch(`${gate.admin}/metrics`)).text(), /capture/);
});

// What a new configuration may look like: Norway is closed.
function closed() {
  const fresh = configuration();
  fresh.connectors.signup.rules.splice(1, 0, { name: 'norway', when: { country: 'Norway' }, block: 'refused' });
  return fresh;
}

test('replay tells the verdicts that would change, by old and new rule, against what was recorded', async (t) => {
  const { file } = await captured(t, { keep: ['country', 'email', 'postalCode'] });
  const cwd = scratch(t, { 'new.yaml': yaml(closed()), 'same.yaml': yaml(configuration()), 'c.jsonl': fs.readFileSync(file) });
  const same = await run(['replay', '--config', 'same.yaml', 'c.jsonl'], { cwd });
  assert.equal(same.code, 0, same.stdout + same.stderr);
  assert.match(same.stdout, /^c\.jsonl: 3 requests: 0 verdicts differ, 3 do not, 0 cannot be compared\n$/);
  const fresh = await run(['replay', '--config', 'new.yaml', 'c.jsonl'], { cwd });
  assert.equal(fresh.code, 5, fresh.stderr);
  assert.match(fresh.stdout, /2 verdicts differ, 1 do not/);
  assert.match(fresh.stdout, /1 {2}signup: validation_error by "postal code" -> block by "norway"\n +line 2\n/);
  assert.match(fresh.stdout, /1 {2}signup: continue \(no rule ended it\) -> block by "norway"\n +line 3\n/);
  const json = await run(['replay', '--config', 'new.yaml', '--json', '--samples', '0', '-'], { cwd, input: fs.readFileSync(file) });
  assert.equal(json.code, 5, json.stderr);
  const report = JSON.parse(json.stdout);
  assert.deepEqual([report.requests, report.differ, report.same, report.incomparable], [3, 2, 1, 0]);
  assert.deepEqual(report.changes.find(({ old }) => old.rule === null), {
    connector: 'signup', old: { verdict: 'continue', rule: null }, new: { verdict: 'block', rule: 'norway' }, count: 1, lines: [],
  });
});

test('replay says which rules looked at claims that the capture hides', async (t) => {
  const { file } = await captured(t, { keep: ['country'] });
  const cwd = scratch(t, { 'new.yaml': yaml(closed()), 'old.yaml': yaml(configuration()), 'c.jsonl': fs.readFileSync(file) });
  const hidden = await run(['replay', '--config', 'new.yaml', '--against', 'old.yaml', 'c.jsonl'], { cwd });
  assert.equal(hidden.code, 0, hidden.stderr);
  assert.match(hidden.stdout, /0 verdicts differ, 0 do not, 3 cannot be compared/);
  assert.match(hidden.stdout, /3 {2}signup: "blocked" at email\n/);
  assert.match(hidden.stdout, /3 {2}signup: "blocked" at email, by the old configuration\n/);
  assert.match(hidden.stdout, /1 {2}signup: "postal code" at postalCode, by the old configuration\n/);
});

test('replay of two configurations finds claims that are set otherwise', async (t) => {
  const { file } = await captured(t, { keep: ['country', 'email', 'postalCode', 'givenName'] });
  const fresh = configuration();
  fresh.connectors.signup.rules[2].set = { givenName: '{givenName | upper}', city: 'x' };
  const cwd = scratch(t, { 'new.yaml': yaml(fresh), 'old.yaml': yaml(configuration()), 'c.jsonl': fs.readFileSync(file) });
  const { code, stdout } = await run(['replay', '--config', 'new.yaml', '--against', 'old.yaml', 'c.jsonl'], { cwd });
  assert.equal(code, 5, stdout);
  assert.match(stdout, /0 verdicts differ, 3 do not/);
  assert.match(stdout, /The same verdict with other claims:\n +1 {2}signup: city, givenName\n +line 3\n/);
  assert.doesNotMatch(stdout, /M4RK3R/);
});

// The same person as an event of Microsoft Entra (protocol.md d.1, d.5).
function event(name, { email, givenName, postalCode, country, ...more }) {
  const attributes = Object.fromEntries(Object.entries({ givenName, postalCode, country }).filter(([, value]) => value !== undefined)
    .map(([key, value]) => [key, { '@odata.type': 'microsoft.graph.stringDirectoryAttributeValue', value, attributeType: 'builtIn' }]));
  return {
    type: `microsoft.graph.authenticationEvent.${name}`, source: '/tenants/M4RK3R/applications/M4RK3R',
    data: {
      tenantId: '30000000-0000-0000-0000-000000000003',
      authenticationContext: {
        correlationId: '20000000-0000-0000-0000-00000M4RK3R2', client: { ip: '203.0.113.77', locale: 'en-us', market: 'en-us' },
        clientServicePrincipal: { appId: '90000000-0000-0000-0000-000000000009' },
        ...(name === 'tokenIssuanceStart' ? { user: { id: '60000000-0000-0000-0000-000000000006', mail: email, displayName: 'M4RK3R' } } : {}),
      },
      ...(name === 'tokenIssuanceStart' ? {} : {
        userSignUpInfo: { attributes, identities: [{ signInType: 'email', issuer: 'w.example', issuerAssignedId: email }] },
      }),
      ...more,
    },
  };
}

const kEvents = [
  event('attributeCollectionSubmit', kPeople[0]), event('attributeCollectionSubmit', kPeople[1]),
  event('attributeCollectionSubmit', kPeople[2]), event('attributeCollectionStart', kPeople[2]),
  event('tokenIssuanceStart', kPeople[2]),
  event('emailOtpSend', { otpContext: { identifier: 'M4RK3R@open.example', oneTimeCode: '40718265' } }),
];

test('events are captured as the claims they carry, and replayed as events', async (t) => {
  const events = { connector: { dialect: 'ext-id' } };
  const { file, lines } = await captured(t, { keep: ['country', 'email', 'postalCode'], secret: 'M4RK3R-M4RK3R-M4RK3R' }, kEvents, events);
  const text = fs.readFileSync(file, 'utf8');
  for (const secret of [/"M4RK3R"/, /M4RK3R-M4RK3R/, /00000M4RK3R2/, /40718265/, /203\.0\.113\.77/]) assert.doesNotMatch(text, secret);
  assert.deepEqual(lines.map(({ step, verdict, rule, claims }) => [step, verdict, rule, claims.country, claims.postalCode]), [
    ['attributeCollectionSubmit', 'block', 'blocked', 'Sweden', undefined],
    ['attributeCollectionSubmit', 'validation_error', 'postal code', 'Norway', '1M4RK3R'],
    ['attributeCollectionSubmit', 'continue', undefined, 'Norway', undefined],
    ['attributeCollectionStart', 'continue', undefined, 'Norway', undefined],
    ['tokenIssuanceStart', 'continue', undefined, undefined, undefined],
  ], 'a one-time code is in no capture, nor that there was one');
  assert.deepEqual(lines[2].redacted.givenName.kind, 'string');

  const fresh = (changes) => {
    const made = configuration({ ...events, ...changes });
    made.connectors.signup.rules.splice(1, 0, { name: 'norway', when: { country: 'Norway' }, block: 'refused' });
    return made;
  };
  const cwd = scratch(t, { 'same.yaml': yaml(configuration(events)), 'new.yaml': yaml(fresh()), 'c.jsonl': text });
  const same = await run(['replay', '--config', 'same.yaml', 'c.jsonl'], { cwd });
  assert.equal(same.code, 0, same.stdout + same.stderr);
  assert.match(same.stdout, /^c\.jsonl: 5 requests: 0 verdicts differ, 5 do not, 0 cannot be compared\n$/);
  const changed = await run(['replay', '--config', 'new.yaml', '--against', 'same.yaml', 'c.jsonl'], { cwd });
  assert.equal(changed.code, 5, changed.stdout + changed.stderr);
  assert.match(changed.stdout, /3 verdicts differ, 2 do not/);
  assert.match(changed.stdout, /1 {2}signup: validation_error by "postal code" -> block by "norway"\n +line 2\n/);
  assert.match(changed.stdout, /2 {2}signup: continue \(no rule ended it\) -> block by "norway"\n +lines? 3, 4\n/);
  // The rules of a user flow over what events brought: the bridge in a capture.
  const flow = configuration();
  const across = await run(['replay', '--config', 'flow.yaml', 'c.jsonl'], { cwd: scratch(t, { 'flow.yaml': yaml(flow), 'c.jsonl': text }) });
  assert.equal(across.code, 0, across.stdout + across.stderr);
  assert.match(across.stdout, /5 requests: 0 verdicts differ/);
});

test('replay leaves out lines it cannot read, and refuses captures that are none', async (t) => {
  const { file } = await captured(t, { keep: ['country', 'email', 'postalCode'] });
  const good = fs.readFileSync(file, 'utf8');
  const gone = configuration();
  gone.connectors = { elsewhere: { ...gone.connectors.signup, path: '/elsewhere' } };
  const cwd = scratch(t, {
    'a.yaml': yaml(configuration()), 'gone.yaml': yaml(gone), 'bad.yaml': yaml({ ...gone, messages: {} }),
    'cut.jsonl': good.slice(0, -30), 'none.jsonl': 'hello\n{}\n[]\n', 'good.jsonl': good,
  });
  const replay = (...args) => run(['replay', ...args], { cwd });
  const cut = await replay('--config', 'a.yaml', 'cut.jsonl');
  assert.equal(cut.code, 0, cut.stdout);
  assert.match(cut.stdout, /2 requests: 0 verdicts differ[^]*No lines of a capture, left out:\n +1 *\n +line 3\n/);
  assert.equal((await replay('--config', 'a.yaml', 'none.jsonl')).code, 1);
  assert.equal((await replay('--config', 'a.yaml', 'absent.jsonl')).code, 2);
  assert.equal((await replay('--config', 'bad.yaml', 'good.jsonl')).code, 2);
  assert.equal((await replay('--config', 'a.yaml', '--against', 'bad.yaml', 'good.jsonl')).code, 2);
  assert.equal((await replay('good.jsonl')).code, 2);
  const removed = await replay('--config', 'gone.yaml', 'good.jsonl');
  assert.equal(removed.code, 5);
  assert.match(removed.stdout, /signup: block by "blocked" -> not_found/);
});
