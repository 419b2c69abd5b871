'use strict';
// The arguments of benchmarks/compare, checked. The wrapper's --help describes them.
const path = require('node:path');
const { read } = require('./proc');

const kCount = (text) => (/^[1-9][0-9]*$/.test(text) ? Number(text) : null);
const kCore = (text) => (/^[0-9]+$/.test(text) ? Number(text) : null);
const kRate = (text) => ({ auto: 'auto', none: 0 })[text] ?? kCount(text);
/** Half of what the slowest entrant answers on one core of a small machine, so that all keep up. */
const kRateUnlessTold = 5_000;
const kSeconds = (text) => (Number(text) > 0 ? Number(text) : null);
const kText = (text) => text || null;
const kNames = (text) => text.split(',').filter(Boolean);

const kWithValue = {
  '--rounds': ['rounds', kCount], '--seconds': ['seconds', kSeconds], '--only': ['only', kNames],
  '--connections': ['connections', kCount], '--server-core': ['server_core', kCore],
  '--load-core': ['load_core', kCore], '--rate': ['rate', kRate],
  '--port-base': ['port_base', kCount], '--out': ['out', kText],
  '--build-dir': ['build_dir', kText], '--command': ['command', kText],
};
const kSwitches = {
  '--quick': { rounds: 2, seconds: 1.5, extra_rounds: 1, instructions: false },
  '--instructions': { instructions: true }, '--no-instructions': { instructions: false },
  '--no-syscalls': { syscalls: false }, '--no-install': {},
};

/** The cores this process may run on: a container may have got others than 0 and 1. */
function allowed_cores() {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(read('/proc/self/status') ?? '')?.[1] ?? '0';
  return list.split(',').flatMap((part) => {
    const [first, last = first] = part.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

function refuse(why) {
  process.stderr.write(`compare: ${why} (benchmarks/compare --help)\n`);
  process.exit(2);
}

function parse_options(words, entrant_names) {
  const root = path.resolve(__dirname, '..', '..');
  const cores = allowed_cores();
  const options = {
    rounds: 6, seconds: 4, only: entrant_names, connections: 64,
    server_core: cores[0], load_core: cores[1] ?? cores[0],
    extra_rounds: 3,  // of the open loop and of the system calls
    rate: kRateUnlessTold, port_base: 18080, out: path.join(root, 'build', 'compare'), build_dir: null,
    command: 'benchmarks/compare', instructions: true, syscalls: true,
  };
  for (let i = 0; i < words.length; ++i) {
    const word = words[i];
    if (kSwitches[word]) {
      Object.assign(options, kSwitches[word]);
    } else if (kWithValue[word]) {
      const [name, read] = kWithValue[word];
      const value = i + 1 < words.length ? read(words[++i]) : null;
      if (value === null || value === undefined) refuse(`${word} wants another value`);
      options[name] = value;
    } else {
      refuse(`unknown argument "${word}"`);
    }
  }
  for (const name of options.only) {
    if (!entrant_names.includes(name)) {
      refuse(`no entrant "${name}"; there are ${entrant_names.join(' ')}`);
    }
  }
  if (options.server_core === options.load_core) {
    process.stderr.write('compare: server and load share one core: ratios hold, rates do not\n');
  }
  options.root = root;
  options.out = path.resolve(options.out);
  options.build_dir = path.resolve(options.build_dir ?? path.join(root, 'build', 'release'));
  options.work_unit = path.join(options.out, 'work-unit');
  return options;
}

module.exports = { parse_options };
