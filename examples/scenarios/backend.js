#!/usr/bin/env node
'use strict';
// The five systems that the scenarios ask, in one process, on 127.0.0.1 only:
//
//   node examples/scenarios/backend.js [--port N]       43212; 0: any free one, printed as "listening on N"
//
//   POST /proofing/checks        is this document this person's?
//   GET  /invitations/CODE       is this invitation good?
//   GET  /approvals/PERSON       what became of the request of this person?
//   POST /approvals              this person asks to be let in; asking again changes nothing
//   POST /approvals/PERSON       an officer decides: {"state": "approved"} or {"state": "denied"}
//   POST /captcha/verify         was the puzzle solved? (a form, as captcha services take it)
//   POST /crm/contacts           a new contact; never called twice for one person
//   GET  /roles?person=ID        what may this person do?
//   GET  /seen                   how often each of these was called
//
// Everything is invented and in memory.
const http = require('node:http');

const kDocuments = { NX4R91207: 'revoked', NP0000001: 'verified' };
const kInvitations = { 'SPRING-77': 'expired', 'SUMMER-12': 'open' };
const kRoles = { '5b0f7e0e-59f5-4b0a-9a1d-2f4d7c1c8a10': { roles: 'Buyer Approver', cost_centre: 4711 } };
const kSolvedPuzzle = '03AFcWeA';

const approvals = new Map();
const seen = {};
let contacts = 204416;

const json = (status, value) => ({ status, type: 'application/json', body: JSON.stringify(value) });
const object_of = (body) => {
  try {
    return JSON.parse(body) ?? {};
  } catch {
    return {};
  }
};

// In a path, a word in capital letters stands for a value.
const services = [
  ['POST /proofing/checks', ({ body }) =>
    json(200, { outcome: kDocuments[object_of(body).document?.number] ?? 'unknown' })],
  ['GET /invitations/CODE', ({ part }) => {
    const state = kInvitations[part.toUpperCase()];
    return state === undefined ? json(404, {}) : json(200, { state });
  }],
  ['GET /approvals/PERSON', ({ part }) =>
    (approvals.has(part) ? json(200, { state: approvals.get(part).state }) : json(404, { state: 'none' }))],
  ['POST /approvals', ({ body }) => {
    const { person, claims } = object_of(body);
    if (typeof person !== 'string') return json(400, { error: '"person" is missing' });
    if (!approvals.has(person)) approvals.set(person, { state: 'pending', claims });
    return json(200, { state: approvals.get(person).state });
  }],
  ['POST /approvals/PERSON', ({ part, body }) => {
    if (!approvals.has(part)) return json(404, { state: 'none' });
    approvals.get(part).state = object_of(body).state;
    return json(200, approvals.get(part));
  }],
  ['POST /captcha/verify', ({ body }) =>
    json(200, { success: new URLSearchParams(body).get('response') === kSolvedPuzzle })],
  ['POST /crm/contacts', () => json(201, { number: `C-${++contacts}` })],
  ['GET /roles', ({ query }) => {
    const found = kRoles[query.get('person')];
    return found ? json(200, found) : json(404, {});
  }],
  ['GET /seen', () => json(200, seen)],
].map(([name, service]) => ({ name, service, form: new RegExp(`^${name.replace(/[A-Z]+$/, '([^/]+)')}$`) }));

function answer(method, url, body) {
  const { pathname, searchParams } = new URL(url, 'http://backend');
  for (const { name, service, form } of services) {
    const match = form.exec(`${method} ${pathname}`);
    if (!match) continue;
    if (name !== 'GET /seen') seen[name] = (seen[name] ?? 0) + 1;
    return service({ body, query: searchParams, part: match[1] && decodeURIComponent(match[1]) });
  }
  return json(404, { error: 'no such service' });
}

const server = http.createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    const { status, type, body } = answer(request.method, request.url, Buffer.concat(parts).toString('utf8'));
    response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
    response.end(body);
  });
});

const at = process.argv.indexOf('--port');
server.listen(at < 0 ? 43212 : Number(process.argv[at + 1]), '127.0.0.1', () =>
  console.log(`listening on ${server.address().port}`));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(0));
