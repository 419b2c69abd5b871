'use strict';
// One sign-up as B2C sends it (a flat JSON object, `b2c-userflow`), and the answer it must get.
const { pick, digits, hex } = require('./random');

const kGivenNames = ['Anna', 'Björn', 'Carla', 'David', 'Elif', 'Farid', 'Greta', 'Henrik', 'Ines',
  'Jonas', 'Katrin', 'Luis', 'Marta', 'Nadia', 'Oskar', 'Paula', 'Quentin', 'Rosa', 'Stefan',
  'Tomas', 'Ursula', 'Viktor', 'Wanda', 'Yusuf', 'Anna-Lena', 'Maria Elena', 'Karl Otto'];
const kGivenNamesAccented = ['André', 'José', 'Renée', 'Zoé', 'Léa', 'Élodie', 'Hélène', 'Chloé',
  'Désirée', 'Andréa', 'René', 'Inés', 'Anne-Cécile', 'Étienne'];
const kSurnames = ['Almeida', 'Bergström', 'Castillo', 'Dahl', 'Eriksen', 'Fischer', 'Garcia',
  'Hoffmann', 'Ivanov', 'Jansen', 'Kowalski', 'Lindgren', 'Moreau', 'Novak', 'Olsen', 'Pereira',
  'Rossi', 'Santos', 'Tanaka', 'Ulrich', 'Vega', 'Weber', 'Zimmermann', 'Smith-Jones', 'Vaz Pinto'];
const kSurnamesAccented = ['Lefévre', 'Pérez', 'Bénard', 'Éluard', 'Hernández', 'Gérard', 'Préval',
  'Génie', 'Méndez', 'Pagés', 'Béranger-Noé'];
const kProviders = ['woodgrove.example', 'mail.contoso.example', 'fabrikam.example',
  'adatum-corporation.example', 'students.tailspin.example', 'litware.example'];
const kStreets = ['Rua das Flores', 'Long Harbour Road', 'Lindenstrasse', 'Via Monte Rosa',
  'Calle del Sol', 'Kungsgatan'];
const kCities = [['Porto', 'Norte', 'Portugal'], ['Leipzig', 'Sachsen', 'Germany'],
  ['Valencia', 'Comunidad Valenciana', 'Spain'], ['Bergamo', 'Lombardia', 'Italy'],
  ['Uppsala', 'Uppsala lan', 'Sweden']];
const kJobs = ['Accountant', 'Software Engineer', 'Head of Purchasing', 'Nurse', 'Student',
  'Logistics Coordinator'];
const kPostalCodesRefused = ['1234', '123456', 'SW1A 1AA', '12 345', '1234a', '12345-678', 'n/a'];
const kExtensionApp = '9c2f41d07be84a6c8f35d1e2a07b64c3';  // the b2c-extensions-app, no hyphens

const mix_case = (random, text) =>
  Array.from(text, (c) => (random() < 0.5 ? c.toUpperCase() : c.toLowerCase())).join('');

/** A name as people type it: small, capital or mixed letters, a third each. */
function typed_name(random, name) {
  const way = random();
  if (way < 1 / 3) return name.toLowerCase();
  if (way < 2 / 3) return name.toUpperCase();
  return mix_case(random, name);
}

const guid = (random) => [8, 4, 4, 4, 12].map((n) => hex(random, n)).join('-');

/** What stands before the @ of a person nobody has blocked: never the shape of the lists. */
const local_part = (random, given, surname) =>
  `${given}.${surname}`.normalize('NFD').replace(/[^A-Za-z.]/g, '').toLowerCase() +
  digits(random, 3);

/**
 * One sign-up: { body, expected }. `kind` is 'continue', 'block' (with `blocked`, an address that
 * is on a list or in a listed domain) or 'validation_error'. Expected: HTTP status, verdict,
 * `action` (protocol a.6) and, for continue, the two names in title case.
 */
function sign_up(random, kind, blocked) {
  const accented = random() < 0.25;
  const given = pick(random, accented ? kGivenNamesAccented : kGivenNames);
  const surname = pick(random, accented ? kSurnamesAccented : kSurnames);
  const [city, state, country] = pick(random, kCities);
  let email = blocked ?? `${local_part(random, given, surname)}@${pick(random, kProviders)}`;
  const typed = random() < 0.2 ? mix_case(random, email) : email;

  const claims = {
    step: 'PostAttributeCollection',
    client_id: guid(random),
    ui_locales: pick(random, ['en-US', 'sv-SE', 'pt-PT', 'de-DE']),
    email: typed,
    identities: [
      { signInType: 'federated', issuer: pick(random, ['facebook.com', 'google.com']),
        issuerAssignedId: digits(random, 17) },
      { signInType: 'emailAddress', issuer: 'woodgrove.onmicrosoft.com', issuerAssignedId: email },
    ],
    displayName: `${given} ${surname}`,
    givenName: typed_name(random, given),
    surname: typed_name(random, surname),
    jobTitle: pick(random, kJobs),
    streetAddress: `${1 + Math.floor(random() * 180)} ${pick(random, kStreets)}, Building ${
      pick(random, ['A', 'B', 'C'])}, Apartment ${digits(random, 2)}`,
    city,
    state,
    country,
    postalCode: kind === 'validation_error' ? pick(random, kPostalCodesRefused) : digits(random, 5),
    [`extension_${kExtensionApp}_loyaltyMembershipNumber`]: digits(random, 10),
    [`extension_${kExtensionApp}_newsletterConsent`]: random() < 0.5,
  };
  let body = JSON.stringify(claims);
  if (random() < 0.5) {  // as serializers that stay within ASCII write it
    body = body.replace(/[^\x00-\x7f]/g,
      (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
  }
  const expected = {
    continue: { status: 200, verdict: 'continue', action: 'Continue', givenName: given, surname },
    block: { status: 200, verdict: 'block', action: 'ShowBlockPage' },
    validation_error: { status: 400, verdict: 'validation_error', action: 'ValidationError' },
  }[kind];
  return { body, expected };
}

module.exports = { sign_up };
