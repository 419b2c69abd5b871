// What rules leave behind beside their answers, through the real binary: tags and shadow rules in the
// metrics and in the access log, the same people in every sample, the clock, groups with parameters.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { configuration, eventually, kAuthorization, serve } from './lib/claimgate.mjs';
import { parse } from './lib/openmetrics.mjs';

async function signUp(gate, claims, route = '/signup') {
  const response = await fetch(gate.address + route, {
    method: 'POST', headers: { authorization: kAuthorization, 'content-type': 'application/json' },
    body: JSON.stringify({ step: 'PostAttributeCollection', ...claims }),
  });
  return { status: response.status, ...(await response.json()) };
}

// The samples of one counter, by their labels: { 'a=1,b=2': value }.
async function counted(gate, family) {
  const families = parse(await (await fetch(`${gate.admin}/metrics`)).text());
  return Object.fromEntries((families[family]?.samples ?? []).filter(({ name }) => name === `${family}_total`)
    .map(({ labels, value }) => [Object.entries(labels).map(([k, v]) => `${k}=${v}`).join(','), value]));
}

async function logged(gate, count) {
  const file = path.join(gate.directory, 'access.log');
  return eventually(`${count} lines in the access log`, () => {
    const lines = fs.existsSync(file) ? fs.readFileSync(file, 'utf8').trim().split('\n').filter(Boolean) : [];
    return lines.length >= count && lines.map((line) => JSON.parse(line));
  });
}

const kLog = { access_log: { file: 'access.log' } };

test('tags are counted and stand in the access log', async (t) => {
  const gate = await serve(t, configuration({ ...kLog, connector: { rules: [
    { name: 'office', when: { 'email.domain': 'corp.example' }, tag: 'office' },
    { name: 'north', when: { country: { in: ['Sweden', 'Norway'] } }, tag: 'north', set: { extension_level: 3 } },
    { name: 'closed', when: { country: 'Norway' }, tag: 'north', block: 'refused' },
  ] } }));
  const first = await signUp(gate, { email: 'M4RK3R@corp.example', country: 'Sweden' });
  assert.deepEqual(first, { status: 200, version: '1.0.0', action: 'Continue', extension_level: 3 });
  assert.equal((await signUp(gate, { email: 'M4RK3R@a.example', country: 'Norway' })).action, 'ShowBlockPage');
  await signUp(gate, { email: 'M4RK3R@a.example', country: 'Denmark' });
  assert.deepEqual(await counted(gate, 'claimgate_tags'),
    { 'connector=signup,tag=office': 1, 'connector=signup,tag=north': 2 });
  const lines = await logged(gate, 3);
  assert.deepEqual(lines.map((line) => line.tags), [['office', 'north'], ['north'], undefined]);
  assert.ok(!JSON.stringify(lines).includes('M4RK3R'));
});

test('a rule in shadow is counted where it would have acted, and does nothing', async (t) => {
  const gate = await serve(t, configuration({ connector: { rules: [
    { name: 'no digits', mode: 'shadow', when: { givenName: { matches: '[0-9]' } }, block: 'refused' },
  ] } }));
  assert.equal((await signUp(gate, { givenName: 'R2D2' })).action, 'Continue');
  assert.equal((await signUp(gate, { givenName: 'Dana' })).action, 'Continue');
  assert.deepEqual(await counted(gate, 'claimgate_shadow_matches'), { 'connector=signup,rule=no digits': 1 });
});

test('shadow_rules are counted beside the live ones, and differences are logged without claims', async (t) => {
  const gate = await serve(t, configuration({ ...kLog, connector: {
    rules: [{ name: 'blocked', when: { email: { ends_with: '@blocked.example' } }, block: 'refused' }],
    shadow_rules: [
      { name: 'blocked', when: { email: { ends_with: '@blocked.example' } }, block: 'refused' },
      { name: 'names', when: { givenName: { exists: false } }, validation_error: 'again' },
    ] } }));
  await signUp(gate, { email: 'M4RK3R@blocked.example', givenName: 'M4RK3R' });  // the same verdict
  await signUp(gate, { email: 'M4RK3R@open.example' });                          // another
  await signUp(gate, { email: 'M4RK3R@open.example', givenName: 'M4RK3R' });     // the same
  assert.deepEqual(await counted(gate, 'claimgate_shadow_rules'), {
    'connector=signup,verdict=block,shadow=block,differs=no': 1,
    'connector=signup,verdict=continue,shadow=validation_error,differs=yes': 1,
    'connector=signup,verdict=continue,shadow=continue,differs=no': 1,
  });
  const lines = await logged(gate, 3);
  assert.deepEqual(lines.map(({ verdict, shadow, shadow_rule }) => [verdict, shadow, shadow_rule]),
    [['block', undefined, undefined], ['continue', 'validation_error', 'names'], ['continue', undefined, undefined]]);
  assert.ok(!JSON.stringify(lines).includes('M4RK3R'));
});

test('percent takes the same people every time, after a reload and in another process', async (t) => {
  const rules = [{ name: 'some', when: { percent: { of: 30, by: 'email', salt: 'pilot' } }, block: 'refused' }];
  const people = Array.from({ length: 200 }, (_, i) => `person${i}@a.example`);
  const taken = async (gate) => {
    const told = await Promise.all(people.map((email) => signUp(gate, { email })));
    return people.filter((_, i) => told[i].action === 'ShowBlockPage');
  };
  const one = await serve(t, configuration({ connector: { rules } }));
  const first = await taken(one);
  // 60 are expected; beyond these bounds lies less than one in a million draws.
  assert.ok(first.length > 28 && first.length < 92, `${first.length} of 200`);
  assert.deepEqual(await taken(one), first);
  one.signal('SIGHUP');
  await one.line(/reloaded/);
  assert.deepEqual(await taken(one), first);
  const other = await serve(t, configuration({ workers: 2, connector: { rules } }));
  assert.deepEqual(await taken(other), first);
});

test('a group of rules is used by connectors with parameters of their own', async (t) => {
  const one = configuration().connectors.signup;
  const gate = await serve(t, configuration({
    rule_groups: { domains: { parameters: ['domain', 'message'], rules: [
      { name: 'only ours', when: { 'email.domain': { not_equals: '${with:domain}' } }, block: '${with:message}' }] } },
    connectors: {
      a: { ...one, path: '/a', rules: [{ include: 'domains', with: { domain: 'a.example', message: 'refused' } }] },
      b: { ...one, path: '/b', rules: [{ include: 'domains', with: { domain: 'b.example', message: 'again' } }] },
    },
  }));
  assert.equal((await signUp(gate, { email: 'x@a.example' }, '/a')).action, 'Continue');
  assert.equal((await signUp(gate, { email: 'x@a.example' }, '/b')).userMessage, 'Check your postal code.');
  assert.equal((await signUp(gate, { email: 'x@b.example' }, '/a')).userMessage, 'Not open to b.example.');
});
