'use strict';
// From rounds to figures, and from figures to report.md, results.json and the charts.
const fs = require('node:fs');
const path = require('node:path');
const { median, spread } = require('./statistics');
const { bar_chart } = require('./charts');

/** The targets of the in-line path: claimgate's CPU time as a share of another entrant's. */
const kTargets = [
  ['floor-constant', 1.35], ['floor-uv', 1.15], ['nginx-constant', 0.95],
  ['haproxy-rules', 0.30], ['nginx-lua', 0.26], ['node-http', 0.12],
];
const kInstructionsMost = 11_000;
const kTailMost = 3;  // p99.9 in the open loop, as a multiple of floor-uv's at the same rate

/** Medians and ranges over the rounds of one entrant. */
function summarise(entrant, base) {
  const of = (figure) => spread(entrant.rounds.map(figure));
  const ratios = base?.rounds.map((round, i) => entrant.rounds[i].cpu_us / round.cpu_us);
  return {
    name: entrant.name, title: entrant.title, work: entrant.work, does: entrant.does,
    version: entrant.version,
    requests_per_second: of((round) => round.requests_per_second),
    cpu_us: of((round) => round.cpu_us),
    user_us: of((round) => round.user_us), system_us: of((round) => round.system_us),
    busy: of((round) => round.busy),
    ratio: ratios ? spread(ratios) : null,
    p50_us: of((round) => round.latency_us.p50), p99_us: of((round) => round.latency_us.p99),
    p999_us: of((round) => round.latency_us.p999),
    resident_mib: of((round) => round.resident_bytes / 2 ** 20),
    requests: entrant.rounds.reduce((sum, round) => sum + round.requests, 0),
    wrong: entrant.rounds.reduce((sum, round) => sum + round.wrong, 0),
    unanswered: entrant.rounds.reduce((sum, round) => sum + round.unanswered, 0),
    syscalls: entrant.syscalls ?? null, instructions: entrant.instructions ?? null,
    open_loop: entrant.open_loop ?? null, remarks: entrant.remarks,
  };
}

const whole = (value) => Math.round(value).toLocaleString('en-US');
const fixed = (digits) => (value) => value.toFixed(digits);
const range = ({ median: m, min, max }, text) => `${text(m)} (${text(min)} to ${text(max)})`;

function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i < 2 ? '---' : '---:'))), ...rows.map(line)]
    .join('\n');
}

/** Wrong answers are a fault only where the work is done. */
const wrong_text = (s) => {
  if (s.does === 'none') return 'does not apply';
  const lost = s.unanswered ? `, ${whole(s.unanswered)} unanswered` : '';
  const share = s.wrong ? ` (${((100 * s.wrong) / s.requests).toFixed(1)}%)` : '';
  return whole(s.wrong) + share + lost;
};

function main_table(summaries, base) {
  const head = ['server', 'what it does', 'requests/s', 'CPU µs/request', 'user', 'system',
    base ? `ratio to ${base.name}` : 'ratio', 'busy', 'wrong answers'];
  return table(head, summaries.map((s) => [s.title, s.work, range(s.requests_per_second, whole),
    range(s.cpu_us, fixed(1)), fixed(1)(s.user_us.median), fixed(1)(s.system_us.median),
    s.ratio ? range(s.ratio, fixed(2)) : '-', `${Math.round(s.busy.median * 100)}%`,
    wrong_text(s)]));
}

function second_table(summaries) {
  const head = ['server', 'version', 'p50 µs', 'p99 µs', 'p99.9 µs', 'resident MiB',
    'system calls/request', 'user instructions/request'];
  return table(head, summaries.map((s) => [s.title, s.version, whole(s.p50_us.median),
    whole(s.p99_us.median), whole(s.p999_us.median), whole(s.resident_mib.median),
    s.syscalls ? `${s.syscalls.per_request.toFixed(2)} (${s.syscalls.by})` : '-',
    s.instructions ? whole(s.instructions) : '-']));
}

/** claimgate against its targets, by the median of the per-round ratios. */
function target_table(entrants) {
  const claimgate = entrants.find((one) => one.name === 'claimgate');
  if (!claimgate) return null;
  const rows = [];
  for (const [name, most] of kTargets) {
    const other = entrants.find((one) => one.name === name);
    if (!other) continue;
    const share = median(claimgate.rounds.map((round, i) => round.cpu_us / other.rounds[i].cpu_us));
    rows.push([`CPU, share of ${name}`, share <= most ? 'met' : '**missed**', share.toFixed(2),
      `at most ${most.toFixed(2)}`]);
  }
  const floor_tail = entrants.find((one) => one.name === 'floor-uv')?.open_loop;
  if (claimgate.open_loop && floor_tail) {
    const share = claimgate.open_loop.p999_us / floor_tail.p999_us;
    rows.push(['p99.9 at the given rate, multiple of floor-uv', share <= kTailMost ? 'met' : '**missed**',
      share.toFixed(2), `at most ${kTailMost.toFixed(2)}`]);
  }
  if (claimgate.instructions) {
    rows.push(['user instructions a request',
      claimgate.instructions <= kInstructionsMost ? 'met' : '**missed**',
      whole(claimgate.instructions), `at most ${whole(kInstructionsMost)}`]);
  }
  return rows.length ? table(['target', 'result', 'measured', 'wanted'], rows) : null;
}

function open_loop_table(summaries, rate) {
  const with_rate = summaries.filter((s) => s.open_loop);
  if (!with_rate.length) return null;
  const head = ['server', `at ${whole(rate)} arrivals/s`, 'p50 µs', 'p99 µs', 'p99.9 µs',
    'generator late, p99.9 µs', 'CPU µs/request'];
  return table(head, with_rate.map(({ title, open_loop: o }) => [title, o.verdict,
    whole(o.p50_us), whole(o.p99_us), whole(o.p999_us), whole(o.late_us), fixed(1)(o.cpu_us)]));
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
      `domains, ${whole(manifest.blocked_people)} blocked people. Medians, ranges in brackets.`,
    '', '![CPU time per request](cpu.svg)', '',
    main_table(summaries, base), '',
    'The ratio is CPU time per request against ' +
      `${base ? base.name : '-'} in the same round: above 1 costs more, below 1 costs less. ` +
      '"busy" is the share of its core the server used; well under 100%, the load or a neighbour ' +
      'was the limit and requests/s is not the capacity.', '',
    '![Requests per second](requests.svg)', '',
    second_table(summaries), '',
    'Latencies are those of the closed loop at saturation: they follow from requests/s and the ' +
      'number of connections, and compare servers only at equal load.', '',
    '![p99](p99.svg)', '',
    ...(open_loop ? ['## At a given rate (open loop)', '', open_loop, '',
      'Latency counts from when a request was due, so it holds what the generator was late too: where ' +
      'that column is not small beside p99.9, the load\'s core was short of time.', ''] : []),
    ...(targets ? ['## Targets', '', targets, ''] : []),
    ...(remarks.length ? ['## Remarks', '', ...remarks, ''] : []),
  ].join('\n');
}

function charts(summaries, subtitle) {
  const row = (s, parts, text) => ({ label: s.title, highlighted: s.name === 'claimgate', parts,
    text: s.does === 'none' ? `${text} (none of the work)` : text });
  const by = (figure, direction) =>
    [...summaries].sort((a, b) => direction * (figure(a) - figure(b)));
  return {
    'cpu.svg': bar_chart({
      title: 'CPU time per request, µs (less is better)', subtitle,
      legend: [{ shade: 0, text: 'user' }, { shade: 1, text: 'system' }],
      rows: by((s) => s.cpu_us.median, 1).map((s) => row(s, [
        { value: s.user_us.median, shade: 0 }, { value: s.system_us.median, shade: 1 }],
      s.cpu_us.median.toFixed(1))),
    }),
    'requests.svg': bar_chart({
      title: 'Requests per second on one core (more is better)', subtitle,
      rows: by((s) => s.requests_per_second.median, -1).map((s) => row(s,
        [{ value: s.requests_per_second.median, shade: 0 }], whole(s.requests_per_second.median))),
    }),
    'p99.svg': bar_chart({
      title: 'p99 latency at saturation, µs (less is better)', subtitle,
      rows: by((s) => s.p99_us.median, 1).map((s) => row(s,
        [{ value: s.p99_us.median, shade: 0 }], whole(s.p99_us.median))),
    }),
  };
}

/** Writes report.md, results.json and the charts; returns the report's text. */
function write_report({ machine, options, manifest, entrants, left_out }) {
  const base = entrants.find((one) => one.name === 'claimgate') ??
    entrants.find((one) => one.name === 'floor-epoll');
  const summaries = entrants.map((entrant) => summarise(entrant, base));
  const text = markdown({ machine, options, manifest, summaries, base, entrants, left_out });
  const write = (name, content) => fs.writeFileSync(path.join(options.out, name), content);
  const files = charts(summaries,
    `${machine.cpu}, ${machine.system}, commit ${machine.commit}, ${machine.date.slice(0, 10)}`);
  for (const [name, content] of Object.entries(files)) write(name, content);
  write('report.md', text);
  write('results.json', `${JSON.stringify({
    machine, manifest, left_out, base: base?.name ?? null, summaries,
    rounds: Object.fromEntries(entrants.map((one) => [one.name, one.rounds])),
  }, null, 1)}\n`);
  return text;
}

module.exports = { write_report };
