'use strict';

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** { median, min, max } of numbers, at least one. */
const spread = (values) => ({
  median: median(values), min: Math.min(...values), max: Math.max(...values) });

/** Of each value as a multiple of the one in `base` that was measured beside it; null without. */
function ratios(values, base) {
  if (!base || base.length !== values.length || base.some((value) => !(value > 0))) return null;
  return spread(values.map((value, i) => value / base[i]));
}

module.exports = { median, spread, ratios };
