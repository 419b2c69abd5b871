// What it costs to get the claims out of a sign-up body: core::claims::read() against simdjson.
//
// The bodies are those of docs/performance.md's work unit: about 780 bytes, 16 members,
// `identities` with two entries, two extension attributes; names with e acute raw in a tenth of the
// bodies and escaped in another tenth. 1,200 different ones in turn, so that the branch predictor
// learns the shape and not the text. An item is one body.
//
//   Read              read(): all of it validated, 16 claims looked up and kept, duplicates refused
//   ReadTwoUnknown    the same with rules that do not know the two extension attributes
//   OnDemandAll       On-Demand, every member visited and got, nested values walked, 16 claims
//                     looked up and kept; nobody looks for duplicates
//   OnDemandWalk      OnDemandAll without looking up and keeping
//   OnDemandEight     On-Demand, one pass, eight members picked; the rest is skipped unvalidated
//   DomAll            DOM, 16 claims looked up and kept
//   DomParse          DOM, parsed and not read
//
// Instructions: valgrind --tool=callgrind --toggle-collect='work::*' with --benchmark_filter; each
// job is one function that is not inlined. simdjson picks its kernel by the processor; Valgrind
// shows it one with AVX2.
#include <benchmark/benchmark.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "core/claims/claims.h"

namespace claims = core::claims;
namespace ondemand = simdjson::ondemand;

namespace {

constexpr std::size_t kBodies = 1200;
constexpr std::string_view kTier = "extension_9c2f41d07be84a6c8f35d1e2a07b64c3_loyaltyTier";
constexpr std::string_view kNumber = "extension_9c2f41d07be84a6c8f35d1e2a07b64c3_customerNumber";

/// Bodies one behind the other, each followed by simdjson's padding (64 bytes; read() wants 32).
class Bodies {
 public:
  Bodies() {
    std::mt19937 random(780);
    std::vector<std::size_t> starts;
    for (std::size_t i = 0; i < kBodies; ++i) {
      starts.push_back(text_.size());
      text_ += body(random, i);
      sizes_.push_back(text_.size() - starts.back());
      bytes_ += sizes_.back();
      text_.append(simdjson::SIMDJSON_PADDING, ' ');
    }
    for (const std::size_t start : starts) begins_.push_back(text_.data() + start);
  }

  std::string_view next() noexcept {
    at_ = at_ + 1 == kBodies ? 0 : at_ + 1;
    return {begins_[at_], sizes_[at_]};
  }
  std::size_t mean_size() const noexcept { return bytes_ / kBodies; }

 private:
  static std::string digits(std::mt19937& random, std::size_t count) {
    std::string text;
    while (text.size() < count) text += static_cast<char>('0' + random() % 10);
    return text;
  }
  static std::string hex(std::mt19937& random, std::size_t count) {
    std::string text;
    while (text.size() < count) text += "0123456789abcdef"[random() % 16];
    return text;
  }
  static std::string guid(std::mt19937& random) {
    return hex(random, 8) + '-' + hex(random, 4) + '-' + hex(random, 4) + '-' + hex(random, 4) +
           '-' + hex(random, 12);
  }
  template <std::size_t N>
  static std::string pick(std::mt19937& random, const std::array<const char*, N>& from) {
    return from[random() % N];
  }

  static std::string body(std::mt19937& random, std::size_t index) {
    static constexpr std::array<const char*, 8> kGiven = {
        "maren", "TOBIAS", "Aurelie", "jan-willem", "Ingrid", "Precious", "LI", "Giovanna"};
    static constexpr std::array<const char*, 8> kFamily = {
        "holm", "O'NEIL", "Vandermeulen", "de la cruz", "Okonkwo", "SMITH", "Lindqvist", "Wu"};
    static constexpr std::array<const char*, 4> kTitle = {"Purchasing lead for the region",
                                                          "Engineer", "Head of logistics", "Nurse"};
    static constexpr std::array<const char*, 4> kStreet = {
        "Oude Kanaalstraat-Noord", "North Elm Street, Building", "Rua das Flores Amarelas",
        "Lange Reihe, Hinterhaus"};
    static constexpr std::array<const char*, 4> kCity = {"Utrecht", "Springfield", "Porto",
                                                         "Hamburg"};
    static constexpr std::array<const char*, 4> kState = {"Utrecht", "Illinois", "Norte",
                                                          "Hamburg"};
    static constexpr std::array<const char*, 4> kCountry = {"Netherlands", "United States",
                                                            "Portugal", "Germany"};
    static constexpr std::array<const char*, 3> kTiers = {"gold", "silver", "none"};
    std::string given = pick(random, kGiven);
    std::string family = pick(random, kFamily);
    if (index % 10 == 3) given = "Ren\xC3\xA9", family = "Lef\xC3\xA8vre";
    if (index % 10 == 7) given = "Ren\\u00e9", family = "Lef\\u00e8vre";
    const std::string mail = "person." + digits(random, 1 + random() % 6) + "@mail" +
                             digits(random, 3) + ".customers.woodgrove.example";
    return "{\"step\":\"PostAttributeCollection\",\"client_id\":\"" + guid(random) +
           "\",\"ui_locales\":\"en-US\",\"email\":\"" + mail +
           "\",\"identities\":[{\"signInType\":\"federated\",\"issuer\":\"facebook.com\","
           "\"issuerAssignedId\":\"" +
           digits(random, 15) +
           "\"},{\"signInType\":\"emailAddress\",\"issuer\":\"woodgrove.onmicrosoft.com\","
           "\"issuerAssignedId\":\"" +
           mail + "\"}],\"displayName\":\"" + given + ' ' + family + "\",\"givenName\":\"" + given +
           "\",\"surname\":\"" + family + "\",\"jobTitle\":\"" + pick(random, kTitle) +
           "\",\"streetAddress\":\"" + pick(random, kStreet) + ' ' + digits(random, 3) +
           "\",\"city\":\"" + pick(random, kCity) + "\",\"state\":\"" + pick(random, kState) +
           "\",\"country\":\"" + pick(random, kCountry) + "\",\"postalCode\":\"" +
           digits(random, 5) + "\",\"" + std::string(kTier) + "\":\"" + pick(random, kTiers) +
           "\",\"" + std::string(kNumber) + "\":" + std::to_string(10000 + random() % 80000) + "}";
  }

  std::string text_;
  std::vector<const char*> begins_;
  std::vector<std::size_t> sizes_;
  std::size_t bytes_ = 0;
  std::size_t at_ = 0;
};

/// A table as a configuration with some rules has it.
claims::NameTable table(bool extensions) {
  claims::NameTable names;
  if (extensions) {
    names.intern("extension_loyaltyTier");
    names.intern("extension_customerNumber");
  }
  for (const char* other : {"extension_newsletter", "extension_invitationCode", "lastName",
                            "extension_costCentre", "phoneNumber", "extension_documentNumber"}) {
    names.intern(other);
  }
  return names;
}

}  // namespace

// Each job in one function that is not inlined, for the instruction counts.
namespace work {

[[gnu::noinline]] bool read(std::string_view body, const claims::NameTable& names,
                            core::Arena& arena, claims::Claims& out) {
  arena.reset();
  return claims::read(body, names, {}, arena, out).error == claims::ReadError::kNone;
}

bool keep(const claims::NameTable& names, claims::Claims& out, std::string_view key,
          claims::Kind kind, std::string_view value) {
  // simdjson keeps its strings with room behind them, as read() finds them in the body.
  const claims::NameId id = names.find(key, claims::key_words_padded(key));
  if (id == claims::kNoName) return true;
  out[id] = {kind, key, value};
  return true;
}

bool walk(ondemand::value value) {
  ondemand::json_type type;
  if (value.type().get(type) != simdjson::SUCCESS) return false;
  switch (type) {
    case ondemand::json_type::string: {
      std::string_view text;
      return value.get_string().get(text) == simdjson::SUCCESS;
    }
    case ondemand::json_type::number: {
      ondemand::number number;
      return value.get_number().get(number) == simdjson::SUCCESS;
    }
    case ondemand::json_type::boolean: {
      bool flag = false;
      return value.get_bool().get(flag) == simdjson::SUCCESS;
    }
    case ondemand::json_type::null:
      return value.is_null();
    case ondemand::json_type::array:
      for (auto element : value.get_array()) {
        ondemand::value inner;
        if (element.get(inner) != simdjson::SUCCESS || !walk(inner)) return false;
      }
      return true;
    case ondemand::json_type::object:
      for (auto field : value.get_object()) {
        std::string_view key;
        if (field.unescaped_key().get(key) != simdjson::SUCCESS) return false;
        ondemand::value inner;
        if (field.value().get(inner) != simdjson::SUCCESS || !walk(inner)) return false;
      }
      return true;
  }
  return false;
}

template <bool kKeep>
bool ondemand_members(ondemand::parser& parser, simdjson::padded_string_view body,
                      const claims::NameTable& names, claims::Claims& out) {
  ondemand::document document;
  if (parser.iterate(body).get(document) != simdjson::SUCCESS) return false;
  ondemand::object object;
  if (document.get_object().get(object) != simdjson::SUCCESS) return false;
  if (kKeep) out.clear();
  for (auto field : object) {
    std::string_view key;
    if (field.unescaped_key().get(key) != simdjson::SUCCESS) return false;
    ondemand::value value;
    if (field.value().get(value) != simdjson::SUCCESS) return false;
    ondemand::json_type type;
    if (value.type().get(type) != simdjson::SUCCESS) return false;
    std::string_view text;
    if (type == ondemand::json_type::string) {
      if (value.get_string().get(text) != simdjson::SUCCESS) return false;
      if (kKeep) keep(names, out, key, claims::Kind::kString, text);
    } else {
      if (kKeep) keep(names, out, key, claims::Kind::kNumber, value.raw_json_token());
      if (!walk(value)) return false;
    }
  }
  return document.current_location().error() == simdjson::OUT_OF_BOUNDS;  // nothing behind it
}

[[gnu::noinline]] bool ondemand_all(ondemand::parser& parser, simdjson::padded_string_view body,
                                    const claims::NameTable& names, claims::Claims& out) {
  return ondemand_members<true>(parser, body, names, out);
}

[[gnu::noinline]] bool ondemand_walk(ondemand::parser& parser, simdjson::padded_string_view body,
                                     const claims::NameTable& names, claims::Claims& out) {
  return ondemand_members<false>(parser, body, names, out);
}

/// The eight members that the work unit's rules need, by a switch on the size of the key.
[[gnu::noinline]] bool ondemand_eight(ondemand::parser& parser, simdjson::padded_string_view body,
                                      std::array<std::string_view, 8>& out) {
  ondemand::document document;
  if (parser.iterate(body).get(document) != simdjson::SUCCESS) return false;
  ondemand::object object;
  if (document.get_object().get(object) != simdjson::SUCCESS) return false;
  for (auto field : object) {
    std::string_view key;
    if (field.unescaped_key().get(key) != simdjson::SUCCESS) return false;
    std::string_view* to = nullptr;
    switch (key.size()) {
      case 4:
        to = key == "step" ? &out[0] : nullptr;
        break;
      case 5:
        to = key == "email" ? &out[1] : nullptr;
        break;
      case 7:
        to = key == "surname" ? &out[2] : key == "country" ? &out[7] : nullptr;
        break;
      case 9:
        to = key == "givenName" ? &out[3] : key == "client_id" ? &out[4] : nullptr;
        break;
      case 10:
        to = key == "postalCode" ? &out[5] : nullptr;
        break;
      case 54:
        to = key == kTier ? &out[6] : nullptr;
        break;
      default:
        break;
    }
    if (to != nullptr && field.value().get_string().get(*to) != simdjson::SUCCESS) return false;
  }
  return true;
}

[[gnu::noinline]] bool dom_parse(simdjson::dom::parser& parser, std::string_view body) {
  simdjson::dom::element element;
  return parser.parse(body.data(), body.size(), false).get(element) == simdjson::SUCCESS;
}

[[gnu::noinline]] bool dom_all(simdjson::dom::parser& parser, std::string_view body,
                               const claims::NameTable& names, claims::Claims& out) {
  simdjson::dom::object object;
  if (parser.parse(body.data(), body.size(), false).get(object) != simdjson::SUCCESS) return false;
  out.clear();
  for (const auto field : object) {
    std::string_view text;
    const bool string = field.value.get_string().get(text) == simdjson::SUCCESS;
    keep(names, out, field.key, string ? claims::Kind::kString : claims::Kind::kNumber, text);
  }
  return true;
}

}  // namespace work

namespace {

void finish(benchmark::State& state, const Bodies& bodies, bool good) {
  if (!good) state.SkipWithError("a body was refused");
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bodies.mean_size()));
}

simdjson::padded_string_view padded(std::string_view body) {
  return simdjson::padded_string_view(body.data(), body.size(),
                                      body.size() + simdjson::SIMDJSON_PADDING);
}

void read_with(benchmark::State& state, const claims::NameTable& names) {
  Bodies bodies;
  core::Arena arena(std::size_t{1} << 20U);
  claims::Claims out(names.size());
  bool good = true;
  for (auto _ : state) {
    good &= work::read(bodies.next(), names, arena, out);
    benchmark::ClobberMemory();
  }
  finish(state, bodies, good);
}

void BM_Read(benchmark::State& state) { read_with(state, table(true)); }
BENCHMARK(BM_Read);

/// The most members that are allowed, none known and all alike in their first and last eight bytes:
/// what a hostile body can ask of the search for duplicates.
void BM_ReadHostileNames(benchmark::State& state) {
  std::string body = "{";
  for (int i = 0; i < 16384; ++i) {
    body += (i == 0 ? "\"aaaaaaaa" : ",\"aaaaaaaa") + std::to_string(100000 + i) + "bbbbbbbb\":1";
  }
  body += '}';
  const std::size_t size = body.size();
  body.append(claims::kReadPadding, ' ');
  const claims::NameTable names = table(true);
  core::Arena arena(std::size_t{1} << 20U);
  claims::Claims out(names.size());
  bool good = true;
  for (auto _ : state) good &= work::read({body.data(), size}, names, arena, out);
  if (!good) state.SkipWithError("the body was refused");
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(size));
}
BENCHMARK(BM_ReadHostileNames);

void BM_ReadTwoUnknown(benchmark::State& state) { read_with(state, table(false)); }
BENCHMARK(BM_ReadTwoUnknown);

template <auto kJob>
void with_ondemand(benchmark::State& state) {
  Bodies bodies;
  const claims::NameTable names = table(true);
  claims::Claims out(names.size());
  ondemand::parser parser;
  bool good = true;
  for (auto _ : state) {
    good &= kJob(parser, padded(bodies.next()), names, out);
    benchmark::ClobberMemory();
  }
  finish(state, bodies, good);
}
BENCHMARK(with_ondemand<work::ondemand_all>)->Name("BM_OnDemandAll");
BENCHMARK(with_ondemand<work::ondemand_walk>)->Name("BM_OnDemandWalk");

void BM_OnDemandEight(benchmark::State& state) {
  Bodies bodies;
  ondemand::parser parser;
  std::array<std::string_view, 8> out;
  bool good = true;
  for (auto _ : state) {
    good &= work::ondemand_eight(parser, padded(bodies.next()), out);
    benchmark::ClobberMemory();
  }
  finish(state, bodies, good);
}
BENCHMARK(BM_OnDemandEight);

void BM_DomAll(benchmark::State& state) {
  Bodies bodies;
  const claims::NameTable names = table(true);
  claims::Claims out(names.size());
  simdjson::dom::parser parser;
  bool good = true;
  for (auto _ : state) {
    good &= work::dom_all(parser, bodies.next(), names, out);
    benchmark::ClobberMemory();
  }
  finish(state, bodies, good);
}
BENCHMARK(BM_DomAll);

void BM_DomParse(benchmark::State& state) {
  Bodies bodies;
  simdjson::dom::parser parser;
  bool good = true;
  for (auto _ : state) {
    good &= work::dom_parse(parser, bodies.next());
    benchmark::ClobberMemory();
  }
  finish(state, bodies, good);
}
BENCHMARK(BM_DomParse);

}  // namespace
