#pragma once

#include <pugixml.hpp>
#include <string>
#include <string_view>

namespace monitor::acquisition {

/// Parses XML that a file carries. `what` names it in the sentence ("the OME-XML"). Document types,
/// and so entities of their own, are refused before anything is expanded.
/// Errors  ReadError.
void ParseXml(std::string_view text, const std::string& what, pugi::xml_encoding encoding,
              pugi::xml_document& document);

}  // namespace monitor::acquisition
