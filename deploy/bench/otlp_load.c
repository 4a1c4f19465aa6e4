/*
 * The sending end of the ingest benchmark: export requests over HTTP/1.1 on kept-open connections, each with its next request when the
 * last was answered. One thread; bodies are made beforehand and only their ids are written over, so that it costs little.
 *
 *   otlp_load PORT REQUEST PLACES CONNECTIONS SECONDS ACKED
 *
 * REQUEST is a file: head and body of one request. PLACES is a file of little-endian 32-bit numbers: 1 where ids are hex text, then for
 * each span where its trace id lies, where its span id lies, and 1 where it begins a trace. ACKED, unless "-", gets the span ids of
 * every request that was answered 200, 8 bytes each. Prints one line of JSON when it is over, or when the other side has gone.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define MOST_CONNECTIONS 256
#define MOST_TIMES 4000000
#define ANSWER_ROOM 8192
/* After an answer that says "later". */
#define PAUSE_NS 100000000ull

struct place {
	uint32_t trace, span, begins;
};

struct conn {
	int fd;
	char *out;
	size_t sent, got;
	uint64_t began_ns, paused_until_ns;
	char in[ANSWER_ROOM];
};

static struct conn conns[MOST_CONNECTIONS];
static struct place *places;
static char *request;
static size_t request_bytes, spans;
static uint32_t hex;
static uint64_t counter, seed;
static uint32_t *times_us;
static size_t answered, refused, odd;
static FILE *acked;

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

/* splitmix64: one number after the other, none of them twice. */
static uint64_t next_id(void)
{
	uint64_t x = seed + ++counter * 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

static void put_id(char *at, uint64_t id)
{
	static const char digits[] = "0123456789abcdef";

	if (!hex) {
		memcpy(at, &id, 8);
		return;
	}
	for (int i = 0; i < 8; i++) {
		uint8_t byte = (uint8_t)(id >> 8 * i);

		*at++ = digits[byte >> 4];
		*at++ = digits[byte & 15];
	}
}

static void fresh_ids(struct conn *c)
{
	uint64_t high = 0, low = 0;
	size_t half = hex ? 16 : 8;

	for (size_t i = 0; i < spans; i++) {
		if (places[i].begins) {
			high = next_id();
			low = next_id();
		}
		put_id(c->out + places[i].trace, high);
		put_id(c->out + places[i].trace + half, low);
		put_id(c->out + places[i].span, next_id());
	}
}

static int flush_out(struct conn *c)
{
	while (c->sent < request_bytes) {
		ssize_t n = send(c->fd, c->out + c->sent, request_bytes - c->sent, MSG_NOSIGNAL);

		if (n < 0)
			return errno == EAGAIN ? 0 : -1;
		c->sent += (size_t)n;
	}
	return 0;
}

static int begin(struct conn *c)
{
	fresh_ids(c);
	c->sent = c->got = 0;
	c->paused_until_ns = 0;
	c->began_ns = now_ns();
	return flush_out(c);
}

/* 0: more is to come; its status when the answer is whole; -1 when the other side has gone. */
static int receive(struct conn *c)
{
	ssize_t n = recv(c->fd, c->in + c->got, sizeof(c->in) - 1 - c->got, 0);
	const char *length, *end;

	if (n <= 0)
		return n < 0 && errno == EAGAIN ? 0 : -1;
	c->got += (size_t)n;
	c->in[c->got] = 0;
	end = strstr(c->in, "\r\n\r\n");
	if (!end)
		return c->got + 1 < sizeof(c->in) ? 0 : -1;
	length = strcasestr(c->in, "\ncontent-length:");
	if (c->got < (size_t)(end + 4 - c->in) + (length && length < end ? strtoul(length + 16, NULL, 10) : 0))
		return 0;
	return atoi(c->in + 9);
}

static void note(struct conn *c, int status)
{
	if (status == 503 || status == 429) {
		refused++;
		c->paused_until_ns = now_ns() + PAUSE_NS;
		return;
	}
	if (status != 200) {
		odd++;
		return;
	}
	if (answered < MOST_TIMES)
		times_us[answered] = (uint32_t)((now_ns() - c->began_ns) / 1000);
	answered++;
	for (size_t i = 0; acked && i < spans; i++) {
		uint8_t id[8];

		for (int b = 0; b < 8; b++) {
			unsigned byte;
			const char *at = c->out + places[i].span;

			if (hex && sscanf(at + 2 * b, "%2x", &byte) != 1)
				byte = 0;
			id[b] = hex ? (uint8_t)byte : (uint8_t)at[b];
		}
		fwrite(id, 1, 8, acked);
	}
}

static char *read_file(const char *path, size_t *bytes)
{
	FILE *file = fopen(path, "rb");
	char *data;

	if (!file || fseek(file, 0, SEEK_END) || (*bytes = (size_t)ftell(file)) == 0) {
		fprintf(stderr, "otlp_load: cannot read %s\n", path);
		exit(1);
	}
	rewind(file);
	data = malloc(*bytes);
	if (!data || fread(data, 1, *bytes, file) != *bytes)
		exit(1);
	fclose(file);
	return data;
}

static int connect_to(int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

	inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to))) {
		perror("otlp_load: connect");
		exit(1);
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static double cpu_s(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* Until the time is over and every request begun was answered (for a second at most), or the other side has gone. */
static double run(int poll, int connections, double seconds)
{
	struct epoll_event ready[MOST_CONNECTIONS];
	uint64_t began = now_ns(), until = began + (uint64_t)(seconds * 1e9), last = began;
	int open = connections;

	for (int i = 0; i < connections; i++)
		if (begin(&conns[i]))
			return 0;
	while (open > 0 && now_ns() < until + 1000000000ull) {
		int n = epoll_wait(poll, ready, MOST_CONNECTIONS, 20);

		for (int i = 0; i < n; i++) {
			struct conn *c = ready[i].data.ptr;
			int status = 0;

			if (c->sent < request_bytes && flush_out(c))
				status = -1;
			if (status == 0 && ready[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
				status = receive(c);
			if (status < 0)
				return (double)(last - began) / 1e9;
			if (status == 0)
				continue;
			note(c, status);
			last = now_ns();
			if (last >= until)
				open--;
			else if (c->paused_until_ns == 0 && begin(c))
				return (double)(last - began) / 1e9;
		}
		for (int i = 0; i < connections; i++) {
			struct conn *c = &conns[i];

			if (c->paused_until_ns == 0 || now_ns() < c->paused_until_ns || now_ns() >= until)
				continue;
			if (begin(c))
				return (double)(last - began) / 1e9;
		}
	}
	return (double)(last - began) / 1e9;
}

int main(int argc, char **argv)
{
	size_t bytes, counted;
	uint32_t *numbers;
	int connections, poll;
	double seconds;

	if (argc != 7 || (connections = atoi(argv[4])) < 1 || connections > MOST_CONNECTIONS) {
		fprintf(stderr, "usage: otlp_load PORT REQUEST PLACES CONNECTIONS SECONDS ACKED\n");
		return 2;
	}
	request = read_file(argv[2], &request_bytes);
	numbers = (uint32_t *)read_file(argv[3], &bytes);
	hex = numbers[0];
	places = (struct place *)(numbers + 1);
	spans = (bytes - 4) / sizeof(struct place);
	times_us = malloc(MOST_TIMES * sizeof(*times_us));
	acked = strcmp(argv[6], "-") ? fopen(argv[6], "wb") : NULL;
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed) || !times_us)
		return 1;
	poll = epoll_create1(0);
	for (int i = 0; i < connections; i++) {
		struct epoll_event on = { .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = &conns[i] };

		conns[i].fd = connect_to(atoi(argv[1]));
		conns[i].out = malloc(request_bytes);
		memcpy(conns[i].out, request, request_bytes);
		if (fcntl(conns[i].fd, F_SETFL, O_NONBLOCK) || epoll_ctl(poll, EPOLL_CTL_ADD, conns[i].fd, &on))
			return 1;
	}
	seconds = run(poll, connections, atof(argv[5]));
	if (acked)
		fclose(acked);
	counted = answered < MOST_TIMES ? answered : MOST_TIMES;
	qsort(times_us, counted, sizeof(*times_us), by_size);
	printf("{\"seconds\":%.6f,\"answered\":%zu,\"refused\":%zu,\"odd\":%zu,\"p50_us\":%u,\"p99_us\":%u,\"cpu_s\":%.6f}\n", seconds,
	       answered, refused, odd, counted ? times_us[counted / 2] : 0, counted ? times_us[counted * 99 / 100] : 0, cpu_s());
	return 0;
}
