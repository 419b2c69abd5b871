#include <llhttp.h>
#include <uv.h>

#include <cstdio>

#include "core/config/schema.h"
#include "proxy/commands/commands.h"
#include "proxy/commands/configuration.h"

namespace proxy::commands {

int version() {
  std::printf("claimgate %s\n", CLAIMGATE_VERSION);
  std::printf("compiler   %s\n", __VERSION__);
  std::printf("libuv      %s\n", uv_version_string());
  std::printf("llhttp     %d.%d.%d\n", LLHTTP_VERSION_MAJOR, LLHTTP_VERSION_MINOR,
              LLHTTP_VERSION_PATCH);
#if defined(__SSE2__)
  std::printf("scanning   16 bytes a step (SSE)\n");
#else
  std::printf("scanning   byte by byte\n");
#endif
  return kExitOk;
}

int schema() {
  std::fputs(core::config::schema::json_schema().c_str(), stdout);
  return kExitOk;
}

}  // namespace proxy::commands
