// The commands of README.md and docs/ are run as they are printed. A block opened by "```sh test"
// is run by bash in the root of the tree with the built claimgate first on PATH; one opened by
// "```sh test serving" with the quickstart's proxy running, its addresses put in for the example's.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { binary, root, run, scratch, serve, within } from './lib/claimgate.mjs';

const pages = ['README.md', 'CONTRIBUTING.md', 'examples/policies/README.md', ...fs.readdirSync(path.join(root, 'docs')).map((name) => `docs/${name}`)]
  .filter((name) => name.endsWith('.md'));

function blocks(page, opening) {
  const found = [];
  let lines = null;
  fs.readFileSync(path.join(root, page), 'utf8').split('\n').forEach((line, i) => {
    if (lines === null) {
      if (opening.test(line)) lines = { line: i + 1, words: line, text: '' };
    } else if (/^\s*```$/.test(line)) {
      found.push(lines);
      lines = null;
    } else {
      lines.text += `${line}\n`;
    }
  });
  assert.equal(lines, null, `${page}: a block is not closed`);
  return found;
}

async function shell(t, script) {
  const bin = scratch(t);
  fs.symlinkSync(binary, path.join(bin, 'claimgate'));
  const child = spawn('bash', ['-euo', 'pipefail', '-c', script], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PATH: `${bin}:${process.env.PATH}`, B2C_PASSWORD: 'one', B2C_PASSWORD_NEXT: 'two' },
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (output += text));
  const [code] = await within('the commands', once(child, 'close'), 60_000);
  assert.equal(code, 0, `${script}\n${output}`);
  return output;
}

let runnable = 0;
for (const page of pages) {
  for (const block of blocks(page, /^```sh test/)) {
    runnable++;
    test(`${page}:${block.line} runs`, async (t) => {
      let script = block.text;
      if (/serving/.test(block.words)) {
        const text = fs.readFileSync(path.join(root, 'examples/quickstart.yaml'), 'utf8');
        const [address, admin] = [...text.matchAll(/address: (127\.0\.0\.1:\d+)/g)].map((m) => m[1]);
        const files = {};
        for (const name of fs.readdirSync(path.join(root, 'examples/lists'))) {
          files[`lists/${name}`] = fs.readFileSync(path.join(root, 'examples/lists', name), 'utf8');
        }
        const gate = await serve(t, text.replace(/(address: 127\.0\.0\.1:)\d+/g, '$10'), { files });
        script = script.replaceAll(address, gate.address.slice(7)).replaceAll(admin, gate.admin.slice(7));
      }
      await shell(t, script);
    });
  }
  for (const [i, block] of blocks(page, /^```yaml test/).entries()) {
    test(`${page}:${block.line} is a configuration that check accepts`, async (t) => {
      const lists = Object.fromEntries(
        [...block.text.matchAll(/file: ([\w./-]+\.txt)/g)].map((m) => [m[1], 'some.example\n']));
      const cwd = scratch(t, { [`page-${i}.yaml`]: block.text, ...lists });
      const { code, stderr } = await run(['check', `page-${i}.yaml`], { cwd, env: { B2C_PASSWORD: 'one', B2C_PASSWORD_NEXT: 'two' } });
      assert.equal(code, 0, stderr);
    });
  }
}

test('the README has commands that are run here', () => assert.ok(runnable >= 3, `${runnable}`));

test('files that the pages point at are there', () => {
  for (const page of pages) {
    const text = fs.readFileSync(path.join(root, page), 'utf8');
    for (const [, link] of text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
      if (/^[a-z]+:/.test(link)) continue;
      assert.ok(fs.existsSync(path.join(root, path.dirname(page), link)), `${page} points at ${link}`);
    }
  }
});
