// One package list: what the build asks for is what the installer installs.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { root } from './lib/claimgate.mjs';

const install = (...args) => spawnSync(path.join(root, 'tools/install'), args, { encoding: 'utf8', cwd: '/' });
const names = (text) => text.trim().split('\n').flatMap((line) => line.split(' | '));

test('every package that CMake would ask for is on the list', () => {
  const listed = new Set(names(install('--list', '--for', 'test').stdout));
  const sources = ['cmake/Dependencies.cmake', 'cmake/FindLlhttp.cmake', 'tests/e2e/CMakeLists.txt']
    .map((file) => fs.readFileSync(path.join(root, file), 'utf8')).join('\n');
  const wanted = new Set([...sources.matchAll(/\b(lib[a-z0-9-]+-dev|node-llhttp|nodejs)\b/g)].map((m) => m[1]));
  assert.ok(wanted.size > 8);
  for (const name of wanted) assert.ok(listed.has(name), `${name} is in tools/packages`);
});

test('each section stands on [build], and an unknown one is refused', () => {
  const build = names(install('--list').stdout);
  for (const section of ['quickstart', 'test', 'benchmark', 'fuzz']) {
    const { status, stdout } = install('--list', '--for', section);
    assert.equal(status, 0);
    const listed = names(stdout);
    for (const name of build) assert.ok(listed.includes(name), `${section} has ${name}`);
    assert.ok(listed.length > build.length, section);
  }
  assert.equal(install('--list', '--for', 'nonsense').status, 2);
  assert.equal(install('--nonsense').status, 2);
});

test('on this machine nothing the tests need is missing', () => {
  const { status, stdout } = install('--missing', '--for', 'test');
  // On another system than Debian the installer cannot know.
  if (spawnSync('dpkg-query', ['--version']).error) assert.equal(status, 3);
  else assert.equal(status, 0, stdout);
});
