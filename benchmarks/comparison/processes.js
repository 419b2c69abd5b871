'use strict';
// Servers and load as child processes: pinned, started until they answer, ended by their pid.
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { spawn, spawnSync } = require('node:child_process');

const kReadyWithinMs = 120_000;  // a million entries take HAProxy seconds, under valgrind a minute
const kEndsWithinMs = 10_000;

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Whether `command` is found in PATH or is an executable file. */
function is_there(command) {
  return spawnSync('sh', ['-c', 'command -v "$0" >/dev/null', command]).status === 0;
}

/** Sends `request` once; resolves to whether any byte came back. */
function answers(port, request) {
  return new Promise((done) => {
    const socket = net.connect(port, '127.0.0.1');
    const end = (result) => {
      socket.destroy();
      done(result);
    };
    socket.setTimeout(30_000, () => end(false));
    socket.on('connect', () => socket.write(request));
    socket.on('data', () => end(true));
    socket.on('error', () => end(false));
    socket.on('close', () => done(false));
  });
}

/**
 * Starts `plan` ({ command, args, env }) on `core`, its output into DIRECTORY/output.log, and
 * resolves once it answers `request` on `port`. Throws with the end of the log when it does not.
 */
async function start_server(plan, { core, port, directory, request }) {
  if (await answers(port, request)) throw new Error(`port ${port} is taken`);
  fs.mkdirSync(directory, { recursive: true });
  const log = path.join(directory, 'output.log');
  const out = fs.openSync(log, 'w');
  const child = spawn('taskset', ['-c', String(core), plan.command, ...plan.args],
    { stdio: ['ignore', out, out], env: { ...process.env, ...plan.env }, cwd: directory });
  fs.closeSync(out);
  running.add(child);
  child.on('exit', () => running.delete(child));
  child.on('error', () => running.delete(child));
  const began = Date.now();
  while (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
    if (await answers(port, request)) return child;
    if (Date.now() - began > kReadyWithinMs) break;
    await sleep(100);
  }
  await stop_server(child);
  const last_lines = fs.readFileSync(log, 'utf8').trim().split('\n').slice(-3).join(' | ');
  throw new Error(`did not start: ${last_lines || 'no output'}`);
}

async function stop_server(child) {
  if (!running.has(child)) return;
  const ended = new Promise((done) => child.once('exit', done));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), kEndsWithinMs);
  await ended;
  clearTimeout(timer);
}

/** Runs a command to its end: { code, out, err }. `on_start` gets the child. */
function run(command, args, on_start = () => {}) {
  return new Promise((done) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    const pieces = { out: '', err: '' };
    child.stdout.on('data', (text) => (pieces.out += text));
    child.stderr.on('data', (text) => (pieces.err += text));
    child.on('error', (error) => (pieces.err += error.message));
    child.on('close', (code) => {
      running.delete(child);
      done({ code, ...pieces });
    });
    on_start(child);
  });
}

module.exports = { is_there, start_server, stop_server, run, sleep };
