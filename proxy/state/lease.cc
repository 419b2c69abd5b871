#include "proxy/state/lease.h"

#include <algorithm>
#include <charconv>
#include <mutex>
#include <utility>

namespace proxy::state {
namespace {

constexpr std::uint64_t kLengthMsMax = 10 * 60'000;  // of another's: more than that is no lease of ours
constexpr std::uint64_t kLeaseRetryMsMax = 1000;
constexpr std::uint64_t kPartsOfLength = 12;  // that a look or another try may take

/// "HOLDER NUMBER LENGTH"; of a free one nothing at all.
std::uint64_t length_of(std::string_view value, std::uint64_t fallback_ms) {
  const std::size_t at = value.rfind(' ');
  std::uint64_t length_ms = 0;
  if (at == std::string_view::npos) return fallback_ms;
  std::from_chars(value.data() + at + 1, value.data() + value.size(), length_ms);
  return std::clamp(length_ms, fallback_ms, std::max(fallback_ms, kLengthMsMax));
}

}  // namespace

/// Where the answer to the one question lies until step() comes by.
struct Lease::Mailbox {
  std::mutex mutex;
  std::function<void()> wake;  // empty when the lease has gone
  std::optional<Told> told;

  void put(Told answer) {
    const std::lock_guard lock(mutex);
    told = std::move(answer);
    if (wake) wake();
  }
};

Lease::Lease(Store& store, std::string name, std::string holder, std::uint64_t length_ms, std::function<void()> wake)
    : store_(store),
      name_(std::move(name)),
      holder_(std::move(holder)),
      length_ms_(length_ms),
      poll_ms_(std::clamp<std::uint64_t>(length_ms / kPartsOfLength, 1, kPollMsMax)),
      retry_ms_(std::clamp<std::uint64_t>(length_ms / kPartsOfLength, 1, kLeaseRetryMsMax)),
      mailbox_(std::make_shared<Mailbox>()) {
  mailbox_->wake = std::move(wake);
}

Lease::~Lease() {
  const std::lock_guard lock(mailbox_->mutex);
  mailbox_->wake = nullptr;
}

std::uint64_t Lease::due_ms() const noexcept {
  constexpr std::uint64_t kNever = ~std::uint64_t{0};
  const std::uint64_t asks_ms = question_ == Question::kNone && !released_ ? due_ms_ : kNever;
  return held_until_ms_ == 0 ? asks_ms : std::min(asks_ms, held_until_ms_);
}

void Lease::release() noexcept {
  if (releasing_) return;
  releasing_ = true;
  released_ = !written_to_;
  held_until_ms_ = 0;
  due_ms_ = 0;
}

void Lease::step(std::uint64_t now_ms) {
  if (now_ms >= held_until_ms_) held_until_ms_ = 0;
  if (question_ != Question::kNone) {
    std::optional<Told> told;
    {
      const std::lock_guard lock(mailbox_->mutex);
      told.swap(mailbox_->told);
    }
    if (!told) return;
    switch (std::exchange(question_, Question::kNone)) {
      case Question::kNone: break;
      case Question::kFree:
      case Question::kTake: took(told->failure, now_ms); break;
      case Question::kRead:
        if (told->failure == Failure::kNone) {
          seen(told->record, now_ms);
        } else {
          due_ms_ = now_ms + retry_ms_;
        }
    }
  }
  if (question_ != Question::kNone || released_ || now_ms < due_ms_) return;
  if (!mine_) return read();
  if (releasing_) return free();
  write(*mine_, now_ms);
}

// --- asking

void Lease::read() {
  question_ = Question::kRead;
  store_.read(kTable, name_, [mailbox = mailbox_](Failure failure, Record record) {
    mailbox->put({failure, std::move(record)});
  });
}

void Lease::write(std::uint64_t expected, std::uint64_t now_ms) {
  question_ = Question::kTake;
  written_to_ = true;
  written_ = holder_ + " " + std::to_string(++number_) + " " + std::to_string(length_ms_);
  written_ms_ = now_ms;
  commit({kTable, name_, written_, expected, 0, false});
}

void Lease::free() {
  question_ = Question::kFree;
  written_.clear();
  commit({kTable, name_, {}, *mine_, 0, false});
}

void Lease::commit(Write write) {
  Batch batch;
  batch.writes.push_back(std::move(write));
  store_.commit(std::move(batch), [mailbox = mailbox_](Failure failure) { mailbox->put({failure, {}}); });
}

// --- what was answered

/// Whatever became of a write, the record says it: it is read next, also for the version that it has now.
void Lease::took(Failure failure, std::uint64_t now_ms) {
  mine_.reset();
  const bool known = failure == Failure::kNone || failure == Failure::kConflict;
  due_ms_ = known ? now_ms : now_ms + retry_ms_;
  if (failure != Failure::kNone) return;
  if (written_.empty()) {
    released_ = true;
  } else if (!releasing_) {
    renewed_ms_ = written_ms_;
    held_until_ms_ = std::max(held_until_ms_, written_ms_ + 2 * length_ms_ / 3);
    if (now_ms >= held_until_ms_) held_until_ms_ = 0;
  }
}

void Lease::seen(const Record& record, std::uint64_t now_ms) {
  const bool there = record.version != 0;
  ever_ = ever_ || there;
  const std::string_view value = record.value;
  if (there && value.size() > holder_.size() && value.starts_with(holder_) && value[holder_.size()] == ' ') {
    return is_mine(record, now_ms);
  }
  mine_.reset();
  written_to_ = false;
  if (releasing_) {
    released_ = true;
    return;
  }
  if (there && value.empty()) return write(record.version, now_ms);
  if (!there && (held(now_ms) || !ever_)) return write(0, now_ms);
  held_until_ms_ = 0;
  watch(record.version, length_of(value, length_ms_), now_ms);
}

void Lease::is_mine(const Record& record, std::uint64_t now_ms) {
  mine_ = record.version;
  watched_.reset();
  if (releasing_) {
    due_ms_ = now_ms;
    return;
  }
  // One whose answer was lost, but which is there.
  if (record.value == written_) {
    renewed_ms_ = written_ms_;
    held_until_ms_ = std::max(held_until_ms_, written_ms_ + 2 * length_ms_ / 3);
    if (now_ms >= held_until_ms_) held_until_ms_ = 0;
  }
  due_ms_ = renewed_ms_ + length_ms_ / 3;
}

void Lease::watch(std::uint64_t version, std::uint64_t length_ms, std::uint64_t now_ms) {
  if (watched_ != version) {
    watched_ = version;
    watched_ms_ = now_ms;
  }
  if (now_ms - watched_ms_ >= length_ms) return write(version, now_ms);
  due_ms_ = std::min(now_ms + poll_ms_, watched_ms_ + length_ms);
}

}  // namespace proxy::state
