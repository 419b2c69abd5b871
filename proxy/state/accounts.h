#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "proxy/state/approvals.h"
#include "proxy/state/graph_client.h"

namespace proxy::state {

/// Creates the accounts of approved people, behind the decision and off every request's way: a thread that
/// works off what the store says is wanted, so that it goes on where it was after a restart. Tries again
/// with growing pauses; what became of it stands in the approval's trail.
class Accounts {
 public:
  /// `graphs` by the names of approvals. The store outlives this.
  Accounts(Approvals& approvals, Store& store, std::map<std::string, GraphOptions, std::less<>> graphs);
  ~Accounts();
  Accounts(const Accounts&) = delete;
  Accounts& operator=(const Accounts&) = delete;

  /// Whether approvals of that name get accounts. Any thread.
  bool wants(std::string_view name) const { return clients_.find(name) != clients_.end(); }
  /// Something was approved. Any thread.
  void wake() noexcept;
  /// Cuts calls short and ends. What was not finished is begun again at the next start.
  void stop() noexcept;

  static constexpr std::uint32_t kTriesMax = 20;  // over about 12 hours

 private:
  void run();
  /// Works off what is due; when the next is, 0 when none is known.
  std::int64_t work(std::int64_t now_s);
  /// False when what became of it could not be kept.
  bool carry_out(const Row& row, std::int64_t now_s);

  Approvals& approvals_;
  Store& store_;
  std::atomic<bool> stop_{false};
  std::map<std::string, std::unique_ptr<GraphClient>, std::less<>> clients_;  // the thread's, but for the names
  std::mutex mutex_;
  std::condition_variable wake_;
  bool woken_ = false;
  std::thread thread_;
};

}  // namespace proxy::state
