#include "proxy/upstream/request_writer.h"

#include <charconv>
#include <cstring>

namespace proxy::upstream {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kBearer = "Authorization: Bearer ";
constexpr std::string_view kTraceparent = "traceparent: ";
constexpr std::string_view kRequestId = "X-Request-Id: ";
constexpr std::string_view kContentLength = "Content-Length: ";

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

/// Copies into room that was counted before.
struct Pen {
  char* at;
  void put(std::string_view text) noexcept {
    if (text.empty()) return;
    std::memcpy(at, text.data(), text.size());
    at += text.size();
  }
};

}  // namespace

bool names_field(std::string_view fields, std::string_view name) noexcept {
  while (fields.size() > name.size()) {
    if (fields[name.size()] == ':') {
      std::size_t i = 0;
      while (i < name.size() && lower(fields[i]) == lower(name[i])) ++i;
      if (i == name.size()) return true;
    }
    const std::size_t end = fields.find('\n');
    if (end == std::string_view::npos) return false;
    fields.remove_prefix(end + 1);
  }
  return false;
}

RequestWriter::RequestWriter(const BackendOptions& backend, const EndpointOptions& endpoint)
    : base_path_(endpoint.base_path),
      query_(backend.query),
      host_(" HTTP/1.1\r\nHost: " + endpoint.authority + "\r\n"),
      credentials_(backend.credentials) {
  usual_ = host_;
  usual_.append(kUserAgent).append(kAccept).append(credentials_);
}

bool RequestWriter::write(const core::mapping::Question& question, const Trace& trace,
                          std::string_view bearer, core::http::OutBuffer& out) const noexcept {
  const bool own_agent = names_field(question.fields, "User-Agent");
  const bool own_accept = names_field(question.fields, "Accept");
  const bool usual = !own_agent && !own_accept;
  const std::string_view traceparent = trace.traceparent.view();
  const std::string_view request_id = trace.request_id.view();
  const bool traced = !traceparent.empty();
  const bool numbered = !request_id.empty();
  char length_text[24];
  std::string_view length;
  if (question.has_body) {
    length = {length_text, static_cast<std::size_t>(
                               std::to_chars(length_text, length_text + sizeof length_text,
                                             question.body.size()).ptr - length_text)};
  }
  std::string_view join;
  if (!query_.empty()) {
    join = question.target.find('?') == std::string::npos ? "?" : "&";
  }
  const std::size_t size =
      question.method.size() + 1 + base_path_.size() + question.target.size() + join.size() +
      query_.size() + usual_.size() +
      (bearer.empty() ? 0 : kBearer.size() + bearer.size() + kLineEnd.size()) +
      question.fields.size() +
      (traced ? kTraceparent.size() + traceparent.size() + kLineEnd.size() : 0) +
      (numbered ? kRequestId.size() + request_id.size() + kLineEnd.size() : 0) +
      (length.empty() ? 0 : kContentLength.size() + length.size() + kLineEnd.size()) +
      kLineEnd.size() + question.body.size();
  char* const room = out.reserve(size);
  if (room == nullptr) return false;
  Pen pen{room};
  pen.put(question.method);
  pen.put(" ");
  pen.put(base_path_);
  pen.put(question.target);
  pen.put(join);
  pen.put(query_);
  if (usual) {
    pen.put(usual_);
  } else {
    pen.put(host_);
    if (!own_agent) pen.put(kUserAgent);
    if (!own_accept) pen.put(kAccept);
    pen.put(credentials_);
  }
  if (!bearer.empty()) {
    pen.put(kBearer);
    pen.put(bearer);
    pen.put(kLineEnd);
  }
  pen.put(question.fields);
  if (traced) {
    pen.put(kTraceparent);
    pen.put(traceparent);
    pen.put(kLineEnd);
  }
  if (numbered) {
    pen.put(kRequestId);
    pen.put(request_id);
    pen.put(kLineEnd);
  }
  if (!length.empty()) {
    pen.put(kContentLength);
    pen.put(length);
    pen.put(kLineEnd);
  }
  pen.put(kLineEnd);
  if (question.has_body) pen.put(question.body);
  out.commit(static_cast<std::size_t>(pen.at - room));
  return true;
}

}  // namespace proxy::upstream
