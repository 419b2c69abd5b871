#include "proxy/admin/admin_handler.h"

#include <ctime>
#include <new>
#include <string>

#include "core/http/response.h"

namespace proxy::admin {
namespace {

constexpr std::string_view kPlain = "text/plain; charset=utf-8";
constexpr std::string_view kOpenMetrics =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

}  // namespace

void AdminHandler::on_batch(std::uint64_t) noexcept {
  core::http::format_http_date(std::time(nullptr), date_);
}

bool AdminHandler::refuse_early(const net::Exchange& exchange) noexcept {
  error(413, "this listener takes no body", exchange.out);
  return true;
}

void AdminHandler::answer(const net::Exchange& exchange) noexcept {
  using core::http::Method;
  const core::http::Request& request = exchange.request;
  core::http::Response response;
  response.after = core::http::after_answer_to(request, exchange.close);
  response.head_only = request.method == Method::kHead;
  response.content_type = kPlain;
  std::string text;
  const bool known =
      request.path == "/healthz" || request.path == "/readyz" || request.path == "/metrics";
  if (!known || (request.method != Method::kGet && !response.head_only)) {
    core::http::ErrorAnswer error;
    error.status = known ? 405 : 404;
    error.message = known ? "this is read by GET" : "there is /healthz, /readyz and /metrics";
    error.allow = known ? "GET, HEAD" : "";
    error.after = response.after;
    error.head_only = response.head_only;
    static_cast<void>(core::http::write_error(exchange.out, error, date()));
    return;
  }
  if (request.path == "/healthz") {
    response.body = "ok\n";
  } else if (request.path == "/readyz") {
    const bool ready = ready_.load(std::memory_order_relaxed);
    response.status = ready ? 200 : 503;
    response.body = ready ? "ready\n" : "draining\n";
  } else {
    try {
      text = metrics_.render();
    } catch (const std::bad_alloc&) {
      error(503, "no memory for the metrics", exchange.out);
      return;
    }
    response.content_type = kOpenMetrics;
    response.body = text;
  }
  if (!core::http::write_response(exchange.out, response, date())) {
    error(503, "no room for the answer", exchange.out);
  }
}

void AdminHandler::error(int status, std::string_view message,
                         core::http::OutBuffer& out) noexcept {
  core::http::ErrorAnswer error;
  error.status = status;
  error.message = message;
  static_cast<void>(core::http::write_error(out, error, date()));
}

void AdminHandler::refuse(const core::http::Refusal& refusal, const net::PeerAddress&,
                          core::http::OutBuffer& out) noexcept {
  error(refusal.status, refusal.reason, out);
}

void AdminHandler::overload(core::http::OutBuffer& out) noexcept {
  on_batch(0);
  error(503, "too many connections", out);
}

void AdminHandler::timed_out(const net::PeerAddress&, core::http::OutBuffer& out) noexcept {
  on_batch(0);
  error(408, "the request did not arrive in time", out);
}

}  // namespace proxy::admin
