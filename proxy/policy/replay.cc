#include "proxy/policy/replay.h"

#include "core/gate/gate.h"
#include "proxy/policy/hidden_watch.h"

namespace proxy::policy {
namespace {

namespace gate = core::gate;

/// One request by one configuration.
struct Rerun {
  Decided decided;
  std::vector<std::pair<std::string, std::string>> claims;
  std::vector<std::pair<std::string, std::string>> looks;  // rule, hidden claim
  bool claims_are_sure = true;
};

Rerun rerun(const capture::CapturedRequest& request, Rehearsal& rehearsal) {
  Rerun run;
  const gate::Connector* const connector = rehearsal.find(request.connector);
  if (connector == nullptr) {
    run.decided.verdict = gate::name(gate::Outcome::kNotFound);
    return run;
  }
  const core::claims::NameTable& names = rehearsal.snapshot().names;
  HiddenWatch watch(connector->program, names, request.hidden);
  Told told = rehearsal.ask(*connector, request.body, request.time_ms, &watch);
  // What a backend would say today is not known: such a request cannot be compared.
  if (!told.asked.empty()) run.looks.emplace_back(told.asking, "(backend " + told.asked + ")");
  run.decided = {std::string(gate::name(told.report.outcome)), std::move(told.rule)};
  run.claims = std::move(told.claims);
  run.claims_are_sure = watch.claims_are_sure();
  for (const auto& [rule, claim] : watch.looks()) {
    run.looks.emplace_back(connector->program.rules()[rule].name, names.name(claim));
  }
  return run;
}

/// The claims that one answer has and the other has not, or with another value.
std::string different_claims(const Rerun& a, const Rerun& b) {
  std::map<std::string, std::pair<std::string, std::string>> values;
  for (const auto& [name, value] : a.claims) values[name].first = value;
  for (const auto& [name, value] : b.claims) values[name].second = value;
  std::string names;
  for (const auto& [name, both] : values) {
    if (both.first != both.second) names += (names.empty() ? "" : ", ") + name;
  }
  return names;
}

class Comparison {
 public:
  Comparison(Rehearsal& fresh, Rehearsal* old, std::size_t samples)
      : fresh_(fresh), old_(old), samples_(samples) {}

  void take(const capture::CapturedRequest& request, std::size_t line) {
    ++result.requests;
    const Rerun fresh = rerun(request, fresh_);
    Rerun old;
    if (old_ != nullptr) {
      old = rerun(request, *old_);
    } else {
      old.decided = {request.verdict, request.rule};
    }
    if (!fresh.looks.empty() || !old.looks.empty()) {
      ++result.incomparable;
      note_looks(request, fresh, false, line);
      note_looks(request, old, true, line);
      return;
    }
    const Replayed::Change change{request.connector, old.decided, fresh.decided};
    if (old.decided.verdict != fresh.decided.verdict) {
      ++result.differ;
      see(result.changes[change], line);
      return;
    }
    ++result.same;
    if (old.decided.rule != fresh.decided.rule) see(result.same_by_another[change], line);
    if (old_ == nullptr || !fresh.claims_are_sure || !old.claims_are_sure) return;
    if (const std::string names = different_claims(old, fresh); !names.empty()) {
      see(result.claims[{request.connector, names}], line);
    }
  }

  void see(Sightings& sightings, std::size_t line) const {
    ++sightings.count;
    if (sightings.lines.size() < samples_) sightings.lines.push_back(line);
  }

  Replayed result;

 private:
  void note_looks(const capture::CapturedRequest& request, const Rerun& run, bool old,
                  std::size_t line) {
    for (const auto& [rule, claim] : run.looks) {
      see(result.looks[{request.connector, old, rule, claim}], line);
    }
  }

  Rehearsal& fresh_;
  Rehearsal* old_;
  std::size_t samples_;
};

}  // namespace

Replayed replay(std::istream& capture, Rehearsal& fresh, Rehearsal* old, std::size_t samples) {
  Comparison comparison(fresh, old, samples);
  std::string line;
  for (std::size_t number = 1; std::getline(capture, line); ++number) {
    if (line.empty()) continue;
    const auto request = capture::read_line(line);
    if (request) {
      comparison.take(request.value(), number);
    } else {
      comparison.see(comparison.result.unreadable, number);
    }
  }
  return std::move(comparison.result);
}

}  // namespace proxy::policy
