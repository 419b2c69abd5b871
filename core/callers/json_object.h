#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace core::callers {

/// A member of a JSON object, as far as tokens and keys have them.
struct JsonMember {
  enum class Kind : std::uint8_t { kAbsent, kText, kInteger, kArray, kOther };
  Kind kind = Kind::kAbsent;
  std::string_view string = {};  // kText: unescaped
  std::int64_t integer = 0;      // kInteger

  /// Empty for what is no text.
  std::string_view text() const noexcept { return kind == Kind::kText ? string : std::string_view(); }
};

/// Reads one JSON object (RFC 8259) and nothing around it: valid UTF-8, no member twice however it is
/// spelled, a bound on members and depth. Holds the memory for it. Thread: one at a time.
class JsonObject {
 public:
  static constexpr std::size_t kPadding = 64;  // that read() wants behind the bytes

  JsonObject(std::size_t bytes_max, std::size_t depth_max);
  ~JsonObject();
  JsonObject(const JsonObject&) = delete;
  JsonObject& operator=(const JsonObject&) = delete;

  /// False when it is no such object. `bytes` has kPadding bytes behind it, whatever they are. Never
  /// allocates.
  bool read(const char* bytes, std::size_t size, std::size_t members_max) noexcept;

  /// A member of the object that was read. Its text is good until the next read().
  JsonMember find(std::string_view name) const noexcept;

  /// Calls `take(const JsonObject&)` for each element of the array `name` that is an object with no
  /// member twice; find() is that element's meanwhile. False when there is no such array.
  template <typename Take>
  bool each(std::string_view name, std::size_t members_max, Take take) {
    return each(name, members_max, &take, [](void* with, const JsonObject& element) {
      (*static_cast<Take*>(with))(element);
    });
  }

 private:
  struct Parsed;
  bool each(std::string_view name, std::size_t members_max, void* with,
            void (*take)(void* with, const JsonObject& element));

  std::unique_ptr<Parsed> parsed_;
};

}  // namespace core::callers
