'use strict';
// benchmarks/outage after the build. claimgate-load asks at a given rate through three phases; the
// backend is ended or stopped for the middle one. What claimgate did is read from its metrics.
const fs = require('node:fs');
const path = require('node:path');
const { parse_arguments, root } = require('../connections/arguments');
const { built } = require('./entrants');
const { fingerprint } = require('./machine');
const { run, sleep, start_server, stop_server } = require('./processes');

const kPort = 18480;  // of the backend; claimgate's follow
const kHealthMs = 1000;
const kKnownPeople = 500;
const kAskedMost = 0.01;   // of the offered load, while the backend is down
const kIntervalsMost = 2;  // health intervals until it is used again

// A customer for whomever is asked for.
const kBackendAnswer = JSON.stringify({ found: true, customer: { tier: 'gold' } });

const say = (text) => process.stderr.write(`${text}\n`);

const kConfiguration = (directory) => `
listeners: [ { address: "127.0.0.1:${kPort + 1}" } ]
admin: { address: "127.0.0.1:${kPort + 2}" }
workers: 1
access_log: { file: ${directory}/access.log }
backends:
  crm:
    endpoints: [ "http://127.0.0.1:${kPort}" ]
    request: { method: POST, path: /v2/customers/search, json: { mail: "{email}" } }
    response:
      - when: { status: 200, json: { /found: true } }
        continue: { extension_loyaltyTier: "{/customer/tier}" }
    timeout: 500ms
    health: { path: /health, interval: ${kHealthMs}ms, timeout: 500ms, rise: 1 }
    breaker: { failures: 5, open: ${kHealthMs}ms }
connectors:
  signup:
    path: /signup
    dialect: b2c-userflow
    auth: anonymous
    deadline: 2s
    otherwise: { continue: {} }
    rules:
      - name: loyalty
        ask: crm
        cache: { key: [ email ], ttl: { continue: 5s }, stale: 1h }
`;

/** Enough different sign-ups for the whole run; who is known must be told the tier at all times. */
function write_requests(file, count, known) {
  const lines = [];
  for (let i = 0; i < count; ++i) {
    const is_known = i % 100 < 100 * known;
    const email = is_known ? `known${i % kKnownPeople}@woodgrove.example` : `new${i}@woodgrove.example`;
    const body = { step: 'PostAttributeCollection', email, displayName: `Person ${i}` };
    const expect = { status: 200, action: 'Continue' };
    // The first of each known person may still come when nobody has been asked about them.
    if (is_known && i >= 4 * kKnownPeople) expect.claims = { extension_loyaltyTier: 'gold' };
    lines.push(JSON.stringify({ body, expect }));
  }
  fs.writeFileSync(file, `${lines.join('\n')}\n`);
}

async function figures() {
  const response = await fetch(`http://127.0.0.1:${kPort + 2}/metrics`);
  const text = await response.text();
  const sum = (name, label = '') => [...text.matchAll(new RegExp(`^${name}(?:\\{([^}]*)\\})? ([0-9.e+]+)$`, 'gm'))]
    .filter(([, labels = '']) => labels.includes(label))
    .reduce((total, [, , value]) => total + Number(value), 0);
  return {
    tries: sum('claimgate_backend_tries_total'),
    checks: sum('claimgate_endpoint_health_checks_total'),
    answered: sum('claimgate_backend_answers_total', 'status="2xx"'),
    fallbacks: sum('claimgate_fallbacks_total'),
    stale: sum('claimgate_decisions_total', 'result="stale"'),
  };
}

const difference = (before, after) =>
  Object.fromEntries(Object.keys(before).map((name) => [name, after[name] - before[name]]));

const start_backend = (options, request) => start_server(
  { command: built(options, 'floor_constant'), args: [String(kPort), kBackendAnswer] },
  { core: 1, port: kPort, directory: path.join(options.out, 'run', 'backend'), request });

/** One run: { down, phases, load, recovery_ms }. `kind`: 'ended' or 'stopped'. */
async function outage(options, kind, request) {
  const directory = path.join(options.out, 'run', kind);
  fs.mkdirSync(directory, { recursive: true });
  const config = path.join(directory, 'claimgate.yaml');
  fs.writeFileSync(config, kConfiguration(directory));
  let backend = await start_backend(options, request);
  const claimgate = await start_server({ command: built(options, 'claimgate'), args: ['serve', '--config', config] },
    { core: 0, port: kPort + 1, directory, request });
  const report = path.join(directory, 'load.json');
  const load = run('taskset', ['-c', '1', built(options, 'claimgate-load'), `http://127.0.0.1:${kPort + 1}/signup`,
    '--requests', path.join(options.out, 'requests.jsonl'), '--connections', '3000', '--quiet', '--json', report,
    '--schedule', [options.around, options.down, options.around].map((s) => `${options.rate}x${s}s`).join(',')]);
  await sleep(1000 * options.around);
  say(`${kind}: the backend is dead`);
  const before = await figures();
  if (kind === 'ended') await stop_server(backend);
  else backend.kill('SIGSTOP');
  await sleep(1000 * options.down);
  const down = difference(before, await figures());
  say(`${kind}: it is back`);
  const began = performance.now();
  if (kind === 'ended') backend = await start_backend(options, request);
  else backend.kill('SIGCONT');
  const { answered } = await figures();
  let recovery_ms = null;
  while (recovery_ms === null && performance.now() - began < 1000 * options.around) {
    if ((await figures()).answered > answered) recovery_ms = performance.now() - began;
    else await sleep(20);
  }
  const { code, err } = await load;
  if (!fs.existsSync(report)) throw new Error(`claimgate-load: ${err}`);
  await stop_server(claimgate);
  await stop_server(backend);
  const { phases, requests } = JSON.parse(fs.readFileSync(report, 'utf8'));
  return { kind, down, phases, requests, recovery_ms, code };
}

function row_of(result, options) {
  const during = result.phases[1];
  const share = (result.down.tries + result.down.checks) / during.offered;
  const wrong = Object.values(result.requests.wrong_by).reduce((sum, n) => sum + n, 0);
  const lost = Object.values(result.requests.errors).reduce((sum, n) => sum + n, 0) + result.requests.not_sent;
  const met = share < kAskedMost && wrong === 0 && lost === 0 &&
    result.recovery_ms !== null && result.recovery_ms <= kIntervalsMost * kHealthMs;
  const ms = (ns) => (ns / 1e6).toFixed(1);
  return { met, cells: [result.kind, during.offered, wrong, lost, result.down.stale, result.down.fallbacks,
    `${result.down.tries} + ${result.down.checks}`, `${(100 * share).toFixed(2)}%`, ms(during.p50_ns), ms(during.p99_ns),
    ms(during['p99.9_ns']), result.recovery_ms === null ? 'never' : Math.round(result.recovery_ms), met ? 'met' : '**missed**'] };
}

async function main() {
  const options = parse_arguments(process.argv.slice(2),
    { rate: 1000, down: 60, around: 20, known: 0.5, command: '', out: path.join(root, 'build', 'outage') }, 'outage');
  fs.mkdirSync(options.out, { recursive: true });
  const machine = fingerprint(options);
  write_requests(path.join(options.out, 'requests.jsonl'), options.rate * (options.down + 2 * options.around), options.known);
  const body = '{"step":"PostAttributeCollection","email":"first@woodgrove.example"}';
  const request = `POST /signup HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const results = [];
  for (const kind of ['ended', 'stopped']) results.push(await outage(options, kind, request));
  const rows = results.map((result) => row_of(result, options));
  const text = [
    '# A dead backend', '',
    `${machine.date} UTC, commit ${machine.commit}. ${machine.cpu}, ${machine.cores} cores; ` +
      `${machine.system}, Linux ${machine.kernel}; ${machine.compiler}, ${machine.build}. ` +
      `Load average before the run: ${machine.load_average_before.toFixed(2)}.`, '', `    ${machine.command}`, '',
    `${options.rate} sign-ups a second, ${Math.round(100 * options.known)}% by ${kKnownPeople} people whose decisions ` +
      `are kept 5 s and stale ones an hour; the backend is dead for ${options.down} s, ${options.around} s before and ` +
      `behind it answers. Health is checked every ${kHealthMs} ms. Figures are of the time it is dead.`, '',
    '| backend | sign-ups | wrong answers | lost | told a stale decision | told `otherwise` | tries + health checks | of the load | p50 ms | p99 ms | p99.9 ms | used again after ms | targets |',
    `| --- |${' ---: |'.repeat(11)} --- |`, ...rows.map(({ cells }) => `| ${cells.join(' | ')} |`), '',
    `Targets: nothing wrong or lost, tries and checks below ${100 * kAskedMost}% of the sign-ups, used again within ` +
      `${kIntervalsMost} health intervals.`, ''].join('\n');
  fs.writeFileSync(path.join(options.out, 'report.md'), text);
  fs.writeFileSync(path.join(options.out, 'results.json'), `${JSON.stringify({ machine, results }, null, 1)}\n`);
  process.stdout.write(text);
  return rows.every(({ met }) => met) ? 0 : 1;
}

main().then((code) => process.exit(code), (error) => {
  say(`outage: ${error.message}`);
  process.exit(1);
});
