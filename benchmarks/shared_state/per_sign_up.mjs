// What a sign-up costs the Redis that machines share: commands, and microseconds of the server's CPU, by what is kept there.
//
//   CLAIMGATE_BINARY=build/release/claimgate node benchmarks/shared_state/per_sign_up.mjs [--requests N] [--lanes N]
//
// Two claimgates on one redis-server (appendonly yes, appendfsync everysec), a closed loop of --lanes (32) connections, a
// backend in this process that answers at once. CPU is the server's utime and stime (/proc/PID/stat, 10 ms), what it takes
// idle, with two claimgates that listen, taken off; commands are those that claimgate counts, a script is one. The time
// between is Node's, so no rate of sign-ups is reported.
import fs from 'node:fs';
import http from 'node:http';
import { parseArgs } from 'node:util';

import { configuration, eventually, kAuthorization, serve } from '../../tests/e2e/lib/claimgate.mjs';
import { redis } from '../../tests/e2e/lib/redis.mjs';

const { values } = parseArgs({ options: { requests: { type: 'string', default: '20000' }, lanes: { type: 'string', default: '32' } } });
const requests = Number(values.requests);
const lanes = Number(values.lanes);

const enders = [];
const t = { after: (ender) => enders.unshift(ender) };
const kKey = Buffer.alloc(32, 7).toString('base64');
const kTicksPerSecond = 100;
const agent = new http.Agent({ keepAlive: true, maxSockets: lanes });

const cpuUs = (server) => {
  const fields = fs.readFileSync(`/proc/${server.child.pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * (1e6 / kTicksPerSecond);
};
async function commands(gates) {
  let sum = 0;
  for (const gate of gates) {
    const text = await (await fetch(`${gate.admin}/metrics`)).text();
    sum += Number(text.match(/^claimgate_redis_commands_total (\d+)$/m)[1]);
  }
  return sum;
}
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function signUp(gate, claims, path = '/signup') {
  const body = JSON.stringify({ step: 'PostAttributeCollection', ...claims });
  return new Promise((resolve, reject) => {
    const request = http.request(`${gate.address}${path}`, { method: 'POST', agent,
      headers: { authorization: kAuthorization, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } },
    (response) => response.resume().on('end', () => resolve(response.statusCode)));
    request.on('error', reject).end(body);
  });
}

async function backend() {
  const server = http.createServer((request, response) => request.resume().on('end', () => {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"tier":"gold"}');
  }));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections?.();
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}`;
}

async function measure(what, settings) {
  const server = await redis(t);
  const gates = [];
  for (let i = 0; i < 2; ++i) gates.push(await serve(t, { ...settings, state: { redis: server.url, key: kKey } }));
  for (const gate of gates) {
    await eventually('the connection', async () => /claimgate_redis_connected 1/.test(await (await fetch(`${gate.admin}/metrics`)).text()));
  }
  await pause(1000);
  const idleFrom = [cpuUs(server), performance.now()];
  await pause(3000);
  const idle = (cpuUs(server) - idleFrom[0]) / (performance.now() - idleFrom[1]);  // us in a ms
  const [cpu, calls, began] = [cpuUs(server), await commands(gates), performance.now()];
  let next = 0;
  let bad = 0;
  await Promise.all(Array.from({ length: lanes }, async (_, lane) => {
    while (next < requests) {
      const i = next++;
      if (await signUp(gates[lane % 2], { email: `p${i}@d${i % 1000}.example` }, settings.path) !== 200) ++bad;
    }
  }));
  await pause(500);  // what is written behind answers
  const ms = performance.now() - began;
  const each = (cpuUs(server) - cpu - idle * ms) / requests;
  console.log(`| ${what} | ${((await commands(gates) - calls) / requests).toFixed(2)} | ${each.toFixed(1)} | ${(idle * 1000).toFixed(0)} | ${bad} |`);
  for (const ender of enders.splice(0, enders.length)) await ender();
}

const limit = { velocity: { v: { key: ['email.domain'], window: '1h', at_most: 50_000, counts: 'accounts' } } };
const over = { name: 'too many', limit: 'v', block: 'refused' };
const crm = async () => ({ crm: { endpoints: [await backend()], request: { method: 'GET', path: '/' },
  response: [{ when: { status: 200 }, continue: { extension_tier: '{/tier}' } }] } });
const ask = { name: 'tier', ask: 'crm', cache: { key: ['email.canonical'], ttl: { continue: '10m' } } };

console.log('| a sign-up | commands | µs of CPU | µs in an idle second | not 200 |');
console.log('| --- | ---: | ---: | ---: | ---: |');
await measure('a limit', configuration({ ...limit, connector: { rules: [over] } }));
await measure('a decision that is not there, kept', configuration({ decision_cache: { redis: true, redis_wait: '1s' }, backends: await crm(), connector: { rules: [ask] } }));
await measure('both', configuration({ ...limit, decision_cache: { redis: true, redis_wait: '1s' }, backends: await crm(), connector: { rules: [over, ask] } }));
