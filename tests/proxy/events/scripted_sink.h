#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "proxy/events/sink.h"

/// A sink that does as a test says.
namespace proxy::events {

/// Answers each event as `answer` says, and remembers what it was offered.
class ScriptedSink final : public Sink {
 public:
  std::function<Outcome(const core::events::CloudEvent&, int attempt)> answer = [](const auto&, int) {
    return Outcome{};
  };

  bool ordered() const noexcept override { return false; }
  std::size_t room() const noexcept override { return 8 - offered_.size(); }
  void offer(Ticket ticket, const core::events::CloudEvent& event) override {
    const std::lock_guard lock(mutex_);
    ++offers_;
    const auto same = [&](const auto& one) { return one.second.id == event.id; };
    twice_ = twice_ || std::any_of(offered_.begin(), offered_.end(), same);
    offered_.emplace_back(ticket, event);
    changed_.notify_all();
  }
  void work(std::uint64_t wait_ms, const Settled& settled) override {
    std::vector<std::pair<Ticket, Outcome>> answered;
    {
      std::unique_lock lock(mutex_);
      if (offered_.empty() || holding_) {
        changed_.wait_for(lock, std::chrono::milliseconds(wait_ms), [this] { return woken_; });
        woken_ = false;
        return;
      }
      for (const auto& [ticket, event] : offered_) {
        answered.emplace_back(ticket, answer(event, ++attempts_[event.id]));
        if (answered.back().second.result == Outcome::Result::kDelivered) taken_.push_back(event.id);
      }
      offered_.clear();
      changed_.notify_all();
    }
    for (auto& [ticket, outcome] : answered) settled(ticket, std::move(outcome));
  }
  void wake() noexcept override {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    changed_.notify_all();
  }

  /// Waits until `count` were delivered.
  std::vector<std::string> taken(std::size_t count) {
    std::unique_lock lock(mutex_);
    while (taken_.size() < count) changed_.wait(lock);
    return taken_;
  }
  /// What was delivered until now.
  std::vector<std::string> taken() {
    const std::lock_guard lock(mutex_);
    return taken_;
  }
  /// Waits until something was offered so often.
  void offered(std::size_t count) {
    std::unique_lock lock(mutex_);
    while (offers_ < count) changed_.wait(lock);
  }
  std::size_t offers() {
    const std::lock_guard lock(mutex_);
    return offers_;
  }
  /// Whether an event was offered while it was under way already.
  bool twice() {
    const std::lock_guard lock(mutex_);
    return twice_;
  }
  /// While it is true nothing that is offered is settled.
  void hold(bool on) {
    const std::lock_guard lock(mutex_);
    holding_ = on;
    woken_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::pair<Ticket, core::events::CloudEvent>> offered_;  // also the courier's, in room()
  bool woken_ = false, holding_ = false, twice_ = false;
  std::size_t offers_ = 0;
  std::map<std::string, int> attempts_;
  std::vector<std::string> taken_;
};

}  // namespace proxy::events
