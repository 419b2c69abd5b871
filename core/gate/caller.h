#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace core::gate {

/// What a connector asks of its caller (protocol.md a.11). Immutable; any thread.
class CallerCheck {
 public:
  /// Lets everybody in: only when the configuration says so in words.
  static CallerCheck anonymous() { return CallerCheck(true); }
  CallerCheck() : CallerCheck(false) {}

  /// Accepts this user and password too; several are usual while one replaces the other. `username`
  /// has no ':' (RFC 7617, 2), `password` may.
  void accept_basic(std::string_view username, std::string_view password);

  /// True when the Authorization field's value holds one of the credentials. A base64 text without
  /// ':' in the user name stands for exactly one pair, split at the first ':', so the encoded forms
  /// are compared. Takes the same time whichever credential fits and wherever the first difference
  /// is. Never allocates.
  bool admits(std::string_view authorization) const noexcept;

  bool is_anonymous() const noexcept { return anonymous_; }

 private:
  explicit CallerCheck(bool anonymous) : anonymous_(anonymous) {}
  bool anonymous_;
  std::vector<std::string> encoded_;  // base64 of user:password
};

/// True when the Authorization field's value is `Bearer` and `token` (RFC 6750, 2.1). Takes the same
/// time wherever the first difference is.
bool bears(std::string_view authorization, std::string_view token) noexcept;

/// Base64 with padding (RFC 4648, 4).
std::string base64(std::string_view bytes);

}  // namespace core::gate
