#include "proxy/upstream/switchboard.h"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <utility>

#include "proxy/upstream/client.h"

namespace proxy::upstream {
namespace {

constexpr std::size_t kOutBytesMax = 64 << 20;
constexpr unsigned kSlotBits = 32;
constexpr std::uint64_t kNoSlot = (std::uint64_t{1} << kSlotBits) - 1;

}  // namespace

Switchboard::Switchboard(uv_loop_t& uv_loop, std::shared_ptr<const BackendList> backends,
                         std::uint64_t seed, Resolver with, net::Memory& counted)
    : loop(uv_loop),
      memory(counted),
      resolver(with),
      random(seed),
      received(new char[kReceiveBytes]),
      out(kOutBytesMax),
      request(kOutBytesMax),
      told_bytes_(counted, net::Memory::For::kBackends) {
  rooms_.reserve(kRoomsMax);
  timer_ = net::open_uv<uv_timer_t>(
      this, [&](uv_timer_t* timer) { return uv_timer_init(&loop, timer); });
  check_ = net::open_uv<uv_check_t>(
      this, [&](uv_check_t* check) { return uv_check_init(&loop, check); });
  idle_ =
      net::open_uv<uv_idle_t>(this, [&](uv_idle_t* idle) { return uv_idle_init(&loop, idle); });
  const Turn turn(*this);
  for (std::size_t i = 0; i < backends->size(); ++i) {
    backends_.push_back(std::make_unique<Backend>(*this, backends, i));
  }
}

Switchboard::~Switchboard() {
  assert(aborted_);
  dig();
  backends_.clear();  // they may hand something to be retired
  retired_.clear();
}

Asker::CallId Switchboard::ask(std::size_t backend, core::mapping::Question&& question,
                               std::uint64_t deadline_ms, const Trace& trace, Asker::Done&& done) {
  Backend* const asked = backend < backends_.size() ? backends_[backend].get() : nullptr;
  return ask(asked, nullptr, std::move(question), deadline_ms, trace, std::move(done));
}

Asker::CallId Switchboard::ask(Backend* backend, Endpoint* pinned,
                               core::mapping::Question&& question, std::uint64_t deadline_ms,
                               const Trace& trace, Asker::Done&& done) {
  const Turn turn(*this, Turn::Kind::kAsking);
  if (backend == nullptr || ending()) {
    Outcome outcome;
    outcome.failure = backend == nullptr ? Failure::kNoEndpoint : Failure::kEnding;
    make_room_to_tell();
    const Asker::CallId id = (++refused_ << kSlotBits) | kNoSlot;
    told_.push_back({id, std::move(done), std::move(outcome)});
    return id;
  }
  Call& call = take_call();
  call.begin(*backend, pinned, std::move(question), deadline_ms, trace,
             std::move(done));
  const Asker::CallId id = call.id_;
  to_start_.push_back(id);  // reserved
  watch_for_check();
  return id;
}

void Switchboard::watch_for_check() noexcept {
  if (check_ == nullptr || uv_is_active(reinterpret_cast<uv_handle_t*>(check_.get())) != 0) return;
  uv_check_start(check_.get(), [](uv_check_t* check) {
    if (check->data != nullptr) static_cast<Switchboard*>(check->data)->on_check();
  });
  uv_idle_start(idle_.get(), [](uv_idle_t*) {});
}

void Switchboard::on_check() noexcept {
  deliver();
  const Turn turn(*this);
  starting_.swap(to_start_);
  for (const Asker::CallId id : starting_) {
    Call& call = *calls_[static_cast<std::size_t>(id & kNoSlot)];
    if (call.id_ == id && call.phase_ != Call::Phase::kFree) call.start();  // or it was forgotten
  }
  starting_.clear();
  if (check_ == nullptr || !told_.empty() || !to_start_.empty()) return;
  uv_check_stop(check_.get());
  uv_idle_stop(idle_.get());
}

Call& Switchboard::take_call() {
  if (free_calls_.empty()) {
    calls_.push_back(std::make_unique<Call>(*this));
    Call& made = *calls_.back();
    made.id_ = calls_.size() - 1;
    free_calls_.reserve(calls_.capacity());
    free_calls_.push_back(&made);
  }
  make_room_to_tell();  // before the call is taken: this may throw
  if (to_start_.size() == to_start_.capacity()) to_start_.reserve(2 * to_start_.size() + 16);
  Call& call = *free_calls_.back();
  free_calls_.pop_back();
  call.id_ += std::uint64_t{1} << kSlotBits;  // who has forgotten to forget hits nobody else
  ++calls_under_way_;
  return call;
}

/// Telling never allocates: it happens where nothing may fail. What is told while others are being told
/// goes into the second vector, so both have room for all.
void Switchboard::make_room_to_tell() {
  const std::size_t room = told_.size() + telling_.size() + calls_under_way_ + 1;
  for (std::vector<Told>* const list : {&told_, &telling_}) {
    if (list->capacity() < room) list->reserve(std::max(list->capacity() * 2, room));
  }
}

void Switchboard::give_back(Call& call) noexcept {
  --calls_under_way_;
  free_calls_.push_back(&call);  // reserved
}

void Switchboard::tell(Asker::CallId id, Asker::Done&& done, Outcome&& outcome) noexcept {
  told_bytes_.set(told_bytes_.bytes() + outcome.held_bytes());
  told_.push_back({id, std::move(done), std::move(outcome)});  // reserved
}

void Switchboard::forget(Asker::CallId id) noexcept {
  const Turn turn(*this, Turn::Kind::kAsking);
  const auto slot = static_cast<std::size_t>(id & kNoSlot);
  if (slot < calls_.size() && calls_[slot]->id_ == id && calls_[slot]->phase_ != Call::Phase::kFree) {
    calls_[slot]->forget();
    return;
  }
  // Its outcome is known and waits for the end of the turn.
  for (Told& told : told_) {
    if (told.id == id) told.done = nullptr;
  }
  for (Told& told : telling_) {
    if (told.id == id) told.done = nullptr;
  }
}

void Switchboard::adopt(std::shared_ptr<const BackendList> backends) {
  if (ending()) return;
  const Turn turn(*this);
  std::vector<std::unique_ptr<Backend>> old;
  old.swap(backends_);
  for (std::size_t i = 0; i < backends->size(); ++i) {
    const auto kept = std::find_if(old.begin(), old.end(), [&](const auto& one) {
      return one != nullptr && one->options().name == (*backends)[i].name;
    });
    if (kept == old.end()) {
      backends_.push_back(std::make_unique<Backend>(*this, backends, i));
    } else {
      (*kept)->adopt(backends, i);
      backends_.push_back(std::move(*kept));
    }
  }
  for (auto& gone : old) {
    if (gone != nullptr) retire(std::move(gone));
  }
}

void Switchboard::retire(std::unique_ptr<Backend> backend) {
  if (aborted_) return;  // nothing of it is under way
  backend->retire();
  retired_.push_back(std::move(backend));
  sweep_ = true;
}

void Switchboard::drain() {
  if (ending()) return;
  const Turn turn(*this);
  draining_ = true;
  for (auto& backend : backends_) {
    backend->stop_checks();
    backend->close_idle(CloseReason::kEnding);
  }
  for (auto& backend : retired_) backend->close_idle(CloseReason::kEnding);
}

bool Switchboard::drained() const noexcept {
  if (calls_under_way_ != 0 || !told_.empty()) return false;
  const auto has_none = [](const auto& backend) { return backend->open_connections() == 0; };
  return std::all_of(backends_.begin(), backends_.end(), has_none) &&
         std::all_of(retired_.begin(), retired_.end(), has_none);
}

void Switchboard::abort() {
  if (aborted_) return;
  {
    const Turn turn(*this);
    aborted_ = true;
    for (const auto& call : calls_) {
      if (call->phase_ != Call::Phase::kFree) call->end();
    }
    for (auto& backend : backends_) {
      backend->stop_checks();
      backend->close_all(CloseReason::kEnding);
    }
    for (auto& backend : retired_) backend->close_all(CloseReason::kEnding);
  }
  while (!told_.empty()) {  // whoever is told may ask, and is told; not deliver(): that may be our caller
    std::vector<Told> last;
    last.swap(told_);
    for (Told& told : last) {
      if (told.done) told.done(std::move(told.outcome));
    }
  }
  timer_.reset();
  check_.reset();
  idle_.reset();
}

// --- time

void Switchboard::set(Deadline& deadline, std::uint64_t due_ms) noexcept {
  deadlines_.set(deadline, due_ms);
  if (due_ms < armed_ms_) arm();
}

/// The timer may be early: then it finds nothing due and is set again. It is never late.
void Switchboard::arm() noexcept {
  if (timer_ == nullptr) return;
  const std::uint64_t now = now_ms();
  std::uint64_t due_ms = UINT64_MAX;
  if (!deadlines_.empty()) due_ms = deadlines_.next_ms();
  if (due_ms == armed_ms_) return;
  armed_ms_ = due_ms;
  if (due_ms == UINT64_MAX) {
    uv_timer_stop(timer_.get());
    return;
  }
  uv_timer_start(timer_.get(), on_timer, due_ms > now ? due_ms - now : 0, 0);
}

void Switchboard::on_timer(uv_timer_t* timer) noexcept {
  if (timer->data == nullptr) return;
  auto& board = *static_cast<Switchboard*>(timer->data);
  board.armed_ms_ = UINT64_MAX;
  const Turn turn(board);
  const std::uint64_t now = board.now_ms();
  // Those that are due now, each once: one that is set anew for now waits for the next turn.
  for (std::size_t left = board.deadlines_.size(); left > 0 && board.deadlines_.run_one(now); --left) {
  }
}

// --- the end of a turn

void Switchboard::end_turn(bool asking) noexcept {
  if (--depth_ != 0) return;
  if (!told_.empty()) watch_for_check();
  if (asking) return;  // nothing is freed from inside ask()
  dig();
  if (sweep_) sweep();
  if (!deadlines_.empty() && deadlines_.next_ms() < armed_ms_) arm();
}

/// Tells those whose outcome is known by now; those that come of it wait for the next time.
void Switchboard::deliver() noexcept {
  if (telling_now_ || told_.empty()) return;
  telling_now_ = true;
  telling_.swap(told_);
  const std::size_t bytes = told_bytes_.bytes();
  for (std::size_t i = 0; i < telling_.size(); ++i) {
    const Asker::Done done = std::move(telling_[i].done);
    Outcome outcome = std::move(telling_[i].outcome);
    if (done) done(std::move(outcome));
    keep_room(outcome);  // whoever was told may have moved it away
  }
  telling_.clear();
  told_bytes_.set(told_bytes_.bytes() - bytes);
  telling_now_ = false;
}

void Switchboard::keep_room(Outcome& outcome) noexcept {
  if (outcome.held_bytes() > kRoomBytes) return;
  if (rooms_.size() == kRoomsMax || outcome.bytes.capacity() < kRoomBytes / 8) return;
  rooms_.push_back({std::move(outcome.bytes), std::move(outcome.fields)});
}

core::http::ResponseReader::Taken Switchboard::take_room() noexcept {
  if (rooms_.empty()) return {};
  core::http::ResponseReader::Taken room = std::move(rooms_.back());
  rooms_.pop_back();
  return room;
}

void Switchboard::sweep() noexcept {
  sweep_ = false;
  for (auto& backend : backends_) backend->sweep();
  for (auto& backend : retired_) backend->sweep();
  // A backend that goes may hand its token server over to be retired, so it goes when retired_ is in
  // order again.
  std::vector<std::unique_ptr<Backend>> gone;
  const auto used = std::stable_partition(retired_.begin(), retired_.end(),
                                          [](const auto& backend) { return !backend->unused(); });
  gone.insert(gone.end(), std::make_move_iterator(used), std::make_move_iterator(retired_.end()));
  retired_.erase(used, retired_.end());
}

void Switchboard::bury(std::unique_ptr<Connection> connection) noexcept {
  connection->next_ = buried_;  // it is in no list of its endpoint's any more
  buried_ = connection.release();
}

void Switchboard::dig() noexcept {
  while (buried_ != nullptr) {
    const std::unique_ptr<Connection> gone(std::exchange(buried_, buried_->next_));
  }
}

// --- the client

Client::Client(uv_loop_t& loop, std::shared_ptr<const BackendList> backends, std::uint64_t seed,
               net::Memory* memory, Resolver resolver)
    : board_(std::make_unique<Switchboard>(loop, std::move(backends), seed, resolver,
                                           memory != nullptr ? *memory : unbounded_)) {}
Client::~Client() = default;

Asker::CallId Client::ask(std::size_t backend, core::mapping::Question&& question,
                          std::uint64_t deadline_ms, const Trace& trace, Done&& done) {
  return board_->ask(backend, std::move(question), deadline_ms, trace, std::move(done));
}
void Client::forget(CallId call) noexcept { board_->forget(call); }
void Client::adopt(std::shared_ptr<const BackendList> backends) { board_->adopt(std::move(backends)); }
void Client::drain() { board_->drain(); }
bool Client::drained() const noexcept { return board_->drained(); }
void Client::abort() { board_->abort(); }
const Counters& Client::counters() const noexcept { return board_->counters; }

}  // namespace proxy::upstream
