/* simd.h: compiles a hot function once per instruction set and picks at load time, so that one
 * portable build still uses what the machine has. Sanitizers and clang dislike ifuncs. */
#ifndef VG_BASE_SIMD_H
#define VG_BASE_SIMD_H

/* The levels of the x86-64 psABI, which go by what a processor can do; names as arch=haswell are chosen only
 * on that very model. They need GCC 12. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(VG_NO_CLONES) && \
    __GNUC__ >= 12
#define VG_HOT __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define VG_HOT
#endif

#endif
