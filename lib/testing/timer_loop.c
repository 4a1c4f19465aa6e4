/*
 * For kernel tests: an event loop with a timer of 60 ms that a pipe wakes after some 20 ms. It is then busy for as many milliseconds as the first
 * argument says, waits again for as many as the second says (0: for what is left of the timer), and once more for one. Prints its id, and in ns of the monotonic clock: when it first
 * went to sleep, when the pipe woke it, when the second wait ended.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static long long now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec * 1000000000LL + at.tv_nsec;
}

int main(int argc, char **argv)
{
	long long began, woke, ended;
	struct pollfd waker = { .events = POLLIN };
	int ends[2], again;

	if (argc != 3 || pipe(ends))
		return 2;
	waker.fd = ends[0];
	if (fork() == 0) {
		usleep(25000);
		return write(ends[1], "x", 1) != 1;
	}
	usleep(2000); /* a thread is known from the first time on that it leaves its CPU */
	began = now();
	if (poll(&waker, 1, 60) != 1)
		return 1;
	woke = now();
	while (now() - woke < atoi(argv[1]) * 1000000LL)
		;
	again = atoi(argv[2]);
	poll(NULL, 0, again ? again : 60 - (now() - began) / 1000000);
	ended = now();
	poll(NULL, 0, 1);
	printf("%d %lld %lld %lld\n", getpid(), began, woke, ended);
	return 0;
}
