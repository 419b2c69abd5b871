#include "tools/load/tally.h"

#include <algorithm>
#include <numeric>

namespace load {
namespace {

template <std::size_t N>
void add_all(std::array<std::uint64_t, N>& to, const std::array<std::uint64_t, N>& from) noexcept {
  for (std::size_t i = 0; i < N; ++i) to[i] += from[i];
}

}  // namespace

std::uint64_t Tally::failed() const noexcept {
  return std::accumulate(errors.begin(), errors.end(), std::uint64_t{0});
}

std::uint64_t Tally::wrong_answers() const noexcept {
  return std::accumulate(wrong.begin(), wrong.end(), std::uint64_t{0});
}

void Tally::add(const Tally& other) noexcept {
  offered += other.offered;
  sent += other.sent;
  not_sent_full += other.not_sent_full;
  not_sent_end += other.not_sent_end;
  answered += other.answered;
  right += other.right;
  abandoned += other.abandoned;
  queued += other.queued;
  attempts_timed_out += other.attempts_timed_out;
  retries += other.retries;
  resent += other.resent;
  add_all(errors, other.errors);
  add_all(wrong, other.wrong);
  add_all(kinds, other.kinds);
  add_all(status_classes, other.status_classes);
}

void TransportTally::add(const TransportTally& other) noexcept {
  opened += other.opened;
  resumed += other.resumed;
  closed_by_server += other.closed_by_server;
  unsolicited += other.unsolicited;
  bytes_out += other.bytes_out;
  bytes_in += other.bytes_in;
}

void Measured::add_example(const std::string& example) {
  if (examples.size() >= kExamplesMax) return;
  if (std::find(examples.begin(), examples.end(), example) == examples.end()) {
    examples.push_back(example);
  }
}

void Measured::merge(const Measured& other) {
  tally.add(other.tally);
  warmup.add(other.warmup);
  transport.add(other.transport);
  response.merge(other.response);
  service.merge(other.service);
  lag.merge(other.lag);
  if (phases.size() < other.phases.size()) phases.resize(other.phases.size());
  for (std::size_t i = 0; i < other.phases.size(); ++i) {
    phases[i].offered += other.phases[i].offered;
    phases[i].answered += other.phases[i].answered;
    phases[i].failed += other.phases[i].failed;
    phases[i].not_sent += other.phases[i].not_sent;
    phases[i].response.merge(other.phases[i].response);
  }
  for (const std::string& example : other.examples) add_example(example);
  ended_ns = std::max(ended_ns, other.ended_ns);
  cpu_ns += other.cpu_ns;
  spun_ns += other.spun_ns;
}

}  // namespace load
