/* The machine's limit, and what the benchmark of motion hands to other codes.

   Equal charges, places as three arrays in um, k = k_e q^2 / m in um^3/us^2. Compiled by
   _motion_kernel.py with -O3 -march=native -ffast-math. */

#include <math.h>
#include <stddef.h>
#include <string.h>

typedef double *restrict Out;
typedef const double *restrict In;

static inline void part(ptrdiff_t from, ptrdiff_t to, double x, double y, double z, In X, In Y,
                        In Z, double *sum)
{
    double sx = 0, sy = 0, sz = 0;
    for (ptrdiff_t j = from; j < to; j++) {
        double dx = x - X[j], dy = y - Y[j], dz = z - Z[j];
        double r2 = dx * dx + dy * dy + dz * dz;
        double w = 1 / (r2 * sqrt(r2));
        sx += w * dx;
        sy += w * dy;
        sz += w * dz;
    }
    sum[0] += sx;
    sum[1] += sy;
    sum[2] += sz;
}

/* Accelerations of the charges first <= i < last by all others. */
void coulomb(ptrdiff_t n, ptrdiff_t first, ptrdiff_t last, double k, In X, In Y, In Z, Out AX,
             Out AY, Out AZ)
{
    for (ptrdiff_t i = first; i < last; i++) {
        double sum[3] = {0, 0, 0};
        part(0, i, X[i], Y[i], Z[i], X, Y, Z, sum);
        part(i + 1, n, X[i], Y[i], Z[i], X, Y, Z, sum);
        AX[i] = k * sum[0];
        AY[i] = k * sum[1];
        AZ[i] = k * sum[2];
    }
}

/* Some evaluations one after the other, each of another k: what the throughput is taken from. */
void repeat(ptrdiff_t times, ptrdiff_t n, ptrdiff_t first, ptrdiff_t last, double k, In X, In Y,
            In Z, Out AX, Out AY, Out AZ)
{
    for (ptrdiff_t t = 0; t < times; t++)
        coulomb(n, first, last, k * (1 + t), X, Y, Z, AX, AY, AZ);
}

/* Accelerations in the trap: turn = q B / m [1/us], push = q V / (m d^2) [1/us^2]; state is
   x, y, z, vx, vy, vz, each of n. */
static void accelerate(ptrdiff_t n, double k, double turn, double push, In s, Out a)
{
    In vx = s + 3 * n, vy = s + 4 * n;
    coulomb(n, 0, n, k, s, s + n, s + 2 * n, a, a + n, a + 2 * n);
    for (ptrdiff_t i = 0; i < n; i++) {
        a[i] += push * s[i] + turn * vy[i];
        a[n + i] += push * s[n + i] - turn * vx[i];
        a[2 * n + i] -= 2 * push * s[2 * n + i];
    }
}

void trap_rates(ptrdiff_t n, double k, double turn, double push, In s, Out rates)
{
    memcpy(rates, s + 3 * n, 3 * n * sizeof *s);
    accelerate(n, k, turn, push, s, rates + 3 * n);
}

/* The paper's Runge-Kutta; work holds 18 n numbers. */
void rk4(ptrdiff_t n, ptrdiff_t steps, double h, double k, double turn, double push, Out s,
         Out work)
{
    const double ahead[4] = {0, 0.5, 0.5, 1}, weight[4] = {1, 2, 2, 1};
    ptrdiff_t m = 6 * n;
    double *at = work, *rates = work + m, *sum = work + 2 * m;
    for (ptrdiff_t step = 0; step < steps; step++) {
        memcpy(sum, s, m * sizeof *s);
        for (int stage = 0; stage < 4; stage++) {
            for (ptrdiff_t i = 0; i < m; i++)
                at[i] = s[i] + (stage ? ahead[stage] * h * rates[i] : 0);
            trap_rates(n, k, turn, push, at, rates);
            for (ptrdiff_t i = 0; i < m; i++)
                sum[i] += h / 6 * weight[stage] * rates[i];
        }
        memcpy(s, sum, m * sizeof *s);
    }
}

/* REBOUND's additional forces: the trap's. Where its structures keep what is told by Python, so
   that no header of it is needed. */
static struct {
    ptrdiff_t count, particles, size, place, velocity, acceleration;
    double turn, push;
    ptrdiff_t calls;
} layout;

void rebound_layout(ptrdiff_t count, ptrdiff_t particles, ptrdiff_t size, ptrdiff_t place,
                    ptrdiff_t velocity, ptrdiff_t acceleration, double turn, double push)
{
    layout.count = count, layout.particles = particles, layout.size = size;
    layout.place = place, layout.velocity = velocity, layout.acceleration = acceleration;
    layout.turn = turn, layout.push = push, layout.calls = 0;
}

ptrdiff_t rebound_calls(void) { return layout.calls; }

void rebound_forces(char *simulation)
{
    size_t n = *(size_t *)(simulation + layout.count);
    char *particle = *(char **)(simulation + layout.particles);
    for (size_t i = 0; i < n; i++, particle += layout.size) {
        double *x = (double *)(particle + layout.place);
        double *v = (double *)(particle + layout.velocity);
        double *a = (double *)(particle + layout.acceleration);
        a[0] += layout.push * x[0] + layout.turn * v[1];
        a[1] += layout.push * x[1] - layout.turn * v[0];
        a[2] -= 2 * layout.push * x[2];
    }
    layout.calls++;
}
