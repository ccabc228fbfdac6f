package forkexec

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"forkexec/internal/generate"
)

func description(t *testing.T) *generate.Description {
	described, err := generate.Read("../../include/forkexec.json")
	if err != nil {
		t.Skipf("outside of the repository: %v", err)
	}
	return described
}

func TestConstantsAreThoseOfTheABI(t *testing.T) {
	want, err := generate.Constants(description(t))
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile("constants.go"); !bytes.Equal(got, want) {
		t.Error("constants.go is not current: go run ./internal/generate/make")
	}
	header, _ := os.ReadFile("forkexec.h")
	if want, _ := os.ReadFile("../../include/forkexec.h"); !bytes.Equal(header, want) {
		t.Error("forkexec.h is not current: go run ./internal/generate/make")
	}
}

// Functions that this package has no use for, and why.
var unused = map[string]string{
	"forkexec_describe":   "Describe asks for text in memory: forkexec_describe_text",
	"forkexec_stage_name": "Stage.String has the names without a call",
}

func TestEveryFunctionOfTheABIIsReached(t *testing.T) {
	files, _ := filepath.Glob("*.go")
	var text strings.Builder
	for _, name := range files {
		if !strings.HasSuffix(name, "_test.go") {
			one, _ := os.ReadFile(name)
			text.Write(one)
		}
	}
	for _, function := range description(t).Functions {
		_, excused := unused[function.Name]
		if reached := strings.Contains(text.String(), "C."+function.Name+"("); reached == excused {
			t.Errorf("%s: reached: %v, excused: %v", function.Name, reached, excused)
		}
	}
}
