#include "ops/optimizer.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "ops/adam.h"
#include "ops/sgd.h"

namespace pumasi {
namespace {

absl::Status CheckSetting(const char* name, bool given, double value, bool allowed, const char* allowed_text) {
  if (!given) return absl::InvalidArgumentError(absl::StrCat("optimizer.", name, " is not set"));
  if (allowed && std::isfinite(value)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("optimizer.", name, " is ", value, "; it has to be ", allowed_text));
}

absl::Status CheckLearningRate(const char* name, bool given, double value) {
  return CheckSetting(name, given, value, value >= 0, "at least 0");
}

absl::StatusOr<std::unique_ptr<Optimizer>> MakeAdam(const v1::Adam& adam) {
  const auto is_decay = [](double beta) { return beta >= 0 && beta < 1; };
  for (const absl::Status& status :
       {CheckLearningRate("adam.learning_rate", adam.has_learning_rate(), adam.learning_rate()),
        CheckSetting("adam.beta_1", adam.has_beta_1(), adam.beta_1(), is_decay(adam.beta_1()), "in [0, 1)"),
        CheckSetting("adam.beta_2", adam.has_beta_2(), adam.beta_2(), is_decay(adam.beta_2()), "in [0, 1)"),
        CheckSetting("adam.epsilon", adam.has_epsilon(), adam.epsilon(), adam.epsilon() > 0, "above 0")}) {
    if (!status.ok()) return status;
  }
  return std::make_unique<Adam>(AdamSettings{adam.learning_rate(), adam.beta_1(), adam.beta_2(), adam.epsilon()});
}

}  // namespace

absl::StatusOr<std::unique_ptr<Optimizer>> MakeOptimizer(const v1::Optimizer& proto) {
  switch (proto.kind_case()) {
    case v1::Optimizer::kAdam:
      return MakeAdam(proto.adam());
    case v1::Optimizer::kSgd: {
      const absl::Status status =
          CheckLearningRate("sgd.learning_rate", proto.sgd().has_learning_rate(), proto.sgd().learning_rate());
      if (!status.ok()) return status;
      return std::make_unique<Sgd>(proto.sgd().learning_rate());
    }
    default:
      return absl::InvalidArgumentError("optimizer: none is given; adam and sgd are known");
  }
}

}  // namespace pumasi
