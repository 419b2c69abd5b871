#include "proxy/audit/audit_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>

#include "core/dialects/step.h"
#include "core/events/cloud_event.h"
#include "core/events/render.h"
#include "proxy/audit/files.h"
#include "proxy/lists/files.h"
#include "proxy/log.h"

namespace proxy::audit {
namespace {

constexpr auto kWriteInterval = std::chrono::milliseconds(100);
constexpr std::size_t kFlushBytes = 256 << 10;
constexpr std::int64_t kUsPerDay = 86'400'000'000;
constexpr mode_t kMode = 0600, kDirectoryMode = 0700;

std::vector<std::string> keys_of(const core::config::Config& config) {
  std::vector<std::string> keys;
  for (const core::config::Text& key : config.pseudonyms.keys) keys.push_back(key.value);
  return keys;
}

}  // namespace

void AuditLog::Witness::note(const core::gate::Report& report, const core::gate::Snapshot& snapshot,
                             core::rules::Evaluation& evaluation, std::uint32_t generation,
                             std::int64_t time_us) noexcept {
  if (report.connector == nullptr || report.outcome > core::gate::Outcome::kFault) return;
  std::size_t size = core::events::take_values(snapshot.person, evaluation, values_.get(), kValuesMax);
  if (size > kValuesMax) size = 0;
  Record record;
  record.time_us = time_us;
  record.generation = generation;
  record.rule = report.rule;
  record.connector = static_cast<std::uint16_t>(report.connector->index);
  record.step = static_cast<std::uint8_t>(report.step);
  record.outcome = static_cast<std::uint8_t>(report.outcome);
  record.source = static_cast<std::uint8_t>(report.source);
  ring_.push(record, {values_.get(), size});
  if (ring_.wants_writer()) log_.rounds_.wake();
}

AuditLog::AuditLog(const core::config::Config& config, std::size_t workers)
    : directory_(config.audit.directory.value),
      keep_days_(std::chrono::duration_cast<std::chrono::hours>(config.audit.keep).count() / 24),
      pseudonyms_(keys_of(config)),
      chain_(config.pseudonyms.keys.empty() ? std::string_view()
                                            : std::string_view(config.pseudonyms.keys.front().value)) {
  for (std::size_t i = 0; i < workers; ++i) witnesses_.push_back(std::make_unique<Witness>(*this));
}

core::Result<std::unique_ptr<AuditLog>, std::string> AuditLog::open(const core::config::Config& config,
                                                                    std::size_t workers) {
  std::unique_ptr<AuditLog> log(new AuditLog(config, workers));
  const std::string& directory = log->directory_;
  if (::mkdir(directory.c_str(), kDirectoryMode) != 0 && errno != EEXIST) {
    return directory + ": " + std::strerror(errno);
  }
  const auto days = days_in(directory);
  if (!days) return directory + ": " + std::strerror(errno);
  const std::int64_t today = std::time(nullptr) / 86'400;
  if (!days->empty()) {
    // The last line of the last file that has one is where the chain goes on.
    for (auto day = days->rbegin(); day != days->rend(); ++day) {
      const std::string path = directory + "/" + file_name(*day);
      const auto tail = tail_of(path);
      if (!tail) return path + ": " + std::strerror(errno);
      if (tail->broken != 0) {
        log::warn("audit: {} bytes of a line that was never finished are cut off {}", tail->broken, path);
        if (::truncate(path.c_str(), static_cast<off_t>(tail->whole)) != 0) {
          return path + ": " + std::strerror(errno);
        }
      }
      if (tail->line.empty()) continue;
      const auto head = core::audit::chain_of(tail->line);
      if (!head) return path + ": its last line is none of a chain; move the file away";
      log->chain_.set_head(std::string(*head));
      break;
    }
  }
  log->written_head_ = log->chain_.head();
  if (std::string why = log->open_day(today); !why.empty()) return why;
  log->remove_old(today);
  log->rounds_.start(kWriteInterval, [raw = log.get()](bool last) {
    raw->write_waiting();
    if (last) ::fdatasync(raw->fd_);
  });
  return log;
}

AuditLog::~AuditLog() {
  rounds_.stop();
  if (fd_ >= 0) ::close(fd_);
}

std::uint64_t AuditLog::lost() const noexcept {
  std::uint64_t sum = lost_.load(std::memory_order_relaxed);
  for (const auto& witness : witnesses_) sum += witness->ring_.dropped();
  return sum;
}

/// Empty, or why the file cannot be opened; the one that was open stays open then.
std::string AuditLog::open_day(std::int64_t day) {
  const std::string path = directory_ + "/" + file_name(day);
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, kMode);
  if (fd < 0) return path + ": " + std::strerror(errno);
  if (fd_ >= 0) {
    ::fdatasync(fd_);
    ::close(fd_);
  }
  fd_ = fd;
  day_ = day;
  return {};
}

void AuditLog::write_waiting() {
  const std::int64_t today = std::time(nullptr) / 86'400;
  if (today != day_) {
    if (const std::string why = open_day(today); !why.empty()) {
      write_errors_.fetch_add(1, std::memory_order_relaxed);  // goes on in yesterday's
    } else {
      remove_old(today);
    }
  }
  for (const auto& witness : witnesses_) {
    witness->ring_.drain([this](const Record& record, std::string_view values) { write(record, values); });
    write_lost(*witness);
  }
  flush();
}

void AuditLog::begin_line(std::int64_t time_us) {
  line_.assign(R"({"time":")");
  core::events::append_time(line_, time_us);
  line_ += '"';
}

/// Verdicts that are missing here, so that a gap is a line of the chain itself.
void AuditLog::write_lost(Witness& witness) {
  const std::uint64_t lost = witness.ring_.dropped() - witness.told_lost_;
  if (lost + unwritten_ == 0) return;
  begin_line(std::time(nullptr) * 1'000'000);
  line_ += R"(,"lost":)" + std::to_string(lost + unwritten_);
  witness.told_lost_ += lost;
  unwritten_ = 0;
  chain_.seal(line_);
  lines_ += line_;
}

void AuditLog::write(const Record& record, std::string_view values) {
  if (known_ == nullptr || known_->generation != record.generation) {
    known_ = names_.find(record.generation);
  }
  if (known_ == nullptr) {
    lost_.fetch_add(1, std::memory_order_relaxed);
    ++unwritten_;
    return;
  }
  begin_line(record.time_us);
  line_ += R"(,"connector":")" + known_->connectors[record.connector].name + '"';
  const auto step = static_cast<core::dialects::Step>(record.step);
  if (step != core::dialects::Step::kUnknown) {
    line_.append(R"(,"step":")").append(core::dialects::name(step)).append("\"");
  }
  line_.append(R"(,"verdict":")")
      .append(core::gate::name(static_cast<core::gate::Outcome>(record.outcome)))
      .append("\"");
  if (const std::string_view rule = known_->rule(record.connector, record.rule); !rule.empty()) {
    line_.append(R"(,"rule":)").append(rule);
  }
  if (record.source != static_cast<std::uint8_t>(core::gate::Source::kRules)) {
    line_.append(R"(,"source":")")
        .append(core::gate::name(static_cast<core::gate::Source>(record.source)))
        .append("\"");
  }
  if (!values.empty() && core::events::read_values(values, known_->person_values, values_)) {
    person_.resize(values_.size());
    for (std::uint32_t i = 0; i < person_.size(); ++i) person_[i] = i;
    const std::size_t before = line_.size();
    line_ += R"(,"person":")";
    const std::size_t begin = line_.size();
    core::events::append_hash_of(line_, values_, person_, pseudonyms_);
    if (line_.size() == begin) {
      line_.resize(before);
    } else {
      line_ += '"';
    }
  }
  chain_.seal(line_);
  lines_ += line_;
  ++lines_count_;
  if (lines_.size() >= kFlushBytes) flush();
}

void AuditLog::flush() {
  if (lines_.empty()) return;
  struct stat status {};
  const bool known = ::fstat(fd_, &status) == 0;
  if (lists::write_all(fd_, lines_)) {
    written_.fetch_add(lines_count_, std::memory_order_relaxed);
    written_head_ = chain_.head();
  } else {
    // A disk that is full leaves no half line behind; the chain goes on from what is there, and its next
    // line says how many are missing.
    if (write_errors_.fetch_add(1, std::memory_order_relaxed) == 0) {
      log::error("audit: {}: {}", directory_, std::strerror(errno));
    }
    if (known && ::ftruncate(fd_, status.st_size) != 0) log::error("audit: a line is half written");
    lost_.fetch_add(lines_count_, std::memory_order_relaxed);
    unwritten_ += lines_count_;
    chain_.set_head(written_head_);
  }
  lines_.clear();
  lines_count_ = 0;
}

/// Removes the files of days that are over `keep`. The chain of what is left begins with the head that
/// the last removed one ended in, which is kept (write_begin()).
void AuditLog::remove_old(std::int64_t today) {
  if (keep_days_ == 0) return;
  const auto days = days_in(directory_);
  if (!days) return;
  for (const std::int64_t day : *days) {
    if (day + keep_days_ >= today) break;
    const std::string path = directory_ + "/" + file_name(day);
    // First: a file that is still there and ends in that is known to be over.
    const auto tail = tail_of(path);
    const auto head = tail ? core::audit::chain_of(tail->line) : std::nullopt;
    if (head && !write_begin(directory_, *head)) {
      write_errors_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    if (::unlink(path.c_str()) == 0) {
      log::info("audit: {} is over its time and removed", path);
    } else {
      write_errors_.fetch_add(1, std::memory_order_relaxed);
    }
  }
}

}  // namespace proxy::audit
