package forkexec

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
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
	"forkexec_describe":       "Describe asks for text in memory: forkexec_describe_text",
	"forkexec_stage_name":     "Stage.String has the names without a call",
	"forkexec_terminate_tree": "TerminateTree parks a goroutine, and no thread: forkexec_signal_tree, forkexec_kill_tree",
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
		// From Go, or from the C in front of it.
		reached := strings.Contains(text.String(), "C."+function.Name+"(") || strings.Contains(text.String(), "= "+function.Name+"(")
		if reached == excused {
			t.Errorf("%s: reached: %v, excused: %v", function.Name, reached, excused)
		}
	}
}

func TestEveryExportedNameIsDescribed(t *testing.T) {
	for _, folder := range []string{".", "gosandbox", "userns", "nsexec"} {
		files, _ := filepath.Glob(folder + "/*.go")
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			for _, declaration := range file.Decls {
				switch d := declaration.(type) {
				case *ast.FuncDecl:
					known := d.Name.Name == "Error" || d.Name.Name == "Unwrap" || d.Name.Name == "String" // as everywhere
					if d.Name.IsExported() && d.Doc == nil && !known && !internal(d) {
						t.Errorf("%s: %s", name, d.Name.Name)
					}
				case *ast.GenDecl:
					undescribed(t, name, d)
				}
			}
		}
	}
}

// internal is whether it is a method of a type that is not exported, and not native, whose methods are a Child's.
func internal(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return false
	}
	of := d.Recv.List[0].Type
	if star, is := of.(*ast.StarExpr); is {
		of = star.X
	}
	name, is := of.(*ast.Ident)
	return is && !name.IsExported() && name.Name != "native"
}

func undescribed(t *testing.T, file string, d *ast.GenDecl) {
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			if s.Name.IsExported() && d.Doc == nil && s.Doc == nil {
				t.Errorf("%s: %s", file, s.Name.Name)
			}
		case *ast.ValueSpec:
			if s.Names[0].IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
				t.Errorf("%s: %s", file, s.Names[0].Name)
			}
		}
	}
}
