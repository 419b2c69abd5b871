// `tests` and `capture`.
#include "core/config/policy.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "core/config/reader.h"
#include "core/config/scalars.h"
#include "core/text/json.h"
#include "core/text/locale.h"

namespace core::config {
namespace {

using schema::Key;
using schema::Shape;

constexpr std::size_t kTestNameBytesMax = 256;
constexpr std::size_t kCaptureSecretBytesMin = 16;
constexpr std::string_view kLocaleMember = "ui_locales";

/// The value as JSON: what stands without quotation marks is what it looks like. False after
/// reporting what cannot be one. The tree is at most kDepthMax deep.
bool append_json(Reader& reader, const Node& node, Text& to) {
  switch (node.kind) {
    case Node::Kind::kNull:
      to.value += "null";
      return true;
    case Node::Kind::kScalar: {
      const std::optional<Text> text = reader.resolve(node);
      if (!text) return false;
      to.secret = to.secret || text->secret;
      const bool plain =
          !node.quoted && !text->secret && type_of_plain(node.value) != Scalar::Type::kString;
      to.value += plain ? text->value : text::json_quoted(text->value);
      return true;
    }
    case Node::Kind::kSequence: {
      bool good = true;
      to.value += '[';
      for (const Node* item : node.items) {
        if (item != node.items.front()) to.value += ',';
        good = append_json(reader, *item, to) && good;
      }
      to.value += ']';
      return good;
    }
    case Node::Kind::kMap: {
      bool good = true;
      to.value += '{';
      for (const Member& member : node.members) {
        if (to.value.back() != '{') to.value += ',';
        to.value += text::json_quoted(reader.key_text(*member.key).value) + ':';
        good = append_json(reader, *member.value, to) && good;
      }
      to.value += '}';
      return good;
    }
  }
  return false;
}

std::vector<WantedClaim> read_wanted(Reader& reader, const Node& node, const Key& key) {
  std::vector<WantedClaim> wanted;
  if (!reader.is_map(node, key)) return wanted;
  for (const Member& member : node.members) {
    Text value{{}, member.value->mark, false};
    Text name = reader.key_text(*member.key);
    if (append_json(reader, *member.value, value)) wanted.emplace_back(name, value);
  }
  return wanted;
}

std::vector<Text> read_texts(Reader& reader, const Node& node, const Key& key) {
  std::vector<Text> texts;
  Key one = key;
  one.shape = Shape::kString;
  const bool empty = node.kind == Node::Kind::kSequence && node.items.empty();
  if (empty && key.shape == Shape::kStringsAny) return texts;
  for (const Node* item : reader.items(node, key)) {
    if (std::optional<Text> text = reader.string(*item, one)) texts.push_back(std::move(*text));
  }
  return texts;
}

void read_expectation(Reader& reader, const Fields& test, Expectation& expect) {
  const Node* const node = test.find("expect");
  if (node == nullptr) return;
  const Key& key = test.key("expect");
  if (!reader.is_map(*node, key)) return;
  const Fields fields(reader, *node, test.key_node("expect"), *key.object);
  if (node->members.empty()) {
    reader.error(*node, "a test has to expect something", "write expect: { verdict: continue }");
  }
  ToldVerdict verdict{};
  if (fields.choice("verdict", verdict)) {
    expect.verdict = verdict;
    expect.verdict_mark = fields.find("verdict")->mark;
  }
  Text text;
  if (fields.string("rule", text)) expect.rule = text;
  if (fields.string("message", text)) expect.message = text;
  if (const Node* const claims = fields.find("claims"); claims != nullptr) {
    expect.claims = read_wanted(reader, *claims, fields.key("claims"));
    expect.claims_mark = claims->mark;
  }
  if (const Node* const some = fields.find("claims_include"); some != nullptr) {
    expect.claims_include = read_wanted(reader, *some, fields.key("claims_include"));
    if (fields.find("claims") != nullptr) {
      reader.error(*fields.key_node("claims_include"),
                   "\"claims_include\" cannot stand beside \"claims\", which lists all of them",
                   "leave one of them out");
    }
  }
  if (const Node* const shadowed = fields.find("shadowed"); shadowed != nullptr) {
    expect.shadowed = read_texts(reader, *shadowed, fields.key("shadowed"));
    expect.shadowed_mark = shadowed->mark;
  }
  if (const Node* const tags = fields.find("tags"); tags != nullptr) {
    expect.tags = read_texts(reader, *tags, fields.key("tags"));
    expect.tags_mark = tags->mark;
  }
  if (const Node* const events = fields.find("events"); events != nullptr) {
    expect.events = read_texts(reader, *events, fields.key("events"));
    expect.events_mark = events->mark;
  }
}

/// Names of backends and what they decide, each a text; whether they are there is looked up later.
void read_backend_verdicts(Reader& reader, const Fields& fields, PolicyTest& test) {
  const Node* const backends = fields.find("backends");
  if (backends == nullptr) return;
  Key one = fields.key("backends");
  if (!reader.is_map(*backends, one)) return;
  one.shape = schema::Shape::kString;
  one.example = "continue";
  for (const Member& member : backends->members) {
    one.name = member.key->value;
    Text name = reader.key_text(*member.key);
    if (std::optional<Text> verdict = reader.string(*member.value, one)) {
      test.backends.emplace_back(std::move(name), std::move(*verdict));
    }
  }
}

/// A request: `claims` with `locale` become its body.
void read_request(Reader& reader, const Fields& fields, Text& to, Text& file) {
  const Node* const locale = fields.find("locale");
  const Node* const claims = fields.find("claims");
  if (fields.string("file", file)) {
    if (file.value.empty()) {
      reader.error(*fields.find("file"), "expected the name of a file",
                   "write file: requests/blocked.json");
    } else {
      file.value =
          path_beside(reader.diagnostics().path(file.mark.file), file.value);
    }
  }
  fields.string("body", to);
  if (locale != nullptr && claims == nullptr) {
    reader.error(*fields.key_node("locale"), "\"locale\" goes with \"claims\" only",
                 "write \"ui_locales\" into the body");
  }
  if (claims == nullptr || !reader.is_map(*claims, fields.key("claims"))) return;
  to = {{}, claims->mark, false};
  if (!append_json(reader, *claims, to)) return;
  Text tag;
  if (!fields.string("locale", tag)) return;
  if (!text::is_language_tag(tag.value)) {
    reader.error(*locale, Reader::quote(tag) + " is no language tag", "as in en, sv or pt-BR");
  } else if (const Node* const own = claims->find(kLocaleMember); own != nullptr) {
    reader.error(*fields.key_node("locale"), "the claims have a \"ui_locales\" of their own",
                 "leave one of them out");
  } else {
    std::string& body = to.value;
    body.pop_back();
    if (!claims->members.empty()) body += ',';
    body += text::json_quoted(kLocaleMember);
    body += ':';
    body += text::json_quoted(tag.value);
    body += '}';
  }
}

/// What came before the request of a test.
void read_before(Reader& reader, const Fields& fields, PolicyTest& test) {
  const Node* const before = fields.find("before");
  if (before == nullptr) return;
  const Key& key = fields.key("before");
  for (const Node* item : reader.items(*before, key)) {
    Key item_key = key;
    item_key.shape = Shape::kObject;
    if (!reader.is_map(*item, item_key)) continue;
    const Fields one(reader, *item, nullptr, *key.object);
    EarlierRequests& earlier = test.before.emplace_back();
    earlier.mark = item->mark;
    read_request(reader, one, earlier.body, earlier.file);
    one.integer("times", earlier.times);
    milliseconds ago{0};
    if (one.duration("ago", ago)) earlier.ago_ms = ago.count();
    if (test.before.size() > 1 && earlier.ago_ms > test.before[test.before.size() - 2].ago_ms) {
      reader.error(*item, "this one came before the one above it", "write them in the order of time");
    }
  }
}

void check_test_name(Reader& reader, const Node& node, const Text& name, const Config& config) {
  const bool blank = name.value.find_first_not_of(' ') == std::string::npos;
  const bool control = std::any_of(name.value.begin(), name.value.end(),
                                   [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  if (blank) {
    reader.error(node, "a test needs a name", "write name: a throwaway address is blocked");
  } else if (control || name.value.size() > kTestNameBytesMax) {
    reader.error(node, "the name of a test is one line of at most 256 bytes", {});
  }
  for (const PolicyTest& other : config.tests) {
    if (blank || other.name.value != name.value) continue;
    report_twice(reader, node, "test", other.name.mark);
    return;
  }
}

int digits(std::string_view text, std::size_t at, std::size_t count) {
  int number = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (i >= text.size() || text[i] < '0' || text[i] > '9') return -1;
    number = number * 10 + (text[i] - '0');
  }
  return number;
}

}  // namespace

std::optional<std::int64_t> parse_moment(std::string_view text) {
  using namespace std::chrono;
  // 2026-11-26T10:00:00[.123](Z|+01:00)
  constexpr std::size_t kSecondsEnd = 19;
  if (text.size() <= kSecondsEnd || text[4] != '-' || text[7] != '-' ||
      (text[10] != 'T' && text[10] != 't' && text[10] != ' ') || text[13] != ':' ||
      text[16] != ':') {
    return std::nullopt;
  }
  const int hour = digits(text, 11, 2);
  const int minute = digits(text, 14, 2);
  const int second = digits(text, 17, 2);
  const int month_number = digits(text, 5, 2);
  const int day_number = digits(text, 8, 2);
  if (digits(text, 0, 4) < 0 || month_number < 0 || day_number < 0) return std::nullopt;
  const year_month_day date{year{digits(text, 0, 4)}, month{static_cast<unsigned>(month_number)},
                            day{static_cast<unsigned>(day_number)}};
  if (!date.ok() || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
      second > 59) {
    return std::nullopt;
  }
  std::size_t at = kSecondsEnd;
  int millisecond = 0;
  if (text[at] == '.') {
    const std::size_t first = ++at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    if (at == first) return std::nullopt;
    for (std::size_t i = first; i < first + 3; ++i) {
      millisecond = millisecond * 10 + (i < at ? text[i] - '0' : 0);
    }
  }
  const std::string_view zone = text.substr(at);
  int offset_minutes = 0;
  if (zone != "Z" && zone != "z") {
    const int hours = zone.size() == 6 ? digits(zone, 1, 2) : -1;
    const int minutes = zone.size() == 6 ? digits(zone, 4, 2) : -1;
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || zone[3] != ':' ||
        (zone[0] != '+' && zone[0] != '-')) {
      return std::nullopt;
    }
    offset_minutes = (hours * 60 + minutes) * (zone[0] == '-' ? -1 : 1);
  }
  const auto moment = sys_days{date} + hours{hour} + minutes{minute} + seconds{second} +
                      std::chrono::milliseconds{millisecond} - minutes{offset_minutes};
  return duration_cast<std::chrono::milliseconds>(moment.time_since_epoch()).count();
}

void read_tests(Reader& reader, const Node& node, const Key& key, Config& config) {
  for (const Node* item : reader.items(node, key)) {
    if (item->kind != Node::Kind::kMap) {
      reader.error(*item, "expected a map, found " + reader.found(*item),
                   "write - name: a throwaway address is blocked");
      continue;
    }
    const Fields fields(reader, *item, nullptr, *key.object);
    PolicyTest test;
    test.mark = item->mark;
    if (fields.string("name", test.name)) {
      check_test_name(reader, *fields.find("name"), test.name, config);
    }
    if (fields.string("connector", test.connector) && test.connector.value.empty()) {
      reader.error(*fields.find("connector"), "expected the name of a connector",
                   "write connector: before-create");
    }
    read_request(reader, fields, test.body, test.file);
    read_before(reader, fields, test);
    read_backend_verdicts(reader, fields, test);
    if (Text now; fields.string("now", now)) {
      test.now = parse_moment(now.value);
      if (!test.now) {
        reader.error(*fields.find("now"), "expected a moment as RFC 3339 writes it",
                     "write now: \"2026-11-26T10:00:00Z\"");
      }
    }
    read_expectation(reader, fields, test.expect);
    config.tests.push_back(std::move(test));
  }
}

void read_capture(Reader& reader, const Node& node, const Node& named, const Key& key,
                  Capture& capture) {
  if (!reader.is_map(node, key)) return;
  const Fields fields(reader, node, &named, *key.object);
  capture.mark = named.mark;
  if (fields.string("file", capture.file)) {
    if (capture.file.value.empty()) {
      reader.error(*fields.find("file"), "expected the name of a file",
                   "write file: capture.jsonl");
    } else {
      capture.file.value =
          path_beside(reader.diagnostics().path(capture.file.mark.file), capture.file.value);
    }
  }
  fields.number("share", capture.share);
  if (const Node* const connectors = fields.find("connectors"); connectors != nullptr) {
    capture.connectors = read_texts(reader, *connectors, fields.key("connectors"));
  }
  if (const Node* const keep = fields.find("keep"); keep != nullptr) {
    capture.keep = read_texts(reader, *keep, fields.key("keep"));
    for (std::size_t i = 0; i < capture.keep.size() && i < keep->items.size(); ++i) {
      const Text& claim = capture.keep[i];
      if (names_a_secret(claim.value)) {
        reader.error(*keep->items[i], "the value of " + Reader::quote(claim) + " is never written",
                     "leave it out");
      } else if (claim.value.find('.') != std::string::npos && claim.value != kKeptDomain) {
        reader.error(*keep->items[i], "the only derived value that can be kept is \"email.domain\"",
                     "write the claim it comes from, if that may be written");
      }
    }
  }
  if (fields.string("secret", capture.secret)) {
    if (capture.secret.value.size() < kCaptureSecretBytesMin) {
      reader.error(*fields.find("secret"), "a secret has 16 or more bytes",
                   "as from openssl rand -hex 32");
    } else if (!capture.secret.secret) {
      reader.warning(*fields.find("secret"), "a secret is written in the file",
                     "write secret: \"${file:PATH}\" or \"${env:NAME}\"");
    }
  }
  fields.size("bytes", capture.bytes);
  fields.choice("when_full", capture.when_full);
}

}  // namespace core::config
