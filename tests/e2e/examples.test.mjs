// Every example works as it stands, and the quickstart's questions get the answers it promises.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { root, run, serve } from './lib/claimgate.mjs';

const examples = path.join(root, 'examples');
const kEnvironment = { B2C_PASSWORD: 'one', B2C_PASSWORD_NEXT: 'two' };

for (const name of fs.readdirSync(examples).filter((file) => file.endsWith('.yaml'))) {
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
