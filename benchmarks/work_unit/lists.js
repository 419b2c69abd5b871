'use strict';
// The two blocked lists. A running number in each entry makes it unique; the words around it give
// the lengths and shared beginnings that real lists have.
const { pick, shuffle } = require('./random');

const kDomainWords = ['mail', 'inbox', 'temp', 'drop', 'quick', 'throwaway', 'box', 'post',
  'relay'];
const kTopLevels = ['example', 'test', 'invalid'];  // reserved (RFC 2606): nobody's domains
const kFirst = ['alex', 'sam', 'maria', 'chris', 'jordan', 'nina', 'robin', 'kim', 'taylor'];
const kLast = ['smith', 'silva', 'muller', 'rossi', 'nowak', 'larsen', 'dubois', 'costa'];
const kHosts = ['post.example', 'mail.test', 'inbox.example', 'letters.example', 'corp.test'];

function blocked_domains(random, count) {
  const domains = new Array(count);
  for (let i = 0; i < count; ++i) {
    const words = `${pick(random, kDomainWords)}-${pick(random, kDomainWords)}`;
    domains[i] = `${words}${i.toString(36)}.${pick(random, kTopLevels)}`;
  }
  return shuffle(random, domains);
}

function blocked_people(random, count) {
  const people = new Array(count);
  for (let i = 0; i < count; ++i) {
    people[i] = `${pick(random, kFirst)}.${pick(random, kLast)}.${i.toString(36)}@${
      pick(random, kHosts)}`;
  }
  return shuffle(random, people);
}

module.exports = { blocked_domains, blocked_people };
