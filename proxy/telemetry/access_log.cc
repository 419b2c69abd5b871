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
constexpr std::size_t kBufferBytes = 64 << 10;
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
  log->rounds_.start(kWriteInterval, [raw = log.get()](bool) { raw->round(); });
  return log;
}

AccessLog::~AccessLog() {
  rounds_.stop();
  if (fd_ >= 0) ::close(fd_);
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
    if (connector.shadow_program != nullptr) {
      for (const core::rules::Rule& rule : connector.shadow_program->rules()) {
        entry.shadow_rules.push_back(",\"shadow_rule\":" + json_string(rule.name));
      }
    }
    for (const std::string& tag : connector.program.tags()) entry.tags.push_back(json_string(tag));
    names->connectors.push_back(std::move(entry));
  }
  const std::lock_guard lock(names_mutex_);
  names_.push_back(std::move(names));
  if (names_.size() > kGenerationsKept) names_.erase(names_.begin());
}

void AccessLog::reopen() {
  const std::lock_guard lock(names_mutex_);
  reopen_ = true;
}

std::uint64_t AccessLog::dropped() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& ring : rings_) sum += ring->dropped();
  return sum;
}

void AccessLog::round() {
  bool reopen = false;
  {
    const std::lock_guard lock(names_mutex_);
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
}

std::size_t AccessLog::write_waiting() {
  std::size_t written = 0;
  for (std::size_t worker = 0; worker < rings_.size(); ++worker) {
    written += rings_[worker]->drain([&](const AccessRecord& record) { format(record, worker); });
  }
  flush();
  return written;
}

/// Everything in a line that comes from the configuration and repeats from line to line.
const std::string& AccessLog::names_of(const AccessRecord& record) {
  // Traffic has few kinds of lines at a time: one for each rule that decides.
  Rendered& rendered = rendered_[static_cast<std::uint32_t>(record.rule) % rendered_.size()];
  if (rendered.text.empty() || !record.same_names(rendered.record)) {
    rendered.record = record;
    render_names(record, rendered.text);
  }
  return rendered.text;
}

void AccessLog::render_names(const AccessRecord& record, std::string& text) const {
  text.clear();
  if (record.connector != AccessRecord::kNoConnector) {
    for (const auto& names : known_) {
      if (names->generation != record.generation) continue;
      const Names::Connector& connector = names->connectors[record.connector];
      text += connector.connector;
      if (record.outcome <= static_cast<std::uint8_t>(core::gate::Outcome::kFault)) {
        text += R"(,"step":")";
        text += core::dialects::name(static_cast<core::dialects::Step>(record.step));
        text += '"';
      }
      if (record.rule >= 0) {
        text += connector.rules[static_cast<std::size_t>(record.rule)];
      } else if (record.rule == core::rules::Verdict::kOtherwise) {
        text += R"(,"rule":"otherwise")";
      }
      if (record.shadow != 0) {
        text += R"(,"shadow":")";
        text += core::gate::name(static_cast<core::gate::Outcome>(record.shadow - 1));
        text += '"';
        if (record.shadow_rule >= 0) {
          text += connector.shadow_rules[static_cast<std::size_t>(record.shadow_rule)];
        }
      }
      if (record.tags != 0) {
        text += R"(,"tags":[)";
        const char* separator = "";
        for (std::size_t tag = 0; tag < connector.tags.size(); ++tag) {
          if ((record.tags >> tag & 1) == 0) continue;
          text += separator + connector.tags[tag];
          separator = ",";
        }
        text += ']';
      }
    }
  }
  text += R"(,"verdict":")";
  text += core::gate::name(static_cast<core::gate::Outcome>(record.outcome));
  text += '"';
  if (record.source != static_cast<std::uint8_t>(core::gate::Source::kRules)) {
    text += R"(,"source":")";
    text += core::gate::name(static_cast<core::gate::Source>(record.source));
    text += '"';
  }
  text += R"(,"status":)" + std::to_string(record.status) + R"(,"duration_us":)";
}

void AccessLog::render_second(std::int64_t second) {
  second_ = second;
  const std::time_t seconds = second;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.", &utc);
  second_text_ = std::string(R"({"time":")") + text;
}

void AccessLog::format(const AccessRecord& record, std::size_t worker) {
  const std::int64_t second = record.time_us / 1'000'000;
  if (second != second_) render_second(second);
  const std::string& names = names_of(record);
  constexpr std::size_t kNumbersMax = 256;  // what is neither names nor second
  if (text_.empty()) text_.resize(kBufferBytes);
  if (text_.size() - text_size_ < names.size() + second_text_.size() + kNumbersMax) {
    flush();
    if (text_.size() < names.size() + second_text_.size() + kNumbersMax) {
      text_.resize(names.size() + second_text_.size() + kNumbersMax);
    }
  }
  char* at = text_.data() + text_size_;
  const auto put = [&](std::string_view text) {
    std::memcpy(at, text.data(), text.size());
    at += text.size();
  };
  const auto put_number = [&](auto number) { at = std::to_chars(at, at + 20, number).ptr; };
  put(second_text_);
  auto rest = static_cast<unsigned>(record.time_us % 1'000'000);
  for (int digit = 5; digit >= 0; --digit, rest /= 10) {
    at[digit] = static_cast<char>('0' + rest % 10);
  }
  at += 6;
  put(R"(Z","worker":)"sv);
  put_number(worker);
  put(R"(,"remote":")"sv);
  at += record.peer.format(at);
  put("\""sv);
  put(names);
  put_number(record.duration_us);
  if (record.backend_us != 0) {
    put(R"(,"backend_us":)"sv);
    put_number(record.backend_us);
  }
  put(R"(,"bytes_in":)"sv);
  put_number(record.bytes_in);
  put(R"(,"bytes_out":)"sv);
  put_number(record.bytes_out);
  put("}\n"sv);
  text_size_ = static_cast<std::size_t>(at - text_.data());
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
