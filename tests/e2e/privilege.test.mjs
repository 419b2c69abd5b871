// What the running process may do on its machine: no capabilities, no new privileges, a filter of system
// calls, no core; what it tells the service manager; whom root becomes, and where root is refused.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { binary, configuration, eventually, run, scratch, serve, yaml } from './lib/claimgate.mjs';
import { ask, assertContinue, post } from './lib/wire.mjs';

const kBody = { step: 'PostAttributeCollection', email: 'a@b.example', givenName: 'dana' };
const isRoot = process.getuid() === 0;
const nobody = isRoot && spawnSync('id', ['-u', 'nobody']).status === 0
  ? { uid: spawnSync('id', ['-u', 'nobody']).stdout.toString().trim() } : null;

// What /proc/PID/task/TID/status says; null when the thread has ended since it was listed (ENOENT when it is
// opened, ESRCH when it is read).
function statusOf(pid, task) {
  try {
    return Object.fromEntries(fs.readFileSync(`/proc/${pid}/task/${task}/status`, 'utf8').split('\n')
      .map((line) => line.split(':\t')).filter((pair) => pair.length === 2));
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return null;
    throw error;
  }
}

// One object for each thread there is; the main thread is always among them.
function threads(pid) {
  const all = fs.readdirSync(`/proc/${pid}/task`).map((task) => statusOf(pid, task)).filter(Boolean);
  assert.ok(all.some((one) => one.Pid === String(pid)), 'the main thread');
  return all;
}

// A service manager's socket: systemd-notify's counterpart. Node has no Unix datagrams; socat need not be
// there; so the system's perl, which every Debian has, listens.
async function manager(t, file) {
  const child = spawn('perl', ['-MSocket', '-e', `
    socket(S, AF_UNIX, SOCK_DGRAM, 0) or die; bind(S, sockaddr_un($ARGV[0])) or die; chmod 0777, $ARGV[0]; $| = 1;
    print "open\\n"; while (defined recv(S, $m, 4096, 0)) { $m =~ s/\\n/;/g; print "$m\\n" }`, file],
  { stdio: ['ignore', 'pipe', 'inherit'] });
  const heard = { text: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => (heard.text += text));
  t.after(() => child.kill('SIGKILL'));
  await eventually('the socket', () => heard.text.startsWith('open\n'));
  heard.lines = () => heard.text.split('\n').slice(1, -1);
  return heard;
}

test('no thread has a capability, all are filtered, none can gain anything', async (t) => {
  const gate = await serve(t, configuration({ workers: 2 }));
  assertContinue(await ask(t, gate.address, post(kBody)), { givenName: 'Dana' });
  const all = threads(gate.child.pid);
  assert.ok(all.length >= 3, `${all.length} threads`);
  for (const one of all) {
    for (const set of ['CapEff', 'CapPrm', 'CapInh', 'CapAmb']) {
      assert.equal(one[set], '0000000000000000', `${set} of ${one.Name}`);
    }
    if (isRoot) assert.equal(one.CapBnd, '0000000000000000', one.Name);
    assert.equal(one.NoNewPrivs, '1', one.Name);
    assert.equal(one.Seccomp, '2', one.Name);
  }
  assert.match(fs.readFileSync(`/proc/${gate.child.pid}/limits`, 'utf8'), /^Max core file size +0 +0 /m);
});

for (const seccomp of ['strict', 'off']) {
  test(`seccomp: ${seccomp}: requests, a reload, lists, admin and the end are as ever`, async (t) => {
    const changed = (more) => configuration({
      process: { seccomp }, lists: { l: { file: 'l.txt', match: 'domain' } }, lists_state: 'state',
      access_log: { file: 'access.log' }, capture: { file: 'capture.jsonl', share: 1 },
      backends: { b: { endpoints: ['http://no-such-host.invalid:81'], response: [{ continue: {} }] } },
      connector: { otherwise: { block: 'refused' }, rules: [
        { name: 'list', when: { 'email.domain': { in_list: 'l' } }, block: 'refused' },
        { name: 'ask', when: { city: { equals: 'ask' } }, ask: 'b' }] }, ...more });
    const gate = await serve(t, changed(), { files: { 'l.txt': 'blocked.example\n' } });
    for (const one of threads(gate.child.pid)) assert.equal(one.Seccomp, seccomp === 'off' ? '0' : '2', one.Name);
    // libuv of 1.45 and later would set rings up, and end the process when the filter takes them away.
    const descriptors = fs.readdirSync(`/proc/${gate.child.pid}/fd`);
    const rings = descriptors.filter((fd) => fs.readlinkSync(`/proc/${gate.child.pid}/fd/${fd}`).includes('io_uring'));
    if (seccomp !== 'off') assert.deepEqual(rings, []);
    assertContinue(await ask(t, gate.address, post(kBody)), {});
    // A name is looked up, off the loop, through whatever nsswitch.conf names.
    const asked = await ask(t, gate.address, post({ ...kBody, city: 'ask' }));
    assert.equal(asked.json.action, 'ShowBlockPage', JSON.stringify(asked));
    fs.writeFileSync(path.join(gate.directory, 'l.txt'), 'b.example\n');
    gate.signal('SIGHUP');
    await gate.line(/^claimgate: reloaded, configuration number 2 is in force$/m);
    assert.equal((await ask(t, gate.address, post(kBody))).json.action, 'ShowBlockPage');
    assert.match(await (await fetch(`${gate.admin}/metrics`)).text(), /claimgate_reloads_total 1/);
    const added = await fetch(`${gate.admin}/lists/l/entries`, { method: 'POST',
      headers: { 'content-type': 'application/json' }, body: JSON.stringify({ add: ['c.example'] }) });
    assert.ok(added.status < 500, `${added.status}`);
    assert.doesNotMatch(gate.stderr, /system call/);
  });
}

test('the service manager hears of the start, reloads and the end', async (t) => {
  const directory = scratch(t);
  const socket = path.join(directory, 'notify');
  const heard = await manager(t, socket);
  const gate = await serve(t, configuration(), { env: { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '300000' } });
  await eventually('READY=1', () => heard.lines()[0] === 'READY=1;STATUS=serving');
  await eventually('signs of life', () => heard.lines().filter((line) => line === 'WATCHDOG=1').length >= 3);
  const words = () => heard.lines().filter((line) => line !== 'WATCHDOG=1');
  gate.signal('SIGHUP');
  await eventually('the reload', () => /^RELOADING=1;MONOTONIC_USEC=\d+$/.test(words()[1]) && words()[2] === 'READY=1;STATUS=serving');
  gate.rewrite('listeners: nonsense\n');
  gate.signal('SIGHUP');
  await eventually('the refused reload', () => words()[4] === 'READY=1;STATUS=serving; the last reload was refused');
  await gate.stop();
  await eventually('the end', () => words()[5]?.startsWith('STOPPING=1;'));
});

test('root becomes the user that is named, who goes on alone', { skip: !nobody }, async (t) => {
  const directory = scratch(t);
  fs.chmodSync(directory, 0o777);
  const gate = await serve(t, configuration({ process: { user: 'nobody' }, access_log: { file: path.join(directory, 'log') } }));
  for (const one of threads(gate.child.pid)) {
    assert.deepEqual(one.Uid.split('\t'), [nobody.uid, nobody.uid, nobody.uid, nobody.uid]);
    assert.equal(one.CapEff, '0000000000000000');
  }
  assertContinue(await ask(t, gate.address, post(kBody)), { givenName: 'Dana' });
  assert.equal(String(fs.statSync(path.join(directory, 'log')).uid), nobody.uid);
});

test('a user that there is not ends the start', { skip: !isRoot }, async (t) => {
  const directory = scratch(t, { 'c.yaml': yaml(configuration({ process: { user: 'no-such-user' } })) });
  const { code, stderr } = await run(['serve', '--config', path.join(directory, 'c.yaml')]);
  assert.equal(code, 1, stderr);
  assert.match(stderr, /^claimgate: error: process.user: there is no user no-such-user$/m);
});

test('root does not listen where other machines can connect, unless told to', { skip: !isRoot }, async (t) => {
  const open = (more) => configuration({ listeners: [{ address: '0.0.0.0:0' }], ...more });
  const directory = scratch(t, { 'c.yaml': yaml(open()) });
  const file = path.join(directory, 'c.yaml');
  const { code, stderr } = await run(['serve', '--config', file]);
  assert.equal(code, 2, stderr);
  assert.match(stderr, /c\.yaml:\d+:\d+: error: this is root, who does not listen where other machines can connect/);
  assert.match(stderr, /write process: \{ user: claimgate \}/);
  assert.equal((await run(['check', file])).code, 0);  // the file is right, whoever checks it
  for (const user of nobody ? ['root', 'nobody'] : ['root']) {
    const gate = await serve(t, open({ process: { user } }));
    assertContinue(await ask(t, gate.address.replace('0.0.0.0', '127.0.0.1'), post(kBody)), { givenName: 'Dana' });
    await gate.stop();
  }
});
