'use strict';
// The fingerprint a result is kept with: machine, system, compiler, commit, command.
const fs = require('node:fs');
const os = require('node:os');
const { spawnSync } = require('node:child_process');
const { read } = require('./proc');

const output = (command, ...args) =>
  (spawnSync(command, args, { encoding: 'utf8' }).stdout ?? '').trim();

const cached = (build_dir, name) =>
  new RegExp(`^${name}:[^=]*=(.*)$`, 'm').exec(read(`${build_dir}/CMakeCache.txt`) ?? '')?.[1];

function fingerprint(options) {
  const compiler = cached(options.build_dir, 'CMAKE_CXX_COMPILER') ?? 'c++';
  const commit = output('git', '-C', options.root, 'rev-parse', '--short=12', 'HEAD');
  const changed = output('git', '-C', options.root, 'status', '--porcelain') !== '';
  return {
    cpu: os.cpus()[0]?.model ?? 'unknown',
    cores: os.cpus().length,
    memory_gib: Math.round(os.totalmem() / 2 ** 30),
    kernel: os.release(),
    system: /^PRETTY_NAME="?([^"\n]*)/m.exec(read('/etc/os-release') ?? '')?.[1] ?? 'unknown',
    compiler: output(compiler, '--version').split('\n')[0],
    build: `${cached(options.build_dir, 'CMAKE_BUILD_TYPE') ?? 'unknown'} build`,
    commit: commit ? commit + (changed ? ' (with changes)' : '') : 'no commit',
    command: options.command.trim(),
    container: fs.existsSync('/.dockerenv') || fs.existsSync('/run/.containerenv'),
    load_average_before: os.loadavg()[0],
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
  };
}

module.exports = { fingerprint };
