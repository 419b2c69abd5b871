// The six uses of API connectors (protocol.md, section f) as examples/scenarios runs them: the example's own
// configuration, its backend as a process, and the exchanges of that section, byte for byte.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { eventually, root, run, serve } from './lib/claimgate.mjs';

const scenarios = path.join(root, 'examples', 'scenarios');
const kEnvironment = { B2C_PASSWORD: 's3cr:et', CAPTCHA_SECRET: 'captcha-secret' };
const files = fs.readdirSync(scenarios).filter((file) => file.endsWith('.yaml'));

for (const file of files) {
  test(`${file} passes its own tests, which reach all of its rules`, async () => {
    const { code, stdout, stderr } = await run(
      ['check', '--coverage=required', path.join('examples/scenarios', file)], { env: kEnvironment });
    assert.equal(code, 0, stderr + stdout);
    assert.equal(stderr, '');
    assert.match(stdout, /: \d+ tests passed$/m);
  });
}

test('the page of the scenarios names each of them', () => {
  const page = fs.readFileSync(path.join(scenarios, 'README.md'), 'utf8');
  const named = [...page.matchAll(/^## .*\n\n\[([\w.-]+)\]\(([\w.-]+)\)/gm)].map(([, words, link]) => (
    assert.equal(words, link), link));
  assert.deepEqual(named.sort(), [...files].sort());
});

// The example's backend as a process, and the program in front of it.
async function start(t, file) {
  const child = spawn(process.execPath, [path.join(scenarios, 'backend.js'), '--port', '0'],
    { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(async () => {
    if (child.exitCode === null) child.kill();
    await once(child, 'close');
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (said += text));
  const [, port] = await eventually('the backend to listen', () => said.match(/listening on (\d+)/));
  const text = fs.readFileSync(path.join(scenarios, file), 'utf8')
    .replaceAll('127.0.0.1:43212', `127.0.0.1:${port}`).replace(/127\.0\.0\.1:4321[01]/g, '127.0.0.1:0');
  const gate = await serve(t, text, { env: kEnvironment });
  const backend = (method, target, body) => fetch(`http://127.0.0.1:${port}${target}`,
    { method, body: body && JSON.stringify(body) }).then((response) => response.json());
  return {
    backend,
    async ask(target, claims, username = 'b2c') {
      const response = await fetch(`${gate.address}${target}`, {
        method: 'POST',
        headers: { authorization: `Basic ${btoa(`${username}:s3cr:et`)}`, 'content-type': 'application/json' },
        body: JSON.stringify(claims),
      });
      return [response.status, await response.text()];
    },
  };
}

const kApp = 'extension_9c2f41d07be84a6c8f35d1e2a07b64c3';
const kContinue = '{"version":"1.0.0","action":"Continue"}';
const block = (text) => JSON.stringify({ version: '1.0.0', action: 'ShowBlockPage', userMessage: text });
const invalid = (text) => JSON.stringify(
  { version: '1.0.0', status: 400, action: 'ValidationError', userMessage: text });

test('verify identity: a revoked document ends the sign-up, a good one is noted', async (t) => {
  const { ask, backend } = await start(t, 'verify-identity.yaml');
  const claims = {
    step: 'PostAttributeCollection', client_id: '6a1f6d5e-8c0b-4a38-b2f5-0c6a4f1f7e21', ui_locales: 'nl-NL',
    email: 'joris.vdberg@mailbox.example', displayName: 'Joris van den Berg', givenName: 'Joris', surname: 'van den Berg',
    streetAddress: 'Kade 14', city: 'Delft', postalCode: '2611 XE', country: 'NL',
    identities: [{ signInType: 'emailAddress', issuer: 'woodgrove.onmicrosoft.com', issuerAssignedId: 'joris.vdberg@mailbox.example' }],
    [`${kApp}_documentNumber`]: 'NX4R91207',
  };
  const refused = [200, block('Uw identiteit kon niet worden bevestigd. Bel 0800-0000 voor hulp.')];
  assert.deepEqual(await ask('/b2c/before-create', claims), refused);
  assert.deepEqual(await ask('/b2c/before-create', claims), refused, 'the retry');
  assert.deepEqual(await backend('GET', '/seen'), { 'POST /proofing/checks': 1 });
  const [status, body] = await ask('/b2c/before-create', { ...claims, [`${kApp}_documentNumber`]: 'np0000001' });
  assert.equal(status, 200);
  const answer = JSON.parse(body);
  const verified = Object.keys(answer).find((name) => name.endsWith('_identityVerified'));
  assert.deepEqual(answer, { version: '1.0.0', action: 'Continue', [verified]: true });
});

test('validate input: an invitation code has expired, another is good, and nonsense reaches nobody', async (t) => {
  const { ask, backend } = await start(t, 'validate-input.yaml');
  const claims = (code) => ({ step: 'PostAttributeCollection', ui_locales: 'en-GB', email: 'priya@orchard.example',
    displayName: 'Priya', [`${kApp}_invitationCode`]: code });
  assert.deepEqual(await ask('/b2c/before-create', claims('SPRING-77')),
    [400, invalid('Invitation code SPRING-77 has expired. Ask your contact for a new one.')]);
  assert.deepEqual(await ask('/b2c/before-create', claims('summer-12')), [200, kContinue]);
  assert.deepEqual(await ask('/b2c/before-create', claims('WINTER-99')),
    [400, invalid('Invitation code WINTER-99 is not one of ours. Check it for typing mistakes.')]);
  const [status] = await ask('/b2c/before-create', claims('../roles?person='));
  assert.equal(status, 400);
  assert.deepEqual(Object.values(await backend('GET', '/seen')).reduce((sum, n) => sum + n, 0), 3);
});

test('approval workflow: asked, waiting, approved; denied; and nobody is asked twice', async (t) => {
  const { ask, backend } = await start(t, 'approval-workflow.yaml');
  const ines = {
    email: 'ines.marques@posteo.example', displayName: 'Ines Marques', givenName: 'Ines', lastName: 'Marques', ui_locales: 'pt-PT',
    identities: [{ signInType: 'federated', issuer: 'google.com', issuerAssignedId: '1090733' }],
  };
  const waiting = [200, block('O seu pedido ainda aguarda aprovação. Escreveremos para ines.marques@posteo.example.')];
  const status = (claims) => ask('/approvals/status', claims, 'entra');
  const request = (claims) => ask('/approvals/request', claims, 'entra');
  assert.deepEqual(await status(ines), [200, kContinue], 'no request yet');
  const { lastName, ...typed } = { ...ines, surname: ines.lastName, city: 'Porto' };
  assert.deepEqual(await request(typed), waiting);
  assert.deepEqual(await request(typed), waiting, 'the retry');
  const later = (claims, turn) => ({ ...claims, extension_turn: turn });   // another day, so no retry
  assert.deepEqual(await status(later(ines, 1)), waiting);

  const officer = (state) => backend('POST', '/approvals/google.com%7C1090733', { state });
  const { claims } = await officer('denied');
  assert.equal(claims.surname, 'Marques');
  assert.deepEqual(claims.identities, ines.identities);
  assert.deepEqual(await status(later(ines, 2)), [200, block('O seu pedido foi recusado.')]);
  await officer('approved');
  assert.deepEqual(await request(later(typed, 3)), [200, kContinue]);
  assert.deepEqual(await status({ email: 'eve@tailspin.example' }), [200, block('Your request was declined.')]);
  const seen = await backend('GET', '/seen');
  assert.equal(seen['POST /approvals'], 2, 'once for the first request and its retry, once behind the approval');
});

test('overwrite attributes: one sign-up, tidied without a call', async (t) => {
  const { ask, backend } = await start(t, 'overwrite-attributes.yaml');
  assert.deepEqual(await ask('/b2c/before-create', {
    step: 'PostAttributeCollection', client_id: '0d1c5a53-3b6f-4a51-9b7e-58a5a9b5d7c4', ui_locales: 'en-US',
    email: 'DANA@RIVERBANK.EXAMPLE', givenName: 'DANA', surname: "o'neil", displayName: "DANA o'neil", postalCode: '98052 6399',
    country: 'usa',
  }).then(([status, body]) => [status, JSON.parse(body)]), [200, {
    version: '1.0.0', action: 'Continue', givenName: 'Dana', surname: "O'Neil", displayName: "Dana O'Neil",
    postalCode: '98052-6399', country: 'United States',
  }]);
  assert.deepEqual(await backend('GET', '/seen'), {});
});

test('custom business logic: the token is wiped, the contact made once', async (t) => {
  const { ask, backend } = await start(t, 'business-logic.yaml');
  const claims = {
    step: 'PostAttributeCollection', ui_locales: 'fr-FR', email: 'm.leroy@atelier.example', displayName: 'Maud Leroy',
    [`${kApp}_captchaToken`]: '03AFcWeA', [`${kApp}_newsletter`]: true,
  };
  const [status, body] = await ask('/b2c/before-create', claims);
  assert.equal(status, 200, body);
  const { version, action, [`${kApp}_captchaToken`]: token, ...rest } = JSON.parse(body);
  assert.deepEqual({ version, action, token }, { version: '1.0.0', action: 'Continue', token: '' });
  assert.deepEqual(Object.entries(rest).map(([name, value]) => [name.replace(`${kApp}_`, 'extension_'), value]),
    [['extension_crmNumber', 'C-204417']]);
  assert.deepEqual(await ask('/b2c/before-create', claims), [200, body], 'the retry gets the same number');
  assert.deepEqual(await ask('/b2c/before-create', { ...claims, [`${kApp}_captchaToken`]: 'robot' }),
    [400, invalid("Veuillez résoudre l'énigme à nouveau.")]);
  assert.deepEqual(await backend('GET', '/seen'), { 'POST /captcha/verify': 2, 'POST /crm/contacts': 1 });
});

test('augment tokens: roles at a sign-in, remembered for a minute', async (t) => {
  const { ask, backend } = await start(t, 'augment-tokens.yaml');
  const claims = {
    step: 'PreTokenIssuance', client_id: '6a1f6d5e-8c0b-4a38-b2f5-0c6a4f1f7e21', ui_locales: 'de-DE',
    objectId: '5b0f7e0e-59f5-4b0a-9a1d-2f4d7c1c8a10', email: 'k.brandt@werkstatt.example', displayName: 'K. Brandt',
    identities: [{ signInType: 'federated', issuer: 'facebook.com', issuerAssignedId: '77120045' }],
  };
  const wanted = [200, '{"version":"1.0.0","action":"Continue","extension_appRoles":"Buyer Approver","extension_costCentre":"4711"}'];
  assert.deepEqual(await ask('/b2c/before-token', claims), wanted);
  assert.deepEqual(await ask('/b2c/before-token', { ...claims, displayName: 'Karla Brandt' }), wanted);
  assert.deepEqual(await backend('GET', '/seen'), { 'GET /roles': 1 });
  const [, guest] = await ask('/b2c/before-token', { ...claims, objectId: '00000000-0000-0000-0000-000000000000' });
  assert.equal(JSON.parse(guest).extension_appRoles, 'Guest');
});
