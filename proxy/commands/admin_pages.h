#pragma once

#include <simdjson.h>

#include <cstddef>
#include <functional>
#include <initializer_list>
#include <string>
#include <utility>

#include "proxy/commands/admin_client.h"

/// What commands have in common that print what the admin address answers.
namespace proxy::commands {

/// Asks it (admin_client.h) and prints the answer's JSON, or on standard error why there is none. The process's
/// exit code.
int print_answer(const AdminTarget& admin, const std::string& path, const std::string& body = {});

/// A member as a person reads it; "-" when there is none.
std::string text_of(const simdjson::dom::element& item, const char* name);

/// {"by":...,"reason":...}.
std::string decision_json(const std::string& by, const std::string& reason);

/// A line of a table: texts, each with the characters it is filled up to with blanks.
std::string row_of(std::initializer_list<std::pair<std::string, std::size_t>> columns);

/// How a list is printed: its title, and for a member of an item what is printed of it.
struct Listing {
  std::string section;  // the member of a page that has its items
  std::string title;    // a line without its end
  /// A line from an item; `text` answers a member of it, "-" when it has none.
  std::function<std::string(const std::function<std::string(const char* member)>& text)> line;
};
/// Prints all pages of a list, as JSON a page a line or as a table. `path` has a query already.
int print_pages(const AdminTarget& admin, const std::string& path, const Listing& listing, bool json);

}  // namespace proxy::commands
