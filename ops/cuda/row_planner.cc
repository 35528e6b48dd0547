#include "ops/cuda/row_planner.h"

#include <algorithm>

#include "ops/adam_sums.h"
#include "ops/decay_products.h"
#include "ops/geometric_sum.h"
#include "ops/integer_power.h"
#include "ops/optimizer.h"
#include "ops/rate_schedule.h"

namespace pumasi::cuda {
namespace {

static_assert(RowCatchUp::kMoments == AdamSums::kMoments);
using Motion = RowCatchUp::Motion;

RowRule Prepares(const v1::Optimizer& proto) {
  RowRule rule;
  rule.prepares = proto.has_clip() || proto.l2() != 0;
  if (proto.has_clip()) rule.clip = proto.clip().value();
  rule.l2 = proto.l2();
  return rule;
}

class AdamPlanner : public RowPlanner {
 public:
  AdamPlanner(const RowRule& base, const AdamSettings& settings, bool still)
      : base_(base),
        settings_(settings),
        still_(still),
        most_terms_(AdamTermsThatCount(settings)),
        decay_(settings.learning_rate * settings.weight_decay, settings.schedule) {}

  RowRule Rule(uint64_t step) const override {
    const double beta_2_power = IntegerPower(settings_.beta_2, step);
    RowRule rule = base_;
    rule.kind = settings_.amsgrad ? RowRuleKind::kAmsgrad : RowRuleKind::kAdam;
    rule.rate = settings_.learning_rate * settings_.schedule.Factor(step);
    rule.beta_1 = settings_.beta_1;
    rule.beta_2 = settings_.beta_2;
    rule.kept = 1 - rule.rate * settings_.weight_decay;
    rule.step_size = AdamStepSize(rule.rate, IntegerPower(settings_.beta_1, step), beta_2_power);
    rule.epsilon = settings_.torch_epsilon ? settings_.epsilon * AdamCorrection(beta_2_power) : settings_.epsilon;
    return rule;
  }

 protected:
  RowCatchUp MakeCatchUp(uint64_t last, uint64_t step, std::vector<RowTerm>* terms) const override {
    RowCatchUp by;
    const bool decays = settings_.weight_decay != 0;
    if (still_ || step == last || (last == 0 && !decays)) return by;
    if (last == 0) {
      by.motion = Motion::kShare;
      by.kept = decay_.Product(0, step);
      return by;
    }
    const uint64_t count = std::min(step - last, most_terms_);
    const AdamSums sums = MakeAdamSums(settings_, last, count);
    by.after = decays ? decay_.Product(last + count, step) : 1;
    by.kept = sums.kept * by.after;
    by.epsilon = settings_.epsilon;
    by.slot = settings_.amsgrad ? 2 : 1;
    by.centre = sums.centre;
    by.decay[0] = IntegerPower(settings_.beta_1, step - last);
    by.decay[1] = IntegerPower(settings_.beta_2, step - last);
    if (sums.converges) {
      by.motion = Motion::kSums;
      for (int p = 0; p < RowCatchUp::kMoments; ++p) by.moments[p] = sums.moments[p] * by.after;
      return by;
    }
    by.motion = Motion::kTerms;
    by.first_term = static_cast<uint32_t>(terms->size());
    by.terms = static_cast<uint32_t>(count);
    for (const AdamTerm& term : MakeAdamTerms(settings_, last, count, nullptr)) {
      terms->push_back({term.weight, term.decay});
    }
    return by;
  }

 private:
  const RowRule base_;
  const AdamSettings settings_;
  const bool still_;
  const uint64_t most_terms_;
  const DecayProducts decay_;
};

// The others: numbers that do not change but for the rate, and motion in closed form.
class PlainPlanner : public RowPlanner {
 public:
  PlainPlanner(const RowRule& rule, double learning_rate, const RateSchedule& schedule, double beta = 0)
      : rule_(rule), learning_rate_(learning_rate), schedule_(schedule), beta_(beta) {}

  RowRule Rule(uint64_t step) const override {
    RowRule rule = rule_;
    rule.rate = learning_rate_ * schedule_.Factor(step);
    if (rule.kind == RowRuleKind::kFtrl && rule.rate != 0) rule.penalty = rule_.penalty + beta_ / rule.rate;
    return rule;
  }

 protected:
  RowCatchUp MakeCatchUp(uint64_t last, uint64_t step, std::vector<RowTerm>* terms) const override {
    RowCatchUp by;
    if (step == last) return by;
    if (rule_.kind == RowRuleKind::kAdadelta) by.decay[0] = by.decay[1] = IntegerPower(rule_.rho, step - last);
    if (last == 0) return by;
    switch (rule_.kind) {
      case RowRuleKind::kMomentum: {
        const double sum = GeometricSum(rule_.momentum, step - last);
        by.motion = Motion::kAlong;
        by.factor = rule_.nesterov ? rule_.momentum * sum : sum;
        by.decay[0] = IntegerPower(rule_.momentum, step - last);
        break;
      }
      case RowRuleKind::kRmsPropMomentum:
        by.motion = Motion::kAlong;
        by.slot = 1;
        by.factor = -GeometricSum(rule_.momentum, step - last);
        by.decay[1] = IntegerPower(rule_.momentum, step - last);
        by.decay[0] = IntegerPower(rule_.rho, step - last);
        break;
      case RowRuleKind::kRmsProp:
        by.decay[0] = IntegerPower(rule_.rho, step - last);
        break;
      default:
        break;
    }
    return by;
  }

 private:
  const RowRule rule_;
  const double learning_rate_;
  const RateSchedule schedule_;
  const double beta_;  // FTRL's
};

template <typename Settings>
AdamSettings ReadAdam(const Settings& proto, const RateSchedule& schedule) {
  return {.learning_rate = proto.learning_rate(),
          .beta_1 = proto.beta_1(),
          .beta_2 = proto.beta_2(),
          .epsilon = proto.epsilon(),
          .torch_epsilon = proto.epsilon_mode() == v1::EPSILON_MODE_TORCH,
          .schedule = schedule};
}

std::unique_ptr<RowPlanner> MakeAdam(const RowRule& rule, const v1::Adam& proto, const RateSchedule& schedule,
                                     bool still) {
  AdamSettings settings = ReadAdam(proto, schedule);
  settings.amsgrad = proto.amsgrad();
  return std::make_unique<AdamPlanner>(rule, settings, still);
}

}  // namespace

absl::StatusOr<std::unique_ptr<RowPlanner>> RowPlanner::Create(const v1::Optimizer& proto) {
  if (const auto checked = MakeOptimizer(proto); !checked.ok()) return checked.status();
  const RateSchedule schedule(proto.schedule());
  RowRule rule = Prepares(proto);
  switch (proto.kind_case()) {
    case v1::Optimizer::kAdam:
      return MakeAdam(rule, proto.adam(), schedule, false);
    case v1::Optimizer::kLazyAdam:
      return MakeAdam(rule, proto.lazy_adam(), schedule, true);
    case v1::Optimizer::kAdamw: {
      AdamSettings settings = ReadAdam(proto.adamw(), schedule);
      settings.weight_decay = proto.adamw().weight_decay();
      return std::make_unique<AdamPlanner>(rule, settings, false);
    }
    case v1::Optimizer::kSgd:
      rule.kind = proto.sgd().momentum() == 0 ? RowRuleKind::kSgd : RowRuleKind::kMomentum;
      rule.momentum = proto.sgd().momentum();
      rule.nesterov = proto.sgd().nesterov();
      return std::make_unique<PlainPlanner>(rule, proto.sgd().learning_rate(), schedule);
    case v1::Optimizer::kAdagrad:
      rule.kind = RowRuleKind::kAdagrad;
      rule.epsilon = proto.adagrad().epsilon();
      return std::make_unique<PlainPlanner>(rule, proto.adagrad().learning_rate(), schedule);
    case v1::Optimizer::kAdadelta:
      rule.kind = RowRuleKind::kAdadelta;
      rule.rho = proto.adadelta().rho();
      rule.epsilon = proto.adadelta().epsilon();
      return std::make_unique<PlainPlanner>(rule, proto.adadelta().learning_rate(), schedule);
    case v1::Optimizer::kRmsprop:
      rule.momentum = proto.rmsprop().momentum();
      rule.kind = rule.momentum > 0 ? RowRuleKind::kRmsPropMomentum : RowRuleKind::kRmsProp;
      rule.rho = proto.rmsprop().rho();
      rule.epsilon = proto.rmsprop().epsilon();
      return std::make_unique<PlainPlanner>(rule, proto.rmsprop().learning_rate(), schedule);
    case v1::Optimizer::kFtrl:
      rule.kind = RowRuleKind::kFtrl;
      rule.exponent = -proto.ftrl().learning_rate_power();
      rule.l1 = proto.ftrl().l1();
      rule.penalty = 2 * proto.ftrl().l2();
      return std::make_unique<PlainPlanner>(rule, proto.ftrl().learning_rate(), schedule, proto.ftrl().beta());
    default:
      return absl::UnimplementedError("this optimizer has no rule for a device");
  }
}

uint32_t RowPlanner::CatchUp(uint64_t last, uint64_t step, CatchUpTable* table) const {
  const auto [found, is_new] = table->entry_of_last_.emplace(last, static_cast<uint32_t>(table->entries_.size()));
  if (is_new) table->entries_.push_back(MakeCatchUp(last, step, &table->terms_));
  return found->second;
}

}  // namespace pumasi::cuda
