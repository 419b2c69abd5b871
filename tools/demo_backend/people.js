'use strict';
// The customers of the demonstration's legacy system. Nothing is stored: everything follows from
// the e-mail address, so every answer can be checked by whoever knows which address was asked for.
const crypto = require('node:crypto');

const kTiers = ['bronze', 'silver', 'gold', 'platinum'];

/** The address as this system compares it: without letter case and blanks around it. */
const canonical = (email) => String(email ?? '').trim().toLowerCase();

/** What stands for an address in counts: 16 hexadecimal digits of its SHA-256, never the address. */
const hash_of = (email) =>
  crypto.createHash('sha256').update(canonical(email)).digest('hex').slice(0, 16);

/**
 * Who has this address: { kind: 'known', id, tier, since, points }, { kind: 'unknown' } or
 * { kind: 'taken', reason }. `id` is "C-" and the address' hash: an answer that got to the wrong
 * person shows it. Unknown: local parts that begin with "unknown"; taken: with "taken".
 */
function customer(email) {
  const address = canonical(email);
  if (address === '' || address.startsWith('unknown')) return { kind: 'unknown' };
  if (address.startsWith('taken')) {
    return { kind: 'taken', reason: 'This address belongs to another account.' };
  }
  const hash = hash_of(address);
  const byte = (at) => parseInt(hash.slice(at, at + 2), 16);
  return {
    kind: 'known', id: `C-${hash}`, tier: kTiers[byte(0) % kTiers.length],
    since: 1990 + (byte(2) % 35), points: byte(4) * 10,
  };
}

module.exports = { customer, hash_of };
