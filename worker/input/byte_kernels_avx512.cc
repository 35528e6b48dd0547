#include <immintrin.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <string_view>

#include "worker/input/byte_kernels_sets.h"
#include "worker/input/decode_utf8.h"
#include "worker/input/token_key.h"
#include "worker/input/unicode_classes.h"

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,bmi,bmi2,lzcnt,popcnt")

#include "worker/input/byte_block_avx512.h"
#include "worker/input/byte_kernels_split.h"

#pragma GCC pop_options

namespace pumasi {

const ByteKernels& Avx512ByteKernels() {
  static constexpr ByteKernels kKernels = {FindCsv<Avx512Block>,    SkipValidUtf8<Avx512Block>, SplitWhite<Avx512Block>,
                                           SplitWords<Avx512Block>, LowerCaseless<Avx512Block>, MakeKeys<Avx512Block>};
  return kKernels;
}

}  // namespace pumasi
