// Clients as people have them: each must simply work.
import assert from 'node:assert/strict';
import { spawnSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import path from 'node:path';
import { test } from 'node:test';

import { configuration, kAuthorization, scratch, serve, within } from './lib/claimgate.mjs';

const kBody = JSON.stringify({ step: 'PostAttributeCollection', email: 'a@b.example', givenName: 'dana' });
const kAnswer = '{"version":"1.0.0","action":"Continue","givenName":"Dana"}';
const absent = (command) => (spawnSync(command, ['--version']).error ? `${command} is not installed` : false);

async function output(command, args) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  const [code] = await within(command, once(child, 'close'), 60_000);
  return { code, stdout, stderr };
}

test('curl', { skip: absent('curl') }, async (t) => {
  const gate = await serve(t, configuration());
  const common = ['-sS', '--noproxy', '*', '--max-time', '20', '-u', 'b2c:s3cr:et', '-H', 'Content-Type: application/json', '-w', ' %{http_code}'];
  const url = `${gate.address}/signup?code=x`;
  for (const args of [
    ['-d', kBody],
    ['--http1.0', '-d', kBody],
    ['-H', 'Transfer-Encoding: chunked', '-d', kBody],
    ['-H', 'Expect: 100-continue', '-d', kBody],
    ['--http2', '-d', kBody],  // asks for an upgrade to h2c and goes on in 1.1
  ]) {
    const { code, stdout, stderr } = await output('curl', [...common, ...args, url]);
    assert.equal(code, 0, stderr);
    assert.equal(stdout, `${kAnswer} 200`, args.join(' '));
  }
  const filler = JSON.stringify({ ...JSON.parse(kBody), x: 'y'.repeat(200_000) });
  const directory = scratch(t, { 'body.json': filler });
  const large = await output('curl', [...common, '--data-binary', `@${path.join(directory, 'body.json')}`, url]);
  assert.equal(large.stdout, `${kAnswer} 200`, 'a large body; older versions of curl announce it with Expect');
  const twice = await output('curl', [...common, '-d', kBody, url, url]);
  assert.equal(twice.stdout, `${kAnswer} 200`.repeat(2), 'two on one connection');
  const options = { input: '', encoding: 'utf8' };
  assert.equal(spawnSync('curl', ['-sS', '--noproxy', '*', '-o', '/dev/null', '-w', '%{http_code}', '-I', url], options).stdout, '405');
});

test('Node http with a keep-alive agent', async (t) => {
  const gate = await serve(t, configuration());
  const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
  t.after(() => agent.destroy());
  const sockets = new Set();
  const one = () => new Promise((resolve, reject) => {
    const request = http.request(`${gate.address}/signup`, {
      agent, method: 'POST', headers: { authorization: kAuthorization, 'content-type': 'application/json' },
    }, (response) => {
      sockets.add(response.socket);
      let text = '';
      response.setEncoding('utf8').on('data', (piece) => (text += piece)).on('end', () => resolve({ status: response.statusCode, text }));
    });
    request.on('error', reject);
    request.write(kBody.slice(0, 10));  // no length known: chunked
    request.end(kBody.slice(10));
  });
  const answers = await Promise.all(Array.from({ length: 200 }, one));
  for (const answer of answers) assert.deepEqual(answer, { status: 200, text: kAnswer });
  assert.ok(sockets.size <= 4, `${sockets.size} connections: keep-alive holds`);
});

test('fetch', async (t) => {
  const gate = await serve(t, configuration());
  const headers = { authorization: kAuthorization, 'content-type': 'application/json' };
  const answers = await Promise.all(Array.from({ length: 100 }, async () => {
    const response = await fetch(`${gate.address}/signup`, { method: 'POST', headers, body: kBody });
    return { status: response.status, text: await response.text() };
  }));
  for (const answer of answers) assert.deepEqual(answer, { status: 200, text: kAnswer });
});

test('wrk', { skip: absent('wrk') }, async (t) => {
  const gate = await serve(t, configuration({ workers: 2 }));
  const script = `
wrk.method = "POST"
wrk.path = "/signup"
wrk.body = '${kBody}'
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "${kAuthorization}"
wrong = 0
function response(status, headers, body)
  if status ~= 200 or body ~= '${kAnswer}' then wrong = wrong + 1 end
end
local threads = {}
function setup(thread) table.insert(threads, thread) end
function done(summary, latency, requests)
  local bad = 0
  for _, thread in ipairs(threads) do bad = bad + thread:get("wrong") end
  local e = summary.errors
  io.write(string.format("result %d %d %d\\n", summary.requests, bad, e.connect + e.read + e.write + e.status + e.timeout))
end
`;
  const directory = scratch(t, { 'post.lua': script });
  const { code, stdout, stderr } = await output('wrk', ['-t1', '-c16', '-d2s', '--timeout', '20s', '-s', path.join(directory, 'post.lua'), gate.address]);
  assert.equal(code, 0, stderr);
  const [, requests, wrong, errors] = stdout.match(/^result (\d+) (\d+) (\d+)$/m).map(Number);
  assert.ok(requests > 100, stdout);
  assert.equal(wrong, 0, stdout);
  assert.equal(errors, 0, stdout);
});
