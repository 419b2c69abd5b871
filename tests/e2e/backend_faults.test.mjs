// What a backend does wrong, one row a fault, through the real binary: every caller gets a
// well-formed answer in time, the right counter moves, no answer reaches another person, nothing is
// asked twice, nothing is left behind, and connectors that ask nobody do not notice.
//
// All rows run at once against one process: each has a backend, a connector and people of its own.
// No row asserts speed: answers must come by the connector's deadline and a slack that a busy
// machine under a sanitizer needs.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';

import certificates from '../../tools/demo_backend/certificates.js';
import { assertOtherwise, assertOwn, backend, deafPort, descriptors, Figures, hashOf, kMessages,
  kOtherwise, searching, signingUp, signUp } from './lib/backends.mjs';
import { configuration, eventually, kPatience, scratch, serve, within } from './lib/claimgate.mjs';
import { assertContinue, connect, post } from './lib/wire.mjs';

const kSlackMs = 20_000;
const kSignUps = 4;  // of each row, at once

// A try gives up long before the deadline where the fault is silence, and long after any answer
// where an answer is wanted.
const kSilent = { timeout: '500ms' };
const kPatient = { timeout: '25s', connect_timeout: '20s' };
const kPatientDeadline = '29s';

// One bad endpoint is never taken out: what is counted is the fault itself.
const kNoChecks = { path: '/health', interval: '1h', fall: 1000 };

// A row: the mode the backend is in, what the callers are told ('otherwise', 'own': what is true
// of them; 'bare': continue without claims; 'formed': one of the two) and the failure that is counted
// for each. `unresolved`: it answered, and the answer decides nothing. No row sees a person asked about
// twice.
const unresolved = { told: 'otherwise', failure: 'none' };
const wrong = (failure, more = {}) => ({ told: 'otherwise', failure, ...more });
const right = (more = {}) => ({ told: 'own', failure: 'none', ...more });
const kRows = {
  // Silence.
  hang: wrong('timeout', { config: kSilent }),
  'hang-accept': wrong('timeout', { config: kSilent }),
  'slow-accept': wrong('timeout', { config: kSilent, options: { ms: 60_000 } }),
  'hang-in-head': wrong('timeout', { config: kSilent }),
  'hang-in-body': wrong('timeout', { config: kSilent }),
  'slow-head': wrong('timeout', { config: kSilent, options: { ms: 60_000 } }),
  'slow-body': wrong('timeout', { config: kSilent, options: { ms: 60_000 } }),
  slow: wrong('timeout', { config: kSilent, options: { ms: 60_000 } }),
  'length-long-hold': wrong('timeout', { config: kSilent }),
  'chunk-cut-hold': wrong('timeout', { config: kSilent }),
  // The call outlives the request: nothing has failed yet when the caller is told.
  'deadline before timeout': wrong('none', { mode: 'hang', deadline: '600ms', config: { timeout: '3s' }, reason: 'deadline' }),
  'connect unanswered': wrong('connect_timeout', { deaf: true, config: { connect_timeout: '300ms', retries: 0 } }),

  // Ends too early.
  refuse: wrong('connect'),
  // A reset may arrive before the loop has seen that the connection stands: then it never did.
  'close-at-once': wrong('closed'), 'reset-at-once': wrong(/closed|connect/),
  close: wrong('closed'), reset: wrong('closed'),
  'close-in-head': wrong('closed'), 'reset-in-head': wrong('closed'),
  'close-in-body': wrong('closed'), 'reset-in-body': wrong('closed'),
  'length-long-close': wrong('closed'), 'chunk-cut-close': wrong('closed'), 'until-reset': wrong('closed'),

  // Framing.
  'length-junk': wrong('protocol'), 'length-negative': wrong('protocol'), 'length-huge': wrong(/protocol|too_large/),
  'length-twice': wrong('protocol'), 'length-and-chunked': wrong('protocol'),
  'chunk-junk': wrong('protocol'), 'chunk-overflow': wrong(/protocol|too_large/), 'chunk-signed': wrong('protocol'),
  'chunk-no-crlf': wrong('protocol'), 'chunk-extension-long': wrong(/protocol|too_large/), 'trailers-long': wrong(/protocol|too_large/),
  'coding-unknown': wrong('protocol'), 'coding-twice': wrong('protocol'),
  'length-short': wrong('none'),

  // No HTTP/1.1.
  garbage: wrong('protocol'), http09: wrong('protocol'), http2: wrong('protocol'), icy: wrong('protocol'),
  'status-short': wrong('protocol'), 'status-junk': wrong('protocol'), 'status-zero': wrong('protocol'),
  'tls-alert': wrong('protocol'), 'field-no-colon': wrong('protocol'), 'field-blank-name': wrong('protocol'),
  'field-blank-colon': wrong('protocol'), 'field-nul': wrong('protocol'), 'field-cr': wrong('protocol'),
  'field-fold': wrong('protocol'), switching: wrong('protocol'),

  // Too much.
  'head-long': wrong('too_large'), 'fields-many': wrong('too_large'), 'huge-body': wrong('too_large'),
  'endless-body': wrong('too_large'), 'endless-head': wrong('too_large'),
  'endless-interim': wrong(/too_large|protocol/), 'endless-noise': wrong('protocol'), 'interim-many': wrong(/too_large|protocol/),

  // HTTP that is right and decides nothing.
  moved: { ...unresolved, never: '/elsewhere' }, 'no-content': unresolved, 'not-modified': unresolved,
  'server-error': unresolved, 'bad-gateway': unresolved, unavailable: unresolved, 'too-many': unresolved,
  empty: unresolved, html: unresolved, 'json-cut': unresolved, 'json-other': unresolved, 'json-null': { told: 'bare', failure: 'none' },
  'json-deep': unresolved, 'json-utf8': unresolved, 'xml-bomb': unresolved,
  'gzip-cut': unresolved, 'gzip-junk': unresolved, 'gzip-bomb': unresolved,

  // Unusual and right.
  ok: right(), chunked: right(), gzip: right(), interim: right(), 'until-close': right(), 'closes-after': right(),
  'closes-unsaid': right(), 'resets-after': right(), 'two-answers': right(),
  unsolicited: right({ options: { ms: 1 } }),
  'slow in time': right({ mode: 'slow', options: { ms: 400 } }),
  'slow accept in time': right({ mode: 'slow-accept', options: { ms: 400 } }),

  // On a new connection, what it says before it can have read the question cannot be told from a
  // fast answer: the row says only that callers get well-formed answers.
  'speaks-first': { told: 'formed', failure: 'none' },

  // TLS: `tls` names the server's certificate.
  'certificate good': right({ mode: 'ok', tls: 'good' }),
  'certificate expired': wrong('tls', { mode: 'ok', tls: 'expired' }),
  'certificate of the future': wrong('tls', { mode: 'ok', tls: 'future' }),
  'certificate of another name': wrong('tls', { mode: 'ok', tls: 'wrong-name' }),
  'certificate of another authority': wrong('tls', { mode: 'ok', tls: 'other-ca' }),
  'certificate signed by itself': wrong('tls', { mode: 'ok', tls: 'self-signed' }),
  'plain HTTP where TLS is wanted': wrong('tls', { mode: 'ok', scheme: 'https' }),
  'no handshake': wrong(/tls|connect_timeout/, { mode: 'hang-accept', scheme: 'https', config: { connect_timeout: '300ms', retries: 0 } }),
  'reset in the handshake': wrong(/tls|connect/, { mode: 'reset-at-once', tls: 'good' }),
  'reset under TLS': wrong('closed', { mode: 'reset', tls: 'good' }),

  'name that does not resolve': wrong('resolve', { endpoint: 'http://crm.invalid:80' }),
};

const pathOf = (name) => `/fault/${name.replace(/[^a-z0-9]/g, '-')}`;
const idOf = (name) => name.replace(/[^a-z0-9]/g, '_');
const personOf = (name, i) => `person${i}@${name.replace(/[^a-z0-9]/g, '-')}.example`;

async function startRows(t, made) {
  const rows = {};
  const only = process.env.CLAIMGATE_FAULTS?.split(',');  // rows to run alone, when one is looked into
  for (const [name, row] of Object.entries(kRows)) {
    if (only && !only.includes(name)) continue;
    const mode = row.mode ?? name;
    const one = { name, ...row, id: idOf(name), path: pathOf(name) };
    if (row.deaf) one.url = `http://127.0.0.1:${await deafPort(t)}`;
    else if (row.endpoint) one.url = row.endpoint;
    else {
      one.backend = await backend(t, mode, row.options ?? {}, { secure: row.tls ? made.servers[row.tls] : null });
      one.url = one.backend.url;
      if (row.tls || row.scheme) one.url = `https://localhost:${one.backend.port}`;
    }
    rows[name] = one;
  }
  return rows;
}

function configurationOf(rows, made, changes = {}) {
  const backends = {};
  const connectors = {
    inline: { ...configuration().connectors.signup, path: '/inline' },
  };
  for (const row of Object.values(rows)) {
    const patient = row.config === undefined;
    backends[row.id] = searching(row.url, {
      retries: 0,
      idle_timeout: '1s',
      limits: { response_bytes: '256KiB' },
      breaker: { failures: 1000, requests: 1000 },
      health: kNoChecks,
      ...(row.url.startsWith('https:') ? { tls: { ca: made.ca } } : {}),
      ...(patient ? kPatient : {}),
      ...row.config,
    });
    connectors[row.id] = {
      path: row.path,
      dialect: 'b2c-userflow',
      auth: { basic: [{ username: 'b2c', password: 's3cr:et' }] },
      deadline: row.deadline ?? kPatientDeadline,
      otherwise: kOtherwise,
      rules: [{ name: 'asks', ask: row.id }],
    };
  }
  return configuration({ workers: 2, backends, connectors, messages: { ...configuration().messages, ...kMessages }, ...changes });
}

const milliseconds = (text) => (text.endsWith('ms') ? Number.parseInt(text, 10) : 1000 * Number.parseInt(text, 10));

// Sign-ups that ask no backend, one after the other on one connection, until `stop()`.
async function signUpsInLine(t, gate) {
  const wire = await connect(t, gate.address);
  let going = true;
  let count = 0;
  const loop = (async () => {
    for (; going; count++) {
      await wire.send(post(signUp(`inline${count}@a.example`, { givenName: 'dana' }), { path: '/inline' }));
      assertContinue(await wire.answer(), { givenName: 'Dana' });
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  loop.catch(() => {});  // told by stop()
  return {
    count: () => count,
    async stop() {
      going = false;
      await loop;
      wire.destroy();
    },
  };
}

const kTold = {
  own: assertOwn,
  otherwise: assertOtherwise,
  bare: (answer) => assertContinue(answer),
  formed: (answer) => (answer.status === 200 ? assertContinue(answer, { extension_tier: answer.json.extension_tier,
    extension_customer: answer.json.extension_customer }) : assertOtherwise(answer)),
};

function assertTold(row, { answer, email, ms }) {
  kTold[row.told](answer, email);
  const deadline = milliseconds(row.deadline ?? kPatientDeadline);
  assert.ok(ms < deadline + kSlackMs, `${row.name}: ${ms} ms, with a deadline of ${deadline}`);
}

// The failures counted for a backend, by kind.
function failuresOf(figures, id) {
  const family = Object.values(figures.families).find((one) => one.name === 'claimgate_backend_failures');
  const counted = {};
  for (const { labels, value } of family?.samples ?? []) {
    if (labels.backend === id && value > 0) counted[labels.kind] = value;
  }
  return counted;
}

test('the fault table', { concurrency: true }, async (t) => {
  const made = certificates.make_certificates(scratch(t));
  const rows = await startRows(t, made);
  const gate = await serve(t, configurationOf(rows, made));
  const before = descriptors(gate);
  const inline = await signUpsInLine(t, gate);
  await eventually('in-line answers', () => inline.count() > 10);

  await Promise.all(Object.values(rows).map((row) => t.test(row.name, async (t) => {
    const people = Array.from({ length: kSignUps }, (_, i) => personOf(row.name, i));
    const told = await within(row.name, Promise.all(
      people.map((email) => signingUp(t, gate, row.path, email))), kPatience + kSlackMs);
    told.forEach((one) => assertTold(row, one));

    const figures = await new Figures(gate).read();
    const failures = failuresOf(figures, row.id);
    if (row.failure === 'none') {
      assert.deepEqual(failures, {});
    } else {
      const kinds = Object.keys(failures);
      assert.ok(kinds.length > 0, 'a failure is counted');
      for (const kind of kinds) assert.match(kind, new RegExp(`^(${row.failure.source ?? row.failure})$`));
      assert.equal(Object.values(failures).reduce((sum, n) => sum + n, 0), kSignUps);
    }
    if (row.told === 'otherwise') {
      assert.equal(figures.sum('claimgate_fallbacks_total', { connector: row.id, reason: row.reason ?? 'backend' }), kSignUps);
    }
    if (row.backend) {
      for (const email of people) {
        const asked = row.backend.counts.by_mail[hashOf(email)] ?? 0;
        assert.ok(asked <= 1, `${row.name}: asked ${asked} times about one person`);
      }
      if (row.never) assert.equal(row.backend.counts.by_path[row.never], undefined);
    }

    // And when the fault is over, people are told what is true of them, by connections that hold
    // nothing of before.
    if (row.backend && row.scheme === undefined && (row.tls ?? 'good') === 'good') {
      await row.backend.set_mode('ok');
      if (row.config === kSilent) return;  // its try is too short for a machine that is busy
      if (row.deadline) return;  // its people are still being asked about
      const later = await Promise.all(people.map((email) => signingUp(t, gate, row.path, `later-${email}`)));
      later.forEach(({ answer, email }) => assertOwn(answer, email));
    }
  })));

  const seen = inline.count();
  await eventually('in-line answers behind it all', () => inline.count() > seen + 10);
  await inline.stop();

  await t.test('nothing is left: flights, queues, connections, descriptors', async () => {
    for (const row of Object.values(rows)) await row.backend?.set_mode('ok');
    const figures = new Figures(gate);
    await eventually('gauges at 0', async () => {
      await figures.read();
      return ['claimgate_backend_in_flight', 'claimgate_backend_queued', 'claimgate_requests_pending', 'claimgate_questions_under_way',
        'claimgate_endpoint_connections'].every((name) => figures.sum(name) === 0);
    });
    for (const row of Object.values(rows)) {
      if (row.backend) await eventually(`no connection at ${row.name}`, () => row.backend.counts.open === 0);
    }
    await eventually(`${before} descriptors`, () => descriptors(gate) <= before);
  });
});
