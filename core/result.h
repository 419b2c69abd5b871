#pragma once

#include <cstdlib>
#include <utility>
#include <variant>

namespace core {

/// A value or the reason why there is none. Shaped so that std::expected can take its place.
/// T and E must differ. Reading the side that is not held ends the program: it is a defect of
/// ours, never the consequence of input.
template <typename T, typename E>
class [[nodiscard]] Result {
 public:
  Result(T value) : held_(std::in_place_index<0>, std::move(value)) {}   // NOLINT: implicit
  Result(E error) : held_(std::in_place_index<1>, std::move(error)) {}   // NOLINT: implicit

  bool ok() const noexcept { return held_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  T& value() & { return *check(std::get_if<0>(&held_)); }
  const T& value() const& { return *check(std::get_if<0>(&held_)); }
  T&& value() && { return std::move(*check(std::get_if<0>(&held_))); }
  const E& error() const& { return *check(std::get_if<1>(&held_)); }
  E&& error() && { return std::move(*check(std::get_if<1>(&held_))); }

 private:
  template <typename P>
  static P check(P held) {
    if (held == nullptr) std::abort();
    return held;
  }
  std::variant<T, E> held_;
};

}  // namespace core
