// pumasi predict: labels, or numbers, for lines of text.
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/exit_code.h"
#include "common/shutdown.h"
#include "tools/cli/answer.h"
#include "tools/cli/commands.h"
#include "tools/cli/trained_model.h"

namespace pumasi {
namespace {

constexpr size_t kLinesAtOnce = 64;

}  // namespace

int Predict(const PredictFlags& flags) {
  auto model = TrainedModel::Open(flags.model);
  if (!model.ok()) return PrintError(model.status());
  const TextEncoder* encoder = (*model)->encoder();
  if (encoder == nullptr) {
    return PrintError(absl::InvalidArgumentError("the model was trained on synthetic ids: it cannot read text"));
  }
  const AnswerForm form = {(*model)->loss(), flags.top, flags.json};
  TextEncoder::Scratch scratch;
  std::vector<std::string> lines;
  std::vector<uint32_t> ids;
  PartBuilder part = (*model)->NewPart();
  const auto flush = [&]() -> absl::Status {
    if (lines.empty()) return absl::OkStatus();
    std::vector<float> values;
    if (absl::Status status = (*model)->Predict(part.Take(), &values); !status.ok()) return status;
    const size_t outputs = values.size() / lines.size();
    for (size_t i = 0; i < lines.size(); ++i) {
      std::printf("%s\n", Answer(lines[i], values.data() + i * outputs, outputs, (*model)->labels(), form).c_str());
    }
    std::fflush(stdout);
    lines.clear();
    part = (*model)->NewPart();
    return absl::OkStatus();
  };
  std::string line;
  for (uint64_t number = 1; std::getline(std::cin, line); ++number) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (absl::Status refused = encoder->Encode(line, &scratch, &ids); !refused.ok()) {
      // The lines before get their answers.
      if (absl::Status status = flush(); !status.ok()) return PrintError(status);
      return PrintError(absl::Status(refused.code(), absl::StrCat("standard input:", number, ": ", refused.message())));
    }
    part.Add(ids);
    lines.push_back(line);
    // A person who types wants an answer to each line; a pipe that has more to give wants few large batches.
    if (lines.size() == kLinesAtOnce || std::cin.rdbuf()->in_avail() <= 0) {
      if (absl::Status status = flush(); !status.ok()) return PrintError(status);
    }
  }
  if (absl::Status status = flush(); !status.ok()) return PrintError(status);
  return kExitOk;
}

}  // namespace pumasi
