package command_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/command"
)

// BenchmarkTrue is the cost of one command on two slots. BenchmarkTrueXargs is
// the same work done by xargs.
func BenchmarkTrue(b *testing.B) {
	e, err := command.New(command.Config{Processes: 2})
	if err != nil {
		b.Fatal(err)
	}
	inputs := func(yield func(command.Spec) bool) {
		for b.Loop() {
			if !yield(command.Spec{Args: []string{"/bin/true"}}) {
				return
			}
		}
	}
	b.ReportAllocs()
	for _, err := range tandem.Map(b.Context(), e, command.Exec, inputs) {
		if err != nil {
			b.Fatal(err)
		}
	}
	if err := e.Close(b.Context()); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkTrueXargs(b *testing.B) {
	cmd := exec.Command("xargs", "-P2", "-I{}", "/bin/true")
	cmd.Stdin = strings.NewReader(strings.Repeat("x\n", b.N))
	if err := cmd.Run(); err != nil {
		b.Skip(err)
	}
}
