'use strict';
// What the legacy system answers when nothing is wrong: a JSON service, a SOAP service, a form, and
// one that speaks the contract of API connectors already. Each takes a request and gives
// { status, fields, body }; `mail` is the address that was asked for, for the counts.
const { customer } = require('./people');

const json = (status, value) => ({ status, type: 'application/json; charset=utf-8',
  body: JSON.stringify(value) });

function parsed(body) {
  try {
    const value = JSON.parse(body.toString('utf8'));
    return value !== null && typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}

/** POST /v2/customers/search {"mail": ...}: 200 with the customer, 404, 409 for one that is taken. */
function search(request) {
  const asked = parsed(request.body);
  if (typeof asked?.mail !== 'string') return { ...json(400, { error: '"mail" is missing' }) };
  const found = customer(asked.mail);
  const answer = {
    known: () => json(200, { found: true, customer: { id: found.id, tier: found.tier,
      since: found.since, points: found.points } }),
    unknown: () => json(404, { found: false }),
    taken: () => json(409, { found: true, reason: found.reason }),
  }[found.kind]();
  return { ...answer, mail: asked.mail };
}

const kEntities = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const unescaped = (text) => text.replace(/&(?:#x([0-9A-Fa-f]+)|#([0-9]+)|([a-z]+));/g,
  (_, hex, decimal, name) => (name ? kEntities[name] ?? ''
    : String.fromCodePoint(hex ? parseInt(hex, 16) : Number(decimal))));

const envelope = (inside) => `<?xml version="1.0" encoding="utf-8"?>
<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>${inside}</s:Body></s:Envelope>`;

/** POST /soap/CustomerService, a FindCustomer envelope (SOAP 1.1): a result, or a Fault with 500. */
function soap(request) {
  const xml = (status, inside) => ({ status, type: 'text/xml; charset=utf-8', body: envelope(inside) });
  const mail = /<(?:\w+:)?Mail>([^<]*)<\/(?:\w+:)?Mail>/.exec(request.body.toString('utf8'))?.[1];
  if (mail === undefined) {
    return xml(500, '<s:Fault><faultcode>s:Client</faultcode><faultstring>no Mail</faultstring></s:Fault>');
  }
  const address = unescaped(mail);
  const found = customer(address);
  const answer = {
    known: () => xml(200, '<FindCustomerResponse xmlns="urn:crm"><Found>true</Found>' +
      `<Customer id="${found.id}"><Tier>${found.tier}</Tier><Since>${found.since}</Since>` +
      `<Points>${found.points}</Points></Customer></FindCustomerResponse>`),
    unknown: () => xml(200, '<FindCustomerResponse xmlns="urn:crm"><Found>false</Found></FindCustomerResponse>'),
    taken: () => xml(500, '<s:Fault><faultcode>s:Client</faultcode>' +
      `<faultstring>${found.reason}</faultstring><detail><Code>TAKEN</Code></detail></s:Fault>`),
  }[found.kind]();
  return { ...answer, mail: address };
}

/** POST /form/lookup, or GET with a query: `email=...`; lines of text come back, 200 always. */
function form(request) {
  const asked = request.method === 'GET' ? request.query
    : new URLSearchParams(request.body.toString('utf8'));
  const mail = asked.get('email');
  const text = (status, lines) => ({ status, type: 'text/plain; charset=utf-8', body: `${lines.join('\n')}\n` });
  if (mail === null) return text(400, ['RESULT=ERROR', 'REASON=email is missing']);
  const found = customer(mail);
  const answer = {
    known: () => text(200, ['RESULT=OK', `ID=${found.id}`, `TIER=${found.tier}`, `SINCE=${found.since}`]),
    unknown: () => text(200, ['RESULT=NONE']),
    taken: () => text(200, ['RESULT=TAKEN', `REASON=${found.reason}`]),
  }[found.kind]();
  return { ...answer, mail };
}

/** POST /connector: the caller's own claims, and one of the three answers of a B2C API connector. */
function connector(request) {
  const claims = parsed(request.body);
  if (typeof claims?.email !== 'string') {
    return json(400, { version: '1.0.0', status: 400, action: 'ValidationError',
      userMessage: 'An e-mail address is needed.' });
  }
  const found = customer(claims.email);
  const answer = {
    known: () => json(200, { version: '1.0.0', action: 'Continue',
      extension_loyaltyTier: found.tier, extension_customerId: found.id }),
    unknown: () => json(200, { version: '1.0.0', action: 'Continue' }),
    taken: () => json(200, { version: '1.0.0', action: 'ShowBlockPage', userMessage: found.reason }),
  }[found.kind]();
  return { ...answer, mail: claims.email };
}

/** POST /oauth/token (RFC 6749, 4.4): a token for any client that names itself. */
function token(request) {
  const asked = new URLSearchParams(request.body.toString('utf8'));
  if (asked.get('grant_type') !== 'client_credentials') {
    return json(400, { error: 'unsupported_grant_type' });
  }
  if (!asked.get('client_id') && !/^Basic /.test(request.fields.authorization ?? '')) {
    return json(401, { error: 'invalid_client' });
  }
  return json(200, { access_token: 'demo-token', token_type: 'Bearer', expires_in: 3600 });
}

const kServices = {
  'POST /v2/customers/search': search,
  'POST /soap/CustomerService': soap,
  'POST /form/lookup': form,
  'GET /form/lookup': form,
  'POST /connector': connector,
  'POST /oauth/token': token,
  'GET /health': () => ({ status: 200, type: 'text/plain', body: 'ok\n' }),
};

/** The right answer to a request. */
function answer_to(request) {
  const service = kServices[`${request.method} ${request.path}`];
  return service ? service(request) : json(404, { error: 'no such service' });
}

module.exports = { answer_to };
