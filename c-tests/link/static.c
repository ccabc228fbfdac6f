/* A program that is linked with the archive and only the libraries that forkexec.pc lists for --static. */
#include <forkexec.h>
#include <stdio.h>

int main(void)
{
    char *argv[] = { "true", NULL };
    struct forkexec_child *child;
    struct forkexec_status status;
    struct forkexec_error error;
    struct forkexec_attr *attr = forkexec_attr_new();
    if (forkexec_spawn(attr, "/bin/true", argv, NULL, &child, &error)) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    int result = forkexec_wait(child, -1, 0, &status, sizeof status);
    forkexec_close(child);
    forkexec_attr_free(attr);
    return result || status.exit_code;
}
