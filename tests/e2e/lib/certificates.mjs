// Certificates made by the openssl command, for one test each.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

const openssl = (...args) => execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'] });

const kKeys = {
  ec: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  rsa: ['-newkey', 'rsa:2048'],
};

// A certificate and its key in `directory`: NAME.crt and NAME.key. Without `by` it signs itself and may
// sign others.
export function certificate(directory, name, { names = [], key = 'ec', by = null, subject = `/CN=${name}` } = {}) {
  const file = path.join(directory, `${name}.crt`);
  const keyFile = path.join(directory, `${name}.key`);
  const args = ['req', '-x509', ...kKeys[key], '-nodes', '-keyout', keyFile, '-out', file, '-days', '2', '-subj', subject];
  if (names.length > 0) args.push('-addext', `subjectAltName=${names.map((n) => `DNS:${n}`).join(',')}`);
  if (by === null) {
    openssl(...args);
  } else {
    const request = path.join(directory, `${name}.csr`);
    openssl('req', ...kKeys[key], '-new', '-nodes', '-keyout', keyFile, '-out', request, '-subj', subject);
    const extensions = path.join(directory, `${name}.ext`);
    fs.writeFileSync(extensions, names.length > 0 ? `subjectAltName=${names.map((n) => `DNS:${n}`).join(',')}\n` : '');
    openssl('x509', '-req', '-in', request, '-CA', by.file, '-CAkey', by.keyFile, '-CAcreateserial', '-days', '2',
      '-out', file, '-extfile', extensions);
  }
  fs.chmodSync(keyFile, 0o600);
  const made = { file, keyFile, pem: fs.readFileSync(file, 'utf8'), key: fs.readFileSync(keyFile, 'utf8') };
  assert.match(made.pem, /BEGIN CERTIFICATE/);
  return made;
}

// An OCSP answer of `authority` that says that `of`, which it has signed, is good.
export function ocspAnswer(directory, authority, of) {
  const serial = openssl('x509', '-in', of.file, '-noout', '-serial').toString().trim().replace('serial=', '');
  const index = path.join(directory, 'index.txt');
  fs.writeFileSync(index, `V\t401231235959Z\t\t${serial}\tunknown\t/CN=server\n`);
  const answer = path.join(directory, 'answer.ocsp');
  openssl('ocsp', '-index', index, '-rsigner', authority.file, '-rkey', authority.keyFile, '-CA', authority.file,
    '-issuer', authority.file, '-cert', of.file, '-respout', answer, '-ndays', '1', '-noverify');
  return answer;
}
