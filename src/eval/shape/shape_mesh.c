/* shape_mesh.c: marching cubes without a table of triangles, which follows from a few rules.
 *
 * A cube has a voxel at each corner; corners of the region are set. Where corner 7 is set, the cube with all
 * corners reversed stands for it. On each face, a line around every run of set corners joins the middles of
 * the two edges where the run begins and ends, so two set corners that are opposite one another stay apart.
 * The lines join to loops, and each loop is filled with a fan of triangles about one of its vertices. */
#include "eval/shape/shape_mesh.h"

#include <math.h>

enum { CORNERS = 8, EDGES = 12, FACES = 6, HALF = 128, LOOP_MAX = 7 };

static const int corners[CORNERS][3] = {{0, 0, 0}, {1, 0, 0}, {1, 1, 0}, {0, 1, 0},
                                        {0, 0, 1}, {1, 0, 1}, {1, 1, 1}, {0, 1, 1}};
static const int edges[EDGES][2] = {{0, 1}, {1, 2}, {2, 3}, {3, 0}, {4, 5}, {5, 6},
                                    {6, 7}, {7, 4}, {0, 4}, {1, 5}, {2, 6}, {3, 7}};
/* The corners of each face, counterclockwise as seen from outside. */
static const int faces[FACES][4] = {{0, 3, 2, 1}, {4, 5, 6, 7}, {0, 1, 5, 4},
                                    {3, 7, 6, 2}, {0, 4, 7, 3}, {1, 2, 6, 5}};

/* A cube's triangles: their area, six times the volume between them and the cube's corner 0, and what one mm
 * along each axis that the cube lies away from the origin adds to the latter. */
typedef struct piece {
  double area, volume6, along[3];
} piece;

static int edge_between(int a, int b) {
  int e = 0;
  while (!(edges[e][0] == a && edges[e][1] == b) && !(edges[e][0] == b && edges[e][1] == a)) e++;
  return e;
}

static void middle_of(int edge, const double mm[3], double out[3]) {
  for (int a = 0; a < 3; a++)
    out[a] = mm[a] * (corners[edges[edge][0]][a] + corners[edges[edge][1]][a]) / 2.0;
}

/* For each edge with a vertex, the next vertex of its loop; else -1. */
static void join_lines(unsigned set, int next[EDGES]) {
  for (int e = 0; e < EDGES; e++) next[e] = -1;
  for (int f = 0; f < FACES; f++) {
    for (int i = 0; i < 4; i++) {
      const int before = faces[f][(i + 3) % 4], first = faces[f][i];
      if (set >> before & 1 || !(set >> first & 1)) continue;
      int k = i;
      while (set >> faces[f][(k + 1) % 4] & 1) k++;
      next[edge_between(before, first)] = edge_between(faces[f][k % 4], faces[f][(k + 1) % 4]);
    }
  }
}

static void cross(const double a[3], const double b[3], double out[3]) {
  for (int k = 0; k < 3; k++) out[k] = a[(k + 1) % 3] * b[(k + 2) % 3] - a[(k + 2) % 3] * b[(k + 1) % 3];
}

static double dot(const double a[3], const double b[3]) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/* Adds the fan about vertex `apex` of a loop. */
static void add_fan(const int *loop, int n, int apex, const double mm[3], piece *p) {
  for (int k = 1; k + 1 < n; k++) {
    double v[3][3], side[2][3], normal[3], product[3];
    middle_of(loop[apex], mm, v[0]);
    middle_of(loop[(apex + k) % n], mm, v[1]);
    middle_of(loop[(apex + k + 1) % n], mm, v[2]);
    for (int a = 0; a < 3; a++) {
      side[0][a] = v[1][a] - v[0][a];
      side[1][a] = v[2][a] - v[0][a];
    }
    cross(side[0], side[1], normal);
    cross(v[0], v[1], product);
    p->area += 0.5 * sqrt(dot(normal, normal));
    p->volume6 += dot(product, v[2]);
    for (int a = 0; a < 3; a++) p->along[a] += normal[a];
  }
}

/* The vertex whose fan has the largest area in a cube of equal sides. Of a loop of seven, which has an axis
 * of symmetry, it is the vertex on that axis: no other one's fan has the same area. */
static int choose_apex(const int *loop, int n) {
  static const double unit[3] = {1, 1, 1};
  double area[LOOP_MAX];
  int best = -1;
  for (int k = 0; k < n; k++) {
    piece fan = {0};
    add_fan(loop, n, k, unit, &fan);
    area[k] = fan.area;
  }
  for (int k = 0; k < n; k++) {
    bool twice = false;
    for (int i = 0; i < n; i++) twice |= i != k && fabs(area[i] - area[k]) < 1e-9;
    if (n == LOOP_MAX && twice) continue;
    if (best < 0 || area[k] > area[best] + 1e-9) best = k;
  }
  return best;
}

static void fill_cube(unsigned set, const double mm[3], piece *p) {
  int next[EDGES];
  *p = (piece){0};
  join_lines(set, next);
  for (int e = 0; e < EDGES; e++) {
    int loop[EDGES], n = 0;
    for (int k = e; next[k] >= 0;) {
      const int from = k;
      loop[n++] = k;
      k = next[k];
      next[from] = -1;
    }
    if (n) add_fan(loop, n, choose_apex(loop, n), mm, p);
  }
}

void vg_shape_mesh(const vg_radiomics_levels *l, const double mm[3], double *area, double *volume) {
  piece pieces[HALF];
  ptrdiff_t corner[CORNERS];
  for (unsigned set = 0; set < HALF; set++) fill_cube(set, mm, &pieces[set]);
  for (int c = 0; c < CORNERS; c++)
    corner[c] = corners[c][0] + (ptrdiff_t)l->dim[0] * (corners[c][1] + (ptrdiff_t)l->dim[1] * corners[c][2]);
  *area = *volume = 0;
  for (int z = 0; z + 1 < l->dim[2]; z++) {
    for (int y = 0; y + 1 < l->dim[1]; y++) {
      const uint16_t *at = l->at + ((size_t)z * (size_t)l->dim[1] + (size_t)y) * (size_t)l->dim[0];
      for (int x = 0; x + 1 < l->dim[0]; x++, at++) {
        unsigned set = 0;
        for (int c = 0; c < CORNERS; c++) set |= (unsigned)(at[corner[c]] != 0) << c;
        const bool reversed = set & HALF;
        if (reversed) set ^= 0xff;
        const piece *p = &pieces[set];
        const double away[3] = {x * mm[0], y * mm[1], z * mm[2]};
        *area += p->area;
        *volume += (reversed ? -1 : 1) * (p->volume6 + dot(p->along, away)) / 6;
      }
    }
  }
}
