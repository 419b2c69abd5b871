#include "proxy/telemetry/access_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <ctime>

#include "core/text/json.h"

namespace proxy::telemetry {
namespace {

using namespace std::string_view_literals;

constexpr auto kWriteInterval = std::chrono::milliseconds(100);
constexpr std::size_t kFlushBytes = 64 << 10;
constexpr std::size_t kLineBytesMax = 4096;
constexpr std::size_t kGenerationsKept = 8;

std::string json_string(std::string_view text) {
  std::string out(core::text::json_escaped_max(text.size()) + 16, '\0');
  out.resize(static_cast<std::size_t>(core::text::write_json_escaped(out.data(), text) - out.data()));
  return '"' + out + '"';
}

int open_file(const std::string& path) {
  return ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
}

}  // namespace

core::Result<std::unique_ptr<AccessLog>, AccessLog::OpenError> AccessLog::open(
    const std::string& file, std::size_t workers) {
  std::unique_ptr<AccessLog> log(new AccessLog);
  if (file == "off") return log;
  if (file == "stdout") {
    log->fd_ = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
  } else if (file == "stderr") {
    log->fd_ = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
  } else {
    log->path_ = file;
    log->fd_ = open_file(file);
  }
  if (log->fd_ < 0) return OpenError{file + ": " + std::strerror(errno)};
  for (std::size_t i = 0; i < workers; ++i) log->rings_.push_back(std::make_unique<AccessRing>());
  log->thread_ = std::thread([raw = log.get()] { raw->run(); });
  return log;
}

AccessLog::~AccessLog() {
  if (thread_.joinable()) {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }
  if (fd_ >= 0) ::close(fd_);
}

void AccessLog::wake() noexcept {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  wake_.notify_one();
}

void AccessLog::introduce(std::uint32_t generation, const core::gate::Snapshot& snapshot) {
  auto names = std::make_shared<Names>();
  names->generation = generation;
  for (const core::gate::Connector& connector : snapshot.connectors) {
    Names::Connector entry;
    entry.connector = ",\"connector\":" + json_string(connector.name);
    for (const core::rules::Rule& rule : connector.program.rules()) {
      entry.rules.push_back(",\"rule\":" + json_string(rule.name));
    }
    names->connectors.push_back(std::move(entry));
  }
  const std::lock_guard lock(mutex_);
  names_.push_back(std::move(names));
  if (names_.size() > kGenerationsKept) names_.erase(names_.begin());
}

void AccessLog::reopen() {
  const std::lock_guard lock(mutex_);
  reopen_ = true;
}

std::uint64_t AccessLog::dropped() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& ring : rings_) sum += ring->dropped();
  return sum;
}

void AccessLog::run() {
  for (;;) {
    bool stopping = false;
    bool reopen = false;
    {
      std::unique_lock lock(mutex_);
      // An absolute system-clock wait: the monotonic variant is one that ThreadSanitizer of the
      // oldest supported compiler does not know.
      wake_.wait_until(lock, std::chrono::system_clock::now() + kWriteInterval,
                       [this] { return woken_ || stopping_; });
      woken_ = false;
      stopping = stopping_;
      reopen = std::exchange(reopen_, false);
      known_ = names_;
    }
    if (reopen && !path_.empty()) {
      const int fresh = open_file(path_);
      if (fresh >= 0) {
        // dup2 keeps the number, so that a failure leaves the old file in use.
        ::dup3(fresh, fd_, O_CLOEXEC);
        ::close(fresh);
      } else {
        write_errors_.fetch_add(1);
      }
    }
    write_waiting();
    if (stopping) return;
  }
}

std::size_t AccessLog::write_waiting() {
  std::size_t written = 0;
  for (std::size_t worker = 0; worker < rings_.size(); ++worker) {
    written += rings_[worker]->drain([&](const AccessRecord& record) { format(record, worker); });
  }
  flush();
  return written;
}

void AccessLog::format(const AccessRecord& record, std::size_t worker) {
  if (text_.empty()) text_.resize(kFlushBytes + kLineBytesMax);
  char* at = text_.data() + text_size_;
  char* const end = at + kLineBytesMax;
  const auto put = [&](std::string_view text) {
    const std::size_t room = static_cast<std::size_t>(end - at);
    const std::size_t size = std::min(text.size(), room);
    std::memcpy(at, text.data(), size);
    at += size;
  };
  const auto put_number = [&](std::string_view label, auto number) {
    put(label);
    at = std::to_chars(at, end, number).ptr;
  };
  const std::int64_t second = record.time_us / 1'000'000;
  if (second != second_) {
    second_ = second;
    const std::time_t seconds = second;
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.", &utc);
    std::memcpy(second_text_.data(), text, second_text_.size());
  }
  put(R"({"time":")"sv);
  put({second_text_.data(), second_text_.size()});
  char micros[6];
  auto rest = static_cast<unsigned>(record.time_us % 1'000'000);
  for (int digit = 5; digit >= 0; --digit, rest /= 10) {
    micros[digit] = static_cast<char>('0' + rest % 10);
  }
  put({micros, sizeof micros});
  put_number(R"(Z","worker":)"sv, worker);
  put(R"(,"remote":")"sv);
  at += record.peer.format(at);
  put("\""sv);
  if (record.connector != AccessRecord::kNoConnector) {
    for (const auto& names : known_) {
      if (names->generation != record.generation) continue;
      const Names::Connector& connector = names->connectors[record.connector];
      put(connector.connector);
      if (record.outcome <= static_cast<std::uint8_t>(core::gate::Outcome::kFault)) {
        put(R"(,"step":")"sv);
        put(core::dialects::b2c_userflow::name(
            static_cast<core::dialects::b2c_userflow::Step>(record.step)));
        put("\""sv);
      }
      if (record.rule >= 0) {
        put(connector.rules[static_cast<std::size_t>(record.rule)]);
      } else if (record.rule == core::rules::Verdict::kOtherwise) {
        put(R"(,"rule":"otherwise")"sv);
      }
    }
  }
  put(R"(,"verdict":")"sv);
  put(core::gate::name(static_cast<core::gate::Outcome>(record.outcome)));
  put_number(R"(","status":)"sv, record.status);
  put_number(R"(,"duration_us":)"sv, record.duration_us);
  put_number(R"(,"bytes_in":)"sv, record.bytes_in);
  put_number(R"(,"bytes_out":)"sv, record.bytes_out);
  put("}\n"sv);
  text_size_ = static_cast<std::size_t>(at - text_.data());
  if (text_size_ >= kFlushBytes) flush();
}

void AccessLog::flush() {
  std::string_view left(text_.data(), text_size_);
  while (!left.empty()) {
    const ssize_t written = ::write(fd_, left.data(), left.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      write_errors_.fetch_add(1);
      break;
    }
    left.remove_prefix(static_cast<std::size_t>(written));
  }
  text_size_ = 0;
}

}  // namespace proxy::telemetry
