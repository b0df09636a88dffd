#include "monitor/acquisition/xml_text.h"

#include "monitor/acquisition/read_error.h"

namespace monitor::acquisition {
namespace {

// Without the zero bytes of UTF-16 both encodings spell a document type alike.
bool StatesDocumentType(std::string_view text, pugi::xml_encoding encoding) {
  if (encoding == pugi::encoding_utf16_le) {
    using namespace std::string_view_literals;
    return text.find("<\0!\0D\0O\0C\0T\0Y\0P\0E\0"sv) != text.npos ||
           text.find("<\0!\0E\0N\0T\0I\0T\0Y\0"sv) != text.npos;
  }
  return text.find("<!DOCTYPE") != text.npos || text.find("<!ENTITY") != text.npos;
}

}  // namespace

void ParseXml(std::string_view text, const std::string& what, pugi::xml_encoding encoding,
              pugi::xml_document& document) {
  if (StatesDocumentType(text, encoding)) {
    throw ReadError(ReadFault::kUnreadable,
                    what +
                        " carries a document type with entities, which no microscope writes and "
                        "which is refused; export the image again");
  }
  const pugi::xml_parse_result parsed =
      document.load_buffer(text.data(), text.size(), pugi::parse_default, encoding);
  if (!parsed) {
    throw ReadError(ReadFault::kUnreadable, what + " is broken at byte " +
                                                std::to_string(parsed.offset) + " (" +
                                                parsed.description() + "); export the image again");
  }
}

}  // namespace monitor::acquisition
