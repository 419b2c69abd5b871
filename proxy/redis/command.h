#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace proxy::redis {

/// A Lua script and the digest that EVALSHA knows it by. Made once, outlives whoever runs it.
class Script {
 public:
  /// `text` is static.
  explicit Script(std::string_view text);
  std::string_view text() const noexcept { return text_; }
  /// SHA-1 in 40 hexadecimal digits, as Redis names scripts; it protects nothing.
  const std::string& digest() const noexcept { return digest_; }

 private:
  std::string_view text_;
  std::string digest_;
};

/// A command as it goes over the wire. Throws std::bad_alloc.
class Command {
 public:
  Command() = default;
  Command(std::initializer_list<std::string_view> words);
  explicit Command(std::span<const std::string_view> words);
  /// EVALSHA of `script`; a server that does not know it yet is sent its text (Client sees to that).
  static Command run(const Script& script, std::span<const std::string_view> keys,
                     std::span<const std::string_view> arguments);

  const std::string& bytes() const noexcept { return bytes_; }
  const Script* script() const noexcept { return script_; }
  /// The same as EVAL, with the script's text. For one that was made by run().
  std::string with_text() const;
  /// Frees what only with_text() needs.
  void forget_bytes() noexcept { std::string().swap(bytes_); }

 private:
  std::string bytes_;
  const Script* script_ = nullptr;
};

}  // namespace proxy::redis
