// Events as lines of JSON. A line is delivered when fdatasync(2) has said so: whatever waits is written
// and made safe together.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <vector>

#include "proxy/events/sink.h"
#include "proxy/lists/files.h"

namespace proxy::events {
namespace {

constexpr std::size_t kBatchMax = 4096;
constexpr std::size_t kBatchBytesMax = 4 << 20;
constexpr std::uint64_t kAwayMs = 1000;
constexpr mode_t kMode = 0600;

class FileSink final : public Sink {
 public:
  explicit FileSink(std::string path) : path_(std::move(path)) {}
  ~FileSink() override {
    if (fd_ >= 0) ::close(fd_);
  }

  /// Empty, or why it cannot be opened; the file that was open stays open then.
  std::string open() {
    const int fd = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, kMode);
    if (fd < 0) return path_ + ": " + std::strerror(errno);
    struct stat status {};
    if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
      ::close(fd);
      return path_ + ": not a regular file";
    }
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
    return {};
  }

  bool ordered() const noexcept override { return true; }
  std::size_t room() const noexcept override {
    return lines_.size() >= kBatchBytesMax ? 0 : kBatchMax - tickets_.size();
  }
  void offer(Ticket ticket, const core::events::CloudEvent& event) override {
    core::events::append_structured(lines_, event);
    lines_ += '\n';
    tickets_.push_back(ticket);
  }

  void work(std::uint64_t wait_ms, const Settled& settled) override {
    if (tickets_.empty()) {
      std::unique_lock lock(mutex_);
      // An absolute system-clock wait, as in AccessLog::run().
      wake_.wait_until(lock, std::chrono::system_clock::now() + std::chrono::milliseconds(wait_ms),
                       [this] { return woken_; });
      woken_ = false;
      return;
    }
    Outcome outcome;
    if (const std::string why = write(); !why.empty()) {
      outcome = {Outcome::Result::kAway, kAwayMs, why};
    }
    std::vector<Ticket> tickets;
    tickets.swap(tickets_);
    lines_.clear();
    for (const Ticket ticket : tickets) settled(ticket, outcome);
  }

  void wake() noexcept override {
    {
      const std::lock_guard lock(mutex_);
      woken_ = true;
    }
    wake_.notify_one();
  }
  void reopen() override { reopen_failed_ = !open().empty(); }

 private:
  std::string write() {
    if (reopen_failed_) reopen();
    if (reopen_failed_) return path_ + " cannot be opened again";
    struct stat status {};
    const bool known = ::fstat(fd_, &status) == 0;
    if (lists::write_all(fd_, lines_) && ::fdatasync(fd_) == 0) return {};
    const std::string why = path_ + ": " + std::strerror(errno);
    // A disk that is full leaves no half line behind.
    if (known && ::ftruncate(fd_, status.st_size) != 0) return why + ", and it cannot be cut off";
    return why;
  }

  const std::string path_;
  int fd_ = -1;
  bool reopen_failed_ = false;
  std::string lines_;
  std::vector<Ticket> tickets_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool woken_ = false;
};

}  // namespace

core::Result<std::unique_ptr<Sink>, std::string> open_file_sink(const core::config::Sink& settings) {
  auto sink = std::make_unique<FileSink>(settings.file.value);
  if (std::string why = sink->open(); !why.empty()) return why;
  return std::unique_ptr<Sink>(std::move(sink));
}

}  // namespace proxy::events
