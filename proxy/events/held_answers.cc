#include "proxy/events/held_answers.h"

#include <new>
#include <utility>

namespace proxy::events {

struct HeldAnswers::Held {
  explicit Held(HeldAnswers& of)
      : whose(of), due(of.deadlines_.all(), this, [](void* owner) {
          Held& held = *static_cast<Held*>(owner);
          held.whose.finish(held, false);
        }) {}

  HeldAnswers& whose;
  upstream::Deadline due;
  std::uint64_t number = 0;
  net::Ticket ticket;
  bool close = false;
  std::uint32_t events = 0;  // that are not committed yet
  std::string written, otherwise;
  std::size_t bytes = 0;     // counted in the server's memory
};

HeldAnswers::HeldAnswers(uv_loop_t& loop, net::Server& server, Emitter& emitter, std::size_t held_max,
                         Figures& figures)
    : loop_(loop), server_(server), emitter_(emitter), held_max_(held_max), figures_(figures) {
  spare_.reserve(kSpareMax);
}

HeldAnswers::~HeldAnswers() { close(); }

void HeldAnswers::open() {
  deadlines_.open(loop_);
  emitter_.settlements().open(loop_, [this](std::vector<Settlement>& settlements) {
    for (const Settlement& one : settlements) on_settled(one);
  });
}

void HeldAnswers::close() noexcept {
  if (!deadlines_.is_open()) return;
  emitter_.settlements().close();
  deadlines_.close();
  for (const auto& held : slots_) {
    if (held != nullptr) deadlines_.clear(held->due);
  }
  slots_.clear();
  free_slots_.clear();
}

std::uint64_t HeldAnswers::next() noexcept {
  if (!deadlines_.is_open() || slots_.size() - free_slots_.size() >= held_max_) return 0;
  try {
    if (free_slots_.empty()) {
      // First, so that no slot is ever without its place among the free ones.
      if (free_slots_.capacity() <= slots_.size()) free_slots_.reserve(2 * slots_.size() + 16);
      slots_.emplace_back();
      free_slots_.push_back(static_cast<std::uint32_t>(slots_.size() - 1));
    }
    if (spare_.empty()) spare_.push_back(std::make_unique<Held>(*this));
  } catch (const std::bad_alloc&) {
    return 0;
  }
  return number_ << kSlotBits | free_slots_.back();
}

bool HeldAnswers::keep(std::string_view written, std::string_view otherwise, std::uint64_t deadline_ms) noexcept {
  const std::size_t bytes = sizeof(Held) + written.size() + otherwise.size();
  if (emitter_.away() || deadline_ms <= now_ms() || !server_.memory().fits(net::Memory::For::kWaiting, bytes)) {
    return false;
  }
  try {
    spare_.back()->written.assign(written);  // next() has put it there
    spare_.back()->otherwise.assign(otherwise);
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

void HeldAnswers::hold(const Answer& answer) noexcept {
  std::unique_ptr<Held> held = std::move(spare_.back());
  spare_.pop_back();
  const std::uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  held->number = number_++ << kSlotBits | slot;
  held->ticket = answer.ticket;
  held->close = answer.close;
  held->events = answer.events;
  held->bytes = sizeof(Held) + held->written.size() + held->otherwise.size();
  server_.memory().change(net::Memory::For::kWaiting, 0, held->bytes);
  deadlines_.set(held->due, answer.deadline_ms);
  slots_[slot] = std::move(held);
  figures_.waiting.fetch_add(1, std::memory_order_relaxed);
}

void HeldAnswers::on_settled(const Settlement& settlement) noexcept {
  const auto slot = static_cast<std::uint32_t>(settlement.held);
  if (slot >= slots_.size() || slots_[slot] == nullptr) return;
  Held& held = *slots_[slot];
  if (held.number != settlement.held) return;  // its deadline has passed
  if (settlement.committed && --held.events != 0) return;
  finish(held, settlement.committed);
}

void HeldAnswers::finish(Held& held, bool committed) noexcept {
  const auto slot = static_cast<std::uint32_t>(held.number);
  deadlines_.clear(held.due);
  std::unique_ptr<Held> done = std::move(slots_[slot]);
  free_slots_.push_back(slot);
  server_.memory().change(net::Memory::For::kWaiting, done->bytes, 0);
  figures_.waiting.fetch_sub(1, std::memory_order_relaxed);
  const bool closed = !committed && !done->otherwise.empty();
  if (committed) {
    figures_.committed.fetch_add(1, std::memory_order_relaxed);
  } else {
    count_unheld(closed);
  }
  // The connection's next request may be answered, and held, inside this.
  server_.complete(done->ticket, closed ? done->otherwise : done->written, done->close || server_.draining());
  if (spare_.size() >= kSpareMax) return;
  for (std::string* const text : {&done->written, &done->otherwise}) {
    if (text->capacity() > kKeptBytes) std::string().swap(*text);
  }
  spare_.push_back(std::move(done));
}

void HeldAnswers::count_unheld(bool closed) noexcept {
  (closed ? figures_.closed : figures_.open).fetch_add(1, std::memory_order_relaxed);
}

}  // namespace proxy::events
