#include "tools/load/people.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace load {
namespace {

// Letters only: they are put into addresses as well. The order of the two halves of a person's
// randomness (name, everything else) is part of the promise "same seed, same bytes".
constexpr std::array<std::string_view, 40> kGivenNames = {
    "alice", "bo",     "carla", "david",  "elin",  "fatima", "georg",   "hanna", "ingrid", "jonas",
    "karin", "lars",   "maria", "nils",   "olga",  "peter",  "quentin", "rosa",  "sven",   "tove",
    "ulla",  "viktor", "wanda", "xavier", "yusuf", "zoe",    "amelie",  "bruno", "chloe",  "diego",
    "emma",  "felix",  "greta", "hugo",   "iris",  "julien", "klara",   "luca",  "mateus", "nora"};
constexpr std::array<std::string_view, 40> kSurnames = {
    "andersson", "bergmann", "costa",   "dubois",   "eriksson",   "fischer", "garcia",
    "hansen",    "ivanov",   "johnson", "keller",   "lindberg",   "moreau",  "nilsson",
    "oliveira",  "pereira",  "quist",   "rossi",    "schmidt",    "taylor",  "ullman",
    "virtanen",  "weber",    "xu",      "young",    "zimmer",     "almeida", "becker",
    "carlsson",  "durand",   "engel",   "ferreira", "gustafsson", "hoffman", "isaksson",
    "jensen",    "kowalski", "lopez",   "martin",   "novak"};
// Names whose second letter is é; written raw or as an escape.
constexpr std::array<std::string_view, 4> kAccented = {"r\xc3\xa9mi", "l\xc3\xa9o",
                                                       "b\xc3\xa9"
                                                       "atrice",
                                                       "h\xc3\xa9l\xc3\xa8ne"};
constexpr std::array<std::string_view, 4> kAccentedEscaped = {
    "r\\u00e9mi", "l\\u00e9o", "b\\u00e9atrice", "h\\u00e9l\\u00e8ne"};
struct Place {
  std::string_view city, state, country;
};
constexpr std::array<Place, 6> kPlaces = {{{"Stockholm", "Stockholm", "Sweden"},
                                           {"Lyon", "Rh\xc3\xb4ne", "France"},
                                           {"Porto", "Porto", "Portugal"},
                                           {"Leipzig", "Sachsen", "Germany"},
                                           {"Portland", "Oregon", "United States"},
                                           {"Tampere", "Pirkanmaa", "Finland"}}};
constexpr std::array<std::string_view, 5> kStreets = {"Storgatan", "Rue de la Paix", "Rua Nova",
                                                      "Hauptstrasse", "Main Street"};
constexpr std::array<std::string_view, 5> kJobs = {"Engineer", "Nurse", "Teacher", "Accountant",
                                                   "Carpenter"};

void append_number(std::string& to, std::uint64_t number) {
  char digits[20];
  to.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

void append_hex(std::string& to, std::uint64_t bits, int digits) {
  for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) {
    to.push_back("0123456789abcdef"[(bits >> shift) & 15]);
  }
}

void append_guid(std::string& to, Random& random) {
  const std::uint64_t high = random.next();
  const std::uint64_t low = random.next();
  append_hex(to, high >> 32, 8);
  to.push_back('-');
  append_hex(to, high >> 16, 4);
  to.append("-4");  // version 4 (RFC 9562, 5.4)
  append_hex(to, high, 3);
  to.append("-a");
  append_hex(to, low >> 48, 3);
  to.push_back('-');
  append_hex(to, low, 12);
}

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }

enum class Letters : std::uint8_t { kLower, kUpper, kMixed, kTitle };

void append_name(std::string& to, std::string_view name, Letters letters) {
  const std::size_t from = to.size();
  to.append(name);
  if (letters == Letters::kLower) return;
  int escape = 0;  // bytes of \\u00e9 still to pass: its letters stay as they are
  for (std::size_t i = from; i < to.size(); ++i) {
    if (to[i] == '\\') escape = 6;
    if (escape > 0) {
      --escape;
      continue;
    }
    const bool capital = letters == Letters::kUpper || (letters == Letters::kTitle && i == from) ||
                         (letters == Letters::kMixed && (i - from) % 2 == 1);
    if (capital) to[i] = upper(to[i]);
  }
}

void append_pattern(std::string& to, std::string_view pattern, Random& random) {
  for (const char c : pattern) {
    if (c == '#') {
      to.push_back(static_cast<char>('0' + random.below(10)));
    } else if (c == '@') {
      to.push_back(static_cast<char>('A' + random.below(26)));
    } else {
      to.push_back(c);
    }
  }
}

void append_domain(std::string& to, const std::vector<std::string>& domains, std::uint64_t numbers,
                   Random& random) {
  if (domains.empty()) return;
  const std::string& domain = domains[random.below(domains.size())];
  const std::size_t hole = domain.find("{n}");
  if (hole == std::string::npos) {
    to.append(domain);
    return;
  }
  to.append(domain, 0, hole);
  append_number(to, random.below(numbers));
  to.append(domain, hole + 3);
}

void append_member(std::string& to, std::string_view name, std::string_view value) {
  to.append(",\"").append(name).append("\":\"").append(value).append("\"");
}

void escape(std::string& text) {
  std::string escaped;
  append_json_escaped(escaped, text);
  text = std::move(escaped);
}

}  // namespace

void append_json_escaped(std::string& to, std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      to.push_back('\\');
      to.push_back(c);
    } else if (byte < 0x20) {
      to.append("\\u00");
      append_hex(to, byte, 2);
    } else {
      to.push_back(c);
    }
  }
}

People::People(PeopleOptions options) : options_(std::move(options)) {
  // Escaped here once: append_body() copies them as they are.
  escape(options_.step);
  escape(options_.postal_code);
  escape(options_.invalid_postal_code);
  for (auto* texts : {&options_.locales, &options_.domains, &options_.blocked_domains}) {
    for (std::string& text : *texts) escape(text);
  }
  Random random(options_.seed ^ 0x70656f706c65ULL);
  append_guid(client_id_, random);
  extension_prefix_ = "extension_";
  append_hex(extension_prefix_, random.next(), 16);
  append_hex(extension_prefix_, random.next(), 16);
  extension_prefix_.push_back('_');
}

Random People::of(std::uint64_t number) const noexcept {
  return Random(mix64(options_.seed) ^ mix64(number * 2 + 1));
}

void People::append_email(std::string& to, std::uint64_t number, Verdict verdict) const {
  Random random = of(number);
  const bool capitals = random.below(5) == 0;
  const std::size_t from = to.size();
  to.append(kGivenNames[random.below(kGivenNames.size())]);
  to.push_back('.');
  to.append(kSurnames[random.below(kSurnames.size())]);
  append_number(to, number);
  to.push_back('@');
  if (verdict == Verdict::kBlock) {
    append_domain(to, options_.blocked_domains, options_.blocked_count, random);
  } else {
    append_domain(to, options_.domains, 1000, random);
  }
  if (!capitals) return;
  for (std::size_t i = from; i < to.size(); i += 3) to[i] = upper(to[i]);
}

void People::append_body(std::string& to, std::uint64_t number, Verdict verdict) const {
  // A stream apart from the one of the address: the address is the same whatever else is drawn.
  Random random = of(~number);
  to.append("{\"step\":\"").append(options_.step);
  to.append("\",\"client_id\":\"").append(client_id_);
  if (!options_.locales.empty()) {
    to.append("\",\"ui_locales\":\"");
    to.append(options_.locales[random.below(options_.locales.size())]);
  }
  to.append("\",\"email\":\"");
  append_email(to, number, verdict);
  to.append(
      "\",\"identities\":[{\"signInType\":\"federated\",\"issuer\":\"google.com\","
      "\"issuerAssignedId\":\"");
  append_number(to, 100'000'000'000'000'000ULL + random.below(100'000'000'000'000'000ULL));
  to.append(
      "\"},{\"signInType\":\"emailAddress\",\"issuer\":\"contoso.onmicrosoft.com\","
      "\"issuerAssignedId\":\"");
  append_email(to, number, verdict);
  to.append("\"}]");

  const auto letters = static_cast<Letters>(random.below(4));
  const bool accented = random.below(8) == 0;
  const bool escaped = random.below(2) == 0;
  const std::string_view given =
      accented ? (escaped ? kAccentedEscaped : kAccented)[random.below(kAccented.size())]
               : kGivenNames[random.below(kGivenNames.size())];
  const std::string_view surname = kSurnames[random.below(kSurnames.size())];
  to.append(",\"displayName\":\"");
  append_name(to, given, Letters::kTitle);
  to.push_back(' ');
  append_name(to, surname, Letters::kTitle);
  to.append("\",\"givenName\":\"");
  append_name(to, given, letters);
  to.append("\",\"surname\":\"");
  append_name(to, surname, letters);
  to.push_back('"');

  append_member(to, "jobTitle", kJobs[random.below(kJobs.size())]);
  to.append(",\"streetAddress\":\"").append(kStreets[random.below(kStreets.size())]).push_back(' ');
  append_number(to, 1 + random.below(200));
  to.push_back('"');
  const Place& place = kPlaces[random.below(kPlaces.size())];
  append_member(to, "city", place.city);
  append_member(to, "state", place.state);
  append_member(to, "country", place.country);
  to.append(",\"postalCode\":\"");
  append_pattern(
      to,
      verdict == Verdict::kValidationError ? options_.invalid_postal_code : options_.postal_code,
      random);
  to.append("\",\"").append(extension_prefix_).append("loyaltyNumber\":\"");
  append_number(to, 10'000'000 + random.below(90'000'000));
  to.append("\",\"").append(extension_prefix_).append("newsletter\":");
  to.append(random.below(2) == 0 ? "true" : "false");

  std::size_t left = options_.padding.from;
  // Not drawn when there is nothing to choose: a seed then gives the bytes it always gave.
  if (options_.padding.to > left) left += random.below(options_.padding.to - left + 1);
  for (std::uint64_t i = 0; left > 0; ++i) {
    const std::size_t size = std::min<std::size_t>(left, 250);  // one attribute (protocol.md a.10)
    left -= size;
    to.append(",\"").append(extension_prefix_).append("padding");
    append_number(to, i);
    to.append("\":\"").append(size, static_cast<char>('a' + i % 26)).push_back('"');
  }
  to.push_back('}');
}

}  // namespace load
