// Clients as people have them: each must simply work.
import assert from 'node:assert/strict';
import { spawnSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { test } from 'node:test';

import { certificate } from './lib/certificates.mjs';
import { configuration, kAuthorization, scratch, serve, within } from './lib/claimgate.mjs';
import { scrape } from './lib/openmetrics.mjs';

const kBody = JSON.stringify({ step: 'PostAttributeCollection', email: 'a@b.example', givenName: 'dana' });
const kAnswer = '{"version":"1.0.0","action":"Continue","givenName":"Dana"}';
const absent = (command) => (spawnSync(command, ['--version']).error ? `${command} is not installed` : false);

async function output(command, args, patience = 60_000) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  const [code] = await within(command, once(child, 'close'), patience);
  return { code, stdout, stderr };
}

test('curl', { skip: absent('curl') }, async (t) => {
  const gate = await serve(t, configuration());
  const common = ['-sS', '--noproxy', '*', '--max-time', '20', '-u', 'b2c:s3cr:et', '-H', 'Content-Type: application/json', '-w', ' %{http_code}'];
  const url = `${gate.address}/signup?code=x`;
  for (const args of [
    ['-d', kBody],
    ['--http1.0', '-d', kBody],
    ['-H', 'Transfer-Encoding: chunked', '-d', kBody],
    ['-H', 'Expect: 100-continue', '-d', kBody],
    ['--http2', '-d', kBody],  // asks for an upgrade to h2c and goes on in 1.1
  ]) {
    const { code, stdout, stderr } = await output('curl', [...common, ...args, url]);
    assert.equal(code, 0, stderr);
    assert.equal(stdout, `${kAnswer} 200`, args.join(' '));
  }
  const filler = JSON.stringify({ ...JSON.parse(kBody), x: 'y'.repeat(200_000) });
  const directory = scratch(t, { 'body.json': filler });
  const large = await output('curl', [...common, '--data-binary', `@${path.join(directory, 'body.json')}`, url]);
  assert.equal(large.stdout, `${kAnswer} 200`, 'a large body; older versions of curl announce it with Expect');
  const twice = await output('curl', [...common, '-d', kBody, url, url]);
  assert.equal(twice.stdout, `${kAnswer} 200`.repeat(2), 'two on one connection');
  const options = { input: '', encoding: 'utf8' };
  assert.equal(spawnSync('curl', ['-sS', '--noproxy', '*', '-o', '/dev/null', '-w', '%{http_code}', '-I', url], options).stdout, '405');
});

test('Node http with a keep-alive agent', async (t) => {
  const gate = await serve(t, configuration());
  const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
  t.after(() => agent.destroy());
  const sockets = new Set();
  const one = () => new Promise((resolve, reject) => {
    const request = http.request(`${gate.address}/signup`, {
      agent, method: 'POST', headers: { authorization: kAuthorization, 'content-type': 'application/json' },
    }, (response) => {
      sockets.add(response.socket);
      let text = '';
      response.setEncoding('utf8').on('data', (piece) => (text += piece)).on('end', () => resolve({ status: response.statusCode, text }));
    });
    request.on('error', reject);
    request.write(kBody.slice(0, 10));  // no length known: chunked
    request.end(kBody.slice(10));
  });
  const answers = await Promise.all(Array.from({ length: 200 }, one));
  for (const answer of answers) assert.deepEqual(answer, { status: 200, text: kAnswer });
  assert.ok(sockets.size <= 4, `${sockets.size} connections: keep-alive holds`);
});

test('fetch', async (t) => {
  const gate = await serve(t, configuration());
  const headers = { authorization: kAuthorization, 'content-type': 'application/json' };
  const answers = await Promise.all(Array.from({ length: 100 }, async () => {
    const response = await fetch(`${gate.address}/signup`, { method: 'POST', headers, body: kBody });
    return { status: response.status, text: await response.text() };
  }));
  for (const answer of answers) assert.deepEqual(answer, { status: 200, text: kAnswer });
});

// The same gate over TLS and in plain text, with an event beside the user flow.
async function both(t) {
  const directory = scratch(t);
  const server = certificate(directory, 'localhost', { names: ['localhost'] });
  const base = configuration();
  const gate = await serve(t, configuration({
    listeners: [{ address: '127.0.0.1:0', tls: { certificate: server.file, key: server.keyFile } }, { address: '127.0.0.1:0' }],
    connectors: { ...base.connectors, events: { ...base.connectors.signup, path: '/events', dialect: 'ext-id' } },
  }));
  const port = (scheme) => new RegExp(`listening on ${scheme}://127\\.0\\.0\\.1:(\\d+)`).exec(gate.stderr)[1];
  return { gate, directory, authority: server.file, secure: `https://localhost:${port('https')}`, plain: `http://127.0.0.1:${port('http')}` };
}
const kEvent = JSON.stringify({
  type: 'microsoft.graph.authenticationEvent.attributeCollectionSubmit',
  data: { userSignUpInfo: { attributes: { givenName: { '@odata.type': 'microsoft.graph.stringDirectoryAttributeValue', value: 'dana' } }, identities: [] } },
});
const kEventAnswer = '{"data":{"@odata.type":"microsoft.graph.onAttributeCollectionSubmitResponseData","actions":[' +
  '{"@odata.type":"microsoft.graph.attributeCollectionSubmit.modifyAttributeValues","attributes":{"givenName":"Dana"}}]}}';

async function accepted(gate) {
  const { families } = await scrape(gate.admin);
  return families.claimgate_connections_accepted.samples.reduce((sum, sample) => sum + sample.value, 0);
}

test('Python http.client, over TLS and in plain text', { skip: absent('python3') }, async (t) => {
  const { gate, authority, secure, plain } = await both(t);
  const script = `
import http.client, ssl, sys, urllib.request
secure, plain, authority, authorization, body, answer, event, told = sys.argv[1:]
head = {"Content-Type": "application/json", "Authorization": authorization}
trust = ssl.create_default_context(cafile=authority)
for base in secure, plain:
    place = base.split("//")[1]
    wire = http.client.HTTPSConnection(place, timeout=60, context=trust) if base == secure else http.client.HTTPConnection(place, timeout=60)
    for i in range(50):  # on one connection
        path, sent, wanted = ("/signup?code=x", body, answer) if i % 2 == 0 else ("/events", event, told)
        wire.request("POST", path, body=iter([sent[:9].encode(), sent[9:].encode()]) if i % 5 == 0 else sent.encode(), headers=head, encode_chunked=i % 5 == 0)
        got = wire.getresponse()
        text = got.read().decode()
        assert got.status == 200 and text == wanted and got.getheader("Content-Type").startswith("application/json"), (i, got.status, text)
    wire.close()
    opened = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust))
    with opened.open(urllib.request.Request(base + "/signup", body.encode(), head), timeout=60) as got:  # Connection: close
        assert got.read().decode() == answer
print("well")
`;
  const before = await accepted(gate);
  const { code, stdout, stderr } = await output('python3', ['-c', script, secure, plain, authority, kAuthorization, kBody, kAnswer, kEvent, kEventAnswer], 240_000);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, 'well\n');
  assert.equal((await accepted(gate)) - before, 4, 'two that were kept, two that said close');
});

// Over TLS it offers h2 first, in plain text it asks for an upgrade to h2c: both go on in HTTP/1.1.
test('Java HttpClient, over TLS and in plain text', { skip: absent('java') }, async (t) => {
  const { gate, directory, authority, secure, plain } = await both(t);
  fs.writeFileSync(path.join(directory, 'Caller.java'), `
import java.net.URI;
import java.net.http.*;
import java.nio.file.*;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.*;
import javax.net.ssl.*;

public class Caller {
  public static void main(String[] given) throws Exception {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    try (var file = Files.newInputStream(Path.of(given[2]))) {
      store.setCertificateEntry("it", CertificateFactory.getInstance("X.509").generateCertificate(file));
    }
    TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    HttpClient client = HttpClient.newBuilder().sslContext(context).connectTimeout(Duration.ofSeconds(60)).build();
    for (String base : List.of(given[0], given[1])) {
      for (int i = 0; i < 30; ++i) check(client, base, i, given).get();  // one after the other
      List<CompletableFuture<Void>> all = new ArrayList<>();
      for (int i = 0; i < 30; ++i) all.add(check(client, base, i, given));
      for (var one : all) one.get();
    }
    System.out.println("well");
    System.exit(0);
  }
  static CompletableFuture<Void> check(HttpClient client, String base, int i, String[] given) {
    boolean event = i % 2 == 1;
    String sent = event ? given[6] : given[4];
    var body = i % 3 == 0
        ? HttpRequest.BodyPublishers.fromPublisher(HttpRequest.BodyPublishers.ofString(sent))  // no length: chunks
        : HttpRequest.BodyPublishers.ofString(sent);
    HttpRequest request = HttpRequest.newBuilder(URI.create(base + (event ? "/events" : "/signup?code=x")))
        .timeout(Duration.ofSeconds(60)).header("Content-Type", "application/json").header("Authorization", given[3]).POST(body).build();
    return client.sendAsync(request, HttpResponse.BodyHandlers.ofString()).thenAccept(got -> {
      if (got.statusCode() != 200 || !got.body().equals(given[event ? 7 : 5]) || got.version() != HttpClient.Version.HTTP_1_1) {
        throw new IllegalStateException(got.statusCode() + " " + got.body());
      }
    });
  }
}
`);
  const before = await accepted(gate);
  const { code, stdout, stderr } = await output('java', ['-XX:TieredStopAtLevel=1', path.join(directory, 'Caller.java'),
    secure, plain, authority, kAuthorization, kBody, kAnswer, kEvent, kEventAnswer], 240_000);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, 'well\n');
  const connections = (await accepted(gate)) - before;
  assert.ok(connections <= 62, `${connections} connections for 120 requests: they are kept`);
});

test('wrk', { skip: absent('wrk') }, async (t) => {
  const gate = await serve(t, configuration({ workers: 2 }));
  const script = `
wrk.method = "POST"
wrk.path = "/signup"
wrk.body = '${kBody}'
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "${kAuthorization}"
wrong = 0
function response(status, headers, body)
  if status ~= 200 or body ~= '${kAnswer}' then wrong = wrong + 1 end
end
local threads = {}
function setup(thread) table.insert(threads, thread) end
function done(summary, latency, requests)
  local bad = 0
  for _, thread in ipairs(threads) do bad = bad + thread:get("wrong") end
  local e = summary.errors
  io.write(string.format("result %d %d %d\\n", summary.requests, bad, e.connect + e.read + e.write + e.status + e.timeout))
end
`;
  const directory = scratch(t, { 'post.lua': script });
  const { code, stdout, stderr } = await output('wrk', ['-t1', '-c16', '-d2s', '--timeout', '20s', '-s', path.join(directory, 'post.lua'), gate.address]);
  assert.equal(code, 0, stderr);
  const [, requests, wrong, errors] = stdout.match(/^result (\d+) (\d+) (\d+)$/m).map(Number);
  assert.ok(requests > 100, stdout);
  assert.equal(wrong, 0, stdout);
  assert.equal(errors, 0, stdout);
});
