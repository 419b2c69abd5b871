// `request` and `response` of a backend: the shape of a mapping. What its templates, pointers, XPath
// expressions and patterns say is checked by the compiler (core/mapping), which knows the names.
#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>

#include "core/config/reader.h"
#include "core/config/scalars.h"
#include "core/text/text.h"

namespace core::config {
namespace {

using schema::Key;
using schema::Shape;

constexpr std::size_t kRowsMax = 256;

struct TakenField {
  std::string_view name;  // small letters
  std::string_view instead;
};

/// Fields that claimgate itself writes, or that would change what a request is for the hop.
constexpr TakenField kTakenFields[] = {
    {"authorization", "write auth: of the backend"},
    {"connection", "leave it out: claimgate writes it"},
    {"content-encoding", "leave it out: bodies are sent as they are"},
    {"content-length", "leave it out: claimgate writes it"},
    {"content-type", "write content_type: beside xml or text"},
    {"expect", "leave it out"},
    {"host", "it is the endpoint's"},
    {"keep-alive", "leave it out"},
    {"proxy-authorization", "leave it out"},
    {"proxy-connection", "leave it out"},
    {"te", "leave it out"},
    {"traceparent", "leave it out: claimgate writes it"},
    {"tracestate", "leave it out: claimgate writes it"},
    {"trailer", "leave it out"},
    {"transfer-encoding", "leave it out: claimgate writes it"},
    {"upgrade", "leave it out"},
    {"x-request-id", "leave it out: claimgate writes it"},
};

void check_field_name(Reader& reader, const Text& name) {
  if (!is_token(name.value)) {
    reader.error_inside(name, 0, "no name of a field (RFC 9110, 5.1)", "write X-Country");
    return;
  }
  for (const TakenField& taken : kTakenFields) {
    if (!text::equals_ignore_case_ascii(name.value, taken.name)) continue;
    reader.error_inside(name, 0, "a mapping cannot write the field \"" + name.value + "\"",
                        std::string(taken.instead));
  }
}

/// Fields that a mapping may write in the place of claimgate's, and a credential may not: there would be two.
constexpr std::string_view kUsualFields[] = {"accept", "user-agent"};

std::optional<JsonTree> read_tree(Reader& reader, const Node& node, const Key& key) {
  JsonTree tree;
  tree.mark = node.mark;
  switch (node.kind) {
    case Node::Kind::kNull:
      return tree;
    case Node::Kind::kScalar: {
      std::optional<Scalar> scalar = reader.scalar(node, key);
      if (!scalar) return std::nullopt;
      if (scalar->type == Scalar::Type::kString) {
        tree.kind = JsonTree::Kind::kTemplate;
        tree.text = std::move(scalar->text);
      } else {
        tree.kind = JsonTree::Kind::kConstant;
        tree.constant = std::move(*scalar);
      }
      return tree;
    }
    case Node::Kind::kSequence:
      tree.kind = JsonTree::Kind::kArray;
      for (const Node* item : node.items) {
        if (auto read = read_tree(reader, *item, key)) tree.items.push_back(std::move(*read));
      }
      return tree;
    case Node::Kind::kMap:
      tree.kind = JsonTree::Kind::kObject;
      for (const Member& member : node.members) {
        Text name = reader.key_text(*member.key);
        if (auto read = read_tree(reader, *member.value, key)) {
          tree.members.push_back({std::move(name), std::move(*read)});
        }
      }
      return tree;
  }
  return std::nullopt;
}

void read_path(Reader& reader, const Fields& fields, Text& path) {
  if (!fields.string("path", path)) return;
  const std::string& text = path.value;
  if (!text.starts_with('/')) {
    reader.error_inside(path, 0, "a path begins with \"/\"",
                        path.secret                                  ? ""
                        : text.find("://") != std::string::npos      ? "write the path of the URL alone"
                        : text.starts_with('{')                      ? "no claim chooses where a backend is"
                                                                     : "write /" + text);
    return;
  }
  bool inside = false;  // braces: a template's reader looks there
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '{' || c == '}') {
      inside = c == '{';
      continue;
    }
    const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      std::string_view("/-._~!$&'()*+,;=:@%").find(c) != std::string_view::npos;
    if (inside || fits) continue;
    if (c == '?') {
      reader.error_inside(path, i, "a path has no query", "write query: { name: \"{claim}\" }");
    } else if (c == '#') {
      reader.error_inside(path, i, "a path has no fragment", "leave it out");
    } else {
      reader.error_inside(path, i, "a character that cannot stand in a path",
                          "write it percent-encoded (RFC 3986)");
    }
    return;
  }
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('/', at + 1), text.size());
    const std::string_view segment = std::string_view(text).substr(at + 1, end - at - 1);
    if (segment == "." || segment == "..") {
      reader.error_inside(path, at + 1, "a path with a segment of dots", "leave it out");
      return;
    }
    at = end;
  }
}

/// Where everything is a text: the constants too.
std::vector<std::pair<Text, Text>> read_texts(Reader& reader, const Node& node, const Key& key,
                                              std::string_view what) {
  std::vector<std::pair<Text, Text>> texts;
  for (auto& [name, value] : read_templates(reader, node, key, what)) {
    texts.emplace_back(std::move(name), std::move(value.text));
  }
  return texts;
}

using Body = BackendRequest::Body;

struct BodyKey {
  std::string_view key;
  Body body;
};
constexpr BodyKey kBodies[] = {
    {"json", Body::kJson}, {"form", Body::kForm},           {"xml", Body::kXml},
    {"text", Body::kText}, {"pass_through", Body::kClaims},
};

void read_body(Reader& reader, const Fields& fields, BackendRequest& request) {
  const Node* first = nullptr;
  for (const BodyKey& body : kBodies) {
    const Node* const named = fields.key_node(body.key);
    if (named == nullptr) continue;
    if (first != nullptr) {
      reader.error(*named, "\"" + named->value + "\" cannot stand beside \"" + first->value + "\"",
                   "a request has one body");
      continue;
    }
    const Node& node = *fields.find(body.key);
    const Key& key = fields.key(body.key);
    if (body.body == Body::kClaims) {
      bool wanted = false;
      if (!fields.boolean("pass_through", wanted) || !wanted) continue;
    } else if (body.body == Body::kJson) {
      auto tree = read_tree(reader, node, key);
      if (!tree) continue;
      request.json = std::move(*tree);
    } else if (body.body == Body::kForm) {
      request.form = read_texts(reader, node, key, "parameter");
    } else if (fields.string(body.key, request.text) && request.text.value.empty()) {
      reader.error(node, "an empty body", "leave it out");
    }
    first = named;
    request.body = body.body;
  }
  if (fields.string("content_type", request.content_type)) {
    const std::string& type = request.content_type.value;
    if (request.body != Body::kXml && request.body != Body::kText) {
      reader.error(*fields.key_node("content_type"), "only xml and text may be of another type",
                   "leave it out");
    } else if (type.find('/') == std::string::npos || has_control(type) || !text::is_ascii(type)) {
      reader.error(*fields.find("content_type"), "no media type (RFC 9110, 8.3)",
                   "write content_type: application/soap+xml; charset=utf-8");
    }
  }
}

// --- response ---

struct ReplyTestName {
  std::string_view key;
  ReplyTest::Test test;
  bool negated;
};
constexpr ReplyTestName kReplyTestNames[] = {
    {"equals", ReplyTest::Test::kEquals, false},
    {"not_equals", ReplyTest::Test::kEquals, true},
    {"in", ReplyTest::Test::kIn, false},
    {"not_in", ReplyTest::Test::kIn, true},
    {"contains", ReplyTest::Test::kContains, false},
    {"matches", ReplyTest::Test::kMatches, false},
    {"not_matches", ReplyTest::Test::kMatches, true},
    {"at_least", ReplyTest::Test::kAtLeast, false},
    {"at_most", ReplyTest::Test::kAtMost, false},
    {"exists", ReplyTest::Test::kExists, false},
    {"missing", ReplyTest::Test::kMissing, false},
};

void read_operands(Reader& reader, const Node& node, const Key& key, ReplyTest& test) {
  Key one = key;
  const bool texts = key.shape == Shape::kStringOrList;
  const auto take = [&](const Node& at) {
    std::optional<Scalar> scalar;
    if (texts) {
      if (auto text = reader.string(at, one)) scalar = Scalar{Scalar::Type::kString, std::move(*text)};
    } else {
      scalar = reader.scalar(at, one);
    }
    if (!scalar) return;
    reader.warn_of_yaml(at, texts);
    if (test.test == ReplyTest::Test::kContains && scalar->text.value.empty()) {
      reader.error(at, "an empty text", "write exists: true to ask if there is a value");
      return;
    }
    test.operands.push_back(std::move(*scalar));
  };
  one.shape = texts ? Shape::kString : Shape::kScalar;
  switch (key.shape) {
    case Shape::kScalars:
      for (const Node* item : reader.items(node, key)) take(*item);
      break;
    case Shape::kStringOrList:
      if (node.kind == Node::Kind::kSequence) {
        for (const Node* item : reader.items(node, key)) take(*item);
        break;
      }
      [[fallthrough]];
    default:
      take(node);
  }
}

void read_test(Reader& reader, const Fields& tests, const ReplyTestName& name, ReplyTest::Part part,
               const Text& where, ResponseRow& row) {
  const Node* const node = tests.find(name.key);
  if (node == nullptr) return;
  const Key& key = tests.key(name.key);
  ReplyTest test;
  test.part = part;
  test.where = where;
  test.test = name.test;
  test.negated = name.negated;
  test.mark = tests.key_node(name.key)->mark;
  if (key.shape == Shape::kBoolean) {
    const std::optional<bool> wanted = reader.boolean(*node, key);
    if (!wanted) return;
    if (!*wanted) {
      test.test = name.test == ReplyTest::Test::kExists ? ReplyTest::Test::kMissing
                                                        : ReplyTest::Test::kExists;
    }
  } else {
    read_operands(reader, *node, key, test);
    if (test.operands.empty()) return;
    const bool bound =
        name.test == ReplyTest::Test::kAtLeast || name.test == ReplyTest::Test::kAtMost;
    const Scalar::Type type = test.operands[0].type;
    if (bound && type != Scalar::Type::kInteger && type != Scalar::Type::kNumber) {
      reader.error(*node, "expected a number, found " + reader.found(*node),
                   "write " + std::string(name.key) + ": 5");
      return;
    }
  }
  row.tests.push_back(std::move(test));
}

/// A value, which is short for `equals`, or a map of tests.
void read_tests(Reader& reader, const Node& node, const Node* named, const Key& key,
                ReplyTest::Part part, const Text& where, ResponseRow& row) {
  if (node.kind == Node::Kind::kScalar) {
    ReplyTest test;
    test.part = part;
    test.where = where;
    test.test = ReplyTest::Test::kEquals;
    test.mark = node.mark;
    auto scalar = reader.scalar(node, key);
    if (!scalar) return;
    test.operands.push_back(std::move(*scalar));
    row.tests.push_back(std::move(test));
    return;
  }
  if (node.kind != Node::Kind::kMap || node.members.empty()) {
    reader.error(node, "expected a value or a map of tests, found " + reader.found(node),
                 "write { exists: true }");
    return;
  }
  const Fields tests(reader, node, named, *key.object);
  for (const ReplyTestName& name : kReplyTestNames) read_test(reader, tests, name, part, where, row);
}

void read_when(Reader& reader, const Node& node, const Node& named, const Key& key,
               ResponseRow& row) {
  if (!reader.is_map(node, key)) return;
  const Fields fields(reader, node, &named, *key.object);
  if (node.members.empty()) {
    reader.error(node, "expected at least one test", "leave out when: the row then always decides");
  }
  if (const Node* const status = fields.find("status"); status != nullptr) {
    row.statuses = read_statuses(reader, *status, fields.key("status"));
  }
  constexpr std::pair<std::string_view, ReplyTest::Part> kParts[] = {
      {"header", ReplyTest::Part::kHeader},
      {"json", ReplyTest::Part::kJson},
      {"xpath", ReplyTest::Part::kXpath},
  };
  for (const auto& [name, part] : kParts) {
    const Node* const places = fields.find(name);
    if (places == nullptr) continue;
    const Key& places_key = fields.key(name);
    if (!reader.is_map(*places, places_key)) continue;
    if (places->members.empty()) {
      reader.error(*places, "expected at least one test",
                   "write " + std::string(name) + ": " + std::string(places_key.example));
    }
    for (const Member& member : places->members) {
      const Text where = reader.key_text(*member.key);
      if (part == ReplyTest::Part::kHeader && !is_token(where.value)) {
        reader.error(*member.key, "no name of a field (RFC 9110, 5.1)", "write X-Tier");
        continue;
      }
      if (part == ReplyTest::Part::kJson && !where.value.empty() && !where.value.starts_with('/')) {
        reader.error(*member.key, "a JSON pointer begins with \"/\" (RFC 6901)",
                     "write /" + where.value);
        continue;
      }
      read_tests(reader, *member.value, member.key, places_key, part, where, row);
    }
  }
  if (const Node* const text = fields.find("text"); text != nullptr) {
    read_tests(reader, *text, fields.key_node("text"), fields.key("text"), ReplyTest::Part::kText,
               {}, row);
  }
}

/// The name of a message, or a text with perhaps a message to fall back on.
void read_said(Reader& reader, const Node& node, const Node& named, const Key& key,
               ResponseRow& row) {
  if (node.kind == Node::Kind::kMap) {
    const Fields fields(reader, node, &named, *key.object);
    if (fields.string("text", row.text) && row.text.value.empty()) {
      reader.error(*fields.find("text"), "an empty text", "write text: \"{/reason}\"");
    }
    fields.filled("message", row.message);
    return;
  }
  Key one = key;
  one.shape = Shape::kName;
  one.example = "not_open";
  std::optional<Text> message = reader.string(node, one);
  if (message && message->value.empty()) {
    reader.error(node, "expected the name of a message",
                 "write " + std::string(key.name) + ": not_open");
  }
  if (message) row.message = std::move(*message);
}

void read_row(Reader& reader, const Node& item, const Key& key, Backend& backend) {
  const Fields fields(reader, item, nullptr, *key.object);
  ResponseRow row;
  row.mark = item.mark;
  if (const Node* const when = fields.find("when"); when != nullptr) {
    read_when(reader, *when, *fields.key_node("when"), fields.key("when"), row);
  }
  if (const Node* const claims = fields.find("continue"); claims != nullptr) {
    row.verdict = ResponseRow::Verdict::kContinue;
    row.claims = read_templates(reader, *claims, fields.key("continue"), "claim");
  } else if (const Node* const block = fields.find("block"); block != nullptr) {
    row.verdict = ResponseRow::Verdict::kBlock;
    read_said(reader, *block, *fields.key_node("block"), fields.key("block"), row);
  } else if (const Node* const error = fields.find("validation_error"); error != nullptr) {
    row.verdict = ResponseRow::Verdict::kValidationError;
    read_said(reader, *error, *fields.key_node("validation_error"), fields.key("validation_error"),
              row);
  } else if (const Node* const unresolved = fields.find("unresolved"); unresolved != nullptr) {
    bool wanted = true;
    if (fields.boolean("unresolved", wanted) && !wanted) {
      reader.error(*unresolved, "a row decides something", "write unresolved: true, or a verdict");
    }
  }
  backend.response.push_back(std::move(row));
}

}  // namespace

std::vector<std::pair<Text, Scalar>> read_templates(Reader& reader, const Node& node,
                                                    const Key& key, std::string_view what) {
  std::vector<std::pair<Text, Scalar>> templates;
  if (!reader.is_map(node, key)) return templates;
  Key one = key;
  one.shape = Shape::kTemplate;
  one.example = "\"\" for an empty text";
  for (const Member& member : node.members) {
    if (member.key->value.empty()) {
      reader.error(*member.key, "expected the name of a " + std::string(what), {});
      continue;
    }
    one.name = member.key->value;
    Text name = reader.key_text(*member.key);
    // A number or boolean that stands alone is a constant: `since: 2`.
    std::optional<Scalar> scalar = reader.scalar(*member.value, one);
    if (scalar) templates.emplace_back(std::move(name), std::move(*scalar));
  }
  return templates;
}

std::vector<std::pair<int, int>> read_statuses(Reader& reader, const Node& node, const Key& key) {
  std::vector<std::pair<int, int>> statuses;
  const auto take = [&](const Node& at) {
    const std::string& text = at.value;
    const auto number = [](std::string_view digits, int& value) {
      const auto [stop, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
      return digits.size() == 3 && ec == std::errc{} && stop == digits.data() + digits.size() &&
             value >= 100 && value <= 599;
    };
    int first = 0;
    int last = 0;
    if (at.kind == Node::Kind::kScalar && number(text, first)) {
      statuses.emplace_back(first, first);
    } else if (at.kind == Node::Kind::kScalar && text.size() == 3 && text[0] >= '1' &&
               text[0] <= '5' && text.substr(1) == "xx") {
      statuses.emplace_back((text[0] - '0') * 100, (text[0] - '0') * 100 + 99);
    } else if (at.kind == Node::Kind::kScalar && text.size() == 7 && text[3] == '-' &&
               number(std::string_view(text).substr(0, 3), first) &&
               number(std::string_view(text).substr(4), last)) {
      if (first > last) {
        reader.error(at, "a range that ends before it begins",
                     "write \"" + text.substr(4) + "-" + text.substr(0, 3) + "\"");
        return;
      }
      statuses.emplace_back(first, last);
    } else {
      reader.error(at, "expected a status, found " + reader.found(at),
                   "write 200, \"2xx\" or \"500-599\"");
    }
  };
  if (node.kind == Node::Kind::kSequence) {
    for (const Node* item : reader.items(node, key)) take(*item);
  } else {
    take(node);
  }
  return statuses;
}

void check_credential_field(Reader& reader, const Text& name) {
  const auto is = [&](std::string_view other) {
    return text::equals_ignore_case_ascii(name.value, other);
  };
  if (is("authorization")) return;
  const bool taken =
      std::any_of(std::begin(kTakenFields), std::end(kTakenFields),
                  [&](const TakenField& field) { return is(field.name); }) ||
      std::any_of(std::begin(kUsualFields), std::end(kUsualFields), is);
  if (!taken) return;
  reader.error_inside(name, 0, "a credential cannot be the field \"" + name.value + "\"",
                      "write name: X-Api-Key");
}

void read_backend_request(Reader& reader, const Node& node, const Node& named, const Key& key,
                          Backend& backend) {
  if (!reader.is_map(node, key)) return;
  const Fields fields(reader, node, &named, *key.object);
  BackendRequest& request = backend.request;
  const Key& method = fields.key("method");
  if (const Node* const at = fields.find("method"); at != nullptr) {
    if (const auto index = reader.choice(*at, method)) {
      request.method = {std::string(method.choices[*index]), at->mark, false};
    }
  }
  read_path(reader, fields, request.path);
  if (const Node* const query = fields.find("query"); query != nullptr) {
    request.query = read_texts(reader, *query, fields.key("query"), "parameter");
  }
  if (const Node* const headers = fields.find("headers"); headers != nullptr) {
    request.headers = read_texts(reader, *headers, fields.key("headers"), "field");
    for (const auto& [name, value] : request.headers) check_field_name(reader, name);
    for (std::size_t i = 0; i < request.headers.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (!text::equals_ignore_case_ascii(request.headers[i].first.value,
                                            request.headers[j].first.value)) {
          continue;
        }
        reader.error_inside(request.headers[i].first, 0, "a field that is written already",
                            "names of fields differ by more than the case of letters");
      }
    }
  }
  read_body(reader, fields, request);
  if (request.method.value == "GET" && request.body != Body::kNone) {
    reader.error(named, "GET has no body", "write method: POST, or query");
  }
}

void read_backend_response(Reader& reader, const Node& node, const Key& key, Backend& backend) {
  const std::vector<const Node*>& items = reader.items(node, key);
  if (items.size() > kRowsMax) {
    reader.error(node, "more than 256 rows");
    return;
  }
  for (const Node* item : items) {
    if (item->kind != Node::Kind::kMap) {
      reader.error(*item, "expected a map, found " + reader.found(*item),
                   "write - when: { status: 200 }");
      continue;
    }
    read_row(reader, *item, key, backend);
  }
  for (std::size_t i = 0; i + 1 < backend.response.size(); ++i) {
    const ResponseRow& row = backend.response[i];
    if (!row.tests.empty() || !row.statuses.empty()) continue;
    reader.diagnostics().warning(row.mark, 1, "every answer ends here: the rows below never act",
                                 "move this row to the end");
    break;
  }
}

}  // namespace core::config
