// `approvals`.
#include "core/config/approvals.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/config/load.h"
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

/// `on`: names of events by the change.
void read_on_of(Reader& reader, const Fields& approval, Approval& to) {
  constexpr std::size_t kEventsMax = 8;
  const Node* const node = approval.find("on");
  if (node == nullptr) return;
  const Key& key = approval.key("on");
  if (!reader.is_map(*node, key)) return;
  const Fields fields(reader, *node, approval.key_node("on"), *key.object);
  for (std::size_t i = 0; i < kApprovalChanges.size(); ++i) {
    const std::string_view change = kApprovalChanges[i];
    const Node* const written = fields.find(change);
    if (written == nullptr) continue;
    read_names(reader, *written, fields.key(change), "an event", kEventsMax, to.on[i]);
    if (change.starts_with("account") && !to.graph) {
      reader.error(*fields.key_node(change), "without graph no account is created", "write graph, or leave it out");
    }
  }
}

/// An https URL without a slash at its end; http on this machine.
void read_url(Reader& reader, const Fields& fields, std::string_view name, Text& url) {
  if (!fields.string(name, url)) return;
  while (url.value.ends_with('/')) url.value.pop_back();
  const std::string& text = url.value;
  const bool local = text.starts_with("http://127.0.0.1:") || text.starts_with("http://localhost:") ||
                     text.starts_with("http://[::1]:");
  const bool visible = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if ((!text.starts_with("https://") || text.size() <= 8) && !local) {
    reader.error(*fields.find(name), "expected a URL of https (http on this machine only)",
                 "write " + std::string(name) + ": " + std::string(fields.key(name).example));
  } else if (!visible) {
    reader.error(*fields.find(name), "a URL has no white space and no control characters", {});
  }
}

void read_graph(Reader& reader, const Fields& approval, std::optional<Graph>& to) {
  const Node* const node = approval.find("graph");
  if (node == nullptr) return;
  const Key& key = approval.key("graph");
  if (!reader.is_map(*node, key)) return;
  const Fields fields(reader, *node, approval.key_node("graph"), *key.object);
  Graph& graph = to.emplace();
  graph.mark = approval.key_node("graph")->mark;
  graph.authority.value = fields.key("authority").fallback;
  graph.url.value = fields.key("url").fallback;
  for (const auto& [name, text] : {std::pair{"tenant", &graph.tenant}, std::pair{"domain", &graph.domain}}) {
    if (!fields.filled(name, *text)) continue;
    const bool plain = std::all_of(text->value.begin(), text->value.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    });
    if (!plain) reader.error(*fields.find(name), "expected a domain or an id", "write " + std::string(name) + ": woodgrove.onmicrosoft.com");
  }
  fields.filled("client_id", graph.client_id);
  if (fields.filled("client_secret", graph.client_secret) && !graph.client_secret.secret) {
    reader.warning(*fields.find("client_secret"), "a secret is written in the file",
                   "write \"${env:NAME}\" or \"${file:PATH}\"");
  }
  read_url(reader, fields, "redirect_url", graph.redirect_url);
  fields.boolean("send_invitation", graph.send_invitation);
  read_url(reader, fields, "authority", graph.authority);
  read_url(reader, fields, "url", graph.url);
  if (fields.filled("ca", graph.ca)) {
    graph.ca.value = path_beside(reader.diagnostics().path(graph.ca.mark.file), graph.ca.value);
  }
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
  read_graph(reader, fields, approval.graph);
  read_on_of(reader, fields, approval);
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
