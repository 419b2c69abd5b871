'use strict';

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** { median, min, max } of numbers, at least one. */
const spread = (values) => ({
  median: median(values), min: Math.min(...values), max: Math.max(...values) });

module.exports = { median, spread };
