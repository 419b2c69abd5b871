#include "proxy/commands/events.h"

#include <simdjson.h>

#include <cinttypes>
#include <cstdio>
#include <string_view>

#include "proxy/commands/admin_pages.h"
#include "proxy/commands/configuration.h"

namespace proxy::commands {
namespace {

namespace dom = simdjson::dom;

constexpr const char* kSomethingElse = "the admin address has answered something else";

std::uint64_t number_of(const dom::element& item, const char* name) {
  std::uint64_t number = 0;
  return item[name].get(number) == simdjson::SUCCESS ? number : 0;
}

std::string path_of(const EventsOptions& options, const char* verb) {
  return "/events/" + query_text(options.sink) + "/" + verb;
}

void print_dead(const dom::element& item) {
  dom::element event;
  if (item["event"].get(event) != simdjson::SUCCESS) return;
  std::printf("%-10" PRIu64 "  %-24s  %-36s  %s\n", number_of(item, "number"), text_of(event, "time").c_str(),
              text_of(event, "id").c_str(), text_of(event, "type").c_str());
}

}  // namespace

int events_list(const EventsOptions& options) {
  int code = kExitOk;
  const std::string body = admin_body(ask_admin(options.admin, "/events"), code);
  if (code != kExitOk) return code;
  if (options.json) return std::fputs(body.c_str(), stdout) < 0 ? kExitFailed : kExitOk;
  dom::parser parser;
  dom::element read;
  dom::array sinks;
  if (parser.parse(body).get(read) != simdjson::SUCCESS || read["sinks"].get(sinks) != simdjson::SUCCESS) {
    return admin_failed(kSomethingElse);
  }
  std::printf("%-24s  %10s  %-20s  %10s  %12s  %10s  %s\n", "SINK", "WAITING", "OLDEST", "DEAD", "DELIVERED", "RETRIED",
              "DELIVERS");
  for (const dom::element sink : sinks) {
    bool delivers = false;
    if (sink["delivers"].get(delivers) != simdjson::SUCCESS) delivers = false;
    std::printf("%-24s  %10" PRIu64 "  %-20s  %10" PRIu64 "  %12" PRIu64 "  %10" PRIu64 "  %s\n",
                text_of(sink, "sink").c_str(), number_of(sink, "waiting"), text_of(sink, "oldest").c_str(),
                number_of(sink, "dead"), number_of(sink, "delivered"), number_of(sink, "retried"),
                delivers ? "yes" : "no");
  }
  return kExitOk;
}

int events_dead(const EventsOptions& options) {
  std::string after = "0";
  bool first = true;
  while (!after.empty()) {
    int code = kExitOk;
    const std::string body =
        admin_body(ask_admin(options.admin, path_of(options, "dead") + "?limit=1000&after=" + after), code);
    if (code != kExitOk) return code;
    dom::parser parser;
    dom::element page;
    dom::array items;
    if (parser.parse(body).get(page) != simdjson::SUCCESS || page["dead"].get(items) != simdjson::SUCCESS) {
      return admin_failed(kSomethingElse);
    }
    if (options.json) std::fputs(body.c_str(), stdout);
    if (first && !options.json) std::printf("%-10s  %-24s  %-36s  %s\n", "NUMBER", "TIME", "ID", "TYPE");
    first = false;
    for (const dom::element item : items) {
      if (!options.json) print_dead(item);
    }
    std::uint64_t next = 0;
    after = page["next"].get(next) == simdjson::SUCCESS ? std::to_string(next) : std::string();
  }
  return kExitOk;
}

int events_replay(const EventsOptions& options) {
  std::uint64_t count = 0;
  for (;;) {
    int code = kExitOk;
    const std::string body = admin_body(ask_admin(options.admin, path_of(options, "replay"), "{}"), code);
    if (code != kExitOk) return code;
    dom::parser parser;
    dom::element read;
    if (parser.parse(body).get(read) != simdjson::SUCCESS) return admin_failed(kSomethingElse);
    const std::uint64_t replayed = number_of(read, "replayed"), left = number_of(read, "left");
    count += replayed;
    // What comes back as a dead letter meanwhile is not chased.
    if (left != 0 && replayed != 0) continue;
    std::printf("%" PRIu64 " dead letters go again, %" PRIu64 " are left\n", count, left);
    return left == 0 ? kExitOk : admin_failed("as many wait for the sink as may (outbox.events)");
  }
}

int events_purge(const EventsOptions& options) {
  int code = kExitOk;
  const std::string body = admin_body(ask_admin(options.admin, path_of(options, "purge"),
                                                options.dead ? R"({"what":"dead"})" : R"({"what":"waiting"})"),
                                      code);
  if (code == kExitOk) std::fputs(body.c_str(), stdout);
  return code;
}

}  // namespace proxy::commands
