#pragma once

#include <optional>
#include <string>

#include "monitor/acquisition/ome_files.h"
#include "monitor/acquisition/plane_plan.h"

namespace monitor::acquisition {

/// Whether a text (a TIFF's description, or a companion file's head) is OME-XML.
[[nodiscard]] bool IsOme(const std::string& text);

/// The file that holds the metadata of a set, where `xml` only refers to it (BinaryOnly).
[[nodiscard]] std::optional<std::string> OmeMetadataFile(const std::string& xml);

/// The UUID that a file states for itself; empty: none.
[[nodiscard]] std::string OmeUuid(const std::string& xml);

/// Reads one Image of OME-XML (2010-06 to 2016-06), chosen by `scene` where there are several:
/// dimension order, TiffData over the files of a set, physical sizes with units, channels,
/// objective, exposure, date, significant bits, microscope. Document types (and so entities) are
/// refused before anything is expanded.
/// Errors  ReadError when the XML is broken, contradicts the pages, or needs a scene.
/// Source  www.openmicroscopy.org/Schemas/OME/2016-06.
[[nodiscard]] PlanePlan ReadOme(const std::string& xml, const std::optional<std::string>& scene,
                                OmeFiles& files);

}  // namespace monitor::acquisition
