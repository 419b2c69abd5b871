// What the tests of conditions ask. The common ones stand together; what is rare or costs more than
// the call is in passes_rare(), so that the others stay small.
#include <charconv>
#include <cmath>

#include "core/rules/program.h"
#include "core/rules/sampling.h"
#include "core/text/country.h"
#include "core/text/email.h"
#include "core/text/phone.h"
#include "core/text/postcode.h"
#include "core/text/text.h"

namespace core::rules {

bool parse_number(std::string_view text, double& number) noexcept {
  const auto [stop, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  return ec == std::errc{} && stop == text.data() + text.size();
}

bool number_in(claims::Kind kind, std::string_view value, double& number) noexcept {
  return kind != claims::Kind::kBoolean && parse_number(value, number) && std::isfinite(number);
}

bool is_scalar(claims::Kind kind) noexcept {
  return kind == claims::Kind::kString || kind == claims::Kind::kNumber ||
         kind == claims::Kind::kBoolean;
}

bool equals(claims::Kind kind, std::string_view value, const Operand& operand) noexcept {
  switch (operand.type) {
    case Operand::Type::kString: return value == operand.text;
    case Operand::Type::kBoolean:
      return text::equals_ignore_case_ascii(value, operand.boolean ? "true" : "false");
    case Operand::Type::kNumber: {
      if (value == operand.text) return true;
      double number = 0;
      return kind != claims::Kind::kBoolean && parse_number(value, number) &&
             number == operand.number;
    }
  }
  return false;
}

std::string_view Program::region(const RegionOf& region, Evaluation& evaluation) const noexcept {
  if (region.subject == RegionOf::kConstant) return region.code;
  return text::country_code(evaluation.text_of(subjects_[region.subject]));
}

bool Program::passes_rare(const Node& node, const Value& value,
                          Evaluation& evaluation) const noexcept {
  switch (node.op) {
    case Op::kBefore:
    case Op::kAfter: {
      const auto order = compare(value.text, moments_[node.operand], evaluation.now_s());
      // What is no date is neither before nor after, negated or not.
      if (!order) return node.negated;
      return node.op == Op::kBefore ? *order < 0 : *order > 0;
    }
    case Op::kInNetwork: {
      const auto address = lists::read_network(value.text).network;
      if (!address) return false;
      for (std::uint32_t i = 0; i < node.operand_count; ++i) {
        if (networks_[node.operand + i].contains(*address)) return true;
      }
      return false;
    }
    case Op::kIsEmail: return text::is_email(value.text);
    case Op::kIsPhone:
      return text::is_phone(value.text, region(regions_[node.operand], evaluation));
    case Op::kIsPossiblePhone:
      return text::is_possible_phone(value.text, region(regions_[node.operand], evaluation));
    case Op::kIsPostcode: {
      const std::string_view code = region(regions_[node.operand], evaluation);
      // Of an unknown country nothing is known: as of one without postal codes.
      return text::is_postcode(value.text, code);
    }
    case Op::kSameAs: {
      const Value other = evaluation.value_of(subjects_[node.operand]);
      // A claim that is not there is neither the same nor another.
      return is_scalar(other.kind) ? value.text == other.text : node.negated;
    }
    case Op::kScripts: return text::letters_only_of(value.text, scripts_[node.operand]);
    case Op::kMixedScripts: return text::mixes_scripts(value.text);
    case Op::kLooksLike: {
      const std::string_view other = texts_[node.operand].render(
          evaluation, Template::Missing::kFails, Template::Values::kAsTheyAre);
      if (other.data() == nullptr) return node.negated;
      return text::looks_like(value.text, other);
    }
    case Op::kAge: {
      const auto birth = text::parse_date(value.text);
      if (!birth) return node.negated;
      const int years = text::age_on(*birth, text::date_of(evaluation.now_s(), 0));
      return years >= ages_[node.operand].least && years <= ages_[node.operand].most;
    }
    case Op::kPercent: {
      const Sample& sample = samples_[node.operand];
      return share_of(sample.salt, value.text) < sample.share;
    }
    case Op::kTime: return windows_[node.operand].has(evaluation.now_s());
    default: return false;
  }
}

/// What the test says of one scalar value, before `negated`.
bool Program::passes(const Node& node, const Value& value, Evaluation& evaluation) const noexcept {
  bool matched = false;
  switch (node.op) {
    case Op::kEquals:
      for (std::uint32_t i = 0; i < node.operand_count && !matched; ++i) {
        matched = equals(value.kind, value.text, operands_[node.operand + i]);
      }
      return matched;
    case Op::kIn:
      matched = sets_[node.operand].contains(
          absl::string_view(value.text.data(), value.text.size()));
      for (const Operand& operand : few_[node.operand]) {
        matched = matched || equals(value.kind, value.text, operand);
      }
      return matched;
    case Op::kStartsWith:
      for (std::uint32_t i = 0; i < node.operand_count && !matched; ++i) {
        matched = value.text.starts_with(operands_[node.operand + i].text);
      }
      return matched;
    case Op::kEndsWith:
      for (std::uint32_t i = 0; i < node.operand_count && !matched; ++i) {
        matched = value.text.ends_with(operands_[node.operand + i].text);
      }
      return matched;
    case Op::kContains:
      for (std::uint32_t i = 0; i < node.operand_count && !matched; ++i) {
        matched = value.text.find(operands_[node.operand + i].text) != std::string_view::npos;
      }
      return matched;
    case Op::kMatches:
      for (std::uint32_t i = 0; i < node.operand_count && !matched; ++i) {
        matched = patterns_[node.operand + i].matches(value.text, evaluation.lane());
      }
      return matched;
    case Op::kLength: {
      const std::size_t length = text::count_code_points(value.text);
      return length >= lengths_[node.operand].min && length <= lengths_[node.operand].max;
    }
    case Op::kRange: {
      double number = 0;
      return number_in(value.kind, value.text, number) && ranges_[node.operand].has(number);
    }
    default: return passes_rare(node, value, evaluation);
  }
}

/// A test of `identities.any.issuer` or `identities.all.issuer`. With `any` one value that passes is
/// enough; with `all` each must, and there must be one. `value` is the one that decided. Kept out of
/// leaf(), which would pay for its frame.
[[gnu::noinline]] bool Program::leaf_of_several(const Node& node, Evaluation& evaluation,
                              Value& value) const noexcept {
  const Subject& subject = subjects_[node.subject];
  const bool any = subject.of == Subject::Of::kAny;
  const auto passes_one = [&](const Value& item) {
    if (node.op == Op::kExists || node.op == Op::kMissing) return item.present();
    if (!is_scalar(item.kind)) return false;
    if (node.op != Op::kInList) return passes(node, item, evaluation) != node.negated;
    const lists::List* const* list = &lists_[node.operand];
    const std::string_view normal =
        lists::List::normalise((*list)->match(), item.text, evaluation.arena());
    if (evaluation.arena().exhausted()) return false;
    for (std::uint32_t i = 0; i < node.operand_count; ++i) {
      if (evaluation.in_list(*list[i], normal)) return !node.negated;
    }
    return node.negated;
  };
  bool passed = false;
  const std::size_t count = evaluation.for_each(subject, [&](const Value& item) {
    passed = passes_one(item);
    if (item.present()) value = item;
    return passed != any;
  });
  const bool matched = count != 0 && passed;
  return node.op == Op::kMissing ? !matched && !evaluation.arena().exhausted() : matched;
}

bool Program::leaf(const Node& node, Evaluation& evaluation, Value& value) const noexcept {
  const Subject& subject = subjects_[node.subject];
  if (subject.of != Subject::Of::kOne) return leaf_of_several(node, evaluation, value);
  if (node.op == Op::kInList) {
    const lists::List* const* list = &lists_[node.operand];
    value = evaluation.prepared(node.prepared, subject, (*list)->match());
    if (!is_scalar(value.kind)) return false;
    for (std::uint32_t i = 0; i < node.operand_count; ++i) {
      if (evaluation.in_list(*list[i], value.text)) return !node.negated;
    }
    return node.negated;
  }
  value = evaluation.value_of(subject);
  if (node.op == Op::kExists) return value.present();
  if (node.op == Op::kMissing) return !value.present() && !evaluation.arena().exhausted();
  // A missing claim matches no test but `missing`, negated or not; an array or object is no text.
  if (!is_scalar(value.kind)) return false;
  return passes(node, value, evaluation) != node.negated;
}

std::vector<claims::NameId> Program::reads(std::uint32_t index) const {
  const Node& node = nodes_[index];
  std::vector<claims::NameId> all = subjects_[node.subject].reads;
  const auto add = [&](const std::vector<claims::NameId>& more) {
    all.insert(all.end(), more.begin(), more.end());
  };
  switch (node.op) {
    case Op::kSameAs: add(subjects_[node.operand].reads); break;
    case Op::kLooksLike: add(texts_[node.operand].reads()); break;
    case Op::kIsPhone:
    case Op::kIsPossiblePhone:
    case Op::kIsPostcode: {
      const RegionOf& region = regions_[node.operand];
      if (region.subject != RegionOf::kConstant) add(subjects_[region.subject].reads);
      break;
    }
    default: break;
  }
  return all;
}

}  // namespace core::rules
