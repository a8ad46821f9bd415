package examples_test

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// run returns what the example in dir prints.
func run(t *testing.T, dir string) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "go", "run", "./"+dir).Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", dir, err, out)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

// The worker that one input kills costs that input's result only.
func TestProcess(t *testing.T) {
	got := strings.Join(run(t, "process"), ", ")
	if want := "100000: 9592, 13: the worker died, 200000: 17984, 300000: 25997"; got != want {
		t.Errorf("printed %s: want %s", got, want)
	}
}

// Each page passes both stages once.
func TestHybrid(t *testing.T) {
	seen := make(map[string]bool)
	for _, sum := range run(t, "hybrid") {
		seen[sum] = true
	}
	if len(seen) != 40 {
		t.Errorf("%d different sums: want 40", len(seen))
	}
}
