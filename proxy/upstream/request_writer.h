#pragma once

#include <string>
#include <string_view>

#include "core/http/out_buffer.h"
#include "proxy/upstream/asker.h"
#include "proxy/upstream/options.h"

namespace proxy::upstream {

/// Writes the requests of one endpoint. What is the same in each is made once. The fields are: Host,
/// User-Agent, Accept (these two unless the mapping names them), credentials, the mapping's,
/// traceparent, X-Request-Id, Content-Length; nothing else (docs/upstream.md). Pure.
class RequestWriter {
 public:
  RequestWriter(const BackendOptions& backend, const EndpointOptions& endpoint);

  /// Appends a whole request. `bearer` is an OAuth token or empty. False, and nothing appended,
  /// without memory. A trace field with bytes that no field may have is left out.
  [[nodiscard]] bool write(const core::mapping::Question& question, const Trace& trace,
                           std::string_view bearer, core::http::OutBuffer& out) const noexcept;

  static constexpr std::string_view kUserAgent = "User-Agent: claimgate\r\n";
  static constexpr std::string_view kAccept =
      "Accept: application/json, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.5\r\n";

 private:
  std::string base_path_;
  std::string query_;        // "key=value" or empty
  std::string host_;         // " HTTP/1.1\r\nHost: crm-1.internal\r\n"
  std::string usual_;        // host_, kUserAgent, kAccept, credentials
  std::string credentials_;  // a field line or empty
};

/// True when `fields` ("Name: value\r\n" each) has one called `name`, ASCII case ignored.
bool names_field(std::string_view fields, std::string_view name) noexcept;

}  // namespace proxy::upstream
