#include "proxy/upstream/lookup.h"

#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace proxy::upstream {

struct Lookup::Shared {
  struct FreeAddresses {
    void operator()(addrinfo* answer) const noexcept { ::freeaddrinfo(answer); }
  };
  std::string host;
  Resolver resolver;
  std::mutex mutex;
  uv_async_t* wake = nullptr;  // null: nobody wants to know any more
  int status = 0;
  std::unique_ptr<addrinfo, FreeAddresses> answer;

  void run() noexcept {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    addrinfo* found = nullptr;
    const int result = resolver(host.c_str(), nullptr, &hints, &found);
    const std::lock_guard lock(mutex);
    status = result;
    answer.reset(result == 0 ? found : nullptr);
    // Inside the lock: the handle cannot be closed meanwhile.
    if (wake != nullptr) uv_async_send(wake);
  }
};

Lookup* Lookup::begin(uv_loop_t& loop, Resolver resolver, const std::string& host, Done done) {
  std::unique_ptr<Lookup> lookup(new Lookup(std::move(done)));
  lookup->shared_ = std::make_shared<Shared>();
  lookup->shared_->host = host;
  lookup->shared_->resolver = resolver;
  lookup->wake_ = net::open_uv<uv_async_t>(lookup.get(), [&](uv_async_t* async) {
    return uv_async_init(&loop, async, [](uv_async_t* woken) {
      if (woken->data != nullptr) static_cast<Lookup*>(woken->data)->on_done();
    });
  });
  if (lookup->wake_ == nullptr) return nullptr;
  lookup->shared_->wake = lookup->wake_.get();
  try {
    std::thread([shared = lookup->shared_] { shared->run(); }).detach();
  } catch (const std::system_error&) {
    return nullptr;  // no thread to be had
  }
  return lookup.release();
}

void Lookup::cancel() noexcept {
  const std::unique_ptr<Lookup> ended(this);
  const std::lock_guard lock(shared_->mutex);
  shared_->wake = nullptr;
  wake_.reset();
}

void Lookup::on_done() noexcept {
  const std::unique_ptr<Lookup> ended(this);
  const std::shared_ptr<Shared> shared = std::move(shared_);
  const std::lock_guard lock(shared->mutex);
  shared->wake = nullptr;
  wake_.reset();
  done_(shared->status, shared->answer.get());
}

}  // namespace proxy::upstream
