// Counts what operator new hands out. A program that is linked with it has its allocator replaced.
#ifndef PUMASI_TESTS_WORKER_MODEL_COUNTING_ALLOCATOR_H_
#define PUMASI_TESTS_WORKER_MODEL_COUNTING_ALLOCATOR_H_

namespace pumasi {

// Calls of operator new so far, in all threads.
int Allocations();

}  // namespace pumasi

#endif  // PUMASI_TESTS_WORKER_MODEL_COUNTING_ALLOCATOR_H_
