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
  try {
    std::optional<Reply> refused = Reply{413, "this path takes no body"};
    if (ListRequests::is_meant(exchange.request.path)) refused = lists_.refuse(exchange.request);
    if (DecisionRequests::is_meant(exchange.request.path)) {
      refused = decisions_.refuse(exchange.request);
    }
    if (ApprovalRequests::is_meant(exchange.request.path)) {
      refused = approvals_.refuse(exchange.request);
    }
    if (InvitationRequests::is_meant(exchange.request.path)) {
      refused = invitations_.refuse(exchange.request);
    }
    if (EventRequests::is_meant(exchange.request.path)) refused = events_.refuse(exchange.request);
    if (VelocityRequests::is_meant(exchange.request.path)) refused = velocity_.refuse(exchange.request);
    if (refused) write(*refused, exchange);
    return refused.has_value();
  } catch (const std::bad_alloc&) {
    error(503, "no memory for the answer", exchange.out);
    return true;
  }
}

void AdminHandler::write(const Reply& reply, const net::Exchange& exchange) noexcept {
  const core::http::Request& request = exchange.request;
  const core::http::After after = core::http::after_answer_to(request, exchange.close);
  const bool head_only = request.method == core::http::Method::kHead;
  if (reply.status == 200) {
    core::http::Response response;
    response.body = reply.json;
    response.after = after;
    response.head_only = head_only;
    if (!core::http::write_response(exchange.out, response, date())) {
      error(503, "no room for the answer", exchange.out);
    }
    return;
  }
  core::http::ErrorAnswer answer;
  answer.status = reply.status;
  answer.message = reply.json;
  answer.after = after;
  answer.head_only = head_only;
  answer.allow = reply.allow;
  answer.www_authenticate = reply.www_authenticate;
  static_cast<void>(core::http::write_error(exchange.out, answer, date()));
}

template <typename Requests>
void AdminHandler::answer_by(Requests& requests, const net::Exchange& exchange) noexcept {
  try {
    write(requests.answer(exchange.request), exchange);
  } catch (const std::exception&) {
    error(503, "no memory for the answer", exchange.out);
  }
}

net::Handler::Progress AdminHandler::answer(const net::Exchange& exchange) noexcept {
  reply(exchange);
  return Progress::kAnswered;
}

void AdminHandler::reply(const net::Exchange& exchange) noexcept {
  if (ListRequests::is_meant(exchange.request.path)) return answer_by(lists_, exchange);
  if (DecisionRequests::is_meant(exchange.request.path)) return answer_by(decisions_, exchange);
  if (ApprovalRequests::is_meant(exchange.request.path)) return answer_by(approvals_, exchange);
  if (InvitationRequests::is_meant(exchange.request.path)) return answer_by(invitations_, exchange);
  if (EventRequests::is_meant(exchange.request.path)) return answer_by(events_, exchange);
  if (VelocityRequests::is_meant(exchange.request.path)) return answer_by(velocity_, exchange);
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
    error.message = known ? "this is read by GET"
                          : "there is /healthz, /readyz, /metrics, /lists, /decisions, /velocity, /approvals and "
                            "/invitations";
    error.allow = known ? "GET, HEAD" : "";
    error.after = response.after;
    error.head_only = response.head_only;
    static_cast<void>(core::http::write_error(exchange.out, error, date()));
    return;
  }
  if (request.path == "/healthz") {
    response.body = "ok\n";
  } else if (request.path == "/readyz") {
    constexpr std::string_view kWords[] = {"starting\n", "waiting for the keys of callers' tokens\n",
                                           "ready\n", "draining\n"};  // by Readiness
    const Readiness readiness = readiness_.load(std::memory_order_relaxed);
    response.status = readiness == Readiness::kReady ? 200 : 503;
    response.body = kWords[static_cast<std::size_t>(readiness)];
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
