// Addresses and domains in their one form.
//
// A block list is only as good as this file: EXAMPLE.COM, example.com., example。com, a domain in
// full-width letters and one with a soft hyphen in it all reach the same mailbox. Nearly every
// domain is ASCII in small letters and leaves as it came, after one look. Full-width forms are
// folded here; only what then is still not ASCII goes to libidn2, which does UTS #46 (its mapping
// table folds the rest: mathematical letters, ligatures, ignored characters). libidn2 takes its
// memory from the heap: a few microseconds on a path that few requests take.

#include "core/text/email.h"

#include <idn2.h>

#include <cstring>

#include "core/text/bytes16.h"
#include "core/text/code_points.h"
#include "core/text/text.h"

namespace core::text {
namespace {

/// A name of 253 ASCII bytes has at most 63 bytes in each label; written in four-byte forms and
/// with separators it stays far below this. Longer ones reach no mailbox and are not converted.
constexpr std::size_t kIdnBytesMax = 2048;

std::string_view without_end_dots(std::string_view domain) noexcept {
  while (!domain.empty() && domain.back() == '.') domain.remove_suffix(1);
  return domain;
}

/// True when nothing about the text can change: printable ASCII without blanks and capitals, and no
/// dot at its end. Most addresses and domains are, and this is all that they cost.
bool is_in_form(std::string_view text) noexcept {
  constexpr std::size_t kStep = 16;
  if (text.empty() || text.back() == '.') return false;
  const auto changes = [](Bytes16 bytes) {
    return bytes.within('A', 'Z').top_bits() != 0 ||
           bytes.within(0x21, 0x7e).top_bits() != 0xffff;
  };
  if (text.size() < kStep) {
    for (const char byte : text) {
      if (byte <= ' ' || byte >= 0x7f || (byte >= 'A' && byte <= 'Z')) return false;
    }
    return true;
  }
  for (std::size_t at = 0; at + kStep <= text.size(); at += kStep) {
    if (changes(Bytes16::load(text.data() + at))) return false;
  }
  return !changes(Bytes16::load(text.data() + text.size() - kStep));  // overlaps, and may
}

/// Without white space around it and without dots at its end, in whatever order they come.
std::string_view bare(std::string_view domain, Arena& arena) noexcept {
  for (std::size_t size = domain.size() + 1; domain.size() != size;) {
    size = domain.size();
    domain = without_end_dots(trim(domain, arena));
  }
  return domain;
}

/// Writes `domain` with full-width ASCII (U+FF01 to U+FF5E), the ideographic full stop (U+3002) and
/// its half-width form (U+FF61) as ASCII, ASCII in small letters. Never longer.
char* write_folded(std::string_view domain, char* to) noexcept {
  const char* at = domain.data();
  const char* const end = at + domain.size();
  while (at != end) {
    const CodePoint point = decode(at, end);
    char32_t c = point.value;
    if (c == 0x3002 || c == 0xFF61) c = U'.';
    if (c >= 0xFF01 && c <= 0xFF5E) c -= 0xFEE0;
    if (c < 0x80) {
      *to++ = static_cast<char>(c >= U'A' && c <= U'Z' ? c | 0x20 : c);
    } else {
      std::memcpy(to, at, point.size);
      to += point.size;
    }
    at += point.size;
  }
  return to;
}

/// The A-labels of `domain`, in `arena`; empty with a null data() when IDNA refuses it.
std::string_view to_a_labels(std::string_view domain, Arena& arena, bool& full) noexcept {
  char name[kIdnBytesMax + 1];
  if (domain.size() > kIdnBytesMax || domain.find('\0') != std::string_view::npos) return {};
  std::memcpy(name, domain.data(), domain.size());
  name[domain.size()] = '\0';
  std::uint8_t* answer = nullptr;
  const int rc = idn2_lookup_u8(reinterpret_cast<const std::uint8_t*>(name), &answer,
                                IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
  if (rc != IDN2_OK) return {};
  const std::string_view labels = bare(reinterpret_cast<const char*>(answer), arena);
  char* const to = arena.allocate(labels.size());
  full = to == nullptr;
  if (to != nullptr) lower_ascii(labels.data(), to, labels.size());
  idn2_free(answer);
  return {to, to == nullptr ? 0 : labels.size()};
}

std::string_view normalise_foreign(std::string_view domain, Arena& arena) noexcept {
  char* const begin = arena.allocate(domain.size());
  if (begin == nullptr) return {};
  const auto size = static_cast<std::size_t>(write_folded(domain, begin) - begin);
  arena.give_back(domain.size() - size);
  const std::string_view folded = bare({begin, size}, arena);
  if (is_ascii(folded)) return folded;
  bool full = false;
  const std::string_view labels = to_a_labels(folded, arena, full);
  if (labels.data() != nullptr || full) return labels;
  return lower(folded, arena);
}

}  // namespace

EmailParts split_email(std::string_view address) noexcept {
  const void* const found = address.empty() ? nullptr : ::memrchr(address.data(), '@', address.size());
  if (found == nullptr) return {};
  const auto at = static_cast<std::size_t>(static_cast<const char*>(found) - address.data());
  if (at == 0 || at + 1 == address.size()) return {};
  return {address.substr(0, at), address.substr(at + 1)};
}

std::string_view normalise_domain(std::string_view domain, Arena& arena) noexcept {
  if (is_in_form(domain)) return domain;
  domain = bare(domain, arena);
  if (!is_ascii(domain)) return normalise_foreign(domain, arena);
  return lower(domain, arena);
}

std::string_view normalise_email(std::string_view address, Arena& arena) noexcept {
  if (is_in_form(address)) return address;
  const std::string_view inner = trim(address, arena);
  const EmailParts parts = split_email(inner);
  if (parts.domain.empty()) return lower(inner, arena);
  if (is_ascii(inner) && parts.domain.front() > ' ') {
    const std::string_view domain = bare(parts.domain, arena);
    return lower(inner.substr(0, parts.local.size() + 1 + domain.size()), arena);
  }
  const std::string_view domain = normalise_domain(parts.domain, arena);
  if (domain.data() == nullptr)
    return {};  // the arena is full: what is empty otherwise has a place
  const std::string_view local = lower(parts.local, arena);
  if (local.data() == nullptr) return {};
  if (local.data() == parts.local.data() && domain.data() == parts.domain.data()) {
    return inner.substr(0, local.size() + 1 + domain.size());
  }
  char* const to = arena.allocate(local.size() + 1 + domain.size());
  if (to == nullptr) return {};
  std::memcpy(to, local.data(), local.size());
  to[local.size()] = '@';
  std::memcpy(to + local.size() + 1, domain.data(), domain.size());
  return {to, local.size() + 1 + domain.size()};
}

}  // namespace core::text
