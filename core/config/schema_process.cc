// The rows of `process`.
#include "core/config/schema.h"

namespace core::config::schema {
namespace {

using std::string_view;

constexpr string_view kSeccomp[] = {"standard", "strict", "off"};

constexpr Key kProcessKeys[] = {
    {.name = "user",
     .shape = Shape::kString,
     .example = "claimgate",
     .words =
         "The user that a process started as root becomes, with that user's groups, once its "
         "addresses are bound. `root`: it stays root, without capabilities. Without it a process "
         "that is root does not listen where other machines can connect."},
    {.name = "seccomp",
     .shape = Shape::kChoice,
     .fallback = "standard",
     .example = "strict",
     .words =
         "The system calls that the kernel takes from the process once it listens. `standard`: all "
         "but those that it never makes (starting programs, mounting, tracing, loading code into "
         "the kernel ...). `strict`: only those that it does make. One that is not taken ends the "
         "process with 6 and a line that names it.",
     .choices = kSeccomp},
    {.name = "core_dumps",
     .shape = Shape::kBoolean,
     .fallback = "false",
     .example = "false",
     .words =
         "Whether a crash may leave a core file, and a debugger of the same user may look into the "
         "process: there are credentials and people's claims in it."},
};

}  // namespace

constinit const Object kProcess{
    .name = "process",
    .words =
        "`process`: what the running program may do on its machine; read at the start only. See "
        "[operation](operation.md#least-privilege).",
    .keys = kProcessKeys};

}  // namespace core::config::schema
