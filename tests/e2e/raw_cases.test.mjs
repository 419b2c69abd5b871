// The table of raw cases against the real binary, in plain text and over TLS: what must be refused is
// refused with its status, once, and nothing behind it is answered; what must be accepted is a request,
// and the request behind it gets its own answer. The reader's and the server's own tests replay the same
// table (tests/core/http/request_reader_test.cc, tests/proxy/net/server_test.cc).
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

import { certificate } from './lib/certificates.mjs';
import { configuration, scratch, serve } from './lib/claimgate.mjs';
import { assertContinue, connect, post } from './lib/wire.mjs';

const kDump = process.env.CLAIMGATE_RAW_CASES;
if (!kDump) throw new Error('CLAIMGATE_RAW_CASES must name the built raw_cases_dump; ctest sets it');
const fromHex = (text) => Buffer.from(text, 'hex');
const cases = execFileSync(kDump, { maxBuffer: 64 << 20 }).toString().trim().split('\n').map((line) => {
  const one = JSON.parse(line);
  return { ...one, name: fromHex(one.name).toString(), bytes: fromHex(one.bytes) };
});

// A field that makes an accepted case's body matter: without it the answer is 415 before the body is read.
// The gate's limits are larger by this field, so that cases at a limit stay there.
const kField = 'Content-Type: application/json\r\n';
const kLimits = { head_bytes: (16 << 10) + kField.length, header_fields: 101 };
const kHost = Buffer.from('Host: a\r\n');
function typed(bytes) {
  const at = bytes.indexOf(kHost);
  const end = bytes.indexOf('\r\n\r\n');
  if (at < 0 || (end >= 0 && at > end) || bytes.subarray(0, end < 0 ? bytes.length : end).includes('Content-Type')) return bytes;
  return Buffer.concat([bytes.subarray(0, at + kHost.length), Buffer.from(kField), bytes.subarray(at + kHost.length)]);
}

const kNext = post({ step: 'PostAttributeCollection', givenName: 'dana' });

async function replay(t, address, one, cut) {
  const wire = await connect(t, address);
  const bytes = typed(one.behind === 0 ? one.bytes : one.bytes.subarray(0, one.bytes.length - one.behind));
  try {
    if (cut === 0) {
      await wire.send(Buffer.concat([bytes, kNext]));
    } else {
      const pieces = [];
      for (let at = 0; at < bytes.length; at += cut) pieces.push(bytes.subarray(at, at + cut));
      await wire.sendPieces([...pieces, kNext]);
    }
    const method = one.bytes.toString('latin1').match(/^(?:\r\n)*([A-Z]+) /)?.[1] ?? 'POST';
    let answer = await wire.answer({ method });
    if (answer.status === 100) answer = await wire.answer({ method });
    if (one.status !== 0) {
      assert.equal(answer.status, one.status);
      assert.equal(answer.json.error.status, one.status);
      assert.equal(answer.fields.connection, 'close');
      await wire.isClosed();
      return;
    }
    // Claims that are none, another method, another path: all are answers to one whole request. Where
    // the head alone decides, the body may not have been here yet: then the connection ends with it.
    assert.ok([200, 400, 404, 405, 415].includes(answer.status), `${answer.status} ${answer.text}`);
    if (answer.fields.connection === 'close') {
      assert.ok(!one.keep_alive || [404, 405, 415].includes(answer.status), `${answer.status} and close`);
      await wire.isClosed();
      return;
    }
    assert.ok(one.keep_alive, 'the connection stays open');
    assertContinue(await wire.answer(), { givenName: 'Dana' });
  } catch (error) {
    error.message = `${one.name} (${one.source}), cut ${cut}: ${error.message}`;
    throw error;
  } finally {
    wire.destroy();
  }
}

for (const secure of [false, true]) {
  test(`every raw case ends as its source demands, ${secure ? 'over TLS' : 'in plain text'}`, async (t) => {
    assert.ok(cases.length >= 300, `${cases.length} cases`);
    const listener = { address: '127.0.0.1:0' };
    if (secure) {
      const { file, keyFile } = certificate(scratch(t), 'hooks.woodgrove.example');
      listener.tls = { certificate: file, key: keyFile };
    }
    const gate = await serve(t, configuration({
      listeners: [listener], limits: kLimits, connector: { auth: 'anonymous' },
    }));
    // A whole send, then small ones in pieces; some at a time, so that the suite is short.
    const work = [];
    for (const one of cases) {
      work.push([one, 0]);
      if (one.bytes.length <= 200) work.push([one, 7]);
    }
    const workers = Array.from({ length: 8 }, async () => {
      for (let next = work.pop(); next !== undefined; next = work.pop()) await replay(t, gate.address, ...next);
    });
    await Promise.all(workers);
  });
}
