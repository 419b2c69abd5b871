'use strict';
// The work unit in JavaScript, shared by the two Node servers.
const fs = require('node:fs');
const path = require('node:path');
const { timingSafeEqual } = require('node:crypto');

const read_list = (file) => new Set(fs.readFileSync(file, 'utf8').split('\n').filter(Boolean));
const title_case = (text) => text.toLowerCase()
  .replace(/(^|[^\p{L}\p{M}\p{N}])(\p{L})/gu, (_, before, letter) => before + letter.toUpperCase());

const kBlock = { version: '1.0.0', action: 'ShowBlockPage',
  userMessage: 'Sign-up is not open to you.' };
const kRefusePostalCode = { version: '1.0.0', status: 400, action: 'ValidationError',
  userMessage: 'Enter a five-digit postal code.' };

/** Loads a work unit's lists: { is_caller(authorization), decide(claims) -> [status, answer] }. */
function load(directory) {
  const domains = read_list(path.join(directory, 'blocked-domains.txt'));
  const people = read_list(path.join(directory, 'blocked-people.txt'));
  const manifest = JSON.parse(fs.readFileSync(path.join(directory, 'manifest.json'), 'utf8'));
  const authorization = Buffer.from(manifest.authorization);

  const is_caller = (value) => {
    const given = Buffer.from(value ?? '');
    return given.length === authorization.length && timingSafeEqual(given, authorization);
  };
  const decide = (claims) => {
    const email = (claims.email ?? '').toLowerCase();
    if (domains.has(email.slice(email.lastIndexOf('@') + 1)) || people.has(email)) {
      return [200, kBlock];
    }
    if (!/^[0-9]{5}$/.test(claims.postalCode ?? '')) return [400, kRefusePostalCode];
    return [200, { version: '1.0.0', action: 'Continue',
      givenName: title_case(claims.givenName ?? ''), surname: title_case(claims.surname ?? '') }];
  };
  return { is_caller, decide };
}

module.exports = { load };
