// The rows of `state`.
#include "core/config/schema.h"

namespace core::config::schema {
namespace {

using std::string_view;

constexpr string_view kSynchronous[] = {"full", "normal"};
constexpr string_view kStateOne[] = {"sqlite"};

constexpr Key kStateKeys[] = {
    {.name = "sqlite",
     .shape = Shape::kString,
     .example = "/var/lib/claimgate/state.db",
     .words = "A file of this machine, made when it is not there; one process has it. Its directory must be "
              "writable for the user that the process becomes."},
    {.name = "synchronous",
     .shape = Shape::kChoice,
     .fallback = "full",
     .example = "full",
     .words = "When a change is acknowledged. `full`: when it is on the disk. `normal`: when the system has it: it "
              "outlives the process, and a loss of power may take the last ones.",
     .choices = kSynchronous},
    {.name = "queue",
     .shape = Shape::kInteger,
     .fallback = "65536",
     .example = "65536",
     .words = "How much may be asked of the state and not answered yet; over it what is asked counts as not to be "
              "had (`when_away`).",
     .least = 16,
     .most = 1'000'000},
    {.name = "key",
     .shape = Shape::kStringOrList,
     .example = "\"${env:STATE_KEY}\"",
     .words = "32 bytes in base64, as from `openssl rand -base64 32`: claims that are kept for later are encrypted "
              "with it (AES-256-GCM). With several the first encrypts and all read: put a new one in front."},
};

}  // namespace

constinit const Object kState{
    .name = "state",
    .words = "`state`: where approvals, invitations and whatever else outlives a request are kept; read at the start only. The "
             "word `memory` keeps it in the process and loses it with it. See [state](state.md).",
    .keys = kStateKeys,
    .exactly_one = kStateOne};

}  // namespace core::config::schema
