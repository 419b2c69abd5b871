#include "proxy/admin/approval_requests.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <utility>

#include "proxy/admin/writing.h"
#include "proxy/state/blocking.h"

namespace proxy::admin {
namespace {

namespace http = core::http;
namespace approvals = core::approvals;
using approvals::Approval;
using state::Approvals;
using state::Failure;

constexpr std::size_t kPageDefault = 100;

Reply unavailable(Failure failure) {
  return error(503, "the state is not to be had (" + std::string(state::name(failure)) + ")");
}

/// "guests/0f3a.../approve" in its parts; a missing one is empty.
struct Path {
  std::string_view name, id, verb;
  bool longer = false;
};
Path parts_of(std::string_view path) {
  constexpr std::string_view kPrefix = "/approvals/";
  path.remove_prefix(std::min(kPrefix.size(), path.size()));
  Path parts;
  for (std::string_view* part : {&parts.name, &parts.id, &parts.verb}) {
    *part = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(part->size() + 1, path.size()));
  }
  parts.longer = !path.empty();
  return parts;
}

void append_summary(std::string& json, std::string_view id, const Approval& approval, std::int64_t now_s) {
  json += "{\"id\":";
  append_json(json, id);
  json.append(",\"state\":\"").append(approvals::name(approvals::state_at(approval, now_s))).append("\"");
  json += ",\"connector\":";
  append_json(json, approval.connector);
  json.append(",\"account\":\"").append(approvals::name(approval.account)).append("\"");
  append_time(json, "requested", approval.requested_s);
  append_time(json, "decided", approval.decided_s);
  append_time(json, "expires", approval.state == approvals::State::kPending ? approval.expires_s : 0);
}

void append_trail(std::string& json, const Approval& approval) {
  json += ",\"trail\":[";
  bool first = true;
  for (const approvals::Change& change : approval.trail) {
    json += first ? "{\"what\":" : ",{\"what\":";
    first = false;
    append_json(json, change.what);
    append_time(json, "at", change.at_s);
    json += ",\"by\":";
    append_json(json, change.who);
    json += ",\"reason\":";
    append_json(json, change.why);
    json += "}";
  }
  json += "]";
}

/// {"by":"...","reason":"..."}, both filled. Empty, or what is wrong.
std::string read_decision(std::string_view body, std::string& by, std::string& reason) {
  constexpr const char* kWanted = "expected {\"by\":\"who decides\",\"reason\":\"why\"}";
  simdjson::dom::parser parser;
  simdjson::dom::object members;
  if (parser.parse(body.data(), body.size()).get(members) != simdjson::SUCCESS) return kWanted;
  for (const auto& [name, value] : members) {
    std::string_view text;
    if ((name != "by" && name != "reason") || value.get(text) != simdjson::SUCCESS) return kWanted;
    (name == "by" ? by : reason) = text;
  }
  if (by.empty() || reason.empty()) return kWanted;
  if (by.size() > Approval::kWhoBytesMax) return "by is longer than 128 bytes";
  if (reason.size() > Approval::kWhyBytesMax) return "reason is longer than 1024 bytes";
  return {};
}

}  // namespace

std::optional<Reply> ApprovalRequests::refuse(const http::Request& request) const {
  if (std::optional<Reply> stranger = access_.refuse(request, "/approvals")) return stranger;
  if (approvals_ == nullptr) return error(404, "there is no state: write state: { sqlite: state.db }");
  const Path path = parts_of(request.path);
  const bool decides = path.verb == "approve" || path.verb == "deny";
  if (path.longer || (!path.verb.empty() && !decides)) {
    return error(404, "there is /approvals, /approvals/NAME, /approvals/NAME/ID, and behind it /approve and /deny");
  }
  const bool reads = request.method == http::Method::kGet || request.method == http::Method::kHead;
  if (decides ? request.method != http::Method::kPost : !reads) {
    Reply reply = error(405, decides ? "this is done by POST" : "this is read by GET");
    reply.allow = decides ? "POST" : "GET, HEAD";
    return reply;
  }
  if (decides && !is_json(request.known(http::Known::kContentType))) {
    return error(415, "the content type must be application/json");
  }
  return std::nullopt;
}

Reply ApprovalRequests::answer(const http::Request& request) {
  if (std::optional<Reply> refused = refuse(request)) return std::move(*refused);
  const Path path = parts_of(request.path);
  const std::vector<std::string> names = names_();
  if (path.name.empty()) {
    std::string json = "{\"approvals\":[";
    for (const std::string& name : names) {
      if (&name != &names.front()) json += ",";
      append_json(json, name);
    }
    return {200, json + "]}\n"};
  }
  if (std::find(names.begin(), names.end(), path.name) == names.end()) {
    return error(404, "there is no such approval; GET /approvals names them");
  }
  if (path.id.empty()) return list(path.name, request.query);
  if (path.verb.empty()) return read(path.name, path.id);
  return decide(path.name, path.id,
                path.verb == "approve" ? approvals::State::kApproved : approvals::State::kDenied, request.body);
}

Reply ApprovalRequests::list(std::string_view name, std::string_view query) const {
  const auto given = parameters(query);
  std::optional<approvals::State> wanted;
  std::string after;
  std::size_t limit = kPageDefault;
  bool good = given.has_value();
  for (std::size_t i = 0; good && i < given->size(); ++i) {
    const auto& [key, value] = (*given)[i];
    if (key == "state") {
      wanted = approvals::state_of(value);
      good = wanted.has_value();
    } else if (key == "after") {
      after = value;
    } else if (key == "limit") {
      const auto [stop, ec] = std::from_chars(value.data(), value.data() + value.size(), limit);
      good = ec == std::errc{} && stop == value.data() + value.size() && limit > 0 && limit <= state::kPageMax;
    } else {
      good = false;
    }
  }
  if (!good) return error(400, "expected ?state=pending|approved|denied|expired, after=ID, limit=1 to 1000");
  const std::int64_t now_s = std::time(nullptr);
  Approvals::Page late;
  late.failure = Failure::kTimeout;
  const Approvals::Page page = state::wait_for<Approvals::Page>(
      [&](auto done) { approvals_->list(name, after, limit, std::move(done)); }, std::move(late));
  if (page.failure != Failure::kNone) return unavailable(page.failure);
  std::string json = "{\"approvals\":[";
  bool first = true;
  for (const Approvals::Found& item : page.items) {
    if (!item.approval || (wanted && approvals::state_at(*item.approval, now_s) != *wanted)) continue;
    if (!first) json += ",";
    first = false;
    append_summary(json, item.id, *item.approval, now_s);
    json += "}";
  }
  json += "],\"next\":";
  if (page.next.empty()) {
    json += "null";
  } else {
    append_json(json, page.next);
  }
  return {200, json + "}\n"};
}

Reply ApprovalRequests::read(std::string_view name, std::string_view id) const {
  Approvals::Found late;
  late.failure = Failure::kTimeout;
  const Approvals::Found found = state::wait_for<Approvals::Found>(
      [&](auto done) { approvals_->find(name, std::string(id), std::move(done)); }, std::move(late));
  if (found.failure == Failure::kCorrupt) return error(409, "this record cannot be read");
  if (found.failure != Failure::kNone) return unavailable(found.failure);
  if (!found.approval) return error(404, "there is no approval with this id");
  std::string json;
  append_summary(json, id, *found.approval, std::time(nullptr));
  append_trail(json, *found.approval);
  const std::optional<std::string> claims = approvals_->claims_of(name, found);
  json.append(",\"claims\":").append(claims ? *claims : "null");
  if (!claims && !found.approval->claims.empty()) json += ",\"claims_closed\":true";
  return {200, json + "}\n"};
}

Reply ApprovalRequests::decide(std::string_view name, std::string_view id, approvals::State wanted,
                               std::string_view body) {
  std::string by, reason;
  if (std::string wrong = read_decision(body, by, reason); !wrong.empty()) return error(400, std::move(wrong));
  Approvals::Decided late;
  late.failure = Failure::kTimeout;
  const Approvals::Decided decided = state::wait_for<Approvals::Decided>(
      [&](auto done) { approvals_->decide(name, std::string(id), wanted, by, reason, std::move(done)); }, late);
  if (decided.failure != Failure::kNone) return unavailable(decided.failure);
  if (decided.refusal == approvals::Refusal::kNotThere) {
    return error(404, "there is no approval with this id, or it has expired");
  }
  if (decided.refusal == approvals::Refusal::kDecided) {
    return error(409, "this one is approved already, and its account may exist");
  }
  return {200, std::string("{\"state\":\"") + std::string(approvals::name(wanted)) + "\",\"changed\":" +
                   (decided.changed ? "true" : "false") + "}\n"};
}

}  // namespace proxy::admin
