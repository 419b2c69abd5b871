// What a person typed stays what it is: it ends no line of a log, begins no field of a request to a backend,
// leaves no path, and names no place that is connected to.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';

import { configuration, eventually, serve } from './lib/claimgate.mjs';
import { scrape } from './lib/openmetrics.mjs';
import { ask, connect, post } from './lib/wire.mjs';

const kStep = 'PostAttributeCollection';

// Claims that try to be something else where they are written.
const kForged = [
  'a\r\nX-Evil: 1', 'a\nX-Evil: 1', 'a\rX-Evil: 1', 'a\r\n\r\nGET /evil HTTP/1.1\r\nHost: h\r\n\r\n', 'a\u0000b', 'a\u001b[2Jb', 'a\u0085b',
  'a\u2028b', '../../evil', '..%2f..%2fevil', '..', 'a/../../evil', 'a?evil=1', 'a#evil', 'a&evil=1', 'a b', '\\..\\evil',
  '{"evil":1}', '"},"evil":{"a":"', '<evil/>', ']]><evil/>', '{extension_other}', '${env:HOME}', '%0d%0aX-Evil:%201', 'evil\u202e',
];

test('claims in a path, a query, a field and JSON of a request to a backend change nothing but their own value', async (t) => {
  const asked = [];
  const crm = http.createServer({ insecureHTTPParser: true }, (request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text) => (body += text)).on('end', () => {
      asked.push({ method: request.method, url: request.url, fields: request.rawHeaders, body });
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise((resolve) => crm.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    crm.closeAllConnections?.();
    crm.close();
  });
  const gate = await serve(t, configuration({
    backends: {
      crm: {
        endpoints: [`http://127.0.0.1:${crm.address().port}/base`],
        request: { method: 'POST', path: '/people/{city}/card', query: { q: '{city}' }, headers: { 'X-City': '{city}' }, json: { city: '{city}' } },
        response: [{ when: { status: 200 }, continue: {} }],
      },
    },
    connector: { rules: [{ name: 'ask', ask: 'crm' }], otherwise: { block: 'refused' } },
  }));
  let fieldNames = null;
  let refused = 0;
  for (const city of ['Lund', ...kForged]) {
    asked.length = 0;
    const answer = await ask(t, gate.address, post({ step: kStep, city }));
    assert.equal(answer.status, 200, answer.text);
    if (asked.length === 0) {  // it cannot be written there: nobody is asked
      assert.equal(answer.json.action, 'ShowBlockPage');
      ++refused;
      continue;
    }
    assert.equal(asked.length, 1, JSON.stringify(city));
    const [one] = asked;
    const url = one.url.match(/^\/base\/people\/([^/?#]+)\/card\?q=([^&?#]*)$/);
    assert.ok(url, `${JSON.stringify(city)}: ${one.url}`);
    assert.equal(decodeURIComponent(url[1]), city);
    assert.equal(decodeURIComponent(url[2].replaceAll('+', ' ')), city);
    assert.deepEqual(JSON.parse(one.body), { city });
    const names = one.fields.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase()).sort();
    fieldNames ??= names;
    assert.deepEqual(names, fieldNames, JSON.stringify(city));
    assert.equal(one.method, 'POST');
  }
  assert.ok(refused < kForged.length, 'some could be written');
});

// hardening.md, section 1: underscore fields and hop-by-hop fields.
test('no field of a caller reaches a backend, none of a backend a caller', async (t) => {
  const asked = [];
  const crm = http.createServer((request, response) => {
    asked.push(request.rawHeaders.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase()));
    request.resume().on('end', () => {
      response.writeHead(200, {
        'content-type': 'application/json', 'set-cookie': 'a=b', 'x-backend': 'crm-1', 'proxy-authenticate': 'Basic',
        'keep-alive': 'timeout=99', 'proxy-connection': 'close', server: 'crm', 'x-hop': '1', connection: 'keep-alive, X-Hop',
      }).end('{"version":"1.0.0","action":"Continue","city":"Lund"}');
    });
  });
  await new Promise((resolve) => crm.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    crm.closeAllConnections?.();
    crm.close();
  });
  const gate = await serve(t, configuration({
    backends: { crm: { endpoints: [`http://127.0.0.1:${crm.address().port}`], speaks: 'connector' } },
    connector: { rules: [{ name: 'ask', ask: 'crm' }], otherwise: { block: 'refused' } },
  }));
  const city = (number, fields) => ask(t, gate.address, post({ step: kStep, email: `p${number}@b.example` }, { fields }));
  const plain = await city(0, {});
  const forged = await city(1, {
    Connection: 'keep-alive, X-Hop, Authorization', 'X-Hop': '1', Content_Length: '1', Transfer_Encoding: 'chunked',
    'Keep-Alive': 'timeout=99', 'Proxy-Connection': 'keep-alive', 'Proxy-Authorization': 'Basic YTpi', TE: 'trailers',
    Cookie: 'a=b', 'X-Forwarded-For': '203.0.113.9', X_Forwarded_For: '203.0.113.9', 'X-Original-URL': '/evil', 'X-HTTP-Method-Override': 'DELETE',
  });
  assert.equal(asked.length, 2);
  assert.deepEqual(asked[1].sort(), asked[0].sort(), 'the question has the same fields whatever the caller sends');
  for (const answer of [plain, forged]) {
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.city, 'Lund');
    for (const name of ['set-cookie', 'x-backend', 'proxy-authenticate', 'keep-alive', 'proxy-connection', 'server', 'x-hop']) {
      assert.equal(answer.fields[name], undefined, name);
    }
  }
  assert.deepEqual(Object.keys(forged.fields).sort(), Object.keys(plain.fields).sort());
});

test('no connection is made to a place that a claim or a field names', async (t) => {
  let visits = 0;
  const trap = net.createServer((socket) => {
    ++visits;
    socket.destroy();
  });
  await new Promise((resolve) => trap.listen(0, '127.0.0.1', resolve));
  t.after(() => trap.close());
  const place = `127.0.0.1:${trap.address().port}`;
  let asked = 0;
  const crm = http.createServer((request, response) => {
    ++asked;
    response.writeHead(302, { location: `http://${place}/`, 'content-type': 'application/json' }).end('{}');
  });
  await new Promise((resolve) => crm.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    crm.closeAllConnections?.();
    crm.close();
  });
  const gate = await serve(t, configuration({
    backends: {
      crm: {
        endpoints: [`http://127.0.0.1:${crm.address().port}`],
        request: { method: 'POST', path: '/{city}', json: { city: '{city}' } },
        response: [{ when: { status: 200 }, continue: {} }],
      },
    },
    connector: { rules: [{ name: 'ask', ask: 'crm' }], otherwise: { block: 'refused' } },
  }));
  for (const city of [`http://${place}/`, `//${place}/`, `@${place}`, `\\\\${place}\\x`, place]) {
    const answer = await ask(t, gate.address, post({ step: kStep, city, email: `a@${place}`, website: `http://${place}` }, {
      fields: { Host: place, 'X-Forwarded-Host': place, Forwarded: `host=${place}` },
    }));
    assert.equal(answer.json.action, 'ShowBlockPage', answer.text);
  }
  const wire = await connect(t, gate.address);
  await wire.send(post({ step: kStep }, { path: `http://${place}/signup` }));
  await wire.answer();
  assert.ok(asked > 0);
  assert.equal(visits, 0, 'also no redirect of a backend is followed');
});

test('nothing that is sent ends a line of the logs or becomes a label', async (t) => {
  const gate = await serve(t, configuration({
    access_log: { file: 'access.log' },
    connector: {
      rules: [{ name: 'blocked', when: { email: { ends_with: '@blocked.example' } }, block: 'refused' }],
      shadow_rules: [{ name: 'other', when: { city: { exists: true } }, block: 'again' }],
    },
  }));
  const forged = '\r\nclaimgate: ready\n{"time":"2000-01-01T00:00:00Z","status":200}\u001b[31m\u2028\u0085';
  const escaped = encodeURIComponent(forged);
  const requests = [
    post({ step: kStep, email: `${forged}@blocked.example`, city: forged, [`extension_${forged}`]: forged }),
    post({ step: forged, email: forged }),
    post({ step: kStep }, { path: `/signup?x=${escaped}` }),
    post({ step: kStep }, { path: `/nowhere/${escaped}` }),
    post({ step: kStep }, { fields: { 'X-Request-Id': '{"a":"\\r\\n"}\x80\xff', 'User-Agent': 'a"b\\' } }),
    post({ step: kStep }, { fields: { Authorization: `Basic ${Buffer.from(`${forged}:${forged}`).toString('base64')}` } }),
    post({ step: kStep }, { fields: { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01\t"` } }),
    post('{"a":"\u0001\\r\\n'),
  ];
  const wire = await connect(t, gate.address);
  for (const bytes of requests) {
    await wire.send(bytes);
    await wire.answer();
  }
  // These end their connections.
  for (const bytes of [
    `GET /\x1b[2J HTTP/1.1\r\nHost: h\r\n\r\n`, `GET / HTTP/1.1\r\nHost: h\nclaimgate: ready\r\n\r\n`, `\x00\x1b]0;x\x07\r\n\r\n`,
    `POST /signup HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\nAuthorization: x\r\n\r\n1;\x1b\r\n`,
  ]) {
    const broken = await connect(t, gate.address);
    await broken.send(Buffer.from(bytes, 'latin1'));
    await broken.answer();
    broken.destroy();
  }
  const file = path.join(gate.directory, 'access.log');
  const wanted = requests.length + 4;
  await eventually('the lines', () => fs.existsSync(file) && fs.readFileSync(file, 'utf8').split('\n').length > wanted);
  const text = fs.readFileSync(file, 'latin1');
  assert.match(text, /^[\x20-\x7e\n]*$/, 'printable ASCII alone');
  const lines = text.trimEnd().split('\n');
  assert.equal(lines.length, wanted, 'one line a request');
  for (const line of lines) assert.ok(JSON.parse(line).time > '2020', line);
  assert.match(gate.stderr, /^[\x20-\x7e\n]*$/);
  assert.equal(gate.stderr.match(/claimgate: ready/g).length, 1);
  const metrics = await scrape(gate.admin);
  for (const { samples } of Object.values(metrics.families)) {
    for (const { labels } of samples) {
      for (const value of Object.values(labels)) assert.doesNotMatch(value, /2000-01-01|[^\x20-\x7e]/);
    }
  }
});
