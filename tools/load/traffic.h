#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tools/load/answer.h"
#include "tools/load/people.h"
#include "tools/load/random.h"
#include "tools/load/request_file.h"

namespace load {

/// What share of the requests is what. The shares of the verdicts are among the well-formed.
struct Mix {
  double block = 0.1;
  double validation_error = 0.1;
  double malformed = 0;   // of all requests: expects 4xx
  double duplicates = 0;  // of all requests: the thread's previous request once more
  double known = 0;       // of the well-formed: people who have signed up before (cache hits)
  std::uint64_t known_people = 1000;
};

/// The parts of a request that are the same for all.
struct RequestHead {
  std::string path = "/";
  std::string host;
  std::string authorization;  // value of the field; empty: none
  std::string more_fields;    // complete lines with CR LF
  bool keep_alive = true;
};

enum class RequestKind : std::uint8_t { kNew, kKnown, kFromFile, kDuplicate, kMalformed };
inline constexpr std::size_t kRequestKinds = 5;

/// Ways to be malformed. HTTP framing is always right: the connection must survive.
enum class Malformation : std::uint8_t {
  kTruncatedJson,
  kNotJson,
  kArray,
  kInvalidUtf8,
  kEmptyBody,
  kWrongContentType,
  kWrongMethod
};
inline constexpr std::uint64_t kMalformations = 7;

/// Everything a stream of requests is made of. Immutable, shared by the threads, outlives them.
struct TrafficPlan {
  Mix mix;
  RequestHead head;
  People people{PeopleOptions{}};
  const RequestFile* file = nullptr;  // instead of generated people
  std::uint64_t first_person = 0;     // number of the first new person
};

/// The requests of one thread, one after the other: a pure function of plan, thread and count of
/// threads.
class Traffic {
 public:
  Traffic(const TrafficPlan& plan, unsigned thread, unsigned threads);

  struct Request {
    std::string bytes;  // head and body
    Expectation expect;
    RequestKind kind = RequestKind::kNew;
  };
  /// Makes the next request, reusing the memory of `to`.
  void next(Request& to);

  /// What a person is told; a known person always gets the same.
  Verdict verdict_of(std::uint64_t person) const noexcept;

 private:
  void make_person(Request& to);
  void make_malformed(Request& to);
  void assemble(std::string& to, std::string_view method, std::string_view content_type,
                std::string_view body) const;

  const TrafficPlan& plan_;
  Random random_;
  std::uint64_t next_person_;
  std::uint64_t step_;
  std::size_t next_line_;
  std::string head_start_;  // from the path to "Content-Type: "
  std::string body_;
  std::string previous_;
  Expectation previous_expect_;
};

/// "Basic " and base64 of "name:password" (RFC 7617).
std::string basic_authorization(std::string_view user);

}  // namespace load
