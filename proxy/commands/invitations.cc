#include "proxy/commands/invitations.h"

#include <simdjson.h>

#include <cstdio>
#include <optional>
#include <string_view>
#include <utility>

#include "core/invitations/code.h"
#include "core/text/json.h"
#include "proxy/commands/admin_pages.h"
#include "proxy/commands/configuration.h"

namespace proxy::commands {
namespace {

std::string path_of(const InvitationsOptions& options) {
  std::string path = "/invitations/" + query_text(options.name);
  if (options.id.empty()) return path;
  // Addresses are written into logs on the way: a code is not among them.
  const std::optional<std::string> code = core::invitations::normal_code(options.id);
  return path + "/" + query_text(code ? core::invitations::code_hash(*code) : options.id);
}

}  // namespace

int invitations_create(const InvitationsOptions& options) {
  std::string body = "{\"by\":" + core::text::json_quoted(options.by) +
                     ",\"count\":" + std::to_string(options.count) + ",\"uses\":" + std::to_string(options.uses);
  for (const auto& [name, text] :
       {std::pair{"expires", &options.expires}, std::pair{"address", &options.address},
        std::pair{"domain", &options.domain}, std::pair{"note", &options.note}}) {
    if (!text->empty()) body += ",\"" + std::string(name) + "\":" + core::text::json_quoted(*text);
  }
  int code = kExitOk;
  const std::string answer = admin_body(ask_admin(options.admin, path_of(options), body + "}"), code);
  if (code != kExitOk || options.json) {
    std::fputs(answer.c_str(), stdout);
    return code;
  }
  simdjson::dom::parser parser;
  simdjson::dom::array codes;
  if (parser.parse(answer)["codes"].get(codes) != simdjson::SUCCESS) {
    std::fputs("claimgate: error: the admin address has answered something else\n", stderr);
    return kExitFailed;
  }
  for (const simdjson::dom::element one : codes) {
    std::string_view text;
    if (one["code"].get(text) == simdjson::SUCCESS) std::printf("%.*s\n", static_cast<int>(text.size()), text.data());
  }
  return kExitOk;
}

int invitations_list(const InvitationsOptions& options) {
  std::string path = path_of(options) + "?limit=1000";
  if (!options.state.empty()) path += "&state=" + query_text(options.state);
  Listing listing;
  listing.section = "invitations";
  listing.title = row_of({{"ID", core::invitations::kHashChars}, {"STATE", 7}, {"REDEEMED", 11}, {"EXPIRES", 20},
                          {"NOTE", 0}});
  listing.line = [](const auto& text) {
    return row_of({{text("id"), core::invitations::kHashChars}, {text("state"), 7},
                   {text("redeemed") + "/" + text("uses"), 11}, {text("expires"), 20}, {text("note"), 0}});
  };
  return print_pages(options.admin, path, listing, options.json);
}

int invitations_show(const InvitationsOptions& options) { return print_answer(options.admin, path_of(options)); }

int invitations_revoke(const InvitationsOptions& options) {
  return print_answer(options.admin, path_of(options) + "/revoke", decision_json(options.by, options.reason));
}

}  // namespace proxy::commands
