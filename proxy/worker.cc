#include "proxy/worker.h"

#include <cstdlib>

#include "proxy/log.h"

namespace proxy {
namespace {

constexpr std::uint64_t kDrainCheckMs = 10;

}  // namespace

Worker::Worker(Options options, Edition edition, telemetry::Metrics& metrics,
               telemetry::AccessLog& log)
    : options_(std::move(options)), backends_(edition.backends) {
  if (uv_loop_init(&loop_) != 0) std::abort();  // no memory or descriptors before anything began
  wake_ = net::open_uv<uv_async_t>(this, [&](uv_async_t* async) {
    return uv_async_init(&loop_, async, [](uv_async_t* woken) {
      if (woken->data != nullptr) static_cast<Worker*>(woken->data)->on_wake();
    });
  });
  handler_ = std::make_unique<GateHandler>(std::move(edition), options_.index,
                                           options_.limits.http.body_bytes, metrics, log,
                                           options_.log_sample);
  handler_->capture_into(options_.capture, options_.index);
  if (options_.attempts != nullptr) handler_->count_failures(*options_.attempts);
  handler_->verify_tokens(options_.tokens, options_.want_keys);
  server_ = std::make_unique<net::Server>(loop_, options_.limits, *handler_);
  if (options_.emitter != nullptr && options_.held != nullptr) {
    held_ = std::make_unique<events::HeldAnswers>(loop_, *server_, *options_.emitter, options_.pending_max,
                                                  *options_.held);
  }
  handler_->tell(options_.emitter, options_.witness, held_.get());
  if (options_.shared == nullptr) return;  // nothing is forwarded
  if (options_.open_asker) {
    asker_ = options_.open_asker(loop_);
  } else {
    if (backends_ == nullptr) backends_ = std::make_shared<const upstream::BackendList>();
    auto client = std::make_unique<upstream::Client>(loop_, backends_, options_.seed, &server_->memory());
    client_ = client.get();
    asker_ = std::move(client);
  }
  forwarder_ = std::make_unique<forward::Forwarder>(
      loop_, *options_.shared, *handler_,
      forward::Forwarder::Options{options_.index, options_.pending_max, options_.seed, options_.workflows, options_.second_level});
  forwarder_->attach(*server_, *asker_);
  handler_->use_forwarder(*forwarder_, *options_.shared);
}

Worker::~Worker() {
  join();
  server_->abort();
  if (forwarder_ != nullptr) forwarder_->close();
  held_.reset();
  if (client_ != nullptr) client_->abort();
  asker_.reset();
  server_.reset();
  drain_timer_.reset();
  wake_.reset();
  // Handles are freed in their close callbacks: turn the loop until libuv has called them all.
  while (uv_loop_close(&loop_) == UV_EBUSY) uv_run(&loop_, UV_RUN_NOWAIT);
}

bool Worker::listen(net::ListenSocket socket, std::shared_ptr<const net::TlsServer> tls,
                    const net::Front& front) {
  return server_->listen(std::move(socket), std::move(tls), front);
}

void Worker::start() {
  thread_ = std::thread([this] { run(); });
}

void Worker::join() {
  if (thread_.joinable()) thread_.join();
}

void Worker::drain() {
  {
    const std::lock_guard lock(mutex_);
    draining_ = true;
  }
  uv_async_send(wake_.get());
}

void Worker::adopt(Edition edition) {
  {
    const std::lock_guard lock(mutex_);
    adopting_ = std::move(edition);
  }
  uv_async_send(wake_.get());
}

void Worker::adopt_tls(std::vector<std::shared_ptr<const net::TlsServer>> tls) {
  {
    const std::lock_guard lock(mutex_);
    adopting_tls_ = std::move(tls);
  }
  uv_async_send(wake_.get());
}

void Worker::on_wake() {
  turns_.fetch_add(1, std::memory_order_relaxed);
  std::optional<Edition> edition;
  std::vector<std::shared_ptr<const net::TlsServer>> tls;
  bool drain = false;
  {
    const std::lock_guard lock(mutex_);
    edition.swap(adopting_);
    tls.swap(adopting_tls_);
    drain = draining_;
  }
  if (edition) {
    if (client_ != nullptr && edition->backends != nullptr && edition->backends != backends_) {
      backends_ = edition->backends;
      client_->adopt(backends_);
    }
    handler_->adopt(std::move(*edition));
  }
  if (!tls.empty()) server_->adopt_tls(std::move(tls));
  if (!drain || drain_timer_ != nullptr) return;
  server_->drain();
  drain_deadline_ms_ = uv_now(&loop_) + options_.drain_timeout_ms;
  drain_timer_ = net::open_uv<uv_timer_t>(
      this, [&](uv_timer_t* timer) { return uv_timer_init(&loop_, timer); });
  uv_timer_start(
      drain_timer_.get(),
      [](uv_timer_t* timer) {
        if (timer->data != nullptr) static_cast<Worker*>(timer->data)->check_drained();
      },
      0, kDrainCheckMs);
}

void Worker::check_drained() {
  const bool done = server_->drained() && (forwarder_ == nullptr || forwarder_->idle());
  if (!done && uv_now(&loop_) < drain_deadline_ms_) return;
  if (!server_->drained()) {
    cut_off_ = true;
    server_->abort();
  }
  uv_stop(&loop_);
}

void Worker::run() {
  if (held_ != nullptr) held_->open();
  uv_run(&loop_, UV_RUN_DEFAULT);
  if (held_ != nullptr) held_->close();  // its emitter may go before the worker does
  ended_.store(true, std::memory_order_release);
  if (options_.on_end) options_.on_end();
}

}  // namespace proxy
