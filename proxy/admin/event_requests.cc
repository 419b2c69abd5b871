#include "proxy/admin/event_requests.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "proxy/admin/state_requests.h"
#include "proxy/admin/writing.h"
#include "proxy/state/blocking.h"

namespace proxy::admin {
namespace {

namespace http = core::http;
using events::Courier;
using state::Failure;

constexpr std::size_t kPageDefault = 100;
constexpr std::size_t kReplayBatch = 100;  // dead letters that go back in one transaction

/// "/events/crm/dead" in its parts; a missing one is empty.
struct SinkPath {
  std::string_view sink, verb;
  bool longer = false;
};
SinkPath sink_path(std::string_view path) {
  constexpr std::string_view kPrefix = "/events/";
  path.remove_prefix(std::min(kPrefix.size(), path.size()));
  SinkPath parts;
  parts.sink = path.substr(0, path.find('/'));
  path.remove_prefix(std::min(parts.sink.size() + 1, path.size()));
  parts.verb = path.substr(0, path.find('/'));
  parts.longer = parts.verb.size() != path.size();
  return parts;
}

struct Measured {
  Failure failure = Failure::kTimeout;
  state::StreamSize size;
};
Measured measure(state::Store& store, const std::string& stream) {
  return state::wait_for<Measured>(
      [&](auto done) {
        store.measure(stream, [done](Failure failure, state::StreamSize size) { done({failure, size}); });
      },
      Measured{});
}

struct Page {
  Failure failure = Failure::kTimeout;
  std::vector<state::Entry> entries;
};
Page page_of(state::Store& store, const std::string& stream, std::uint64_t after, std::size_t limit) {
  return state::wait_for<Page>(
      [&](auto done) {
        store.read_stream(stream, after, limit, [done](Failure failure, std::vector<state::Entry> entries) {
          done({failure, std::move(entries)});
        });
      },
      Page{});
}

Failure trim(state::Store& store, const std::string& stream, std::uint64_t up_to,
             std::vector<std::uint64_t> numbers) {
  return state::wait_for<Failure>(
      [&](auto done) { store.trim(stream, up_to, std::move(numbers), std::move(done)); }, Failure::kTimeout);
}

/// {"what":"waiting"} or {"what":"dead"}; empty when it is neither.
std::string what_of(std::string_view body) {
  simdjson::dom::parser parser;
  simdjson::dom::object members;
  std::string_view what;
  if (parser.parse(body.data(), body.size()).get(members) != simdjson::SUCCESS) return {};
  if (members.size() != 1 || members["what"].get(what) != simdjson::SUCCESS) return {};
  return what == "waiting" || what == "dead" ? std::string(what) : std::string();
}

}  // namespace

std::optional<Reply> EventRequests::refuse(const http::Request& request) const {
  if (std::optional<Reply> stranger = access_.refuse(request, "/events")) return stranger;
  if (outbox_ == nullptr) return error(404, "there are no sinks in the configuration");
  const SinkPath path = sink_path(request.path);
  const bool changes = path.verb == "replay" || path.verb == "purge";
  const bool known = path.sink.empty() ? path.verb.empty() : changes || path.verb == "dead";
  if (path.longer || !known) {
    return error(404, "there is /events, and behind it /SINK/dead, /SINK/replay and /SINK/purge");
  }
  const bool reads = request.method == http::Method::kGet || request.method == http::Method::kHead;
  if (changes ? request.method != http::Method::kPost : !reads) {
    Reply reply = error(405, changes ? "this is done by POST" : "this is read by GET");
    reply.allow = changes ? "POST" : "GET, HEAD";
    return reply;
  }
  if (changes && !is_json(request.known(http::Known::kContentType))) {
    return error(415, "the content type must be application/json");
  }
  return std::nullopt;
}

Reply EventRequests::answer(const http::Request& request) {
  if (std::optional<Reply> refused = refuse(request)) return std::move(*refused);
  const SinkPath path = sink_path(request.path);
  if (path.sink.empty()) return sizes();
  Courier* const courier = outbox_->find(path.sink);
  if (courier == nullptr) return error(404, "there is no such sink; GET /events names them");
  if (path.verb == "dead") return dead(*courier, request.query);
  return path.verb == "replay" ? replay(*courier) : purge(*courier, request.body);
}

Reply EventRequests::sizes() const {
  std::string json = "{\"sinks\":[";
  for (const auto& courier : outbox_->couriers()) {
    const Measured dead = measure(outbox_->store(), events::dead_stream(courier->name()));
    if (dead.failure != Failure::kNone) return unavailable(dead.failure);
    const Courier::Figures& figures = courier->figures();
    if (courier != outbox_->couriers().front()) json += ",";
    json += "{\"sink\":";
    append_json(json, courier->name());
    append_member(json, "waiting", figures.waiting.load());
    append_time(json, "oldest", figures.oldest_ms.load() / 1000);
    append_member(json, "dead", dead.size.entries);
    append_member(json, "delivered", figures.delivered.load());
    append_member(json, "retried", figures.retried.load() + figures.away.load());
    append_member(json, "purged", figures.purged.load());
    json.append(",\"delivers\":").append(figures.delivers.load() ? "true}" : "false}");
  }
  return {200, json + "]}\n"};
}

Reply EventRequests::dead(const Courier& courier, std::string_view query) const {
  const auto given = parameters(query);
  std::uint64_t after = 0;
  std::size_t limit = kPageDefault;
  bool good = given.has_value();
  for (std::size_t i = 0; good && i < given->size(); ++i) {
    const auto& [key, value] = (*given)[i];
    const char* const end = value.data() + value.size();
    const auto [stop, ec] = key == "after" ? std::from_chars(value.data(), end, after)
                                           : std::from_chars(value.data(), end, limit);
    good = (key == "after" || key == "limit") && ec == std::errc{} && stop == end && limit > 0 &&
           limit <= state::kPageMax;
  }
  if (!good) return error(400, "expected ?after=NUMBER, limit=1 to 1000");
  const Page page = page_of(outbox_->store(), events::dead_stream(courier.name()), after, limit);
  if (page.failure != Failure::kNone) return unavailable(page.failure);
  std::string json = "{\"dead\":[";
  for (const state::Entry& entry : page.entries) {
    if (&entry != page.entries.data()) json += ",";
    json.append("{\"number\":").append(std::to_string(entry.number)).append(",\"event\":");
    std::string_view value = entry.value;
    if (const auto event = core::events::read_stored(value)) {
      core::events::append_structured(json, *event);
    } else {
      json += "null";
    }
    json += "}";
  }
  json += "],\"next\":";
  json += page.entries.size() == limit ? std::to_string(page.entries.back().number) : "null";
  return {200, json + "}\n"};
}

/// Puts dead letters back behind what waits. One is forgotten when it is there: a process that ends in
/// between brings it twice, with the same id.
Reply EventRequests::replay(Courier& courier) {
  state::Store& store = outbox_->store();
  const std::string from = events::dead_stream(courier.name()), to = events::waiting_stream(courier.name());
  std::size_t count = 0;
  bool full = false;
  while (count < kReplayMax) {
    std::uint64_t waiting = courier.figures().waiting.load();
    if (courier.shared()) {  // counted now and then only
      const Measured measured = measure(store, to);
      if (measured.failure != Failure::kNone) return unavailable(measured.failure);
      waiting = measured.size.entries;
    }
    full = waiting + kReplayBatch > outbox_->events_max();
    if (full) break;
    Page page = page_of(store, from, 0, kReplayBatch);
    if (page.failure != Failure::kNone) return unavailable(page.failure);
    if (page.entries.empty()) break;
    state::Batch batch;
    std::vector<std::uint64_t> numbers;
    for (state::Entry& entry : page.entries) {
      numbers.push_back(entry.number);
      batch.appends.push_back({to, std::string(events::kUncounted), std::move(entry.value)});
    }
    const Failure put = state::wait_for<Failure>(
        [&](auto done) { store.commit(std::move(batch), std::move(done)); }, Failure::kTimeout);
    if (put != Failure::kNone) return unavailable(put);
    if (const Failure why = trim(store, from, 0, numbers); why != Failure::kNone) return unavailable(why);
    count += numbers.size();
    courier.look();
  }
  const Measured left = measure(store, from);
  if (left.failure != Failure::kNone) return unavailable(left.failure);
  return {200, "{\"replayed\":" + std::to_string(count) + ",\"left\":" + std::to_string(left.size.entries) +
                   ",\"full\":" + (full ? "true" : "false") + "}\n"};
}

Reply EventRequests::purge(Courier& courier, std::string_view body) {
  const std::string what = what_of(body);
  if (what.empty()) return error(400, "expected {\"what\":\"waiting\"} or {\"what\":\"dead\"}");
  if (what == "waiting") {
    const std::uint64_t waiting = courier.figures().waiting.load();
    // What is under way is not thrown away; what is, is so by the courier that delivers.
    const Failure why =
        state::wait_for<Failure>([&](auto done) { courier.purge(std::move(done)); }, Failure::kTimeout);
    if (why != Failure::kNone) return unavailable(why);
    return {200, "{\"purging\":" + std::to_string(waiting) + "}\n"};
  }
  const std::string stream = events::dead_stream(courier.name());
  const Measured dead = measure(outbox_->store(), stream);
  if (dead.failure != Failure::kNone) return unavailable(dead.failure);
  if (dead.size.entries > 0) {
    const Failure why = trim(outbox_->store(), stream, dead.size.last, {});
    if (why != Failure::kNone) return unavailable(why);
  }
  return {200, "{\"purged\":" + std::to_string(dead.size.entries) + "}\n"};
}

}  // namespace proxy::admin
