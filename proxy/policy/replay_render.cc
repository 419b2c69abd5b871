// What replay has found, for a person and for a program. Values of claims are in neither.
#include <algorithm>

#include "core/text/json.h"
#include "proxy/policy/replay.h"

namespace proxy::policy {
namespace {

using core::text::json_quoted;

/// The entries of a map, those met most often first.
template <typename Map>
std::vector<const typename Map::value_type*> by_count(const Map& map) {
  std::vector<const typename Map::value_type*> entries;
  for (const auto& entry : map) entries.push_back(&entry);
  std::stable_sort(entries.begin(), entries.end(),
                   [](const auto* a, const auto* b) { return a->second.count > b->second.count; });
  return entries;
}

std::string words(const Decided& decided) {
  if (decided.rule.empty()) return decided.verdict + " (no rule ended it)";
  return decided.verdict + " by \"" + decided.rule + "\"";
}

std::string lines_of(const Sightings& seen) {
  if (seen.lines.empty()) return {};
  std::string text = seen.count == 1 ? "line " : "lines ";
  for (std::size_t i = 0; i < seen.lines.size(); ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(seen.lines[i]);
  }
  if (seen.count > seen.lines.size()) {
    text += " and " + std::to_string(seen.count - seen.lines.size()) + " more";
  }
  return "        " + text + "\n";
}

std::string count_of(const Sightings& seen) {
  const std::string digits = std::to_string(seen.count);
  return std::string(digits.size() < 6 ? 6 - digits.size() : 0, ' ') + digits + "  ";
}

std::string json_of(const Decided& decided) {
  return "{\"verdict\":" + json_quoted(decided.verdict) +
         ",\"rule\":" + (decided.rule.empty() ? "null" : json_quoted(decided.rule)) + "}";
}

std::string json_of(const Sightings& seen) {
  std::string text = "\"count\":" + std::to_string(seen.count) + ",\"lines\":[";
  for (std::size_t i = 0; i < seen.lines.size(); ++i) {
    text += (i == 0 ? "" : ",") + std::to_string(seen.lines[i]);
  }
  return text + "]";
}

std::string json_of(const std::map<Replayed::Change, Sightings>& changes) {
  std::string text = "[";
  for (const auto* entry : by_count(changes)) {
    const auto& [change, seen] = *entry;
    text += std::string(text.size() > 1 ? "," : "") +
            "{\"connector\":" + json_quoted(change.connector) + ",\"old\":" + json_of(change.old) +
            ",\"new\":" + json_of(change.fresh) + "," + json_of(seen) + "}";
  }
  return text + "]";
}

}  // namespace

std::string Replayed::render(std::string_view capture) const {
  std::string out = std::string(capture) + ": " + std::to_string(requests) +
                    (requests == 1 ? " request: " : " requests: ") + std::to_string(differ) +
                    (differ == 1 ? " verdict differs, " : " verdicts differ, ") +
                    std::to_string(same) + " do not, " + std::to_string(incomparable) +
                    " cannot be compared\n";
  const auto append_changes = [&out](const std::map<Change, Sightings>& of) {
    for (const auto* entry : by_count(of)) {
      const auto& [change, seen] = *entry;
      out += count_of(seen) + change.connector + ": " + words(change.old) + " -> " +
             words(change.fresh) + "\n" + lines_of(seen);
    }
  };
  append_changes(changes);
  if (!looks.empty()) {
    out += "Cannot be compared, for a rule looked at a claim that the capture hides:\n";
    for (const auto* entry : by_count(looks)) {
      const auto& [look, seen] = *entry;
      out += count_of(seen) + look.connector + ": \"" + look.rule + "\" at " + look.claim +
             (look.old ? ", by the old configuration" : "") + "\n";
    }
  }
  if (!claims.empty()) {
    out += "The same verdict with other claims:\n";
    for (const auto* entry : by_count(claims)) {
      const auto& [key, seen] = *entry;
      out += count_of(seen) + key.first + ": " + key.second + "\n" + lines_of(seen);
    }
  }
  if (!same_by_another.empty()) {
    out += "The same verdict by another rule:\n";
    append_changes(same_by_another);
  }
  if (unreadable.count > 0) {
    out +=
        "No lines of a capture, left out:\n" + count_of(unreadable) + "\n" + lines_of(unreadable);
  }
  return out;
}

std::string Replayed::json() const {
  std::string out = "{\"requests\":" + std::to_string(requests) +
                    ",\"differ\":" + std::to_string(differ) + ",\"same\":" + std::to_string(same) +
                    ",\"incomparable\":" + std::to_string(incomparable) + ",\"unreadable\":{" +
                    json_of(unreadable) + "},\"changes\":" + json_of(changes) +
                    ",\"same_by_another_rule\":" + json_of(same_by_another) + ",\"claims\":[";
  bool first = true;
  for (const auto* entry : by_count(claims)) {
    out += std::string(first ? "" : ",") + "{\"connector\":" + json_quoted(entry->first.first) +
           ",\"claims\":" + json_quoted(entry->first.second) + "," + json_of(entry->second) + "}";
    first = false;
  }
  out += "],\"hidden\":[";
  first = true;
  for (const auto* entry : by_count(looks)) {
    const auto& [look, seen] = *entry;
    out += std::string(first ? "" : ",") + "{\"connector\":" + json_quoted(look.connector) +
           ",\"configuration\":" + (look.old ? "\"old\"" : "\"new\"") +
           ",\"rule\":" + json_quoted(look.rule) + ",\"claim\":" + json_quoted(look.claim) + "," +
           json_of(seen) + "}";
    first = false;
  }
  return out + "]}\n";
}

}  // namespace proxy::policy
