// What kill -9 in the middle of load leaves of events with SQLite: every answer that waited for its event is
// told, whatever is told twice has one id; of those that did not wait a few may be missing. CLAIMGATE_KILL_ROUNDS rounds; figures are in the report.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';

import { configuration, eventually, kAuthorization, scratch, serve } from './lib/claimgate.mjs';
import { metric, receiver } from './lib/receiver.mjs';

const kRounds = Number(process.env.CLAIMGATE_KILL_ROUNDS ?? 5);
const kLanes = 8;
const kOfLane = 2000;

test('kill -9 loses no event of an answer that waited for it', async (t) => {
  const told = new Map();   // event's type and mark -> its ids, each time it was delivered
  const hook = await receiver(t, (request, body) => {
    const event = JSON.parse(body);
    const key = `${event.type} ${event.data.claims.city}`;
    told.set(key, [...(told.get(key) ?? []), event.id]);
    return 204;
  });
  const event = (type, changes) => ({ type, claims: { city: 'plain' }, sinks: ['crm'], ...changes });
  const settings = configuration({
    workers: 2,
    state: { sqlite: path.join(scratch(t), 'state.db') },
    sinks: { crm: { webhook: hook.url, concurrency: 16, backoff: '10ms' } },
    events: { before: event('before', { commit: 'before_answer' }), behind: event('behind') },
    connector: { on: { continue: ['before'], block: ['behind'] }, otherwise: { block: 'refused' } },
  });
  const answered = new Set(), unwaited = new Set();
  let asked = 0;
  for (let round = 0; round < kRounds; ++round) {
    const gate = await serve(t, settings);
    const lanes = Array.from({ length: kLanes }, async (_, lane) => {
      for (let i = 0; !gate.ended && i < kOfLane; ++i) {
        const city = `r${round}-${lane}-${i}`;
        const waits = lane % 2 === 0;
        ++asked;
        try {
          const response = await fetch(`${gate.address}/signup`, {
            method: 'POST', headers: { authorization: kAuthorization, 'content-type': 'application/json' },
            body: JSON.stringify({ step: 'PostAttributeCollection', postalCode: '12345', email: waits ? 'a@open.example' : 'a@blocked.example', city }),
          });
          assert.equal((await response.json()).action, waits ? 'Continue' : 'ShowBlockPage');
          (waits ? answered : unwaited).add(city);
        } catch (error) {
          if (error instanceof assert.AssertionError) throw error;
          return;  // it is dead
        }
      }
    });
    const before = answered.size;
    await eventually('answers', () => answered.size >= before + 20 + (round * 37) % 200);
    gate.child.kill('SIGKILL');
    await Promise.all(lanes);
    await gate.exit();
    gate.stop = async () => {};  // its end was no clean one
  }
  const last = await serve(t, settings);
  const missing = () => [...answered].filter((city) => !told.has(`before ${city}`));
  await eventually('nothing to wait', async () =>
    (await metric(last, 'claimgate_events_waiting', { sink: 'crm' })) === 0 && missing().length === 0).catch(() => {});
  assert.deepEqual(missing(), [], 'answered, and never told');
  const ids = [...told.values()];
  assert.ok(ids.every((all) => new Set(all).size === 1), 'what comes again has the id that it had');
  const deliveries = ids.reduce((sum, all) => sum + all.length, 0);
  const lost = [...unwaited].filter((city) => !told.has(`behind ${city}`)).length;
  t.diagnostic(`${kRounds} rounds, ${asked} asked, ${answered.size} answered that waited, ${unwaited.size} that did not; ${ids.length} events, ${deliveries} deliveries, ` +
    `${deliveries - ids.length} of them again; lost: 0 of those that waited, ${lost} of the others`);
});
