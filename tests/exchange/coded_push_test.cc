// Gradients of dense tensors that travel in a coding (`wire: onebit | topk`), from a worker to a server.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "common/crc32c.h"
#include "common/layout/slots.h"
#include "server/gradient_message.h"
#include "server/parameter_shape.h"
#include "worker/exchange/error_feedback.h"
#include "worker/exchange/router.h"

namespace pumasi {
namespace {

constexpr uint32_t kSlots = 4;
constexpr DenseCoding kOneBit = {DenseCoding::Kind::kOneBit, 0}, kTopk = {DenseCoding::Kind::kLargest, 0.01};

v1::TableSpec Dense(const char* name, uint64_t rows, uint32_t columns) {
  v1::TableSpec spec;
  spec.set_name(name);
  spec.set_kind(v1::TableSpec::DENSE);
  spec.set_rows(rows);
  spec.set_columns(columns);
  spec.mutable_initializer()->set_kind(v1::Initializer::ZEROS);
  return spec;
}

v1::Layout OneServer() {
  v1::Layout layout;
  layout.set_epoch(4);
  layout.add_servers()->set_node("s0");
  for (uint32_t slot = 0; slot < kSlots; ++slot) layout.add_slot_owner(0);
  return layout;
}

// A job's tables at a worker and at a server.
struct Scene {
  Scene(const DenseCoding& coding, std::vector<v1::TableSpec> tables)
      : router(*Router::Create(tables, OneServer(), Precision::kFloat32, coding)),
        feedback(coding, tables),
        shape(*ParameterShape::Make(tables, kSlots)) {
    shape.coding = coding;
  }
  v1::PushRequest Push(const std::shared_ptr<const Gradient>& gradient) const {
    OutgoingPush push;
    router.FillPush(gradient, 0, router.SplitPush(*gradient)[0], &push);
    return ToMessage(push);
  }
  absl::StatusOr<std::vector<Gradient>> Parse(const v1::PushRequest& push) const {
    return ParseGradient(push, ValuesOf(push), shape, std::vector<SlotUse>(kSlots, SlotUse::kTaken));
  }
  // What the server gets of a dense table.
  std::vector<float> Tensor(const std::vector<Gradient>& got, uint32_t table) const {
    std::vector<float> tensor(DenseFloats(shape.tables[table]), std::numeric_limits<float>::quiet_NaN());
    for (uint32_t slot = 0; slot < kSlots; ++slot) {
      for (size_t i = 0; i < shape.chunks[slot].size(); ++i) {
        const auto& chunk = shape.chunks[slot][i];
        if (chunk.table != table) continue;
        std::copy(got[slot].dense[i].begin(), got[slot].dense[i].end(),
                  tensor.begin() + static_cast<ptrdiff_t>(chunk.chunk * kChunkFloats));
      }
    }
    return tensor;
  }

  Router router;
  ErrorFeedback feedback;
  ParameterShape shape;
};

Gradient Random(const std::vector<v1::TableSpec>& tables, std::mt19937_64& random) {
  std::normal_distribution<float> normal(0, 0.01f);
  Gradient gradient;
  gradient.rows.resize(tables.size());
  gradient.dense.resize(tables.size());
  for (size_t table = 0; table < tables.size(); ++table) {
    gradient.dense[table].resize(DenseFloats(tables[table]));
    for (float& value : gradient.dense[table]) value = normal(random);
  }
  return gradient;
}

TEST_CASE("A server gets the values that the worker kept; a push that is built again has the same bytes") {
  const auto seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  std::vector<v1::TableSpec> tables = {Dense("kernel", 130, 200), Dense("bias", 1, 10), Dense("mean", 1, 5)};
  tables[2].set_update(v1::TableSpec::MOVING_AVERAGE);
  for (const DenseCoding& coding : {DenseCoding(), kOneBit, kTopk}) {
    CAPTURE(CodingName(coding.kind));
    Scene scene(coding, tables);
    Gradient gradient = Random(tables, random);
    scene.feedback.Quantise(1, 0, &gradient);
    const auto pushed = std::make_shared<const Gradient>(gradient);
    const v1::PushRequest push = scene.Push(pushed);
    CHECK(push.SerializeAsString() == scene.Push(pushed).SerializeAsString());
    const auto got = scene.Parse(push);
    REQUIRE(got.ok());
    for (uint32_t table = 0; table < 3; ++table) CHECK(scene.Tensor(*got, table) == gradient.dense[table]);
  }
}

TEST_CASE("A push of the tensors of an LSTM takes less than a sixteenth of float32's bytes, whole messages compared") {
  const std::vector<v1::TableSpec> tables = {Dense("lstm/kernel", 300, 1024), Dense("lstm/recurrent", 256, 1024),
                                             Dense("lstm/bias", 1, 1024), Dense("dense/kernel", 256, 40),
                                             Dense("dense/bias", 1, 40)};
  std::mt19937_64 random(1);
  const Gradient gradient = Random(tables, random);
  const auto bytes = [&](const DenseCoding& coding) {
    Scene scene(coding, tables);
    Gradient pushed = gradient;
    scene.feedback.Quantise(1, 0, &pushed);
    return scene.Push(std::make_shared<const Gradient>(pushed)).ByteSizeLong();
  };
  const size_t whole = bytes({});
  CAPTURE(whole, bytes(kOneBit), bytes(kTopk));
  CHECK(whole > 4 * (300 + 256) * 1024);
  CHECK(bytes(kOneBit) * 16 < whole);
  CHECK(bytes(kOneBit) * 25 < whole);
  CHECK(bytes(kTopk) * 50 < whole);
}

TEST_CASE("A server refuses blocks that do not fit, and says why") {
  const std::vector<v1::TableSpec> tables = {Dense("kernel", 3, 100)};
  const auto refusal = [&](const DenseCoding& coding, const std::function<void(std::string&)>& spoil) {
    Scene scene(coding, tables);
    std::mt19937_64 random(1);
    Gradient gradient = Random(tables, random);
    scene.feedback.Quantise(1, 0, &gradient);
    v1::PushRequest push = scene.Push(std::make_shared<const Gradient>(gradient));
    spoil(*push.mutable_dense(0)->mutable_values());
    push.mutable_dense(0)->set_crc32c(Crc32c(push.dense(0).values()));
    return scene.Parse(push).status();
  };
  const auto set = [](size_t at, auto value) {
    return [=](std::string& bytes) { std::memcpy(bytes.data() + at, &value, sizeof value); };
  };
  for (const DenseCoding& coding : {kOneBit, kTopk}) CHECK(refusal(coding, [](std::string&) {}).ok());
  CHECK(refusal(kOneBit, [](std::string& bytes) { bytes.pop_back(); }) ==
        absl::InvalidArgumentError("kernel: 53 bytes of one bit a value, expected 54 for 300 values (wire: onebit)"));
  // A push of float32.
  CHECK(absl::IsInvalidArgument(refusal(kOneBit, [](std::string& bytes) { bytes.assign(1200, '\0'); })));
  CHECK(refusal(kOneBit, set(0, 1.5f)).code() == absl::StatusCode::kInvalidArgument);
  for (const float bad : {INFINITY, NAN}) {
    CHECK(refusal(kOneBit, set(4, bad)) == absl::FailedPreconditionError("the gradient of kernel is NaN or infinite"));
  }
  // Three values of three hundred.
  CHECK(refusal(kTopk, set(0, uint32_t{0xffffff})) ==
        absl::InvalidArgumentError("kernel: 16777215 values in 19 bytes for 300: at most 3 have room (wire: topk)"));
  CHECK(absl::IsInvalidArgument(refusal(kTopk, set(5, uint8_t{0}))));
  CHECK(absl::IsInvalidArgument(refusal(kTopk, [](std::string& bytes) { bytes.push_back('\0'); })));
  CHECK(refusal(kTopk, [](std::string& bytes) {
          const float bad = NAN;
          std::memcpy(bytes.data() + bytes.size() - 4, &bad, 4);
        }) == absl::FailedPreconditionError("the gradient of kernel is NaN or infinite"));
  // Of another coding.
  CHECK(absl::IsInvalidArgument(refusal(kTopk, [](std::string& bytes) { bytes.assign(54, '\1'); })));

  Scene scene(kOneBit, tables);
  std::mt19937_64 random(1);
  Gradient gradient = Random(tables, random);
  scene.feedback.Quantise(1, 0, &gradient);
  v1::PushRequest push = scene.Push(std::make_shared<const Gradient>(gradient));
  (*push.mutable_dense(0)->mutable_values())[20] ^= 1;
  CHECK(scene.Parse(push).status() == absl::DataLossError("kernel: checksum does not fit"));
}

// Softmax regression over made-up rows, trained by plain SGD: two workers compute half of each batch and push through
// messages, a server adds up.
class Training {
 public:
  Training() : tables_({Dense("kernel", kInputs, kClasses)}) {
    std::mt19937_64 random(7);
    std::normal_distribution<float> normal(0, 1);
    std::vector<float> truth(kInputs * kClasses);
    for (float& value : truth) value = normal(random);
    for (int row = 0; row < kRows; ++row) {
      std::vector<float>& x = inputs_.emplace_back(kInputs);
      for (float& value : x) value = normal(random);
      std::vector<double> scores = Scores(truth, x);
      for (double& score : scores) score += normal(random);
      labels_.push_back(static_cast<int>(std::max_element(scores.begin(), scores.end()) - scores.begin()));
    }
  }

  // The mean loss over all rows after training.
  double Loss(const DenseCoding& coding) const {
    std::vector<Scene> workers(2, Scene(coding, tables_));
    std::vector<float> kernel(kInputs * kClasses);
    for (uint64_t batch = 0; batch < 1000; ++batch) {
      std::vector<float> sum(kernel.size());
      for (size_t part = 0; part < 2; ++part) {
        Scene& worker = workers[part];
        Gradient gradient;
        gradient.rows.resize(1);
        gradient.dense = {Of(kernel, batch, part)};
        worker.feedback.Quantise(batch, 0, &gradient);
        const auto got = worker.Parse(worker.Push(std::make_shared<const Gradient>(gradient)));
        REQUIRE(got.ok());
        worker.feedback.Sent(batch, worker.router, 0);
        worker.feedback.Answered(batch, worker.router, 0, absl::OkStatus(), v1::PushResponse::ACCEPTED);
        worker.feedback.End(batch);
        const std::vector<float> pushed = worker.Tensor(*got, 0);
        for (size_t i = 0; i < sum.size(); ++i) sum[i] += pushed[i];
      }
      for (size_t i = 0; i < kernel.size(); ++i) kernel[i] -= 0.2f * sum[i];
    }
    double loss = 0;
    for (int row = 0; row < kRows; ++row) loss -= std::log(Probabilities(kernel, inputs_[row])[labels_[row]]);
    return loss / kRows;
  }

 private:
  static constexpr int kRows = 600, kInputs = 40, kClasses = 6, kPart = 16;

  static std::vector<double> Scores(const std::vector<float>& kernel, const std::vector<float>& x) {
    std::vector<double> scores(kClasses);
    for (int i = 0; i < kInputs; ++i) {
      for (int c = 0; c < kClasses; ++c) scores[c] += kernel[i * kClasses + c] * x[i];
    }
    return scores;
  }
  static std::vector<double> Probabilities(const std::vector<float>& kernel, const std::vector<float>& x) {
    std::vector<double> p = Scores(kernel, x);
    const double most = *std::max_element(p.begin(), p.end());
    double sum = 0;
    for (double& value : p) sum += value = std::exp(value - most);
    for (double& value : p) value /= sum;
    return p;
  }
  std::vector<float> Of(const std::vector<float>& kernel, uint64_t batch, size_t part) const {
    std::vector<float> gradient(kernel.size());
    for (uint64_t i = 0; i < kPart; ++i) {
      const size_t row = ((batch * 2 + part) * kPart + i) % kRows;
      std::vector<double> p = Probabilities(kernel, inputs_[row]);
      p[labels_[row]] -= 1;
      for (int in = 0; in < kInputs; ++in) {
        for (int c = 0; c < kClasses; ++c) {
          gradient[in * kClasses + c] += static_cast<float>(inputs_[row][in] * p[c] / (2 * kPart));
        }
      }
    }
    return gradient;
  }

  const std::vector<v1::TableSpec> tables_;
  std::vector<std::vector<float>> inputs_;
  std::vector<int> labels_;
};

TEST_CASE("With error feedback training comes to the loss of float32, to within a hundredth") {
  const Training training;
  const double whole = training.Loss({}), one_bit = training.Loss(kOneBit),
               largest = training.Loss({DenseCoding::Kind::kLargest, 0.05});
  CAPTURE(whole, one_bit, largest);
  CHECK(whole < 0.3);
  CHECK(std::fabs(one_bit - whole) < 0.01);
  CHECK(std::fabs(largest - whole) < 0.01);
}

}  // namespace
}  // namespace pumasi
