#pragma once

#include <gtest/gtest.h>

#include <string_view>

#include "core/config/load.h"
#include "tests/core/config/memory_source.h"

namespace core::config {

/// A file, and what is printed about it, letter for letter: a diagnostic is what most people will
/// see of the loader.
struct RenderedCase {
  std::string_view what, file, rendered;
};

inline void expect_rendered(const RenderedCase& c) {
  SCOPED_TRACE(c.what);
  MemorySource source;
  source.files["claimgate.yaml"] = c.file;
  source.variables["WORD"] = "sesame";
  Diagnostics diagnostics;
  load("claimgate.yaml", source, diagnostics);
  EXPECT_EQ(diagnostics.render(), c.rendered);
}

}  // namespace core::config
