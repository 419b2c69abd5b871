#include "core/rules/derived.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/rules/evaluation.h"
#include "core/rules/json_path.h"
#include "core/rules/moment.h"
#include "core/text/canonical_email.h"
#include "core/text/code_points.h"
#include "core/text/country.h"
#include "core/text/date.h"
#include "core/text/email.h"
#include "core/text/phone.h"
#include "core/text/registrable.h"
#include "core/text/text.h"

namespace core::rules {
namespace {

/// Empty is none.
std::string_view some(std::string_view text) noexcept {
  return text.empty() ? std::string_view{} : text;
}

std::string_view join(std::string_view a, std::string_view between, std::string_view b,
                      Arena& arena) noexcept {
  char* const room = arena.allocate(a.size() + between.size() + b.size());
  if (room == nullptr) return {};
  char* at = room;
  for (const std::string_view part : {a, between, b}) {
    if (!part.empty()) std::memcpy(at, part.data(), part.size());
    at += part.size();
  }
  return {room, a.size() + between.size() + b.size()};
}

std::string_view email_local(const DerivedInputs& in) noexcept {
  return some(text::split_email(in.text(0)).local);
}

std::string_view email_domain(const DerivedInputs& in) noexcept {
  const text::EmailParts parts = text::split_email(in.text(0));
  if (parts.domain.empty()) return {};
  return some(text::normalise_domain(parts.domain, in.arena()));
}

std::string_view email_registrable(const DerivedInputs& in) noexcept {
  return some(text::registrable_domain(email_domain(in)));
}

std::string_view email_canonical(const DerivedInputs& in) noexcept {
  const std::string_view email = in.text(0);
  return email.empty() ? std::string_view{} : text::canonical_email(email, in.arena());
}

std::string_view phone_e164(const DerivedInputs& in) noexcept {
  const std::size_t country = in.count() - 1;
  for (std::size_t i = 0; i < country; ++i) {
    const std::string_view number = in.text(i);
    if (number.empty()) continue;
    return text::phone_e164(number, text::country_code(in.text(country)), in.arena());
  }
  return {};
}

std::string_view name_full(const DerivedInputs& in) noexcept {
  const std::string_view given = text::trim(in.text(0), in.arena());
  const std::string_view family = text::trim(in.text(1), in.arena());
  if (!given.empty() && !family.empty()) return join(given, " ", family, in.arena());
  if (!given.empty()) return given;
  if (!family.empty()) return family;
  return some(text::trim(in.text(2), in.arena()));
}

std::string_view first_letter(std::string_view word) noexcept {
  if (word.empty()) return {};
  return word.substr(0, text::decode(word.data(), word.data() + word.size()).size);
}

std::string_view name_initials(const DerivedInputs& in) noexcept {
  Arena& arena = in.arena();
  std::string_view first = text::trim(in.text(0), arena);
  std::string_view last = text::trim(in.text(1), arena);
  if (first.empty() && last.empty()) {
    const std::string_view whole = text::collapse_spaces(in.text(2), arena);
    const std::size_t space = whole.rfind(' ');
    first = whole;
    last = space == std::string_view::npos ? std::string_view{} : whole.substr(space + 1);
  }
  const std::string_view letters = join(first_letter(first), {}, first_letter(last), arena);
  return letters.empty() ? std::string_view{} : some(text::upper(letters, arena));
}

std::string_view of_first_identity(const DerivedInputs& in, std::string_view member) noexcept {
  const claims::Claim& identities = in.claim(0);
  if (identities.kind != claims::Kind::kArray) return {};
  const Value first = item_of({identities.kind, identities.value}, 0);
  const Value value = member_of(first, member, in.arena());
  return value.kind == claims::Kind::kString ? some(value.text) : std::string_view{};
}

std::string_view identities_issuer(const DerivedInputs& in) noexcept {
  return of_first_identity(in, "issuer");
}
std::string_view identities_id(const DerivedInputs& in) noexcept {
  return of_first_identity(in, "issuerAssignedId");
}
std::string_view identities_type(const DerivedInputs& in) noexcept {
  return of_first_identity(in, "signInType");
}

/// protocol.md a.4.
std::string_view person_key(const DerivedInputs& in) noexcept {
  const std::string_view issuer = identities_issuer(in);
  const std::string_view id = identities_id(in);
  if (!issuer.empty() && !id.empty()) return join(issuer, "|", id, in.arena());
  const std::string_view email = in.text(1);
  return email.empty() ? std::string_view{} : some(text::lower(email, in.arena()));
}

/// The first tag of `ui_locales` (protocol.md a.3).
std::string_view first_locale(const DerivedInputs& in) noexcept {
  std::string_view tags = in.text(0);
  const std::size_t begin = tags.find_first_not_of(" ,");
  if (begin == std::string_view::npos) return {};
  tags.remove_prefix(begin);
  return tags.substr(0, tags.find_first_of(" ,"));
}

bool all_of_class(std::string_view text, bool letters) noexcept {
  for (const char c : text) {
    const bool is = letters ? text::is_ascii_letter(static_cast<unsigned char>(c))
                            : text::is_ascii_digit(static_cast<unsigned char>(c));
    if (!is) return false;
  }
  return true;
}

std::string_view locale_language(const DerivedInputs& in) noexcept {
  const std::string_view tag = first_locale(in);
  const std::string_view language = tag.substr(0, tag.find_first_of("-_"));
  if (language.size() < 2 || language.size() > 8 || !all_of_class(language, true)) return {};
  return some(text::lower(language, in.arena()));
}

/// RFC 5646, 2.2.4: two letters or three digits, behind the language and perhaps a script.
std::string_view locale_region(const DerivedInputs& in) noexcept {
  std::string_view tag = first_locale(in);
  for (std::size_t part = 0; !tag.empty(); ++part) {
    const std::size_t end = std::min(tag.find_first_of("-_"), tag.size());
    const std::string_view subtag = tag.substr(0, end);
    if (subtag.size() == 1) return {};  // extensions follow
    if (part > 0 && ((subtag.size() == 2 && all_of_class(subtag, true)) ||
                     (subtag.size() == 3 && all_of_class(subtag, false)))) {
      return some(text::upper(subtag, in.arena()));
    }
    tag.remove_prefix(std::min(end + 1, tag.size()));
  }
  return {};
}

std::string_view country_code(const DerivedInputs& in) noexcept {
  const std::string_view country = in.text(0);
  return country.empty() ? std::string_view{} : some(text::country_code(country));
}

std::string_view today(const DerivedInputs& in) noexcept {
  char* const room = in.arena().allocate(kDateBytes);
  if (room == nullptr) return {};
  write_date(text::date_of(in.now_s(), 0), room);
  return {room, kDateBytes};
}

std::string_view now(const DerivedInputs& in) noexcept {
  char* const room = in.arena().allocate(kInstantBytes);
  if (room == nullptr) return {};
  write_instant(in.now_s(), room);
  return {room, kInstantBytes};
}

using Compute = std::string_view (*)(const DerivedInputs&) noexcept;
constexpr std::array<Compute, kDerivedCount> kFunctions = {
    email_local,       email_domain,  email_registrable, email_canonical, phone_e164,
    name_full,         name_initials, identities_issuer, identities_id,   identities_type,
    person_key,        locale_language, locale_region,   country_code,    now,
    today};

}  // namespace

const claims::Claim& DerivedInputs::claim(std::size_t place) const noexcept {
  const claims::Claims& claims = evaluation_.claims();
  return claims[reads_[place]];
}

std::string_view DerivedInputs::text(std::size_t place) const noexcept {
  const claims::Claim& read = claim(place);
  return read.kind == claims::Kind::kString ? read.value : std::string_view{};
}

Arena& DerivedInputs::arena() const noexcept { return evaluation_.arena(); }

std::int64_t DerivedInputs::now_s() const noexcept { return evaluation_.now_s(); }

std::string_view compute(Derived which, const DerivedInputs& inputs) noexcept {
  return kFunctions[static_cast<std::size_t>(which)](inputs);
}

std::optional<Derived> find_derived(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kDerivedCount; ++i) {
    if (config::kDerivedNames[i].name == name) return static_cast<Derived>(i);
  }
  return std::nullopt;
}

}  // namespace core::rules
