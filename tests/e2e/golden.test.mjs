// Golden exchanges: tests/data/golden/<dialect> has a configuration and files of one exchange each,
// whose answer is compared byte for byte. Every event, step and answer of the wire reference is one.
//
// A file has sections, each behind a line `### name`:
//   request          method, path and fields, an empty line, the body on one line
//   question         what the backend is asked: the same form; absent when none may be asked
//   reply            what the backend answers
//   answer           what the caller gets
// Lines of heads end with a line feed here and with CR LF on the wire; Content-Length of what is sent
// is made, Date is compared as `*`, and of a question only the fields that the file names are looked
// at. CLAIMGATE_UPDATE_GOLDEN=1 writes the answers and questions as they are: read the difference.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';

import { root, serve, within } from './lib/claimgate.mjs';

const kGolden = path.join(root, 'tests', 'data', 'golden');
const update = process.env.CLAIMGATE_UPDATE_GOLDEN === '1';

function parse(text) {
  const sections = {};
  let comment = '';
  let name = null;
  for (const line of text.split('\n')) {
    const found = line.match(/^### (\w+)$/);
    if (found) sections[name = found[1]] = [];
    else if (name === null) comment += `${line}\n`;
    else sections[name].push(line);
  }
  const messages = { comment };
  for (const [section, lines] of Object.entries(sections)) {
    const empty = lines.indexOf('');
    assert.ok(empty > 0, `${section} has no empty line behind its head`);
    messages[section] = { head: lines.slice(0, empty), body: lines.slice(empty + 1).join('\n').replace(/\n$/, '') };
  }
  return messages;
}

function render(messages) {
  let text = messages.comment;
  for (const name of ['request', 'question', 'reply', 'answer']) {
    const message = messages[name];
    if (message) text += `### ${name}\n${message.head.join('\n')}\n\n${message.body}\n`;
  }
  return text;
}

// The one answer to one request on a connection of its own, byte for byte.
async function exchange(address, { head, body }) {
  const { host, port } = address;
  const bytes = `${[...head, 'Host: hooks.woodgrove.example', `Content-Length: ${Buffer.byteLength(body)}`, 'Connection: close'].join('\r\n')}\r\n\r\n${body}`;
  const socket = net.connect(port, host);
  const chunks = [];
  await within('the answer', new Promise((resolve, reject) => {
    socket.on('data', (chunk) => chunks.push(chunk)).on('end', resolve).on('error', reject);
    socket.write(bytes);
  }));
  socket.destroy();
  const text = Buffer.concat(chunks).toString('utf8');
  const end = text.indexOf('\r\n\r\n');
  assert.ok(end > 0, `no answer: ${JSON.stringify(text)}`);
  const lines = text.slice(0, end).split('\r\n').map((line) => line.replace(/^Date: .*$/, 'Date: *'));
  const content = text.slice(end + 4);
  assert.ok(lines.includes(`Content-Length: ${Buffer.byteLength(content)}`), lines.join('\n'));
  return { head: lines.filter((line) => line !== 'Connection: close'), body: content };
}

// A backend that expects the question of the exchange at hand and gives its reply.
async function backend(t) {
  const state = { reply: null, questions: [] };
  const server = http.createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text) => (body += text)).on('end', () => {
      state.questions.push({ line: `${request.method} ${request.url} HTTP/1.1`, fields: request.headers, body });
      const [status, ...fields] = state.reply?.head ?? ['HTTP/1.1 500 Unexpected'];
      response.writeHead(Number(status.split(' ')[1]), Object.fromEntries(fields.map((line) => line.split(/: /))));
      response.end(state.reply?.body ?? '');
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.closeAllConnections?.() ?? server.close());
  t.after(() => server.close());
  state.port = server.address().port;
  return state;
}

for (const dialect of fs.readdirSync(kGolden).sort()) {
  const directory = path.join(kGolden, dialect);
  if (!fs.statSync(directory).isDirectory()) continue;
  test(`${dialect} is answered as its golden exchanges say`, async (t) => {
    const upstream = await backend(t);
    const gate = await serve(t, fs.readFileSync(path.join(directory, 'claimgate.yaml'), 'utf8'),
      { env: { BACKEND_PORT: String(upstream.port) } });
    const [host, port] = gate.address.replace(/^.*\/\//, '').split(':');
    const names = fs.readdirSync(directory).filter((name) => name.endsWith('.http')).sort();
    assert.ok(names.length > 0);
    for (const name of names) {
      await t.test(name, async () => {
        const file = path.join(directory, name);
        const golden = parse(fs.readFileSync(file, 'utf8'));
        upstream.reply = golden.reply ?? null;
        upstream.questions = [];
        const answer = await exchange({ host, port: Number(port) }, golden.request);
        if (update) {
          const [asked] = upstream.questions;
          if (asked) {
            const kept = golden.question?.head.slice(1).map((line) => line.split(': ')[0].toLowerCase()) ?? [];
            golden.question = { head: [asked.line, ...kept.map((field) => `${field}: ${asked.fields[field]}`)], body: asked.body };
          }
          fs.writeFileSync(file, render({ ...golden, answer }));
          return;
        }
        assert.equal(answer.body, golden.answer.body);
        assert.deepEqual(answer.head, golden.answer.head);
        assert.equal(upstream.questions.length, golden.question ? 1 : 0, 'questions to the backend');
        if (!golden.question) return;
        const [line, ...fields] = golden.question.head;
        assert.equal(upstream.questions[0].line, line);
        for (const field of fields) {
          const [key, value] = field.split(': ');
          assert.equal(upstream.questions[0].fields[key.toLowerCase()], value, key);
        }
        assert.equal(upstream.questions[0].body, golden.question.body);
      });
    }
  });
}
