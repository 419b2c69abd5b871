'use strict';
// benchmarks/forwarding after the build. One backend answers a constant on the load's core; every
// server forwards to it on the other. All servers run throughout, rounds go around.
const fs = require('node:fs');
const path = require('node:path');
const { parse_arguments, generate_work_unit, root } = require('../connections/arguments');
const { built, fill, first_line, missing_build, missing_command } = require('./entrants');
const { fingerprint } = require('./machine');
const { count_instructions, count_syscalls, measure_round, warm_up } = require('./measure');
const { is_there, start_server, stop_server } = require('./processes');
const { median, spread } = require('./statistics');

const kPort = 18380;  // of the backend; the servers have those that follow
const kForwardMost = { relay: 1.3, 'haproxy, nginx': 0.9 };
const kHitMost = 1.1;

// A customer of the legacy system, and at the same time what a connector may answer: those who only
// pass it on answer right, too.
const kBackendAnswer = JSON.stringify({ version: '1.0.0', action: 'Continue', found: true,
  customer: { id: 'C-7ade9f91e5827a9f', tier: 'gold', since: 2002, points: 1590 } });

const say = (text) => process.stderr.write(`${text}\n`);
const whole = (value) => Math.round(value).toLocaleString('en-US');
const range = ({ median: m, min, max }, digits) =>
  `${m.toFixed(digits)} (${min.toFixed(digits)} to ${max.toFixed(digits)})`;

/** claimgate with one rule: its YAML, without the name. */
const claimgate = (name, title, rule) => ({
  name, title,
  missing: missing_build('claimgate'),
  version: (options) => first_line(built(options, 'claimgate'), 'version'),
  plan(options, port, directory) {
    const text = fs.readFileSync(path.join(root, 'benchmarks', 'work_unit', 'forwarding.yaml.in'), 'utf8');
    const words = { PORT: port, ADMIN_PORT: port + 20, BACKEND_PORT: kPort, RULE: rule,
      ACCESS_LOG: path.join(directory, 'access.log'), PASSWORD: options.password };
    const file = path.join(directory, 'claimgate.yaml');
    fs.writeFileSync(file, text.replace(/@([A-Z_]+)@/g, (_, word) => words[word]));
    return { command: built(options, 'claimgate'), args: ['serve', '--config', file] };
  },
  after_round: (directory) => fs.truncateSync(path.join(directory, 'access.log')),
});

const kEntrants = [
  claimgate('claimgate', '**claimgate**: asks, maps both ways, caches nothing', 'ask: crm'),
  {
    name: 'relay', title: 'blind byte relay on epoll',
    missing: missing_build('relay'), version: () => 'this tree',
    plan: (options, port) => ({ command: built(options, 'relay'), args: [String(port), String(kPort)] }),
  },
  {
    name: 'haproxy', title: 'HAProxy, `http-reuse always`',
    missing: missing_command('haproxy', 'haproxy'),
    version: () => first_line('haproxy', '-v').replace(/ +\d{4}\/.*$/, '').replace(' version', ''),
    plan: (options, port, directory) => ({ command: 'haproxy', args: ['-db', '-f',
      fill('haproxy/forward.cfg.in', directory, 'haproxy.cfg', { PORT: port, BACKEND_PORT: kPort })] }),
  },
  {
    name: 'nginx', title: 'nginx `proxy_pass`, keep-alive',
    missing: missing_command('nginx', 'nginx'),
    version: () => first_line('nginx', '-v').replace('nginx version: ', ''),
    plan: (options, port, directory) => ({ command: 'nginx', args: ['-p', directory, '-e',
      path.join(directory, 'error.log'), '-c', fill('nginx/forward.conf.in', directory, 'nginx.conf', {
        PORT: port, DIRECTORY: directory, MASTER: 'on', BACKEND_PORT: kPort,
        USER_LINE: process.getuid() === 0 ? 'user root;' : '# not root: no user directive',
      })] }),
  },
  claimgate('claimgate-hit', 'claimgate: the decision is remembered',
    'ask: crm, cache: { key: [ email ], ttl: { continue: 1h } }'),
  claimgate('claimgate-inline', 'claimgate: the same claims set by a rule',
    'set: { extension_loyaltyTier: gold }'),
];

/** Every request continues here: the answers expected of all of them, beside the requests. */
function expect_continue(options) {
  const file = path.join(options.work_unit, 'expected.json');
  const expected = JSON.parse(fs.readFileSync(file, 'utf8'))
    .map(() => ({ status: 200, verdict: 'continue', action: 'Continue' }));
  fs.writeFileSync(file, JSON.stringify(expected));
  options.password = JSON.parse(fs.readFileSync(path.join(options.work_unit, 'manifest.json'), 'utf8')).password;
}

async function start_all(options) {
  const entrants = [];
  const left_out = [];
  for (const [i, candidate] of kEntrants.entries()) {
    const entrant = { ...candidate, port: kPort + 1 + i, rounds: [], remarks: [],
      directory: path.join(options.out, 'run', candidate.name) };
    const why = candidate.missing(options);
    if (why !== null) {
      left_out.push(`${entrant.name}: ${why}`);
      continue;
    }
    fs.mkdirSync(entrant.directory, { recursive: true });
    say(`starting ${entrant.name}`);
    entrant.child = await start_server(candidate.plan(options, entrant.port, entrant.directory),
      { ...entrant, core: options.server_core, request: options.request });
    entrants.push(entrant);
  }
  return [entrants, left_out];
}

/** The median over rounds of one's CPU time as a share of the other's: null without either. */
function share(entrants, one, other) {
  const a = entrants.find((entrant) => entrant.name === one);
  const b = entrants.find((entrant) => entrant.name === other);
  return a && b ? spread(a.rounds.map((round, i) => round.cpu_us / b.rounds[i].cpu_us)) : null;
}

function target_rows(entrants) {
  const rows = [];
  const row = (what, ratio, most) => ratio && rows.push(
    `| ${what} | ${ratio.median <= most ? 'met' : '**missed**'} | ${range(ratio, 2)} | at most ${most} |`);
  const peers = ['haproxy', 'nginx'].map((name) => [name, share(entrants, 'claimgate', name)])
    .filter(([, ratio]) => ratio).sort(([, a], [, b]) => b.median - a.median);
  if (peers.length) row(`forwarded, of the better of HAProxy and nginx (${peers[0][0]})`, peers[0][1], kForwardMost['haproxy, nginx']);
  row('forwarded, of the relay', share(entrants, 'claimgate', 'relay'), kForwardMost.relay);
  row('remembered, of the verdict from rules', share(entrants, 'claimgate-hit', 'claimgate-inline'), kHitMost);
  return rows;
}

function report(machine, options, entrants, left_out) {
  const of = (entrant, figure, digits) => range(spread(entrant.rounds.map(figure)), digits);
  const relative = (entrant) => {
    const ratio = share(entrants, entrant.name, 'relay');
    return ratio ? range(ratio, 2) : '-';
  };
  return [
    '# A forwarded sign-up', '',
    `${machine.date} UTC, commit ${machine.commit}. ${machine.cpu}, ${machine.cores} cores; ` +
      `${machine.system}, Linux ${machine.kernel}; ${machine.compiler}, ${machine.build}. ` +
      `Load average before the run: ${machine.load_average_before.toFixed(2)}.`, '',
    `    ${machine.command}`, '',
    `${options.rounds} interleaved rounds of ${options.seconds} s, ${options.connections} keep-alive ` +
      `connections, server on core ${options.server_core}, load and backend on core ` +
      `${options.load_core}. The backend answers a constant of ${kBackendAnswer.length} bytes. ` +
      'Medians, ranges in brackets.', '',
    '| server | version | CPU µs/request | user | system | ratio to the relay | system calls/request | busy | requests/s | wrong |',
    '| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...entrants.map((entrant) => `| ${entrant.title} | ${entrant.version} | ${of(entrant, (r) => r.cpu_us, 1)} ` +
      `| ${median(entrant.rounds.map((r) => r.user_us)).toFixed(1)} | ${median(entrant.rounds.map((r) => r.system_us)).toFixed(1)} ` +
      `| ${relative(entrant)} | ${entrant.syscalls ? `${entrant.syscalls.per_request.toFixed(2)} (${entrant.syscalls.by})` : '-'} ` +
      `| ${Math.round(100 * median(entrant.rounds.map((r) => r.busy)))}% | ${whole(median(entrant.rounds.map((r) => r.requests_per_second)))} ` +
      `| ${entrant.rounds.reduce((sum, r) => sum + r.wrong + r.unanswered, 0)} |`), '',
    'Load and backend share a core here, so that requests/s is no capacity of any server: CPU time is ' +
      'the measure.', '',
    '## Targets', '', '| CPU time per request | result | measured | wanted |', '| --- | --- | ---: | ---: |',
    ...target_rows(entrants), '',
    ...left_out.map((why) => `* left out: ${why}`), ''].join('\n');
}

/** User instructions of each claimgate, nothing else. */
async function print_instructions(options) {
  if (!is_there('callgrind_control')) throw new Error('valgrind is missing');
  for (const [i, entrant] of kEntrants.filter(({ name }) => name.startsWith('claimgate')).entries()) {
    const counts = await count_instructions(options, { ...entrant, port: kPort + 1 + i });
    process.stdout.write(`${entrant.name.padEnd(17)} ${range(spread(counts), 0)} user instructions per request\n`);
  }
}

async function main() {
  const options = parse_arguments(process.argv.slice(2), { rounds: 6, seconds: 4, connections: 64,
    server_core: 0, load_core: 1, instruction_rounds: 0, command: '', out: path.join(root, 'build', 'forwarding') }, 'forwarding');
  options.request = generate_work_unit(options, kPort);
  expect_continue(options);
  const machine = fingerprint(options);
  const backend = await start_server(
    { command: built(options, 'floor_constant'), args: [String(kPort), kBackendAnswer] },
    { core: options.load_core, port: kPort, directory: path.join(options.out, 'run', 'backend'), request: options.request });
  if (options.instruction_rounds) {
    await print_instructions(options);
    await stop_server(backend);
    return 0;
  }
  const [entrants, left_out] = await start_all(options);
  if (!entrants.length) throw new Error(`no server could be started: ${left_out.join('; ')}`);
  for (const entrant of entrants) {
    entrant.version = entrant.version(options);
    await warm_up(options, entrant);
  }
  for (let round = 1; round <= options.rounds; ++round) {
    for (const entrant of entrants) {
      const result = await measure_round(options, entrant);
      entrant.rounds.push(result);
      entrant.after_round?.(entrant.directory);
      say(`round ${round}  ${entrant.name.padEnd(17)} ${result.cpu_us.toFixed(1).padStart(6)} µs CPU, ` +
        `${result.user_us.toFixed(1)} of it user, ${whole(result.requests_per_second)} requests/s; ` +
        `${result.wrong} wrong, ${result.unanswered} unanswered`);
    }
  }
  for (const entrant of entrants) {
    say(`system calls: ${entrant.name}`);
    entrant.syscalls = await count_syscalls(options, entrant);
  }
  for (const entrant of entrants) await stop_server(entrant.child);
  await stop_server(backend);
  const text = report(machine, options, entrants, left_out);
  fs.writeFileSync(path.join(options.out, 'report.md'), text);
  fs.writeFileSync(path.join(options.out, 'results.json'), `${JSON.stringify({ machine, left_out,
    rounds: Object.fromEntries(entrants.map((one) => [one.name, one.rounds])),
    syscalls: Object.fromEntries(entrants.map((one) => [one.name, one.syscalls])) }, null, 1)}\n`);
  process.stdout.write(text);
  return entrants.some((one) => one.rounds.some((r) => r.wrong + r.unanswered > 0) && /claimgate/.test(one.name)) ? 1 : 0;
}

main().then((code) => process.exit(code), (error) => {
  say(`forwarding: ${error.message}`);
  process.exit(1);
});
