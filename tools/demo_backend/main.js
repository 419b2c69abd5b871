'use strict';
// The command line of tools/demo-backend.
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const { kCertificates, make_certificates } = require('./certificates');
const { DemoBackend, kModes } = require('./backend');

const kHelp = `A legacy customer system for demonstrations and tests, on 127.0.0.1 only: it answers by
e-mail address, always the same, and can be told to be slow, flaky, wrong or dead.

  tools/demo-backend [options]

  --port N           where it answers (43212; 0: any free one)
  --control-port N   where it is told what to do, also while it refuses (43213; 0: any free one)
  --mode NAME        the mode to begin in (ok), with
  --ms N, --bytes N, --share S, --count N
  --tls NAME         speaks TLS with this certificate, made for the run by openssl:
                     ${kCertificates.join(', ')}
  --quiet            prints the addresses and nothing else
  --modes            lists the modes, and ends

It answers
  POST /v2/customers/search   {"mail": ...}: 200 with the customer, 404, 409
  POST /soap/CustomerService  the same as SOAP 1.1
  POST /form/lookup           the same as a form (or GET with a query), lines of text
  POST /connector             the caller's claims, answered as an API connector answers
  POST /oauth/token           client credentials, for those who want a token first
  GET  /health
Addresses that begin with "unknown" have no customer, those that begin with "taken" are refused.

It is told by POST /_control (either port) with JSON, and GET /_control has mode and counts:
  curl -d '{"mode": "slow", "ms": 800, "share": 0.5}' http://127.0.0.1:43213/_control
  share: which part of the requests, evenly spread; count: how many, then "ok" again.
  {"reset_counts": true} begins counting anew. Counts name addresses by hash, never in words.

Exit codes: 0 ended by SIGTERM or SIGINT, 1 it cannot listen or make certificates, 2 arguments.
`;

function refuse(why) {
  process.stderr.write(`demo-backend: ${why} (--help)\n`);
  process.exit(2);
}

function parse_arguments(words) {
  const options = { port: 43212, control_port: 43213, mode: 'ok', more: {}, tls: null, quiet: false };
  for (let i = 0; i < words.length; ++i) {
    const number = () => {
      const text = words[++i] ?? '';
      if (!/^[0-9]+(\.[0-9]+)?$/.test(text)) refuse(`${words[i - 1]} wants a number`);
      return Number(text);
    };
    const port = () => {
      const value = number();
      if (!Number.isInteger(value) || value > 65535) refuse(`${value} is no port`);
      return value;
    };
    switch (words[i]) {
      case '--port': options.port = port(); break;
      case '--control-port': options.control_port = port(); break;
      case '--mode': options.mode = words[++i]; break;
      case '--ms': case '--bytes': case '--share': case '--count':
        options.more[words[i].slice(2)] = number();
        break;
      case '--tls': options.tls = words[++i]; break;
      case '--quiet': options.quiet = true; break;
      case '--modes':
        for (const [name, { about }] of Object.entries(kModes)) console.log(`${name.padEnd(22)}${about}`);
        return process.exit(0);
      case '-h': case '--help':
        process.stdout.write(kHelp);
        return process.exit(0);
      default: refuse(`unknown argument "${words[i]}"`);
    }
  }
  if (options.tls !== null && !kCertificates.includes(options.tls)) {
    refuse(`no certificate "${options.tls}"; there are ${kCertificates.join(' ')}`);
  }
  return options;
}

/** The control address: plain HTTP, there whatever the backend does. */
function control_server(backend, port) {
  const server = http.createServer((request, response) => {
    const parts = [];
    request.on('data', (bytes) => parts.push(bytes));
    request.on('end', async () => {
      const { status, text } = request.url === '/_control'
        ? await backend.control(request.method, Buffer.concat(parts).toString('utf8'))
        : { status: 404, text: '{"error":"only /_control is here"}\n' };
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(text);
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

async function main() {
  const options = parse_arguments(process.argv.slice(2));
  let directory = null;
  process.on('exit', () => directory && fs.rmSync(directory, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(0));

  let secure = null;
  if (options.tls !== null) {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), 'demo-backend-'));
    const made = make_certificates(directory, [options.tls]);
    secure = made.servers[options.tls];
    console.log(`demo-backend: authority ${made.ca}`);
    console.log(`demo-backend: client certificate ${made.client.certificate} ${made.client.key}`);
  }
  const backend = new DemoBackend({ secure,
    on_bad_request: (why) => options.quiet || process.stderr.write(`demo-backend: no request: ${why}\n`) });
  await backend.listen(options.port);
  try {
    await backend.set_mode(options.mode, options.more);
  } catch (error) {
    refuse(error.message);
  }
  const control = await control_server(backend, options.control_port);
  console.log(`demo-backend: listening on ${backend.url}`);
  console.log(`demo-backend: control on http://127.0.0.1:${control.address().port}/_control`);
  console.log('demo-backend: ready');
}

main().catch((error) => {
  process.stderr.write(`demo-backend: ${error.message}\n`);
  process.exit(1);
});
