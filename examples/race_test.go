//go:build race

package examples_test

// buildFlags are those of the programs under test.
var buildFlags = []string{"-race"}
