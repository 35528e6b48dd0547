// Run-time choice of the instruction set for plain loops.
#ifndef PUMASI_OPS_VECTOR_CLONES_H_
#define PUMASI_OPS_VECTOR_CLONES_H_

// Stands before a function whose loops shall use the widest vectors of the machine it runs on: the compiler makes one
// copy for each instruction set, and the loader picks. Products and sums are never contracted (-ffp-contract=off), and
// a loop whose iterations do not depend on each other computes each element by the same exactly rounded operations in
// every copy, so the bits are the same on every x86-64.
//
// Sanitizers instrument the function that picks, which runs before they are ready: there is one copy then.
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(PUMASI_ONE_CLONE)
#define PUMASI_VECTOR_CLONES __attribute__((target_clones("default", "avx2", "avx512f")))
#else
#define PUMASI_VECTOR_CLONES
#endif

// Stands before a function that a vectorised loop calls: it must become part of each copy.
#define PUMASI_INLINE inline __attribute__((always_inline))

#endif  // PUMASI_OPS_VECTOR_CLONES_H_
