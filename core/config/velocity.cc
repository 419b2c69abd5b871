// `velocity`.
#include "core/config/velocity.h"

#include <algorithm>
#include <utility>

#include "core/config/reader.h"

namespace core::config {
namespace {

using schema::Key;

void read_limit(Reader& reader, const Member& member, const Key& key, Config& config) {
  VelocityLimit limit;
  limit.name = reader.key_text(*member.key);
  Key one = key;
  one.shape = schema::Shape::kObject;
  one.name = member.key->value;
  one.example = "{ key: [email.domain], window: 1h, at_most: 50 }";
  if (!reader.is_map(*member.value, one)) return;
  const Fields fields(reader, *member.value, member.key, *key.object);
  if (const Node* const subjects = fields.find("key"); subjects != nullptr) {
    Key subject_key = fields.key("key");
    const Key subjects_key = subject_key;
    subject_key.shape = schema::Shape::kString;
    for (const Node* item : reader.items(*subjects, subjects_key)) {
      std::optional<Text> subject = reader.string(*item, subject_key);
      if (!subject) continue;
      if (subject->value == "email") {
        reader.warning(*item, "one mailbox has many spellings, and each would be counted apart",
                       "write email.canonical");
      }
      limit.key.push_back(std::move(*subject));
    }
  }
  fields.duration("window", limit.window);
  if (fields.integer("at_most", limit.at_most)) limit.at_most_mark = fields.find("at_most")->mark;
  fields.choice("counts", limit.counts);
  if (bool shared = false; fields.boolean("shared", shared)) {
    limit.shared = shared;
    limit.shared_mark = fields.key_node("shared")->mark;
  }
  config.velocity.push_back(std::move(limit));
}

}  // namespace

void read_velocity(Reader& reader, const Node& node, const Key& key, Config& config) {
  if (!reader.is_map(node, key)) return;
  for (const Member& member : node.members) {
    const auto same = std::find_if(
        config.velocity.begin(), config.velocity.end(),
        [&](const VelocityLimit& one) { return one.name.value == member.key->value; });
    if (same != config.velocity.end()) {
      report_twice(reader, *member.key, "limit", same->name.mark);
      continue;
    }
    read_limit(reader, member, key, config);
  }
}

}  // namespace core::config
