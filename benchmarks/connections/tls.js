'use strict';
// benchmarks/tls after the build.
const fs = require('node:fs');
const path = require('node:path');
const tls = require('node:tls');
const { spawnSync } = require('node:child_process');
const { parse_arguments, generate_work_unit, configuration, root } = require('./arguments');
const { fingerprint } = require('../comparison/machine');
const { is_there, run, start_server, stop_server } = require('../comparison/processes');
const { process_tree, cpu_time, cpu_between, read } = require('../comparison/proc');
const { spread, ratios } = require('../comparison/statistics');

const kPort = 18380;        // plain, for the start; the next is the admin address
const kClaimgatePort = 18382;
const kNginxPort = 18384;   // and plain on the next
const kIdleFirst = 100;     // connections before memory is looked at

const say = (text) => process.stderr.write(`${text}\n`);

const kScenarios = [
  { name: 'kept', title: 'request on a kept connection', wanted: 0.85, args: ['--connections', '64'] },
  { name: 'full', title: 'connection, full handshake, one request', wanted: 0.9,
    args: ['--connections', '16', '--no-keep-alive'] },
  { name: 'resumed', title: 'connection, resumed session, one request', wanted: 0.9,
    args: ['--connections', '16', '--no-keep-alive', '--resume'] },
];

function make_certificate(directory) {
  const file = path.join(directory, 'server.crt');
  const key = path.join(directory, 'server.key');
  const { status, stderr } = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt',
    'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', file, '-days', '2', '-subj',
    '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`openssl: ${stderr}`);
  fs.chmodSync(key, 0o600);
  return { file, key };
}

function entrants_of(options, certificate) {
  const claimgate = configuration(options, 'tls.yaml', [[`  - address: 127.0.0.1:${kPort}`,
    `  - address: 127.0.0.1:${kPort}\n  - address: 127.0.0.1:${kClaimgatePort}\n` +
    `    tls: { certificate: ${certificate.file}, key: ${certificate.key} }`]]);
  const template = fs.readFileSync(path.join(root, 'benchmarks/peers/nginx/tls.conf.in'), 'utf8');
  return [
    { name: 'claimgate', port: kClaimgatePort, plain: kPort, plan: () => ({
      command: path.join(options.build_dir, 'claimgate'), args: ['serve', '--config', claimgate] }) },
    { name: 'nginx', port: kNginxPort, plain: kNginxPort + 1, plan: (directory) => {
      const words = { PORT: kNginxPort, PLAIN_PORT: kNginxPort + 1, DIRECTORY: directory,
        MASTER: 'off', CERTIFICATE: certificate.file, KEY: certificate.key,
        USER_LINE: process.getuid() === 0 ? 'user root;' : '# not root: no user directive' };
      const file = path.join(directory, 'nginx.conf');
      fs.mkdirSync(directory, { recursive: true });
      fs.writeFileSync(file, template.replace(/@([A-Z_]+)@/g, (_, word) => words[word]));
      return { command: 'nginx', args: ['-p', directory, '-e', path.join(directory, 'error.log'), '-c', file] };
    } },
  ];
}

/** CPU microseconds of the server for one request of the scenario. */
async function measure(options, entrant, scenario) {
  const pids = process_tree(entrant.child.pid);
  const report = path.join(options.out, 'run', `${entrant.name}.json`);
  const before = cpu_time(pids);
  const { code, err } = await run('taskset', ['-c', '1', path.join(options.build_dir, 'claimgate-load'),
    `https://127.0.0.1:${entrant.port}/signup`, '--insecure', '--as-fast-as-possible',
    '--duration', `${options.seconds}s`, '--block', '0', '--validation-error', '0', '--seed', '1',
    '--user-file', path.join(options.work_unit, 'user'), '--quiet', '--json', report, ...scenario.args]);
  const cpu = cpu_between(before, cpu_time(pids));
  if (code !== 0) throw new Error(`claimgate-load against ${entrant.name}: ${err.trim()}`);
  const { requests, warmup, transport } = JSON.parse(fs.readFileSync(report, 'utf8'));
  const answered = requests.answered + warmup.answered;
  if (requests.wrong > 0 || answered === 0) throw new Error(`${entrant.name}: wrong answers`);
  const resumed = transport.sessions_resumed / transport.connections_opened;
  if (scenario.name === 'resumed' && resumed < 0.95) throw new Error(`${entrant.name}: resumed ${resumed}`);
  return cpu.total / answered;
}

const own_memory = (child) => process_tree(child.pid).reduce((sum, pid) =>
  sum + 1024 * Number(/^Anonymous:\s+(\d+) kB/m.exec(read(`/proc/${pid}/smaps_rollup`) ?? '')?.[1] ?? 0), 0);

/** User bytes of the server for each of `options.idle` connections that wait after one request. */
async function idle_bytes(options, entrant, request) {
  const open = [];
  const more = async (count) => {
    for (let i = 0; i < count; ++i) {
      await new Promise((done, failed) => {
        const socket = tls.connect({ host: '127.0.0.1', port: entrant.port, rejectUnauthorized: false },
          () => socket.write(request));
        socket.once('data', done);
        socket.on('error', failed);
        open.push(socket);
      });
    }
  };
  await more(kIdleFirst);
  const before = own_memory(entrant.child);
  await more(options.idle);
  const bytes = (own_memory(entrant.child) - before) / options.idle;
  open.forEach((socket) => socket.destroy());
  return bytes;
}

async function main() {
  const options = parse_arguments(process.argv.slice(2), { rounds: 5, seconds: 2, idle: 1000,
    command: '', out: path.join(root, 'build', 'tls-comparison') }, 'tls');
  for (const command of ['nginx', 'openssl']) {
    if (!is_there(command)) throw new Error(`${command} is missing: apt install ${command}`);
  }
  const request = generate_work_unit(options, kPort);
  const manifest = JSON.parse(fs.readFileSync(path.join(options.work_unit, 'manifest.json'), 'utf8'));
  fs.writeFileSync(path.join(options.work_unit, 'user'),
    Buffer.from(manifest.authorization.replace(/^Basic /, ''), 'base64'));
  const machine = fingerprint(options);
  const entrants = entrants_of(options, make_certificate(options.work_unit));
  const figures = {};
  for (const entrant of entrants) {
    const directory = path.join(options.out, 'run', entrant.name);
    entrant.child = await start_server(entrant.plan(directory),
      { core: 0, port: entrant.plain, directory, request });
    await measure(options, entrant, kScenarios[0]);  // warms up
    figures[entrant.name] = Object.fromEntries(kScenarios.map(({ name }) => [name, []]));
  }
  for (let round = 1; round <= options.rounds; ++round) {
    for (const scenario of kScenarios) {
      for (const entrant of entrants) {
        const cpu_us = await measure(options, entrant, scenario);
        figures[entrant.name][scenario.name].push(cpu_us);
        say(`round ${round}  ${scenario.name.padEnd(8)} ${entrant.name.padEnd(10)} ${cpu_us.toFixed(1)} µs`);
      }
    }
  }
  const idle = {};
  for (const entrant of entrants) idle[entrant.name] = await idle_bytes(options, entrant, request);
  for (const entrant of entrants) await stop_server(entrant.child);

  const cell = ({ median, min, max }, digits) =>
    `${median.toFixed(digits)} (${min.toFixed(digits)} to ${max.toFixed(digits)})`;
  const rows = kScenarios.map(({ name, title, wanted }) => {
    const share = ratios(figures.claimgate[name], figures.nginx[name]);
    return `| ${title} | ${cell(spread(figures.claimgate[name]), 1)} | ${cell(spread(figures.nginx[name]), 1)} ` +
      `| ${cell(share, 2)} | ${wanted} | ${share.median <= wanted ? 'met' : '**missed**'} |`;
  });
  const text = ['# TLS: claimgate and nginx', '',
    `${machine.date} UTC, commit ${machine.commit}. ${machine.cpu}, ${machine.cores} cores; ${machine.system}, ` +
      `Linux ${machine.kernel}; ${machine.compiler}, ${machine.build}; load average before: ` +
      `${machine.load_average_before.toFixed(1)}.`, '',
    `    ${machine.command}`, '',
    'TLS 1.3, ECDSA P-256. CPU µs of the server; claimgate does all of the work, nginx answers a constant.', '',
    '| | claimgate | nginx | claimgate / nginx | at most | |', '| --- | ---: | ---: | ---: | ---: | --- |', ...rows, '',
    `User memory of an idle connection, over ${options.idle} of them: claimgate ${Math.round(idle.claimgate)} bytes, ` +
      `nginx ${Math.round(idle.nginx)} bytes.`, ''].join('\n');
  fs.writeFileSync(path.join(options.out, 'report.md'), text);
  process.stdout.write(text);
}

main().then(() => process.exit(0), (error) => {
  say(`tls: ${error.message}`);
  process.exit(1);
});
