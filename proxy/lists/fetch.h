#pragma once

#include <atomic>
#include <cstddef>
#include <string>
#include <vector>

namespace proxy::lists {

/// What is asked for, and what is known of it already.
struct FetchRequest {
  std::string url;
  std::string etag, last_modified;          // of the contents at hand; empty: there are none
  std::vector<std::string> redirect_hosts;  // besides the URL's own
  std::size_t bytes_max = std::size_t{1} << 30;
  std::string authorities;     // PEM; empty: those of the system
  std::string what = "a list";  // that a web page is not
  long connect_timeout_ms = 5'000;
  long timeout_ms = 300'000;
};

struct Fetched {
  bool unchanged = false;  // 304: the contents at hand are still those of the source
  std::string body;
  std::string etag, last_modified;
  std::string failure;  // not empty: nothing else is set but `status`. Never holds the URL, which may be secret
  long status = 0;      // of the last answer; 0 when there was none
};

/// GETs a list, or another document, over HTTP or HTTPS with libcurl and waits for it: not on a loop's thread. Asks
/// conditionally when something is known. Certificates are verified. A redirect is followed to the
/// same host or one of `redirect_hosts`, never from https to http, five times at most. Gives up
/// soon after `stop` becomes true. Thread: any, once open_fetching() was called.
Fetched fetch(const FetchRequest& request, const std::atomic<bool>& stop);

/// Once, before any other thread exists.
void open_fetching();

}  // namespace proxy::lists
