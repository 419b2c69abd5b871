#include "proxy/redis/client.h"

#include <algorithm>
#include <new>
#include <utility>

#include "proxy/log.h"

namespace proxy::redis {
namespace {

constexpr std::size_t kUnsentMax = 256 << 10;  // more waits here, where its deadline still reaches it

void count(Counters::Counter& counter) noexcept { counter.fetch_add(1, std::memory_order_relaxed); }

/// An error's first word if it is one of Redis' (capitals): what may be logged of it.
std::string word_of(const Reply& reply) {
  const std::string_view word = reply.error_word();
  const bool fit = !word.empty() && word.size() <= 32 && std::all_of(word.begin(), word.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || c == '_';
  });
  return fit ? std::string(word) : "an error";
}

/// The server is one that cannot do what is asked, and another may be behind the same name by now.
bool wants_another_server(std::string_view word) noexcept {
  return word == "READONLY" || word == "MASTERDOWN" || word == "LOADING" || word == "NOAUTH";
}

}  // namespace

std::string Options::name() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (tls != nullptr ? "rediss://" : "redis://") + (v6 ? "[" + host + "]" : host) + ":" +
         std::to_string(port) + "/" + std::to_string(database);
}

struct Client::Pending {
  Pending(Client& of, Command asked, Done told)
      : client(of),
        command(std::move(asked)),
        done(std::move(told)),
        due(of.deadlines_, this, [](void* owner) {
          auto& pending = *static_cast<Pending*>(owner);
          pending.client.on_due(pending);
        }),
        asked_us(uv_hrtime() / 1000),
        bytes(command.bytes().size()) {}
  ~Pending() { client.deadlines_.clear(due); }

  Client& client;
  Command command;
  Done done;  // empty: it was told
  upstream::Deadline due;
  std::uint64_t asked_us;
  std::size_t bytes;
  bool as_text = false;
};

Client::Client(uv_loop_t& loop, Options options, Counters& counters, std::uint64_t seed)
    : loop_(loop),
      options_(std::move(options)),
      counters_(counters),
      random_(seed),
      connect_due_(deadlines_, this, [](void* owner) { static_cast<Client*>(owner)->on_connect_due(); }),
      silence_due_(deadlines_, this,
                   [](void* owner) { static_cast<Client*>(owner)->lose(Failure::kTimeout, "it does not answer"); }),
      ping_due_(deadlines_, this, [](void* owner) { static_cast<Client*>(owner)->ping(); }),
      batch_(options_.queue_bytes_max + (1 << 20)) {
  if (const auto address = upstream::Addresses::literal(options_.host, options_.port)) {
    addresses_.adopt(*address);
    literal_ = true;
  }
  timer_ = net::open_uv<uv_timer_t>(this, [&](uv_timer_t* timer) { return uv_timer_init(&loop_, timer); });
  prepare_ = net::open_uv<uv_prepare_t>(
      this, [&](uv_prepare_t* prepare) { return uv_prepare_init(&loop_, prepare); });
}

Client::~Client() {
  close();
  deadlines_.clear(connect_due_);
  deadlines_.clear(silence_due_);
  deadlines_.clear(ping_due_);
}

void Client::start() noexcept {
  if (started_ || state_ == State::kClosed) return;
  started_ = true;
  uv_prepare_start(prepare_.get(), [](uv_prepare_t* prepare) {
    if (prepare->data != nullptr) static_cast<Client*>(prepare->data)->on_prepare();
  });
  connect();
}

void Client::close() noexcept {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  counters_.connected.store(0, std::memory_order_relaxed);
  if (lookup_ != nullptr) lookup_->cancel();
  lookup_ = nullptr;
  if (wire_ != nullptr) wire_->close();
  deadlines_.clear(connect_due_);
  deadlines_.clear(silence_due_);
  deadlines_.clear(ping_due_);
  fail_all(in_flight_, Failure::kEnding);
  fail_all(waiting_, Failure::kEnding);
  timer_.reset();
  prepare_.reset();
}

// --- commands

void Client::ask(Command command, std::uint64_t deadline_ms, Done done) {
  count(counters_.commands);
  Failure refused = Failure::kNone;
  if (state_ == State::kClosed) {
    refused = Failure::kEnding;
  } else if (started_ && state_ == State::kAway) {
    refused = Failure::kUnavailable;
  } else if (waiting_.size() + in_flight_.size() >= options_.queue_max ||
             held_bytes_ + command.bytes().size() > options_.queue_bytes_max) {
    refused = Failure::kBusy;
  }
  if (refused != Failure::kNone) {
    count(counters_.failures[static_cast<std::size_t>(refused)]);
    Reply none;
    return done(refused, none);
  }
  waiting_.push_back(std::make_unique<Pending>(*this, std::move(command), std::move(done)));
  Pending& pending = *waiting_.back();
  ++held_;
  held_bytes_ += pending.bytes;
  counters_.in_flight.fetch_add(1, std::memory_order_relaxed);
  deadlines_.set(pending.due, deadline_ms);
}

/// Its asker is told, once. Memory that only a second sending needs is given back.
void Client::tell(Pending& pending, Failure failure, Reply& reply) noexcept {
  deadlines_.clear(pending.due);
  if (!pending.done) {
    if (failure == Failure::kNone || failure == Failure::kRefused) count(counters_.late);
    return;
  }
  --held_;
  counters_.in_flight.fetch_sub(1, std::memory_order_relaxed);
  if (failure == Failure::kNone) {
    count(counters_.answers);
    counters_.count_latency(uv_hrtime() / 1000 - pending.asked_us);
  } else {
    count(counters_.failures[static_cast<std::size_t>(failure)]);
  }
  const Done done = std::exchange(pending.done, nullptr);
  done(failure, reply);
}

void Client::on_due(Pending& pending) noexcept {
  Reply none;
  tell(pending, Failure::kTimeout, none);  // its place in line stays: an answer may come for it
}

void Client::fail_all(std::deque<std::unique_ptr<Pending>>& from, Failure failure) noexcept {
  // Whoever is told may ask: into another queue than this.
  std::deque<std::unique_ptr<Pending>> failed;
  failed.swap(from);
  for (const auto& pending : failed) {
    held_bytes_ -= pending->bytes;
    Reply none;
    tell(*pending, failure, none);
  }
}

/// Sends what waits, as far as the socket keeps up.
void Client::flush() noexcept {
  if (state_ != State::kReady || waiting_.empty() || wire_->unsent() > kUnsentMax) return;
  batch_.clear();
  while (!waiting_.empty() && batch_.size() <= kUnsentMax) {
    Pending& next = *waiting_.front();
    if (!next.done) {  // its time is over and it was never sent
      held_bytes_ -= next.bytes;
      waiting_.pop_front();
      continue;
    }
    try {
      const std::string text = next.as_text ? next.command.with_text() : std::string();
      if (!batch_.append(next.as_text ? std::string_view(text) : next.command.bytes())) break;
      if (next.command.script() == nullptr) next.command.forget_bytes();
      in_flight_.push_back(nullptr);  // room first: what is sent has a place
    } catch (const std::bad_alloc&) {
      break;
    }
    in_flight_.back() = std::move(waiting_.front());
    waiting_.pop_front();
  }
  if (batch_.empty()) return;
  if (!silence_due_.set()) deadlines_.set(silence_due_, now_ms() + options_.silence_ms);
  wire_->write(batch_.view());
}

void Client::on_bytes(std::string_view bytes) noexcept {
  if (!reader_->feed(bytes)) return lose(Failure::kProtocol, "its answers make no sense");
  Reply reply;
  while (state_ == State::kGreeting || state_ == State::kReady) {
    const ReplyReader::Step step = reader_->next(reply);
    if (step == ReplyReader::Step::kMore) break;
    if (step == ReplyReader::Step::kFault ||
        (state_ == State::kReady && in_flight_.empty())) {
      return lose(Failure::kProtocol, "its answers make no sense");
    }
    if (state_ == State::kReady) {
      take(reply);
    } else if (!take_greeting(reply)) {
      return;
    }
    reply = Reply();
  }
  if (state_ != State::kReady) return;
  if (in_flight_.empty()) {
    deadlines_.clear(silence_due_);
  } else {
    deadlines_.set(silence_due_, now_ms() + options_.silence_ms);
  }
  deadlines_.set(ping_due_, now_ms() + options_.ping_ms);
}

/// The answer to the first in line.
void Client::take(Reply& reply) noexcept {
  std::unique_ptr<Pending> pending = std::move(in_flight_.front());
  in_flight_.pop_front();
  const bool refused = reply.kind == Reply::Kind::kError;
  if (refused && reply.error_word() == "NOSCRIPT" && send_as_text(pending)) return;
  held_bytes_ -= pending->bytes;
  const bool leave = refused && wants_another_server(reply.error_word());
  const std::string word = leave ? word_of(reply) : std::string();
  tell(*pending, refused ? Failure::kRefused : Failure::kNone, reply);
  if (leave && state_ == State::kReady) lose(Failure::kLost, "it answers " + word);
}

/// The server has lost the script: the same again with its text, in front of what was not sent yet.
bool Client::send_as_text(std::unique_ptr<Pending>& pending) {
  if (pending->command.script() == nullptr || pending->as_text || !pending->done) return false;
  pending->as_text = true;
  try {
    waiting_.push_front(nullptr);
  } catch (const std::bad_alloc&) {
    return false;
  }
  waiting_.front() = std::move(pending);
  count(counters_.scripts_sent);
  return true;
}

void Client::ping() noexcept {
  if (state_ != State::kReady) return;
  try {
    if (in_flight_.empty()) {
      ask(Command{"PING"}, now_ms() + options_.silence_ms, [](Failure, Reply&) {});
    }
  } catch (const std::bad_alloc&) {
  }
  deadlines_.set(ping_due_, now_ms() + options_.ping_ms);
}

// --- the loop

void Client::on_prepare() noexcept {
  flush();
  arm();
}

void Client::arm() noexcept {
  const std::uint64_t next_ms = deadlines_.empty() ? UINT64_MAX : deadlines_.next_ms();
  if (next_ms == armed_ms_ || timer_ == nullptr) return;
  armed_ms_ = next_ms;
  if (next_ms == UINT64_MAX) {
    uv_timer_stop(timer_.get());
    return;
  }
  const std::uint64_t wait_ms = next_ms > now_ms() ? next_ms - now_ms() : 0;
  uv_timer_start(
      timer_.get(),
      [](uv_timer_t* timer) {
        if (timer->data != nullptr) static_cast<Client*>(timer->data)->on_timer();
      },
      wait_ms, 0);
}

void Client::on_timer() noexcept {
  armed_ms_ = UINT64_MAX;
  while (state_ != State::kClosed && deadlines_.run_one(now_ms())) {
  }
  arm();
}

}  // namespace proxy::redis
