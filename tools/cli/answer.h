// What `pumasi predict` prints for a line of text.
#ifndef PUMASI_TOOLS_CLI_ANSWER_H_
#define PUMASI_TOOLS_CLI_ANSWER_H_

#include <cstddef>
#include <string>
#include <vector>

#include "proto/job.pb.h"

namespace pumasi {

// How answers look.
struct AnswerForm {
  v1::Loss loss = v1::LOSS_CROSS_ENTROPY;
  size_t top = 1;
  bool json = false;
};

// One line without its end, of a model whose outputs for `line` are values[outputs]:
//
//   cross_entropy         the `top` most likely labels with their probabilities, then the text; tabs between.
//                         JSON: text, label, probability, top (a list of label and probability)
//   binary_cross_entropy  likewise the labels with a probability above 0.5, which are those that evaluations count as
//                         predicted, or "(none)". JSON: text, labels (these), top (the `top` most likely ones)
//   mse                   the numbers, then the text. JSON: text, numbers
//
// REQUIRES: a label for each output, unless the loss is mse; top > 0.
std::string Answer(const std::string& line, const float* values, size_t outputs, const std::vector<std::string>& labels,
                   const AnswerForm& form);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_CLI_ANSWER_H_
