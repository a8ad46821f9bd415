package inputs_test

import (
	"strings"
	"testing"

	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
)

// Each benchmark is about one record.

func BenchmarkLines(b *testing.B) {
	text := strings.Repeat("12345678\n", b.N)
	b.ReportAllocs()
	b.ResetTimer()
	n := 0
	for record := range inputs.NewLines(strings.NewReader(text), '\n').Records() {
		n += len(record.Whole)
	}
	if n != 8*b.N {
		b.Fatalf("%d bytes", n)
	}
}

func BenchmarkTable(b *testing.B) {
	text := "name,age,city\n" + strings.Repeat("some name,77,\"a, b\"\n", b.N)
	b.ReportAllocs()
	b.ResetTimer()
	for record := range inputs.NewTable(inputs.FromReader("x", strings.NewReader(text))).Records() {
		if record.Err != nil {
			b.Fatal(record.Err)
		}
	}
}

func BenchmarkProduct(b *testing.B) {
	text := strings.Repeat("12345678\n", b.N/2)
	source := inputs.NewProduct(inputs.NewLines(strings.NewReader(text), '\n'), inputs.NewList([]string{"a", "b"}))
	b.ReportAllocs()
	b.ResetTimer()
	for record := range source.Records() {
		_ = record
	}
}
