#include "proxy/upstream/lookup.h"

#include <memory>

#include "proxy/upstream/endpoint.h"
#include "proxy/upstream/switchboard.h"

namespace proxy::upstream {

Lookup* Lookup::begin(uv_loop_t& loop, Endpoint& endpoint, const std::string& host) {
  std::unique_ptr<Lookup> lookup(new Lookup(endpoint));
  lookup->request_.data = lookup.get();
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  if (uv_getaddrinfo(&loop, &lookup->request_, on_done, host.c_str(), nullptr, &hints) != 0) {
    return nullptr;
  }
  return lookup.release();
}

void Lookup::cancel() noexcept {
  endpoint_ = nullptr;
  uv_cancel(reinterpret_cast<uv_req_t*>(&request_));  // refused when a thread is at it already
}

void Lookup::on_done(uv_getaddrinfo_t* request, int status, addrinfo* answer) noexcept {
  const std::unique_ptr<Lookup> lookup(static_cast<Lookup*>(request->data));
  if (Endpoint* const endpoint = lookup->endpoint_) {
    const Switchboard::Turn turn(endpoint->board());
    endpoint->on_resolved(status, answer);
  }
  uv_freeaddrinfo(answer);
}

}  // namespace proxy::upstream
