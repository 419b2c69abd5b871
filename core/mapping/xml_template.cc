// The document is parsed once with a word of its own in each place. Afterwards every word must be
// found again in text or in an attribute's value; one that is anywhere else (a name, a comment, a
// CDATA section, an instruction) is a place where a value could be markup, or be lost.
#include "core/mapping/xml_template.h"

#include <pugixml.hpp>

#include <string_view>
#include <vector>

namespace core::mapping {
namespace {

/// Nothing that a document would have by itself, and no prefix of another one.
std::string word(std::size_t number) {
  return "claimgate-value-" + std::to_string(number) + "-.";
}

void note(std::string_view text, std::vector<bool>& found) {
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (text.find(word(i)) != std::string_view::npos) found[i] = true;
  }
}

class Finder final : public pugi::xml_tree_walker {
 public:
  explicit Finder(std::vector<bool>& found) : found_(found) {}
  bool for_each(pugi::xml_node& node) override {
    if (node.type() == pugi::node_pcdata) note(node.value(), found_);
    for (const pugi::xml_attribute attribute : node.attributes()) {
      // `<?xml ...?>` has attributes too, and is no place for a value.
      if (node.type() == pugi::node_element) note(attribute.value(), found_);
    }
    return true;
  }

 private:
  std::vector<bool>& found_;
};

}  // namespace

std::optional<XmlTemplateError> check_xml_template(const ValueTemplate& xml) {
  std::string text;
  std::vector<std::size_t> places;
  for (const ValueTemplate::Piece& piece : xml.pieces()) {
    if (piece.place) {
      text += word(places.size());
      places.push_back(piece.place->offset);
    } else {
      text += piece.text;
    }
  }
  pugi::xml_document document;
  const pugi::xml_parse_result result =
      document.load_buffer(text.data(), text.size(), pugi::parse_full, pugi::encoding_utf8);
  if (!result) {
    return XmlTemplateError{0, std::string("no XML: ") + result.description(),
                            "write one element, every value in text or in quotation marks"};
  }
  for (const pugi::xml_node child : document) {
    if (child.type() == pugi::node_doctype) {
      return XmlTemplateError{0, "a document type has no use in a request", "leave it out"};
    }
  }
  std::vector<bool> found(places.size(), false);
  Finder finder(found);
  document.traverse(finder);
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (found[i]) continue;
    return XmlTemplateError{places[i], "a value can stand in text or in an attribute's value only",
                            "not in a name, comment, CDATA section or instruction"};
  }
  return std::nullopt;
}

}  // namespace core::mapping
