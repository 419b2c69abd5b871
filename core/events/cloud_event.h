#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace core::events {

/// An event as it is delivered: the attributes of CloudEvents 1.0 and its data, JSON text. Empty
/// attributes are not there. `partition_key` is the one of its partitioning extension: the hash of the
/// ordering key.
struct CloudEvent {
  std::string name;  // of the configuration; not an attribute
  std::string id, source, type, subject, time, dataschema, partition_key;
  std::string data;
};

/// Structured mode (CloudEvents 1.0, JSON format): one object.
void append_structured(std::string& to, const CloudEvent& event);
inline constexpr std::string_view kStructuredType = "application/cloudevents+json; charset=utf-8";
inline constexpr std::string_view kDataType = "application/json";

/// The attributes that are there, specversion first. The views are of `event`.
std::vector<std::pair<std::string_view, std::string_view>> attributes(const CloudEvent& event);

/// Binary mode (HTTP protocol binding, 3.1): the fields beside Content-Type, which is kDataType; the
/// body is `data`. Values are percent-encoded as 3.1.3.2 says.
std::vector<std::pair<std::string, std::string>> binary_fields(const CloudEvent& event);

/// As the outbox keeps events: several behind each other in one entry.
void append_stored(std::string& to, const CloudEvent& event);
/// Reads the next event of an entry, which loses it; nothing at its end or when it is none.
std::optional<CloudEvent> read_stored(std::string_view& entry);

/// A version 7 UUID (RFC 9562): `time_us` since 1970, then what makes it unique.
std::string event_id(std::int64_t time_us, std::uint64_t random, std::uint64_t number);

/// "2026-11-26T10:00:00.123Z"
void append_time(std::string& to, std::int64_t time_us);

}  // namespace core::events
