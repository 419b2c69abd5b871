#include "proxy/state/accounts.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <utility>
#include <vector>

#include "proxy/log.h"
#include "proxy/state/blocking.h"

namespace proxy::state {
namespace {

constexpr std::size_t kPage = 100;
constexpr std::int64_t kLookEveryS = 30;

}  // namespace

Accounts::Accounts(Approvals& approvals, Store& store, std::map<std::string, GraphOptions, std::less<>> graphs)
    : approvals_(approvals), store_(store) {
  for (auto& [name, options] : graphs) {
    clients_.emplace(name, std::make_unique<GraphClient>(std::move(options), stop_));
  }
  thread_ = std::thread([this] { run(); });
}

Accounts::~Accounts() { stop(); }

void Accounts::wake() noexcept {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  wake_.notify_one();
}

void Accounts::stop() noexcept {
  stop_.store(true, std::memory_order_relaxed);
  wake();
  if (thread_.joinable()) thread_.join();
}

void Accounts::run() {
  while (!stop_.load(std::memory_order_relaxed)) {
    const std::int64_t now_s = std::time(nullptr);
    const std::int64_t next_s = work(now_s);
    const std::int64_t wait_s = next_s == 0 ? kLookEveryS : std::clamp<std::int64_t>(next_s - now_s, 1, kLookEveryS);
    std::unique_lock lock(mutex_);
    wake_.wait_until(lock, std::chrono::steady_clock::now() + std::chrono::seconds(wait_s), [this] { return woken_; });
    woken_ = false;
  }
}

std::int64_t Accounts::work(std::int64_t now_s) {
  using Rows = std::vector<Row>;
  const Rows rows = wait_for<Rows>(
      [this](auto done) {
        store_.scan(std::string(Approvals::kAccountsTable), {}, kPage,
                    [done](Failure, Rows found) { done(std::move(found)); });
      },
      {});
  for (const Row& row : rows) {
    if (stop_.load(std::memory_order_relaxed)) return 0;
    const std::int64_t due_s = Approvals::due_time(row.key);
    if (due_s > now_s) return due_s;  // in their order: so are all behind it
    if (!carry_out(row, now_s)) return 0;  // the state is away: it would be asked for again and again
  }
  return rows.empty() ? 0 : now_s;  // what is to be tried again has a time by now
}

bool Accounts::carry_out(const Row& row, std::int64_t now_s) {
  const auto [name, id] = Approvals::named_by(row.key);
  const auto client = clients_.find(name);
  const Approvals::Found found = wait_for<Approvals::Found>(
      [&, &name = name, &id = id](auto done) { approvals_.find(name, id, std::move(done)); }, {Failure::kTimeout, {}, {}});
  if (found.failure != Failure::kNone && found.failure != Failure::kCorrupt) return false;
  GraphClient::Created created{core::approvals::CallOutcome::kRefused, "the claims cannot be read"};
  if (client == clients_.end()) {
    created.why = "no graph is configured any more";
  } else if (std::optional<std::string> claims = approvals_.claims_of(name, found); claims) {
    created = client->second->create(*claims, now_s);
    core::wipe(*claims);
  }
  if (stop_.load(std::memory_order_relaxed) && created.outcome == core::approvals::CallOutcome::kRetry) {
    return false;
  }
  const Failure noted = wait_for<Failure>(
      [&](auto done) { approvals_.note_account(row, created.outcome, created.why, kTriesMax, std::move(done)); },
      Failure::kTimeout);
  if (noted != Failure::kNone) {
    log::warn("approvals: what became of an account could not be kept ({}); it is asked for again", state::name(noted));
  } else if (created.outcome != core::approvals::CallOutcome::kDone) {
    log::warn("approvals: the account of {}/{} was not created: {}", name, id, created.why);
  }
  return noted == Failure::kNone;
}

}  // namespace proxy::state
