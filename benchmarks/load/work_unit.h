#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace load {

/// What one request must be told (expected.json): the HTTP status, `action` (protocol a.6) and,
/// for continue, the two names.
struct Expected {
  int status = 0;
  std::string action;
  std::optional<std::string> given_name, surname;
};

/// The requests of a work unit and their answers, in the same order. Read-only once loaded.
struct WorkUnit {
  /// Reads DIRECTORY/requests.bin and expected.json. On failure nothing, and `why` says why.
  static std::optional<WorkUnit> load(const std::string& directory, std::string& why);

  std::string bytes;
  std::vector<std::string_view> requests;  // into `bytes`
  std::vector<Expected> expected;

  WorkUnit() = default;
  WorkUnit(const WorkUnit&) = delete;  // the views would point into the other one
  WorkUnit& operator=(const WorkUnit&) = delete;
  WorkUnit(WorkUnit&&) = default;
  WorkUnit& operator=(WorkUnit&&) = default;
};

/// The head of an answer, as far as a client needs it.
struct AnswerHead {
  int status = 0;
  std::size_t head_bytes = 0;
  std::size_t body_bytes = 0;
  bool keeps_alive = true;
};
enum class HeadState : std::uint8_t { kComplete, kIncomplete, kNotUnderstood };

/// Reads status, Content-Length and Connection. Not understood: no HTTP/1.x, no Content-Length
/// (answers in chunks among them).
HeadState read_answer_head(std::string_view bytes, AnswerHead& head) noexcept;

/// Whether an answer says what was expected, whatever its white space, order or escapes.
bool answer_is_right(int status, std::string_view body, const Expected& expected);

}  // namespace load
