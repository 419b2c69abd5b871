// The rows of `state`.
#include "core/config/schema.h"

namespace core::config::schema {
namespace {

using std::string_view;

constexpr string_view kSynchronous[] = {"full", "normal"};
constexpr string_view kStateOne[] = {"sqlite", "redis"};

constexpr Key kStateKeys[] = {
    {.name = "sqlite",
     .shape = Shape::kString,
     .example = "/var/lib/claimgate/state.db",
     .words = "A file of this machine, made when it is not there; one process has it. Its directory must be "
              "writable for the user that the process becomes."},
    {.name = "redis",
     .shape = Shape::kString,
     .example = "rediss://redis.internal:6379/0",
     .words = "A Redis or Valkey (6.2 or newer) that several machines share: `rediss://` with TLS, `redis://` without, "
              "a host, perhaps a port (6379) and the number of a database (0)."},
    {.name = "username",
     .shape = Shape::kString,
     .example = "claimgate",
     .words = "With `redis`: the user of an ACL. Without it the password is the default user's."},
    {.name = "password",
     .shape = Shape::kString,
     .example = "\"${env:REDIS_PASSWORD}\"",
     .words = "With `redis`: its password."},
    {.name = "ca",
     .shape = Shape::kString,
     .example = "tls/redis-ca.pem",
     .words = "With `redis`: a PEM file with whoever vouches for its certificate; nobody else is believed then. Without it "
              "the system's authorities are."},
    {.name = "certificate",
     .shape = Shape::kString,
     .example = "tls/claimgate.pem",
     .words = "With `redis`: a PEM file with the certificate that is shown to it."},
    {.name = "certificate_key",
     .shape = Shape::kString,
     .example = "tls/claimgate.key",
     .words = "With `certificate`: a PEM file with its key. Without it the key is in the certificate's file."},
    {.name = "prefix",
     .shape = Shape::kString,
     .fallback = "claimgate",
     .example = "claimgate-test",
     .words = "With `redis`: what all its keys begin with, in braces. Machines with the same prefix share their state."},
    {.name = "timeout",
     .shape = Shape::kDuration,
     .fallback = "500ms",
     .example = "250ms",
     .words = "With `redis`: how long one question to it may take; then it counts as not to be had (`when_away`).",
     .least = 10,
     .most = 10'000},
    {.name = "synchronous",
     .shape = Shape::kChoice,
     .fallback = "full",
     .example = "full",
     .words = "With `sqlite`: when a change is acknowledged. `full`: when it is on the disk. `normal`: when the system has it: it "
              "outlives the process, and a loss of power may take the last ones.",
     .choices = kSynchronous},
    {.name = "queue",
     .shape = Shape::kInteger,
     .fallback = "65536",
     .example = "65536",
     .words = "How much may be asked of the state and not answered yet; over it what is asked counts as not to be "
              "had (`when_away`). So does what would have the questions of rules hold more than 32 MiB together.",
     .least = 16,
     .most = 1'000'000},
    {.name = "key",
     .shape = Shape::kStringOrList,
     .example = "\"${env:STATE_KEY}\"",
     .words = "32 bytes in base64, as from `openssl rand -base64 32`: claims that are kept for later are encrypted "
              "with it (AES-256-GCM). With several the first encrypts and all read: put a new one in front. With `redis` "
              "it is required, and from the last one follows what limits and decisions are kept under."},
};

}  // namespace

constinit const Object kState{
    .name = "state",
    .words = "`state`: where approvals, invitations and whatever else outlives a request are kept; read at the start only. The "
             "word `memory` keeps it in the process and loses it with it. See [state](state.md).",
    .keys = kStateKeys,
    .exactly_one = kStateOne};

}  // namespace core::config::schema
