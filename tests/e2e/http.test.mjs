// HTTP/1.1 as RFC 9112 has it, on a raw socket: persistence, framing, limits and refusals.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { configuration, eventually, serve } from './lib/claimgate.mjs';
import { ask, assertContinue, assertError, chunked, connect, post } from './lib/wire.mjs';

const kStep = 'PostAttributeCollection';
const kBody = JSON.stringify({ step: kStep, email: 'a@b.example', givenName: 'dana' });
const kClaims = { givenName: 'Dana' };
const named = (name) => ({ step: kStep, givenName: name });

test('a connection is kept and serves one request after the other', async (t) => {
  const gate = await serve(t, configuration());
  const wire = await connect(t, gate.address);
  for (let i = 0; i < 50; i++) {
    await wire.send(post(named(`n${i}`)));
    const answer = await wire.answer();
    assertContinue(answer, { givenName: `N${i}` });
    assert.notEqual(answer.fields.connection, 'close');
  }
});

test('pipelined requests are answered in their order', async (t) => {
  const gate = await serve(t, configuration());
  const wire = await connect(t, gate.address);
  const requests = [];
  for (let i = 0; i < 200; i++) {
    if (i % 10 === 3) requests.push(post({ step: kStep, email: 'x@blocked.example' }));
    else if (i % 10 === 7) requests.push(post(named('x'), { path: '/nowhere' }));
    else requests.push(post(named(`n${i}`)));
  }
  await wire.send(Buffer.concat(requests));
  for (let i = 0; i < 200; i++) {
    const answer = await wire.answer();
    if (i % 10 === 3) assert.equal(answer.json.action, 'ShowBlockPage');
    else if (i % 10 === 7) assertError(answer, 404);
    else assertContinue(answer, { givenName: `N${i}` });
  }
});

test('where the bytes are cut makes no difference', async (t) => {
  const gate = await serve(t, configuration());
  const whole = Buffer.concat([
    post(kBody),
    post('', { fields: { 'Content-Length': undefined, 'Transfer-Encoding': 'chunked' } }),
    chunked(kBody, [1, 5, 16], { extension: ';a="b"', trailers: 'X: y\r\n' }),
    post(kBody, { path: '/signup?code=1' }),
  ]);
  const slow = await connect(t, gate.address);
  await slow.sendByteByByte(whole);
  for (let i = 0; i < 3; i++) assertContinue(await slow.answer(), kClaims);
  const wire = await connect(t, gate.address);
  for (let cut = 1; cut < whole.length; cut += 7) {
    await wire.sendPieces([whole.subarray(0, cut), whole.subarray(cut)]);
    for (let i = 0; i < 3; i++) assertContinue(await wire.answer(), kClaims);
  }
});

test('a chunked body of any cut is the same body', async (t) => {
  const gate = await serve(t, configuration());
  const wire = await connect(t, gate.address);
  const head = post('', { fields: { 'Content-Length': undefined, 'Transfer-Encoding': 'chunked' } });
  const big = JSON.stringify({ ...JSON.parse(kBody), extension_filler: 'x'.repeat(100_000) });
  for (const [body, sizes] of [
    [kBody, []], [kBody, Array(kBody.length).fill(1)], [kBody, [10, 1, 20]], [big, [1, 65_536, 3]], [big, Array(700).fill(100)],
  ]) {
    await wire.send(Buffer.concat([head, chunked(body, sizes)]));
    assertContinue(await wire.answer(), kClaims);
  }
  for (const spelling of ['Chunked', 'CHUNKED', ' chunked ']) {
    await wire.send(Buffer.concat([
      post('', { fields: { 'Content-Length': undefined, 'Transfer-Encoding': spelling } }), chunked(kBody, [7]),
    ]));
    assertContinue(await wire.answer(), kClaims);
  }
});

test('HTTP/1.0 is answered and closed, or kept when it asks', async (t) => {
  const gate = await serve(t, configuration());
  const plain = await connect(t, gate.address);
  await plain.send(post(kBody, { version: '1.0' }));
  const closing = await plain.answer();
  assertContinue(closing, kClaims);
  await plain.isClosed();
  const kept = await connect(t, gate.address);
  for (let i = 0; i < 3; i++) {
    await kept.send(post(kBody, { version: '1.0', fields: { Connection: 'keep-alive' } }));
    const answer = await kept.answer();
    assertContinue(answer, kClaims);
    assert.match(answer.fields.connection ?? '', /^keep-alive$/i, 'RFC 9112, C.2.2: 1.0 must be told');
  }
});

test('Connection: close is honoured and announced', async (t) => {
  const gate = await serve(t, configuration());
  for (const value of ['close', 'Close', 'foo, close', 'keep-alive, close']) {
    const wire = await connect(t, gate.address);
    await wire.send(Buffer.concat([post(kBody, { fields: { Connection: value } }), post(kBody)]));
    const answer = await wire.answer();
    assertContinue(answer, kClaims);
    assert.equal(answer.fields.connection, 'close', value);
    await wire.isClosed();
  }
});

test('Expect: 100-continue is answered before the body is sent', async (t) => {
  const gate = await serve(t, configuration());
  const wire = await connect(t, gate.address);
  for (const expectation of ['100-continue', '100-Continue']) {
    const bytes = post(kBody, { fields: { Expect: expectation } });
    const head = bytes.length - kBody.length;
    await wire.send(bytes.subarray(0, head));
    const interim = await wire.answer();
    assert.equal(interim.status, 100);
    assert.deepEqual(interim.fields, {});
    await wire.send(bytes.subarray(head));
    assertContinue(await wire.answer(), kClaims);
  }
  // With the body already there no interim answer is needed (RFC 9110, 10.1.1), nor wrong.
  await wire.send(post(kBody, { fields: { Expect: '100-continue' } }));
  let answer = await wire.answer();
  if (answer.status === 100) answer = await wire.answer();
  assertContinue(answer, kClaims);
});

test('a request that will be refused is refused instead of invited to send its body', async (t) => {
  const gate = await serve(t, configuration());
  for (const [options, status] of [
    [{ fields: { Authorization: 'Basic eDp5' } }, 401],
    [{ path: '/nowhere' }, 404],
    [{ fields: { 'Content-Type': 'text/plain' } }, 415],
    [{ fields: { 'Content-Length': '300000' } }, 413],
    [{ fields: { Expect: '200-ok' } }, 417],
  ]) {
    const wire = await connect(t, gate.address);
    const bytes = post(kBody, { ...options, fields: { Expect: '100-continue', ...options.fields } });
    await wire.send(bytes.subarray(0, bytes.indexOf('\r\n\r\n') + 4));
    assertError(await wire.answer(), status);
  }
});

test('a client that has closed its half still gets every answer', async (t) => {
  const gate = await serve(t, configuration());
  const wire = await connect(t, gate.address);
  await wire.send(Buffer.concat([post(kBody), post(kBody), post(kBody)]));
  wire.end();
  for (let i = 0; i < 3; i++) assertContinue(await wire.answer(), kClaims);
  await wire.isClosed();
  const broken = await connect(t, gate.address);
  await broken.send(post(kBody).subarray(0, -5));
  broken.end();
  await broken.until('the close', () => broken.closed);
});

test('paths, methods and types that are not served say so, and the connection goes on', async (t) => {
  const gate = await serve(t, configuration());
  const wire = await connect(t, gate.address);
  for (const path of ['/', '/signup/', '/Signup', '/signup/x', '/sign', '//signup', '/signup%20', '/%73ignup']) {
    await wire.send(post(kBody, { path }));
    assertError(await wire.answer(), 404);
  }
  for (const method of ['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD', 'PROPFIND']) {
    await wire.send(post(method === 'GET' || method === 'HEAD' ? '' : kBody, { method }));
    const answer = await wire.answer({ method });
    assert.equal(answer.status, 405, method);
    assert.equal(answer.fields.allow, 'POST');
    if (method !== 'HEAD') assertError(answer, 405);
  }
  for (const type of [undefined, '', 'text/plain', 'application/jsonx', 'application/x-www-form-urlencoded', 'json', 'application/json, text/plain']) {
    await wire.send(post(kBody, { fields: { 'Content-Type': type } }));
    assertError(await wire.answer(), 415);
  }
  for (const type of ['application/json', 'Application/JSON', 'application/json; charset=utf-8', 'application/json;charset="UTF-8"', 'application/json ; x=y']) {
    await wire.send(post(kBody, { fields: { 'Content-Type': type } }));
    assertContinue(await wire.answer(), kClaims);
  }
  for (const path of ['/signup', '/signup?', '/signup?code=a%20b&x=/y', 'http://hooks.woodgrove.example/signup?x']) {
    await wire.send(post(kBody, { path }));
    assertContinue(await wire.answer(), kClaims);
  }
});

test('each size limit has its answer, at the limit and one past it', async (t) => {
  const limits = {
    request_line_bytes: 256, head_bytes: 1024, header_fields: 10, body_bytes: 1024, chunk_extension_bytes: 40, trailer_bytes: 60,
  };
  const gate = await serve(t, configuration({ limits }));
  const line = 'POST  HTTP/1.1'.length;
  const chunkedFields = { 'Content-Length': undefined, 'Transfer-Encoding': 'chunked' };
  const filler = (body, size) => body.replace(/}$/, `,"x":"${'y'.repeat(size - body.length - 7)}"}`);
  const sized = (size) => filler(kBody, size);
  assert.equal(sized(1024).length, 1024);
  const headFiller = (total) => {
    const bare = post(kBody, { fields: { X: '' } });
    return post(kBody, { fields: { X: 'y'.repeat(total - (bare.length - kBody.length)) } });
  };
  const accepted = [
    post(kBody, { path: `/signup?${'x'.repeat(256 - line - '/signup?'.length)}` }),
    headFiller(1024),
    post(kBody, { fields: { A: '1', B: '2', C: '3', D: '4', E: '5', F: '6' } }),
    post(sized(1024)),
    Buffer.concat([post('', { fields: chunkedFields }), chunked(sized(1024), [100])]),
  ];
  const wire = await connect(t, gate.address);
  for (const bytes of accepted) {
    await wire.send(bytes);
    assertContinue(await wire.answer(), kClaims);
  }
  const refused = [
    [414, post(kBody, { path: `/signup?${'x'.repeat(257 - line - '/signup?'.length)}` })],
    [414, Buffer.from(`POST /${'x'.repeat(5000)}`)],  // no end of line yet
    [431, headFiller(1025)],
    [431, Buffer.from(`POST /signup HTTP/1.1\r\nHost: h\r\nX: ${'y'.repeat(5000)}`)],
    [431, post(kBody, { fields: { A: '1', B: '2', C: '3', D: '4', E: '5', F: '6', G: '7' } })],
    [413, post(sized(1025))],
    [413, post('', { fields: { 'Content-Length': '1099511627776' } })],
    [413, Buffer.concat([post('', { fields: chunkedFields }), Buffer.from('401\r\n')])],
    [413, Buffer.concat([post('', { fields: chunkedFields }), Buffer.from('ffffffffffffffff\r\n')])],
    [413, Buffer.concat([post('', { fields: chunkedFields }), chunked(sized(1025), Array(20).fill(50))])],
    [413, Buffer.concat([post('', { fields: chunkedFields }), chunked(kBody, [], { extension: `;${'x'.repeat(60)}` })])],
    [431, Buffer.concat([post('', { fields: chunkedFields }), chunked(kBody, [], { trailers: `X: ${'y'.repeat(80)}\r\n` })])],
  ];
  for (const [status, bytes] of refused) {
    const refusal = await connect(t, gate.address);
    await refusal.send(Buffer.concat([bytes, post(kBody)]));
    const answer = await refusal.answer();
    assertError(answer, status);
    assert.equal(answer.fields.connection, 'close');
    await refusal.isClosed();
  }
});

test('what RFC 9112 forbids is refused once, and nothing behind it is answered', async (t) => {
  const gate = await serve(t, configuration());
  const fields = (text, body = kBody) =>
    Buffer.from(`POST /signup HTTP/1.1\r\nHost: h\r\nAuthorization: Basic YjJjOnMzY3I6ZXQ=\r\nContent-Type: application/json\r\n${text}\r\n\r\n${body}`, 'latin1');
  const length = `Content-Length: ${kBody.length}`;
  const chunks = `${kBody.length.toString(16)}\r\n${kBody}\r\n0\r\n\r\n`;
  const cases = {
    'length and coding': fields(`${length}\r\nTransfer-Encoding: chunked`, chunks),
    'coding and length': fields(`Transfer-Encoding: chunked\r\n${length}`, chunks),
    'length and empty coding': fields(`${length}\r\nTransfer-Encoding:`),
    'length twice': fields(`${length}\r\n${length}`),
    'lengths in conflict': fields(`${length}\r\nContent-Length: 0`),
    'length list': fields(`Content-Length: ${kBody.length}, ${kBody.length}`),
    'signed length': fields(`Content-Length: +${kBody.length}`),
    'negative length': fields('Content-Length: -1'),
    'hexadecimal length': fields('Content-Length: 0x10'),
    'length with a blank': fields('Content-Length: 1 0'),
    'empty length': fields('Content-Length:'),
    'length past 64 bits': fields('Content-Length: 18446744073709551617'),
    'coding twice': fields('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked', chunks),
    'chunked twice': fields('Transfer-Encoding: chunked, chunked', chunks),
    'another coding': fields('Transfer-Encoding: gzip, chunked', chunks),
    'unknown coding': fields('Transfer-Encoding: xchunked', chunks),
    'identity': fields('Transfer-Encoding: identity', chunks),
    'obscured coding': fields('Transfer-Encoding: \x0bchunked', chunks),
    'quoted coding': fields('Transfer-Encoding: "chunked"', chunks),
    'blank before the colon': fields(`Content-Length : ${kBody.length}`),
    'folded field': fields(`X: a\r\n b\r\n${length}`),
    'folded coding': fields('Transfer-Encoding:\r\n chunked', chunks),
    'bare LF': Buffer.from(fields(length).toString('latin1').replaceAll('\r\n', '\n'), 'latin1'),
    'bare LF in a field': fields(`X: a\n${length}`),
    'bare CR in a field': fields(`X: a\rb\r\n${length}`),
    'NUL in a field': fields(`X: a\0b\r\n${length}`),
    'no field name': fields(`: a\r\n${length}`),
    'blank in a field name': fields(`X Y: a\r\n${length}`),
    'no colon': fields(`X\r\n${length}`),
    'no Host': post(kBody, { fields: { Host: undefined } }),
    'two Hosts': post(kBody, { fields: { Host: ['h', 'h'] } }),
    'Host list': post(kBody, { fields: { Host: 'a, b' } }),
    'Host with a path': post(kBody, { fields: { Host: 'a/b' } }),
    'Host with a user': post(kBody, { fields: { Host: 'a@b' } }),
    'version 2.0': post(kBody, { version: '2.0' }),
    'version 0.9': post(kBody, { version: '0.9' }),
    'version 1.2': null,  // RFC 9110, 2.5: a minor version we do not know is answered as 1.1
    'lower-case protocol': Buffer.from(post(kBody).toString('latin1').replace('HTTP/', 'http/'), 'latin1'),
    'two blanks': Buffer.from(post(kBody).toString('latin1').replace('POST /', 'POST  /'), 'latin1'),
    'tab for blank': Buffer.from(post(kBody).toString('latin1').replace('POST /', 'POST\t/'), 'latin1'),
    'HTTP/2 preface': Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    'RTSP': Buffer.from(post(kBody).toString('latin1').replace('HTTP/1.1', 'RTSP/1.0'), 'latin1'),
    'TLS hello': Buffer.from('160301020001000fc0303', 'hex'),
    'chunk size 0x': fields('Transfer-Encoding: chunked', `0x5\r\n${kBody}\r\n0\r\n\r\n`),
    'chunk size with a sign': fields('Transfer-Encoding: chunked', `+5\r\n{"a"}\r\n0\r\n\r\n`),
    'chunk size with an underscore': fields('Transfer-Encoding: chunked', `1_0\r\n${kBody}\r\n0\r\n\r\n`),
    'chunk size with a blank before': fields('Transfer-Encoding: chunked', ` 5\r\n{"a"}\r\n0\r\n\r\n`),
    'no chunk size': fields('Transfer-Encoding: chunked', `\r\n{}\r\n0\r\n\r\n`),
    'chunk size and LF': fields('Transfer-Encoding: chunked', `2\n{}\r\n0\r\n\r\n`),
    'chunk too long': fields('Transfer-Encoding: chunked', `2\r\n{}x\r\n0\r\n\r\n`),
    'chunk end without CR': fields('Transfer-Encoding: chunked', `2\r\n{}\n0\r\n\r\n`),
    'chunk extension with a bare CR': fields('Transfer-Encoding: chunked', `2;a\rb\r\n{}\r\n0\r\n\r\n`),
    'chunk extension with LF': fields('Transfer-Encoding: chunked', `2;a\nb\r\n{}\r\n0\r\n\r\n`),
    'trailer without a colon': fields('Transfer-Encoding: chunked', `2\r\n{}\r\n0\r\nX\r\n\r\n`),
    'trailer end without CR': fields('Transfer-Encoding: chunked', `2\r\n{}\r\n0\r\n\n`),
  };
  for (const [name, bytes] of Object.entries(cases)) {
    if (bytes === null) continue;
    const wire = await connect(t, gate.address);
    await wire.send(Buffer.concat([post(kBody), bytes, post(kBody), post(kBody)]));
    // The complete request in front of it is answered; of what is behind it, nothing.
    assertContinue(await wire.answer(), kClaims);
    const answer = await wire.answer().catch((error) => {
      error.message = `${name}: ${error.message}`;
      throw error;
    });
    assert.ok([400, 413, 501, 505].includes(answer.status), `${name}: ${answer.status}`);
    assertError(answer, answer.status);
    assert.equal(answer.fields.connection, 'close', name);
    await wire.isClosed().catch((error) => {
      error.message = `${name}: ${error.message}`;
      throw error;
    });
  }
  assertContinue(await ask(t, gate.address, post(kBody)), kClaims);
});

test('an Upgrade is not followed: the bytes behind it are HTTP', async (t) => {
  const gate = await serve(t, configuration());
  const wire = await connect(t, gate.address);
  await wire.send(Buffer.concat([
    post(kBody, { fields: { Connection: 'Upgrade', Upgrade: 'websocket' } }),
    post(kBody, { fields: { Connection: 'Upgrade, HTTP2-Settings', Upgrade: 'h2c', 'HTTP2-Settings': 'AAMAAABk' } }),
    post(kBody),
  ]));
  for (let i = 0; i < 3; i++) assertContinue(await wire.answer(), kClaims);
});

test('a head, a body and an idle connection have their time, and no more', async (t) => {
  const limits = { head_timeout: '300ms', body_timeout: '300ms', idle_timeout: '300ms' };
  const gate = await serve(t, configuration({ limits }));
  const whole = post(kBody);
  const inBody = whole.length - 5;
  for (const [name, sent, status] of [
    ['head', whole.subarray(0, 30), 408],
    ['body', whole.subarray(0, inBody), 408],
    ['idle from the start', Buffer.alloc(0), null],
  ]) {
    const wire = await connect(t, gate.address);
    await wire.send(sent);
    if (status !== null) {
      const answer = await wire.answer();
      assertError(answer, status);
      assert.equal(answer.fields.connection, 'close', name);
    }
    await wire.isClosed();
  }
  const kept = await connect(t, gate.address);
  await kept.send(whole);
  assertContinue(await kept.answer(), kClaims);
  await kept.isClosed();  // idle after an answer
});

test('a trickle of bytes does not put the deadline off', async (t) => {
  const gate = await serve(t, configuration({ limits: { head_timeout: '400ms', body_timeout: '400ms' } }));
  const whole = post(kBody);
  for (const prefix of [0, whole.length - kBody.length]) {
    const wire = await connect(t, gate.address);
    await wire.send(whole.subarray(0, prefix));
    let next = prefix;
    const trickle = setInterval(() => {
      if (next < whole.length - 1) wire.send(whole.subarray(next, ++next));
    }, 50);
    t.after(() => clearInterval(trickle));
    // One byte in 50 ms needs seconds for what is left; the deadline comes first.
    assertError(await wire.answer(), 408);
    clearInterval(trickle);
    assert.ok(next < whole.length - 1);
  }
});

test('a reader that takes nothing is left, and others do not notice', async (t) => {
  const gate = await serve(t, configuration({ limits: { write_timeout: '500ms' } }));
  const wire = await connect(t, gate.address);
  wire.socket.pause();
  const batch = Buffer.concat(Array(500).fill(post(kBody)));
  const end = Date.now() + 25_000;
  let stuck = true;
  while (!wire.closed && !wire.socket.destroyed && Date.now() < end) {
    const drained = wire.send(batch).then(() => true);
    const moved = await Promise.race([drained, new Promise((resolve) => setTimeout(() => resolve(false), 2000))]);
    if (!moved) break;  // the system's buffers are full both ways: back-pressure
    stuck = false;
  }
  assert.equal(stuck, false, 'the first batches were taken');
  assertContinue(await ask(t, gate.address, post(kBody)), kClaims);
  await eventually('the write time-out', async () => {
    const text = await (await fetch(`${gate.admin}/metrics`, { headers: { connection: 'close' } })).text();
    return /^claimgate_connections_timed_out_total [1-9]/m.test(text);
  });
  wire.socket.resume();
  await wire.until('the close', () => wire.closed);
});

test('a connection serves no more requests than it may', async (t) => {
  const gate = await serve(t, configuration({ limits: { requests_per_connection: 3 } }));
  const wire = await connect(t, gate.address);
  await wire.send(Buffer.concat(Array(5).fill(post(kBody))));
  for (let i = 1; i <= 3; i++) {
    const answer = await wire.answer();
    assertContinue(answer, kClaims);
    assert.equal(answer.fields.connection === 'close', i === 3, `answer ${i}`);
  }
  await wire.isClosed();
});
