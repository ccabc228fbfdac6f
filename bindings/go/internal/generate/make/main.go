// Command make writes constants.go: go run ./internal/generate/make, in bindings/go.
package main

import (
	"log"
	"os"

	"forkexec/internal/generate"
)

func main() {
	description, err := generate.Read("../../include/forkexec.json")
	if err != nil {
		log.Fatal(err)
	}
	text, err := generate.Constants(description)
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile("constants.go", text, 0o644); err != nil {
		log.Fatal(err)
	}
	header, err := os.ReadFile("../../include/forkexec.h")
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile("forkexec.h", header, 0o644); err != nil {
		log.Fatal(err)
	}
}
