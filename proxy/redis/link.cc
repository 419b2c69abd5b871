#include "proxy/redis/link.h"

#include <new>
#include <utility>

namespace proxy::redis {

Link::Link(Options options, std::uint64_t seed) {
  if (uv_loop_init(&loop_) != 0) throw std::bad_alloc();
  wake_ = net::open_uv<uv_async_t>(this, [&](uv_async_t* async) {
    return uv_async_init(&loop_, async, [](uv_async_t* woken) {
      if (woken->data != nullptr) static_cast<Link*>(woken->data)->on_wake();
    });
  });
  if (wake_ == nullptr) throw std::bad_alloc();
  client_ = std::make_unique<Client>(loop_, std::move(options), counters_, seed);
  thread_ = std::thread([this] { run(); });
}

bool Link::post(Job job) {
  const std::lock_guard lock(mutex_);
  if (closing_) return false;
  posted_.push_back(std::move(job));
  if (posted_.size() == 1) uv_async_send(wake_.get());
  return true;
}

bool Link::every(std::uint64_t period_ms, Job job) {
  return post([this, period_ms, job = std::move(job)](Client&) {
    auto repeated = std::make_unique<Repeated>(Repeated{*this, job, nullptr});
    repeated->timer = net::open_uv<uv_timer_t>(
        repeated.get(), [&](uv_timer_t* timer) { return uv_timer_init(&loop_, timer); });
    if (repeated->timer == nullptr) return;
    uv_timer_start(
        repeated->timer.get(),
        [](uv_timer_t* timer) {
          if (timer->data == nullptr) return;
          auto& due = *static_cast<Repeated*>(timer->data);
          try {
            due.job(*due.link.client_);
          } catch (const std::bad_alloc&) {
          }
        },
        period_ms, period_ms);
    repeated_.push_back(std::move(repeated));
  });
}

bool Link::ending() {
  const std::lock_guard lock(mutex_);
  return closing_ && posted_.empty();
}

void Link::close() noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (!closing_) {
      closing_ = true;
      uv_async_send(wake_.get());
    }
  }
  if (thread_.joinable()) thread_.join();
}

void Link::on_wake() {
  {
    const std::lock_guard lock(mutex_);
    taken_.swap(posted_);
  }
  for (Job& job : taken_) {
    try {
      job(*client_);
    } catch (const std::bad_alloc&) {
    }
  }
  taken_.clear();
}

void Link::run() noexcept {
  client_->start();
  while (!ending()) uv_run(&loop_, UV_RUN_ONCE);
  repeated_.clear();
  while (client_->waiting() > 0) uv_run(&loop_, UV_RUN_ONCE);  // it has a deadline, so this ends
  client_->close();
  client_.reset();
  wake_.reset();
  while (uv_loop_close(&loop_) == UV_EBUSY) uv_run(&loop_, UV_RUN_ONCE);
}

}  // namespace proxy::redis
