#include "tools/bench/gloo_group.h"

#include <gloo/allreduce.h>
#include <gloo/math.h>
#include <gloo/rendezvous/context.h>
#include <gloo/rendezvous/file_store.h>
#include <gloo/transport/tcp/device.h>

#include <chrono>
#include <exception>
#include <utility>

namespace pumasi {
namespace {

constexpr std::chrono::milliseconds kTimeout{60000};

void AddFloats(void* sum, const void* left, const void* right, size_t count) {
  gloo::sum<float>(sum, left, right, count);
}

}  // namespace

struct GlooGroup::Context {
  std::shared_ptr<gloo::rendezvous::Context> gloo;
  uint32_t tag = 0;
};

GlooGroup::GlooGroup(std::unique_ptr<Context> context) : context_(std::move(context)) {}
GlooGroup::~GlooGroup() = default;

absl::StatusOr<std::unique_ptr<GlooGroup>> GlooGroup::Join(const std::string& folder, int rank, int size) {
  try {
    gloo::rendezvous::FileStore store(folder);
    auto device = gloo::transport::tcp::CreateDevice(gloo::transport::tcp::attr("127.0.0.1"));
    auto context = std::make_unique<Context>();
    context->gloo = std::make_shared<gloo::rendezvous::Context>(rank, size);
    context->gloo->setTimeout(kTimeout);
    context->gloo->connectFullMesh(store, device);
    return std::unique_ptr<GlooGroup>(new GlooGroup(std::move(context)));
  } catch (const std::exception& error) {
    return absl::UnavailableError(error.what());
  }
}

absl::Status GlooGroup::Sum(Algorithm algorithm, float* values, size_t count) {
  try {
    gloo::AllreduceOptions options(context_->gloo);
    options.setOutput(values, count);
    options.setAlgorithm(algorithm == Algorithm::kRing ? gloo::AllreduceOptions::Algorithm::RING
                                                       : gloo::AllreduceOptions::Algorithm::BCUBE);
    options.setReduceFunction(AddFloats);
    options.setTag(++context_->tag);
    options.setTimeout(kTimeout);
    gloo::allreduce(options);
    return absl::OkStatus();
  } catch (const std::exception& error) {
    return absl::UnavailableError(error.what());
  }
}

}  // namespace pumasi
