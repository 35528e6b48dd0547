// pumasi predict: labels for lines of text.
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <numeric>

#include "common/exit_code.h"
#include "common/shutdown.h"
#include "tools/cli/commands.h"
#include "tools/cli/json.h"
#include "tools/cli/trained_model.h"

namespace pumasi {
namespace {

constexpr size_t kLinesAtOnce = 64;

void Print(const TrainedModel& model, const std::string& line, const float* probabilities, const PredictFlags& flags) {
  const size_t classes = model.labels().size();
  std::vector<uint32_t> order(classes);
  std::iota(order.begin(), order.end(), 0);
  const size_t top = std::min<size_t>(flags.top, classes);
  std::partial_sort(order.begin(), order.begin() + top, order.end(), [&](uint32_t a, uint32_t b) {
    return probabilities[a] != probabilities[b] ? probabilities[a] > probabilities[b] : a < b;
  });
  if (flags.json) {
    Json json;
    json["text"] = line;
    json["label"] = model.labels()[order[0]];
    json["probability"] = probabilities[order[0]];
    json["top"] = Json::array();
    for (size_t i = 0; i < top; ++i) {
      Json entry;
      entry["label"] = model.labels()[order[i]];
      entry["probability"] = probabilities[order[i]];
      json["top"].push_back(entry);
    }
    std::printf("%s\n", ToLine(json).c_str());
    return;
  }
  for (size_t i = 0; i < top; ++i) {
    std::printf("%s%s\t%.4f", i == 0 ? "" : "\t", model.labels()[order[i]].c_str(), probabilities[order[i]]);
  }
  std::printf("\t%s\n", line.c_str());
}

}  // namespace

int Predict(const PredictFlags& flags) {
  auto model = TrainedModel::Open(flags.model);
  if (!model.ok()) return PrintError(model.status());
  const TextEncoder* encoder = (*model)->encoder();
  if (encoder == nullptr) {
    return PrintError(absl::InvalidArgumentError("the model was trained on synthetic ids: it cannot read text"));
  }
  TextEncoder::Scratch scratch;
  std::vector<std::string> lines;
  std::vector<std::vector<uint32_t>> rows;
  const auto flush = [&]() -> absl::Status {
    if (rows.empty()) return absl::OkStatus();
    std::vector<float> probabilities;
    if (absl::Status status = (*model)->Predict(TrainedModel::MakePart(rows, {}), &probabilities); !status.ok())
      return status;
    const size_t classes = probabilities.size() / rows.size();
    for (size_t i = 0; i < lines.size(); ++i) Print(**model, lines[i], probabilities.data() + i * classes, flags);
    std::fflush(stdout);
    lines.clear();
    rows.clear();
    return absl::OkStatus();
  };
  std::string line;
  while (std::getline(std::cin, line)) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    encoder->Encode(line, &scratch, &rows.emplace_back());
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
