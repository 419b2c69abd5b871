// A stand-in for Microsoft Entra on loopback: discovery documents, key sets, and the tokens that it issues.
import crypto from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';

export const kTenant = '1f6d2c4e-5b0a-4d8f-9a53-7c1e8b2f4d60';
export const kAudience = '6f0c9d8a-3b1e-4c52-8a77-d94e5f10b2c3';
export const kExtensions = '99045fe1-7639-4a75-9d4a-577b6ca3810f';

// A key of Entra's, of its name.
export function signingKey(kid, { bits = 2048, pair = crypto.generateKeyPairSync('rsa', { modulusLength: bits }) } = {}) {
  return { kid, ...pair };
}

export const encoded = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

// A token by `key`; `header` and `claims` replace members, undefined takes one out.
export function token(key, { header = {}, claims = {}, version = '2.0', sign } = {}) {
  const now = Math.floor(Date.now() / 1000);
  const v2 = version === '2.0';
  const text = [
    encoded({ typ: 'JWT', alg: 'RS256', kid: key.kid, ...header }),
    encoded({
      aud: kAudience,
      iss: v2 ? `https://issuer.example/${kTenant}/v2.0` : `https://sts.example/${kTenant}/`,
      iat: now - 60,
      nbf: now - 60,
      exp: now + 3600,
      [v2 ? 'azp' : 'appid']: kExtensions,
      tid: kTenant,
      ver: version,
      ...claims,
    }),
  ].join('.');
  const signature = sign ? sign(text) : crypto.sign('sha256', Buffer.from(text), key.privateKey);
  return `${text}.${Buffer.from(signature).toString('base64url')}`;
}

// What its members say is served; `requests` has the paths that were asked for.
export async function entra(t, keys, { tls, port = 0 } = {}) {
  const authority = { keys, requests: [], failing: false, issuer: `https://issuer.example/${kTenant}`, keysUrl: null };
  const answer = (request, response) => {
    authority.requests.push(request.url);
    const json = (value) => response.setHeader('Content-Type', 'application/json').end(JSON.stringify(value));
    const match = request.url.match(`^/${kTenant}(/v2.0)?/([a-z./-]+)$`);
    if (authority.failing || !match) {
      response.statusCode = authority.failing ? 503 : 404;
      response.end();
    } else if (match[2] === '.well-known/openid-configuration') {
      json({
        issuer: match[1] ? `${authority.issuer}/v2.0` : `https://sts.example/${kTenant}/`,
        jwks_uri: authority.keysUrl ?? `${authority.url}${match[1] ?? ''}/discovery/keys`,
        token_endpoint: `${authority.url}/oauth2/token`,
      });
    } else {
      json({ keys: authority.keys.map((key) => ({ kty: 'RSA', use: 'sig', kid: key.kid, x5t: key.kid, ...key.publicKey.export({ format: 'jwk' }) })) });
    }
  };
  const server = tls ? https.createServer(tls, answer) : http.createServer(answer);
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const close = () => new Promise((resolve) => {
    server.closeAllConnections();
    server.close(resolve);
  });
  t.after(close);
  authority.close = close;
  authority.port = server.address().port;
  authority.url = `${tls ? 'https' : 'http'}://${tls ? 'localhost' : '127.0.0.1'}:${authority.port}/${kTenant}`;
  return authority;
}
