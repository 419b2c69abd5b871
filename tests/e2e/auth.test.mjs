// Basic authentication of the caller, and the refusal to serve without it by accident.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { configuration, kAuthorization, run, scratch, serve, yaml } from './lib/claimgate.mjs';
import { assertContinue, assertError, connect, post } from './lib/wire.mjs';

const kBody = { step: 'PostAttributeCollection', email: 'a@b.example' };
const basic = (text) => `Basic ${Buffer.from(text).toString('base64')}`;

test('every configured credential is accepted, the password cut at the first colon only', async (t) => {
  const gate = await serve(t, configuration({
    connector: {
      auth: {
        basic: [
          { username: 'b2c', password: 's3cr:et' },
          { username: 'b2c', password: '${env:NEXT_PASSWORD}' },
          { username: 'b2c', password: '${file:secrets/third}' },
          { username: 'ünïcode', password: ':påss:word:' },
        ],
      },
    },
  }), { env: { NEXT_PASSWORD: 'next:::one' }, files: { 'secrets/third': 'from a file\n' } });
  const wire = await connect(t, gate.address);
  for (const accepted of [
    kAuthorization, basic('b2c:next:::one'), basic('b2c:from a file'), basic('ünïcode::påss:word:'),
    kAuthorization.replace('Basic', 'basic'), kAuthorization.replace('Basic', 'BASIC'),
  ]) {
    await wire.send(post(kBody, { fields: { Authorization: accepted } }));
    assertContinue(await wire.answer());
  }
});

test('anything else gets 401 with a challenge, and the connection stays usable', async (t) => {
  const gate = await serve(t, configuration());
  const wire = await connect(t, gate.address);
  for (const refused of [
    undefined, '', 'Basic', 'Basic ', 'Bearer abc', 'Basic !!!!', 'Basic YjJjOnMzY3I6ZXQ', `${kAuthorization}=`,
    `${kAuthorization} x`, basic('b2c:s3cr'), basic('b2c:s3cr:et '), basic('b2c:S3CR:ET'), basic('B2C:s3cr:et'),
    basic('b2cs3cr:et'), basic(':s3cr:et'), basic('b2c:'), basic('b2c'), basic(''), basic('b2c:s3cr:et\0'),
    basic(`b2c:${'x'.repeat(4000)}`), kAuthorization.replace('Basic', 'Basics'),
  ]) {
    await wire.send(post(kBody, { fields: { Authorization: refused } }));
    const answer = await wire.answer();
    assertError(answer, 401);
    assert.equal(answer.fields['www-authenticate'], 'Basic realm="claimgate", charset="UTF-8"', `${refused}`);
    assert.doesNotMatch(answer.text, /s3cr|b2c/);
  }
  await wire.send(post(kBody));
  assertContinue(await wire.answer());
});

test('two Authorization fields are refused, whichever of them is right', async (t) => {
  const gate = await serve(t, configuration());
  for (const pair of [[kAuthorization, kAuthorization], [kAuthorization, basic('a:b')], [basic('a:b'), kAuthorization]]) {
    const wire = await connect(t, gate.address);
    await wire.send(post(kBody, { fields: { Authorization: pair } }));
    const answer = await wire.answer();
    assert.ok(answer.status === 400 || answer.status === 401, `${answer.status}`);
  }
});

test('credentials in a trailer, the query or the body count for nothing', async (t) => {
  const gate = await serve(t, configuration());
  const wire = await connect(t, gate.address);
  const body = JSON.stringify({ ...kBody, Authorization: kAuthorization });
  const head = (extra) => `POST /signup?Authorization=${encodeURIComponent(kAuthorization)} HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n${extra}\r\n`;
  await wire.send(`${head(`Content-Length: ${body.length}\r\n`)}${body}`);
  assertError(await wire.answer(), 401);
  // RFC 9110, 6.5.1: a trailer that would change who is asking must not be sent at all.
  await wire.send(`${head('Transfer-Encoding: chunked\r\nTrailer: Authorization\r\n')}${body.length.toString(16)}\r\n${body}\r\n0\r\nAuthorization: ${kAuthorization}\r\n\r\n`);
  assertError(await wire.answer(), 400);
});

test('without authentication a connector is served on loopback, or where the words say so', async (t) => {
  for (const changes of [
    { connector: { auth: undefined } },
    { connector: { auth: 'anonymous' } },
    { connector: { auth: 'anonymous' }, listeners: [{ address: '0.0.0.0:0' }],
      ...(process.getuid() === 0 ? { process: { user: 'root' } } : {}) },  // root has to be told
  ]) {
    const gate = await serve(t, configuration(changes));
    const wire = await connect(t, gate.address.replace('0.0.0.0', '127.0.0.1'));
    for (const Authorization of [undefined, basic('any:thing'), 'Bearer x']) {
      await wire.send(post(kBody, { fields: { Authorization } }));
      assertContinue(await wire.answer());
    }
    await gate.stop();
  }
});

test('without authentication a connector is refused on any other address', async (t) => {
  for (const address of ['0.0.0.0:0', '[::]:0', '192.0.2.1:8080']) {
    const directory = scratch(t, {
      'claimgate.yaml': yaml(configuration({ connector: { auth: undefined }, listeners: [{ address: '127.0.0.1:0' }, { address }] })),
    });
    const { code, stderr } = await run(['serve', '--config', 'claimgate.yaml'], { cwd: directory });
    assert.equal(code, 2, stderr);
    assert.match(stderr, /^claimgate\.yaml:\d+:\d+: error: [^]*auth: anonymous/m);
    assert.doesNotMatch(stderr, /listening/);
  }
});
