// `state`.
#include "core/config/state.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/config/load.h"
#include "core/config/reader.h"
#include "core/secret.h"
#include "core/text/base64.h"

namespace core::config {
namespace {

void read_keys(Reader& reader, const Fields& fields, std::vector<Text>& keys) {
  const Node* const node = fields.find("key");
  if (node == nullptr) return;
  each_string(reader, *node, fields.key("key"), [&](const Node& at, Text text) {
    std::optional<std::string> bytes = text::decode_base64(text.value);
    if (!bytes || bytes->size() != State::kKeyBytes) {
      reader.error(at, "expected 32 bytes in base64", "as from openssl rand -base64 32");
      return;
    }
    if (!text.secret) {
      reader.warning(at, "a secret is written in the file", "write \"${env:NAME}\" or \"${file:PATH}\"");
    }
    wipe(text.value);
    text.value = std::move(*bytes);
    keys.push_back(std::move(text));
  });
}

}  // namespace

void read_state(Reader& reader, const Node& node, const Node& named, const schema::Key& key, State& state) {
  state.mark = named.mark;
  if (node.kind == Node::Kind::kScalar) {
    const std::optional<Text> word = reader.resolve(node);
    if (!word) return;
    if (word->value == key.choices[0]) {
      state.kind = State::Kind::kMemory;
    } else {
      reader.wrong_type(node, key);
    }
    return;
  }
  if (node.kind != Node::Kind::kMap) {
    reader.wrong_type(node, key);
    return;
  }
  const Fields fields(reader, node, &named, *key.object);
  if (fields.string("sqlite", state.sqlite)) {
    if (state.sqlite.value.empty()) {
      reader.error(*fields.find("sqlite"), "expected the name of a file", "write sqlite: state.db");
    } else {
      state.kind = State::Kind::kSqlite;
      state.sqlite.value = path_beside(reader.diagnostics().path(state.sqlite.mark.file), state.sqlite.value);
    }
  }
  fields.choice("synchronous", state.synchronous);
  fields.integer("queue", state.queue);
  read_keys(reader, fields, state.keys);
}

}  // namespace core::config
