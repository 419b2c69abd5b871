// claimgate-load against the real binary: every way to say how fast, every mix, every report.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';

import { configuration, scratch, serve, within } from './lib/claimgate.mjs';

const program = process.env.CLAIMGATE_LOAD;
if (!program || !fs.existsSync(program)) {
  throw new Error('CLAIMGATE_LOAD must name the built claimgate-load; ctest sets it');
}

// The server that claimgate-load expects unless told otherwise.
const kBlocked = Array.from({ length: 1000 }, (_, i) => `blocked${i}.example`).join('\n');
const agreeing = () => configuration({
  lists: { blocked: { file: 'blocked.txt', match: 'domain' } },
  connector: {
    rules: [
      { name: 'blocked', when: { 'email.domain': { in_list: 'blocked' } }, block: 'refused' },
      { name: 'postal code', when: { postalCode: { not_matches: '^[0-9]{5}$' } }, validation_error: 'again' },
      { name: 'names', when: { givenName: { exists: true } }, set: { givenName: '{givenName | title_case}' } },
    ],
  },
});

async function load(args, more = {}) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, LOAD_USER: 'b2c:s3cr:et', ...more.env } });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  try {
    const [code] = await within(`claimgate-load ${args.join(' ')}`, once(child, 'close'), 60_000);
    return { code, stdout, stderr };
  } finally {
    child.kill('SIGKILL');
  }
}

// Runs against `gate`; the JSON report of a run that was all right.
async function measured(t, gate, args) {
  const file = path.join(scratch(t), 'report.json');
  const { code, stdout, stderr } = await load([`http://${gate.address.replace(/^http:\/\//, '')}/signup`,
    '--user-env', 'LOAD_USER', '--json', file, '--quiet', ...args]);
  assert.equal(code, 0, `${args.join(' ')}\n${stdout}${stderr}`);
  const report = JSON.parse(fs.readFileSync(file, 'utf8'));
  const { offered, sent, not_sent, answered, wrong, failed } = report.requests;
  assert.equal(offered, sent + not_sent, args.join(' '));
  assert.equal(sent, answered, args.join(' '));
  assert.equal(wrong + failed, 0, args.join(' '));
  assert.ok(answered > 0);
  return report;
}

test('every way to say how fast sends what it says, and every answer is right', async (t) => {
  const gate = await serve(t, agreeing(), { files: { 'blocked.txt': kBlocked } });
  const constant = await measured(t, gate, ['--rate', '200', '--duration', '1s']);
  assert.equal(constant.requests.offered, 200);
  const random = await measured(t, gate, ['--rate', '200', '--poisson', '--duration', '1s']);
  assert.ok(Math.abs(random.requests.offered - 200) < 80);  // more than five standard deviations
  const again = await measured(t, gate, ['--rate', '200', '--poisson', '--duration', '1s']);
  assert.equal(again.requests.offered, random.requests.offered);  // the same seed
  const steps = await measured(t, gate, ['--schedule', '50x500ms,100..300x500ms']);
  assert.equal(steps.requests.offered, 25 + 100);
  const ramp = await measured(t, gate, ['--ramp', '0..400x1s']);
  assert.equal(ramp.requests.offered, 200);
  const closed = await measured(t, gate, ['--as-fast-as-possible', '--connections', '8', '--threads', '2',
    '--max-requests', '500']);
  assert.equal(closed.requests.answered, 500);
  const one_each = await measured(t, gate, ['--rate', '100', '--duration', '500ms', '--no-keep-alive']);
  assert.equal(one_each.requests.answered, 50);
});

test('every mix is answered as it must be', async (t) => {
  const gate = await serve(t, agreeing(), { files: { 'blocked.txt': kBlocked } });
  const run = (...args) => measured(t, gate, ['--as-fast-as-possible', '--max-requests', '400',
    '--connections', '4', ...args]);
  for (const args of [
    ['--block', '100%', '--validation-error', '0'], ['--block', '0', '--validation-error', '100%'],
    ['--step', 'PreTokenIssuance', '--block', '0', '--validation-error', '0'],
    ['--known', '0.5', '--known-people', '10'], ['--duplicates', '0.3'], ['--malformed', '50%'],
    ['--locales', 'sv-SE'], ['--padding', '4000'], ['--padding', '0..8000'], ['--seed', '7'],
  ]) await run(...args);
});

test('a time-out is followed by one identical attempt, and the report counts both', async (t) => {
  const bodies = [];
  // Answers each body the second time it comes.
  const server = net.createServer((socket) => {
    let text = '';
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1]);
      if (end < 0 || text.length < end + 4 + length) return;
      const body = text.slice(end + 4, end + 4 + length);
      text = '';
      const is_second = bodies.includes(body);
      bodies.push(body);
      if (!is_second) return;
      const answer = '{"version":"1.0.0","action":"Continue"}';
      socket.write(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${answer.length}\r\n\r\n${answer}`);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const file = path.join(scratch(t), 'report.json');
  const { code } = await load([`http://127.0.0.1:${server.address().port}/`, '--rate', '20', '--duration',
    '250ms', '--timeout', '200ms', '--block', '0', '--validation-error', '0', '--json', file, '--quiet']);
  assert.equal(code, 0);
  const { requests } = JSON.parse(fs.readFileSync(file, 'utf8'));
  assert.equal(requests.answered, 5);
  assert.equal(requests.attempts_timed_out, 5);
  assert.equal(requests.retries, 5);
  assert.equal(bodies.length, 10);
});

test('it finds the highest rate that meets an objective, or says that none does', async (t) => {
  const gate = await serve(t, agreeing(), { files: { 'blocked.txt': kBlocked } });
  const url = `http://${gate.address.replace(/^http:\/\//, '')}/signup`;
  const search = ['--user-env', 'LOAD_USER', '--find-from', '50', '--find-to', '200', '--find-probe', '200ms',
    '--find-confirmations', '1'];
  const found = await load([url, '--find-rate', 'p50<10s,errors<1%', ...search]);
  assert.equal(found.code, 0, found.stdout + found.stderr);
  assert.match(found.stdout, /200/);
  const none = await load([url, '--find-rate', 'max<1us', ...search]);
  assert.equal(none.code, 1, none.stdout + none.stderr);
});

test('text, JSON and HTML tell of the same run; comparing runs exits as it says', async (t) => {
  const gate = await serve(t, agreeing(), { files: { 'blocked.txt': kBlocked } });
  const directory = scratch(t);
  const url = `http://${gate.address.replace(/^http:\/\//, '')}/signup`;
  const files = {};
  for (const [name, args] of [['a', ['--rate', '400']], ['b', ['--rate', '400', '--poisson']]]) {
    files[name] = path.join(directory, `${name}.json`);
    const html = path.join(directory, `${name}.html`);
    const { code, stdout, stderr } = await load([url, '--user-env', 'LOAD_USER', '--duration', '2s', '--interval',
      '50ms', '--json', files[name], '--html', html, '--server-pid', String(gate.child.pid), ...args]);
    assert.equal(code, 0, stdout + stderr);
    const report = JSON.parse(fs.readFileSync(files[name], 'utf8'));
    for (const row of ['offered', 'not sent', 'achieved', 'p99.99', 'server CPU', 'max']) {
      assert.match(stdout, new RegExp(row, 'i'));
    }
    assert.ok(report.server_cpu.us_per_answer > 0);
    assert.ok(report.response['p99.99_ns'] >= report.response.p50_ns);
    assert.ok(!stdout.includes('s3cr:et') && !fs.readFileSync(files[name], 'utf8').includes('s3cr:et'));
    const page = fs.readFileSync(html, 'utf8');
    assert.match(page, /^<!doctype html>/i);
    assert.match(page, /<svg/);
    assert.ok(!/<(?:script|link|img)[^>]+(?:src|href)=["']?https?:/i.test(page), 'the page stands alone');
  }
  const same = await load(['compare', files.a, files.a]);
  assert.equal(same.code, 0, same.stdout + same.stderr);
  assert.match(same.stdout, /noise|no difference|not larger/i);
  // The same run, ten times slower.
  const slower = JSON.parse(fs.readFileSync(files.a, 'utf8'), (key, value) =>
    (/^(?:p[\d.]+|mean|max|min)_ns$/.test(key) && typeof value === 'number' ? value * 10 : value));
  fs.writeFileSync(files.b, JSON.stringify(slower));
  const worse = await load(['compare', files.a, files.b, '--fail-if-worse']);
  assert.equal(worse.code, 1, worse.stdout + worse.stderr);
  assert.equal((await load(['compare', files.b, files.a, '--fail-if-worse'])).code, 0);
  assert.equal((await load(['compare', files.a, path.join(directory, 'nothing.json')])).code, 2);
});

test('another machine is refused with 2 unless its name is repeated, and secrets stay out', async () => {
  for (const host of ['192.0.2.1', '[2001:db8::1]']) {
    const { code, stderr } = await load([`http://${host}:9/`, '--rate', '1', '--duration', '100ms']);
    assert.equal(code, 2, host);
    assert.match(stderr, /i-may-load-this-host/, host);
  }
  const other = await load(['http://192.0.2.1:9/', '--i-may-load-this-host', '192.0.2.2', '--rate', '1']);
  assert.equal(other.code, 2);
  assert.equal((await load(['http://127.0.0.1:9/', '--rate', 'fast'])).code, 2);
});
