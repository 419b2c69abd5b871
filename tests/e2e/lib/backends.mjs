// Backends for tests of forwarding: the demo backend in this process, a port that takes no
// connection, and what sign-ups must be told about themselves.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import { Worker } from 'node:worker_threads';

import demo from '../../../tools/demo_backend/backend.js';
import people from '../../../tools/demo_backend/people.js';
import { eventually } from './claimgate.mjs';
import { parse } from './openmetrics.mjs';
import { ask, assertContinue, post } from './wire.mjs';

export const { hash_of: hashOf, customer } = people;

// A demo backend of this test's own, ended behind it.
export async function backend(t, mode = 'ok', options = {}, more = {}) {
  const one = await new demo.DemoBackend(more).listen();
  t.after(() => one.close());
  await one.set_mode(mode, options);
  return one;
}

// `backends` entry that searches the demo backend's customers; `changes` replace members.
export function searching(url, changes = {}) {
  return {
    endpoints: [url],
    request: { method: 'POST', path: '/v2/customers/search', json: { mail: '{email}' } },
    response: [
      { when: { status: 200, json: { '/found': true } },
        continue: { extension_tier: '{/customer/tier}', extension_customer: '{/customer/id}' } },
      { when: { status: 404 }, continue: {} },
      { when: { status: 409 }, block: 'taken' },
    ],
    ...changes,
  };
}

export const kMessages = { taken: { en: 'Taken, {email}.' }, later: { en: 'Please try again later.' } };
export const kOtherwise = { validation_error: 'later' };

export const signUp = (email, more = {}) => ({ step: 'PostAttributeCollection', email, ...more });

// The claims that the backend's answer makes of this person's: nobody else's will do.
export function claimsOf(email) {
  const { tier, id } = customer(email);
  return { extension_tier: tier, extension_customer: id };
}

function assertDialect(answer) {
  assert.match(answer.fields['content-type'], /^application\/json/);
  assert.match(answer.fields['cache-control'] ?? '', /no-store/);
}

export function assertOwn(answer, email) {
  assertDialect(answer);
  assertContinue(answer, claimsOf(email));
}

// What `otherwise: { validation_error: later }` is in the dialect.
export function assertOtherwise(answer) {
  assertDialect(answer);
  assert.equal(answer.status, 400, JSON.stringify(answer));
  assert.deepEqual(answer.json, { version: '1.0.0', status: 400, action: 'ValidationError',
    userMessage: 'Please try again later.' });
}

// One sign-up on a connection of its own, and how long it took.
export async function signingUp(t, gate, path, email, more = {}) {
  const began = performance.now();
  const answer = await ask(t, gate.address, post(signUp(email, more), { path }));
  return { answer, email, ms: performance.now() - began };
}

// The figures of /metrics: read() again for newer ones.
export class Figures {
  constructor(gate) {
    this.gate = gate;
  }

  async read() {
    const response = await fetch(`${this.gate.admin}/metrics`, { headers: { connection: 'close' } });
    this.families = parse(await response.text());
    return this;
  }

  // The sum of the samples of `name` whose labels are at least these.
  sum(name, labels = {}) {
    const family = Object.values(this.families)
      .find((one) => one.samples.some((sample) => sample.name === name));
    return (family?.samples ?? [])
      .filter((sample) => sample.name === name &&
        Object.entries(labels).every(([label, value]) => sample.labels[label] === value))
      .reduce((sum, sample) => sum + sample.value, 0);
  }
}

export const descriptors = (gate) => fs.readdirSync(`/proc/${gate.child.pid}/fd`).length;

// A port whose connection attempts get no answer at all: its listener never accepts, and its queue
// is full. Linux drops what comes then, as a firewall would.
export async function deafPort(t) {
  const worker = new Worker(`
    const net = require('node:net');
    const { parentPort } = require('node:worker_threads');
    const server = net.createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      parentPort.postMessage(server.address().port);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);  // its loop never turns again
    });`, { eval: true });
  const port = await new Promise((resolve) => worker.once('message', resolve));
  const fillers = [];
  t.after(async () => {
    fillers.forEach((socket) => socket.destroy());
    await worker.terminate();
  });
  await eventually('the queue to be full', async () => {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('error', () => {});
    fillers.push(socket);
    return !(await Promise.race([new Promise((resolve) => socket.once('connect', () => resolve(true))),
      new Promise((resolve) => setTimeout(resolve, 300, false))]));
  });
  return port;
}
