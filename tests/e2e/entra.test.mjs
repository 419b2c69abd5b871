// Callers that show a token of Microsoft Entra: what is accepted, what is not, and where keys come from.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { certificate } from './lib/certificates.mjs';
import { binary, Claimgate, configuration, eventually, kAuthorization, root, run, scratch, serve, yaml } from './lib/claimgate.mjs';
import { encoded, entra, kAudience, kExtensions, kTenant, signingKey, token } from './lib/entra.mjs';
import { scrape } from './lib/openmetrics.mjs';
import { assertContinue, connect, post } from './lib/wire.mjs';

const kBody = { step: 'PostAttributeCollection', email: 'a@b.example' };
const [keyOne, keyTwo, keyThree] = ['key-1', 'key-2', 'key-3'].map((kid) => signingKey(kid));
const other = signingKey('key-1');

const accepting = (authority, more = {}, changes = {}) => configuration({
  ...changes,
  connector: { auth: { entra: { tenant: kTenant, audience: kAudience, authority: authority.url, ...more } } },
});

async function show(wire, shown, fields = {}) {
  await wire.send(post(kBody, { fields: { Authorization: shown === undefined ? undefined : `Bearer ${shown}`, ...fields } }));
  return wire.answer();
}

// protocol.md d.2, step 10.
function assertRefused(answer, why) {
  assert.equal(answer.status, 401, why);
  assert.equal(answer.text, '', why);
  assert.equal(answer.fields['content-length'], '0');
  assert.equal(answer.fields['content-type'], undefined);
  assert.equal(answer.fields['www-authenticate'], 'Bearer realm="claimgate"');
}

async function faults(gate) {
  const family = (await scrape(gate.admin)).families.claimgate_tokens_refused;
  return Object.fromEntries(family.samples.map((sample) => [sample.labels.reason, sample.value]));
}

test('a token of either version is accepted, and remembered', async (t) => {
  const authority = await entra(t, [keyOne]);
  const gate = await serve(t, accepting(authority, { audience: [kAudience.toUpperCase(), `api://hooks.example/${kAudience}`] }));
  const wire = await connect(t, gate.address);
  const good = token(keyOne);
  for (const shown of [
    good, good, good, token(keyOne, { version: '1.0', claims: { aud: `api://hooks.example/${kAudience}` } }),
    token(keyOne, { claims: { tid: undefined, nbf: undefined } }), token(keyOne, { claims: { exp: Math.floor(Date.now() / 1000) - 200 } }),
  ]) assertContinue(await show(wire, shown));
  await wire.send(post(kBody, { fields: { Authorization: `bearer  ${good}` } }));
  assertContinue(await wire.answer());
  const metrics = await scrape(gate.admin);
  assert.equal(metrics.value('claimgate_tokens_accepted_total', { how: 'verified' }), 4);
  assert.equal(metrics.value('claimgate_tokens_accepted_total', { how: 'remembered' }), 3);
  assert.equal(metrics.value('claimgate_token_keys', { authority: `${authority.url}/v2.0` }), 1);
  assert.equal(authority.requests.length, 4, 'two documents for each version, all before the first caller');
});

test('everything else is refused without a body, counted by reason and logged without the token', async (t) => {
  const authority = await entra(t, [keyOne]);
  const gate = await serve(t, accepting(authority));
  const wire = await connect(t, gate.address);
  const pem = keyOne.publicKey.export({ type: 'spki', format: 'pem' });
  const now = Math.floor(Date.now() / 1000);
  const good = token(keyOne);
  const [head, claims, signature] = good.split('.');
  const none = encoded({ alg: 'none', kid: 'key-1' });
  const cases = {
    malformed: [head, `${head}.${claims}`, `${good}.`, `${head}..${signature}`, `${good}=`, `.${claims}.${signature}`,
      token(keyOne, { sign: (text) => `${text}` }).replace('.', '!.'),
      `${encoded('{"alg":"RS256","alg":"none","kid":"key-1"}')}.${claims}.${signature}`,
      `${head}.${encoded(`{"aud":"${kAudience}","aud":"${kAudience}"}`)}.${signature}`],
    too_large: [`${good}${'A'.repeat(8192)}`],
    algorithm: [`${none}.${claims}.`, `${none}.${claims}.${signature}`, token(keyOne, { header: { alg: 'RS512' } }),
      // The public key as the secret of an HMAC.
      token(keyOne, { header: { alg: 'HS256' }, sign: (text) => crypto.createHmac('sha256', pem).update(text).digest() })],
    extension: [token(keyOne, { header: { crit: ['exp'] } }), token(keyOne, { header: { typ: 'JWE' } })],
    no_key_id: [token(keyOne, { header: { kid: undefined, x5t: 'key-1' } }), token(keyOne, { header: { kid: ['key-1'] } })],
    version: [token(keyOne, { claims: { ver: '3.0' } }), token(keyOne, { claims: { ver: undefined } })],
    claims: [token(keyOne, { claims: { exp: undefined } }), token(keyOne, { claims: { exp: `${now + 60}` } }), token(keyOne, { claims: { aud: [kAudience] } }),
      token(keyOne, { claims: { azp: undefined, appid: kExtensions } })],
    party: [token(keyOne, { claims: { azp: kAudience } })],
    issuer: [token(keyOne, { claims: { iss: `https://sts.example/${kTenant}/` } }), token(keyOne, { claims: { iss: `https://issuer.example/${kTenant}/v2.0/` } })],
    audience: [token(keyOne, { claims: { aud: kExtensions } })],
    tenant: [token(keyOne, { claims: { tid: kAudience } })],
    expired: [token(keyOne, { claims: { exp: now - 301 } })],
    not_yet_valid: [token(keyOne, { claims: { nbf: now + 400 } })],
    unknown_key: [token(keyOne, { header: { kid: 'key-9' } }), token(keyOne, { header: { kid: '../key-1' } })],
    signature: [`${head}.${claims}.`, `${head}.${claims}.${encoded('x')}`, token(other), token(other, { header: { jwk: other.publicKey.export({ format: 'jwk' }) } }),
      token(other, { header: { jku: `${authority.url}/mine`, x5u: `${authority.url}/mine` } }),
      token(keyOne, { sign: (text) => crypto.sign('sha256', Buffer.from(text), { key: keyOne.privateKey, padding: crypto.constants.RSA_PKCS1_PSS_PADDING }) })],
  };
  for (const [reason, shown] of Object.entries(cases)) {
    for (const one of shown) assertRefused(await show(wire, one), reason);
  }
  assert.deepEqual(await faults(gate), Object.fromEntries(Object.entries(cases).map(([reason, shown]) => [reason, shown.length])));
  for (const Authorization of [undefined, 'Bearer', 'Bearer ', kAuthorization, `Basic ${good}`, `Bearer${good}`]) {
    assertRefused(await show(wire, undefined, { Authorization }), Authorization);
  }
  assertContinue(await show(wire, good), undefined, 'the connection stays usable');
  await eventually('the log', () => /^claimgate: warning: token of 127\.0\.0\.1 refused by connector signup: it is no signed JWT/m.test(gate.stderr));
  for (const part of [head, claims, signature, kExtensions, 'key-9', 'key-1']) assert.ok(!gate.stderr.includes(part), part);
  assert.ok(!authority.requests.some((url) => url.includes('mine')));
});

test('a key that rolls is fetched once, and the old keys stay when that fails', async (t) => {
  const authority = await entra(t, [keyOne]);
  const gate = await serve(t, accepting(authority, {}, { workers: 2 }));
  const wire = await connect(t, gate.address);
  assertContinue(await show(wire, token(keyOne)));
  const before = authority.requests.length;
  authority.failing = true;
  assertRefused(await show(wire, token(keyTwo)));
  await gate.line(/keys of http:\S+\/v2\.0 stay as they were: the discovery document: the answer's status is 503/);
  assertContinue(await show(wire, token(keyOne)), undefined, 'the old key is still good');
  authority.keys = [keyTwo];
  authority.failing = false;
  await eventually('the new key', async () => (await show(wire, token(keyTwo))).status === 200);
  assertRefused(await show(wire, token(keyOne)), 'a key that is gone, and the verdicts it gave with it');
  const fetched = authority.requests.length;
  assert.ok(fetched - before <= 4, `${fetched - before} requests`);
  // Again within five minutes: nobody is asked.
  for (let i = 0; i < 20; ++i) assertRefused(await show(wire, token(keyThree)));
  const metrics = await scrape(gate.admin);
  assert.ok(metrics.value('claimgate_token_key_fetch_failures_total', { authority: `${authority.url}/v2.0` }) >= 1);
  assert.equal(authority.requests.length, fetched);
});

test('without keys callers are refused and the process is not ready, until they come', async (t) => {
  const gone = await entra(t, [keyOne]);
  await gone.close();
  const directory = scratch(t, { 'claimgate.yaml': yaml(accepting(gone)) });
  const file = path.join(directory, 'claimgate.yaml');
  const gate = new Claimgate(spawn(binary, ['serve', '--config', file], { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] }), directory, file);
  t.after(() => gate.stop());
  await gate.line(/^claimgate: not ready: the keys of callers' tokens are being fetched$/m);
  await gate.line(/^claimgate: error: keys of \S+ cannot be fetched: the discovery document: /m);
  const address = gate.stderr.match(/listening on (\S+)/)[1];
  gate.admin = gate.stderr.match(/admin on (\S+)/)[1];
  const ready = async () => {
    const answer = await fetch(`${gate.admin}/readyz`);
    return [answer.status, await answer.text()];
  };
  assert.deepEqual(await ready(), [503, "waiting for the keys of callers' tokens\n"]);
  const wire = await connect(t, address);
  assertRefused(await show(wire, token(keyOne)));
  assert.deepEqual(await faults(gate), { no_keys: 1 });
  await entra(t, [keyOne], { port: gone.port });
  await gate.ready();
  assert.deepEqual(await ready(), [200, 'ready\n']);
  // Keys of one version make it ready, and those of 1.0 may have come first.
  await eventually('keys of version 2.0', async () => (await show(wire, token(keyOne))).status === 200);
});

test('an authority is asked over verified TLS only, and none is followed to plain HTTP', async (t) => {
  const directory = scratch(t);
  const ca = certificate(directory, 'ca');
  const server = certificate(directory, 'server', { by: ca, names: ['localhost'] });
  const elsewhere = certificate(directory, 'elsewhere', { by: ca, names: ['elsewhere.example'] });
  const stranger = certificate(directory, 'stranger', { names: ['localhost'] });
  const served = (of) => ({ cert: of.pem, key: of.key });
  const good = await entra(t, [keyOne], { tls: served(server) });
  const gate = await serve(t, accepting(good, { ca: ca.file }));
  assertContinue(await show(await connect(t, gate.address), token(keyOne)));
  const wrongName = await entra(t, [keyOne], { tls: served(elsewhere) });
  const unsigned = await entra(t, [keyOne], { tls: served(stranger) });
  const plain = await entra(t, [keyOne], { tls: served(server) });
  plain.keysUrl = `http://127.0.0.1:${plain.port}/${kTenant}/v2.0/discovery/keys`;
  for (const [authority, more, why] of [
    [wrongName, { ca: ca.file }, /the discovery document: .*SSL/],
    [unsigned, { ca: ca.file }, /the discovery document: .*SSL/],
    [good, {}, /the discovery document: .*SSL/],
    [plain, { ca: ca.file }, /jwks_uri is not https/],
  ]) {
    const from = gate.stderr.length;
    gate.rewrite(accepting(authority, more));
    gate.signal('SIGHUP');
    await gate.line(/reloaded/, from);
    await gate.line(why, from);
    assertRefused(await show(await connect(t, gate.address), token(keyOne)));
  }
});

test('a reload takes up other settings, and keeps the keys at hand', async (t) => {
  const authority = await entra(t, [keyOne]);
  const gate = await serve(t, accepting(authority));
  const wire = await connect(t, gate.address);
  const [mine, theirs] = [token(keyOne), token(keyOne, { claims: { aud: 'api://other' } })];
  assertContinue(await show(wire, mine));
  assertRefused(await show(wire, theirs));
  const before = authority.requests.length;
  gate.rewrite(accepting(authority, { audience: 'api://other' }));
  gate.signal('SIGHUP');
  await eventually('the other audience', async () => (await show(wire, theirs)).status === 200);
  assertRefused(await show(wire, mine), 'a remembered verdict is of the configuration that gave it');
  assert.equal(authority.requests.length, before);
});

test('an address that guesses tokens is barred; one whose key we lack is not', async (t) => {
  const authority = await entra(t, [keyOne]);
  const gate = await serve(t, accepting(authority, {}, {
    listeners: [{ address: '127.0.0.1:0', forwarded_for: 1 }], limits: { auth_failures: 3 },
  }));
  const wire = await connect(t, gate.address);
  const from = (address) => ({ 'X-Forwarded-For': address });
  for (let i = 0; i < 3; ++i) assertRefused(await show(wire, token(other), from('192.0.2.1')));
  assert.equal((await show(wire, token(keyOne), from('192.0.2.1'))).status, 429);
  authority.failing = true;
  for (let i = 0; i < 9; ++i) assertRefused(await show(wire, token(keyTwo), from('192.0.2.2')));
  assertContinue(await show(wire, token(keyOne), from('192.0.2.2')));
});

test('beside other credentials either will do; a key is wanted in addition', async (t) => {
  const authority = await entra(t, [keyOne]);
  const key = crypto.randomBytes(16).toString('hex');
  const auth = { basic: { username: 'b2c', password: 's3cr:et' }, entra: { tenant: kTenant, audience: kAudience, authority: authority.url } };
  const gate = await serve(t, configuration({ connector: { auth: { ...auth, api_key: { header: 'x-key', value: key } } } }));
  const wire = await connect(t, gate.address);
  const withKey = { 'X-Key': key };
  assertContinue(await show(wire, token(keyOne), withKey));
  assertContinue(await show(wire, undefined, { ...withKey, Authorization: kAuthorization }));
  for (const answer of [await show(wire, token(keyOne)), await show(wire, token(other), withKey), await show(wire, undefined, withKey)]) {
    assert.equal(answer.status, 401);
  }
});

// protocol.md d.2, step 9.
test('an event of another tenant than the token is refused', async (t) => {
  const authority = await entra(t, [keyOne]);
  const gate = await serve(t, configuration({
    connector: {
      dialect: 'ext-id', rules: [{ name: 'everybody', continue: {} }],
      auth: { entra: { tenant: kTenant, audience: kAudience, authority: authority.url } },
    },
  }));
  const wire = await connect(t, gate.address);
  const event = (tenant) => ({
    type: 'microsoft.graph.authenticationEvent.attributeCollectionSubmit',
    data: { tenantId: tenant, userSignUpInfo: { attributes: {}, identities: [] } },
  });
  const ask = async (tenant) => {
    await wire.send(post(event(tenant), { fields: { Authorization: `Bearer ${token(keyOne)}` } }));
    return wire.answer();
  };
  for (const own of [kTenant, kTenant.toUpperCase()]) {
    const answer = await ask(own);
    assert.equal(answer.status, 200, answer.text);
    assert.match(answer.text, /continueWithDefaultBehavior/);
  }
  for (const foreign of ['30000000-0000-0000-0000-000000000003', undefined]) assertRefused(await ask(foreign), `${foreign}`);
});

test('examples/entra.yaml, with an authority that can be reached', async (t) => {
  const authority = await entra(t, [keyOne]);
  const text = fs.readFileSync(path.join(root, 'examples', 'entra.yaml'), 'utf8')
    .replace(/(address: 127\.0\.0\.1:)\d+/g, '$10').replaceAll(`https://woodgrove.ciamlogin.com/${kTenant}`, authority.url);
  const gate = await serve(t, text);
  await eventually('keys', async () => (await fetch(`${gate.admin}/readyz`)).status === 200);
  const wire = await connect(t, gate.address);
  const ask = async (where, claims, body) => {
    await wire.send(post(body, { path: where, fields: { Authorization: `Bearer ${token(keyOne, { claims })}` } }));
    return wire.answer();
  };
  const event = (email) => ({
    type: 'microsoft.graph.authenticationEvent.attributeCollectionSubmit',
    data: { tenantId: kTenant, userSignUpInfo: { attributes: { email: { value: email } }, identities: [] } },
  });
  const own = { azp: 'c0ffee00-2f4b-4a7e-9d11-3b5a6c7d8e9f' };
  assert.match((await ask('/entra/events', {}, event('dana@woodgrove.example'))).text, /continueWithDefaultBehavior/);
  assert.match((await ask('/entra/events', {}, event('dana@competitor.example'))).text, /showBlockPage.*not open to competitor\.example/);
  assertContinue(await ask('/rehearsal', own, kBody));
  // Each connector takes the tokens of its own party.
  assertRefused(await ask('/entra/events', own, event('dana@woodgrove.example')), 'the program is no extension');
  assertRefused(await ask('/rehearsal', {}, kBody), 'the extension is no program');
  assert.deepEqual(await faults(gate), { party: 2 });
});

// protocol.md e.3: what the caller ignores is said in our log, once and without values.
test('claims that are left out of answers are in the log, by their number and once for a while', async (t) => {
  const gate = await serve(t, configuration({
    connector: { dialect: 'ext-id', rules: [{ name: 'more', set: { city: 'M4RK3R', country: 'PT', extension_note: 'M4RK3R' } }] },
  }));
  const wire = await connect(t, gate.address);
  for (let i = 0; i < 3; i++) {
    await wire.send(post({
      type: 'microsoft.graph.authenticationEvent.attributeCollectionSubmit',
      data: { userSignUpInfo: { attributes: { country: { '@odata.type': 'microsoft.graph.stringDirectoryAttributeValue', value: 'x' } }, identities: [] } },
    }));
    const answer = await wire.answer();
    assert.match(answer.text, /"attributes":\{"country":"PT"\}/);
  }
  await gate.line(/warning: connector "signup": 2 claims were left out of an answer: the caller would refuse or ignore /);
  assert.equal(gate.stderr.match(/left out of/g).length, 1);
  assert.doesNotMatch(gate.stderr, /M4RK3R/);
});

test('check names what is wrong with its line', async (t) => {
  const directory = scratch(t, {
    'claimgate.yaml': yaml(accepting({ url: 'http://login.example' }, { tenant: 'contoso.example' })),
    'no.pem': 'hello',
    'ca.yaml': yaml(accepting({ url: `https://login.example/${kTenant}` }, { ca: 'no.pem' })),
  });
  const first = await run(['check', 'claimgate.yaml'], { cwd: directory });
  assert.equal(first.code, 2);
  assert.match(first.stderr, /^claimgate\.yaml:\d+:\d+: error: a tenant's id is a GUID/m);
  const second = await run(['check', 'ca.yaml'], { cwd: directory });
  assert.equal(second.code, 2);
  assert.match(second.stderr, /^ca\.yaml:\d+:\d+: error: no\.pem: it holds no certificate in PEM form/m);
});
