package report

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/gotandem/tandem/bench/internal/trial"
)

// Text writes a result as a table of aligned columns, then its goals and notes.
func Text(w io.Writer, r *trial.Result) error {
	var b strings.Builder
	fmt.Fprintf(&b, "row %d: %s\n", r.Trial.Row, r.Trial.Title)
	table := cells(r)
	columns := widths(table)
	for _, cells := range table {
		writeAligned(&b, cells, columns)
	}
	for _, goal := range judgements(r) {
		fmt.Fprintf(&b, "  %s\n", goal)
	}
	for _, note := range r.Trial.Notes {
		fmt.Fprintf(&b, "  note: %s\n", note)
	}
	b.WriteByte('\n')
	_, err := io.WriteString(w, b.String())
	return err
}

// widths returns how wide each column must be. Lines that are shorter than the
// first end in a reason, and longer ones too: that needs no column.
func widths(table [][]string) []int {
	columns := make([]int, len(table[0]))
	for _, cells := range table {
		for i := range columns {
			if i < len(cells) && (i == 0 || len(cells) >= len(columns)) {
				columns[i] = max(columns[i], utf8.RuneCountInString(cells[i]))
			}
		}
	}
	return columns
}

// writeAligned writes names to the left and numbers to the right.
func writeAligned(b *strings.Builder, cells []string, columns []int) {
	b.WriteString("  ")
	for i, cell := range cells {
		switch {
		case i == 0:
			b.WriteString(cell + padding(cell, columns[0]))
		case i >= len(columns) || len(cells) < len(columns):
			b.WriteString("  " + cell)
		default:
			b.WriteString("  " + padding(cell, columns[i]) + cell)
		}
	}
	b.WriteByte('\n')
}

func padding(cell string, width int) string {
	return strings.Repeat(" ", max(0, width-utf8.RuneCountInString(cell)))
}
