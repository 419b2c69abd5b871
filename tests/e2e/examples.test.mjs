// Every example works as it stands, and the quickstart's questions get the answers it promises.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { backend, customer, hashOf } from './lib/backends.mjs';
import { root, run, serve } from './lib/claimgate.mjs';

const examples = path.join(root, 'examples');
const kEnvironment = { B2C_PASSWORD: 'one', B2C_PASSWORD_NEXT: 'two', ENTRA_STAND_IN: 'stand-in-for-a-token',
  PSEUDONYMS_KEY: 'p'.repeat(32), STATE_KEY: Buffer.alloc(32).toString('base64'), CRM_HOOK_SECRET: `whsec_${Buffer.alloc(32).toString('base64')}` };

const kBackends = fs.readdirSync(path.join(examples, 'backends')).map((file) => `backends/${file}`);
const kExamples = [...fs.readdirSync(examples), ...kBackends].filter((file) => file.endsWith('.yaml'));

for (const name of kExamples) {
  test(`${name} passes check without a warning`, async () => {
    const { code, stderr } = await run(['check', path.join('examples', name)], { env: kEnvironment });
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /warning/);
  });
}

// The policies: each decides about realistic sign-ups, and its own tests reach every one of its rules.
const policies = path.join(examples, 'policies');
const files = fs.readdirSync(policies).filter((file) => file.endsWith('.yaml'));

for (const name of files) {
  test(`policies/${name} passes its own tests, which reach all of its rules`, async () => {
    const { code, stdout, stderr } = await run(['check', '--coverage=required', path.join('examples/policies', name)], { env: kEnvironment });
    assert.equal(code, 0, stderr + stdout);
    assert.equal(stderr, '');
    const [, passed] = stdout.match(/: (\d+) tests passed$/m) ?? assert.fail(stdout);
    assert.ok(Number(passed) >= 5, `${passed} tests`);
  });

  test(`policies/${name} can be served`, async (t) => {
    const text = fs.readFileSync(path.join(policies, name), 'utf8');
    const lists = Object.fromEntries([...text.matchAll(/file: (lists\/[\w.-]+)/g)]
      .map(([, file]) => [file, fs.readFileSync(path.join(policies, file), 'utf8')]));
    await serve(t, text.replace(/(address: 127\.0\.0\.1:)\d+/, '$10'), { files: lists, env: kEnvironment });
  });
}

test('the table of the policies names each of them', async () => {
  const page = fs.readFileSync(path.join(policies, 'README.md'), 'utf8');
  const rows = [...page.matchAll(/^\| \[([\w.-]+)\]\(([\w.-]+)\) \|/gm)];
  assert.deepEqual(rows.map(([, words, link]) => [words, link]), files.map((file) => [file, file]));
});

const kAnswers = {
  'continue.json': [200, {
    version: '1.0.0', action: 'Continue',
    country: 'United States', givenName: 'Dana', surname: "O'Neil", displayName: "Dana O'Neil",
  }],
  'blocked.json': [200, {
    version: '1.0.0', action: 'ShowBlockPage', userMessage: 'Registrering är inte öppen för mx7.throwaway.example.',
  }],
  'validation-error.json': [400, {
    version: '1.0.0', status: 400, action: 'ValidationError', userMessage: 'Enter a five-digit postal code, Astrid.',
  }],
};

test('the quickstart answers its three requests, by serve and by explain alike', async (t) => {
  const files = { 'lists/blocked-domains.txt': '', 'lists/blocked-people.txt': '' };
  for (const file of Object.keys(files)) files[file] = fs.readFileSync(path.join(examples, file), 'utf8');
  const text = fs.readFileSync(path.join(examples, 'quickstart.yaml'), 'utf8');
  const gate = await serve(t, text.replace(/(address: 127\.0\.0\.1:)\d+/g, '$10'), { files });
  const requests = fs.readdirSync(path.join(examples, 'requests'));
  assert.deepEqual(requests.sort(), Object.keys(kAnswers).sort(), 'every request has its answer here');
  for (const request of requests) {
    const [status, wanted] = kAnswers[request];
    const response = await fetch(`${gate.address}/b2c/before-create`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa('b2c:quick:start')}`, 'content-type': 'application/json' },
      body: fs.readFileSync(path.join(examples, 'requests', request)),
    });
    const answer = await response.text();
    assert.equal(response.status, status, request);
    assert.deepEqual(JSON.parse(answer), wanted, request);
    const explained = await run([
      'explain', '--config', 'examples/quickstart.yaml', '--connector', 'before-create', `examples/requests/${request}`,
    ]);
    assert.equal(explained.code, 0, explained.stderr);
    assert.ok(explained.stdout.includes(answer), `${request}: ${explained.stdout}`);
  }
});

// An example with the demo backend, on ports that the system chooses.
async function withBackend(t, name) {
  const crm = await backend(t);
  const text = fs.readFileSync(path.join(examples, name), 'utf8')
    .replace(/(address: 127\.0\.0\.1:)\d+/g, '$10').replace('http://127.0.0.1:43212', crm.url);
  const files = {};
  for (const file of fs.readdirSync(path.join(examples, 'lists'))) {
    files[`lists/${file}`] = fs.readFileSync(path.join(examples, 'lists', file), 'utf8');
  }
  const gate = await serve(t, text, { env: kEnvironment, files });
  const ask = async (where, credentials, email, more = {}) => {
    const response = await fetch(`${gate.address}${where}`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(credentials)}`, 'content-type': 'application/json' },
      body: JSON.stringify({ step: 'PostAttributeCollection', email, ...more }),
    });
    return [response.status, await response.json()];
  };
  return { crm, ask };
}

const kContinue = { version: '1.0.0', action: 'Continue' };
const claimsOf = (email) => {
  const { id, tier } = customer(email);
  return { extension_loyaltyTier: tier, extension_customerId: id };
};

for (const name of kBackends) {
  test(`${name} asks the demo backend, and answers when it is dead`, async (t) => {
    const { crm, ask } = await withBackend(t, name);
    const signUp = (email, more) => ask('/b2c/before-create', 'b2c:one', email, more);
    const [status, answer] = await signUp('dana@woodgrove.example', { givenName: 'Dana & "Co" <x>', surname: 'Øst' });
    const { extension_priority: priority, ...claims } = answer;
    assert.deepEqual([status, claims], [200, { ...kContinue, ...claimsOf('dana@woodgrove.example') }]);
    assert.ok(priority === undefined || priority === 'yes');
    assert.deepEqual(await signUp('unknown1@woodgrove.example'), [200, kContinue]);
    const [, taken] = await signUp('taken1@woodgrove.example');
    assert.equal(taken.action, 'ShowBlockPage');
    assert.match(taken.userMessage, /account/);
    await crm.set_mode('refuse');
    assert.deepEqual((await signUp('dana@woodgrove.example', { city: 'Porto' }))[1].extension_customerId,
      claimsOf('dana@woodgrove.example').extension_customerId, 'it is remembered');
    const [code, later] = await signUp('astrid@woodgrove.example');
    assert.deepEqual([code, later.action], [400, 'ValidationError']);
  });
}

test('the quickstart asks the customer system once for each person, and answers without it', async (t) => {
  const { crm, ask } = await withBackend(t, 'quickstart.yaml');
  const signUp = (email, more) => ask('/b2c/loyalty', 'b2c:quick:start', email, more);
  const known = [200, { ...kContinue, ...claimsOf('ines@woodgrove.example') }];
  assert.deepEqual(await signUp('ines@woodgrove.example'), known);
  for (const mode of ['ok', 'hang', 'refuse']) {
    await crm.set_mode(mode);
    assert.deepEqual(await signUp('Ines@Woodgrove.example', { city: mode }), known, mode);
    if (mode !== 'ok') assert.deepEqual(await signUp(`${mode}@woodgrove.example`), [200, kContinue], mode);
  }
  assert.equal(crm.counts.by_mail[hashOf('ines@woodgrove.example')], 1);
});
