// benchmarks/abuse after the build.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { attacks } from '../../tests/e2e/lib/attacks.mjs';
import { certificate } from '../../tests/e2e/lib/certificates.mjs';
import { configuration, kAuthorization, scratch, serve } from '../../tests/e2e/lib/claimgate.mjs';
import { scrape } from '../../tests/e2e/lib/openmetrics.mjs';

const kRatioMost = 2;
const kCallers = 4;
const kNewConnectionEvery = 10;

let options;
try {
  options = parseArgs({
    options: {
      seconds: { type: 'string', default: '5' },
      connections: { type: 'string', default: '2000' },
      attack: { type: 'string' },
      'build-dir': { type: 'string' },
      out: { type: 'string', default: 'build/abuse' },
      as: { type: 'string' },  // this process is the attacker
      address: { type: 'string' },
    },
  }).values;
} catch (error) {
  console.error(`abuse: ${error.message}`);
  process.exit(2);
}
const seconds = Number(options.seconds);
const connections = Number(options.connections);
const unknown = options.attack !== undefined && !(options.attack in attacks);
if (!(seconds > 0) || !(connections > 0) || unknown) {
  console.error(`abuse: ${unknown ? `no attack "${options.attack}"; one of: ${Object.keys(attacks).join(', ')}` : 'a number above 0 is expected'}`);
  process.exit(2);
}

// The attacker: goes on until its standard input ends. What comes to its end is begun anew.
if (options.as !== undefined) {
  let crowd = attacks[options.as](options.address, connections);
  process.stdin.resume().on('end', () => process.exit(0));
  await crowd.ready;
  process.stdout.write('ready\n');
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    if (crowd.sockets.size > connections / 2) continue;
    crowd.stop();
    crowd = attacks[options.as](options.address, connections);
    await crowd.ready;
  }
}

const kBody = '{"step":"PostAttributeCollection","email":"a@b.example","givenName":"dana"}';
const kRequest = Buffer.from(`POST /signup HTTP/1.1\r\nHost: h\r\nAuthorization: ${kAuthorization}\r\n` +
  `Content-Type: application/json\r\nContent-Length: ${kBody.length}\r\n\r\n${kBody}`);
const kRight = '{"version":"1.0.0","action":"Continue","givenName":"Dana"}';

function open(address, secure) {
  const { hostname: host, port } = new URL(address);
  const socket = secure ? tls.connect({ host, port, rejectUnauthorized: false }) : net.connect({ host, port, noDelay: true });
  socket.on('error', () => {});
  return once(socket, secure ? 'secureConnect' : 'connect').then(() => socket);
}

// The microseconds of each request from sending it to the end of its answer, and how many got none.
async function ask(address, secure) {
  const end = Date.now() + seconds * 1000;
  const times = [];
  let failed = 0;
  const one = async () => {
    let socket = null;
    for (let n = 0; Date.now() < end; ++n) {
      try {
        if (socket === null || n % kNewConnectionEvery === 0) {
          socket?.destroy();
          socket = await open(address, secure);
        }
        const began = process.hrtime.bigint();
        let text = '';
        const answered = new Promise((resolve, reject) => {
          const onData = (bytes) => {
            text += bytes;
            if (!text.endsWith(kRight)) return;
            socket.off('data', onData).off('close', reject);
            resolve();
          };
          socket.on('data', onData).once('close', reject);
        });
        socket.write(kRequest);
        await answered;
        times.push(Number(process.hrtime.bigint() - began) / 1e3);
      } catch {
        ++failed;
        socket?.destroy();
        socket = null;
      }
    }
    socket?.destroy();
  };
  await Promise.all(Array.from({ length: kCallers }, one));
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))];
  return { asked: times.length + failed, failed, p50: at(0.5), p99: at(0.99) };
}

const hooks = [];
const t = { after: (hook) => hooks.push(hook) };
const { file, keyFile } = certificate(scratch(t), 'hooks.woodgrove.example');
const rows = [];
let missed = false;
for (const name of options.attack === undefined ? Object.keys(attacks) : [options.attack]) {
  const secure = name === 'handshake flood';
  const listener = { address: '127.0.0.1:0', ...(secure ? { tls: { certificate: file, key: keyFile } } : {}) };
  const gate = await serve(t, configuration({ listeners: [listener], workers: 0 }));
  await ask(gate.address, secure);  // both are warm
  const alone = await ask(gate.address, secure);
  const attacker = spawn(process.execPath, [fileURLToPath(import.meta.url), '--as', name, '--address', gate.address,
    '--connections', String(connections)], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(attacker.stdout, 'data');
  let most = 0;
  const watch = setInterval(async () => {
    const metrics = await scrape(gate.admin).catch(() => null);
    most = Math.max(most, metrics?.value('claimgate_memory_resident_bytes') ?? 0);
  }, 250);
  const under = await ask(gate.address, secure);
  clearInterval(watch);
  const metrics = await scrape(gate.admin);
  attacker.stdin.end();
  await once(attacker, 'close');
  const bound = metrics.value('claimgate_memory_bound_bytes');
  const ratio = under.p99 / alone.p99;
  const bad = [under.failed > 0, most > bound, ratio > kRatioMost];
  missed ||= bad.includes(true);
  const us = (value) => `${Math.round(value)} us`;
  const mib = (value) => `${(value / (1 << 20)).toFixed(0)} MiB`;
  rows.push(`| ${name} | ${metrics.value('claimgate_connections_accepted_total')} | ${us(alone.p50)} | ${us(under.p50)} | ${us(alone.p99)} | ` +
    `${us(under.p99)} | ${ratio.toFixed(2)}${bad[2] ? ': missed' : ''} | ${under.asked - under.failed} of ${under.asked}${bad[0] ? ': missed' : ''} | ` +
    `${mib(most)} of ${mib(bound)}${bad[1] ? ': missed' : ''} |`);
  console.error(rows.at(-1));
  await gate.stop().catch(() => {});
}
const report = `| attack | connections accepted | p50 alone | p50 | p99 alone | p99 | ratio | answered | resident, bound |
|---|---:|---:|---:|---:|---:|---:|---:|---:|
${rows.join('\n')}
`;
fs.mkdirSync(options.out, { recursive: true });
fs.writeFileSync(path.join(options.out, 'report.md'), report);
process.stdout.write(report);
for (const hook of hooks.reverse()) await Promise.resolve(hook()).catch(() => {});
process.exit(missed ? 1 : 0);
