// SPDX-License-Identifier: Apache-2.0
/*
 * The reader to compare with: libbpf's own, with a callback that counts. It takes the id of a ring map as its argument; for every line
 * on its input it drains the ring once and prints `<nanoseconds> <records> <bytes>`. It ends when its input does.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct tally {
	unsigned long long records;
	unsigned long long bytes;
};

static int count(void *ctx, void *data, size_t size)
{
	struct tally *tally = ctx;

	(void)data;
	tally->records++;
	tally->bytes += size;
	return 0;
}

static long long now_ns(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec * 1000000000LL + at.tv_nsec;
}

int main(int argc, char **argv)
{
	struct tally tally = {0};
	struct ring_buffer *ring;
	char line[64];
	int fd;

	fd = argc == 2 ? bpf_map_get_fd_by_id(strtoul(argv[1], NULL, 10)) : -1;
	if (fd < 0) {
		perror("reader: no such ring");
		return 1;
	}
	ring = ring_buffer__new(fd, count, &tally, NULL);
	if (!ring) {
		perror("reader: cannot map the ring");
		return 1;
	}
	while (fgets(line, sizeof(line), stdin)) {
		long long start, end;

		tally = (struct tally){0};
		start = now_ns();
		if (ring_buffer__consume(ring) < 0)
			return 1;
		end = now_ns();
		printf("%lld %llu %llu\n", end - start, tally.records, tally.bytes);
		fflush(stdout);
	}
	ring_buffer__free(ring);
	return 0;
}
