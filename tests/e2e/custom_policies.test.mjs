// Custom policies as their clients send them: forms, queries and bodies by curl and Node's fetch.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { serve } from './lib/claimgate.mjs';

const kConfig = `
listeners: [ { address: 127.0.0.1:0 } ]
workers: 1
access_log: { file: "off" }
messages: { closed: { en: "Closed to {email.domain}." } }
connectors:
  form:
    path: /form
    dialect: b2c-policy
    auth: { api_key: { header: x-functions-key, value: key-0123456789abcdef } }
    policy: { claims_in: form, names: { email: signInName } }
    rules: [ { name: closed, when: { email.domain: blocked.example }, block: closed }, { name: tidy, set: { email: "{email | lower}" } } ]
  url:
    path: /url
    dialect: b2c-policy
    auth: { bearer: token-0123456789abcdef }
    policy: { claims_in: url, url: "/{email}?lang={ui_locales}" }
    rules: [ { name: closed, when: { email.domain: blocked.example }, block: closed }, { name: tidy, set: { email: "{email | lower}" } } ]
`;
const kClosed = { version: '1.0.0', status: 409, userMessage: 'Closed to blocked.example.' };

test('fetch sends forms and paths', async (t) => {
  const gate = await serve(t, kConfig);
  const origin = `http://${gate.address.replace(/^.*\/\//, '')}`;
  const form = (email) => fetch(`${origin}/form`, {
    method: 'POST', body: new URLSearchParams({ signInName: email, displayName: 'Å & B=%' }),
    headers: { 'x-functions-key': 'key-0123456789abcdef' } });
  const went = await form('Ana+x@Mailbox.example');
  assert.equal(went.status, 200);
  assert.deepEqual(await went.json(), { signInName: 'ana+x@mailbox.example' });
  const stopped = await form('ana@blocked.example');
  assert.equal(stopped.status, 409);
  assert.deepEqual(await stopped.json(), kClosed);

  const url = (key) => fetch(`${origin}/url/${encodeURIComponent('ana@blocked.example')}?lang=en-GB`,
    { headers: { authorization: `Bearer ${key}` } });
  const blocked = await url('token-0123456789abcdef');
  assert.equal(blocked.status, 409);
  assert.deepEqual(await blocked.json(), kClosed);
  assert.equal((await url('another')).status, 401);
});

test('curl encodes what it sends', async (t) => {
  const gate = await serve(t, kConfig);
  const origin = `http://${gate.address.replace(/^.*\/\//, '')}`;
  const { stdout } = await promisify(execFile)('curl', ['-sS', '-m', '10', '-w', '\n%{http_code}',
    '-H', 'x-functions-key: key-0123456789abcdef', '--data-urlencode', 'signInName=Ana@Mailbox.example',
    '--data-urlencode', 'note=a "b" \\ %41 +', `${origin}/form`]);
  assert.equal(stdout, '{"signInName":"ana@mailbox.example"}\n200');
  const twice = await promisify(execFile)('curl', ['-sS', '-m', '10', '-o', '/dev/null', '-w', '%{http_code}',
    '-H', 'x-functions-key: key-0123456789abcdef', '-d', 'signInName=a@b.example&signInName=c@d.example', `${origin}/form`]);
  assert.equal(twice.stdout, '400');
});
