// Lists: compiled, changed while it runs, read again from files and over HTTP.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { test } from 'node:test';

import { configuration, eventually, run, scratch, serve } from './lib/claimgate.mjs';
import { parse } from './lib/openmetrics.mjs';
import { ask, post } from './lib/wire.mjs';

const kBlocked = 'ShowBlockPage';

function blocking(list, changes = {}) {
  return configuration({
    lists: { blocked: list },
    connector: { rules: [{ name: 'blocked', when: { email: { in_list: 'blocked' } }, block: 'refused' }] },
    ...changes,
  });
}

async function isBlocked(t, gate, email) {
  const answer = await ask(t, gate.address, post({ step: 'PostAttributeCollection', email }));
  assert.equal(answer.status, 200);
  return answer.json.action === kBlocked;
}

const becomes = (t, gate, email, blocked) =>
  eventually(`${email} to be ${blocked ? '' : 'un'}blocked`, async () => (await isBlocked(t, gate, email)) === blocked);

async function admin(gate, url, { method = 'GET', body, headers = {} } = {}) {
  const response = await fetch(`${gate.admin}${url}`, {
    method,
    headers: { connection: 'close', ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    body: typeof body === 'object' ? JSON.stringify(body) : body,
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: text.startsWith('{') ? JSON.parse(text) : null };
}

const change = (gate, body, headers) => admin(gate, '/lists/blocked/entries', { method: 'POST', body, headers });

async function metric(gate, name) {
  const family = parse((await admin(gate, '/metrics')).text);
  const text = (await admin(gate, '/metrics')).text;
  assert.ok(family);
  const line = text.split('\n').find((l) => l.startsWith(`${name}{list="blocked"}`));
  return line === undefined ? undefined : Number(line.split(' ')[1]);
}

// Replaces a file as a whole, the way lists are delivered.
function deliver(file, contents) {
  fs.writeFileSync(`${file}.next`, contents);
  fs.renameSync(`${file}.next`, file);
}

async function build(directory, text, match = 'email', name = 'blocked.cglist') {
  fs.writeFileSync(path.join(directory, 'source.txt'), text);
  const built = await run(['list', 'build', '--match', match, '--out', path.join(directory, name), path.join(directory, 'source.txt')]);
  assert.equal(built.code, 0, built.stderr);
  return built;
}

test('list build, info and check agree with each other and with what was written', async (t) => {
  const directory = scratch(t);
  const built = await build(directory, '# blocked\r\nEve@Mallory.example\nno address\n\nbob@b\u00fccher.example\n');
  assert.match(built.stderr, /source\.txt:3: left out: /);
  assert.match(built.stdout, /2 entries/);
  const file = path.join(directory, 'blocked.cglist');
  assert.equal(fs.statSync(file).mode & 0o777, 0o440);
  assert.deepEqual(fs.readdirSync(directory).sort(), ['blocked.cglist', 'source.txt']);
  const seen = await run(['list', 'info', file]);
  assert.equal(seen.code, 0);
  assert.match(seen.stdout, /match +email\nentries +2\nleft out +1 lines\n/);
  const both = await run(['list', 'check', file, 'eve@MALLORY.example', 'bob@xn--bcher-kva.example']);
  assert.equal(both.code, 0, both.stdout + both.stderr);
  const other = await run(['list', 'check', file, 'eve@mallory.example', 'alice@mallory.example']);
  assert.equal(other.code, 1);
  assert.match(other.stdout, /alice@mallory\.example: not in the list/);
  assert.equal((await run(['list', 'check', path.join(directory, 'source.txt'), 'a@b.example'])).code, 2);
  assert.equal((await run(['list', 'check', '--match', 'email', path.join(directory, 'source.txt'), 'eve@mallory.example'])).code, 0);
});

test('a compiled list answers, and one that is damaged or of another match is refused with words', async (t) => {
  const directory = scratch(t);
  await build(directory, 'eve@mallory.example\n');
  const compiled = fs.readFileSync(path.join(directory, 'blocked.cglist'));
  const gate = await serve(t, blocking({ file: path.join(directory, 'blocked.cglist'), match: 'email' }));
  assert.equal(await isBlocked(t, gate, 'Eve@mallory.example'), true);
  assert.equal(await isBlocked(t, gate, 'bob@mallory.example'), false);

  const check = async (bytes, match = 'email') => {
    const files = scratch(t, { 'claimgate.yaml': JSON.stringify(blocking({ file: 'b.cglist', match })) });
    fs.writeFileSync(path.join(files, 'b.cglist'), bytes);
    return run(['check', path.join(files, 'claimgate.yaml')]);
  };
  assert.equal((await check(compiled)).code, 0);
  assert.match((await check(compiled, 'domain')).stderr, /write match: email/);
  assert.match((await check(compiled.subarray(0, 150))).stderr, /cut off; copy it again/);
  const damaged = Buffer.from(compiled);
  damaged[140] ^= 1;
  const refused = await check(damaged);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /claimgate\.yaml:\d+:\d+: error: .*damaged/);
});

test('a live change acts at once, and is there after a stop, a kill and a reload', async (t) => {
  const directory = scratch(t, { 'blocked.txt': 'eve@mallory.example\nold@mallory.example\n' });
  const settings = blocking({ file: path.join(directory, 'blocked.txt'), match: 'email' }, { lists_state: path.join(directory, 'state'), workers: 2 });
  let gate = await serve(t, settings);
  assert.equal(await isBlocked(t, gate, 'new@mallory.example'), false);
  const changed = await change(gate, { add: [{ value: ' New@Mallory.example ' }], remove: ['old@mallory.example'] });
  assert.equal(changed.status, 200, changed.text);
  assert.deepEqual(changed.json, { changed: 2, entries: 2 });
  const holds = async () => {
    await becomes(t, gate, 'new@mallory.example', true);
    await becomes(t, gate, 'old@mallory.example', false);
    await becomes(t, gate, 'eve@mallory.example', true);
  };
  await holds();
  await gate.stop();

  gate = await serve(t, settings, { expect: null });
  await holds();
  assert.equal((await change(gate, { add: ['killed@mallory.example'] })).status, 200);
  gate.child.kill('SIGKILL');
  await gate.exit();
  gate.stop = async () => {};  // it has ended, and not well

  fs.appendFileSync(path.join(directory, 'state/blocked.journal'), 'torn');
  gate = await serve(t, settings);
  await gate.line(/warning: .*blocked\.journal ends in a change that was cut off; it is dropped/);
  await holds();
  assert.equal(await isBlocked(t, gate, 'killed@mallory.example'), true);

  deliver(path.join(directory, 'blocked.txt'), 'other@mallory.example\nold@mallory.example\n');
  gate.signal('SIGHUP');
  await becomes(t, gate, 'other@mallory.example', true);
  assert.equal(await isBlocked(t, gate, 'old@mallory.example'), false, 'the change lies over the new source too');
  assert.equal(await isBlocked(t, gate, 'eve@mallory.example'), false);
  assert.equal((await change(gate, { forget: ['old@mallory.example', 'new@mallory.example'] })).status, 200);
  await becomes(t, gate, 'old@mallory.example', true);
  await becomes(t, gate, 'new@mallory.example', false);
  const mode = fs.statSync(path.join(directory, 'state/blocked.journal')).mode & 0o777;
  assert.equal(mode, 0o600);
});

test('killed in the middle of changes, it keeps each one it has answered', async (t) => {
  const directory = scratch(t, { 'blocked.txt': 'eve@mallory.example\n' });
  const settings = blocking({ file: path.join(directory, 'blocked.txt'), match: 'email' }, { lists_state: path.join(directory, 'state') });
  let gate = await serve(t, settings);
  let kept = 0;
  const writer = (async () => {
    for (let i = 0; ; i++) {
      const answer = await change(gate, { add: [`p${i}@mallory.example`] });
      assert.equal(answer.status, 200);
      kept = i + 1;
    }
  })().catch(() => {});
  await eventually('twenty changes', () => kept >= 20);
  gate.child.kill('SIGKILL');
  await gate.exit();
  await writer;
  gate.stop = async () => {};
  gate = await serve(t, settings);
  for (let i = 0; i < kept; i++) {
    const seen = await admin(gate, `/lists/blocked/entries?value=p${i}%40mallory.example`);
    assert.equal(seen.json.contained, true, `change ${i} of ${kept}`);
  }
});

test('an entry leaves when it expires', async (t) => {
  const directory = scratch(t);
  const gate = await serve(t, blocking({ values: ['eve@mallory.example'], match: 'email' }, { lists_state: path.join(directory, 'state') }));
  const expires = new Date(Date.now() + 6000).toISOString().replace(/\.\d+Z/, 'Z');
  assert.equal((await change(gate, { add: [{ value: 'brief@mallory.example', expires }] })).status, 200);
  await becomes(t, gate, 'brief@mallory.example', true);
  const seen = await admin(gate, '/lists/blocked/entries?value=Brief@mallory.example');
  assert.equal(seen.json.change, 'added');
  assert.equal(seen.json.expires, expires);
  assert.ok(Math.abs(Date.parse(seen.json.since) - Date.now()) < 30_000);
  await becomes(t, gate, 'brief@mallory.example', false);
  assert.ok(Date.now() >= Date.parse(expires));
});

test('GET /lists counts, and what is asked wrongly changes nothing and is not quoted', async (t) => {
  const directory = scratch(t);
  const gate = await serve(t, blocking({ values: ['eve@mallory.example'], match: 'email' }, { lists_state: path.join(directory, 'state') }));
  await change(gate, { add: ['a@mallory.example', 'eve@mallory.example'], remove: ['b@mallory.example'] });
  const lists = await admin(gate, '/lists');
  assert.equal(lists.json.live_changes, true);
  const { bytes, confirmed, ...list } = lists.json.lists[0];
  assert.deepEqual(list, {
    name: 'blocked', match: 'email', source: 'values', entries: 2, source_entries: 1, added: 2, removed: 1, bad_lines: 0,
    reload_failures: 0, last_failure: null,
  });
  const wrong = [
    ['{', /no JSON object/], ['[]', /no JSON object/], ['{}', /nothing to do/], [{ insert: [] }, /unknown/],
    [{ add: 'M4RK3R' }, /must be an array/], [{ add: [7] }, /expected a text/], [{ remove: [{ value: 'a@b.example' }] }, /expected a text/],
    [{ add: ['ok@mallory.example', 'M4RK3R'] }, /add\[1\]: not an e-mail address/], [{ add: [''] }, /empty/],
    [{ add: ['a@b.example', 'A@b.example'] }, /twice/], [{ add: ['a@b.example'], remove: ['a@b.example'] }, /twice/],
    [{ add: [{ value: 'a@b.example', expires: 'tomorrow' }] }, /no time/],
    [{ add: [{ value: 'a@b.example', expires: '2026-02-30T00:00:00Z' }] }, /no time/],
    [{ add: [{ value: 'a@b.example', expires: '2001-01-01T00:00:00Z' }] }, /passed/],
    [{ add: [{ expires: '2101-01-01T00:00:00Z' }] }, /no value/],
  ];
  for (const [body, says] of wrong) {
    const answer = await change(gate, body);
    assert.equal(answer.status, 400, JSON.stringify(body));
    assert.match(answer.json.error.message, says);
    assert.doesNotMatch(answer.text, /M4RK3R/);
  }
  assert.equal((await change(gate, { add: ['a@b.example'] }, { 'content-type': 'text/plain' })).status, 415);
  assert.equal((await change(gate, `{"add":["${'x'.repeat(1_100_000)}"]}`)).status, 413);
  assert.equal((await admin(gate, '/lists/other/entries?value=a@b.example')).status, 404);
  assert.equal((await admin(gate, '/lists/blocked/entries')).status, 400);
  assert.equal((await admin(gate, '/lists', { method: 'DELETE' })).status, 405);
  assert.equal((await admin(gate, '/lists')).json.lists[0].entries, 2);
  assert.doesNotMatch(gate.stderr, /mallory|M4RK3R/);
  assert.equal(await metric(gate, 'claimgate_list_entries'), 2);
});

test('the token is wanted for everything about lists, and without a directory nothing is changed', async (t) => {
  const gate = await serve(t, blocking({ values: ['eve@mallory.example'], match: 'email' },
    { admin: { address: '127.0.0.1:0', token: '${env:ADMIN_TOKEN}' } }), { env: { ADMIN_TOKEN: '0123456789abcdef' } });
  for (const headers of [{}, { authorization: 'Bearer 0123456789abcdeg' }, { authorization: 'Basic 0123456789abcdef' }, { authorization: 'Bearer ' }]) {
    const refused = await admin(gate, '/lists', { headers });
    assert.equal(refused.status, 401);
    assert.match(refused.headers.get('www-authenticate'), /^Bearer/);
    assert.equal((await change(gate, { add: ['a@b.example'] }, headers)).status, 401);
  }
  const headers = { authorization: 'bearer 0123456789abcdef' };
  assert.equal((await admin(gate, '/lists', { headers })).status, 200);
  const refused = await change(gate, { add: ['a@b.example'] }, headers);
  assert.equal(refused.status, 409);
  assert.match(refused.json.error.message, /lists_state/);
  assert.equal((await admin(gate, '/healthz')).status, 200);
});

test('beyond this machine, /lists is refused without a token', async (t) => {
  const gate = await serve(t, blocking({ values: ['eve@mallory.example'], match: 'email' }, { admin: { address: '0.0.0.0:0' } }));
  gate.admin = gate.admin.replace('0.0.0.0', '127.0.0.1');
  assert.equal((await admin(gate, '/lists')).status, 403);
  assert.equal((await change(gate, { add: ['a@b.example'] })).status, 403);
  assert.equal((await admin(gate, '/readyz')).status, 200);
});

test('two processes cannot share the directory of live changes', async (t) => {
  const directory = scratch(t, { 'c.yaml': '' });
  const settings = blocking({ values: ['eve@mallory.example'], match: 'email' }, { lists_state: path.join(directory, 'state') });
  await serve(t, settings);
  fs.writeFileSync(path.join(directory, 'c.yaml'), JSON.stringify(settings));
  const second = await run(['serve', '--config', path.join(directory, 'c.yaml')]);
  assert.equal(second.code, 1);
  assert.match(second.stderr, /in use by another process/);
});

test('a journal damaged in its middle stops the start and says where', async (t) => {
  const directory = scratch(t);
  const state = path.join(directory, 'state');
  const settings = blocking({ values: ['eve@mallory.example'], match: 'email' }, { lists_state: state });
  const gate = await serve(t, settings);
  await change(gate, { add: ['a@b.example', 'c@b.example'] });
  await gate.stop();
  const file = path.join(state, 'blocked.journal');
  const bytes = fs.readFileSync(file);
  bytes[60] ^= 1;
  fs.writeFileSync(file, bytes);
  fs.writeFileSync(path.join(directory, 'c.yaml'), JSON.stringify(settings));
  const second = await run(['serve', '--config', path.join(directory, 'c.yaml')]);
  assert.equal(second.code, 1);
  assert.match(second.stderr, /blocked\.journal is damaged at byte 25: /);
});

test('a file is read again from time to time; a bad one leaves the list as it was', async (t) => {
  const directory = scratch(t, { 'blocked.txt': 'eve@mallory.example\n' });
  const file = path.join(directory, 'blocked.txt');
  const gate = await serve(t, blocking({ file, match: 'email', reload: '1s' }));
  assert.equal(await isBlocked(t, gate, 'bob@mallory.example'), false);
  deliver(file, 'eve@mallory.example\nbob@mallory.example\n');
  await becomes(t, gate, 'bob@mallory.example', true);

  const offset = gate.stderr.length;
  deliver(file, 'carol@mallory.example\n<html>M4RK3R\n');
  await gate.line(/error: list "blocked" stays as it was: .*line 2: not an e-mail address/, offset);
  assert.equal(await isBlocked(t, gate, 'bob@mallory.example'), true);
  assert.equal(await isBlocked(t, gate, 'carol@mallory.example'), false);
  assert.doesNotMatch(gate.stderr, /M4RK3R/);
  assert.ok((await metric(gate, 'claimgate_list_reload_failures_total')) >= 1);

  for (const [contents, says] of [['', /empty now/], ['\x89CGLIST\n', null]]) {
    const from = gate.stderr.length;
    deliver(file, Buffer.from(contents, 'latin1'));
    await gate.line(says ?? /cut off/, from);
    assert.equal(await isBlocked(t, gate, 'bob@mallory.example'), true);
  }
  const gone = gate.stderr.length;
  fs.rmSync(file);
  await gate.line(/stays as it was: cannot read/, gone);
  assert.equal(await isBlocked(t, gate, 'bob@mallory.example'), true);

  await build(directory, 'dave@mallory.example\n', 'email', 'next');
  fs.renameSync(path.join(directory, 'next'), file);  // compiled where text was
  await becomes(t, gate, 'dave@mallory.example', true);
  assert.equal(await isBlocked(t, gate, 'bob@mallory.example'), false);
  assert.equal((await admin(gate, '/lists')).json.lists[0].last_failure, null);
  assert.ok((await metric(gate, 'claimgate_list_age_seconds')) < 30);
});

// A source of lists that says what it was asked for.
async function source(t) {
  const state = { body: '', status: 200, asked: [], location: null, type: 'text/plain' };
  const server = http.createServer((request, response) => {
    const etag = `"${crypto.createHash('sha256').update(state.body).digest('hex').slice(0, 16)}"`;
    state.asked.push({ url: request.url, etag: request.headers['if-none-match'] });
    if (state.location !== null && request.url !== '/moved.txt') return response.writeHead(302, { location: state.location }).end();
    if (state.status !== 200) return response.writeHead(state.status).end('no\n');
    if (request.headers['if-none-match'] === etag) return response.writeHead(304, { etag }).end();
    return response.writeHead(200, { etag, 'content-type': state.type }).end(state.body);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => { server.closeAllConnections(); server.close(); });
  state.url = `http://127.0.0.1:${server.address().port}/list.txt`;
  return state;
}

test('a list is fetched with its ETag, kept when the source is bad or gone, and there after a restart', async (t) => {
  const from = await source(t);
  from.body = 'eve@mallory.example\n';
  const directory = scratch(t);
  const settings = blocking({ url: from.url, match: 'email', reload: '1s' }, { lists_state: path.join(directory, 'state') });
  fs.mkdirSync(path.join(directory, 'state'));
  let gate = await serve(t, settings);
  assert.equal(await isBlocked(t, gate, 'eve@mallory.example'), true);
  await eventually('a conditional request', () => from.asked.some((request) => request.etag !== undefined));

  from.body = 'eve@mallory.example\nbob@mallory.example\n';
  await becomes(t, gate, 'bob@mallory.example', true);
  for (const [break_it, says] of [
    [() => { from.status = 503; }, /status is 503/],
    [() => { from.status = 200; from.body = 'oops\n'; }, /line 1: not an e-mail/],
    [() => { from.type = 'text/html'; from.body = 'zoe@mallory.example\n'; }, /web page/],
    [() => { from.location = 'http://elsewhere.example/list.txt'; }, /redirects to another host/],
  ]) {
    const offset = gate.stderr.length;
    break_it();
    await gate.line(says, offset);
    assert.equal(await isBlocked(t, gate, 'bob@mallory.example'), true);
  }
  assert.doesNotMatch(gate.stderr, /list\.txt/, 'a URL may hold a secret');
  await gate.stop();

  gate = await serve(t, settings);
  await gate.line(/warning: .*the copy of last time is used/);
  assert.equal(await isBlocked(t, gate, 'bob@mallory.example'), true);
  from.type = 'text/plain';
  from.location = '/moved.txt';
  from.body = 'dave@mallory.example\n';
  await becomes(t, gate, 'dave@mallory.example', true);
  assert.equal(await isBlocked(t, gate, 'bob@mallory.example'), false);
});

test('a list that cannot be fetched and has no copy is a mistake of the configuration', async (t) => {
  const from = await source(t);
  from.status = 404;
  const directory = scratch(t, { 'c.yaml': JSON.stringify(blocking({ url: from.url, match: 'email' })) });
  const refused = await run(['check', path.join(directory, 'c.yaml')]);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /list "blocked": cannot fetch it: the answer's status is 404/);
});

test('lists change under load and no request is lost', async (t) => {
  const directory = scratch(t, { 'blocked.txt': 'eve@mallory.example\n' });
  const file = path.join(directory, 'blocked.txt');
  const gate = await serve(t, blocking({ file, match: 'email', reload: '1s' }, { lists_state: path.join(directory, 'state'), workers: 2 }));
  let going = true;
  let answered = 0;
  const load = Promise.all(Array.from({ length: 8 }, async () => {
    while (going) {
      assert.equal(await isBlocked(t, gate, 'eve@mallory.example'), true, 'it is in the list at every moment');
      answered++;
    }
  }));
  for (let i = 0; i < 50; i++) {
    assert.equal((await change(gate, { add: [`p${i}@mallory.example`] })).status, 200);
    if (i % 10 === 0) deliver(file, `eve@mallory.example\nq${i}@mallory.example\n`);
    if (i % 10 === 5) gate.signal('SIGHUP');
  }
  await becomes(t, gate, 'q40@mallory.example', true);
  await becomes(t, gate, 'p49@mallory.example', true);
  going = false;
  await load;
  assert.ok(answered > 50);
});
