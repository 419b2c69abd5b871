// Several endpoints of a backend, through the real binary: who is asked how often, who is left out and
// how they come back, breakers, hedges, and what TLS demands of both sides. All in one process, each
// backend with a connector of its own; parts that share nothing run at once.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import https from 'node:https';
import { test } from 'node:test';

import certificates from '../../tools/demo_backend/certificates.js';
import { assertOtherwise, assertOwn, backend, customer, Figures, kMessages, kOtherwise, searching, signUp }
  from './lib/backends.mjs';
import { configuration, eventually, scratch, serve } from './lib/claimgate.mjs';
import { connect, post } from './lib/wire.mjs';

const kPatient = { timeout: '20s', connect_timeout: '20s', retries: 0 };
const kNeverOpen = { failures: 1_000_000, requests: 1_000_000 };
const kNoChecks = { path: '/health', interval: '1h', fall: 1000 };

// A connector for each backend, at /NAME.
function asking(backends, changes = {}) {
  const connectors = {};
  for (const name of Object.keys(backends)) {
    connectors[name] = {
      path: `/${name}`, dialect: 'b2c-userflow', deadline: '25s', otherwise: kOtherwise,
      auth: { basic: [{ username: 'b2c', password: 's3cr:et' }] },
      rules: [{ name: 'asks', ask: name }],
    };
  }
  return configuration({ backends, connectors, messages: { ...configuration().messages, ...kMessages }, ...changes });
}

let people = 0;

// So many sign-ups of people who are new, on `connections` at once: { own, otherwise, ms }.
async function signUps(t, gate, name, count, connections = 4) {
  const told = { own: 0, otherwise: 0 };
  let left = count;
  const began = performance.now();
  await Promise.all(Array.from({ length: connections }, async () => {
    const wire = await connect(t, gate.address);
    while (left-- > 0) {
      const email = `${name}${people++}@woodgrove.example`;
      await wire.send(post(signUp(email), { path: `/${name}` }));
      const answer = await wire.answer();
      if (answer.status === 200) {
        assertOwn(answer, email);
        told.own++;
      } else {
        assertOtherwise(answer);
        told.otherwise++;
      }
    }
    wire.destroy();
  }));
  return { ...told, ms: performance.now() - began };
}

// A server that demands a certificate of `ca` in the handshake, and remembers whose it was.
async function demanding(t, made) {
  const { key, cert } = made.servers.good;
  const one = { shown: [], asked: 0 };
  const server = https.createServer({ key, cert, ca: made.caPem, requestCert: true, rejectUnauthorized: true },
    (request, response) => {
      one.asked++;
      one.shown.push(request.socket.getPeerCertificate().subject?.CN);
      let body = '';
      request.setEncoding('utf8').on('data', (text) => (body += text)).on('end', () => {
        const { tier, id } = customer(JSON.parse(body).mail);
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ found: true, customer: { tier, id } }));
      });
    });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections?.();
    server.close();
  });
  one.url = `https://localhost:${server.address().port}`;
  return one;
}

test('endpoints, breakers, hedges and certificates', { concurrency: true }, async (t) => {
  const directory = scratch(t);
  const made = certificates.make_certificates(directory, ['good']);
  made.caPem = fs.readFileSync(made.ca, 'utf8');

  const checked = [await backend(t), await backend(t)];
  const weighed = [await backend(t), await backend(t), await backend(t)];
  const breaking = await backend(t, 'reset');
  const hedged = [await backend(t, 'hang'), await backend(t)];
  const poor = [await backend(t, 'hang'), await backend(t)];
  const resetting = { thrifty: await backend(t, 'reset'), generous: await backend(t, 'reset'), once: await backend(t, 'reset') };
  const sealed = await demanding(t, made);
  const pinned = await backend(t, 'ok', {}, { secure: made.servers.good });
  const pinnedUrl = `https://localhost:${pinned.port}`;
  const urls = (all) => all.map((one) => one.url);

  const checking = (slow_return) => searching(checked[0].url, {
    ...kPatient, endpoints: urls(checked), breaker: kNeverOpen,
    health: { path: '/health', interval: '100ms', rise: 2, fall: 2, status: 200, slow_return },
  });
  const gate = await serve(t, asking({
    checked: checking('0ms'),
    slowly: checking('1m'),
    weighed: searching(weighed[0].url, {
      ...kPatient, breaker: kNeverOpen, health: kNoChecks,
      endpoints: [{ url: weighed[0].url, weight: 95 }, { url: weighed[1].url, weight: 5 }, { url: weighed[2].url, weight: 0 }],
    }),
    breaking: searching(breaking.url, { ...kPatient, health: kNoChecks, breaker: { failures: 3, open: '1s' } }),
    hedged: searching(hedged[0].url, {
      ...kPatient, endpoints: urls(hedged), breaker: kNeverOpen, health: kNoChecks,
      idempotent: true, hedge_after: '20ms', retry_budget: 1,
    }),
    poor: searching(poor[0].url, {
      ...kPatient, timeout: '100ms', endpoints: urls(poor), breaker: kNeverOpen, health: kNoChecks,
      idempotent: true, hedge_after: '20ms', retry_budget: 0.1,
    }),
    ...Object.fromEntries(Object.entries(resetting).map(([name, one]) => [name, searching(one.url, {
      ...kPatient, breaker: kNeverOpen, health: kNoChecks, retries: 2,
      idempotent: name !== 'once', retry_budget: name === 'thrifty' ? 0.1 : 1,
    })])),
    sealed: searching(sealed.url, {
      ...kPatient, breaker: kNeverOpen, health: kNoChecks,
      tls: { ca: made.ca, certificate: made.client.certificate, key: made.client.key },
    }),
    unsealed: searching(sealed.url, { ...kPatient, breaker: kNeverOpen, health: kNoChecks, tls: { ca: made.ca } }),
    pinned: searching(pinnedUrl, { ...kPatient, breaker: kNeverOpen, health: kNoChecks, tls: { ca: made.ca } }),
    mispinned: searching(pinnedUrl, { ...kPatient, breaker: kNeverOpen, health: kNoChecks, tls: { ca: made.other_ca } }),
    unpinned: searching(pinnedUrl, { ...kPatient, breaker: kNeverOpen, health: kNoChecks }),
    misnamed: searching(pinnedUrl, {
      ...kPatient, breaker: kNeverOpen, health: kNoChecks, tls: { ca: made.ca, server_name: 'mail.example' },
    }),
    renamed: searching(`https://127.0.0.1:${pinned.port}`, {
      ...kPatient, breaker: kNeverOpen, health: kNoChecks, tls: { ca: made.ca, server_name: 'crm.internal' },
    }),
  }));
  const asked = (one) => one.counts.by_path['/v2/customers/search'] ?? 0;
  const read = () => new Figures(gate).read();

  await Promise.all([
    t.test('checks take an endpoint out, and it comes back at once or by and by', async (t) => {
      const [steady, ill] = checked;
      const backends = ['checked', 'slowly'];
      const available = async (one) => {
        const figures = await read();
        return backends.map((name) => figures.sum('claimgate_endpoint_available', { backend: name, endpoint: one.url })).join();
      };
      const shareOf = async (name) => {
        const before = asked(ill);
        assert.equal((await signUps(t, gate, name, 60)).own, 60, name);
        return (asked(ill) - before) / 60;
      };
      for (const name of backends) assert.ok(await shareOf(name) > 0.25, 'both are asked');
      await ill.set_mode('unavailable');
      await eventually('it to be out', async () => (await available(ill)) === '0,0');
      assert.equal(await available(steady), '1,1');
      for (const name of backends) assert.equal(await shareOf(name), 0, 'nobody asks it meanwhile');
      const figures = await read();
      for (const name of backends) {
        const of = { backend: name, endpoint: ill.url };
        assert.equal(figures.sum('claimgate_endpoint_ejections_total', of), 1);
        assert.ok(figures.sum('claimgate_endpoint_health_failures_total', of) >= 2);
        assert.match(gate.stderr, new RegExp(`backend ${name}: ${ill.url} is ejected`));
      }

      await ill.set_mode('ok');
      await eventually('it to be back', async () => (await available(ill)) === '1,1');
      const share = await shareOf('slowly');
      assert.ok(share < 0.25, `${share}: one in eleven to begin with`);
      assert.ok(await shareOf('checked') > 0.25);
    }),

    t.test('weights are shares, a canary has a small one, and 0 is none', async (t) => {
      assert.equal((await signUps(t, gate, 'weighed', 200)).own, 200);
      const [most, canary, none] = weighed.map(asked);
      assert.equal(most + canary, 200);
      assert.ok(canary >= 1 && canary <= 40, `${canary} of 200 with a weight of 5%`);
      assert.equal(none, 0);
    }),

    t.test('the metrics show the breaker closed, open, half open and closed again', async (t) => {
      const state = async () => {
        const figures = await read();
        return ['closed', 'open', 'half_open'].filter((name) =>
          figures.sum('claimgate_backend_breaker', { backend: 'breaking', state: name }) === 1);
      };
      assert.deepEqual(await state(), ['closed']);
      assert.equal((await signUps(t, gate, 'breaking', 3, 1)).otherwise, 3);
      const opened = performance.now();
      assert.notDeepEqual(await state(), ['closed']);
      const seen = asked(breaking);
      assert.equal(seen, 3);
      const { otherwise } = await signUps(t, gate, 'breaking', 10, 1);
      const during = await state();
      if (performance.now() - opened < 900) {
        assert.equal(otherwise, 10);
        assert.deepEqual(during, ['open']);
        assert.equal(asked(breaking), seen, 'an open breaker asks nobody');
      }
      const figures = await read();
      assert.ok(figures.sum('claimgate_backend_breaker_opened_total', { backend: 'breaking' }) >= 1);
      assert.ok(figures.sum('claimgate_backend_failures_total', { backend: 'breaking', kind: 'breaker_open' }) > 0);
      await eventually('it to be half open', async () => (await state())[0] === 'half_open');
      await signUps(t, gate, 'breaking', 1, 1);
      assert.deepEqual(await state(), ['open'], 'one try that fails opens it again');
      await breaking.set_mode('ok');
      await eventually('it to be half open', async () => (await state())[0] === 'half_open');
      assert.equal((await signUps(t, gate, 'breaking', 1, 1)).own, 1);
      assert.deepEqual(await state(), ['closed']);
      assert.equal((await signUps(t, gate, 'breaking', 10, 1)).own, 10);
      for (const name of ['open', 'half_open', 'open', 'half_open', 'closed']) {
        assert.match(gate.stderr, new RegExp(`backend breaking: the breaker is ${name}`));
      }
    }),

    t.test('a hedge answers for an endpoint that hangs', async (t) => {
      const { own } = await signUps(t, gate, 'hedged', 40);
      assert.equal(own, 40, 'nobody waits for the one that hangs');
      assert.equal(asked(hedged[1]), 40);
      const figures = await read();
      const won = figures.sum('claimgate_backend_hedges_won_total', { backend: 'hedged' });
      const hedges = figures.sum('claimgate_backend_hedges_total', { backend: 'hedged' });
      // One that loses is beside an answer that took this machine longer than hedge_after.
      assert.ok(won > 0 && won <= hedges && asked(hedged[0]) <= hedges, `${won} of ${hedges} won, ${asked(hedged[0])} hung`);
      await eventually('nothing to be left of those', async () =>
        (await read()).sum('claimgate_endpoint_in_flight', { backend: 'hedged' }) === 0);
    }),

    t.test('hedges are inside the budget', async (t) => {
      const { own, otherwise } = await signUps(t, gate, 'poor', 60);
      const figures = await read();
      const hedges = figures.sum('claimgate_backend_hedges_total', { backend: 'poor' });
      assert.ok(hedges >= 1 && hedges <= 1 + 60 * 0.1, `${hedges} hedges for 60 questions`);
      assert.ok(figures.sum('claimgate_backend_budget_spent_total', { backend: 'poor' }) > 0);
      assert.ok(asked(poor[0]) + asked(poor[1]) <= 60 + hedges);
      assert.ok(own > 0 && otherwise > 0, JSON.stringify({ own, otherwise }));
    }),

    t.test('a backend that demands a certificate is shown it, and asked nothing without it', async (t) => {
      assert.equal((await signUps(t, gate, 'sealed', 10)).own, 10);
      assert.equal(sealed.asked, 10);
      assert.deepEqual([...new Set(sealed.shown)], ['claimgate']);
      assert.equal((await signUps(t, gate, 'unsealed', 4)).otherwise, 4);
      assert.equal(sealed.asked, 10);
    }),

    t.test('the authority is the one that the configuration names, and so is the name', async (t) => {
      for (const name of ['pinned', 'renamed']) assert.equal((await signUps(t, gate, name, 4)).own, 4, name);
      for (const name of ['mispinned', 'unpinned', 'misnamed']) {
        assert.equal((await signUps(t, gate, name, 4)).otherwise, 4, name);
        assert.equal((await read()).sum('claimgate_backend_failures_total', { backend: name, kind: 'tls' }), 4, name);
      }
      assert.equal(asked(pinned), 8);
    }),
  ]);

  await t.test('retries are inside the budget, and only where the backend can be asked twice', async (t) => {
    // The first retry is free; then each question brings its share: a tenth, or one.
    for (const [name, retries] of [['thrifty', 1 + 20 * 0.1], ['generous', 1 + 20], ['once', 0]]) {
      assert.equal((await signUps(t, gate, name, 20, 1)).otherwise, 20, name);
      const figures = await read();
      assert.equal(figures.sum('claimgate_backend_retries_total', { backend: name }), retries, name);
      assert.equal(figures.sum('claimgate_backend_tries_total', { backend: name }), 20 + retries, name);
      assert.equal(asked(resetting[name]), 20 + retries, name);
      assert.equal(figures.sum('claimgate_backend_budget_spent_total', { backend: name }) > 0, name !== 'once', name);
    }
  });
});
