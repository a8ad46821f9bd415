package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/gotandem/tandem/cmd/tandem/internal/demo"
)

// Each member of a report is told about in docs/reports.md.
func TestReportsAreDocumented(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "reports.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, report := range []any{diagnosis{}, build{}, demo.Document{}} {
		for _, name := range members(reflect.TypeOf(report)) {
			if !strings.Contains(string(page), "`"+name+"`") {
				t.Errorf("%T: %q is not in docs/reports.md", report, name)
			}
		}
	}
}

// members returns the names that values of a type have in JSON, those inside it
// too.
func members(kind reflect.Type) []string {
	for kind.Kind() == reflect.Pointer || kind.Kind() == reflect.Slice {
		kind = kind.Elem()
	}
	if kind.Kind() != reflect.Struct {
		return nil
	}
	var names []string
	for _, field := range reflect.VisibleFields(kind) {
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" {
			names = append(append(names, name), members(field.Type)...)
		}
	}
	return names
}
