// `events`, `pseudonyms`, `audit` and a connector's `on`.
#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>

#include "core/config/place.h"
#include "core/config/reader.h"

namespace core::config {
namespace {

using schema::Key;
using schema::Shape;

constexpr std::size_t kTypeBytesMax = 128;
constexpr std::size_t kUriBytesMax = 1024;
constexpr std::size_t kClaimsMax = 64;
constexpr std::size_t kEventsOnMax = 8;
constexpr std::size_t kKeyBytesMin = 32;
constexpr std::int64_t kDaysMax = 36'500;
constexpr milliseconds kDay{24 * 3'600'000};

/// What stands in an attribute is sent as a field of HTTP as well: printable ASCII without spaces.
bool is_plain(std::string_view text, std::size_t bytes_max) {
  return !text.empty() && text.size() <= bytes_max &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '"'; });
}

void read_attribute(Reader& reader, const Fields& fields, std::string_view name,
                    std::size_t bytes_max, Text& out) {
  if (!fields.string(name, out) || is_plain(out.value, bytes_max)) return;
  reader.error(*fields.find(name),
               "this has 1 to " + std::to_string(bytes_max) + " printable ASCII characters without spaces",
               "write " + std::string(name) + ": " + std::string(fields.key(name).example));
}

void read_claims(Reader& reader, const Fields& fields, EventType& event) {
  const Node* const node = fields.find("claims");
  if (node == nullptr) return;
  Key one = fields.key("claims");
  if (!reader.is_map(*node, one)) return;
  one.shape = Shape::kString;
  one.example = "hash";
  for (const Member& member : node->members) {
    one.name = member.key->value;
    Text claim = reader.key_text(*member.key);
    const std::optional<Text> word = reader.string(*member.value, one);
    if (!word) continue;
    Treatment treatment = Treatment::kPlain;
    if (word->value == "hash") {
      treatment = Treatment::kHash;
    } else if (word->value == "token") {
      treatment = Treatment::kToken;
    } else if (word->value != "plain") {
      reader.error(*member.value, "unknown treatment " + Reader::quote(*word),
                   "write plain, hash or token");
      continue;
    }
    if (claim.value.empty()) {
      reader.error(*member.key, "expected the name of a claim", {});
    } else if (event.claims.size() == kClaimsMax) {
      reader.error(*member.key, "more than 64 claims of one event", {});
      return;
    } else {
      event.claims.emplace_back(std::move(claim), treatment);
    }
  }
}

void read_event(Reader& reader, const Member& member, const Key& key, Config& config) {
  EventType event;
  event.name = reader.key_text(*member.key);
  Key one = key;
  one.shape = Shape::kObject;
  one.name = member.key->value;
  one.example = "{ type: com.example.signup.blocked, sinks: [crm] }";
  if (!reader.is_map(*member.value, one)) return;
  const Fields fields(reader, *member.value, member.key, *key.object);
  read_attribute(reader, fields, "type", kTypeBytesMax, event.type);
  read_attribute(reader, fields, "source", kUriBytesMax, event.source);
  read_attribute(reader, fields, "dataschema", kUriBytesMax, event.dataschema);
  fields.filled("subject", event.subject);
  read_claims(reader, fields, event);
  constexpr std::size_t kKeysMax = 8, kSinksMax = 8;
  if (const Node* const names = fields.find("key"); names != nullptr) {
    read_names(reader, *names, fields.key("key"), "a claim or derived value", kKeysMax, event.key);
  }
  if (const Node* const names = fields.find("sinks"); names != nullptr) {
    read_names(reader, *names, fields.key("sinks"), "a sink", kSinksMax, event.sinks);
  }
  fields.choice("commit", event.commit);
  if (fields.choice("when_away", event.when_away) && event.commit == EventCommit::kBehindAnswer) {
    reader.error(*fields.key_node("when_away"), "no answer waits for this event",
                 "write commit: before_answer, or leave it out");
  }
  config.events.push_back(std::move(event));
}

/// The first text of an event whose value is hashed or made a token; null when none is.
const Text* pseudonymous(const EventType& event) {
  if (!event.subject.value.empty()) return &event.subject;
  for (const auto& [claim, treatment] : event.claims) {
    if (treatment != Treatment::kPlain) return &claim;
  }
  return event.key.empty() ? nullptr : &event.key.front();
}

/// Events of changes of approvals: a change has no claims of a request.
void check_approvals(Diagnostics& diagnostics, const Config& config) {
  const auto at = [&](const Text& text, std::string message, std::string suggestion) {
    diagnostics.error(text.mark, written_length(diagnostics, text), std::move(message), std::move(suggestion));
  };
  std::vector<std::string_view> known;
  for (const EventType& event : config.events) known.emplace_back(event.name.value);
  for (const Approval& approval : config.approvals) {
    for (const std::vector<Text>& names : approval.on) {
      for (const Text& name : names) {
        const auto found = std::find(known.begin(), known.end(), name.value);
        if (found == known.end()) continue;  // reported when it is compiled
        const EventType& event = config.events[static_cast<std::size_t>(found - known.begin())];
        if (event.claims.empty() && event.key.empty() && event.subject.value.empty()) continue;
        at(name, "the event \"" + name.value + "\" carries claims of a request, and this is none",
           "name one without claims, key and subject");
      }
    }
  }
}

}  // namespace

void read_names(Reader& reader, const Node& node, const Key& key, std::string_view what,
                std::size_t count_max, std::vector<Text>& names) {
  each_string(reader, node, key, [&](const Node& at, Text name) {
    const auto same = [&](const Text& other) { return other.value == name.value; };
    if (name.value.empty()) {
      reader.error(at, "expected the name of " + std::string(what), {});
    } else if (std::any_of(names.begin(), names.end(), same)) {
      reader.error(at, Reader::quote(name) + " is written twice", "leave one out");
    } else if (names.size() == count_max) {
      reader.error(at, "more than " + std::to_string(count_max) + " of them", {});
    } else {
      names.push_back(std::move(name));
    }
  });
}

void read_events(Reader& reader, const Node& node, const Key& key, Config& config) {
  if (!reader.is_map(node, key)) return;
  for (const Member& member : node.members) {
    const auto same =
        std::find_if(config.events.begin(), config.events.end(),
                     [&](const EventType& e) { return e.name.value == member.key->value; });
    if (same != config.events.end()) {
      report_twice(reader, *member.key, "event", same->name.mark);
      continue;
    }
    check_name(reader, *member.key, "event", false);
    read_event(reader, member, key, config);
  }
}

void read_on(Reader& reader, const Fields& connector, std::array<std::vector<Text>, 3>& on) {
  const Node* const node = connector.find("on");
  if (node == nullptr) return;
  const Key& key = connector.key("on");
  if (!reader.is_map(*node, key)) return;
  const Fields fields(reader, *node, connector.key_node("on"), *key.object);
  std::size_t i = 0;
  for (const std::string_view verdict : {"continue", "block", "validation_error"}) {
    std::vector<Text>& names = on[i++];
    if (const Node* const written = fields.find(verdict); written != nullptr) {
      read_names(reader, *written, fields.key(verdict), "an event", kEventsOnMax, names);
    }
  }
}

void read_pseudonyms(Reader& reader, const Node& node, const Node& named, const Key& key,
                     Pseudonyms& pseudonyms) {
  if (!reader.is_map(node, key)) return;
  const Fields fields(reader, node, &named, *key.object);
  pseudonyms.mark = named.mark;
  const Node* const keys = fields.find("key");
  if (keys == nullptr) return;
  each_string(reader, *keys, fields.key("key"), [&](const Node& at, Text secret) {
    if (secret.value.size() < kKeyBytesMin) {
      reader.error(at, "a key of pseudonyms has 32 or more bytes", "as from openssl rand -hex 32");
      return;
    }
    if (!secret.secret) {
      reader.warning(at, "a key is written in the file", "write \"${env:NAME}\" or \"${file:PATH}\"");
    }
    pseudonyms.keys.push_back(std::move(secret));
  });
}

void read_audit(Reader& reader, const Node& node, const Node& named, const Key& key, Audit& audit) {
  if (!reader.is_map(node, key)) return;
  const Fields fields(reader, node, &named, *key.object);
  audit.mark = named.mark;
  if (fields.filled("directory", audit.directory)) {
    audit.directory.value =
        path_beside(reader.diagnostics().path(audit.directory.mark.file), audit.directory.value);
  }
  constexpr std::size_t kPersonMax = 8;
  if (const Node* const person = fields.find("person"); person != nullptr) {
    read_names(reader, *person, fields.key("person"), "a claim or derived value", kPersonMax,
               audit.person);
  }
  Text keep;
  if (!fields.string("keep", keep)) return;
  std::int64_t days = 0;
  const char* const end = keep.value.data() + keep.value.size();
  const auto [stop, ec] = std::from_chars(keep.value.data(), end, days);
  if (ec != std::errc{} || stop + 1 != end || *stop != 'd' || days < 1 || days > kDaysMax) {
    reader.error(*fields.find("keep"), "expected a number of days from 1d to 36500d", "write keep: 400d");
    return;
  }
  audit.keep = days * kDay;
}

void check_events(Diagnostics& diagnostics, const Config& config) {
  const auto at = [&](const Text& text, std::string message, std::string suggestion) {
    diagnostics.error(text.mark, written_length(diagnostics, text), std::move(message),
                      std::move(suggestion));
  };
  std::vector<std::string_view> sinks;
  for (const Sink& sink : config.sinks) sinks.push_back(sink.name.value);
  for (const EventType& event : config.events) {
    for (const Text& sink : event.sinks) {
      if (std::find(sinks.begin(), sinks.end(), sink.value) != sinks.end()) continue;
      at(sink, "unknown sink \"" + sink.value + "\"",
         sinks.empty() ? "no `sinks` are defined" : suggest(sink.value, sinks));
    }
    const Text* const hidden = pseudonymous(event);
    if (hidden == nullptr || config.pseudonyms.mark.line != 0) continue;
    at(*hidden, "hashes and tokens need a key", "write pseudonyms: { key: \"${env:PSEUDONYMS_KEY}\" }");
  }
  check_approvals(diagnostics, config);
  if (!config.audit.person.empty() && config.pseudonyms.mark.line == 0) {
    at(config.audit.person.front(), "the hash of a person needs a key",
       "write pseudonyms: { key: \"${env:PSEUDONYMS_KEY}\" }");
  }
}

}  // namespace core::config
