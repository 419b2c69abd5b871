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
      rounds: { type: 'string', default: '3' },
      workers: { type: 'string', default: '0' },
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
const rounds = Number(options.rounds);
const workers = Number(options.workers);
const unknown = options.attack !== undefined && !(options.attack in attacks);
if (!(seconds > 0) || !(connections > 0) || !(rounds > 0) || !(workers >= 0) || unknown) {
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

// Processor time of a process until now, in seconds; 0 when it has ended.
function cpu(pid) {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;  // utime and stime, of USER_HZ
  } catch {
    return 0;
  }
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

// What the caller of `gate` sees while `attacked` is attacked: gate itself, or the other server.
async function attackedFor(name, gate, attacked, secure) {
  const attacker = spawn(process.execPath, [fileURLToPath(import.meta.url), '--as', name, '--address', attacked.address,
    '--connections', String(connections)], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(attacker.stdout, 'data');
  let most = 0;
  const watch = setInterval(async () => {
    const metrics = await scrape(attacked.admin).catch(() => null);
    most = Math.max(most, metrics?.value('claimgate_memory_resident_bytes') ?? 0);
  }, 250);
  const processes = [attacked.child.pid, attacker.pid];
  const before = processes.map(cpu);
  const began = Date.now();
  const seen = await ask(gate.address, secure);
  const [server, attack] = processes.map((pid, i) => (cpu(pid) - before[i]) * 1000 / (Date.now() - began));
  clearInterval(watch);
  attacker.stdin.end();
  await once(attacker, 'close');
  return { ...seen, most, server, attack };
}

const hooks = [];
const t = { after: (hook) => hooks.push(hook) };
const { file, keyFile } = certificate(scratch(t), 'hooks.woodgrove.example');
const rows = [];
let missed = false;
for (const name of options.attack === undefined ? Object.keys(attacks) : [options.attack]) {
  const secure = name === 'handshake flood';
  const listener = { address: '127.0.0.1:0', ...(secure ? { tls: { certificate: file, key: keyFile } } : {}) };
  const [gate, other] = [await serve(t, configuration({ listeners: [listener], workers })),
    await serve(t, configuration({ listeners: [listener], workers }))];
  await ask(gate.address, secure);  // both are warm
  const seen = { alone: [], elsewhere: [], under: [] };
  for (let round = 0; round < rounds; ++round) {
    seen.alone.push(await ask(gate.address, secure));
    seen.elsewhere.push(await attackedFor(name, gate, other, secure));
    seen.under.push(await attackedFor(name, gate, gate, secure));
  }
  const of = (which, what) => median(seen[which].map((one) => one[what]));
  const metrics = await scrape(gate.admin);
  const bound = metrics.value('claimgate_memory_bound_bytes');
  const most = Math.max(...seen.under.map((one) => one.most));
  const asked = seen.under.reduce((sum, one) => sum + one.asked, 0);
  const failed = seen.under.reduce((sum, one) => sum + one.failed, 0);
  const ratio = of('under', 'p99') / of('alone', 'p99');
  // What everybody on these cores would notice is not the attacked server's doing.
  const own = of('under', 'p99') / Math.max(of('alone', 'p99'), of('elsewhere', 'p99'));
  const bad = [failed > 0, most > bound, own > kRatioMost];
  missed ||= bad.includes(true);
  const us = (value) => `${Math.round(value)}`;
  const mib = (value) => `${(value / (1 << 20)).toFixed(0)} MiB`;
  rows.push(`| ${name} | ${['alone', 'elsewhere', 'under'].map((which) => us(of(which, 'p50'))).join(', ')} | ` +
    `${['alone', 'elsewhere', 'under'].map((which) => us(of(which, 'p99'))).join(', ')} | ${ratio.toFixed(2)} | ` +
    `${own.toFixed(2)}${bad[2] ? ': missed' : ''} | ${of('under', 'server').toFixed(2)} + ${of('under', 'attack').toFixed(2)} | ` +
    `${asked - failed} of ${asked}${bad[0] ? ': missed' : ''} | ${mib(most)} of ${mib(bound)}${bad[1] ? ': missed' : ''} |`);
  console.error(rows.at(-1));
  for (const one of [gate, other]) await one.stop().catch(() => {});
}
const report = `| attack | p50 alone, elsewhere, under it, µs | p99 | of alone | own share | cores: server + attacker | answered | resident, bound |
|---|---:|---:|---:|---:|---:|---:|---:|
${rows.join('\n')}
`;
fs.mkdirSync(options.out, { recursive: true });
fs.writeFileSync(path.join(options.out, 'report.md'), report);
process.stdout.write(report);
for (const hook of hooks.reverse()) await Promise.resolve(hook()).catch(() => {});
process.exit(missed ? 1 : 0);
