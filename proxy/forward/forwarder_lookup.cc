// Whether another machine has a decision already, and what is asked when none has.
#include <algorithm>
#include <new>
#include <utility>

#include "proxy/forward/forwarder.h"
#include "proxy/forward/forwarder_call.h"

namespace proxy::forward {

namespace gate = core::gate;

/// Puts question_ to the call's backend.
void Forwarder::ask_backend(std::uint32_t number, const upstream::Trace& trace) {
  const Call& call = *calls_[number];
  // An answer behind the connector's deadline is still worth having: it fills the cache.
  const std::uint64_t whole_ms =
      std::max<std::uint64_t>(static_cast<std::uint64_t>(call.connector->deadline.count()),
                              call.serving->gate.snapshot().backends[call.asked.ask->backend].whole_ms);
  asker_->ask(call.number, std::move(question_), now_ms() + whole_ms, trace,
              [this, number](upstream::Outcome&& outcome) { on_outcome(number, std::move(outcome)); });
}

/// Looks first whether another machine has the decision. False when nobody has to wait for that. The question is made
/// already, of an evaluation that is another request's by then.
bool Forwarder::look_up(std::uint32_t number, const upstream::Trace& trace) {
  Call& call = *calls_[number];
  SecondLevel* const level = options_.second_level;
  if (level == nullptr || !(call.asked.by_claims || call.asked.by_body) || !level->ready()) return false;
  call.held = question_.body.size();
  call.question = std::move(question_);
  call.trace = trace;
  call.lookup = ++lookups_;
  server_->memory().change(net::Memory::For::kBackends, 0, call.held);
  try {
    level->find(call.asked, [&mailbox = mailbox_, lookup = call.lookup,
                             number](std::shared_ptr<const Landing> landing) {
      mailbox.post({lookup, 0, std::move(landing), number});
    });
  } catch (...) {
    server_->memory().change(net::Memory::For::kBackends, call.held, 0);
    call.lookup = 0;
    throw;
  }
  return true;
}

/// What the second level has said of call `number`.
void Forwarder::found(std::uint32_t number, std::uint64_t lookup,
                      const std::shared_ptr<const Landing>& landing) noexcept {
  if (closed_ || number >= calls_.size() || calls_[number]->lookup != lookup) return;
  Call& call = *calls_[number];
  call.lookup = 0;
  server_->memory().change(net::Memory::For::kBackends, call.held, 0);
  if (landing != nullptr) {
    tell(call.asked, landing, false);
    return give_back(number);
  }
  try {
    question_ = std::move(call.question);
    ask_backend(number, call.trace);
  } catch (const std::bad_alloc&) {
    land_unresolved(call.asked, gate::Fallback::kMemory, false);
    give_back(number);
  }
}

}  // namespace proxy::forward
