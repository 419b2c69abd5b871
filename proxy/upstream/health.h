#pragma once

#include <cstdint>

#include "proxy/upstream/options.h"
#include "proxy/upstream/slow_return.h"

namespace proxy::upstream {

/// What is known of an endpoint's health: from checks (active), and from what became of tries
/// (passive). With checks an ejected endpoint comes back by them; without, after a time that doubles
/// with each ejection that follows another. Pure: time comes in.
class Health {
 public:
  static constexpr std::uint64_t kEjectedMs = 1'000;
  static constexpr std::uint64_t kEjectedMsMax = 30'000;

  explicit Health(const HealthOptions& options) : options_(options) {}
  void adopt(const HealthOptions& options) { options_ = options; }

  bool checked() const noexcept { return !options_.path.empty(); }
  bool ejected() const noexcept { return ejected_; }
  /// Without checks: when it comes back.
  std::uint64_t returns_ms() const noexcept { return returns_ms_; }
  /// The share of its weight that it gets, 0 to 1.
  double share(std::uint64_t now_ms) const noexcept {
    return ejected_ ? 0 : slow_return_.share(now_ms);
  }

  void check_passed(std::uint64_t now_ms) noexcept;
  void check_failed(std::uint64_t now_ms) noexcept;
  void try_succeeded() noexcept;
  /// True when it is to be ejected; the caller asks for it with eject(), because the last endpoint of
  /// a backend stays: the breaker is there for that.
  bool try_failed() noexcept;
  void eject(std::uint64_t now_ms) noexcept;
  /// Without checks: its time is over.
  void come_back(std::uint64_t now_ms) noexcept;

 private:
  HealthOptions options_;
  SlowReturn slow_return_;
  bool ejected_ = false;
  unsigned checks_passed_ = 0, checks_failed_ = 0;  // in a row
  unsigned failures_ = 0;                           // of tries, in a row
  unsigned ejections_ = 0;                          // without a success between them
  std::uint64_t returns_ms_ = 0;
};

}  // namespace proxy::upstream
