// docs/moving.md: one API of user flows, one set of rules, both callers.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { backend, customer } from './lib/backends.mjs';
import { root, run, serve } from './lib/claimgate.mjs';

const kSecrets = { B2C_PASSWORD: 'secret', ENTRA_STAND_IN: 'stand-in-for-a-token' };
const kApp = 'extension_9c2f41d07be84a6c8f35d1e2a07b64c3';

async function start(t) {
  const api = await backend(t);
  const text = fs.readFileSync(path.join(root, 'examples', 'moving.yaml'), 'utf8')
    .replace(/(address: 127\.0\.0\.1:)\d+/g, '$10').replace('http://127.0.0.1:43212', api.url);
  const gate = await serve(t, text, { env: kSecrets });
  const ask = async (where, authorization, body) => {
    const response = await fetch(`${gate.address}${where}`, {
      method: 'POST', headers: { authorization, 'content-type': 'application/json' }, body: JSON.stringify(body),
    });
    return [response.status, await response.json()];
  };
  return {
    flow: (email, more = {}) => ask('/b2c/before-create', `Basic ${btoa('b2c:secret')}`,
      { step: 'PostAttributeCollection', email, ...more }),
    event: (email, more = {}) => ask('/entra/events', 'Bearer stand-in-for-a-token', {
      type: 'microsoft.graph.authenticationEvent.attributeCollectionSubmit',
      data: {
        userSignUpInfo: {
          attributes: Object.fromEntries(Object.entries({ email, ...more }).map(([name, value]) => [name, { value }])),
          identities: [],
        },
      },
    }),
  };
}

const action = (name, members) => ({
  data: {
    '@odata.type': 'microsoft.graph.onAttributeCollectionSubmitResponseData',
    actions: [{ '@odata.type': `microsoft.graph.attributeCollectionSubmit.${name}`, ...members }],
  },
});

test('the API that speaks as a user flow answers both callers', async (t) => {
  const { flow, event } = await start(t);
  const { tier } = customer('dana@woodgrove.example');
  const [status, flowAnswer] = await flow('dana@woodgrove.example');
  assert.equal(status, 200);
  assert.equal(flowAnswer.extension_loyaltyTier, tier);
  assert.deepEqual(await event('dana@woodgrove.example', { [`${kApp}_loyaltyTier`]: '' }),
    [200, action('modifyAttributeValues', { attributes: { [`${kApp}_loyaltyTier`]: tier } })]);

  const taken = 'This address belongs to another account.';
  assert.deepEqual(await flow('taken@woodgrove.example'),
    [200, { version: '1.0.0', action: 'ShowBlockPage', userMessage: taken }]);
  assert.deepEqual(await event('taken@woodgrove.example'),
    [200, action('showBlockPage', { title: 'Sign-up is not possible', message: taken })]);
});

test('a rule that both include marks the field where the caller can', async (t) => {
  const { flow, event } = await start(t);
  const long = { [`${kApp}_loyaltyNumber`]: '1234567890' };
  const [check, field] = ['Please correct the marked fields.', 'A loyalty number has at most nine characters.'];
  assert.deepEqual(await flow('dana@woodgrove.example', long),
    [400, { version: '1.0.0', status: 400, action: 'ValidationError', userMessage: `${check}\n${field}` }]);
  assert.deepEqual(await event('dana@woodgrove.example', long),
    [200, action('showValidationError', { message: check, attributeErrors: { [`${kApp}_loyaltyNumber`]: field } })]);
});

test('explain shows one set of claims as every caller would be answered', async () => {
  const { code, stdout, stderr } = await run(
    ['explain', '--config', 'examples/moving.yaml', '--connector', 'b2c', '--dialect', 'all', '--backend', 'legacy=block:sorry'],
    { env: kSecrets, input: JSON.stringify({ step: 'PostAttributeCollection', email: 'dana@woodgrove.example' }) });
  assert.equal(code, 0, stderr);
  const parts = stdout.split(/^== /m).slice(1).map((part) => [
    part.match(/^\S+/)[0], Number(part.match(/^HTTP\/1\.1 (\d+)/m)?.[1]), JSON.parse(part.match(/^\{.*\}$/m)?.[0] ?? 'null')]);
  const text = 'Sign-up is not possible';
  const flow = { version: '1.0.0', action: 'ShowBlockPage', userMessage: text };
  assert.deepEqual(parts, [
    ['b2c-userflow', 200, flow], ['b2b-signup', 200, flow],
    ['b2c-policy', 409, { version: '1.0.0', status: 409, userMessage: text }],
    ['ext-id', 200, action('showBlockPage', { message: text })],
  ]);
});
