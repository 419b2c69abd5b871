'use strict';
// From rounds to figures, and from figures to report.md, results.json and the charts.
const fs = require('node:fs');
const path = require('node:path');
const { median, spread, ratios } = require('./statistics');
const { bar_chart } = require('./charts');
const { verdict_of } = require('./open_loop');

/** The targets of the in-line path: claimgate's CPU time as a share of another entrant's. */
const kTargets = [
  ['floor-constant', 1.35], ['floor-uv', 1.15], ['nginx-constant', 0.95],
  ['haproxy-rules', 0.30], ['nginx-lua', 0.26], ['node-http', 0.12],
];
const kInstructionsMost = 11_000;
const kUserMicrosecondsMost = 3;
const kTailMost = 3;  // p99.9 in the open loop, as a multiple of floor-uv's at the same rate
const kBlindFloor = 'floor-constant';

/** The figures of an entrant: what one of its measurements is, and where those are. */
const kFigures = {
  requests_per_second: ['rounds', (round) => round.requests_per_second],
  cpu_us: ['rounds', (round) => round.cpu_us],
  user_us: ['rounds', (round) => round.user_us],
  system_us: ['rounds', (round) => round.system_us],
  busy: ['rounds', (round) => round.busy],
  p50_us: ['rounds', (round) => round.latency_us.p50],
  p99_us: ['rounds', (round) => round.latency_us.p99],
  p999_us: ['rounds', (round) => round.latency_us.p999],
  resident_mib: ['rounds', (round) => round.resident_bytes / 2 ** 20],
  syscalls: ['syscall_rounds', (round) => round.per_request],
  instructions: ['instruction_rounds', (round) => round],
  open_p50_us: ['open_rounds', (round) => round.p50_us],
  open_p99_us: ['open_rounds', (round) => round.p99_us],
  open_p999_us: ['open_rounds', (round) => round.p999_us],
  open_late_us: ['open_rounds', (round) => round.late_us],
  open_cpu_us: ['open_rounds', (round) => round.cpu_us],
};

const values_of = (entrant, figure) => {
  const [rounds, value] = kFigures[figure];
  return entrant[rounds].map(value);
};

/** Median and range of every figure of one entrant, and those of its ratio to `base`. */
function summarise(entrant, base) {
  const figures = {};
  for (const figure of Object.keys(kFigures)) {
    const values = values_of(entrant, figure);
    figures[figure] = values.length === 0 ? null
      : { ...spread(values), ratio: ratios(values, base && values_of(base, figure)) };
  }
  const sum = (what) => entrant.rounds.reduce((total, round) => total + round[what], 0);
  return {
    name: entrant.name, title: entrant.title, work: entrant.work, does: entrant.does,
    version: entrant.version, ...figures, requests: sum('requests'), wrong: sum('wrong'),
    unanswered: sum('unanswered'), syscalls_by: entrant.syscall_rounds[0]?.by ?? null,
    open_verdict: entrant.open_rounds.length ? verdict_of(entrant.open_rounds) : null,
    remarks: entrant.remarks,
  };
}

const whole = (value) => Math.round(value).toLocaleString('en-US');
const fixed = (digits) => (value) => value.toFixed(digits);

/** "13.2 (12.9 to 13.8), 1.55 x": median, range, ratio to the base. */
function cell(figure, text) {
  if (!figure) return '-';
  const range = `${text(figure.median)} (${text(figure.min)} to ${text(figure.max)})`;
  return figure.ratio ? `${range}, ${figure.ratio.median.toFixed(2)} x` : range;
}

function table(head, rows, left = 2) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i < left ? '---' : '---:'))), ...rows.map(line)]
    .join('\n');
}

/** Wrong answers are a fault only where the work is done. */
const wrong_text = (s) => {
  if (s.does === 'none') return 'does not apply';
  const lost = s.unanswered ? `, ${whole(s.unanswered)} unanswered` : '';
  const share = s.wrong ? ` (${((100 * s.wrong) / s.requests).toFixed(1)}%)` : '';
  return whole(s.wrong) + share + lost;
};

function cost_table(summaries) {
  const head = ['server', 'what it does', 'CPU µs/request', 'user µs', 'system µs', 'requests/s',
    'busy', 'wrong answers'];
  return table(head, summaries.map((s) => [s.title, s.work, cell(s.cpu_us, fixed(1)),
    cell(s.user_us, fixed(1)), cell(s.system_us, fixed(1)), cell(s.requests_per_second, whole),
    `${Math.round(s.busy.median * 100)}%`, wrong_text(s)]));
}

function resource_table(summaries) {
  const head = ['server', 'version', 'system calls/request', 'user instructions/request',
    'resident MiB'];
  return table(head, summaries.map((s) => [s.title, s.version,
    s.syscalls ? `${cell(s.syscalls, fixed(2))} (${s.syscalls_by})` : '-',
    cell(s.instructions, whole), cell(s.resident_mib, fixed(1))]));
}

function saturation_table(summaries) {
  return table(['server', 'p50 µs', 'p99 µs', 'p99.9 µs'], summaries.map((s) => [s.title,
    cell(s.p50_us, whole), cell(s.p99_us, whole), cell(s.p999_us, whole)]), 1);
}

function open_loop_table(summaries, rate) {
  const with_rate = summaries.filter((s) => s.open_verdict);
  if (!with_rate.length) return null;
  const head = ['server', `at ${whole(rate)} arrivals/s`, 'p50 µs', 'p99 µs', 'p99.9 µs',
    'generator late, p99.9 µs', 'CPU µs/request'];
  return table(head, with_rate.map((s) => [s.title, s.open_verdict, cell(s.open_p50_us, whole),
    cell(s.open_p99_us, whole), cell(s.open_p999_us, whole), whole(s.open_late_us.median),
    cell(s.open_cpu_us, fixed(1))]));
}

/**
 * claimgate against its targets, by the median of the per-round ratios; beside each ratio of CPU
 * time the one the blind floor has, which no server that reads and writes goes below, and that of
 * user time alone.
 */
function target_table(entrants) {
  const find = (name) => entrants.find((one) => one.name === name);
  const claimgate = find('claimgate');
  if (!claimgate) return null;
  const share = (one, other, figure) =>
    ratios(values_of(one, figure), values_of(other, figure))?.median;
  const shown = (value) => (value === undefined ? '-' : value.toFixed(2));
  const floor = find(kBlindFloor);
  const rows = [];
  const row = (target, is_met, measured, wanted, floors = '-', user = '-') =>
    rows.push([target, is_met ? 'met' : '**missed**', measured, wanted, floors, user]);
  for (const [name, most] of kTargets) {
    const other = find(name);
    const measured = other && share(claimgate, other, 'cpu_us');
    if (measured === undefined) continue;
    const floors = floor && share(floor, other, 'cpu_us');
    const out_of_reach = floors > most ? ' (more than wanted)' : '';
    row(`CPU, share of ${name}`, measured <= most, shown(measured), `at most ${most.toFixed(2)}`,
      shown(floors) + out_of_reach, shown(share(claimgate, other, 'user_us')));
  }
  const user_us = median(values_of(claimgate, 'user_us'));
  row('user time a request, µs', user_us <= kUserMicrosecondsMost, user_us.toFixed(1),
    `at most ${kUserMicrosecondsMost}`);
  const tail = find('floor-uv') && share(claimgate, find('floor-uv'), 'open_p999_us');
  if (Number.isFinite(tail)) {  // there was an open loop
    row('p99.9 at the given rate, multiple of floor-uv', tail <= kTailMost, shown(tail),
      `at most ${kTailMost.toFixed(2)}`);
  }
  if (claimgate.instruction_rounds.length) {
    const count = median(claimgate.instruction_rounds);
    row('user instructions a request, the whole server', count <= kInstructionsMost, whole(count),
      `at most ${whole(kInstructionsMost)}`);
  }
  return table(['target', 'result', 'measured', 'wanted', 'the blind floor', 'user time alone'], rows);
}

function markdown({ machine, options, manifest, summaries, base, entrants, left_out }) {
  const targets = target_table(entrants);
  const open_loop = open_loop_table(summaries, options.rate);
  const remarks = [
    ...left_out.map((one) => `* ${one.name} did not take part: ${one.why}`),
    ...summaries.flatMap((s) => s.remarks.map((remark) => `* ${s.name}: ${remark}`)),
  ];
  return [
    '# claimgate and its peers on the same work', '',
    `${machine.date} UTC, commit ${machine.commit}. ${machine.cpu}, ${machine.cores} cores, ` +
      `${machine.memory_gib} GiB; ${machine.system}, Linux ${machine.kernel}` +
      `${machine.container ? ', in a container' : ''}; ${machine.compiler}, ${machine.build}. ` +
      `Load average before the run: ${machine.load_average_before.toFixed(2)}.`, '',
    `    ${machine.command}`, '',
    `${options.rounds} interleaved rounds of ${options.seconds} s, ${options.connections} ` +
      `keep-alive connections, server on core ${options.server_core}, load on core ` +
      `${options.load_core}. ${whole(manifest.requests)} requests of ` +
      `${manifest.request_bytes_mean} bytes (mean), ${whole(manifest.blocked_domains)} blocked ` +
      `domains, ${whole(manifest.blocked_people)} blocked people.`, '',
    `Each figure is a median, its range in brackets, and "x" its multiple of ${base?.name ?? '-'}'s, ` +
      'the median of the multiples within each round.', '',
    ...(targets ? ['## Targets', '', targets, '',
      `Shares are of CPU time. "The blind floor" is the same share for ${kBlindFloor}, which reads, ` +
        'writes a constant and does nothing else: where that is already more than is wanted, the ' +
        'kernel\'s part of a request decides on this machine, and no server that reads and writes ' +
        'once a request meets the target. "User time alone" compares what a server\'s own code ' +
        'takes, ours against theirs.', ''] : []),
    '## CPU time', '', '![CPU time per request](cpu.svg)', '',
    cost_table(summaries), '',
    'Above 1 x costs more than ' + `${base?.name ?? '-'}, below 1 x less. ` +
      '"busy" is the share of its core the server used; well under 100%, the load or a neighbour ' +
      'was the limit and requests/s is not the capacity.', '',
    '![Requests per second](requests.svg)', '',
    '## System calls, instructions, memory', '', resource_table(summaries), '',
    ...(open_loop ? ['## At a given rate (open loop)', '', '![p99 at the given rate](p99.svg)', '',
      open_loop, '',
      'Latency counts from when a request was due, so it holds what the generator was late too: where ' +
      'that column is not small beside p99.9, the load\'s core was short of time.', ''] : []),
    '## Latency at saturation (closed loop)', '', saturation_table(summaries), '',
    'These follow from requests/s and the number of connections, and compare servers only at equal ' +
      'load.', '',
    ...(remarks.length ? ['## Remarks', '', ...remarks, ''] : []),
  ].join('\n');
}

function charts(summaries, options, subtitle) {
  const row = (s, parts, text) => ({ label: s.title, highlighted: s.name === 'claimgate', parts,
    text: s.does === 'none' ? `${text} (none of the work)` : text });
  /** One bar for each entrant that has the figure, the best on top. */
  const bars = (title, figure, text, direction = 1) => {
    const rows = summaries.filter((s) => s[figure])
      .sort((a, b) => direction * (a[figure].median - b[figure].median))
      .map((s) => row(s, [{ value: s[figure].median, shade: 0 }], text(s[figure].median)));
    return rows.length ? bar_chart({ title, subtitle, rows }) : null;
  };
  const all = {
    'cpu.svg': bar_chart({
      title: 'CPU time per request, µs (less is better)', subtitle,
      legend: [{ shade: 0, text: 'user' }, { shade: 1, text: 'system' }],
      rows: [...summaries].sort((a, b) => a.cpu_us.median - b.cpu_us.median).map((s) => row(s, [
        { value: s.user_us.median, shade: 0 }, { value: s.system_us.median, shade: 1 }],
      s.cpu_us.median.toFixed(1))),
    }),
    'requests.svg': bars('Requests per second on one core (more is better)', 'requests_per_second',
      whole, -1),
    'p99.svg': bars(`p99 latency at ${whole(options.rate ?? 0)} arrivals/s, µs (less is better)`,
      'open_p99_us', whole),
    'instructions.svg': bars('User instructions per request (less is better)', 'instructions', whole),
    'memory.svg': bars('Resident memory, MiB (less is better)', 'resident_mib', whole),
  };
  return Object.fromEntries(Object.entries(all).filter(([, content]) => content));
}

/** Writes report.md, results.json and the charts; returns the report's text. */
function write_report({ machine, options, manifest, entrants, left_out }) {
  const base = entrants.find((one) => one.name === 'claimgate') ??
    entrants.find((one) => one.name === 'floor-epoll');
  const summaries = entrants.map((entrant) => summarise(entrant, base));
  const text = markdown({ machine, options, manifest, summaries, base, entrants, left_out });
  const write = (name, content) => fs.writeFileSync(path.join(options.out, name), content);
  const files = charts(summaries, options,
    `${machine.cpu}, ${machine.system}, commit ${machine.commit}, ${machine.date.slice(0, 10)}`);
  for (const [name, content] of Object.entries(files)) write(name, content);
  write('report.md', text);
  write('results.json', `${JSON.stringify({
    machine, manifest, left_out, base: base?.name ?? null, summaries,
    rounds: Object.fromEntries(entrants.map((one) => [one.name, {
      closed_loop: one.rounds, open_loop: one.open_rounds, system_calls: one.syscall_rounds,
      instructions: one.instruction_rounds }])),
  }, null, 1)}\n`);
  return text;
}

module.exports = { write_report };
