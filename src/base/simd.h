/* simd.h: compiles a hot function once per instruction set and selects one at load time, so that one portable
 * build uses the machine's best instructions. It relies on ifuncs, which fail
 * with sanitizers (they set VG_NO_CLONES) and with clang. */
#ifndef VG_BASE_SIMD_H
#define VG_BASE_SIMD_H

/* The levels of the x86-64 psABI describe what a processor can do, whereas a name such as arch=haswell
 * matches that model only. They need GCC 12. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(VG_NO_CLONES) && \
    __GNUC__ >= 12
#define VG_HOT __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define VG_HOT
#endif

#endif
