// `approvals`.
#include "core/config/approvals.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/config/reader.h"

namespace core::config {
namespace {

using schema::Key;

void read_messages_of(Reader& reader, const Fields& fields, Approval& approval) {
  const Node* const node = fields.find("messages");
  if (node == nullptr) return;
  const Key& key = fields.key("messages");
  if (!reader.is_map(*node, key)) return;
  const Fields messages(reader, *node, fields.key_node("messages"), *key.object);
  messages.filled("requested", approval.requested);
  messages.filled("pending", approval.pending);
  messages.filled("denied", approval.denied);
  if (approval.requested.value.empty()) approval.requested = approval.pending;
}

Approval read_approval(Reader& reader, const Member& member, const Key& section) {
  Approval approval;
  approval.name = reader.key_text(*member.key);
  approval.mark = member.key->mark;
  if (!reader.is_map(*member.value, section)) return approval;
  const Fields fields(reader, *member.value, member.key, *section.object);
  if (const Node* const subjects = fields.find("key"); subjects != nullptr) {
    const Key& key = fields.key("key");
    Key one = key;
    one.shape = schema::Shape::kString;
    for (const Node* item : reader.items(*subjects, key)) {
      if (std::optional<Text> subject = reader.string(*item, one)) approval.key.push_back(std::move(*subject));
    }
  }
  read_messages_of(reader, fields, approval);
  fields.duration("keep", approval.keep);
  fields.duration("erase_after", approval.erase_after);
  return approval;
}

}  // namespace

void read_approvals(Reader& reader, const Node& node, const Key& key, Config& config) {
  if (!reader.is_map(node, key)) return;
  for (const Member& member : node.members) {
    const auto same = std::find_if(config.approvals.begin(), config.approvals.end(), [&](const Approval& one) {
      return one.name.value == member.key->value;
    });
    if (same != config.approvals.end()) {
      report_twice(reader, *member.key, "approval", same->mark);
      continue;
    }
    check_name(reader, *member.key, "approval", false);
    config.approvals.push_back(read_approval(reader, member, key));
  }
}

}  // namespace core::config
