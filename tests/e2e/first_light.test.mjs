// One way through the whole house: B2C user-flow requests, answered in-line by rules.
// Sections named a.1 to a.12 and f.7 are those of the wire reference the dialect was built from:
// docs/decisions.md repeats what matters of them.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { configuration, serve } from './lib/claimgate.mjs';
import { ask, assertContinue, assertError, connect, post } from './lib/wire.mjs';

test('the raw bytes of the reference exchange get the reference answer', async (t) => {
  const gate = await serve(t, configuration());
  const wire = await connect(t, gate.address);
  await wire.send(
    'POST /signup?code=k3y HTTP/1.1\r\n' +
      'Host: hooks.woodgrove.example\r\n' +
      'Authorization: Basic YjJjOnMzY3I6ZXQ=\r\n' +
      'Content-Type: application/json\r\n' +
      'Content-Length: 74\r\n\r\n' +
      '{"step":"PostFederationSignup","email":"a@b.example","ui_locales":"en-US"}',
  );
  const answer = await wire.answer();
  assert.equal(answer.status, 200);
  assert.equal(answer.reason, 'OK');
  assert.equal(answer.text, '{"version":"1.0.0","action":"Continue"}');
  assert.equal(answer.fields['content-type'], 'application/json');
  assert.equal(answer.fields['cache-control'], 'no-store');
  assert.ok(!Number.isNaN(Date.parse(answer.fields.date)), 'every answer carries Date (RFC 9110, 6.6.1)');
});

// The three answers of a.6: exact status, exact members, exact order.
test('the three answers have exactly the members B2C reads', async (t) => {
  const gate = await serve(t, configuration());
  const cases = [
    {
      body: { step: 'PostAttributeCollection', email: 'a@b.example', givenName: 'DANA-lee', postalCode: '12345' },
      status: 200,
      text: '{"version":"1.0.0","action":"Continue","givenName":"Dana-Lee"}',
    },
    {
      body: { step: 'PostAttributeCollection', email: 'a@blocked.example' },
      status: 200,
      text: '{"version":"1.0.0","action":"ShowBlockPage","userMessage":"Not open to blocked.example."}',
    },
    {
      body: { step: 'PostAttributeCollection', email: 'a@b.example', postalCode: 'x' },
      status: 400,
      text: '{"version":"1.0.0","status":400,"action":"ValidationError","userMessage":"Check your postal code."}',
    },
  ];
  const wire = await connect(t, gate.address);
  for (const { body, status, text } of cases) {
    await wire.send(post(body));
    const answer = await wire.answer();
    assert.equal(answer.text, text);
    assert.equal(answer.status, status);
    assert.equal(answer.fields['content-type'], 'application/json');
    assert.equal(answer.fields['cache-control'], 'no-store');
  }
});

// a.7: which answer is legal at which step, and what an illegal one becomes.
test('an answer that is illegal at a step is rewritten to one that is legal', async (t) => {
  const blocked = { version: '1.0.0', action: 'ShowBlockPage', userMessage: 'Not open to blocked.example.' };
  const moved = { version: '1.0.0', action: 'ShowBlockPage', userMessage: 'Check your postal code.' };
  const invalid = { version: '1.0.0', status: 400, action: 'ValidationError', userMessage: 'Check your postal code.' };
  const bare = { version: '1.0.0', action: 'Continue' };
  const failed = 500;
  //            step                        block    validation error
  const table = [
    ['PostFederationSignup', blocked, moved],
    ['PostAttributeCollection', blocked, invalid],
    ['postattributecollection', blocked, invalid],
    ['POSTFEDERATIONSIGNUP', blocked, moved],
    ['SomeStepOfTomorrow', blocked, invalid],  // a.2: as PostAttributeCollection
    [undefined, blocked, invalid],
    ['PreTokenIssuance', bare, bare],
    ['PreTokenApplicationClaims', bare, bare],  // the other spelling of one page
  ];
  for (const fault of ['continue', 'fail']) {
    const gate = await serve(t, configuration({ connector: { token_fault: fault } }));
    const wire = await connect(t, gate.address);
    for (const [step, onBlock, onInvalid] of table) {
      for (const [claims, wanted] of [
        [{ email: 'a@blocked.example' }, onBlock],
        [{ email: 'a@b.example', postalCode: 'x' }, onInvalid],
      ]) {
        await wire.send(post({ step, ...claims }));
        const answer = await wire.answer();
        const what = `${fault}: ${step} ${JSON.stringify(claims)}`;
        if (wanted === bare && fault === 'fail') {
          assertError(answer, failed);
        } else {
          assert.deepEqual(answer.json, wanted, what);
          assert.equal(answer.status, wanted === invalid ? 400 : 200, what);
        }
      }
    }
  }
});

test('a sign-in gets its claims, but never another e-mail address', async (t) => {
  const gate = await serve(t, configuration({
    connector: {
      rules: [{ name: 'all', set: { email: '{email | lower}', displayName: '{displayName | upper}', extension_tier: 'gold' } }],
    },
  }));
  const claims = { email: 'A@B.example', displayName: 'k', objectId: '5b0f7e0e-59f5-4b0a-9a1d-2f4d7c1c8a10' };
  assertContinue(await ask(t, gate.address, post({ step: 'PostAttributeCollection', ...claims })),
    { email: 'a@b.example', displayName: 'K', extension_tier: 'gold' });
  assertContinue(await ask(t, gate.address, post({ step: 'PreTokenIssuance', ...claims })),
    { displayName: 'K', extension_tier: 'gold' });
});

test('the message comes in the best language the caller asks for', async (t) => {
  const gate = await serve(t, configuration({ fallback_locale: 'en' }));
  const wire = await connect(t, gate.address);
  const en = 'Not open to blocked.example.';
  const sv = 'Inte öppen för blocked.example.';
  for (const [locales, wanted] of [
    ['sv-SE', sv],
    ['sv', sv],
    ['SV-se', sv],
    ['en-US', en],
    ['de-DE', en],
    ['de-DE sv-SE', sv],
    ['fi,sv,en', sv],
    ['en-GB sv', en],
    ['', en],
    [undefined, en],
    ['*', en],
    [`${'x-'.repeat(200)}sv`, en],
  ]) {
    await wire.send(post({ step: 'PostFederationSignup', email: 'a@blocked.example', ui_locales: locales }));
    const answer = await wire.answer();
    assert.equal(answer.json.userMessage, wanted, `ui_locales: ${locales}`);
  }
});

// a.5: one attribute, however it is spelled; the caller's spelling goes back.
test('a custom attribute is found under each of its spellings and answered in the one that came', async (t) => {
  const gate = await serve(t, configuration({
    connector: {
      rules: [{
        name: 'tier',
        when: { extension_LoyaltyTier: { exists: true } },
        set: { extension_LoyaltyTier: '{extension_LoyaltyTier | upper}' },
      }],
    },
  }));
  const wire = await connect(t, gate.address);
  for (const spelling of [
    'extension_9c2f41d07be84a6c8f35d1e2a07b64c3_LoyaltyTier',
    'extension_9C2F41D07BE84A6C8F35D1E2A07B64C3_loyaltytier',
    'extension_LoyaltyTier',
    'extension_loyaltyTier',
  ]) {
    await wire.send(post({ step: 'PostAttributeCollection', email: 'a@b.example', [spelling]: 'gold' }));
    assertContinue(await wire.answer(), { [spelling]: 'GOLD' });
  }
  // A bare name is another claim (a.5), and an absent one is not set.
  await wire.send(post({ step: 'PostAttributeCollection', email: 'a@b.example', LoyaltyTier: 'gold' }));
  assertContinue(await wire.answer());
});

test('booleans and numbers of custom attributes match in either spelling', async (t) => {
  const gate = await serve(t, configuration({
    connector: {
      rules: [
        { name: 'flag', when: { extension_vip: { equals: true } }, set: { extension_flag: 'yes' } },
        { name: 'count', when: { extension_seats: { equals: 42 } }, set: { extension_count: 'yes' } },
      ],
    },
  }));
  const wire = await connect(t, gate.address);
  for (const [vip, seats, claims] of [
    [true, 42, { extension_flag: 'yes', extension_count: 'yes' }],
    ['true', '42', { extension_flag: 'yes', extension_count: 'yes' }],
    [false, 41, {}],
    ['false', '', {}],
  ]) {
    await wire.send(post({ step: 'PostAttributeCollection', extension_vip: vip, extension_seats: seats }));
    assertContinue(await wire.answer(), claims);
  }
});

test('identities and members nobody knows are read and do not disturb', async (t) => {
  const gate = await serve(t, configuration({
    connector: {
      rules: [
        { name: 'nobody', when: { all: [{ identities: { missing: true } }, { email: { missing: true } }] }, block: 'again' },
        { name: 'federated', when: { identities: { exists: true } }, set: { extension_origin: 'known' } },
      ],
    },
  }));
  const wire = await connect(t, gate.address);
  const identities = [
    { signInType: 'federated', issuer: 'facebook.com', issuerAssignedId: '77120045' },
    { signInType: 'emailAddress', issuer: 'contoso.onmicrosoft.com', issuerAssignedId: 'a@b.example' },
  ];
  await wire.send(post({ step: 'PostFederationSignup', identities, unknown: { a: [1, 2.5e3, null, true, { b: '\u0000é' }] } }));
  assertContinue(await wire.answer(), { extension_origin: 'known' });
  await wire.send(post({ step: 'PostFederationSignup', clientId: 'x', another: [] }));
  assert.equal((await wire.answer()).json.action, 'ShowBlockPage');
});

test('what a person typed reaches the page as text, in JSON as it was', async (t) => {
  const gate = await serve(t, configuration({
    messages: { hello: { en: 'Hello {displayName}!' } },
    connector: {
      rules: [
        { name: 'echo', set: { displayName: '{displayName}', extension_braces: '{{{displayName}}}' } },
        { name: 'stop', when: { city: { equals: 'stop' } }, block: 'hello' },
      ],
    },
  }));
  const wire = await connect(t, gate.address);
  for (const name of ['O\'Neil "Q" \\ / é 漢 \u{1F600}', '<script>alert(1)</script>', '\t\u0001\u007f\u2028', '{email}']) {
    await wire.send(post({ step: 'PostAttributeCollection', displayName: name }));
    assertContinue(await wire.answer(), { displayName: name, extension_braces: `{${name}}` });
    await wire.send(post({ step: 'PostAttributeCollection', displayName: name, city: 'stop' }));
    const shown = (await wire.answer()).json.userMessage;
    assert.ok(shown.startsWith('Hello ') && shown.endsWith('!'), shown);
    assert.doesNotMatch(shown, /[<>\u0000-\u001f\u007f]/, 'no markup and no control characters in a message');
  }
});

// docs/decisions.md has the rule of each.
test('a body that is no acceptable JSON object is refused with 400 and a place', async (t) => {
  const gate = await serve(t, configuration({
    limits: { json_depth: 8, json_members: 50 },
    connector: { rules: [{ name: 'names an attribute', when: { extension_T: { equals: 'never' } }, block: 'again' }] },
  }));
  const wire = await connect(t, gate.address);
  const deep = (levels) => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;
  const many = (count) => `{${Array.from({ length: count }, (_, i) => `"m${i}":1`).join(',')}}`;
  const refused = [
    '', '   \r\n\t', '[]', '"text"', 'null', '1', '{', '{"a"', '{"a":', '{"a":}', '{"a":1,}', '{"a":1}x', '{"a":1}{}',
    "{'a':1}", '{a:1}', '{"a":01}', '{"a":1.}', '{"a":.5}', '{"a":+1}', '{"a":NaN}', '{"a":tru}', '{"a":1e}',
    '{"a":"\u0001"}', '{"a":"\n"}', '{"a":"\\x"}', '{"a":"\\u12"}', '{"a":"\\ud800"}', '{"a":"\\udc00\\ud800"}',
    '{"a":1,"a":2}', '{"a":1,"\\u0061":2}', '{"email":"a","\\u0065mail":"b"}',
    '{"extension_t":1,"extension_9c2f41d07be84a6c8f35d1e2a07b64c3_T":2}',
    deep(9), many(51),
    Buffer.from('{"a":"\xff"}', 'latin1'), Buffer.from('{"a":"\xc0\xaf"}', 'latin1'),
    Buffer.from('{"a":"\xed\xa0\x80"}', 'latin1'), Buffer.from('{"a":"\xf4\x90\x80\x80"}', 'latin1'),
    Buffer.from('\ufeff{"a":1}', 'utf16le'), Buffer.from('{"a":1}\0'), '{"a":1/**/}',
  ];
  for (const body of refused) {
    await wire.send(post(body));
    const answer = await wire.answer();
    const what = `body ${JSON.stringify(body.toString())}: ${answer.text}`;
    assert.equal(answer.status, 400, what);
    assertError(answer, 400);
    const { offset } = answer.json.error;
    assert.ok(Number.isInteger(offset) && offset >= 0 && offset <= Buffer.byteLength(body), `${what} says where`);
  }
  const accepted = [
    '{}', ' \r\n\t{ \t} ', '\ufeff{"a":1}', deep(8), many(50),
    `{"a":${'9'.repeat(400)}}`, '{"a":1e999999}', '{"a":-0.0E-0}', '{"a":null}', '{"a":"\\ud83d\\ude00"}',
    '{"a":{"b":1,"b":2}}', '{"A":1,"a":2}', '{"":1}', '{"\\u0000":1}',
  ];
  for (const body of accepted) {
    await wire.send(post(body));
    const answer = await wire.answer();
    assert.equal(answer.status, 200, `body ${body}: ${answer.text}`);
    assertContinue(answer);
  }
});
