// Mistakes in a configuration: all of them at once, each with its place, and nothing opened.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';

import { run, scratch } from './lib/claimgate.mjs';

const kGood = `listeners:
  - address: 127.0.0.1:0
lists:
  blocked: { values: [ throwaway.example ], match: domain }
messages:
  sorry: { en: "Sorry." }
connectors:
  signup:
    path: /signup
    dialect: b2c-userflow
    auth: { basic: [ { username: b2c, password: secret } ] }
    rules:
      - name: blocked domains
        when: { email.domain: { in_list: blocked } }
        block: sorry
`;

async function check(t, text, { files = {}, env = {} } = {}) {
  const cwd = scratch(t, { 'claimgate.yaml': text, ...files });
  return run(['check', 'claimgate.yaml'], { cwd, env });
}

test('a good file passes and says so on one line', async (t) => {
  const { code, stderr } = await check(t, kGood);
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(stderr, /error|warning/);
});

test('a mistake is shown as a compiler would: place, line, underline, suggestion', async (t) => {
  const { code, stdout, stderr } = await check(t, kGood.replace('email.domain', 'emial.domain'));
  assert.equal(code, 2);
  assert.equal(stdout, '');
  assert.ok(
    stderr.startsWith(
      'claimgate.yaml:14:17: error: unknown derived value "emial.domain"\n' +
        '   14 |         when: { emial.domain: { in_list: blocked } }\n' +
        '      |                 ^~~~~~~~~~~~ did you mean "email.domain"?\n',
    ),
    stderr,
  );
});

test('each mistake is found at its line, all in one run, by serve as by check', async (t) => {
  const broken = kGood
    .replace('match: domain', 'match: domian')
    .replace('path: /signup', 'path: signup')
    .replace('dialect: b2c-userflow', 'dialect: b2c-userflo')
    .replace('in_list: blocked', 'in_list: blokked')
    .replace('block: sorry', 'block: sory')
    .replace('    rules:', '    deadlin: 4s\n    rules:');
  const cwd = scratch(t, { 'claimgate.yaml': broken });
  const lines = [
    [4, 'domain'], [9, '/'], [10, 'b2c-userflow'], [12, 'deadline'], [15, 'blocked'], [16, 'sorry'],
  ];
  for (const args of [['check', 'claimgate.yaml'], ['serve', '--config', 'claimgate.yaml']]) {
    const { code, stderr } = await run(args, { cwd });
    assert.equal(code, 2, stderr);
    assert.doesNotMatch(stderr, /listening|ready/);
    for (const [line, suggestion] of lines) {
      const place = stderr.indexOf(`claimgate.yaml:${line}:`);
      assert.notEqual(place, -1, `line ${line} is reported:\n${stderr}`);
      const report = stderr.slice(place).split('\n').slice(0, 3).join('\n');
      assert.ok(report.includes(suggestion), `line ${line} suggests ${suggestion}:\n${report}`);
    }
  }
});

test('each kind of mistake ends with 2 and a place', async (t) => {
  const cases = [
    ['no YAML', 'listeners: [', /claimgate\.yaml:\d+:\d+: error: /],
    ['empty file', '', /error: /],
    ['not a mapping', '- a\n', /claimgate\.yaml:1:1: error: /],
    ['key twice', kGood.replace('messages:', 'lists: {}\nmessages:'), /claimgate\.yaml:5:1: error: /],
    ['address without a port', kGood.replace('127.0.0.1:0', '127.0.0.1'), /claimgate\.yaml:2:\d+: error: /],
    ['address with a name', kGood.replace('127.0.0.1:0', 'localhost:80'), /claimgate\.yaml:2:\d+: error: /],
    ['port too large', kGood.replace('127.0.0.1:0', '127.0.0.1:65536'), /claimgate\.yaml:2:\d+: error: /],
    ['pattern', kGood.replace('in_list: blocked', "matches: '(a'"), /claimgate\.yaml:14:\d+: error: /],
    ['back-reference', kGood.replace('in_list: blocked', "matches: '(a)\\1'"), /claimgate\.yaml:14:\d+: error: /],
    ['unset variable', kGood.replace('password: secret', 'password: "${env:NOT_SET_ANYWHERE}"'), /claimgate\.yaml:11:\d+: error: .*NOT_SET_ANYWHERE/],
    ['absent secret file', kGood.replace('password: secret', 'password: "${file:absent}"'), /claimgate\.yaml:11:\d+: error: .*absent/],
    ['absent list file', kGood.replace('values: [ throwaway.example ]', 'file: absent.txt'), /claimgate\.yaml:4:\d+: error: .*absent\.txt/],
    ['unknown filter', kGood.replace('"Sorry."', '"Sorry, {givenName | titel_case}."'), /claimgate\.yaml:6:\d+: error: [^]*title_case/],
    ['open brace', kGood.replace('"Sorry."', '"Sorry, {givenName."'), /claimgate\.yaml:6:\d+: error: /],
    ['two actions', kGood.replace('block: sorry', 'block: sorry\n        validation_error: sorry'), /claimgate\.yaml:1[3-6]:\d+: error: /],
    ['no action', kGood.replace('        block: sorry\n', ''), /claimgate\.yaml:1[34]:\d+: error: /],
    ['limit below its least', `${kGood}limits: { head_bytes: -1 }\n`, /claimgate\.yaml:16:\d+: error: /],
    ['duration without a unit', `${kGood}limits: { head_timeout: 10 }\n`, /claimgate\.yaml:16:\d+: error: [^]*ms/],
    ['sample above 1', `${kGood}access_log: { sample: 1.5 }\n`, /claimgate\.yaml:16:\d+: error: /],
    ['two connectors, one path', `${kGood}  again: { path: /signup, dialect: b2c-userflow, auth: anonymous }\n`, /claimgate\.yaml:16:\d+: error: [^]*\/signup/],
    ['absent include', `${kGood}include: [ absent.yaml ]\n`, /claimgate\.yaml:16:\d+: error: .*absent\.yaml/],
  ];
  for (const [name, text, report] of cases) {
    assert.notEqual(text, kGood, `${name}: the case changes something`);
    const { code, stderr } = await check(t, text);
    assert.equal(code, 2, `${name}: ${stderr}`);
    assert.match(stderr, report, name);
  }
});

test('an included file joins, and its mistakes carry its own name', async (t) => {
  const main = `include: [ parts/rules.yaml ]\n${kGood.slice(0, kGood.indexOf('connectors:'))}`;
  const part = kGood.slice(kGood.indexOf('connectors:'));
  const good = await check(t, main, { files: { 'parts/rules.yaml': part } });
  assert.equal(good.code, 0, good.stderr);
  const bad = await check(t, main, { files: { 'parts/rules.yaml': part.replace('block: sorry', 'block: sory') } });
  assert.equal(bad.code, 2);
  assert.match(bad.stderr, /^parts\/rules\.yaml:9:\d+: error: /m);
});

test('a secret is never printed, even where the mistake is beside it', async (t) => {
  const text = kGood
    .replace('password: secret', 'password: "${env:B2C_PASSWORD}", pasword: x')
    .replace('path: /signup', 'path: "${env:B2C_PASSWORD}"');
  const { code, stdout, stderr } = await check(t, text, { env: { B2C_PASSWORD: 'M4RK3R-secret' } });
  assert.equal(code, 2);
  assert.doesNotMatch(stdout + stderr, /M4RK3R/);
});

test('a rule that can never act because of one above it is a warning, not an error', async (t) => {
  const { code, stderr } = await check(t, `${kGood.replace('        when: { email.domain: { in_list: blocked } }\n', '')}      - name: never
        when: { email: { equals: a@b.example } }
        block: sorry
`);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^claimgate\.yaml:15:\d+: warning: /m);
});

test('no listener is opened before the whole configuration is accepted', async (t) => {
  // A port that is ours: if the proxy tried to open it first, it would fail with 1 and not with 2.
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => server.close());
  const cwd = scratch(t, {
    'claimgate.yaml': kGood.replace('127.0.0.1:0', `127.0.0.1:${server.address().port}`).replace('block: sorry', 'block: sory'),
  });
  const { code, stderr } = await run(['serve', '--config', 'claimgate.yaml'], { cwd });
  assert.equal(code, 2, stderr);
  assert.doesNotMatch(stderr, /in use/);
});

test('a file that is not there, and a command line that is wrong, end with 2', async (t) => {
  const cwd = scratch(t);
  for (const args of [
    ['serve', '--config', 'absent.yaml'], ['check', 'absent.yaml'], ['check'], ['serve'], ['serve', '--confg', 'x'],
    ['nonsense'], [],
  ]) {
    const { code, stdout, stderr } = await run(args, { cwd });
    assert.equal(code, 2, `${args}: ${stdout}${stderr}`);
    assert.notEqual(stderr, '', `${args} says why`);
  }
  assert.equal(fs.existsSync(path.join(cwd, 'absent.yaml')), false);
});
