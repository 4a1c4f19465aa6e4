// SPDX-License-Identifier: Apache-2.0
/*
 * Something for the probes to slow down: victim pipe|tcp|calls ROUNDS. Prints nanoseconds of CPU time per round, those of both ends
 * together: what runs in a hook is charged to whoever ran into it, and what others do on this CPU is not.
 *
 *   pipe   a byte to another process and back: two sleeps, two wake-ups, four switches
 *   tcp    the same over a TCP connection of the loopback
 *   calls  one cheap system call after the other
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static double cpu_ns(int who)
{
	struct rusage usage;

	getrusage(who, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e9 + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e3;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* Both ends on one CPU: a round trip is then nothing but work, and no other CPU has to be woken. */
static void pin(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static double round_trips(int out, int in, int other_out, int other_in, long rounds)
{
	char byte = 0;
	double start;

	if (fork() == 0) {
		close(out);
		close(in);
		while (read(other_in, &byte, 1) == 1)
			if (write(other_out, &byte, 1) != 1)
				break;
		_exit(0);
	}
	close(other_out);
	close(other_in);
	start = cpu_ns(RUSAGE_SELF);
	for (long i = 0; i < rounds; i++)
		if (write(out, &byte, 1) != 1 || read(in, &byte, 1) != 1)
			die("round trip");
	close(out);
	close(in);
	wait(NULL);
	return (cpu_ns(RUSAGE_SELF) - start + cpu_ns(RUSAGE_CHILDREN)) / rounds;
}

static double pipes(long rounds)
{
	int there[2], back[2];

	if (pipe(there) || pipe(back))
		die("pipe");
	return round_trips(there[1], back[0], back[1], there[0], rounds);
}

static double tcp(long rounds)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0), server;

	if (bind(listener, (struct sockaddr *)&address, length) || listen(listener, 1) ||
	    getsockname(listener, (struct sockaddr *)&address, &length) ||
	    connect(client, (struct sockaddr *)&address, length))
		die("connect");
	server = accept(listener, NULL, NULL);
	setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return round_trips(client, client, server, server, rounds);
}

static double calls(long rounds)
{
	double start = cpu_ns(RUSAGE_SELF);

	for (long i = 0; i < rounds; i++)
		syscall(SYS_getppid);
	return (cpu_ns(RUSAGE_SELF) - start) / rounds;
}

int main(int count, char **arguments)
{
	long rounds = count > 2 ? atol(arguments[2]) : 0;
	double ns = 0;

	if (rounds <= 0)
		return 2;
	pin();
	if (!strcmp(arguments[1], "pipe"))
		ns = pipes(rounds);
	else if (!strcmp(arguments[1], "tcp"))
		ns = tcp(rounds);
	else if (!strcmp(arguments[1], "calls"))
		ns = calls(rounds);
	else
		return 2;
	printf("%.1f\n", ns);
	return 0;
}
