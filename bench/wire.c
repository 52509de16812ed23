/* wire.c: a wire of a given rate and delay between two network namespaces, for kernels without tc's netem.
 *
 *   wire DEVICE NAMESPACE_A NAMESPACE_B GBIT_PER_S MS
 *
 * DEVICE is a tun device in both namespaces. A packet leaves one when those before it have had their time at
 * the rate, and reaches the other after the delay. The wire loses nothing. It ends when its standard input
 * does. */
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { LONGEST = 1 << 16, PLACES = 256 };

typedef struct packet {
  int64_t due; /* ns */
  ssize_t size;
  char data[LONGEST];
} packet;

/* One direction. */
typedef struct way {
  int from, to;
  packet *ring;
  unsigned first, n;
  int64_t free; /* when the last packet has left */
} way;

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static int open_in(const char *namespace, const char *device) {
  char path[300];
  struct ifreq r = {.ifr_flags = IFF_TUN | IFF_NO_PI};
  snprintf(path, sizeof path, "/var/run/netns/%s", namespace);
  const int where = open(path, O_RDONLY | O_CLOEXEC);
  if (where < 0 || setns(where, CLONE_NEWNET)) fail(path);
  close(where);
  const int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  snprintf(r.ifr_name, sizeof r.ifr_name, "%s", device);
  if (fd < 0 || ioctl(fd, TUNSETIFF, &r)) fail(device);
  return fd;
}

static void take(way *w, double ns_per_byte, int64_t delay) {
  while (w->n < PLACES) {
    packet *p = &w->ring[(w->first + w->n) % PLACES];
    p->size = read(w->from, p->data, LONGEST);
    if (p->size <= 0) return;
    const int64_t at = now();
    w->free = (w->free > at ? w->free : at) + (int64_t)(ns_per_byte * (double)p->size);
    p->due = w->free + delay;
    w->n++;
  }
}

/* Returns when the next packet is due. */
static int64_t deliver(way *w) {
  for (; w->n; w->n--, w->first = (w->first + 1) % PLACES) {
    const packet *p = &w->ring[w->first];
    if (p->due > now()) return p->due;
    if (write(w->to, p->data, (size_t)p->size) < 0) return now() + 100000; /* its queue is full */
  }
  return INT64_MAX;
}

int main(int argc, char **argv) {
  if (argc != 6) {
    fprintf(stderr, "usage: wire DEVICE NAMESPACE_A NAMESPACE_B GBIT_PER_S MS\n");
    return 2;
  }
  const int a = open_in(argv[2], argv[1]), b = open_in(argv[3], argv[1]);
  const double ns_per_byte = 8 / atof(argv[4]);
  const int64_t delay = (int64_t)(1e6 * atof(argv[5]));
  way ways[2] = {{.from = a, .to = b}, {.from = b, .to = a}};
  for (int k = 0; k < 2; k++)
    if (!(ways[k].ring = calloc(PLACES, sizeof(packet)))) fail("memory");
  struct pollfd wanted[3] = {{.fd = a}, {.fd = b}, {.fd = STDIN_FILENO, .events = POLLIN}};
  for (;;) {
    int64_t next = INT64_MAX;
    for (int k = 0; k < 2; k++) {
      take(&ways[k], ns_per_byte, delay);
      const int64_t due = deliver(&ways[k]);
      if (due < next) next = due;
      wanted[k].events = ways[k].n < PLACES ? POLLIN : 0;
    }
    const int64_t left = next - now();
    const struct timespec limit = {.tv_sec = left / 1000000000, .tv_nsec = left > 0 ? left % 1000000000 : 0};
    if (left > 0 && ppoll(wanted, 3, next == INT64_MAX ? NULL : &limit, NULL) < 0) fail("ppoll");
    if (wanted[2].revents) return 0;
  }
}
