// Hash tables whose hash anybody can compute are slow for whoever chooses the keys. So each place that
// has one is listed here with who chooses what is put in; where that is a caller, the hash has a key that
// is drawn at the start of the process (core/sip_state.h: SipHash).
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { root } from './lib/claimgate.mjs';

const kUnkeyed = {
  'core/config/yaml_tree.cc': 'the configuration',
  'core/rules/index_builder.h': 'the rules, when they are compiled',
  'core/rules/literal_table.cc': 'the rules, when they are compiled',
  'core/rules/program.h': 'the rules; callers only look names up',
  'core/rules/template.h': 'the rules; callers only look names up',
  'proxy/events/courier.h': 'claimgate: hashes of ordering keys under the key of `pseudonyms`, and ids of approvals',
  'proxy/forward/flights.h': 'claimgate: keys that are SipHash with a key of the process, or one that follows from the key of the state',
};

test('every hash table is known, and who chooses its keys', () => {
  const found = new Set();
  const walk = (folder) => {
    for (const entry of fs.readdirSync(path.join(root, folder), { withFileTypes: true })) {
      const name = `${folder}/${entry.name}`;
      if (entry.isDirectory()) walk(name);
      else if (/\.(h|cc)$/.test(name)) {
        const code = fs.readFileSync(path.join(root, name), 'utf8').replace(/^#include.*$|\/\/.*$/gm, '');
        if (/\b(std::unordered_\w+|absl::(flat|node)_hash_\w+|std::hash|absl::Hash)\b/.test(code)) found.add(name);
      }
    }
  };
  walk('core');
  walk('proxy');
  assert.deepEqual([...found].sort(), Object.keys(kUnkeyed).sort(),
    'a new table: give its hash a key if callers choose what is put in, and list it here');
});
