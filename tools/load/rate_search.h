#pragma once

#include <optional>

namespace load {

/// Finds the highest rate that meets an objective, one probe at a time: doubles until a rate fails,
/// halves the gap until it is narrow, then asks for the winner again, twice as long, as many times
/// as wanted. A winner that fails its confirmation was luck: it becomes the upper bound and the
/// search goes on below it. Pure: the caller runs the probes.
class RateSearch {
 public:
  struct Limits {
    double from = 100;        // requests a second; the first probe
    double to = 1'000'000;    // never probed above
    double precision = 0.05;  // stop when the gap is at most this share of the lower bound
    int confirmations = 2;
    int probes_max = 40;  // the search ends, whatever it found by then
  };
  struct Probe {
    double rate = 0;
    bool confirming = false;
  };

  explicit RateSearch(Limits limits) : limits_(limits) {}

  /// The rate to try next; nothing when the search is over. The same until report() is called.
  std::optional<Probe> next() const;
  /// Tells how the probe of next() went.
  void report(bool met);

  /// The highest confirmed rate, once next() answers nothing; nothing when none was confirmed.
  std::optional<double> found() const;
  /// True when even the ceiling `to` met the objective: the answer is "at least".
  bool at_ceiling() const { return found().has_value() && passed_ >= limits_.to; }

 private:
  bool narrow() const;

  Limits limits_;
  double passed_ = 0;  // highest rate that met the objective; 0: none yet
  double failed_ = 0;  // lowest rate that did not; 0: none yet
  int confirmed_ = 0;
  int probes_ = 0;
  double descent_ = 2;  // by what the next probe below failed_ is divided while nothing has passed
};

}  // namespace load
