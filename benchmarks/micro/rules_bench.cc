// What rules cost a request by how many there are: found by the index and tested one by one.
//
//   Values     each rule wants a domain of its own: email.domain: company17.example
//   Parts      a third each of endings of the domain, beginnings of the postal code, and patterns
//              in the local part, all of them different
//   Realistic  what everybody has to pass stays few (two rules that tidy names, two lists, the
//              postal codes of at most 200 countries); rules for one domain, one invitation code or
//              one word in a job title are as many as it takes; one in twenty is a shadow
//
// 512 requests in turn, of which one in 16 has what some rule wants. An item is one evaluation,
// with the claims put into place (Claims alone says what that costs). The time of one Compile is
// that of the index alone.
//
// Instructions: valgrind --tool=callgrind --collect-atstart=no --toggle-collect='work::*'.
#include <benchmark/benchmark.h>
#include <malloc.h>
#include <re2/re2.h>
#include <re2/set.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/rules/compiler.h"
#include "core/rules/program.h"

namespace {

using namespace core;
using config::Condition;
using config::Test;
using rules::Indexing;

constexpr std::size_t kRequests = 512;

config::Scalar scalar(std::string text) {
  config::Scalar written;
  written.text.value = std::move(text);
  return written;
}

Condition test(std::string subject, Test kind, std::vector<std::string> operands,
               bool negated = false) {
  Condition condition;
  condition.kind = Condition::Kind::kTest;
  condition.subject.value = std::move(subject);
  condition.test = kind;
  condition.negated = negated;
  for (std::string& operand : operands) condition.operands.push_back(scalar(std::move(operand)));
  return condition;
}

Condition all(std::vector<Condition> children) {
  Condition condition;
  condition.children = std::move(children);
  return condition;
}

config::Rule block(Condition when) {
  config::Rule rule;
  rule.when = std::move(when);
  rule.action.kind = config::Action::Kind::kBlock;
  rule.action.message.value = "no";
  return rule;
}

config::Rule set(std::string claim, std::string text) {
  config::Rule rule;
  rule.action.kind = config::Action::Kind::kSet;
  config::Assignment assignment;
  assignment.claim.value = std::move(claim);
  assignment.text.value = std::move(text);
  rule.action.assignments.push_back(std::move(assignment));
  return rule;
}

std::string number(std::size_t i) { return std::to_string(i); }
std::string domain(std::size_t i) { return "company" + number(i) + ".example"; }
std::string country(std::size_t i) { return "Country" + number(i % 200); }

std::vector<config::Rule> values(std::size_t count) {
  std::vector<config::Rule> made;
  for (std::size_t i = 0; i < count; ++i) {
    made.push_back(block(test("email.domain", Test::kEquals, {domain(i)})));
  }
  return made;
}

std::vector<config::Rule> parts(std::size_t count) {
  std::vector<config::Rule> made;
  for (std::size_t i = 0; i < count; ++i) {
    switch (i % 3) {
      case 0:
        made.push_back(block(test("email.domain", Test::kEndsWith, {"." + domain(i)})));
        break;
      case 1:
        made.push_back(block(test("postalCode", Test::kStartsWith, {number(70000 + i) + "-"})));
        break;
      default:
        made.push_back(block(
            test("email.local", Test::kMatches, {"(?i)^(test|bot)[._]?user" + number(i) + "$"})));
    }
  }
  return made;
}

std::vector<config::Rule> realistic(std::size_t count) {
  std::vector<config::Rule> made;
  std::size_t lists = 0, postcodes = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t kind = i % 10;
    config::Rule rule;
    if (i == 0) {
      rule = set("givenName", "{givenName | name_case}");
    } else if (i == 1) {
      rule = set("surname", "{surname | name_case}");
    } else if (lists < 2) {
      rule = block(test("email.domain", Test::kInList, {"list" + number(lists++)}));
    } else if (kind == 4 && postcodes < 200) {
      constexpr const char* kPatterns[] = {"^\\d{5}$", "^\\d{3} ?\\d{2}$", "^[1-9][0-9]{4}$",
                                           "^\\d{5}(-\\d{4})?$"};  // the last one is left to RE2
      rule = block(all({test("country", Test::kEquals, {country(postcodes)}),
                        test("postalCode", Test::kMatches, {kPatterns[postcodes % 4]}, true)}));
      ++postcodes;
    } else if (kind <= 5) {
      rule = block(all({test("country", Test::kIn, {country(i), country(i + 1), country(i + 2)}),
                        test("email.domain", Test::kIn, {domain(i), "www." + domain(i)})}));
    } else if (kind <= 8) {
      rule = block(all({test("extension_code", Test::kEquals, {"INVITE-" + number(i)}),
                        test("email.domain", Test::kEquals, {domain(i)}, true)}));
    } else {
      rule = block(test("jobTitle", Test::kContains, {"robot " + number(i)}));
    }
    if (i % 20 == 19) rule.mode = config::Mode::kShadow;
    made.push_back(std::move(rule));
  }
  return made;
}

using Population = std::vector<config::Rule> (*)(std::size_t);

struct Request {
  std::string email, postal_code, country, job_title, code;
};

/// A compiled program and requests for it.
class Work {
 public:
  Work(Population population, std::size_t count, Indexing indexing)
      : rules_(population(count)), indexing_(indexing) {
    for (int i = 0; i < 5; ++i) {
      const std::string n = number(static_cast<std::size_t>(i));
      owned_.push_back(lists::List::of({"blocked" + n + ".test", "spam" + n + ".test"},
                                       lists::Match::kDomain, 7));
    }
    for (std::size_t i = 0; i < owned_.size(); ++i) lists_.emplace("list" + number(i), &owned_[i]);
    compile();
    const auto intern = [this](std::string_view name) { return names_.intern(name); };
    code_ = intern("extension_code");
    evaluation_ =
        std::make_unique<rules::Evaluation>(names_.size(), program_.prepared_count(),
                                            std::size_t{1} << 16, 0, program_.index().counts());
    std::mt19937 random(10000);
    for (std::size_t i = 0; i < kRequests; ++i) {
      const std::size_t rule = random() % count;
      // Strangers look like the others in everything but what they are called.
      const bool wanted = i % 16 == 0;
      const std::string name = wanted ? number(rule) : "x" + number(rule);
      Request request;
      request.email =
          "test.user" + name + (wanted ? "@mail." : "@") + "company" + name + ".example";
      request.postal_code = number(10000 + random() % 60000);
      request.country = country(random());
      request.job_title = wanted ? "Chief robot " + name : "Head of Customer Care";
      request.code = "INVITE-" + name;
      requests_.push_back(std::move(request));
    }
  }

  void compile() { program_ = compiled(); }
  rules::Program compiled() {
    config::Diagnostics diagnostics;
    rules::Compiler compiler({names_, lists_, messages_, 1}, diagnostics, indexing_);
    return compiler.compile(rules_);
  }

  rules::Evaluation& begin() noexcept {
    next_ = next_ + 1 == kRequests ? 0 : next_ + 1;
    const Request& request = requests_[next_];
    evaluation_->begin();
    claims::Claims& claims = evaluation_->claims();
    claims.clear();
    const auto put = [&](claims::NameId id, std::string_view name, std::string_view value) {
      claims[id] = {claims::Kind::kString, name, value};
    };
    put(claims::kEmail, "email", request.email);
    put(claims::kGivenName, "givenName", "anna-lena");
    put(claims::kSurname, "surname", "LINDSTROM");
    put(claims::kPostalCode, "postalCode", request.postal_code);
    put(claims::kCountry, "country", request.country);
    put(claims::kJobTitle, "jobTitle", request.job_title);
    put(code_, "extension_code", request.code);
    return *evaluation_;
  }
  const rules::Program& program() const noexcept { return program_; }

 private:
  std::vector<config::Rule> rules_;
  Indexing indexing_;
  std::vector<lists::List> owned_;
  claims::NameTable names_;
  std::map<std::string, const lists::List*, std::less<>> lists_;
  std::map<std::string, std::uint32_t, std::less<>> messages_ = {{"no", 0}};
  rules::Program program_;
  claims::NameId code_ = 0;
  std::unique_ptr<rules::Evaluation> evaluation_;
  std::vector<Request> requests_;
  std::size_t next_ = 0;
};

namespace work {

[[gnu::noinline]] rules::Verdict evaluate(const rules::Program& program,
                                          rules::Evaluation& evaluation) noexcept {
  return program.evaluate(evaluation);
}

}  // namespace work

/// `indexing`: kAlways, kNever, or what a configuration gets.
void evaluate(benchmark::State& state, Population population, Indexing indexing) {
  Work work(population, static_cast<std::size_t>(state.range(0)), indexing);
  std::int64_t decided = 0;
  for (auto _ : state) {
    const rules::Verdict verdict = work::evaluate(work.program(), work.begin());
    decided += verdict.rule >= 0 ? 1 : 0;
  }
  state.SetItemsProcessed(state.iterations());  // an item is one evaluation
  state.counters["decided"] =
      static_cast<double>(decided) / static_cast<double>(state.iterations());
}

void decades(benchmark::internal::Benchmark* bench) {
  bench->ArgName("rules");
  for (const std::int64_t count : {1, 10, 100, 1'000, 10'000}) bench->Arg(count);
}

void sizes(benchmark::internal::Benchmark* bench) {
  bench->ArgName("rules");
  for (const std::int64_t count : {1, 10, 16, 32, 100, 1'000, 10'000}) bench->Arg(count);
}
// clang-format off
BENCHMARK_CAPTURE(evaluate, values/indexed, values, Indexing::kAlways)->Apply(sizes);
BENCHMARK_CAPTURE(evaluate, values/plain, values, Indexing::kNever)->Apply(sizes);
BENCHMARK_CAPTURE(evaluate, parts/indexed, parts, Indexing::kAlways)->Apply(sizes);
BENCHMARK_CAPTURE(evaluate, parts/plain, parts, Indexing::kNever)->Apply(sizes);
BENCHMARK_CAPTURE(evaluate, realistic/indexed, realistic, Indexing::kAlways)->Apply(sizes);
BENCHMARK_CAPTURE(evaluate, realistic/plain, realistic, Indexing::kNever)->Apply(sizes);
BENCHMARK_CAPTURE(evaluate, values/served, values, Indexing::kIfItHelps)->Apply(sizes);
BENCHMARK_CAPTURE(evaluate, parts/served, parts, Indexing::kIfItHelps)->Apply(sizes);
BENCHMARK_CAPTURE(evaluate, realistic/served, realistic, Indexing::kIfItHelps)->Apply(sizes);
// clang-format on

/// Taken off the figures above by the reader.
void claims_alone(benchmark::State& state) {
  Work work(values, 1, Indexing::kNever);
  for (auto _ : state) benchmark::DoNotOptimize(work.begin());
}
BENCHMARK(claims_alone);

/// What the patterns of `parts` cost as one RE2::Set, which the index could have used instead of the
/// literals that patterns require: one search for all of them, in one automaton.
void patterns_as_re2_set(benchmark::State& state) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(std::int64_t{1} << 30);
  re2::RE2::Set set(options, re2::RE2::UNANCHORED);
  for (std::size_t i = 0; i < static_cast<std::size_t>(state.range(0)); ++i) {
    set.Add("(?i)^(test|bot)[._]?user" + number(3 * i + 2) + "$", nullptr);
  }
  if (!set.Compile()) return state.SkipWithError("does not compile");
  std::vector<std::string> texts;  // the local parts of Work's people
  for (std::size_t i = 0; i < kRequests; ++i) {
    texts.push_back(i % 16 == 0 ? "test.user" + number(3 * i + 2) : "person" + number(i));
  }
  std::vector<int> hits;
  std::size_t next = 0;
  for (auto _ : state) {
    hits.clear();
    benchmark::DoNotOptimize(set.Match(texts[next++ % kRequests], &hits));
  }
}
BENCHMARK(patterns_as_re2_set)->Arg(3)->Arg(33)->Arg(333)->Arg(3'333);

/// Bytes that malloc has given out and not got back (glibc).
std::size_t given_out() noexcept {
  const struct mallinfo2 now = ::mallinfo2();
  return now.uordblks + now.hblkhd;
}

/// `bytes` is what one compiled program keeps of the heap, its index and patterns included. The
/// automata of patterns grow a little more with the texts they see.
void compile(benchmark::State& state, Population population, Indexing indexing) {
  Work work(population, static_cast<std::size_t>(state.range(0)), indexing);
  for (auto _ : state) work.compile();
  const std::size_t before = given_out();
  const rules::Program program = work.compiled();
  benchmark::DoNotOptimize(&program);
  state.counters["bytes"] = static_cast<double>(given_out() - before);
}
BENCHMARK_CAPTURE(compile, values / indexed, values, Indexing::kAlways)
    ->Apply(decades)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(compile, values / plain, values, Indexing::kNever)
    ->Apply(decades)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(compile, parts / indexed, parts, Indexing::kAlways)
    ->Apply(decades)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(compile, parts / plain, parts, Indexing::kNever)
    ->Apply(decades)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(compile, realistic / indexed, realistic, Indexing::kAlways)
    ->Apply(decades)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(compile, realistic / plain, realistic, Indexing::kNever)
    ->Apply(decades)
    ->Unit(benchmark::kMillisecond);

}  // namespace
