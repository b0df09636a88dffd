#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "monitor/measurement/input_file.h"
#include "monitor/measurement/isolation.h"

namespace monitor::measurement {

/// A program of the site that turns a file of a format that is not read here into OME-TIFF: words
/// of its command line, of which {input} and {output} stand for the two files. No shell is asked.
using ConverterCommand = std::vector<std::string>;

/// Reads "bfconvert {input} {output}": words between blanks, or a JSON array of texts.
/// Errors  UsageError: no command, or one without {input} or {output}.
[[nodiscard]] ConverterCommand ParseConverter(std::string_view text);

/// Errors  UsageError, as ParseConverter().
void CheckConverter(const ConverterCommand& command);

/// Runs the converter on the file at `path` and opens what it made. The command runs in a process
/// group of its own with the limits on memory, size of files and time, without standard input, and
/// ends with this process. Its folder (below TMPDIR, else /var/tmp, so not in memory) is gone when
/// this returns: the file made lives on only as long as it is open.
/// Errors  std::string: one sentence why there is no OME-TIFF.
[[nodiscard]] std::variant<InputFile, std::string> Convert(const ConverterCommand& command,
                                                           const std::string& path,
                                                           const IsolationLimits& limits);

}  // namespace monitor::measurement
