/*
 * For kernel tests: connects to where it is told to, and writes what the kernel told it of each: 0, or the errno.
 * Arguments, any number: ADDRESS PORT HOW, where HOW is `block`, `poll` (does not block), `give_up` (closes at once), `fastopen` (sendto with
 * MSG_FASTOPEN), `hold` (blocks, and keeps it open until the end), `twice` (polls, then asks again as some programs do), or a number: so
 * many at a time, none of them waited for, all given up at the end.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static int outcome(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLOUT };
	int error = 0;
	socklen_t length = sizeof(error);

	poll(&ready, 1, 8000);
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
	return error;
}

int main(int count, char **word)
{
	struct rlimit files;

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	for (int i = 1; i + 2 < count; i += 3) {
		const char *address = word[i], *how = word[i + 2];
		struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(atoi(word[i + 1])) };
		struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = six.sin6_port };
		int is_six = inet_pton(AF_INET6, address, &six.sin6_addr) == 1, blocks = how[0] == 'b' || how[0] == 'h';
		int fd = socket(is_six ? AF_INET6 : AF_INET, SOCK_STREAM | (blocks ? 0 : SOCK_NONBLOCK), 0), error;
		struct sockaddr *to = is_six ? (struct sockaddr *)&six : (struct sockaddr *)&four;
		socklen_t length = is_six ? sizeof(six) : sizeof(four);

		inet_pton(AF_INET, address, &four.sin_addr);
		for (int left = atoi(how); left > 0; left--)
			connect(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), to, length);
		if (atoi(how) > 0)
			continue;
		if (!strcmp(how, "fastopen"))
			error = sendto(fd, "x", 1, MSG_FASTOPEN, to, length) < 0 ? errno : 0;
		else
			error = connect(fd, to, length) ? errno : 0;
		if (error == EINPROGRESS && strcmp(how, "give_up"))
			error = outcome(fd);
		if (!strcmp(how, "twice") && error)
			connect(fd, to, length);
		printf("%s %s %s %d\n", address, word[i + 1], how, error);
		if (strcmp(how, "hold"))
			close(fd);
	}
	return 0;
}
