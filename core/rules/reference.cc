#include <string>

#include "core/rules/filters.h"

namespace core::rules {

std::string filters_markdown() {
  std::string out = "| filter | what it does |\n|---|---|\n";
  for (const FilterRow& row : filter_rows()) {
    out += "| `" + std::string(row.usage) + "` | " + std::string(row.meaning) + " |\n";
  }
  return out;
}

}  // namespace core::rules
