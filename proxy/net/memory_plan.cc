#include "proxy/net/memory_plan.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace proxy::net {
namespace {

constexpr std::size_t kKiB = 1 << 10;
constexpr std::size_t kMiB = 1 << 20;

// Code and tables of libraries that are read when they are first used.
constexpr std::size_t kUnreadBytes = 16 * kMiB;
// Of a worker whatever it serves: buffers of reads and answers, the access log's ring, spare readers.
constexpr std::size_t kWorkerBytes = 3 * kMiB;
// And as often a body with room for what is computed (Gate::kScratchBytes): the gate's arena, answers
// plain and sealed.
constexpr std::size_t kBodiesOfWorker = 4;
constexpr std::size_t kScratchBytes = 256 * kKiB;
// Messages of the largest size that a worker holds at once: far more that are usual.
constexpr std::size_t kLargestMessages = 128;
constexpr std::size_t kWaitingBytes = 4 * kKiB;  // a usual request that waits, with its body
// Of a worker that asks backends: buffers of reads, room for answers that is used again.
constexpr std::size_t kAskerBytes = 1 * kMiB;
// And the one answer that is being read: decompressed (1), in UTF-8 (1), simdjson's document of it (14).
constexpr std::size_t kBodiesOfAnswer = 16;
constexpr std::size_t kUnderWayBytes = 8 * kKiB;  // a usual question with its answer
constexpr std::size_t kLargestAnswers = 16;       // of the largest size at once
// What an allocator loses between blocks that are in use.
constexpr std::size_t kLossDivisor = 4;
// The least that a worker can work with.
constexpr std::size_t kLeastMessages = 4;
constexpr std::size_t kLeastConnections = 64;

std::string amount(std::size_t bytes) {
  char text[32];
  if (bytes < kMiB) {
    std::snprintf(text, sizeof text, "%zu KiB", (bytes + kKiB - 1) / kKiB);
  } else {
    const std::size_t tenths = (bytes * 10 + kMiB - 1) / kMiB;
    std::snprintf(text, sizeof text, "%zu.%zu MiB", tenths / 10, tenths % 10);
  }
  return text;
}

std::size_t scaled(std::size_t bytes, double by) noexcept {
  return static_cast<std::size_t>(static_cast<double>(bytes) * by);
}

}  // namespace

MemoryPlan plan_memory(const MemoryNeeds& needs) {
  const auto head = static_cast<std::size_t>(needs.limits.head_bytes);
  const auto body = static_cast<std::size_t>(needs.limits.body_bytes);
  const auto pending = static_cast<std::size_t>(needs.limits.pending);
  const std::size_t handshakes = std::min(static_cast<std::size_t>(needs.limits.tls_handshakes), needs.connections);
  const std::size_t each = Memory::kConnectionBytes + (needs.tls ? Memory::kSessionBytes : 0);
  const std::size_t begun = (needs.tls ? Memory::kHandshakeBytes - Memory::kSessionBytes : 0) +
                            (needs.fronted ? Memory::kProxyHeaderBytes : 0);

  Memory::Bounds usual;
  usual.connections = needs.connections * each + handshakes * begun;
  usual.messages = kLargestMessages * (head + body);
  usual.waiting = needs.asks ? pending * std::max(kWaitingBytes, Memory::kWaitingBytes) : 0;
  usual.backends = needs.asks ? needs.in_flight * kUnderWayBytes + kLargestAnswers * needs.answer_bytes : 0;
  const std::size_t asking = needs.asks ? kAskerBytes + kBodiesOfAnswer * needs.response_bytes : 0;
  const std::size_t scratch = kWorkerBytes + kBodiesOfWorker * (body + kScratchBytes) + asking;
  const std::size_t fixed = needs.program_bytes + needs.reload_bytes + kUnreadBytes +
                            needs.decision_bytes + needs.counter_bytes + needs.question_bytes + needs.link_bytes +
                            needs.workers * (scratch + needs.token_bytes);
  const auto with_loss = [](std::size_t bytes) { return bytes + bytes / kLossDivisor; };
  const std::size_t moving = needs.workers * with_loss(usual.sum());

  MemoryPlan plan;
  // One part in so many of each bound must be there.
  const double least_share =
      std::max(static_cast<double>(kLeastMessages) / static_cast<double>(kLargestMessages),
               static_cast<double>(std::min(kLeastConnections, needs.connections)) /
                   static_cast<double>(needs.connections));
  plan.least = fixed + scaled(moving, least_share);
  const auto asked = static_cast<std::size_t>(needs.limits.memory);
  plan.bytes = asked == 0 ? fixed + moving : asked;
  const double share = asked == 0 ? 1.0
                       : asked <= fixed
                           ? 0.0
                           : static_cast<double>(asked - fixed) / static_cast<double>(moving);
  plan.worker = {scaled(usual.connections, share), scaled(usual.messages, share),
                 scaled(usual.waiting, share), scaled(usual.backends, share)};

  const std::string workers = std::to_string(needs.workers) + " workers x ";
  const auto line = [&](std::size_t bytes, const std::string& words) {
    plan.lines.push_back(amount(bytes) + " " + words);
  };
  line(needs.program_bytes + needs.reload_bytes + kUnreadBytes,
       "program, configuration and lists: " + amount(needs.program_bytes) + ", " +
           amount(needs.reload_bytes) + " again while a reload replaces them, " +
           amount(kUnreadBytes) + " of libraries not read yet");
  line(needs.decision_bytes, "decisions: decision_cache.bytes");
  if (needs.counter_bytes != 0) line(needs.counter_bytes, "counters: limits.velocity");
  if (needs.question_bytes != 0) {
    line(needs.question_bytes, "state: what approvals are asked, with the claims that they keep");
  }
  if (needs.link_bytes != 0) line(needs.link_bytes, "state: commands on their way to Redis, and its answers");
  std::string buffers = "buffers: " + workers + "(" + amount(kWorkerBytes) + " + " +
                        std::to_string(kBodiesOfWorker) + " x (" + amount(body) + " body_bytes + " +
                        amount(kScratchBytes) + ")";
  if (needs.asks) {
    buffers += " + " + amount(kAskerBytes) + " + " + std::to_string(kBodiesOfAnswer) + " x " +
               amount(needs.response_bytes) + " response_bytes";
  }
  line(needs.workers * scratch, buffers + ")");
  if (needs.token_bytes != 0) {
    line(needs.workers * needs.token_bytes,
         "tokens of callers: " + workers + "(" + std::to_string(needs.limits.tokens_remembered) +
             " tokens_remembered, and what reads " +
             amount(static_cast<std::size_t>(needs.limits.token_bytes)) + " token_bytes)");
  }
  std::string connections = "connections: " + workers + "(" + std::to_string(needs.connections) +
                            " connections x " + amount(each);
  if (begun != 0) {
    connections += " + " + std::to_string(handshakes) + " tls_handshakes x " + amount(begun);
  }
  line(needs.workers * usual.connections, connections + ")");
  line(needs.workers * usual.messages, "messages in pieces, answers not taken: " + workers +
                                           std::to_string(kLargestMessages) + " x (" + amount(head) +
                                           " head_bytes + " + amount(body) + " body_bytes)");
  if (needs.asks) {
    line(needs.workers * usual.waiting, "requests that wait: " + workers + std::to_string(pending) +
                                            " pending x " + amount(kWaitingBytes));
    line(needs.workers * usual.backends,
         "questions and answers of backends: " + workers + "(" + std::to_string(needs.in_flight) +
             " in_flight x " + amount(kUnderWayBytes) + " + " + std::to_string(kLargestAnswers) + " x " +
             amount(needs.answer_bytes) + " header_bytes and response_bytes)");
  }
  line(moving - needs.workers * usual.sum(), "lost between blocks: a quarter of connections, messages, requests and answers");
  if (asked != 0) {
    plan.lines.push_back("limits.memory: connections, messages, requests and answers get " +
                         std::to_string(static_cast<std::size_t>(share * 100)) + " % of that");
  }
  return plan;
}

std::size_t resident_bytes() {
  std::FILE* const file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  std::size_t all = 0, resident = 0;
  const int read = std::fscanf(file, "%zu %zu", &all, &resident);
  std::fclose(file);
  return read == 2 ? resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) : 0;
}

}  // namespace proxy::net
