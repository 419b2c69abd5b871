// Starts the real binary with a configuration of the test's own, on ports the system chooses, and
// ends it again. Nothing here sleeps for a fixed time: everything waits for an event, with an end.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { certificate } from './certificates.mjs';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');

export const binary = process.env.CLAIMGATE_BINARY;
if (!binary || !fs.existsSync(binary)) {
  throw new Error('CLAIMGATE_BINARY must name the built claimgate; ctest sets it');
}

// Sanitizers make the binary up to twenty times slower, and the machine may be busy: this is when
// to give up, not how long anything may take.
export const kPatience = 30_000;

// Waits until `probe` gives something truthy, and answers that.
export async function eventually(what, probe, patience = kPatience) {
  const end = Date.now() + patience;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (Date.now() > end) assert.fail(`waited ${patience} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

// `promise`, or a failure that says what never happened.
export async function within(what, promise, patience = kPatience) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${patience} ms in vain for ${what}`)), patience);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

// A directory that is gone after the test, with the given files in it.
export function scratch(t, files = {}) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'claimgate-e2e-'));
  t.after(() => fs.rmSync(directory, { recursive: true, force: true }));
  for (const [name, contents] of Object.entries(files)) {
    const file = path.join(directory, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, contents);
  }
  return directory;
}

// JSON is YAML: a configuration may be an object, or text where the text itself is the matter.
export function yaml(configuration) {
  return typeof configuration === 'string' ? configuration : `${JSON.stringify(configuration, null, 1)}\n`;
}

// The environment of the children: nothing of the tester's but what the system needs.
function environment(extra) {
  const kept = {};
  for (const name of ['PATH', 'HOME', 'TMPDIR', 'ASAN_OPTIONS', 'UBSAN_OPTIONS', 'TSAN_OPTIONS', 'LSAN_OPTIONS']) {
    if (process.env[name] !== undefined) kept[name] = process.env[name];
  }
  return { ...kept, ...extra };
}

// Runs a command to its end.
export async function run(args, { cwd = root, env = {}, input = '' } = {}) {
  const child = spawn(binary, args, { cwd, env: environment(env), stdio: ['pipe', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  child.stdin.on('error', () => {});  // a command need not read its input
  child.stdin.end(input);
  try {
    const [code, signal] = await within(`claimgate ${args.join(' ')} to end`, once(child, 'close'));
    return { code, signal, stdout, stderr };
  } finally {
    child.kill('SIGKILL');
  }
}

// A running proxy. `stop()` is called after the test at the latest and expects a clean end.
export class Claimgate {
  constructor(child, directory, file) {
    this.child = child;
    this.directory = directory;
    this.file = file;
    this.stdout = '';
    this.stderr = '';
    this.ended = null;
    child.stdout.setEncoding('utf8').on('data', (text) => (this.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (this.stderr += text));
    this.end = once(child, 'close').then(([code, signal]) => (this.ended = { code, signal }));
  }

  // The first line on stderr that matches, from the beginning or from `offset` on.
  async line(pattern, offset = 0) {
    return eventually(`${pattern} on stderr, which has:\n${this.stderr}`, () => {
      const found = this.stderr.slice(offset).match(pattern);
      if (!found && this.ended) {
        assert.fail(`claimgate ended with ${JSON.stringify(this.ended)}:\n${this.stderr}`);
      }
      return found;
    });
  }

  async ready() {
    await this.line(/^claimgate: ready$/m);
    this.addresses = [...this.stderr.matchAll(/^claimgate: listening on (.*)$/gm)].map((m) => m[1]);
    this.address = this.addresses[0];
    this.admin = this.stderr.match(/^claimgate: admin on (.*)$/m)?.[1];
    return this;
  }

  signal(name) {
    this.child.kill(name);
  }

  // Replaces the configuration file as a whole, as an operator's tool would.
  rewrite(configuration) {
    const next = `${this.file}.next`;
    fs.writeFileSync(next, yaml(configuration));
    fs.renameSync(next, this.file);
  }

  // Waits for the end, and for everything it wrote.
  async exit() {
    return within('claimgate to end', this.end);
  }

  async stop(expected = 0) {
    if (!this.ended) this.child.kill('SIGTERM');
    try {
      const { code, signal } = await this.exit();
      assert.deepEqual({ code, signal }, { code: expected, signal: null }, this.stderr);
    } finally {
      this.child.kill('SIGKILL');
    }
    return this.ended;
  }
}

// With CLAIMGATE_E2E_TLS=1 a suite is run once more over TLS: every listener that says nothing of TLS gets
// a certificate, and connect() in wire.mjs follows the address.
function sealed(t, configuration) {
  if (process.env.CLAIMGATE_E2E_TLS !== '1' || typeof configuration === 'string') return configuration;
  const { file, keyFile } = certificate(scratch(t), 'hooks.woodgrove.example');
  const listeners = configuration.listeners.map((listener) => (
    listener.address.startsWith('unix:') ? listener : { tls: { certificate: file, key: keyFile }, ...listener }));
  return { ...configuration, listeners };
}

// With CLAIMGATE_E2E_SECCOMP=strict (or off) a suite is run once more under that filter of system calls.
function filtered(configuration) {
  const seccomp = process.env.CLAIMGATE_E2E_SECCOMP;
  if (!seccomp || typeof configuration === 'string' || configuration.process) return configuration;
  return { ...configuration, process: { seccomp } };
}

// Starts `claimgate serve` and waits until it is ready. `files` are put beside the configuration;
// `descriptors` is how many it may have open.
export async function serve(t, configuration, { env = {}, files = {}, expect = 0, descriptors = null } = {}) {
  const directory = scratch(t, { 'claimgate.yaml': yaml(filtered(sealed(t, configuration))), ...files });
  const file = path.join(directory, 'claimgate.yaml');
  const command = [binary, 'serve', '--config', file];
  if (descriptors !== null) command.unshift('sh', '-c', `ulimit -n ${descriptors} && exec "$0" "$@"`);
  const child = spawn(command[0], command.slice(1), {
    cwd: directory,
    env: environment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const gate = new Claimgate(child, directory, file);
  t.after(() => gate.stop(expect));
  return gate.ready();
}

// A configuration with one connector at /signup; `changes` replace whole members.
export function configuration(changes = {}) {
  const { connector = {}, ...rest } = changes;
  return {
    listeners: [{ address: '127.0.0.1:0' }],
    admin: { address: '127.0.0.1:0' },
    workers: 1,
    access_log: { file: 'off' },
    messages: {
      refused: { en: 'Not open to {email.domain}.', sv: 'Inte öppen för {email.domain}.' },
      again: { en: 'Check your postal code.' },
    },
    connectors: {
      signup: {
        path: '/signup',
        dialect: 'b2c-userflow',
        auth: { basic: [{ username: 'b2c', password: 's3cr:et' }] },
        rules: [
          { name: 'blocked', when: { email: { ends_with: '@blocked.example' } }, block: 'refused' },
          { name: 'postal code', when: { postalCode: { not_matches: '^[0-9]{5}$' } }, validation_error: 'again' },
          { name: 'names', when: { givenName: { exists: true } }, set: { givenName: '{givenName | title_case}' } },
        ],
        ...connector,
      },
    },
    ...rest,
  };
}

export const kAuthorization = `Basic ${Buffer.from('b2c:s3cr:et').toString('base64')}`;
