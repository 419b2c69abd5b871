#pragma once

#include <optional>
#include <string>

namespace proxy::process {

/// Gives up what the process does not need once its addresses are bound: becomes `user`, with that
/// user's groups, when it is root and `user` is another; drops every capability, also from the
/// bounding and ambient sets, so that nothing brings one back; no program that it starts could gain
/// any (no_new_privs). `user` empty: it stays who it is. Why it cannot be done, otherwise nothing;
/// then the process must end, because it may have done half of it.
///
/// Capabilities and no_new_privs belong to threads and are handed on to the threads that one
/// starts: called before there are any. Files that are opened later are opened as `user`.
std::optional<std::string> give_up_privileges(const std::string& user);

/// Credentials and people's claims are in this memory: no core file is written of it, and no
/// process of the same user looks into it (ptrace(2), /proc/PID/mem, environ). A change of user
/// undoes it (prctl(2), PR_SET_DUMPABLE).
void hide_memory() noexcept;

/// The same for good, with a core limit of 0; or undone, where `core_dumps` are wanted.
void settle_memory(bool core_dumps) noexcept;

bool is_root() noexcept;

}  // namespace proxy::process
