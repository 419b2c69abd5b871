#include "proxy/commands/approvals.h"

#include <simdjson.h>

#include <cstdio>
#include <string_view>
#include <utility>

#include "core/text/json.h"
#include "proxy/commands/configuration.h"

namespace proxy::commands {
namespace {

std::string text_of(const simdjson::dom::element& item, const char* name) {
  std::string_view text;
  return item[name].get(text) == simdjson::SUCCESS ? std::string(text) : "-";
}

std::string path_of(const ApprovalsOptions& options) {
  return "/approvals/" + query_text(options.name) + (options.id.empty() ? "" : "/" + query_text(options.id));
}

}  // namespace

int approvals_list(const ApprovalsOptions& options) {
  std::string after;
  bool first = true;
  do {
    std::string path = path_of(options) + "?limit=1000";
    if (!options.state.empty()) path += "&state=" + query_text(options.state);
    if (!after.empty()) path += "&after=" + query_text(after);
    int code = kExitOk;
    const std::string body = admin_body(ask_admin(options.admin, path), code);
    if (code != kExitOk) return code;
    simdjson::dom::parser parser;
    simdjson::dom::element page;
    simdjson::dom::array items;
    if (parser.parse(body).get(page) != simdjson::SUCCESS ||
        page["approvals"].get(items) != simdjson::SUCCESS) {
      return admin_failed("the admin address has answered something else");
    }
    if (options.json) std::fputs(body.c_str(), stdout);
    if (first && !options.json) std::printf("%-32s  %-8s  %-20s  %s\n", "ID", "STATE", "REQUESTED", "DECIDED");
    first = false;
    for (const simdjson::dom::element item : items) {
      if (options.json) break;
      std::printf("%-32s  %-8s  %-20s  %s\n", text_of(item, "id").c_str(), text_of(item, "state").c_str(),
                  text_of(item, "requested").c_str(), text_of(item, "decided").c_str());
    }
    std::string_view next;
    after = page["next"].get(next) == simdjson::SUCCESS ? std::string(next) : std::string();
  } while (!after.empty());
  return kExitOk;
}

int approvals_show(const ApprovalsOptions& options) {
  int code = kExitOk;
  const std::string body = admin_body(ask_admin(options.admin, path_of(options)), code);
  if (code == kExitOk) std::fputs(body.c_str(), stdout);
  return code;
}

int approvals_decide(const ApprovalsOptions& options, const std::string& verb) {
  const std::string decision = "{\"by\":" + core::text::json_quoted(options.by) +
                               ",\"reason\":" + core::text::json_quoted(options.reason) + "}";
  int code = kExitOk;
  const std::string body = admin_body(ask_admin(options.admin, path_of(options) + "/" + verb, decision), code);
  if (code == kExitOk) std::fputs(body.c_str(), stdout);
  return code;
}

}  // namespace proxy::commands
