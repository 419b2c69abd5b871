#include "proxy/capture/capture.h"

#include <fcntl.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "core/bridge/bodies.h"
#include "core/dialects/step.h"
#include "core/gate/gate.h"
#include "core/gate/policy.h"
#include "core/text/json.h"
#include "proxy/lists/files.h"

namespace proxy::capture {
namespace {

constexpr auto kWriteInterval = std::chrono::milliseconds(100);
constexpr std::size_t kGenerationsKept = 8;
constexpr std::size_t kSecretBytes = 32;
constexpr mode_t kMode = 0600;

/// The configured one, else a new random one; empty when there is no randomness to be had.
std::string secret_of(const core::config::Capture& settings) {
  if (!settings.secret.value.empty()) return settings.secret.value;
  std::string secret(kSecretBytes, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(secret.data()), kSecretBytes) != 1) return {};
  return secret;
}

std::vector<std::string> texts_of(const std::vector<core::config::Text>& texts) {
  std::vector<std::string> values;
  for (const core::config::Text& text : texts) values.push_back(text.value);
  return values;
}

/// "2026-11-26T10:00:00.123Z"
std::string moment(std::int64_t time_us) {
  const std::time_t seconds = time_us / 1'000'000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char date[32];
  std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
  char fraction[8];
  std::snprintf(fraction, sizeof fraction, ".%03dZ", static_cast<int>(time_us / 1000 % 1000));
  return std::string(date) + fraction;
}

}  // namespace

Capture::Capture(const core::config::Capture& settings, std::string secret)
    : path_(settings.file.value),
      share_(settings.share),
      bytes_max_(static_cast<std::uint64_t>(settings.bytes)),
      when_full_(settings.when_full),
      connectors_(texts_of(settings.connectors)),
      redactor_(texts_of(settings.keep), std::move(secret)) {}

core::Result<std::unique_ptr<Capture>, Capture::OpenError> Capture::open(
    const core::config::Capture& settings, std::size_t workers) {
  std::string secret = secret_of(settings);
  // Pseudonyms without a secret could be computed by anybody.
  if (secret.empty()) return OpenError{"no random bytes for the secret of the pseudonyms"};
  std::unique_ptr<Capture> capture(new Capture(settings, std::move(secret)));
  if (std::string why = capture->open_file(); !why.empty()) return OpenError{std::move(why)};
  for (std::size_t i = 0; i < workers; ++i) capture->rings_.push_back(std::make_unique<Ring>());
  capture->rounds_.start(kWriteInterval, [raw = capture.get()](bool) { raw->round(); });
  return capture;
}

Capture::~Capture() {
  rounds_.stop();
  if (fd_ >= 0) ::close(fd_);
}

/// Opens the file, perhaps a second time. Empty when it is open, else why not; the one that was
/// open stays open then.
std::string Capture::open_file() {
  const int fd =
      ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, kMode);
  if (fd < 0) return path_ + ": " + std::strerror(errno);
  struct stat status {};
  // A file that was there before may be readable by others, and could be a device.
  if (::fstat(fd, &status) != 0 || ::fchmod(fd, kMode) != 0) {
    const std::string why = path_ + ": " + std::strerror(errno);
    ::close(fd);
    return why;
  }
  if (!S_ISREG(status.st_mode)) {
    ::close(fd);
    return path_ + ": not a regular file";
  }
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
  size_ = static_cast<std::uint64_t>(status.st_size);
  full_.store(when_full_ == core::config::Capture::WhenFull::kStop && size_ >= bytes_max_);
  return {};
}

bool Capture::wants(const std::string& connector) const {
  return connectors_.empty() ||
         std::find(connectors_.begin(), connectors_.end(), connector) != connectors_.end();
}

void Capture::introduce(std::uint32_t generation, const core::gate::Snapshot& snapshot) {
  auto names = std::make_shared<Names>();
  names->generation = generation;
  for (const core::gate::Connector& connector : snapshot.connectors) {
    Names::Connector entry;
    entry.name = core::text::json_quoted(connector.name);
    entry.events = connector.terms.dialect == core::config::DialectName::kExtId;
    for (const core::rules::Rule& rule : connector.program.rules()) {
      entry.rules.push_back(core::text::json_quoted(rule.name));
    }
    names->connectors.push_back(std::move(entry));
  }
  const std::lock_guard lock(names_mutex_);
  names_.push_back(std::move(names));
  if (names_.size() > kGenerationsKept) names_.erase(names_.begin());
}

void Capture::reopen() {
  const std::lock_guard lock(names_mutex_);
  reopen_ = true;
}

std::uint64_t Capture::dropped() const noexcept {
  std::uint64_t sum = lost_.load();
  for (const auto& ring : rings_) sum += ring->dropped();
  return sum;
}

void Capture::round() {
  bool reopen = false;
  {
    const std::lock_guard lock(names_mutex_);
    reopen = std::exchange(reopen_, false);
    known_ = names_;
  }
  if (reopen && !open_file().empty()) write_errors_.fetch_add(1);
  write_waiting();
}

void Capture::write_waiting() {
  for (const auto& ring : rings_) {
    ring->drain([this](const Record& record, std::string_view body) { write(record, body); });
  }
}

/// False when the file cannot take `size` bytes more.
bool Capture::make_room(std::size_t size) {
  if (size_ + size <= bytes_max_) return true;
  if (when_full_ == core::config::Capture::WhenFull::kStop || size > bytes_max_) {
    full_.store(when_full_ == core::config::Capture::WhenFull::kStop);
    return false;
  }
  if (std::rename(path_.c_str(), (path_ + ".1").c_str()) != 0 || !open_file().empty()) {
    write_errors_.fetch_add(1);
    return false;
  }
  return size_ + size <= bytes_max_;
}

void Capture::write(const Record& record, std::string_view body) {
  using core::rules::Verdict;
  const Names* names = nullptr;
  for (const auto& known : known_) {
    if (known->generation == record.generation) names = known.get();
  }
  if (full_.load() || names == nullptr) {
    lost_.fetch_add(1);
    return;
  }
  const Names::Connector& connector = names->connectors[record.connector];
  line_ = "{\"time\":\"" + moment(record.time_us) + "\",\"connector\":" + connector.name;
  const auto step = static_cast<core::dialects::Step>(record.step);
  if (step != core::dialects::Step::kUnknown) {
    line_.append(",\"step\":\"").append(core::dialects::name(step)).append("\"");
  }
  line_.append(",\"verdict\":\"")
      .append(core::gate::name(static_cast<core::gate::Outcome>(record.outcome)))
      .append("\"");
  if (record.rule >= 0) {
    line_ += ",\"rule\":" + connector.rules[static_cast<std::size_t>(record.rule)];
  } else if (record.rule == Verdict::kOtherwise) {
    line_.append(",\"rule\":\"").append(core::gate::kOtherwiseRule).append("\"");
  }
  line_ += ',';
  std::optional<core::bridge::Body> flat;  // an event is captured as the claims it carries
  if (connector.events) flat = core::bridge::flow_request(body);
  const bool readable =
      connector.events ? flat && redactor_.append(flat->json, line_) : redactor_.append(body, line_);
  line_ += "}\n";
  if (!readable || !make_room(line_.size())) {
    lost_.fetch_add(1);
  } else if (lists::write_all(fd_, line_)) {
    size_ += line_.size();
    written_.fetch_add(1);
  } else {
    // A disk that is full leaves no half line behind.
    write_errors_.fetch_add(1);
    lost_.fetch_add(1);
    if (::ftruncate(fd_, static_cast<off_t>(size_)) != 0) full_.store(true);
  }
}

}  // namespace proxy::capture
