#pragma once

#include <string>

#include "proxy/upstream/counters.h"

namespace proxy::forward {

/// Appends the families of all backends and endpoints as OpenMetrics text.
void append_backend_metrics(const upstream::Figures& figures, std::string& text);

}  // namespace proxy::forward
