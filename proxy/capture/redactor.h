#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/arena.h"

namespace proxy::capture {

/// The name under which a claim is known: a custom attribute in small letters and without the
/// application's id (protocol.md a.5), anything else as it is.
std::string canonical_claim(std::string_view name);

/// Turns a request's body into what a capture may hold. A claim whose name is in `keep` stands
/// there as it came. Of every other one there is its kind and a pseudonym: HMAC-SHA-256 of its name
/// and value under the secret, cut to 64 bits, so that equal values of one claim have equal
/// pseudonyms and nobody without the secret can try values. A claim that is called like a password
/// has no pseudonym either. With "email.domain" in `keep` a hidden address has its domain beside
/// it. One thread at a time.
class Redactor {
 public:
  Redactor(const std::vector<std::string>& keep, std::string secret);
  ~Redactor();

  /// Appends `"claims":{...},"redacted":{...}` on one line. The claim `step` is left out: what it
  /// meant stands elsewhere in the line. False when the body cannot be read as an object; `to` is
  /// then as before.
  bool append(std::string_view body, std::string& to);

 private:
  bool keeps(const std::string& canonical) const;
  void append_pseudonym(std::string_view claim, std::string_view kind, std::string_view value,
                        std::string& to) const;
  struct Json;  // the parser; its header is not for everybody
  bool append_claim(Json& json, std::string& kept, std::string& redacted);

  std::vector<std::string> keep_;  // canonical, sorted
  bool keeps_domain_ = false;
  std::string secret_;
  std::unique_ptr<Json> json_;
  std::string padded_;
  core::Arena arena_;
};

}  // namespace proxy::capture
