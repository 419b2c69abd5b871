#include "proxy/admin/invitation_requests.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include "proxy/admin/state_requests.h"
#include "proxy/admin/writing.h"
#include "proxy/state/blocking.h"

namespace proxy::admin {
namespace {

namespace http = core::http;
namespace invitations = core::invitations;
using core::gate::InvitationTerms;
using invitations::Invitation;
using state::Failure;
using state::Invitations;

void append_summary(std::string& json, std::string_view id, const Invitation& one, std::int64_t now_s) {
  json += "{\"id\":";
  append_json(json, id);
  json.append(",\"state\":\"").append(invitations::name(invitations::state_at(one, now_s))).append("\"");
  append_member(json, "uses", one.uses);
  append_member(json, "redeemed", one.redeemed.size());
  append_time(json, "created", one.created_s);
  append_time(json, "expires", one.expires_s);
  json += ",\"domain\":";
  append_json(json, one.domain);
  json.append(",\"for_address\":").append(one.address.empty() ? "false" : "true");
  json += ",\"note\":";
  append_json(json, one.note);
}

void append_trail(std::string& json, const Invitation& one) {
  json += ",\"trail\":[";
  append_change(json, "created", one.created_s, one.by, one.note);
  if (one.revoked_s != 0) append_change(json, "revoked", one.revoked_s, one.revoked_by, one.revoked_why);
  json += "]";
}

bool reads(http::Method method) noexcept { return method == http::Method::kGet || method == http::Method::kHead; }

}  // namespace

std::optional<Reply> InvitationRequests::refuse(const http::Request& request) const {
  if (std::optional<Reply> stranger = access_.refuse(request, "/invitations")) return stranger;
  if (invitations_ == nullptr) return error(404, "there is no state: write state: { sqlite: state.db }");
  const NamedPath path = parts_of(request.path);
  const bool revokes = path.verb == "revoke";
  if (path.longer || (!path.verb.empty() && !revokes)) {
    return error(404, "there is /invitations, /invitations/NAME, /invitations/NAME/ID, and behind it /revoke");
  }
  const bool creates = !path.name.empty() && path.id.empty() && request.method == http::Method::kPost;
  if (revokes ? request.method != http::Method::kPost : !creates && !reads(request.method)) {
    const bool both = !path.name.empty() && path.id.empty();
    Reply reply = error(405, revokes ? "this is done by POST" : both ? "this is read by GET, and codes are created by POST"
                                                                     : "this is read by GET");
    reply.allow = revokes ? "POST" : both ? "GET, HEAD, POST" : "GET, HEAD";
    return reply;
  }
  if ((creates || revokes) && !is_json(request.known(http::Known::kContentType))) {
    return error(415, "the content type must be application/json");
  }
  return std::nullopt;
}

Reply InvitationRequests::answer(const http::Request& request) {
  if (std::optional<Reply> refused = refuse(request)) return std::move(*refused);
  const NamedPath path = parts_of(request.path);
  const std::shared_ptr<const core::gate::Snapshot> snapshot = snapshot_();
  const std::vector<InvitationTerms>& all = snapshot->invitations;
  if (path.name.empty()) {
    std::vector<std::string> names;
    for (const InvitationTerms& one : all) names.push_back(one.name);
    return reply_names("invitations", names);
  }
  const auto terms =
      std::find_if(all.begin(), all.end(), [&path](const InvitationTerms& one) { return one.name == path.name; });
  if (terms == all.end()) return error(404, "there is no such invitation; GET /invitations names them");
  if (!path.verb.empty()) return revoke(*terms, path.id, request.body);
  if (!path.id.empty()) return read(path.name, path.id);
  return reads(request.method) ? list(path.name, request.query) : create(*terms, request.body);
}

Reply InvitationRequests::create(const InvitationTerms& terms, std::string_view body) const {
  Invitations::Making making;
  making.name = terms.name;
  making.forget_s = terms.forget_s;
  making.as.created_s = std::time(nullptr);
  if (std::string wrong = read_making(body, terms.valid_s, making); !wrong.empty()) return error(400, std::move(wrong));
  const Invitations::Made made = state::wait_for<Invitations::Made>(
      [&](auto done) { invitations_->create(making, std::move(done)); }, {Failure::kTimeout, {}});
  if (made.failure != Failure::kNone) return unavailable(made.failure);
  std::string json = "{\"codes\":[";
  for (const Invitations::Code& code : made.codes) {
    json += json.ends_with('[') ? "{\"code\":" : ",{\"code\":";
    append_json(json, code.code);
    json += ",\"id\":";
    append_json(json, code.id);
    json += "}";
  }
  json += "]";
  append_time(json, "expires", making.as.expires_s);
  return {200, json + "}\n"};
}

Reply InvitationRequests::list(std::string_view name, std::string_view query) const {
  std::optional<invitations::State> wanted;
  PageWish wish;
  const bool good = read_page_wish(query, wish, [&wanted](std::string_view key, std::string_view value) {
    if (key != "state") return false;
    wanted = invitations::state_of(value);
    return wanted.has_value();
  });
  if (!good) return error(400, "expected ?state=open|used_up|expired|revoked, after=ID, limit=1 to 1000");
  const std::int64_t now_s = std::time(nullptr);
  const Invitations::Page page = state::wait_for<Invitations::Page>(
      [&](auto done) { invitations_->list(name, wish.after, wish.limit, std::move(done)); },
      {Failure::kTimeout, {}, {}});
  if (page.failure != Failure::kNone) return unavailable(page.failure);
  std::string json = "{\"invitations\":[";
  for (const Invitations::Found& item : page.items) {
    if (!item.record || (wanted && invitations::state_at(*item.record, now_s) != *wanted)) continue;
    if (!json.ends_with('[')) json += ",";
    append_summary(json, item.id, *item.record, now_s);
    json += "}";
  }
  json += "]";
  append_next(json, page.next);
  return {200, std::move(json)};
}

Reply InvitationRequests::read(std::string_view name, std::string_view id) const {
  const Invitations::Found found = state::wait_for<Invitations::Found>(
      [&](auto done) { invitations_->find(name, std::string(id), std::move(done)); }, {Failure::kTimeout, {}, {}});
  if (found.failure == Failure::kCorrupt) return error(409, "this record cannot be read");
  if (found.failure != Failure::kNone) return unavailable(found.failure);
  if (!found.record) return error(404, "there is no code with this id");
  std::string json;
  append_summary(json, id, *found.record, std::time(nullptr));
  append_trail(json, *found.record);
  return {200, json + "}\n"};
}

Reply InvitationRequests::revoke(const InvitationTerms& terms, std::string_view id, std::string_view body) const {
  Invitations::Revoking revoking{terms.name, std::string(id), {}, {}, std::time(nullptr), terms.forget_s};
  std::string wrong =
      read_decision(body, Invitation::kWhoBytesMax, Invitation::kNoteBytesMax, revoking.by, revoking.why);
  if (!wrong.empty()) return error(400, std::move(wrong));
  const Invitations::Revoked revoked = state::wait_for<Invitations::Revoked>(
      [&](auto done) { invitations_->revoke(std::move(revoking), std::move(done)); }, {Failure::kTimeout, true, false});
  if (revoked.failure == Failure::kCorrupt) return error(409, "this record cannot be read");
  if (revoked.failure != Failure::kNone) return unavailable(revoked.failure);
  if (!revoked.there) return error(404, "there is no code with this id");
  return {200, std::string("{\"state\":\"revoked\",\"changed\":") + (revoked.changed ? "true" : "false") + "}\n"};
}

}  // namespace proxy::admin
