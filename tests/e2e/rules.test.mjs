// What rules leave behind beside their answers, through the real binary: tags and shadow rules in the
// metrics and in the access log, the same people in every sample, the clock, claims with their types,
// removed claims, languages, groups with parameters.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { configuration, eventually, kAuthorization, root, serve } from './lib/claimgate.mjs';
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

test('a claim that a rule removes is not in the answer, and later rules see what came', async (t) => {
  const gate = await serve(t, configuration({ connector: { rules: [
    { name: 'defaults', set: { extension_tier: 'basic', extension_region: 'north', country: '{country | upper}' } },
    { name: 'no tier for guests', when: { displayName: { starts_with: 'Guest' } }, remove: 'extension_tier' },
    { name: 'as typed', when: { country: 'SWEDEN', postalCode: '11122' }, remove: ['extension_region', 'country'] },
    { name: 'as it came', when: { country: 'Sweden', extension_region: { missing: true } }, set: { jobTitle: 'came: {country}' } },
  ] } }));
  const everything = await signUp(gate, { displayName: 'Dana', country: 'Norway' });
  assert.deepEqual(everything, { status: 200, version: '1.0.0', action: 'Continue',
    extension_tier: 'basic', extension_region: 'north', country: 'NORWAY' });
  const guest = await signUp(gate, { displayName: 'Guest 7', country: 'Norway', extension_tier: 'gold' });
  assert.deepEqual(guest, { status: 200, version: '1.0.0', action: 'Continue', extension_region: 'north', country: 'NORWAY' });
  const cameThrough = await signUp(gate, { country: 'Sweden', postalCode: '11122' });
  assert.deepEqual(cameThrough, { status: 200, version: '1.0.0', action: 'Continue',
    extension_tier: 'basic', jobTitle: 'came: Sweden' });
});

test('a time window opens and closes by the clock of the server', async (t) => {
  // Windows around the moment of the test: the bounds are hours away, the days and hours are those of
  // the offset in which it is noon now, so that no test runs into a midnight.
  const now = Date.now();
  const instant = (hours) => new Date(now + hours * 3_600_000).toISOString().replace(/\.\d+Z$/, 'Z');
  const utcHour = new Date(now).getUTCHours();
  const offset = 12 - utcHour;  // -11 to 12
  const utcOffset = `${offset < 0 ? '-' : '+'}${String(Math.abs(offset)).padStart(2, '0')}:00`;
  const weekday = (days) => ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'][
    (new Date(now + offset * 3_600_000).getUTCDay() + days + 7) % 7];
  const windows = {
    open: { from: instant(-2), until: instant(2) },
    early: { from: instant(2) },
    late: { until: instant(-2) },
    today: { days: [weekday(0)], utc_offset: utcOffset },
    otherdays: { days: [`${weekday(1)}-${weekday(-1)}`], utc_offset: utcOffset },
    noon: { hours: '10:00-15:00', utc_offset: utcOffset },
    night: { hours: '15:00-10:00', utc_offset: utcOffset },
  };
  const rules = Object.entries(windows).map(([tag, time]) => ({ name: tag, when: { time }, tag }));
  const gate = await serve(t, configuration({ ...kLog, connector: { rules } }));
  await signUp(gate, { email: 'x@a.example' });
  const [line] = await logged(gate, 1);
  assert.deepEqual(line.tags, ['open', 'today', 'noon']);
});

test('numbers and booleans that a rule sets have their types in the answer', async (t) => {
  const gate = await serve(t, configuration({ connector: { rules: [
    { name: 'typed', set: {
      extension_level: 3, extension_ratio: -0.25, extension_vip: true, extension_blocked: false,
      extension_text: '3', extension_yes: 'true',
      extension_age: '{extension_born | age}', extension_points: '{extension_points | as_number}',
      extension_consent: '{extension_consent | as_boolean}' } },
  ] } }));
  const answer = await signUp(gate, { extension_born: '1990-01-01', extension_points: '0042', extension_consent: 'True' });
  const { extension_age: age, ...rest } = answer;
  assert.equal(typeof age, 'number');
  assert.ok(age >= 36 && age < 200, String(age));
  assert.deepEqual(rest, { status: 200, version: '1.0.0', action: 'Continue',
    extension_level: 3, extension_ratio: -0.25, extension_vip: true, extension_blocked: false,
    extension_text: '3', extension_yes: 'true', extension_points: 42, extension_consent: true });
  // What is no number or boolean is left out, not sent as something else.
  const left = await signUp(gate, { extension_born: 'spring', extension_points: 'many', extension_consent: 'perhaps' });
  for (const name of ['extension_age', 'extension_points', 'extension_consent']) assert.ok(!(name in left), name);
});

test('parameters of a group keep their types: numbers, booleans, lists and maps', async (t) => {
  const group = { parameters: ['level', 'vip', 'least', 'countries', 'who', 'grade'], rules: [
    { name: 'who', when: '${with:who}', block: 'refused' },
    { name: 'least', when: { extension_score: { at_least: '${with:least}' }, country: { in: '${with:countries}' } },
      set: { extension_level: '${with:level}', extension_vip: '${with:vip}', extension_grade: '${with:grade}' } },
  ] };
  const one = configuration().connectors.signup;
  const included = (values) => ({ ...one, rules: [{ include: 'typed', with: values }] });
  const gate = await serve(t, configuration({ rule_groups: { typed: group }, connectors: {
    a: { ...included({ level: 7, vip: true, least: 10, countries: ['Sweden'], grade: '7', who: { email: { ends_with: '@bad.example' } } }), path: '/a' },
    b: { ...included({ level: 1.5, vip: false, least: 100.5, countries: ['Norway', 'Sweden'], grade: 'x', who: { givenName: { length: { min: 9 } } } }), path: '/b' },
  } }));
  const claims = { email: 'x@a.example', country: 'Sweden', extension_score: 50 };
  assert.deepEqual(await signUp(gate, claims, '/a'), { status: 200, version: '1.0.0', action: 'Continue',
    extension_level: 7, extension_vip: true, extension_grade: '7' });
  assert.deepEqual(await signUp(gate, claims, '/b'), { status: 200, version: '1.0.0', action: 'Continue' });
  assert.deepEqual(await signUp(gate, { ...claims, extension_score: '100.5' }, '/b'),
    { status: 200, version: '1.0.0', action: 'Continue', extension_level: 1.5, extension_vip: false, extension_grade: 'x' });
  assert.equal((await signUp(gate, { ...claims, email: 'x@bad.example' }, '/a')).action, 'ShowBlockPage');
  assert.equal((await signUp(gate, { ...claims, givenName: 'Maximilian' }, '/b')).action, 'ShowBlockPage');
});

test('messages are in the language of ui_locales, and name what was typed', async (t) => {
  const gate = await serve(t, configuration({ messages: {
    refused: { en: 'Not open to {email.domain}.', sv: 'Inte öppen för {email.domain}.', 'pt-BR': 'Fechado a {email.domain}.' },
    check: { en: 'Check your details.', sv: 'Kontrollera dina uppgifter.' },
    code: { en: 'Five digits.', sv: 'Fem siffror.' } }, connector: { rules: [
    { name: 'blocked', when: { 'email.domain': 'blocked.example' }, block: 'refused' },
    { name: 'code', when: { postalCode: { not_matches: '^[0-9]{5}$' } },
      validation_error: { message: 'check', claims: { postalCode: 'code' } } },
  ] } }));
  const told = async (ui_locales, more = { email: 'x@blocked.example' }) =>
    (await signUp(gate, { ...(ui_locales === undefined ? {} : { ui_locales }), ...more })).userMessage;
  assert.equal(await told('sv-FI'), 'Inte öppen för blocked.example.');
  assert.equal(await told('SV'), 'Inte öppen för blocked.example.');
  assert.equal(await told('pt-BR'), 'Fechado a blocked.example.');
  assert.equal(await told('pt-PT'), 'Not open to blocked.example.');
  assert.equal(await told('tlh sv en'), 'Inte öppen för blocked.example.');
  assert.equal(await told(undefined), 'Not open to blocked.example.');
  assert.equal(await told(''), 'Not open to blocked.example.');
  assert.equal(await told('\u0000;;;'), 'Not open to blocked.example.');
  const sent = await signUp(gate, { ui_locales: 'sv', postalCode: '12' });
  assert.deepEqual([sent.status, sent.action, sent.userMessage],
    [400, 'ValidationError', 'Kontrollera dina uppgifter.\nFem siffror.']);
});

test('shadow_rules are all counted, and so many of them logged as access_log.sample says', async (t) => {
  const gate = await serve(t, configuration({ access_log: { file: 'access.log', sample: 0.25 }, connector: {
    rules: [{ name: 'live', when: { country: 'Norway' }, tag: 'north' }],
    shadow_rules: [{ name: 'next', when: { country: 'Norway' }, block: 'refused' }],
  } }));
  const countries = Array.from({ length: 120 }, (_, i) => (i % 3 === 0 ? 'Norway' : 'Sweden'));
  for (const country of countries) await signUp(gate, { country, email: 'M4RK3R@a.example' });
  assert.deepEqual(await counted(gate, 'claimgate_shadow_rules'), {
    'connector=signup,verdict=continue,shadow=block,differs=yes': 40,
    'connector=signup,verdict=continue,shadow=continue,differs=no': 80,
  });
  await gate.stop();  // everything is written by then
  const lines = await logged(gate, 30);
  assert.equal(lines.length, 30);  // every fourth request, of one worker
  assert.equal(lines.filter(({ shadow }) => shadow === 'block').length, 10);
  for (const line of lines) {
    assert.deepEqual([line.shadow, line.shadow_rule], line.tags ? ['block', 'next'] : [undefined, undefined]);
  }
  assert.ok(!JSON.stringify(lines).includes('M4RK3R'));
});

test('the policy of a gradual roll-out counts what its next step would change, and changes nothing', async (t) => {
  const policy = fs.readFileSync(path.join(root, 'examples/policies/gradual-roll-out.yaml'), 'utf8');
  const listening = policy.replace('listeners: [ { address: 127.0.0.1:8080 } ]',
    'listeners: [ { address: 127.0.0.1:0 } ]\nadmin: { address: 127.0.0.1:0 }\naccess_log: { file: off }\nworkers: 1');
  assert.notEqual(listening, policy);
  const gate = await serve(t, listening, { env: { B2C_PASSWORD: 's3cr:et' } });
  const told = (claims) => signUp(gate, claims, '/b2c/before-create');
  const goes_on = { status: 200, version: '1.0.0', action: 'Continue' };
  assert.equal((await told({ email: 'kim@woodgrove.example' })).action, 'ValidationError');
  assert.deepEqual(await told({ email: 'kim@woodgrove.example', extension_company: 'Woodgrove' }), goes_on);
  assert.deepEqual(await told({ email: 'kim@woodgrove.example', extension_company: ' Wood  grove' }), goes_on);
  const kept = await told({ email: 'ada@riverbank.example' });  // of the other three quarters
  assert.deepEqual(kept, goes_on);
  assert.deepEqual(await counted(gate, 'claimgate_shadow_rules'), {
    'connector=before-create,verdict=validation_error,shadow=validation_error,differs=no': 1,
    'connector=before-create,verdict=continue,shadow=continue,differs=yes': 2,
    'connector=before-create,verdict=continue,shadow=validation_error,differs=yes': 1,
  });
});
