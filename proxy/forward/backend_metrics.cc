#include "proxy/forward/backend_metrics.h"

#include <array>
#include <cstdio>
#include <functional>

#include "proxy/telemetry/metrics.h"

namespace proxy::forward {
namespace {

using Backend = upstream::Figures::Backend;
using Endpoint = upstream::Figures::Endpoint;

class Writer {
 public:
  explicit Writer(std::string& text) : text_(text) {}

  void family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    suffix_ = type == "counter" ? "_total" : "";
    text_.append("# TYPE ").append(name).append(" ").append(type).append("\n");
    text_.append("# HELP ").append(name).append(" ").append(help).append("\n");
  }
  void sample(const std::string& labels, std::uint64_t value) {
    text_.append(name_).append(suffix_).append("{").append(labels).append("} ");
    text_.append(std::to_string(value)).append("\n");
  }

 private:
  std::string& text_;
  std::string_view name_, suffix_;
};

std::string label_of(const Backend& backend) {
  return "backend=" + telemetry::label_text(backend.name);
}

std::string label_of(const Backend& backend, const Endpoint& endpoint) {
  return label_of(backend) + ",endpoint=" + telemetry::label_text(endpoint.name);
}

std::string and_label(std::string labels, std::string_view name, std::string_view value) {
  return labels.append(",").append(name).append("=") += telemetry::label_text(value);
}

struct BackendFigure {
  std::string_view name, type, help;
  std::uint64_t Backend::*figure;
};
constexpr BackendFigure kBackendFigures[] = {
    {"claimgate_backend_in_flight", "gauge", "Calls under way.", &Backend::in_flight},
    {"claimgate_backend_queued", "gauge", "Calls that wait for their turn.", &Backend::queued},
    {"claimgate_backend_calls", "counter", "Questions put to the backend.", &Backend::calls},
    {"claimgate_backend_tries", "counter", "Requests sent or attempted for them.", &Backend::tries},
    {"claimgate_backend_retries", "counter", "Tries after a failed one.", &Backend::retries},
    {"claimgate_backend_hedges", "counter", "Tries beside a slow one.", &Backend::hedges},
    {"claimgate_backend_hedges_won", "counter", "Of them those that answered first.",
     &Backend::hedges_won},
    {"claimgate_backend_budget_spent", "counter",
     "Retries and hedges that were not made for want of budget.", &Backend::budget_spent},
    {"claimgate_backend_late", "counter", "Answers that nobody waited for any more.",
     &Backend::late},
    {"claimgate_backend_breaker_opened", "counter", "Times the breaker opened.",
     &Backend::breaker_opened},
    {"claimgate_backend_tokens", "counter", "OAuth tokens got.", &Backend::tokens},
    {"claimgate_backend_token_failures", "counter", "OAuth tokens not got.",
     &Backend::token_failures},
};

struct EndpointFigure {
  std::string_view name, type, help;
  std::uint64_t Endpoint::*figure;
};
constexpr EndpointFigure kEndpointFigures[] = {
    {"claimgate_endpoint_in_flight", "gauge", "Tries under way.", &Endpoint::in_flight},
    {"claimgate_endpoint_available", "gauge", "Workers that ask it: 0 when it is ejected.",
     &Endpoint::available},
    {"claimgate_endpoint_connections", "gauge", "Connections, those being opened included.",
     &Endpoint::open},
    {"claimgate_endpoint_tries", "counter", "Tries.", &Endpoint::tries},
    {"claimgate_endpoint_ejections", "counter", "Times it was taken out.", &Endpoint::ejections},
    {"claimgate_endpoint_health_checks", "counter", "Health checks.", &Endpoint::health_checks},
    {"claimgate_endpoint_health_failures", "counter", "Health checks that failed.",
     &Endpoint::health_failures},
    {"claimgate_endpoint_connections_opened", "counter", "Connections that came to be.",
     &Endpoint::opened},
    {"claimgate_endpoint_handshakes", "counter", "TLS handshakes.", &Endpoint::handshakes},
    {"claimgate_endpoint_resumptions", "counter", "TLS handshakes that resumed a session.",
     &Endpoint::resumptions},
    {"claimgate_endpoint_handshake_failures", "counter", "TLS handshakes that failed.",
     &Endpoint::handshake_failures},
    {"claimgate_endpoint_resolutions", "counter", "Look-ups of its name.", &Endpoint::resolutions},
    {"claimgate_endpoint_resolve_failures", "counter", "Look-ups that failed.",
     &Endpoint::resolve_failures},
};

template <std::size_t N>
void by_failure(Writer& writer, const upstream::Figures& figures,
                std::array<std::uint64_t, N> Backend::*counts) {
  for (const Backend& backend : figures.backends) {
    for (std::size_t i = 1; i < N; ++i) {
      if ((backend.*counts)[i] == 0) continue;
      writer.sample(
          and_label(label_of(backend), "kind", upstream::name(static_cast<upstream::Failure>(i))),
          (backend.*counts)[i]);
    }
  }
}

void durations(const upstream::Figures& figures, std::string& text) {
  constexpr std::string_view kName = "claimgate_backend_duration_seconds";
  text.append("# TYPE ").append(kName).append(" histogram\n# UNIT ").append(kName);
  text.append(" seconds\n# HELP ").append(kName).append(" From asking to the whole answer.\n");
  for (const Backend& backend : figures.backends) {
    const std::string label = label_of(backend);
    std::uint64_t sum = 0;
    char bound[48];
    for (std::size_t i = 0; i < backend.buckets.size(); ++i) {
      sum += backend.buckets[i];
      if (i + 1 == backend.buckets.size()) {
        std::snprintf(bound, sizeof bound, ",le=\"+Inf\"} ");
      } else {
        std::snprintf(bound, sizeof bound, ",le=\"%.6f\"} ",
                      static_cast<double>(std::uint64_t{1} << i) / 1e6);
      }
      text.append(kName).append("_bucket{").append(label).append(bound);
      text.append(std::to_string(sum)).append("\n");
    }
    std::snprintf(bound, sizeof bound, "} %.6f\n", static_cast<double>(backend.duration_us) / 1e6);
    text.append(kName).append("_sum{").append(label).append(bound);
    text.append(kName).append("_count{").append(label).append("} ");
    text.append(std::to_string(sum)).append("\n");
  }
}

}  // namespace

void append_backend_metrics(const upstream::Figures& figures, std::string& text) {
  if (figures.backends.empty()) return;
  Writer writer(text);
  for (const BackendFigure& figure : kBackendFigures) {
    writer.family(figure.name, figure.type, figure.help);
    for (const Backend& backend : figures.backends) {
      writer.sample(label_of(backend), backend.*figure.figure);
    }
  }
  writer.family("claimgate_backend_answers", "counter", "Answers of tries, by class of status.");
  for (const Backend& backend : figures.backends) {
    for (std::size_t i = 1; i < backend.answers.size(); ++i) {
      if (backend.answers[i] == 0) continue;
      writer.sample(and_label(label_of(backend), "status", std::to_string(i) + "xx"),
                    backend.answers[i]);
    }
  }
  writer.family("claimgate_backend_failures", "counter", "Calls that ended without an answer.");
  by_failure(writer, figures, &Backend::failures);
  writer.family("claimgate_backend_try_failures", "counter", "Tries that ended without an answer.");
  by_failure(writer, figures, &Backend::try_failures);
  writer.family("claimgate_backend_breaker", "gauge", "Workers by the state of their breaker.");
  for (const Backend& backend : figures.backends) {
    for (std::size_t i = 0; i < backend.breakers.size(); ++i) {
      writer.sample(and_label(label_of(backend), "state",
                              upstream::name(static_cast<upstream::BreakerState>(i))),
                    backend.breakers[i]);
    }
  }
  for (const EndpointFigure& figure : kEndpointFigures) {
    writer.family(figure.name, figure.type, figure.help);
    for (const Backend& backend : figures.backends) {
      for (const Endpoint& endpoint : backend.endpoints) {
        writer.sample(label_of(backend, endpoint), endpoint.*figure.figure);
      }
    }
  }
  writer.family("claimgate_endpoint_connections_closed", "counter",
                "Connections closed, by reason.");
  for (const Backend& backend : figures.backends) {
    for (const Endpoint& endpoint : backend.endpoints) {
      for (std::size_t i = 0; i < endpoint.closed.size(); ++i) {
        if (endpoint.closed[i] == 0) continue;
        writer.sample(and_label(label_of(backend, endpoint), "reason",
                                upstream::name(static_cast<upstream::CloseReason>(i))),
                      endpoint.closed[i]);
      }
    }
  }
  durations(figures, text);
}

}  // namespace proxy::forward
