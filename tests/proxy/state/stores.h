#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "proxy/redis/link.h"
#include "proxy/state/redis_scripts.h"
#include "proxy/state/redis_store.h"
#include "proxy/state/sqlite_store.h"
#include "proxy/state/store.h"
#include "tests/proxy/redis/redis_server.h"

/// The stores that store_test.cc holds to the same promises.
namespace proxy::state {

/// A directory of its own for each test, gone with it.
class Scratch {
 public:
  Scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "claimgate-state-XXXXXX").string();
    path_ = ::mkdtemp(name.data()) != nullptr ? name : std::string();
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct StoreKind {
  std::string name;
  bool outlives = false;  // opened again it has what was committed
  /// An empty store the first time it is called with a scratch; null when it cannot be had here.
  std::function<std::unique_ptr<Store>(const Scratch&)> open;
};

inline std::ostream& operator<<(std::ostream& out, const StoreKind& kind) { return out << kind.name; }

inline std::unique_ptr<Store> open_or_null(SqliteOptions options) {
  auto store = open_sqlite(std::move(options));
  return store ? std::move(store).value() : nullptr;
}

/// One server for all tests of this process; each scratch has keys of its own there.
inline std::unique_ptr<Store> open_redis(const Scratch& scratch) {
  if (redis::RedisServer::program().empty()) return nullptr;
  static redis::RedisServer server;
  redis::Options options;
  options.port = server.port();
  options.silence_ms = options.connect_timeout_ms = 20'000;
  options.scripts = redis_scripts::all();
  return make_redis_store(std::make_shared<redis::Link>(std::move(options), 1),
                          {.prefix = scratch.path(), .timeout_ms = 20'000});
}

inline std::vector<StoreKind> store_kinds() {
  return {{"redis", true, open_redis},
          {"memory", false, [](const Scratch&) { return open_or_null({}); }},
          {"sqlite_full", true,
           [](const Scratch& scratch) {
             return open_or_null({.path = scratch.file("state.db"), .now_s = {}});
           }},
          {"sqlite_normal", true, [](const Scratch& scratch) {
             return open_or_null(
                 {.path = scratch.file("state.db"), .synchronous = Synchronous::kNormal, .now_s = {}});
           }}};
}

}  // namespace proxy::state
