// The header is C++, and its objects fit into what C++ owns things with.
#include <forkexec.h>

#include <memory>

struct Free {
    void operator()(forkexec_attr *attr) const { forkexec_attr_free(attr); }
    void operator()(forkexec_child *child) const { forkexec_close(child); }
};

int main()
{
    std::unique_ptr<forkexec_attr, Free> attr(forkexec_attr_new());
    char name[] = "true";
    char *argv[] = {name, nullptr};
    forkexec_child *started = nullptr;
    if (forkexec_spawn(attr.get(), "/bin/true", argv, nullptr, &started, nullptr))
        return 1;
    std::unique_ptr<forkexec_child, Free> child(started);
    forkexec_status status;
    return forkexec_wait(child.get(), -1, 0, &status, sizeof status) || status.exit_code;
}
