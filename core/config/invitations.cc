// `invitations`.
#include "core/config/invitations.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/config/load.h"
#include "core/config/reader.h"

namespace core::config {
namespace {

using schema::Key;

constexpr std::size_t kPersonMax = 8;

void read_person(Reader& reader, const Fields& fields, Invitation& invitation) {
  const Node* const node = fields.find("person");
  if (node == nullptr) {
    invitation.person.push_back({"email.canonical", invitation.mark, false});
    return;
  }
  each_string(reader, *node, fields.key("person"), [&](const Node& at, Text subject) {
    if (subject.value == "email") {
      reader.warning(at, "one mailbox has many spellings, and each would be somebody else",
                     "write email.canonical");
    }
    if (invitation.person.size() == kPersonMax) {
      reader.error(at, "more than 8 values that say who somebody is", {});
    } else {
      invitation.person.push_back(std::move(subject));
    }
  });
}

/// Those without a message of their own have that of an unknown code.
void read_messages_of(Reader& reader, const Fields& fields, Invitation& invitation) {
  const Node* const node = fields.find("messages");
  if (node == nullptr) return;
  const Key& key = fields.key("messages");
  if (!reader.is_map(*node, key)) return;
  const Fields messages(reader, *node, fields.key_node("messages"), *key.object);
  for (std::size_t i = 0; i < kInvitationRefusalCount; ++i) {
    messages.filled(kInvitationRefusals[i], invitation.messages[i]);
  }
  const Text unknown = invitation.messages[static_cast<std::size_t>(InvitationRefusal::kUnknown)];
  for (Text& message : invitation.messages) {
    if (message.value.empty()) message = unknown;
  }
}

void read_blocks(Reader& reader, const Fields& fields, Invitation& invitation) {
  const Node* const node = fields.find("block");
  if (node == nullptr) return;
  each_string(reader, *node, fields.key("block"), [&](const Node& at, Text refusal) {
    const auto found = std::find(kInvitationRefusals.begin(), kInvitationRefusals.end(), refusal.value);
    if (found != kInvitationRefusals.end()) {
      invitation.blocks[static_cast<std::size_t>(found - kInvitationRefusals.begin())] = true;
      return;
    }
    reader.error(at, "unknown refusal " + Reader::quote(refusal),
                 suggest(refusal.value, {kInvitationRefusals.begin(), kInvitationRefusals.end()}));
  });
}

Invitation read_invitation(Reader& reader, const Member& member, const Key& section) {
  Invitation invitation;
  invitation.name = reader.key_text(*member.key);
  invitation.mark = member.key->mark;
  if (!reader.is_map(*member.value, section)) return invitation;
  const Fields fields(reader, *member.value, member.key, *section.object);
  fields.filled("code", invitation.code);
  read_person(reader, fields, invitation);
  read_messages_of(reader, fields, invitation);
  read_blocks(reader, fields, invitation);
  fields.duration("valid", invitation.valid);
  fields.duration("forget_after", invitation.forget);
  return invitation;
}

}  // namespace

void read_invitations(Reader& reader, const Node& node, const Key& key, Config& config) {
  if (!reader.is_map(node, key)) return;
  for (const Member& member : node.members) {
    const auto same = std::find_if(
        config.invitations.begin(), config.invitations.end(),
        [&](const Invitation& one) { return one.name.value == member.key->value; });
    if (same != config.invitations.end()) {
      report_twice(reader, *member.key, "invitation", same->mark);
      continue;
    }
    check_name(reader, *member.key, "invitation", false);
    config.invitations.push_back(read_invitation(reader, member, key));
  }
}

}  // namespace core::config
