'use strict';
// benchmarks/compare after the build: work unit, servers up, interleaved rounds, report.
const fs = require('node:fs');
const path = require('node:path');
const { spawnSync } = require('node:child_process');
const { parse_options } = require('./options');
const { kEntrants } = require('./entrants');
const { fingerprint } = require('./machine');
const { count_instructions, count_syscalls, measure_round, warm_up } = require('./measure');
const { open_loop } = require('./open_loop');
const { median } = require('./statistics');
const { is_there, start_server, stop_server } = require('./processes');
const { write_report } = require('./report');

const say = (text) => process.stderr.write(`${text}\n`);

function generate_work_unit(options) {
  const { status, stderr } = spawnSync(process.execPath,
    [path.join(options.root, 'benchmarks', 'work_unit', 'generate'), options.work_unit,
      '--port', String(options.port_base), '--admin-port', String(options.port_base + 1)],
    { encoding: 'utf8' });
  if (status !== 0) throw new Error(`work unit: ${stderr}`);
  return JSON.parse(fs.readFileSync(path.join(options.work_unit, 'manifest.json'), 'utf8'));
}

/** The first request of the work unit: what a server must answer to count as started. */
function first_request(options) {
  const bytes = fs.readFileSync(path.join(options.work_unit, 'requests.bin'));
  return bytes.subarray(0, bytes.indexOf('POST /signup', 1));
}

/** Starts everybody who was asked for: [those that run, those that do not and why]. */
async function start_all(options) {
  const entrants = [];
  const left_out = [];
  for (const [i, candidate] of kEntrants.entries()) {
    if (!options.only.includes(candidate.name)) continue;
    // claimgate's admin listener has the port after its own.
    const entrant = { ...candidate, rounds: [], remarks: [], open_rounds: [],
      syscall_rounds: [], instruction_rounds: [],
      port: options.port_base + (i === 0 ? 0 : i + 1),
      directory: path.join(options.out, 'run', candidate.name) };
    let why = candidate.missing(options);
    try {
      if (why === null) {
        say(`starting ${entrant.name}`);
        fs.mkdirSync(entrant.directory, { recursive: true });
        await candidate.prepare(options);
        entrant.version = candidate.version(options);
        const plan = candidate.plan(options, entrant.port, entrant.directory, false);
        entrant.child = await start_server(plan, { core: options.server_core, ...entrant,
          request: options.request });
        entrants.push(entrant);
      }
    } catch (error) {
      why = error.message;
    }
    if (why === null) continue;
    say(`  left out: ${why}`);
    left_out.push({ name: entrant.name, why });
  }
  return [entrants, left_out];
}

/** Rounds in turn: whatever else the machine does falls on everybody alike. */
async function run_rounds(options, entrants) {
  for (const entrant of entrants) await warm_up(options, entrant);
  for (let round = 1; round <= options.rounds; ++round) {
    for (const entrant of entrants) {
      const result = await measure_round(options, entrant);
      entrant.rounds.push(result);
      entrant.after_round?.(options);
      say(`round ${round}  ${entrant.name.padEnd(17)} ` +
        `${Math.round(result.requests_per_second).toString().padStart(7)} requests/s ` +
        `${result.cpu_us.toFixed(1).padStart(6)} µs CPU` +
        (entrant.does === 'none' ? '' : `  ${result.wrong} wrong`));
    }
  }
}

/** Runs one measurement more; when it fails the report says so and goes on. */
async function attempt(entrant, what, measurement) {
  try {
    say(`${what}: ${entrant.name}`);
    return await measurement();
  } catch (error) {
    entrant.remarks.push(`${what} failed: ${error.message}`);
    return null;
  }
}

/** `--rate auto`: 80% of what claimgate answers when it is always asked, on its one core. */
function settle_rate(options, entrants) {
  if (options.rate !== 'auto') return;
  const claimgate = entrants.find((one) => one.name === 'claimgate');
  if (!claimgate) throw new Error('--rate auto wants claimgate among the entrants');
  const capacity = median(claimgate.rounds.map((round) => round.requests_per_second));
  options.rate = Math.round(0.8 * capacity);
  const busy = median(claimgate.rounds.map((round) => round.busy));
  if (busy < 0.9) {
    claimgate.remarks.push(`its core was ${Math.round(100 * busy)}% busy in the closed loop: the rate ` +
      'of the open loop is 80% of what the load could ask, not of what claimgate could answer');
  }
  say(`open loop at ${options.rate} arrivals/s: 80% of ${Math.round(capacity)}`);
}

/** One measurement of everybody, in turn, as often as asked; what failed is a remark. */
async function in_turn(options, entrants, what, rounds, measurement, keep) {
  for (let round = 1; round <= rounds; ++round) {
    for (const entrant of entrants) {
      const result = await attempt(entrant, `${what} ${round}`, () => measurement(options, entrant));
      entrant.after_round?.(options);
      if (result) keep(entrant, result);
    }
  }
}

async function run_extras(options, entrants) {
  if (options.rate) {
    settle_rate(options, entrants);
    await in_turn(options, entrants, 'open loop', options.extra_rounds, open_loop,
      (entrant, result) => entrant.open_rounds.push(result));
  }
  if (options.syscalls) {
    await in_turn(options, entrants, 'system calls', options.extra_rounds, count_syscalls,
      (entrant, result) => entrant.syscall_rounds.push(result));
  }
  for (const entrant of entrants) await stop_server(entrant.child);
  if (!options.instructions) return;
  const native = entrants.filter((one) => one.native);
  await in_turn(options, native, 'instructions', 1, (...both) => {
    if (!is_there('callgrind_control')) throw new Error('valgrind is missing');
    return count_instructions(...both);
  }, (entrant, result) => entrant.instruction_rounds.push(...result));
}

async function main() {
  const options = parse_options(process.argv.slice(2), kEntrants.map((one) => one.name));
  fs.mkdirSync(options.out, { recursive: true });
  const machine = fingerprint(options);
  const manifest = generate_work_unit(options);
  options.request = first_request(options);
  const [entrants, left_out] = await start_all(options);
  if (!entrants.length) throw new Error('no entrant could be started');
  await run_rounds(options, entrants);
  await run_extras(options, entrants);

  process.stdout.write(write_report({ machine, options, manifest, entrants, left_out }));
  say(`written to ${options.out}: report.md, results.json and the charts`);
  const claimgate = entrants.find((one) => one.name === 'claimgate');
  return claimgate?.rounds.some((round) => round.wrong + round.unanswered > 0) ? 1 : 0;
}

main().then((code) => process.exit(code), (error) => {
  say(`compare: ${error.message}`);
  process.exit(1);
});
