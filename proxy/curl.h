#pragma once

#include <curl/curl.h>

#include <cstddef>
#include <exception>
#include <memory>
#include <string>

/// libcurl for what is asked now and then, off the loops: its handles, owned, and answers of a bounded size.
namespace proxy {

struct FreeCurl {
  void operator()(CURL* curl) const noexcept { curl_easy_cleanup(curl); }
  void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
  void operator()(curl_slist* fields) const noexcept { curl_slist_free_all(fields); }
  void operator()(char* text) const noexcept { curl_free(text); }
};
using CurlHandle = std::unique_ptr<CURL, FreeCurl>;
using CurlFields = std::unique_ptr<curl_slist, FreeCurl>;

/// A field more of a request; without memory for it none.
inline void add_field(CurlFields& fields, const std::string& line) noexcept {
  if (curl_slist* const longer = curl_slist_append(fields.get(), line.c_str()); longer != nullptr) {
    static_cast<void>(fields.release());
    fields.reset(longer);
  }
}

/// Where an answer's body goes. One of more than `bytes_max` ends the transfer with CURLE_WRITE_ERROR.
struct CurlBody {
  std::string& text;
  const std::size_t bytes_max;

  /// It outlives the transfer.
  void receive(CURL* curl) noexcept {
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &CurlBody::on_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, this);
  }

 private:
  static std::size_t on_bytes(char* bytes, std::size_t, std::size_t size, void* user) noexcept {
    CurlBody& body = *static_cast<CurlBody*>(user);
    if (size > body.bytes_max - body.text.size()) return 0;
    try {
      body.text.append(bytes, size);
    } catch (const std::exception&) {
      return 0;
    }
    return size;
  }
};

}  // namespace proxy
