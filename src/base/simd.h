/* simd.h: compiles a hot function once per instruction set and picks at load time, so that one
 * portable build still uses what the machine has. Sanitizers and clang dislike ifuncs. */
#ifndef VG_BASE_SIMD_H
#define VG_BASE_SIMD_H

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(VG_NO_CLONES)
#define VG_HOT __attribute__((target_clones("default", "arch=haswell", "arch=skylake-avx512")))
#else
#define VG_HOT
#endif

#endif
