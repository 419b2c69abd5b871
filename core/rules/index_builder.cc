#include "core/rules/index_builder.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

#include "core/rules/required_literals.h"

namespace core::rules {
namespace {

// What things cost, in ns, roughly: only their order of size matters.
constexpr double kLookCost = 20;  // a candidate: fetch the rule, go into its condition
constexpr double kAskCost = 10;   // a source, whatever it is
constexpr double kPatternCost = 100;
constexpr double kListCost = 60;
constexpr double kPhoneCost = 10'000;
constexpr double kSpoofCost = 1'000;
constexpr double kTestCost = 5;  // any other test
// A table guesses that a request's value is one of a rule's by how often rules name it; this many
// requests more have a value that no rule names.
constexpr double kStrangers = 8;

template <typename Number>
void append(std::string& to, Number number) {
  to.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void append_text(std::string& to, std::string_view text) {
  append(to, text.size());
  to += text;
}

std::string lower_ascii(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  }
  return lower;
}

std::string packed(const NumberRange& range) {
  std::string text;
  append(text, range.min);
  append(text, range.max);
  append(text, range.min_in);
  append(text, range.max_in);
  return text;
}

NumberRange unpacked(const std::string& text) {
  NumberRange range;
  std::memcpy(&range.min, text.data(), sizeof range.min);
  std::memcpy(&range.max, text.data() + sizeof range.min, sizeof range.max);
  range.min_in = text[2 * sizeof(double)] != 0;
  range.max_in = text[2 * sizeof(double) + 1] != 0;
  return range;
}

std::string text_of(const lists::Network& network) {
  char room[lists::kNetworkBytesMax];
  return {room, lists::write_network(network, room)};
}

/// The number a table of doubles compares: one zero.
double plain_zero(double number) { return number == 0 ? 0 : number; }

}  // namespace

/// Two nodes with the same canonical form match the same requests.
std::string IndexBuilder::canonical(std::uint32_t index) const {
  const Node& node = program_.nodes_[index];
  std::string form;
  append(form, node.op);
  append(form, node.negated);
  const auto operands = [&] {
    for (std::uint32_t i = 0; i < node.operand_count; ++i) {
      const Operand& operand = program_.operands_[node.operand + i];
      append(form, operand.type);
      append_text(form, operand.text);
    }
  };
  switch (node.op) {
    case Op::kAll:
    case Op::kAny:
    case Op::kNot:
      for (std::uint32_t child = index + 1; child < node.end; child = program_.nodes_[child].end) {
        append_text(form, canonical(child));
      }
      return form;
    case Op::kEquals:
    case Op::kStartsWith:
    case Op::kEndsWith:
    case Op::kContains:
      operands();
      break;
    case Op::kInList:
      for (std::uint32_t i = 0; i < node.operand_count; ++i) {
        append(form, program_.lists_[node.operand + i]);
      }
      break;
    case Op::kMatches:
      for (std::uint32_t i = 0; i < node.operand_count; ++i) {
        append_text(form, program_.patterns_[node.operand + i].expression());
      }
      break;
    case Op::kLength:
      append(form, program_.lengths_[node.operand].min);
      append(form, program_.lengths_[node.operand].max);
      break;
    case Op::kExists:
    case Op::kMissing:
    case Op::kIsEmail:
    case Op::kMixedScripts:
      break;
    case Op::kRange:
      form += packed(program_.ranges_[node.operand]);
      break;
    case Op::kBefore:
    case Op::kAfter: {
      const Moment& moment = program_.moments_[node.operand];
      append(form, moment.anchor);
      append(form, moment.is_date);
      append(form, moment.seconds);
      append(form, moment.months);
      break;
    }
    case Op::kInNetwork:
      for (std::uint32_t i = 0; i < node.operand_count; ++i) {
        append_text(form, text_of(program_.networks_[node.operand + i]));
      }
      break;
    case Op::kIsPhone:
    case Op::kIsPossiblePhone:
    case Op::kIsPostcode:
      append_text(form, program_.regions_[node.operand].code);
      append(form, program_.regions_[node.operand].subject);
      break;
    case Op::kSameAs:
      append(form, node.operand);
      break;
    case Op::kAge:
      append(form, program_.ages_[node.operand].least);
      append(form, program_.ages_[node.operand].most);
      break;
    case Op::kPercent:
      append(form, program_.samples_[node.operand].share);
      append_text(form, program_.samples_[node.operand].salt);
      break;
    case Op::kTime: {
      const auto& windows = program_.windows_;
      append(form, std::find(windows.begin(), windows.end(), windows[node.operand]) -
                       windows.begin());
      break;
    }
    default:
      append(form, index);
      break;  // equal to none but itself
  }
  append(form, node.subject);
  return form;
}

void IndexBuilder::add_key(std::uint32_t node, std::uint32_t rule, Family family, std::string text,
                           double number) {
  const std::uint32_t place = family == Family::kTest ? node : program_.nodes_[node].subject;
  std::string form;
  append(form, family);
  if (family != Family::kTest) append(form, place);
  const auto [table, new_table] =
      table_places_.emplace(form, static_cast<std::uint32_t>(table_uses_.size()));
  if (new_table) table_uses_.push_back(0);
  append_text(form, text);
  append(form, number);
  const auto [found, is_new] =
      key_places_.emplace(std::move(form), static_cast<std::uint32_t>(keys_.size()));
  if (is_new) {
    Key key;
    key.family = family;
    key.place = place;
    key.table = table->second;
    // The form of a test has served its purpose.
    if (family != Family::kTest) key.text = std::move(text);
    key.number = number;
    keys_.push_back(std::move(key));
  }
  Key& key = keys_[found->second];
  if (key.last_user != rule + 1) {
    key.last_user = rule + 1;
    ++key.uses;
    ++table_uses_[key.table];
  }
  node_keys_[node].push_back(found->second);
}

void IndexBuilder::add_test(std::uint32_t node, std::uint32_t rule) {
  add_key(node, rule, Family::kTest, canonical(node));
}

void IndexBuilder::collect_literals(std::uint32_t index, std::uint32_t rule) {
  const Node& node = program_.nodes_[index];
  std::vector<std::string> all;
  for (std::uint32_t i = 0; i < node.operand_count; ++i) {
    if (node.op == Op::kContains) {
      all.push_back(lower_ascii(program_.operands_[node.operand + i].text));
    } else {
      const std::string_view expression = program_.patterns_[node.operand + i].expression();
      const auto [known, is_new] = literals_.emplace(expression, std::vector<std::string>{});
      if (is_new) known->second = required_literals(expression, LiteralTable::kBytesMin);
      if (known->second.empty()) return add_test(index, rule);
      all.insert(all.end(), known->second.begin(), known->second.end());
    }
  }
  for (const std::string& literal : all) {
    if (literal.size() < LiteralTable::kBytesMin) return add_test(index, rule);
  }
  for (std::string& literal : all) add_key(index, rule, Family::kLiteral, std::move(literal));
}

void IndexBuilder::collect_leaf(std::uint32_t index, std::uint32_t rule) {
  const Node& node = program_.nodes_[index];
  if (node.negated || program_.subjects_[node.subject].of != Subject::Of::kOne) {
    return add_test(index, rule);
  }
  const auto add_operand = [&](const Operand& operand) {
    switch (operand.type) {
      case Operand::Type::kNumber:
        if (!std::isnan(operand.number)) {  // which equals no number
          add_key(index, rule, Family::kNumber, {}, plain_zero(operand.number));
        }
        [[fallthrough]];  // the same spelling equals, whatever the number
      case Operand::Type::kString:
        add_key(index, rule, Family::kText, operand.text);
        break;
      case Operand::Type::kBoolean:
        add_key(index, rule, operand.boolean ? Family::kTrue : Family::kFalse, {});
        break;
    }
  };
  switch (node.op) {
    case Op::kEquals:
      for (std::uint32_t i = 0; i < node.operand_count; ++i) {
        add_operand(program_.operands_[node.operand + i]);
      }
      return;
    case Op::kIn:
      for (const std::string& text : program_.sets_[node.operand]) {
        add_key(index, rule, Family::kText, text);
      }
      for (const Operand& operand : program_.few_[node.operand]) add_operand(operand);
      return;
    case Op::kStartsWith:
    case Op::kEndsWith:
      for (std::uint32_t i = 0; i < node.operand_count; ++i) {
        add_key(index, rule, node.op == Op::kStartsWith ? Family::kStart : Family::kEnd,
                program_.operands_[node.operand + i].text);
      }
      return;
    case Op::kRange:
      return add_key(index, rule, Family::kRange, packed(program_.ranges_[node.operand]));
    case Op::kInNetwork:
      for (std::uint32_t i = 0; i < node.operand_count; ++i) {
        add_key(index, rule, Family::kNetwork, text_of(program_.networks_[node.operand + i]));
      }
      return;
    case Op::kContains:
    case Op::kMatches:
      return collect_literals(index, rule);
    default:
      return add_test(index, rule);
  }
}

void IndexBuilder::collect(std::uint32_t index, std::uint32_t rule) {
  const Node& node = program_.nodes_[index];
  switch (node.op) {
    case Op::kAll:
    case Op::kAny:
      for (std::uint32_t child = index + 1; child < node.end; child = program_.nodes_[child].end) {
        collect(child, rule);
      }
      return;
    case Op::kNot:
      return add_test(index, rule);
    default:
      return collect_leaf(index, rule);
  }
}

double IndexBuilder::test_cost(std::uint32_t index) const {
  const Node& node = program_.nodes_[index];
  switch (node.op) {
    case Op::kAll:
    case Op::kAny:
    case Op::kNot: {
      double cost = 0;
      for (std::uint32_t child = index + 1; child < node.end; child = program_.nodes_[child].end) {
        cost += test_cost(child);
      }
      return cost;
    }
    case Op::kInList:
      return kListCost;
    case Op::kMatches: {
      double cost = 0;
      for (std::uint32_t i = 0; i < node.operand_count; ++i) {
        cost += program_.patterns_[node.operand + i].is_simple() ? 2 * kTestCost : kPatternCost;
      }
      return cost;
    }
    case Op::kIsPhone:
    case Op::kIsPossiblePhone:
      return kPhoneCost;
    case Op::kMixedScripts:
    case Op::kLooksLike:
      return kSpoofCost;
    case Op::kIsEmail:
    case Op::kIsPostcode:
    case Op::kScripts:
    case Op::kPercent:
    case Op::kBefore:
    case Op::kAfter:
    case Op::kAge:
    case Op::kInNetwork:
      return kListCost;
    default:
      return kTestCost;
  }
}

/// How likely a test that a rule is filed under matches, for lack of any knowledge of requests.
double IndexBuilder::test_chance(std::uint32_t index) const {
  const Node& node = program_.nodes_[index];
  if (node.op == Op::kNot || node.negated) return 0.8;
  switch (node.op) {
    case Op::kInList:
      return 0.1;
    case Op::kExists:
      return 0.7;
    case Op::kLength:
      return 0.5;
    default:
      return 0.3;
  }
}

IndexBuilder::Cover IndexBuilder::cover_of(std::uint32_t node) const {
  Cover cover;
  double chance = 0;
  for (const std::uint32_t place : node_keys_[node]) {
    const Key& key = keys_[place];
    const double uses = key.uses;
    if (key.family == Family::kTest) {
      chance += test_chance(node);
      cover.cost += (kAskCost + test_cost(node)) / uses;
    } else {
      const double table_uses = table_uses_[key.table];
      chance += uses / (table_uses + kStrangers);
      cover.cost += 2 * kAskCost / table_uses;
    }
    cover.keys.push_back(place);
  }
  cover.cost += std::min(chance, 1.0) * kLookCost;
  return cover;
}

IndexBuilder::Cover IndexBuilder::look_always(std::uint32_t node) const {
  return {kLookCost + test_cost(node), true, {}};
}

IndexBuilder::Cover IndexBuilder::choose(std::uint32_t index) const {
  const Node& node = program_.nodes_[index];
  Cover best;
  switch (node.op) {
    case Op::kAll:
      best = look_always(index);
      for (std::uint32_t child = index + 1; child < node.end; child = program_.nodes_[child].end) {
        Cover cover = choose(child);
        if (!cover.always && cover.cost < best.cost) best = std::move(cover);
      }
      return best;
    case Op::kAny:  // of nothing: never matches, no key is needed
      for (std::uint32_t child = index + 1; child < node.end; child = program_.nodes_[child].end) {
        const Cover cover = choose(child);
        if (cover.always) return look_always(index);
        best.cost += cover.cost;
        best.keys.insert(best.keys.end(), cover.keys.begin(), cover.keys.end());
      }
      break;
    default:
      best = cover_of(index);
      break;
  }
  return best.cost < kLookCost + test_cost(index) ? best : look_always(index);
}

Run IndexBuilder::add_run(const std::vector<std::uint32_t>& rules) {
  const auto begin = static_cast<std::uint32_t>(index_.rules_.size());
  index_.rules_.insert(index_.rules_.end(), rules.begin(), rules.end());
  return {begin, static_cast<std::uint32_t>(index_.rules_.size())};
}

void IndexBuilder::lay_out_values(std::uint32_t subject, const std::vector<std::uint32_t>& keys) {
  using Entries = std::vector<std::pair<std::string_view, std::uint32_t>>;
  Entries texts, starts, ends, literals;
  std::vector<std::pair<NumberRange, std::uint32_t>> ranges;
  std::vector<std::pair<lists::Network, std::uint32_t>> networks;
  Index::Values values;
  values.subject = subject;
  std::vector<std::uint32_t> all;
  for (const std::uint32_t place : keys) {
    const Key& key = keys_[place];
    const auto run = static_cast<std::uint32_t>(index_.runs_.size());
    index_.runs_.push_back(add_run(key.rules));
    all.insert(all.end(), key.rules.begin(), key.rules.end());
    switch (key.family) {
      case Family::kText:
        texts.emplace_back(key.text, run);
        break;
      case Family::kNumber:
        values.numbers.emplace_back(key.number, run);
        break;
      case Family::kRange:
        ranges.emplace_back(unpacked(key.text), run);
        break;
      case Family::kNetwork:
        networks.emplace_back(*lists::read_network(key.text).network, run);
        break;
      case Family::kFalse:
        values.truths[0] = run;
        break;
      case Family::kTrue:
        values.truths[1] = run;
        break;
      case Family::kStart:
        starts.emplace_back(key.text, run);
        break;
      case Family::kEnd:
        ends.emplace_back(key.text, run);
        break;
      case Family::kLiteral:
        literals.emplace_back(key.text, run);
        break;
      case Family::kTest:
        break;
    }
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  std::sort(values.numbers.begin(), values.numbers.end());
  values.texts = KeyTable(texts);
  values.ranges = RangeTable(std::move(ranges));
  values.networks = NetworkTable(networks);
  values.starts = AffixTable(AffixTable::Side::kStart, starts);
  values.ends = AffixTable(AffixTable::Side::kEnd, ends);
  values.literals = LiteralTable(literals);
  values.has_patterns = !program_.patterns_.empty();
  index_.counts_.literals = std::max(index_.counts_.literals, values.literals.size());
  Index::Source source;
  source.first = all.front();
  source.values = static_cast<std::uint32_t>(index_.values_.size());
  source.rules = add_run(all);
  index_.sources_.push_back(source);
  index_.values_.push_back(std::move(values));
}

/// Which sources read which claim.
void IndexBuilder::lay_out_readers() {
  std::vector<std::vector<std::uint32_t>> readers;
  const auto add = [&](const std::vector<claims::NameId>& reads, std::uint32_t source) {
    for (const claims::NameId claim : reads) {
      if (claim >= readers.size()) readers.resize(claim + std::size_t{1});
      auto& of_claim = readers[claim];
      if (of_claim.empty() || of_claim.back() != source) of_claim.push_back(source);
    }
  };
  for (std::uint32_t i = 0; i < index_.sources_.size(); ++i) {
    const Index::Source& source = index_.sources_[i];
    if (source.values != Index::kNone) {
      add(program_.subjects_[index_.values_[source.values].subject].reads, i);
      continue;
    }
    for (std::uint32_t node = source.test; node < program_.nodes_[source.test].end; ++node) {
      const Op op = program_.nodes_[node].op;
      if (op != Op::kAll && op != Op::kAny && op != Op::kNot) add(program_.reads(node), i);
    }
  }
  for (const auto& of_claim : readers) {
    const auto begin = static_cast<std::uint32_t>(index_.reader_sources_.size());
    index_.reader_sources_.insert(index_.reader_sources_.end(), of_claim.begin(), of_claim.end());
    index_.readers_.push_back({begin, static_cast<std::uint32_t>(index_.reader_sources_.size())});
  }
}

void IndexBuilder::lay_out(const std::vector<std::uint32_t>& always) {
  index_.always_ = add_run(always);
  std::map<std::uint32_t, std::vector<std::uint32_t>> by_subject;
  for (std::uint32_t place = 0; place < keys_.size(); ++place) {
    const Key& key = keys_[place];
    if (key.rules.empty()) continue;
    if (key.family != Family::kTest) {
      by_subject[key.place].push_back(place);
      continue;
    }
    Index::Source source;
    source.first = key.rules.front();
    source.test = key.place;
    source.rules = add_run(key.rules);
    index_.sources_.push_back(source);
  }
  for (const auto& [subject, keys] : by_subject) lay_out_values(subject, keys);
  std::stable_sort(
      index_.sources_.begin(), index_.sources_.end(),
      [](const Index::Source& a, const Index::Source& b) { return a.first < b.first; });
  lay_out_readers();
  // A run is open once at most, a source waits once at most.
  index_.counts_.cursors = 1 + index_.runs_.size() + index_.sources_.size();
  index_.counts_.sources = 1 + index_.sources_.size();  // and the rules looked at always
  index_.built_ = true;
}

Index IndexBuilder::build() {
  const auto count = static_cast<std::uint32_t>(program_.rules_.size());
  if (indexing_ == Indexing::kNever) return {};
  if (indexing_ == Indexing::kIfItHelps && count < kIndexedRulesMin) return {};
  node_keys_.resize(program_.nodes_.size());
  for (std::uint32_t rule = 0; rule < count; ++rule) collect(program_.rules_[rule].when, rule);

  std::vector<std::uint32_t> always;
  for (std::uint32_t rule = 0; rule < count; ++rule) {
    const Cover cover = choose(program_.rules_[rule].when);
    if (cover.always) always.push_back(rule);
    for (const std::uint32_t place : cover.keys) {
      auto& rules = keys_[place].rules;
      if (rules.empty() || rules.back() != rule) rules.push_back(rule);
    }
  }
  if (indexing_ == Indexing::kIfItHelps && always.size() > count / 2) return {};
  lay_out(always);
  return std::move(index_);
}

}  // namespace core::rules
