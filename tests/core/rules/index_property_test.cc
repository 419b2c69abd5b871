// The index against the plain evaluator, on random rules and claims: same verdict, same rule, same
// claims set in the same order, same shadow notes. Values come from small pools, so that rules
// match often, share what they want and undo each other's work.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "core/rules/compiler.h"
#include "core/rules/never_acts.h"
#include "core/rules/program.h"
#include "tests/core/config/memory_source.h"

namespace core::rules {
namespace {

// 2,500 programs and 500 requests each take 20 s in a release build; a debug build or a sanitizer
// does with fewer. CLAIMGATE_PROPERTY_PROGRAMS says otherwise, CLAIMGATE_PROPERTY_SEED begins
// elsewhere.
#if defined(NDEBUG) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
constexpr std::uint64_t kIndexPrograms = 2500;
#else
constexpr std::uint64_t kIndexPrograms = 200;
#endif
constexpr int kIndexRequests = 500;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

constexpr std::string_view kClaims[] = {"city",  "state",    "country",     "postalCode",
                                        "email", "jobTitle", "extension_a", "extension_n",
                                        "identities", "displayName"};
constexpr std::string_view kSubjects[] = {
    "city",         "state",       "country",      "postalCode",  "email",        "jobTitle",
    "extension_a",  "extension_n", "email.domain", "email.local", "city | lower", "country | upper",
    "state | trim", "city",        "city",         "identities",  "email.registrable",
    "email.canonical", "name.full", "identities.issuer", "person.key", "country.code",
    "identities.any.issuer", "identities.all.issuer", "identities[1].issuer",
    R"(city | default("abc"))", R"(state | replace("[bc]+", "x"))", "postalCode | digits_only",
    "jobTitle | coalesce(city, state)", R"(identities.any.issuer | join("-"))", "displayName",
    "extension_n", "extension_n | as_number", "country | map(words)"};
constexpr std::string_view kIdentityTexts[] = {
    R"([{"issuer":"abc"},{"issuer":"word"}])", R"([{"issuer":"word"}])", R"([])",
    R"([{"issuer":"a\u0062c","issuerAssignedId":"42"},{}])",
    R"([{"issuer":"abc","issuer":"word"}])", R"([null,{"issuer":null},3,{"issuer":"Delft"}])"};
// Some differ in case, one is the beginning or end of another, two have letters whose lower case is
// in ASCII (U+212A, U+0130).
constexpr std::string_view kTexts[] = {"",
                                       "a",
                                       "A",
                                       "ab",
                                       "abc",
                                       "ABC",
                                       "abcd",
                                       "bcd",
                                       "xabcx",
                                       "Delft",
                                       "delft",
                                       "42",
                                       "42.0",
                                       "+42",
                                       "4.2e1",
                                       "-0",
                                       "0",
                                       "true",
                                       "TRUE",
                                       "false",
                                       "12345",
                                       "123 45",
                                       "  abc ",
                                       "kelvin",
                                       "Kelvin",
                                       "\xE2\x84\xAA"
                                       "elvin",
                                       "\xC4\xB0stanbul",
                                       "istanbul",
                                       "nan",
                                       "inf",
                                       "word",
                                       "eve@mallory.example",
                                       "Eve@MALLORY.example",
                                       "a@blocked.example",
                                       "ab@sub.blocked.example.",
                                       "blocked.example",
                                       "192.0.2.7",
                                       "2001:db8::1",
                                       "::ffff:192.0.2.9",
                                       "-3.5",
                                       "7",
                                       "1990-05-31",
                                       "2020-02-29T12:00:00Z",
                                       "Sverige",
                                       "SE",
                                       "111 22",
                                       "d\xD0\xB5lft",
                                       "abc@abc.abc"};
constexpr std::string_view kPatterns[] = {
    "^\\d{5}$",  "^\\d{3} ?\\d{2}$", "abc",          "^abc",       "(?i)kelvin", "(?i)ISTANBUL",
    "abc|delft", "^[A-Z]+$",         "(?i)d[e]lft$", "a.c",        "^$",         "blocked|mallory",
    "^a",        "x(abc)+x",         "(abc|bcd)d?",  "\\.example", "[0-9]",      "e|\xC3\xA9"};
constexpr std::string_view kOperands[] = {"42",   "+42",   "0",     "-0.0",
                                          "true", "false", "12345", "4.2e1"};
constexpr std::string_view kTemplates[] = {"{city}",        "{state | upper}",
                                           "{country}x",    "{email.domain}",
                                           "a{postalCode}", "{email.local}@abc.abc"};

/// Writes random rules as YAML.
class Writer {
 public:
  explicit Writer(std::mt19937_64& random) : random_(random) {}

  std::string rules() {
    yaml_.clear();
    const std::size_t count = below(12) == 0 ? 100 : 1 + below(40);
    // Programs in which hardly a rule ends the request, or sets a claim, and others.
    ends_ = below(100);
    sets_ = below(100);
    for (std::size_t i = 0; i < count; ++i) rule(i);
    return yaml_;
  }

 private:
  std::size_t below(std::size_t n) { return random_() % n; }
  bool chance(std::size_t percent) { return below(100) < percent; }
  template <typename Pool>
  std::string_view any_of(const Pool& pool) {
    return pool[below(std::size(pool))];
  }

  void quoted(std::string_view text) {
    yaml_ += '\'';
    yaml_ += text;  // no pool has a quotation mark
    yaml_ += '\'';
  }
  /// Not the empty one, which is refused as a part of a text.
  std::string_view some_text() { return kTexts[1 + below(std::size(kTexts) - 1)]; }
  void scalar() {
    if (chance(15)) {
      yaml_ += any_of(kOperands);
    } else {
      quoted(any_of(kTexts));
    }
  }
  template <typename Write>
  void list(std::size_t count_max, Write write) {
    yaml_ += "[ ";
    for (std::size_t left = 1 + below(count_max); left > 0; --left) {
      write();
      yaml_ += left == 1 ? " ]" : ", ";
    }
  }

  void rule(std::size_t i) {
    yaml_ += "      - { name: r" + std::to_string(i) + ", ";
    if (chance(15)) yaml_ += "mode: shadow, ";
    if (chance(15)) yaml_ += "tag: t" + std::to_string(below(5)) + ", ";
    if (!chance(2)) {
      yaml_ += "when: ";
      condition(0);
      yaml_ += ", ";
    }
    if (chance(ends_ / 2)) {
      switch (below(3)) {
        case 0:
          yaml_ += "block: first";
          break;
        case 1:
          yaml_ += "validation_error: second";
          break;
        default:
          yaml_ += "continue: ";
          assignments();
      }
    } else if (chance(sets_) || chance(50)) {
      if (chance(20)) {
        yaml_ += "remove: [ city, state, extension_a ]";
      } else {
        yaml_ += "set: ";
        assignments();
      }
    } else {
      yaml_ += chance(50) ? "block: first" : "validation_error: first";
    }
    yaml_ += " }\n";
  }

  void assignments() {
    constexpr std::string_view kTargets[] = {"city", "state", "country", "email", "extension_a"};
    yaml_ += "{ ";
    const std::size_t first = below(std::size(kTargets));
    for (std::size_t i = first; i < std::size(kTargets) && (i == first || chance(30)); ++i) {
      if (i != first) yaml_ += ", ";
      yaml_ += kTargets[i];
      yaml_ += ": ";
      quoted(chance(60) ? any_of(kTexts) : any_of(kTemplates));
    }
    yaml_ += " }";
  }

  void condition(int depth) {
    yaml_ += "{ ";
    const std::size_t kind = depth > 2 ? 9 : below(12);
    if (chance(4)) {
      yaml_ += chance(50) ? "percent: { of: 40, by: city, salt: a }"
                          : "time: { days: [ mon-fri ], hours: '06:00-20:00' }";
    } else if (kind == 0) {
      yaml_ += "all: ";
      list(3, [&] { condition(depth + 1); });
    } else if (kind <= 2) {
      yaml_ += "any: ";
      list(3, [&] { condition(depth + 1); });
    } else if (kind == 3) {
      yaml_ += "not: ";
      condition(depth + 1);
    } else {
      // Different subjects joined by and.
      const std::size_t count = 1 + below(2);
      std::string_view last;
      for (std::size_t i = 0; i < count; ++i) {
        const std::string_view subject = any_of(kSubjects);
        if (subject == last) break;
        if (i > 0) yaml_ += ", ";
        last = subject;
        quoted(subject);
        yaml_ += ": ";
        test(subject);
      }
    }
    yaml_ += " }";
  }

  void test(std::string_view subject) {
    yaml_ += "{ ";
    if (chance(20)) {
      constexpr std::string_view kPresence[] = {"exists: true", "missing: true"};
      yaml_ += any_of(kPresence);
      yaml_ += " }";
      return;
    }
    if (chance(35)) {
      rare_test();
      yaml_ += " }";
      return;
    }
    const std::size_t kind = below(12);
    const bool negatable = kind < 6 || kind > 9;
    if (negatable && chance(20)) yaml_ += "not_";
    switch (kind) {
      case 0:
      case 1:
      case 2:
        yaml_ += "equals: ";
        scalar();
        break;
      case 3:
      case 4:
        yaml_ += "in: ";
        list(4, [&] { scalar(); });
        break;
      case 5:
        yaml_ += "in_list: ";
        yaml_ += subject == "email"          ? (chance(50) ? "people" : "words")
                 : subject == "email.domain" ? (chance(50) ? "domains" : "words")
                                             : "words";
        break;
      case 6:
        yaml_ += "starts_with: ";
        list(2, [&] { quoted(some_text()); });
        break;
      case 7:
        yaml_ += "ends_with: ";
        list(2, [&] { quoted(some_text()); });
        break;
      case 8:
        yaml_ += "contains: ";
        list(2, [&] { quoted(some_text()); });
        break;
      case 9:
        yaml_ += "length: { min: " + std::to_string(below(3)) +
                 ", max: " + std::to_string(2 + below(6)) + " }";
        break;
      default:
        yaml_ += "matches: ";
        list(2, [&] { quoted(any_of(kPatterns)); });
        break;
    }
    yaml_ += " }";
  }

  void rare_test() {
    constexpr std::string_view kTests[] = {
        "less_than: 7",
        "less_than: 42",
        "at_most: 42",
        "at_most: 7.5",
        "greater_than: -4",
        "greater_than: 42",
        "at_least: 0",
        "at_least: 7",
        "before: 2000-01-01",
        "before: today-18y",
        "after: now-10y",
        "after: 2020-02-29T00:00Z",
        "in_network: 192.0.2.0/24",
        "in_network: [ 192.0.0.0/16, '2001:db8::/32' ]",
        "not_in_network: [ 192.0.2.0/25 ]",
        "is_email: true",
        "is_email: false",
        "is_postcode: true",
        "is_postcode: { country: SE }",
        "is_postcode: { claim: state }",
        "same_as: city",
        "same_as: 'state | lower'",
        "not_same_as: jobTitle",
        "scripts: Latin",
        "scripts: [ Latin, Cyrillic ]",
        "mixed_scripts: true",
        "looks_like: '{city}'",
        "looks_like: delft",
        "age_at_least: 18",
        "age_under: 40",
        "in_list: networks",
    };
    yaml_ += any_of(kTests);
  }

  std::mt19937_64& random_;
  std::string yaml_;
  std::size_t ends_ = 50, sets_ = 50;  // percent
};

/// Sees rules act of which it was said that they never do.
class Watch final : public Tracer {
 public:
  void on_test(std::uint32_t, std::string_view, bool, bool) override {}
  void on_rule(std::uint32_t rule, bool matched) override {
    if (matched && std::find(idle.begin(), idle.end(), rule) != idle.end()) acted = rule;
  }
  void on_set(std::uint32_t, const Assignment&, std::string_view, bool) override {}

  std::vector<std::uint32_t> idle;
  std::optional<std::uint32_t> acted;
};

/// A program with an index, and two evaluations for it.
class Both {
 public:
  Both(const std::string& rules, std::size_t arena_bytes) {
    source_.files["c.yaml"] =
        "listeners: [ { address: 127.0.0.1:0 } ]\n"
        "messages: { first: \"1\", second: \"2\" }\n"
        "lists:\n"
        "  domains: { values: [ blocked.example, abc.abc ], match: domain }\n"
        "  people: { values: [ Eve@Mallory.example ], match: email }\n"
        "  words: { values: [ word, abc, \"42\", blocked.example ], match: exact }\n"
        "  networks: { values: [ 192.0.2.0/29, \"2001:db8::/64\" ], match: network }\n"
        "connectors:\n  c:\n    path: /c\n    dialect: b2c-userflow\n    rules:\n" +
        rules;
    const config::Config config = config::load("c.yaml", source_, diagnostics);
    for (const config::ListSource& list : config.lists) {
      std::vector<std::string> values;
      for (const config::Text& value : list.values) values.push_back(value.value);
      owned_.push_back(
          lists::List::of(values,
                          list.match == config::ListMatch::kDomain  ? lists::Match::kDomain
                          : list.match == config::ListMatch::kEmail ? lists::Match::kEmail
                          : list.match == config::ListMatch::kNetwork ? lists::Match::kNetwork
                                                                    : lists::Match::kExact,
                          7));
    }
    for (std::size_t i = 0; i < owned_.size(); ++i) {
      lists_.emplace(config.lists[i].name.value, &owned_[i]);
    }
    for (const std::string_view claim : kClaims) ids_.push_back(names_.intern(claim));
    const std::map<std::string, std::uint32_t, std::less<>> messages = {{"first", 0},
                                                                        {"second", 1}};
    auto words = std::make_shared<ValueTable>();
    words->add("abc", "word");
    words->add("Delft", "abc");
    const ValueTables tables = {{"words", words}};
    Compiler compiler({names_, lists_, messages, 1, &tables}, diagnostics, Indexing::kAlways);
    if (!config.connectors.empty()) {
      program = compiler.compile(config.connectors[0].rules);
      for (const NeverActs& idle : find_never_acting(config.connectors[0].rules)) {
        watch.idle.push_back(static_cast<std::uint32_t>(idle.rule));
      }
    }
    const auto make = [&](std::size_t bytes) {
      return std::make_unique<Evaluation>(names_.size(), program.prepared_count(), bytes, 0,
                                          program.index().counts());
    };
    plain = make(arena_bytes);
    indexed = make(arena_bytes);
    roomy = make(1 << 20);
  }

  /// New claims for all evaluations.
  void begin(std::mt19937_64& random) {
    const auto now_s = static_cast<std::int64_t>(1'760'000'000 + random() % 1'000'000);
    for (const auto& evaluation : {plain.get(), indexed.get(), roomy.get()}) {
      evaluation->begin(now_s);
      evaluation->claims().clear();
    }
    for (const claims::NameId id : ids_) {
      claims::Claim claim;
      claim.name = "as it came";
      const auto pool = random() % 16;
      if (pool < 3) continue;
      claim.kind = claims::Kind::kString;
      claim.value = kTexts[random() % std::size(kTexts)];
      if (pool == 3) claim = {claims::Kind::kNumber, "n", random() % 2 == 0 ? "42" : "42.00"};
      if (pool == 4) claim = {claims::Kind::kBoolean, "b", random() % 2 == 0 ? "true" : "false"};
      if (pool == 5) claim = {claims::Kind::kNull, "z", "null"};
      if (pool == 6) {
        claim = {random() % 2 == 0 ? claims::Kind::kArray : claims::Kind::kObject, "o", {}};
        claim.value = claim.kind == claims::Kind::kArray ? "[1,\"abc\"]" : "{\"abc\":1}";
      }
      if (id == claims::kIdentities && pool > 5) {
        claim = {claims::Kind::kArray, "i", kIdentityTexts[random() % std::size(kIdentityTexts)]};
      }
      for (const auto& evaluation : {plain.get(), indexed.get(), roomy.get()}) {
        evaluation->claims()[id] = claim;
      }
    }
  }

  std::string claims() const {
    std::string text;
    for (std::size_t i = 0; i < ids_.size(); ++i) {
      const claims::Claim& claim = first_[i];
      text += std::string(kClaims[i]) + " kind " + std::to_string(static_cast<int>(claim.kind)) +
              " '" + std::string(claim.value) + "'\n";
    }
    return text;
  }
  void keep_claims() {
    first_.clear();
    for (const claims::NameId id : ids_) {
      const claims::Claims& claims = plain->claims();
      first_.push_back(claims[id]);
    }
  }
  std::size_t names() const { return names_.size(); }

  config::Diagnostics diagnostics;
  Program program;
  Watch watch;
  std::unique_ptr<Evaluation> plain, indexed, roomy;

 private:
  config::MemorySource source_;
  claims::NameTable names_;
  std::vector<claims::NameId> ids_;
  std::vector<claims::Claim> first_;
  std::vector<lists::List> owned_;
  std::map<std::string, const lists::List*, std::less<>> lists_;
};

/// What differs; empty when nothing does.
std::string difference(const Both& both, const Verdict& plain, const Evaluation& by_plain,
                       const Verdict& indexed, const Evaluation& by_index) {
  if (plain.rule != indexed.rule) {
    return "rule " + std::to_string(plain.rule) + ", by index " + std::to_string(indexed.rule);
  }
  if (plain.rule == Verdict::kOtherwise) return {};
  if (plain.kind != indexed.kind || plain.message != indexed.message) return "kind or message";
  if (by_plain.changed() != by_index.changed()) return "which claims were set, or in which order";
  if (by_plain.shadowed() != by_index.shadowed()) return "shadow notes";
  if (by_plain.tags() != by_index.tags()) return "tags";
  for (claims::NameId id = 0; id < both.names(); ++id) {
    const claims::Claim& a = by_plain.claims()[id];
    const claims::Claim& b = by_index.claims()[id];
    if (a.kind != b.kind) return "the kind of claim " + std::to_string(id);
    if (a.kind != claims::Kind::kAbsent && (a.name != b.name || a.value != b.value)) {
      return "claim " + std::to_string(id) + ": '" + std::string(a.value) + "', by index '" +
             std::string(b.value) + "'";
    }
  }
  return {};
}

TEST(Index, DecidesAsThePlainEvaluatorDoes) {
  const std::uint64_t programs = from_environment("CLAIMGATE_PROPERTY_PROGRAMS", kIndexPrograms);
  const std::uint64_t first_seed = from_environment("CLAIMGATE_PROPERTY_SEED", 1);
  std::uint64_t cases = 0, by_rule = 0, with_set = 0, with_shadow = 0, given_up = 0, saved = 0;
  std::uint64_t never = 0;
  for (std::uint64_t seed = first_seed; seed < first_seed + programs; ++seed) {
    std::mt19937_64 random(seed);
    const std::string rules = Writer(random).rules();
    // Some have so little memory that evaluations cannot be brought to an end.
    const std::size_t arena_bytes = random() % 8 == 0 ? 8 + random() % 200 : std::size_t{1} << 16;
    Both both(rules, arena_bytes);
    ASSERT_FALSE(both.diagnostics.has_errors()) << both.diagnostics.render() << rules;
    ASSERT_TRUE(both.program.index().built());
    never += both.watch.idle.size();
    for (int request = 0; request < kIndexRequests; ++request) {
      both.begin(random);
      both.keep_claims();
      const Verdict plain = both.program.evaluate_plain(*both.plain, &both.watch);
      ASSERT_FALSE(both.watch.acted.has_value())
          << "r" << *both.watch.acted << " was said never to act: CLAIMGATE_PROPERTY_SEED=" << seed
          << "\n" << both.claims() << rules;
      const Verdict indexed = both.program.evaluate(*both.indexed);
      std::string differs;
      if (plain.rule == Verdict::kOtherwise && indexed.rule != Verdict::kOtherwise) {
        // The index needed less memory. What it found is what plenty of memory would have given.
        ++saved;
        differs = difference(both, both.program.evaluate_plain(*both.roomy), *both.roomy, indexed,
                             *both.indexed);
      } else {
        differs = difference(both, plain, *both.plain, indexed, *both.indexed);
      }
      ASSERT_EQ(differs, "") << "CLAIMGATE_PROPERTY_SEED=" << seed << ", request " << request
                             << ", arena of " << arena_bytes << " bytes\n"
                             << both.claims() << rules;
      ++cases;
      by_rule += plain.rule >= 0 ? 1 : 0;
      given_up += plain.rule == Verdict::kOtherwise ? 1 : 0;
      with_set += both.plain->changed().empty() ? 0 : 1;
      with_shadow += both.plain->shadowed().empty() ? 0 : 1;
    }
  }
  RecordProperty("cases", std::to_string(cases));
  // The cases are worth something: all that can happen does.
  EXPECT_GT(by_rule, cases / 4);
  EXPECT_LT(by_rule, cases - cases / 10);
  EXPECT_GT(with_set, cases / 10);
  EXPECT_GT(with_shadow, cases / 10);
  EXPECT_GT(given_up, cases / 1000);
  EXPECT_GT(saved, 0u);
  EXPECT_GT(never, programs);  // rules said never to act
}

}  // namespace
}  // namespace core::rules
