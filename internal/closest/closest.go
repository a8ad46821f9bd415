package closest

import "strings"

// To returns the candidate that word was probably meant to be, or "" when
// none is near: at most a third of the letters may differ.
func To(word string, candidates []string) string {
	best, bestDistance := "", max(1, len(word)/3)+1
	for _, candidate := range candidates {
		if candidate == word || len(candidate) > 4*len(word)+8 { // bytes; a letter has up to 4
			continue
		}
		if d := distance(strings.ToLower(word), strings.ToLower(candidate)); d < bestDistance {
			best, bestDistance = candidate, d
		}
	}
	return best
}

// distance counts the letters that must be added, removed, changed or swapped
// with their neighbour to turn a into b.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	rows := make([][]int, len(x)+1)
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
		rows[i][0] = i
	}
	for j := range y {
		rows[0][j+1] = j + 1
	}
	for i := range x {
		for j := range y {
			changed := 1
			if x[i] == y[j] {
				changed = 0
			}
			d := min(rows[i][j+1]+1, rows[i+1][j]+1, rows[i][j]+changed)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				d = min(d, rows[i-1][j-1]+1)
			}
			rows[i+1][j+1] = d
		}
	}
	return rows[len(x)][len(y)]
}
