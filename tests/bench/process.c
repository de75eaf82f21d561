/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/process.h"

#include "bench/figures.h"
#include "proto/err.h"

#include <dirent.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

void process_start(const char *const *argv, struct process *out)
{
    int ends[2];
    int rc = pipe2(ends, O_CLOEXEC);
    must(rc == 0);
    out->talk = memfd_create("talk", MFD_CLOEXEC);
    must(out->talk >= 0);
    (void)malloc_trim(0); /* what a child uses counts from what its parent held */
    out->began = figures_now();
    out->pid = fork();
    must(out->pid >= 0);
    if (out->pid == 0) {
        char *words[PROCESS_WORDS_MAX + 1];
        size_t n = 0;
        for (; argv[n] != NULL && n < PROCESS_WORDS_MAX; n++)
            words[n] = strdup(argv[n]);
        words[n] = NULL;
        (void)dup2(ends[1], STDOUT_FILENO);
        (void)dup2(out->talk, STDERR_FILENO);
        (void)execv(words[0], words);
        _exit(127);
    }
    (void)close(ends[1]);
    out->out = ends[0];
}

static double seconds_of(const struct timeval *tv)
{
    return (double)tv->tv_sec + (double)tv->tv_usec / 1e6;
}

/* Read on to the end, keep the beginning. */
static void drain(int fd, char *out, size_t size)
{
    size_t n = 0;
    char bytes[PROCESS_OUT_BYTES];
    ssize_t got = 0;
    while ((got = read(fd, bytes, sizeof bytes)) > 0) {
        size_t keep = (size_t)got < size - 1 - n ? (size_t)got : size - 1 - n;
        memcpy(out + n, bytes, keep);
        n += keep;
    }
    if (n > 0 && out[n - 1] == '\n')
        n--;
    out[n] = '\0';
    (void)close(fd);
}

void process_wait(struct process *process, struct ran *out)
{
    int status = 0;
    struct rusage usage;
    drain(process->out, out->out, sizeof out->out);
    pid_t done = wait4(process->pid, &status, 0, &usage);
    must(done == process->pid);
    out->seconds = figures_now() - process->began;
    out->cpu_s = seconds_of(&usage.ru_utime) + seconds_of(&usage.ru_stime);
    out->peak_kb = (double)usage.ru_maxrss;
    bool well = WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 4);
    if (!well) {
        char talk[2000];
        ssize_t n = pread(process->talk, talk, sizeof talk, 0);
        (void)fprintf(stderr, "a program failed (status %d): %s\n%.*s", status, out->out,
                      n < 0 ? 0 : (int)n, talk);
    }
    must(well);
    (void)close(process->talk);
}

void process_run(const char *const *argv, struct ran *out)
{
    struct process process;
    process_start(argv, &process);
    process_wait(&process, out);
}

void process_serve(const char *const *argv, struct process *out, char *line, size_t size)
{
    process_start(argv, out);
    size_t n = 0;
    while (n + 1 < size && read(out->out, &line[n], 1) == 1 && line[n] != '\n')
        n++;
    must(n > 0 && n + 1 < size);
    line[n] = '\0';
}

void process_stop(struct process *process)
{
    struct ran ran;
    int rc = kill(process->pid, SIGTERM);
    must(rc == 0);
    process_wait(process, &ran);
}

/* The first line of a file under /proc that begins with `key`, without it. */
static bool read_line(const char *path, const char *key, char *out, size_t size)
{
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return false;
    bool found = false;
    char line[512];
    while (!found && fgets(line, sizeof line, file) != NULL) {
        found = strncmp(line, key, strlen(key)) == 0;
        if (found)
            (void)snprintf(out, size, "%s", line + strlen(key));
    }
    (void)fclose(file);
    return found;
}

double process_cpu(pid_t pid)
{
    char path[300];
    char line[128];
    double ns = 0;
    (void)snprintf(path, sizeof path, "/proc/%ld/task", (long)pid);
    DIR *tasks = opendir(path);
    must(tasks != NULL);
    struct dirent *task = NULL;
    while ((task = readdir(tasks)) != NULL) {
        (void)snprintf(path, sizeof path, "/proc/%ld/task/%.20s/schedstat", (long)pid,
                       task->d_name);
        if (task->d_name[0] != '.' && read_line(path, "", line, sizeof line))
            ns += strtod(line, NULL);
    }
    (void)closedir(tasks);
    return ns / 1e9;
}

static double status_kb(pid_t pid, const char *key)
{
    char path[64];
    char line[128];
    (void)snprintf(path, sizeof path, "/proc/%ld/status", (long)pid);
    bool found = read_line(path, key, line, sizeof line);
    must(found);
    return strtod(line, NULL);
}

double process_peak_kb(pid_t pid)
{
    return status_kb(pid, "VmHWM:");
}

double process_now_kb(pid_t pid)
{
    return status_kb(pid, "VmRSS:");
}

double process_number(const char *json, const char *key)
{
    char quoted[64];
    (void)snprintf(quoted, sizeof quoted, "\"%s\":", key);
    const char *at = strstr(json, quoted);
    must(at != NULL);
    return strtod(at + strlen(quoted), NULL);
}
