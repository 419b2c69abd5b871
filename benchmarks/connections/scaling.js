'use strict';
// benchmarks/scaling after the build. The figures are CPU time per request: a rate would tell what
// the load and the neighbours left over.
const fs = require('node:fs');
const path = require('node:path');
const { spawnSync } = require('node:child_process');
const { parse_arguments, generate_work_unit, configuration, root } = require('./arguments');
const { fingerprint } = require('../comparison/machine');
const { count_instructions, measure_round, warm_up } = require('../comparison/measure');
const { is_there, start_server, stop_server } = require('../comparison/processes');
const { median, spread } = require('../comparison/statistics');

const kPort = 18280;
const kLeastGain = 1.9;  // times the work of one worker, from two

const say = (text) => process.stderr.write(`${text}\n`);
const whole = (value) => Math.round(value).toLocaleString('en-US');
const range = ({ median: m, min, max }, digits) =>
  `${m.toFixed(digits)} (${min.toFixed(digits)} to ${max.toFixed(digits)})`;

/** The path without sockets: { "log:0/threads:1": [{ cpu_ns, per_second }] } over the rounds. */
function in_process(options) {
  const by_name = {};
  for (let round = 1; round <= options.rounds; ++round) {
    say(`round ${round}  without sockets`);
    const { status, stdout, stderr } = spawnSync(path.join(options.build_dir, 'claimgate_micro'),
      ['--benchmark_filter=InLineThreads', '--benchmark_format=json',
        `--benchmark_min_time=${Math.min(options.seconds, 2)}`],
      { encoding: 'utf8', env: { ...process.env, CLAIMGATE_WORK_UNIT: options.work_unit } });
    if (status !== 0) throw new Error(`claimgate_micro: ${stderr}`);
    for (const one of JSON.parse(stdout).benchmarks) {
      const name = one.name.replace('BM_InLineThreads/', '');
      (by_name[name] ??= []).push({ cpu_ns: one.cpu_time });
    }
  }
  return by_name;
}

/** One worker and two, same load, everything on all cores. */
async function servers(options, request) {
  const entrants = [1, 2].map((workers) => {
    const port = kPort + 2 * (workers - 1);
    const file = configuration(options, `workers-${workers}.yaml`, [
      [`127.0.0.1:${kPort}`, `127.0.0.1:${port}`], [`127.0.0.1:${kPort + 1}`, `127.0.0.1:${port + 1}`],
      ['workers: 1', `workers: ${workers}`],
      ['claimgate-access.log', `access-${workers}.log`]]);
    return { name: `${workers} worker${workers > 1 ? 's' : ''}`, workers, port, rounds: [],
      plan: () => ({ command: path.join(options.build_dir, 'claimgate'),
        args: ['serve', '--config', file] }) };
  });
  for (const one of entrants) {
    one.child = await start_server(one.plan(), { core: options.server_core, port: one.port,
      directory: path.join(options.out, 'run', one.name), request });
    await warm_up(options, one);
  }
  for (let round = 1; round <= options.rounds; ++round) {
    for (const one of entrants) {
      const result = await measure_round(options, one);
      one.rounds.push(result);
      fs.truncateSync(path.join(options.work_unit, `access-${one.workers}.log`));
      say(`round ${round}  ${one.name.padEnd(9)} ${result.cpu_us.toFixed(2)} µs CPU, ` +
        `${result.user_us.toFixed(2)} of it user; ${result.wrong} wrong`);
    }
  }
  for (const one of entrants) await stop_server(one.child);
  if (is_there('callgrind_control')) {
    for (const one of entrants) {
      say(`instructions: ${one.name}`);
      one.instructions = await count_instructions(options, one);
    }
  }
  return entrants;
}

async function main() {
  const options = parse_arguments(process.argv.slice(2), { rounds: 6, seconds: 4, command: '',
    out: path.join(root, 'build', 'scaling') }, 'scaling');
  Object.assign(options, { connections: 64, server_core: '0-1023', load_core: '0-1023' });
  options.request = generate_work_unit(options, kPort);
  const machine = fingerprint(options);
  const threads = in_process(options);
  const entrants = await servers(options, options.request);

  // Twice the threads do as much more work as their CPU time per request lets them.
  const gain = (log) => threads[`log:${log}/threads:2`].map((two, i) =>
    (2 * threads[`log:${log}/threads:1`][i].cpu_ns) / two.cpu_ns);
  const cpu = (name) => range(spread(threads[name].map((one) => one.cpu_ns)), 0);
  const thread_row = (log, title) => `| ${title} | ${cpu(`log:${log}/threads:1`)} ` +
    `| ${cpu(`log:${log}/threads:2`)} | ${range(spread(gain(log)), 2)} |`;
  const server_row = (one) => `| ${one.name} | ${range(spread(one.rounds.map((r) => r.cpu_us)), 2)} ` +
    `| ${range(spread(one.rounds.map((r) => r.user_us)), 2)} ` +
    `| ${one.instructions ? whole(one.instructions) : '-'} ` +
    `| ${one.rounds.reduce((sum, r) => sum + r.wrong + r.unanswered, 0)} |`;
  const text = [
    '# One worker and two', '',
    `${machine.date} UTC, commit ${machine.commit}. ${machine.cpu}, ${machine.cores} cores; ` +
      `${machine.system}, Linux ${machine.kernel}; ${machine.compiler}, ${machine.build}.`, '',
    `    ${machine.command}`, '',
    `The in-line path without sockets, threads sharing what workers share; CPU ns per request and ` +
      `what two threads do compared with one (wanted: ${kLeastGain}):`, '',
    '| | one thread | two threads | gain |', '| --- | ---: | ---: | ---: |',
    thread_row(0, 'metrics on, access log off'), thread_row(1, 'metrics and access log on'), '',
    'The server under the same closed loop of 64 connections, server and load on all cores:', '',
    '| | CPU µs/request | user | user instructions/request | wrong or unanswered |',
    '| --- | ---: | ---: | ---: | ---: |', ...entrants.map(server_row), '',
    'Server and load share the cores here, so requests/s says nothing and is left out.', ''].join('\n');
  fs.writeFileSync(path.join(options.out, 'report.md'), text);
  process.stdout.write(text);
  return median(gain(0)) >= kLeastGain ? 0 : 1;
}

main().then((code) => process.exit(code), (error) => {
  say(`scaling: ${error.message}`);
  process.exit(1);
});
