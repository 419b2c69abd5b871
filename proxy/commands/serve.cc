#include <signal.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/config/secrets.h"
#include "proxy/admin/admin_handler.h"
#include "proxy/capture/capture.h"
#include "proxy/commands/commands.h"
#include "proxy/commands/configuration.h"
#include "proxy/commands/serve_events.h"
#include "proxy/commands/serve_memory.h"
#include "proxy/commands/serve_metrics.h"
#include "proxy/commands/serve_settings.h"
#include "proxy/commands/serve_state.h"
#include "proxy/forward/shared.h"
#include "proxy/lists/fetch.h"
#include "proxy/lists/keeper.h"
#include "proxy/log.h"
#include "proxy/net/address.h"
#include "proxy/net/memory_plan.h"
#include "proxy/net/server.h"
#include "proxy/process/notify.h"
#include "proxy/process/privilege.h"
#include "proxy/process/seccomp.h"
#include "proxy/telemetry/access_log.h"
#include "proxy/telemetry/metrics.h"
#include "proxy/tokens/key_keeper.h"
#include "proxy/watchdog.h"
#include "proxy/worker.h"

namespace proxy::commands {
namespace {

namespace config = core::config;

constexpr std::size_t kAdminConnectionsMax = 256;

/// The running program: its workers, and on the main thread a loop for signals and the admin
/// listener. Start-up goes down this class in order, the way out goes up again.
class Service {
 public:
  /// `program_bytes` were resident before the configuration was read.
  Service(std::string path, Configuration configuration, TicketBook& tickets,
          std::size_t program_bytes, process::Notifier notifier)
      : path_(std::move(path)),
        configuration_(std::move(configuration)),
        tickets_(tickets),
        notifier_(std::move(notifier)),
        program_bytes_(program_bytes) {}

  int run() {
    if (!open()) return close(unusable_ ? kExitUsage : kExitFailed);
    announce();
    uv_run(&loop_, UV_RUN_DEFAULT);
    bool cut_off = false;
    for (const auto& worker : workers_) {
      worker->join();
      cut_off = cut_off || worker->cut_off();
    }
    if (cut_off) log::warn("the drain time-out passed with requests unfinished");
    return close(cut_off ? kExitCutOff : kExitOk);
  }

 private:
  bool open() {
    if (!hide_io_uring()) return false;
    uv_loop_init(&loop_);
    const std::size_t descriptors = raise_descriptor_limit();
    if (!bind() || !give_up_privileges()) return false;
    edition_ = {configuration_.snapshot, 1, nullptr, configuration_.backends, configuration_.trust,
                logs_subjects(configuration_.config)};
    if (!open_lists() || !open_state_store()) return false;
    open_keys();
    auto log = telemetry::AccessLog::open(configuration_.config.access_log.file.value,
                                          configuration_.workers);
    if (!log) return failed("access log: " + log.error().why);
    log_ = std::move(log).value();
    log_->introduce(edition_.generation, *edition_.snapshot);
    if (!open_capture() || !open_told()) return false;
    config::wipe_secrets(configuration_.config, false);
    return open_workers(descriptors) && open_admin() && watch_signals() && filter_system_calls();
  }

  /// The addresses come first: they may need rights that everything behind them goes without.
  bool bind() {
    for (const config::Listener& listener : configuration_.config.listeners) {
      if (!bind_listener(listener)) return false;
    }
    if (!configuration_.config.admin) return true;
    auto socket = net::open_listener(configuration_.config.admin->address);
    if (!socket) return failed("admin: " + socket.error().why);
    admin_url_ = socket.value().url;
    admin_socket_ = std::move(socket).value();
    return true;
  }

  /// One address for every worker; the first one finds out what port 0 becomes.
  bool bind_listener(const config::Listener& listener) {
    config::ListenerAddress address = listener.address;
    auto first = net::open_listener(address);
    if (!first) return failed(first.error().why);
    net::ListenSocket socket = std::move(first).value();
    urls_.push_back(listener.tls ? "https" + socket.url.substr(socket.url.find(':')) : socket.url);
    address.port = socket.port;
    std::vector<net::ListenSocket> sockets;
    for (std::size_t i = 1; i < configuration_.workers; ++i) {
      auto next = address.kind == config::ListenerAddress::Kind::kUnix ? net::share_listener(socket)
                                                                       : net::open_listener(address);
      if (!next) return failed(next.error().why);
      sockets.push_back(std::move(next).value());
    }
    sockets.push_back(std::move(socket));
    bound_.push_back(std::move(sockets));
    return true;
  }

  bool give_up_privileges() {
    const config::Process& wanted = configuration_.config.process;
    if (auto why = process::give_up_privileges(wanted.user.value)) return failed(*why);
    process::settle_memory(wanted.core_dumps);
    if (process::is_root() && wanted.user.value.empty()) {
      log::warn("this is root, without capabilities; name an unprivileged user in process.user");
    }
    return true;
  }

  /// The filter answers io_uring as if there were none, and comes when loops have been made that would use it.
  bool hide_io_uring() {
    filters_ = configuration_.config.process.seccomp != config::Process::Seccomp::kOff;
    return !filters_ || filtered(process::hide_io_uring());
  }

  bool filter_system_calls() {
    if (!filters_) return true;
    const bool strict = configuration_.config.process.seccomp == config::Process::Seccomp::kStrict;
    return filtered(process::install_seccomp(
        strict ? process::SeccompMode::kStrict : process::SeccompMode::kStandard, kExitSystemCall));
  }

  /// `why` not: an end where `strict` is wanted, else a warning and no filter at all.
  bool filtered(const std::optional<std::string>& why) {
    if (!why) return true;
    filters_ = false;
    if (configuration_.config.process.seccomp == config::Process::Seccomp::kStrict) {
      return failed("process.seccomp: " + *why);
    }
    log::warn("system calls are not filtered: {}", *why);  // a kernel without, or a container forbids it
    return true;
  }

  bool open_capture() {
    const config::Capture& settings = configuration_.config.capture;
    if (settings.file.value.empty()) return true;
    auto capture = capture::Capture::open(settings, configuration_.workers);
    if (!capture) return failed("capture: " + capture.error().why);
    capture_ = std::move(capture).value();
    capture_->introduce(edition_.generation, *edition_.snapshot);
    add_metrics(metrics_, *capture_);
    return true;
  }

  /// Events and the audit log.
  bool open_told() {
    const std::string why =
        told_.open(configuration_.config, configuration_.workers, state_.store(), metrics_);
    told_.introduce(edition_.generation, *edition_.snapshot);
    return why.empty() || failed(why);
  }

  bool open_lists() {
    keeper_ = std::make_unique<lists::Keeper>(
        loop_, configuration_.config.lists_state.value, [this](const lists::Keeper::Table& table) {
          edition_.lists = table;
          for (const auto& worker : workers_) worker->adopt(edition_);
        });
    if (const std::string why = keeper_->open(); !why.empty()) return failed(why);
    std::string why;
    edition_.lists = take_up_lists(configuration_, why);
    if (edition_.lists == nullptr) return failed("lists_state: " + why);
    keeper_->start();
    return true;
  }

  bool open_state_store() {
    // First: accounts that were wanted before the start may change an approval at once.
    told_.approval_events().use(*edition_.snapshot);
    const std::string why = state_.open(configuration_.config, configuration_.redis_tls, told_.approval_events());
    if (!why.empty()) return failed(why);
    shared_ = std::make_unique<forward::Shared>(
        static_cast<std::size_t>(configuration_.config.decision_cache_bytes), state_.seed(), configuration_.workers,
        static_cast<std::size_t>(configuration_.config.limits.velocity));
    state_.use_shared(*shared_);
    state_.add_metrics(metrics_);
    state_.start(loop_);
    return true;
  }

  /// Begins to fetch the keys of callers' tokens, so that they are there when the first caller is.
  void open_keys() {
    keys_ = std::make_unique<tokens::KeyKeeper>(loop_, [this](const tokens::KeyKeeper::Table& table) {
      edition_.keys = table;
      for (const auto& worker : workers_) worker->adopt(edition_);
      if (announced_) become_ready();
    });
    edition_.keys = keys_->take_up(configuration_.token_authorities);
  }

  /// Null when they cannot be taken up; `why` says it.
  lists::Keeper::Table take_up_lists(Configuration& fresh, std::string& why) {
    std::vector<std::string> remarks;
    lists::Keeper::Table table =
        keeper_->take_up(fresh.lists, std::move(fresh.sources), standing_, why, remarks);
    keeper_->retire(std::move(fresh.lists));
    for (const std::string& remark : remarks) log::warn("{}", remark);
    return table;
  }

  bool open_workers(std::size_t descriptors) {
    core::callers::Attempts::Options attempts;
    const config::Limits& written = configuration_.config.limits;
    attempts.failures_max = static_cast<std::uint32_t>(written.auth_failures);
    attempts.window_ms = static_cast<std::uint64_t>(written.auth_failure_window.count());
    attempts.addresses_max = static_cast<std::size_t>(written.auth_addresses);
    attempts.seed = random_seed();
    attempts_ = std::make_unique<core::callers::Attempts>(attempts);
    net::ServerLimits limits = server_limits(configuration_.config.limits);
    // Half of the descriptors stay free for backends, files and the listeners themselves.
    const std::size_t share =
        std::max<std::size_t>(descriptors / 2 / configuration_.workers, 16);
    if (limits.connections_max > share) {
      limits.connections_max = share;
      log::info("{} file descriptors: at most {} connections for each worker", descriptors, share);
    }
    const auto memory = plan_memory(configuration_, state_.store() != nullptr, program_bytes_, limits);
    unusable_ = !memory;
    if (!memory) return false;
    memory_bytes_ = *memory;
    for (std::size_t i = 0; i < configuration_.workers; ++i) {
      Worker::Options options;
      options.index = i;
      options.limits = limits;
      options.log_sample = configuration_.config.access_log.sample;
      options.capture = capture_.get();
      options.emitter = told_.emitter(i);
      options.witness = told_.witness(i);
      options.held = told_.held();
      options.drain_timeout_ms =
          static_cast<std::uint64_t>(configuration_.config.limits.drain_timeout.count());
      options.on_end = [this] { uv_async_send(&worker_ended_); };
      options.shared = shared_.get();
      options.workflows = state_.workflows();
      options.second_level = state_.decisions();
      if (written.auth_failures > 0) options.attempts = attempts_.get();
      options.tokens = token_options(written);
      options.tokens.seed = {random_seed(), random_seed()};
      options.want_keys = [this] { keys_->wake(); };
      options.pending_max = static_cast<std::size_t>(configuration_.config.limits.pending);
      options.seed = random_seed();
      workers_.push_back(std::make_unique<Worker>(std::move(options), edition_, metrics_, *log_));
      metrics_.add_server(workers_.back()->counters());
    }
    std::size_t number = 0;
    for (const config::Listener& listener : configuration_.config.listeners) {
      const std::shared_ptr<const net::TlsServer> tls =
          listener.tls ? tls_of(configuration_.tls, listener.address.text.value) : nullptr;
      if (tls != nullptr) tls_.push_back({listener.address.text.value, tls});
      std::vector<net::ListenSocket>& sockets = bound_[number++];
      for (std::size_t i = 0; i < workers_.size(); ++i) {
        if (!workers_[i]->listen(std::move(sockets[workers_.size() - 1 - i]), tls, front_of(listener))) {
          return failed(listener.address.text.value + ": cannot be watched");
        }
      }
    }
    return true;
  }

  static std::shared_ptr<const net::TlsServer> tls_of(const std::vector<TlsListener>& listeners,
                                                      const std::string& address) {
    for (const TlsListener& listener : listeners) {
      if (listener.address == address) return listener.server;
    }
    return nullptr;
  }

  /// Hands the workers what a reload has read of certificates, for the listeners that are open.
  void take_up_tls(const std::vector<TlsListener>& fresh) {
    std::vector<std::shared_ptr<const net::TlsServer>> servers;
    for (TlsListener& open : tls_) {
      if (auto server = tls_of(fresh, open.address); server != nullptr) open.server = std::move(server);
      servers.push_back(open.server);
    }
    if (servers.empty()) return;
    for (const auto& worker : workers_) worker->adopt_tls(servers);
  }

  bool open_admin() {
    if (!configuration_.config.admin) return true;
    net::ServerLimits limits;
    limits.http.body_bytes = admin::ListRequests::kBodyBytesMax;
    limits.connections_max = kAdminConnectionsMax;
    const admin::Access access(configuration_.config.admin_token.value,
                               configuration_.config.admin->address.loopback);
    admin_handler_ = std::make_unique<admin::AdminHandler>(
        metrics_, admin::ListRequests(*keeper_, access),
        admin::DecisionRequests(*shared_, [this] { return edition_.snapshot; }, access, state_.decisions()),
        admin::VelocityRequests(*shared_, [this] { return edition_.snapshot; }, access, state_.counters()),
        admin::ApprovalRequests(state_.approvals(), [this] { return edition_.snapshot->approvals; }, access),
        admin::InvitationRequests(state_.invitations(), [this] { return edition_.snapshot; }, access),
        admin::EventRequests(told_.outbox(), access));
    admin_ = std::make_unique<net::Server>(loop_, limits, *admin_handler_);
    return admin_->listen(std::move(admin_socket_)) || failed("admin: cannot be watched");
  }

  bool watch_signals() {
    metrics_.add_counter("claimgate_reloads", "Configurations taken up after the first.",
                         [this] { return std::uint64_t{edition_.generation} - 1; });
    metrics_.add_counter("claimgate_reloads_failed", "Reloads refused for mistakes in the file.",
                         [this] { return reloads_failed_; });
    add_metrics(metrics_, {*log_, *keeper_, *shared_, *keys_, *attempts_, workers_, memory_bytes_});
    worker_ended_.data = this;
    uv_async_init(&loop_, &worker_ended_, [](uv_async_t* async) {
      static_cast<Service*>(async->data)->on_worker_ended();
    });
    for (uv_signal_t* watcher : {&sigterm_, &sigint_, &sighup_}) {
      uv_signal_init(&loop_, watcher);
      watcher->data = this;
    }
    const auto on_stop = [](uv_signal_t* watcher, int) { static_cast<Service*>(watcher->data)->drain(); };
    uv_signal_start(&sigterm_, on_stop, SIGTERM);
    uv_signal_start(&sigint_, on_stop, SIGINT);
    uv_signal_start(
        &sighup_, [](uv_signal_t* watcher, int) { static_cast<Service*>(watcher->data)->reload(); },
        SIGHUP);
    watching_ = true;
    return true;
  }

  void announce() {
    for (const auto& worker : workers_) worker->start();
    for (const std::string& url : urls_) log::info("listening on {}", url);
    if (!admin_url_.empty()) log::info("admin on {}", admin_url_);
    announced_ = true;
    // Whether there are keys of callers' tokens is for a load balancer (/readyz): a manager that waited for
    // them would end a start that somebody else's outage holds up.
    if (!notifier_.send("READY=1\nSTATUS=serving")) log::warn("the service manager does not listen");
    watchdog_.start(loop_, workers_, notifier_);
    become_ready();
    if (!ready_) {
      log::info("not ready: the keys of callers' tokens are being fetched");
      if (admin_handler_ != nullptr) admin_handler_->set(admin::AdminHandler::Readiness::kNoKeys);
    }
  }

  /// Once: when there are keys of each authority. What a reload brings makes nobody unready.
  void become_ready() {
    if (ready_ || draining_ || !keys_->complete()) return;
    ready_ = true;
    log::info("ready");
    if (admin_handler_ != nullptr) admin_handler_->set(admin::AdminHandler::Readiness::kReady);
  }

  void drain() {
    if (draining_) return;
    draining_ = true;
    log::info("draining");
    notifier_.send("STOPPING=1\nSTATUS=finishing what is under way");
    if (admin_handler_ != nullptr) admin_handler_->set(admin::AdminHandler::Readiness::kDraining);
    for (const auto& worker : workers_) worker->drain();
  }

  void on_worker_ended() {
    // Several sends may arrive as one: each worker says for itself whether it has ended.
    const auto ended = [](const auto& worker) { return worker->ended(); };
    if (std::all_of(workers_.begin(), workers_.end(), ended)) uv_stop(&loop_);
  }

  /// Reads the configuration again, off the loop, and hands it to the workers when it is without
  /// mistakes; otherwise the old one stays.
  void reload() {
    log_->reopen();
    if (capture_ != nullptr) capture_->reopen();
    told_.reopen();
    if (reloading_ || draining_) {
      reload_again_ = reloading_;
      return;
    }
    reloading_ = true;
    notifier_.send(reloading_notice());
    standing_ = keeper_->standing();
    reload_work_.data = this;
    uv_queue_work(
        &loop_, &reload_work_,
        [](uv_work_t* work) {
          auto* const self = static_cast<Service*>(work->data);
          self->fresh_ = std::make_unique<Configuration>(read_configuration(
              self->path_, self->workers_.size(), true, &self->stopping_, &self->tickets_));
          Configuration& fresh = *self->fresh_;
          if (fresh.snapshot != nullptr && !fresh.diagnostics.has_errors()) {
            fresh.lists = lists::Keeper::merge(fresh.lists, fresh.sources, self->standing_);
          }
        },
        [](uv_work_t* work, int) { static_cast<Service*>(work->data)->take_up(); });
  }

  void take_up() {
    reloading_ = false;
    const std::unique_ptr<Configuration> fresh = std::move(fresh_);
    const std::string remarks = fresh->diagnostics.render();
    if (!remarks.empty()) std::fputs(remarks.c_str(), stderr);
    const bool good = fresh->snapshot != nullptr && !fresh->diagnostics.has_errors();
    std::string why;
    const std::uint32_t before = edition_.generation;
    lists::Keeper::Table lists = good ? take_up_lists(*fresh, why) : nullptr;
    standing_ = {};
    if (!why.empty()) log::error("{}", why);
    if (lists == nullptr) {
      ++reloads_failed_;
      log::error("reload refused, the configuration in force stays");
      keeper_->retire(std::move(fresh->lists));
      keeper_->retire(std::move(fresh->snapshot));
    } else {
      for (const std::string& key : needs_restart(configuration_.config, fresh->config)) {
        log::warn("{} has changed and needs a restart", key);
      }
      ++edition_.generation;
      keeper_->retire(std::exchange(edition_.snapshot, fresh->snapshot));
      edition_.backends = fresh->backends;
      edition_.trust = fresh->trust;
      edition_.log_client_subject = logs_subjects(fresh->config);
      edition_.keys = keys_->take_up(std::move(fresh->token_authorities));
      edition_.lists = std::move(lists);
      log_->introduce(edition_.generation, *edition_.snapshot);
      if (capture_ != nullptr) capture_->introduce(edition_.generation, *edition_.snapshot);
      told_.introduce(edition_.generation, *edition_.snapshot);
      for (const auto& worker : workers_) worker->adopt(edition_);
      take_up_tls(fresh->tls);
      become_ready();
      log::info("reloaded, configuration number {} is in force", edition_.generation);
    }
    notifier_.send(edition_.generation == before ? "READY=1\nSTATUS=serving; the last reload was refused"
                                                 : "READY=1\nSTATUS=serving");
    config::wipe_secrets(fresh->config, true);
    if (std::exchange(reload_again_, false)) reload();
  }

  /// systemd wants to know since when (sd_notify(3), Type=notify-reload).
  static std::string reloading_notice() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    const std::int64_t now_us = std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000;
    return "RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now_us);
  }

  bool failed(const std::string& why) {
    log::error("{}", why);
    return false;
  }

  int close(int code) {
    for (const std::vector<net::ListenSocket>& sockets : bound_) {  // that no worker has taken over
      for (const net::ListenSocket& socket : sockets) {
        if (socket.fd.valid() && !socket.unix_path.empty()) ::unlink(socket.unix_path.c_str());
      }
    }
    stopping_.store(true, std::memory_order_relaxed);
    watchdog_.stop();
    if (keeper_ != nullptr) keeper_->stop();
    if (admin_ != nullptr) admin_->abort();
    admin_.reset();
    told_.close();   // the rings' last events go into the state
    state_.close();  // and the workers hear its last answers
    workers_.clear();
    if (keys_ != nullptr) keys_->stop();
    if (watching_) {
      for (uv_signal_t* watcher : {&sigterm_, &sigint_, &sighup_}) {
        uv_close(reinterpret_cast<uv_handle_t*>(watcher), nullptr);
      }
      uv_close(reinterpret_cast<uv_handle_t*>(&worker_ended_), nullptr);
    }
    while (uv_loop_close(&loop_) == UV_EBUSY) uv_run(&loop_, UV_RUN_ONCE);
    keeper_.reset();  // the loop is empty: no look at a source is under way
    keys_.reset();
    config::wipe_secrets(configuration_.config, true);
    log_.reset();     // writes what is left
    capture_.reset();
    if (code == kExitOk) log::info("stopped");
    return code;
  }

  const std::string path_;
  Configuration configuration_;
  TicketBook& tickets_;
  std::vector<TlsListener> tls_;  // of the open listeners, as they are in force
  Edition edition_;
  uv_loop_t loop_;
  telemetry::Metrics metrics_;
  std::unique_ptr<telemetry::AccessLog> log_;
  std::unique_ptr<capture::Capture> capture_;
  std::unique_ptr<lists::Keeper> keeper_;
  lists::Keeper::Standing standing_;  // of a reload under way
  std::unique_ptr<tokens::KeyKeeper> keys_;
  Told told_;        // closed before the state, where its outbox is; but its announcer is the state's
  ServeState state_;
  std::unique_ptr<forward::Shared> shared_;
  std::unique_ptr<core::callers::Attempts> attempts_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<admin::AdminHandler> admin_handler_;
  std::unique_ptr<net::Server> admin_;
  std::vector<std::vector<net::ListenSocket>> bound_;  // of each listener, one for each worker
  net::ListenSocket admin_socket_;
  process::Notifier notifier_;
  Watchdog watchdog_;
  std::vector<std::string> urls_;
  std::string admin_url_;
  uv_signal_t sigterm_, sigint_, sighup_;
  uv_async_t worker_ended_;
  uv_work_t reload_work_;
  std::unique_ptr<Configuration> fresh_;
  std::uint64_t reloads_failed_ = 0;
  const std::size_t program_bytes_;
  std::size_t memory_bytes_ = 0;
  bool filters_ = false;   // system calls
  bool unusable_ = false;  // what is wrong is in the configuration
  std::atomic<bool> stopping_{false};
  bool watching_ = false;
  bool announced_ = false;
  bool ready_ = false;
  bool draining_ = false;
  bool reloading_ = false;
  bool reload_again_ = false;
};

}  // namespace

int serve(const std::string& path) {
  lists::open_fetching();
  TicketBook tickets;
  const std::size_t program_bytes = net::resident_bytes();
  process::hide_memory();  // the configuration brings the first secrets
  Configuration configuration = read_configuration(path, 0, true, nullptr, &tickets);
  refuse_root(configuration);
  const std::string remarks = configuration.diagnostics.render();
  if (!remarks.empty()) std::fputs(remarks.c_str(), stderr);
  if (configuration.snapshot == nullptr || configuration.diagnostics.has_errors()) return kExitUsage;
  ::signal(SIGPIPE, SIG_IGN);
  const char* const manager = std::getenv("NOTIFY_SOCKET");
  auto service = std::make_unique<Service>(path, std::move(configuration), tickets, program_bytes,
                                           process::Notifier(manager == nullptr ? "" : manager));
  return service->run();
}

}  // namespace proxy::commands
