'use strict';
// Latency at a given rate: claimgate-load sends on time, whether answers come or not, and measures
// from the moment a request was due. The closed loop cannot tell this.
const fs = require('node:fs');
const path = require('node:path');
const { run } = require('./processes');
const { process_tree } = require('./proc');

/** { verdict, p50_us, p99_us, p999_us, late_us, cpu_us } of one entrant at options.rate arrivals a second. */
async function open_loop(options, { port, child, does, directory }) {
  const program = path.join(options.build_dir, 'claimgate-load');
  if (!fs.existsSync(program)) throw new Error(`${program} is not built`);
  const report_file = path.join(directory, 'open-loop.json');
  fs.rmSync(report_file, { force: true });
  const { err } = await run('taskset', ['-c', String(options.load_core), program,
    `http://127.0.0.1:${port}/signup`, '--rate', String(options.rate), '--poisson',
    '--duration', `${Math.ceil(options.seconds * 2)}s`, '--warmup', '500ms',
    '--connections', String(options.connections), '--spin', '60us',
    '--requests', path.join(options.work_unit, 'requests.jsonl'),
    '--user-file', path.join(options.work_unit, 'credentials.txt'),
    '--server-pid', process_tree(child.pid).join(','), '--max-error-rate', '100%',
    '--json', report_file, '--quiet']);
  if (!fs.existsSync(report_file)) throw new Error(err.trim().split('\n').pop());
  const report = JSON.parse(fs.readFileSync(report_file, 'utf8'));
  const { offered, answered, wrong, failed } = report.requests;
  const faults = [
    answered < 0.99 * offered ? `answered ${((100 * answered) / offered).toFixed(1)}%` : null,
    failed ? `${failed} failed` : null,
    wrong && does !== 'none' ? `${wrong} wrong` : null,
  ].filter(Boolean);
  const { response } = report;
  return {
    verdict: faults.join(', ') || 'kept up',
    p50_us: response.p50_ns / 1e3, p99_us: response.p99_ns / 1e3,
    p999_us: response['p99.9_ns'] / 1e3,
    late_us: report.scheduling_lag['p99.9_ns'] / 1e3,
    cpu_us: report.server_cpu.us_per_answer,
  };
}

/** What went wrong in any of the rounds, or 'kept up'. */
function verdict_of(rounds) {
  const faults = [...new Set(rounds.map((one) => one.verdict))].filter((text) => text !== 'kept up');
  return faults.join('; ') || 'kept up';
}

module.exports = { open_loop, verdict_of };
