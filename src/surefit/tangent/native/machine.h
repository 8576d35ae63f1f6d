/* The machine for numbers of the type T. Included by machine.c. */

#define V LOCAL(vector)
#define I LOCAL(mask)
#define LANES (BYTES / (int)sizeof(T))
#define GROUP 4

/* The processor's own vectors. */
typedef T V __attribute__((vector_size(BYTES)));
typedef INTEGER I __attribute__((vector_size(BYTES)));

/* Results may stand where operands did: entry by entry nothing is read after it is written. */
#define EACH _Pragma("GCC ivdep") for (int k = 0; k < m; k++)

/* Polynomials a, or b where `other` is not 0: in powers by Horner's rule, in Chebyshev's
   polynomials by Clenshaw's. Whole groups of vectors: registers have room for them. */
static inline __attribute__((always_inline)) void LOCAL(evaluate)(
    T *r, const T *x, const T *other, const T *a, const T *b, int count, int m,
    const int chebyshev)
{
    for (int k = 0; k < m; k += GROUP * LANES) {
        V z[GROUP], now[GROUP], before[GROUP];
        I where[GROUP];
#pragma GCC unroll 4
        for (int g = 0; g < GROUP; g++) {
            memcpy(&z[g], x + k + g * LANES, sizeof(V));
            now[g] = before[g] = (V){0};
            where[g] = (I){0};
            if (other) {
                V o;
                memcpy(&o, other + k + g * LANES, sizeof(V));
                where[g] = (I)(o != 0);
            }
        }
        for (int q = count - 1; q >= 0; q--) {
            const V one = (V){0} + a[q], change = (V)((I)one ^ (I)((V){0} + b[q]));
#pragma GCC unroll 4
            for (int g = 0; g < GROUP; g++) {
                const V c = other ? (V)((I)one ^ (where[g] & (I)change)) : one;
                if (!chebyshev) {
                    now[g] = now[g] * z[g] + c;
                } else {
                    const V twice = q ? 2 * z[g] : z[g], next = now[g] * twice + (c - before[g]);
                    before[g] = now[g];
                    now[g] = next;
                }
            }
        }
#pragma GCC unroll 4
        for (int g = 0; g < GROUP; g++)
            memcpy(r + k + g * LANES, &now[g], sizeof(V));
    }
}

static __attribute__((noinline)) void LOCAL(polynomial)(T *r, const T *x, const T *other, const T *a, const T *b, int count,
                              int m, int chebyshev)
{
    int some = 0;
    if (other)
        for (int k = 0; k < m; k++)
            some += other[k] != 0;
    if (some == m)
        a = b;
    if (some == 0 || some == m)
        other = 0;
    if (chebyshev) {
        if (other)
            LOCAL(evaluate)(r, x, other, a, b, count, m, 1);
        else
            LOCAL(evaluate)(r, x, 0, a, a, count, m, 1);
    } else {
        if (other)
            LOCAL(evaluate)(r, x, other, a, b, count, m, 0);
        else
            LOCAL(evaluate)(r, x, 0, a, a, count, m, 0);
    }
}

/* st - cc >= 0, as in surefit.activations.angle. */
static inline __attribute__((always_inline)) T LOCAL(gap)(T c, T s, T t)
{
    const T size = ABS(c), a = s - size, b = t - size;
    const T value = ABS(s - t) <= (T)0.5 * (s < t ? s : t) ? a * b + size * (a + b)
                                                         : s * t - size * size;
    return value > 0 ? value : 0;
}

/* The duals of the rectifier and its derivative, and the distance behind it: `rectified` in
   surefit.activations.arc_cosine. */
static void LOCAL(rectified)(T *const result[3], const T *const given[8], const T *first,
                             const T *second, int count, T *scratch, int m)
{
    const T *c = given[0], *t = given[2], *root2 = given[4], *inverse2 = given[6], *d = given[7];
    const T s = *given[1], root1 = *given[3], inverse1 = *given[5];
    T *e = scratch, *length = scratch + CHUNK, *one = scratch + 2 * CHUNK;
    T *two = scratch + 3 * CHUNK, *r0 = result[0], *r1 = result[1], *r2 = result[2];
    const T part = (T)0.15915494309189533577;
    EACH
    {
        const T scale = root1 * root2[k], inverse = inverse1 * inverse2[k], apart = root1 - root2[k];
        const T near = d[k] - apart * apart / 2, sum = scale + ABS(c[k]);
        const T far = LOCAL(gap)(c[k], s, t[k]) / (inverse > 0 ? sum : 1);
        const T defect = inverse > 0 ? (c[k] >= 0 ? near : far) * inverse : 1;
        length[k] = SQRT(defect > 0 ? defect : 0);
    }
    EACH e[k] = length[k] * length[k];
    LOCAL(polynomial)(one, e, 0, first, first, count, m, 0);
    LOCAL(polynomial)(two, e, 0, second, second, count, m, 0);
    EACH
    {
        const T share = length[k] * one[k] * part, positive = c[k] >= 0, low = c[k] < 0 ? c[k] : 0;
        const T excess = root1 * root2[k] * (length[k] * e[k] * two[k]) * part;
        const T apart = (d[k] + low) / 2 - excess;
        r0[k] = (c[k] - low) / 2 + excess;
        r1[k] = positive != 0 ? (T)0.5 - share : share;
        r2[k] = apart;
    }
}

static void LOCAL(arctangent)(T *r, const T *x, const T *coefficients, int count, T *scratch, int m)
{
    T *w = scratch, *u = scratch + CHUNK;
    EACH
    {
        const T size = ABS(x[k]);
        w[k] = size > 1 ? 1 / size : size;
        u[k] = w[k] * w[k];
    }
    LOCAL(polynomial)(u, u, 0, coefficients, coefficients, count, m, 0);
    EACH
    {
        const T angle = w[k] * u[k], all = (T)1.57079632679489661923 - angle;
        r[k] = COPYSIGN(ABS(x[k]) > 1 ? all : angle, x[k]);
    }
}

#define UNARY(NAME, VALUE)                                                                        \
    case OP_##NAME: {                                                                             \
        const T *p = at[code[2]];                                                                 \
        EACH { const T x = p[k]; r[k] = VALUE; }                                                  \
        code += 3;                                                                                \
        break;                                                                                    \
    }
#define BINARY(NAME, VALUE)                                                                       \
    case OP_##NAME: {                                                                             \
        const T *p = at[code[2]], *q = at[code[3]];                                               \
        if (code[3] < vectors) {                                                                  \
            EACH { const T x = p[k], y = q[k]; r[k] = VALUE; }                                    \
        } else {                                                                                  \
            const T y = *q;                                                                       \
            EACH { const T x = p[k]; r[k] = VALUE; }                                              \
        }                                                                                         \
        code += 4;                                                                                \
        break;                                                                                    \
    }
#define TERNARY(NAME, VALUE)                                                                      \
    case OP_##NAME: {                                                                             \
        const T *p = at[code[2]], *q = at[code[3]], *o = at[code[4]];                             \
        if (code[3] < vectors && code[4] < vectors) {                                             \
            EACH { const T x = p[k], y = q[k], z = o[k]; r[k] = VALUE; }                          \
        } else if (code[3] < vectors) {                                                           \
            const T z = *o;                                                                       \
            EACH { const T x = p[k], y = q[k]; r[k] = VALUE; }                                    \
        } else if (code[4] < vectors) {                                                           \
            const T y = *q;                                                                       \
            EACH { const T x = p[k], z = o[k]; r[k] = VALUE; }                                    \
        } else {                                                                                  \
            const T y = *q, z = *o;                                                               \
            EACH { const T x = p[k]; r[k] = VALUE; }                                              \
        }                                                                                         \
        code += 5;                                                                                \
        break;                                                                                    \
    }

/* The program for m pairs. */
static void LOCAL(execute)(const Job *job, T **at, T *scratch, int m)
{
    const int32_t *code = job->code, *end = code + job->length;
    const int32_t vectors = job->registers + job->column_values;
    const T *pool = job->pool;
    while (code < end) {
        T *r = at[code[1]];
        switch (code[0]) {
        case OP_splat: {
            const T y = *at[code[2]];
            EACH r[k] = y;
            code += 3;
            break;
        }
        UNARY(copy, x)
        UNARY(neg, -x)
        UNARY(abs, ABS(x))
        UNARY(not, x != 0 ? (T)0 : (T)1)
        UNARY(sqrt, SQRT(x))
        BINARY(add, x + y)
        BINARY(sub, x - y)
        BINARY(rsub, y - x)
        BINARY(mul, x * y)
        BINARY(div, x / y)
        BINARY(rdiv, y / x)
        BINARY(max, x > y ? x : y)
        BINARY(min, x < y ? x : y)
        BINARY(lt, x < y ? (T)1 : (T)0)
        BINARY(le, x <= y ? (T)1 : (T)0)
        BINARY(gt, x > y ? (T)1 : (T)0)
        BINARY(ge, x >= y ? (T)1 : (T)0)
        BINARY(eq, x == y ? (T)1 : (T)0)
        BINARY(ne, x != y ? (T)1 : (T)0)
        BINARY(and, x * y)
        BINARY(or, x > y ? x : y)
        TERNARY(fma, x * y + z)
        TERNARY(fnma, z - x * y)
        TERNARY(select, x != 0 ? y : z)
        TERNARY(gap, LOCAL(gap)(x, y, z))
        case OP_atan:
            LOCAL(arctangent)(r, at[code[2]], pool + code[3], code[4], scratch, m);
            code += 5;
            break;
        case OP_horner:
        case OP_clenshaw:
            LOCAL(polynomial)(r, at[code[2]], at[code[3]], pool + code[4], pool + code[5],
                              code[6], m, code[0] == OP_clenshaw);
            code += 7;
            break;
        case OP_rectified: {
            T *const result[3] = {r, at[code[2]], at[code[3]]};
            const T *given[8];
            for (int k = 0; k < 8; k++)
                given[k] = at[code[4 + k]];
            LOCAL(rectified)(result, given, pool + code[12], pool + code[13], code[14], scratch, m);
            code += 15;
            break;
        }
        default:
            return;
        }
    }
}

/* One tile: rows i0..i1 and columns j0..j1 of the matrices.

   Returns how many pairs are marked, (row, column, mark) of them in `found`; -1 without memory. */
int64_t LOCAL(surefit)(const Job *job, const T *product, int64_t stride, int64_t i0, int64_t i1,
                       int64_t j0, int64_t j1, int32_t *found)
{
    const int columns = job->registers, rows = columns + job->column_values;
    const int constants = rows + job->row_values, wide = CHUNK + 8;
    const size_t numbers = (size_t)(job->registers + SCRATCH) * CHUNK + OUTPUTS * ROWS * wide;
    const size_t places = constants + job->constants;
    char *memory = calloc(1, numbers * sizeof(T) + places * sizeof(T *) + 64);
    if (!memory)
        return -1;
    T *file = (T *)(memory + (64 - (uintptr_t)memory % 64) % 64);
    T *scratch = file + (size_t)job->registers * CHUNK, *block = scratch + SCRATCH * CHUNK;
    T **at = (T **)(block + OUTPUTS * ROWS * wide);
    int64_t count = 0;
    for (int k = 1; k < job->registers; k++)
        at[k] = file + (size_t)k * CHUNK;
    for (int k = 0; k < job->constants; k++)
        at[constants + k] = (T *)job->pool + k;
    for (int64_t j = j0; j < j1; j += CHUNK) {
        const int64_t right = j + CHUNK < j1 ? j + CHUNK : j1;
        for (int k = 0; k < job->column_values; k++)
            at[columns + k] = (T *)job->columns + k * job->stride + j;
        for (int64_t top = i0; top < i1; top += ROWS) {
            const int64_t bottom = top + ROWS < i1 ? top + ROWS : i1;
            for (int64_t i = top; i < bottom; i++) {
                /* Of a symmetric matrix the lower triangle. */
                const int64_t last = job->symmetric && i + 1 < right ? i + 1 : right;
                const int m = (int)(last - j);
                if (m <= 0)
                    continue;
                at[0] = (T *)product + (i - i0) * stride + (j - j0);
                for (int k = 0; k < job->row_values; k++)
                    at[rows + k] = (T *)job->rows + i * job->row_values + k;
                LOCAL(execute)(job, at, scratch, m);
                for (int k = 0; k < job->outputs; k++) {
                    const T *value = at[job->result[k]];
                    memcpy((T *)job->out[k] + i * job->width + j, value, m * sizeof(T));
                    if (job->symmetric)
                        memcpy(block + (k * ROWS + i - top) * wide, value, m * sizeof(T));
                }
                if (job->mark >= 0) {
                    const T *mark = at[job->mark];
                    int some = 0;
                    for (int k = 0; k < m; k++)
                        some |= mark[k] != 0;
                    for (int k = 0; some && k < m; k++)
                        if (mark[k] != 0 && !(job->symmetric && i == j + k)) {
                            found[3 * count] = (int32_t)i;
                            found[3 * count + 1] = (int32_t)(j + k);
                            found[3 * count++ + 2] = (int32_t)mark[k];
                        }
                }
            }
            for (int k = 0; job->symmetric && k < job->outputs; k++)
                for (int64_t c = j; c < right && c < bottom; c++) {
                    T *to = (T *)job->out[k] + c * job->width;
                    const T *from = block + k * ROWS * wide + (c - j);
                    for (int64_t i = c + 1 > top ? c + 1 : top; i < bottom; i++)
                        to[i] = from[(i - top) * wide];
                }
        }
    }
    free(memory);
    return count;
}

#undef V
#undef I
#undef LANES
#undef GROUP
#undef EACH
#undef UNARY
#undef BINARY
#undef TERNARY
