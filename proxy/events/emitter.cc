#include "proxy/events/emitter.h"

namespace proxy::events {

Emitter::Emitter(std::size_t ring_bytes, std::function<void()> wake)
    : ring_(ring_bytes),
      values_(new char[core::events::kTakenBytesMax]),
      wake_(std::move(wake)) {}

Emitter::Commits Emitter::emit(const core::gate::Report& report, const core::gate::Snapshot& snapshot,
                               core::rules::Evaluation& evaluation, std::uint32_t generation,
                               std::int64_t time_us, std::uint64_t held) noexcept {
  Commits commits;
  core::gate::each_event(report, evaluation, [&](std::uint32_t number, std::int32_t rule) {
    const core::events::Plan& plan = snapshot.events[number];
    const std::size_t size = core::events::take_values(plan.subjects, evaluation, values_.get(),
                                                       core::events::kTakenBytesMax);
    bool lost = size > core::events::kTakenBytesMax || size > ring_.body_bytes_max();
    if (lost) {
      too_large_.store(too_large_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    } else {
      Emission emission;
      emission.time_us = time_us;
      emission.held = plan.before_answer ? held : 0;
      emission.generation = generation;
      emission.event = number;
      emission.rule = rule;
      emission.connector = static_cast<std::uint16_t>(report.connector->index);
      emission.step = static_cast<std::uint8_t>(report.step);
      emission.outcome = static_cast<std::uint8_t>(report.outcome);
      lost = !ring_.push(emission, {values_.get(), size});
    }
    if (!plan.before_answer) return;
    ++commits.events;
    commits.closed = commits.closed || plan.closed;
    commits.lost = commits.lost || lost;
  });
  if (commits.events != 0 || ring_.wants_writer()) wake_();
  return commits;
}

}  // namespace proxy::events
