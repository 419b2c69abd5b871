#include "proxy/tokens/key_keeper.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <cstdlib>
#include <new>
#include <utility>

#include "core/config/place.h"
#include "proxy/lists/fetch.h"
#include "proxy/lists/loader.h"
#include "proxy/log.h"
#include "proxy/net/caller_trust.h"

namespace proxy::tokens {
namespace {

using core::callers::KeySet;
using core::callers::TokenVersion;

/// A refresh is up to a tenth early: many machines that were started together do not ask together.
std::uint64_t somewhat_less(std::uint64_t ms) {
  return ms - lists::random_bits() % (ms / 10 + 1);
}

}  // namespace

std::vector<KeyAuthority> resolve_authorities(const core::config::Config& config,
                                              core::config::Source& source,
                                              core::config::Diagnostics& diagnostics) {
  std::vector<KeyAuthority> resolved;
  for (const core::config::TokenAuthority& written : config.token_authorities) {
    KeyAuthority authority;
    authority.url = written.url.value;
    authority.tenant = written.tenant;
    authority.label = written.url.secret ? "authority " + std::to_string(resolved.size() + 1) : written.url.value;
    authority.refresh_ms = static_cast<std::uint64_t>(written.refresh.count());
    if (const core::config::Text& ca = written.ca; !ca.value.empty()) {
      const auto error = [&](const std::string& why) {
        const std::string file = ca.secret ? "the file" : ca.value;
        diagnostics.error(ca.mark, core::config::written_length(diagnostics, ca), file + ": " + why,
                          "write the PEM file of the authorities that have signed the authority's certificate");
      };
      auto contents = source.read_file(ca.value);
      if (!contents) {
        error(contents.error().why);
      } else if (auto read = net::CallerTrust::create({contents.value()}); !read) {
        error(read.error().why);
      } else {
        authority.authorities = std::move(contents).value();
      }
    }
    resolved.push_back(std::move(authority));
  }
  return resolved;
}

std::string KeyKeeper::Slot::url() const {
  return authority.url + (version == TokenVersion::kV2 ? "/v2.0" : "") + "/.well-known/openid-configuration";
}

std::string KeyKeeper::Slot::label() const {
  return authority.label + (version == TokenVersion::kV2 ? "/v2.0" : "");
}

KeyKeeper::KeyKeeper(uv_loop_t& loop, Publish publish) : loop_(loop), publish_(std::move(publish)) {
  wake_ = net::open_uv<uv_async_t>(this, [&](uv_async_t* async) {
    return uv_async_init(&loop_, async, [](uv_async_t* woken) {
      if (woken->data != nullptr) static_cast<KeyKeeper*>(woken->data)->look_for_work();
    });
  });
  timer_ = net::open_uv<uv_timer_t>(this, [&](uv_timer_t* timer) { return uv_timer_init(&loop_, timer); });
}

KeyKeeper::Table KeyKeeper::take_up(std::vector<KeyAuthority> authorities) {
  const std::vector<std::shared_ptr<Slot>> before = std::move(slots_);
  slots_.clear();
  uv_update_time(&loop_);
  for (const KeyAuthority& authority : authorities) {
    for (const TokenVersion version : {TokenVersion::kV1, TokenVersion::kV2}) {
      const auto known = std::find_if(before.begin(), before.end(), [&](const auto& slot) {
        return slot->version == version && slot->authority.same_source(authority);
      });
      if (known == before.end()) {
        slots_.push_back(std::make_shared<Slot>());
        slots_.back()->authority = authority;
        slots_.back()->version = version;
        // Those of version 2.0 first: most callers show such tokens.
        slots_.back()->due_ms = uv_now(&loop_) + (version == TokenVersion::kV1 ? 1 : 0);
        continue;
      }
      slots_.push_back(*known);
      Slot& slot = *slots_.back();
      slot.authority = authority;
      slot.due_ms = std::min(slot.due_ms, uv_now(&loop_) + authority.refresh_ms);
    }
  }
  look_for_work();
  return table();
}

void KeyKeeper::stop() {
  stop_.store(true, std::memory_order_relaxed);
  wake_.reset();
  timer_.reset();
}

bool KeyKeeper::complete() const noexcept {
  const auto tried = [](const Slot& slot) { return slot.keys != nullptr || slot.failures_in_a_row > 0; };
  for (std::size_t i = 0; i < slots_.size(); i += core::callers::kTokenVersions) {
    const Slot &v1 = *slots_[i], &v2 = *slots_[i + 1];
    const bool enough = v2.keys != nullptr || (v1.keys != nullptr && v2.absent);
    if (!tried(v1) || !enough) return false;
  }
  return true;
}

std::vector<KeyKeeper::State> KeyKeeper::states() const {
  std::vector<State> states;
  for (const std::shared_ptr<Slot>& slot : slots_) {
    const bool any = slot->keys != nullptr;
    states.push_back({slot->label(), any ? slot->keys->size() : 0,
                      any ? static_cast<double>(uv_now(&loop_) - slot->fetched_ms) / 1000 : 0,
                      slot->failures});
  }
  return states;
}

KeyKeeper::Table KeyKeeper::table() const {
  auto table = std::make_shared<core::callers::KeyTable>();
  for (const std::shared_ptr<Slot>& slot : slots_) table->push_back({slot->keys, slot->request});
  return table;
}

/// Begins the fetch that is due first, or sets the timer for it.
void KeyKeeper::look_for_work() {
  if (fetching_ || timer_ == nullptr) return;  // the end of that one looks again
  const std::uint64_t now_ms = uv_now(&loop_);
  const std::shared_ptr<Slot>* first = nullptr;
  for (const std::shared_ptr<Slot>& slot : slots_) {
    if (slot->request->take() && slot->failures_in_a_row == 0) slot->due_ms = now_ms;
    if (first == nullptr || slot->due_ms < (*first)->due_ms) first = &slot;
  }
  if (first == nullptr) return;
  if ((*first)->due_ms <= now_ms) return fetch(*first);
  uv_timer_start(
      timer_.get(),
      [](uv_timer_t* timer) {
        if (timer->data != nullptr) static_cast<KeyKeeper*>(timer->data)->look_for_work();
      },
      (*first)->due_ms - now_ms, 0);
}

void KeyKeeper::fetch(std::shared_ptr<Slot> slot) {
  auto* const fetch = new Fetch{{}, this, slot, slot->authority, slot->url(), {}, {}, false};
  fetch->work.data = fetch;
  fetching_ = true;
  uv_queue_work(
      &loop_, &fetch->work,
      [](uv_work_t* work) {
        auto& at = *static_cast<Fetch*>(work->data);
        try {
          at.keeper->run(at);
        } catch (const std::exception&) {
          at.keys.reset();
          at.failure = "no memory for them";
        }
        OPENSSL_thread_stop();  // the pool's threads end behind OpenSSL, which would not free what is theirs
      },
      [](uv_work_t* work, int) {
        const std::unique_ptr<Fetch> at(static_cast<Fetch*>(work->data));
        at->keeper->on_fetched(*at);
      });
}

/// On the thread pool: the discovery document, then the key set that it names.
void KeyKeeper::run(Fetch& fetch) const {
  lists::FetchRequest request;
  request.url = fetch.url;
  request.authorities = fetch.authority.authorities;
  request.what = "JSON";
  request.bytes_max = KeySet::kDocumentBytesMax;
  request.connect_timeout_ms = kConnectMs;
  request.timeout_ms = kDocumentMs;
  lists::Fetched fetched = lists::fetch(request, stop_);
  if (!fetched.failure.empty()) {
    fetch.failure = "the discovery document: " + fetched.failure;
    fetch.absent = fetched.status == 404;
    return;
  }
  auto discovery = core::callers::read_discovery(fetched.body);
  if (!discovery) {
    fetch.failure = discovery.error();
    return;
  }
  // Whoever answers with TLS must not send us on to somebody without.
  const std::string& keys_url = discovery.value().keys_url;
  const bool plain = fetch.url.starts_with("http:");
  if (!keys_url.starts_with("https://") && !(plain && keys_url.starts_with("http://"))) {
    fetch.failure = "the discovery document's jwks_uri is not https";
    return;
  }
  request.url = keys_url;
  fetched = lists::fetch(request, stop_);
  if (!fetched.failure.empty()) {
    fetch.failure = "the key set: " + fetched.failure;
    return;
  }
  auto keys = KeySet::read(fetched.body, discovery.value().issuer, fetch.authority.tenant);
  if (keys) {
    fetch.keys = std::move(keys).value();
  } else {
    fetch.failure = keys.error();
  }
}

void KeyKeeper::on_fetched(Fetch& fetch) {
  fetching_ = false;
  if (stop_.load(std::memory_order_relaxed)) return;
  Slot& slot = *fetch.slot;
  const std::uint64_t now_ms = uv_now(&loop_);
  const bool said_otherwise = std::exchange(slot.absent, fetch.absent) != fetch.absent;
  if (fetch.keys == nullptr) {
    ++slot.failures;
    const std::uint64_t wait_ms =
        std::min(kRetryMs << std::min(slot.failures_in_a_row, 6U), kRetryMsMax);
    ++slot.failures_in_a_row;
    slot.due_ms = now_ms + wait_ms;
    // Once for each cause: an authority that knows no tokens of version 1.0 says so each minute.
    if (slot.last_failure != fetch.failure) {
      log::error("keys of {} {}: {}", slot.label(),
                    slot.keys == nullptr ? "cannot be fetched" : "stay as they were", fetch.failure);
    }
    slot.last_failure = std::move(fetch.failure);
    // Perhaps it was all that complete() has waited for.
    if (slot.keys == nullptr && (slot.failures_in_a_row == 1 || said_otherwise)) publish_(table());
    return look_for_work();
  }
  slot.failures_in_a_row = 0;
  slot.last_failure.clear();
  slot.fetched_ms = now_ms;
  slot.due_ms = now_ms + somewhat_less(slot.authority.refresh_ms);
  const bool changed = slot.keys == nullptr || !slot.keys->same_as(*fetch.keys);
  if (changed) {
    slot.keys = std::move(fetch.keys);
    log::info("keys of {}: {}", slot.label(), slot.keys->size());
    if (std::find(slots_.begin(), slots_.end(), fetch.slot) != slots_.end()) publish_(table());
  }
  slot.request->done();
  look_for_work();
}

}  // namespace proxy::tokens
