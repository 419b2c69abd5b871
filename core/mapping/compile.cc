// From a backend's configuration to its mapping.
#include <algorithm>
#include <charconv>
#include <set>

#include "core/config/place.h"
#include "core/mapping/compiled.h"
#include "core/mapping/escape.h"
#include "core/mapping/xml_template.h"
#include "core/rules/program.h"

namespace core::mapping {
namespace {

using config::ReplyTest;
using config::ResponseRow;
using config::Scalar;
using config::Text;
using rules::TemplateError;

rules::Operand operand_of(const Scalar& scalar) {
  rules::Operand operand;
  operand.text = scalar.text.value;
  if (scalar.type == Scalar::Type::kBoolean) {
    operand.type = rules::Operand::Type::kBoolean;
    operand.boolean = scalar.text.value == "true";
  } else if (scalar.type != Scalar::Type::kString) {
    operand.type = rules::Operand::Type::kNumber;
    const std::string& text = scalar.text.value;
    std::from_chars(text.data(), text.data() + text.size(), operand.number);
  }
  return operand;
}

std::string in_lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  });
  return text;
}

std::string escaped_name(std::string_view name, bool (*write)(std::string&, std::string_view)) {
  std::string out;
  write(out, name);
  return out;
}

}  // namespace

/// Fills one Mapping::Compiled. Template arguments: Compiled is private to Mapping.
template <typename Compiled>
class MappingCompiler {
 public:
  MappingCompiler(const Names& names, config::Diagnostics& diagnostics, Compiled& out)
      : names_(names), diagnostics_(diagnostics), out_(out) {}

  void compile(const config::Backend& backend) {
    out_.connector_contract = backend.connector_contract;
    out_.event_contract = backend.event_contract;
    out_.lenient = backend.lenient || backend.connector_contract || backend.event_contract;
    out_.response_bytes_max = static_cast<std::size_t>(std::max<std::int64_t>(
        backend.limits.response_bytes, 0));
    compile_request(backend.request);
    for (const ResponseRow& row : backend.response) out_.rows.push_back(compile_row(row));
  }

 private:
  using Side = ValueTemplate::Side;

  /// What is wrong with a text that holds a secret is not told in words that quote it.
  bool report_secret(const Text& text) {
    if (!text.secret) return false;
    diagnostics_.error(text.mark, 1, "this text, a part of which is a secret, cannot be used here",
                       "a secret with braces is no template: write auth: of the backend");
    return true;
  }

  void report(const Text& text, const TemplateError& error) {
    if (text.secret && error.warning) return;
    if (report_secret(text)) return;
    const config::Mark mark = config::mark_inside(diagnostics_, text, error.offset);
    if (error.warning) {
      diagnostics_.warning(mark, error.length, error.message, error.suggestion);
    } else {
      diagnostics_.error(mark, error.length, error.message, error.suggestion);
    }
  }

  void report(const Text& text, std::string message, std::string suggestion) {
    if (report_secret(text)) return;
    diagnostics_.error(text.mark, std::max<std::size_t>(text.value.size(), 1), std::move(message),
                       std::move(suggestion));
  }

  ValueTemplate parse(const Text& text, Side side) {
    std::vector<TemplateError> remarks;
    auto parsed = ValueTemplate::parse(
        text.value, side, {names_.claims, names_.tables, names_.lanes, names_.free_names}, remarks);
    for (const TemplateError& remark : remarks) report(text, remark);
    if (!parsed) {
      report(text, parsed.error());
      return {};
    }
    ValueTemplate result = std::move(parsed).value();
    if (side == Side::kResponse) bind(text, result);
    return result;
  }

  /// Gives the places of an answer's template their slots.
  void bind(const Text& text, ValueTemplate& parsed) {
    for (ValueTemplate::Piece& piece : parsed.pieces()) {
      if (!piece.place) continue;
      Place& place = *piece.place;
      if (place.source == Place::Source::kClaim) {
        const auto same = std::find_if(out_.kept.begin(), out_.kept.end(), [&](const Place& kept) {
          return kept.subject == place.subject;
        });
        place.slot = static_cast<std::size_t>(same - out_.kept.begin());
        if (same == out_.kept.end()) out_.kept.push_back(place);
      } else if (place.source == Place::Source::kXpath) {
        place.slot = xpath(text, place.where);
      } else if (place.source == Place::Source::kText && groups_.find(place.where) == groups_.end()) {
        report(text, {place.offset, 1, "no pattern of this row has a group \"" + place.where + "\"",
                      "write when: { text: { matches: '(?P<" + place.where + ">...)' } }"});
      }
    }
  }

  std::size_t xpath(const Text& text, const std::string& expression) {
    for (std::size_t i = 0; i < out_.xpaths.size(); ++i) {
      if (out_.xpaths[i].expression() == expression) return i;
    }
    Xpath compiled;
    std::string error;
    std::size_t offset = 0;
    if (!Xpath::compile(expression, names_.lanes, compiled, error, offset)) {
      // Where the expression is the whole text, the byte is known.
      if (text.value == expression) {
        report(text, {std::min(offset, text.value.size()), 1, "no XPath expression: " + error,
                      "XPath 1.0"});
      } else {
        report(text, "no XPath expression: " + error, "XPath 1.0");
      }
      return 0;
    }
    out_.xpaths.push_back(std::move(compiled));
    return out_.xpaths.size() - 1;
  }

  // --- request ---

  std::vector<NamedTemplate> pairs(const std::vector<std::pair<Text, Text>>& written,
                                   bool (*write)(std::string&, std::string_view)) {
    std::vector<NamedTemplate> out;
    for (const auto& [name, text] : written) {
      out.push_back({write == nullptr ? name.value : escaped_name(name.value, write),
                     parse(text, Side::kRequest)});
    }
    return out;
  }

  JsonPlan json(const config::JsonTree& tree) {
    JsonPlan plan;
    plan.kind = tree.kind;
    for (const auto& [name, member] : tree.members) {
      plan.members.push_back({"\"" + escaped_name(name.value, write_json) + "\":", json(member)});
    }
    for (const config::JsonTree& item : tree.items) plan.items.push_back(json(item));
    if (tree.kind == config::JsonTree::Kind::kTemplate) {
      plan.text = parse(tree.text, Side::kRequest);
    } else if (tree.kind == config::JsonTree::Kind::kConstant) {
      plan.constant = tree.constant.text.value;
    }
    return plan;
  }

  void check_header(const Text& text, const ValueTemplate& value) {
    for (const ValueTemplate::Piece& piece : value.pieces()) {
      const bool bad = std::any_of(piece.text.begin(), piece.text.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f;
      });
      if (!bad) continue;
      report(text, "a field's value is of visible ASCII characters and spaces (RFC 9110, 5.5)",
             "write it percent-encoded");
      return;
    }
  }

  void compile_request(const config::BackendRequest& written) {
    using Body = config::BackendRequest::Body;
    RequestPlan& plan = out_.request;
    plan.method = written.method.value.empty() ? "POST" : written.method.value;
    const Text path = written.path.value.empty() ? Text{"/", written.path.mark, false} : written.path;
    plan.path = parse(path, Side::kRequest);
    if (plan.path.is_literal() && has_dot_segment(plan.path.literal())) {
      report(path, "a path with a segment of dots", "leave it out");
    }
    plan.query = pairs(written.query, write_query);
    plan.headers = pairs(written.headers, nullptr);
    for (std::size_t i = 0; i < plan.headers.size(); ++i) {
      check_header(written.headers[i].second, plan.headers[i].text);
    }
    plan.body = written.body;
    switch (written.body) {
      case Body::kNone:
        break;
      case Body::kClaims:
        plan.content_type = "application/json";
        break;
      case Body::kJson:
        plan.content_type = "application/json";
        plan.json = json(written.json);
        break;
      case Body::kForm:
        plan.content_type = "application/x-www-form-urlencoded";
        plan.form = pairs(written.form, write_form);
        break;
      case Body::kXml:
      case Body::kText:
        plan.content_type = !written.content_type.value.empty() ? written.content_type.value
                            : written.body == Body::kXml        ? "text/xml; charset=utf-8"
                                                                : "text/plain; charset=utf-8";
        plan.text = parse(written.text, Side::kRequest);
        if (written.body == Body::kXml) {
          if (const auto wrong = check_xml_template(plan.text)) {
            report(written.text, {wrong->offset, 1, wrong->message, wrong->suggestion});
          }
        }
        break;
    }
  }

  // --- response ---

  void compile_patterns(const ReplyTest& written, RowTest& test) {
    const bool grouped = written.part == ReplyTest::Part::kText && !written.negated;
    for (const Scalar& operand : written.operands) {
      std::string why;
      if (grouped) {
        GroupPattern pattern;
        why = GroupPattern::compile(operand.text.value, names_.lanes, pattern);
        if (why.empty()) {
          for (const auto& [name, number] : pattern.names()) groups_.insert(name);
          test.groups.push_back(std::move(pattern));
        }
      } else {
        auto pattern = rules::Pattern::compile(operand.text.value, names_.lanes);
        if (pattern) {
          test.patterns.push_back(std::move(pattern).value());
        } else {
          why = pattern.error().why;
        }
      }
      if (!why.empty()) {
        report(operand.text, "not a pattern: " + why,
               "RE2 syntax; no look-around, no back-references");
      }
    }
  }

  RowTest compile_test(const ReplyTest& written) {
    RowTest test;
    test.part = written.part;
    test.test = written.test;
    test.negated = written.negated;
    test.where = written.part == ReplyTest::Part::kHeader ? in_lower_case(written.where.value)
                                                          : written.where.value;
    if (written.part == ReplyTest::Part::kXpath) test.xpath = xpath(written.where, test.where);
    if (written.part == ReplyTest::Part::kJson) check_pointer(written.where);
    if (written.test == ReplyTest::Test::kMatches) {
      compile_patterns(written, test);
    } else {
      for (const Scalar& operand : written.operands) test.operands.push_back(operand_of(operand));
    }
    return test;
  }

  void check_pointer(const Text& where) {
    const std::string& text = where.value;
    for (std::size_t at = text.find('~'); at != std::string::npos; at = text.find('~', at + 1)) {
      if (at + 1 < text.size() && (text[at + 1] == '0' || text[at + 1] == '1')) continue;
      report(where, {at, 1, "no JSON pointer (RFC 6901)", "write ~0 for \"~\" and ~1 for \"/\""});
      return;
    }
  }

  void compile_claims(const ResponseRow& written, Row& row) {
    std::set<claims::NameId> seen;
    for (const auto& [name, value] : written.claims) {
      const claims::NameId id = names_.claims.intern(name.value);
      if (id == claims::kNoName) {
        report(name, "more than " + std::to_string(claims::NameTable::kNamesMax) +
                         " different claims in one configuration", "");
        continue;
      }
      if (!rules::is_settable(id)) {
        report(name, "no answer can change \"" + name.value + "\"", "it identifies the request");
      }
      if (!seen.insert(id).second) report(name, "this claim is set twice", "leave one out");
      RowClaim claim;
      claim.name = name.value;
      if (value.type == Scalar::Type::kString) {
        claim.text = parse(value.text, Side::kResponse);
      } else {
        claim.constant = {name.value,
                          value.type == Scalar::Type::kBoolean ? claims::Kind::kBoolean
                                                               : claims::Kind::kNumber,
                          value.text.value};
      }
      row.claims.push_back(std::move(claim));
    }
  }

  Row compile_row(const ResponseRow& written) {
    Row row;
    row.mark = written.mark;
    row.statuses = written.statuses;
    row.verdict = written.verdict;
    groups_.clear();
    for (const ReplyTest& test : written.tests) row.tests.push_back(compile_test(test));
    compile_claims(written, row);
    if (!written.text.value.empty()) row.text = parse(written.text, Side::kResponse);
    if (!written.message.value.empty()) {
      row.message = written.message.value;
      if (names_.messages.find(row.message) == names_.messages.end()) {
        std::vector<std::string_view> known;
        for (const auto& [name, index] : names_.messages) known.push_back(name);
        report(written.message, "unknown message \"" + row.message + "\"",
               known.empty() ? "no `messages` are defined" : config::suggest(row.message, known));
      }
    }
    return row;
  }

  const Names& names_;
  config::Diagnostics& diagnostics_;
  Compiled& out_;
  std::set<std::string, std::less<>> groups_;  // of the row at hand
};

Mapping compile_mapping(const config::Backend& backend, const Names& names,
                        config::Diagnostics& diagnostics) {
  auto compiled = std::make_unique<Mapping::Compiled>();
  MappingCompiler(names, diagnostics, *compiled).compile(backend);
  return Mapping(std::move(compiled));
}

}  // namespace core::mapping
