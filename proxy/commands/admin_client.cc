#include "proxy/commands/admin_client.h"

#include <simdjson.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <utility>

#include "core/config/load.h"
#include "core/secret.h"
#include "core/text/percent.h"
#include "proxy/commands/configuration.h"
#include "proxy/commands/file_source.h"
#include "proxy/curl.h"
#include "proxy/lists/fetch.h"

namespace proxy::commands {
namespace {

constexpr long kTimeoutMs = 10'000;
constexpr std::size_t kAnswerBytesMax = 64 << 20;

struct Found {
  std::string url, unix_path, token;
};

core::Result<Found, std::string> find(const AdminTarget& target) {
  Found found;
  if (!target.config.empty()) {
    FileSource source;
    core::config::Diagnostics diagnostics;
    core::config::Config config = core::config::load(target.config, source, diagnostics);
    if (diagnostics.has_errors()) return diagnostics.render();
    if (config.admin) {
      const core::config::ListenerAddress& address = config.admin->address;
      if (address.kind == core::config::ListenerAddress::Kind::kUnix) {
        found.url = "http://localhost";
        found.unix_path = address.host;
      } else {
        const bool any = address.host == "0.0.0.0" || address.host == "::";
        const std::string host = !any ? address.host : address.host == "::" ? "::1" : "127.0.0.1";
        found.url = "http://" + (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" +
                    std::to_string(address.port);
      }
    }
    found.token = config.admin_token.value;
    core::wipe(config.admin_token.value);
  } else if (const char* const token = std::getenv("CLAIMGATE_ADMIN_TOKEN"); token != nullptr) {
    found.token = token;
  }
  if (!target.url.empty()) {
    found.url = target.url;
    found.unix_path.clear();
  }
  if (found.url.empty()) return std::string("no admin address: write admin: { address: 127.0.0.1:9090 }, or --admin URL");
  return found;
}

}  // namespace

core::Result<AdminAnswer, std::string> ask_admin(const AdminTarget& target, const std::string& path,
                                                 const std::string& body) {
  auto found = find(target);
  if (!found) return std::move(found).error();
  const Found& at = found.value();
  lists::open_fetching();
  const CurlHandle curl(curl_easy_init());
  if (curl == nullptr) return std::string("libcurl cannot begin");
  AdminAnswer answer;
  const std::string url = at.url + path;
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  if (!at.unix_path.empty()) curl_easy_setopt(curl.get(), CURLOPT_UNIX_SOCKET_PATH, at.unix_path.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl.get(), CURLOPT_NOPROXY, "*");  // it is on this machine, or next to it
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT_MS, kTimeoutMs);
  CurlBody body_of{answer.body, kAnswerBytesMax};
  body_of.receive(curl.get());
  CurlFields fields;
  if (!at.token.empty()) add_field(fields, "Authorization: Bearer " + at.token);
  if (!body.empty()) {
    add_field(fields, "Content-Type: application/json");
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, body.c_str());
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
  }
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, fields.get());
  const CURLcode code = curl_easy_perform(curl.get());
  if (code != CURLE_OK) return at.url + ": " + curl_easy_strerror(code);
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  answer.status = static_cast<int>(status);
  return answer;
}

std::string query_text(const std::string& text) {
  std::string encoded;
  core::text::append_percent_encoded(encoded, text);
  return encoded;
}

int admin_failed(const std::string& why) {
  std::fprintf(stderr, "claimgate: error: %s%s", why.c_str(), why.ends_with('\n') ? "" : "\n");
  return kExitFailed;
}

std::string admin_body(core::Result<AdminAnswer, std::string> asked, int& code) {
  code = kExitOk;
  if (!asked) {
    code = admin_failed(asked.error());
    return {};
  }
  AdminAnswer answer = std::move(asked).value();
  if (answer.status == 200) return std::move(answer.body);
  // {"error":{"status":404,"message":"..."}}, else whatever it is.
  simdjson::dom::parser parser;
  std::string_view message;
  simdjson::dom::element read;
  const bool words = parser.parse(answer.body).get(read) == simdjson::SUCCESS &&
                     read["error"]["message"].get(message) == simdjson::SUCCESS;
  code = admin_failed(words ? std::string(message) : answer.body + " (" + std::to_string(answer.status) + ")");
  return {};
}

}  // namespace proxy::commands
