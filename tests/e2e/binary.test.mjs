// The program itself: how it was hardened (readelf), and whether its bill of materials (tools/sbom) is complete.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';

import { binary, root } from './lib/claimgate.mjs';

const readelf = (...args) => execFileSync('readelf', ['-W', ...args, binary],
  { env: { ...process.env, LC_ALL: 'C' }, maxBuffer: 256 << 20 }).toString();
const dynamic = readelf('-d');
const needed = [...dynamic.matchAll(/\(NEEDED\).*\[(.+)\]/g)].map((m) => m[1]);
const sanitized = needed.some((name) => /^lib(asan|tsan|ubsan)/.test(name));
const isRelease = path.basename(path.dirname(binary)) === 'release';
const symbols = readelf('--dyn-syms');

test('it is position-independent, its tables are read-only once it is loaded, its stack holds no code', () => {
  assert.match(readelf('-h'), /Type: +DYN/);
  assert.match(dynamic, /FLAGS_1\).*\bPIE\b/);
  assert.match(dynamic, /FLAGS_1\).*\bNOW\b/);
  const segments = readelf('-l');
  assert.match(segments, /^ +GNU_RELRO /m);
  assert.match(segments, /^ +GNU_STACK +.* RW +0x/m);
  assert.doesNotMatch(segments, /^ +LOAD .* RWE /m);
  assert.doesNotMatch(dynamic, /TEXTREL|RPATH|RUNPATH/);
});

test('its stack frames are guarded', () => assert.match(symbols, /__stack_chk_fail/));

test('the release checks the bounds of library calls', { skip: !isRelease }, () => {
  assert.match(symbols, / __\w+_chk\b/);
});

test('every landing place of an indirect jump in the release is marked',
  { skip: !isRelease || process.arch !== 'x64' }, () => {
    // endbr64; functions that nothing points at need none.
    const code = execFileSync('objdump', ['-d', '--no-show-raw-insn', '--section=.text', binary], { maxBuffer: 1 << 30 }).toString();
    assert.ok((code.match(/\bendbr64\b/g) ?? []).length > 100);
  });

test('the bill of materials is CycloneDX and names every library that the program loads',
  { skip: sanitized }, () => {
    const print = () => execFileSync(path.join(root, 'tools/sbom'), ['--build', path.dirname(binary)],
      { env: { ...process.env, SOURCE_DATE_EPOCH: '1700000000' } }).toString();
    const text = print();
    const bom = JSON.parse(text);
    assert.equal(bom.bomFormat, 'CycloneDX');
    assert.equal(bom.specVersion, '1.5');
    assert.match(bom.serialNumber, /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.equal(bom.metadata.timestamp, '2023-11-14T22:13:20Z');
    assert.equal(bom.metadata.component.name, 'claimgate');
    assert.equal(bom.metadata.component.version, process.env.CLAIMGATE_VERSION);
    const named = bom.components.flatMap((one) => one.properties.filter((p) => p.name === 'claimgate:file').map((p) => p.value));
    for (const library of needed) assert.ok(named.includes(library), `${library} is missing`);
    const names = bom.components.map((one) => one.name);
    assert.equal(new Set(names).size, names.length);
    // Compiled in, and in no NEEDED: header-only, or sources.
    for (const like of [/^libcli11-dev$/, /llhttp/, /^libssl-dev$/]) assert.ok(names.some((name) => like.test(name)), `${like}`);
    for (const one of bom.components) {
      assert.equal(one.type, 'library');
      assert.match(one.version, /\d/, one.name);
      assert.match(one.purl, /^pkg:deb\/debian\/[a-z0-9][a-z0-9.+-]*@[^?]+\?arch=\w+&distro=/, one.name);
      for (const { license } of one.licenses ?? []) assert.ok(license.id || license.name, one.name);
    }
    assert.ok(bom.components.filter((one) => one.licenses).length > bom.components.length / 2);
    const references = bom.components.map((one) => one['bom-ref']);
    assert.deepEqual(bom.dependencies, [{ ref: bom.metadata.component['bom-ref'], dependsOn: references }]);
    const tools = bom.metadata.tools.components.map((one) => one.name);
    for (const like of [/^g\+\+|^clang/, /^cmake$/, /^ninja/]) assert.ok(tools.some((name) => like.test(name)), `${like}: ${tools}`);
  });
