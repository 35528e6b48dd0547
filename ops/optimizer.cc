#include "ops/optimizer.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ops/adadelta.h"
#include "ops/adagrad.h"
#include "ops/adam.h"
#include "ops/count.h"
#include "ops/ftrl.h"
#include "ops/lazy_adam.h"
#include "ops/prepared_gradient.h"
#include "ops/rmsprop.h"
#include "ops/sgd.h"

namespace pumasi {
namespace {

// Collects the first complaint about an optimizer's settings.
class SettingsCheck {
 public:
  explicit SettingsCheck(const char* optimizer) : optimizer_(optimizer) {}

  SettingsCheck& NotNegative(const char* name, bool given, double value) {
    return Check(name, given, value, value >= 0, "at least 0");
  }
  SettingsCheck& Positive(const char* name, bool given, double value) {
    return Check(name, given, value, value > 0, "above 0");
  }
  SettingsCheck& Decay(const char* name, bool given, double value) {
    return Check(name, given, value, value >= 0 && value < 1, "in [0, 1)");
  }
  SettingsCheck& Check(const char* name, bool given, double value, bool allowed, const char* allowed_text) {
    if (!status_.ok() || (given && allowed && std::isfinite(value))) return *this;
    const std::string full = absl::StrCat("optimizer.", optimizer_, ".", name);
    status_ = absl::InvalidArgumentError(given ? absl::StrCat(full, " is ", value, "; it has to be ", allowed_text)
                                               : absl::StrCat(full, " is not set"));
    return *this;
  }
  const absl::Status& status() const { return status_; }

 private:
  const char* const optimizer_;
  absl::Status status_;
};

using Made = absl::StatusOr<std::unique_ptr<Optimizer>>;

template <typename Settings>
absl::Status ReadAdam(const char* name, const Settings& proto, AdamSettings* out) {
  out->learning_rate = proto.learning_rate();
  out->beta_1 = proto.beta_1();
  out->beta_2 = proto.beta_2();
  out->epsilon = proto.epsilon();
  out->torch_epsilon = proto.epsilon_mode() == v1::EPSILON_MODE_TORCH;
  return SettingsCheck(name)
      .NotNegative("learning_rate", proto.has_learning_rate(), proto.learning_rate())
      .Decay("beta_1", proto.has_beta_1(), proto.beta_1())
      .Decay("beta_2", proto.has_beta_2(), proto.beta_2())
      .Positive("epsilon", proto.has_epsilon(), proto.epsilon())
      .status();
}

template <typename Kind>
Made MakeAdam(const char* name, const v1::Adam& proto, const RateSchedule& schedule) {
  AdamSettings settings;
  if (absl::Status status = ReadAdam(name, proto, &settings); !status.ok()) return status;
  settings.amsgrad = proto.amsgrad();
  settings.schedule = schedule;
  return std::make_unique<Kind>(settings);
}

Made MakeAdamW(const v1::AdamW& proto, const RateSchedule& schedule) {
  AdamSettings settings;
  if (absl::Status status = ReadAdam("adamw", proto, &settings); !status.ok()) return status;
  SettingsCheck check("adamw");
  check.NotNegative("weight_decay", proto.has_weight_decay(), proto.weight_decay());
  if (!check.status().ok()) return check.status();
  settings.weight_decay = proto.weight_decay();
  settings.schedule = schedule;
  return std::make_unique<Adam>(settings);
}

Made MakeSgd(const v1::Sgd& proto, const RateSchedule& schedule) {
  SettingsCheck check("sgd");
  check.NotNegative("learning_rate", proto.has_learning_rate(), proto.learning_rate());
  check.Decay("momentum", true, proto.momentum());
  if (!check.status().ok()) return check.status();
  if (proto.momentum() == 0) return std::make_unique<Sgd>(proto.learning_rate(), schedule);
  return std::make_unique<Momentum>(proto.learning_rate(), proto.momentum(), proto.nesterov(), schedule);
}

Made MakeAdagrad(const v1::Adagrad& proto, const RateSchedule& schedule) {
  SettingsCheck check("adagrad");
  check.NotNegative("learning_rate", proto.has_learning_rate(), proto.learning_rate());
  check.NotNegative("initial_accumulator", proto.has_initial_accumulator(), proto.initial_accumulator());
  check.Positive("epsilon", proto.has_epsilon(), proto.epsilon());
  if (!check.status().ok()) return check.status();
  return std::make_unique<Adagrad>(
      AdagradSettings{proto.learning_rate(), proto.initial_accumulator(), proto.epsilon(), schedule});
}

Made MakeAdadelta(const v1::Adadelta& proto, const RateSchedule& schedule) {
  SettingsCheck check("adadelta");
  check.NotNegative("learning_rate", proto.has_learning_rate(), proto.learning_rate());
  check.Decay("rho", proto.has_rho(), proto.rho());
  check.Positive("epsilon", proto.has_epsilon(), proto.epsilon());
  if (!check.status().ok()) return check.status();
  return std::make_unique<Adadelta>(AdadeltaSettings{proto.learning_rate(), proto.rho(), proto.epsilon(), schedule});
}

Made MakeRmsProp(const v1::RmsProp& proto, const RateSchedule& schedule) {
  SettingsCheck check("rmsprop");
  check.NotNegative("learning_rate", proto.has_learning_rate(), proto.learning_rate());
  check.Decay("rho", proto.has_rho(), proto.rho());
  check.Decay("momentum", true, proto.momentum());
  check.Positive("epsilon", proto.has_epsilon(), proto.epsilon());
  if (!check.status().ok()) return check.status();
  return std::make_unique<RmsProp>(
      RmsPropSettings{proto.learning_rate(), proto.rho(), proto.momentum(), proto.epsilon(), schedule});
}

Made MakeFtrl(const v1::Ftrl& proto, const RateSchedule& schedule) {
  const double power = proto.learning_rate_power();
  SettingsCheck check("ftrl");
  check.Positive("learning_rate", proto.has_learning_rate(), proto.learning_rate());
  check.Check("learning_rate_power", proto.has_learning_rate_power(), power, power <= 0, "at most 0");
  check.NotNegative("initial_accumulator", proto.has_initial_accumulator(), proto.initial_accumulator());
  check.NotNegative("l1", proto.has_l1(), proto.l1());
  check.NotNegative("l2", proto.has_l2(), proto.l2());
  check.NotNegative("beta", proto.has_beta(), proto.beta());
  if (!check.status().ok()) return check.status();
  return std::make_unique<Ftrl>(FtrlSettings{proto.learning_rate(), power, proto.initial_accumulator(), proto.l1(),
                                             proto.l2(), proto.beta(), schedule});
}

Made MakeKind(const v1::Optimizer& proto, const RateSchedule& schedule) {
  switch (proto.kind_case()) {
    case v1::Optimizer::kAdam:
      return MakeAdam<Adam>("adam", proto.adam(), schedule);
    case v1::Optimizer::kLazyAdam:
      return MakeAdam<LazyAdam>("lazy_adam", proto.lazy_adam(), schedule);
    case v1::Optimizer::kAdamw:
      return MakeAdamW(proto.adamw(), schedule);
    case v1::Optimizer::kSgd:
      return MakeSgd(proto.sgd(), schedule);
    case v1::Optimizer::kAdagrad:
      return MakeAdagrad(proto.adagrad(), schedule);
    case v1::Optimizer::kAdadelta:
      return MakeAdadelta(proto.adadelta(), schedule);
    case v1::Optimizer::kRmsprop:
      return MakeRmsProp(proto.rmsprop(), schedule);
    case v1::Optimizer::kFtrl:
      return MakeFtrl(proto.ftrl(), schedule);
    case v1::Optimizer::kCount:
      return std::make_unique<Count>();
    default:
      return absl::InvalidArgumentError(
          "optimizer: none is given; adam, adamw, lazy_adam, sgd, adagrad, adadelta, rmsprop, ftrl and count are "
          "known");
  }
}

}  // namespace

void Optimizer::InitSlots(int width, float* slots) const {
  std::fill_n(slots, static_cast<size_t>(this->slots()) * width, 0.0f);
}

Made MakeOptimizer(const v1::Optimizer& proto, const RateChanges& changes, ScheduleSteps steps) {
  if (absl::Status status = CheckSchedule(proto.schedule()); !status.ok()) return status;
  Made made = MakeKind(proto, RateSchedule(proto.schedule(), changes, steps));
  if (!made.ok()) return made;
  const v1::Clip& clip = proto.clip();
  if (proto.has_clip() && clip.kind_case() == v1::Clip::KIND_NOT_SET) {
    return absl::InvalidArgumentError("optimizer.clip: none of value, norm and global_norm is given");
  }
  for (const auto& [given, name, limit] :
       {std::tuple(clip.has_value(), "value", clip.value()), std::tuple(clip.has_norm(), "norm", clip.norm()),
        std::tuple(clip.has_global_norm(), "global_norm", clip.global_norm())}) {
    if (given && !(limit > 0)) {
      return absl::InvalidArgumentError(absl::StrCat("optimizer.clip.", name, " is ", limit, "; it has to be above 0"));
    }
  }
  if (!(proto.l2() >= 0) || !std::isfinite(proto.l2())) {
    return absl::InvalidArgumentError(absl::StrCat("optimizer.l2 is ", proto.l2(), "; it has to be at least 0"));
  }
  if (proto.has_count() && (proto.has_clip() || proto.l2() != 0)) {
    return absl::InvalidArgumentError(
        "optimizer.count: neither clip nor l2 goes with it, since it would not count then");
  }
  if (!clip.has_value() && proto.l2() == 0) return made;
  return std::make_unique<PreparedGradient>(*std::move(made),
                                            clip.has_value() ? clip.value() : PreparedGradient::kNoClip, proto.l2());
}

}  // namespace pumasi
