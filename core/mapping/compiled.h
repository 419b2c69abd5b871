#pragma once

#include <cstddef>
#include <vector>

#include "core/mapping/mapping.h"
#include "core/mapping/request_plan.h"
#include "core/mapping/response_rows.h"

namespace core::mapping {

/// What a Mapping holds; made by compile.cc.
struct Mapping::Compiled {
  RequestPlan request;
  std::vector<Place> kept;  // the claims that rows name
  std::vector<Xpath> xpaths;
  std::vector<Row> rows;
  bool connector_contract = false;
  bool event_contract = false;
  bool lenient = false;
  std::size_t response_bytes_max = 0;
};

}  // namespace core::mapping
