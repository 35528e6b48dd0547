// Stacks of their own for the threads of an emulated block.
#ifndef PUMASI_OPS_CUDA_EMULATION_FIBER_H_
#define PUMASI_OPS_CUDA_EMULATION_FIBER_H_

#include <ucontext.h>

#include <functional>
#include <memory>

namespace pumasi::cuda::emulation {

// Code that can stop in its middle and go on later, in the OS thread that made it. Used again for one run after
// another, as stacks are dear.
class Fiber {
 public:
  Fiber();
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // Runs `work` from its beginning, until it ends or calls Pause.
  void Start(const std::function<void()>* work);
  // Goes on after Pause, until the work ends or calls Pause again.
  void Continue();
  // From inside of the work: back to who called Start or Continue.
  void Pause();
  bool done() const { return done_; }

 private:
  static void Main(unsigned low, unsigned high);
  void Enter();

  const std::function<void()>* work_ = nullptr;
  bool done_ = true;
  std::unique_ptr<char[]> stack_;
  ucontext_t inside_, outside_;
  // For sanitizers, which have to know whose stack is in use.
  void* fake_stack_ = nullptr;
  void* tsan_inside_ = nullptr;
  void* tsan_outside_ = nullptr;
  const void* outside_bottom_ = nullptr;
  size_t outside_size_ = 0;
};

}  // namespace pumasi::cuda::emulation

#endif  // PUMASI_OPS_CUDA_EMULATION_FIBER_H_
