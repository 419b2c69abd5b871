#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tools/load/random.h"
#include "tools/load/units.h"

namespace load {

/// What the generated people look like. Together with the seed it fixes every byte of every body.
struct PeopleOptions {
  std::uint64_t seed = 1;
  std::string step = "PostAttributeCollection";
  std::vector<std::string> locales = {"en-US", "sv-SE", "de-DE", "fr-FR", "pt-BR"};
  /// Domains of people who may sign up; "{n}" stands for a number below 1,000.
  std::vector<std::string> domains = {"example.com", "example.org", "mail{n}.example.net"};
  /// Domains the server blocks; "{n}" stands for a number below blocked_count.
  std::vector<std::string> blocked_domains = {"blocked{n}.example"};
  std::uint64_t blocked_count = 1000;
  /// '#' stands for a digit, '@' for a capital letter: a postal code the server accepts ...
  std::string postal_code = "#####";
  /// ... and one it answers with a validation error.
  std::string invalid_postal_code = "@@-#";
  /// Bytes of extension attributes added to a body, in values of at most 250 characters: every
  /// number between the two as likely as any other.
  ByteRange padding;
};

enum class Verdict : std::uint8_t { kContinue, kBlock, kValidationError };

/// Writes the claims of made-up people as Azure AD B2C user flows send them (protocol.md a.3 to
/// a.5): a pure function of the options, the person's number and the verdict to provoke. One
/// address in five has capitals, names come in lower, upper and mixed case and some with é, raw or
/// as \u00e9: what real forms bring. Immutable, shared by threads.
class People {
 public:
  explicit People(PeopleOptions options);

  /// Appends the JSON body of person `number` (about 800 bytes and the padding).
  void append_body(std::string& to, std::uint64_t number, Verdict verdict) const;
  /// Appends the e-mail address alone.
  void append_email(std::string& to, std::uint64_t number, Verdict verdict) const;

  const PeopleOptions& options() const noexcept { return options_; }

 private:
  Random of(std::uint64_t number) const noexcept;

  PeopleOptions options_;
  std::string client_id_;
  std::string extension_prefix_;  // "extension_" + 32 hexadecimal digits + "_"
};

/// Appends `text` as the inside of a JSON string.
void append_json_escaped(std::string& to, std::string_view text);

}  // namespace load
