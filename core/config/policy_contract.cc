// `policy` of a connector: what the author of a custom policy chose.
#include <algorithm>

#include "core/config/reader.h"

namespace core::config {
namespace {

constexpr std::size_t kNamesMax = 64;  // dialects::b2c_policy::kRenamedMax

void read_names(Reader& reader, const Node& node, const schema::Key& key, PolicyContract& policy) {
  if (!reader.is_map(node, key)) return;
  if (node.members.size() > kNamesMax) {
    reader.error(node, "more than 64 names", "leave out those that are the same on both sides");
    return;
  }
  for (const Member& member : node.members) {
    Text ours = reader.key_text(*member.key);
    std::optional<Text> theirs = reader.string(*member.value, key);
    if (!theirs) continue;
    if (theirs->value.empty()) {
      reader.error(*member.value, "expected a name", "write the claim's PartnerClaimType");
      continue;
    }
    const auto same = [&](const auto& other) { return other.second.value == theirs->value; };
    if (std::any_of(policy.names.begin(), policy.names.end(), same)) {
      reader.error(*member.value, "two claims of this name", "give each claim its own");
      continue;
    }
    policy.names.emplace_back(std::move(ours), std::move(*theirs));
  }
}

/// A key that only counts beside another.
void wants(Reader& reader, const Fields& fields, std::string_view name, bool fits,
           std::string_view beside) {
  if (fits || fields.find(name) == nullptr) return;
  reader.error(*fields.key_node(name), "without " + std::string(beside) + " it has no meaning",
               "write " + std::string(beside) + ", or leave it out");
}

}  // namespace

void read_policy_contract(Reader& reader, const Fields& connector, PolicyContract& policy) {
  const Node* const node = connector.find("policy");
  if (node == nullptr || !reader.is_map(*node, connector.key("policy"))) return;
  const Fields fields(reader, *node, connector.key_node("policy"), *connector.key("policy").object);
  fields.choice("claims_in", policy.claims_in);
  fields.filled("payload", policy.payload);
  fields.filled("url", policy.url);
  fields.boolean("debug", policy.debug);
  fields.filled("request_id", policy.request_id);
  fields.filled("more_info", policy.more_info);
  if (const Node* const names = fields.find("names"); names != nullptr) {
    read_names(reader, *names, fields.key("names"), policy);
  }
  const Node& at = *connector.key_node("policy");
  wants(reader, fields, "payload", policy.claims_in == ClaimsIn::kBody, "claims_in: body");
  wants(reader, fields, "url", policy.claims_in == ClaimsIn::kUrl, "claims_in: url");
  wants(reader, fields, "request_id", policy.debug, "debug: true");
  wants(reader, fields, "more_info", policy.debug, "debug: true");
  if (policy.claims_in == ClaimsIn::kUrl && fields.find("url") == nullptr) {
    reader.error(at, "the key \"url\" is missing: it says where in the URL claims are",
                 "write url: " + std::string(fields.key("url").example));
  }
  if (policy.claims_in == ClaimsIn::kHeader && fields.find("names") == nullptr) {
    reader.error(at, "the key \"names\" is missing: it says which header fields are claims",
                 "write names: " + std::string(fields.key("names").example));
  }
}

}  // namespace core::config
