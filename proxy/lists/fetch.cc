#include "proxy/lists/fetch.h"

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include "core/text/text.h"
#include "proxy/curl.h"
#include "proxy/lists/pages.h"

namespace proxy::lists {
namespace {

constexpr int kRedirectsMax = 5;
constexpr std::size_t kValidatorBytesMax = 1024;  // of an ETag or date that is remembered

struct Transfer {
  Fetched* fetched;
  const std::atomic<bool>* stop;
  std::size_t bytes_max;
  const std::string& what;
  bool too_large = false;
  bool no_memory = false;
};

/// body.append(), which would free what it has grown out of in one piece (pages.h).
void append(std::string& body, std::string_view bytes) {
  if (bytes.size() > body.capacity() - body.size()) {
    std::string larger;
    larger.reserve(std::max(2 * body.capacity(), body.size() + bytes.size()));
    larger.append(body);
    give_back(body.data(), body.size());
    body = std::move(larger);
  }
  body.append(bytes);
}

std::size_t on_body(char* bytes, std::size_t, std::size_t size, void* user) noexcept {
  auto& transfer = *static_cast<Transfer*>(user);
  if (size > transfer.bytes_max - transfer.fetched->body.size()) {
    transfer.too_large = true;
    return 0;
  }
  try {
    append(transfer.fetched->body, {bytes, size});
  } catch (const std::exception&) {
    transfer.no_memory = true;
    return 0;
  }
  return size;
}

std::size_t on_field(char* bytes, std::size_t, std::size_t size, void* user) noexcept {
  auto& fetched = *static_cast<Transfer*>(user)->fetched;
  const std::string_view line(bytes, size);
  const auto keep = [&](std::string_view name, std::string& to) {
    if (line.size() <= name.size() || line[name.size()] != ':' ||
        !core::text::equals_ignore_case_ascii(line.substr(0, name.size()), name)) {
      return;
    }
    std::string_view value = line.substr(name.size() + 1);
    const auto is_white = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
    while (!value.empty() && is_white(value.front())) value.remove_prefix(1);
    while (!value.empty() && is_white(value.back())) value.remove_suffix(1);
    if (value.size() <= kValidatorBytesMax) to = value;
  };
  try {
    keep("etag", fetched.etag);
    keep("last-modified", fetched.last_modified);
  } catch (const std::exception&) {
    return 0;
  }
  return size;
}

int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept {
  return static_cast<Transfer*>(user)->stop->load(std::memory_order_relaxed) ? 1 : 0;
}

struct Target {
  std::string scheme, host, port;
};

/// Empty parts when it is no URL.
Target target_of(const std::string& url) {
  Target target;
  const std::unique_ptr<CURLU, FreeCurl> parsed(curl_url());
  if (parsed == nullptr || curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) {
    return target;
  }
  const auto part = [&](CURLUPart which, std::string& to) {
    char* text = nullptr;
    if (curl_url_get(parsed.get(), which, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) return;
    to = text;
    curl_free(text);
  };
  part(CURLUPART_SCHEME, target.scheme);
  part(CURLUPART_HOST, target.host);
  part(CURLUPART_PORT, target.port);
  return target;
}

/// Why a redirect is not followed; empty when it is.
std::string refuse_redirect(const Target& from, const Target& to, const Target& first,
                            const std::vector<std::string>& hosts) {
  if (to.scheme != "https" && to.scheme != "http")
    return "it redirects to something else than HTTP";
  if (from.scheme == "https" && to.scheme != "https") return "it redirects from https to http";
  using core::text::equals_ignore_case_ascii;
  const bool same = equals_ignore_case_ascii(to.host, first.host);
  const bool listed = std::any_of(hosts.begin(), hosts.end(), [&](const std::string& host) {
    return equals_ignore_case_ascii(host, to.host);
  });
  // Another port of the host is another server.
  const bool upgraded = from.scheme == "http" && to.scheme == "https";
  if (listed || (same && (to.port == first.port || upgraded))) return {};
  return "it redirects to another host; write its URL, or name the host in redirect_hosts";
}

/// One request, no redirect followed. Fills `fetched`; `next` is where a redirect points to.
void fetch_once(CURL* curl, const std::string& url, Transfer& transfer, std::string& next) {
  Fetched& fetched = *transfer.fetched;
  fetched = {};
  next.clear();
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  const CURLcode code = curl_easy_perform(curl);
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  const auto fail = [&](std::string why) {
    fetched = {};
    fetched.failure = std::move(why);
    fetched.status = status;
  };
  fetched.status = status;
  if (transfer.too_large) {
    const std::size_t kib = transfer.bytes_max >> 10;
    return fail("it is larger than " + (kib < 1024 ? std::to_string(kib) + " KiB" : std::to_string(kib >> 10) + " MiB"));
  }
  if (transfer.no_memory) return fail("no memory for it");
  if (code != CURLE_OK) return fail(curl_easy_strerror(code));
  if (status == 304) {
    fetched.unchanged = true;
    return;
  }
  if (status == 301 || status == 302 || status == 303 || status == 307 || status == 308) {
    char* location = nullptr;
    curl_easy_getinfo(curl, CURLINFO_REDIRECT_URL, &location);
    if (location == nullptr) return fail("it redirects to nowhere");
    next = location;
    return;
  }
  if (status != 200) return fail("the answer's status is " + std::to_string(status));
  char* type = nullptr;
  curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
  if (type != nullptr &&
      core::text::equals_ignore_case_ascii(std::string_view(type).substr(0, 9), "text/html")) {
    fail("the answer is a web page (text/html), not " + transfer.what);
  }
}

}  // namespace

void open_fetching() { curl_global_init(CURL_GLOBAL_DEFAULT); }

Fetched fetch(const FetchRequest& request, const std::atomic<bool>& stop) {
  Fetched fetched;
  const std::unique_ptr<CURL, FreeCurl> handle(curl_easy_init());
  CURL* const curl = handle.get();
  if (curl == nullptr) {
    fetched.failure = "no memory for it";
    return fetched;
  }
  std::unique_ptr<curl_slist, FreeCurl> fields;
  const auto add_field = [&](const std::string& field) {
    curl_slist* const longer = curl_slist_append(fields.get(), field.c_str());
    if (longer == nullptr) return;
    static_cast<void>(fields.release());
    fields.reset(longer);
  };
  if (!request.etag.empty()) add_field("If-None-Match: " + request.etag);
  if (!request.last_modified.empty()) add_field("If-Modified-Since: " + request.last_modified);

  Transfer transfer{&fetched, &stop, request.bytes_max, request.what};
  const auto set = [curl](CURLoption option, auto value) { curl_easy_setopt(curl, option, value); };
  set(CURLOPT_HTTPHEADER, fields.get());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_NOSIGNAL, 1L);  // no signals for time-outs: there are other threads
  set(CURLOPT_USERAGENT, "claimgate/" CLAIMGATE_VERSION);
  set(CURLOPT_ACCEPT_ENCODING, "");  // whatever libcurl can undo; the bound is on what comes out
  set(CURLOPT_CONNECTTIMEOUT_MS, request.connect_timeout_ms);
  set(CURLOPT_TIMEOUT_MS, request.timeout_ms);
  set(CURLOPT_LOW_SPEED_LIMIT, 1L);  // bytes a second, over
  set(CURLOPT_LOW_SPEED_TIME, 30L);  // seconds
  set(CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(request.bytes_max));
  if (!request.authorities.empty()) {
    curl_blob pem{const_cast<char*>(request.authorities.data()), request.authorities.size(),
                  CURL_BLOB_NOCOPY};
    set(CURLOPT_CAINFO_BLOB, &pem);
    set(CURLOPT_CAPATH, nullptr);  // else the system's would be good as well
  }
  set(CURLOPT_WRITEFUNCTION, &on_body);
  set(CURLOPT_WRITEDATA, &transfer);
  set(CURLOPT_HEADERFUNCTION, &on_field);
  set(CURLOPT_HEADERDATA, &transfer);
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, &on_progress);
  set(CURLOPT_XFERINFODATA, &transfer);

  const Target first = target_of(request.url);
  if (first.host.empty()) {
    fetched.failure = "this is no URL";
    return fetched;
  }
  std::string url = request.url;
  Target from = first;
  for (int hop = 0;; ++hop) {
    std::string next;
    fetch_once(curl, url, transfer, next);
    if (next.empty()) return fetched;
    const Target to = target_of(next);
    std::string refused = hop == kRedirectsMax
                              ? std::string("it redirects again and again")
                              : refuse_redirect(from, to, first, request.redirect_hosts);
    if (!refused.empty()) {
      fetched = {};
      fetched.failure = std::move(refused);
      return fetched;
    }
    url = std::move(next);
    from = to;
  }
}

}  // namespace proxy::lists
