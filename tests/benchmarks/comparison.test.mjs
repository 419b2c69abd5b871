// The report of benchmarks/compare from invented rounds: every figure with median, range and ratio,
// misses told, the floor's own share beside every target.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const require = createRequire(import.meta.url);
const { write_report } = require(path.join(root, 'benchmarks/comparison/report.js'));
const { ratios, spread } = require(path.join(root, 'benchmarks/comparison/statistics.js'));

/** An entrant whose three rounds cost `cpu` µs, `user` of them in user mode, a tenth more each. */
function entrant(name, cpu, user, more = {}) {
  const scales = [1, 1.1, 1.2];
  return {
    name, title: `the ${name}`, work: 'work', does: 'all', version: '1', remarks: [],
    rounds: scales.map((scale) => ({
      requests: 1000, seconds: 1, wrong: 0, unanswered: 0, requests_per_second: 1e6 / (cpu * scale),
      cpu_us: cpu * scale, user_us: user * scale, system_us: (cpu - user) * scale, busy: 1,
      latency_us: { p50: 100 * scale, p99: 200 * scale, p999: 300 * scale }, resident_bytes: cpu * 2 ** 20,
    })),
    open_rounds: scales.map((scale) => ({ verdict: 'kept up', p50_us: 10 * cpu * scale,
      p99_us: 20 * cpu * scale, p999_us: 30 * cpu * scale, late_us: 5, cpu_us: cpu * scale })),
    syscall_rounds: [{ per_request: 2, by: 'perf' }, { per_request: 2.5, by: 'perf' }],
    instruction_rounds: [cpu * 1000, cpu * 1001, cpu * 1002],
    ...more,
  };
}

function report(t, entrants, rate = 5000) {
  const out = fs.mkdtempSync(path.join(os.tmpdir(), 'claimgate-report-'));
  t.after(() => fs.rmSync(out, { recursive: true, force: true }));
  const machine = { date: '2026-01-01T00:00:00', commit: 'abc', cpu: 'CPU', cores: 2, memory_gib: 4,
    system: 'Debian', kernel: '6', container: false, compiler: 'g++', build: 'Release',
    load_average_before: 0, command: 'benchmarks/compare' };
  const manifest = { requests: 1, request_bytes_mean: 1, blocked_domains: 1, blocked_people: 1 };
  const text = write_report({ machine, manifest, entrants, left_out: [{ name: 'nginx', why: 'gone' }],
    options: { out, rounds: 3, seconds: 1, connections: 64, server_core: 0, load_core: 1, rate } });
  const rows = (title) => text.split('\n').filter((line) => line.startsWith(`| ${title} |`));
  return { text, rows, out, results: JSON.parse(fs.readFileSync(path.join(out, 'results.json'), 'utf8')) };
}

test('ratios pair what was measured in the same round, and refuse what cannot be paired', () => {
  assert.deepEqual(ratios([2, 6, 12], [1, 2, 3]), { median: 3, min: 2, max: 4 });
  assert.equal(ratios([1], [0]), null);
  assert.equal(ratios([1, 2], [1]), null);
  assert.equal(ratios([1], null), null);
  assert.deepEqual(spread([4, 1]), { median: 2.5, min: 1, max: 4 });
});

test('every figure has its median, its range and its ratio to claimgate', (t) => {
  const { rows, text, results, out } = report(t, [entrant('claimgate', 10, 2), entrant('node-http', 50, 40)]);
  const [cost, resources, open_loop, saturation] = rows('the node-http');
  assert.match(cost, /55\.0 \(50\.0 to 60\.0\), 5\.00 x \| 44\.0 \(40\.0 to 48\.0\), 20\.00 x \| 11\.0 \(10\.0 to 12\.0\), 1\.25 x \|/);
  assert.match(cost, /18,182 \(16,667 to 20,000\), 0\.20 x/);
  assert.match(resources, /2\.25 \(2\.00 to 2\.50\), 1\.00 x \(perf\) \| 50,050 \(50,000 to 50,100\), 5\.00 x \| 50\.0 \(50\.0 to 50\.0\), 5\.00 x/);
  assert.match(open_loop, /kept up \| 550 \(500 to 600\), 5\.00 x \| 1,100 .*5\.00 x \| 1,650 .*5\.00 x \| 5 \| 55\.0 .*5\.00 x/);
  assert.match(saturation, /110 \(100 to 120\), 1\.00 x \| 220 .* \| 330/);
  assert.match(text, /nginx did not take part: gone/);
  assert.equal(results.summaries[1].cpu_us.ratio.median, 5);
  assert.equal(results.rounds['node-http'].open_loop.length, 3);
  for (const name of ['cpu', 'requests', 'p99', 'instructions', 'memory']) {
    assert.match(fs.readFileSync(path.join(out, `${name}.svg`), 'utf8'), /^<svg .*<\/svg>\n$/s);
  }
});

test('what was not measured is left out, not made up', (t) => {
  const bare = { open_rounds: [], syscall_rounds: [], instruction_rounds: [] };
  const floor = report(t, [entrant('claimgate', 10, 2, bare), entrant('floor-uv', 9, 1, bare)], 0);
  assert.ok(floor.text.includes('share of floor-uv') && !floor.text.includes('p99.9 at the given rate'));
  assert.doesNotMatch(floor.text, /NaN|undefined/);
  const { text, rows, out } = report(t, [entrant('claimgate', 10, 2, bare), entrant('node-http', 50, 40, bare)], 0);
  assert.equal(rows('the node-http').length, 3);
  assert.match(rows('the node-http')[1], /\| - \| - \| 50\.0/);
  assert.doesNotMatch(text, /open loop\)|NaN|undefined|Infinity/);
  assert.ok(!fs.existsSync(path.join(out, 'p99.svg')) && !fs.existsSync(path.join(out, 'instructions.svg')));
});

test('a target is met or missed, with the floor\'s own share and user time beside it', (t) => {
  const { text } = report(t, [entrant('claimgate', 10, 2), entrant('floor-constant', 9, 0.5),
    entrant('haproxy-rules', 25, 20), entrant('nginx-lua', 40, 20), entrant('floor-uv', 9.5, 2.5)]);
  const row = (target) => text.split('\n').find((line) => line.startsWith(`| ${target}`));
  assert.equal(row('CPU, share of haproxy-rules'),
    '| CPU, share of haproxy-rules | **missed** | 0.40 | at most 0.30 | 0.36 (more than wanted) | 0.10 |');
  assert.equal(row('CPU, share of nginx-lua'),
    '| CPU, share of nginx-lua | met | 0.25 | at most 0.26 | 0.23 | 0.10 |');
  assert.match(row('CPU, share of floor-constant'), /met \| 1\.11 \| at most 1\.35 \| 1\.00 \| 4\.00/);
  assert.match(row('user time a request'), /met \| 2\.2 \| at most 3/);
  assert.match(row('p99.9 at the given rate'), /met \| 1\.05/);
  assert.match(row('user instructions a request'), /met \| 10,010 \| at most 11,000/);
  assert.equal(row('CPU, share of node-http'), undefined);
});

test('without the floor or without claimgate no share is invented', (t) => {
  assert.match(report(t, [entrant('claimgate', 10, 2), entrant('node-http', 50, 40)]).text,
    /\| CPU, share of node-http \| \*\*missed\*\* \| 0\.20 \| at most 0\.12 \| - \| 0\.05 \|/);
  assert.doesNotMatch(report(t, [entrant('node-http', 50, 40)]).text, /## Targets/);
});

test('compare refuses what it does not know', () => {
  const main = path.join(root, 'benchmarks/comparison/main.js');
  for (const words of [['--nonsense'], ['--rate', 'fast'], ['--rate'], ['--only', 'apache'], ['--rounds', '0']]) {
    const { status, stderr } = spawnSync(process.execPath, [main, ...words], { encoding: 'utf8' });
    assert.equal(status, 2, words.join(' '));
    assert.match(stderr, /^compare: .*--help/);
  }
});
