// The keeper on a loop of the test's own, and an authority that is scripted.
#include "proxy/tokens/key_keeper.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "proxy/lists/fetch.h"
#include "tests/core/callers/signed_token.h"
#include "tests/proxy/upstream/scripted_backend.h"

namespace proxy::tokens {
namespace {

using core::callers::kTenant;
using core::callers::kTokenVersions;
using core::callers::TokenVersion;
using upstream::answer;
using upstream::path_of;
using upstream::Peer;

constexpr std::int64_t kNowS = 1'764'180'000;
constexpr auto kV1 = static_cast<std::size_t>(TokenVersion::kV1);
constexpr auto kV2 = static_cast<std::size_t>(TokenVersion::kV2);

/// Serves the two documents of both versions, each request on a connection of its own.
class Authority {
 public:
  /// Its key is made before anybody asks for it: making one takes a while.
  Authority() : entry_(core::callers::signing_key().entry()), server_([this](Peer& peer) { serve(peer); }) {}

  std::string url() const {
    return "http://127.0.0.1:" + std::to_string(server_.port()) + "/" + std::string(kTenant);
  }
  KeyAuthority keys() const {
    KeyAuthority keys;
    keys.url = keys.label = url();
    keys.tenant = kTenant;
    return keys;
  }
  std::vector<std::string> asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }
  /// Of the documents whose path contains `part`: 503, or `status`.
  void fail(std::string part, int status = 503) {
    const std::lock_guard lock(mutex_);
    failing_ = std::move(part);
    status_ = status;
  }
  void roll(std::string kid) {
    const std::lock_guard lock(mutex_);
    kid_ = std::move(kid);
  }
  /// Requests wait here, if there is one.
  void hold(upstream::Event* gate) {
    const std::lock_guard lock(mutex_);
    gate_ = gate;
  }

 private:
  void serve(Peer& peer) {
    const auto request = peer.request();
    if (!request) return;
    const std::string path = path_of(*request);
    upstream::Event* gate = nullptr;
    std::string said;
    {
      const std::lock_guard lock(mutex_);
      asked_.push_back(path);
      gate = gate_;
      said = say(path);
    }
    if (gate != nullptr) gate->wait();
    peer.send(said);
  }
  std::string say(const std::string& path) const {
    if (!failing_.empty() && path.find(failing_) != std::string::npos) return answer(status_, "");
    const std::string version = path.find("/v2.0/") != std::string::npos ? "/v2.0" : "";
    constexpr std::string_view kJson = "Content-Type: application/json\r\nConnection: close\r\n";
    if (path.find("/.well-known/") != std::string::npos) {
      return answer(200, "{\"issuer\":\"" + url() + version + "\",\"jwks_uri\":\"" + url() + version + "/keys\"}", kJson);
    }
    std::string entry = entry_;
    entry.replace(entry.find("key-1"), 5, kid_);
    return answer(200, core::callers::key_set(entry), kJson);
  }

  const std::string entry_;
  std::mutex mutex_;
  std::vector<std::string> asked_;
  std::string failing_;
  int status_ = 503;
  std::string kid_ = "key-1";
  upstream::Event* gate_ = nullptr;
  upstream::ScriptedBackend server_;
};

/// A keeper, its loop, and what it has published.
class Keeping {
 public:
  Keeping() {
    static const bool opened = (lists::open_fetching(), true);
    EXPECT_TRUE(opened);
    EXPECT_EQ(uv_loop_init(&loop_), 0);
    keeper_ = std::make_unique<KeyKeeper>(loop_, [this](const KeyKeeper::Table& fresh) {
      ++published;
      table = fresh;
    });
  }
  ~Keeping() {
    keeper_->stop();
    while (uv_run(&loop_, UV_RUN_ONCE) != 0) {
    }
    keeper_.reset();
    EXPECT_EQ(uv_loop_close(&loop_), 0);
  }
  KeyKeeper& operator*() { return *keeper_; }
  KeyKeeper* operator->() { return keeper_.get(); }

  void take_up(std::vector<KeyAuthority> authorities) { table = keeper_->take_up(std::move(authorities)); }

  /// Turns the loop until `probe` is true.
  void until(const char* what, const std::function<bool()>& probe) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    const auto tick = net::open_uv<uv_timer_t>(
        nullptr, [&](uv_timer_t* timer) { return uv_timer_init(&loop_, timer); });
    uv_timer_start(tick.get(), [](uv_timer_t*) {}, 5, 5);  // so that a turn ends
    while (!probe()) {
      uv_run(&loop_, UV_RUN_ONCE);
      ASSERT_LT(std::chrono::steady_clock::now(), end) << "waited in vain for " << what;
    }
  }

  bool has(std::size_t slot, std::string_view kid) const {
    return table != nullptr && table->at(slot).keys != nullptr && table->at(slot).keys->has(kid);
  }

  int published = 0;
  KeyKeeper::Table table;

 private:
  uv_loop_t loop_;
  std::unique_ptr<KeyKeeper> keeper_;
};

TEST(KeyKeeper, FetchesBothVersionsAtTheStartThoseOf2First) {
  Authority authority;
  Keeping keeper;
  keeper.take_up({authority.keys()});
  ASSERT_EQ(keeper.table->size(), kTokenVersions);
  EXPECT_EQ(keeper.table->at(kV2).keys, nullptr) << "nothing is waited for";
  EXPECT_FALSE(keeper->complete());
  keeper.until("keys", [&] { return keeper->complete(); });
  EXPECT_TRUE(keeper.has(kV1, "key-1"));
  EXPECT_TRUE(keeper.has(kV2, "key-1"));
  EXPECT_EQ(keeper.published, 2);
  EXPECT_EQ(keeper.table->at(kV2).keys->issuer(), authority.url() + "/v2.0");
  const std::string path = "/" + std::string(kTenant);
  EXPECT_EQ(authority.asked(),
            (std::vector<std::string>{path + "/v2.0/.well-known/openid-configuration", path + "/v2.0/keys",
                                      path + "/.well-known/openid-configuration", path + "/keys"}));
  const auto states = keeper->states();
  ASSERT_EQ(states.size(), kTokenVersions);
  EXPECT_EQ(states[kV2].label, authority.url() + "/v2.0");
  EXPECT_EQ(states[kV2].keys, 1u);
  EXPECT_EQ(states[kV2].failures, 0u);
}

TEST(KeyKeeper, IsCompleteWithoutTokensOfVersion1) {
  Authority authority;
  authority.fail(std::string(kTenant) + "/.well-known");
  Keeping keeper;
  keeper.take_up({authority.keys()});
  keeper.until("keys of version 2.0", [&] { return keeper->complete(); });
  EXPECT_TRUE(keeper.has(kV2, "key-1"));
  EXPECT_EQ(keeper.table->at(kV1).keys, nullptr);
  EXPECT_EQ(keeper->states()[kV1].failures, 1u);
}

TEST(KeyKeeper, IsNotCompleteWithKeysOfVersion1AloneWhileThoseOf2MayYetCome) {
  Authority authority;
  authority.fail("/v2.0/.well-known");
  Keeping keeper;
  keeper.take_up({authority.keys()});
  keeper.until("keys of version 1.0 and two tries", [&] {
    return keeper.has(kV1, "key-1") && keeper->states()[kV2].failures >= 2;
  });
  EXPECT_FALSE(keeper->complete());
  authority.fail("");
  keeper.until("keys of version 2.0", [&] { return keeper.has(kV2, "key-1"); });
  EXPECT_TRUE(keeper->complete());
}

TEST(KeyKeeper, IsCompleteWithKeysOfVersion1WhenTheAuthoritySaysThatThereAreNoOthers) {
  Authority authority;
  authority.fail("/v2.0/.well-known");
  Keeping keeper;
  keeper.take_up({authority.keys()});
  keeper.until("keys of version 1.0", [&] { return keeper.has(kV1, "key-1"); });
  EXPECT_FALSE(keeper->complete()) << "503 says nothing about what there is";
  const int before = keeper.published;
  authority.fail("/v2.0/.well-known", 404);
  keeper.until("the 404", [&] { return keeper->complete(); });
  EXPECT_EQ(keeper->states()[kV2].keys, 0u);
  EXPECT_EQ(keeper.published, before + 1) << "who waits for it must hear of it";
}

TEST(KeyKeeper, IsNotCompleteWithoutAnyKeysAndTriesAgain) {
  Authority authority;
  authority.fail("/");
  Keeping keeper;
  keeper.take_up({authority.keys()});
  keeper.until("two tries", [&] { return keeper.published == 2; });
  EXPECT_FALSE(keeper->complete());
  EXPECT_EQ(keeper->states()[kV2].keys, 0u);
  authority.fail("");
  keeper.until("keys", [&] { return keeper.has(kV1, "key-1") && keeper.has(kV2, "key-1"); });
  EXPECT_TRUE(keeper->complete());
}

TEST(KeyKeeper, FetchesAgainWhenAWorkerHasSeenAnUnknownKey) {
  Authority authority;
  Keeping keeper;
  keeper.take_up({authority.keys()});
  keeper.until("keys", [&] { return keeper->complete(); });
  authority.roll("key-2");
  core::callers::KeyRequest& request = *keeper.table->at(kV2).request;
  EXPECT_TRUE(request.want(kNowS));
  keeper->wake();
  keeper.until("the new key", [&] { return keeper.has(kV2, "key-2"); });
  EXPECT_FALSE(keeper.has(kV2, "key-1")) << "a key that is gone is not believed";
  EXPECT_TRUE(keeper.has(kV1, "key-1")) << "nobody has asked for those";
  EXPECT_EQ(authority.asked().size(), 6u);
  EXPECT_FALSE(request.want(kNowS + 1)) << "not again within five minutes";
  EXPECT_TRUE(request.want(kNowS + core::callers::KeyRequest::kEveryS));
}

TEST(KeyKeeper, PublishesNothingWhenTheKeysAreTheSame) {
  Authority authority;
  Keeping keeper;
  keeper.take_up({authority.keys()});
  keeper.until("keys", [&] { return keeper->complete(); });
  const auto before = keeper.table->at(kV2).keys;
  EXPECT_TRUE(keeper.table->at(kV2).request->want(kNowS));
  keeper->wake();
  keeper.until("another fetch", [&] { return !keeper.table->at(kV2).request->want(kNowS); });
  EXPECT_EQ(keeper.published, 2) << "verdicts that workers remember stay good";
  EXPECT_EQ(keeper.table->at(kV2).keys, before);
}

TEST(KeyKeeper, KeepsTheOldKeysWhileTheNewOnesCannotBeFetched) {
  Authority authority;
  Keeping keeper;
  keeper.take_up({authority.keys()});
  keeper.until("keys", [&] { return keeper->complete(); });
  authority.fail("/keys");
  EXPECT_TRUE(keeper.table->at(kV2).request->want(kNowS));
  keeper->wake();
  keeper.until("a failure", [&] { return keeper->states()[kV2].failures > 0; });
  EXPECT_TRUE(keeper.has(kV2, "key-1"));
  EXPECT_TRUE(keeper->complete());
  EXPECT_EQ(keeper->states()[kV2].keys, 1u);
}

TEST(KeyKeeper, AReloadKeepsWhatItHasAndFetchesTheRest) {
  Authority first, second;
  Keeping keeper;
  keeper.take_up({first.keys()});
  keeper.until("keys", [&] { return keeper->complete(); });
  const auto known = keeper.table->at(kV2).keys;
  second.roll("key-2");
  keeper.take_up({second.keys(), first.keys()});
  ASSERT_EQ(keeper.table->size(), 2 * kTokenVersions);
  EXPECT_EQ(keeper.table->at(kTokenVersions + kV2).keys, known) << "the order may change";
  EXPECT_FALSE(keeper->complete());
  keeper.until("the others", [&] { return keeper->complete(); });
  EXPECT_TRUE(keeper.has(kV2, "key-2"));
  EXPECT_EQ(first.asked().size(), 4u);
  keeper.take_up({});
  EXPECT_TRUE(keeper.table->empty());
  EXPECT_TRUE(keeper->complete()) << "nothing to wait for";
}

TEST(KeyKeeper, EndsWhileAFetchIsUnderWay) {
  upstream::Event gate;
  Authority authority;
  const upstream::SetAtEnd open(gate);
  authority.hold(&gate);
  Keeping keeper;
  keeper.take_up({authority.keys()});
  keeper.until("a request", [&] { return !authority.asked().empty(); });
  EXPECT_EQ(keeper.published, 0);
}  // the keeper's end does not wait for the authority

}  // namespace
}  // namespace proxy::tokens
