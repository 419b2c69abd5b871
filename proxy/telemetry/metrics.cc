#include "proxy/telemetry/metrics.h"

#include <algorithm>
#include <bit>
#include <cstdio>

namespace proxy::telemetry {
namespace {

namespace dialects = core::dialects;
using net::bump;

std::uint64_t read(const Counters::Counter& counter) {
  return counter.load(std::memory_order_relaxed);
}

std::string rule_name(const core::gate::Connector& connector, std::size_t slot) {
  if (slot == 0) return "";
  if (slot == 1) return "otherwise";
  return connector.program.rules()[slot - Counters::kRuleSlotsBesides].name;
}

std::size_t rule_slot(std::int32_t rule) {
  if (rule >= 0) return static_cast<std::size_t>(rule) + Counters::kRuleSlotsBesides;
  return rule == core::rules::Verdict::kOtherwise ? 1 : 0;
}

void add_family(std::string& text, std::string_view name, std::string_view help,
                const std::map<std::string, std::uint64_t>& series) {
  text.append("# TYPE ").append(name).append(" counter\n# HELP ").append(name).append(" ");
  text.append(help).append("\n");
  for (const auto& [labels, value] : series) {
    text.append(name).append("_total").append(labels).append(" ");
    text.append(std::to_string(value)).append("\n");
  }
}

}  // namespace

std::string label_text(std::string_view value) {
  std::string out = "\"";
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out + '"';
}

Counters::Counters(std::shared_ptr<const core::gate::Snapshot> snapshot)
    : snapshot_(std::move(snapshot)) {
  for (const core::gate::Connector& connector : snapshot_->connectors) {
    auto counters = std::make_unique<PerConnector>();
    const std::size_t rules = connector.program.rules().size();
    counters->rule_slots = rules + kRuleSlotsBesides;
    counters->verdicts =
        std::make_unique<Counter[]>(dialects::steps_of(connector.terms.dialect).size() * kVerdicts *
                                    counters->rule_slots);
    counters->shadow = std::make_unique<Counter[]>(rules);
    counters->tags = std::make_unique<Counter[]>(connector.program.tags().size());
    connectors_.push_back(std::move(counters));
  }
  for (std::size_t i = 0; i < snapshot_->backends.size(); ++i) {
    backends_.push_back(std::make_unique<PerBackend>());
  }
  for (std::size_t i = 0; i < snapshot_->limits.size(); ++i) {
    limits_.push_back(std::make_unique<PerLimit>());
  }
}

void Counters::count(const core::gate::Report& report, std::uint64_t duration_ns) noexcept {
  if (report.connector == nullptr) {
    bump(not_found_);
    return;
  }
  PerConnector& counters = *connectors_[report.connector->index];
  const auto outcome = static_cast<std::size_t>(report.outcome);
  if (outcome >= kVerdicts) {
    bump(counters.refused[outcome]);
    return;
  }
  bump(counters.verdict(dialects::slot(report.step), outcome, rule_slot(report.rule)));
  // Bucket i holds what took at most 2^i us: the number of bits of the whole microseconds above.
  const std::uint64_t whole_us = duration_ns == 0 ? 0 : (duration_ns - 1) / 1000;
  bump(counters.buckets[std::min<std::size_t>(static_cast<std::size_t>(std::bit_width(whole_us)),
                                              kBuckets - 1)]);
  bump(counters.duration_ns, duration_ns);
  if (report.rewritten) bump(counters.rewritten);
  if (report.omitted != 0) bump(counters.omitted, report.omitted);
  if (report.source == core::gate::Source::kRules) return;
  bump(counters.sources[static_cast<std::size_t>(report.source)]);
  if (report.hits != 0) bump(counters.hits, report.hits);
  if (report.stale_hits != 0) bump(counters.stale_hits, report.stale_hits);
  if (report.source == core::gate::Source::kOtherwise) {
    bump(counters.fallbacks[static_cast<std::size_t>(report.fallback)]);
  }
}

void Counters::count_asked(const core::gate::Connector& connector, bool joined) noexcept {
  PerConnector& counters = *connectors_[connector.index];
  bump(joined ? counters.joins : counters.misses);
}

void Counters::count_not_asked(std::size_t backend, core::mapping::NotAsked why) noexcept {
  bump(backends_[backend]->not_asked[static_cast<std::size_t>(why)]);
}

void Counters::count_reply(std::size_t backend, const core::mapping::Answer& answer) noexcept {
  PerBackend& counters = *backends_[backend];
  if (!answer.resolved()) bump(counters.unresolved[static_cast<std::size_t>(answer.why)]);
  if (answer.remarks.empty()) return;
  for (std::size_t i = 0; i < core::mapping::kRemarkCount; ++i) {
    if (answer.remarks.has(static_cast<core::mapping::Remark>(i))) bump(counters.remarks[i]);
  }
}

void Counters::count_gone(const core::gate::Connector& connector) noexcept {
  bump(connectors_[connector.index]->gone);
}

void Counters::count_shadow(const core::gate::Report& report, std::uint32_t rule) noexcept {
  bump(connectors_[report.connector->index]->shadow[rule]);
}

void Counters::count_tags(const core::gate::Report& report, std::uint64_t tags) noexcept {
  for (; tags != 0; tags &= tags - 1) {
    bump(connectors_[report.connector->index]->tags[static_cast<std::size_t>(
        std::countr_zero(tags))]);
  }
}

void Counters::count_shadow_rules(const core::gate::Report& report) noexcept {
  const auto told = static_cast<std::size_t>(report.outcome);
  if (told >= kKinds) return;
  const std::size_t kind =
      report.shadow.undecided ? kShadowKinds - 1 : static_cast<std::size_t>(report.shadow.kind);
  bump(connectors_[report.connector->index]->shadow_rules[told][kind][report.shadow.differs ? 1 : 0]);
}

void Counters::count_limits(std::span<const core::gate::CountedAt> counted) noexcept {
  for (const core::gate::CountedAt& at : counted) {
    PerLimit& counters = *limits_[at.limit];
    bump(counters[at.what.unknown ? 4 : at.what.repeated ? 2 : at.what.over ? 1 : at.what.counted ? 0 : 3]);
  }
}

void Counters::count_refused(int status) noexcept {
  if (status > 0 && status < kStatusMax) bump(refused_[static_cast<std::size_t>(status)]);
}

Counters* Metrics::open(std::shared_ptr<const core::gate::Snapshot> snapshot) {
  auto counters = std::make_unique<Counters>(std::move(snapshot));
  const std::lock_guard lock(mutex_);
  open_.push_back(std::move(counters));
  return open_.back().get();
}

void Metrics::close(Counters* counters) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(open_.begin(), open_.end(),
                                  [&](const auto& held) { return held.get() == counters; });
  if (found == open_.end()) return;
  closed_.add(*counters);
  open_.erase(found);
}

void Metrics::add_server(const net::ServerCounters& server) {
  const std::lock_guard lock(mutex_);
  servers_.push_back(&server);
}

void Metrics::add_gauge(std::string name, std::string help, std::function<double()> value) {
  const std::lock_guard lock(mutex_);
  figures_.push_back({std::move(name), std::move(help), std::move(value), nullptr});
}

void Metrics::add_counter(std::string name, std::string help,
                          std::function<std::uint64_t()> value) {
  const std::lock_guard lock(mutex_);
  figures_.push_back({std::move(name), std::move(help), nullptr, std::move(value)});
}

void Metrics::add_labelled(std::string name, std::string help, bool gauge, std::string label,
                         std::function<std::vector<Series>()> series) {
  const std::lock_guard lock(mutex_);
  families_.push_back(
      {std::move(name), std::move(help), std::move(label), gauge, std::move(series)});
}

void Metrics::add_text(std::function<void(std::string& text)> append) {
  const std::lock_guard lock(mutex_);
  texts_.push_back(std::move(append));
}

void Metrics::Totals::add(const Counters& counters) {
  const core::gate::Snapshot& snapshot = counters.snapshot();
  for (std::size_t c = 0; c < snapshot.connectors.size(); ++c) {
    const core::gate::Connector& connector = snapshot.connectors[c];
    const Counters::PerConnector& counted = *counters.connectors()[c];
    const std::string label = "connector=" + label_text(connector.name);
    const std::span<const dialects::Step> steps = dialects::steps_of(connector.terms.dialect);
    for (std::size_t step = 0; step < steps.size(); ++step) {
      for (std::size_t verdict = 0; verdict < Counters::kVerdicts; ++verdict) {
        for (std::size_t slot = 0; slot < counted.rule_slots; ++slot) {
          const std::uint64_t value = read(counted.verdict(step, verdict, slot));
          if (value == 0) continue;
          requests["{" + label + ",step=\"" +
                   std::string(dialects::name(steps[step])) +
                   "\",verdict=\"" +
                   std::string(core::gate::name(static_cast<core::gate::Outcome>(verdict))) +
                   "\",rule=" + label_text(rule_name(connector, slot)) + "}"] += value;
        }
      }
    }
    for (std::size_t rule = 0; rule < connector.program.rules().size(); ++rule) {
      const std::uint64_t value = read(counted.shadow[rule]);
      if (value == 0) continue;
      shadow["{" + label + ",rule=" + label_text(connector.program.rules()[rule].name) + "}"] += value;
    }
    for (std::size_t tag = 0; tag < connector.program.tags().size(); ++tag) {
      const std::uint64_t value = read(counted.tags[tag]);
      if (value == 0) continue;
      tags["{" + label + ",tag=" + label_text(connector.program.tags()[tag]) + "}"] += value;
    }
    constexpr const char* kKindNames[] = {"continue", "block", "validation_error", "undecided"};
    for (std::size_t told = 0; told < Counters::kKinds; ++told) {
      for (std::size_t kind = 0; kind < Counters::kShadowKinds; ++kind) {
        for (std::size_t differs = 0; differs < 2; ++differs) {
          const std::uint64_t value = read(counted.shadow_rules[told][kind][differs]);
          if (value == 0) continue;
          shadow_rules["{" + label + ",verdict=\"" + kKindNames[told] + "\",shadow=\"" +
                       kKindNames[kind] + "\",differs=\"" + (differs != 0 ? "yes" : "no") +
                       "\"}"] += value;
        }
      }
    }
    for (std::size_t outcome = 0; outcome < counted.refused.size(); ++outcome) {
      const std::uint64_t value = read(counted.refused[outcome]);
      if (value == 0) continue;
      refused["{" + label + ",reason=\"" +
              std::string(core::gate::name(static_cast<core::gate::Outcome>(outcome))) + "\"}"] +=
          value;
    }
    if (const std::uint64_t value = read(counted.rewritten)) rewritten["{" + label + "}"] += value;
    if (const std::uint64_t value = read(counted.omitted)) omitted["{" + label + "}"] += value;
    if (!connector.program.asks().empty()) {
      const auto add = [&](std::string_view result, const Counters::Counter& counter) {
        decisions["{" + label + ",result=\"" + std::string(result) + "\"}"] += read(counter);
      };
      add("hit", counted.hits);
      add("stale", counted.stale_hits);
      add("join", counted.joins);
      add("miss", counted.misses);
    }
    for (std::size_t i = 0; i < counted.fallbacks.size(); ++i) {
      const std::uint64_t value = read(counted.fallbacks[i]);
      if (value == 0) continue;
      fallbacks["{" + label + ",reason=\"" +
                std::string(core::gate::name(static_cast<core::gate::Fallback>(i))) + "\"}"] += value;
    }
    for (std::size_t i = 0; i < counted.sources.size(); ++i) {
      const std::uint64_t value = read(counted.sources[i]);
      if (value == 0) continue;
      sources["{" + label + ",source=\"" +
              std::string(core::gate::name(static_cast<core::gate::Source>(i))) + "\"}"] += value;
    }
    if (const std::uint64_t value = read(counted.gone)) gone["{" + label + "}"] += value;
    Histogram& histogram = durations[label];
    for (std::size_t i = 0; i < Counters::kBuckets; ++i) {
      histogram.buckets[i] += read(counted.buckets[i]);
    }
    histogram.duration_ns += read(counted.duration_ns);
  }
  for (std::size_t b = 0; b < snapshot.backends.size(); ++b) {
    const Counters::PerBackend& counted = *counters.backends()[b];
    const auto add = [&](auto& family, std::string_view key, std::string_view word,
                         const Counters::Counter& counter) {
      const std::uint64_t value = read(counter);
      if (value == 0) return;
      family["{backend=" + label_text(snapshot.backends[b].name) + "," + std::string(key) + "=" +
             label_text(word) + "}"] += value;
    };
    for (std::size_t i = 0; i < counted.not_asked.size(); ++i) {
      add(not_asked, "reason", label(static_cast<core::mapping::NotAsked>(i)), counted.not_asked[i]);
    }
    for (std::size_t i = 0; i < counted.unresolved.size(); ++i) {
      add(unresolved, "reason", label(static_cast<core::mapping::Unresolved>(i)),
          counted.unresolved[i]);
    }
    for (std::size_t i = 0; i < counted.remarks.size(); ++i) {
      add(remarks, "remark", label(static_cast<core::mapping::Remark>(i)), counted.remarks[i]);
    }
  }
  constexpr const char* kLimitWords[] = {"within", "over", "retry", "looked", "away"};
  for (std::size_t i = 0; i < snapshot.limits.size(); ++i) {
    for (std::size_t result = 0; result < std::size(kLimitWords); ++result) {
      const std::uint64_t value = read((*counters.limits()[i])[result]);
      if (value == 0) continue;
      limits["{limit=" + label_text(snapshot.limits[i].name) + ",result=\"" + kLimitWords[result] +
             "\"}"] += value;
    }
  }
  if (const std::uint64_t value = read(counters.not_found())) {
    refused["{connector=\"\",reason=\"not_found\"}"] += value;
  }
  for (std::size_t status = 0; status < counters.refused().size(); ++status) {
    const std::uint64_t value = read(counters.refused()[status]);
    if (value == 0) continue;
    refused["{connector=\"\",reason=\"http_" + std::to_string(status) + "\"}"] += value;
  }
}

std::string Metrics::render() const {
  const std::lock_guard lock(mutex_);
  Totals totals = closed_;
  for (const auto& counters : open_) totals.add(*counters);

  std::string text;
  add_family(text, "claimgate_requests", "Answers by connector, step, verdict and deciding rule.",
             totals.requests);
  add_family(text, "claimgate_refused",
             "Requests that never reached the rules, by connector and reason.", totals.refused);
  add_family(text, "claimgate_shadow_matches", "Times a shadow rule would have acted.",
             totals.shadow);
  add_family(text, "claimgate_shadow_rules",
             "Requests whose shadow_rules were run, by verdict told and verdict they would have told.",
             totals.shadow_rules);
  add_family(text, "claimgate_tags", "Requests that rules have put a tag on.", totals.tags);
  add_family(text, "claimgate_velocity",
             "Requests that came to a limit: within or over it, the retry of one that was counted, "
             "looked at and not counted, or let pass because the counter was away.",
             totals.limits);
  add_family(text, "claimgate_rewritten",
             "Verdicts that are illegal at their step, answered by another.", totals.rewritten);
  add_family(text, "claimgate_claims_omitted",
             "Claims left out of an answer because its caller would refuse or ignore them.",
             totals.omitted);

  add_family(text, "claimgate_decisions",
             "Decisions that rules asked for: hit and stale were remembered, join waited for another "
             "request's question, miss asked the backend.",
             totals.decisions);
  add_family(text, "claimgate_answer_sources",
             "Answers that decisions went into, by the farthest place they came from.",
             totals.sources);
  add_family(text, "claimgate_fallbacks", "Answers that were the connector's `otherwise`, by reason.",
             totals.fallbacks);
  add_family(text, "claimgate_clients_gone",
             "Requests whose connection closed while they waited for a backend.", totals.gone);

  add_family(text, "claimgate_backend_not_asked",
             "Questions that could not be made from the claims.", totals.not_asked);
  add_family(text, "claimgate_backend_unresolved", "Answers of a backend that settle nothing.",
             totals.unresolved);
  add_family(text, "claimgate_backend_remarks",
             "Answers that were not quite what the connector contract wants.", totals.remarks);

  text +=
      "# TYPE claimgate_request_duration_seconds histogram\n"
      "# UNIT claimgate_request_duration_seconds seconds\n"
      "# HELP claimgate_request_duration_seconds From reading a request to having its answer.\n";
  for (const auto& [label, histogram] : totals.durations) {
    std::uint64_t sum = 0;
    char line[64];
    for (std::size_t i = 0; i < Counters::kBuckets; ++i) {
      sum += histogram.buckets[i];
      text.append("claimgate_request_duration_seconds_bucket{").append(label);
      if (i + 1 == Counters::kBuckets) {
        text.append(",le=\"+Inf\"} ");
      } else {
        std::snprintf(line, sizeof line, ",le=\"%.6f\"} ",
                      static_cast<double>(std::uint64_t{1} << i) / 1e6);
        text.append(line);
      }
      text.append(std::to_string(sum)).append("\n");
    }
    std::snprintf(line, sizeof line, "%.9f\n", static_cast<double>(histogram.duration_ns) / 1e9);
    text.append("claimgate_request_duration_seconds_sum{").append(label).append("} ").append(line);
    text.append("claimgate_request_duration_seconds_count{").append(label).append("} ");
    text.append(std::to_string(sum)).append("\n");
  }

  struct ServerFigure {
    std::string_view name, help;
    std::atomic<std::uint64_t> net::ServerCounters::* counter;
    bool gauge;
  };
  constexpr ServerFigure kServerFigures[] = {
      {"claimgate_connections", "Open connections.", &net::ServerCounters::open, true},
      {"claimgate_connections_accepted", "Connections accepted.", &net::ServerCounters::accepted, false},
      {"claimgate_connections_evicted", "Idle connections, or TLS handshakes, ended to make room.",
       &net::ServerCounters::evicted, false},
      {"claimgate_connections_turned_away", "Connections answered 503 for want of room.",
       &net::ServerCounters::turned_away, false},
      {"claimgate_connections_shed", "Connections whose message or answer was given up for want of memory.",
       &net::ServerCounters::shed, false},
      {"claimgate_connections_timed_out", "Connections ended by a head, body, write or handshake time-out.",
       &net::ServerCounters::timed_out, false},
      {"claimgate_proxy_headers_refused", "Connections without an acceptable PROXY header.",
       &net::ServerCounters::proxy_refused, false},
      {"claimgate_accept_pauses", "Times accepting paused for want of file descriptors.",
       &net::ServerCounters::accept_pauses, false},
  };
  for (const ServerFigure& figure : kServerFigures) {
    std::uint64_t sum = 0;
    for (const net::ServerCounters* server : servers_) sum += read(server->*figure.counter);
    text.append("# TYPE ").append(figure.name).append(figure.gauge ? " gauge\n" : " counter\n");
    text.append("# HELP ").append(figure.name).append(" ").append(figure.help).append("\n");
    text.append(figure.name).append(figure.gauge ? " " : "_total ");
    text.append(std::to_string(sum)).append("\n");
  }
  constexpr std::pair<std::string_view, std::atomic<std::uint64_t> net::ServerCounters::*>
      kHandshakes[] = {{"full", &net::ServerCounters::tls_handshakes},
                       {"resumed", &net::ServerCounters::tls_resumed},
                       {"failed", &net::ServerCounters::tls_failed}};
  text.append("# TYPE claimgate_tls_handshakes counter\n"
              "# HELP claimgate_tls_handshakes TLS handshakes of callers, by how they ended.\n");
  for (const auto& [result, counter] : kHandshakes) {
    std::uint64_t sum = 0;
    for (const net::ServerCounters* server : servers_) sum += read(server->*counter);
    text.append("claimgate_tls_handshakes_total{result=\"").append(result).append("\"} ");
    text.append(std::to_string(sum)).append("\n");
  }
  for (const Figure& figure : figures_) {
    text.append("# TYPE ").append(figure.name).append(figure.gauge ? " gauge\n" : " counter\n");
    text.append("# HELP ").append(figure.name).append(" ").append(figure.help).append("\n");
    // A name with labels of its own would be no family: labels go into the value's line.
    text.append(figure.name).append(figure.gauge ? " " : "_total ");
    if (figure.gauge) {
      char number[40];
      std::snprintf(number, sizeof number, "%.17g\n", figure.gauge());
      text.append(number);
    } else {
      text.append(std::to_string(figure.counter())).append("\n");
    }
  }
  for (const Family& family : families_) {
    text.append("# TYPE ").append(family.name).append(family.gauge ? " gauge\n" : " counter\n");
    text.append("# HELP ").append(family.name).append(" ").append(family.help).append("\n");
    for (const Series& series : family.series()) {
      char number[40];
      std::snprintf(number, sizeof number, "%.17g\n", series.value);
      text.append(family.name).append(family.gauge ? "{" : "_total{").append(family.label);
      text.append("=").append(label_text(series.label)).append("} ").append(number);
    }
  }
  for (const auto& append : texts_) append(text);
  text +=
      "# TYPE claimgate_build info\n"
      "# HELP claimgate_build The build that runs.\n"
      "claimgate_build_info{version=" + label_text(CLAIMGATE_VERSION) + ",compiler=" +
      label_text(__VERSION__) + "} 1\n# EOF\n";
  return text;
}

}  // namespace proxy::telemetry
