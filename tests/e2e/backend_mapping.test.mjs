// What a backend is asked and what its answers mean, through the real binary to Node's own HTTP server:
// credentials, trace fields, claims that try to break out of their place, codings of answers, XML and
// text, and backends that speak the connector contract almost. One process for all of it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { test } from 'node:test';
import zlib from 'node:zlib';

import { assertOtherwise, Figures, kMessages, kOtherwise } from './lib/backends.mjs';
import { configuration, serve } from './lib/claimgate.mjs';
import { assertContinue, connect, post } from './lib/wire.mjs';

// A server that remembers what it was asked and answers by `answer(request)`; its bodies are whole.
async function recorder(t, answer) {
  const one = { asked: [] };
  const server = http.createServer((message, response) => {
    const pieces = [];
    message.on('data', (piece) => pieces.push(piece)).on('end', () => {
      const request = { method: message.method, url: message.url, headers: message.headers,
        raw: message.rawHeaders, body: Buffer.concat(pieces) };
      one.asked.push(request);
      answer(request, response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections?.();
    server.close();
  });
  one.url = `http://127.0.0.1:${server.address().port}`;
  return one;
}

const kBody = 'application/json; charset=utf-8';
function say(response, status, type, body, headers = {}) {
  response.writeHead(status, { ...(type ? { 'content-type': type } : {}), ...headers });
  response.end(body);
}

// --- requests: a place for a claim, and how Node reads it there; null: that is no request of ours

const kUnescaped = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&apos;': "'" };
const fromXml = (text) => text.replace(/&#x([0-9a-fA-F]+);|&#([0-9]+);|&[a-z]+;/g, (all, hex, decimal) =>
  (hex || decimal ? String.fromCodePoint(hex ? parseInt(hex, 16) : Number(decimal)) : kUnescaped[all]));

const kEnvelope = '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>' +
  '<find xmlns="urn:registry"><name>{givenName}</name><who is="{givenName}"/></find></s:Body></s:Envelope>';

const ownFields = ['accept', 'content-length', 'content-type', 'host', 'traceparent', 'user-agent', 'x-request-id'];

// `taken(value)`: may stand in this place, by the table of docs/backends.md.
const noControls = (value) => !/[\u0000-\u001f\u007f]/.test(value);
const oneLine = (value) => noControls(value) && !/[\u0080-\u009f\u2028\u2029]/.test(value);
const kPlaces = {
  json: {
    request: { path: '/p', json: { name: '{givenName}', deep: [{ name: 'x{givenName}y' }] } },
    read(request) {
      const { name, deep, ...more } = JSON.parse(request.body.toString('utf8'));
      assert.deepEqual(more, {});
      assert.deepEqual(deep, [{ name: `x${name}y` }]);
      return name;
    },
    taken: () => true,
  },
  form: {
    request: { path: '/p', form: { name: '{givenName}', last: 'z' } },
    read(request) {
      const pairs = [...new URLSearchParams(request.body.toString('utf8'))];
      assert.deepEqual(pairs.map(([key]) => key), ['name', 'last']);
      assert.equal(pairs[1][1], 'z');
      return pairs[0][1];
    },
    taken: (value) => !value.includes('\0'),
  },
  query: {
    request: { method: 'GET', path: '/p', query: { name: '{givenName}', last: 'z' } },
    read(request) {
      const url = new URL(request.url, 'http://a');
      assert.equal(url.pathname, '/base/p');
      const pairs = [...url.searchParams];
      assert.deepEqual(pairs.map(([key]) => key), ['name', 'last']);
      return pairs[0][1];
    },
    taken: (value) => !value.includes('\0'),
  },
  path: {
    request: { method: 'GET', path: '/p/{givenName}/z' },
    read(request) {
      const segments = request.url.split('/');
      assert.equal(segments.length, 5, request.url);
      assert.deepEqual([segments[1], segments[2], segments[4]], ['base', 'p', 'z']);
      assert.match(segments[3], /^(?:[A-Za-z0-9\-._~]|%[0-9A-F]{2})+$/);
      assert.ok(segments[3] !== '.' && segments[3] !== '..');
      return decodeURIComponent(segments[3]);
    },
    taken: (value) => value !== '' && value !== '.' && value !== '..' && noControls(value),
  },
  headers: {
    request: { path: '/p', headers: { 'X-Name': '{givenName}' }, json: { a: 1 } },
    read(request) {
      return request.headers['x-name'] === undefined ? '' : decodeURIComponent(request.headers['x-name']);
    },
    fields: ['x-name'],
    taken: noControls,
  },
  soap: {
    request: { path: '/p', xml: kEnvelope, headers: { SOAPAction: '"urn:find"' } },
    read(request) {
      const [before, between, after] = kEnvelope.split('{givenName}');
      const body = request.body.toString('utf8').trim();
      assert.ok(body.startsWith(before) && body.endsWith(after), body);
      const inside = body.slice(before.length, body.length - after.length);
      const cut = inside.indexOf(between);
      const [text, attribute] = [inside.slice(0, cut), inside.slice(cut + between.length)];
      assert.doesNotMatch(text, /[<>]/);
      assert.doesNotMatch(attribute, /[<>"\n\r\t]/);
      assert.equal(fromXml(text), fromXml(attribute));
      assert.equal(request.headers['soapaction'], '"urn:find"');
      return fromXml(attribute);
    },
    fields: ['soapaction'],
    taken: (value) => !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(value),
  },
  text: {
    request: { path: '/p', text: 'NAME={givenName}\nEND=1\n' },
    read(request) {
      const lines = request.body.toString('utf8').split('\n');
      assert.equal(lines.length, 3, JSON.stringify(lines));
      assert.equal(lines[1], 'END=1');
      return lines[0].slice('NAME='.length);
    },
    taken: oneLine,
  },
};

const kHostile = [
  'Ann', '', ' ', '  Ann ', '.', '..', '../../admin', '/etc/passwd', '%2e%2e%2fadmin', 'a?admin=1', 'a#frag', 'a;b=c',
  'a&admin=1', 'a=b&name=root', 'a+b c', '100%', '%', '%00', '","admin":true,"x":"', '\\"}', "'; DROP TABLE people; --",
  '</name><admin>1</admin><name>', '"/><admin a="', ']]>', '<!--', '&lt;&amp;', '&#x41;', '<![CDATA[x]]>', '<!DOCTYPE a>',
  'a\r\nX-Admin: 1', 'a\nEND=0', 'a\r\n\r\nGET /admin HTTP/1.1\r\n\r\n', 'a\tb', 'a\u0000b', 'a\u0001b', 'a\u007fb',
  '\u0085', '\u2028', '\u2029', '\ufffe', 'é', 'Ünïcode 名前 🙂', '\u202egnp', '{email}', '{{email}}', '${env:HOME}', '{/tier}',
  'http://evil.example/', '@evil.example', ':80', 'a'.repeat(2000),
];

// --- answers

const kXml = '<?xml version="1.0" encoding="ISO-8859-1"?>\n<r:Answer xmlns:r="urn:r"><r:Tier level="7">Gül &amp; d</r:Tier><r:Ok/></r:Answer>';
const kJson = JSON.stringify({ found: true, tier: 'gold', points: 7, news: false, none: null, deep: { a: [{ b: 'c' }] } });
const deflate = { 'content-encoding': 'deflate' };
const answers = {
  plain: (r) => say(r, 200, kBody, kJson),
  gzip: (r) => say(r, 200, kBody, zlib.gzipSync(kJson), { 'content-encoding': 'gzip' }),
  zlib: (r) => say(r, 200, kBody, zlib.deflateSync(kJson), deflate),
  raw: (r) => say(r, 200, kBody, zlib.deflateRawSync(kJson), deflate),
  chunked(r) {
    r.writeHead(200, { 'content-type': kBody });
    for (const piece of kJson.match(/.{1,3}/gs)) r.write(piece);
    r.end();
  },
  gzipChunked(r) {
    r.writeHead(200, { 'content-type': kBody, 'content-encoding': 'x-gzip' });
    for (const byte of zlib.gzipSync(kJson)) r.write(Buffer.from([byte]));
    r.end();
  },
  br: (r) => say(r, 200, kBody, zlib.brotliCompressSync(kJson), { 'content-encoding': 'br' }),
  twice: (r) => say(r, 200, kBody, zlib.gzipSync(zlib.gzipSync(kJson)), { 'content-encoding': 'gzip, gzip' }),
  xml: (r) => say(r, 200, 'application/xml', Buffer.from(kXml, 'latin1')),
  entity: (r) => say(r, 200, 'application/xml', '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a><Tier level="7">&e;</Tier></a>'),
  fault: (r) => say(r, 500, 'text/xml', '<e><faultcode>s:NotFound</faultcode><faultstring>No such   person</faultstring></e>'),
  text: (r) => say(r, 200, 'text/plain; charset=windows-1252', Buffer.from('OK;silver;\x80 5\r\n', 'latin1')),
  rejected: (r) => say(r, 200, 'text/plain', 'REJECTED: nope'),
  field: (r) => say(r, 204, null, undefined, { 'x-tier': 'from a field' }),
};
const fromJson = { extension_tier: 'gold', extension_points: 7, extension_news: false, extension_deep: 'c' };

// Of a backend that speaks the contract, by name: the answer, what the person is told, the remark.
const later = { version: '1.0.0', action: 'ShowBlockPage', userMessage: 'No.' };
const wrongField = { version: '1.0.0', status: 400, action: 'ValidationError', userMessage: 'No.' };
const kSpeaking = {
  right: { say: [200, { version: '1.0.0', action: 'Continue', extension_a: 'x' }], told: [200, { version: '1.0.0', action: 'Continue', extension_a: 'x' }] },
  case: { say: [200, { version: '1.0.0', action: 'showblockpage', userMessage: 'No.' }], told: [200, later], remark: 'action_case' },
  allow: { say: [200, { version: '1.0.0', action: 'Allow' }], told: [200, { version: '1.0.0', action: 'Continue' }], remark: 'allow' },
  version: { say: [200, { action: 'ShowBlockPage', userMessage: 'No.' }], told: [200, later], remark: 'no_version' },
  number: { say: [200, { version: 1, action: 'ShowBlockPage', userMessage: 'No.' }], told: [200, later], remark: 'version_type' },
  nostatus: { say: [400, { version: '1.0.0', action: 'ValidationError', userMessage: 'No.' }], told: [400, wrongField], remark: 'validation_status' },
  ok200: { say: [200, { version: '1.0.0', status: 400, action: 'ValidationError', userMessage: 'No.' }], told: [400, wrongField], remark: 'validation_http' },
  block400: { say: [400, later], told: [200, later], remark: 'block_http' },
  nothing: { say: [200, {}], told: [200, { version: '1.0.0', action: 'Continue' }], remark: 'no_action' },
  nulls: { say: [200, { version: '1.0.0', action: 'Continue', extension_a: null, extension_b: ['x'], email: 'me@b.example' }],
    told: [200, { version: '1.0.0', action: 'Continue', email: 'me@b.example' }], remark: 'nested_member' },
  reserved: { say: [200, { version: '1.0.0', action: 'Continue', objectId: 'x', step: 'y' }], told: [200, { version: '1.0.0', action: 'Continue' }], remark: 'reserved_member' },
  html: { say: [200, { version: '1.0.0', action: 'Continue' }, 'text/html'], told: [200, { version: '1.0.0', action: 'Continue' }], remark: 'content_type' },
  unknown: { say: [200, { version: '1.0.0', action: 'Delete' }], told: null },
  error: { say: [500, later], told: null },
  bad: { say: [400, { error: 'x' }], told: null },
};

// --- the house

const kSecrets = { BEARER: 'bearer-s3cret', KEY: 'k&y=1 /?#é', BASIC: 'pa:ss wörd', CLIENT: 'cl1ent+secret' };

function configured(crm, tokens) {
  const backends = {};
  const at = (name, more) => {
    backends[name] = { endpoints: [`${crm.url}/base`], timeout: '20s', connect_timeout: '20s', retries: 0,
      breaker: { failures: 1000, requests: 1000 }, response: [{ when: { status: 200 }, continue: {} }], ...more };
  };
  for (const [place, { request }] of Object.entries(kPlaces)) at(`to_${place}`, { request });
  const request = { path: '/auth', query: { q: '1' }, json: { mail: '{email}' } };
  at('bearer', { request, auth: { bearer: '${env:BEARER}' } });
  at('basic', { request, auth: { basic: { username: 'us', password: '${env:BASIC}' } } });
  at('header', { request: { ...request, query: {} }, auth: { header: { name: 'X-Api-Key', value: 'plain-${env:BEARER}' } } });
  at('query', { request, auth: { query: { name: 'code', value: '${env:KEY}' } } });
  at('query_alone', { request: { path: '/auth', json: {} }, auth: { query: { name: 'code', value: '${env:KEY}' } } });
  at('oauth', { request, auth: { oauth: { token_url: `${tokens.url}/token?v=2`, client_id: 'me', client_secret: '${env:CLIENT}', scope: 'a b' } } });
  const from = (name, response) => at(name, { request: { path: '/answer', json: { which: '{givenName}' } }, response });
  from('from_json', [{ when: { status: 200, json: { '/found': true } }, continue: { extension_tier: '{/tier}', extension_points: '{/points}',
    extension_news: '{/news}', extension_none: '{/none}', extension_deep: '{/deep/a/0/b}', extension_whole: '{/deep}' } }]);
  from('from_xml', [
    { when: { status: 500, xpath: { "//*[local-name()='faultcode']": { contains: 'NotFound' } } },
      validation_error: { text: "{xpath://*[local-name()='faultstring']}", message: 'later' } },
    { when: { xpath: { "count(//*[local-name()='Ok'])": '1' } },
      continue: { extension_tier: "{xpath://*[local-name()='Tier']}", extension_level: "{xpath://*[local-name()='Tier']/@level}" } },
    { when: { xpath: { '//Tier': { exists: true } } }, continue: { extension_tier: '{xpath://Tier}' } },
  ]);
  from('from_text', [
    { when: { text: { matches: '^OK;(?P<level>\\w+);(?P<rest>.*)$' } }, continue: { extension_level: '{text:level}', extension_rest: '{text:rest}' } },
    { when: { text: { contains: 'REJECTED' } }, block: 'taken' },
    { when: { header: { 'X-Tier': { exists: true } } }, continue: { extension_tier: '{header:X-Tier}' } },
  ]);
  at('speaking', { request: { path: '/speaks' }, speaks: 'connector', response: undefined });
  const connectors = {};
  for (const name of Object.keys(backends)) {
    connectors[name] = { path: `/${name}`, dialect: 'b2c-userflow', deadline: '25s', otherwise: kOtherwise,
      auth: { basic: [{ username: 'b2c', password: 's3cr:et' }] }, rules: [{ name: 'asks', ask: name }] };
  }
  return configuration({ backends, connectors, messages: { ...configuration().messages, ...kMessages } });
}

test('what backends are asked, and what their answers mean', async (t) => {
  let token = 0;
  const tokens = await recorder(t, (request, response) => say(response, 200, 'application/json',
    JSON.stringify({ access_token: `token-${++token}`, token_type: 'Bearer', expires_in: 3600 })));
  const crm = await recorder(t, (request, response) => {
    const path = request.url.split('?')[0];
    if (path === '/base/answer') return answers[JSON.parse(request.body).which](response);
    if (path === '/base/speaks') {
      const [status, body, type] = kSpeaking[JSON.parse(request.body).givenName].say;
      return say(response, status, type ?? kBody, JSON.stringify(body));
    }
    if (request.headers.authorization === 'Bearer token-1') return say(response, 401, kBody, '{}');
    return say(response, 200, kBody, '{}');
  });
  const gate = await serve(t, configured(crm, tokens), { env: kSecrets });
  const wire = await connect(t, gate.address);
  let people = 0;
  const ask = async (name, claims, options = {}) => {
    const before = crm.asked.length;
    await wire.send(post({ step: 'PostAttributeCollection', email: `p${people++}@b.example`, ...claims }, { path: `/${name}`, ...options }));
    const answer = await wire.answer();
    assert.ok(crm.asked.length <= before + 1 || name === 'oauth', 'asked once');
    return { answer, request: crm.asked.length > before ? crm.asked.at(-1) : null };
  };

  for (const [place, { read, taken, fields = [] }] of Object.entries(kPlaces)) {
    await t.test(`claims that try to break out of ${place}`, async () => {
      for (const value of kHostile) {
        const { answer, request } = await ask(`to_${place}`, { givenName: value });
        const what = `${place}: ${JSON.stringify(value.slice(0, 80))}`;
        if (!taken(value)) {
          assert.equal(request, null, `${what} is not asked about`);
          assertOtherwise(answer);
          continue;
        }
        assertContinue(answer);
        assert.notEqual(request, null, what);
        assert.equal(read(request), value, what);
        const names = request.raw.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase());
        assert.equal(new Set(names).size, names.length, what);
        for (const name of names) assert.ok([...ownFields, ...fields].includes(name), `${what}: ${name}`);
      }
      const figures = await new Figures(gate).read();
      const refused = kHostile.filter((value) => !taken(value)).length;
      assert.equal(figures.sum('claimgate_backend_not_asked_total', { backend: `to_${place}` }), refused);
    });
  }

  await t.test('a claim that is missing is left out, and without it a path is not asked for', async () => {
    assert.deepEqual(JSON.parse((await ask('to_json')).request.body), { deep: [{}] });
    assert.equal((await ask('to_form')).request.body.toString(), 'last=z');
    assert.equal((await ask('to_query')).request.url, '/base/p?last=z');
    assert.equal((await ask('to_headers')).request.headers['x-name'], undefined);
    const { answer, request } = await ask('to_path');
    assert.equal(request, null);
    assertOtherwise(answer);
  });

  await t.test('each kind of credentials is shown as it should be, and the caller\'s are not', async () => {
    const shown = async (name) => (await ask(name)).request;
    assert.equal((await shown('bearer')).headers.authorization, `Bearer ${kSecrets.BEARER}`);
    const basic = (await shown('basic')).headers.authorization;
    assert.equal(Buffer.from(basic.replace('Basic ', ''), 'base64').toString('utf8'), `us:${kSecrets.BASIC}`);
    const header = await shown('header');
    assert.deepEqual([header.headers['x-api-key'], header.headers.authorization, header.url], [`plain-${kSecrets.BEARER}`, undefined, '/base/auth']);
    for (const [name, pairs] of [['query', [['q', '1'], ['code', kSecrets.KEY]]], ['query_alone', [['code', kSecrets.KEY]]]]) {
      const { url, headers } = await shown(name);
      assert.deepEqual([...new URL(url, 'http://a').searchParams], pairs);
      assert.equal(headers.authorization, undefined);
    }
  });

  await t.test('OAuth: one token for all, and another when the backend refuses it', async () => {
    const { answer } = await ask('oauth');
    assertContinue(answer);
    // The first token is refused with 401; the question is asked again with the second.
    assert.deepEqual(crm.asked.slice(-2).map((one) => one.headers.authorization), ['Bearer token-1', 'Bearer token-2']);
    for (let i = 0; i < 5; i++) assert.equal((await ask('oauth')).request.headers.authorization, 'Bearer token-2');
    assert.equal(tokens.asked.length, 2);
    const [first] = tokens.asked;
    assert.deepEqual([first.method, first.url, first.body.toString()],
      ['POST', '/token?v=2', 'grant_type=client_credentials&scope=a+b']);
    assert.equal(Buffer.from(first.headers.authorization.replace('Basic ', ''), 'base64').toString(), 'me:cl1ent%2Bsecret');
    const figures = await new Figures(gate).read();
    assert.equal(figures.sum('claimgate_backend_tokens_total', { backend: 'oauth' }), 2);
    assert.equal(figures.sum('claimgate_backend_token_failures_total', { backend: 'oauth' }), 0);
  });

  await t.test('the trace goes along or begins, and nothing else that the caller sent', async () => {
    const caller = '0af7651916cd43dd8448eb211c80319c';
    const fields = { 'X-Forwarded-For': '203.0.113.7', Cookie: 'a=b', tracestate: 'x=y', 'X-Evil': '1', 'User-Agent': 'caller', 'Accept-Language': 'sv' };
    const { request } = await ask('to_json', { givenName: 'a' },
      { fields: { ...fields, traceparent: `00-${caller}-b7ad6b7169203331-01`, 'X-Request-Id': 'abc-1.2' } });
    assert.match(request.headers.traceparent, new RegExp(`^00-${caller}-[0-9a-f]{16}-01$`));
    assert.doesNotMatch(request.headers.traceparent, /b7ad6b7169203331/);
    assert.equal(request.headers['x-request-id'], 'abc-1.2');
    assert.deepEqual(Object.keys(request.headers).sort(), ownFields);
    assert.doesNotMatch(request.raw.join('\n'), /caller|203\.0\.113\.7|a=b|x=y/);
    const seen = new Set();
    for (const [traceparent, id] of [[undefined, undefined], ['00-xyz', 'two words'], ['ff-' + '1'.repeat(32) + '-' + '1'.repeat(16) + '-01', 'x'.repeat(129)],
      ['00-' + '0'.repeat(32) + '-' + '1'.repeat(16) + '-01', '{"a":1}']]) {
      const made = (await ask('to_json', { givenName: 'a' }, { fields: { traceparent, 'X-Request-Id': id } })).request.headers;
      assert.match(made.traceparent, /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
      assert.match(made['x-request-id'], /^[0-9a-f]{32}$/);
      seen.add(made.traceparent.slice(3, 35)).add(made['x-request-id']);
      assert.ok(!made.traceparent.includes('1'.repeat(16)));
    }
    assert.equal(seen.size, 8, 'each has its own');
  });

  await t.test('answers whole, in chunks and packed are the same answer', async () => {
    for (const which of ['plain', 'gzip', 'zlib', 'raw', 'chunked', 'gzipChunked']) {
      assertContinue((await ask('from_json', { givenName: which })).answer, fromJson);
    }
    for (const which of ['br', 'twice', 'xml', 'text']) assertOtherwise((await ask('from_json', { givenName: which })).answer);
  });

  await t.test('XPath and text patterns', async () => {
    assertContinue((await ask('from_xml', { givenName: 'xml' })).answer, { extension_tier: 'Gül & d', extension_level: '7' });
    const fault = (await ask('from_xml', { givenName: 'fault' })).answer;
    assert.deepEqual([fault.status, fault.json.userMessage], [400, 'No such person']);
    assertOtherwise((await ask('from_xml', { givenName: 'entity' })).answer);
    assertOtherwise((await ask('from_xml', { givenName: 'plain' })).answer);
    assertContinue((await ask('from_text', { givenName: 'text' })).answer, { extension_level: 'silver', extension_rest: '€ 5' });
    assert.equal((await ask('from_text', { givenName: 'rejected', email: 'x@b.example' })).answer.json.userMessage, 'Taken, x@b.example.');
    assertContinue((await ask('from_text', { givenName: 'field' })).answer, { extension_tier: 'from a field' });
  });

  await t.test('a backend that speaks the contract is passed the body and understood where it errs', async () => {
    const figures = await new Figures(gate).read();
    for (const [which, { say: [, said], told, remark }] of Object.entries(kSpeaking)) {
      const before = figures.sum('claimgate_backend_remarks_total', { backend: 'speaking', ...(remark ? { remark } : {}) });
      const body = `{"step": "PostAttributeCollection",  "email":"s@b.example", "givenName":"${which}", "x":[1, {"y":null}]}`;
      const seen = crm.asked.length;
      await wire.send(post(body, { path: '/speaking' }));
      const answer = await wire.answer();
      assert.equal(crm.asked.length, seen + 1);
      assert.equal(crm.asked.at(-1).body.toString('utf8'), body, 'byte for byte');
      if (told === null) {
        assertOtherwise(answer);
        continue;
      }
      assert.deepEqual([answer.status, answer.json], told, which);
      await figures.read();
      const remarks = figures.sum('claimgate_backend_remarks_total', { backend: 'speaking', ...(remark ? { remark } : {}) });
      assert.equal(remarks - before, remark ? 1 : 0, `${which}: ${JSON.stringify(said)}`);
    }
    await figures.read();
    assert.equal(figures.sum('claimgate_backend_unresolved_total', { backend: 'speaking' }), 3);
    for (const name of ['action_case', 'no_version', 'validation_status']) assert.match(gate.stderr, new RegExp(`speaking.*\\b${name}\\b`));
    assert.doesNotMatch(gate.stderr, /me@b\.example|s@b\.example|Delete/);
  });

  await t.test('no secret and no claim is in the log or the metrics', async () => {
    const metrics = await (await fetch(`${gate.admin}/metrics`, { headers: { connection: 'close' } })).text();
    const secrets = [...Object.values(kSecrets), encodeURIComponent(kSecrets.KEY), Buffer.from(`us:${kSecrets.BASIC}`).toString('base64'),
      'token-1', 'token-2', 'b.example', 'passwd', 'X-Admin'];
    for (const secret of secrets) {
      assert.ok(!gate.stderr.includes(secret) && !gate.stdout.includes(secret), `${secret} in the log`);
      assert.ok(!metrics.includes(secret), `${secret} in the metrics`);
    }
  });
});
