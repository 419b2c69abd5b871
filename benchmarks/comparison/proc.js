'use strict';
// What /proc says about a server's processes.
//
// CPU time: /proc/PID/task/TID/schedstat has the run time of a thread in nanoseconds, exact, but no
// split. /proc/PID/stat has the split, in ticks of 10 ms; without CONFIG_VIRT_CPU_ACCOUNTING the
// kernel samples it at each timer tick (250 times a second on Debian). So the total comes from
// schedstat and only its division into user and system from stat: over rounds of 4 s the split is
// good to about 2%, the total to microseconds.
const fs = require('node:fs');

function read(path) {
  try {
    return fs.readFileSync(path, 'utf8');
  } catch {
    return null;  // the process or thread has ended
  }
}

const names_in = (path) => {
  try {
    return fs.readdirSync(path);
  } catch {
    return [];
  }
};

/** The fields of /proc/PID/stat from `state` on; the name before them may contain anything. */
function stat_of(pid) {
  const text = read(`/proc/${pid}/stat`);
  return text === null ? null : text.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** `pid` and all its descendants that live. */
function process_tree(pid) {
  const children = new Map();
  for (const name of names_in('/proc').filter((one) => /^[0-9]+$/.test(one))) {
    const stat = stat_of(name);
    if (stat === null) continue;
    const parent = Number(stat[1]);
    if (!children.has(parent)) children.set(parent, []);
    children.get(parent).push(Number(name));
  }
  const tree = [pid];
  for (let i = 0; i < tree.length; ++i) tree.push(...(children.get(tree[i]) ?? []));
  return tree;
}

/** { total_ns, user_ticks, system_ticks } of the processes so far. */
function cpu_time(pids) {
  const sum = { total_ns: 0, user_ticks: 0, system_ticks: 0 };
  for (const pid of pids) {
    const stat = stat_of(pid);
    if (stat === null) continue;
    sum.user_ticks += Number(stat[11]);
    sum.system_ticks += Number(stat[12]);
    for (const tid of names_in(`/proc/${pid}/task`)) {
      sum.total_ns += Number((read(`/proc/${pid}/task/${tid}/schedstat`) ?? '0').split(' ')[0]);
    }
  }
  return sum;
}

/** CPU microseconds between two cpu_time(): { total, user, system }. */
function cpu_between(before, after) {
  const user_ticks = after.user_ticks - before.user_ticks;
  const system_ticks = after.system_ticks - before.system_ticks;
  const ticks = user_ticks + system_ticks;
  // A kernel without schedstat (CONFIG_SCHED_INFO) leaves the ticks: 10 ms each (USER_HZ).
  const total = ((after.total_ns - before.total_ns) || ticks * 1e7) / 1e3;
  const user_share = ticks > 0 ? user_ticks / ticks : 0;
  return { total, user: total * user_share, system: total * (1 - user_share) };
}

/** Resident bytes of the processes; what they share is counted once where the kernel tells. */
function resident_bytes(pids) {
  let sum = 0;
  for (const pid of pids) {
    const pss = /^Pss:\s+(\d+) kB/m.exec(read(`/proc/${pid}/smaps_rollup`) ?? '');
    const rss = pss ?? /^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`) ?? '');
    if (rss) sum += Number(rss[1]) * 1024;
  }
  return sum;
}

module.exports = { process_tree, cpu_time, cpu_between, resident_bytes, read };
