#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "proxy/events/sink.h"

/// A sink driven by a test as a courier drives it.
namespace proxy::events {

inline core::events::CloudEvent made_event(const std::string& id, const std::string& key = {}) {
  core::events::CloudEvent event;
  event.name = "told";
  event.id = id;
  event.source = "/claimgate/connectors/signup";
  event.type = "com.example.told";
  event.time = "2026-11-26T10:00:00.123Z";
  event.partition_key = key;
  event.data = R"({"connector":"signup","claims":{"city":"Malm\u00f6"}})";
  return event;
}

class Delivering {
 public:
  explicit Delivering(Sink& sink) : sink_(sink) {}

  void offer(const core::events::CloudEvent& event) { sink_.offer(next_++, event); }
  /// Works until `count` more have been settled; false when that takes too long.
  bool settle(std::size_t count) {
    const std::size_t wanted = settled_.size() + count;
    return work_until([&] { return settled_.size() >= wanted; });
  }
  bool work_until(const std::function<bool()>& done) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!done() && std::chrono::steady_clock::now() < end) {
      sink_.work(20, [this](Sink::Ticket ticket, Outcome outcome) { settled_[ticket] = std::move(outcome); });
    }
    return done();
  }
  /// By the order of offer(), from 1 on.
  const Outcome& outcome(Sink::Ticket ticket) { return settled_[ticket]; }

 private:
  Sink& sink_;
  Sink::Ticket next_ = 1;
  std::map<Sink::Ticket, Outcome> settled_;
};

}  // namespace proxy::events
