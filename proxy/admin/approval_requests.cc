#include "proxy/admin/approval_requests.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include "proxy/admin/state_requests.h"
#include "proxy/admin/writing.h"
#include "proxy/state/blocking.h"

namespace proxy::admin {
namespace {

namespace http = core::http;
namespace approvals = core::approvals;
using approvals::Approval;
using state::Approvals;
using state::Failure;

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
  for (const approvals::Change& change : approval.trail) {
    append_change(json, change.what, change.at_s, change.who, change.why);
  }
  json += "]";
}

}  // namespace

std::optional<Reply> ApprovalRequests::refuse(const http::Request& request) const {
  if (std::optional<Reply> stranger = access_.refuse(request, "/approvals")) return stranger;
  if (approvals_ == nullptr) return error(404, "there is no state: write state: { sqlite: state.db }");
  const NamedPath path = parts_of(request.path);
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
  const NamedPath path = parts_of(request.path);
  const std::vector<std::string> names = names_();
  if (path.name.empty()) return reply_names("approvals", names);
  if (std::find(names.begin(), names.end(), path.name) == names.end()) {
    return error(404, "there is no such approval; GET /approvals names them");
  }
  if (path.id.empty()) return list(path.name, request.query);
  if (path.verb.empty()) return read(path.name, path.id);
  return decide(path.name, path.id,
                path.verb == "approve" ? approvals::State::kApproved : approvals::State::kDenied, request.body);
}

Reply ApprovalRequests::list(std::string_view name, std::string_view query) const {
  std::optional<approvals::State> wanted;
  PageWish wish;
  const bool good = read_page_wish(query, wish, [&wanted](std::string_view key, std::string_view value) {
    if (key != "state") return false;
    wanted = approvals::state_of(value);
    return wanted.has_value();
  });
  if (!good) return error(400, "expected ?state=pending|approved|denied|expired, after=ID, limit=1 to 1000");
  const std::int64_t now_s = std::time(nullptr);
  Approvals::Page late;
  late.failure = Failure::kTimeout;
  const Approvals::Page page = state::wait_for<Approvals::Page>(
      [&](auto done) { approvals_->list(name, wish.after, wish.limit, std::move(done)); }, std::move(late));
  if (page.failure != Failure::kNone) return unavailable(page.failure);
  std::string json = "{\"approvals\":[";
  bool first = true;
  for (const Approvals::Found& item : page.items) {
    if (!item.record || (wanted && approvals::state_at(*item.record, now_s) != *wanted)) continue;
    if (!first) json += ",";
    first = false;
    append_summary(json, item.id, *item.record, now_s);
    json += "}";
  }
  json += "]";
  append_next(json, page.next);
  return {200, std::move(json)};
}

Reply ApprovalRequests::read(std::string_view name, std::string_view id) const {
  Approvals::Found late;
  late.failure = Failure::kTimeout;
  const Approvals::Found found = state::wait_for<Approvals::Found>(
      [&](auto done) { approvals_->find(name, std::string(id), std::move(done)); }, std::move(late));
  if (found.failure == Failure::kCorrupt) return error(409, "this record cannot be read");
  if (found.failure != Failure::kNone) return unavailable(found.failure);
  if (!found.record) return error(404, "there is no approval with this id");
  std::string json;
  append_summary(json, id, *found.record, std::time(nullptr));
  append_trail(json, *found.record);
  const std::optional<std::string> claims = approvals_->claims_of(name, found);
  json.append(",\"claims\":").append(claims ? *claims : "null");
  if (!claims && !found.record->claims.empty()) json += ",\"claims_closed\":true";
  return {200, json + "}\n"};
}

Reply ApprovalRequests::decide(std::string_view name, std::string_view id, approvals::State wanted,
                               std::string_view body) {
  std::string by, reason;
  if (std::string wrong = read_decision(body, Approval::kWhoBytesMax, Approval::kWhyBytesMax, by, reason);
      !wrong.empty()) return error(400, std::move(wrong));
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
