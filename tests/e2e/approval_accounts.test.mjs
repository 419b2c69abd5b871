// Accounts behind approvals (protocol.md c.2, both cases), against a server that plays Microsoft Graph; and the
// example, from the request to the next sign-up.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { test } from 'node:test';

import { eventually, root, run, serve } from './lib/claimgate.mjs';

const kEnvironment = {
  STATE_KEY: Buffer.alloc(32, 7).toString('base64'), ENTRA_PASSWORD: 'secret', GRAPH_SECRET: 'graph & secret',
};
const kToken = 'stand-in-token';

// `scripted` answers calls first, one each: a status, or a status and a body.
async function graph(t, scripted = []) {
  const calls = [];
  const tokens = [];
  const server = http.createServer(async (request, response) => {
    let text = '';
    for await (const part of request) text += part;
    const tell = (status, body) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(body === undefined ? '' : JSON.stringify(body));
    };
    if (request.url.endsWith('/oauth2/v2.0/token')) {
      tokens.push({ url: request.url, form: Object.fromEntries(new URLSearchParams(text)) });
      return tell(200, { token_type: 'Bearer', expires_in: 3600, access_token: kToken });
    }
    calls.push({ method: request.method, url: request.url, authorization: request.headers.authorization, body: JSON.parse(text) });
    if (scripted.length > 0) return tell(...[scripted.shift()].flat());
    if (request.url === '/v1.0/users') return tell(201, { id: 'a-1' });
    if (request.url === '/v1.0/invitations') return tell(201, { invitedUser: { id: 'a-2' } });
    return tell(204);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return { calls, tokens, url: `http://127.0.0.1:${server.address().port}` };
}

// The example, on ports of its own.
function example(graphUrl) {
  return fs.readFileSync(path.join(root, 'examples/approvals/approvals.yaml'), 'utf8')
    .replaceAll(/(address: 127\.0\.0\.1:)\d+/g, '$10')
    .replaceAll('http://127.0.0.1:8181', graphUrl);
}

async function ask(gate, step, body) {
  const response = await fetch(`${gate.address}/approvals/${step}`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa('entra:secret')}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  assert.equal(response.status, 200);
  return response.json();
}

async function admin(gate, url, body) {
  const response = await fetch(`${gate.admin}/approvals/guests${url}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  assert.equal(response.status, 200, await response.clone().text());
  return response.json();
}

async function approve(gate) {
  const { approvals: [{ id }] } = await admin(gate, '?state=pending');
  await admin(gate, `/${id}/approve`, { by: 'anna', reason: 'a customer of ours' });
  return id;
}

const ended = (gate, id) => eventually('the account to be made', async () => {
  const found = await admin(gate, `/${id}`);
  return found.account !== 'wanted' && found;
});

const ines = {
  email: 'ines.marques@posteo.example', displayName: 'ines  marques', city: 'Porto', ui_locales: 'pt-PT',
  identities: [{ signInType: 'federated', issuer: 'google.com', issuerAssignedId: '1090733' }],
  extension_9c2f41d07be84a6c8f35d1e2a07b64c3_partnerNumber: 'PT-118',
};

test('the example: request, pending page, approval, account, next sign-up', async (t) => {
  const microsoft = await graph(t);
  const gate = await serve(t, example(microsoft.url), { env: kEnvironment });
  assert.equal((await ask(gate, 'status', ines)).action, 'Continue');
  assert.deepEqual(await ask(gate, 'request', ines), {
    version: '1.0.0', action: 'ShowBlockPage',
    userMessage: 'Obrigado. Vamos analisar o seu pedido e escrever para ines.marques@posteo.example.',
  });
  assert.equal((await ask(gate, 'status', ines)).userMessage, 'O seu pedido ainda aguarda aprovação.');
  assert.equal(microsoft.calls.length, 0);
  const found = await ended(gate, await approve(gate));
  assert.equal(found.account, 'created');
  assert.deepEqual(found.trail.map((one) => one.what), ['requested', 'approved', 'account created']);
  assert.deepEqual(microsoft.tokens, [{
    url: '/woodgrove.onmicrosoft.com/oauth2/v2.0/token',
    form: {
      grant_type: 'client_credentials', client_id: '2f6d5c1e-0000-4000-8000-4b1c9a7e0d55',
      client_secret: 'graph & secret', scope: `${microsoft.url}/.default`,
    },
  }]);
  assert.deepEqual(microsoft.calls, [{
    method: 'POST', url: '/v1.0/users', authorization: `Bearer ${kToken}`,
    body: {
      userPrincipalName: 'ines.marques_posteo.example#EXT@woodgrove.onmicrosoft.com', accountEnabled: true,
      mail: 'ines.marques@posteo.example', userType: 'Guest', identities: ines.identities,
      displayName: 'Ines Marques', city: 'Porto', extension_9c2f41d07be84a6c8f35d1e2a07b64c3_partnerNumber: 'PT-118',
    },
  }]);
  assert.equal((await ask(gate, 'request', ines)).action, 'Continue');
  assert.equal((await ask(gate, 'status', ines)).action, 'Continue');
  assert.doesNotMatch(gate.stderr, /ines|posteo|graph & secret|stand-in/i);
});

test('who has an account of Entra or Microsoft is invited, and attributes follow', async (t) => {
  const microsoft = await graph(t);
  const gate = await serve(t, example(microsoft.url), { env: kEnvironment });
  await ask(gate, 'request', { email: 'li.wei@elsewhere.example', displayName: 'Li Wei', city: 'Lund' });
  assert.equal((await ended(gate, await approve(gate))).trail.at(-1).reason, 'invited');
  assert.deepEqual(microsoft.calls.map(({ method, url, body }) => [method, url, body]), [
    ['POST', '/v1.0/invitations', {
      invitedUserEmailAddress: 'li.wei@elsewhere.example', inviteRedirectUrl: 'https://portal.woodgrove.example',
      sendInvitationMessage: true,
    }],
    ['PATCH', '/v1.0/users/a-2', { displayName: 'Li Wei', city: 'Lund' }],
  ]);
});

test('what is only away is tried again, and what an earlier try has made counts', async (t) => {
  const conflict = { error: { code: 'Request_BadRequest', details: [{ code: 'ObjectConflict' }] } };
  const microsoft = await graph(t, [503, [400, conflict]]);
  const gate = await serve(t, example(microsoft.url), { env: kEnvironment });
  await ask(gate, 'request', ines);
  const found = await ended(gate, await approve(gate));
  assert.equal(found.account, 'created');
  assert.equal(found.trail.at(-1).reason, 'there already');
  assert.equal(microsoft.calls.length, 2);
});

test('what is refused is not tried again, and says why without naming anybody', async (t) => {
  const microsoft = await graph(t, [[403, { error: { code: 'Authorization_RequestDenied', message: 'ines' } }]]);
  const gate = await serve(t, example(microsoft.url), { env: kEnvironment });
  await ask(gate, 'request', ines);
  const found = await ended(gate, await approve(gate));
  assert.equal(found.account, 'failed');
  assert.equal(found.trail.at(-1).reason, '403 Authorization_RequestDenied');
  assert.equal(microsoft.calls.length, 1);
  const line = /the account of guests\/[0-9a-f]{32} was not created: 403 Authorization_RequestDenied/;
  await eventually('a line in the log', () => line.test(gate.stderr));  // it is written behind the record
  assert.doesNotMatch(gate.stderr, /ines/);
});

test('the example passes its own tests', async () => {
  const { code, stdout, stderr } = await run(['check', '--coverage=required', 'examples/approvals/approvals.yaml'], { env: kEnvironment });
  assert.equal(code, 0, stderr + stdout);
  assert.equal(stderr, '');
  assert.match(stdout, /4 tests passed/);
});
