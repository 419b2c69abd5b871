'use strict';
// benchmarks/idle after the build: holds connections, serves others meanwhile, asks what they cost.
const fs = require('node:fs');
const path = require('node:path');
const { spawn, spawnSync } = require('node:child_process');
const { parse_arguments, generate_work_unit, configuration, root } = require('./arguments');
const { fingerprint } = require('../comparison/machine');
const { process_tree, resident_bytes } = require('../comparison/proc');
const { is_there, run, sleep, start_server, stop_server } = require('../comparison/processes');

const kBytesMost = 512;
const kDescriptorsBeside = 400;  // of server and holder, for anything but held connections
const kPort = 18180;

const say = (text) => process.stderr.write(`${text}\n`);
const whole = (value) => Math.round(value).toLocaleString('en-US');

const allowed_descriptors = () =>
  Number(spawnSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).stdout) || 1024;

/** Opens `count` connections and holds them: { open, answered, why, release() }. */
function hold(options, port, count) {
  return new Promise((done, fail) => {
    const child = spawn(path.join(options.build_dir, 'hold_open'), ['--work-unit', options.work_unit,
      '--port', String(port), '--connections', String(count)], { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = [];
    let text = '';
    const ended = new Promise((end) => child.on('close', () => end(lines[1]?.closed ?? 0)));
    const release = () => {
      child.stdin.end();
      return ended;
    };
    child.on('error', fail);
    child.stdout.on('data', (piece) => {
      text += piece;
      for (let at; (at = text.indexOf('\n')) >= 0; text = text.slice(at + 1)) {
        lines.push(JSON.parse(text.slice(0, at)));
        if (lines.length === 1) done({ ...lines[0], release });
      }
    });
    process.on('exit', () => child.kill('SIGKILL'));
  });
}

/** Sign-ups at options.rate; { p50_us, p99_us, wrong, failed }. */
async function traffic(options, port, does_the_work) {
  const file = path.join(options.out, 'traffic.json');
  fs.rmSync(file, { force: true });
  const { err } = await run(path.join(options.build_dir, 'claimgate-load'),
    [`http://127.0.0.1:${port}/signup`, '--rate', String(options.rate), '--poisson',
      '--duration', `${options.seconds}s`, '--warmup', '500ms', '--connections', '64',
      '--requests', path.join(options.work_unit, 'requests.jsonl'),
      '--user-file', path.join(options.work_unit, 'credentials.txt'),
      '--max-error-rate', '100%', '--json', file, '--quiet']);
  if (!fs.existsSync(file)) throw new Error(`claimgate-load: ${err.trim()}`);
  const { requests, response } = JSON.parse(fs.readFileSync(file, 'utf8'));
  return { p50_us: response.p50_ns / 1e3, p99_us: response.p99_ns / 1e3,
    failed: requests.failed, wrong: does_the_work ? requests.wrong : 0 };
}

/** nginx answering a constant, with room for `count` connections. */
function nginx_plan(directory, port, count) {
  const peers = path.join(root, 'benchmarks', 'peers', 'nginx', 'constant.conf.in');
  const words = { PORT: port, DIRECTORY: directory, MASTER: 'on',
    USER_LINE: process.getuid() === 0 ? 'user root;' : '# not root: no user directive' };
  const text = fs.readFileSync(peers, 'utf8').replace(/@([A-Z_]+)@/g, (_, word) => words[word])
    .replace('worker_connections 4096', `worker_connections ${2 * count}`);  // below, it drops idle ones early
  fs.mkdirSync(directory, { recursive: true });
  fs.writeFileSync(path.join(directory, 'nginx.conf'), text);
  return { command: 'nginx', args: ['-p', directory, '-e', path.join(directory, 'error.log'),
    '-c', path.join(directory, 'nginx.conf')] };
}

async function measure(options, server, request) {
  const { name, port, plan, all } = server;
  say(`${name}: starting`);
  const child = await start_server({ ...plan, args: plan.args, command: plan.command },
    { core: options.cores, port, directory: path.join(options.out, 'run', name), request });
  try {
    const pids = () => process_tree(child.pid);
    await traffic(options, port, all);  // every buffer has its size, every page was touched
    const before = resident_bytes(pids());
    const alone = await traffic(options, port, all);
    say(`${name}: opening ${whole(options.connections)} connections`);
    const held = await hold(options, port, options.connections);
    await sleep(500);
    const quiet = resident_bytes(pids());
    const busy = await traffic(options, port, all);
    const after = resident_bytes(pids());
    const closed = await held.release();
    const kept = held.answered - closed;
    return { name, held: kept, opened: held.open, why: held.why, alone, busy,
      bytes: (after - before) / kept, bytes_quiet: (quiet - before) / kept,
      base_mib: before / 2 ** 20 };
  } finally {
    await stop_server(child);
  }
}

function report(options, machine, results) {
  const row = (r) => `| ${r.name} | ${whole(r.held)} | ${whole(r.bytes)} | ${r.base_mib.toFixed(1)} ` +
    `| ${whole(r.alone.p50_us)} / ${whole(r.alone.p99_us)} ` +
    `| ${whole(r.busy.p50_us)} / ${whole(r.busy.p99_us)} | ${r.busy.failed + r.busy.wrong} |`;
  const remarks = results.filter((r) => r.why || r.held < r.opened).map((r) =>
    `* ${r.name}: ${whole(r.opened)} opened${r.why ? ` (${r.why})` : ''}, ${whole(r.held)} held to the end`);
  return [
    '# What an idle connection costs', '',
    `${machine.date} UTC, commit ${machine.commit}. ${machine.cpu}, ${machine.cores} cores; ` +
      `${machine.system}, Linux ${machine.kernel}; ${machine.compiler}, ${machine.build}.`, '',
    `    ${machine.command}`, '',
    `Keep-alive connections that made one request each, held while ${whole(options.rate)} sign-ups a ` +
      'second (open loop, 64 connections) were answered. Wanted: at most ' +
      `${kBytesMost} bytes of user memory each.`, '',
    '| server | held | bytes each | MiB before | p50 / p99 µs without them | p50 / p99 µs with them | failed or wrong |',
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: |', ...results.map(row), '', ...remarks, ''].join('\n');
}

async function main() {
  const options = parse_arguments(process.argv.slice(2), { connections: 50_000, rate: 2000,
    seconds: 10, command: '', out: path.join(root, 'build', 'idle') }, 'idle');
  const descriptors = allowed_descriptors();
  const most = Math.floor(descriptors / 2) - kDescriptorsBeside;
  if (options.connections > most) {
    say(`this user may open ${whole(descriptors)} descriptors: ${whole(most)} connections`);
    options.connections = most;
  }
  options.cores = '0-1023';  // taskset takes those that are there
  const request = generate_work_unit(options, kPort);
  const file = configuration(options, 'idle.yaml', [[/^access_log:/m,
    `limits: { connections: ${options.connections + kDescriptorsBeside}, idle_timeout: 1h }\naccess_log:`]]);
  const servers = [{ name: 'claimgate', port: kPort, all: true,
    plan: { command: path.join(options.build_dir, 'claimgate'), args: ['serve', '--config', file] } }];
  if (is_there('nginx')) {
    const directory = path.join(options.out, 'run', 'nginx');
    servers.push({ name: 'nginx', port: kPort + 2, all: false,
      plan: nginx_plan(directory, kPort + 2, options.connections) });
  }
  const results = [];
  for (const server of servers) results.push(await measure(options, server, request));
  const text = report(options, fingerprint(options), results);
  fs.writeFileSync(path.join(options.out, 'report.md'), text);
  process.stdout.write(text);
  return results[0].bytes <= kBytesMost ? 0 : 1;
}

main().then((code) => process.exit(code), (error) => {
  say(`idle: ${error.message}`);
  process.exit(1);
});
