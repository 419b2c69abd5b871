#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "core/mapping/value_template.h"

namespace core::mapping {

struct XmlTemplateError {
  std::size_t offset;  // of the place, or 0
  std::string message;
  std::string suggestion;
};

/// What is wrong with `xml` as a document with places for values: it has to be well-formed, without
/// a document type, and every place has to be in text or in an attribute's value, where escaping
/// makes a value harmless. Nothing when it is good.
std::optional<XmlTemplateError> check_xml_template(const ValueTemplate& xml);

}  // namespace core::mapping
