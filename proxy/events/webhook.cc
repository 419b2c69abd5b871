// Events by POST, as CloudEvents' HTTP binding has them, signed as Standard Webhooks has it: the fields
// webhook-id, webhook-timestamp and webhook-signature, the last one "v1," and base64 of HMAC-SHA-256 over
// "id.timestamp.body". libcurl's multi interface, on the courier's thread.
#include <curl/curl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <ctime>
#include <vector>

#include "core/secret.h"
#include "core/text/base64.h"
#include "core/text/text.h"
#include "proxy/events/sink.h"

namespace proxy::events {
namespace {

constexpr std::size_t kAnswerBytesMax = 64 << 10;  // read and thrown away; more ends the connection
constexpr std::uint64_t kRetryAfterMsMax = 24ULL * 3'600'000;
constexpr long kConnectTimeoutMs = 5000;
constexpr std::string_view kSecretPrefix = "whsec_";

struct Settings {
  std::string url;
  bool binary = false;
  std::vector<core::Secret> secrets;  // decoded
  std::vector<core::Secret> headers;  // "name: value"
  std::string authorities;            // PEM; empty: the system's
  long timeout_ms = 10'000;
  std::size_t concurrency = 4;
};

std::string signature(const core::Secret& secret, std::string_view signed_text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  const std::string_view key = secret.view();
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(signed_text.data()), signed_text.size(), digest, &size);
  return "v1," + core::text::encode_base64({reinterpret_cast<const char*>(digest), size});
}

/// One request, used again and again.
struct Transfer {
  CURL* curl = nullptr;
  curl_slist* fields = nullptr;
  std::string body;
  Sink::Ticket ticket = 0;
  std::size_t answered = 0;      // bytes
  std::string retry_after;
  bool used = false;

  ~Transfer() {
    curl_slist_free_all(fields);
    curl_easy_cleanup(curl);
  }
  Transfer() = default;
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  void add_field(const std::string& field) {
    if (curl_slist* const longer = curl_slist_append(fields, field.c_str()); longer != nullptr) {
      fields = longer;
    }
  }
};

std::size_t on_body(char*, std::size_t, std::size_t size, void* user) noexcept {
  auto& transfer = *static_cast<Transfer*>(user);
  transfer.answered += size;
  return transfer.answered > kAnswerBytesMax ? 0 : size;
}

std::size_t on_field(char* bytes, std::size_t, std::size_t size, void* user) noexcept {
  constexpr std::string_view kName = "retry-after:";
  const std::string_view line(bytes, size);
  if (line.size() > kName.size() && line.size() < 256 &&
      core::text::equals_ignore_case_ascii(line.substr(0, kName.size()), kName)) {
    std::string_view value = line.substr(kName.size());
    while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    while (!value.empty() && static_cast<unsigned char>(value.back()) <= ' ') value.remove_suffix(1);
    try {
      static_cast<Transfer*>(user)->retry_after = value;
    } catch (const std::exception&) {
      return 0;
    }
  }
  return size;
}

/// Seconds, or a date (RFC 9110, 10.2.3); 0 when it is neither.
std::uint64_t retry_after_ms(const std::string& text) {
  if (text.empty()) return 0;
  std::uint64_t seconds = 0;
  const auto [stop, ec] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (ec == std::errc{} && stop == text.data() + text.size()) {
    return std::min(seconds, kRetryAfterMsMax / 1000) * 1000;
  }
  const std::time_t at = curl_getdate(text.c_str(), nullptr);
  const std::time_t now = std::time(nullptr);
  if (at <= now) return 0;
  return std::min(static_cast<std::uint64_t>(at - now) * 1000, kRetryAfterMsMax);
}

class Webhook final : public Sink {
 public:
  explicit Webhook(Settings settings) : settings_(std::move(settings)), multi_(curl_multi_init()) {
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(settings_.concurrency));
  }
  ~Webhook() override {
    for (const auto& transfer : transfers_) {
      if (transfer->used) curl_multi_remove_handle(multi_, transfer->curl);
    }
    transfers_.clear();
    curl_multi_cleanup(multi_);
  }
  bool usable() const noexcept { return multi_ != nullptr; }

  bool ordered() const noexcept override { return false; }
  std::size_t room() const noexcept override { return settings_.concurrency - under_way_; }

  void offer(Ticket ticket, const core::events::CloudEvent& event) override {
    Transfer* const transfer = free_transfer();
    if (transfer == nullptr) {
      refused_.push_back(ticket);
      return;
    }
    transfer->ticket = ticket;
    prepare(*transfer, event);
    transfer->used = true;
    ++under_way_;
    curl_multi_add_handle(multi_, transfer->curl);
  }

  void work(std::uint64_t wait_ms, const Settled& settled) override {
    std::vector<Ticket> refused;
    refused.swap(refused_);
    for (const Ticket ticket : refused) settled(ticket, {Outcome::Result::kAway, 1000, "no memory"});
    int running = 0;
    curl_multi_perform(multi_, &running);
    if (settle(settled) || !refused.empty()) return;
    curl_multi_poll(multi_, nullptr, 0, static_cast<int>(std::min<std::uint64_t>(wait_ms, 60'000)), nullptr);
    curl_multi_perform(multi_, &running);
    settle(settled);
  }

  void wake() noexcept override { curl_multi_wakeup(multi_); }

 private:
  Transfer* free_transfer() {
    for (const auto& transfer : transfers_) {
      if (!transfer->used) return transfer.get();
    }
    auto fresh = std::make_unique<Transfer>();
    fresh->curl = curl_easy_init();
    if (fresh->curl == nullptr) return nullptr;
    transfers_.push_back(std::move(fresh));
    return transfers_.back().get();
  }

  void prepare(Transfer& transfer, const core::events::CloudEvent& event) {
    curl_easy_reset(transfer.curl);
    curl_slist_free_all(transfer.fields);
    transfer.fields = nullptr;
    transfer.answered = 0;
    transfer.retry_after.clear();
    transfer.body.clear();
    if (settings_.binary) {
      transfer.body = event.data;
      transfer.add_field("Content-Type: " + std::string(core::events::kDataType));
      for (const auto& [name, value] : core::events::binary_fields(event)) {
        transfer.add_field(name + ": " + value);
      }
    } else {
      core::events::append_structured(transfer.body, event);
      transfer.add_field("Content-Type: " + std::string(core::events::kStructuredType));
    }
    for (const core::Secret& header : settings_.headers) transfer.add_field(std::string(header.view()));
    sign(transfer, event.id);
    transfer.add_field("Expect:");  // no 100-continue: bodies are small
    set_options(transfer);
  }

  void sign(Transfer& transfer, const std::string& id) const {
    const std::string now = std::to_string(std::time(nullptr));
    transfer.add_field("webhook-id: " + id);
    transfer.add_field("webhook-timestamp: " + now);
    if (settings_.secrets.empty()) return;
    const std::string signed_text = id + "." + now + "." + transfer.body;
    std::string field = "webhook-signature:";
    for (const core::Secret& secret : settings_.secrets) field += " " + signature(secret, signed_text);
    transfer.add_field(field);
  }

  void set_options(Transfer& transfer) const {
    const auto set = [curl = transfer.curl](CURLoption option, auto value) {
      curl_easy_setopt(curl, option, value);
    };
    set(CURLOPT_URL, settings_.url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_USERAGENT, "claimgate/" CLAIMGATE_VERSION);
    set(CURLOPT_CONNECTTIMEOUT_MS, std::min(kConnectTimeoutMs, settings_.timeout_ms));
    set(CURLOPT_TIMEOUT_MS, settings_.timeout_ms);
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(transfer.body.size()));
    set(CURLOPT_POSTFIELDS, transfer.body.data());
    set(CURLOPT_HTTPHEADER, transfer.fields);
    set(CURLOPT_WRITEFUNCTION, &on_body);
    set(CURLOPT_WRITEDATA, &transfer);
    set(CURLOPT_HEADERFUNCTION, &on_field);
    set(CURLOPT_HEADERDATA, &transfer);
    set(CURLOPT_PRIVATE, &transfer);
    if (settings_.authorities.empty()) return;
    curl_blob pem{const_cast<char*>(settings_.authorities.data()), settings_.authorities.size(),
                  CURL_BLOB_NOCOPY};
    set(CURLOPT_CAINFO_BLOB, &pem);
    set(CURLOPT_CAPATH, nullptr);  // else the system's would be good as well
  }

  bool settle(const Settled& settled) {
    std::vector<std::pair<Ticket, Outcome>> ended;
    int left = 0;
    while (CURLMsg* const message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      CURL* const curl = message->easy_handle;
      Transfer* transfer = nullptr;
      curl_easy_getinfo(curl, CURLINFO_PRIVATE, &transfer);
      long status = 0;
      curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
      curl_multi_remove_handle(multi_, curl);
      transfer->used = false;
      --under_way_;
      ended.emplace_back(transfer->ticket, outcome_of(code, status, *transfer));
    }
    for (auto& [ticket, outcome] : ended) settled(ticket, std::move(outcome));
    return !ended.empty();
  }

  /// Any 2xx is taken, whatever became of its body. 410: the receiver wants nothing more. 429 and 503
  /// with Retry-After: nothing at all until then.
  static Outcome outcome_of(CURLcode code, long status, const Transfer& transfer) {
    if (status >= 200 && status < 300) return {};
    if (status == 0) return {Outcome::Result::kFailed, 0, curl_easy_strerror(code)};
    std::string why = "the answer's status is " + std::to_string(status);
    if (status == 410) return {Outcome::Result::kRefused, 0, std::move(why)};
    const std::uint64_t wait_ms = retry_after_ms(transfer.retry_after);
    if ((status == 429 || status == 503) && wait_ms != 0) {
      return {Outcome::Result::kAway, wait_ms, std::move(why)};
    }
    return {Outcome::Result::kFailed, wait_ms, std::move(why)};
  }

  const Settings settings_;
  CURLM* const multi_;
  std::vector<std::unique_ptr<Transfer>> transfers_;
  std::vector<Ticket> refused_;  // for want of memory
  std::size_t under_way_ = 0;
};

}  // namespace

core::Result<std::unique_ptr<Sink>, std::string> open_webhook(const core::config::Sink& settings) {
  Settings made;
  made.url = settings.webhook.value;
  made.binary = settings.mode == core::config::Sink::Mode::kBinary;
  made.timeout_ms = static_cast<long>(settings.timeout.count());
  made.concurrency = static_cast<std::size_t>(settings.concurrency);
  for (const core::config::Text& secret : settings.secrets) {
    std::string bytes =
        core::text::decode_base64(std::string_view(secret.value).substr(kSecretPrefix.size())).value_or("");
    made.secrets.emplace_back(bytes);
    core::wipe(bytes);
  }
  for (const auto& [name, value] : settings.headers) {
    std::string line = name.value + ": " + value.value;
    made.headers.emplace_back(line);
    core::wipe(line);
  }
  if (std::string why = read_authorities(settings, made.authorities); !why.empty()) return why;
  auto sink = std::make_unique<Webhook>(std::move(made));
  if (!sink->usable()) return std::string("no memory for it");
  return std::unique_ptr<Sink>(std::move(sink));
}

}  // namespace proxy::events
