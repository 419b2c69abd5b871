#include "core/rules/index.h"

#include <algorithm>

#include "core/rules/evaluation.h"
#include "core/rules/program.h"
#include "core/rules/required_literals.h"
#include "core/text/text.h"

namespace core::rules {

Walk::Walk(const Index& index, const Program& program, Evaluation& evaluation) noexcept
    : index_(index),
      program_(program),
      evaluation_(evaluation),
      candidates_(evaluation.candidates()),
      // Rules that set what thousands of tests read could open more runs than there are rules.
      effort_max_(2 * program.rules().size()) {
  candidates_.clear();
  open(index_.always_, static_cast<std::uint32_t>(index_.sources_.size()), 0);
}

void Walk::open(Run run, std::uint32_t source, std::uint32_t from) noexcept {
  const std::uint32_t* const end = index_.rules_.data() + run.end;
  const std::uint32_t* at = index_.rules_.data() + run.begin;
  if (at != end && *at < from) at = std::lower_bound(at, end, from);
  if (at == end) return;
  candidates_.push({*at, source, at, end});
  ++effort_;
}

void Walk::ask_values(const Index::Values& values, std::uint32_t source,
                      std::uint32_t from) noexcept {
  const Subject& subject = program_.subjects_[values.subject];
  const Value value = evaluation_.value_of(subject);
  if (!is_scalar(value.kind)) return;
  const claims::Kind kind = value.kind;
  const std::string_view text = value.text;
  const auto found = [&](std::uint32_t run) { open(index_.runs_[run], source, from); };

  const std::uint32_t same = values.texts.find(text);
  if (same != KeyTable::kNone) found(same);
  if (!values.numbers.empty() && kind != claims::Kind::kBoolean) {
    double number = 0;
    if (parse_number(text, number)) {
      const auto place =
          std::lower_bound(values.numbers.begin(), values.numbers.end(), number,
                           [](const auto& entry, double wanted) { return entry.first < wanted; });
      if (place != values.numbers.end() && place->first == number) found(place->second);
    }
  }
  for (const bool truth : {false, true}) {
    const std::uint32_t run = values.truths[truth ? 1 : 0];
    if (run != Index::kNone && text::equals_ignore_case_ascii(text, truth ? "true" : "false")) {
      found(run);
    }
  }
  if (!values.ranges.empty()) {
    double number = 0;
    if (number_in(kind, text, number)) values.ranges.find(number, found);
  }
  if (!values.networks.empty()) {
    if (const auto address = lists::read_network(text).network) {
      values.networks.find(*address, found);
    }
  }
  values.starts.find(text, found);
  values.ends.find(text, found);
  if (values.literals.empty()) return;
  candidates_.begin_marks();
  if (values.has_patterns && has_odd_case(text)) {
    for (std::uint32_t literal = 0; literal < values.literals.size(); ++literal) {
      found(values.literals.number(literal));
    }
    return;
  }
  values.literals.scan(text, [&](std::uint32_t literal, std::uint32_t run) {
    if (candidates_.mark_literal(literal)) found(run);
  });
}

void Walk::ask(std::uint32_t source, std::uint32_t from) noexcept {
  const Index::Source& asked = index_.sources_[source];
  if (asked.values != Index::kNone) {
    ask_values(index_.values_[asked.values], source, from);
  } else if (program_.test(asked.test, evaluation_, nullptr)) {
    open(asked.rules, source, from);
  }
}

std::uint32_t Walk::next(std::uint32_t from) noexcept {
  if (effort_ > effort_max_) return from < program_.rules().size() ? from : Index::kNone;
  for (;;) {
    const std::uint32_t first = candidates_.empty() ? Index::kNone : candidates_.top().rule;
    if (asked_ < index_.sources_.size() && index_.sources_[asked_].first <= first) {
      ask(asked_, from);
      ++asked_;
    } else if (first == Index::kNone) {
      return first;
    } else if (candidates_.top().at == nullptr) {
      const std::uint32_t source = candidates_.top().source;
      candidates_.pop();
      ask(source, from);
    } else if (first < from) {
      candidates_.advance();
      continue;
    } else {
      return first;
    }
    if (evaluation_.arena().exhausted()) return Index::kNone;
  }
}

void Walk::on_set(claims::NameId claim, std::uint32_t rule) noexcept {
  if (claim >= index_.readers_.size() || index_.readers_[claim].empty()) return;
  const std::uint32_t* const begin = index_.reader_sources_.data() + index_.readers_[claim].begin;
  const std::uint32_t* const end = index_.reader_sources_.data() + index_.readers_[claim].end;
  // What the old value opened is closed; each source waits at the next of its rules. Those not
  // asked yet will see the new value anyway. Readers are in the order of the sources.
  const std::uint32_t* const asked = std::lower_bound(begin, end, asked_);
  if (asked == begin) return;
  candidates_.begin_marks();
  std::for_each(begin, asked, [&](std::uint32_t source) { candidates_.mark_source(source); });
  candidates_.drop_marked();
  const std::uint32_t* const rules = index_.rules_.data();
  std::for_each(begin, asked, [&](std::uint32_t source) {
    const Run all = index_.sources_[source].rules;
    const std::uint32_t* const left = std::upper_bound(rules + all.begin, rules + all.end, rule);
    if (left != rules + all.end) candidates_.push({*left, source, nullptr, nullptr});
  });
  effort_ += static_cast<std::size_t>(asked - begin);
}

}  // namespace core::rules
