/* The smallest program that runs after the runc bootstrap. */
extern void nsexec(void);

__attribute__((constructor)) static void bootstrap(void)
{
    nsexec();
}

int main(void)
{
    return 0;
}
