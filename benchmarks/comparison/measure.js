'use strict';
// The measurements: rounds under a closed loop, system calls, instructions.
const fs = require('node:fs');
const path = require('node:path');
const { is_there, run, sleep, start_server, stop_server } = require('./processes');
const { process_tree, cpu_time, cpu_between, resident_bytes } = require('./proc');

const kSyscallRequests = 20_000;
const kInstructionRequests = 2_400;  // each request of the work unit twice
const kInstructionRounds = 3;

/** Runs the closed loop against `port`; the object it prints. */
async function closed_loop(options, port, more) {
  const { code, out, err } = await run('taskset', ['-c', String(options.load_core),
    path.join(options.build_dir, 'closed_loop'), '--work-unit', options.work_unit,
    '--port', String(port), '--connections', String(options.connections), ...more]);
  if (code !== 0) throw new Error(`closed_loop: ${err.trim()}`);
  return JSON.parse(out);
}

/** One round of one entrant. CPU is that of all its processes, per answered request. */
async function measure_round(options, { port, child }) {
  const pids = process_tree(child.pid);
  const before = cpu_time(pids);
  const load = await closed_loop(options, port, ['--seconds', String(options.seconds)]);
  const cpu = cpu_between(before, cpu_time(pids));
  if (load.requests === 0) throw new Error('no request was answered');
  return {
    requests: load.requests, seconds: load.seconds, wrong: load.wrong,
    unanswered: load.unanswered, reconnects: load.reconnects,
    requests_per_second: load.requests_per_second,
    cpu_us: cpu.total / load.requests, user_us: cpu.user / load.requests,
    system_us: cpu.system / load.requests,
    busy: cpu.total / 1e6 / load.seconds,  // 1: the server's core was never idle
    latency_us: load.latency_us, resident_bytes: resident_bytes(pids),
  };
}

const warm_up = (options, { port }) => closed_loop(options, port, ['--seconds', '1']);

/** Ends `tracer` (perf or strace) by its own signal and resolves when it has written its report. */
async function traced(options, entrant, command, args) {
  let tracer;
  const ended = run(command, args, (child) => (tracer = child));
  await sleep(700);  // until it has attached
  const { requests } = await closed_loop(options, entrant.port,
    ['--count', String(kSyscallRequests), '--seconds', '60']);
  tracer.kill('SIGINT');
  return { requests, ...(await ended) };
}

/**
 * System calls per request over a short run of its own: { per_request, by }. perf counts them in
 * the kernel and hardly slows the server; strace stops it at each, so more requests wait when it
 * comes back and a loop makes fewer waiting calls. Null when neither may be used here.
 */
async function count_syscalls(options, entrant) {
  const pids = process_tree(entrant.child.pid);
  if (is_there('perf')) {
    const { requests, err } = await traced(options, entrant, 'perf',
      ['stat', '-x,', '-e', 'raw_syscalls:sys_enter', '-p', pids.join(',')]);
    const count = /^(\d+),[^,]*,raw_syscalls:sys_enter/m.exec(err);
    if (count) return { per_request: Number(count[1]) / requests, by: 'perf' };
  }
  if (is_there('strace')) {
    const report = path.join(entrant.directory, 'strace.txt');
    fs.rmSync(report, { force: true });
    const { requests } = await traced(options, entrant, 'strace',
      ['-c', '-f', '-o', report, ...pids.flatMap((pid) => ['-p', String(pid)])]);
    const table = fs.existsSync(report) ? fs.readFileSync(report, 'utf8') : '';
    // "% time, seconds, usecs/call, calls, errors?, syscall", a line for each system call
    const rows = [...table.matchAll(/^ *[\d.]+ +[\d.]+ +\d+ +(\d+) +(?:\d+ +)?(\w+)$/gm)];
    const calls = rows.filter((row) => row[2] !== 'total')
      .reduce((sum, row) => sum + Number(row[1]), 0);
    if (calls > 0) return { per_request: calls / requests, by: 'strace' };
  }
  return null;
}

/** The counts of the dumps callgrind has written into `directory`, in their order. */
function counts_in(directory) {
  return fs.readdirSync(directory).filter((name) => /^profile\.\d+$/.test(name))
    .sort((a, b) => Number(a.split('.')[1]) - Number(b.split('.')[1])).map((name) => {
      const text = fs.readFileSync(path.join(directory, name), 'utf8');
      return Number(/^(?:summary|totals): (\d+)/m.exec(text)?.[1] ?? 0);
    });
}

/**
 * User instructions per request by callgrind, one figure a round, the start-up left out:
 * instrumentation is switched on after a first pass over the work unit. Needs a process of its own,
 * on the entrant's own port.
 */
async function count_instructions(options, entrant) {
  const directory = path.join(options.out, 'callgrind', entrant.name);
  fs.rmSync(directory, { recursive: true, force: true });
  fs.mkdirSync(directory, { recursive: true });
  const plan = entrant.plan(options, entrant.port, directory, true);
  const child = await start_server({
    command: 'valgrind', env: plan.env,
    args: ['--tool=callgrind', '--instr-atstart=no', '--callgrind-out-file=profile',
      plan.command, ...plan.args],
  }, { core: options.server_core, port: entrant.port, directory, request: options.request });
  try {
    const requests_each = ['--count', String(kInstructionRequests), '--seconds', '600'];
    await closed_loop(options, entrant.port, requests_each);
    await run('callgrind_control', ['-i', 'on', String(child.pid)]);
    const figures = [];
    for (let round = 0; round < (options.instruction_rounds || kInstructionRounds); ++round) {
      const { requests } = await closed_loop(options, entrant.port, requests_each);
      await run('callgrind_control', ['-d', String(child.pid)]);  // and counts from 0 again
      const counts = counts_in(directory);
      if (counts.length !== round + 1) throw new Error('callgrind wrote nothing');
      figures.push(counts[round] / requests);
    }
    return figures;
  } finally {
    await stop_server(child);
  }
}

module.exports = { measure_round, warm_up, count_syscalls, count_instructions };
