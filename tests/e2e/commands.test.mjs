// check, explain, version, schema: what they print and how they end.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { configuration, run, scratch, serve, yaml } from './lib/claimgate.mjs';
import { ask, post } from './lib/wire.mjs';

const kClaims = { step: 'PostAttributeCollection', email: 'a@b.example', givenName: 'dana', postalCode: '1' };

test('version names the version and what it was built with', async () => {
  const { code, stdout, stderr } = await run(['version']);
  assert.equal(code, 0, stderr);
  assert.ok(stdout.startsWith(`claimgate ${process.env.CLAIMGATE_VERSION ?? ''}`), stdout);
  assert.match(stdout, /libuv/);
  assert.match(stdout, /llhttp/);
  assert.match(stdout, /scanning/);
});

test('help names every command', async () => {
  const { code, stdout } = await run(['--help']);
  assert.equal(code, 0);
  for (const command of ['serve', 'check', 'explain', 'version', 'schema']) assert.match(stdout, new RegExp(`\\b${command}\\b`));
});

test('schema prints a JSON Schema that knows the keys of the reference', async () => {
  const { code, stdout, stderr } = await run(['schema']);
  assert.equal(code, 0, stderr);
  const schema = JSON.parse(stdout);
  assert.match(schema.$schema, /json-schema\.org/);
  for (const key of ['listeners', 'admin', 'workers', 'limits', 'access_log', 'lists', 'messages', 'connectors']) {
    assert.ok(key in schema.properties, key);
  }
});

test('explain tells every rule, what it looked at, and the exact answer serve would give', async (t) => {
  const cwd = scratch(t, { 'claimgate.yaml': yaml(configuration()), 'claims.json': JSON.stringify(kClaims) });
  const common = ['explain', '--config', 'claimgate.yaml', '--connector', 'signup'];
  const named = await run([...common, 'claims.json'], { cwd });
  const piped = await run([...common, '-'], { cwd, input: JSON.stringify(kClaims) });
  const plain = await run(common, { cwd, input: JSON.stringify(kClaims) });
  assert.equal(named.code, 0, named.stderr);
  const undated = (text) => text.replace(/^Date: .*\r$/m, 'Date: then\r');  // the second may change between two runs
  assert.match(named.stdout, /^Date: .* GMT\r$/m);
  assert.equal(undated(piped.stdout), undated(named.stdout));
  assert.equal(undated(plain.stdout), undated(named.stdout));
  for (const rule of ['blocked', 'postal code']) assert.ok(named.stdout.includes(rule), named.stdout);
  assert.ok(named.stdout.includes('a@b.example'), 'what the first rule looked at');
  const gate = await serve(t, configuration());
  const answer = await ask(t, gate.address, post(kClaims));
  assert.ok(named.stdout.includes('HTTP/1.1 400'), named.stdout);
  assert.ok(named.stdout.includes(answer.text), 'the body, byte for byte');
});

test('explain says how a body would be refused', async (t) => {
  const cwd = scratch(t, { 'claimgate.yaml': yaml(configuration()) });
  const { stdout, stderr } = await run(['explain', '--config', 'claimgate.yaml', '--connector', 'signup'], { cwd, input: '{"a":1,"a":2}' });
  assert.match(stdout + stderr, /400/);
});

test('explain for a connector that is not there suggests one that is', async (t) => {
  const cwd = scratch(t, { 'claimgate.yaml': yaml(configuration()), 'claims.json': '{}' });
  const { code, stderr } = await run(['explain', '--config', 'claimgate.yaml', '--connector', 'sginup', 'claims.json'], { cwd });
  assert.equal(code, 2);
  assert.match(stderr, /signup/);
});

test('no command prints a secret of the configuration', async (t) => {
  const secret = 'M4RK3R-password';
  const cwd = scratch(t, {
    'claimgate.yaml': yaml(configuration({ connector: { auth: { basic: [{ username: 'b2c', password: '${env:P}' }] } } })),
    'claims.json': '{}',
  });
  for (const args of [['check', 'claimgate.yaml'], ['explain', '--config', 'claimgate.yaml', '--connector', 'signup', 'claims.json']]) {
    const { code, stdout, stderr } = await run(args, { cwd, env: { P: secret } });
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stdout + stderr, /M4RK3R/);
  }
});
