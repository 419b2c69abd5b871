#include "proxy/state/limits.h"

#include <new>
#include <utility>

#include "proxy/forward/shared.h"

namespace proxy::state {
namespace {

using core::config::WhenAway;
using core::velocity::Counted;
using forward::WorkflowAnswer;

}  // namespace

void Limits::ask(const forward::WorkflowQuestion& question, std::function<void(WorkflowAnswer)> done) {
  const WhenAway away = question.workflow->when_away;
  const Counted here = away == WhenAway::kLocal ? local_.count(question.count, forward::cache_now_ms()) : Counted{};
  shared_.count(question.count, [this, away, here, done = std::move(done)](Failure failure, Counted counted) {
    WorkflowAnswer answer;
    answer.outcome = WorkflowAnswer::Outcome::kCounted;
    if (failure == Failure::kNone) {
      count(figures_.redis);
      answer.counted.stamp = counted.stamp;
      answer.counted.counted = counted;
      answer.counted.counted.stamp = here.stamp;
    } else if (away == WhenAway::kLocal) {
      count(figures_.local);
      answer.counted.counted = here;
    } else if (away == WhenAway::kOpen) {
      count(figures_.open);
      answer.counted.unknown = true;
    } else {
      count(figures_.closed);
      answer.outcome = WorkflowAnswer::Outcome::kAway;
    }
    done(std::move(answer));
  });
}

void Limits::take_back(const core::gate::CountedAt& counted) noexcept {
  try {
    shared_.take_back(counted.counter, counted.request, counted.shared_stamp, [this](Failure failure) {
      if (failure != Failure::kNone) count(figures_.not_taken_back);
    });
  } catch (const std::bad_alloc&) {
    count(figures_.not_taken_back);
  }
}

}  // namespace proxy::state
