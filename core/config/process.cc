// `process`.
#include <string>

#include "core/config/reader.h"

namespace core::config {

void read_process(Reader& reader, const Node& node, const Node& named, const schema::Key& key,
                  Process& process) {
  if (!reader.is_map(node, key)) return;
  const Fields fields(reader, node, &named, *key.object);
  if (fields.string("user", process.user) && process.user.value.empty()) {
    reader.error(*fields.find("user"), "expected the name of a user", "write user: claimgate");
  }
  fields.choice("seccomp", process.seccomp);
  fields.boolean("core_dumps", process.core_dumps);
}

}  // namespace core::config
