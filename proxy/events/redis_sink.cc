// Events as entries of a stream of Redis or Valkey: XADD with the event as JSON, and its id and type beside
// it, so that a reader can pass over repetitions without parsing. The client's loop turns on the courier's
// thread. What a server refuses, it refuses because of itself (memory, rights, a replica), never because
// of an event: nothing here becomes a dead letter.
#include <uv.h>

#include <new>
#include <string>
#include <utility>
#include <vector>

#include "core/config/scalars.h"
#include "proxy/events/sink.h"
#include "proxy/lists/loader.h"
#include "proxy/net/uv_handle.h"
#include "proxy/redis/client.h"

namespace proxy::events {
namespace {

constexpr std::uint64_t kRedisAwayMs = 1000;

Outcome outcome_of(redis::Failure failure, const redis::Reply& reply) {
  if (failure == redis::Failure::kNone) return {};
  std::string why = "redis: " + std::string(redis::name(failure));
  if (failure == redis::Failure::kRefused) why.append(" (").append(reply.error_word()).append(")");
  return {Outcome::Result::kAway, kRedisAwayMs, std::move(why)};
}

class RedisSink final : public Sink {
 public:
  RedisSink(const core::config::Sink& settings, redis::Options options)
      : stream_(settings.stream.value),
        maxlen_(std::to_string(settings.maxlen)),
        bounded_(settings.maxlen > 0),
        timeout_ms_(static_cast<std::uint64_t>(settings.timeout.count())),
        concurrency_(static_cast<std::size_t>(settings.concurrency)) {
    if (uv_loop_init(&loop_) != 0) throw std::bad_alloc();
    wake_ = net::open_uv<uv_async_t>(this, [&](uv_async_t* async) { return uv_async_init(&loop_, async, [](uv_async_t*) {}); });
    timer_ = net::open_uv<uv_timer_t>(this, [&](uv_timer_t* timer) { return uv_timer_init(&loop_, timer); });
    client_ = std::make_unique<redis::Client>(loop_, std::move(options), counters_, lists::random_bits());
  }
  ~RedisSink() override {
    client_->close();
    settled_.clear();
    client_.reset();
    timer_.reset();
    wake_.reset();
    while (uv_loop_close(&loop_) == UV_EBUSY) uv_run(&loop_, UV_RUN_ONCE);
  }
  bool usable() const noexcept { return wake_ != nullptr && timer_ != nullptr; }

  bool ordered() const noexcept override { return false; }
  std::size_t room() const noexcept override { return concurrency_ - under_way_; }

  void offer(Ticket ticket, const core::events::CloudEvent& event) override {
    begin();
    ++under_way_;
    try {
      std::string json;
      core::events::append_structured(json, event);
      std::vector<std::string_view> words{"XADD", stream_};
      if (bounded_) words.insert(words.end(), {"MAXLEN", "~", maxlen_});
      words.insert(words.end(), {"*", "id", event.id, "type", event.type, "event", json});
      uv_update_time(&loop_);
      client_->ask(redis::Command(words), uv_now(&loop_) + timeout_ms_,
                   [this, ticket](redis::Failure failure, redis::Reply& reply) {
                     settled_.emplace_back(ticket, outcome_of(failure, reply));
                   });
    } catch (const std::bad_alloc&) {
      settled_.emplace_back(ticket, Outcome{Outcome::Result::kAway, kRedisAwayMs, "no memory"});
    }
  }

  void work(std::uint64_t wait_ms, const Settled& settled) override {
    begin();
    if (settled_.empty()) {
      uv_timer_start(timer_.get(), [](uv_timer_t*) {}, wait_ms, 0);
      uv_run(&loop_, UV_RUN_ONCE);
      uv_timer_stop(timer_.get());
    } else {
      uv_run(&loop_, UV_RUN_NOWAIT);
    }
    std::vector<std::pair<Ticket, Outcome>> done;
    done.swap(settled_);
    under_way_ -= done.size();
    for (auto& [ticket, outcome] : done) settled(ticket, std::move(outcome));
  }

  void wake() noexcept override { uv_async_send(wake_.get()); }

 private:
  /// On the courier's thread, which the loop belongs to from then on.
  void begin() {
    if (std::exchange(begun_, true)) return;
    client_->start();
  }

  const std::string stream_, maxlen_;
  const bool bounded_;
  const std::uint64_t timeout_ms_;
  const std::size_t concurrency_;
  uv_loop_t loop_{};
  net::UvHandle<uv_async_t> wake_;
  net::UvHandle<uv_timer_t> timer_;
  redis::Counters counters_;
  std::unique_ptr<redis::Client> client_;
  std::vector<std::pair<Ticket, Outcome>> settled_;
  std::size_t under_way_ = 0;
  bool begun_ = false;
};

}  // namespace

core::Result<std::unique_ptr<Sink>, std::string> open_redis_sink(const core::config::Sink& settings) {
  const auto url = core::config::parse_redis_url(settings.redis.value);
  if (!url) return url.error().message;
  redis::Options options;
  options.host = url.value().host;
  options.port = url.value().port;
  options.database = static_cast<unsigned>(url.value().database);
  options.username = settings.username.value;
  options.password = core::Secret(settings.password.value);
  if (url.value().tls) {
    net::TlsContext::Client client;
    if (std::string why = read_authorities(settings, client.authorities); !why.empty()) return why;
    client.system_authorities = client.authorities.empty();
    auto tls = net::TlsContext::for_client(client);
    if (!tls) return "TLS: " + tls.error().why;
    options.tls = std::move(tls).value();
  }
  auto sink = std::make_unique<RedisSink>(settings, std::move(options));
  if (!sink->usable()) return std::string("no descriptors for it");
  return std::unique_ptr<Sink>(std::move(sink));
}

}  // namespace proxy::events
