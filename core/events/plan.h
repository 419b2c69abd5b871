#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/events.h"
#include "core/rules/evaluation.h"
#include "core/rules/template.h"

namespace core::events {

/// One of `events`, compiled. Immutable; any thread.
struct Plan {
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;
  struct Member {
    std::string name;  // of the claim, as JSON with its colon: "\"email\":"
    config::Treatment treatment = config::Treatment::kPlain;
    std::uint32_t value = 0;  // index into `subjects`
  };
  std::string name;
  std::string type, source, dataschema;
  std::vector<rules::Subject> subjects;  // what is taken from a request, each once
  std::vector<Member> members;           // in the order of the configuration
  std::vector<std::uint32_t> key;        // indexes into `subjects`
  std::uint32_t subject = kNone;         // the same
  std::vector<std::string> sinks;
  bool before_answer = false;  // the answer waits until it is in the outbox,
  bool closed = false;         // and is the connector's `otherwise` when it cannot be
};

/// What a request hands over of one value: a byte for its kind, four for its size (little end first),
/// its bytes. Of a value that is missing there is the kind alone.
struct TakenValue {
  claims::Kind kind = claims::Kind::kAbsent;
  std::string_view text;
};

/// Bytes that an event may take of a request; one with more is dropped and counted.
inline constexpr std::size_t kTakenBytesMax = 32 << 10;

/// Writes the values that `subjects` are of the request into `to`, which has `room` bytes. The number of
/// bytes, or `room` + 1 when there is too little of it. Never allocates. Thread: the evaluation's.
std::size_t take_values(const std::vector<rules::Subject>& subjects, rules::Evaluation& evaluation,
                        char* to, std::size_t room) noexcept;

/// Reads what take_values() has written; false when `bytes` are no `count` values. The texts point into
/// `bytes`.
bool read_values(std::string_view bytes, std::size_t count, std::vector<TakenValue>& values);

}  // namespace core::events
