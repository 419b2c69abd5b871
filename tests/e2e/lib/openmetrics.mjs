// A strict reader of the OpenMetrics text format 1.0 (openmetrics.io), as far as counters, gauges,
// histograms and infos go.
import assert from 'node:assert/strict';

const kSuffixes = {
  counter: ['_total', '_created'],
  gauge: [''],
  histogram: ['_bucket', '_count', '_sum', '_created'],
  info: ['_info'],
};

// { family: { type, samples: [{ name, labels, value }] } }
export function parse(text) {
  assert.ok(text.endsWith('# EOF\n'), 'ends with # EOF');
  const families = {};
  let current = null;
  for (const line of text.slice(0, -'# EOF\n'.length).split('\n').slice(0, -1)) {
    const meta = line.match(/^# (TYPE|HELP|UNIT) ([a-zA-Z_:][a-zA-Z0-9_:]*)(?: (.*))?$/);
    if (meta) {
      const [, kind, name, rest] = meta;
      if (current?.name !== name) {
        assert.ok(!(name in families), `${name} is not interleaved`);
        current = families[name] = { name, samples: [] };
      }
      if (kind === 'TYPE') {
        assert.ok(rest in kSuffixes, line);
        current.type = rest;
      }
      if (kind === 'UNIT') assert.ok(name.endsWith(`_${rest}`), line);
      continue;
    }
    const sample = line.match(/^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (-?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Inf)|NaN)$/);
    assert.ok(sample, `no sample: ${line}`);
    const [, name, list, value] = sample;
    assert.ok(current?.type, `${name} comes behind its TYPE`);
    assert.ok(kSuffixes[current.type].some((suffix) => name === current.name + suffix), `${name} in ${current.name}`);
    const labels = {};
    let rest = list ?? '';
    while (rest !== '') {
      const label = rest.match(/^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,(?=.)|$)/);
      assert.ok(label, `labels of ${line}`);
      assert.ok(!(label[1] in labels), line);
      labels[label[1]] = label[2].replace(/\\(.)/g, (_, c) => (c === 'n' ? '\n' : c));
      rest = rest.slice(label[0].length);
    }
    current.samples.push({ name, labels, value: Number(value) });
  }
  for (const family of Object.values(families)) {
    assert.ok(family.type, `${family.name} has a TYPE`);
    if (family.type === 'histogram') checkHistogram(family);
  }
  return families;
}

// Buckets count up, end with +Inf, and that is the count.
function checkHistogram({ name, samples }) {
  const series = {};
  for (const sample of samples) {
    const { le, ...labels } = sample.labels;
    const one = (series[JSON.stringify(labels)] ??= { buckets: [] });
    if (sample.name === `${name}_bucket`) one.buckets.push([le, sample.value]);
    else one[sample.name.slice(name.length)] = sample.value;
  }
  for (const { buckets, _count } of Object.values(series)) {
    for (let i = 1; i < buckets.length; i++) {
      assert.ok(buckets[i][1] >= buckets[i - 1][1], `${name}: buckets are cumulative`);
      if (buckets[i][0] !== '+Inf') assert.ok(Number(buckets[i][0]) > Number(buckets[i - 1][0]), `${name}: bounds rise`);
    }
    assert.equal(buckets.at(-1)?.[0], '+Inf');
    assert.equal(buckets.at(-1)[1], _count);
  }
}

// What /metrics says now, for looking single values up.
export async function scrape(admin) {
  const response = await fetch(`${admin}/metrics`, { headers: { connection: 'close' } });
  const families = parse(await response.text());
  const samples = Object.values(families).flatMap((family) => family.samples);
  return {
    families,
    // The one sample of that name that has these labels.
    value(name, labels = {}) {
      const fits = samples.filter((sample) => sample.name === name
        && Object.entries(labels).every(([key, value]) => sample.labels[key] === value));
      assert.equal(fits.length, 1, `${name} ${JSON.stringify(labels)}: ${fits.length} samples`);
      return fits[0].value;
    },
  };
}
