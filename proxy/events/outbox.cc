#include "proxy/events/outbox.h"

#include <algorithm>
#include <chrono>
#include <future>

#include "core/dialects/step.h"
#include "core/events/render.h"
#include "core/gate/gate.h"
#include "proxy/lists/loader.h"
#include "proxy/log.h"

namespace proxy::events {
namespace {

/// How long events gather before they are committed, when nobody waits for them: at most so many syncs
/// of the disk a second.
constexpr auto kGatherInterval = std::chrono::milliseconds(20);
constexpr std::size_t kBlockBytesMax = 256 << 10;
constexpr std::size_t kBlocksOfBatch = 64;
// Where machines share the store it is on another one: a commit has to arrive there within its time-out.
constexpr std::size_t kBlocksOfSharedBatch = 4;
constexpr std::size_t kEventsOfSharedBlock = 128;
constexpr std::chrono::milliseconds kRetryMin{100}, kRetryMax{5000};
constexpr std::chrono::milliseconds kSharedRetryMax{1000};  // a server that is there again is used soon
constexpr int kTriesAtEnd = 3;

std::vector<std::string> keys_of(const core::config::Config& config) {
  std::vector<std::string> keys;
  for (const core::config::Text& key : config.pseudonyms.keys) keys.push_back(key.value);
  return keys;
}

}  // namespace

Outbox::Outbox(const core::config::Config& config, state::Store& store)
    : store_(store),
      lease_ms_(config.state.kind == core::config::State::Kind::kRedis
                    ? static_cast<std::uint64_t>(config.outbox.lease.count())
                    : 0),
      events_max_(static_cast<std::uint64_t>(config.outbox.events)),
      pseudonyms_(keys_of(config)),
      random_(lists::random_bits()) {}

core::Result<std::unique_ptr<Outbox>, std::string> Outbox::open(const core::config::Config& config,
                                                                std::size_t workers,
                                                                state::Store& store) {
  std::unique_ptr<Outbox> outbox(new Outbox(config, store));
  if (!config.pseudonyms.keys.empty() && !outbox->pseudonyms_.usable()) {
    return std::string("pseudonyms: the cryptography library has no AES-256-SIV or SHA-256");
  }
  for (const core::config::Sink& settings : config.sinks) {
    auto sink = open_sink(settings);
    if (!sink) return "sink " + settings.name.value + ": " + sink.error();
    outbox->couriers_.push_back(std::make_unique<Courier>(settings, std::move(sink).value(), store,
                                                          lists::random_bits(), outbox->lease_ms_));
  }
  for (std::size_t i = 0; i < workers; ++i) {
    outbox->emitters_.push_back(std::make_unique<Emitter>(
        static_cast<std::size_t>(config.outbox.ring_bytes), [raw = outbox.get()] { raw->rounds_.wake(); }));
  }
  for (const auto& courier : outbox->couriers_) {
    if (std::string why = courier->start(); !why.empty()) return why;
  }
  outbox->rounds_.start(kGatherInterval, [raw = outbox.get()](bool) {
    raw->gather();
    if (!raw->blocks_.empty() || !raw->waiting_.empty()) raw->commit_gathered();
  });
  return outbox;
}

Outbox::~Outbox() {
  rounds_.stop();
  for (const auto& courier : couriers_) courier->begin_to_stop();
  for (const auto& courier : couriers_) courier->stop();
}

void Outbox::reopen() noexcept {
  for (const auto& courier : couriers_) courier->reopen();
}

Courier* Outbox::find(std::string_view sink) const noexcept {
  for (const auto& courier : couriers_) {
    if (courier->name() == sink) return courier.get();
  }
  return nullptr;
}

std::uint64_t Outbox::dropped_in_rings() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& emitter : emitters_) sum += emitter->dropped();
  return sum;
}

std::uint64_t Outbox::too_large() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& emitter : emitters_) sum += emitter->too_large();
  return sum;
}

std::map<std::string, std::uint64_t> Outbox::emitted() const {
  const std::lock_guard lock(emitted_mutex_);
  return emitted_;
}

void Outbox::gather() {
  for (const auto& emitter : emitters_) {
    emitter->ring().drain([&](const Emission& emission, std::string_view values) {
      const bool taken = add(emission, values);
      if (emission.held != 0) waiting_.push_back({emitter.get(), emission.held, taken});
    });
  }
}

/// Tells answers what became of the events that they wait for.
void Outbox::settle(bool committed) noexcept {
  for (const Waiting& one : waiting_) {
    one.emitter->settlements().post({one.held, committed && one.taken});
  }
  waiting_.clear();
}

void Outbox::set_away(bool away) noexcept {
  for (const auto& emitter : emitters_) emitter->set_away(away);
}

Outbox::Block& Outbox::block_for(const std::string& sink) {
  for (auto block = blocks_.rbegin(); block != blocks_.rend(); ++block) {
    if (block->sink != sink) continue;
    const bool full = block->bytes >= kBlockBytesMax || (lease_ms_ != 0 && block->events >= kEventsOfSharedBlock);
    if (!full) return *block;
    break;
  }
  Block& fresh = blocks_.emplace_back();
  fresh.sink = sink;
  fresh.courier = find(sink);
  return fresh;
}

/// Makes an event of what a worker took of a request, for each of its sinks.
bool Outbox::add(const Emission& emission, std::string_view values) {
  if (known_ == nullptr || known_->generation != emission.generation) {
    known_ = names_.find(emission.generation);
  }
  if (known_ == nullptr) {
    figures_.forgotten.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  const core::events::Plan& plan = known_->events[emission.event];
  if (!core::events::read_values(values, plan.subjects.size(), values_)) return false;
  core::events::About about;
  about.connector = known_->connectors[emission.connector].name;
  const auto step = static_cast<core::dialects::Step>(emission.step);
  if (step != core::dialects::Step::kUnknown) about.step = core::dialects::name(step);
  about.verdict = core::gate::name(static_cast<core::gate::Outcome>(emission.outcome));
  about.rule = known_->rule(emission.connector, emission.rule);
  core::events::render(plan, about, values_, pseudonyms_, event_);
  event_.id = core::events::event_id(emission.time_us, random_, number_++);
  event_.time.clear();
  core::events::append_time(event_.time, emission.time_us);
  return append(plan);
}

/// Puts the event at hand into the blocks of its sinks; not where too many wait.
bool Outbox::append(const core::events::Plan& plan) {
  bool all = true;
  for (const std::string& sink : plan.sinks) {
    Block& block = block_for(sink);
    const std::uint64_t waiting =
        block.courier == nullptr ? 0 : block.courier->figures().waiting.load(std::memory_order_relaxed);
    if (waiting + block.events >= events_max_) {
      figures_.full.fetch_add(1, std::memory_order_relaxed);
      all = false;
      continue;
    }
    if (block.values.empty() || lease_ms_ != 0) block.values.emplace_back();
    std::string& value = block.values.back();
    const std::size_t before = value.size();
    core::events::append_stored(value, event_);
    block.bytes += value.size() - before;
    ++block.events;
  }
  ++gathered_[plan.name];
  return all;
}

void Outbox::commit_gathered() {
  std::erase_if(blocks_, [](const Block& block) { return block.events == 0; });
  bool committed = true;
  const std::size_t blocks = lease_ms_ != 0 ? kBlocksOfSharedBatch : kBlocksOfBatch;
  for (std::size_t first = 0; first < blocks_.size(); first += blocks) {
    committed = commit_batch(first, std::min(first + blocks, blocks_.size())) && committed;
  }
  settle(committed);
  blocks_.clear();
  {
    const std::lock_guard lock(emitted_mutex_);
    for (const auto& [name, count] : gathered_) emitted_[name] += count;
  }
  gathered_.clear();
}

/// Commits blocks, again and again until the store takes them or the program ends: what the workers emit
/// meanwhile stays in their rings. Answers that wait hear of the first refusal. False when it gave up.
bool Outbox::commit_batch(std::size_t first, std::size_t end) {
  auto wait = kRetryMin;
  for (int tries = 1;; ++tries) {
    state::Batch batch;
    for (std::size_t i = first; i < end; ++i) {
      for (const std::string& value : blocks_[i].values) {
        batch.appends.push_back({waiting_stream(blocks_[i].sink), "", value});
      }
    }
    std::promise<state::Failure> committed;
    store_.commit(std::move(batch), [&](state::Failure failure) { committed.set_value(failure); });
    const state::Failure failure = committed.get_future().get();
    if (failure == state::Failure::kNone) break;
    figures_.failures.fetch_add(1, std::memory_order_relaxed);
    if (tries == 1) {
      log::error("outbox: the store does not take events: {}", state::name(failure));
      set_away(true);
      settle(false);
    }
    if (failure == state::Failure::kEnding || failure == state::Failure::kTooLarge) return false;
    if (rounds_.wait_for_end(wait) && tries >= kTriesAtEnd) return false;
    wait = std::min(wait * 2, lease_ms_ != 0 ? kSharedRetryMax : kRetryMax);
  }
  set_away(false);
  for (std::size_t i = first; i < end; ++i) {
    const Block& block = blocks_[i];
    figures_.committed.fetch_add(block.events, std::memory_order_relaxed);
    if (block.courier != nullptr) block.courier->committed(block.events);
  }
  return true;
}

}  // namespace proxy::events
