// Streams of a device.
#include "ops/cuda/stream.h"

#include <cublas_v2.h>
#include <cuda_runtime.h>

#include <chrono>
#include <list>
#include <thread>
#include <utility>

#include "ops/cuda/launch.h"

namespace pumasi::cuda {
namespace {

constexpr size_t kGraphs = 32;
// cuBLAS' own advice for this generation; a workspace of our own is what keeps products in graphs deterministic.
constexpr size_t kProductWorkspace = 32 << 20;

bool Check(cudaError_t error, const char* call, std::string* text) {
  if (error == cudaSuccess) return true;
  if (text->empty()) *text = std::string(call) + ": " + cudaGetErrorString(error);
  return false;
}

template <typename Query>
void AwaitSuccess(Query query, std::string* error) {
  constexpr std::chrono::hours kLimit(1);
  const auto deadline = std::chrono::steady_clock::now() + kLimit;
  for (;;) {
    const cudaError_t state = query();
    if (state == cudaSuccess) return;
    if (state != cudaErrorNotReady) {
      Check(state, "work on the device", error);
      return;
    }
    if (std::chrono::steady_clock::now() > deadline) {
      *error = "work on the device did not end within an hour";
      return;
    }
    std::this_thread::yield();
  }
}

}  // namespace

struct Stream::State {
  struct Graph {
    std::vector<uint64_t> key;
    int calls = 0;
    cudaGraphExec_t graph = nullptr;
  };

  cudaStream_t stream = nullptr;
  cublasHandle_t products = nullptr;
  void* workspace = nullptr;
  std::list<Graph> graphs;  // the latest used first

  ~State() {
    for (const Graph& graph : graphs) {
      if (graph.graph != nullptr) cudaGraphExecDestroy(graph.graph);
    }
    if (products != nullptr) cublasDestroy(products);
    if (workspace != nullptr) cudaFree(workspace);
    if (stream != nullptr) cudaStreamDestroy(stream);
  }
};

struct Event::State {
  cudaEvent_t event = nullptr;  // made by the first Record, on its stream's device
  bool timed = false;

  ~State() {
    if (event != nullptr) cudaEventDestroy(event);
  }
};

void CheckLaunch(Stream* stream, cudaError_t error) {
  if (error != cudaSuccess) stream->Fail(std::string("starting a kernel: ") + cudaGetErrorString(error));
}

std::unique_ptr<Stream> Stream::Open(int device, std::string* error) {
  error->clear();
  std::unique_ptr<Stream> stream(new Stream(device));
  State* const state = stream->state_.get();
  // Not MakeCurrent, which does not tell of a device that is not there.
  const bool open = Check(cudaSetDevice(device), "cudaSetDevice", error) &&
                    Check(cudaStreamCreateWithFlags(&state->stream, cudaStreamNonBlocking), "cudaStreamCreate", error);
  if (!open) return nullptr;
  stream->MakeCurrent();
  return stream;
}

Stream::Stream(int device) : device_(device), state_(std::make_unique<State>()) {}

Stream::~Stream() {
  MakeCurrent();
  if (state_->stream != nullptr) cudaStreamSynchronize(state_->stream);
  state_.reset();
}

void Stream::CopyToDevice(const void* host, size_t bytes, void* device) { Copy(host, bytes, device); }
void Stream::CopyToHost(const void* device, size_t bytes, void* host) { Copy(device, bytes, host); }

void Stream::Copy(const void* from, size_t bytes, void* to) {
  if (bytes == 0 || !ok()) return;
  MakeCurrent();
  Check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, state_->stream), "cudaMemcpyAsync", &error_);
}

void Stream::Clear(void* device, size_t bytes) {
  if (bytes == 0 || !ok()) return;
  MakeCurrent();
  Check(cudaMemsetAsync(device, 0, bytes, state_->stream), "cudaMemsetAsync", &error_);
}

void Stream::WaitFor(const Event& event) {
  if (!ok() || event.state_->event == nullptr) return;
  Check(cudaStreamWaitEvent(state_->stream, event.state_->event, 0), "cudaStreamWaitEvent", &error_);
}

void Stream::Replay(const std::vector<uint64_t>& key, const std::function<void()>& enqueue) {
  if (!ok()) return;
  MakeCurrent();
  auto found = state_->graphs.begin();
  while (found != state_->graphs.end() && found->key != key) ++found;
  if (found == state_->graphs.end()) {
    if (state_->graphs.size() == kGraphs) {
      State::Graph& oldest = state_->graphs.back();
      if (oldest.graph != nullptr) cudaGraphExecDestroy(oldest.graph);
      state_->graphs.pop_back();
    }
    state_->graphs.push_front({key});
  } else {
    state_->graphs.splice(state_->graphs.begin(), state_->graphs, found);
  }
  State::Graph& own = state_->graphs.front();
  // The first two calls run straight: a shape that never comes back is not worth a graph, and libraries set themselves
  // up in their first call, which can't be captured.
  if (++own.calls <= 2) {
    enqueue();
    return;
  }
  if (own.graph == nullptr) {
    products();
    if (!Check(cudaStreamBeginCapture(state_->stream, cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture",
               &error_)) {
      return;
    }
    enqueue();
    cudaGraph_t graph = nullptr;
    Check(cudaStreamEndCapture(state_->stream, &graph), "cudaStreamEndCapture", &error_);
    if (ok()) Check(cudaGraphInstantiate(&own.graph, graph, 0), "cudaGraphInstantiate", &error_);
    if (graph != nullptr) cudaGraphDestroy(graph);
    if (!ok()) return;
  }
  Check(cudaGraphLaunch(own.graph, state_->stream), "cudaGraphLaunch", &error_);
}

bool Stream::Wait() {
  if (ok()) AwaitSuccess([this] { return cudaStreamQuery(state_->stream); }, &error_);
  return ok();
}

bool Stream::WaitUntil(const Event& event) {
  if (ok() && event.state_->event != nullptr)
    AwaitSuccess([&] { return cudaEventQuery(event.state_->event); }, &error_);
  return ok();
}

void Stream::Fail(const std::string& error) {
  if (error_.empty()) error_ = error;
}

void Stream::MakeCurrent() const {
  thread_local int current = -1;
  if (current != device_) cudaSetDevice(current = device_);
}

void* Stream::native() const { return state_->stream; }

void* Stream::products() {
  if (state_->products != nullptr || !ok()) return state_->products;
  MakeCurrent();
  const cublasStatus_t created = cublasCreate(&state_->products);
  if (created != CUBLAS_STATUS_SUCCESS) {
    Fail(std::string("cublasCreate: ") + cublasGetStatusString(created));
    return nullptr;
  }
  if (!Check(cudaMalloc(&state_->workspace, kProductWorkspace), "cudaMalloc", &error_)) return nullptr;
  cublasSetStream(state_->products, state_->stream);
  cublasSetWorkspace(state_->products, state_->workspace, kProductWorkspace);
  cublasSetAtomicsMode(state_->products, CUBLAS_ATOMICS_NOT_ALLOWED);
  return state_->products;
}

void Stream::Emulate(std::function<void()> work) { Fail("emulated work on a device"); }

Event::Event(bool timed) : state_(std::make_shared<State>()) { state_->timed = timed; }

Event::~Event() = default;

void Event::Record(Stream* stream) {
  if (!stream->ok()) return;
  if (state_->event == nullptr) {
    stream->MakeCurrent();
    const unsigned flags = state_->timed ? cudaEventDefault : cudaEventDisableTiming;
    if (!Check(cudaEventCreateWithFlags(&state_->event, flags), "cudaEventCreate", &stream->error_)) return;
  }
  Check(cudaEventRecord(state_->event, stream->state_->stream), "cudaEventRecord", &stream->error_);
}

double Event::SecondsSince(const Event& earlier) const {
  float milliseconds = 0;
  if (cudaEventElapsedTime(&milliseconds, earlier.state_->event, state_->event) != cudaSuccess) return 0;
  return milliseconds * 1e-3;
}

void* AllocateDevice(Stream* stream, size_t bytes) {
  void* memory = nullptr;
  if (bytes == 0 || !stream->ok()) return nullptr;
  stream->MakeCurrent();
  const cudaError_t error = cudaMalloc(&memory, bytes);
  if (error == cudaSuccess) return memory;
  stream->Fail("cudaMalloc of " + std::to_string(bytes) + " bytes: " + cudaGetErrorString(error));
  return nullptr;
}

void FreeDevice(void* memory) {
  if (memory != nullptr) cudaFree(memory);
}

void* AllocatePinned(Stream* stream, size_t bytes) {
  void* memory = nullptr;
  if (bytes == 0 || !stream->ok()) return nullptr;
  const cudaError_t error = cudaMallocHost(&memory, bytes);
  if (error == cudaSuccess) return memory;
  stream->Fail("cudaMallocHost of " + std::to_string(bytes) + " bytes: " + cudaGetErrorString(error));
  return nullptr;
}

void FreePinned(void* memory) {
  if (memory != nullptr) cudaFreeHost(memory);
}

}  // namespace pumasi::cuda
