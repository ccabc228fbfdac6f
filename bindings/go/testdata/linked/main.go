// A program of a user's, which tools/go link builds in every way that the package can be linked. It starts itself with an empty
// environment, as container runtimes do, and says "linked" where all went well.
package main

import (
	"errors"
	"fmt"
	"os"

	"forkexec"
)

func main() {
	cmd := forkexec.Command("/proc/self/exe", "again")
	cmd.Env = []string{}
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Attr = &forkexec.Attr{Umask: forkexec.To(0o77), NoNewPrivs: true}
	if len(os.Args) > 1 {
		if len(os.Environ()) != 0 {
			fmt.Println(os.Environ())
			os.Exit(1)
		}
		cmd = forkexec.Command("/bin/sh", "-c", "test $(umask) = 0077 && echo linked")
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	}
	switch err := cmd.Run(); {
	case errors.Is(err, errors.ErrUnsupported):
		fmt.Println(err)
		os.Exit(3)
	case err != nil:
		fmt.Println(err)
		os.Exit(1)
	}
}
