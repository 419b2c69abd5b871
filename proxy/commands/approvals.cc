#include "proxy/commands/approvals.h"

#include "proxy/commands/admin_pages.h"

namespace proxy::commands {
namespace {

std::string path_of(const ApprovalsOptions& options) {
  return "/approvals/" + query_text(options.name) + (options.id.empty() ? "" : "/" + query_text(options.id));
}

}  // namespace

int approvals_list(const ApprovalsOptions& options) {
  std::string path = path_of(options) + "?limit=1000";
  if (!options.state.empty()) path += "&state=" + query_text(options.state);
  Listing listing;
  listing.section = "approvals";
  listing.title = row_of({{"ID", 32}, {"STATE", 8}, {"REQUESTED", 20}, {"DECIDED", 0}});
  listing.line = [](const auto& text) {
    return row_of({{text("id"), 32}, {text("state"), 8}, {text("requested"), 20}, {text("decided"), 0}});
  };
  return print_pages(options.admin, path, listing, options.json);
}

int approvals_show(const ApprovalsOptions& options) { return print_answer(options.admin, path_of(options)); }

int approvals_decide(const ApprovalsOptions& options, const std::string& verb) {
  return print_answer(options.admin, path_of(options) + "/" + verb, decision_json(options.by, options.reason));
}

}  // namespace proxy::commands
