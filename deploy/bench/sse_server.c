/*
 * The other end of the load benchmark: an HTTP/1.1 server that streams, and keeps its own log of when it did what.
 *
 *   sse_server LOG      prints "port N" when it listens on 127.0.0.1, serves until SIGTERM, then writes LOG
 *
 * Any request whose target holds `chunks=N` is answered with N content chunks, one every `every_us` microseconds, the first
 * after `first_us`; without it with one chunk at once (a short answer). `stall_at_ms`, `stall_ms`: from the first request on, the
 * server does nothing at all for a while. A line of the log: first 16 hex digits of the trace id (or -), when the request was complete,
 * when the first chunk was written, when the last was, how many were; all on CLOCK_MONOTONIC, in ns.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define MOST_FDS 65536
#define MOST_LOG 4000000
#define HEAD_ROOM 16384

struct entry {
	char trace[17];
	uint32_t chunks;
	uint64_t got_ns, first_ns, last_ns;
};

struct conn {
	char in[HEAD_ROOM];
	size_t held;	 /* bytes in `in` */
	size_t skip;	 /* bytes of a body still to come */
	uint64_t due_ns; /* next chunk; 0: none */
	uint32_t left, every_us;
	struct entry log;
	int streaming, heap_at;
};

static struct conn *conns[MOST_FDS];
static struct entry *entries;
static size_t logged;
static int heap[MOST_FDS], heaped;
static volatile sig_atomic_t over;
static uint64_t stall_from, stall_until, stall_at_ms, stall_ms, first_request;

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static void on_term(int sig)
{
	(void)sig;
	over = 1;
}

/* A heap of connections by due time. */
static int earlier(int a, int b)
{
	return conns[heap[a]]->due_ns < conns[heap[b]]->due_ns;
}

static void swap(int a, int b)
{
	int fd = heap[a];

	heap[a] = heap[b];
	heap[b] = fd;
	conns[heap[a]]->heap_at = a;
	conns[heap[b]]->heap_at = b;
}

static void sift(int at)
{
	while (at > 0 && earlier(at, (at - 1) / 2)) {
		swap(at, (at - 1) / 2);
		at = (at - 1) / 2;
	}
	for (;;) {
		int least = at;

		for (int child = 2 * at + 1; child <= 2 * at + 2 && child < heaped; child++)
			if (earlier(child, least))
				least = child;
		if (least == at)
			return;
		swap(at, least);
		at = least;
	}
}

static void heap_add(int fd)
{
	heap[heaped] = fd;
	conns[fd]->heap_at = heaped++;
	sift(conns[fd]->heap_at);
}

static void heap_remove(int fd)
{
	int at = conns[fd]->heap_at;

	if (at < 0)
		return;
	conns[fd]->heap_at = -1;
	heap[at] = heap[--heaped];
	if (at < heaped) {
		conns[heap[at]]->heap_at = at;
		sift(at);
	}
}

static void drop(int fd)
{
	if (conns[fd] == NULL)
		return;
	heap_remove(fd);
	free(conns[fd]);
	conns[fd] = NULL;
	close(fd);
}

static void keep(struct conn *c)
{
	if (logged < MOST_LOG)
		entries[logged++] = c->log;
}

static const char HEAD[] = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n";
static const char CHUNK[] =
	"data: {\"id\":\"c-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":"
	"[{\"index\":0,\"delta\":{\"content\":\"token \"},\"finish_reason\":null}]}\n\n";
static const char LAST[] =
	"data: {\"id\":\"c-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":"
	"[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

static int put(int fd, const char *text, size_t size)
{
	return send(fd, text, size, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)size;
}

static uint64_t number_after(const char *text, const char *name, uint64_t otherwise)
{
	const char *at = strstr(text, name);

	return at == NULL ? otherwise : strtoull(at + strlen(name), NULL, 10);
}

/* One whole request stands in c->in, `length` bytes of head. */
static int answer(int fd, struct conn *c, const char *head)
{
	char out[1024];
	const char *trace = strcasestr(head, "\ntraceparent: 00-");
	uint64_t now = now_ns();

	if (first_request == 0) {
		first_request = now;
		stall_from = stall_ms == 0 ? UINT64_MAX : now + stall_at_ms * 1000000ull;
		stall_until = stall_from + stall_ms * 1000000ull;
	}
	memset(&c->log, 0, sizeof(c->log));
	memcpy(c->log.trace, trace == NULL ? "-" : trace + 17, trace == NULL ? 1 : 16);
	c->log.got_ns = now;
	c->left = (uint32_t)number_after(head, "chunks=", 0);
	if (c->left == 0) {
		int n = snprintf(out, sizeof(out), "%scontent-length: %zu\r\n\r\n%s%s", HEAD, strlen(CHUNK) + strlen(LAST), CHUNK, LAST);

		c->log.first_ns = c->log.last_ns = now_ns();
		c->log.chunks = 1;
		keep(c);
		return put(fd, out, (size_t)n);
	}
	c->every_us = (uint32_t)number_after(head, "every_us=", 50000);
	c->due_ns = now + number_after(head, "first_us=", 0) * 1000ull;
	c->streaming = 1;
	heap_add(fd);
	snprintf(out, sizeof(out), "%stransfer-encoding: chunked\r\n\r\n", HEAD);
	return put(fd, out, strlen(out));
}

static int write_chunk(int fd)
{
	struct conn *c = conns[fd];
	char out[1024];
	int n = snprintf(out, sizeof(out), "%zx\r\n%s\r\n", strlen(CHUNK), CHUNK);

	c->log.last_ns = now_ns();
	if (c->log.chunks++ == 0)
		c->log.first_ns = c->log.last_ns;
	if (--c->left == 0)
		n += snprintf(out + n, sizeof(out) - (size_t)n, "%zx\r\n%s\r\n0\r\n\r\n", strlen(LAST), LAST);
	if (!put(fd, out, (size_t)n))
		return 0;
	heap_remove(fd);
	if (c->left == 0) {
		c->streaming = 0;
		keep(c);
	} else {
		c->due_ns += c->every_us * 1000ull;
		heap_add(fd);
	}
	return 1;
}

static int readable(int fd)
{
	struct conn *c = conns[fd];
	ssize_t n = recv(fd, c->in + c->held, HEAD_ROOM - 1 - c->held, MSG_DONTWAIT);

	if (n <= 0)
		return n < 0 && errno == EAGAIN;
	c->held += (size_t)n;
	for (;;) {
		size_t take = c->skip < c->held ? c->skip : c->held;

		memmove(c->in, c->in + take, c->held - take);
		c->held -= take;
		c->skip -= take;
		c->in[c->held] = 0;
		char *end = c->skip > 0 ? NULL : strstr(c->in, "\r\n\r\n");
		if (end == NULL)
			return c->held < HEAD_ROOM - 1;
		end[2] = 0; /* the head alone, as text */
		const char *length = strcasestr(c->in, "\ncontent-length:");
		c->skip = (size_t)(end + 4 - c->in) + (length == NULL ? 0 : strtoull(length + 16, NULL, 10));
		/* The body is not looked at; a client that sends head and body in one write is answered once. */
		if (!answer(fd, c, c->in))
			return 0;
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(at);
	int one = 1, server = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), ep = epoll_create1(0);
	struct epoll_event events[256], event = { .events = EPOLLIN, .data.fd = server };

	if (argc < 2)
		return 2;
	if (argc >= 4) {
		stall_at_ms = strtoull(argv[2], NULL, 10);
		stall_ms = strtoull(argv[3], NULL, 10);
	}
	entries = malloc(sizeof(*entries) * MOST_LOG);
	prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
	setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (entries == NULL || bind(server, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(server, 4096) != 0)
		return 1;
	getsockname(server, (struct sockaddr *)&at, &size);
	signal(SIGTERM, on_term);
	signal(SIGINT, on_term);
	epoll_ctl(ep, EPOLL_CTL_ADD, server, &event);
	printf("port %d\n", ntohs(at.sin_port));
	fflush(stdout);
	while (!over) {
		uint64_t now = now_ns();

		if (first_request != 0 && now >= stall_from && now < stall_until) {
			struct timespec rest = { .tv_nsec = (long)((stall_until - now) % 1000000000ull), .tv_sec = (time_t)((stall_until - now) / 1000000000ull) };

			nanosleep(&rest, NULL);
			continue;
		}
		while (heaped > 0 && conns[heap[0]]->due_ns <= now) {
			int fd = heap[0];

			if (!write_chunk(fd))
				drop(fd);
		}
		struct timespec wait = { .tv_nsec = 100000000 };
		if (heaped > 0) {
			uint64_t left = conns[heap[0]]->due_ns;

			left = left > now ? left - now : 0;
			if (left < 100000000)
				wait.tv_nsec = (long)left;
		}
		int n = epoll_pwait2(ep, events, 256, &wait, NULL);
		for (int i = 0; i < n; i++) {
			int fd = events[i].data.fd;

			if (fd != server) {
				if (conns[fd] != NULL && !readable(fd))
					drop(fd);
				continue;
			}
			while ((fd = accept4(server, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
				if (fd >= MOST_FDS || (conns[fd] = calloc(1, sizeof(struct conn))) == NULL) {
					close(fd);
					continue;
				}
				conns[fd]->heap_at = -1;
				setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
				struct epoll_event client = { .events = EPOLLIN, .data.fd = fd };
				epoll_ctl(ep, EPOLL_CTL_ADD, fd, &client);
			}
		}
	}
	FILE *log = fopen(argv[1], "w");
	if (log == NULL)
		return 1;
	for (int fd = 0; fd < MOST_FDS; fd++) /* streams cut short are told as far as they came */
		if (conns[fd] != NULL && conns[fd]->streaming)
			keep(conns[fd]);
	for (size_t i = 0; i < logged; i++)
		fprintf(log, "%s %lu %lu %lu %u\n", entries[i].trace, entries[i].got_ns, entries[i].first_ns, entries[i].last_ns, entries[i].chunks);
	return fclose(log) == 0 ? 0 : 1;
}
