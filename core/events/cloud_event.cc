#include "core/events/cloud_event.h"

#include <chrono>
#include <cstdio>
#include <cstring>

#include "core/text/json.h"

namespace core::events {
namespace {

constexpr char kVersion = 1;  // of the stored form

std::string CloudEvent::* const kStoredFields[] = {
    &CloudEvent::name, &CloudEvent::id,         &CloudEvent::source,        &CloudEvent::type, &CloudEvent::subject,
    &CloudEvent::time, &CloudEvent::dataschema, &CloudEvent::partition_key, &CloudEvent::data};

/// HTTP protocol binding, 3.1.3.2: printable ASCII but space, double quote and percent as it is.
std::string percent_encoded(std::string_view text) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f && c != '"' && c != '%') {
      encoded += c;
    } else {
      encoded += '%';
      encoded += kDigits[byte >> 4];
      encoded += kDigits[byte & 15];
    }
  }
  return encoded;
}

}  // namespace

std::vector<std::pair<std::string_view, std::string_view>> attributes(const CloudEvent& event) {
  std::vector<std::pair<std::string_view, std::string_view>> all{{"specversion", "1.0"}};
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) all.emplace_back(name, value);
  };
  add("id", event.id);
  add("source", event.source);
  add("type", event.type);
  add("subject", event.subject);
  add("time", event.time);
  add("dataschema", event.dataschema);
  add("partitionkey", event.partition_key);
  return all;
}

void append_structured(std::string& to, const CloudEvent& event) {
  const char* separator = "{\"";
  for (const auto& [name, value] : attributes(event)) {
    to.append(separator).append(name).append("\":");
    text::append_json_quoted(to, value);
    separator = ",\"";
  }
  to += R"(,"datacontenttype":"application/json","data":)";
  to += event.data;
  to += '}';
}

std::vector<std::pair<std::string, std::string>> binary_fields(const CloudEvent& event) {
  std::vector<std::pair<std::string, std::string>> fields;
  for (const auto& [name, value] : attributes(event)) {
    fields.emplace_back("ce-" + std::string(name), percent_encoded(value));
  }
  return fields;
}

void append_stored(std::string& to, const CloudEvent& event) {
  to += kVersion;
  for (const auto field : kStoredFields) {
    const std::string& text = event.*field;
    const auto size = static_cast<std::uint32_t>(text.size());
    char bytes[4];
    for (std::size_t i = 0; i < 4; ++i) bytes[i] = static_cast<char>(size >> (8 * i) & 0xff);
    to.append(bytes, sizeof bytes);
    to += text;
  }
}

std::optional<CloudEvent> read_stored(std::string_view& entry) {
  if (entry.empty() || entry.front() != kVersion) return std::nullopt;
  std::string_view rest = entry.substr(1);
  CloudEvent event;
  for (const auto field : kStoredFields) {
    if (rest.size() < 4) return std::nullopt;
    std::uint32_t size = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      size |= static_cast<std::uint32_t>(static_cast<unsigned char>(rest[i])) << (8 * i);
    }
    rest.remove_prefix(4);
    if (rest.size() < size) return std::nullopt;
    event.*field = rest.substr(0, size);
    rest.remove_prefix(size);
  }
  entry = rest;
  return event;
}

std::string event_id(std::int64_t time_us, std::uint64_t random, std::uint64_t number) {
  const auto ms = static_cast<std::uint64_t>(time_us / 1000);
  char text[40];
  std::snprintf(text, sizeof text, "%08x-%04x-7%03x-%04x-%08x%04x", static_cast<unsigned>(ms >> 16 & 0xffffffff),
                static_cast<unsigned>(ms & 0xffff), static_cast<unsigned>(number >> 32 & 0xfff),
                static_cast<unsigned>(0x8000 | (random & 0x3fff)), static_cast<unsigned>(number & 0xffffffff),
                static_cast<unsigned>(random >> 14 & 0xffff));
  return text;
}

void append_time(std::string& to, std::int64_t time_us) {
  using namespace std::chrono;
  const sys_time<microseconds> at{microseconds{time_us}};
  const auto day = floor<days>(at);
  const year_month_day date{day};
  const hh_mm_ss<microseconds> clock{at - day};
  char text[40];
  const int size = std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                                 static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                                 static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                                 static_cast<int>(clock.seconds().count()),
                                 static_cast<int>(clock.subseconds().count() / 1000));
  to.append(text, static_cast<std::size_t>(size));
}

}  // namespace core::events
