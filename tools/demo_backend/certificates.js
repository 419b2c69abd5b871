'use strict';
// Certificates for TLS listeners, right and wrong ones, made by the openssl command (OpenSSL 3):
// an authority, and what it or another one has signed for "localhost" and 127.0.0.1.
const fs = require('node:fs');
const path = require('node:path');
const { spawnSync } = require('node:child_process');

const kNames = 'DNS:localhost,DNS:crm.internal,IP:127.0.0.1';
// name -> who signs it, the names it is for, and from when until when (UTCTime; null: 30 days)
const kServers = {
  good: { by: 'ca', names: kNames },
  expired: { by: 'ca', names: kNames, from: '200101000000Z', until: '200201000000Z' },
  future: { by: 'ca', names: kNames, from: '460101000000Z', until: '460201000000Z' },
  'wrong-name': { by: 'ca', names: 'DNS:mail.example' },
  'other-ca': { by: 'other_ca', names: kNames },
  'self-signed': { by: null, names: kNames },
};

function openssl(directory, ...args) {
  const { status, stderr, error } = spawnSync('openssl', args, { cwd: directory, encoding: 'utf8' });
  if (error) throw new Error(`openssl: ${error.message} (Debian: apt install openssl)`);
  if (status !== 0) throw new Error(`openssl ${args[0]}: ${stderr.trim().split('\n').slice(-2).join(' ')}`);
}

const new_key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

function authority(directory, name) {
  openssl(directory, 'req', '-x509', ...new_key, '-keyout', `${name}.key`, '-out', `${name}.pem`,
    '-days', '30', '-subj', `/CN=demo-backend ${name}`,
    '-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign,cRLSign');
}

/** Signs NAME.csr. `openssl ca` and not `x509`, whose OpenSSL 3.0 takes no dates. */
function sign(directory, name, { by, names, from, until }, usage) {
  fs.writeFileSync(path.join(directory, 'ca.cnf'), `[ca]
default_ca = demo
[demo]
database = index.txt
new_certs_dir = .
default_md = sha256
unique_subject = no
policy = any
rand_serial = yes
[any]
commonName = supplied
[extensions]
subjectAltName = ${names}
extendedKeyUsage = ${usage}
`);
  fs.writeFileSync(path.join(directory, 'index.txt'), '');
  const dates = from ? ['-startdate', from, '-enddate', until] : ['-days', '30'];
  openssl(directory, 'ca', '-batch', '-notext', '-config', 'ca.cnf', '-extensions', 'extensions',
    '-cert', `${by}.pem`, '-keyfile', `${by}.key`, '-in', `${name}.csr`, '-out', `${name}.pem`, ...dates);
}

/**
 * Makes authority, other authority, client certificate and the servers' named ones (default: all)
 * in `directory`: NAME.pem and NAME.key. Returns { ca, other_ca, client, servers: { NAME: { key, cert } } }:
 * paths of the first three, PEM texts of the servers'.
 */
function make_certificates(directory, names = Object.keys(kServers)) {
  for (const name of ['ca', 'other_ca']) authority(directory, name);
  const made = { ca: path.join(directory, 'ca.pem'), other_ca: path.join(directory, 'other_ca.pem'),
    client: { certificate: path.join(directory, 'client.pem'), key: path.join(directory, 'client.key') },
    servers: {} };
  openssl(directory, 'req', '-new', ...new_key, '-keyout', 'client.key', '-out', 'client.csr', '-subj', '/CN=claimgate');
  sign(directory, 'client', { by: 'ca', names: 'DNS:claimgate.internal' }, 'clientAuth');
  for (const name of names) {
    const server = kServers[name];
    if (!server) throw new Error(`no certificate "${name}"; there are ${Object.keys(kServers).join(' ')}`);
    if (server.by === null) {
      openssl(directory, 'req', '-x509', ...new_key, '-keyout', `${name}.key`, '-out', `${name}.pem`,
        '-days', '30', '-subj', '/CN=localhost', '-addext', `subjectAltName=${server.names}`);
    } else {
      openssl(directory, 'req', '-new', ...new_key, '-keyout', `${name}.key`, '-out', `${name}.csr`,
        '-subj', '/CN=localhost');
      sign(directory, name, server, 'serverAuth');
    }
    made.servers[name] = { key: fs.readFileSync(path.join(directory, `${name}.key`), 'utf8'),
      cert: fs.readFileSync(path.join(directory, `${name}.pem`), 'utf8') };
  }
  return made;
}

module.exports = { kCertificates: Object.keys(kServers), make_certificates };
