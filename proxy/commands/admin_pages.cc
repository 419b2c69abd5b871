#include "proxy/commands/admin_pages.h"

#include <cstdio>
#include <string_view>
#include <utility>

#include "core/text/json.h"
#include "proxy/commands/configuration.h"

namespace proxy::commands {

std::string text_of(const simdjson::dom::element& item, const char* name) {
  simdjson::dom::element member;
  if (item[name].get(member) != simdjson::SUCCESS || member.is_null()) return "-";
  std::string_view text;
  if (member.get(text) == simdjson::SUCCESS) return text.empty() ? "-" : std::string(text);
  return simdjson::minify(member);
}

int print_answer(const AdminTarget& admin, const std::string& path, const std::string& body) {
  int code = kExitOk;
  const std::string answer = admin_body(ask_admin(admin, path, body), code);
  if (code == kExitOk) std::fputs(answer.c_str(), stdout);
  return code;
}

std::string decision_json(const std::string& by, const std::string& reason) {
  return "{\"by\":" + core::text::json_quoted(by) + ",\"reason\":" + core::text::json_quoted(reason) + "}";
}

std::string row_of(std::initializer_list<std::pair<std::string, std::size_t>> columns) {
  std::string row;
  for (const auto& [text, width] : columns) {
    if (!row.empty()) row += "  ";
    row += text;
    if (text.size() < width) row.append(width - text.size(), ' ');
  }
  return row;
}

int print_pages(const AdminTarget& admin, const std::string& path, const Listing& listing, bool json) {
  std::string after;
  bool first = true;
  do {
    int code = kExitOk;
    const std::string body =
        admin_body(ask_admin(admin, path + (after.empty() ? "" : "&after=" + query_text(after))), code);
    if (code != kExitOk) return code;
    simdjson::dom::parser parser;
    simdjson::dom::element page;
    simdjson::dom::array items;
    if (parser.parse(body).get(page) != simdjson::SUCCESS ||
        page[listing.section].get(items) != simdjson::SUCCESS) {
      return admin_failed("the admin address has answered something else");
    }
    if (json) std::fputs(body.c_str(), stdout);
    if (first && !json) std::printf("%s\n", listing.title.c_str());
    first = false;
    for (const simdjson::dom::element item : items) {
      if (json) break;
      std::printf("%s\n", listing.line([&item](const char* member) { return text_of(item, member); }).c_str());
    }
    std::string_view next;
    after = page["next"].get(next) == simdjson::SUCCESS ? std::string(next) : std::string();
  } while (!after.empty());
  return kExitOk;
}

}  // namespace proxy::commands
