#pragma once

#include <optional>
#include <span>
#include <string>

#include "monitor/measurement/setup.h"

namespace monitor::measurement {

/// What is known about one of several inputs, and how many channels it brought.
struct InputSetup {
  Setup setup;
  int channels = 1;
};

/// The name that the input at `index` gives its channel `file_channel`. A list that is longer than
/// the input has channels counts through all inputs.
[[nodiscard]] std::optional<std::string> ChannelNameOf(std::span<const InputSetup> inputs,
                                                       std::size_t index, int file_channel);

/// One setup for all inputs, as the document shows it.
///
/// A value that holds for every input stays as it is. Where inputs differ, the value is the text of
/// what each channel was measured with, in order and comma-separated; a piece is empty where the
/// input of that channel does not state the key, and in quotes (doubled inside) where it holds a
/// comma. The source is that of the first input which states the key.
[[nodiscard]] Setup MergeSetups(std::span<const InputSetup> inputs);

}  // namespace monitor::measurement
