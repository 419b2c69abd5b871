// A real Redis or Valkey on a free port of loopback, and questions to it.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';

import { eventually, scratch } from './claimgate.mjs';

const program = ['/usr/bin/redis-server', '/usr/bin/valkey-server'].find((file) => fs.existsSync(file));
export const noRedis = program ? false : 'no redis-server';

async function freePort() {
  const server = net.createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

// One reply of RESP2 at `at`: [value, where it ends], or null when it is not complete. An error is an Error.
function read(bytes, at) {
  const end = bytes.indexOf('\r\n', at);
  if (end < 0) return null;
  const rest = bytes.toString('utf8', at + 1, end);
  const kind = String.fromCharCode(bytes[at]);
  if (kind === '+') return [rest, end + 2];
  if (kind === '-') return [new Error(rest), end + 2];
  if (kind === ':') return [Number(rest), end + 2];
  const size = Number(rest);
  if (size < 0) return [null, end + 2];
  if (kind === '$') return bytes.length < end + 4 + size ? null : [bytes.toString('utf8', end + 2, end + 2 + size), end + 4 + size];
  const items = [];
  let next = end + 2;
  for (let i = 0; i < size; ++i) {
    const item = read(bytes, next);
    if (!item) return null;
    items.push(item[0]);
    next = item[1];
  }
  return [items, next];
}

export class Redis {
  constructor(directory, port, lines) {
    Object.assign(this, { directory, port, lines });
  }
  async start() {
    const args = ['--port', this.port, '--bind', '127.0.0.1', '--dir', this.directory, '--save', '', '--appendonly', 'yes',
      ...this.lines].map(String);
    this.child = spawn(program, args, { stdio: 'ignore' });
    await eventually('redis-server', () => this.ask('PING').then((reply) => reply === 'PONG', () => false));
  }
  kill() {
    this.child.kill('SIGKILL');
  }
  // One command on a connection of its own.
  ask(...words) {
    return new Promise((resolve, reject) => {
      let bytes = Buffer.alloc(0);
      const socket = net.connect(this.port, '127.0.0.1', () => {
        socket.write(`*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(String(word))}\r\n${word}\r\n`).join('')}`);
      });
      socket.on('error', reject).on('close', () => reject(new Error('closed'))).on('data', (part) => {
        bytes = Buffer.concat([bytes, part]);
        const reply = read(bytes, 0);
        if (!reply) return;
        socket.destroy();
        if (reply[0] instanceof Error) reject(reply[0]);
        else resolve(reply[0]);
      });
    });
  }
}

export async function redis(t, lines = []) {
  const server = new Redis(scratch(t), await freePort(), lines);
  t.after(() => server.kill());
  await server.start();
  return server;
}
