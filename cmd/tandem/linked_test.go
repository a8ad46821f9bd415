//go:build unix

package main

import (
	"os/exec"
	"strings"
	"testing"
)

// What is linked is paid for by every start: each package has its initialization and
// its pages. Some come unnoticed, with one call.
func TestWhatIsNotInTheProgram(t *testing.T) {
	unwanted := map[string]string{
		"net/http.":                 "a request or a server needs only package net",
		"crypto/tls.":               "nothing of tandem is encrypted",
		"text/template.(*Template)": "cobra links it when one of its templates is set, and the linker then keeps each exported method",
	}
	symbols, err := exec.CommandContext(t.Context(), "go", "tool", "nm", program).Output()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(symbols), "github.com/spf13/cobra.(*Command).ExecuteC") {
		t.Fatal("the symbols of the program are not what this test expects")
	}
	for line := range strings.Lines(string(symbols)) {
		for prefix, why := range unwanted {
			if _, name, _ := strings.Cut(strings.TrimSpace(line), " T "); strings.HasPrefix(name, prefix) {
				t.Errorf("%s is in the program: %s", name, why)
				delete(unwanted, prefix)
			}
		}
	}
}
