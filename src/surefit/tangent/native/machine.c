/* Kernels of pairs of vectors: a small machine for programs of elementwise arithmetic.

   A tile of products of rows comes in; for every pair the program is run, and its results go into
   the matrices, of a symmetric matrix also across the diagonal. Programs are made from the
   formulas of the layers, see program.py. An operand is a vector over the columns of a chunk (a
   register, or values that belong to columns) or one number (values that belong to rows,
   constants); numbers come last. An instruction is its name, results, operands, and of polynomials
   the places of coefficients in the pool, constant term first, and their count.

   Compiled once per set of processor instructions (VARIANT), for both kinds of numbers. */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifndef VARIANT
#define VARIANT base
#endif
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)

enum {
    CHUNK = 128,  /* pairs that are computed together: registers stay in the first cache */
    ROWS = 32,    /* rows of a block that is written across the diagonal */
    OUTPUTS = 2,
    SCRATCH = 4
};

#if defined(__AVX512F__)
#define BYTES 64
#elif defined(__AVX2__)
#define BYTES 32
#else
#define BYTES 16
#endif

#define OPERATIONS(X)                                                                             \
    X(splat) X(copy) X(neg) X(abs) X(not) X(sqrt) X(add) X(sub) X(rsub) X(mul) X(div) X(rdiv)     \
    X(max) X(min) X(lt) X(le) X(gt) X(ge) X(eq) X(ne) X(and) X(or) X(fma) X(fnma) X(select)       \
    X(atan) X(horner) X(clenshaw) X(gap) X(rectified)

#define NUMBER(name) OP_##name,
enum { OPERATIONS(NUMBER) };

/* What does not change from tile to tile; library.py has the same fields. */
typedef struct {
    const int32_t *code;
    const void *pool;        /* constants, then coefficients */
    const void *columns;     /* (column_values, stride) */
    const void *rows;        /* (n, row_values) */
    void *out[OUTPUTS];      /* matrices */
    int64_t stride;
    int64_t width;           /* numbers from a row of a matrix to the next */
    int32_t length;          /* of the code */
    int32_t registers;       /* the first one stands for the products */
    int32_t column_values;
    int32_t row_values;
    int32_t constants;
    int32_t outputs;
    int32_t result[OUTPUTS]; /* registers of the results */
    int32_t mark;            /* register that marks pairs; -1: none */
    int32_t symmetric;
} Job;

#define T double
#define INTEGER int64_t
#define SQRT sqrt
#define ABS fabs
#define COPYSIGN copysign
#define LOCAL(name) JOIN(name##_f64_, VARIANT)
#include "machine.h"
#undef T
#undef INTEGER
#undef SQRT
#undef ABS
#undef COPYSIGN
#undef LOCAL

#define T float
#define INTEGER int32_t
#define SQRT sqrtf
#define ABS fabsf
#define COPYSIGN copysignf
#define LOCAL(name) JOIN(name##_f32_, VARIANT)
#include "machine.h"

#ifdef STAMP
#define QUOTE_(x) #x
#define QUOTE(x) QUOTE_(x)
#define WORD(name) #name " "
/* The sources that this was compiled from, and the numbers of the operations by their order. */
const char surefit_stamp[] = QUOTE(STAMP);
const char surefit_operations[] = OPERATIONS(WORD);

/* The widest variant that this processor can run. */
int surefit_level(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw"))
        return 4;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return 3;
#endif
    return 0;
}
#endif
