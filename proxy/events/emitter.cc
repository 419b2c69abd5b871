#include "proxy/events/emitter.h"

namespace proxy::events {

Emitter::Emitter(std::size_t ring_bytes, std::function<void()> wake)
    : ring_(ring_bytes),
      values_(new char[core::events::kTakenBytesMax]),
      wake_(std::move(wake)) {}

void Emitter::emit(const core::gate::Report& report, const core::gate::Snapshot& snapshot,
                   core::rules::Evaluation& evaluation, std::uint32_t generation,
                   std::int64_t time_us) noexcept {
  core::gate::each_event(report, evaluation, [&](std::uint32_t number, std::int32_t rule) {
    const core::events::Plan& plan = snapshot.events[number];
    const std::size_t size = core::events::take_values(plan.subjects, evaluation, values_.get(),
                                                       core::events::kTakenBytesMax);
    if (size > core::events::kTakenBytesMax || size > ring_.body_bytes_max()) {
      too_large_.store(too_large_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
      return;
    }
    Emission emission;
    emission.time_us = time_us;
    emission.generation = generation;
    emission.event = number;
    emission.rule = rule;
    emission.connector = static_cast<std::uint16_t>(report.connector->index);
    emission.step = static_cast<std::uint8_t>(report.step);
    emission.outcome = static_cast<std::uint8_t>(report.outcome);
    ring_.push(emission, {values_.get(), size});
  });
  if (ring_.wants_writer()) wake_();
}

}  // namespace proxy::events
