'use strict';
// The arguments of benchmarks/forwarding, idle, outage and scaling, and the work unit they need.
const fs = require('node:fs');
const path = require('node:path');
const { spawnSync } = require('node:child_process');

const root = path.resolve(__dirname, '..', '..');

/** `defaults` with what the command line says: numbers stay numbers, names are `--like-this`. */
function parse_arguments(words, defaults, program) {
  const options = { ...defaults, build_dir: path.join(root, 'build', 'release') };
  for (let i = 0; i < words.length; i += 2) {
    const name = words[i].replace(/^--/, '').replace(/-/g, '_');
    const value = words[i + 1];
    const is_number = typeof options[name] === 'number';
    if (!words[i].startsWith('--') || !(name in options) || value === undefined ||
        (is_number && !(Number(value) > 0 || (value === '0' && name.endsWith('_core'))))) {
      process.stderr.write(`${program}: "${words[i]} ${value ?? ''}" is not understood (--help)\n`);
      process.exit(2);
    }
    options[name] = is_number ? Number(value) : name === 'command' ? value : path.resolve(value);
  }
  options.root = root;
  options.work_unit = path.join(options.out, 'work-unit');
  return options;
}

/** Writes the work unit for `port`; the first request of it, for start_server(). */
function generate_work_unit(options, port) {
  const { status, stderr } = spawnSync(process.execPath,
    [path.join(root, 'benchmarks', 'work_unit', 'generate'), options.work_unit,
      '--port', String(port), '--admin-port', String(port + 1)], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`work unit: ${stderr}`);
  const bytes = fs.readFileSync(path.join(options.work_unit, 'requests.bin'));
  return bytes.subarray(0, bytes.indexOf('POST /signup', 1));
}

/** The work unit's configuration with lines of its own: { file } written beside the lists. */
function configuration(options, name, replace) {
  let text = fs.readFileSync(path.join(options.work_unit, 'claimgate.yaml'), 'utf8');
  for (const [from, to] of replace) text = text.replace(from, to);
  const file = path.join(options.work_unit, name);
  fs.writeFileSync(file, text);
  return file;
}

module.exports = { parse_arguments, generate_work_unit, configuration, root };
