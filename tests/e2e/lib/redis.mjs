// A real Redis or Valkey of a test's own, on a free port of loopback and in a directory of its own.
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';

import { eventually, scratch } from './claimgate.mjs';

const find = (names) => names.map((name) => `/usr/bin/${name}`).find((file) => fs.existsSync(file));
const program = find(['redis-server', 'valkey-server']);
export const noRedis = program ? false : 'no redis-server: tools/install --for test';
const client = find(['redis-cli', 'valkey-cli']);

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

export class Redis {
  constructor(directory, lines, tls) {
    this.directory = directory;
    this.lines = lines;
    this.tls = tls;
  }

  get url() {
    return `${this.tls ? 'rediss' : 'redis'}://${this.tls ? 'localhost' : '127.0.0.1'}:${this.port}/0`;
  }

  async start() {
    const file = path.join(this.directory, 'redis.conf');
    fs.writeFileSync(file, [`${this.tls ? 'port 0\ntls-port' : 'port'} ${this.port}`, 'bind 127.0.0.1', `dir ${this.directory}`,
      'appendonly yes', 'save ""', 'loglevel warning', 'logfile ""', ...this.lines, ''].join('\n'));
    this.child = spawn(program, [file], { stdio: ['ignore', 'ignore', 'ignore'] });
    this.end = once(this.child, 'exit');
    const child = this.child;
    await eventually('redis to listen', () => child.exitCode !== null || new Promise((resolve) => {
      const socket = net.connect(this.port, '127.0.0.1');
      socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    }));
    assert.equal(child.exitCode, null, 'redis ended at once');
    return this;
  }

  async kill() {
    this.child.kill('SIGKILL');
    await this.end;
  }

  freeze() {
    this.child.kill('SIGSTOP');
  }

  thaw() {
    this.child.kill('SIGCONT');
  }

  // The reply to a command, of lists and texts; rejected while it is away.
  async ask(...words) {
    const run = promisify(execFile);
    const { stdout } = await run(client, ['-e', '--json', '-p', String(this.port), ...words.map(String)]);
    return JSON.parse(stdout);
  }

  // What redis-cli says.
  say(...words) {
    return execFileSync(client, ['-p', String(this.port), ...words], { encoding: 'utf8' }).trim();
  }
}

// `lines` of its configuration besides port, directory and persistence; `start: false` for one that is away.
export async function redis(t, { lines = ['appendfsync everysec'], tls = false, start = true } = {}) {
  const one = new Redis(scratch(t), lines, tls);
  one.port = await freePort();
  t.after(async () => {
    if (one.child) await one.kill();
  });
  return start ? one.start() : one;
}
