'use strict';
// The work unit is the same bytes on every machine, so it has its own generator of numbers:
// "mulberry32", 32 bits of state, public domain (Tommy Ettinger).

/** Numbers in [0, 1), the same for the same seed on every machine. */
function random_from(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const pick = (random, values) => values[Math.floor(random() * values.length)];

const digits = (random, count) =>
  Array.from({ length: count }, () => Math.floor(random() * 10)).join('');

const hex = (random, count) =>
  Array.from({ length: count }, () => Math.floor(random() * 16).toString(16)).join('');

/** `values` in another order (Fisher-Yates), in place. */
function shuffle(random, values) {
  for (let i = values.length - 1; i > 0; --i) {
    const j = Math.floor(random() * (i + 1));
    [values[i], values[j]] = [values[j], values[i]];
  }
  return values;
}

module.exports = { random_from, pick, digits, hex, shuffle };
